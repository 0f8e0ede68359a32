// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgctl tree: the groups below one, with columns by choice. A column is a number that is known by name (memory,
 * cpu, …), or any key of the table. One sample has most of the numbers; the rest, and keys, are read group by group.
 */
#include <errno.h>
#include <ringfence/sample.h>
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
	enum rf_figure figure; /* RF_FIGURES: no sample has it */
} numbers[] = {
#define NUMBER(name, key, title, type, want, member, figure) \
	{name, {key, title, type}, RF_CGROUP_USE_##want, offsetof(struct rf_cgroup_usage, member), figure}
	NUMBER("processes", "processes", "PROCESSES", CELL_NUMBER, PROCESSES, n_processes, RF_FIGURES),
	NUMBER("memory", "memory_bytes", "MEMORY", CELL_BYTES, MEMORY, memory_bytes, RF_MEMORY_BYTES),
	NUMBER("memory_peak", "memory_peak_bytes", "PEAK", CELL_BYTES, MEMORY, memory_peak_bytes, RF_FIGURES),
	NUMBER("memory_max", "memory_max_bytes", "LIMIT", CELL_BYTES, MEMORY, memory_max_bytes, RF_MEMORY_MAX_BYTES),
	NUMBER("swap", "swap_bytes", "SWAP", CELL_BYTES, MEMORY, swap_bytes, RF_FIGURES),
	NUMBER("oom_kills", "oom_kills", "KILLS", CELL_NUMBER, MEMORY, oom_kills, RF_OOM_KILLS),
	NUMBER("cpu", "cpu_us", "CPU", CELL_TIME_US, CPU, cpu_us, RF_CPU_US),
	NUMBER("throttled", "cpu_throttled_us", "THROTTLED", CELL_TIME_US, CPU, throttled_us, RF_THROTTLED_US),
	NUMBER("pids", "pids", "PIDS", CELL_NUMBER, PIDS, pids, RF_PIDS),
	NUMBER("pids_peak", "pids_peak", "PIDS PEAK", CELL_NUMBER, PIDS, pids_peak, RF_FIGURES),
	NUMBER("pids_max", "pids_max", "PIDS MAX", CELL_NUMBER, PIDS, pids_max, RF_PIDS_MAX),
	NUMBER("read", "io_read_bytes", "READ", CELL_BYTES, IO, io_read_bytes, RF_IO_READ_BYTES),
	NUMBER("written", "io_write_bytes", "WRITTEN", CELL_BYTES, IO, io_write_bytes, RF_IO_WRITE_BYTES),
	NUMBER("cpu_wait", "cpu_some_us", "CPU WAIT", CELL_TIME_US, PRESSURE, cpu_some_us, RF_CPU_SOME_US),
	NUMBER("memory_wait", "memory_some_us", "MEMORY WAIT", CELL_TIME_US, PRESSURE, memory_some_us, RF_MEMORY_SOME_US),
	NUMBER("io_wait", "io_some_us", "IO WAIT", CELL_TIME_US, PRESSURE, io_some_us, RF_IO_SOME_US),
#undef NUMBER
};

struct tree {
	struct rf_cgroup_fs *fs;
	struct table *table;
	struct column columns[COLUMNS_MAX + 2];
	const struct number *number[COLUMNS_MAX]; /* NULL: the key of that name */
	char *names;
	size_t n;
	unsigned want; /* of rf_cgroup_usage: what no sample has */
	uint64_t figures;
	unsigned flags;
};

static int add_column(struct tree *t, const char *name)
{
	if (t->n == COLUMNS_MAX)
		return tool_usage_error("--columns: more than %d", COLUMNS_MAX);
	for (size_t i = 0; i < array_size(numbers); i++) {
		if (strcmp(numbers[i].name, name))
			continue;
		if (numbers[i].figure < RF_FIGURES)
			t->figures |= RF_FIGURE_BIT(numbers[i].figure);
		else if (numbers[i].want == RF_CGROUP_USE_PROCESSES)
			t->flags |= RF_SAMPLE_PROCESSES;
		else
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

static uint64_t number_of(const struct number *n, const struct rf_sample *s, const struct rf_cgroup_usage *u)
{
	if (n->figure < RF_FIGURES)
		return s->values[n->figure];
	if (n->want == RF_CGROUP_USE_PROCESSES)
		return s->n_processes;
	return *(const uint64_t *)(const void *)((const char *)u + n->offset);
}

static void cell(struct tree *t, size_t i, const struct rf_sample *s, const struct rf_cgroup_usage *u)
{
	char *text __free(ptr) = NULL;

	if (t->number[i]) {
		uint64_t n = number_of(t->number[i], s, u);

		if (n == RF_CGROUP_UNKNOWN)
			table_none(t->table);
		else
			table_number(t->table, n);
		return;
	}
	if (rf_cgroup_get(t->fs, s->group, t->columns[i + 1].key, &text) < 0)
		table_none(t->table);
	else
		table_text(t->table, text);
}

static int row(struct tree *t, const struct rf_sample *s)
{
	struct rf_cgroup_usage u = {.size = sizeof(u), .wanted = t->want};
	char *name __free(ptr) = cgctl_shown(s);
	int r = t->want ? rf_cgroup_usage(t->fs, s->group, &u) : 0;

	/* It was removed since. */
	if (r == -ENOENT || r == -ENODEV)
		return 0;
	if (r < 0 || !name)
		return r < 0 ? r : -ENOMEM;
	table_text(t->table, name);
	for (size_t i = 0; i < t->n; i++)
		cell(t, i, s, &u);
	return 0;
}

static int rows(struct tree *t, const char *group)
{
	struct rf_sampler_options o = {
		.size = sizeof(o), .group = group, .figures = t->figures ?: RF_FIGURE_BIT(RF_PIDS),
		.flags = RF_SAMPLE_ONCE | RF_SAMPLE_EVERY_GROUP | t->flags,
		.max_levels = max_depth < 0 ? 0 : (size_t)max_depth + 1,
	};
	const struct rf_sample *groups = NULL;
	struct rf_sampler *sampler = NULL;
	int r = rf_sampler_open(t->fs, &o, &sampler);
	size_t n;

	if (r >= 0)
		r = rf_sampler_read(sampler);
	n = r < 0 ? 0 : rf_sampler_groups(sampler, &groups);
	for (size_t i = 0; r >= 0 && i < n; i++)
		r = row(t, &groups[i]);
	rf_sampler_free(sampler);
	return r;
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
		r = rows(&t, name);
		if (r < 0)
			r = cgctl_error(r, "tree", name);
		else
			table_print(t.table);
		rf_cgroup_fs_free(t.fs);
	}
	free(t.names);
	return r;
}
