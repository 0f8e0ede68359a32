// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Processes into a group. One write of a pid to cgroup.procs moves the whole process with all of its
 * threads; a write for each thread would do the same work again each time, and miss those that start
 * meanwhile. The first write waits for the kernel's lock on thread groups, some 8 ms when it is
 * cold, the others come in its wake: so all pids are written in one go, through one descriptor.
 *
 * Where each came from is read before, from /proc/PID/cgroup, so that a failure in the middle can put
 * back what was moved. On v2 the kernel checks, beside the file that is written to, cgroup.procs
 * of the nearest ancestor that both groups have: EACCES may mean that one.
 */
#include "base/file.h"
#include "base/resolve.h"
#include "cgroup/cgroup.h"

enum { MOVE_UP_ROUNDS = 100 };

void cgroup_moves_done(struct cgroup_moves *m)
{
	for (size_t i = 0; i < m->n; i++)
		free(m->list[i].from);
	free(m->list);
	*m = (struct cgroup_moves){0};
}

static const char *file_for(const struct cgroup_hierarchy *h, unsigned flags)
{
	if (!(flags & RF_CGROUP_THREADS))
		return "cgroup.procs";
	return h->ops->v2 ? "cgroup.threads" : "tasks";
}

static int add_move(struct cgroup_moves *m, pid_t id, size_t h, char *from)
{
	struct cgroup_move_op *more = m->list;

	if (!(m->n & (m->n - 1)))
		more = realloc(m->list, (m->n ? m->n * 2 : 1) * sizeof(*more));
	if (!more) {
		free(from);
		return -ENOMEM;
	}
	m->list = more;
	m->list[m->n++] = (struct cgroup_move_op){id, h, from};
	return 0;
}

/* Where is it now? In each hierarchy that has the group. */
static int look(const struct cgroup *g, pid_t id, struct cgroup_moves *m)
{
	char path[32], *text __free(ptr) = NULL;
	int r;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)id);
	r = id > 0 ? file_read_at(AT_FDCWD, path, CGROUP_FILE_LIMIT, &text, NULL) : -ENOENT;
	if (r == -ENOENT || r == -ESRCH) {
		snprintf(path, sizeof(path), "%d", (int)id);
		return sys_fail(-ESRCH, "move", path, "no process has this pid here; nothing was moved");
	}
	for (size_t h = 0; r >= 0 && h < g->fs->n; h++) {
		char *from = NULL;

		if (g->fd[h] < 0)
			continue;
		r = cgroup_path_in(text, &g->fs->h[h], &from);
		if (r >= 0)
			r = add_move(m, id, h, from);
		else if (r == -ENOENT)
			r = 0;
	}
	return r;
}

static void explain_v2(const struct cgroup *g, size_t h, int error, bool threads, struct str *out)
{
	char *text __free(ptr) = NULL;

	if (error == -EBUSY && cgroup_read(g->fd[h], "cgroup.subtree_control", &text) >= 0)
		str_addf(out, "the group passes controllers (%s) to those below and so can't hold processes itself; "
			 "move it to a group below", text);
	else if (error == -EOPNOTSUPP && cgroup_read(g->fd[h], "cgroup.type", &text) >= 0)
		str_addf(out, "the group is %s: %s", text,
			 threads ? "a thread moves only among the threaded groups below its process's domain"
				 : "make it threaded (cgroup.type=threaded), or use a group outside of the threaded subtree");
	else if (error == -EACCES || error == -EPERM)
		str_add(out, "the right to write cgroup.procs of the nearest common ancestor is missing; "
			     "`cgctl delegate --check USER GROUP` names the file");
	else if (error == -EINVAL)
		str_add(out, "a kernel thread, or a realtime process where the kernel groups those (CONFIG_RT_GROUP_SCHED)");
}

static void explain_v1(const struct cgroup *g, size_t h, int error, struct str *out)
{
	if (error == -ENOSPC)
		str_add(out, "the group's cpuset.cpus or cpuset.mems is empty");
	else if (error == -EACCES || error == -EPERM)
		str_add(out, "only root, or the user whose process it is, may move it");
	else if (error == -EINVAL)
		str_add(out, "a kernel thread, or a realtime process in a group without cpu.rt_runtime_us");
}

static int refused(const struct cgroup *g, const struct cgroup_move_op *op, unsigned flags, int error)
{
	char *path __free(ptr) = cgroup_path(g, op->h), *object __free(ptr) = NULL;
	struct cgroup_pids one = {(pid_t[]){op->id}, 1};
	struct str why __free(str) = {0}, who __free(str) = {0};

	object = path ? str_format("%s/%s", path, file_for(&g->fs->h[op->h], flags)) : NULL;
	cgroup_pids_words(&one, &who);
	if (g->fs->h[op->h].ops->v2)
		explain_v2(g, op->h, error, flags & RF_CGROUP_THREADS, &why);
	else
		explain_v1(g, op->h, error, &why);
	return sys_fail(error, "write", object, "%s %s: %s%s%s", flags & RF_CGROUP_THREADS ? "thread" : "process",
			who.s ?: "", strerror(-error), why.len ? ": " : "", why.s ?: "");
}

static int write_id(int fd, pid_t id)
{
	char text[16];
	ssize_t n = sys_write(fd, text, (size_t)snprintf(text, sizeof(text), "%d", (int)id));

	return n < 0 ? (int)n : 0;
}

static void put_back(const struct rf_cgroup_fs *fs, const struct cgroup_move_op *op, unsigned flags)
{
	char *file __free(ptr) = str_format("%s%s%s", op->from + 1, op->from[1] ? "/" : "",
					    file_for(&fs->h[op->h], flags));
	/* Out of sight it can't be put back: it was outside of the mounted tree. */
	int fd __free(fd) = !file || str_starts(op->from, "/..") ? -EBADF
								 : resolve_beneath(fs->h[op->h].fd, file, O_WRONLY);

	if (fd >= 0)
		write_id(fd, op->id);
}

void cgroup_move_back(const struct rf_cgroup_fs *fs, const struct cgroup_moves *m, unsigned flags)
{
	struct rf_call why = *rf_trace_last_failure();

	for (size_t i = m->n; i-- > 0;)
		if (m->list[i].from)
			put_back(fs, &m->list[i], flags);
	sys_keep_failure(&why);
}

/* One descriptor for each hierarchy that has the group. */
static int open_files(const struct cgroup *g, unsigned flags, int fds[])
{
	for (size_t h = 0; h < g->fs->n; h++) {
		const char *file = file_for(&g->fs->h[h], flags);

		if (g->fd[h] < 0)
			continue;
		fds[h] = resolve_beneath(cgroup_fd(g, h), file, O_WRONLY);
		if (fds[h] < 0) {
			char *path __free(ptr) = cgroup_path(g, h);

			return fds[h] == -EACCES
				       ? sys_fail(-EACCES, "openat2", path, "%s: %s: it is another user's", file,
						  strerror(EACCES))
				       : fds[h];
		}
	}
	return 0;
}

/* Write the list from the first to the last; what was not written is forgotten. */
static int write_moves(const struct cgroup *g, const int fds[], unsigned flags, struct cgroup_moves *m,
		       rf_cgroup_gone_fn *gone, void *data)
{
	pid_t last_gone = 0;
	int r = 0;

	for (size_t i = 0; i < m->n; i++) {
		struct cgroup_move_op *op = &m->list[i];

		r = r < 0 ? r : write_id(fds[op->h], op->id);
		if (r == -ESRCH && op->id != last_gone && gone)
			gone(op->id, data);
		if (r == -ESRCH) {
			last_gone = op->id;
			r = 0;
		} else if (r >= 0) {
			continue;
		} else {
			refused(g, op, flags, r);
		}
		free(op->from);
		op->from = NULL;
		if (r < 0) {
			for (size_t j = i; j < m->n; j++) {
				free(m->list[j].from);
				m->list[j].from = NULL;
			}
			return r;
		}
	}
	return r;
}

static size_t count_moved(const struct cgroup_moves *m)
{
	size_t n = 0;

	for (size_t i = 0; i < m->n; i++)
		n += m->list[i].from && (!n || !i || m->list[i].id != m->list[i - 1].id);
	return n;
}

int cgroup_move(const struct cgroup *g, const pid_t *ids, size_t n, unsigned flags,
		rf_cgroup_gone_fn *gone, void *data, struct cgroup_moves *ret_moves)
{
	struct cgroup_moves m __free(cgroup_moves) = {0};
	int fds[CGROUP_MAX_HIERARCHIES], r = 0, moved;

	for (size_t h = 0; h < array_size(fds); h++)
		fds[h] = -EBADF;
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = look(g, ids[i], &m);
	if (r >= 0)
		r = open_files(g, flags, fds);
	if (r >= 0) {
		r = write_moves(g, fds, flags, &m, gone, data);
		if (r < 0)
			cgroup_move_back(g->fs, &m, flags);
	}
	for (size_t h = 0; h < array_size(fds); h++)
		if (fds[h] >= 0)
			sys_close(fds[h]);
	if (r < 0)
		return r;
	moved = (int)count_moved(&m);
	if (ret_moves) {
		*ret_moves = m;
		m = (struct cgroup_moves){0};
	}
	return moved;
}

int rf_cgroup_move(struct rf_cgroup_fs *fs, const char *group, const pid_t *ids, size_t n_ids,
		   unsigned flags, rf_cgroup_gone_fn *gone, void *data)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	return r < 0 ? r : cgroup_move(g, ids, n_ids, flags, gone, data, NULL);
}

struct move_up {
	int to_fd;
	const char *what;
	size_t n;
	bool below;
};

/* What is in a directory, to the parent's file. */
static int empty_dir(int dirfd, const char *name, void *data)
{
	struct move_up *up = data;
	int fd __free(fd) = cgroup_child(dirfd, name);
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	int r = fd < 0 ? (fd == -ENOENT ? 0 : fd) : cgroup_pids_read(fd, &pids);

	for (size_t i = 0; r >= 0 && i < pids.n; i++) {
		char id[16];

		r = write_id(up->to_fd, pids.list[i]);
		snprintf(id, sizeof(id), "%d", (int)pids.list[i]);
		if (r == -ESRCH)
			r = 0;
		else if (r < 0)
			r = sys_fail(r, "write", up->what, "process %s: %s%s", id, strerror(-r),
				     r == -EBUSY ? ": on v2 the parent can't hold processes while it passes controllers to those below"
						 : "");
		else
			up->n++;
	}
	if (r < 0 || fd < 0 || !up->below)
		return r;
	return cgroup_each_child(fd, empty_dir, up);
}

static int move_up_in(const struct cgroup *g, size_t h, bool below)
{
	const char *slash = strrchr(g->name, '/');
	char *parent __free(ptr) = str_format("%.*s", slash ? (int)(slash - g->name) : 0, g->name);
	char *file __free(ptr) = parent ? str_format("%s%scgroup.procs", parent, *parent ? "/" : "") : NULL;
	int fd __free(fd) = file ? resolve_beneath(g->fs->h[h].fd, file, O_WRONLY) : -ENOMEM;
	struct move_up up = {fd, file, 0, below};

	if (fd < 0)
		return fd;
	/* Again, until nothing more was forked in the meantime. */
	for (int i = 0; i < MOVE_UP_ROUNDS; i++) {
		int r;

		up.n = 0;
		r = empty_dir(g->fd[h], ".", &up);
		if (r < 0 || !up.n || sys_is_dry())
			return r;
	}
	return sys_fail(-EBUSY, "write", file, "processes are forked faster than they are moved: freeze the group first");
}

int cgroup_move_up_made(const struct cgroup *g)
{
	int r = 0;

	for (size_t h = 0; r >= 0 && h < g->fs->n; h++)
		if (g->fd[h] >= 0 && g->made[h])
			r = move_up_in(g, h, false);
	return r;
}

int cgroup_move_up(const struct cgroup *g, bool below)
{
	int r = 0;

	for (size_t h = 0; r >= 0 && h < g->fs->n; h++)
		if (g->fd[h] >= 0)
			r = move_up_in(g, h, below);
	return r;
}
