// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sleepers N PROGRAM [ARGUMENT…]: N processes that do nothing, the program beside them, and an end
 * for all. The children ask to be killed with their parent, and are killed by pid where it gets so
 * far. Exits as the program does; 1 where there can't be so many.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static pid_t make(void)
{
	pid_t parent = getpid(), pid = fork();

	if (pid)
		return pid;
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0 || getppid() != parent)
		_exit(1);
	for (;;)
		pause();
}

static int run(char **argv)
{
	pid_t pid = fork();
	int status;

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	while (pid < 0 || waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	size_t want = argc > 2 ? strtoul(argv[1], NULL, 10) : 0, n = 0;
	pid_t *pids = want ? calloc(want, sizeof(*pids)) : NULL;
	int code = 1;

	if (!pids) {
		fprintf(stderr, "usage: sleepers N PROGRAM [ARGUMENT…]\n");
		return 1;
	}
	while (n < want && (pids[n] = make()) > 0)
		n++;
	if (n == want)
		code = run(argv + 2);
	else
		perror("sleepers: fork");
	for (size_t i = 0; i < n; i++)
		kill(pids[i], SIGKILL);
	for (size_t i = 0; i < n; i++)
		waitpid(pids[i], NULL, 0);
	free(pids);
	return code;
}
