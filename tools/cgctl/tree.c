// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgctl tree: the groups below one, with columns by choice. A column is a number that is known by name (memory,
 * cpu, …), or any key of the table.
 */
#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "cgroup/cgroup.h"

enum { COLUMNS_MAX = 32 };

static const char *wanted_columns = "processes,memory,memory_max,cpu,throttled,pids,pids_max";
static int64_t max_depth = -1;

const struct opt_row tree_options[] = {
	{'o', "columns", OPT_STRING, &wanted_columns, "LIST",
	 "columns separated by commas: keys (cgctl keys), or processes, memory, memory_peak, memory_max, swap, oom_kills, cpu, throttled, pids, pids_peak, pids_max, read, written, cpu_wait, memory_wait, io_wait"},
	{'d', "depth", OPT_INT, &max_depth, "N", "go down so many levels", 0, 0, 1000},
	OPT_COMMON_JSON,
	{0},
};

static const struct number {
	const char *name;
	struct column column;
	unsigned want;
	size_t offset;
} numbers[] = {
#define NUMBER(name, key, title, type, want, member) \
	{name, {key, title, type}, RF_CGROUP_USE_##want, offsetof(struct rf_cgroup_usage, member)}
	NUMBER("processes", "processes", "PROCESSES", CELL_NUMBER, PROCESSES, n_processes),
	NUMBER("memory", "memory_bytes", "MEMORY", CELL_BYTES, MEMORY, memory_bytes),
	NUMBER("memory_peak", "memory_peak_bytes", "PEAK", CELL_BYTES, MEMORY, memory_peak_bytes),
	NUMBER("memory_max", "memory_max_bytes", "LIMIT", CELL_BYTES, MEMORY, memory_max_bytes),
	NUMBER("swap", "swap_bytes", "SWAP", CELL_BYTES, MEMORY, swap_bytes),
	NUMBER("oom_kills", "oom_kills", "KILLS", CELL_NUMBER, MEMORY, oom_kills),
	NUMBER("cpu", "cpu_us", "CPU", CELL_TIME_US, CPU, cpu_us),
	NUMBER("throttled", "cpu_throttled_us", "THROTTLED", CELL_TIME_US, CPU, throttled_us),
	NUMBER("pids", "pids", "PIDS", CELL_NUMBER, PIDS, pids),
	NUMBER("pids_peak", "pids_peak", "PIDS PEAK", CELL_NUMBER, PIDS, pids_peak),
	NUMBER("pids_max", "pids_max", "PIDS MAX", CELL_NUMBER, PIDS, pids_max),
	NUMBER("read", "io_read_bytes", "READ", CELL_BYTES, IO, io_read_bytes),
	NUMBER("written", "io_write_bytes", "WRITTEN", CELL_BYTES, IO, io_write_bytes),
	NUMBER("cpu_wait", "cpu_some_us", "CPU WAIT", CELL_TIME_US, PRESSURE, cpu_some_us),
	NUMBER("memory_wait", "memory_some_us", "MEMORY WAIT", CELL_TIME_US, PRESSURE, memory_some_us),
	NUMBER("io_wait", "io_some_us", "IO WAIT", CELL_TIME_US, PRESSURE, io_some_us),
#undef NUMBER
};

struct tree {
	struct rf_cgroup_fs *fs;
	struct table *table;
	struct column columns[COLUMNS_MAX + 2];
	const struct number *number[COLUMNS_MAX]; /* NULL: the key of that name */
	char *names;
	size_t n, root_depth;
	unsigned want;
};

static int add_column(struct tree *t, const char *name)
{
	if (t->n == COLUMNS_MAX)
		return tool_usage_error("--columns: more than %d", COLUMNS_MAX);
	for (size_t i = 0; i < array_size(numbers); i++) {
		if (strcmp(numbers[i].name, name))
			continue;
		t->want |= numbers[i].want;
		t->columns[t->n + 1] = numbers[i].column;
		t->number[t->n++] = &numbers[i];
		return 0;
	}
	if (!cgroup_key_find(name) || cgroup_key_find(name)->kind == CGROUP_TRIGGER)
		return tool_usage_error("--columns: \"%s\" is neither a known column nor a key that can be read", name);
	t->columns[t->n + 1] = (struct column){name, name, CELL_TEXT};
	t->number[t->n++] = NULL;
	return 0;
}

static int choose(struct tree *t)
{
	char *save = NULL;
	int r = 0;

	t->names = strdup(wanted_columns);
	if (!t->names)
		return tool_error(-ENOMEM, "tree");
	t->columns[0] = (struct column){"group", "GROUP", CELL_TEXT};
	for (char *c = strtok_r(t->names, ",", &save); !r && c; c = strtok_r(NULL, ",", &save))
		r = add_column(t, c);
	if (!r && !t->n)
		r = tool_usage_error("--columns: none is given");
	return r;
}

static size_t depth(const char *name)
{
	size_t n = *name != '\0';

	for (; *name; name++)
		n += *name == '/';
	return n;
}

static void cell(struct tree *t, size_t i, const char *group, const struct rf_cgroup_usage *u)
{
	char *text __free(ptr) = NULL;

	if (t->number[i]) {
		uint64_t n = *(const uint64_t *)(const void *)((const char *)u + t->number[i]->offset);

		if (n == RF_CGROUP_UNKNOWN)
			table_none(t->table);
		else
			table_number(t->table, n);
		return;
	}
	if (rf_cgroup_get(t->fs, group, t->columns[i + 1].key, &text) < 0)
		table_none(t->table);
	else
		table_text(t->table, text);
}

static int row(const char *group, void *data)
{
	struct tree *t = data;
	struct rf_cgroup_usage u = {.size = sizeof(u), .wanted = t->want ?: RF_CGROUP_USE_PROCESSES};
	char *name __free(ptr) = cgctl_name(group), *shown __free(ptr) = NULL;
	const char *slash = strrchr(group, '/');
	size_t deep = depth(group) - t->root_depth;
	int r;

	if (max_depth >= 0 && deep > (size_t)max_depth)
		return 0;
	r = rf_cgroup_usage(t->fs, group, &u);
	/* It was removed since. */
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r >= 0 && !tool_state.json && deep)
		shown = str_format("%*s%s", (int)deep * 2, "", slash ? slash + 1 : group);
	if (r < 0 || !name)
		return r < 0 ? r : -ENOMEM;
	table_text(t->table, shown ?: name);
	for (size_t i = 0; i < t->n; i++)
		cell(t, i, group, &u);
	return 0;
}

int tree_run(int argc, char **argv)
{
	struct tree t = {0};
	char *name __free(ptr) = cgctl_name(argc ? argv[0] : "/");
	int r = name ? choose(&t) : tool_error(-ENOMEM, "tree");

	if (!r)
		r = cgctl_open(true, &t.fs);
	if (!r) {
		t.table = table_new(t.columns);
		t.root_depth = depth(name + 1);
		r = rf_cgroup_walk(t.fs, name, row, &t);
		if (r < 0)
			r = cgctl_error(r, "tree", name);
		else
			table_print(t.table);
		rf_cgroup_fs_free(t.fs);
	}
	free(t.names);
	return r;
}
