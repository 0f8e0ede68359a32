// SPDX-License-Identifier: GPL-2.0-or-later
/* The tree of groups, by one sample of all of them. */
#include <errno.h>
#include <ringfence/sample.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"

static bool names_only;

const struct opt_row list_options[] = {
	{'n', "names", OPT_FLAG, &names_only, NULL, "print the names only, one a line"},
	OPT_COMMON_JSON,
	{0},
};

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

static void number(struct table *t, uint64_t n)
{
	if (n == RF_CGROUP_UNKNOWN)
		table_none(t);
	else
		table_number(t, n);
}

static int row(const struct rf_sample *s, struct table *t)
{
	char *name __free(ptr) = cgctl_shown(s);

	if (!name)
		return -ENOMEM;
	table_text(t, name);
	table_number(t, s->n_processes);
	number(t, s->values[RF_MEMORY_BYTES]);
	number(t, s->values[RF_MEMORY_MAX_BYTES]);
	number(t, s->values[RF_CPU_US]);
	number(t, s->values[RF_THROTTLED_US]);
	number(t, s->values[RF_PIDS]);
	return 0;
}

char *cgctl_shown(const struct rf_sample *s)
{
	const char *slash = strrchr(s->group, '/');

	if (tool_state.json || !s->depth)
		return cgctl_name(s->group);
	return str_format("%*s%s", (int)s->depth * 2, "", slash ? slash + 1 : s->group);
}

static int add_name(const char *group, void *data)
{
	char *name __free(ptr) = cgctl_name(group);

	if (!name)
		return -ENOMEM;
	if (tool_state.json)
		table_text(data, name);
	else
		puts(name);
	return 0;
}

static int list_names(const char *group)
{
	static const struct column column[] = {{"group", "GROUP", CELL_TEXT}, {0}};
	struct table *table = tool_state.json ? table_new(column) : NULL;
	struct rf_cgroup_fs *fs;
	int r = cgctl_open(true, &fs);

	if (r)
		return r;
	r = rf_cgroup_walk(fs, group, add_name, table);
	if (r < 0)
		r = cgctl_error(r, "list", group);
	else if (table)
		table_print(table);
	rf_cgroup_fs_free(fs);
	return r;
}

int list_run(int argc, char **argv)
{
	struct rf_sampler_options o = {
		.size = sizeof(o), .group = argc ? argv[0] : "/",
		.flags = RF_SAMPLE_ONCE | RF_SAMPLE_EVERY_GROUP | RF_SAMPLE_PROCESSES,
		.figures = RF_FIGURE_BIT(RF_MEMORY_BYTES) | RF_FIGURE_BIT(RF_MEMORY_MAX_BYTES) | RF_FIGURE_BIT(RF_CPU_US) |
			   RF_FIGURE_BIT(RF_THROTTLED_US) | RF_FIGURE_BIT(RF_PIDS),
	};
	const struct rf_sample *groups = NULL;
	struct rf_sampler *sampler = NULL;
	struct rf_cgroup_fs *fs = NULL;
	struct table *table;
	size_t n;
	int r;

	if (names_only)
		return list_names(o.group);
	r = cgctl_open(true, &fs);
	if (r)
		return r;
	table = table_new(columns);
	r = rf_sampler_open(fs, &o, &sampler);
	if (r >= 0)
		r = rf_sampler_read(sampler);
	n = r < 0 ? 0 : rf_sampler_groups(sampler, &groups);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = row(&groups[i], table);
	if (r < 0)
		r = cgctl_error(r, "list", o.group);
	else
		table_print(table);
	rf_sampler_free(sampler);
	rf_cgroup_fs_free(fs);
	return r;
}
