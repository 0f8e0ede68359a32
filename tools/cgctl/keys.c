// SPDX-License-Identifier: GPL-2.0-or-later
/* The manual at the prompt: the table of keys, all of them, those of a controller, or one. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "cgroup/cgroup.h"

const struct opt_row keys_options[] = {OPT_COMMON_JSON, {0}};

static const struct column columns[] = {
	{"key", "KEY", CELL_TEXT},
	{"controller", "CONTROLLER", CELL_TEXT},
	{"settable", "SET", CELL_BOOL},
	{"here", "HERE", CELL_TEXT},
	{"kind", "KIND", CELL_TEXT},
	{"meaning", "MEANING", CELL_TEXT},
	{"value", "VALUE", CELL_TEXT},
	{"unit", "UNIT", CELL_TEXT},
	{"at_limit", "AT THE LIMIT", CELL_TEXT},
	{"usual", "USUALLY", CELL_TEXT},
	{"at_root", "IN THE ROOT", CELL_BOOL},
	{"threaded", "IN THREADED GROUPS", CELL_BOOL},
	{"after", "SET AFTER", CELL_TEXT},
	{"since", "SINCE LINUX", CELL_TEXT},
	{"v1_files", "V1 FILES", CELL_TEXT},
	{0},
};

/* Which version has it on this system. */
static const char *here(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	if (!cgroup_key_is_v1(fs, key))
		return cgroup_key_hierarchies(fs, key) ? "v2" : "no";
	return key->how == V1_NONE ? "no" : "v1";
}

/* The manual of one key has it all; the table of many what fits a line. */
static const struct column brief_columns[] = {
	{"key", "KEY", CELL_TEXT},   {"settable", "SET", CELL_BOOL},	 {"here", "HERE", CELL_TEXT},
	{"kind", "KIND", CELL_TEXT}, {"meaning", "MEANING", CELL_TEXT}, {0},
};

static void brief_row(struct table *t, const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	table_text(t, key->pub.name);
	table_number(t, !key->pub.read_only);
	table_text(t, here(fs, key));
	table_text(t, cgroup_kind_word(key));
	table_text(t, key->pub.help);
}

static void row(struct table *t, const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	struct str files __free(str) = {0};

	for (size_t i = 0; i < array_size(key->v1) && key->v1[i].file; i++)
		str_addf(&files, "%s%s", i ? ", " : "", key->v1[i].file);
	table_text(t, key->pub.name);
	table_text(t, key->pub.controller);
	table_number(t, !key->pub.read_only);
	table_text(t, here(fs, key));
	table_text(t, cgroup_kind_word(key));
	table_text(t, key->pub.help);
	table_text(t, key->pub.form[0] ? key->pub.form : NULL);
	table_text(t, key->pub.unit);
	table_text(t, key->pub.at_limit);
	table_text(t, key->pub.read_only || key->kind == CGROUP_TRIGGER ? NULL : cgroup_key_usual(key));
	table_number(t, !key->absent_at_root);
	table_number(t, cgroup_key_threaded(key));
	table_text(t, key->after);
	table_text(t, key->pub.since);
	table_text(t, files.s);
}

static bool wanted(const struct cgroup_key *key, const char *word)
{
	return !word || cgroup_key_find(word) == key || str_eq(word, key->pub.controller);
}

/* What a word names; -EINVAL where that is nothing. */
static int check(const char *word)
{
	const struct cgroup_key *key;

	for (size_t i = 0; (key = cgroup_key_at(i)); i++)
		if (wanted(key, word))
			return 0;
	return cgroup_unknown_key(word);
}

int keys_run(int argc, char **argv)
{
	const char *word = argc ? argv[0] : NULL;
	const struct cgroup_key *key;
	bool brief = !tool_state.json && !(word && cgroup_key_find(word));
	struct rf_cgroup_fs *fs;
	struct table *t;
	int r = check(word);

	if (r < 0) {
		tool_error(r, "keys");
		return EXIT_USAGE;
	}
	r = cgctl_open(false, &fs);
	if (r)
		return r;
	t = table_new(brief ? brief_columns : columns);
	for (size_t i = 0; (key = cgroup_key_at(i)); i++)
		if (wanted(key, word))
			(brief ? brief_row : row)(t, fs, key);
	rf_cgroup_fs_free(fs);
	if (word && cgroup_key_find(word))
		record_print(t);
	else
		table_print(t);
	return EXIT_OK;
}
