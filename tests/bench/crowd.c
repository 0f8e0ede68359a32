// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * crowd N PROGRAM [ARGUMENT…]: run PROGRAM while N processes are there that do nothing, and end as
 * it does. Each of them reads a pipe whose other end is held by this process alone: however it
 * dies, they see the end of file and go.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static int run(char **argv)
{
	pid_t pid = vfork(), got;
	int status = 0;

	if (!pid) {
		execvp(argv[0], argv);
		_exit(127);
	}
	if (pid < 0)
		return 1;
	do
		got = waitpid(pid, &status, 0);
	while (got != pid && (got > 0 || errno == EINTR));
	return got == pid && WIFEXITED(status) ? WEXITSTATUS(status) : 1;
}

static void idle(const int fds[2])
{
	char byte;

	close(fds[1]);
	while (read(fds[0], &byte, 1) < 0 && errno == EINTR)
		;
	_exit(0);
}

int main(int argc, char **argv)
{
	long n = argc > 2 ? strtol(argv[1], NULL, 10) : 0;
	int fds[2], code;

	if (n < 1) {
		fprintf(stderr, "usage: crowd N PROGRAM…\n");
		return 2;
	}
	if (pipe2(fds, O_CLOEXEC) < 0)
		return 1;
	for (long i = 0; i < n; i++) {
		pid_t pid = fork();

		if (!pid)
			idle(fds);
		if (pid < 0) {
			fprintf(stderr, "crowd: %ld of %ld processes: fork: ", i, n);
			perror(NULL);
			return 1;
		}
	}
	code = run(argv + 2);
	close(fds[1]);
	while (waitpid(-1, NULL, 0) > 0 || errno == EINTR)
		;
	return code;
}
