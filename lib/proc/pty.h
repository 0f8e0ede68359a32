/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The outer side of a program's own terminal: what is typed here goes in, what it prints comes out. */
#ifndef LIB_PROC_PTY_H
#define LIB_PROC_PTY_H

#include <ringfence/trace.h>
#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

struct proc_pty {
	int master_fd; /* without O_NONBLOCK a full terminal would hold us */
	int signal_fd;
	bool typed_at;	/* standard input is a terminal: saved holds its settings */
	bool raw;	/* and we have changed them */
	bool input, output;	/* still to be copied */
	bool quiet;	/* nobody has the inner side open just now */
	struct termios saved;
	struct proc_pty_buffer {
		char data[4096];
		size_t at, end;
	} in, out;
	int error; /* of the first output that could not be written; 0: none */
	struct rf_call why;
	char last; /* what was fed last: an end of file counts at the beginning of a line only */
};

/*
 * Make the inner side like the terminal of this process, where it has one on standard input, output
 * or error: size and settings. Without one to type at, what is fed is not echoed. 0 or -errno.
 */
int proc_pty_imitate(int inner_fd);

/* Begin to copy. All signals must be blocked. A terminal on standard input becomes raw while this
 * process is in its foreground. 0 or -errno with nothing changed. */
int proc_pty_begin(struct proc_pty *p, int master_fd);

/* Copy until a signal is pending: 1; or the time is up, -1 being no limit: 0; or -errno. */
int proc_pty_copy(struct proc_pty *p, int timeout_ms);

/* The window has changed; this process will stop, and was continued. */
void proc_pty_resize(const struct proc_pty *p);
void proc_pty_pause(struct proc_pty *p);
void proc_pty_resume(struct proc_pty *p);

/* The program has ended: copy what it has printed, and put the settings back. 0, or -errno where not
 * all that it printed could be written. */
int proc_pty_end(struct proc_pty *p);

#endif
