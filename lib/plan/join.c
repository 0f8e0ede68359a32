// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From what is to be joined to the steps. In place where the process itself can enter; forked where
 * a pid or time namespace is joined, for these take in only processes made afterwards.
 */
#include <ringfence/join.h>

#include <signal.h>
#include <stdlib.h>

#include "base/options.h"
#include "plan/step-join.h"
#include "plan/step.h"

static size_t index_of(uint64_t kind)
{
	for (size_t i = 0; i < RF_NS_KINDS; i++)
		if (rf_ns_kind(i)->flag == kind)
			return i;
	return RF_NS_KINDS;
}

static bool has_target(const struct rf_join *w)
{
	return w->pid || w->pidfd >= 0;
}

static int check(const struct rf_join *w)
{
	bool of_target = w->namespaces || w->all || w->follow_root || w->follow_wd ||
			 w->follow_environment || w->follow_cgroup || w->uid_from == RF_ID_FOLLOW ||
			 w->gid_from == RF_ID_FOLLOW;

	if (!w->argv || !w->argv[0])
		return sys_fail(-EINVAL, "join", "", "no program is given");
	if (of_target && !has_target(w))
		return sys_fail(-EINVAL, "join", "", "a target is needed for this (--target)");
	if (w->wd && w->wd_inside)
		return sys_fail(-EINVAL, "join", "", "a working directory outside (--wd) and one inside (--wdns) exclude each other");
	if (w->follow_wd && w->wd_inside)
		return sys_fail(-EINVAL, "join", "", "the target's working directory (--wd) and one inside (--wdns) exclude each other");
	return 0;
}

static int fill(struct join_state *j, const struct rf_join *w)
{
	j->want = *w;
	j->pidfd = j->proc_fd = j->root_fd = j->wd_fd = -EBADF;
	for (size_t i = 0; i < RF_NS_KINDS; i++)
		j->ns_fd[i] = -EBADF;
	for (size_t n = 0; n < w->n_files; n++) {
		size_t i = index_of(w->files[n].kind);

		if (i == RF_NS_KINDS)
			return sys_fail(-EINVAL, "join", w->files[n].path, "is given for no kind of namespace");
		j->files[i] = w->files[n].path;
	}
	return 0;
}

/* Kinds that take in children only. What --all will find is not known yet. */
static bool needs_birth(const struct join_state *j)
{
	uint64_t late = CLONE_NEWPID | CLONE_NEWTIME;

	return !j->want.no_fork && (j->want.all || (j->want.namespaces & late) ||
				    j->files[index_of(CLONE_NEWPID)] || j->files[index_of(CLONE_NEWTIME)]);
}

static int add(struct rf_plan *plan, const struct step_kind *kind, bool in_child,
	       struct join_state *j)
{
	struct rf_step *s = plan_add(plan, kind, in_child);

	if (!s)
		return -ENOMEM;
	s->data = j;
	return 0;
}

static int add_opens(struct rf_plan *plan, struct join_state *j)
{
	const struct {
		bool wanted;
		const struct step_kind *kind;
	} rows[] = {
		{j->want.follow_root || j->want.root, &step_open_root},
		{j->want.follow_wd || j->want.wd, &step_open_wd},
		{j->want.follow_environment, &step_read_environment},
		{j->want.follow_cgroup, &step_open_cgroup},
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(rows); i++)
		if (rows[i].wanted)
			r = add(plan, rows[i].kind, false, j);
	return r;
}

static bool takes_ids(const struct rf_join *w)
{
	return w->uid_from != RF_ID_KEEP || w->gid_from != RF_ID_KEEP;
}

static int add_enter(struct rf_plan *plan, struct join_state *j, bool forked)
{
	const struct {
		bool wanted;
		const struct step_kind *kind;
	} rows[] = {
		{true, &step_undumpable},
		{j->want.follow_cgroup, &step_join_cgroup},
		{true, &step_join_namespaces},
		{forked, &step_be_born},
		{j->want.follow_root || j->want.root, &step_enter_root},
		{j->want.follow_wd || j->want.wd || j->want.wd_inside, &step_enter_wd},
		{takes_ids(&j->want), &step_take_ids},
	};
	int r = forked ? plan_add_num(plan, &step_fork, false, 0) : 0;

	for (size_t i = 0; r >= 0 && i < array_size(rows); i++)
		if (rows[i].wanted)
			r = add(plan, rows[i].kind, forked, j);
	return r;
}

static int add_end(struct rf_plan *plan, const struct join_state *j, bool forked)
{
	int r = 0;

	if (j->want.drop_caps)
		r = plan_add_num(plan, &step_drop_caps, forked, (int64_t)j->want.drop_caps);
	if (r >= 0 && j->want.no_new_privs)
		r = plan_add_num(plan, &step_no_new_privs, forked, 0);
	if (r >= 0)
		r = plan_add_num(plan, &step_close_descriptors, forked, 0);
	for (size_t i = 0; r >= 0 && i < j->want.n_pass_fds; i++)
		r = plan_add_num(plan, &step_pass_descriptor, forked, j->want.pass_fds[i]);
	if (r >= 0 && forked && j->want.kill_signal >= 0)
		r = plan_add_num(plan, &step_die_with_caller, true, j->want.kill_signal ?: SIGKILL);
	return r < 0 ? r : plan_add_exec(plan, forked, j->want.argv, NULL);
}

int rf_plan_join(struct rf_plan *plan, const struct rf_join *join)
{
	int r = options_check(join, "rf_join");
	struct join_state *j;
	bool forked;

	if (r >= 0)
		r = check(join);
	if (r < 0)
		return r;
	j = calloc(1, sizeof(*j));
	r = j ? fill(j, join) : -ENOMEM;
	if (r >= 0 && has_target(join))
		r = add(plan, &step_open_target, false, j);
	/* From this step on the plan owns the state. */
	if (r >= 0)
		r = add(plan, &step_open_namespaces, false, j);
	if (r < 0) {
		free(j);
		return r;
	}
	forked = needs_birth(j);
	r = add_opens(plan, j);
	if (r >= 0)
		r = add_enter(plan, j, forked);
	return r < 0 ? r : add_end(plan, j, forked);
}
