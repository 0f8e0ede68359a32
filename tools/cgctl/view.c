// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * From samples to rows. A rate is the growth of a counter by the time between two samples; a group
 * that is new has none yet. The effective memory limit is the least of the group's own and of those
 * above that are in the sample.
 */
#include "view.h"

#include <errno.h>
#include <math.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { CPU, THROTTLED, CPU_SOME, MEMORY, LIMIT, SHARE, SWAP, MEM_SOME, MEM_FULL, IO_SOME, IO_FULL, READ,
       WRITE, PIDS, REFAULTS, MAJFLT, KILLS, N_COLUMNS };

#define BIT RF_FIGURE_BIT
#define COLUMN(key, title, width, unit, usual, figures, help) {key, title, help, unit, width, usual, figures}
static const struct view_column columns[N_COLUMNS] = {
	[CPU] = COLUMN("cpu_percent", "CPU%", 6, VIEW_PERCENT, true, BIT(RF_CPU_US), "CPU time used; 100 is one CPU"),
	[THROTTLED] = COLUMN("throttled_percent", "THR%", 5, VIEW_PERCENT, true, BIT(RF_NR_PERIODS) | BIT(RF_NR_THROTTLED),
			     "share of the quota's periods in which it ran out"),
	[CPU_SOME] = COLUMN("cpu_some_percent", "CPUsome", 7, VIEW_PERCENT, true, BIT(RF_CPU_SOME_US), "time in which some task waited for a CPU"),
	[MEMORY] = COLUMN("memory_bytes", "MEM", 7, VIEW_BYTES, true, BIT(RF_MEMORY_BYTES), "memory charged"),
	[LIMIT] = COLUMN("memory_effective_max_bytes", "LIMIT", 7, VIEW_BYTES, true, BIT(RF_MEMORY_MAX_BYTES),
			 "the lowest memory limit of the group and those above"),
	[SHARE] = COLUMN("memory_percent", "MEM%", 5, VIEW_PERCENT, true, BIT(RF_MEMORY_BYTES) | BIT(RF_MEMORY_MAX_BYTES),
			 "memory of that limit"),
	[SWAP] = COLUMN("swap_bytes", "SWAP", 7, VIEW_BYTES, false, BIT(RF_SWAP_BYTES), "swap charged"),
	[MEM_SOME] = COLUMN("memory_some_percent", "MEMsome", 7, VIEW_PERCENT, true, BIT(RF_MEMORY_SOME_US), "time in which some task waited for memory"),
	[MEM_FULL] = COLUMN("memory_full_percent", "MEMfull", 7, VIEW_PERCENT, true, BIT(RF_MEMORY_FULL_US), "time in which all tasks waited for memory"),
	[IO_SOME] = COLUMN("io_some_percent", "IOsome", 6, VIEW_PERCENT, false, BIT(RF_IO_SOME_US), "time in which some task waited for a device"),
	[IO_FULL] = COLUMN("io_full_percent", "IOfull", 6, VIEW_PERCENT, true, BIT(RF_IO_FULL_US), "time in which all tasks waited for a device"),
	[READ] = COLUMN("io_read_bytes_per_s", "READ/s", 7, VIEW_BYTES_PER_S, true, BIT(RF_IO_READ_BYTES), "read from devices"),
	[WRITE] = COLUMN("io_write_bytes_per_s", "WRITE/s", 7, VIEW_BYTES_PER_S, true, BIT(RF_IO_WRITE_BYTES), "written to devices"),
	[PIDS] = COLUMN("pids", "PIDS", 6, VIEW_NUMBER, true, BIT(RF_PIDS), "processes and threads"),
	[REFAULTS] = COLUMN("refaults_per_s", "REFLT/s", 7, VIEW_PER_S, true, BIT(RF_REFAULTS), "pages read again soon after reclaim"),
	[MAJFLT] = COLUMN("major_faults_per_s", "MAJFL/s", 7, VIEW_PER_S, false, BIT(RF_MAJOR_FAULTS), "page faults that had to read"),
	[KILLS] = COLUMN("oom_kills", "KILLS", 5, VIEW_NUMBER, false, BIT(RF_OOM_KILLS), "processes killed for memory so far"),
};
_Static_assert((int)N_COLUMNS <= (int)VIEW_MAX_COLUMNS, "a row has a cell for each column");
#undef COLUMN

const struct view_column *view_column(size_t index)
{
	return index < N_COLUMNS ? &columns[index] : NULL;
}

int view_column_by_key(const char *key)
{
	for (int i = 0; i < N_COLUMNS; i++)
		if (str_eq(columns[i].key, key))
			return i;
	return -1;
}

static double level(uint64_t n)
{
	return n == RF_CGROUP_UNKNOWN ? NAN : n == RF_MAX ? INFINITY : (double)n;
}

/* Growth a second; NAN where either sample has none. */
static double rate(const struct view *v, const uint64_t *before, const uint64_t *now, enum rf_figure f)
{
	uint64_t n = before && v->elapsed_us ? rf_sample_growth(before[f], now[f]) : RF_CGROUP_UNKNOWN;

	return n == RF_CGROUP_UNKNOWN ? NAN : (double)n * 1e6 / (double)v->elapsed_us;
}

static double share_of_periods(const uint64_t *before, const uint64_t *now)
{
	uint64_t periods = before ? rf_sample_growth(before[RF_NR_PERIODS], now[RF_NR_PERIODS]) : RF_CGROUP_UNKNOWN;
	uint64_t throttled = before ? rf_sample_growth(before[RF_NR_THROTTLED], now[RF_NR_THROTTLED]) : RF_CGROUP_UNKNOWN;

	if (periods == RF_CGROUP_UNKNOWN || throttled == RF_CGROUP_UNKNOWN)
		return NAN;
	return periods ? 100.0 * (double)throttled / (double)periods : 0;
}

static void fill(const struct view *v, struct view_row *row, const struct view_row *above, const uint64_t *before)
{
	static const struct {
		int column;
		enum rf_figure figure;
		double scale;
	} rates[] = {
		{CPU, RF_CPU_US, 1e-4}, {CPU_SOME, RF_CPU_SOME_US, 1e-4}, {MEM_SOME, RF_MEMORY_SOME_US, 1e-4},
		{MEM_FULL, RF_MEMORY_FULL_US, 1e-4}, {IO_SOME, RF_IO_SOME_US, 1e-4}, {IO_FULL, RF_IO_FULL_US, 1e-4},
		{READ, RF_IO_READ_BYTES, 1}, {WRITE, RF_IO_WRITE_BYTES, 1}, {REFAULTS, RF_REFAULTS, 1}, {MAJFLT, RF_MAJOR_FAULTS, 1},
	}, levels[] = {
		{MEMORY, RF_MEMORY_BYTES, 1}, {SWAP, RF_SWAP_BYTES, 1}, {PIDS, RF_PIDS, 1}, {KILLS, RF_OOM_KILLS, 1},
	};
	const uint64_t *now = row->sample->values;
	double limit = level(now[RF_MEMORY_MAX_BYTES]);

	for (size_t i = 0; i < array_size(rates); i++)
		row->cells[rates[i].column] = rate(v, before, now, rates[i].figure) * rates[i].scale;
	for (size_t i = 0; i < array_size(levels); i++)
		row->cells[levels[i].column] = level(now[levels[i].figure]);
	row->cells[THROTTLED] = share_of_periods(before, now);
	if (above && !(above->cells[LIMIT] >= limit))
		limit = isnan(above->cells[LIMIT]) ? limit : above->cells[LIMIT];
	row->cells[LIMIT] = limit;
	row->cells[SHARE] = isfinite(limit) && limit > 0 ? 100 * row->cells[MEMORY] / limit : NAN;
}

static int reserve(struct view *v, size_t n)
{
	struct view_row *rows = v->rows;
	const struct view_row **shown = v->shown;

	if (n <= v->cap_rows)
		return 0;
	rows = realloc(rows, n * 2 * sizeof(*rows));
	if (!rows)
		return -ENOMEM;
	v->rows = rows;
	shown = realloc(shown, n * 2 * sizeof(*shown));
	if (!shown)
		return -ENOMEM;
	v->shown = shown;
	v->cap_rows = n * 2;
	return 0;
}

static void forget(struct view *v)
{
	for (size_t i = 0; i < v->n_before; i++)
		free(v->names[i]);
	v->n_before = 0;
}

/* Names that stay are kept as they are: most of them, each time. */
static int remember(struct view *v, const struct rf_sample *samples, size_t n)
{
	bool same = n == v->n_before;

	for (size_t i = 0; same && i < n; i++)
		same = str_eq(v->names[i], samples[i].group);
	if (!same)
		forget(v);
	if (n > v->cap_before) {
		char **names = realloc(v->names, n * 2 * sizeof(*names));
		uint64_t (*values)[RF_FIGURES];

		if (!names)
			return -ENOMEM;
		v->names = names;
		values = realloc(v->values, n * 2 * sizeof(*values));
		if (!values)
			return -ENOMEM;
		v->values = values;
		v->cap_before = n * 2;
	}
	for (size_t i = 0; i < n; i++) {
		memcpy(v->values[i], samples[i].values, sizeof(v->values[i]));
		if (!same && !(v->names[i] = strdup(samples[i].group)))
			return -ENOMEM;
		v->n_before = same ? n : i + 1;
	}
	return 0;
}

/* The order in which samples come: parents first, then by name, the slash before all. */
static int compare_names(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	if (*a == *b)
		return 0;
	return (*a == '/' ? 1 : *a ? (unsigned char)*a + 1 : 0) - (*b == '/' ? 1 : *b ? (unsigned char)*b + 1 : 0);
}

int view_update(struct view *v, uint64_t time_us, const struct rf_sample *samples, size_t n)
{
	size_t old = 0;
	int r = reserve(v, n);

	if (r < 0)
		return r;
	v->elapsed_us = v->time_us && time_us > v->time_us ? time_us - v->time_us : 0;
	v->time_us = time_us;
	v->n_rows = n;
	for (size_t i = 0; i < n; i++) {
		struct view_row *row = &v->rows[i];
		int c = -1;

		*row = (struct view_row){.sample = &samples[i]};
		while (old < v->n_before && (c = compare_names(v->names[old], samples[i].group)) < 0)
			old++;
		fill(v, row, i ? &v->rows[samples[i].parent] : NULL, old < v->n_before && !c ? v->values[old] : NULL);
		if (i)
			v->rows[samples[i].parent].has_children = true;
	}
	r = remember(v, samples, n);
	view_arrange(v);
	return r;
}

static _Thread_local const struct view *sorting;

/* What is not known comes last, whichever way. */
static int compare_cells(const struct view_row *a, const struct view_row *b)
{
	double x = sorting->sort < 0 ? 0 : a->cells[sorting->sort], y = sorting->sort < 0 ? 0 : b->cells[sorting->sort];
	int c = isnan(x) || isnan(y) ? isnan(x) - isnan(y) : (x < y) - (x > y);

	if (c && !isnan(x) && !isnan(y) && sorting->reverse)
		c = -c;
	/* In the samples' own order. */
	return c ? c : (a > b) - (a < b);
}

static int by_cell(const void *a, const void *b)
{
	return compare_cells(*(const struct view_row *const *)a, *(const struct view_row *const *)b);
}

/* The one of a row and those above it that stands `depth` deep. */
static const struct view_row *at_depth(const struct view_row *row, size_t depth)
{
	while (row->sample->depth > depth)
		row = &sorting->rows[row->sample->parent];
	return row;
}

/* In a tree two rows compare as their different ancestors below a common one do. */
static int by_tree(const void *x, const void *y)
{
	const struct view_row *a = *(const struct view_row *const *)x, *b = *(const struct view_row *const *)y;
	size_t depth = a->sample->depth < b->sample->depth ? a->sample->depth : b->sample->depth;
	const struct view_row *p = at_depth(a, depth), *q = at_depth(b, depth);

	if (p == q)
		return (a->sample->depth > b->sample->depth) - (a->sample->depth < b->sample->depth);
	while (depth && p->sample->parent != q->sample->parent) {
		p = &sorting->rows[p->sample->parent];
		q = &sorting->rows[q->sample->parent];
		depth--;
	}
	return compare_cells(p, q);
}

static bool is_folded(const struct view *v, const char *group)
{
	for (size_t i = 0; i < v->n_folds; i++)
		if (str_eq(v->folds[i], group))
			return true;
	return false;
}

void view_arrange(struct view *v)
{
	v->n_shown = 0;
	for (size_t i = 0; i < v->n_rows; i++) {
		struct view_row *row = &v->rows[i];
		const struct view_row *above = i ? &v->rows[row->sample->parent] : NULL;

		row->folded = v->tree && row->has_children && is_folded(v, row->sample->group);
		row->hidden = above && (above->hidden || above->folded);
		if (!row->hidden && (!v->max_depth || row->sample->depth <= v->max_depth))
			v->shown[v->n_shown++] = row;
	}
	sorting = v;
	if (v->n_shown && (v->tree || v->sort >= 0))
		qsort(v->shown, v->n_shown, sizeof(*v->shown), v->tree ? by_tree : by_cell);
}

void view_toggle_fold(struct view *v, const char *group)
{
	char **more;

	for (size_t i = 0; i < v->n_folds; i++) {
		if (!str_eq(v->folds[i], group))
			continue;
		free(v->folds[i]);
		v->folds[i] = v->folds[--v->n_folds];
		return;
	}
	more = realloc(v->folds, (v->n_folds + 1) * sizeof(*more));
	if (!more)
		return;
	v->folds = more;
	v->folds[v->n_folds] = strdup(group);
	v->n_folds += v->folds[v->n_folds] != NULL;
}

static void short_bytes(double n, char *buf, size_t size)
{
	static const char units[] = "BKMGTPE";
	size_t u = 0;

	while (n >= 999.5 && units[u + 1]) {
		n /= 1024;
		u++;
	}
	snprintf(buf, size, u && n < 99.95 ? "%.1f%c" : "%.0f%c", n, units[u]);
}

void view_cell(const struct view_column *column, double value, char *buf, size_t size)
{
	if (isnan(value))
		snprintf(buf, size, "-");
	else if (isinf(value))
		snprintf(buf, size, "max");
	else if (column->unit == VIEW_BYTES || column->unit == VIEW_BYTES_PER_S)
		short_bytes(value, buf, size);
	else if (column->unit == VIEW_PERCENT)
		snprintf(buf, size, "%.1f", value);
	else
		snprintf(buf, size, "%.0f", value);
}

void view_done(struct view *v)
{
	forget(v);
	for (size_t i = 0; i < v->n_folds; i++)
		free(v->folds[i]);
	free(v->folds);
	free(v->names);
	free(v->values);
	free(v->rows);
	free(v->shown);
}
