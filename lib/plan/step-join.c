// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that enter what exists. Everything of the target is opened first, by a /proc/PID descriptor
 * that the pidfd vouches for; inside, no path of the outside is walked any more.
 *
 * One setns(2) with the pidfd takes all kinds at once, or none. It enters the user namespace first,
 * so it is refused where the target lives in namespaces that its own user namespace does not own
 * (a rootless container in the host's network). Then it goes by stages: what can be entered with
 * the rights of the caller, the user namespace, and the rest with the rights gained by that.
 *
 * A pid namespace takes in children only: the process that has entered makes another one as its own
 * sibling (CLONE_PARENT), and ends. The caller never enters anything; it stays outside as the
 * supervisor.
 */
#include "plan/step-join.h"

#include <limits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/file.h"
#include "ns/find.h"
#include "plan/step.h"
#include "proc/start.h"

enum { ENVIRONMENT_LIMIT = 8 << 20 };

void join_state_free(void *data)
{
	struct join_state *j = data;
	int *const fds[] = {&j->pidfd, &j->proc_fd, &j->root_fd, &j->wd_fd};

	for (size_t i = 0; i < array_size(fds); i++)
		if (*fds[i] >= 0)
			sys_close(take_fd(fds[i]));
	for (size_t i = 0; i < RF_NS_KINDS; i++)
		if (j->ns_fd[i] >= 0)
			sys_close(take_fd(&j->ns_fd[i]));
	while (j->n_cgroup_fds)
		sys_close(j->cgroup_fd[--j->n_cgroup_fds]);
	free(j->environment);
	free(j->variables);
	free(j);
}

void join_target_words(const struct join_state *j, struct str *out)
{
	if (j->want.pid)
		str_addf(out, "pid %d", (int)j->want.pid);
	else if (j->want.pidfd >= 0)
		str_addf(out, "pidfd %d", j->want.pidfd);
}

static void args_target(const struct rf_step *s, struct str *out)
{
	join_target_words(s->data, out);
}

/* The pid behind a pidfd, as this /proc numbers it. */
static int pid_of_pidfd(int pidfd, pid_t *ret_pid)
{
	char path[48], *text __free(ptr) = NULL, *at;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fdinfo/%d", pidfd);
	r = file_read_at(AT_FDCWD, path, 4096, &text, NULL);
	if (r < 0)
		return r;
	at = strstr(text, "\nPid:\t");
	if (!at)
		return sys_fail(-EBADF, "pidfd", path, "is no descriptor of a process");
	*ret_pid = (pid_t)strtol(at + 6, NULL, 10);
	if (*ret_pid <= 0)
		return sys_fail(-ESRCH, "pidfd", path, "%s", *ret_pid ? "the process has ended" : "the process is not seen in this pid namespace");
	return 0;
}

static int open_pidfd(struct join_state *j, pid_t *ret_pid)
{
	struct stat st;
	int r = 0;

	*ret_pid = j->want.pid;
	if (!j->want.pid) {
		j->pidfd = -EBADF;
		return pid_of_pidfd(j->want.pidfd, ret_pid);
	}
	j->pidfd = sys_pidfd_open(j->want.pid);
	if (j->pidfd < 0)
		return j->pidfd;
	if (j->want.pid_inode) {
		r = sys_fstat(j->pidfd, &st);
		if (r >= 0 && st.st_ino != j->want.pid_inode && !sys_is_dry())
			return sys_fail(-ESRCH, "pidfd", "", "process %d has the inode %llu, not %llu: the pid is another's now",
					(int)j->want.pid, (unsigned long long)st.st_ino,
					(unsigned long long)j->want.pid_inode);
	}
	return r;
}

static int the_pidfd(const struct join_state *j)
{
	return j->pidfd >= 0 ? j->pidfd : j->want.pidfd;
}

/* Effective ids: the third word. */
static int parse_ids(const char *status, const char *line, uint32_t *ret_id)
{
	const char *at = strstr(status, line);
	unsigned real, effective;

	if (!at || sscanf(at + strlen(line), "%u %u", &real, &effective) != 2)
		return sys_fail(-EINVAL, "read", "/proc/PID/status", "has no line%s", line);
	*ret_id = effective;
	return 0;
}

static int read_map(int proc_fd, const char *file, struct rf_idmap *map)
{
	char *text __free(ptr) = NULL;
	int r = file_read_at(proc_fd, file, 1 << 16, &text, NULL), used;
	unsigned inside, outside, count;

	for (const char *at = text; r >= 0 && sscanf(at, "%u %u %u%n", &inside, &outside, &count, &used) == 3; at += used)
		r = rf_idmap_add(map, inside, outside, count == UINT32_MAX ? count - 1 : count);
	return r;
}

static int read_ids(struct join_state *j)
{
	char *status __free(ptr) = NULL;
	int r = file_read_at(j->proc_fd, "status", 1 << 16, &status, NULL);

	if (r >= 0)
		r = parse_ids(status, "\nUid:\t", &j->uid);
	if (r >= 0)
		r = parse_ids(status, "\nGid:\t", &j->gid);
	if (r >= 0)
		r = read_map(j->proc_fd, "uid_map", &j->uid_map);
	return r < 0 ? r : read_map(j->proc_fd, "gid_map", &j->gid_map);
}

/* By the pidfd that is open by now: if it lives on to the end of this step, it was the one. */
static int check_start(const struct join_state *j, pid_t pid)
{
	uint64_t start;
	int r = proc_start(pid, &start);

	if (sys_is_dry() || (r >= 0 && start == j->want.pid_start))
		return 0;
	return sys_fail(-ESRCH, "process", "", "process %d is another's by now: the one meant has ended", (int)pid);
}

static int run_open_target(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	char path[32];
	struct statfs fs = {.f_type = RF_PROC_SUPER_MAGIC};
	pid_t pid;
	int r = open_pidfd(j, &pid);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	j->proc_fd = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (j->proc_fd < 0)
		return j->proc_fd;
	r = sys_fstatfs(j->proc_fd, &fs);
	if (r >= 0 && fs.f_type != RF_PROC_SUPER_MAGIC)
		return sys_fail(-EXDEV, "procfs", path, "is not on a proc file system");
	if (r >= 0 && j->want.pid_start)
		r = check_start(j, pid);
	if (r >= 0 && (j->want.uid_from == RF_ID_FOLLOW || j->want.gid_from == RF_ID_FOLLOW))
		r = read_ids(j);
	/* Still the same: then so was what the path led to. */
	return r < 0 ? r : sys_pidfd_send_signal(the_pidfd(j), 0);
}

const struct step_kind step_open_target = {
	.id = "open-target", .name = "open the target process",
	.why = "A pid can become another process's; a descriptor stands for this one for ever.",
	.page = "pidfd_open(2)", .args = args_target, .run = run_open_target,
};

/* Is it the caller's own? Entering that again is needless, and EINVAL for a user namespace. */
static int is_own(const struct rf_ns_kind *kind, int fd)
{
	struct stat own, other;
	char path[40];
	int r;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind->name);
	r = sys_fstatat(AT_FDCWD, path, &own, 0);
	if (r >= 0)
		r = sys_fstat(fd, &other);
	return r < 0 ? r : own.st_ino == other.st_ino && own.st_dev == other.st_dev;
}

static int open_file(const struct rf_ns_kind *kind, const char *path)
{
	uint64_t inode;
	int r = ns_parse_inode(kind, path, &inode), fd __free(fd) = -EBADF;

	if (r < 0)
		return sys_fail(r, "namespace", path, "is neither a path nor :NUMBER nor %s:[NUMBER]", kind->name);
	fd = r ? ns_open_by_number(kind, inode) : sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	if (fd < 0)
		return fd;
	r = sys_ns_get_type(fd);
	if (r == -ENOTTY)
		return sys_fail(-EINVAL, "namespace", path, "is no file of a namespace");
	if (r < 0)
		return r;
	if ((uint64_t)r != kind->flag && !sys_is_dry())
		return sys_fail(-EINVAL, "namespace", path, "is of the kind %s, not %s",
				sys_clone_flags((uint64_t)r), sys_clone_flags(kind->flag));
	return take_fd(&fd);
}

/* Does this kernel lack the kind? Then we don't have one either. */
static bool is_unknown(const struct rf_ns_kind *kind)
{
	struct rf_call why = *rf_trace_last_failure();
	char path[40];
	struct stat st;
	int r;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", kind->name);
	r = sys_fstatat(AT_FDCWD, path, &st, 0);
	sys_keep_failure(&why);
	return r == -ENOENT;
}

/* Of the target's socket, as nsenter(1) has it; without a target, of one of the caller's. */
static int open_of_socket(const struct join_state *j)
{
	int r, fd __free(fd) = -EBADF;

	if (the_pidfd(j) < 0) {
		r = sys_socket_get_netns(j->want.net_socket);
	} else {
		fd = sys_pidfd_getfd(the_pidfd(j), j->want.net_socket);
		r = fd < 0 ? fd : sys_socket_get_netns(fd);
	}
	/* To who calls us, this would be a namespace that isn't wanted. */
	return r == -EBADF ? sys_fail(-EINVAL, "join", "--net-socket", "descriptor %d is not open there",
				      j->want.net_socket) : r;
}

static int open_one(struct join_state *j, size_t i)
{
	const struct rf_ns_kind *kind = rf_ns_kind(i);
	bool wanted = j->want.namespaces & kind->flag;
	char path[16];
	int fd;

	if (j->files[i])
		return open_file(kind, j->files[i]);
	if (kind->flag == CLONE_NEWNET && j->want.net_socket >= 0)
		return open_of_socket(j);
	if (!wanted && !j->want.all)
		return -EBADF;
	snprintf(path, sizeof(path), "ns/%s", kind->name);
	fd = sys_openat(j->proc_fd, path, O_RDONLY, 0);
	if (fd == -ENOENT && !wanted && is_unknown(kind))
		return -EBADF;
	j->of_target[i] = true;
	return fd;
}

/* The user namespace above the one that was named; or the owner of another kind's. */
static int climb_to_owner(struct join_state *j)
{
	int above, fd __free(fd) = -EBADF;

	for (size_t i = 0; i < RF_NS_KINDS && fd < 0; i++) {
		if (j->ns_fd[i] < 0)
			continue;
		fd = sys_ns_get_userns(j->ns_fd[i]);
		if (fd < 0)
			return fd;
	}
	if (fd < 0)
		return sys_fail(-EINVAL, "join", "", "a user namespace above which one? name a target or a file");
	above = take_fd(&fd);
	if (j->ns_fd[0] >= 0)
		sys_close(j->ns_fd[0]);
	j->ns_fd[0] = above;
	j->of_target[0] = false;
	return 0;
}

static int run_open_namespaces(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	int r = 0;

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		j->ns_fd[i] = open_one(j, i);
		if (j->ns_fd[i] < 0 && j->ns_fd[i] != -EBADF)
			return j->ns_fd[i];
	}
	if (j->want.user_parent)
		r = climb_to_owner(j);
	for (size_t i = 0; r >= 0 && i < RF_NS_KINDS; i++) {
		bool user = rf_ns_kind(i)->flag == CLONE_NEWUSER;

		if (j->ns_fd[i] < 0)
			continue;
		/* A time namespace may be the children's already, without being the process's own. */
		r = sys_is_dry_fd(j->ns_fd[i]) || !(j->want.all || user) ? 0 : is_own(rf_ns_kind(i), j->ns_fd[i]);
		if (r > 0)
			sys_close(take_fd(&j->ns_fd[i]));
		else if (r == 0)
			j->joined |= rf_ns_kind(i)->flag;
	}
	return r < 0 ? r : 0;
}

static void args_namespaces(const struct rf_step *s, struct str *out)
{
	const struct join_state *j = s->data;

	if (j->want.all)
		str_add(out, "all that differ");
	else if (j->want.namespaces)
		str_add(out, sys_clone_flags(j->want.namespaces));
	for (size_t i = 0; i < RF_NS_KINDS; i++)
		if (j->files[i])
			str_addf(out, "%s%s %s", out->len ? ", " : "", rf_ns_kind(i)->name, j->files[i]);
	if (j->want.net_socket >= 0)
		str_addf(out, "%snet of socket %d", out->len ? ", " : "", j->want.net_socket);
	if (j->want.user_parent)
		str_addf(out, "%stheir owner", out->len ? ", " : "");
}

const struct step_kind step_open_namespaces = {
	.id = "open-namespaces", .name = "open the namespaces",
	.why = "Inside there may be no /proc to reach them by.",
	.page = "namespaces(7)", .args = args_namespaces, .run = run_open_namespaces,
	.free_data = join_state_free,
};

static int open_place(const struct join_state *j, const char *path, const char *link, int *ret_fd)
{
	int fd = path ? sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0)
		      : sys_openat(j->proc_fd, link, O_PATH | O_DIRECTORY, 0);

	*ret_fd = fd;
	return fd < 0 ? fd : 0;
}

static int run_open_root(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;

	return open_place(j, j->want.root, "root", &j->root_fd);
}

static void args_root(const struct rf_step *s, struct str *out)
{
	const struct join_state *j = s->data;

	str_add(out, j->want.root ?: "the target's");
}

const struct step_kind step_open_root = {
	.id = "open-root", .name = "open the root directory",
	.why = "The target's root may be another than that of its mount namespace.",
	.page = "proc_pid_root(5)", .args = args_root, .run = run_open_root,
};

static int run_open_wd(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;

	return open_place(j, j->want.wd, "cwd", &j->wd_fd);
}

static void args_wd(const struct rf_step *s, struct str *out)
{
	const struct join_state *j = s->data;

	str_add(out, j->want.wd_inside ?: j->want.wd ?: "the target's");
}

const struct step_kind step_open_wd = {
	.id = "open-wd", .name = "open the working directory",
	.why = "Its path may mean another directory inside.",
	.page = "proc_pid_cwd(5)", .args = args_wd, .run = run_open_wd,
};

static int run_read_environment(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	size_t len = 0, n = 0, at = 0;
	int r = file_read_at(j->proc_fd, "environ", ENVIRONMENT_LIMIT, &j->environment, &len);

	if (r < 0)
		return r;
	for (size_t i = 0; i < len; i++)
		n += !j->environment[i];
	j->variables = calloc(n + 2, sizeof(*j->variables));
	if (!j->variables)
		return -ENOMEM;
	for (size_t i = 0; i < len; i += strlen(j->environment + i) + 1)
		if (strchr(j->environment + i, '='))
			j->variables[at++] = j->environment + i;
	run->environment = j->variables;
	return 0;
}

const struct step_kind step_read_environment = {
	.id = "read-environment", .name = "take the target's environment",
	.why = "The program shall see the variables that the target was started with.",
	.page = "proc_pid_environ(5)", .args = args_target, .run = run_read_environment,
};

static int run_undumpable(struct plan_run *run, struct rf_step *s)
{
	return sys_prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 0, 0);
}

const struct step_kind step_undumpable = {
	.id = "undumpable", .name = "be out of reach for tracers",
	.why = "Until it is the program, nobody inside may trace this process or open its descriptors.",
	.page = "PR_SET_DUMPABLE(2const)", .run = run_undumpable,
};

/* By stages, each kind once: -EPERM of the first stage may be mended by the second. */
static int enter_each(struct join_state *j, bool user, bool forgive)
{
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		int r;

		if (j->ns_fd[i] < 0 || (kind->flag == CLONE_NEWUSER) != user)
			continue;
		r = sys_setns(j->ns_fd[i], kind->flag);
		if (r == -EPERM && forgive)
			continue;
		if (r < 0)
			return r;
		sys_close(take_fd(&j->ns_fd[i]));
	}
	return 0;
}

static int enter_at_once(struct join_state *j)
{
	uint64_t flags = 0;
	int r;

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		if (j->ns_fd[i] < 0)
			continue;
		if (!j->of_target[i])
			return -EINVAL;
		flags |= rf_ns_kind(i)->flag;
	}
	/* One kind, or no user namespace: there is nothing to order. */
	r = sys_setns(the_pidfd(j), flags);
	for (size_t i = 0; r >= 0 && i < RF_NS_KINDS; i++)
		if (j->ns_fd[i] >= 0)
			sys_close(take_fd(&j->ns_fd[i]));
	return r;
}

static int run_join_namespaces(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	bool user = j->joined & CLONE_NEWUSER;
	int r;

	if (!j->joined)
		return 0;
	r = enter_at_once(j);
	/* EINVAL: before Linux 5.8 a pidfd was no means. */
	if (r != -EPERM && r != -EINVAL && r != -ENOSYS && r != -EBADF)
		return r;
	r = enter_each(j, false, user);
	if (r >= 0 && user)
		r = enter_each(j, true, false);
	return r < 0 || !user ? r : enter_each(j, false, false);
}

const struct step_kind step_join_namespaces = {
	.id = "join-namespaces", .name = "enter the namespaces",
	.why = "From here on names and ids mean what they mean to the target.",
	.page = "setns(2)", .args = args_namespaces, .run = run_join_namespaces,
};

static int run_be_born(struct plan_run *run, struct rf_step *s)
{
	pid_t pid = sys_clone_parent();

	if (pid <= 0 || sys_is_dry())
		return pid < 0 ? (int)pid : 0;
	plan_hand_over(run, pid);
}

const struct step_kind step_be_born = {
	.id = "be-born", .name = "go on as a new process",
	.why = "A pid or time namespace takes in only processes that are made after it was entered.",
	.page = "pid_namespaces(7)", .run = run_be_born,
};

static int run_enter_root(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	int r = sys_fchdir(j->root_fd);

	if (r >= 0)
		r = sys_chroot(".");
	return r < 0 ? r : sys_chdir("/");
}

const struct step_kind step_enter_root = {
	.id = "enter-root", .name = "take the root directory",
	.why = "The program shall begin its paths where the target does.",
	.page = "chroot(2)", .args = args_root, .run = run_enter_root,
};

static int run_enter_wd(struct plan_run *run, struct rf_step *s)
{
	struct join_state *j = s->data;
	char path[PATH_MAX];
	int r = j->want.wd_inside ? sys_chdir(j->want.wd_inside) : sys_fchdir(j->wd_fd);

	if (r < 0)
		return r;
	/* A working directory beyond the root is a way out (CVE-2024-21626). */
	r = sys_getcwd(path, sizeof(path));
	if (r > 0 && path[0] != '/')
		return sys_fail(-EXDEV, "chdir", j->want.wd ?: "", "lies outside of the root that the program gets: it could climb out from there; --wdns names a directory inside");
	return r < 0 ? r : 0;
}

const struct step_kind step_enter_wd = {
	.id = "enter-wd", .name = "change the working directory",
	.why = "The program shall start there; it must lie inside.",
	.page = "chdir(2)", .args = args_wd, .run = run_enter_wd,
};
