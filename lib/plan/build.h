/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Parts of a sandbox's plan that have a file of their own. All return 0, or -errno. */
#ifndef LIB_PLAN_BUILD_H
#define LIB_PLAN_BUILD_H

#include <ringfence/pin.h>

#include "plan/step.h"

/* pin.c: before the fork, the directory of a set; after it, what is kept in it and elsewhere. */
int plan_add_pin_set(struct rf_plan *plan, const char *set, uint64_t kinds);
int plan_add_pins(struct rf_plan *plan, const char *set, uint64_t kinds, const struct rf_pin *pins, size_t n_pins);

/* into-cgroup.c: before the fork, a group that is there, and a door in each of its hierarchies; after
 * it, the child's way through them. *ret_state is the plan's. */
struct cgroup_run_state;
int plan_add_cgroup_find(struct rf_plan *plan, const char *group, struct cgroup_run_state **ret_state);
int plan_add_cgroup_join(struct rf_plan *plan, struct cgroup_run_state *state);

/* step-binfmt.c: -EINVAL where one is not of its form. mount_point NULL: where it usually is. */
int plan_add_binfmt(struct rf_plan *plan, bool in_child, const char *mount_point, const char *const *interpreters, size_t n);

#endif
