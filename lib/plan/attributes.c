// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From the attributes wanted to steps, in the order that step-attributes.c explains; and what they
 * make of the capability sets. What the kernel would refuse with a bare EPERM or EINVAL is refused
 * here first where it can be seen, with the capabilities named.
 */
#include "plan/step-attributes.h"

#include <linux/capability.h>
#include <linux/securebits.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "base/options.h"
#include "priv/attributes.h"

enum { UIDS = RF_ATTR_RUID | RF_ATTR_EUID, GIDS = RF_ATTR_RGID | RF_ATTR_EGID };

int attributes_check(const struct rf_attributes *a)
{
	if (!a)
		return 0;
	if (options_check(a, "rf_attributes") < 0)
		return -EINVAL;
	if (a->caps.ambient.raise && a->securebits.set & SECBIT_NO_CAP_AMBIENT_RAISE)
		return sys_fail(-EINVAL, "securebits", "no_cap_ambient_raise",
				"forbids the ambient capabilities that are asked for, too");
	return 0;
}

bool attributes_name_caps(const struct rf_attributes *a)
{
	return a && (a->caps.effective.given || a->caps.permitted.given || a->caps.inheritable.given ||
		     a->caps.bounding.given || a->caps.ambient.given);
}

bool attributes_leave_root(const struct rf_attributes *a)
{
	return a && a->given & RF_ATTR_EUID && a->euid && !geteuid();
}

/* "all" is all that can be had: nobody means the one that was taken from the whole machine. */
static uint64_t changed(const struct rf_caps_change *c, uint64_t from, uint64_t possible)
{
	uint64_t raise = c->raise == rf_caps_all() ? c->raise & possible : c->raise;

	return c->given ? (from & ~c->lower) | raise : from;
}

static int refuse(int err, const char *what, uint64_t caps, const char *text)
{
	char *names __free(ptr) = NULL;

	if (rf_caps_format(caps, &names) < 0)
		return -ENOMEM;
	return sys_fail(err, what, names, "%s", text);
}

static int check_sets(const struct rf_attributes *a, const struct rf_caps *have, const struct rf_caps *sets)
{
	bool may_inherit_all = have->effective >> CAP_SETPCAP & 1;
	const struct {
		int err;
		const char *what;
		uint64_t caps;
		const char *text;
	} rows[] = {
		{-EPERM, "permitted capability", sets->permitted & ~have->permitted,
		 "can't be permitted: this process itself has it not"},
		{-EINVAL, "effective capability", sets->effective & ~sets->permitted,
		 "can't be effective without being permitted"},
		{-EPERM, "bounding capability", a->caps.bounding.given && a->caps.bounding.raise != rf_caps_all()
							? a->caps.bounding.raise & ~have->bounding : 0,
		 "is not in the bounding set, into which nothing comes back"},
		{-EINVAL, "ambient capability", sets->ambient & ~sets->permitted,
		 "can't be ambient without being permitted"},
		{-EINVAL, "ambient capability", sets->ambient & ~sets->inheritable,
		 "can't be ambient without being inheritable"},
		{-EPERM, "inheritable capability",
		 sets->inheritable & ~(have->inheritable | have->permitted | (may_inherit_all ? have->bounding : 0)),
		 "can't be made inheritable: this process itself has it not"},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].caps)
			return refuse(rows[i].err, rows[i].what, rows[i].caps, rows[i].text);
	return 0;
}

int attributes_shape(const struct rf_attributes *a, const struct rf_caps *have, struct rf_caps *sets)
{
	const struct rf_caps_changes *c = a ? &a->caps : NULL;

	if (!attributes_name_caps(a))
		return 0;
	sets->permitted = changed(&c->permitted, sets->permitted, have->permitted);
	sets->effective = changed(&c->effective, sets->effective, have->permitted);
	sets->ambient = changed(&c->ambient, sets->ambient, have->permitted);
	/* An ambient one is inheritable, unless that was asked for otherwise. */
	sets->inheritable = changed(&c->inheritable, sets->inheritable | (sets->ambient & ~c->inheritable.lower),
				    have->bounding);
	sets->bounding = changed(&c->bounding, sets->bounding, sets->bounding);
	return check_sets(a, have, sets);
}

static int add(struct rf_plan *plan, bool in_child, const struct rf_attributes *a, uint32_t which,
	       const struct step_kind *kind, int64_t num)
{
	struct rf_step *step;

	if (which && !(a->given & which))
		return 0;
	step = plan_add(plan, kind, in_child);
	if (!step)
		return -ENOMEM;
	step->num[0] = num;
	/* Borrowed: these kinds of step have no free_data. */
	step->data = (void *)(uintptr_t)a;
	return 0;
}

int plan_add_attributes(struct rf_plan *plan, bool in_child, const struct rf_attributes *a)
{
	static const struct {
		uint32_t which;
		const struct step_kind *kind;
	} rows[] = {
		{RF_ATTR_UMASK | RF_ATTR_PERSONALITY | RF_ATTR_NO_THP | RF_ATTR_TIMERSLACK, &step_small},
		{RF_ATTR_CORE_SCHED, &step_core_sched}, {RF_ATTR_NICE, &step_nice}, {RF_ATTR_IOPRIO, &step_ioprio},
		{RF_ATTR_AFFINITY, &step_affinity},	{RF_ATTR_MEMPOLICY, &step_mempolicy},
		{RF_ATTR_SCHED | RF_ATTR_UCLAMP | RF_ATTR_RESET_ON_FORK, &step_sched},
	};
	int r = 0;

	if (!a)
		return 0;
	r = plan_add_reset_env(plan, in_child, a);
	if (r >= 0)
		r = add(plan, in_child, a, RF_ATTR_OOM_SCORE_ADJ, &step_oom_score_adj, 0);
	for (size_t i = 0; r >= 0 && i < a->n_rlimits; i++)
		r = add(plan, in_child, a, 0, &step_rlimit, (int64_t)i);
	for (size_t i = 0; r >= 0 && i < array_size(rows); i++)
		r = add(plan, in_child, a, rows[i].which, rows[i].kind, 0);
	return r;
}

int plan_add_ids(struct rf_plan *plan, bool in_child, const struct rf_attributes *a, bool caps_follow)
{
	bool keep, securebits;
	int r = 0;

	if (!a)
		return 0;
	securebits = a->given & RF_ATTR_SECUREBITS;
	keep = a->given & UIDS && (caps_follow || securebits);
	if (keep)
		r = plan_add_num(plan, &step_keepcaps, in_child, 0);
	if (r >= 0)
		r = add(plan, in_child, a, RF_ATTR_GROUPS, &step_groups, 0);
	if (r >= 0)
		r = add(plan, in_child, a, UIDS | GIDS, &step_ids, 0);
	if (r >= 0 && keep)
		r = plan_add_num(plan, &step_effective, in_child, 0);
	if (r >= 0)
		r = add(plan, in_child, a, RF_ATTR_SECUREBITS, &step_securebits, 0);
	if (r >= 0 && !caps_follow && a->given & UIDS)
		/* Who leaves user 0 leaves with none. */
		r = plan_add_num(plan, attributes_leave_root(a) ? &step_set_caps : &step_settle_caps, in_child, 0);
	return r;
}

/* PR_GET_PDEATHSIG stores an int where it is told. */
static int current_pdeathsig(int *ret)
{
	*ret = 0;
	return sys_prctl_get("PR_GET_PDEATHSIG", PR_GET_PDEATHSIG, (unsigned long)(uintptr_t)ret, 0, 0, 0);
}

int plan_add_pdeathsig(struct rf_plan *plan, bool in_child, const struct rf_attributes *a)
{
	int r = 0, sig;

	if (!a || !(a->given & RF_ATTR_PDEATHSIG))
		return 0;
	sig = a->pdeathsig;
	if (a->keep_pdeathsig)
		r = current_pdeathsig(&sig);
	return r < 0 ? r : plan_add_num(plan, &step_pdeathsig, in_child, sig);
}
