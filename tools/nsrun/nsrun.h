/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nsrun's parts share. All functions return 0, or the exit code with the error printed. */
#ifndef TOOLS_NSRUN_NSRUN_H
#define TOOLS_NSRUN_NSRUN_H

#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/sandbox.h>

#include "../tool.h"

/* ids.c: who maps to whom, from words to box.uid_map and box.gid_map. */
struct id_words {
	bool root, current, automatic;
	const char *user, *group;  /* --map-user, --map-group */
	struct opt_list users, groups; /* --map-users, --map-groups */
};
int set_maps(struct rf_sandbox *box, const struct id_words *words);

/* watch.c: the time while the program runs, and what is told of it. */
struct watch_words {
	uint64_t timeout_us;
	const char *report; /* a file, or "fd:N"; NULL: none */
	int64_t ready_fd;   /* -1: none */
};
/* Open what a report goes to, before there is a program that it could fail for. */
int watch_begin(const struct watch_words *words);
/* Wait for the program and tell; the exit code of nsrun. */
int watch_end(struct rf_plan *plan, pid_t pid);

#endif
