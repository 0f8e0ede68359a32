// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The CPU probe: bpf/cpu.bpf.c's records of threads beside what the kernel itself counts.
 *
 * Quota is looked for from the group upwards, because the tightest of them stops the threads,
 * whoever sets it. That group's cpu.stat is the one to compare with. It stays open: a read after
 * the group's removal fails, and the last one that worked is reported.
 */
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/resolve.h"
#include "base/str.h"
#include "bpf/cpu.h"
#include "bpf/cpu.skel.h"
#include "probe/load.h"

struct kernel_counters {
	uint64_t periods, throttled_periods, throttled_us, usage_us;
};

struct rf_probe_cpu {
	struct probe probe;
	struct cpu_bpf *skel; /* NULL: files */
	uint64_t quota_us, period_us;
	char *quota_group;
	int stat_fd, usage_fd;
	struct kernel_counters first, last;
	struct rf_probe_cpu_thread *threads;
};

static int set_up(struct cpu_bpf *skel, const struct probe_group *g,
		  const struct rf_probe_options *o)
{
	skel->rodata->group_id = g->id;
	skel->rodata->hierarchy_id = g->hierarchy_id;
	skel->rodata->unified = g->unified;
	return o->max_records ? bpf_map__set_max_entries(skel->maps.threads, o->max_records) : 0;
}

static int load(void *self, const struct rf_probe_options *options)
{
	struct rf_probe_cpu *c = self;
	int r;

	r = (int)SYS_CALL("bpf_open", SYS_READ, SYS_NOFD, "cpu",
			  (c->skel = cpu_bpf__open()) ? 0 : -1, "cpu");
	if (!c->skel)
		return r;
	r = set_up(c->skel, &c->probe.group, options);
	if (r >= 0)
		r = probe_load("cpu", c->skel->skeleton);
	if (r >= 0)
		r = probe_attach("cpu", c->skel->skeleton);
	if (r >= 0)
		c->probe.names = c->skel->maps.group_names;
	return r;
}

static void unload(void *self)
{
	struct rf_probe_cpu *c = self;

	cpu_bpf__destroy(c->skel);
	c->skel = NULL;
}

static const struct probe_kind kind = {
	.name = "cpu",
	.controller = "cpu",
	.load = load,
	.unload = unload,
};

/* v2: "max 100000" or "20000 100000" in one file; v1: two files. */
static int read_quota(int dirfd, bool unified, uint64_t *ret_quota, uint64_t *ret_period)
{
	char *text __free(ptr) = NULL, *space;
	int r;

	if (!unified) {
		r = probe_file_number(dirfd, "cpu.cfs_quota_us", ret_quota);
		return r < 0 ? r : probe_file_number(dirfd, "cpu.cfs_period_us", ret_period);
	}
	r = file_read_at(dirfd, "cpu.max", 128, &text, NULL);
	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	space = strchr(text, ' ');
	if (!space)
		return -EINVAL;
	*space++ = '\0';
	*ret_quota = RF_MAX;
	r = str_eq(text, "max") ? 0 : str_to_u64(text, ret_quota);
	return r < 0 ? r : str_to_u64(space, ret_period);
}

/* Take the quota of the group with this path if it is tighter than what was found so far. */
static int weigh_quota(struct rf_probe_cpu *c, const char *path)
{
	const struct probe_group *g = &c->probe.group;
	int fd __free(fd) = resolve_beneath(g->root_fd, path + 1, O_RDONLY | O_DIRECTORY);
	uint64_t quota, period;
	char *name;

	/* No such file in the v2 root and where the controller is off: no quota there. */
	if (fd < 0 || read_quota(fd, g->unified, &quota, &period) < 0 || quota == RF_MAX || !period)
		return fd < 0 ? fd : 0;
	if (c->quota_group && quota * c->period_us >= c->quota_us * period)
		return 0;
	name = strdup(path);
	if (!name)
		return -ENOMEM;
	free(c->quota_group);
	c->quota_group = name;
	c->quota_us = quota;
	c->period_us = period;
	if (c->stat_fd >= 0)
		sys_close(c->stat_fd);
	c->stat_fd = sys_openat(fd, "cpu.stat", O_RDONLY, 0);
	return 0;
}

static int find_quota(struct rf_probe_cpu *c)
{
	const struct probe_group *g = &c->probe.group;
	char *path __free(ptr) = strdup(g->path);
	int r = path ? 0 : -ENOMEM;

	c->quota_us = RF_MAX;
	c->period_us = RF_MAX;
	while (r >= 0 && path[1]) {
		char *slash = strrchr(path, '/');

		r = weigh_quota(c, path);
		slash[slash == path] = '\0';
	}
	if (r >= 0 && c->stat_fd < 0)
		c->stat_fd = sys_openat(g->fd, "cpu.stat", O_RDONLY, 0);
	c->usage_fd = sys_openat(g->fd, g->unified ? "cpu.stat" : "cpuacct.usage", O_RDONLY, 0);
	return r;
}

static uint64_t stat_or_unknown(int fd, const char *key)
{
	uint64_t v;

	return fd < 0 || probe_stat_number(fd, key, &v) < 0 ? RF_PROBE_UNKNOWN : v;
}

/* cpuacct.usage is one number of nanoseconds. */
static uint64_t v1_usage_us(int fd)
{
	char *text __free(ptr) = NULL;

	if (fd < 0 || sys_lseek(fd, 0, SEEK_SET) < 0 || file_read_fd(fd, 64, &text, NULL) < 0)
		return RF_PROBE_UNKNOWN;
	return strtoull(text, NULL, 10) / 1000;
}

static void read_counters(const struct rf_probe_cpu *c, struct kernel_counters *ret)
{
	bool v2 = c->probe.group.unified;

	ret->periods = stat_or_unknown(c->stat_fd, "nr_periods");
	ret->throttled_periods = stat_or_unknown(c->stat_fd, "nr_throttled");
	ret->throttled_us = stat_or_unknown(c->stat_fd, v2 ? "throttled_usec" : "throttled_time");
	if (!v2 && ret->throttled_us != RF_PROBE_UNKNOWN)
		ret->throttled_us /= 1000;
	ret->usage_us = v2 ? stat_or_unknown(c->usage_fd, "usage_usec") : v1_usage_us(c->usage_fd);
}

static void refresh(struct rf_probe_cpu *c)
{
	struct kernel_counters now;

	read_counters(c, &now);
	if (now.periods != RF_PROBE_UNKNOWN) {
		c->last.periods = now.periods;
		c->last.throttled_periods = now.throttled_periods;
		c->last.throttled_us = now.throttled_us;
	}
	if (now.usage_us != RF_PROBE_UNKNOWN)
		c->last.usage_us = now.usage_us;
}

int rf_probe_cpu_open(const struct rf_probe_options *options, struct rf_probe_cpu **ret_probe)
{
	struct rf_probe_cpu *c = calloc(1, sizeof(*c));
	int r;

	if (!c)
		return -ENOMEM;
	c->stat_fd = -EBADF;
	c->usage_fd = -EBADF;
	r = probe_open(&c->probe, &kind, c, options);
	if (r >= 0)
		r = find_quota(c);
	if (r < 0) {
		rf_probe_cpu_free(c);
		return r;
	}
	read_counters(c, &c->first);
	c->last = c->first;
	*ret_probe = c;
	return 0;
}

int rf_probe_cpu_phase(struct rf_probe_cpu *c)
{
	refresh(c);
	return probe_phase(&c->probe, c->skel ? *(volatile __u64 *)&c->skel->bss->times_populated : 0);
}

struct collect {
	struct rf_probe_cpu *c;
	struct rf_probe_cpu_report *report;
	size_t n, cap;
	uint64_t now_ns;
};

static void add_to_total(struct rf_probe_cpu_thread *total, const struct rf_probe_cpu_thread *t)
{
	total->run_us += t->run_us;
	total->wait_us += t->wait_us;
	total->throttled_us += t->throttled_us;
	if (t->throttled_max_us > total->throttled_max_us)
		total->throttled_max_us = t->throttled_max_us;
	total->throttle_count += t->throttle_count;
	total->voluntary_switches += t->voluntary_switches;
	total->forced_switches += t->forced_switches;
}

static int collect(const void *key_, const void *value_, void *data)
{
	const struct cpu_key *key = key_;
	const struct cpu_thread *v = value_;
	struct collect *d = data;
	uint64_t going_on = d->now_ns > v->since_ns ? d->now_ns - v->since_ns : 0;
	uint64_t stopped = v->state == CPU_THROTTLED ? going_on : 0;
	uint64_t waits = v->state == CPU_WAITING ? going_on : 0;
	struct rf_probe_cpu_thread *t, *more;

	if (d->n == d->cap) {
		size_t cap = d->cap ? d->cap * 2 : 64;

		more = realloc(d->c->threads, cap * sizeof(*more));
		if (!more)
			return -ENOMEM;
		d->c->threads = more;
		d->cap = cap;
	}
	t = &d->c->threads[d->n++];
	*t = (struct rf_probe_cpu_thread){
		.tid = key->tid,
		.pid = v->pid,
		.group = probe_path_of(&d->c->probe, v->group_id),
		.run_us = v->run_ns / 1000,
		.wait_us = (v->wait_ns + waits) / 1000,
		.throttled_us = (v->throttled_ns + stopped) / 1000,
		.throttled_max_us = (stopped > v->throttled_max_ns ? stopped : v->throttled_max_ns) / 1000,
		.throttle_count = v->throttles,
		.voluntary_switches = v->voluntary_switches,
		.forced_switches = v->forced_switches,
	};
	str_copy(t->comm, sizeof(t->comm), v->comm);
	add_to_total(&d->report->total, t);
	return 0;
}

static int by_throttled(const void *a_, const void *b_)
{
	const struct rf_probe_cpu_thread *a = a_, *b = b_;

	if (a->throttled_us != b->throttled_us)
		return a->throttled_us < b->throttled_us ? 1 : -1;
	if (a->run_us != b->run_us)
		return a->run_us < b->run_us ? 1 : -1;
	return a->tid < b->tid ? -1 : a->tid > b->tid;
}

static uint64_t grown(uint64_t first, uint64_t last)
{
	return first == RF_PROBE_UNKNOWN || last == RF_PROBE_UNKNOWN || last < first
		       ? RF_PROBE_UNKNOWN
		       : last - first;
}

static int read_threads(struct rf_probe_cpu *c, struct rf_probe_cpu_report *report)
{
	struct collect d = {.c = c, .report = report, .now_ns = probe_now_ns()};
	struct cpu_key key;
	struct cpu_thread value;
	int r;

	free(c->threads);
	c->threads = NULL;
	r = probe_each_record(c->skel->maps.threads, &key, &value, collect, &d);
	if (r < 0)
		return r;
	if (d.n)
		qsort(c->threads, d.n, sizeof(*c->threads), by_throttled);
	report->threads = c->threads;
	report->n_threads = d.n;
	return 0;
}

static void total_from_files(struct rf_probe_cpu_report *r)
{
	r->total = (struct rf_probe_cpu_thread){
		.run_us = r->kernel_usage_us,
		.wait_us = RF_PROBE_UNKNOWN,
		.throttled_us = r->kernel_throttled_us,
		.throttled_max_us = RF_PROBE_UNKNOWN,
		.throttle_count = r->throttled_periods,
		.voluntary_switches = RF_PROBE_UNKNOWN,
		.forced_switches = RF_PROBE_UNKNOWN,
	};
}

int rf_probe_cpu_read(struct rf_probe_cpu *c, struct rf_probe_cpu_report *ret_report)
{
	struct rf_probe_cpu_report report = {
		.quota_us = c->quota_us,
		.period_us = c->period_us,
		.quota_group = c->quota_group,
	};
	int r;

	refresh(c);
	report.periods = grown(c->first.periods, c->last.periods);
	report.throttled_periods = grown(c->first.throttled_periods, c->last.throttled_periods);
	report.kernel_throttled_us = grown(c->first.throttled_us, c->last.throttled_us);
	report.kernel_usage_us = grown(c->first.usage_us, c->last.usage_us);
	probe_info(&c->probe, c->skel ? *(volatile __u64 *)&c->skel->bss->records_dropped : 0,
		   &report.info);
	if (c->skel) {
		r = read_threads(c, &report);
		if (r < 0)
			return r;
	} else {
		total_from_files(&report);
	}
	*ret_report = report;
	return 0;
}

void rf_probe_cpu_free(struct rf_probe_cpu *c)
{
	if (!c)
		return;
	unload(c);
	probe_close(&c->probe);
	if (c->stat_fd >= 0)
		sys_close(c->stat_fd);
	if (c->usage_fd >= 0)
		sys_close(c->usage_fd);
	free(c->quota_group);
	free(c->threads);
	free(c);
}
