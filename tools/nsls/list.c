// SPDX-License-Identifier: GPL-2.0-or-later
/* The list: a table of chosen columns, flat or as a tree, of namespaces or of one's processes. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "nsls.h"

static const char *const tree_words[] = {"owner", "parent", NULL};
static const char *tree, *columns_word;
static int64_t task;
static bool persistent, no_descriptors;
static struct opt_list types;

const struct opt_row list_options[] = {
	{'t', "type", OPT_LIST, &types, "KIND[,…]", "only these kinds: user, mnt, pid, net, ipc, uts, cgroup, time"},
	{'p', "task", OPT_INT, &task, "PID", "only the namespaces of this process", 0, 1, 1 << 22},
	{'P', "persistent", OPT_FLAG, &persistent, NULL, "only those without a process"},
	{'T', "tree", OPT_OPTIONAL, &tree, "RELATION",
	 "as a tree: each below the user namespace that owns it, or (parent) below the one above it", 0, 0, 0, tree_words},
	{'o', "output", OPT_STRING, &columns_word, "COLUMN[,…]",
	 "these columns: NS, NSID, TYPE, NPROCS, PID, PPID, UID, USER, COMMAND, PATH, HELD, ONS, PNS, or all; +COLUMN adds to those that are usual"},
	{0, "no-descriptors", OPT_FLAG, &no_descriptors, NULL,
	 "don't look at the descriptors of processes: faster, but a namespace that only a descriptor holds is not seen"},
	{'n', "noheadings", OPT_FLAG, &tool_state.no_headings, NULL, "print no headings"},
	{'J', "json", OPT_FLAG, &tool_state.json, NULL, "print JSON instead of text"},
	{0},
};

enum name { NS, TYPE, NPROCS, PID, PPID, UID, USER, COMMAND, PATH, HELD, ONS, PNS, NSID, N_COLUMNS };

static const struct column all_columns[] = {
	[NS] = {"ns", "NS", CELL_NUMBER}, [TYPE] = {"type", "TYPE", CELL_TEXT},
	[NPROCS] = {"nprocs", "NPROCS", CELL_NUMBER}, [PID] = {"pid", "PID", CELL_NUMBER},
	[PPID] = {"ppid", "PPID", CELL_NUMBER}, [UID] = {"uid", "UID", CELL_NUMBER},
	[USER] = {"user", "USER", CELL_TEXT}, [COMMAND] = {"command", "COMMAND", CELL_TEXT},
	[PATH] = {"path", "PATH", CELL_TEXT}, [HELD] = {"held_by", "HELD", CELL_TEXT},
	[ONS] = {"owner_ns", "ONS", CELL_NUMBER}, [PNS] = {"parent_ns", "PNS", CELL_NUMBER},
	[NSID] = {"ns_id", "NSID", CELL_NUMBER},
};

static const char *const held_words[] = {
	[RF_NS_BY_PROCESS] = "process", [RF_NS_BY_MOUNT] = "mount", [RF_NS_BY_DESCRIPTOR] = "descriptor",
	[RF_NS_BY_CHILD] = "child", [RF_NS_UNSEEN] = "unseen",
};

static enum name chosen[N_COLUMNS * 2];
static size_t n_chosen;

static void choose(enum name c)
{
	if (n_chosen < array_size(chosen))
		chosen[n_chosen++] = c;
}

static int choose_word(const char *word, size_t len)
{
	if (len == 3 && !strncasecmp(word, "all", 3)) {
		for (int c = 0; c < N_COLUMNS; c++)
			choose((enum name)c);
		return 0;
	}
	for (int c = 0; c < N_COLUMNS; c++)
		if (strlen(all_columns[c].title) == len && !strncasecmp(all_columns[c].title, word, len)) {
			choose((enum name)c);
			return 0;
		}
	return tool_usage_error("--output: \"%.*s\" is no column", (int)len, word);
}

static int choose_columns(void)
{
	static const enum name usual[] = {NS, TYPE, NPROCS, PID, USER, COMMAND};
	const char *word = columns_word;
	int r = 0;

	if (!word || word[0] == '+')
		for (size_t i = 0; i < array_size(usual); i++)
			choose(usual[i]);
	if (word && word[0] == '+')
		word++;
	for (; !r && word && *word; word += strcspn(word, ","), word += *word == ',')
		r = choose_word(word, strcspn(word, ","));
	return r;
}

static bool needs(enum name c)
{
	for (size_t i = 0; i < n_chosen; i++)
		if (chosen[i] == c)
			return true;
	return false;
}

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

static void put_relation(struct table *t, uint64_t inode)
{
	if (inode)
		table_number(t, inode);
	else
		table_none(t);
}

static void put_number(struct table *t, int64_t n)
{
	if (n >= 0)
		table_number(t, (uint64_t)n);
	else
		table_none(t);
}

static void put_cell(struct table *t, enum name c, const struct rf_ns_entry *e, const struct process *p, int depth)
{
	char text[96];

	switch (c) {
	case NS:
		table_number(t, e->inode);
		break;
	case TYPE:
		snprintf(text, sizeof(text), "%*s%s%s", depth > 1 ? 3 * (depth - 1) : 0, "", depth ? "└─ " : "", e->kind->name);
		table_text(t, tool_state.json ? e->kind->name : text);
		break;
	case NPROCS:
		table_number(t, e->processes);
		break;
	case PID:
		put_number(t, e->pid ?: -1);
		break;
	case PPID:
		put_number(t, p->ppid);
		break;
	case UID:
		put_number(t, p->uid);
		break;
	case USER:
		table_text(t, p->uid < 0 ? NULL : user_name(p->uid));
		break;
	case COMMAND:
		table_text(t, p->command[0] ? p->command : NULL);
		break;
	case PATH:
		table_text(t, e->path);
		break;
	case HELD:
		table_text(t, held_words[e->held]);
		break;
	case ONS:
		put_relation(t, e->owner);
		break;
	case PNS:
		put_relation(t, e->parent);
		break;
	case NSID:
		put_relation(t, e->id);
		break;
	case N_COLUMNS:
		break;
	}
}

struct view {
	const struct rf_ns_entry *entries;
	size_t n;
	bool *shown, of_task;
	uint64_t wanted[RF_NS_KINDS];
	struct table *t;
};

static bool passes(const struct view *v, const struct rf_ns_entry *e)
{
	if (!is_type(e->kind) || (persistent && e->processes))
		return false;
	for (size_t i = 0; v->of_task && i < RF_NS_KINDS; i++)
		if (v->wanted[i] == e->inode)
			return true;
	return !v->of_task;
}

static void show(struct view *v, const struct rf_ns_entry *e, int depth)
{
	bool look = needs(PPID) || needs(UID) || needs(USER) || needs(COMMAND);
	struct process p = {.ppid = -1, .uid = -1};

	if (look && e->pid)
		process_read(e->pid, &p);
	for (size_t c = 0; c < n_chosen; c++)
		put_cell(v->t, chosen[c], e, &p, depth);
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
	if (passes(v, &v->entries[i]))
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
		if (!tree && passes(v, &v->entries[i]))
			show(v, &v->entries[i], 0);
		if (tree && !v->shown[i] && !has_above(v, &v->entries[i]))
			show_branch(v, i, 0);
	}
}

void nsls_warn(const struct rf_ns_list *list)
{
	size_t hidden = rf_ns_list_hidden(list), unopened = rf_ns_list_unopened(list);

	if (hidden && !tool_state.json)
		tool_warn("%zu process%s of others could not be looked into (needs root, or CAP_SYS_PTRACE)",
			  hidden, hidden == 1 ? "" : "es");
	if (unopened && !tool_state.json)
		tool_warn("the kernel lists %zu namespace%s more, which can't be looked at from here (needs root outside of containers)",
			  unopened, unopened == 1 ? "" : "s");
}

static int print(struct rf_ns_list *list)
{
	static struct column columns[N_COLUMNS * 2 + 1];
	struct view v = {.of_task = task > 0};
	int r = v.of_task ? rf_ns_of_process((int)task, v.wanted) : 0;

	if (r < 0)
		return tool_error(r, "--task");
	v.n = rf_ns_list_entries(list, &v.entries);
	for (size_t c = 0; c < n_chosen; c++)
		columns[c] = all_columns[chosen[c]];
	v.shown = calloc(v.n + 1, sizeof(*v.shown));
	v.t = table_new(columns);
	if (!v.shown || !v.t)
		return tool_error(-ENOMEM, "list");
	show_all(&v);
	free(v.shown);
	table_print(v.t);
	nsls_warn(list);
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

int list_run(int argc, char **argv)
{
	unsigned flags = RF_NS_RELATIONS | (no_descriptors ? 0 : RF_NS_DESCRIPTORS);
	struct rf_ns_list *list;
	int r = choose_columns();

	if (!r)
		r = check_types();
	if (r || argc)
		return r ?: print_processes(argv[0]);
	r = rf_ns_list_read(flags, &list);
	if (r < 0)
		return tool_error(r, "list");
	r = print(list);
	rf_ns_list_free(list);
	return r;
}
