/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Steps of attributes, and what confine.c asks of their builder. */
#ifndef LIB_PLAN_STEP_ATTRIBUTES_H
#define LIB_PLAN_STEP_ATTRIBUTES_H

#include <ringfence/attributes.h>

#include "plan/step.h"

/* step-attributes.c; data: const struct rf_attributes *, borrowed */
extern const struct step_kind step_oom_score_adj, step_nice, step_ioprio, step_affinity, step_mempolicy;
extern const struct step_kind step_rlimit;	 /* [index of the limit] */
extern const struct step_kind step_sched, step_core_sched, step_small;
extern const struct step_kind step_groups, step_ids, step_securebits;
extern const struct step_kind step_keepcaps, step_effective; /* without data */
extern const struct step_kind step_settle_caps;	 /* without data */
extern const struct step_kind step_pdeathsig;	 /* [signal]; without data */

/* attributes.c; all take NULL for none. 0 or -errno. */
int attributes_check(const struct rf_attributes *a);
bool attributes_name_caps(const struct rf_attributes *a);
/* Will the process lose its capabilities by leaving user 0? */
bool attributes_leave_root(const struct rf_attributes *a);
/* From the sets as they would be without these to those that are wanted, of what the caller has. */
int attributes_shape(const struct rf_attributes *a, const struct rf_caps *have, struct rf_caps *sets);
/* What comes before the ids; the ids, with the capabilities kept for what follows; what comes after. */
int plan_add_attributes(struct rf_plan *plan, bool in_child, const struct rf_attributes *a);
int plan_add_ids(struct rf_plan *plan, bool in_child, const struct rf_attributes *a, bool caps_follow);
int plan_add_pdeathsig(struct rf_plan *plan, bool in_child, const struct rf_attributes *a);
/* step-environment.c */
int plan_add_reset_env(struct rf_plan *plan, bool in_child, const struct rf_attributes *a);

#endif
