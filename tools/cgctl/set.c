// SPDX-License-Identifier: GPL-2.0-or-later
/* What changes a group: create, set, delete. */
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>

#include "cgctl.h"

static struct opt_list controllers;
static bool recursive, kill_first;
static uint64_t wait_us;

#define JSON_ERRORS {0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors as JSON"}

const struct opt_row create_options[] = {
	{'c', "controller", OPT_LIST, &controllers, "NAME",
	 "have this controller in the group (repeat it); v2: else those of the keys, v1: else all that keys have"},
	JSON_ERRORS,
	{0},
};

const struct opt_row set_options[] = {JSON_ERRORS, {0}};

const struct opt_row delete_options[] = {
	{'r', "recursive", OPT_FLAG, &recursive, NULL, "remove the groups below it, too"},
	{'k', "kill", OPT_FLAG, &kill_first, NULL, "kill the processes in it"},
	{'w', "wait", OPT_TIME, &wait_us, "TIME", "wait so long for its processes to end, such as 10s"},
	JSON_ERRORS,
	{0},
};

static int apply(char **argv, int argc, bool create)
{
	struct rf_cgroup_fs *fs;
	const char *const *settings = (const char *const *)(argv + 1);
	size_t n = (size_t)argc - 1;
	int r = cgctl_open(create, &fs);

	if (r)
		return r;
	if (create) {
		const char **list = calloc(controllers.n + 1, sizeof(*list));

		for (size_t i = 0; list && i < controllers.n; i++)
			list[i] = controllers.words[i];
		r = !list ? -ENOMEM
			  : rf_cgroup_create(fs, argv[0], settings, n, controllers.n ? list : NULL,
					     cgctl_note, NULL);
		free(list);
	} else {
		r = rf_cgroup_set(fs, argv[0], settings, n, cgctl_note, NULL);
	}
	if (r < 0)
		r = cgctl_error(r, create ? "create" : "set", argv[0]);
	rf_cgroup_fs_free(fs);
	return r;
}

int create_run(int argc, char **argv)
{
	return apply(argv, argc, true);
}

int set_run(int argc, char **argv)
{
	return apply(argv, argc, false);
}

int delete_run(int argc, char **argv)
{
	unsigned flags = (recursive ? RF_CGROUP_RECURSIVE : 0) | (kill_first ? RF_CGROUP_KILL : 0);
	struct rf_cgroup_fs *fs;
	int r = cgctl_open(true, &fs);

	if (r)
		return r;
	r = rf_cgroup_delete(fs, argv[0], flags, wait_us);
	if (r < 0)
		r = cgctl_error(r, "delete", argv[0]);
	rf_cgroup_fs_free(fs);
	return r;
}
