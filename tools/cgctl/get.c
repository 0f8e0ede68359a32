// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of a group: as the kernel writes them, and in words; in JSON as json.c has them. */
#include <errno.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "cgroup/cgroup.h"

const struct opt_row get_options[] = {OPT_COMMON_JSON, {0}};

static const struct column columns[] = {
	{"key", "KEY", CELL_TEXT}, {"value", "VALUE", CELL_TEXT}, {"words", "", CELL_TEXT}, {0}};

static const char *words(const struct cgroup_key *key, const char *text, char *buf, size_t size)
{
	struct cgroup_value v;

	if (!key || cgroup_value_read(key, text, &v) < 0 || v.number == RF_MAX)
		return NULL;
	if (key->kind == CGROUP_BYTES)
		return v.number < 1024 ? NULL : rf_format_bytes(v.number, buf, size);
	if (key->kind != CGROUP_CPU)
		return NULL;
	snprintf(buf, size, "%.3g CPU", (double)v.number / (double)v.period);
	return buf;
}

/* A row for each line: a stat has several. */
static void table_value(struct table *t, const char *name, char *text)
{
	const struct cgroup_key *key = cgroup_key_find(name);
	char buf[48], *save = NULL, *line = strtok_r(text, "\n", &save);
	bool many = save && *save;

	if (!line)
		line = text;
	for (; line; line = strtok_r(NULL, "\n", &save)) {
		/* A rule is no number with a name. */
		char *blank = many && !(key && key->kind == CGROUP_RULES) ? strchr(line, ' ') : NULL;
		char *full __free(ptr) = NULL;

		if (blank)
			*blank = '\0';
		full = blank ? str_format("%s %s", name, line) : NULL;
		table_text(t, full ?: name);
		table_text(t, blank ? blank + 1 : line);
		table_text(t, (many ? NULL : words(key, text, buf, sizeof(buf))) ?: "");
	}
}

struct output {
	struct table *table;
	struct str json;
};

/* One key; `listed` ones that the group does not have are left out. */
static int add(struct rf_cgroup_fs *fs, const char *group, const char *key, bool listed,
	       struct output *out)
{
	char *text __free(ptr) = NULL;
	int r = rf_cgroup_get(fs, group, key, &text);

	if (r < 0 && listed &&
	    (r == -ENOENT || r == -EOPNOTSUPP || r == -EACCES || r == -EPERM || r == -EINVAL || r == -ENODEV ||
	     r == -ENODATA))
		return 0;
	if (r < 0)
		return r;
	if (tool_state.json)
		cgctl_json_value(&out->json, key, text);
	else
		table_value(out->table, key, text);
	return 0;
}

static int print(struct output *out, const char *group)
{
	if (!tool_state.json) {
		table_print(out->table);
		return 0;
	}
	if (out->json.failed)
		return tool_error(-ENOMEM, "get");
	fputs("{\"group\": ", stdout);
	emit_json_string(group);
	printf(", \"values\": {%s}}\n", out->json.s ?: "");
	str_done(&out->json);
	return 0;
}

struct all {
	struct rf_cgroup_fs *fs;
	const char *group;
	struct output *out;
};

static int add_listed(const char *name, void *data)
{
	struct all *a = data;

	return add(a->fs, a->group, name, true, a->out);
}

/* All that can be read but the processes, of which there may be many. */
static int add_all(struct rf_cgroup_fs *fs, const char *group, struct output *out)
{
	struct all a = {fs, group, out};
	const struct cgroup_key *key;
	int r = 0;

	for (size_t i = 0; r >= 0 && (key = cgroup_key_at(i)); i++)
		if (key->kind != CGROUP_IDS && key->kind != CGROUP_TRIGGER)
			r = cgroup_key_names(key, add_listed, &a);
	return r;
}

int get_run(int argc, char **argv)
{
	char *name __free(ptr) = cgctl_name(argv[0]);
	struct output out = {.table = tool_state.json ? NULL : table_new(columns)};
	struct rf_cgroup_fs *fs = NULL;
	int r;

	if (!name)
		return tool_error(-ENOMEM, "name");
	r = cgctl_open_for(argv[0], argv + 1, argc - 1, &fs);
	if (r)
		return r;
	/* A key that is asked for finds out itself. */
	r = argc > 1 ? 1 : rf_cgroup_exists(fs, argv[0]);
	/* The record of what was looked for is still there. */
	if (r == 0)
		r = -ENOENT;
	for (int i = 1; r >= 0 && i < argc; i++)
		r = add(fs, argv[0], argv[i], false, &out);
	if (r >= 0 && argc == 1)
		r = add_all(fs, argv[0], &out);
	r = r < 0 ? cgctl_error(r, "get", name) : print(&out, name);
	rf_cgroup_fs_free(fs);
	return r;
}
