// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of groups. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"

const struct opt_row list_options[] = {OPT_COMMON_JSON, {0}};

static const struct column columns[] = {
	{"group", "GROUP", CELL_TEXT},
	{"processes", "PROCESSES", CELL_NUMBER},
	{"memory_bytes", "MEMORY", CELL_BYTES},
	{"memory_max_bytes", "LIMIT", CELL_BYTES},
	{"cpu_us", "CPU", CELL_TIME_US},
	{"cpu_throttled_us", "THROTTLED", CELL_TIME_US},
	{"pids", "PIDS", CELL_NUMBER},
	{0},
};

struct list {
	struct rf_cgroup_fs *fs;
	struct table *table;
	size_t root_depth;
};

static size_t depth(const char *name)
{
	size_t n = *name != '\0';

	for (; *name; name++)
		n += *name == '/';
	return n;
}

static void number(struct table *t, uint64_t n)
{
	if (n == RF_CGROUP_UNKNOWN)
		table_none(t);
	else
		table_number(t, n);
}

static int row(const char *group, void *data)
{
	struct list *l = data;
	struct rf_cgroup_usage u = {
		.size = sizeof(u),
		.wanted = RF_CGROUP_USE_PROCESSES | RF_CGROUP_USE_CPU | RF_CGROUP_USE_MEMORY | RF_CGROUP_USE_PIDS,
	};
	char *name __free(ptr) = cgctl_name(group);
	const char *slash = strrchr(group, '/');
	int indent = (int)(depth(group) - l->root_depth) * 2;
	int r = rf_cgroup_usage(l->fs, group, &u);

	/* It was removed since. */
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0 || !name)
		return r < 0 ? r : -ENOMEM;
	if (!tool_state.json && indent) {
		char *shown = str_format("%*s%s", indent, "", slash ? slash + 1 : group);

		table_text(l->table, shown);
		free(shown);
	} else {
		table_text(l->table, name);
	}
	table_number(l->table, u.n_processes);
	number(l->table, u.memory_bytes);
	number(l->table, u.memory_max_bytes);
	number(l->table, u.cpu_us);
	number(l->table, u.throttled_us);
	number(l->table, u.pids);
	return 0;
}

int list_run(int argc, char **argv)
{
	struct list list = {.table = table_new(columns)};
	const char *group = argc ? argv[0] : "/";
	char *name __free(ptr) = cgctl_name(group);
	int r;

	if (!name)
		return tool_error(-ENOMEM, "name");
	r = cgctl_open(true, &list.fs);
	if (r)
		return r;
	list.root_depth = depth(name + 1);
	r = rf_cgroup_walk(list.fs, group, row, &list);
	if (r < 0)
		r = cgctl_error(r, "list", name);
	else
		table_print(list.table);
	rf_cgroup_fs_free(list.fs);
	return r;
}
