// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of keys. Setting, reading, checking, help and JSON all read it; a new key is a new row.
 *
 * `after` is an order of writes that holds on both versions: a limit on swap is written after the
 * limit on memory that it belongs to, and a group is frozen last, since a frozen one can't give
 * back memory to get below a lower limit.
 */
#include "cgroup/cgroup.h"

#include <ringfence/units.h>

#define SIZE_FORM "a size such as 64M, 1.5G or max"
#define COUNT_FORM "a whole number, or max"

static const struct cgroup_key keys[] = {
	{{"cpu.max", "cpu", "an amount of CPU such as 1.5cpu or 50%, max, or QUOTA PERIOD in microseconds",
	  "CPU time that the group may use", false},
	 CGROUP_CPU, NULL, .absent_at_root = true, .how = V1_CPU_MAX,
	 .v1 = {{"cpu", "cpu.cfs_quota_us"}, {"cpu", "cpu.cfs_period_us"}}},
	{{"cpu.weight", "cpu", "a whole number from 1 to 10000", "share of the CPU against siblings", false},
	 CGROUP_NUMBER, NULL, 1, 10000, .absent_at_root = true, .how = V1_CPU_WEIGHT,
	 .v1 = {{"cpu", "cpu.shares"}}},
	{{"cpu.idle", "cpu", "0 or 1", "run only when nothing else wants to", false},
	 CGROUP_NUMBER, NULL, 0, 1, .absent_at_root = true, .how = V1_SAME, .v1 = {{"cpu", "cpu.idle"}}},
	{{"cpu.stat", "cpu", "", "CPU time used, and throttling", true},
	 CGROUP_STAT, NULL, .how = V1_CPU_STAT,
	 .v1 = {{"cpuacct", "cpuacct.usage"}, {"cpuacct", "cpuacct.usage_user"},
		{"cpuacct", "cpuacct.usage_sys"}, {"cpu", "cpu.stat"}}},
	{{"cpuset.cpus", "cpuset", "a list such as 0-3,8", "CPUs that may be used", false},
	 CGROUP_LIST, NULL, .absent_at_root = true, .how = V1_SAME, .v1 = {{"cpuset", "cpuset.cpus"}}},
	{{"cpuset.mems", "cpuset", "a list such as 0-1", "memory nodes that may be used", false},
	 CGROUP_LIST, NULL, .absent_at_root = true, .how = V1_SAME, .v1 = {{"cpuset", "cpuset.mems"}}},
	{{"cpuset.cpus.effective", "cpuset", "", "CPUs that are used", true},
	 CGROUP_LIST, NULL, .how = V1_SAME, .v1 = {{"cpuset", "cpuset.effective_cpus"}}},
	{{"cpuset.mems.effective", "cpuset", "", "memory nodes that are used", true},
	 CGROUP_LIST, NULL, .how = V1_SAME, .v1 = {{"cpuset", "cpuset.effective_mems"}}},
	{{"memory.current", "memory", "", "memory used", true},
	 CGROUP_BYTES, "bytes", .absent_at_root = true, .how = V1_BYTES,
	 .v1 = {{"memory", "memory.usage_in_bytes"}}},
	{{"memory.peak", "memory", "", "most memory ever used (Linux 5.19)", true},
	 CGROUP_BYTES, "bytes", .absent_at_root = true, .how = V1_BYTES,
	 .v1 = {{"memory", "memory.max_usage_in_bytes"}}},
	{{"memory.max", "memory", SIZE_FORM, "limit; beyond it the group's processes are killed", false},
	 CGROUP_BYTES, "bytes", .absent_at_root = true, .how = V1_MEMORY_MAX,
	 .v1 = {{"memory", "memory.limit_in_bytes"}}},
	{{"memory.high", "memory", SIZE_FORM, "limit; beyond it the group is slowed and reclaimed from", false},
	 CGROUP_BYTES, "bytes", .absent_at_root = true, .after = "memory.max"},
	{{"memory.low", "memory", SIZE_FORM, "not reclaimed while others have some to give", false},
	 CGROUP_BYTES, "bytes", .absent_at_root = true},
	{{"memory.min", "memory", SIZE_FORM, "never reclaimed", false},
	 CGROUP_BYTES, "bytes", .absent_at_root = true},
	{{"memory.oom.group", "memory", "0 or 1", "kill the whole group, not one process of it", false},
	 CGROUP_NUMBER, NULL, 0, 1, .absent_at_root = true},
	{{"memory.events", "memory", "", "how often limits were hit", true},
	 CGROUP_STAT, NULL, .absent_at_root = true, .how = V1_MEMORY_EVENTS,
	 .v1 = {{"memory", "memory.oom_control"}, {"memory", "memory.failcnt"}}},
	{{"memory.stat", "memory", "", "what the memory is used for, in the kernel's words", true},
	 CGROUP_STAT, NULL, .how = V1_SAME, .v1 = {{"memory", "memory.stat"}}},
	{{"memory.swap.current", "memory", "", "swap used", true},
	 CGROUP_BYTES, "bytes", .absent_at_root = true, .how = V1_SWAP_CURRENT,
	 .v1 = {{"memory", "memory.memsw.usage_in_bytes"}, {"memory", "memory.usage_in_bytes"}}},
	{{"memory.swap.max", "memory", SIZE_FORM, "limit on swap", false},
	 CGROUP_BYTES, "bytes", .absent_at_root = true, .after = "memory.max", .how = V1_SWAP_MAX,
	 .v1 = {{"memory", "memory.memsw.limit_in_bytes"}, {"memory", "memory.limit_in_bytes"}}},
	{{"io.weight", "io", "a whole number from 1 to 10000", "share of the disks against siblings", false},
	 CGROUP_NUMBER, NULL, 1, 10000, .absent_at_root = true, .alias = "io.bfq.weight",
	 .how = V1_IO_WEIGHT, .v1 = {{"blkio", "blkio.bfq.weight"}}},
	{{"io.stat", "io", "", "bytes and operations of each disk", true}, CGROUP_STAT, NULL},
	{{"pids.current", "pids", "", "processes and threads now", true},
	 CGROUP_COUNT, NULL, .absent_at_root = true, .how = V1_SAME, .v1 = {{"pids", "pids.current"}}},
	{{"pids.peak", "pids", "", "most processes and threads ever (Linux 6.1)", true},
	 CGROUP_COUNT, NULL, .absent_at_root = true, .how = V1_SAME, .v1 = {{"pids", "pids.peak"}}},
	{{"pids.max", "pids", COUNT_FORM, "limit on processes and threads", false},
	 CGROUP_COUNT, NULL, .absent_at_root = true, .how = V1_SAME, .v1 = {{"pids", "pids.max"}}},
	{{"pids.events", "pids", "", "how often the limit was hit", true},
	 CGROUP_STAT, NULL, .absent_at_root = true, .how = V1_SAME, .v1 = {{"pids", "pids.events"}}},
	{{"cgroup.type", "cgroup", "", "domain or threaded", true}, CGROUP_STAT, NULL, .absent_at_root = true},
	{{"cgroup.controllers", "cgroup", "", "controllers that children may have", true}, CGROUP_STAT},
	{{"cgroup.events", "cgroup", "", "does it or what is below hold processes; is it frozen", true},
	 CGROUP_STAT, NULL, .absent_at_root = true},
	{{"cgroup.freeze", "cgroup", "0 or 1", "stop all processes", false},
	 CGROUP_NUMBER, NULL, 0, 1, .absent_at_root = true, .after = "memory.swap.max",
	 .how = V1_FREEZE, .v1 = {{"freezer", "freezer.state"}}},
};

const struct cgroup_key *cgroup_key_at(size_t index)
{
	return index < array_size(keys) ? &keys[index] : NULL;
}

const struct rf_cgroup_key *rf_cgroup_key(size_t index)
{
	return index < array_size(keys) ? &keys[index].pub : NULL;
}

const struct cgroup_key *cgroup_key_find(const char *name)
{
	for (size_t i = 0; i < array_size(keys); i++)
		if (str_eq(keys[i].pub.name, name))
			return &keys[i];
	return NULL;
}

/* The name that v1 gives a controller, where it has another. */
static const char *v1_controller(const struct cgroup_key *key)
{
	return key->v1[0].controller ?: str_eq(key->pub.controller, "io") ? "blkio"
				       : key->pub.controller;
}

bool cgroup_key_is_v1(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	int h = cgroup_hierarchy_of(fs, v1_controller(key));

	return h >= 0 && !fs->h[h].ops->v2;
}

uint32_t cgroup_key_hierarchies(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	uint32_t bits = 0;
	int h;

	if (!cgroup_key_is_v1(fs, key)) {
		bool core = str_eq(key->pub.controller, "cgroup");

		h = core ? cgroup_v2_of(fs) : cgroup_hierarchy_of(fs, key->pub.controller);
		/* The CPU time of a group is counted on v2 even without the controller. */
		if (h < 0 && fs->mode == RF_CGROUP_V2 && str_eq(key->pub.name, "cpu.stat"))
			h = cgroup_v2_of(fs);
		return h < 0 ? 0 : 1u << h;
	}
	for (size_t i = 0; i < array_size(key->v1) && key->v1[i].file; i++) {
		h = cgroup_hierarchy_of(fs, key->v1[i].controller);
		if (h >= 0)
			bits |= 1u << h;
	}
	return bits;
}
