// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The supervisor of a filter (seccomp_unotify(2)): each call that the filter answers with
 * SECCOMP_RET_USER_NOTIF waits until whoever holds the listener says what becomes of it.
 *
 *   rf_notify_fork	a socket between both, then the fork
 *   notify_load	in the child: load the filter, send the listener; then it becomes the program
 *   rf_notify_serve	in the caller: poll the listener and the signals, answer, report
 *
 * The child sends the listener while its filter is in force already, so the filter lets through
 * exactly this sendmsg(2): this socket, this address of the message, these flags. The socket is
 * gone after the exec.
 *
 * What pointers lead to may change between the look and the call, and a call of io_uring asks no
 * filter: this is for tracing, not for deciding. If the supervisor dies, waiting calls fail with
 * ENOSYS; the child asks to be killed with him.
 */
#include "priv/seccomp.h"

#include <errno.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

static char byte = 'l';
static struct iovec iov = {&byte, 1};
static union {
	struct cmsghdr head;
	char space[CMSG_SPACE(sizeof(int))];
} control = {{.cmsg_len = CMSG_LEN(sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS}};
static const struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
				      .msg_controllen = sizeof(control)};

static sigset_t mask_before;

int rf_notify_fork(int *ret_socket)
{
	int sockets[2], r = sys_socketpair(sockets);
	pid_t caller = getpid(), pid;
	sigset_t all;

	if (r < 0)
		return r;
	sigfillset(&all);
	r = sys_sigprocmask(SIG_BLOCK, &all, &mask_before);
	pid = r < 0 ? r : sys_fork();
	if (pid < 0) {
		sys_close(sockets[0]);
		sys_close(sockets[1]);
		return pid;
	}
	sys_close(sockets[pid > 0]);
	if (pid) {
		*ret_socket = sockets[0];
		return pid;
	}
	r = sys_prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, SIGKILL, 0);
	if (r >= 0)
		r = sys_sigprocmask(SIG_SETMASK, &mask_before, NULL);
	if (getppid() != caller)
		_exit(125);
	if (r >= 0)
		*ret_socket = sockets[1];
	else
		sys_close(sockets[1]);
	return r;
}

/* In front of the filter: what lets the listener's own message through. */
static size_t add_prefix(struct sock_filter *f, int socket_fd)
{
	const uint64_t args[] = {(uint64_t)socket_fd, (uintptr_t)&message, MSG_NOSIGNAL};
	const uint16_t load = BPF_LD | BPF_W | BPF_ABS, eq = BPF_JMP | BPF_JEQ | BPF_K;
	size_t n = 0, last;

	f[n++] = (struct sock_filter)BPF_STMT(load, offsetof(struct seccomp_data, arch));
	f[n++] = (struct sock_filter)BPF_JUMP(eq, seccomp_native_arch(), 0, 0);
	f[n++] = (struct sock_filter)BPF_STMT(load, offsetof(struct seccomp_data, nr));
	f[n++] = (struct sock_filter)BPF_JUMP(eq, SYS_sendmsg, 0, 0);
	for (int i = 0; i < 3; i++) {
		uint32_t words[2];

		memcpy(words, &args[i], sizeof(words));
		for (int half = 0; half < 2; half++) {
			f[n++] = (struct sock_filter)BPF_STMT(
				load, (uint32_t)(offsetof(struct seccomp_data, args) +
						 (size_t)i * 8 + (size_t)half * 4));
			f[n++] = (struct sock_filter)BPF_JUMP(eq, words[half], 0, 0);
		}
	}
	last = n;
	f[n++] = (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW);
	for (size_t i = 1; i < last; i += 2)
		f[i].jf = (uint8_t)(last - i);
	return n;
}

enum { PREFIX = 17 };

static int load_filter(const struct rf_seccomp *s, const struct sock_fprog *prog, int socket_fd)
{
	/* A thread can't share a listener, so no TSYNC; there is but one thread. */
	unsigned flags = (s->flags & ~(unsigned)SECCOMP_FILTER_FLAG_TSYNC) |
			 SECCOMP_FILTER_FLAG_NEW_LISTENER;
	int r = sys_seccomp_listen(flags | SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV, prog, socket_fd, &message);

	/* Before 5.19 a signal may interrupt a call that waits, and it is told of twice. */
	if (r == -EINVAL)
		r = sys_seccomp_listen(flags, prog, socket_fd, &message);
	if (r == -EBUSY)
		return sys_fail(r, "seccomp", s->name, "this process has a supervisor already, and the kernel allows one");
	return r;
}

int notify_load(const struct rf_seccomp *s, int socket_fd)
{
	struct sock_filter *f __free(ptr) = calloc(s->n + PREFIX, sizeof(*f));
	struct sock_fprog prog = {.filter = f};
	size_t n;

	if (!f)
		return -ENOMEM;
	if (s->n + PREFIX > BPF_MAXINSNS)
		return sys_fail(-E2BIG, "seccomp profile", s->name, "is too long to be traced");
	n = add_prefix(f, socket_fd);
	memcpy(f + n, s->filter, s->n * sizeof(*f));
	for (size_t i = n; i < n + s->n; i++)
		if (f[i].code == (BPF_RET | BPF_K) && f[i].k != SECCOMP_RET_ALLOW)
			f[i].k = SECCOMP_RET_USER_NOTIF;
	prog.len = (unsigned short)(n + s->n);
	return load_filter(s, &prog, socket_fd);
}

struct supervisor {
	const struct rf_seccomp *profile;
	bool let_go;
	void (*report)(const struct rf_notify_event *event, void *data);
	void *data;
	pid_t pid;
	bool ended;
	int status;
	int listener, signals;
};

/* Which argument is the path, for calls that have one that matters. */
static const struct {
	int nr, arg;
} paths[] = {
#ifdef SYS_open
	{SYS_open, 0},	   {SYS_creat, 0},  {SYS_mkdir, 0},    {SYS_rmdir, 0},	{SYS_unlink, 0},
	{SYS_stat, 0},	   {SYS_lstat, 0},  {SYS_access, 0},   {SYS_chmod, 0},	{SYS_readlink, 0},
#endif
	{SYS_openat, 1},   {SYS_openat2, 1}, {SYS_mkdirat, 1}, {SYS_unlinkat, 1}, {SYS_mknodat, 1},
	{SYS_fchmodat, 1}, {SYS_faccessat, 1}, {SYS_readlinkat, 1}, {SYS_execve, 0},
	{SYS_execveat, 1}, {SYS_chdir, 0},   {SYS_chroot, 0},  {SYS_mount, 1},	 {SYS_umount2, 0},
	{SYS_statx, 1},
};

/* A path may lie at the end of a mapping: what can be read is enough, if it ends there. */
static bool read_path(const struct supervisor *s, const struct seccomp_notif *call, char *buf,
		      size_t size)
{
	char name[32];
	int fd __free(fd) = -EBADF;
	ssize_t n = -1;

	for (size_t i = 0; i < array_size(paths); i++) {
		if (paths[i].nr != call->data.nr || !call->pid)
			continue;
		snprintf(name, sizeof(name), "/proc/%u/mem", call->pid);
		fd = sys_openat(AT_FDCWD, name, O_RDONLY, 0);
		if (fd >= 0)
			n = sys_pread(fd, buf, size - 1, (off_t)call->data.args[paths[i].arg]);
		break;
	}
	/* The pid may be another's by now, unless the call still waits. */
	if (n <= 0 || sys_seccomp_id_valid(s->listener, call->id) < 0)
		return false;
	buf[n] = 0;
	return strlen(buf) < (size_t)n;
}

/* Would this process live on after a SIGSYS? */
static bool takes_sigsys(uint32_t pid)
{
	char name[32], *text __free(ptr) = NULL;
	size_t len;

	snprintf(name, sizeof(name), "/proc/%u/status", pid);
	if (file_read_at(AT_FDCWD, name, 65536, &text, &len) < 0)
		return false;
	for (const char *at = text; (at = strstr(at, "\nSig")); at++)
		if ((str_starts(at + 4, "Blk:") || str_starts(at + 4, "Ign:") ||
		     str_starts(at + 4, "Cgt:")) &&
		    strtoull(at + 8, NULL, 16) >> (SIGSYS - 1) & 1)
			return true;
	return false;
}

static void decide(const struct supervisor *s, const struct seccomp_notif *call, uint32_t action,
		   struct seccomp_notif_resp *answer)
{
	uint32_t what = action & SECCOMP_RET_ACTION_FULL;

	answer->error = -ENOSYS;
	if (s->let_go || what == SECCOMP_RET_LOG || what == SECCOMP_RET_ALLOW) {
		answer->flags = SECCOMP_USER_NOTIF_FLAG_CONTINUE;
		answer->error = 0;
	} else if (what == SECCOMP_RET_ERRNO) {
		answer->error = -(int)(action & SECCOMP_RET_DATA);
	} else if (what == SECCOMP_RET_TRAP) {
		sys_kill((pid_t)call->pid, SIGSYS);
	} else if (what != SECCOMP_RET_TRACE && call->pid) {
		sys_kill((pid_t)call->pid, takes_sigsys(call->pid) ? SIGKILL : SIGSYS);
	}
}

static void tell(const struct supervisor *s, const struct seccomp_notif *call, uint32_t action)
{
	const struct seccomp_rule *rule = seccomp_deciding_rule(s->profile, &call->data, action);
	struct rf_notify_event event = {.pid = call->pid, .call = &call->data, .action = action,
					.where = rule ? rule->where : "default"};
	char comm_file[32], path[4096], *comm __free(ptr) = NULL;
	size_t len;

	snprintf(comm_file, sizeof(comm_file), "/proc/%u/comm", call->pid);
	if (call->pid && file_read_at(AT_FDCWD, comm_file, 64, &comm, &len) >= 0)
		comm[strcspn(comm, "\n")] = 0;
	event.comm = comm ?: "";
	event.path = read_path(s, call, path, sizeof(path)) ? path : NULL;
	s->report(&event, s->data);
}

/* One call. Whoever made it may be dead by now (ENOENT) or back from it: that is no failure. */
static int serve_call(const struct supervisor *s)
{
	struct seccomp_notif call;
	struct seccomp_notif_resp answer = {0};
	uint32_t action = SECCOMP_RET_KILL_PROCESS;
	int r = sys_seccomp_receive(s->listener, &call);

	if (r < 0)
		return r == -ENOENT || r == -EINTR ? 0 : r;
	if (rf_seccomp_answer(s->profile, &call.data, &action) < 0)
		action = SECCOMP_RET_KILL_PROCESS;
	answer.id = call.id;
	tell(s, &call, action);
	decide(s, &call, action, &answer);
	r = sys_seccomp_send(s->listener, &answer);
	return r == -ENOENT || r == -EINTR ? 0 : r;
}

static void reap(struct supervisor *s)
{
	int status;

	while (!s->ended && sys_waitpid(s->pid, &status, WNOHANG | WUNTRACED) > 0) {
		if (WIFSTOPPED(status)) {
			/* SIGSTOP can't be blocked: this line returns when we are continued. */
			sys_kill(getpid(), SIGSTOP);
			sys_kill(s->pid, SIGCONT);
			continue;
		}
		s->ended = true;
		s->status = status;
	}
}

/* 1 where the supervisor shall end: the program has, and someone asks what still serves to go. */
static int serve_signals(struct supervisor *s)
{
	struct signalfd_siginfo info;

	while (sys_read(s->signals, &info, sizeof(info)) == sizeof(info)) {
		int sig = (int)info.ssi_signo;

		if (sig == SIGCHLD || sig == SIGCONT)
			continue;
		if (s->ended && (sig == SIGTERM || sig == SIGINT || sig == SIGHUP))
			return 1;
		/* A key press has reached the program by itself. */
		if (!s->ended && info.ssi_code != SI_KERNEL)
			sys_kill(s->pid, sig);
	}
	reap(s);
	return 0;
}

static int serve(struct supervisor *s)
{
	struct pollfd p[] = {{.fd = s->listener, .events = POLLIN},
			     {.fd = s->signals, .events = POLLIN}};
	int r;

	while (p[0].fd >= 0 || !s->ended) {
		r = sys_poll(p, 2, -1);
		if (r == -EINTR)
			continue;
		if (r >= 0 && p[0].revents & POLLIN)
			r = serve_call(s);
		else if (r >= 0 && p[0].revents)
			p[0].fd = -EBADF; /* the last process under the filter has ended */
		if (r < 0)
			return r;
		if (p[1].revents && serve_signals(s))
			return 0;
	}
	return 0;
}

int rf_notify_serve(int socket_fd, int pid, const struct rf_seccomp *profile, bool let_go,
		    void (*report)(const struct rf_notify_event *event, void *data), void *data,
		    int *ret_status)
{
	struct supervisor s = {.profile = profile, .let_go = let_go, .report = report, .data = data,
			       .pid = pid};
	int listener __free(fd) = sys_receive_fd(socket_fd), signals __free(fd) = -EBADF;
	sigset_t all;
	int r;

	/* No listener comes where the child failed before: then only its end is waited for. */
	sigfillset(&all);
	s.listener = listener;
	s.signals = signals = sys_signalfd(&all);
	r = signals < 0 ? signals : listener < 0 && listener != -ENODATA ? listener : 0;
	if (r >= 0)
		reap(&s);
	if (r >= 0)
		r = serve(&s);
	if (r < 0) {
		/* Nobody would answer it any more. */
		sys_kill(pid, SIGKILL);
		while (!s.ended && sys_waitpid(pid, &s.status, 0) == -EINTR)
			;
		return r;
	}
	/* As a child ends who can't make any call. */
	if (listener < 0 && WIFSIGNALED(s.status) &&
	    (WTERMSIG(s.status) == SIGILL || WTERMSIG(s.status) == SIGTRAP))
		return sys_fail(-EIO, "sendmsg", profile->name, "the filter's listener could not be sent to its supervisor");
	*ret_status = s.status;
	return 0;
}
