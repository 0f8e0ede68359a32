// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A supervisor has all signals blocked and takes them one by one. A key press (^C) reaches the
 * whole foreground process group, the program included, and carries SI_KERNEL: passing it on would
 * deliver it twice. A signal that someone sent to us alone is meant for the program.
 */
#include <ringfence/child.h>

#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"

/* 1: ended, 0: still there, or -errno. */
static int reap(pid_t pid, int *ret_status, struct rusage *ret_usage)
{
	int status;
	pid_t r = sys_wait4(pid, &status, WNOHANG | WUNTRACED, ret_usage);

	if (r <= 0)
		return r == -EINTR ? 0 : (int)r;
	if (!WIFSTOPPED(status)) {
		*ret_status = status;
		return 1;
	}
	/* SIGSTOP can't be blocked: this line returns when we have been continued. */
	sys_kill(getpid(), SIGSTOP);
	sys_kill(pid, SIGCONT);
	return 0;
}

int rf_child_wait(pid_t pid, int *ret_status, struct rusage *ret_usage)
{
	struct rusage usage;
	siginfo_t info;
	sigset_t all;
	int r;

	sigfillset(&all);
	for (;;) {
		r = reap(pid, ret_status, ret_usage ?: &usage);
		if (r)
			return r < 0 ? r : 0;
		r = sys_sigwaitinfo(&all, &info);
		if (r == -EINTR || r == SIGCHLD || r == SIGCONT)
			continue;
		if (r < 0)
			return r;
		if (info.si_code != SI_KERNEL)
			sys_kill(pid, r);
	}
}
