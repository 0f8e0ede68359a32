// SPDX-License-Identifier: LGPL-2.1-or-later
/* A program in a control group that exists, as steps of another plan. */
#include "plan/build.h"
#include "plan/step-cgroup.h"

static int fill(struct cgroup_run_state *state, const char *group)
{
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		state->join_fd[h] = -EBADF;
	return cgroup_name(group, &state->name);
}

static int add(struct rf_plan *plan, const struct step_kind *kind, bool in_child, struct cgroup_run_state *state)
{
	struct rf_step *s = plan_add(plan, kind, in_child);

	if (!s)
		return -ENOMEM;
	s->data = state;
	return 0;
}

int plan_add_cgroup_find(struct rf_plan *plan, const char *group, struct cgroup_run_state **ret_state)
{
	struct cgroup_run_state *state = calloc(1, sizeof(*state));
	int r = state ? fill(state, group) : -ENOMEM;

	if (r >= 0)
		r = add(plan, &step_cgroup_hold, false, state);
	if (r < 0) {
		if (state)
			cgroup_run_state_free(state);
		return r;
	}
	*ret_state = state;
	return add(plan, &step_cgroup_open, false, state);
}

int plan_add_cgroup_join(struct rf_plan *plan, struct cgroup_run_state *state)
{
	return add(plan, &step_cgroup_join, true, state);
}
