/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps on one control group share. */
#ifndef LIB_PLAN_STEP_CGROUP_H
#define LIB_PLAN_STEP_CGROUP_H

#include "cgroup/cgroup.h"

struct cgroup_run_state {
	struct rf_cgroup_fs *fs;
	bool owns_fs; /* a step has opened it */
	char *name;
	bool transient;
	bool existed; /* in some hierarchy, before this made it in others */
	struct cgroup_want want;
	struct cgroup_settings settings;
	rf_cgroup_note_fn *note;
	void *note_data;
	/* while it runs */
	struct cgroup *g;
	struct cgroup_writes writes;
	struct rf_cgroup_act act; /* of an act, with what it was told to do */
	struct cgroup_moves moves;
	struct cgroup_owners owners;
	int join_fd[CGROUP_MAX_HIERARCHIES];
};

void cgroup_run_state_free(void *state);

struct rf_plan;
/* Append the step that sets the values, where there are any. */
int plan_add_cgroup_set(struct rf_plan *plan, struct cgroup_run_state *state);

#endif
