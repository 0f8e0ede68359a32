// SPDX-License-Identifier: GPL-2.0-or-later
/* The list: a table of chosen columns, flat or as a tree, of namespaces or of one's processes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "columns.h"

static const char *const tree_words[] = {"owner", "parent", NULL};
static const char *tree, *columns_word, *filter_text;
static int64_t task;
static bool persistent, no_descriptors, all_columns, list;
static struct opt_list types;

const struct opt_row list_options[] = {
	{'t', "type", OPT_LIST, &types, "KIND[,…]", "only these kinds: user, mnt, pid, net, ipc, uts, cgroup, time"},
	{'p', "task", OPT_INT, &task, "PID", "only the namespaces of this process", 0, 1, 1 << 22},
	{'P', "persistent", OPT_FLAG, &persistent, NULL, "only those without a process"},
	{'T', "tree", OPT_OPTIONAL, &tree, "RELATION",
	 "as a tree: each below the user namespace that owns it, or (parent) below the one above it", 0, 0, 0, tree_words},
	{'o', "output", OPT_STRING, &columns_word, "COLUMN[,…]",
	 "these columns: NS, NSID, TYPE, NPROCS, PID, PPID, UID, USER, COMMAND, PATH, HELD, ONS, PNS, NETNSID, NSFS, or all; +COLUMN adds to those that are usual"},
	{0, "output-all", OPT_FLAG, &all_columns, NULL, "all columns"},
	{'Q', "filter", OPT_STRING, &filter_text, "EXPR",
	 "only those of which EXPR is true, by columns, such as NPROCS > 1 and USER =~ \"^r\""},
	{'l', "list", OPT_FLAG, &list, NULL, "as a list, not as a tree, which is what is done without --tree"},
	{'r', "raw", OPT_FLAG, &tool_state.raw, NULL,
	 "one blank between columns, nothing where there is no value, and blanks in one as \\x20"},
	{'W', "nowrap", OPT_FLAG, &tool_state.one_line, NULL, "several paths with commas between, not below each other"},
	{0, "no-descriptors", OPT_FLAG, &no_descriptors, NULL,
	 "don't look at the descriptors of processes: faster, but a namespace that only a descriptor holds is not seen"},
	{'n', "noheadings", OPT_FLAG, &tool_state.no_headings, NULL, "print no headings"},
	{'J', "json", OPT_FLAG, &tool_state.json, NULL, "print JSON instead of text"},
	{0},
};

static int check_types(void)
{
	for (size_t i = 0; i < types.n; i++)
		for (const char *p = types.words[i]; *p; p += strcspn(p, ","), p += *p == ',') {
			char name[16];

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ","), p);
			if (!rf_ns_kind_by_name(name))
				return tool_usage_error("--type: \"%s\" is not user, mnt, pid, net, ipc, uts, cgroup or time", name);
		}
	return 0;
}

static bool is_type(const struct rf_ns_kind *kind)
{
	for (size_t i = 0; i < types.n; i++)
		for (const char *p = types.words[i]; *p; p += strcspn(p, ","), p += *p == ',') {
			char name[16];

			snprintf(name, sizeof(name), "%.*s", (int)strcspn(p, ","), p);
			if (rf_ns_kind_by_name(name) == kind)
				return true;
		}
	return !types.n;
}

static void put_number(struct table *t, int64_t n)
{
	if (n >= 0)
		table_number(t, (uint64_t)n);
	else
		table_none(t);
}

struct view {
	const struct rf_ns_entry *entries;
	size_t n;
	bool *shown, of_task;
	uint64_t wanted[RF_NS_KINDS];
	struct table *t;
};

static bool passes(const struct view *v, struct row *row)
{
	const struct rf_ns_entry *e = row->entry;
	bool in = !v->of_task;

	if (!is_type(e->kind) || (persistent && e->processes))
		return false;
	for (size_t i = 0; v->of_task && i < RF_NS_KINDS; i++)
		in |= v->wanted[i] == e->inode;
	return in && columns_pass(row);
}

static void show(struct view *v, const struct rf_ns_entry *e, int depth)
{
	struct row row = {.entry = e, .entries = v->entries, .n = v->n};

	if (passes(v, &row))
		columns_put(v->t, &row, depth);
}

static uint64_t above(const struct rf_ns_entry *e)
{
	bool by_parent = str_eq(tree, "parent");

	/* In the tree of owners a user namespace stands below its parent, which is its owner. */
	return by_parent ? e->parent : e->owner ?: e->parent;
}

static void show_branch(struct view *v, size_t i, int depth)
{
	v->shown[i] = true;
	show(v, &v->entries[i], depth);
	for (size_t k = 0; k < v->n; k++)
		if (!v->shown[k] && above(&v->entries[k]) == v->entries[i].inode)
			show_branch(v, k, depth + 1);
}

static bool has_above(const struct view *v, const struct rf_ns_entry *e)
{
	for (size_t k = 0; k < v->n; k++)
		if (above(e) && v->entries[k].inode == above(e))
			return true;
	return false;
}

static void show_all(struct view *v)
{
	for (size_t i = 0; i < v->n; i++) {
		if (!tree)
			show(v, &v->entries[i], 0);
		if (tree && !v->shown[i] && !has_above(v, &v->entries[i]))
			show_branch(v, i, 0);
	}
}

void nsls_warn(const struct rf_ns_list *namespaces)
{
	size_t hidden = rf_ns_list_hidden(namespaces), unopened = rf_ns_list_unopened(namespaces);

	bool quiet = tool_state.json || tool_state.raw;

	if (hidden && !quiet)
		tool_warn("%zu process%s of others could not be looked into (needs root, or CAP_SYS_PTRACE)",
			  hidden, hidden == 1 ? "" : "es");
	if (unopened && !quiet)
		tool_warn("the kernel lists %zu namespace%s more, which can't be looked at from here (needs root outside of containers)",
			  unopened, unopened == 1 ? "" : "s");
}

static int print(struct rf_ns_list *namespaces)
{
	struct view v = {.of_task = task > 0};
	int r = v.of_task ? rf_ns_of_process((int)task, v.wanted) : 0;

	if (r < 0)
		return tool_error(r, "--task");
	v.n = rf_ns_list_entries(namespaces, &v.entries);
	v.shown = calloc(v.n + 1, sizeof(*v.shown));
	v.t = columns_table();
	if (!v.shown || !v.t)
		return tool_error(-ENOMEM, "list");
	show_all(&v);
	free(v.shown);
	table_print(v.t);
	nsls_warn(namespaces);
	return EXIT_OK;
}

/* nsls NAMESPACE: its processes. */
static int print_processes(const char *word)
{
	static const struct column columns[] = {
		{"pid", "PID", CELL_NUMBER}, {"ppid", "PPID", CELL_NUMBER}, {"user", "USER", CELL_TEXT},
		{"command", "COMMAND", CELL_TEXT}, {0},
	};
	DIR *dir __free(dir) = NULL;
	struct table *t;
	uint64_t inode, own[RF_NS_KINDS];
	int r = 0, fd, found = 0;
	struct dirent *e;

	if (str_to_u64(word, &inode) < 0)
		return tool_usage_error("\"%s\" is not the number of a namespace", word);
	fd = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	dir = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	if (!dir)
		return tool_error(fd < 0 ? fd : r, "/proc");
	t = table_new(columns);
	while ((e = readdir(dir))) {
		int pid = (int)strtol(e->d_name, NULL, 10);
		struct process p;
		bool in = false;

		if (pid <= 0 || rf_ns_of_process(pid, own) < 0)
			continue;
		for (size_t i = 0; i < RF_NS_KINDS; i++)
			in |= own[i] == inode;
		if (!in)
			continue;
		process_read(pid, &p);
		table_number(t, (uint64_t)pid);
		put_number(t, p.ppid);
		table_text(t, p.uid < 0 ? NULL : user_name(p.uid));
		table_text(t, p.command[0] ? p.command : NULL);
		found++;
	}
	table_print(t);
	return found ? EXIT_OK : EXIT_FAILED;
}

static int check_options(bool processes)
{
	int r = check_types();

	if (!r && list && tree)
		r = tool_usage_error("--list and --tree exclude each other");
	if (!r && tool_state.raw && tool_state.json)
		r = tool_usage_error("--raw and --json exclude each other");
	if (!r && all_columns && columns_word)
		r = tool_usage_error("--output-all and --output exclude each other");
	if (!r && filter_text && processes)
		r = tool_usage_error("--filter is for the list of namespaces, not for the processes of one");
	return r;
}

int list_run(int argc, char **argv)
{
	unsigned flags = RF_NS_RELATIONS | (no_descriptors ? 0 : RF_NS_DESCRIPTORS);
	struct rf_ns_list *namespaces;
	int r = check_options(argc);

	if (!r)
		r = columns_choose(all_columns ? "all" : columns_word);
	if (!r && filter_text)
		r = columns_filter(filter_text);
	if (r || argc)
		return r ?: print_processes(argv[0]);
	r = rf_ns_list_read(flags | (columns_need(NETNSID) ? RF_NS_PEER_IDS : 0), &namespaces);
	if (r < 0)
		return tool_error(r, "list");
	r = print(namespaces);
	rf_ns_list_free(namespaces);
	return r;
}
