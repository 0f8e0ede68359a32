// SPDX-License-Identifier: LGPL-2.1-or-later
/* A sampler: what it reads, which groups have how many processes, and what it hands out. */
#include "cgroup/sample.h"

#include "base/file.h"
#include "base/options.h"

enum { LEAVE_FDS = 64 };

static int hierarchy_of(const struct rf_cgroup_fs *fs, const struct sample_file *file)
{
	int h = *file->controller ? cgroup_hierarchy_of(fs, file->controller) : cgroup_v2_of(fs);

	return h >= 0 && fs->h[h].ops->v2 == file->v2 ? h : -ENOENT;
}

/* v1's files first: what v1 has, a hybrid system's v2 knows only of groups that were made there. */
static void choose_sources(struct rf_sampler *s, uint64_t figures)
{
	uint64_t of_v1 = 0;
	const struct sample_file *file;

	s->asked = figures;
	/* What tells whether a file rests. */
	for (size_t i = 0; !(s->flags & RF_SAMPLE_ONCE) && (file = sample_file_at(i)); i++)
		if (file->rests && (sample_file_figures(file) & figures))
			figures |= RF_FIGURE_BIT(RF_CPU_US) | RF_FIGURE_BIT(RF_MEMORY_BYTES);
	for (size_t i = 0; (file = sample_file_at(i)); i++)
		if (!file->v2 && hierarchy_of(s->fs, file) >= 0)
			of_v1 |= sample_file_figures(file);
	for (size_t i = 0; (file = sample_file_at(i)); i++) {
		uint64_t wanted = sample_file_figures(file) & figures & ~(file->v2 ? of_v1 : 0);
		int h = hierarchy_of(s->fs, file);

		if (h >= 0 && wanted && s->n_sources < SAMPLE_MAX_FILES)
			s->sources[s->n_sources++] = (struct sample_source){file, wanted, h};
	}
}

/* Half of what this process may still open. */
static size_t default_budget(void)
{
	struct rlimit limit;

	if (sys_getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur <= 2 * LEAVE_FDS)
		return 0;
	return (size_t)(limit.rlim_cur - LEAVE_FDS) / 2;
}

static int open_groups(struct rf_sampler *s, const struct rf_sampler_options *o)
{
	uint32_t hierarchies = 0;
	const char *group = o->group ?: "";
	int r;

	for (size_t i = 0; i < s->n_sources; i++)
		hierarchies |= 1u << s->sources[i].hierarchy;
	if (o->flags & RF_SAMPLE_EVERY_GROUP)
		hierarchies = (1u << s->fs->n) - 1;
	r = rf_cgroup_exists(s->fs, group);
	if (r <= 0)
		return r < 0 ? r : sys_fail(-ENOENT, "cgroup", group, "there is no such group");
	return sample_tree_open(&s->tree, s->fs, hierarchies, o);
}

DEFINE_FREE(sampler, struct rf_sampler *, rf_sampler_free(v))

int rf_sampler_open(struct rf_cgroup_fs *fs, const struct rf_sampler_options *options,
		    struct rf_sampler **ret_sampler)
{
	struct rf_sampler *s __free(sampler) = NULL;
	int r = options_check(options, "rf_sampler_options");

	if (r < 0)
		return r;
	s = calloc(1, sizeof(*s));
	if (!s || sample_reader_open(&s->reader) < 0)
		return -ENOMEM;
	s->fs = fs;
	s->flags = options->flags;
	s->tree.inotify_fd = -EBADF;
	choose_sources(s, options->figures ?: RF_ALL_FIGURES);
	if (!(options->flags & RF_SAMPLE_ONCE))
		s->max_fds = options->max_fds ?: default_budget();
	r = open_groups(s, options);
	if (r < 0)
		return r;
	*ret_sampler = take_ptr(&s);
	return 0;
}

void rf_sampler_free(struct rf_sampler *s)
{
	if (!s)
		return;
	if (s->backend)
		s->backend->free(s->backend);
	sample_tree_done(&s->tree);
	free(s->groups);
	sample_reader_done(&s->reader);
	free(s);
}

/* What the pids controller counts as 0, with all below, holds no process there; the root has no such count. */
static bool is_empty_in(const struct rf_sampler *s, const struct sample_node *node, size_t h)
{
	return node->values[RF_PIDS] == 0 && (int)h == cgroup_hierarchy_of(s->fs, "pids");
}

/* "0.20 0.18 0.12 1/80 11206": 80 threads; 0: not known. */
static uint64_t threads_of_machine(void)
{
	char *text __free(ptr) = NULL, *slash;

	if (file_read_at(AT_FDCWD, "/proc/loadavg", 256, &text, NULL) < 0)
		return 0;
	slash = strchr(text, '/');
	return slash ? strtoull(slash + 1, NULL, 10) : 0;
}

/* A thread that was made meanwhile may stand for one elsewhere: then there are more now than there were. */
static void see(struct rf_sampler *s, size_t h, const struct sample_node *node)
{
	struct sample_seen *seen = &s->seen[h];
	struct cgroup_pids threads __free(cgroup_pids) = {0};
	char path[4096];
	int dir = s->threads ? sample_path(s->fs, &s->reader, h, node->name, "tasks", path, sizeof(path)) : -ENOENT;

	if (dir < 0 || cgroup_pids_read_at(dir, path, &threads) < 0)
		return;
	seen->threads += threads.n;
	seen->all = seen->threads == s->threads && threads_of_machine() == s->threads;
}

/* A group that is removed meanwhile has none. */
static int count_processes(struct rf_sampler *s, struct sample_node *node)
{
	struct cgroup_pids all __free(cgroup_pids) = {0};

	node->n_processes = 0;
	for (size_t h = 0; h < s->fs->n; h++) {
		size_t before = all.n;
		char path[4096];
		int r;

		if (!(node->hierarchies >> h & 1) || is_empty_in(s, node, h) || s->seen[h].all)
			continue;
		r = sample_path(s->fs, &s->reader, h, node->name, "cgroup.procs", path, sizeof(path));
		if (r >= 0)
			r = cgroup_pids_read_at(r, path, &all);
		if (r < 0 && r != -ENOENT)
			return r;
		node->n_processes += cgroup_pids_new(&all, before);
		if (all.n > before && !s->fs->h[h].ops->v2)
			see(s, h, node);
	}
	return 0;
}

static int count_all_processes(struct rf_sampler *s)
{
	int r = 0;

	memset(s->seen, 0, sizeof(s->seen));
	s->threads = threads_of_machine();
	for (size_t i = 0; r >= 0 && i < s->tree.n; i++)
		r = count_processes(s, s->tree.nodes[i]);
	return r;
}

/* The nearest one above that is in the list: parents come before their children. */
static size_t parent_of(const struct rf_sample *groups, size_t index)
{
	const char *name = groups[index].group;
	size_t at = index ? index - 1 : 0;

	for (;;) {
		const char *above = groups[at].group;
		size_t len = strlen(above);

		if (!at || !len || (!strncmp(above, name, len) && name[len] == '/'))
			return at;
		at = groups[at].parent;
	}
}

void sample_link(struct rf_sample *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		groups[i].parent = parent_of(groups, i);
		groups[i].depth = i ? groups[groups[i].parent].depth + 1 : 0;
	}
}

static int fill_groups(struct rf_sampler *s)
{
	const struct sample_tree *t = &s->tree;

	if (t->n > s->cap_groups) {
		struct rf_sample *more = realloc(s->groups, t->cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		s->groups = more;
		s->cap_groups = t->cap;
	}
	s->n_groups = t->n;
	for (size_t i = 0; i < t->n; i++)
		s->groups[i] = (struct rf_sample){.group = t->nodes[i]->name, .values = t->nodes[i]->values, .born = t->nodes[i]->born,
						  .n_processes = s->flags & RF_SAMPLE_PROCESSES ? t->nodes[i]->n_processes : RF_CGROUP_UNKNOWN};
	sample_link(s->groups, t->n);
	return 0;
}

static void forget_values(struct rf_sampler *s)
{
	struct sample_tree *t = &s->tree;

	for (size_t i = 0; i < t->n; i++) {
		t->nodes[i]->filled = 0;
		for (size_t f = 0; f < RF_FIGURES; f++) {
			t->nodes[i]->before[f] = s->number > t->nodes[i]->born ? t->nodes[i]->values[f] : RF_CGROUP_UNKNOWN;
			t->nodes[i]->values[f] = RF_CGROUP_UNKNOWN;
		}
	}
}

int rf_sampler_read(struct rf_sampler *s)
{
	struct sample_tree *t = &s->tree;
	int r;

	s->time_us = cgroup_now_us();
	s->number++;
	r = sample_tree_update(t, s->number);
	if (r < 0)
		return r;
	forget_values(s);
	r = s->backend ? s->backend->read(s->backend, s, t) : 0;
	if (r >= 0)
		sample_read_all(s);
	if (r >= 0 && s->flags & RF_SAMPLE_PROCESSES)
		r = count_all_processes(s);
	sample_forget_above(&s->reader, s->fs->n);
	if (r < 0)
		return r;
	return fill_groups(s);
}

size_t rf_sampler_groups(const struct rf_sampler *s, const struct rf_sample **ret_groups)
{
	*ret_groups = s->groups;
	return s->n_groups;
}

const char *rf_sampler_source(const struct rf_sampler *s, const char **ret_why_files)
{
	const struct sample_backend *b = s->backend;

	*ret_why_files = b ? b->why_files : NULL;
	return b && !b->why_files ? b->name : "files";
}

void sample_set_backend(struct rf_sampler *s, struct sample_backend *b)
{
	s->backend = b;
}

uint64_t sample_wanted(const struct rf_sampler *s, size_t hierarchy)
{
	uint64_t wanted = 0;

	for (size_t i = 0; i < s->n_sources; i++)
		if ((size_t)s->sources[i].hierarchy == hierarchy)
			wanted |= s->sources[i].wanted;
	return wanted;
}

uint64_t rf_sampler_time_us(const struct rf_sampler *s)
{
	return s->time_us;
}

uint64_t rf_sampler_number(const struct rf_sampler *s)
{
	return s->number;
}

uint64_t rf_sample_growth(uint64_t before, uint64_t now)
{
	if (before >= RF_CGROUP_UNKNOWN || now >= RF_CGROUP_UNKNOWN)
		return RF_CGROUP_UNKNOWN;
	return now > before ? now - before : 0;
}
