// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl snapshot, diff and restore: what a tree of groups has been set to, as a file. */
#include <errno.h>
#include <fcntl.h>
#include <ringfence/snapshot.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgctl.h"

enum { FILE_LIMIT = 16 << 20 };

static const char *output;
static bool best_effort, prune;

const struct opt_row snapshot_options[] = {
	{'o', "output", OPT_STRING, &output, "FILE", "write to this file, whole or not at all"},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors as JSON; the snapshot always is"},
	{0},
};

const struct opt_row diff_options[] = {OPT_COMMON_JSON, {0}};

const struct opt_row restore_options[] = {
	{'b', "best-effort", OPT_FLAG, &best_effort, NULL, "tell what this system can't have, and restore the rest"},
	{'P', "prune", OPT_FLAG, &prune, NULL, "remove groups that the snapshot does not have; they must be empty"},
	OPT_CGCTL_ACT,
	{0},
};

static const struct column change_columns[] = {
	{"group", "GROUP", CELL_TEXT}, {"key", "KEY", CELL_TEXT}, {"old", "OLD", CELL_TEXT}, {"new", "NEW", CELL_TEXT},
	{0}};

static int read_text(const char *file, char **ret_text, size_t *ret_len)
{
	return strcmp(file, "-") ? file_read_at(AT_FDCWD, file, FILE_LIMIT, ret_text, ret_len)
				 : file_read_fd(STDIN_FILENO, FILE_LIMIT, ret_text, ret_len);
}

static int read_file(const char *file, struct rf_snapshot **ret)
{
	char *text __free(ptr) = NULL;
	size_t len = 0;
	int r = read_text(file, &text, &len);

	return r < 0 ? r : rf_snapshot_parse(file, text, len, ret);
}

int snapshot_run(int argc, char **argv)
{
	const char *group = argc ? argv[0] : "/";
	struct rf_cgroup_fs *fs = NULL;
	struct rf_snapshot *s = NULL;
	char *text __free(ptr) = NULL;
	int r = cgctl_open(false, &fs);

	if (r)
		return r;
	r = rf_snapshot_take(fs, group, &s);
	if (r >= 0)
		r = rf_snapshot_text(s, &text);
	if (r < 0)
		r = cgctl_error(r, "snapshot", group);
	else if (!output)
		r = fputs(text, stdout) < 0 ? EXIT_FAILED : 0;
	else if ((r = file_replace_at(AT_FDCWD, output, text, strlen(text), 0644)) < 0)
		r = tool_error(r, "snapshot %s", output);
	rf_snapshot_free(s);
	rf_cgroup_fs_free(fs);
	return r;
}

/* A file where there is one, or standard input; else a group, or `now`: the other's. */
static int take(struct rf_cgroup_fs *fs, const char *word, const struct rf_snapshot *other, struct rf_snapshot **ret)
{
	int r;

	if (!strcmp(word, "now"))
		return rf_snapshot_take(fs, rf_snapshot_root(other), ret);
	/* A group's name with a slash in front is also a path, most often of nothing. */
	r = read_file(word, ret);
	return r == -ENOENT || r == -ENOTDIR || r == -EISDIR ? rf_snapshot_take(fs, word, ret) : r;
}

struct printer {
	struct table *table; /* with --json */
	const char *a, *b;
};

/* A change is a line, whatever the value is. */
static void print_text(const char *text)
{
	if (!text || !*text)
		fputs(text ? "(empty)" : "(none)", stdout);
	for (; text && *text; text += strcspn(text, "\n"), text += *text == '\n')
		printf("%.*s%s", (int)strcspn(text, "\n"), text, strchr(text, '\n') ? ", " : "");
}

static void print_change(const struct rf_snapshot_change *c, void *data)
{
	const struct printer *p = data;

	if (p->table) {
		table_text(p->table, c->group);
		table_text(p->table, c->key);
		table_text(p->table, c->old_text);
		table_text(p->table, c->new_text);
	} else if (!c->key) {
		printf("%s: only in %s\n", c->group, c->old_text ? p->a : p->b);
	} else {
		printf("%s %s: ", c->group, c->key);
		print_text(c->old_text);
		fputs(" -> ", stdout);
		print_text(c->new_text);
		putchar('\n');
	}
}

int diff_run(int argc, char **argv)
{
	struct printer p = {NULL, argv[0], argv[1]};
	struct rf_cgroup_fs *fs = NULL;
	struct rf_snapshot *a = NULL, *b = NULL;
	bool now_first = !strcmp(argv[0], "now");
	const char *under_way = argv[now_first];
	int r;

	if (now_first && !strcmp(argv[1], "now"))
		return tool_usage_error("diff: \"now\" is the present of the other; name a file or group beside it");
	r = cgctl_open(false, &fs);
	if (r)
		return r;
	r = take(fs, under_way, NULL, now_first ? &b : &a);
	if (r >= 0)
		r = take(fs, under_way = argv[!now_first], now_first ? b : a, now_first ? &a : &b);
	if (r < 0) {
		r = tool_error(r, "diff %s", under_way);
	} else {
		p.table = tool_state.json ? table_new(change_columns) : NULL;
		r = rf_snapshot_compare(a, b, print_change, &p);
		r = r < 0 ? tool_error(r, "diff") : r ? EXIT_FAILED : EXIT_OK;
		if (p.table)
			table_print(p.table);
	}
	rf_snapshot_free(a);
	rf_snapshot_free(b);
	rf_cgroup_fs_free(fs);
	return r;
}

static void left(const char *group, const char *key, const char *why, void *data)
{
	tool_warn("%s %s is left out: %s", group, key, why);
}

static int restore(struct rf_restore_options *options, const char *file)
{
	struct rf_plan *plan = NULL;
	int r = rf_plan_new(&plan), code;

	if (r >= 0)
		r = rf_plan_restore(plan, options);
	if (r < 0) {
		code = tool_error(r, "restore %s", file);
		r = r == -EINVAL && !strcmp(rf_trace_last_failure()->name, "check") ? EXIT_USAGE : code;
	} else {
		r = -tool_run_plan(plan);
	}
	rf_plan_free(plan);
	return r;
}

int restore_run(int argc, char **argv)
{
	struct rf_restore_options options = {
		.size = sizeof(options), .group = argc > 1 ? argv[1] : NULL, .left = left, .note = cgctl_note,
		.flags = (best_effort ? RF_RESTORE_BEST_EFFORT : 0) | (prune ? RF_RESTORE_PRUNE : 0),
	};
	struct rf_snapshot *s = NULL;
	int r = read_file(argv[0], &s);

	if (r < 0)
		return tool_error(r, "restore %s", argv[0]);
	options.snapshot = s;
	r = cgctl_open(true, &options.fs);
	if (!r)
		r = restore(&options, argv[0]);
	rf_cgroup_fs_free(options.fs);
	rf_snapshot_free(s);
	return r;
}
