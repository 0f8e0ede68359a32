/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps of a join share. */
#ifndef LIB_PLAN_STEP_JOIN_H
#define LIB_PLAN_STEP_JOIN_H

#include <ringfence/idmap.h>
#include <ringfence/join.h>

#include "base/str.h"

struct rf_cgroup_fs;

struct join_state {
	struct rf_join want;
	const char *files[RF_NS_KINDS]; /* by the index of the kind; NULL: none */
	/* The target's ids as the caller sees them, and its maps, where they are to be followed. */
	uint32_t uid, gid;
	struct rf_idmap uid_map, gid_map;
	uint64_t joined; /* kinds that will be: known when they are open */
	int pidfd, proc_fd;
	int ns_fd[RF_NS_KINDS];
	bool of_target[RF_NS_KINDS]; /* setns(2) may take them all at once by the pidfd */
	int root_fd, wd_fd;
	int cgroup_fd[16];
	size_t n_cgroup_fds;
	char *environment; /* the target's, cut at NULs */
	char **variables;
};

void join_state_free(void *data);
/* "the pid in words": "pid 7", "pidfd 5". */
void join_target_words(const struct join_state *j, struct str *out);

#endif
