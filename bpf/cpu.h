/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared with user space: the record of one thread. */
#ifndef BPF_CPU_H
#define BPF_CPU_H

#include "group.h"

/* A thread id alone may be used again; with the start time it is unique. */
struct cpu_key {
	__u64 started_ns;
	__u32 tid;
	__u32 unused;
};

enum cpu_state {
	CPU_BLOCKED, /* waits for something other than a CPU, or has not been seen yet */
	CPU_RUNNING,
	CPU_WAITING,	/* could run, is in a run queue */
	CPU_THROTTLED,	/* could run, but its group has used up its quota */
};

struct cpu_thread {
	__u64 group_id;
	__u32 pid;
	__u32 state;
	__u64 since_ns; /* when `state` began, CLOCK_MONOTONIC */
	__u64 run_ns;
	__u64 wait_ns;
	__u64 throttled_ns;
	__u64 throttled_max_ns;
	__u64 throttles;
	__u64 voluntary_switches;
	__u64 forced_switches;
	__u64 queue;		  /* where it began to wait, */
	__u64 queue_throttled_ns; /* and for how long that queue had been throttled by then */
	char comm[COMM_SIZE];
};

#endif
