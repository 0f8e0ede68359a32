// SPDX-License-Identifier: GPL-2.0-or-later
/* What changes a group: create, set, delete. Each is a plan, so that it can be explained and tried dry. */
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgctl.h"

static struct opt_list controllers;
static bool recursive, kill_first, move_up;
static uint64_t wait_us;

const struct opt_row create_options[] = {
	{'c', "controller", OPT_LIST, &controllers, "NAME",
	 "have this controller in the group (repeat it); v2: else those of the keys, v1: else all that keys have"},
	OPT_CGCTL_ACT,
	{0},
};

const struct opt_row set_options[] = {OPT_CGCTL_ACT, {0}};

const struct opt_row delete_options[] = {
	{'r', "recursive", OPT_FLAG, &recursive, NULL, "remove the groups below it, too"},
	{'k', "kill", OPT_FLAG, &kill_first, NULL, "kill the processes in it"},
	{'m', "move", OPT_FLAG, &move_up, NULL, "move the processes in it to the group above"},
	{'w', "wait", OPT_TIME, &wait_us, "TIME", "wait so long for its processes to end, such as 10s"},
	OPT_CGCTL_ACT,
	{0},
};

int cgctl_act(struct rf_cgroup_act *act, const char *what)
{
	struct rf_plan *plan = NULL;
	int r = rf_plan_new(&plan);

	act->size = sizeof(*act);
	if (r >= 0)
		r = rf_plan_cgroup_act(plan, act);
	r = r < 0 ? cgctl_error(r, what, act->group) : -tool_run_plan(plan);
	rf_plan_free(plan);
	return r;
}

static int apply(char **argv, int argc, enum rf_cgroup_act_kind kind)
{
	const char **list __free(ptr) = calloc(controllers.n + 1, sizeof(*list));
	struct rf_cgroup_act act = {
		.kind = kind, .group = argv[0], .settings = (const char *const *)(argv + 1),
		.n_settings = (size_t)argc - 1, .controllers = controllers.n ? list : NULL, .note = cgctl_note,
	};
	int r = !list				   ? tool_error(-ENOMEM, "create")
		: kind == RF_CGROUP_ACT_CREATE ? cgctl_open(true, &act.fs)
					       : cgctl_open_for(argv[0], argv + 1, argc - 1, &act.fs);

	if (r || !list)
		return r;
	for (size_t i = 0; i < controllers.n; i++)
		list[i] = controllers.words[i];
	r = cgctl_act(&act, kind == RF_CGROUP_ACT_CREATE ? "create" : "set");
	rf_cgroup_fs_free(act.fs);
	return r;
}

int create_run(int argc, char **argv)
{
	return apply(argv, argc, RF_CGROUP_ACT_CREATE);
}

int set_run(int argc, char **argv)
{
	return apply(argv, argc, RF_CGROUP_ACT_SET);
}

int delete_run(int argc, char **argv)
{
	struct rf_cgroup_act act = {
		.kind = RF_CGROUP_ACT_DELETE, .group = argv[0], .wait_us = wait_us,
		.flags = (recursive ? RF_CGROUP_RECURSIVE : 0) | (kill_first ? RF_CGROUP_KILL : 0) |
			 (move_up ? RF_CGROUP_MOVE_UP : 0),
	};
	int r;

	if (kill_first && move_up)
		return tool_usage_error("--kill and --move: the processes are killed or moved, not both");
	r = cgctl_open(true, &act.fs);
	if (r)
		return r;
	r = cgctl_act(&act, "delete");
	rf_cgroup_fs_free(act.fs);
	return r;
}
