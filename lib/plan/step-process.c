// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps on processes: the fork, the meeting of caller and child, the end in exec.
 *
 * clone3(2) makes the child in its new namespaces, and on cgroup v2 in its group, in one call, so
 * that nothing runs unconfined and no migration (about 8 ms when cold) is paid. On kernels or
 * under filters without it: fork_by_middle().
 *
 * PR_SET_PDEATHSIG is lost when credentials change and says nothing about a caller that is dead
 * already; the step therefore stands late in the plan and asks the caller's pidfd afterwards.
 */
#include "plan/step.h"

#include <poll.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "proc/descriptors.h"

int plan_hold_signals(struct plan_run *run)
{
	sigset_t all;
	int r;

	if (run->signals_saved)
		return 0;
	sigfillset(&all);
	r = sys_sigprocmask(SIG_BLOCK, &all, &run->signals);
	run->signals_saved = r >= 0;
	return r;
}

/* What the middle process says: the child's pid, or -errno and the record of the call. */
struct middle_message {
	pid_t pid;
	struct rf_call why;
};

/* Whose credentials make the user namespace; root who sheds his can't be looked into by itself then. */
struct owner {
	bool set;
	uid_t uid;
	gid_t gid;
};

static int become_owner(const struct owner *owner)
{
	int r = sys_setgroups(0, NULL);

	if (r >= 0)
		r = sys_setresgid(owner->gid, owner->gid, owner->gid);
	if (r >= 0)
		r = sys_setresuid(owner->uid, owner->uid, owner->uid);
	return r < 0 ? r : sys_prctl("PR_SET_DUMPABLE", PR_SET_DUMPABLE, 1, 0);
}

static pid_t enter_and_clone(uint64_t flags, const struct owner *owner)
{
	int r = owner->set ? become_owner(owner) : 0;

	if (r >= 0 && flags)
		r = sys_unshare(flags);
	return r < 0 ? r : sys_clone_parent();
}

/* 0 in the child; the middle process itself ends here. */
static pid_t be_middle(int say_fd, uint64_t flags, const struct owner *owner)
{
	struct middle_message m = {.pid = enter_and_clone(flags, owner)};

	if (!m.pid)
		return 0;
	if (m.pid < 0)
		m.why = *rf_trace_last_failure();
	sys_quiet_send(say_fd, &m, sizeof(m));
	_exit(0);
}

/*
 * Without clone3(2), or for another owner: a middle process enters the namespaces and makes the child
 * as its own sibling (CLONE_PARENT), since a new pid or time namespace takes in only children of who
 * made it.
 */
static pid_t fork_by_middle(uint64_t flags, const struct owner *owner)
{
	struct middle_message m = {0};
	int say[2], status, r = sys_pipe(say);
	pid_t middle, waited;
	bool said;

	if (r < 0)
		return r;
	middle = sys_fork();
	if (sys_is_dry()) {
		middle = enter_and_clone(flags, owner);
		sys_close(say[0]);
		sys_close(say[1]);
		return middle;
	}
	if (middle == 0)
		middle = be_middle(say[1], flags, owner);
	sys_close(say[1]);
	said = middle > 0 && sys_quiet_receive(say[0], &m, sizeof(m));
	sys_close(say[0]);
	if (middle <= 0)
		return middle;
	while ((waited = sys_waitpid(middle, &status, 0)) == -EINTR)
		;
	/* Whatever that was about, it must not stay as a zombie. */
	if (waited < 0)
		sys_waitpid(middle, &status, 0);
	if (!said)
		return sys_fail(-ECHILD, "fork", "", "the process between was killed");
	if (m.pid < 0)
		sys_keep_failure(&m.why);
	return m.pid;
}

/*
 * Where clone3() can't put the child into its group (before Linux 5.7, or the group refuses), the
 * child joins by itself; that join then says why, if it must. A clone3() that asks for nothing
 * needs no privilege: EPERM comes from a seccomp filter that does not know the call.
 */
static pid_t make_child(struct plan_run *run, uint64_t flags, const struct owner *owner)
{
	pid_t pid = owner->set ? -ENOSYS : sys_clone3(flags, run->cgroup_fd);

	run->in_cgroup = pid >= 0 && run->cgroup_fd >= 0;
	if (run->cgroup_fd >= 0 && (pid == -EINVAL || pid == -E2BIG || pid == -EBUSY))
		pid = sys_clone3(flags, -EBADF);
	if (pid == -ENOSYS || (pid == -EPERM && !flags))
		pid = fork_by_middle(flags, owner);
	return pid;
}

static int run_fork(struct plan_run *run, struct rf_step *s)
{
	const struct owner owner = {s->num[1] > 0, (uid_t)(s->num[1] - 1), (gid_t)s->num[2]};
	uint64_t flags = (uint64_t)s->num[0];
	pid_t pid;
	int r = plan_hold_signals(run);

	if (r < 0 || (r = sys_pipe(run->release_fd)) < 0 || (r = sys_pipe(run->report_fd)) < 0)
		return r;
	for (int i = 0; i < 2; i++)
		sys_name_fd(run->release_fd[i], AT_FDCWD, "the pipe that releases");
	run->caller_pidfd = sys_pidfd_open(getpid());
	if (run->caller_pidfd < 0)
		return run->caller_pidfd;
	pid = make_child(run, flags, &owner);
	if (pid < 0)
		return pid;
	run->in_child = pid == 0;
	run->child = pid;
	/* The caller keeps the end for reading, too: a child that is gone by then must tell why by its
	 * own message, and not by EPIPE and a SIGPIPE that would end the caller. */
	if (run->in_child)
		sys_close(take_fd(&run->release_fd[1]));
	return 0;
}

static void args_fork(const struct rf_step *s, struct str *out)
{
	str_add(out, s->num[0] ? sys_clone_flags((uint64_t)s->num[0]) : "");
	if (s->num[1])
		str_addf(out, ", owned by %lld:%lld", (long long)s->num[1] - 1, (long long)s->num[2]);
}

const struct step_kind step_fork = {
	.id = "fork", .name = "make the new process",
	.why = "A process of its own is what the new namespaces and the control group are given to.",
	.page = "clone3(2)", .args = args_fork, .run = run_fork,
};

static int run_release(struct plan_run *run, struct rf_step *s)
{
	ssize_t n = sys_write(run->release_fd[1], "g", 1);

	return n < 0 ? (int)n : 0;
}

const struct step_kind step_release = {
	.id = "release", .name = "let the new process go on",
	.why = "What only the caller may do for it is done now.",
	.page = "pipe(7)", .run = run_release,
};

static int run_await_release(struct plan_run *run, struct rf_step *s)
{
	char byte;
	ssize_t n;

	do
		n = sys_take(run->release_fd[0], &byte, 1);
	while (n == -EINTR);
	if (n < 0)
		return (int)n;
	if (n == 1 || sys_is_dry())
		return 0;
	/* End of file: the caller failed or was killed. */
	_exit(125);
}

const struct step_kind step_await_release = {
	.id = "await-release", .name = "wait for the caller",
	.why = "Until its ids are mapped and its group is set, the new process must not run on.",
	.page = "pipe(7)", .run = run_await_release,
};

static int run_arrive(struct plan_run *run, struct rf_step *s)
{
	if (!sys_is_dry())
		plan_say_arrived(run);
	return 0;
}

const struct step_kind step_arrive = {
	.id = "arrive", .name = "say that all its namespaces are there",
	.why = "Some are entered after the others, and the caller has something to do with them.",
	.page = "pipe(7)", .run = run_arrive,
};

static int run_await_arrival(struct plan_run *run, struct rf_step *s)
{
	return sys_is_dry() ? 0 : plan_await_arrival(run, s->num[0]);
}

const struct step_kind step_await_arrival = {
	.id = "await-arrival", .name = "wait until the new process is in all of them",
	.why = "What the caller does next is done to the last of its namespaces, too.",
	.page = "pipe(7)", .run = run_await_arrival,
};

static int run_die_with_caller(struct plan_run *run, struct rf_step *s)
{
	struct pollfd p = {.fd = run->caller_pidfd, .events = POLLIN};
	int r = sys_prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, (unsigned long)s->num[0], 0);

	if (r < 0)
		return r;
	r = sys_poll(&p, 1, 0);
	if (r > 0)
		_exit(125);
	return r;
}

static void args_die(const struct rf_step *s, struct str *out)
{
	str_addf(out, "SIG%s", sigabbrev_np((int)s->num[0]));
}

const struct step_kind step_die_with_caller = {
	.id = "die-with-caller", .name = "tie its life to the caller's",
	.why = "If the caller is killed, the program must not stay behind unattended.",
	.page = "PR_SET_PDEATHSIG(2const)", .args = args_die, .run = run_die_with_caller,
};

static int run_close_descriptors(struct plan_run *run, struct rf_step *s)
{
	return proc_descriptors_cloexec(3, ~0u);
}

const struct step_kind step_close_descriptors = {
	.id = "close-descriptors", .name = "mark all descriptors close-on-exec",
	.why = "A descriptor that leaks in is a hole in the boundary.",
	.page = "close_range(2)", .run = run_close_descriptors,
};

static int run_pass_descriptor(struct plan_run *run, struct rf_step *s)
{
	return sys_set_cloexec((int)s->num[0], false);
}

static void args_pass(const struct rf_step *s, struct str *out)
{
	str_addf(out, "%d", (int)s->num[0]);
}

const struct step_kind step_pass_descriptor = {
	.id = "pass-descriptor", .name = "keep a descriptor open",
	.why = "The program was to get this one.",
	.page = "fcntl(2)", .args = args_pass, .run = run_pass_descriptor,
};

static int run_chdir(struct plan_run *run, struct rf_step *s)
{
	return sys_chdir(s->text[0]);
}

const struct step_kind step_chdir = {
	.id = "chdir", .name = "change the working directory",
	.why = "The program shall start there.",
	.page = "chdir(2)", .run = run_chdir,
};

/*
 * A program of the caller's root, for a tool of ours that shall still act inside a root which
 * does not have it. Opened before the root changes; without /proc a script could not be run so.
 */
static int run_open_program(struct plan_run *run, struct rf_step *s)
{
	const char *name = s->text[0], *path = getenv("PATH") ?: "/usr/bin:/bin";
	int fd = -ENOENT;

	if (strchr(name, '/'))
		fd = sys_openat(AT_FDCWD, name, O_PATH, 0);
	while (!strchr(name, '/') && fd == -ENOENT && *path) {
		size_t n = strcspn(path, ":");
		char *full __free(ptr) = str_format("%.*s/%s", (int)n, path, name);

		if (!full)
			return -ENOMEM;
		fd = sys_openat(AT_FDCWD, full, O_PATH, 0);
		path += n + (path[n] == ':');
	}
	if (fd < 0)
		return fd;
	run->program_fd = fd;
	return 0;
}

const struct step_kind step_open_program = {
	.id = "open-program", .name = "open the program in the caller's root",
	.why = "It is not in the new root; its descriptor leads to it all the same.",
	.page = "execveat(2)", .run = run_open_program,
};

void plan_ready_signals(struct plan_run *run)
{
	if (run->signals_ready)
		return;
	run->signals_ready = true;
	if (run->signals_saved)
		sys_sigprocmask(SIG_SETMASK, &run->signals, NULL);
	sys_signal_default(SIGPIPE);
}

struct exec_words {
	char **argv, **envp; /* envp NULL: not given */
};

static int run_exec(struct plan_run *run, struct rf_step *s)
{
	const struct exec_words *w = s->data;
	char **envp = w->envp ?: run->environment;

	plan_ready_signals(run);
	/* The program is looked for on its own PATH. */
	if (envp)
		environ = envp;
	if (run->program_fd >= 0)
		return sys_execveat(run->program_fd, w->argv, environ);
	return sys_execvpe(w->argv[0], w->argv, environ);
}

static void args_exec(const struct rf_step *s, struct str *out)
{
	const struct exec_words *w = s->data;

	for (size_t i = 0; w->argv[i]; i++)
		str_addf(out, "%s%s", i ? " " : "", w->argv[i]);
}

static void free_words(char **words)
{
	for (size_t i = 0; words && words[i]; i++)
		free(words[i]);
	free(words);
}

static void free_exec(void *data)
{
	struct exec_words *w = data;

	free_words(w->argv);
	free_words(w->envp);
	free(w);
}

const struct step_kind step_exec = {
	.id = "exec", .name = "become the program",
	.why = "From here on the process runs the program's code.",
	.page = "execve(2)", .args = args_exec, .run = run_exec, .free_data = free_exec,
};

static int copy_words(char *const words[], char ***ret_words)
{
	size_t n = 0;
	char **copy;

	while (words[n])
		n++;
	copy = *ret_words = calloc(n + 1, sizeof(*copy));
	if (!copy)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (!(copy[i] = strdup(words[i])))
			return -ENOMEM;
	return 0;
}

int plan_add_exec(struct rf_plan *plan, bool in_child, char *const argv[], char *const envp[])
{
	struct exec_words *w = calloc(1, sizeof(*w));
	struct rf_step *s = w ? plan_add(plan, &step_exec, in_child) : NULL;
	int r;

	if (!s) {
		free(w);
		return -ENOMEM;
	}
	s->data = w;
	r = copy_words(argv, &w->argv);
	return r < 0 || !envp ? r : copy_words(envp, &w->envp);
}

int plan_add_num(struct rf_plan *plan, const struct step_kind *kind, bool in_child, int64_t num)
{
	struct rf_step *s = plan_add(plan, kind, in_child);

	if (!s)
		return -ENOMEM;
	s->num[0] = num;
	return 0;
}

int plan_add_text(struct rf_plan *plan, const struct step_kind *kind, bool in_child,
		  const char *text)
{
	struct rf_step *s = plan_add(plan, kind, in_child);

	return s ? step_text(s, 0, text) : -ENOMEM;
}
