/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mount tree's part of a sandbox's plan. */
#ifndef LIB_PLAN_MOUNTS_H
#define LIB_PLAN_MOUNTS_H

#include <ringfence/sandbox.h>

struct mount_jobs;

/* Does the sandbox ask for mounts? Then it gets a mount namespace. */
static inline bool mounts_wanted(const struct rf_sandbox *box)
{
	return box->n_mounts || box->empty_root || box->root_ro;
}

/*
 * What the caller does for them before there is a namespace: -EINVAL with a note for a
 * contradiction. *ret_jobs, NULL where no mounts are asked for, is for mounts_add(), which takes it.
 */
int mounts_prepare(struct rf_plan *plan, const struct rf_sandbox *box, bool in_userns,
		   struct mount_jobs **ret_jobs);
/* Where mounts_add() is not reached. */
void mounts_free(struct mount_jobs *jobs);
/* The mounts, between attaching the root and entering it. Files are made as these ids; -1: as is. */
int mounts_add(struct rf_plan *plan, const struct rf_sandbox *box, struct mount_jobs *jobs,
	       bool in_child, const int64_t ids[2]);

#endif
