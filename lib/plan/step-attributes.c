// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that set what a process may use and who it is. Their data is the builder's struct
 * rf_attributes, borrowed; the order is attributes.c's, by what each needs:
 *
 *   oom_score_adj	opens a file, which the limits may forbid
 *   limits		CAP_SYS_RESOURCE to raise a hard one; a raised nice or rtprio helps the next
 *   nice … uclamp	CAP_SYS_NICE for more than one has; SCHED_DEADLINE wants all CPUs of a root domain
 *   groups, ids	CAP_SETGID, CAP_SETUID; leaving user 0 loses all but what PR_SET_KEEPCAPS keeps
 *   securebits		CAP_SETPCAP, which the ids have taken from the effective set: it is put back first
 *   pdeathsig		after the ids, whose change clears it
 */
#include "plan/step-attributes.h"

#include <linux/sched.h>
#include <linux/securebits.h>
#include <ringfence/units.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "priv/attributes.h"
#include "priv/caps.h"

#define KIND(name_, id_, title_, why_, page_)                                                      \
	const struct step_kind step_##name_ = {                                                    \
		.id = id_, .name = title_, .why = why_, .page = page_,                             \
		.args = args_##name_, .run = run_##name_,                                          \
	}

static const struct rf_attributes *wanted(const struct rf_step *s)
{
	return s->data;
}

static int run_oom_score_adj(struct plan_run *run, struct rf_step *s)
{
	char text[16];

	snprintf(text, sizeof(text), "%d", wanted(s)->oom_score_adj);
	return file_write_at(AT_FDCWD, "/proc/self/oom_score_adj", text);
}

static void args_oom_score_adj(const struct rf_step *s, struct str *out)
{
	str_addf(out, "%d", wanted(s)->oom_score_adj);
}

KIND(oom_score_adj, "oom-score-adj", "set the OOM score adjustment",
     "When memory runs out, the kernel kills the process with the highest score.",
     "proc_pid_oom_score_adj(5)");

static int run_rlimit(struct plan_run *run, struct rf_step *s)
{
	const struct rf_rlimit *l = &wanted(s)->rlimits[s->num[0]];
	struct rlimit64 limit;
	int r = 0;

	if (!l->has_soft || !l->has_hard)
		r = sys_prlimit_get(0, l->kind->name, l->kind->resource, &limit);
	if (r < 0)
		return r;
	if (l->has_soft)
		limit.rlim_cur = l->soft;
	if (l->has_hard)
		limit.rlim_max = l->hard;
	return sys_prlimit_set(l->kind->name, l->kind->resource, &limit);
}

static void args_rlimit(const struct rf_step *s, struct str *out)
{
	const struct rf_rlimit *l = &wanted(s)->rlimits[s->num[0]];

	str_addf(out, "%s: ", l->kind->name);
	if (l->has_soft) {
		str_add(out, "soft ");
		attr_limit_words(l->kind, l->soft, out);
	}
	if (l->has_hard) {
		str_add(out, l->has_soft ? ", hard " : "hard ");
		attr_limit_words(l->kind, l->hard, out);
	}
}

KIND(rlimit, "resource-limit", "set a resource limit",
     "What one process may use must not depend on what it asks for.", "getrlimit(2)");

static int run_nice(struct plan_run *run, struct rf_step *s)
{
	return sys_setpriority(wanted(s)->nice);
}

static void args_nice(const struct rf_step *s, struct str *out)
{
	str_addf(out, "%d", wanted(s)->nice);
}

KIND(nice, "nice", "set the nice value",
     "Each step of it is worth about a quarter more or less CPU time beside the others.", "setpriority(2)");

static int run_ioprio(struct plan_run *run, struct rf_step *s)
{
	return sys_ioprio_set(wanted(s)->ioprio);
}

static void args_ioprio(const struct rf_step *s, struct str *out)
{
	attr_ioprio_words(wanted(s)->ioprio, out);
}

KIND(ioprio, "io-priority", "set the I/O priority",
     "Schedulers that know priorities (bfq, mq-deadline) serve requests by it.", "ioprio_set(2)");

static int run_affinity(struct plan_run *run, struct rf_step *s)
{
	return sys_sched_setaffinity(sizeof(wanted(s)->affinity), wanted(s)->affinity.words);
}

static void args_affinity(const struct rf_step *s, struct str *out)
{
	char *list __free(ptr) = NULL;

	if (rf_bits_format(&wanted(s)->affinity, &list) >= 0)
		str_addf(out, "CPUs %s", list);
}

KIND(affinity, "affinity", "choose the CPUs",
     "The scheduler moves a process among the CPUs it is allowed, and to no others.", "sched_setaffinity(2)");

static int run_mempolicy(struct plan_run *run, struct rf_step *s)
{
	const struct rf_mempolicy *m = &wanted(s)->mempolicy;
	bool has_nodes = m->mode != attr_mpol_default && m->mode != attr_mpol_local;

	/* The kernel reads one bit less than it is told. */
	return sys_set_mempolicy(m->mode, has_nodes ? m->nodes.words : NULL, has_nodes ? RF_NODES + 1 : 0);
}

static void args_mempolicy(const struct rf_step *s, struct str *out)
{
	attr_mempolicy_words(&wanted(s)->mempolicy, out);
}

KIND(mempolicy, "memory-policy", "set the memory policy",
     "Pages come from the NUMA nodes that it names when they are first touched.", "set_mempolicy(2)");

/* The policy: the one that is wanted; or the old one, said anew, since a call that keeps the policy
 * keeps what was said of forks, too; or none. */
static int choose_policy(const struct rf_attributes *a, struct sys_sched_attr *attr)
{
	struct sys_sched_attr old = {0};
	int r;

	if (a->given & RF_ATTR_SCHED) {
		attr->policy = (uint32_t)a->sched.policy;
		attr->priority = a->sched.priority;
		attr->runtime = a->sched.runtime_ns;
		attr->deadline = a->sched.deadline_ns;
		attr->period = a->sched.period_ns;
		/* The call sets it for the policies that have it. */
		attr->nice = a->given & RF_ATTR_NICE ? a->nice : sys_getpriority();
	} else if (a->given & RF_ATTR_RESET_ON_FORK) {
		r = sys_sched_getattr(0, &old);
		if (r < 0)
			return r;
		*attr = old;
		attr->size = sizeof(*attr);
		attr->util_min = attr->util_max = 0;
	} else {
		attr->flags = SCHED_FLAG_KEEP_ALL;
	}
	return 0;
}

static int run_sched(struct plan_run *run, struct rf_step *s)
{
	const struct rf_attributes *a = wanted(s);
	struct sys_sched_attr attr = {.size = sizeof(attr)};
	int r = choose_policy(a, &attr);

	if (r < 0)
		return r;
	if (a->given & RF_ATTR_RESET_ON_FORK)
		attr.flags |= SCHED_FLAG_RESET_ON_FORK;
	if (a->given & RF_ATTR_UCLAMP) {
		attr.flags |= SCHED_FLAG_UTIL_CLAMP;
		attr.util_min = a->uclamp_min;
		attr.util_max = a->uclamp_max;
	}
	return sys_sched_setattr(&attr);
}

static void args_sched(const struct rf_step *s, struct str *out)
{
	const struct rf_attributes *a = wanted(s);

	if (a->given & RF_ATTR_SCHED)
		attr_sched_words(&a->sched, out);
	if (a->given & RF_ATTR_UCLAMP)
		str_addf(out, "%sutilization %u to %u", out->len ? "; " : "", a->uclamp_min, a->uclamp_max);
	if (a->given & RF_ATTR_RESET_ON_FORK)
		str_addf(out, "%schildren begin anew", out->len ? "; " : "");
}

KIND(sched, "scheduler", "set the scheduling policy",
     "The policy decides before any weight does: real-time runs before all others, idle after them.",
     "sched_setattr(2)");

static int run_core_sched(struct plan_run *run, struct rf_step *s)
{
	int pid = wanted(s)->core_sched_pid;

	return pid ? sys_core_sched("PR_SCHED_CORE_SHARE_FROM", PR_SCHED_CORE_SHARE_FROM, pid)
		   : sys_core_sched("PR_SCHED_CORE_CREATE", PR_SCHED_CORE_CREATE, 0);
}

static void args_core_sched(const struct rf_step *s, struct str *out)
{
	if (wanted(s)->core_sched_pid)
		str_addf(out, "that of process %d", wanted(s)->core_sched_pid);
	else
		str_add(out, "a new one");
}

KIND(core_sched, "core-scheduling", "take a core scheduling cookie",
     "Only processes with the same cookie run on the threads of one core at the same time.",
     "PR_SCHED_CORE(2const)");

/* What needs no privilege, in one step. */
static int run_small(struct plan_run *run, struct rf_step *s)
{
	const struct rf_attributes *a = wanted(s);
	int r = 0;

	if (a->given & RF_ATTR_UMASK)
		r = sys_umask(a->umask);
	if (r >= 0 && a->given & RF_ATTR_PERSONALITY)
		r = sys_personality(a->personality);
	if (r >= 0 && a->given & RF_ATTR_NO_THP)
		r = sys_prctl("PR_SET_THP_DISABLE", PR_SET_THP_DISABLE, 1, 0);
	if (r >= 0 && a->given & RF_ATTR_TIMERSLACK)
		r = sys_prctl("PR_SET_TIMERSLACK", PR_SET_TIMERSLACK, a->timerslack_ns, 0);
	return r;
}

static void args_small(const struct rf_step *s, struct str *out)
{
	const struct rf_attributes *a = wanted(s);
	char *words __free(ptr) = NULL;

	if (a->given & RF_ATTR_UMASK)
		str_addf(out, "umask %04o; ", a->umask);
	if (a->given & RF_ATTR_PERSONALITY && attr_personality_words(a->personality, &words) >= 0)
		str_addf(out, "personality %s; ", words);
	if (a->given & RF_ATTR_NO_THP)
		str_add(out, "no transparent huge pages; ");
	if (a->given & RF_ATTR_TIMERSLACK)
		str_addf(out, "timer slack %llu ns; ", (unsigned long long)a->timerslack_ns);
	if (out->len > 2 && !out->failed)
		out->s[out->len -= 2] = '\0';
}

KIND(small, "process-attributes", "set umask, personality, huge pages, timer slack",
     "They stay with the process over exec and go to its children.", "execve(2)");

static int run_keepcaps(struct plan_run *run, struct rf_step *s)
{
	return sys_prctl("PR_SET_KEEPCAPS", PR_SET_KEEPCAPS, 1, 0);
}

const struct step_kind step_keepcaps = {
	.id = "keepcaps", .name = "keep the permitted set over the change of ids",
	.why = "Leaving user 0 clears the capabilities, also those that were asked for.",
	.page = "PR_SET_KEEPCAPS(2const)", .run = run_keepcaps,
};

static int run_groups(struct plan_run *run, struct rf_step *s)
{
	return sys_setgroups(wanted(s)->n_groups, wanted(s)->groups);
}

static void args_groups(const struct rf_step *s, struct str *out)
{
	const struct rf_attributes *a = wanted(s);

	for (size_t i = 0; i < a->n_groups; i++)
		str_addf(out, "%s%u", i ? "," : "", a->groups[i]);
	if (!a->n_groups)
		str_add(out, "none");
}

KIND(groups, "groups", "set the supplementary groups",
     "What a group may do, its members may, whatever their user id.", "setgroups(2)");

static int run_ids(struct plan_run *run, struct rf_step *s)
{
	const struct rf_attributes *a = wanted(s);
	const uint32_t keep = UINT32_MAX;
	int r = 0;

	/* The saved id follows the effective one: it could be taken again. */
	if (a->given & (RF_ATTR_RGID | RF_ATTR_EGID))
		r = sys_setresgid(a->given & RF_ATTR_RGID ? a->rgid : keep, a->given & RF_ATTR_EGID ? a->egid : keep,
				  a->given & RF_ATTR_EGID ? a->egid : getegid());
	if (r >= 0 && a->given & (RF_ATTR_RUID | RF_ATTR_EUID))
		r = sys_setresuid(a->given & RF_ATTR_RUID ? a->ruid : keep, a->given & RF_ATTR_EUID ? a->euid : keep,
				  a->given & RF_ATTR_EUID ? a->euid : geteuid());
	return r;
}

static void args_ids(const struct rf_step *s, struct str *out)
{
	const struct rf_attributes *a = wanted(s);
	const struct {
		uint32_t bit;
		const char *name;
		uint32_t id;
	} rows[] = {
		{RF_ATTR_RUID, "real uid", a->ruid}, {RF_ATTR_EUID, "effective uid", a->euid},
		{RF_ATTR_RGID, "real gid", a->rgid}, {RF_ATTR_EGID, "effective gid", a->egid},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		if (a->given & rows[i].bit)
			str_addf(out, "%s%s %u", out->len ? ", " : "", rows[i].name, rows[i].id);
}

KIND(ids, "ids", "take on the ids", "Files, signals and limits go by the user and group of a process.",
     "setresuid(2)");

static int run_effective(struct plan_run *run, struct rf_step *s)
{
	struct rf_caps have;
	int r = caps_get_held(&have);

	return r < 0 ? r : caps_set(have.permitted, have.permitted, have.inheritable);
}

const struct step_kind step_effective = {
	.id = "effective-capabilities", .name = "make the permitted capabilities effective again",
	.why = "The change of ids has cleared the effective set, and what follows needs it.",
	.page = "capabilities(7)", .run = run_effective,
};

static int run_securebits(struct plan_run *run, struct rf_step *s)
{
	const struct rf_securebits *b = &wanted(s)->securebits;
	int bits = sys_prctl_get("PR_GET_SECUREBITS", PR_GET_SECUREBITS, 0, 0, 0, 0);

	if (bits < 0)
		return bits;
	/* The ids have changed: what has kept the capabilities meanwhile has done its work. */
	bits &= ~SECBIT_KEEP_CAPS;
	return sys_prctl("PR_SET_SECUREBITS", PR_SET_SECUREBITS, ((uint32_t)bits | b->set) & ~b->clear, 0);
}

static void args_securebits(const struct rf_step *s, struct str *out)
{
	const struct rf_securebits *b = &wanted(s)->securebits;

	str_add(out, "set ");
	attr_securebits_words(b->set, out);
	str_add(out, "; clear ");
	attr_securebits_words(b->clear, out);
}

KIND(securebits, "securebits", "set the securebits",
     "They decide whether user 0 is special to the capabilities at all.", "capabilities(7)");

static int run_settle_caps(struct plan_run *run, struct rf_step *s)
{
	struct rf_caps have;
	int r = caps_get_held(&have);

	return r < 0 ? r : caps_set(have.effective, have.permitted, 0);
}

const struct step_kind step_settle_caps = {
	.id = "settle-capabilities", .name = "leave no capability to be inherited",
	.why = "The new user shall not get by a file what the old one had among his inheritable ones.",
	.page = "capabilities(7)", .run = run_settle_caps,
};

static int run_pdeathsig(struct plan_run *run, struct rf_step *s)
{
	return sys_prctl("PR_SET_PDEATHSIG", PR_SET_PDEATHSIG, (unsigned long)s->num[0], 0);
}

static void args_pdeathsig(const struct rf_step *s, struct str *out)
{
	if (s->num[0])
		str_addf(out, "SIG%s", sigabbrev_np((int)s->num[0]) ?: "?");
	else
		str_add(out, "none");
}

KIND(pdeathsig, "parent-death-signal", "choose the signal for the parent's death",
     "A change of ids has cleared it.", "PR_SET_PDEATHSIG(2const)");
