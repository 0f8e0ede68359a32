/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Every act of ringfence on the kernel passes one seam and can leave a record there: which call,
 * with which arguments, on which object, with what result, in what time. The same seam refuses
 * calls on request (fault tests) and answers them without doing them (--dry-run).
 *
 * All state here belongs to the calling thread; a forked child inherits a copy.
 */
#ifndef RINGFENCE_TRACE_H
#define RINGFENCE_TRACE_H

#include <stdbool.h>
#include <stdint.h>

#define RF_API __attribute__((visibility("default")))

#ifdef __cplusplus
extern "C" {
#endif

/* One call. `result` is >= 0, or -errno. `note` holds what the errno can't say, or is empty. */
struct rf_call {
	char name[32];
	char args[208];
	char object[192];
	char note[240];
	int64_t result;
	uint64_t duration_ns;
};

typedef void rf_trace_fn(const struct rf_call *call, void *data);

/* Deliver each call's record to `fn` from now on; NULL stops it. The record is valid during `fn`. */
RF_API void rf_trace_set(rf_trace_fn *fn, void *data);

/*
 * While on, calls that would change anything are recorded and answered with success, and
 * descriptors they would return are a number that later calls recognise. Reading calls are made.
 */
RF_API void rf_trace_dry_run(bool on);

/*
 * Make calls fail: "NAME[:OBJECT]=ERRNO[!]", several separated by commas. OBJECT is a pattern as in
 * fnmatch(3); ERRNO is a name such as ENOSPC, or KILL to end the process by SIGKILL in place of the
 * call, or STOP to stop it before the call, which is made when it is continued. One matching call is refused, or with '!' every one. Result: 0, or -EINVAL for a bad
 * specification (nothing is set then), -E2BIG for more than 16 of them.
 */
RF_API int rf_trace_fault(const char *spec);

/* The last call of this thread that failed (`name` is empty where none has). */
RF_API const struct rf_call *rf_trace_last_failure(void);

/* Forget the last failure, so that an older one can't be taken for a newer one's cause. */
RF_API void rf_trace_forget(void);

#ifdef __cplusplus
}
#endif
#endif
