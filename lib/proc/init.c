// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Without an init, a program that is pid 1 gets only signals that it has a handler for, and
 * processes that lose their parent become its zombies. This one does both, and nothing else.
 *
 * It makes no records: whoever could have listened is another process by now.
 */
#include "proc/init.h"

#include <errno.h>
#include <sys/wait.h>
#include <unistd.h>

#include "proc/descriptors.h"
#include "sys/sys.h"

/* True when the program has ended. */
static bool reap_all(pid_t program, int status_fd, int *ret_status)
{
	int status;
	pid_t pid;

	while ((pid = sys_waitpid(-1, &status, WNOHANG | WUNTRACED)) > 0) {
		if (pid != program)
			continue;
		/* Our own exit code says the other; the fewer wake-ups, the sooner all is over. */
		if (!WIFEXITED(status))
			sys_quiet_send(status_fd, &status, sizeof(status));
		if (WIFSTOPPED(status))
			continue;
		*ret_status = status;
		return true;
	}
	return false;
}

void proc_be_init(pid_t program, int status_fd)
{
	siginfo_t info;
	sigset_t all;
	int status = 0;

	proc_descriptors_close(3, (unsigned)status_fd - 1);
	proc_descriptors_close((unsigned)status_fd + 1, ~0u);
	sigfillset(&all);
	while (!reap_all(program, status_fd, &status)) {
		int sig = sys_sigwaitinfo(&all, &info);

		/* A key press has reached the program by itself. */
		if (sig > 0 && sig != SIGCHLD && info.si_code != SI_KERNEL)
			sys_kill(program, sig);
	}
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status));
}
