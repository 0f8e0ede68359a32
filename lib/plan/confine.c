// SPDX-License-Identifier: LGPL-2.1-or-later
/* From the privileges wanted to the steps that leave no others: decided here, done by step-priv.c. */
#include <ringfence/priv.h>

#include <linux/capability.h>

#include "base/options.h"
#include "plan/step-attributes.h"
#include "plan/step.h"
#include "priv/caps.h"
#include "priv/landlock.h"
#include "priv/seccomp.h"

/* What is wanted, with what follows from what the caller has. */
struct shape {
	const struct rf_confine *want;
	struct rf_caps have;
	bool touch_caps;    /* any capability was named */
	uint64_t drop;
	uint64_t bounding;  /* to be dropped from the bounding set */
	struct rf_caps sets; /* as they shall be */
	bool no_new_privs;
};

static bool has(uint64_t caps, unsigned cap)
{
	return caps >> cap & 1;
}

static int refuse_caps(int err, uint64_t caps, const char *text)
{
	char *names __free(ptr) = NULL;

	if (rf_caps_format(caps, &names) < 0)
		return -ENOMEM;
	return sys_fail(err, "ambient capability", names, "%s", text);
}

static int check_ambient(const struct shape *s)
{
	uint64_t ambient = s->want->ambient;

	if (ambient & s->drop)
		return refuse_caps(-EINVAL, ambient & s->drop,
				   "can't be both dropped and made ambient");
	if (ambient & ~s->have.permitted)
		return refuse_caps(-EPERM, ambient & ~s->have.permitted,
				   "can't be made ambient: this process itself has it not among its permitted capabilities");
	return 0;
}

/* A filter that refuses its own loader's exec would end in silence. */
static int check_seccomp(const struct rf_seccomp *filter)
{
	static const struct {
		uint32_t action;
		const char *does;
	} rows[] = {
		{SECCOMP_RET_KILL_PROCESS, "kills for"}, {SECCOMP_RET_KILL_THREAD, "kills for"},
		{SECCOMP_RET_TRAP, "traps"},		 {SECCOMP_RET_ERRNO, "refuses"},
		{SECCOMP_RET_TRACE, "hands to a tracer"},
	};
	uint32_t action;

	if (filter->needs_listener)
		return sys_fail(-EOPNOTSUPP, "seccomp profile", filter->name,
				"SCMP_ACT_NOTIFY needs a supervisor that answers for each call, and here is none");
	if (seccomp_answer_to_execve(filter, &action) < 0)
		return 0; /* nobody knows; the kernel will say */
	for (size_t i = 0; i < array_size(rows); i++)
		if ((action & SECCOMP_RET_ACTION_FULL) == rows[i].action)
			return sys_fail(-EACCES, "seccomp profile", filter->name,
					"it %s execve, so no program could be started under it: allow execve, and what the program's loader needs",
					rows[i].does);
	return 0;
}

static int make_shape(const struct rf_confine *c, struct shape *ret)
{
	struct shape s = {.want = c, .no_new_privs = c->no_new_privs};
	int r;

	s.touch_caps = c->has_keep || c->drop || c->ambient || attributes_name_caps(c->attributes);
	if (!s.touch_caps && !c->seccomp && !c->landlock) {
		*ret = s;
		return 0;
	}
	r = caps_get_held(&s.have);
	if (r >= 0 && s.touch_caps)
		r = caps_get_bounding(&s.have);
	if (r < 0)
		return r;
	s.drop = c->drop | (c->has_keep ? ~c->keep : 0);
	s.bounding = s.drop & s.have.bounding;
	/* What can't be taken from the bounding set can still be kept from ever being gained. */
	if (s.bounding && !has(s.have.effective, CAP_SETPCAP)) {
		s.bounding = 0;
		s.no_new_privs = true;
	}
	s.sets = (struct rf_caps){
		.effective = s.have.effective & ~s.drop, .permitted = s.have.permitted & ~s.drop,
		.inheritable = c->ambient, .ambient = c->ambient, .bounding = s.have.bounding & ~s.bounding,
	};
	r = attributes_shape(c->attributes, &s.have, &s.sets);
	s.bounding = s.have.bounding & ~s.sets.bounding;
	if (!s.touch_caps && attributes_leave_root(c->attributes))
		s.sets.effective = 0;
	if ((c->seccomp || c->landlock) && !has(s.sets.effective, CAP_SYS_ADMIN))
		s.no_new_privs = true;
	*ret = s;
	return r;
}

static int add_set_caps(struct rf_plan *plan, bool in_child, const struct rf_caps *base, uint64_t inheritable)
{
	struct rf_step *step = plan_add(plan, &step_set_caps, in_child);

	if (!step)
		return -ENOMEM;
	step->num[0] = (int64_t)base->effective;
	step->num[1] = (int64_t)base->permitted;
	step->num[2] = (int64_t)inheritable;
	return 0;
}

static int add_caps(struct rf_plan *plan, bool in_child, const struct shape *s)
{
	int r = 0;

	/* Out of the bounding set nothing becomes inheritable any more. */
	if (s->touch_caps && s->sets.inheritable & s->bounding)
		r = add_set_caps(plan, in_child, &s->have, s->sets.inheritable);
	if (r >= 0 && s->touch_caps && s->bounding)
		r = plan_add_num(plan, &step_drop_bounding, in_child, (int64_t)s->bounding);
	if (r >= 0)
		r = plan_add_ids(plan, in_child, s->want->attributes, s->touch_caps);
	if (r < 0 || !s->touch_caps)
		return r;
	r = add_set_caps(plan, in_child, &s->sets, s->sets.inheritable);
	if (r >= 0 && s->sets.ambient)
		r = plan_add_num(plan, &step_raise_ambient, in_child, (int64_t)s->sets.ambient);
	return r;
}

static int add_descriptors(struct rf_plan *plan, const struct rf_confine *c)
{
	int r = plan_add_num(plan, &step_close_descriptors, false, 0);

	for (size_t i = 0; r >= 0 && i < c->n_pass_fds; i++)
		r = plan_add_num(plan, &step_pass_descriptor, false, c->pass_fds[i]);
	return r;
}

static int add_filter(struct rf_plan *plan, bool in_child, const struct rf_confine *c)
{
	const struct step_kind *kind = c->traced ? &step_seccomp_trace : &step_seccomp;
	struct rf_step *step = plan_add(plan, kind, in_child);

	if (!step)
		return -ENOMEM;
	/* Borrowed: this kind of step has no free_data. */
	step->data = (void *)(uintptr_t)c->seccomp;
	step->num[0] = c->trace_fd;
	return 0;
}

/* The first step owns the state; it is asked for while nothing is given up yet. */
static int add_landlock_rules(struct rf_plan *plan, bool in_child, const struct rf_landlock *rules,
			      struct landlock_state **ret_state)
{
	struct rf_landlock copy = *rules;
	struct landlock_state *state;
	struct rf_step *step;
	int r = options_check(rules, "rf_landlock"), abi = r < 0 ? r : rf_landlock_abi();

	if (abi >= 0)
		r = rf_landlock_fit(&copy, abi, NULL);
	if (abi < 0 || r < 0)
		return abi < 0 ? abi : r;
	state = calloc(1, sizeof(*state));
	step = state ? plan_add(plan, &step_landlock_rules, in_child) : NULL;
	if (!step) {
		free(state);
		return -ENOMEM;
	}
	*state = (struct landlock_state){rules, abi, -EBADF};
	step->data = *ret_state = state;
	return 0;
}

static int add_landlock_restrict(struct rf_plan *plan, bool in_child, struct landlock_state *state)
{
	struct rf_step *step = plan_add(plan, &step_landlock_restrict, in_child);

	if (!step)
		return -ENOMEM;
	step->data = state;
	return 0;
}

static int add_confinement(struct rf_plan *plan, bool in_child, const struct rf_confine *c)
{
	struct landlock_state *landlock = NULL;
	struct shape s;
	int r = attributes_check(c->attributes);

	if (r >= 0)
		r = make_shape(c, &s);
	if (r >= 0)
		r = check_ambient(&s);
	if (r >= 0 && c->seccomp && !c->trace_only)
		r = check_seccomp(c->seccomp);
	if (r >= 0 && c->landlock)
		r = add_landlock_rules(plan, in_child, c->landlock, &landlock);
	if (r >= 0)
		r = plan_add_attributes(plan, in_child, c->attributes);
	if (r >= 0)
		r = add_caps(plan, in_child, &s);
	if (r >= 0)
		r = plan_add_pdeathsig(plan, in_child, c->attributes);
	if (r >= 0 && s.no_new_privs)
		r = plan_add_num(plan, &step_no_new_privs, in_child, 0);
	if (r >= 0 && landlock)
		r = add_landlock_restrict(plan, in_child, landlock);
	if (r >= 0 && c->seccomp)
		r = add_filter(plan, in_child, c);
	return r;
}

int rf_plan_confine(struct rf_plan *plan, const struct rf_confine *confine)
{
	int r = options_check(confine, "rf_confine");

	if (r < 0)
		return r;
	if (!confine->argv || !confine->argv[0])
		return sys_fail(-EINVAL, "confine", "", "no program is given");
	r = add_descriptors(plan, confine);
	if (r >= 0)
		r = add_confinement(plan, false, confine);
	return r < 0 ? r : plan_add_exec(plan, false, confine->argv, NULL);
}
