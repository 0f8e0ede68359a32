/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What cgconfig.conf(5) and cgrules.conf(5) ask for, as acts on control groups. Keys of v1 and v2 are
 * understood whichever of them this system has; what has no meaning here is told and left out.
 */
#ifndef RINGFENCE_CGIMPORT_H
#define RINGFENCE_CGIMPORT_H

#include <ringfence/cgconfig.h>
#include <ringfence/cgconvert.h>
#include <ringfence/cgroup-act.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_cgimport;

/* What was left out: "NAME:LINE" is where, `why` a sentence without full stop. */
typedef void rf_cgimport_left_fn(unsigned line, const char *what, const char *why, void *data);

/* Set `size`. All must outlive the import. */
struct rf_cgimport_options {
	size_t size;
	struct rf_cgroup_fs *fs;
	enum rf_weight_policy policy;
	rf_cgimport_left_fn *left; /* may be NULL */
	rf_cgroup_note_fn *note;   /* as rf_cgroup_set(), when the plan runs; may be NULL */
	rf_cgroup_gone_fn *gone;   /* as rf_cgroup_move(); may be NULL */
	void *data;
};

RF_API int rf_cgimport_new(const struct rf_cgimport_options *options, struct rf_cgimport **ret_import);
RF_API void rf_cgimport_free(struct rf_cgimport *import); /* after the plan */
/*
 * Append to the plan: each group is made where it is missing, its values are set, and what `perm`
 * says of the admin's ids is its owner. -EINVAL: a value is not of its kind.
 */
RF_API int rf_cgimport_config(struct rf_cgimport *import, const struct rf_cgconfig *config, struct rf_plan *plan);
/*
 * Append to the plan: the processes that run now are moved as the first rule that fits each says. Rules
 * for processes that start later need a daemon; this is none.
 */
RF_API int rf_cgimport_rules(struct rf_cgimport *import, const struct rf_cgrules *rules, struct rf_plan *plan);

#ifdef __cplusplus
}
#endif
#endif
