// SPDX-License-Identifier: LGPL-2.1-or-later
/* Acts on control groups as plans: which steps make each of them. */
#include <ringfence/cgroup-act.h>
#include <ringfence/net.h>

#include "base/options.h"
#include "plan/step-cgroup.h"
#include "plan/step.h"

enum { STEPS_MAX = 3 };

/* `flag`: the step is part of the act only where the caller has set it; 0: always. */
static const struct {
	struct {
		const struct step_kind *kind;
		unsigned flag;
	} steps[STEPS_MAX + 1];
	bool values; /* a step that sets the values follows the first */
} acts[] = {
	[RF_CGROUP_ACT_SET] = {{{&step_cgroup_find}}, true},
	[RF_CGROUP_ACT_CREATE] = {{{&step_cgroup_new}}, true},
	[RF_CGROUP_ACT_ENSURE] = {{{&step_cgroup_create}}, true},
	[RF_CGROUP_ACT_DELETE] = {{{&step_cgroup_find}, {&step_cgroup_kill, RF_CGROUP_KILL},
				   {&step_cgroup_move_up, RF_CGROUP_MOVE_UP}, {&step_cgroup_remove}}},
	[RF_CGROUP_ACT_MOVE] = {{{&step_cgroup_find}, {&step_cgroup_move}}},
	[RF_CGROUP_ACT_FREEZE] = {{{&step_cgroup_find}, {&step_cgroup_freeze}, {&step_cgroup_await}}},
	[RF_CGROUP_ACT_THAW] = {{{&step_cgroup_find}, {&step_cgroup_thaw}, {&step_cgroup_await}}},
	[RF_CGROUP_ACT_KILL] = {{{&step_cgroup_find}, {&step_cgroup_kill}}},
	[RF_CGROUP_ACT_RECLAIM] = {{{&step_cgroup_find}, {&step_cgroup_reclaim}}},
	[RF_CGROUP_ACT_DELEGATE] = {{{&step_cgroup_find}, {&step_cgroup_delegate}}},
};

static int fill(struct cgroup_run_state *state, const struct rf_cgroup_act *act)
{
	int r = cgroup_name(act->group, &state->name);

	state->fs = act->fs;
	rf_cgroup_use_bpf(state->fs);
	state->act = *act;
	state->note = act->note;
	state->note_data = act->data;
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		state->join_fd[h] = -EBADF;
	if (r >= 0)
		r = cgroup_settings_parse(act->fs, act->settings, act->n_settings, &state->settings);
	if (r >= 0 && (act->kind == RF_CGROUP_ACT_CREATE || act->kind == RF_CGROUP_ACT_ENSURE))
		r = cgroup_want_new(act->fs, &state->want, &state->settings, act->controllers);
	return r;
}

static int add(struct rf_plan *plan, const struct step_kind *kind, struct cgroup_run_state *state)
{
	struct rf_step *s = plan_add(plan, kind, false);

	if (!s)
		return -ENOMEM;
	s->data = state;
	return 0;
}

int rf_plan_cgroup_act(struct rf_plan *plan, const struct rf_cgroup_act *act)
{
	int r = options_check(act, "rf_cgroup_act");
	struct cgroup_run_state *state = r < 0 ? NULL : calloc(1, sizeof(*state));

	if (r < 0)
		return r;
	if (!state)
		return -ENOMEM;
	if ((size_t)act->kind >= array_size(acts))
		r = sys_fail(-EINVAL, "check", "", "no such act: %d", (int)act->kind);
	if (r >= 0)
		r = fill(state, act);
	if (r >= 0)
		r = add(plan, acts[act->kind].steps[0].kind, state);
	if (r < 0) {
		cgroup_run_state_free(state);
		return r;
	}
	if (acts[act->kind].values)
		r = plan_add_cgroup_set(plan, state);
	for (size_t i = 1; r >= 0 && i <= STEPS_MAX && acts[act->kind].steps[i].kind; i++) {
		unsigned flag = acts[act->kind].steps[i].flag;

		if (!flag || (act->flags & flag))
			r = add(plan, acts[act->kind].steps[i].kind, state);
	}
	return r;
}
