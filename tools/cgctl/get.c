// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values of a group. The table has them as the kernel writes them, and in words; JSON has numbers
 * as numbers, a CPU limit as quota and period, and a stat as an object of its lines.
 */
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
		char *blank = many ? strchr(line, ' ') : NULL;
		char *full __free(ptr) = NULL;

		if (blank)
			*blank = '\0';
		full = blank ? str_format("%s %s", name, line) : NULL;
		table_text(t, full ?: name);
		table_text(t, blank ? blank + 1 : line);
		table_text(t, (many ? NULL : words(key, text, buf, sizeof(buf))) ?: "");
	}
}

static bool is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789")] && strlen(s) < 20;
}

static void json_scalar(struct str *out, const char *s)
{
	if (is_number(s))
		str_add(out, s);
	else
		str_add_json(out, s);
}

/* Lines of "word number" as an object; anything else as text. */
static void json_stat(struct str *out, const char *text)
{
	char *copy __free(ptr) = strdup(text), *save = NULL;
	struct str object __free(str) = {0};

	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line;
	     line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');

		if (!blank || !is_number(blank + 1)) {
			json_scalar(out, text);
			return;
		}
		*blank = '\0';
		str_add(&object, object.len ? ", " : "");
		str_add_json(&object, line);
		str_addf(&object, ": %s", blank + 1);
	}
	if (object.len)
		str_addf(out, "{%s}", object.s);
	else
		str_add_json(out, text);
}

static void json_value(struct str *out, const char *name, const char *text)
{
	const struct cgroup_key *key = cgroup_key_find(name);
	struct cgroup_value v;

	str_add(out, out->len ? ", " : "");
	str_add_json(out, name);
	str_add(out, ": ");
	if (key && key->kind == CGROUP_CPU && cgroup_value_read(key, text, &v) >= 0) {
		str_add(out, "{\"quota_us\": ");
		if (v.number == RF_MAX)
			str_add(out, "\"max\"");
		else
			str_addf(out, "%llu", (unsigned long long)v.number);
		str_addf(out, ", \"period_us\": %llu}", (unsigned long long)v.period);
	} else if (key && key->kind == CGROUP_NUMBER && cgroup_value_read(key, text, &v) >= 0) {
		str_addf(out, "%llu", (unsigned long long)v.number);
	} else if (key && key->kind == CGROUP_LIST) {
		str_add_json(out, text);
	} else {
		json_stat(out, text);
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

	if (r < 0 && listed && (r == -ENOENT || r == -EOPNOTSUPP || r == -EACCES))
		return 0;
	if (r < 0)
		return r;
	if (tool_state.json)
		json_value(&out->json, key, text);
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

int get_run(int argc, char **argv)
{
	char *name __free(ptr) = cgctl_name(argv[0]);
	struct output out = {.table = tool_state.json ? NULL : table_new(columns)};
	const struct rf_cgroup_key *key;
	struct rf_cgroup_fs *fs = NULL;
	int r;

	if (!name)
		return tool_error(-ENOMEM, "name");
	r = cgctl_open(false, &fs);
	if (r)
		return r;
	r = rf_cgroup_exists(fs, argv[0]);
	/* The record of what was looked for is still there. */
	if (r == 0)
		r = -ENOENT;
	for (int i = 1; r >= 0 && i < argc; i++)
		r = add(fs, argv[0], argv[i], false, &out);
	for (size_t i = 0; r >= 0 && argc == 1 && (key = rf_cgroup_key(i)); i++)
		r = add(fs, argv[0], key->name, true, &out);
	r = r < 0 ? cgctl_error(r, "get", name) : print(&out, name);
	rf_cgroup_fs_free(fs);
	return r;
}
