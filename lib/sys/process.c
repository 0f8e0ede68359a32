// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on processes, credentials and signals. */
#include <errno.h>
#include <grp.h>
#include <linux/seccomp.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
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
	return (pid_t)SYS_CALL("clone3", SYS_ACT, cgroup_fd >= 0 ? cgroup_fd : SYS_NOFD, NULL,
			       raw_clone3(&args), "{flags=%s, exit_signal=SIGCHLD%s}",
			       sys_clone_flags(args.flags), cgroup_fd >= 0 ? ", cgroup" : "");
}

pid_t sys_clone_parent(void)
{
	return (pid_t)SYS_CALL("clone", SYS_ACT, SYS_NOFD, NULL,
			       syscall(SYS_clone, CLONE_PARENT | SIGCHLD, 0, 0, 0, 0),
			       "CLONE_PARENT|SIGCHLD");
}

pid_t sys_fork(void)
{
	return (pid_t)SYS_CALL("fork", SYS_ACT, SYS_NOFD, NULL, fork(), "%s", "");
}

int sys_execveat(int fd, char *const argv[], char *const envp[])
{
	return (int)SYS_CALL("execveat", SYS_ACT, fd, NULL,
			     syscall(SYS_execveat, fd, "", argv, envp, AT_EMPTY_PATH),
			     "%d, \"\", [\"%s\"%s], AT_EMPTY_PATH", fd, argv[0],
			     argv[0] && argv[1] ? ", …" : "");
}

int sys_execvpe(const char *file, char *const argv[], char *const envp[])
{
	return (int)SYS_CALL("execve", SYS_ACT, SYS_NOFD, file, execvpe(file, argv, envp),
			     "\"%s\", [\"%s\"%s]", file, argv[0], argv[0] && argv[1] ? ", …" : "");
}

pid_t sys_waitpid(pid_t pid, int *ret_status, int options)
{
	return (pid_t)SYS_CALL("wait4", SYS_READ, SYS_NOFD, NULL, waitpid(pid, ret_status, options),
			       "%d, …, %d", pid, options);
}

pid_t sys_wait4(pid_t pid, int *ret_status, int options, struct rusage *ret_usage)
{
	return (pid_t)SYS_CALL("wait4", SYS_READ, SYS_NOFD, NULL,
			       wait4(pid, ret_status, options, ret_usage), "%d, …, %d", pid,
			       options);
}

int sys_pidfd_open(pid_t pid)
{
	return (int)SYS_CALL("pidfd_open", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_pidfd_open, pid, 0), "%d, 0", pid);
}

int sys_pidfd_send_signal(int pidfd, int sig)
{
	return (int)SYS_CALL("pidfd_send_signal", SYS_ACT, pidfd, NULL,
			     syscall(SYS_pidfd_send_signal, pidfd, sig, NULL, 0), "%d, SIG%s",
			     pidfd, sigabbrev_np(sig) ?: "0");
}

int sys_kill(pid_t pid, int sig)
{
	return (int)SYS_CALL("kill", SYS_ACT, SYS_NOFD, NULL, kill(pid, sig), "%d, SIG%s", pid,
			     sigabbrev_np(sig) ?: "0");
}

int sys_prctl(const char *name, int option, unsigned long a, unsigned long b)
{
	return (int)SYS_CALL("prctl", SYS_ACT, SYS_NOFD, NULL, prctl(option, a, b, 0, 0),
			     "%s, %lu, %lu", name, a, b);
}

static const struct sys_flag seccomp_flags[] = {
	{SECCOMP_FILTER_FLAG_TSYNC, "SECCOMP_FILTER_FLAG_TSYNC"},
	{SECCOMP_FILTER_FLAG_LOG, "SECCOMP_FILTER_FLAG_LOG"},
	{SECCOMP_FILTER_FLAG_SPEC_ALLOW, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
	{SECCOMP_FILTER_FLAG_NEW_LISTENER, "SECCOMP_FILTER_FLAG_NEW_LISTENER"},
	{SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
	{0, NULL}};

int sys_seccomp_filter(unsigned flags, const struct sock_fprog *prog)
{
	return (int)SYS_CALL("seccomp", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, prog),
			     "SECCOMP_SET_MODE_FILTER, %s, {len=%u}",
			     sys_flags(seccomp_flags, flags), prog->len);
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

int sys_setgroups(size_t n, const gid_t *list)
{
	return (int)SYS_CALL("setgroups", SYS_ACT, SYS_NOFD, NULL, setgroups(n, list), "%zu, %s", n,
			     n ? "[…]" : "[]");
}

int sys_sethostname(const char *name)
{
	return (int)SYS_CALL("sethostname", SYS_ACT, SYS_NOFD, NULL,
			     sethostname(name, strlen(name)), "\"%s\", %zu", name, strlen(name));
}

int sys_uname(struct utsname *ret_name)
{
	return (int)SYS_CALL("uname", SYS_READ, SYS_NOFD, NULL, uname(ret_name), "%s", "");
}

int sys_close_range(unsigned first, unsigned last, unsigned flags)
{
	return (int)SYS_CALL("close_range", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_close_range, first, last, flags), "%u, %s, %s", first,
			     last == ~0u ? "~0" : sys_at((int)last), flags == 4 ? "CLOEXEC" : "0");
}

int sys_chdir(const char *path)
{
	return (int)SYS_CALL("chdir", SYS_ACT, SYS_NOFD, path, chdir(path), "\"%s\"", path);
}

int sys_fchdir(int fd)
{
	return (int)SYS_CALL("fchdir", SYS_ACT, fd, NULL, fchdir(fd), "%d", fd);
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
			     "%d, F_SETFL, O_ASYNC|O_NONBLOCK", fd);
}

int sys_poll(struct pollfd *fds, unsigned n, int timeout_ms)
{
	return (int)SYS_CALL("poll", SYS_READ, SYS_NOFD, NULL, poll(fds, n, timeout_ms),
			     "…, %u, %d", n, timeout_ms);
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
			     "SIG%s, handler", sigabbrev_np(sig) ?: "0");
}

int sys_signal_default(int sig)
{
	return (int)SYS_CALL("rt_sigaction", SYS_ACT, SYS_NOFD, NULL,
			     signal(sig, SIG_DFL) == SIG_ERR ? -1 : 0, "SIG%s, SIG_DFL",
			     sigabbrev_np(sig) ?: "0");
}

int sys_signal_ignore(int sig)
{
	return (int)SYS_CALL("rt_sigaction", SYS_ACT, SYS_NOFD, NULL,
			     signal(sig, SIG_IGN) == SIG_ERR ? -1 : 0, "SIG%s, SIG_IGN",
			     sigabbrev_np(sig) ?: "0");
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
			  "%d, SIOCSIFFLAGS, {\"%s\", IFF_UP|IFF_RUNNING}", fd, ifname);
	sys_close(fd);
	return r;
}
