/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kills for want of memory, as the kernel's log tells of them. */
#ifndef LIB_CGROUP_OOM_H
#define LIB_CGROUP_OOM_H

#include <ringfence/units.h>

#include "cgroup/cgroup.h"

enum { OOM_NAME = 64 };

/* A process at the time, from the table "Tasks state". */
struct oom_task {
	pid_t pid;
	uint64_t uid, rss_bytes, swap_bytes;
	int64_t score_adj;
	char name[OOM_NAME];
};

/* Numbers that the log does not have are RF_CGROUP_UNKNOWN; no limit is RF_MAX. */
struct oom_kill {
	uint64_t time_us; /* since boot */
	char invoker[OOM_NAME], victim[OOM_NAME], constraint[OOM_NAME];
	pid_t pid;
	uint64_t uid, total_vm_bytes, anon_bytes, file_bytes, shmem_bytes;
	int64_t score_adj;
	char *limit_group; /* whose limit it was; NULL: the machine was full */
	char *task_group;  /* where the victim was; NULL: the log does not say */
	uint64_t usage_bytes, limit_bytes, hits; /* of that limit */
	uint64_t swap_usage_bytes, swap_limit_bytes;
	bool memsw;	   /* v1: those two are of memory and swap together */
	bool whole_group;  /* memory.oom.group */
	size_t n_killed;
	struct oom_task *tasks; /* as the kernel lists them */
	size_t n_tasks;
};

struct oom_log {
	struct oom_kill *list; /* the oldest first */
	size_t n;
};

/*
 * From records of /dev/kmsg, or lines of dmesg or of journalctl -k: 0 or -ENOMEM. What is of no kill
 * is passed over; a kill whose beginning the log has lost has what is left of it. Pages are taken to
 * be of this machine's size.
 */
int oom_parse(const char *text, struct oom_log *ret);
void oom_log_done(struct oom_log *log);
static inline void cleanup_oom_log(struct oom_log *log)
{
	oom_log_done(log);
}

/* The kernel's log from /dev/kmsg, a record a line. -EPERM: kernel.dmesg_restrict and no
 * CAP_SYSLOG. Free with free(3). */
int oom_read_log(char **ret_text);

/* Is the kill of a process in the group ("a/b") or below, or for its limit or one above it? */
bool oom_concerns(const struct oom_kill *kill, const char *group);

#endif
