/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Waiting for a program as its supervisor. Source: sigwaitinfo(2), wait(2). */
#ifndef RINGFENCE_CHILD_H
#define RINGFENCE_CHILD_H

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

#ifdef __cplusplus
}
#endif
#endif
