// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps on a control group: make it or find it, set it, open its door, join it.
 *
 * On v2 the fork itself puts the child into the group (clone3() with CLONE_INTO_CGROUP), and the
 * step "join" has nothing to do. On v1, and where that call can't, the child writes "0" to a file
 * of the group that the caller has opened for it, so that the right to join is the caller's. On v1
 * that file is `tasks` and not `cgroup.procs`: one thread that moves itself need not wait for the
 * kernel's lock on thread groups, which takes some 8 ms when it is cold, and the child has one.
 */
#include "plan/step-cgroup.h"

#include "plan/step.h"

void cgroup_run_state_free(void *data)
{
	struct cgroup_run_state *state = data;

	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		if (state->join_fd[h] >= 0)
			sys_close(state->join_fd[h]);
	cgroup_writes_done(&state->writes);
	cgroup_moves_done(&state->moves);
	free(state->owners.list);
	cgroup_settings_done(&state->settings);
	cgroup_close(state->g);
	if (state->owns_fs)
		rf_cgroup_fs_free(state->fs);
	free(state->name);
	free(state);
}

static int run_create(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	int r = rf_cgroup_exists(state->fs, state->name);

	if (r >= 0) {
		state->existed = r > 0;
		r = state->existed ? 0 : plan_hold_signals(run);
	}
	if (r >= 0)
		r = cgroup_make(state->fs, state->name, &state->want, &state->g);
	if (r >= 0)
		r = state->transient ? cgroup_lock(state->g) : cgroup_open_rest(state->g);
	s->half_done = r < 0 && state->g;
	return r;
}

static void undo_create(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	if (!state->g || !cgroup_was_made(state->g)) {
		if (state->g)
			cgroup_unmake(state->g);
		return;
	}
	/* A group that was there lives on elsewhere, with all that is in it. */
	if (state->existed)
		cgroup_move_up_made(state->g);
	else
		rf_cgroup_kill(state->fs, state->name, NULL);
	cgroup_unmake(state->g);
}

static void args_create(const struct rf_step *s, struct str *out)
{
	const struct cgroup_run_state *state = s->data;
	bool first = true;

	str_addf(out, "/%s (", state->name);
	for (size_t h = 0; h < state->fs->n; h++) {
		if (!(state->want.hierarchies & (1u << h)))
			continue;
		str_addf(out, "%s%s", first ? "" : ", ",
			 state->fs->h[h].ops->v2 ? "v2" : state->fs->h[h].controllers);
		first = false;
	}
	for (size_t i = 0; i < state->want.n_needed; i++)
		str_addf(out, ", %s", state->want.needed[i]);
	for (size_t i = 0; i < state->want.n_optional; i++)
		str_addf(out, ", %s if it can be", state->want.optional[i]);
	str_add(out, ")");
}

const struct step_kind step_cgroup_create = {
	.id = "cgroup-create", .name = "make the control group",
	.why = "Limits and counters belong to a group; on v2 each level above it must pass the controllers on.",
	.page = "cgroups(7)", .args = args_create, .run = run_create, .undo = undo_create,
	.free_data = cgroup_run_state_free,
};

static int run_hold(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;
	int r = state->fs ? 0 : rf_cgroup_fs_open(&state->fs);

	if (r < 0)
		return r;
	state->owns_fs = true;
	return cgroup_open(state->fs, state->name, &state->g);
}

static void args_hold(const struct rf_step *s, struct str *out)
{
	const struct cgroup_run_state *state = s->data;

	str_addf(out, "/%s", state->name);
}

const struct step_kind step_cgroup_hold = {
	.id = "cgroup-hold", .name = "open the control group",
	.why = "By descriptor it stays the same group, whatever becomes of its name.",
	.page = "cgroups(7)", .args = args_hold, .run = run_hold, .free_data = cgroup_run_state_free,
};

static int run_set(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	return cgroup_apply(state->g, &state->settings, state->note, state->note_data,
			    &state->writes);
}

static void undo_set(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	/* The values of a group that we made go with it, but not what is pinned. */
	if (cgroup_was_made(state->g))
		cgroup_revert_kept(state->g, &state->writes);
	else
		cgroup_revert(state->g, &state->writes);
}

int plan_add_cgroup_set(struct rf_plan *plan, struct cgroup_run_state *state)
{
	struct str words __free(str) = {0};
	struct rf_step *s;

	if (!state->settings.n)
		return 0;
	for (size_t i = 0; i < state->settings.n; i++) {
		str_add(&words, i ? " " : "");
		str_add(&words, state->settings.list[i].name);
		str_add(&words, "=");
		str_add(&words, state->settings.list[i].text);
	}
	s = plan_add(plan, &step_cgroup_set, false);
	if (!s)
		return -ENOMEM;
	s->data = state;
	return step_text(s, 0, words.s ?: "");
}

const struct step_kind step_cgroup_set = {
	.id = "cgroup-set", .name = "set its values",
	.why = "They hold before the first process is in it; all are set, or none.",
	.page = "cgroups(7)", .run = run_set, .undo = undo_set,
};

static int run_open(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	for (size_t h = 0; h < state->fs->n; h++) {
		int fd = cgroup_fd(state->g, h);

		if (fd < 0)
			continue;
		if (state->fs->h[h].ops->v2)
			run->cgroup_fd = fd;
		state->join_fd[h] = sys_openat(fd, state->fs->h[h].ops->join_file, O_WRONLY, 0);
		if (state->join_fd[h] < 0)
			return state->join_fd[h];
	}
	return 0;
}

const struct step_kind step_cgroup_open = {
	.id = "cgroup-open", .name = "open the group for joining",
	.why = "Whether a process may join is checked against the one who opened the file.",
	.page = "cgroups(7)", .run = run_open,
};

static int run_join(struct plan_run *run, struct rf_step *s)
{
	struct cgroup_run_state *state = s->data;

	for (size_t h = 0; h < state->fs->n; h++) {
		const struct cgroup_ops *ops = state->fs->h[h].ops;
		ssize_t n;

		if (state->join_fd[h] < 0 || (ops->v2 && run->in_cgroup))
			continue;
		n = sys_write(state->join_fd[h], "0", 1);
		if (n < 0)
			return (int)n;
	}
	return 0;
}

const struct step_kind step_cgroup_join = {
	.id = "cgroup-join", .name = "join the group",
	.why = "Before it becomes the program, so that nothing the program does goes uncounted; on v2 the fork has done it.",
	.page = "cgroups(7)", .run = run_join,
};
