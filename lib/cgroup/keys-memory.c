// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of keys: memory, swap, huge pages.
 *
 * Orders hold on both versions: a limit on swap is written after the limit on memory that it
 * belongs to. What protects memory (min, low) is written before what takes it away.
 */
#include "cgroup/cgroup.h"

#define SIZE_FORM "a size such as 64M, 1.5G or max"
#define MEM(name_, form_, help_, read_only_, hit_, since_) \
	.pub = {name_, "memory", form_, help_, read_only_, "bytes", hit_, since_}, .kind = CGROUP_BYTES, \
	.absent_at_root = true
#define FLAG(name_, help_, hit_, since_) \
	.pub = {name_, "memory", "0 or 1", help_, false, NULL, hit_, since_}, .kind = CGROUP_NUMBER, .max = 1, \
	.absent_at_root = true
#define COUNTS(name_, help_, since_) \
	.pub = {name_, "memory", "", help_, true, NULL, NULL, since_}, .kind = CGROUP_STAT
#define HUGE(name_, form_, help_, read_only_, hit_, since_) \
	.pub = {"hugetlb.SIZE." name_, "hugetlb", form_, help_, read_only_, "bytes", hit_, since_}, \
	.absent_at_root = true

static const struct cgroup_part any_parts[] = {{NULL, PART_TEXT}};

const struct cgroup_key cgroup_keys_memory[] = {
	{MEM("memory.current", "", "Memory used by the group and those below", true, NULL, "4.5"),
	 .how = V1_BYTES, .v1 = {{"memory", "memory.usage_in_bytes"}}},
	{MEM("memory.peak", "", "Most memory that it ever used", true, NULL, "5.19"),
	 .how = V1_BYTES, .v1 = {{"memory", "memory.max_usage_in_bytes"}}},
	{MEM("memory.min", SIZE_FORM, "Memory that is never reclaimed from it", false,
	     "Use beyond it is reclaimed as anywhere", "4.18"), .usual = "0"},
	{MEM("memory.low", SIZE_FORM, "Memory that is not reclaimed while others have some to give", false,
	     "Use beyond it is reclaimed as anywhere", "4.5"),
	 .usual = "0", .after = "memory.min"},
	{MEM("memory.high", SIZE_FORM, "Limit beyond which the group is slowed and reclaimed from", false,
	     "Its processes are made to reclaim and to wait; nothing is killed, and without swap they may wait for good",
	     "4.5"),
	 .after = "memory.max"},
	{MEM("memory.max", SIZE_FORM, "Limit on memory", false,
	     "It is reclaimed from, and where that is not enough its processes are killed (OOM)", "4.5"),
	 .after = "memory.low", .how = V1_MEMORY_MAX, .v1 = {{"memory", "memory.limit_in_bytes"}}},
	{FLAG("memory.oom.group", "Whether the OOM killer takes the whole group, not one process of it", NULL, "4.19")},
	{COUNTS("memory.events", "How often limits were reached, here and below", "4.5"), .absent_at_root = true,
	 .how = V1_MEMORY_EVENTS, .v1 = {{"memory", "memory.oom_control"}, {"memory", "memory.failcnt"}}},
	{COUNTS("memory.events.local", "How often limits were reached by the group itself", "5.3"),
	 .absent_at_root = true},
	{COUNTS("memory.stat", "What the memory is used for, in the kernel's words; sizes in bytes", "4.5"),
	 .how = V1_SAME, .v1 = {{"memory", "memory.stat"}}},
	{.pub = {"memory.numa_stat", "memory", "", "The same by memory node", true, "bytes", NULL, "5.10"},
	 .kind = CGROUP_NESTED, .parts = any_parts},
	{.pub = {"memory.reclaim", "memory", "a size such as 64M", "Reclaims so much memory from it now", false, "bytes",
		 "Where less could be reclaimed the write fails: EAGAIN", "5.19"},
	 .kind = CGROUP_TRIGGER, .after = "cgroup.kill"},
	{MEM("memory.swap.current", "", "Swap used by the group and those below", true, NULL, "4.5"),
	 .how = V1_SWAP_CURRENT,
	 .v1 = {{"memory", "memory.memsw.usage_in_bytes"}, {"memory", "memory.usage_in_bytes"}}},
	{MEM("memory.swap.peak", "", "Most swap that it ever used", true, NULL, "6.5")},
	{MEM("memory.swap.high", SIZE_FORM, "Limit on swap beyond which the group is slowed", false,
	     "Its allocations wait; it is meant for a user-space OOM killer to notice", "5.8"),
	 .after = "memory.swap.max"},
	{MEM("memory.swap.max", SIZE_FORM, "Limit on swap", false,
	     "Its memory that is in no file can't be swapped out any more", "4.5"),
	 .after = "memory.max", .how = V1_SWAP_MAX,
	 .v1 = {{"memory", "memory.memsw.limit_in_bytes"}, {"memory", "memory.limit_in_bytes"}}},
	{COUNTS("memory.swap.events", "How often limits on swap were reached", "4.18"), .absent_at_root = true},
	{MEM("memory.zswap.current", "", "Memory that holds compressed swap", true, NULL, "5.19")},
	{MEM("memory.zswap.max", SIZE_FORM, "Limit on compressed swap", false, "Pages go to the swap device instead",
	     "5.19")},
	{FLAG("memory.zswap.writeback", "Whether compressed swap may be written out to the device", NULL, "6.8"), .usual = "1"},

	{HUGE("current", "", "Huge pages of this size in use", true, NULL, "5.6"), .kind = CGROUP_BYTES,
	 .how = V1_BYTES, .v1 = {{"hugetlb", "hugetlb.SIZE.usage_in_bytes"}}},
	{HUGE("max", SIZE_FORM, "Limit on huge pages of this size", false, "The process gets SIGBUS on its access",
	      "5.6"), .kind = CGROUP_BYTES, .how = V1_LIMIT, .v1 = {{"hugetlb", "hugetlb.SIZE.limit_in_bytes"}}},
	{HUGE("rsvd.current", "", "Huge pages of this size that are reserved", true, NULL, "5.7"),
	 .kind = CGROUP_BYTES, .how = V1_BYTES, .v1 = {{"hugetlb", "hugetlb.SIZE.rsvd.usage_in_bytes"}}},
	{HUGE("rsvd.max", SIZE_FORM, "Limit on reservations of huge pages of this size", false,
	      "mmap and shmget fail: ENOMEM", "5.7"), .kind = CGROUP_BYTES, .how = V1_LIMIT,
	 .v1 = {{"hugetlb", "hugetlb.SIZE.rsvd.limit_in_bytes"}}},
	{HUGE("events", "", "How often the limit was reached, here and below", true, NULL, "5.6"),
	 .kind = CGROUP_STAT},
	{HUGE("events.local", "", "How often the group's own limit was reached", true, NULL, "5.6"),
	 .kind = CGROUP_STAT},
	{HUGE("numa_stat", "", "Huge pages of this size by memory node", true, NULL, "5.17"),
	 .kind = CGROUP_NESTED, .parts = any_parts},
	{{NULL}},
};
