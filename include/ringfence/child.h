/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a program as its supervisor. Source: sigwaitinfo(2), wait(2). */
#ifndef RINGFENCE_CHILD_H
#define RINGFENCE_CHILD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Wait until `pid` has ended, passing on the signals this process gets meanwhile, all of which must
 * be blocked (rf_plan_run() leaves them so). Signals that the terminal made are not passed on: the
 * program got them itself. Where the program stops, this process stops with it and continues it
 * when continued. Result: 0 with the wait status and what the program used, or -errno.
 */
RF_API int rf_child_wait(pid_t pid, int *ret_status, struct rusage *ret_usage);

/* Set `size`. */
struct rf_child_options {
	size_t size;	     /* sizeof(struct rf_child_options) */
	int status_fd;	     /* where an init says wait statuses (rf_plan_wait() fills it in); -1: none */
	uint64_t timeout_us; /* then SIGTERM, and after 2 s SIGKILL; 0: no limit */
	/* The outer side of the program's own terminal (rf_plan_wait() fills it in), which is taken over:
	 * standard input goes there and standard output comes from there, every signal is passed on, and
	 * output that can't be written is a failure. 0 or less: none. */
	int pty_fd;
};

struct rf_child_end {
	int status; /* as wait(2) gives it */
	bool timed_out;
	uint64_t wall_us; /* of the waiting */
	struct rusage usage;
};

/* As rf_child_wait(), with a limit in time. */
RF_API int rf_child_wait_with(pid_t pid, const struct rf_child_options *options,
			      struct rf_child_end *ret_end);

#ifdef __cplusplus
}
#endif
#endif
