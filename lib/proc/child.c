// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A supervisor has all signals blocked and takes them one by one. A key press (^C) reaches the
 * whole foreground process group, the program included, and carries SI_KERNEL: passing it on would
 * deliver it twice. A signal that someone sent to us alone is meant for the program.
 *
 * With an init (proc/init.c) between, the program is a grandchild: how it ends, and that it has
 * stopped, is told through a pipe, whose SIGIO is one of the signals that are waited for.
 *
 * A program with a terminal of its own (proc/pty.c) is in another session: no key reaches it but
 * through us, so every signal is meant for it, those of our terminal too.
 */
#include <ringfence/child.h>

#include <limits.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/options.h"
#include "proc/pty.h"

enum { GRACE_US = 2000000 };

struct wait {
	pid_t pid;
	const struct rf_child_options *options;
	struct rf_child_end end;
	bool told; /* end.status came through the pipe */
	uint64_t start_us, until_us; /* 0: no limit */
	bool killing;
	struct proc_pty *pty; /* NULL: none */
};

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static void stop_with_it(struct wait *w)
{
	if (w->pty)
		proc_pty_pause(w->pty);
	/* SIGSTOP can't be blocked: this line returns when we have been continued. */
	sys_kill(getpid(), SIGSTOP);
	if (w->pty)
		proc_pty_resume(w->pty);
	sys_kill(w->pid, SIGCONT);
}

/* What init says: wait statuses of the program. */
static void read_statuses(struct wait *w)
{
	int status;

	if (w->options->status_fd < 0)
		return;
	/* Quiet: that nothing is there is no failure. */
	while (sys_quiet_receive(w->options->status_fd, &status, sizeof(status))) {
		if (WIFSTOPPED(status)) {
			stop_with_it(w);
			continue;
		}
		w->end.status = status;
		w->told = true;
	}
}

/* 1: ended, 0: still there, or -errno. */
static int reap(struct wait *w)
{
	int status;
	pid_t r = sys_wait4(w->pid, &status, WNOHANG | WUNTRACED, &w->end.usage);

	if (r <= 0)
		return r == -EINTR ? 0 : (int)r;
	if (WIFSTOPPED(status)) {
		stop_with_it(w);
		return 0;
	}
	read_statuses(w);
	if (!w->told)
		w->end.status = status;
	return 1;
}

static void time_is_up(struct wait *w)
{
	w->end.timed_out = true;
	sys_kill(w->pid, w->killing ? SIGKILL : SIGTERM);
	/* A stopped program would never see it. */
	sys_kill(w->pid, SIGCONT);
	w->until_us = now_us() + GRACE_US;
	w->killing = true;
}

static int copy_until_signal(const struct wait *w, uint64_t now, const sigset_t *all, siginfo_t *ret_info)
{
	static const struct timespec at_once;
	uint64_t left_ms = w->until_us > now ? (w->until_us - now + 999) / 1000 : 0;
	int r = proc_pty_copy(w->pty, !w->until_us ? -1 : left_ms < INT_MAX ? (int)left_ms : INT_MAX);

	if (r < 0)
		return r;
	return r ? sys_sigtimedwait(all, ret_info, &at_once) : -EAGAIN;
}

/* A signal, or -EAGAIN when the time is up. */
static int next_signal(const struct wait *w, siginfo_t *ret_info)
{
	uint64_t now = w->until_us ? now_us() : 0;
	struct timespec left;
	sigset_t all;

	sigfillset(&all);
	if (w->pty)
		return copy_until_signal(w, now, &all, ret_info);
	if (!w->until_us)
		return sys_sigwaitinfo(&all, ret_info);
	if (now >= w->until_us)
		return -EAGAIN;
	left.tv_sec = (time_t)((w->until_us - now) / 1000000);
	left.tv_nsec = (long)((w->until_us - now) % 1000000) * 1000;
	return sys_sigtimedwait(&all, ret_info, &left);
}

/* SI_KERNEL: a key was pressed, or the terminal is gone. A SIGPIPE that we got for writing what the
 * program has printed is ours alone. */
static void pass_on(const struct wait *w, int sig, const siginfo_t *info)
{
	if (w->pty && sig == SIGWINCH)
		proc_pty_resize(w->pty);
	else if (w->pty && sig == SIGPIPE && info->si_pid == getpid())
		return;
	else if (w->pty || info->si_code != SI_KERNEL)
		sys_kill(w->pid, sig);
}

static int wait_for_end(struct wait *w)
{
	siginfo_t info;

	for (;;) {
		int r = reap(w);

		if (r)
			return r < 0 ? r : 0;
		r = next_signal(w, &info);
		if (r == -EAGAIN && w->until_us && now_us() >= w->until_us) {
			time_is_up(w);
			continue;
		}
		if (r == SIGIO && w->options->status_fd >= 0) {
			read_statuses(w);
			continue;
		}
		if (r == SIGCONT && w->pty)
			proc_pty_resume(w->pty);
		if (r == -EINTR || r == SIGCHLD || r == SIGCONT || (r == -EAGAIN && w->pty))
			continue;
		if (r < 0)
			return r;
		pass_on(w, r, &info);
	}
}

static int wait_at_terminal(struct wait *w)
{
	struct rf_call why;
	struct proc_pty pty;
	int r = proc_pty_begin(&pty, w->options->pty_fd), ended;

	if (r < 0) {
		sys_close(w->options->pty_fd);
		return r;
	}
	w->pty = &pty;
	r = wait_for_end(w);
	why = *rf_trace_last_failure();
	ended = proc_pty_end(&pty);
	w->pty = NULL;
	if (r < 0)
		sys_keep_failure(&why);
	return r < 0 ? r : ended;
}

int rf_child_wait_with(pid_t pid, const struct rf_child_options *options, struct rf_child_end *ret_end)
{
	struct wait w = {.pid = pid, .options = options, .start_us = now_us()};
	int r = options_check(options, "rf_child_options");

	if (r >= 0 && options->status_fd >= 0)
		r = sys_set_async(options->status_fd);
	if (options->timeout_us)
		w.until_us = w.start_us + options->timeout_us;
	/* What was said before SIGIO was asked for. */
	if (r >= 0)
		read_statuses(&w);
	if (r < 0 && options->pty_fd > 0)
		sys_close(options->pty_fd);
	if (r >= 0)
		r = options->pty_fd > 0 ? wait_at_terminal(&w) : wait_for_end(&w);
	if (r < 0)
		return r;
	w.end.wall_us = now_us() - w.start_us;
	*ret_end = w.end;
	return 0;
}

int rf_child_wait(pid_t pid, int *ret_status, struct rusage *ret_usage)
{
	const struct rf_child_options options = {.size = sizeof(options), .status_fd = -1};
	struct rf_child_end end;
	int r = rf_child_wait_with(pid, &options, &end);

	if (r < 0)
		return r;
	*ret_status = end.status;
	if (ret_usage)
		*ret_usage = end.usage;
	return 0;
}
