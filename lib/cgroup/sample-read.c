// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Reading files of all groups. File by file over all groups, not group by group: in the order of the table,
 * so that the files for which it pays most are the first to get descriptors of their own.
 *
 * A kept descriptor of a group that was removed reads as ENODEV, also where another one has its name
 * by now: so no group ever gets the figures of another.
 */
#include "cgroup/sample.h"

#include <pthread.h>
#include <signal.h>

#include "base/resolve.h"

enum { ASK_AGAIN = 10, BUFFER = 1 << 16, PER_WORKER = 400, MAX_WORKERS = 8, WORKER_STACK = 256 << 10 };

int sample_reader_open(struct sample_reader *reader)
{
	*reader = (struct sample_reader){.buffer = malloc(BUFFER)};
	return reader->buffer ? 0 : -ENOMEM;
}

void sample_reader_done(struct sample_reader *reader)
{
	free(reader->buffer);
}

void sample_forget_above(struct sample_reader *reader, size_t n_hierarchies)
{
	for (size_t h = 0; h < n_hierarchies; h++) {
		if (reader->above[h].name && reader->above[h].fd >= 0)
			sys_close(reader->above[h].fd);
		reader->above[h].name = NULL;
	}
}

/* The directory to open a file of the group from, and the group's name from there. */
static int dir_above(const struct rf_cgroup_fs *fs, struct sample_above *above, size_t h, const char *name, const char **ret_rest)
{
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;
	char path[4096];

	*ret_rest = name;
	if (!len || len >= sizeof(path))
		return fs->h[h].fd;
	if (!above->name || above->len != len || memcmp(above->name, name, len) != 0) {
		if (above->name && above->fd >= 0)
			sys_close(above->fd);
		*above = (struct sample_above){name, len, -EBADF};
		return fs->h[h].fd;
	}
	if (above->fd < 0) {
		memcpy(path, name, len);
		path[len] = '\0';
		above->fd = resolve_beneath(fs->h[h].fd, path, O_PATH | O_DIRECTORY);
	}
	if (above->fd < 0)
		return fs->h[h].fd;
	*ret_rest = slash + 1;
	return above->fd;
}

int sample_path(const struct rf_cgroup_fs *fs, struct sample_reader *reader, size_t h, const char *name, const char *file,
		char *buf, size_t size)
{
	const char *rest;
	int dir = dir_above(fs, &reader->above[h], h, name, &rest);
	size_t len = strlen(rest), n = strlen(file);

	if (len + n + 2 > size)
		return -ENAMETOOLONG;
	buf = mempcpy(buf, rest, len);
	*buf = '/';
	memcpy(buf + (len > 0), file, n + 1);
	return dir;
}

static int open_file(const struct rf_sampler *s, struct sample_reader *reader, const struct sample_source *src,
		     const struct sample_node *node)
{
	char path[4096];
	int dir = sample_path(s->fs, reader, (size_t)src->hierarchy, node->name, src->file->name, path, sizeof(path));

	return dir < 0 ? dir : resolve_beneath(dir, path, O_RDONLY);
}

/* The text of a file that may be longer than the buffer ends at its last whole line. */
static ssize_t read_text(struct sample_reader *reader, int fd)
{
	ssize_t n = sys_pread(fd, reader->buffer, BUFFER - 1, 0);

	if (n >= 0)
		reader->buffer[n] = '\0';
	return n;
}

/*
 * Nothing ran in it and its memory is what it was: then its memory.stat is, too, but for what others
 * do to its pages; and it met no limit of memory or CPU time. So these are read at the latest when absent
 * files are asked for again. On v1 other processes may be in the group of this name in another hierarchy:
 * one of the signs must be of the file's own.
 */
static bool is_idle(const struct rf_sampler *s, const struct sample_source *src, const struct sample_node *node)
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
static uint64_t left_of(const struct rf_sampler *s, const struct sample_source *src, const struct sample_node *node)
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

static void read_one(struct rf_sampler *s, struct sample_reader *reader, size_t index, struct sample_node *node)
{
	const struct sample_source *src = &s->sources[index];
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
		fd = open_file(s, reader, src, node);
	if (fd < 0) {
		*kept = fd == -ENOENT ? SAMPLE_ABSENT : SAMPLE_CLOSED;
		return;
	}
	n = read_text(reader, fd);
	if (n >= 0)
		sample_parse(src->file, reader->buffer, wanted, node->values);
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
		const struct sample_source *src = &s->sources[i];
		int fd __free(fd) = node->hierarchies >> src->hierarchy & 1 ? open_file(s, &s->reader, src, node) : -ENOENT;

		if (fd >= 0 && read_text(&s->reader, fd) >= 0)
			sample_parse(src->file, s->reader.buffer, src->wanted, values);
	}
}

/* Beginning with the first-th file; in which order matters only to what may rest, and nothing does in a first sample. */
static void read_some(struct rf_sampler *s, struct sample_reader *reader, size_t first, size_t from, size_t to)
{
	for (size_t k = 0; k < s->n_sources; k++)
		for (size_t i = from; i < to; i++)
			read_one(s, reader, (first + k) % s->n_sources, s->tree.nodes[i]);
}

struct worker {
	struct rf_sampler *s;
	struct sample_reader reader;
	size_t first, from, to;
	pthread_t thread;
};

static void *work(void *data)
{
	struct worker *w = data;

	read_some(w->s, &w->reader, w->first, w->from, w->to);
	sample_forget_above(&w->reader, w->s->fs->n);
	return NULL;
}

/*
 * One sample of many groups keeps nothing: each file costs three calls, which no group shares with another.
 * On v1 each thread begins in another hierarchy, since what opens files of one waits for the others that do.
 * Calls that are recorded or refused are those of this thread, though.
 */
static size_t count_workers(const struct rf_sampler *s)
{
	size_t n = s->tree.n / PER_WORKER, cpus;

	if (!(s->flags & RF_SAMPLE_ONCE) || sys_mode || n < 2)
		return 1;
	cpus = (size_t)sys_count_cpus();
	n = n < cpus ? n : cpus;
	return n < MAX_WORKERS ? n : MAX_WORKERS;
}

/* No signal is for it, and it makes no deep calls. */
static int start(struct worker *w)
{
	pthread_attr_t attr;
	sigset_t all;
	int r = pthread_attr_init(&attr);

	sigfillset(&all);
	if (!r)
		r = pthread_attr_setstacksize(&attr, WORKER_STACK);
	if (!r)
		r = pthread_attr_setsigmask_np(&attr, &all);
	if (!r)
		r = pthread_create(&w->thread, &attr, work, w);
	pthread_attr_destroy(&attr);
	return -r;
}

void sample_read_all(struct rf_sampler *s)
{
	struct worker w[MAX_WORKERS];
	size_t wanted = count_workers(s), n = 0, from = 0;

	/* The last part is our own, and what no thread could be had for. */
	for (; n + 1 < wanted; n++, from = w[n - 1].to) {
		w[n] = (struct worker){
			.s = s, .first = (n + 1) * s->n_sources / wanted, .from = from, .to = from + s->tree.n / wanted};
		if (sample_reader_open(&w[n].reader) < 0)
			break;
		if (start(&w[n]) < 0) {
			sample_reader_done(&w[n].reader);
			break;
		}
	}
	read_some(s, &s->reader, 0, from, s->tree.n);
	while (n-- > 0) {
		pthread_join(w[n].thread, NULL);
		sample_reader_done(&w[n].reader);
	}
}
