// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes as a snapshot: whatever they are, they are refused or read; what was read is written and read
 * again as the same; and a restore of it, dry, is refused or planned.
 */
#include <ringfence/snapshot.h>

#include "cgroup/snapshot.h"
#include "fuzz.h"

/* A system with one hierarchy of each version, in a directory without groups. */
static struct rf_cgroup_fs *nowhere(void)
{
	static struct rf_cgroup_fs fs = {.mode = RF_CGROUP_HYBRID, .n = 2};
	static int dir = -1;

	if (dir < 0)
		dir = fuzz_scratch();
	fs.h[0] = (struct cgroup_hierarchy){.ops = &cgroup_v1_ops, .controllers = "memory,cpu,pids,cpuset", .fd = dir};
	fs.h[1] = (struct cgroup_hierarchy){.ops = &cgroup_v2_ops, .controllers = "io hugetlb", .fd = dir};
	return &fs;
}

static void restore(struct rf_snapshot *s)
{
	struct rf_restore_options o = {.size = sizeof(o), .fs = nowhere(), .snapshot = s, .flags = RF_RESTORE_BEST_EFFORT};
	struct rf_plan *plan = NULL;

	if (rf_plan_new(&plan) < 0)
		abort();
	rf_plan_restore(plan, &o);
	rf_plan_free(plan);
}

FUZZ_TARGET(snapshot)
{
	struct rf_snapshot *s = NULL, *again = NULL;
	char *text = NULL, *once = NULL;

	if (rf_snapshot_parse("fuzz", (const char *)data, size, &s) < 0)
		return 0;
	for (size_t i = 0; i < s->n; i++)
		if (strstr(s->groups[i].name, "..") && strstr(s->groups[i].name, "/../"))
			abort();
	if (rf_snapshot_text(s, &text) < 0 || rf_snapshot_parse("again", text, strlen(text), &again) < 0 ||
	    rf_snapshot_compare(s, again, NULL, NULL) != 0 || rf_snapshot_text(again, &once) < 0 || strcmp(text, once) != 0)
		abort();
	restore(s);
	rf_snapshot_free(s);
	rf_snapshot_free(again);
	free(text);
	free(once);
	return 0;
}
