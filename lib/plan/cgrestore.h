/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of restoring a snapshot: which row is set when. */
#ifndef LIB_PLAN_CGRESTORE_H
#define LIB_PLAN_CGRESTORE_H

#include "cgroup/snapshot.h"

/* In this order; the comment says which way through the tree. */
enum restore_phase {
	RESTORE_THAW,	 /* down */
	RESTORE_PRUNE,	 /* up */
	RESTORE_RELEASE, /* up: what stands in the way of others */
	RESTORE_MAKE,	 /* down: groups, their type, controllers for those below */
	RESTORE_RAISE,	 /* down */
	RESTORE_LOWER,	 /* up */
	RESTORE_HOLD,	 /* down: what others must have made room for */
	RESTORE_OFF,	 /* up: controllers that those below shall not have */
	RESTORE_OWN,	 /* down */
	RESTORE_FREEZE,	 /* up */
	RESTORE_PHASES,
};

/* A row of the snapshot, and what is there now. */
struct restore_item {
	const struct snapshot_row *row;
	const struct snapshot_row *old; /* NULL: the group or the row is not there */
	char *inherits; /* a list that a new group on v1 has from the one above; owned */
	bool skip;
};

/* Settings of one group in one phase: "KEY=VALUE". */
struct restore_words {
	char **list;
	size_t n;
};

/*
 * Append what is to be set of a value in this phase. `of_memory` is the item of memory.max, which v1's
 * limit on swap goes with (NULL: no such thing). 0 or -ENOMEM.
 */
int restore_words(const struct restore_item *item, const struct restore_item *of_memory, enum restore_phase phase,
		  struct restore_words *words);
/* When a file of v1 is written. */
enum restore_phase restore_phase_of_file(const struct restore_item *item);

#endif
