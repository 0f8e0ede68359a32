// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The memory probe: bpf/memory.bpf.c's sums of limit hits and its single events, beside what the
 * kernel counts in the group's own files.
 *
 * Those files speak of the group alone: a hit on an ancestor's limit is not in them. In v1 the
 * refusals are memory.failcnt, the kills a line of memory.oom_control; v2 has both in
 * memory.events (with those of the groups below).
 *
 * The tracepoint mark_victim was given the task in place of its pid in 2024, in stable kernels too,
 * so the version says nothing: the kernel's BTF is asked.
 */
#include <bpf/btf.h>
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "bpf/memory.h"
#include "bpf/memory.skel.h"
#include "probe/load.h"

struct kernel_counters {
	uint64_t limit_hits, high_hits, oom_kills;
};

struct rf_probe_memory {
	struct probe probe;
	struct memory_bpf *skel; /* NULL: files */
	struct ring_buffer *ring;
	uint64_t page_size;
	int events_fd, failcnt_fd;
	struct kernel_counters first, last;
	uint64_t limit_bytes, high_bytes, usage_bytes, peak_bytes;
	struct rf_probe_memory_hits *hits;
	struct rf_probe_memory_event *kills;
	size_t n_kills, cap_kills;
	rf_probe_memory_fn *fn; /* during a phase call */
	void *data;
};

/* Does the tracepoint give the victim's task (or its pid alone)? */
static bool victim_is_task(void)
{
	struct btf *btf = btf__load_vmlinux_btf();
	const struct btf_type *t;
	bool is_task = true;
	int id;

	if (!btf)
		return true;
	id = btf__find_by_name_kind(btf, "btf_trace_mark_victim", BTF_KIND_TYPEDEF);
	t = id > 0 ? btf__type_by_id(btf, (__u32)id) : NULL;
	t = t ? btf__type_by_id(btf, t->type) : NULL;		    /* pointer to function */
	t = t && btf_is_ptr(t) ? btf__type_by_id(btf, t->type) : NULL; /* its first argument: void * */
	if (t && btf_is_func_proto(t) && btf_vlen(t) > 1)
		is_task = btf_is_ptr(btf__type_by_id(btf, btf_params(t)[1].type));
	btf__free(btf);
	return is_task;
}

static int set_up(struct memory_bpf *skel, const struct probe_group *g,
		  const struct rf_probe_options *o)
{
	bool task = victim_is_task();

	skel->rodata->group_id = g->id;
	skel->rodata->hierarchy_id = g->hierarchy_id;
	skel->rodata->unified = g->unified;
	skel->rodata->stream_hits = o->stream_hits;
	bpf_program__set_autoload(skel->progs.on_victim, task);
	bpf_program__set_autoload(skel->progs.on_victim_pid, !task);
	return o->max_records ? bpf_map__set_max_entries(skel->maps.hits, o->max_records) : 0;
}

static const char *limit_name(const struct rf_probe_memory *m, uint32_t limit)
{
	static const char *const names[][2] = {
		[LIMIT_NONE] = {NULL, NULL},
		[LIMIT_MAX] = {"memory.limit_in_bytes", "memory.max"},
		[LIMIT_HIGH] = {NULL, "memory.high"},
		[LIMIT_MEMSW] = {"memory.memsw.limit_in_bytes", NULL},
	};

	return limit < array_size(names) ? names[limit][m->probe.group.unified] : NULL;
}

static void add_kill(struct rf_probe_memory *m, const struct rf_probe_memory_event *e)
{
	if (m->n_kills == m->cap_kills) {
		size_t cap = m->cap_kills ? m->cap_kills * 2 : 16;
		struct rf_probe_memory_event *more = realloc(m->kills, cap * sizeof(*more));

		/* A kill that can't be kept has still been given to `fn`. */
		if (!more)
			return;
		m->kills = more;
		m->cap_kills = cap;
	}
	m->kills[m->n_kills++] = *e;
}

static int take_event(void *ctx, void *data, size_t size)
{
	struct rf_probe_memory *m = ctx;
	const struct memory_event *v = data;
	uint64_t at = v->time_ns > m->probe.start_ns ? v->time_ns - m->probe.start_ns : 0;
	struct rf_probe_memory_event e = {
		.type = v->type == MEMORY_OOM_KILL ? RF_PROBE_OOM_KILL : RF_PROBE_LIMIT_HIT,
		.time_us = at / 1000,
		.pid = v->pid,
		.tid = v->tid,
		.group = probe_path_of(&m->probe, v->group_id),
		.limit = limit_name(m, v->limit.kind),
		.limit_group = probe_path_of(&m->probe, v->limit.group_id),
		.limit_bytes = v->limit.kind ? v->limit.limit_pages * m->page_size : RF_PROBE_UNKNOWN,
		.usage_bytes = v->limit.kind ? v->limit.usage_pages * m->page_size : RF_PROBE_UNKNOWN,
		.reclaim_us = v->reclaim_ns / 1000,
		.reclaimed_bytes = v->reclaimed_pages * m->page_size,
		.anon_bytes = v->anon_pages * m->page_size,
		.file_bytes = v->file_pages * m->page_size,
		.shmem_bytes = v->shmem_pages * m->page_size,
		.oom_score_adj = v->oom_score_adj,
		.by_pid = v->by_pid,
	};

	if (size < sizeof(*v))
		return 0;
	str_copy(e.comm, sizeof(e.comm), v->comm);
	str_copy(e.by_comm, sizeof(e.by_comm), v->by_comm);
	if (e.type == RF_PROBE_OOM_KILL)
		add_kill(m, &e);
	if (m->fn)
		m->fn(&e, m->data);
	return 0;
}

static int load(void *self, const struct rf_probe_options *options)
{
	struct rf_probe_memory *m = self;
	int r;

	r = (int)SYS_CALL("bpf_open", SYS_READ, SYS_NOFD, "memory",
			  (m->skel = memory_bpf__open()) ? 0 : -1, "memory");
	if (r < 0)
		return r;
	r = set_up(m->skel, &m->probe.group, options);
	if (r >= 0)
		r = probe_load("memory", m->skel->skeleton);
	if (r < 0)
		return r;
	m->ring = ring_buffer__new(bpf_map__fd(m->skel->maps.events), take_event, m, NULL);
	if (!m->ring)
		return sys_fail(-errno, "bpf_load", "memory", "ring buffer: %s", strerror(errno));
	r = probe_attach("memory", m->skel->skeleton);
	if (r >= 0)
		m->probe.names = m->skel->maps.group_names;
	return r;
}

static void unload(void *self)
{
	struct rf_probe_memory *m = self;

	ring_buffer__free(m->ring);
	m->ring = NULL;
	memory_bpf__destroy(m->skel);
	m->skel = NULL;
}

static const struct probe_kind kind = {
	.name = "memory",
	.controller = "memory",
	.load = load,
	.unload = unload,
};

static uint64_t file_or_unknown(const struct rf_probe_memory *m, const char *name)
{
	uint64_t v;

	return probe_file_number(m->probe.group.fd, name, &v) < 0 ? RF_PROBE_UNKNOWN : v;
}

static uint64_t stat_or_unknown(int fd, const char *key)
{
	uint64_t v;

	return fd < 0 || probe_stat_number(fd, key, &v) < 0 ? RF_PROBE_UNKNOWN : v;
}

static uint64_t failcnt_or_unknown(int fd)
{
	char *text __free(ptr) = NULL;

	if (fd < 0 || sys_lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, 64, &text, NULL) < 0)
		return RF_PROBE_UNKNOWN;
	return strtoull(text, NULL, 10);
}

static void keep(uint64_t *to, uint64_t value)
{
	if (value != RF_PROBE_UNKNOWN)
		*to = value;
}

static void refresh(struct rf_probe_memory *m)
{
	bool v2 = m->probe.group.unified;

	keep(&m->last.oom_kills, stat_or_unknown(m->events_fd, "oom_kill"));
	keep(&m->last.limit_hits, v2 ? stat_or_unknown(m->events_fd, "max")
				     : failcnt_or_unknown(m->failcnt_fd));
	if (v2)
		keep(&m->last.high_hits, stat_or_unknown(m->events_fd, "high"));
	keep(&m->limit_bytes, file_or_unknown(m, v2 ? "memory.max" : "memory.limit_in_bytes"));
	if (v2)
		keep(&m->high_bytes, file_or_unknown(m, "memory.high"));
	keep(&m->usage_bytes, file_or_unknown(m, v2 ? "memory.current" : "memory.usage_in_bytes"));
	keep(&m->peak_bytes, file_or_unknown(m, v2 ? "memory.peak" : "memory.max_usage_in_bytes"));
}

static void first_look(struct rf_probe_memory *m)
{
	const struct probe_group *g = &m->probe.group;

	m->page_size = (uint64_t)sysconf(_SC_PAGESIZE);
	m->events_fd = sys_openat(g->fd, g->unified ? "memory.events" : "memory.oom_control",
				  O_RDONLY, 0);
	if (!g->unified)
		m->failcnt_fd = sys_openat(g->fd, "memory.failcnt", O_RDONLY, 0);
	m->last = (struct kernel_counters){RF_PROBE_UNKNOWN, RF_PROBE_UNKNOWN, RF_PROBE_UNKNOWN};
	m->limit_bytes = RF_PROBE_UNKNOWN;
	m->high_bytes = g->unified ? RF_PROBE_UNKNOWN : RF_MAX;
	m->usage_bytes = RF_PROBE_UNKNOWN;
	m->peak_bytes = RF_PROBE_UNKNOWN;
	refresh(m);
	m->first = m->last;
}

int rf_probe_memory_open(const struct rf_probe_options *options, struct rf_probe_memory **ret_probe)
{
	struct rf_probe_memory *m = calloc(1, sizeof(*m));
	int r;

	if (!m)
		return -ENOMEM;
	m->events_fd = -EBADF;
	m->failcnt_fd = -EBADF;
	r = probe_open(&m->probe, &kind, m, options);
	if (r < 0) {
		rf_probe_memory_free(m);
		return r;
	}
	first_look(m);
	*ret_probe = m;
	return 0;
}

int rf_probe_memory_phase(struct rf_probe_memory *m, rf_probe_memory_fn *fn, void *data)
{
	int phase, r = 0;

	refresh(m);
	/* The phase first: a group that is empty by then has no more events to come. */
	phase = probe_phase(&m->probe,
			    m->skel ? *(volatile __u64 *)&m->skel->bss->times_populated : 0);
	m->fn = fn;
	m->data = data;
	if (m->ring)
		r = ring_buffer__consume(m->ring);
	m->fn = NULL;
	return r < 0 ? r : phase;
}

struct collect {
	struct rf_probe_memory *m;
	size_t n, cap;
};

static int collect(const void *key_, const void *value_, void *data)
{
	const struct memory_key *key = key_;
	const struct memory_hits *v = value_;
	struct collect *d = data;
	struct rf_probe_memory *m = d->m;
	uint64_t page = m->page_size;
	struct rf_probe_memory_hits *h;

	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 64;

		h = realloc(m->hits, cap * sizeof(*h));
		if (!h)
			return -ENOMEM;
		m->hits = h;
		d->cap = cap;
	}
	h = &m->hits[d->n++];
	*h = (struct rf_probe_memory_hits){
		.tid = key->tid,
		.pid = v->pid,
		.group = probe_path_of(&m->probe, key->group_id),
		.limit = limit_name(m, key->kind),
		.limit_group = probe_path_of(&m->probe, key->limit_group_id),
		.limit_bytes = key->kind ? v->last.limit_pages * page : RF_PROBE_UNKNOWN,
		.usage_bytes = key->kind ? v->last.usage_pages * page : RF_PROBE_UNKNOWN,
		.hit_count = v->count,
		.reclaim_us = v->reclaim_ns / 1000,
		.reclaim_max_us = v->reclaim_max_ns / 1000,
		.reclaimed_bytes = v->reclaimed_pages * page,
	};
	str_copy(h->comm, sizeof(h->comm), v->comm);
	return 0;
}

static int by_reclaim(const void *a_, const void *b_)
{
	const struct rf_probe_memory_hits *a = a_, *b = b_;

	if (a->reclaim_us != b->reclaim_us)
		return a->reclaim_us < b->reclaim_us ? 1 : -1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static int read_hits(struct rf_probe_memory *m, struct rf_probe_memory_report *report)
{
	struct collect d = {.m = m};
	struct memory_key key;
	struct memory_hits value;
	int r;

	free(m->hits);
	m->hits = NULL;
	r = probe_each_record(m->skel->maps.hits, &key, &value, collect, &d);
	if (r < 0)
		return r;
	if (d.n)
		qsort(m->hits, d.n, sizeof(*m->hits), by_reclaim);
	report->hits = m->hits;
	report->n_hits = d.n;
	report->events_dropped = *(volatile __u64 *)&m->skel->bss->events_dropped;
	return 0;
}

static uint64_t grown(uint64_t first, uint64_t last)
{
	return first == RF_PROBE_UNKNOWN || last == RF_PROBE_UNKNOWN || last < first
		       ? RF_PROBE_UNKNOWN
		       : last - first;
}

int rf_probe_memory_read(struct rf_probe_memory *m, struct rf_probe_memory_report *ret_report)
{
	struct rf_probe_memory_report report = {0};
	int r = 0;

	refresh(m);
	report.limit_bytes = m->limit_bytes;
	report.high_bytes = m->high_bytes;
	report.usage_bytes = m->usage_bytes;
	report.peak_bytes = m->peak_bytes;
	report.kernel_limit_hits = grown(m->first.limit_hits, m->last.limit_hits);
	report.kernel_high_hits = grown(m->first.high_hits, m->last.high_hits);
	report.kernel_oom_kills = grown(m->first.oom_kills, m->last.oom_kills);
	report.kills = m->kills;
	report.n_kills = m->n_kills;
	probe_info(&m->probe, m->skel ? *(volatile __u64 *)&m->skel->bss->records_dropped : 0,
		   &report.info);
	if (m->skel)
		r = read_hits(m, &report);
	if (r < 0)
		return r;
	*ret_report = report;
	return 0;
}

void rf_probe_memory_free(struct rf_probe_memory *m)
{
	if (!m)
		return;
	unload(m);
	probe_close(&m->probe);
	if (m->events_fd >= 0)
		sys_close(m->events_fd);
	if (m->failcnt_fd >= 0)
		sys_close(m->failcnt_fd);
	free(m->hits);
	free(m->kills);
	free(m);
}
