// SPDX-License-Identifier: GPL-2.0-or-later
/* What the program's control group has used while it ran, for the report. */
#include <ringfence/cgroup.h>
#include <stddef.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "nsrun.h"

static struct rf_cgroup_fs *fs;
static char *name;
static struct rf_cgroup_usage before;

enum group_row_kind { COUNTER, LEVEL };

/* In the words of `cgctl run --report --json`. A counter is told as its growth, a level as it is. */
static const struct group_row {
	const char *key;
	enum group_row_kind kind;
	size_t offset;
} group_rows[] = {
#define ROW(key, kind) {#key, kind, offsetof(struct rf_cgroup_usage, key)}
	ROW(cpu_us, COUNTER),		ROW(throttled_us, COUNTER),  ROW(nr_throttled, COUNTER),
	ROW(nr_periods, COUNTER),	ROW(memory_peak_bytes, LEVEL), ROW(oom_kills, COUNTER),
	ROW(pids_peak, LEVEL),
#undef ROW
};

void group_end(void)
{
	rf_cgroup_fs_free(fs);
	free(name);
	fs = NULL;
	name = NULL;
}

static int given_name(const char *group)
{
	name = str_format("/%s", group + strspn(group, "/"));
	return name ? 1 : -ENOMEM;
}

int group_begin(const char *group)
{
	int r = rf_cgroup_fs_open(&fs);

	/* Nothing of the kind is mounted: then there is nothing to tell. */
	if (r == -ENOENT && !group)
		return 0;
	if (r >= 0)
		r = group ? given_name(group) : rf_cgroup_of_process(fs, 0, &name);
	before = (struct rf_cgroup_usage){.size = sizeof(before)};
	if (r > 0)
		r = rf_cgroup_usage(fs, name, &before);
	return r < 0 ? tool_error(r, "--report") : 0;
}

static uint64_t number_at(const struct rf_cgroup_usage *u, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)u + offset);
}

int group_report(struct str *out)
{
	struct rf_cgroup_usage used = {.size = sizeof(used)};
	int r;

	if (!name) {
		str_add(out, "null");
		return 0;
	}
	r = rf_cgroup_usage(fs, name, &used);
	if (r < 0)
		return r;
	str_add(out, "{\"group\": ");
	str_add_json(out, name);
	for (size_t i = 0; i < array_size(group_rows); i++) {
		const struct group_row *row = &group_rows[i];
		uint64_t n = number_at(&used, row->offset), was = number_at(&before, row->offset);

		str_addf(out, ", \"%s\": ", row->key);
		if (row->kind == COUNTER && n != RF_CGROUP_UNKNOWN && was != RF_CGROUP_UNKNOWN)
			n = n > was ? n - was : 0;
		if (n == RF_CGROUP_UNKNOWN)
			str_add(out, "null");
		else
			str_addf(out, "%llu", (unsigned long long)n);
	}
	str_add(out, "}");
	return 0;
}
