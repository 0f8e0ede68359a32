// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps of acts on a control group that is there: values, processes in and out, freezing, killing,
 * reclaiming, delegation, removal. All steps of one act share a struct cgroup_run_state, which the
 * first of them owns.
 */
#include "plan/step-cgroup.h"

#include "plan/step.h"
#include "probe/pins.h"

static void args_group(const struct rf_step *s, struct str *out)
{
	const struct cgroup_run_state *state = s->data;

	str_addf(out, "/%s", state->name);
}

static int run_new(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	int r = step_cgroup_create.run(run, s);

	if (r < 0 || cgroup_was_made(state->g))
		return r;
	s->half_done = true;
	return sys_fail(-EEXIST, "mkdirat", "", "the group /%s is there already", state->name);
}

static void undo_new(struct plan_run *run, struct rf_step *s)
{
	step_cgroup_create.undo(run, s);
}

static void args_new(const struct rf_step *s, struct str *out)
{
	step_cgroup_create.args(s, out);
}

const struct step_kind step_cgroup_new = {
	.id = "cgroup-create", .name = "make the control group",
	.why = "Limits and counters belong to a group; on v2 each level above it must pass the controllers on.",
	.page = "cgroups(7)", .args = args_new, .run = run_new, .undo = undo_new,
	.free_data = cgroup_run_state_free,
};

/* Where an earlier step of a dry run would have made it. */
static const struct cgroup_run_state *made_before(const struct plan_run *run, const struct rf_step *s)
{
	const struct cgroup_run_state *state = s->data;

	for (const struct rf_step *t = run->plan->steps; t < s; t++) {
		const struct cgroup_run_state *other = t->data;

		if ((t->kind == &step_cgroup_create || t->kind == &step_cgroup_new) && str_eq(other->name, state->name))
			return other;
	}
	return NULL;
}

static int run_find(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	const struct cgroup_run_state *made;
	int r = cgroup_open(state->fs, state->name, &state->g);

	made = r == -ENOENT && sys_is_dry() ? made_before(run, s) : NULL;
	return made ? cgroup_pretend(state->fs, state->name, made->want.hierarchies, &state->g) : r;
}

const struct step_kind step_cgroup_find = {
	.id = "cgroup-find", .name = "find the control group",
	.why = "It is held by its directory from here on, so that what is checked is what is changed.",
	.page = "cgroups(7)", .args = args_group, .run = run_find, .free_data = cgroup_run_state_free,
};

static int run_move(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	const struct rf_cgroup_act *act = &state->act;
	int r = cgroup_move(state->g, act->ids, act->n_ids, act->flags, act->gone, act->data, &state->moves);

	if (r >= 0 && act->result)
		act->result->n_processes = (size_t)r;
	return r;
}

static void undo_move(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	cgroup_move_back(state->fs, &state->moves, state->act.flags);
}

static void args_move(const struct rf_step *s, struct str *out)
{
	const struct cgroup_run_state *state = s->data;

	str_addf(out, "/%s:", state->name);
	for (size_t i = 0; i < state->act.n_ids && i < 8; i++)
		str_addf(out, " %d", (int)state->act.ids[i]);
	if (state->act.n_ids > 8)
		str_addf(out, " and %zu more", state->act.n_ids - 8);
}

const struct step_kind step_cgroup_move = {
	.id = "cgroup-move", .name = "move processes into it",
	.why = "One write moves a process with all its threads; batched, they wait once for the kernel's lock on thread groups.",
	.page = "cgroups(7)", .args = args_move, .run = run_move, .undo = undo_move,
};

static int run_freeze(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	return cgroup_freeze(state->g, state->act.kind == RF_CGROUP_ACT_FREEZE);
}

static void undo_freeze(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	cgroup_freeze(state->g, state->act.kind != RF_CGROUP_ACT_FREEZE);
}

const struct step_kind step_cgroup_freeze = {
	.id = "cgroup-freeze", .name = "freeze it",
	.why = "Its processes and those below stop before they return to user mode, and hold what they hold.",
	.page = "cgroups(7)", .args = args_group, .run = run_freeze, .undo = undo_freeze,
};

const struct step_kind step_cgroup_thaw = {
	.id = "cgroup-thaw", .name = "thaw it", .why = "Its processes go on where they were stopped.",
	.page = "cgroups(7)", .args = args_group, .run = run_freeze, .undo = undo_freeze,
};

static int run_await(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	return cgroup_await_frozen(state->g, state->act.kind == RF_CGROUP_ACT_FREEZE, state->act.wait_us);
}

const struct step_kind step_cgroup_await = {
	.id = "cgroup-await-frozen", .name = "wait until all of it is so",
	.why = "Asking is not yet standing still: the kernel tells in cgroup.events when the last one has stopped or gone on.",
	.page = "cgroups(7)", .args = args_group, .run = run_await,
};

static int run_kill(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	size_t killed = 0;
	int r = cgroup_check_delete(state->g, state->act.kind == RF_CGROUP_ACT_DELETE ? state->act.flags
										       : RF_CGROUP_RECURSIVE);

	if (r >= 0)
		r = rf_cgroup_kill(state->fs, state->name, &killed);
	if (r >= 0 && state->act.result)
		state->act.result->n_processes = killed;
	return r;
}

const struct step_kind step_cgroup_kill = {
	.id = "cgroup-kill", .name = "kill its processes",
	.why = "All of the subtree at once where the kernel can, so that nothing forks its way out.",
	.page = "cgroups(7)", .args = args_group, .run = run_kill,
};

static int run_move_up(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	int r = cgroup_check_delete(state->g, state->act.flags);

	return r < 0 ? r : cgroup_move_up(state->g, state->act.flags & RF_CGROUP_RECURSIVE);
}

const struct step_kind step_cgroup_move_up = {
	.id = "cgroup-move-up", .name = "move its processes to the parent",
	.why = "A group can be removed only when nothing is in it.",
	.page = "cgroups(7)", .args = args_group, .run = run_move_up,
};

static int run_remove(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	unsigned flags = state->act.flags;
	char *pins __free(ptr) = NULL;
	int r = pins_list(state->fs, state->name, &pins);

	if (r < 0)
		return r;
	/* What empties it has been done; in a dry run it has been said. */
	if (!sys_is_dry())
		flags &= ~(unsigned)(RF_CGROUP_KILL | RF_CGROUP_MOVE_UP);
	r = rf_cgroup_delete(state->fs, state->name, flags, state->act.wait_us);
	/* What limited its bandwidth and devices; should this fail the next cgctl sweeps it. */
	if (r >= 0)
		pins_unpin(pins);
	return r;
}

const struct step_kind step_cgroup_remove = {
	.id = "cgroup-remove", .name = "remove it",
	.why = "Below before above, and first looked at in every hierarchy, so that it is removed from all or from none.",
	.page = "cgroups(7)", .args = args_group, .run = run_remove,
};

static int run_reclaim(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	struct rf_cgroup_act_result none = {0};

	return rf_cgroup_reclaim(state->fs, state->name, state->act.bytes,
				 &(state->act.result ?: &none)->reclaimed_bytes);
}

static void args_reclaim(const struct rf_step *s, struct str *out)
{
	const struct cgroup_run_state *state = s->data;

	str_addf(out, "/%s: %llu bytes", state->name, (unsigned long long)state->act.bytes);
}

const struct step_kind step_cgroup_reclaim = {
	.id = "cgroup-reclaim", .name = "reclaim memory from it",
	.why = "Pages that nobody needs now go to their files or to swap; on v1 the kernel takes all it can, whatever the amount.",
	.page = "cgroups(7)", .args = args_reclaim, .run = run_reclaim,
};

static int run_delegate(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	return cgroup_delegate(state->g, state->act.uid, state->act.gid, &state->owners);
}

static void undo_delegate(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	cgroup_owners_restore(state->g, &state->owners);
}

static void args_delegate(const struct rf_step *s, struct str *out)
{
	const struct cgroup_run_state *state = s->data;

	if (state->act.uid == (uid_t)-1)
		str_addf(out, "/%s: back to the owner of the group above", state->name);
	else
		str_addf(out, "/%s: user %u, group %u", state->name, state->act.uid, state->act.gid);
}

const struct step_kind step_cgroup_delegate = {
	.id = "cgroup-delegate", .name = "change its owner",
	.why = "Who owns the directory and the files of /sys/kernel/cgroup/delegate may divide the group; its limits stay with who set them.",
	.page = "cgroups(7)", .args = args_delegate, .run = run_delegate, .undo = undo_delegate,
};
