// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The sampler's back end on eBPF: bpf/sample.bpf.c walks the groups of one hierarchy after the other and fills an
 * array that is mapped here. For each hierarchy and sample: open the topmost group, make an iterator's link that
 * starts there, read its descriptor once. So a topmost group that was removed and made again is found.
 *
 * The array has room for half as many groups again as there are. Those beyond it are read from their
 * files in that sample, and before the next one all is loaded anew with more room.
 */
#include <bpf/bpf.h>
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/resolve.h"
#include "base/str.h"
#include "bpf/sample.skel.h"
#include "probe/load.h"
#include "probe/sample.h"

/*
 * Loading costs 16 ms, 30 on a busy machine. One sample of all figures (6.18, v1, busy, loading included; ms by files
 * and by bpf): 1 group 1.7 and 32, 300 groups 65 and 73, 1,000 groups 398 and 227, 3,000 groups 741 and 294. So a few
 * samples pay for it surely from 1,000 groups on; a sampler that goes on has earned it soon with fewer.
 */
enum { PAYS_AT_ONCE = 1000, PAYS = 100, CHECKED_GROUPS = 8, SPARE = 16 };

struct id_table {
	uint64_t generation;
	struct sample_node **slots;
	size_t n;
};

struct probe_sampler {
	struct sample_backend b;
	enum rf_sample_source source;
	size_t pays; /* from so many groups on */
	struct sample_bpf *skel;
	struct bpf_program *flusher; /* for v2's CPU time; NULL: files */
	struct sample_record *records;
	size_t cap, needed; /* records there is room for; that there should be room for */
	struct id_table ids[CGROUP_MAX_HIERARCHIES];
	bool checked, given_up, local_pids_events;
	char why[512];
};

static void unload(struct probe_sampler *p)
{
	if (p->records)
		munmap(p->records, p->cap * sizeof(*p->records));
	sample_bpf__destroy(p->skel);
	p->records = NULL;
	p->skel = NULL;
	p->flusher = NULL;
	p->cap = 0;
}

static void free_backend(struct sample_backend *b)
{
	struct probe_sampler *p = (struct probe_sampler *)b;

	unload(p);
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		free(p->ids[h].slots);
	free(p);
}

static int map_records(struct probe_sampler *p, size_t cap)
{
	int fd = bpf_map__fd(p->skel->maps.records);
	struct sample_record *at = NULL;
	int r = (int)SYS_CALL("mmap", SYS_READ, fd, "records",
			      (at = mmap(NULL, cap * sizeof(*at), PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED ? -1 : 0, "%d", fd);

	if (r < 0)
		return r;
	p->records = at;
	p->cap = cap;
	return 0;
}

/* `flush`: 0 none, 1 as since 6.16, 2 as before. */
static int load_with(struct probe_sampler *p, size_t cap, int flush)
{
	int r = (int)SYS_CALL("bpf_open", SYS_READ, SYS_NOFD, "sample", (p->skel = sample_bpf__open()) ? 0 : -1, "sample");

	if (r < 0 || !p->skel)
		return r;
	bpf_program__set_autoload(p->skel->progs.walk_css_flush, flush == 1);
	bpf_program__set_autoload(p->skel->progs.walk_cgroup_flush, flush == 2);
	r = bpf_map__set_max_entries(p->skel->maps.records, (uint32_t)cap);
	if (r >= 0)
		r = probe_load("sample", p->skel->skeleton);
	if (r >= 0)
		r = map_records(p, cap);
	if (r < 0) {
		unload(p);
		return r;
	}
	p->flusher = flush == 1 ? p->skel->progs.walk_css_flush : flush == 2 ? p->skel->progs.walk_cgroup_flush : NULL;
	return 0;
}

/* A refusal for all is not tried around. */
static bool is_final(int r)
{
	return r >= 0 || r == -EPERM || r == -ENOSYS || r == -ENOMEM;
}

/* With this option of the mount, pids.events counts otherwise. */
static int find_local_pids_events(bool *ret)
{
	char *text __free(ptr) = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", 16 << 20, &text, NULL);

	if (r >= 0)
		*ret = strstr(text, "pids_localevents") != NULL;
	return r;
}

static int load(struct probe_sampler *p, size_t cap, bool v2_cpu)
{
	int r = probe_check_capabilities("sample");

	if (r >= 0)
		r = probe_check_kernel("sample");
	if (r >= 0)
		r = find_local_pids_events(&p->local_pids_events);
	if (r < 0)
		return r;
	unload(p);
	r = -EINVAL;
	for (int flush = 1; v2_cpu && flush <= 2 && !is_final(r); flush++)
		r = load_with(p, cap, flush);
	return is_final(r) ? r : load_with(p, cap, 0);
}

static bool wants_v2_cpu(const struct rf_sampler *s, const struct rf_cgroup_fs *fs)
{
	int h = cgroup_v2_of(fs);

	return h >= 0 && sample_wanted(s, (size_t)h) & RF_FIGURE_BIT(RF_CPU_US);
}

static int parts_of(const struct probe_sampler *p, const struct rf_cgroup_fs *fs, size_t h)
{
	static const struct {
		const char *controller;
		int part;
	} rows[] = {{"cpu", SAMPLE_PART_BANDWIDTH}, {"memory", SAMPLE_PART_MEMORY},
		    {"pids", SAMPLE_PART_PIDS}};
	int parts = fs->h[h].ops->v2 && p->flusher ? SAMPLE_PART_BASE : 0;

	for (size_t i = 0; i < array_size(rows); i++)
		if (cgroup_hierarchy_of(fs, rows[i].controller) == (int)h)
			parts |= rows[i].part;
	return parts;
}

static size_t slot_of(const struct id_table *t, uint64_t id, size_t h)
{
	size_t i = (size_t)(id * 0x9e3779b97f4a7c15u >> 32) & (t->n - 1);

	while (t->slots[i] && t->slots[i]->inode[h] != id)
		i = (i + 1) & (t->n - 1);
	return i;
}

static int index_ids(struct id_table *ids, const struct sample_tree *t, size_t h)
{
	size_t n = 64;

	if (ids->slots && ids->generation == t->generation)
		return 0;
	while (n < t->n * 2)
		n *= 2;
	free(ids->slots);
	ids->n = n;
	ids->slots = calloc(n, sizeof(*ids->slots));
	if (!ids->slots)
		return -ENOMEM;
	for (size_t i = 0; i < t->n; i++)
		if (t->nodes[i]->hierarchies >> h & 1)
			ids->slots[slot_of(ids, t->nodes[i]->inode[h], h)] = t->nodes[i];
	ids->generation = t->generation;
	return 0;
}

/* Let the program walk from the group of this descriptor. */
static int walk_from(struct probe_sampler *p, int group_fd, bool flush, bool alone)
{
	union bpf_iter_link_info info = {.cgroup = {.order = alone ? BPF_CGROUP_ITER_SELF_ONLY : BPF_CGROUP_ITER_DESCENDANTS_PRE,
						     .cgroup_fd = (uint32_t)group_fd}};
	LIBBPF_OPTS(bpf_link_create_opts, opts, .iter_info = &info, .iter_info_len = sizeof(info));
	int prog_fd = bpf_program__fd(flush ? p->flusher : p->skel->progs.walk);
	int link_fd __free(fd) = (int)SYS_CALL("bpf_link_create", SYS_OPEN, prog_fd, "sample",
					       bpf_link_create(prog_fd, 0, BPF_TRACE_ITER, &opts), "%d, iter, %d", prog_fd, group_fd);
	int iter_fd __free(fd) = link_fd < 0 ? link_fd : (int)SYS_CALL("bpf_iter_create", SYS_OPEN, link_fd, "sample",
								       bpf_iter_create(link_fd), "%d", link_fd);
	char buf[64];

	return iter_fd < 0 ? iter_fd : (int)sys_read(iter_fd, buf, sizeof(buf));
}

static void take_records(struct probe_sampler *p, size_t h, bool v2, size_t n)
{
	struct id_table *ids = &p->ids[h];

	for (size_t i = 0; i < n && i < p->cap; i++) {
		struct sample_node *node = ids->slots[slot_of(ids, p->records[i].id, h)];

		if (!node)
			continue;
		sample_convert(&p->records[i], v2, p->b.figures[h], node->before, node->values);
		node->filled |= 1u << h;
	}
}

static int walk(struct probe_sampler *p, struct rf_sampler *s, struct sample_tree *t, size_t h)
{
	const struct cgroup_hierarchy *hier = &t->fs->h[h];
	bool v2 = hier->ops->v2;
	uint64_t wanted = sample_wanted(s, h) & ~(v2 && p->local_pids_events ? RF_FIGURE_BIT(RF_PIDS_MAX_EVENTS) : 0);
	int fd __free(fd) = -EBADF, r;
	volatile uint32_t *n;
	uint32_t parts;

	if (!p->skel)
		return 0;
	n = &p->skel->bss->n_records;
	p->b.figures[h] = sample_figures_of(v2, (uint32_t)parts_of(p, t->fs, h), wanted, &parts);
	if (!parts)
		return 0;
	fd = resolve_beneath(hier->fd, *t->root ? t->root : ".", O_RDONLY | O_DIRECTORY);
	/* It is not in this hierarchy, or no more. */
	if (fd < 0)
		return 0;
	r = index_ids(&p->ids[h], t, h);
	if (r < 0)
		return r;
	p->skel->bss->parts = parts;
	p->skel->bss->is_v2 = v2;
	p->skel->bss->flushed = false;
	*n = 0;
	r = walk_from(p, fd, parts & SAMPLE_PART_BASE, t->max_levels == 1);
	if (r < 0)
		return r;
	take_records(p, h, v2, *n);
	if (*n > p->needed)
		p->needed = *n;
	return 0;
}

static int walk_all(struct probe_sampler *p, struct rf_sampler *s, struct sample_tree *t)
{
	int r = 0;

	for (size_t h = 0; r >= 0 && h < t->fs->n; h++)
		r = walk(p, s, t, h);
	return r;
}

static const char *figure_text(uint64_t value, char text[24])
{
	if (value == RF_CGROUP_UNKNOWN)
		return "nothing";
	if (value == RF_MAX)
		return "max";
	snprintf(text, 24, "%llu", (unsigned long long)value);
	return text;
}

static int do_not_agree(const struct sample_node *node, size_t f, uint64_t in_file)
{
	char a[24], b[24];

	return sys_fail(-EUCLEAN, "bpf_check", node->name, "%s: the kernel's structures say %s, the group's file %s", rf_figure(f)->key,
			figure_text(node->values[f], a), figure_text(in_file, b));
}

/* What a file has and the walk has not, or the other way round, is not there yet or not any more: no disagreement
 * but where it is so before and after. */
static int compare(const struct probe_sampler *p, const struct sample_tree *t, const struct sample_node *node,
		   const uint64_t *before, const uint64_t *after)
{
	for (size_t h = 0; h < t->fs->n; h++)
		for (size_t f = 0; node->filled >> h & 1 && f < RF_FIGURES; f++)
			if (p->b.figures[h] & RF_FIGURE_BIT(f) && !sample_agrees(f, before[f], node->values[f], after[f]))
				return do_not_agree(node, f, after[f]);
	return 0;
}

/* The first walk, between two readings of some groups' files. */
static int walk_and_check(struct probe_sampler *p, struct rf_sampler *s, struct sample_tree *t)
{
	uint64_t before[CHECKED_GROUPS][RF_FIGURES], after[RF_FIGURES];
	size_t step = t->n / CHECKED_GROUPS + 1, at = 0;
	int r;

	for (size_t i = 0; i < t->n; i += step)
		sample_read_files(s, t->nodes[i], before[at++]);
	r = walk_all(p, s, t);
	at = 0;
	for (size_t i = 0; r >= 0 && i < t->n; i += step) {
		sample_read_files(s, t->nodes[i], after);
		r = compare(p, t, t->nodes[i], before[at++], after);
	}
	p->checked = r >= 0;
	return r;
}

static void fall_to_files(struct probe_sampler *p, struct sample_tree *t)
{
	unload(p);
	p->given_up = true;
	str_copy(p->why, sizeof(p->why), rf_trace_last_failure()->note);
	p->b.why_files = p->why[0] ? p->why : "the kernel refused it";
	rf_trace_forget();
	for (size_t i = 0; i < t->n; i++) {
		t->nodes[i]->filled = 0;
		for (size_t f = 0; f < RF_FIGURES; f++)
			t->nodes[i]->values[f] = RF_CGROUP_UNKNOWN;
	}
}

static int read_backend(struct sample_backend *b, struct rf_sampler *s, struct sample_tree *t)
{
	struct probe_sampler *p = (struct probe_sampler *)b;
	int r = 0;

	if (p->given_up)
		return 0;
	if (!p->skel && p->source == RF_SAMPLE_AUTO && t->n < p->pays) {
		snprintf(p->why, sizeof(p->why), "loading eBPF programs does not pay for %zu groups", t->n);
		b->why_files = p->why;
		return 0;
	}
	if (t->n > p->needed)
		p->needed = t->n;
	if (p->needed > p->cap)
		r = load(p, p->needed + p->needed / 2 + SPARE, wants_v2_cpu(s, t->fs));
	if (r >= 0)
		r = p->checked ? walk_all(p, s, t) : walk_and_check(p, s, t);
	if (r < 0 && p->source == RF_SAMPLE_AUTO && r != -ENOMEM) {
		fall_to_files(p, t);
		return 0;
	}
	b->why_files = NULL;
	return r;
}

int rf_probe_sampler_open(struct rf_cgroup_fs *fs, const struct rf_sampler_options *options,
			  enum rf_sample_source source, struct rf_sampler **ret_sampler)
{
	struct rf_sampler *s = NULL;
	struct probe_sampler *p;
	int r = source > RF_SAMPLE_FILES ? -EINVAL : rf_sampler_open(fs, options, &s);

	if (r < 0)
		return r;
	if (source == RF_SAMPLE_FILES) {
		*ret_sampler = s;
		return 0;
	}
	p = calloc(1, sizeof(*p));
	if (!p) {
		rf_sampler_free(s);
		return -ENOMEM;
	}
	p->b = (struct sample_backend){.name = "bpf", .why_files = "no sample has been read", .read = read_backend, .free = free_backend};
	p->source = source;
	p->pays = options->flags & (RF_SAMPLE_ONCE | RF_SAMPLE_FEW) ? PAYS_AT_ONCE : PAYS;
	sample_set_backend(s, &p->b);
	if (source == RF_SAMPLE_BPF)
		r = load(p, PAYS_AT_ONCE, wants_v2_cpu(s, fs));
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		rf_sampler_free(s);
		sys_keep_failure(&why);
		return r;
	}
	*ret_sampler = s;
	return 0;
}
