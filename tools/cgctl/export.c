// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgctl export: a cgconfig.conf of a group and those below, with what was set: values that every new group has
 * are left out, and so is what can't be set, so that import and libcgroup can read it back. Where a
 * controller is v1's its keys have v1's names.
 */
#include <errno.h>
#include <ringfence/cgconvert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "cgroup/cgroup.h"

enum { LINES_MAX = 512 };

const struct opt_row export_options[] = {
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors as JSON"},
	{0},
};

struct writer {
	struct rf_cgroup_fs *fs;
	const char *group;
	char *words[LINES_MAX]; /* of the group under way */
	size_t n;
	int error;
};

static void add(struct writer *w, const char *key, const char *value)
{
	if (w->n < LINES_MAX)
		w->words[w->n++] = str_format("%s=%s", key, value);
	else
		w->error = -E2BIG;
}

static void converted(const struct rf_converted *c, void *data)
{
	const char *blank = c->value ? strrchr(c->value, ' ') : NULL;

	/* v1 says that a disk has no limit by not naming it. */
	if (c->value && !(str_starts(c->key, "blkio.throttle.") && blank && !strcmp(blank, " 0")))
		add(data, c->key, c->value);
}

/* One line of a value, by the name that this system has for it. */
static void add_line(struct writer *w, const struct cgroup_key *key, const char *name, const char *line)
{
	char *word __free(ptr) = str_format("%s=%s", name, line);

	if (key->kind == CGROUP_WEIGHTS && str_starts(line, "default "))
		line += 8;
	if (!word)
		w->error = -ENOMEM;
	else if (!key->v1_only && cgroup_key_is_v1(w->fs, key) && key->how != V1_SAME)
		rf_cgroup_convert(RF_WEIGHT_LINEAR, (const char *const *)&word, 1, converted, w);
	else
		add(w, name, line);
}

static int take_key(const char *name, void *data)
{
	struct writer *w = data;
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = cgroup_key_for(cgroup_key_find(name), name, &copy);
	char *text __free(ptr) = NULL, *save = NULL;

	/* libcgroup knows files only; the share in two words would be set twice; what is passed on is told by the groups below. */
	if (key->pub.read_only || key->kept || key->kind == CGROUP_TRIGGER || key->kind == CGROUP_TOGGLES ||
	    key->kind == CGROUP_NICE || str_eq(name, "io.bfq.weight") ||
	    rf_cgroup_get(w->fs, w->group, name, &text) < 0 || cgroup_is_usual(key, text))
		return 0;
	/* v1's limit on swap needs the one on memory beside it. */
	if (str_eq(name, "memory.swap.max") && cgroup_key_is_v1(w->fs, key)) {
		char *memory __free(ptr) = NULL, *a __free(ptr) = str_format("%s=%s", name, text), *b __free(ptr) = NULL;
		const char *words[2] = {a, NULL};

		if (rf_cgroup_get(w->fs, w->group, "memory.max", &memory) >= 0)
			words[1] = b = str_format("memory.max=%s", memory);
		if (a && b)
			rf_cgroup_convert(RF_WEIGHT_LINEAR, words, 2, converted, w);
		return 0;
	}
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		add_line(w, key, name, line);
	return 0;
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* A section for each controller: sorted, the words of one stand together. */
static void print_group(struct writer *w, const char *group)
{
	char last[32] = "";

	qsort(w->words, w->n, sizeof(*w->words), by_text);
	printf("group %s%s%s {\n", *group ? "\"" : "", *group ? group : ".", *group ? "\"" : "");
	for (size_t i = 0; i < w->n; i++) {
		const char *word = w->words[i], *eq = strchr(word, '=');
		size_t len = strcspn(word, ".");

		if (i && !strcmp(word, w->words[i - 1]))
			continue;
		if (strlen(last) != len || strncmp(last, word, len)) {
			printf("%s\t%.*s {\n", *last ? "\t}\n" : "", (int)len, word);
			snprintf(last, sizeof(last), "%.*s", (int)len, word);
		}
		printf("\t\t%.*s = \"%s\";\n", (int)(eq - word), word, eq + 1);
	}
	puts(*last ? "\t}\n}" : "}");
}

static int write_group(const char *group, void *data)
{
	struct writer *w = data;
	const struct cgroup_key *key;
	int r = 0;

	/* A name that can't be quoted can't be written. */
	if (strchr(group, '"')) {
		tool_warn("/%s is left out: the format has no way to write '\"'", group);
		return 0;
	}
	w->group = group;
	w->n = 0;
	for (size_t i = 0; r >= 0 && (key = cgroup_key_at(i)); i++)
		r = cgroup_key_names(key, take_key, w);
	for (size_t i = 0; r >= 0 && i < w->n; i++)
		r = w->words[i] ? 0 : -ENOMEM;
	r = r < 0 ? r : w->error;
	if (r >= 0 && (*group || w->n))
		print_group(w, group);
	for (size_t i = 0; i < w->n; i++)
		free(w->words[i]);
	return r;
}

int export_run(int argc, char **argv)
{
	struct writer *w __free(ptr) = calloc(1, sizeof(*w));
	char *name __free(ptr) = cgctl_name(argc ? argv[0] : "/");
	int r;

	if (!w || !name)
		return tool_error(-ENOMEM, "export");
	r = cgctl_open(false, &w->fs);
	if (r)
		return r;
	puts("# by cgctl export");
	r = rf_cgroup_walk(w->fs, name, write_group, w);
	if (r < 0)
		r = cgctl_error(r, "export", name);
	rf_cgroup_fs_free(w->fs);
	return r;
}
