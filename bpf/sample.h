/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared with user space: what the kernel's structures say of one group, in their own units. */
#ifndef BPF_SAMPLE_H
#define BPF_SAMPLE_H

#include <linux/types.h>

enum sampled_value {
	SAMPLED_CPU_NS,
	SAMPLED_USER_NS, SAMPLED_SYSTEM_NS, /* v2; as ticks found them, not yet made to add up to CPU_NS */
	SAMPLED_SHOWN_USER_NS, SAMPLED_SHOWN_SYSTEM_NS, /* v2; what cpu.stat said the last time */
	SAMPLED_PERIODS, SAMPLED_THROTTLED, SAMPLED_THROTTLED_NS,
	SAMPLED_QUOTA_NS, /* all bits set: none */
	SAMPLED_PERIOD_NS,
	SAMPLED_MEMORY_PAGES, SAMPLED_MEMORY_MAX_PAGES,
	SAMPLED_SWAP_PAGES,   /* v2 */
	SAMPLED_MEMORY_FAILS, /* v1 */
	SAMPLED_MEMORY_HIGH, SAMPLED_MEMORY_MAX, SAMPLED_OOM, SAMPLED_OOM_KILL,
	SAMPLED_PIDS, SAMPLED_PIDS_MAX,
	SAMPLED_PIDS_EVENTS,
	SAMPLED_VALUES
};

#define SAMPLED_BIT(value) (1ull << (value))

/* Which structures are looked at. */
enum sample_part {
	SAMPLE_PART_BASE = 1,	   /* CPU time of v2 */
	SAMPLE_PART_BANDWIDTH = 2, /* the cpu controller */
	SAMPLE_PART_MEMORY = 4,
	SAMPLE_PART_PIDS = 8,
};

struct sample_record {
	__u64 id;    /* the inode number of the group's directory */
	__u64 valid; /* SAMPLED_BIT()s */
	__u64 values[SAMPLED_VALUES];
};

#endif
