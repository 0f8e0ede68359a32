// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes as /proc tells of them. cgroup.procs does not list zombies, although one counts for
 * pids.max until its parent has waited for it; /proc/PID/cgroup still tells its group. So all of
 * /proc is read, and processes are matched to groups by name.
 *
 * /proc/PID/stat has the name in parentheses, and the name may hold any character, parentheses too:
 * the fields are counted from the last one. State is field 3, the number of threads 20, resident
 * pages 24, the scheduling policy 41.
 */
#include <unistd.h>

#include "base/file.h"
#include "cgroup/facts.h"

enum { STATE = 3, THREADS = 20, RSS = 24, POLICY = 41, POLICY_FIFO = 1, POLICY_RR = 2 };

/* Field `want` of what stands behind the name, where the first is field 3. */
static uint64_t field(const char *rest, int want)
{
	for (int i = STATE; i < want; i++) {
		rest = strchr(rest, ' ');
		if (!rest)
			return 0;
		rest++;
	}
	return strtoull(rest, NULL, 10);
}

static bool is_realtime(const char *rest)
{
	uint64_t policy = field(rest, POLICY);

	return policy == POLICY_FIFO || policy == POLICY_RR;
}

/* Behind the name; NULL where the text is cut short. */
static const char *rest_of(const char *text)
{
	const char *end = strrchr(text, ')');

	return end && end[1] == ' ' && end[2] ? end + 2 : NULL;
}

static int count_realtime(int dirfd, const char *name, void *data)
{
	size_t *n = data;
	char path[300], *text __free(ptr) = NULL;
	const char *rest;

	snprintf(path, sizeof(path), "%.255s/stat", name);
	if (file_read_at(dirfd, path, 4096, &text, NULL) < 0)
		return 0;
	rest = rest_of(text);
	*n += rest && is_realtime(rest);
	return 0;
}

struct reading {
	struct facts_tasks *to;
	bool with_threads;
};

static int fill(int dirfd, const char *name, bool with_threads, struct facts_task *t)
{
	char path[64], *text __free(ptr) = NULL;
	const char *start, *rest;
	int r;

	snprintf(path, sizeof(path), "%.20s/stat", name);
	r = file_read_at(dirfd, path, 4096, &text, NULL);
	rest = r < 0 ? NULL : rest_of(text);
	start = rest ? strchr(text, '(') : NULL;
	if (!start)
		return -ESRCH;
	t->pid = (pid_t)strtol(name, NULL, 10);
	snprintf(t->comm, sizeof(t->comm), "%.*s", (int)(rest - start - 3), start + 1);
	t->state = *rest;
	t->threads = field(rest, THREADS);
	t->rss_bytes = field(rest, RSS) * (uint64_t)sysconf(_SC_PAGESIZE);
	t->realtime = is_realtime(rest);
	if (with_threads && t->threads > 1) {
		int fd __free(fd) = -EBADF;

		snprintf(path, sizeof(path), "%.20s/task", name);
		fd = sys_openat(dirfd, path, O_RDONLY | O_DIRECTORY, 0);
		t->realtime = 0;
		if (fd >= 0)
			cgroup_each_child(fd, count_realtime, &t->realtime);
	}
	snprintf(path, sizeof(path), "%.20s/cgroup", name);
	r = file_read_at(dirfd, path, CGROUP_FILE_LIMIT, &t->groups, NULL);
	return r < 0 ? r : 0;
}

static int add(int dirfd, const char *name, void *data)
{
	struct reading *reading = data;
	struct facts_tasks *to = reading->to;
	struct facts_task t = {0}, *more = to->list;
	int r;

	if (name[strspn(name, "0123456789")])
		return 0;
	r = fill(dirfd, name, reading->with_threads, &t);
	if (r < 0)
		return r == -ENOMEM ? r : 0;
	if (!(to->n & (to->n - 1)))
		more = realloc(to->list, (to->n ? to->n * 2 : 1) * sizeof(*more));
	if (!more) {
		free(t.groups);
		return -ENOMEM;
	}
	to->list = more;
	to->list[to->n++] = t;
	return 0;
}

int facts_read_tasks(int proc_fd, bool with_threads, struct facts_tasks *ret)
{
	struct reading reading = {ret, with_threads};

	return cgroup_each_child(proc_fd, add, &reading);
}

void facts_tasks_done(struct facts_tasks *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->list[i].groups);
	free(t->list);
}

/* The path that a line tells; it has " (deleted)" behind it once the group is gone. */
static bool line_is(const char *path, const char *group, bool below)
{
	size_t len = strlen(group);

	if (*path != '/' || strncmp(path + 1, group, len))
		return false;
	return !path[1 + len] || (below && (!len || path[1 + len] == '/'));
}

static bool is_in(const struct rf_cgroup_fs *fs, const struct facts_task *t, const char *group, bool below)
{
	/* Most processes are elsewhere. */
	if (!strstr(t->groups, group))
		return false;
	for (size_t h = 0; h < fs->n; h++) {
		char *path __free(ptr) = NULL;

		if (cgroup_path_in(t->groups, &fs->h[h], &path) >= 0 && line_is(path, group, below))
			return true;
	}
	return false;
}

bool facts_task_in(const struct rf_cgroup_fs *fs, const struct facts_task *t, const char *group)
{
	return is_in(fs, t, group, false);
}

bool facts_task_below(const struct rf_cgroup_fs *fs, const struct facts_task *t, const char *group)
{
	return is_in(fs, t, group, true);
}

void facts_tasks_words(const struct facts_group *g, struct str *out)
{
	enum { SHOWN = 5 };

	for (size_t i = 0; i < g->n_tasks && i < SHOWN; i++)
		str_addf(out, "%s%d (%s)", i ? ", " : "", (int)g->tasks[i]->pid, g->tasks[i]->comm);
	if (g->n_tasks > SHOWN)
		str_addf(out, " and %zu more", g->n_tasks - SHOWN);
}
