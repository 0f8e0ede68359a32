// SPDX-License-Identifier: GPL-2.0-or-later
/* The columns of the list: which are chosen, and what each has of a namespace, for table and filter. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "columns.h"

static const struct column all_columns[] = {
	[NS] = {"ns", "NS", CELL_NUMBER}, [TYPE] = {"type", "TYPE", CELL_TEXT},
	[NPROCS] = {"nprocs", "NPROCS", CELL_NUMBER}, [PID] = {"pid", "PID", CELL_NUMBER},
	[PPID] = {"ppid", "PPID", CELL_NUMBER}, [UID] = {"uid", "UID", CELL_NUMBER},
	[USER] = {"user", "USER", CELL_TEXT}, [COMMAND] = {"command", "COMMAND", CELL_TEXT},
	[PATH] = {"path", "PATH", CELL_TEXT}, [HELD] = {"held_by", "HELD", CELL_TEXT},
	[ONS] = {"owner_ns", "ONS", CELL_NUMBER}, [PNS] = {"parent_ns", "PNS", CELL_NUMBER},
	[NSID] = {"ns_id", "NSID", CELL_NUMBER}, [NETNSID] = {"netnsid", "NETNSID", CELL_NUMBER},
	[NSFS] = {"nsfs", "NSFS", CELL_LINES},
};

static const char *const held_words[] = {
	[RF_NS_BY_PROCESS] = "process", [RF_NS_BY_MOUNT] = "mount", [RF_NS_BY_DESCRIPTOR] = "descriptor",
	[RF_NS_BY_CHILD] = "child", [RF_NS_UNSEEN] = "unseen", [RF_NS_BY_SOCKET] = "socket",
};

static enum name chosen[N_COLUMNS * 2];
static size_t n_chosen;
static struct expr *filter;

static void choose(enum name c)
{
	if (n_chosen < array_size(chosen))
		chosen[n_chosen++] = c;
}

static int column_by_name(const char *name, size_t len)
{
	for (int c = 0; c < N_COLUMNS; c++)
		if (strlen(all_columns[c].title) == len && !strncasecmp(all_columns[c].title, name, len))
			return c;
	return -1;
}

static int choose_word(const char *word, size_t len)
{
	int c = column_by_name(word, len);

	if (len == 3 && !strncasecmp(word, "all", 3)) {
		for (int i = 0; i < N_COLUMNS; i++)
			choose((enum name)i);
		return 0;
	}
	if (c < 0)
		return tool_usage_error("--output: \"%.*s\" is no column", (int)len, word);
	choose((enum name)c);
	return 0;
}

int columns_choose(const char *word)
{
	static const enum name usual[] = {NS, TYPE, NPROCS, PID, USER, COMMAND};
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

int columns_filter(const char *text)
{
	struct expr_error error;
	int r = expr_parse(text, column_by_name, &filter, &error);

	if (r == -ENOMEM)
		return tool_error(r, "--filter");
	return r < 0 ? tool_usage_error("--filter: at character %zu of \"%s\": %s", error.at, text, error.text) : 0;
}

bool columns_need(enum name c)
{
	for (size_t i = 0; i < n_chosen; i++)
		if (chosen[i] == c)
			return true;
	return filter && expr_has(filter, c);
}

struct table *columns_table(void)
{
	static struct column columns[N_COLUMNS * 2 + 1];

	for (size_t c = 0; c < n_chosen; c++)
		columns[c] = all_columns[chosen[c]];
	return table_new(columns);
}

static int by_inode(const void *key, const void *entry)
{
	uint64_t inode = *(const uint64_t *)key, other = ((const struct rf_ns_entry *)entry)->inode;

	return inode < other ? -1 : inode > other;
}

/* Of a namespace without processes: whoever made the user namespace that it is, or belongs to. */
static int64_t owner_of(const struct row *row)
{
	const struct rf_ns_entry *e = row->entry;

	if (!str_eq(e->kind->name, "user"))
		e = bsearch(&e->owner, row->entries, row->n, sizeof(*e), by_inode);
	return e && e->owner_uid != UINT32_MAX ? (int64_t)e->owner_uid : -1;
}

static void look_at_process(struct row *row)
{
	row->looked = true;
	row->process = (struct process){.ppid = -1, .uid = -1};
	if (row->entry->pid && (columns_need(PPID) || columns_need(UID) || columns_need(USER) || columns_need(COMMAND)))
		process_read(row->entry->pid, &row->process);
	if (row->process.uid < 0 && !row->entry->pid)
		row->process.uid = owner_of(row);
}

static struct expr_value number(bool known, uint64_t n)
{
	return known ? (struct expr_value){EXPR_NUMBER, n, NULL} : (struct expr_value){0};
}

static struct expr_value text(const char *s)
{
	return s && *s ? (struct expr_value){EXPR_TEXT, 0, s} : (struct expr_value){0};
}

static const char *path_of(struct row *row)
{
	const struct rf_ns_entry *e = row->entry;

	if (e->held != RF_NS_BY_PROCESS || !e->pid)
		return e->path;
	snprintf(row->path, sizeof(row->path), "/proc/%d/ns/%s", e->pid, e->kind->name);
	return row->path;
}

static struct expr_value peer_id(const struct rf_ns_entry *e)
{
	return e->peer_id == RF_NS_UNASSIGNED ? text("unassigned") : number(e->peer_id >= 0, (uint64_t)e->peer_id);
}

static struct expr_value value_of(struct row *row, enum name c)
{
	const struct rf_ns_entry *e = row->entry;
	const struct process *p = &row->process;

	if (!row->looked)
		look_at_process(row);
	switch (c) {
	case NS:
		return number(true, e->inode);
	case TYPE:
		return text(e->kind->name);
	case NPROCS:
		return number(true, e->processes);
	case PID:
		return number(e->pid, (uint64_t)e->pid);
	case PPID:
		return number(p->ppid >= 0, (uint64_t)p->ppid);
	case UID:
		return number(p->uid >= 0, (uint64_t)p->uid);
	case USER:
		return text(p->uid < 0 ? NULL : user_name(p->uid));
	case COMMAND:
		return text(p->command);
	case PATH:
		return text(path_of(row));
	case HELD:
		return text(held_words[e->held]);
	case ONS:
		return number(e->owner, e->owner);
	case PNS:
		return number(e->parent, e->parent);
	case NSID:
		return number(e->id, e->id);
	case NETNSID:
		return peer_id(e);
	case NSFS:
		return text(e->mounts);
	case N_COLUMNS:
		break;
	}
	return (struct expr_value){0};
}

static void ask(int column, struct expr_value *ret_value, void *row)
{
	*ret_value = value_of(row, (enum name)column);
}

bool columns_pass(struct row *row)
{
	return !filter || expr_true(filter, ask, row);
}

void columns_put(struct table *t, struct row *row, int depth)
{
	for (size_t i = 0; i < n_chosen; i++) {
		struct expr_value v = value_of(row, chosen[i]);
		char branch[96];

		if (chosen[i] == TYPE && !tool_state.json) {
			snprintf(branch, sizeof(branch), "%*s%s%s", depth > 1 ? 3 * (depth - 1) : 0, "",
				 depth ? "└─ " : "", v.text);
			v.text = branch;
		}
		if (v.type == EXPR_NUMBER)
			table_number(t, (uint64_t)v.number);
		else
			table_text(t, v.text);
	}
}
