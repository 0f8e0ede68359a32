// SPDX-License-Identifier: GPL-2.0-or-later
/* What two processes share, in words; and what limits the numbers of namespaces. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "nsls.h"

const struct opt_row diff_options[] = {
	{'J', "json", OPT_FLAG, &tool_state.json, NULL, "print JSON instead of text"},
	{0},
};

static const struct column diff_columns[] = {
	{"type", "TYPE", CELL_TEXT},	     {"first_ns", "FIRST", CELL_NUMBER},
	{"second_ns", "SECOND", CELL_NUMBER}, {"shared", "SHARED", CELL_BOOL},
	{"meaning", "WHAT THAT MEANS", CELL_TEXT}, {0},
};

/* 0 where all are shared, 1 where not. */
static int compare(int first, int second, bool only_different)
{
	uint64_t a[RF_NS_KINDS], b[RF_NS_KINDS];
	int r = rf_ns_of_process(first, a), different = 0;
	struct table *t;

	if (r >= 0)
		r = rf_ns_of_process(second, b);
	if (r < 0)
		return tool_error(r, "%s", "");
	t = table_new(diff_columns);
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		bool shared = a[i] == b[i];

		different += !shared;
		if (!a[i] || (only_different && shared))
			continue;
		table_text(t, kind->name);
		table_number(t, a[i]);
		table_number(t, b[i]);
		table_number(t, shared);
		table_text(t, shared ? kind->shared : kind->separate);
	}
	if (only_different && !different && !tool_state.json)
		puts("It lives in the same namespaces.");
	if (!only_different || different || tool_state.json)
		table_print(t);
	return different ? EXIT_FAILED : EXIT_OK;
}

int diff_run(int argc, char **argv)
{
	int first, second, r = tool_pid(argv[0], getpid(), &first);

	if (!r)
		r = tool_pid(argv[1], getpid(), &second);
	return r ? r : compare(first, second, false);
}

static void say_file(int pid, const char *name, const char *label)
{
	char path[48], *text __free(ptr) = NULL;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	if (file_read_at(AT_FDCWD, path, 1 << 16, &text, NULL) < 0 || !text[0])
		return;
	printf("%s:\n", label);
	for (char *save = NULL, *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		printf("  %s\n", line);
}

static void say_link(int pid, const char *name, const char *label)
{
	char path[48], target[4096];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/%d/%s", pid, name);
	n = sys_readlinkat(AT_FDCWD, path, target, sizeof(target) - 1);
	if (n < 0)
		return;
	target[n] = '\0';
	printf("%s: %s\n", label, target);
}

/* What beside the namespaces makes its world another one. */
static void say_more(int pid)
{
	say_link(pid, "root", "root directory, within its mount namespace");
	say_file(pid, "uid_map", "user ids: inside, outside, how many");
	say_file(pid, "gid_map", "group ids: inside, outside, how many");
	say_file(pid, "cgroup", "control groups");
	if (tool_state.json)
		return;
	printf("to enter: nsjoin -t %d --all\n", pid);
}

int why_run(int argc, char **argv)
{
	uint64_t init[RF_NS_KINDS];
	int with, pid, r = tool_pid(argv[0], getpid(), &pid);

	if (r)
		return r;
	/* Without the right to look at pid 1, the caller stands for the rest of the system. */
	with = rf_ns_of_process(1, init) < 0 ? getpid() : 1;
	if (!tool_state.json)
		printf("pid %d beside %s:\n", pid, with == 1 ? "pid 1" : "this process (pid 1 can't be looked into)");
	r = compare(pid, with, true);
	if (!tool_state.json && r <= EXIT_FAILED)
		say_more(pid);
	return r;
}

int limits_run(int argc, char **argv)
{
	static const struct column columns[] = {
		{"type", "TYPE", CELL_TEXT}, {"limit", "LIMIT", CELL_NUMBER}, {"used", "USED", CELL_NUMBER},
		{"headroom", "LEFT", CELL_NUMBER}, {"sysctl", "SYSCTL", CELL_TEXT}, {0},
	};
	struct rf_ns_list *list;
	struct table *t = table_new(columns);
	int r = rf_ns_list_read(RF_NS_DESCRIPTORS | RF_NS_RELATIONS, &list);

	if (r < 0)
		return tool_error(r, "list");
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		char path[64], name[64], *text __free(ptr) = NULL;
		uint64_t limit, used = rf_ns_list_used(list, kind);

		snprintf(path, sizeof(path), "/proc/sys/user/%s", kind->sysctl);
		snprintf(name, sizeof(name), "user.%s", kind->sysctl);
		if (file_read_at(AT_FDCWD, path, 64, &text, NULL) < 0)
			continue;
		limit = strtoull(text, NULL, 10);
		table_text(t, kind->name);
		table_number(t, limit);
		table_number(t, used);
		table_number(t, limit > used ? limit - used : 0);
		table_text(t, name);
	}
	table_print(t);
	nsls_warn(list);
	rf_ns_list_free(list);
	return EXIT_OK;
}
