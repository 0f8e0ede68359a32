// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The table of keys: what every group has, whichever controllers are enabled. On a hybrid system
 * these are files of the v2 tree; of v1 only freezing has something like it. Pressure is here too:
 * it needs no controller, and is measured per group as soon as there is a v2 tree.
 */
#include "cgroup/cgroup.h"

static const char *const types[] = {"threaded", NULL};

#define PRESSURE_UNIT "percent and us"
#define CORE(name_, form_, help_, read_only_, since_) \
	.pub = {name_, "cgroup", form_, help_, read_only_, NULL, NULL, since_}
#define STALL(name_, help_, since_) \
	.pub = {name_, "cgroup", "", help_, true, PRESSURE_UNIT, NULL, since_}, .kind = CGROUP_PRESSURE

const struct cgroup_key cgroup_keys_core[] = {
	{CORE("cgroup.procs", "", "The processes of the group itself; move puts one in", true, "4.5"),
	 .kind = CGROUP_IDS},
	{CORE("cgroup.threads", "", "Its threads; in a threaded group each may be moved alone", true, "4.14"),
	 .kind = CGROUP_IDS},
	{CORE("cgroup.type", "threaded", "A domain, or threaded: threads of one process in several groups; "
	      "there is no way back", false, "4.14"),
	 .kind = CGROUP_WORD, .words = types, .usual = "domain", .absent_at_root = true, .after = "cgroup.freeze"},
	{CORE("cgroup.controllers", "", "The controllers that the group may pass on to those below", true, "4.5"),
	 .kind = CGROUP_LIST},
	{CORE("cgroup.subtree_control", "controllers with + or - such as \"+cpu -io\"",
	      "The controllers that the groups below have", false, "4.5"),
	 .kind = CGROUP_TOGGLES},
	{CORE("cgroup.events", "", "Whether it or what is below holds processes, and whether it is frozen",
	      true, "4.5"),
	 .kind = CGROUP_STAT, .absent_at_root = true},
	{.pub = {"cgroup.max.depth", "cgroup", "a whole number, or max", "How deep groups may be nested below it",
		 false, "levels", "Making a group deeper fails: EAGAIN", "4.14"},
	 .kind = CGROUP_COUNT},
	{.pub = {"cgroup.max.descendants", "cgroup", "a whole number, or max", "How many groups may be below it",
		 false, "groups", "Making one more fails: EAGAIN", "4.14"},
	 .kind = CGROUP_COUNT},
	{CORE("cgroup.stat", "", "How many groups are below it, and how many removed ones still hold something",
	      true, "4.14"),
	 .kind = CGROUP_STAT},
	{CORE("cgroup.stat.local", "", "How long the group itself has been frozen, in microseconds", true, NULL),
	 .kind = CGROUP_STAT, .absent_at_root = true},
	/* A frozen group can't give back memory to get below a lower limit: last of the settings. */
	{CORE("cgroup.freeze", "0 or 1", "Stops all processes of the group and of those below", false, "5.2"),
	 .kind = CGROUP_NUMBER, .max = 1, .absent_at_root = true, .after = "memory.swap.max",
	 .how = V1_FREEZE, .v1 = {{"freezer", "freezer.state"}}},
	{CORE("cgroup.kill", "1", "Kills all processes of the group and of those below", false, "5.14"),
	 .kind = CGROUP_TRIGGER, .absent_at_root = true, .after = "cgroup.freeze"},
	{CORE("cgroup.pressure", "0 or 1", "Whether pressure is measured for the group", false, "6.1"),
	 .kind = CGROUP_NUMBER, .max = 1, .usual = "1"},
	{STALL("cpu.pressure", "Time in which runnable processes of the group waited for a CPU", "4.20")},
	{STALL("memory.pressure", "Time in which its processes waited for memory to be reclaimed", "4.20")},
	{STALL("io.pressure", "Time in which its processes waited for disks", "4.20")},
	{STALL("irq.pressure", "Time that interrupts took from its processes", "6.1")},
	{{NULL}},
};
