// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * One loop over four descriptors: standard input to the outer side of the pair (the master), the
 * outer side to standard output, and a signalfd that ends the loop for the supervisor.
 *
 * Standard input is raw meanwhile: ^C and ^Z are bytes, and the inner terminal makes signals of
 * them, for the foreground group inside. The settings of the terminal belong to whoever is in its
 * foreground, so they are changed only there, put back before this process stops, and changed again
 * when it goes on.
 *
 * Surprises. Reading the outer side is EIO while nobody holds the inner one; that may change again
 * (a program can open /dev/tty later), so it is asked again from time to time, as is whether a shell
 * has brought us to the foreground, which it does without a word to who is not stopped. What a program has
 * printed is still on its way when its end is told: poll(2) pushes it through before it answers. A
 * line that is being typed ends by ^D only at its beginning; so an end of file in the middle of one
 * is fed twice. Descriptors that belong to the caller are never made non-blocking: others share them.
 */
#include "proc/pty.h"

#include <errno.h>
#include <limits.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/cleanup.h"

enum { ASK_AGAIN_MS = 100 };

static int size_of_ours(struct winsize *ret_size)
{
	int r = -ENOTTY;

	for (int fd = STDIN_FILENO; r < 0 && fd <= STDERR_FILENO; fd++)
		r = sys_tty_get_size(fd, ret_size);
	return r;
}

int proc_pty_imitate(int inner_fd)
{
	struct termios settings;
	struct winsize size;
	int r = size_of_ours(&size);

	/* Without a terminal of ours the kernel's defaults are as good as any. */
	if (r >= 0)
		r = sys_tty_set_size(inner_fd, &size);
	if (r < 0 && r != -ENOTTY)
		return r;
	r = sys_tty_get(STDIN_FILENO, &settings);
	if (r < 0) {
		r = sys_tty_get(inner_fd, &settings);
		settings.c_lflag &= ~(tcflag_t)ECHO;
	}
	return r < 0 || sys_is_dry() ? r : sys_tty_set(inner_fd, &settings);
}

static bool in_foreground(void)
{
	return sys_tty_group(STDIN_FILENO) == getpgrp();
}

void proc_pty_resume(struct proc_pty *p)
{
	struct termios raw;

	proc_pty_resize(p);
	if (!p->typed_at || p->raw || !in_foreground())
		return;
	/* Who had the terminal meanwhile may have changed it. */
	if (sys_tty_get(STDIN_FILENO, &p->saved) < 0)
		return;
	raw = p->saved;
	cfmakeraw(&raw);
	p->raw = sys_tty_set(STDIN_FILENO, &raw) >= 0;
}

void proc_pty_pause(struct proc_pty *p)
{
	if (p->raw)
		sys_tty_set(STDIN_FILENO, &p->saved);
	p->raw = false;
}

void proc_pty_resize(const struct proc_pty *p)
{
	struct winsize size;

	if (p->master_fd >= 0 && size_of_ours(&size) >= 0)
		sys_tty_set_size(p->master_fd, &size);
}

int proc_pty_begin(struct proc_pty *p, int master_fd)
{
	sigset_t all;

	sigfillset(&all);
	p->master_fd = master_fd;
	p->input = p->output = true;
	p->quiet = p->raw = false;
	p->in.at = p->in.end = p->out.at = p->out.end = 0;
	p->error = 0;
	p->last = '\n';
	p->signal_fd = sys_signalfd(&all);
	if (p->signal_fd < 0)
		return p->signal_fd;
	p->typed_at = sys_tty_get(STDIN_FILENO, &p->saved) >= 0;
	proc_pty_resume(p);
	return 0;
}

static bool is_empty(const struct proc_pty_buffer *b)
{
	return b->at == b->end;
}

/* What a program that reads by lines takes for the end of file. */
static void feed_end(struct proc_pty *p)
{
	struct termios inner;
	char end = 4;

	p->input = false;
	if (sys_tty_get(p->master_fd, &inner) >= 0) {
		if (!(inner.c_lflag & ICANON))
			return;
		end = (char)inner.c_cc[VEOF];
	}
	p->in.at = p->in.end = 0;
	if (p->last != '\n')
		p->in.data[p->in.end++] = end;
	p->in.data[p->in.end++] = end;
}

static void read_input(struct proc_pty *p)
{
	ssize_t n = sys_read(STDIN_FILENO, p->in.data, sizeof(p->in.data));

	if (n == -EINTR || n == -EAGAIN)
		return;
	if (n <= 0) {
		feed_end(p);
		return;
	}
	p->in.at = 0;
	p->in.end = (size_t)n;
	p->last = p->in.data[n - 1];
}

static void read_output(struct proc_pty *p)
{
	ssize_t n = sys_read(p->master_fd, p->out.data, sizeof(p->out.data));

	if (n == -EINTR || n == -EAGAIN)
		return;
	p->quiet = n <= 0;
	p->out.at = 0;
	p->out.end = n > 0 ? (size_t)n : 0;
}

/* 0, or -errno where nobody will ever take it. */
static int write_some(struct proc_pty_buffer *b, int fd)
{
	ssize_t n = sys_write(fd, b->data + b->at, b->end - b->at);

	if (n == -EINTR || n == -EAGAIN)
		return 0;
	if (n < 0) {
		b->at = b->end;
		return (int)n;
	}
	b->at += (size_t)n;
	return 0;
}

/* Nobody looks at our output any more, or what was typed can't be passed on: the terminal is hung up,
 * and its session gets SIGHUP. */
static void hang_up(struct proc_pty *p, int error)
{
	p->error = error;
	p->why = *rf_trace_last_failure();
	p->output = p->input = false;
	p->out.at = p->out.end = p->in.at = p->in.end = 0;
	sys_close(take_fd(&p->master_fd));
}

enum { FROM, TO, INNER, SIGNALS, POLLED };

static void ask(const struct proc_pty *p, struct pollfd fds[POLLED])
{
	bool reads = p->input && is_empty(&p->in) && (!p->typed_at || p->raw);
	short inner = (short)((is_empty(&p->out) && p->output ? POLLIN : 0) | (is_empty(&p->in) ? 0 : POLLOUT));

	fds[FROM] = (struct pollfd){reads ? STDIN_FILENO : -1, POLLIN, 0};
	fds[TO] = (struct pollfd){is_empty(&p->out) ? -1 : STDOUT_FILENO, POLLOUT, 0};
	fds[INNER] = (struct pollfd){inner && !p->quiet ? p->master_fd : -1, inner, 0};
	fds[SIGNALS] = (struct pollfd){p->signal_fd, POLLIN, 0};
}

static void answer(struct proc_pty *p, const struct pollfd fds[POLLED])
{
	int r = 0;

	if (fds[FROM].revents)
		read_input(p);
	if (fds[TO].revents)
		r = write_some(&p->out, STDOUT_FILENO);
	if (r < 0)
		hang_up(p, r);
	if ((fds[INNER].revents & POLLOUT) && p->master_fd >= 0)
		r = write_some(&p->in, p->master_fd);
	if (r < 0 && p->master_fd >= 0)
		hang_up(p, r);
	if (fds[INNER].revents & (POLLIN | POLLHUP | POLLERR) && p->output && is_empty(&p->out))
		read_output(p);
}

/* No call waits for the inner side to be opened, or for us to be in the foreground. */
static bool asks_again(const struct proc_pty *p)
{
	return (p->quiet && p->master_fd >= 0) || (p->typed_at && !p->raw && p->input);
}

int proc_pty_copy(struct proc_pty *p, int timeout_ms)
{
	struct pollfd fds[POLLED];
	int r;

	do {
		int wait_ms = timeout_ms;

		ask(p, fds);
		if (asks_again(p) && (wait_ms < 0 || wait_ms > ASK_AGAIN_MS))
			wait_ms = ASK_AGAIN_MS;
		r = sys_poll(fds, POLLED, wait_ms);
		if (r < 0 && r != -EINTR)
			return r;
		if (r > 0)
			answer(p, fds);
		else if (p->typed_at && !p->raw)
			proc_pty_resume(p);
		p->quiet &= r > 0;
		if (r > 0 && fds[SIGNALS].revents)
			return 1;
	} while (r != 0 || timeout_ms < 0);
	return 0;
}

/* A signal while the last output waits for a reader who does not come: enough. */
static bool has_enough(void)
{
	static const struct timespec now;
	siginfo_t info;
	sigset_t all;
	int sig;

	sigfillset(&all);
	while ((sig = sys_sigtimedwait(&all, &info, &now)) > 0)
		if (sig != SIGCHLD && sig != SIGCONT && sig != SIGWINCH && sig != SIGIO)
			return true;
	return false;
}

static void drain(struct proc_pty *p)
{
	p->input = p->quiet = false;
	p->in.at = p->in.end = 0;
	while (p->output) {
		struct pollfd fds[POLLED];
		int r;

		ask(p, fds);
		r = sys_poll(fds, POLLED, is_empty(&p->out) ? 0 : -1);
		if (r == 0 || (r < 0 && r != -EINTR))
			return;
		if (r > 0 && fds[SIGNALS].revents && has_enough())
			return;
		answer(p, fds);
		if (p->quiet && is_empty(&p->out))
			return;
	}
}

int proc_pty_end(struct proc_pty *p)
{
	drain(p);
	proc_pty_pause(p);
	sys_close(take_fd(&p->signal_fd));
	if (p->master_fd >= 0)
		sys_close(take_fd(&p->master_fd));
	if (p->error)
		sys_keep_failure(&p->why);
	return p->error;
}
