// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps on namespaces other than the mount namespace.
 *
 * An id map is written once, by a process of the parent user namespace (any map that its
 * CAP_SETUID covers) or by the namespace's own first process (one row, its own id). A process that
 * lacks CAP_SETGID in the parent namespace may write gid_map only after "deny" stands in setgroups
 * (CVE-2014-8989). The files are reached through a /proc/PID descriptor whose file system has been
 * checked to be procfs, and while the child is held, so that the pid can't have been reused.
 */
#include "plan/step.h"

#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"

static int run_unshare(struct plan_run *run, struct rf_step *s)
{
	return sys_unshare((uint64_t)s->num[0]);
}

static void args_flags(const struct rf_step *s, struct str *out)
{
	str_add(out, sys_clone_flags((uint64_t)s->num[0]));
}

const struct step_kind step_unshare = {
	.id = "unshare", .name = "enter new namespaces",
	.why = "Each gives this process its own copy of one kind of global resource.",
	.page = "unshare(2)", .args = args_flags, .run = run_unshare,
};

/* Open a file of the process that the map is for; -errno also where /proc is not procfs. */
static int open_proc_file(struct plan_run *run, const char *name)
{
	int dir __free(fd) = -EBADF;
	char path[32] = "/proc/self";
	struct statfs fs = {.f_type = RF_PROC_SUPER_MAGIC};
	int r;

	if (run->child > 0)
		snprintf(path, sizeof(path), "/proc/%d", (int)run->child);
	dir = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (dir < 0)
		return dir;
	r = sys_fstatfs(dir, &fs);
	if (r < 0)
		return r;
	if (fs.f_type != RF_PROC_SUPER_MAGIC)
		return sys_fail(-EXDEV, "procfs", path, "is not on a proc file system");
	return sys_openat(dir, name, O_WRONLY, 0);
}

static int write_text(int fd, const char *text)
{
	ssize_t n = sys_write(fd, text, strlen(text));

	return n < 0 ? (int)n : 0;
}

static int write_proc_file(struct plan_run *run, const char *name, const char *text)
{
	int fd __free(fd) = open_proc_file(run, name);

	return fd < 0 ? fd : write_text(fd, text);
}

static int run_deny_setgroups(struct plan_run *run, struct rf_step *s)
{
	return write_proc_file(run, "setgroups", "deny");
}

const struct step_kind step_deny_setgroups = {
	.id = "deny-setgroups", .name = "forbid setgroups",
	.why = "Without privilege outside, no one may shed a group that denies him something.",
	.page = "user_namespaces(7)", .run = run_deny_setgroups,
};

/* "PROGRAM PID INSIDE OUTSIDE COUNT …", cut up in `words`. */
static int helper_words(const char *program, pid_t pid, const char *map, char *words, size_t size,
			char ***ret_argv)
{
	size_t n = 2;
	char *save = NULL, **argv;
	int len = snprintf(words, size, "%s %d %s", program, (int)pid, map);

	if (len < 0 || (size_t)len >= size)
		return -E2BIG;
	for (const char *p = words; *p; p++)
		n += *p == ' ' || *p == '\n';
	argv = calloc(n, sizeof(*argv));
	if (!argv)
		return -ENOMEM;
	n = 0;
	for (char *w = strtok_r(words, " \n", &save); w; w = strtok_r(NULL, " \n", &save))
		argv[n++] = w;
	*ret_argv = argv;
	return 0;
}

/*
 * newuidmap(1) and newgidmap(1) have the privilege and know who may map what. The child is held and
 * is ours, so its pid stays its own. However they end, short of success the map is not there.
 */
static int map_by_helper(struct plan_run *run, const char *program, const char *map)
{
	char words[8192], **argv __free(ptr) = NULL;
	int status = 0, r = helper_words(program, run->child, map, words, sizeof(words), &argv);
	pid_t pid = r < 0 ? r : sys_fork(), waited;

	if (pid < 0)
		return pid;
	if (!pid) {
		sys_sigprocmask(SIG_SETMASK, &run->signals, NULL);
		r = sys_execvpe(program, argv, environ);
		_exit(r == -ENOENT ? 127 : 126);
	}
	while ((waited = sys_waitpid(pid, &status, 0)) == -EINTR)
		;
	if (waited < 0)
		return waited;
	if (WIFEXITED(status) && !WEXITSTATUS(status))
		return 0;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 127)
		return sys_fail(-EPERM, "newuidmap", program, "this map needs privilege outside, or this program, which is not installed (Debian: package uidmap)");
	return sys_fail(-EPERM, "newuidmap", program, "%s %d (/etc/subuid and /etc/subgid say who may map what)", WIFEXITED(status) ? "it refused, with exit code" : "it was ended by signal",
			WIFEXITED(status) ? WEXITSTATUS(status) : WTERMSIG(status));
}

/* Only the write itself says that the caller may not; where the file can't be opened, no helper helps. */
static int write_map(struct plan_run *run, const struct rf_step *s, const char *file, const char *program)
{
	int fd __free(fd) = open_proc_file(run, file);
	int r = fd < 0 ? fd : write_text(fd, s->text[0]);

	return r == -EPERM && fd >= 0 && s->num[0] && run->child > 0 ? map_by_helper(run, program, s->text[0]) : r;
}

static int run_write_uid_map(struct plan_run *run, struct rf_step *s)
{
	return write_map(run, s, "uid_map", "/usr/bin/newuidmap");
}

static int run_write_gid_map(struct plan_run *run, struct rf_step *s)
{
	return write_map(run, s, "gid_map", "/usr/bin/newgidmap");
}

static void args_map(const struct rf_step *s, struct str *out)
{
	for (const char *p = s->text[0]; *p; p++)
		if (*p != '\n')
			str_addn(out, p, 1);
		else if (p[1])
			str_add(out, ", ");
}

const struct step_kind step_write_uid_map = {
	.id = "write-uid-map", .name = "write the user id map",
	.why = "Until user ids inside stand for ids outside, everyone inside is the overflow user.",
	.page = "user_namespaces(7)", .args = args_map, .run = run_write_uid_map,
};

const struct step_kind step_write_gid_map = {
	.id = "write-gid-map", .name = "write the group id map",
	.why = "Until group ids inside stand for ids outside, everyone is in the overflow group.",
	.page = "user_namespaces(7)", .args = args_map, .run = run_write_gid_map,
};

int step_say_map(int error, const char *map)
{
	struct rf_call why = *rf_trace_last_failure();
	char path[32], *text __free(ptr) = NULL, *save = NULL;
	struct str rows __free(str) = {0};
	unsigned inside, outside, count;

	snprintf(path, sizeof(path), "/proc/self/%s", map);
	/* EINVAL: an id without a row. The new root may have no /proc to show them. */
	if (error != -EINVAL || file_read_at(AT_FDCWD, path, 1 << 16, &text, NULL) < 0)
		return error;
	for (char *row = strtok_r(text, "\n", &save); row; row = strtok_r(NULL, "\n", &save))
		if (sscanf(row, "%u %u %u", &inside, &outside, &count) == 3)
			str_addf(&rows, "%s%u:%u:%u", rows.len ? " " : "", inside, outside, count);
	snprintf(why.note, sizeof(why.note), "%.20s(%.40s): these are mapped (INSIDE:OUTSIDE:COUNT): %.120s",
		 why.name, why.args, rows.s ?: "none");
	sys_keep_failure(&why);
	return error;
}

static int run_become(struct plan_run *run, struct rf_step *s)
{
	uid_t uid = (uid_t)s->num[0];
	gid_t gid = (gid_t)s->num[1];
	int r = 0;

	if (s->num[2])
		r = sys_setgroups(0, NULL);
	if (r >= 0 && s->num[1] >= 0)
		r = step_say_map(sys_setresgid(gid, gid, gid), "gid_map");
	if (r >= 0 && s->num[0] >= 0)
		r = step_say_map(sys_setresuid(uid, uid, uid), "uid_map");
	return r;
}

static void args_become(const struct rf_step *s, struct str *out)
{
	if (s->num[0] >= 0)
		str_addf(out, "uid %u", (uid_t)s->num[0]);
	if (s->num[1] >= 0)
		str_addf(out, "%sgid %u", out->len ? ", " : "", (gid_t)s->num[1]);
}

const struct step_kind step_become = {
	.id = "become", .name = "take on the mapped ids",
	.why = "The process keeps its old ids until it asks for those of the map.",
	.page = "setresuid(2)", .args = args_become, .run = run_become,
};

static int run_time_offsets(struct plan_run *run, struct rf_step *s)
{
	return file_write_at(AT_FDCWD, "/proc/self/timens_offsets", s->text[0]);
}

const struct step_kind step_time_offsets = {
	.id = "time-offsets", .name = "set the clocks' offsets", .args = args_map,
	.why = "They can be set until the first process is in the new time namespace, and never again.",
	.page = "time_namespaces(7)", .run = run_time_offsets,
};

static int run_hostname(struct plan_run *run, struct rf_step *s)
{
	return sys_sethostname(s->text[0]);
}

const struct step_kind step_hostname = {
	.id = "hostname", .name = "set the host name",
	.why = "The new UTS namespace begins with a copy of the old name.",
	.page = "uts_namespaces(7)", .run = run_hostname,
};

static int run_loopback_up(struct plan_run *run, struct rf_step *s)
{
	return sys_link_up("lo");
}

const struct step_kind step_loopback_up = {
	.id = "loopback-up", .name = "bring the loopback interface up",
	.why = "A new network namespace has only lo, and it is down: 127.0.0.1 would be unreachable.",
	.page = "network_namespaces(7)", .run = run_loopback_up,
};
