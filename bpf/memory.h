/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared with user space: limit hits by thread, and single events. */
#ifndef BPF_MEMORY_H
#define BPF_MEMORY_H

#include "group.h"

enum limit_kind {
	LIMIT_NONE,  /* no group was near a limit: the whole machine was short, or someone asked */
	LIMIT_MAX,   /* memory.max, memory.limit_in_bytes */
	LIMIT_HIGH,  /* memory.high: reclaim without a refusal */
	LIMIT_MEMSW, /* memory.memsw.limit_in_bytes: memory and swap together, v1 */
};

/* A limit in some group and how full it was. Counts are in pages. */
struct memory_limit {
	__u64 group_id;
	__u64 limit_pages;
	__u64 usage_pages;
	__u32 kind;
	__u32 unused;
};

struct memory_key {
	__u64 started_ns;
	__u64 group_id;
	__u64 limit_group_id;
	__u32 tid;
	__u32 kind;
};

struct memory_hits {
	__u64 count;
	__u64 reclaim_ns;
	__u64 reclaim_max_ns;
	__u64 reclaimed_pages;
	struct memory_limit last;
	__u32 pid;
	char comm[COMM_SIZE];
	__u32 unused;
};

enum memory_event_type { MEMORY_LIMIT_HIT, MEMORY_OOM_KILL };

struct memory_event {
	__u64 time_ns; /* CLOCK_MONOTONIC */
	__u64 group_id;
	struct memory_limit limit;
	__u64 reclaim_ns;
	__u64 reclaimed_pages;
	__u64 anon_pages, file_pages, shmem_pages;
	__u32 type;
	__u32 pid, tid; /* the victim, or who was made to reclaim */
	__u32 by_pid;	/* whose allocation it was that got someone killed */
	__s32 oom_score_adj;
	char comm[COMM_SIZE];
	char by_comm[COMM_SIZE];
	__u32 unused;
};

#endif
