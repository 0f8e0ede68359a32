// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading all groups. File by file over all groups, not group by group: in the order of the table,
 * so that the files for which it pays most are the first to get descriptors of their own.
 *
 * A kept descriptor of a group that was removed reads as ENODEV, also where another one has its name
 * by now: so no group ever gets the figures of another.
 */
#include "cgroup/sample.h"

#include "base/file.h"
#include "base/options.h"
#include "base/resolve.h"

enum { ASK_AGAIN = 10, BUFFER = 1 << 16, LEAVE_FDS = 64 };

/* A file that is read here. */
struct source {
	const struct sample_file *file;
	uint64_t wanted; /* of its figures: those that no other file has here */
	int hierarchy;
};

/* The directory above the group that was looked into last in a hierarchy: most of the way to the next one. */
struct above {
	const char *name; /* the group's: the first `len` bytes are the directory */
	size_t len;
	int fd; /* -EBADF until a second group of it is asked for */
};

/*
 * v1 tells nowhere that a group is empty, and its cgroup.procs costs as much as its figures. But when the
 * groups that were looked into have all threads of the machine, no other one has any. /proc/loadavg has
 * their number, zombies among them, and those outside of a container: then the sum is never reached.
 */
struct seen {
	uint64_t threads; /* of groups that were looked into */
	bool all;	  /* they were all that there are */
};

struct rf_sampler {
	struct rf_cgroup_fs *fs;
	struct seen seen[CGROUP_MAX_HIERARCHIES];
	uint64_t threads; /* on the machine, when counting began; 0: not known */
	struct above above[CGROUP_MAX_HIERARCHIES];
	struct source sources[SAMPLE_MAX_FILES];
	size_t n_sources;
	uint64_t asked; /* figures; the others only tell whether a file rests */
	struct sample_tree tree;
	struct rf_sample *groups;
	size_t n_groups, cap_groups;
	uint64_t time_us, number;
	unsigned flags;
	size_t max_fds;
	char *buffer;
	struct sample_backend *backend; /* or NULL */
};

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
			s->sources[s->n_sources++] = (struct source){file, wanted, h};
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
	if (!s || !(s->buffer = malloc(BUFFER)))
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
	free(s->buffer);
	free(s);
}

/* Names are those of nodes, which stay while a sample is read. */
static void forget_above(struct rf_sampler *s)
{
	for (size_t h = 0; h < s->fs->n; h++) {
		if (s->above[h].name && s->above[h].fd >= 0)
			sys_close(s->above[h].fd);
		s->above[h].name = NULL;
	}
}

/* The directory to open a file of the group from, and the group's name from there. */
static int dir_above(struct rf_sampler *s, size_t h, const char *name, const char **ret_rest)
{
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;
	struct above *above = &s->above[h];
	char path[4096];

	*ret_rest = name;
	if (!len || len >= sizeof(path))
		return s->fs->h[h].fd;
	if (!above->name || above->len != len || memcmp(above->name, name, len) != 0) {
		if (above->name && above->fd >= 0)
			sys_close(above->fd);
		*above = (struct above){name, len, -EBADF};
		return s->fs->h[h].fd;
	}
	if (above->fd < 0) {
		memcpy(path, name, len);
		path[len] = '\0';
		above->fd = resolve_beneath(s->fs->h[h].fd, path, O_PATH | O_DIRECTORY);
	}
	if (above->fd < 0)
		return s->fs->h[h].fd;
	*ret_rest = slash + 1;
	return above->fd;
}

/* "GROUP/FILE" from the directory that is returned; -ENAMETOOLONG. */
static int path_of(struct rf_sampler *s, size_t h, const char *name, const char *file, char *buf, size_t size)
{
	const char *rest;
	int dir = dir_above(s, h, name, &rest);
	size_t len = strlen(rest), n = strlen(file);

	if (len + n + 2 > size)
		return -ENAMETOOLONG;
	buf = mempcpy(buf, rest, len);
	*buf = '/';
	memcpy(buf + (len > 0), file, n + 1);
	return dir;
}

static int open_file(struct rf_sampler *s, const struct source *src, const struct sample_node *node)
{
	char path[4096];
	int dir = path_of(s, (size_t)src->hierarchy, node->name, src->file->name, path, sizeof(path));

	return dir < 0 ? dir : resolve_beneath(dir, path, O_RDONLY);
}

/* The text of a file that may be longer than the buffer ends at its last whole line. */
static ssize_t read_text(struct rf_sampler *s, int fd)
{
	ssize_t n = sys_pread(fd, s->buffer, BUFFER - 1, 0);

	if (n >= 0)
		s->buffer[n] = '\0';
	return n;
}

/*
 * Nothing ran in it and its memory is what it was: then its memory.stat is, too, but for what others
 * do to its pages; and it met no limit of memory or CPU time. So these are read at the latest when absent
 * files are asked for again. On v1 other processes may be in the group of this name in another hierarchy:
 * one of the signs must be of the file's own.
 */
static bool is_idle(const struct rf_sampler *s, const struct source *src, const struct sample_node *node)
{
	static const enum rf_figure signs[] = {RF_CPU_US, RF_MEMORY_BYTES};
	static const char *const controllers[] = {"cpuacct", "memory"};
	bool own = src->file->v2;

	for (size_t i = 0; i < array_size(signs); i++) {
		if (node->values[signs[i]] == RF_CGROUP_UNKNOWN || node->values[signs[i]] != node->before[signs[i]])
			return false;
		own |= cgroup_hierarchy_of(s->fs, controllers[i]) == src->hierarchy;
	}
	return own && (s->number - node->born) % ASK_AGAIN;
}

static void take_before(uint64_t wanted, struct sample_node *node)
{
	for (size_t f = 0; f < RF_FIGURES; f++)
		if (wanted & RF_FIGURE_BIT(f))
			node->values[f] = node->before[f];
}

/* What of a file is not known of this group already. */
static uint64_t left_of(const struct rf_sampler *s, const struct source *src, const struct sample_node *node)
{
	return s->backend && node->filled >> src->hierarchy & 1 ? src->wanted & ~s->backend->figures[src->hierarchy] : src->wanted;
}

/* A file from which nothing was asked for is read only for one that may rest. */
static bool is_needed(const struct rf_sampler *s, uint64_t wanted, const struct sample_node *node)
{
	bool needed = wanted & s->asked;

	for (size_t i = 0; wanted && !needed && i < s->n_sources; i++)
		needed = s->sources[i].file->rests && node->hierarchies >> s->sources[i].hierarchy & 1 &&
			 left_of(s, &s->sources[i], node);
	return needed;
}

static void read_one(struct rf_sampler *s, size_t index, struct sample_node *node)
{
	const struct source *src = &s->sources[index];
	uint64_t wanted = left_of(s, src, node);
	int *kept = &node->fd[index], fd = *kept;
	ssize_t n;

	if (!(node->hierarchies >> src->hierarchy & 1) || !is_needed(s, wanted, node))
		return;
	if (src->file->rests && is_idle(s, src, node)) {
		take_before(wanted, node);
		return;
	}
	if (fd == SAMPLE_ABSENT && (s->number - node->born) % ASK_AGAIN)
		return;
	if (fd < 0)
		fd = open_file(s, src, node);
	if (fd < 0) {
		*kept = fd == -ENOENT ? SAMPLE_ABSENT : SAMPLE_CLOSED;
		return;
	}
	n = read_text(s, fd);
	if (n > 0)
		sample_parse(src->file, s->buffer, wanted, node->values);
	if (n >= 0 && *kept < 0 && s->tree.kept < s->max_fds) {
		*kept = fd;
		s->tree.kept++;
	} else if (*kept < 0) {
		sys_close(fd);
	} else if (n < 0) {
		/* Removed: it may be there again by its name. */
		sys_close(fd);
		*kept = SAMPLE_CLOSED;
		s->tree.kept--;
	}
}

void sample_read_files(struct rf_sampler *s, const struct sample_node *node, uint64_t *values)
{
	for (size_t f = 0; f < RF_FIGURES; f++)
		values[f] = RF_CGROUP_UNKNOWN;
	for (size_t i = 0; i < s->n_sources; i++) {
		const struct source *src = &s->sources[i];
		int fd __free(fd) = node->hierarchies >> src->hierarchy & 1 ? open_file(s, src, node) : -ENOENT;

		if (fd >= 0 && read_text(s, fd) > 0)
			sample_parse(src->file, s->buffer, src->wanted, values);
	}
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
	struct seen *seen = &s->seen[h];
	struct cgroup_pids threads __free(cgroup_pids) = {0};
	char path[4096];
	int dir = s->threads ? path_of(s, h, node->name, "tasks", path, sizeof(path)) : -ENOENT;

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
		r = path_of(s, h, node->name, "cgroup.procs", path, sizeof(path));
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
	for (size_t index = 0; r >= 0 && index < s->n_sources; index++)
		for (size_t i = 0; i < t->n; i++)
			read_one(s, index, t->nodes[i]);
	if (r >= 0 && s->flags & RF_SAMPLE_PROCESSES)
		r = count_all_processes(s);
	forget_above(s);
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
