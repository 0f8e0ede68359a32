/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list's columns. Functions with an int return 0, or the exit code with the error printed. */
#ifndef TOOLS_NSLS_COLUMNS_H
#define TOOLS_NSLS_COLUMNS_H

#include "base/expr.h"
#include "nsls.h"

enum name { NS, TYPE, NPROCS, PID, PPID, UID, USER, COMMAND, PATH, HELD, ONS, PNS, NSID, NETNSID, NSFS, N_COLUMNS };

/* A namespace to be shown, among all of them; the rest is columns.c's. */
struct row {
	const struct rf_ns_entry *entry, *entries;
	size_t n;
	bool looked;
	struct process process;
	char path[48];
};

/* By the words of --output (NULL: the usual), and which rows by the text of --filter. */
int columns_choose(const char *word);
int columns_filter(const char *text);
/* Is it chosen, or asked for by the filter? */
bool columns_need(enum name c);

/* An empty table of the chosen columns. */
struct table *columns_table(void);
bool columns_pass(struct row *row);
void columns_put(struct table *t, struct row *row, int depth);

#endif
