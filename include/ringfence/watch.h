/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What happens to control groups, as it happens: pressure that passes a threshold, limits that are
 * hit, processes killed, groups that become empty, are frozen, come and go.
 *
 * Pressure comes from PSI triggers (Linux 5.2): a trigger is one write into a pressure file, and says
 * "some" or "full", a stall time and a window of 500 ms to 10 s; without CAP_SYS_RESOURCE the window
 * must be a multiple of 2 s. The kernel overwrites the last byte of what is written, so it must not
 * be a digit. Counters come from memory.events, pids.events and cgroup.events, of whose changes
 * inotify(7) tells; on v1 from an eventfd(2) at memory.oom_control. Nothing is polled by time.
 *
 * Sources: the kernel's Documentation/accounting/psi.rst, Documentation/admin-guide/cgroup-v2.rst
 * ("events" files), cgroup-v1/memory.rst (section 10).
 */
#ifndef RINGFENCE_WATCH_H
#define RINGFENCE_WATCH_H

#include <ringfence/cgroup.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_psi_trigger {
	const char *resource; /* "cpu", "memory", "io" or "irq" */
	bool full;	      /* all tasks wait; else some */
	uint64_t stall_us, window_us;
};

/*
 * "[RESOURCE] some|full STALL WINDOW", times with units: "memory some 150ms 2s"; memory unless a
 * resource is named. 0, or -EINVAL (the last failure's note says what is wrong, also of a window
 * that this process may not ask for).
 */
RF_API int rf_psi_trigger_parse(const char *text, struct rf_psi_trigger *ret_trigger);

struct rf_watch_options {
	size_t size; /* sizeof(struct rf_watch_options) */
	const char *const *groups;
	size_t n_groups;
	const struct rf_psi_trigger *triggers; /* each for every group */
	size_t n_triggers;
	bool events; /* counters, empty, frozen, and groups made and removed directly below */
};

enum rf_watch_kind {
	RF_WATCH_PRESSURE, /* a trigger has fired */
	RF_WATCH_COUNTER,  /* a field of an events file has changed: `before` and `now` */
	RF_WATCH_MADE, RF_WATCH_REMOVED,
};

struct rf_watch_event {
	enum rf_watch_kind kind;
	uint64_t time_us; /* since 1970 */
	char group[1088]; /* without slash at either end */
	char what[64];	  /* "memory.events oom_kill", "memory some"; empty for groups that come and go */
	uint64_t before, now;
};

struct rf_watch;

/* 0; -ENOENT where a group is not there or has nothing of what is asked for (the note says which);
 * -EINVAL for a window the kernel refuses; -errno. Close with rf_watch_close(). */
RF_API int rf_watch_open(struct rf_cgroup_fs *fs, const struct rf_watch_options *options,
			 struct rf_watch **ret_watch);
RF_API void rf_watch_close(struct rf_watch *watch); /* NULL is fine */

/* Wait for the next event. 1 with *ret_event filled; 0 when the time is up (UINT64_MAX: no limit);
 * -EINTR at a signal; -ENOENT when all groups have been removed; -errno. */
RF_API int rf_watch_next(struct rf_watch *watch, uint64_t timeout_us, struct rf_watch_event *ret_event);

#ifdef __cplusplus
}
#endif
#endif
