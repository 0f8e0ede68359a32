// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A terminal of its own for the program. The caller opens the pair from its own devpts, so that the
 * new root needs none; the inner side goes to the child by descriptor. The child takes it as
 * standard input, output and error before an init is left behind, so that nobody inside, init
 * included, holds the caller's terminal; the program alone then leads the session whose controlling
 * terminal it is. What it pushes into its input by TIOCSTI it reads itself (CVE-2017-5226).
 *
 * Copying between the two terminals is proc/pty.c, while the supervisor waits.
 */
#include "plan/step.h"

#include <termios.h>
#include <unistd.h>

#include "proc/pty.h"

/* Before Linux 4.13, or under a filter: by its name. */
static int open_by_name(int master_fd)
{
	char path[32];
	unsigned number = 0;
	int r = sys_pty_number(master_fd, &number);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/dev/pts/%u", number);
	return sys_openat(AT_FDCWD, path, O_RDWR | O_NOCTTY, 0);
}

static int run_pty_open(struct plan_run *run, struct rf_step *s)
{
	int outer __free(fd) = sys_openat(AT_FDCWD, "/dev/ptmx", O_RDWR | O_NOCTTY | O_NONBLOCK, 0);
	int inner __free(fd) = -EBADF;
	int r = outer < 0 ? outer : sys_pty_unlock(outer);

	if (r < 0)
		return r;
	if (outer <= STDERR_FILENO)
		return sys_fail(-EBADF, "pty", "", "standard input, output and error must be open, be it on /dev/null: what is copied goes through them");
	inner = sys_pty_peer(outer);
	if (inner == -ENOTTY || inner == -EINVAL || inner == -ENOSYS)
		inner = open_by_name(outer);
	r = inner < 0 ? inner : proc_pty_imitate(inner);
	if (r >= 0 && s->num[0] >= 0)
		r = sys_fchown(inner, (uid_t)s->num[0], (gid_t)-1);
	if (r < 0)
		return r;
	run->pty_fd[0] = take_fd(&outer);
	run->pty_fd[1] = take_fd(&inner);
	return 0;
}

static void args_pty_open(const struct rf_step *s, struct str *out)
{
	if (s->num[0] >= 0)
		str_addf(out, "for user %lld", (long long)s->num[0]);
}

const struct step_kind step_pty_open = {
	.id = "pty-open", .name = "open a pair of pseudo terminals",
	.why = "What the program does to its terminal shall not be done to the caller's.",
	.page = "pty(7)", .args = args_pty_open, .run = run_pty_open,
};

static int run_pty_stdio(struct plan_run *run, struct rf_step *s)
{
	int r = 0;

	for (int fd = STDIN_FILENO; r >= 0 && fd <= STDERR_FILENO; fd++)
		r = sys_dup2(run->pty_fd[1], fd);
	return r < 0 ? r : 0;
}

const struct step_kind step_pty_stdio = {
	.id = "pty-stdio", .name = "read from and write to the new terminal",
	.why = "A descriptor of the caller's terminal would be a way back to it.",
	.page = "dup2(2)", .run = run_pty_stdio,
};

static int run_pty_session(struct plan_run *run, struct rf_step *s)
{
	int r = sys_setsid();

	return r < 0 ? r : sys_tty_control(STDIN_FILENO);
}

const struct step_kind step_pty_session = {
	.id = "pty-session", .name = "lead a session on the new terminal",
	.why = "^C, ^Z and job control are for the session whose controlling terminal it is.",
	.page = "credentials(7)", .run = run_pty_session,
};
