// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <string.h>

#include "layerctl.h"

static struct rf_layer_mount mount = {.size = sizeof(mount)};
static bool keep, lazy;

static int parse_map(const char *word, void *to)
{
	return rf_idmap_parse(to, word);
}

const struct opt_row mount_options[] = {
	{'r', "read-only", OPT_FLAG, &mount.read_only, NULL, "mount the layers without an upper directory"},
	{0, "volatile", OPT_FLAG, &mount.is_volatile, NULL,
	 "never sync changes to disk: faster, and worth nothing after a crash"},
	{0, "map-users", OPT_CALL, &mount.uid_map, "INSIDE:OUTSIDE:COUNT[,…]",
	 "show what user INSIDE owns in the image as owned by OUTSIDE, as nsrun --map-users needs it",
	 0, 0, 0, NULL, parse_map},
	{0, "map-groups", OPT_CALL, &mount.gid_map, "INSIDE:OUTSIDE:COUNT[,…]",
	 "the same for groups", 0, 0, 0, NULL, parse_map},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors and steps as JSON"},
	OPT_COMMON_EXPLAIN,
	{0},
};

const struct opt_row umount_options[] = {
	{0, "keep", OPT_FLAG, &keep, NULL, "keep the directory with the changes and print its path"},
	{'l', "lazy", OPT_FLAG, &lazy, NULL, "detach now, though it is in use"},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors as JSON"},
	{0},
};

static int clean(struct rf_store *store)
{
	int r = rf_store_clean(store);

	if (r > 0)
		tool_warn("%d thing%s left by killed imports or ended mounts removed", r,
			  r == 1 ? "" : "s");
	return r < 0 ? tool_error(r, "clean the store") : 0;
}

static int run_mount(struct rf_store *store)
{
	struct rf_plan *plan;
	int r = rf_plan_new(&plan);

	if (r < 0)
		return tool_error(r, "plan");
	r = rf_plan_layer_mount(plan, store, &mount);
	r = r < 0 ? tool_error(r, "mount") : -tool_run_plan(plan);
	rf_plan_free(plan);
	return r;
}

int mount_run(int argc, char **argv)
{
	struct rf_store *store;
	int r = layerctl_open(0, &store);

	if (r)
		return r;
	mount.image = argv[0];
	mount.target = argv[1];
	if (mount.read_only && mount.is_volatile)
		r = tool_usage_error("--volatile is about changes; --read-only allows none");
	if (!r && !tool_state.dry_run)
		r = clean(store);
	if (!r)
		r = run_mount(store);
	rf_store_close(store);
	return r;
}

static int print_kept(const struct rf_mount_info *m, void *data)
{
	const char *word = data;

	if (m->upper && !strcmp(m->state, "kept") && (!strcmp(m->id, word) || !strcmp(m->target, word)))
		printf("%s\n", m->upper);
	return 0;
}

int umount_run(int argc, char **argv)
{
	unsigned flags = (keep ? RF_UMOUNT_KEEP : 0) | (lazy ? RF_UMOUNT_LAZY : 0);
	struct rf_store *store;
	int r = layerctl_open(0, &store);

	if (r)
		return r;
	r = rf_store_umount(store, argv[0], flags);
	if (r < 0) {
		r = tool_error(r, "umount");
	} else {
		if (!r)
			tool_warn("%s: nothing of this store is mounted there", argv[0]);
		if (keep)
			rf_store_each_mount(store, print_kept, argv[0]);
		r = clean(store);
	}
	rf_store_close(store);
	return r;
}
