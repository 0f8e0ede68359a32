// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that take privilege away. Each step needs what a later one removes, hence their order:
 *
 *   bounding set	needs CAP_SETPCAP
 *   capset		loses it; what is to be ambient must become inheritable here
 *   ambient set	takes from permitted and inheritable only
 *   no_new_privs	from now on no exec gives more than the caller has
 *   seccomp		the last: it may refuse any of the above, and all but the exec is done
 */
#include "plan/step.h"

#include <linux/capability.h>
#include <ringfence/priv.h>
#include <sys/prctl.h>

#include "priv/caps.h"
#include "priv/seccomp.h"

static void add_caps(struct str *out, const char *label, uint64_t caps)
{
	char *text __free(ptr) = NULL;

	if (rf_caps_format(caps, &text) >= 0)
		str_addf(out, "%s%s", label, text);
}

static int run_drop_bounding(struct plan_run *run, struct rf_step *s)
{
	return caps_drop_bounding((uint64_t)s->num[0]);
}

static void args_caps(const struct rf_step *s, struct str *out)
{
	add_caps(out, "", (uint64_t)s->num[0]);
}

const struct step_kind step_drop_bounding = {
	.id = "drop-bounding", .name = "shrink the bounding set",
	.why = "At exec, user 0 regains every capability that this set still has.",
	.page = "capabilities(7)", .args = args_caps, .run = run_drop_bounding,
};

static int run_set_caps(struct plan_run *run, struct rf_step *s)
{
	return caps_set((uint64_t)s->num[0], (uint64_t)s->num[1], (uint64_t)s->num[2]);
}

static void args_set_caps(const struct rf_step *s, struct str *out)
{
	add_caps(out, "effective ", (uint64_t)s->num[0]);
	add_caps(out, "; permitted ", (uint64_t)s->num[1]);
	add_caps(out, "; inheritable ", (uint64_t)s->num[2]);
}

const struct step_kind step_set_caps = {
	.id = "set-capabilities", .name = "set the capabilities",
	.why = "Nothing may be held, or passed on at exec, that was not asked for.",
	.page = "capabilities(7)", .args = args_set_caps, .run = run_set_caps,
};

static int run_raise_ambient(struct plan_run *run, struct rf_step *s)
{
	return caps_raise_ambient((uint64_t)s->num[0]);
}

const struct step_kind step_raise_ambient = {
	.id = "raise-ambient", .name = "make capabilities ambient",
	.why = "A program that is neither root's nor has file capabilities keeps only ambient ones.",
	.page = "capabilities(7)", .args = args_caps, .run = run_raise_ambient,
};

/* For one who gets his capabilities on the way: what he has is known only here. */
static int run_drop_caps(struct plan_run *run, struct rf_step *s)
{
	uint64_t drop = (uint64_t)s->num[0];
	struct rf_caps have;
	int r = caps_get_held(&have);

	if (r >= 0)
		r = caps_get_bounding(&have);
	if (r < 0)
		return r;
	/* Without the right to shrink the bounding set, exec must give nothing. */
	if (have.effective >> CAP_SETPCAP & 1)
		r = caps_drop_bounding(drop & have.bounding);
	else
		r = sys_prctl("PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1, 0);
	return r < 0 ? r : caps_set(have.effective & ~drop, have.permitted & ~drop, 0);
}

const struct step_kind step_drop_caps = {
	.id = "drop-capabilities", .name = "take capabilities away",
	.why = "Whoever enters as root has all of them inside; the program shall not.",
	.page = "capabilities(7)", .args = args_caps, .run = run_drop_caps,
};

static int run_keep_caps(struct plan_run *run, struct rf_step *s)
{
	struct rf_caps have;
	int r = caps_get_held(&have);

	if (r >= 0)
		r = caps_set(have.effective, have.permitted, have.permitted);
	return r < 0 ? r : caps_raise_ambient(have.permitted);
}

const struct step_kind step_keep_caps = {
	.id = "keep-capabilities", .name = "keep the capabilities at exec",
	.why = "A program whose user is not 0 inside would lose what the user namespace has given.",
	.page = "capabilities(7)", .run = run_keep_caps,
};

static int run_no_new_privs(struct plan_run *run, struct rf_step *s)
{
	return sys_prctl("PR_SET_NO_NEW_PRIVS", PR_SET_NO_NEW_PRIVS, 1, 0);
}

const struct step_kind step_no_new_privs = {
	.id = "no-new-privs", .name = "forbid to gain privilege",
	.why = "From here on set-user-ID bits and file capabilities have no effect at exec.",
	.page = "PR_SET_NO_NEW_PRIVS(2const)", .run = run_no_new_privs,
};

static int run_seccomp(struct plan_run *run, struct rf_step *s)
{
	const struct rf_seccomp *filter = s->data;
	struct sock_fprog prog = {(unsigned short)filter->n, filter->filter};
	int r;

	/* What else the exec would do is done first: the filter may refuse it, or kill for it. */
	plan_ready_signals(run);
	r = sys_seccomp_filter(filter->flags, &prog);
	/* With SECCOMP_FILTER_FLAG_TSYNC: a thread that has a filter of its own. */
	if (r > 0)
		return sys_fail(-EBUSY, "seccomp", filter->name,
				"thread %d has another filter and can't take this one", r);
	return r;
}

static void args_seccomp(const struct rf_step *s, struct str *out)
{
	const struct rf_seccomp *filter = s->data;

	str_addf(out, "%s: %zu instructions%s%s%s", filter->name, filter->n,
		 filter->from_cache ? ", from the cache" : "",
		 filter->unknown && filter->unknown[0] ? "; unknown here and left out: " : "",
		 filter->unknown ?: "");
}

const struct step_kind step_seccomp = {
	.id = "seccomp", .name = "filter system calls",
	.why = "What the program never needs shall not be reachable when it is taken over.",
	.page = "seccomp(2)", .args = args_seccomp, .run = run_seccomp,
};

static int run_seccomp_trace(struct plan_run *run, struct rf_step *s)
{
	int fd;

	plan_ready_signals(run);
	fd = notify_load(s->data, (int)s->num[0]);
	s->num[1] = fd;
	return fd < 0 || sys_is_dry() ? fd : 0;
}

static void undo_seccomp_trace(struct plan_run *run, struct rf_step *s)
{
	sys_close((int)s->num[1]);
}

const struct step_kind step_seccomp_trace = {
	.id = "seccomp-trace", .name = "have a supervisor asked about system calls",
	.why = "Every call that the profile does not allow is told of as it happens.",
	.page = "seccomp_unotify(2)", .args = args_seccomp, .run = run_seccomp_trace,
	.undo = undo_seccomp_trace,
};
