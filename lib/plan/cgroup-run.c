// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A program in a control group, as steps: the group is made and set before there is a process; the
 * process is in it before it becomes the program; and it dies with its supervisor.
 */
#include <ringfence/cgroup.h>
#include <ringfence/net.h>

#include <signal.h>

#include "base/options.h"
#include "plan/step-cgroup.h"
#include "plan/step.h"

/* Whose counters a report reads. On v2 they are enabled where that works, on v1 where they are. */
static const char *const report_controllers[] = {"memory", "cpu", "cpuacct", "io", "blkio", "pids", "cgroup"};

static int want(struct cgroup_run_state *state, bool report)
{
	int r = cgroup_want_settings(state->fs, &state->want, &state->settings);

	for (size_t i = 0; r >= 0 && report && i < array_size(report_controllers); i++)
		r = cgroup_want_controller(state->fs, &state->want, report_controllers[i], false);
	/* A group for nothing in particular still holds the program together. */
	if (r >= 0 && !state->want.hierarchies) {
		int h = cgroup_v2_of(state->fs);

		if (h < 0)
			h = cgroup_hierarchy_of(state->fs, "pids");
		state->want.hierarchies = 1u << (h < 0 ? 0 : h);
	}
	return r;
}

static int fill(struct cgroup_run_state *state, const struct rf_cgroup_run *run)
{
	char transient[64];
	int r = 0;

	state->fs = run->fs;
	rf_cgroup_use_bpf(state->fs);
	state->note = run->note;
	state->note_data = run->note_data;
	state->transient = !run->group;
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		state->join_fd[h] = -EBADF;
	if (r >= 0 && state->transient)
		r = rf_cgroup_transient_name(transient, sizeof(transient));
	if (r >= 0)
		r = cgroup_name(run->group ?: transient, &state->name);
	if (r >= 0)
		r = cgroup_settings_parse(run->fs, run->settings, run->n_settings, &state->settings);
	if (r >= 0)
		r = want(state, run->report);
	return r;
}

static int add(struct rf_plan *plan, const struct step_kind *kind, bool in_child,
	       struct cgroup_run_state *state)
{
	struct rf_step *s = plan_add(plan, kind, in_child);

	if (!s)
		return -ENOMEM;
	s->data = state;
	return 0;
}

static int add_program(struct rf_plan *plan, const struct rf_cgroup_run *run)
{
	int r = plan_add_num(plan, &step_release, false, 0);

	if (r >= 0)
		r = plan_add_num(plan, &step_await_release, true, 0);
	if (r >= 0)
		r = plan_add_num(plan, &step_close_descriptors, true, 0);
	for (size_t i = 0; r >= 0 && i < run->n_pass_fds; i++)
		r = plan_add_num(plan, &step_pass_descriptor, true, run->pass_fds[i]);
	if (r >= 0)
		r = plan_add_num(plan, &step_die_with_caller, true, SIGKILL);
	return r < 0 ? r : plan_add_exec(plan, true, run->argv, NULL);
}

int rf_plan_cgroup_run(struct rf_plan *plan, const struct rf_cgroup_run *run)
{
	struct cgroup_run_state *state = calloc(1, sizeof(*state));
	int r = options_check(run, "rf_cgroup_run");

	if (r >= 0)
		r = state ? fill(state, run) : -ENOMEM;
	if (r >= 0 && (!run->argv || !run->argv[0]))
		r = sys_fail(-EINVAL, "check", "", "no program is given");
	if (r >= 0)
		r = add(plan, &step_cgroup_create, false, state);
	if (r < 0) {
		if (state)
			cgroup_run_state_free(state);
		return r;
	}
	r = plan_add_cgroup_set(plan, state);
	if (r >= 0)
		r = add(plan, &step_cgroup_open, false, state);
	if (r >= 0)
		r = plan_add_num(plan, &step_fork, false, 0);
	if (r >= 0)
		r = add(plan, &step_cgroup_join, true, state);
	return r < 0 ? r : add_program(plan, run);
}
