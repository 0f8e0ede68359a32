// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The processes of a group. A pid read from cgroup.procs may be another process's a moment later:
 * before a signal is sent, the pid is opened (pidfd_open) and the list read again. A pid that is
 * still there after its descriptor was opened means that very process, or one that has ended.
 */
#include <errno.h>
#include <limits.h>
#include <time.h>

#include "base/file.h"
#include "cgroup/cgroup.h"

enum { BATCH = 64, WORDS_MAX = 5 };

uint64_t cgroup_now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

int cgroup_pids_parse(const char *text, struct cgroup_pids *p)
{
	char *end;

	for (const char *at = text; *at; at = end + (*end == '\n')) {
		long pid = strtol(at, &end, 10);
		pid_t *more = p->list;

		/* 0: a process that this pid namespace does not have. */
		if (end == at || (*end && *end != '\n') || pid < 0 || pid > INT_MAX)
			return sys_fail(-EINVAL, "read", "cgroup.procs", "the kernel says \"%.80s\"", at);
		if (!(p->n & (p->n - 1)))
			more = realloc(p->list, (p->n ? p->n * 2 : 1) * sizeof(*more));
		if (!more)
			return -ENOMEM;
		p->list = more;
		p->list[p->n++] = (pid_t)pid;
	}
	return 0;
}

int cgroup_pids_read_at(int dirfd, const char *file, struct cgroup_pids *p)
{
	char *text __free(ptr) = NULL;
	int r = cgroup_read(dirfd, file, &text);

	/* A threaded group on v2 has no processes of its own to tell. */
	if (r < 0)
		return r == -EOPNOTSUPP || r == -ENODEV ? 0 : r;
	return cgroup_pids_parse(text, p);
}

int cgroup_pids_read(int group_fd, struct cgroup_pids *p)
{
	return cgroup_pids_read_at(group_fd, "cgroup.procs", p);
}

uint64_t cgroup_pids_new(const struct cgroup_pids *p, size_t before)
{
	uint64_t n = 0;

	/* The kernel sorts no list: compare all. */
	for (size_t i = before; i < p->n; i++) {
		size_t j = 0;

		while (j < before && p->list[j] != p->list[i])
			j++;
		n += j == before;
	}
	return n;
}

static bool has_pid(const struct cgroup_pids *p, pid_t pid)
{
	for (size_t i = 0; i < p->n; i++)
		if (p->list[i] == pid)
			return true;
	return false;
}

void cgroup_pids_words(const struct cgroup_pids *p, struct str *out)
{
	for (size_t i = 0; i < p->n && i < WORDS_MAX; i++) {
		char path[32], *comm __free(ptr) = NULL;

		snprintf(path, sizeof(path), "/proc/%d/comm", (int)p->list[i]);
		if (p->list[i] > 0)
			file_read_at(AT_FDCWD, path, 64, &comm, NULL);
		if (comm)
			comm[strcspn(comm, "\n")] = '\0';
		str_addf(out, "%s%d (%s)", i ? ", " : "", (int)p->list[i],
			 comm ?: p->list[i] ? "gone" : "of another pid namespace");
	}
	if (p->n > WORDS_MAX)
		str_addf(out, " and %zu more", p->n - WORDS_MAX);
}

/* Kill up to BATCH processes from `first` on. */
static int kill_batch(int group_fd, const struct cgroup_pids *p, size_t first)
{
	struct cgroup_pids again __free(cgroup_pids) = {0};
	size_t n = p->n - first < BATCH ? p->n - first : BATCH;
	int fds[BATCH], r;

	for (size_t i = 0; i < n; i++)
		fds[i] = p->list[first + i] > 0 ? sys_pidfd_open(p->list[first + i]) : -ESRCH;
	r = cgroup_pids_read(group_fd, &again);
	for (size_t i = 0; i < n; i++) {
		if (fds[i] < 0)
			continue;
		if (r >= 0 && has_pid(&again, p->list[first + i])) {
			int k = sys_pidfd_send_signal(fds[i], SIGKILL);

			r = k < 0 && k != -ESRCH ? k : r;
		}
		sys_close(fds[i]);
	}
	return r;
}

int cgroup_kill_each(int group_fd)
{
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	int r = cgroup_pids_read(group_fd, &pids);

	for (size_t i = 0; r >= 0 && i < pids.n; i += BATCH)
		r = kill_batch(group_fd, &pids, i);
	return r;
}

/* Kill, wait, and again, since what was forked meanwhile was not in the list. */
static int kill_group(const struct cgroup_hierarchy *h, int group_fd, uint64_t until_us)
{
	enum { ROUND_US = 50000 };
	int r;

	do {
		uint64_t now = cgroup_now_us();

		r = h->ops->kill(group_fd);
		/* A dry run has killed nobody: don't wait for it. */
		if (r < 0 || sys_is_dry())
			return r;
		r = h->ops->wait_empty(group_fd, until_us < now + ROUND_US ? until_us : now + ROUND_US);
	} while (r == -EBUSY && cgroup_now_us() < until_us);
	return r;
}

struct kill_walk {
	const struct cgroup_hierarchy *h;
	uint64_t until_us;
};

static int kill_below(int dirfd, const char *name, void *data)
{
	struct kill_walk *w = data;
	int fd __free(fd) = cgroup_child(dirfd, name);
	int r;

	if (fd < 0)
		return fd == -ENOENT ? 0 : fd;
	r = cgroup_each_child(fd, kill_below, w);
	return r < 0 ? r : kill_group(w->h, fd, w->until_us);
}

static int count_below(int dirfd, const char *name, void *data)
{
	int fd __free(fd) = cgroup_child(dirfd, name);
	int r = fd < 0 ? fd : cgroup_pids_read(fd, data);

	return r < 0 ? (r == -ENOENT ? 0 : r) : cgroup_each_child(fd, count_below, data);
}

/* How many different processes there are in the list. */
static size_t count_different(const struct cgroup_pids *p)
{
	size_t n = 0;

	for (size_t i = 0; i < p->n; i++) {
		struct cgroup_pids before = {p->list, i};

		n += !has_pid(&before, p->list[i]);
	}
	return n;
}

/* A threaded group tells no processes, and can't be killed. */
static int check_threaded(const struct cgroup *g)
{
	int h = cgroup_v2_of(g->fs);
	char *type __free(ptr) = NULL;

	if (h < 0 || g->fd[h] < 0 || cgroup_read(g->fd[h], "cgroup.type", &type) < 0 || !str_eq(type, "threaded"))
		return 0;
	return sys_fail(-EOPNOTSUPP, "kill", sys_fd_name(g->fd[h]),
			"%s: the group is threaded: kill its domain, the group above that is not", strerror(EOPNOTSUPP));
}

/* Whoever made it there may remove it as soon as its processes are gone. */
static bool was_removed(const struct cgroup *g, size_t h, int error)
{
	struct stat st;

	return (error == -ENOENT || error == -ENODEV) &&
	       sys_fstatat(g->fs->h[h].fd, g->name, &st, AT_SYMLINK_NOFOLLOW) == -ENOENT;
}

int rf_cgroup_kill(struct rf_cgroup_fs *fs, const char *group, size_t *ret_killed)
{
	struct cgroup *g __free(cgroup) = NULL;
	struct cgroup_pids seen __free(cgroup_pids) = {0};
	int r = cgroup_open(fs, group, &g);

	if (r < 0)
		return r;
	if (!*g->name)
		return sys_fail(-EINVAL, "check", "/", "the root group is not killed");
	for (size_t h = 0; r >= 0 && h < fs->n; h++)
		if (g->fd[h] >= 0)
			r = count_below(g->fd[h], ".", &seen);
	if (r >= 0 && !seen.n)
		r = check_threaded(g);
	for (size_t h = 0; r >= 0 && seen.n && h < fs->n; h++) {
		struct kill_walk w = {&fs->h[h], cgroup_now_us() + CGROUP_KILL_WAIT_US};

		/* v2's way takes all below at once; a threaded group there can't be killed alone. */
		if (g->fd[h] >= 0)
			r = fs->h[h].ops->v2 ? kill_group(w.h, g->fd[h], w.until_us)
					     : kill_below(g->fd[h], ".", &w);
		if (was_removed(g, h, r))
			r = 0;
	}
	if (r == -EBUSY)
		return sys_fail(-ETIMEDOUT, "kill", group, "processes are still there after 10 s");
	if (r >= 0 && ret_killed)
		*ret_killed = count_different(&seen);
	return r < 0 ? r : 0;
}

int cgroup_rmdir(const struct cgroup_hierarchy *h, int parent_fd, const char *name,
		 uint64_t until_us)
{
	for (;;) {
		int fd __free(fd) = -EBADF;
		int r = sys_unlinkat(parent_fd, name, AT_REMOVEDIR);

		if (r != -EBUSY)
			return r == -ENOENT ? 0 : r;
		if (cgroup_now_us() >= until_us)
			return r;
		fd = cgroup_child(parent_fd, name);
		if (fd < 0)
			return fd;
		/* Empty, and still busy: the last process is being taken out just now. */
		r = h->ops->wait_empty(fd, until_us);
		if (r >= 0)
			sys_poll(NULL, 0, 1);
	}
}
