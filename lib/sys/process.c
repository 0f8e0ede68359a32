// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on processes, credentials and signals. */
#include <errno.h>
#include <grp.h>
#include <linux/close_range.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include "sys/sys.h"

int sys_unshare(uint64_t flags)
{
	return (int)SYS_CALL("unshare", SYS_ACT, SYS_NOFD, NULL, unshare((int)flags), "%s",
			     sys_clone_flags(flags));
}

static pid_t raw_clone3(struct clone_args *args)
{
	return (pid_t)syscall(SYS_clone3, args, sizeof(*args));
}

pid_t sys_clone3(uint64_t flags, int cgroup_fd)
{
	struct clone_args args = {.flags = flags, .exit_signal = SIGCHLD};

	if (cgroup_fd >= 0) {
		args.flags |= CLONE_INTO_CGROUP;
		args.cgroup = (uint64_t)cgroup_fd;
	}
	return (pid_t)SYS_CALL("clone3", SYS_FORK, cgroup_fd >= 0 ? cgroup_fd : SYS_NOFD, NULL,
			       raw_clone3(&args), "{.flags = %s, .exit_signal = SIGCHLD%s%s}",
			       sys_clone_flags(args.flags), cgroup_fd >= 0 ? ", .cgroup = " : "",
			       cgroup_fd >= 0 ? sys_at(cgroup_fd) : "");
}

pid_t sys_clone_parent(void)
{
	return (pid_t)SYS_CALL("clone", SYS_FORK, SYS_NOFD, NULL,
			       syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0),
			       "CLONE_PARENT|SIGCHLD");
}

/* Not fork(): there is one thread, and the locks that it resets lie on pages of their own to copy. */
pid_t sys_fork(void)
{
	return (pid_t)SYS_CALL("fork", SYS_FORK, SYS_NOFD, NULL, _Fork(), "%s", "");
}

int sys_execveat(int fd, char *const argv[], char *const envp[])
{
	return (int)SYS_CALL("execveat", SYS_ACT, fd, NULL,
			     syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH),
			     "%s, \"\", %s, AT_EMPTY_PATH", sys_at(fd), sys_words(argv));
}

int sys_execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)SYS_CALL("execve", SYS_ACT, SYS_NOFD, file, execvpe(file, argv, envp),
			     "%s, %s", sys_string(file), sys_words(argv));
}

static enum sys_kind wait_kind(pid_t pid)
{
	return sys_is_dry_pid(pid) ? SYS_ACT : SYS_READ;
}

pid_t sys_waitpid(pid_t pid, int *ret_status, int options)
{
	return (pid_t)SYS_CALL("wait4", wait_kind(pid), SYS_NOFD, NULL, waitpid(pid, ret_status, options),
			       "%s, …, %d", sys_pid(pid), options);
}

pid_t sys_wait4(pid_t pid, int *ret_status, int options, struct rusage *ret_usage)
{
	return (pid_t)SYS_CALL("wait4", wait_kind(pid), SYS_NOFD, NULL,
			       wait4(pid, ret_status, options, ret_usage), "%s, …, %d", sys_pid(pid),
			       options);
}

int sys_pidfd_open(pid_t pid)
{
	return (int)SYS_CALL("pidfd_open", sys_is_dry_pid(pid) ? SYS_MAKE : SYS_OPEN, SYS_NOFD, NULL,
			     syscall(SYS_pidfd_open, pid, 0), "%s, 0", sys_pid(pid));
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)SYS_CALL("pidfd_send_signal", SYS_ACT, pidfd, NULL,
			     syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0), "%s, %s",
			     sys_at(pidfd), sys_signal(sig));
}

int sys_kill(pid_t pid, int sig)
{
	return (int)SYS_CALL("kill", SYS_ACT, SYS_NOFD, NULL, kill(pid, sig), "%s, %s", sys_pid(pid),
			     sys_signal(sig));
}

int sys_prctl(const char *name, int option, unsigned long a, unsigned long b)
{
	return (int)SYS_CALL("prctl", SYS_ACT, SYS_NOFD, NULL, prctl(option, a, b, 0, 0),
			     "%s, %s, %lu", name,
			     option == PR_SET_PDEATHSIG ? sys_signal((int)a) : sys_number(a), b);
}

static const struct sys_flag seccomp_flags[] = {
	{SECCOMP_FILTER_FLAG_TSYNC, "SECCOMP_FILTER_FLAG_TSYNC"},
	{SECCOMP_FILTER_FLAG_LOG, "SECCOMP_FILTER_FLAG_LOG"},
	{SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
	{SECCOMP_FILTER_FLAG_NEW_LISTENER, "SECCOMP_FILTER_FLAG_NEW_LISTENER"},
	{SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
	{0, NULL}};

/* {.len = 3}; whole, with the instructions. */
static const char *filter_words(const struct sock_fprog *prog)
{
	enum { EACH = 64 };
	static __thread char *text;
	size_t size = 80 + (sys_is_whole() ? (size_t)prog->len * EACH : 0), n;

	free(text);
	text = malloc(size);
	if (!text)
		return "{}";
	n = (size_t)snprintf(text, size, "{.len = %u", prog->len);
	if (sys_is_whole())
		n += (size_t)snprintf(text + n, size - n, ", .filter = (struct sock_filter[]){");
	for (unsigned i = 0; sys_is_whole() && i < prog->len; i++) {
		const struct sock_filter *f = &prog->filter[i];

		n += (size_t)snprintf(text + n, size - n, "%s{%#x, %u, %u, %#x}", i ? ", " : "", f->code,
				      f->jt, f->jf, f->k);
	}
	snprintf(text + n, size - n, sys_is_whole() ? "}}" : "}");
	return text;
}

int sys_seccomp_filter(unsigned flags, const struct sock_fprog *prog)
{
	return (int)SYS_CALL("seccomp", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog),
			     "SECCOMP_SET_MODE_FILTER, %s, %s", sys_flags(seccomp_flags, flags),
			     filter_words(prog));
}

/*
 * Nothing may come between the two calls, not even a record of the first: it would wait for an answer
 * of a supervisor who has not got the listener yet. Where he can't get it, there is no way to say so.
 */
static long load_and_send(unsigned flags, const struct sock_fprog *prog, int socket_fd,
			  const struct msghdr *message)
{
	struct cmsghdr *with = CMSG_FIRSTHDR(message);
	int fd;

	if (!with) {
		errno = EINVAL;
		return -1;
	}
	fd = (int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog);
	if (fd < 0)
		return fd;
	memcpy(CMSG_DATA(with), &fd, sizeof(fd));
	/* Not through libc: the filter knows this call by its arguments. */
	if (syscall(SYS_sendmsg, socket_fd, message, MSG_NOSIGNAL) < 0)
		__builtin_trap();
	return fd;
}

int sys_seccomp_listen(unsigned flags, const struct sock_fprog *prog, int socket_fd,
		       const struct msghdr *message)
{
	return (int)SYS_CALL("seccomp", SYS_ACT, SYS_NOFD, NULL,
			     load_and_send(flags, prog, socket_fd, message),
			     "SECCOMP_SET_MODE_FILTER, %s, %s", sys_flags(seccomp_flags, flags),
			     filter_words(prog));
}

int sys_setresuid(uid_t r, uid_t e, uid_t s)
{
	return (int)SYS_CALL("setresuid", SYS_ACT, SYS_NOFD, NULL, setresuid(r, e, s), "%d, %d, %d",
			     (int)r, (int)e, (int)s);
}

int sys_setresgid(gid_t r, gid_t e, gid_t s)
{
	return (int)SYS_CALL("setresgid", SYS_ACT, SYS_NOFD, NULL, setresgid(r, e, s), "%d, %d, %d",
			     (int)r, (int)e, (int)s);
}

static const char *group_words(size_t n, const gid_t *list)
{
	static __thread char *text;
	size_t size = 32 + n * 12, at;

	if (!n)
		return "NULL";
	if (!sys_is_whole())
		return "[…]";
	free(text);
	text = malloc(size);
	if (!text)
		return "NULL";
	at = (size_t)snprintf(text, size, "(gid_t[]){");
	for (size_t i = 0; i < n; i++)
		at += (size_t)snprintf(text + at, size - at, "%s%u", i ? ", " : "", list[i]);
	snprintf(text + at, size - at, "}");
	return text;
}

/* An invalid id changes nothing and tells the present one. */
static int set_fs_id(int (*set)(unsigned), unsigned id)
{
	set(id);
	if ((unsigned)set(~0u) == id)
		return 0;
	errno = EPERM;
	return -1;
}

int sys_setfsuid(uid_t uid)
{
	return (int)SYS_CALL("setfsuid", SYS_ACT, SYS_NOFD, NULL, set_fs_id(setfsuid, uid), "%u", uid);
}

int sys_setfsgid(gid_t gid)
{
	return (int)SYS_CALL("setfsgid", SYS_ACT, SYS_NOFD, NULL, set_fs_id(setfsgid, gid), "%u", gid);
}

int sys_umask(mode_t mask)
{
	int old = (int)SYS_CALL("umask", SYS_ACT, SYS_NOFD, NULL, umask(mask), "%#o", mask);

	/* What a dry run has not changed is what there is. */
	if (old == 0 && sys_is_dry()) {
		old = (int)umask(0);
		umask((mode_t)old);
	}
	return old;
}

int sys_setgroups(size_t n, const gid_t *list)
{
	return (int)SYS_CALL("setgroups", SYS_ACT, SYS_NOFD, NULL, setgroups(n, list), "%zu, %s", n,
			     group_words(n, list));
}

int sys_sethostname(const char *name)
{
	return (int)SYS_CALL("sethostname", SYS_ACT, SYS_NOFD, NULL,
			     sethostname(name, strlen(name)), "%s, %zu", sys_string(name), strlen(name));
}

int sys_uname(struct utsname *ret_name)
{
	return (int)SYS_CALL("uname", SYS_READ, SYS_NOFD, NULL, uname(ret_name), "%s", "");
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)SYS_CALL("close_range", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_close_range, first, last, flags), "%u, %s, %s", first,
			     last == ~0u ? "~0U" : sys_number(last),
			     flags == CLOSE_RANGE_CLOEXEC ? "CLOSE_RANGE_CLOEXEC" : "0");
}

int sys_chdir(const char *path)
{
	return (int)SYS_CALL("chdir", SYS_ACT, SYS_NOFD, path, chdir(path), "%s", sys_string(path));
}

int sys_fchdir(int fd)
{
	return (int)SYS_CALL("fchdir", SYS_ACT, fd, NULL, fchdir(fd), "%s", sys_at(fd));
}

int sys_sigprocmask(int how, const sigset_t *set, sigset_t *ret_old)
{
	return (int)SYS_CALL("rt_sigprocmask", SYS_ACT, SYS_NOFD, NULL,
			     sigprocmask(how, set, ret_old), "%s",
			     how == SIG_BLOCK ? "SIG_BLOCK" : "SIG_SETMASK");
}

int sys_sigwaitinfo(const sigset_t *set, siginfo_t *ret_info)
{
	return (int)SYS_CALL("rt_sigtimedwait", SYS_READ, SYS_NOFD, NULL,
			     sigwaitinfo(set, ret_info), "%s", "");
}

int sys_sigtimedwait(const sigset_t *set, siginfo_t *ret_info, const struct timespec *timeout)
{
	return (int)SYS_CALL("rt_sigtimedwait", SYS_READ, SYS_NOFD, NULL,
			     sigtimedwait(set, ret_info, timeout), "…, %lld.%09ld s",
			     (long long)timeout->tv_sec, timeout->tv_nsec);
}

int sys_set_async(int fd)
{
	return (int)SYS_CALL("fcntl", SYS_ACT, fd, NULL,
			     fcntl(fd, F_SETOWN, getpid()) < 0 ? -1 : fcntl(fd, F_SETFL, O_ASYNC | O_NONBLOCK),
			     "%s, F_SETFL, O_ASYNC|O_NONBLOCK", sys_at(fd));
}

static const char *poll_words(const struct pollfd *p)
{
	static __thread char text[64];

	snprintf(text, sizeof(text), "{.fd = %s, .events = %s}", sys_at(p->fd),
		 p->events == POLLIN ? "POLLIN" : "…");
	return text;
}

int sys_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	int on = n == 1 && sys_is_dry_fd(fds[0].fd) ? fds[0].fd : SYS_NOFD;

	return (int)SYS_CALL("poll", SYS_READ, on, NULL, poll(fds, n, timeout_ms), "%s, %u, %d",
			     n == 1 ? poll_words(fds) : "…", n, timeout_ms);
}

int sys_getrlimit(int resource, struct rlimit *ret_limit)
{
	return (int)SYS_CALL("prlimit64", SYS_READ, SYS_NOFD, NULL,
			     getrlimit((__rlimit_resource_t)resource, ret_limit), "%d", resource);
}

int sys_signal_handler(int sig, void (*handler)(int))
{
	struct sigaction sa = {.sa_handler = handler};

	sigemptyset(&sa.sa_mask);
	return (int)SYS_CALL("rt_sigaction", SYS_ACT, SYS_NOFD, NULL, sigaction(sig, &sa, NULL),
			     "%s, handler", sys_signal(sig));
}

int sys_signal_default(int sig)
{
	return (int)SYS_CALL("rt_sigaction", SYS_ACT, SYS_NOFD, NULL,
			     signal(sig, SIG_DFL) == SIG_ERR ? -1 : 0, "%s, SIG_DFL",
			     sys_signal(sig));
}

int sys_signal_ignore(int sig)
{
	return (int)SYS_CALL("rt_sigaction", SYS_ACT, SYS_NOFD, NULL,
			     signal(sig, SIG_IGN) == SIG_ERR ? -1 : 0, "%s, SIG_IGN",
			     sys_signal(sig));
}

int sys_quiet_ending(void)
{
	static const int ends[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT};
	struct sigaction action;
	sigset_t pending;

	if (sigpending(&pending) < 0)
		return 0;
	/* A blocked signal is kept even where it is ignored. */
	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++)
		if (sigismember(&pending, ends[i]) && !sigaction(ends[i], NULL, &action) && action.sa_handler != SIG_IGN)
			return ends[i];
	return 0;
}

void sys_quiet_send(int fd, const void *data, size_t len)
{
	while (write(fd, data, len) < 0 && errno == EINTR)
		;
}

bool sys_quiet_receive(int fd, void *data, size_t len)
{
	ssize_t n;

	do
		n = read(fd, data, len);
	while (n < 0 && errno == EINTR);
	return n == (ssize_t)len;
}

int sys_link_up(const char *ifname)
{
	struct ifreq req = {0};
	int r, fd = (int)SYS_CALL("socket", SYS_MAKE, SYS_NOFD, NULL,
				  socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0),
				  "AF_INET, SOCK_DGRAM|SOCK_CLOEXEC, 0");

	if (fd < 0)
		return fd;
	snprintf(req.ifr_name, sizeof(req.ifr_name), "%s", ifname);
	req.ifr_flags = IFF_UP | IFF_RUNNING;
	r = (int)SYS_CALL("ioctl", SYS_ACT, fd, ifname, ioctl(fd, SIOCSIFFLAGS, &req),
			  "%s, SIOCSIFFLAGS, {.ifr_name = %s, .ifr_flags = IFF_UP|IFF_RUNNING}", sys_at(fd), sys_string(ifname));
	sys_close(fd);
	return r;
}
