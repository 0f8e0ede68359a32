// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules about CPU time and CPUs.
 *
 * A quota is an amount for each period, by default of 100 ms, over all threads: 48 threads use up
 * 100 ms of CPU time in 2 ms and stand still for the other 98, at an average far below the quota. A
 * weight counts only against groups with the same parent, and only while they want CPU time too.
 */
#include "cgroup/facts.h"

enum { PERIODS_ENOUGH = 100, MILLI = 1000 };

/* Percent of the periods; 0 where too few have passed. */
static uint64_t throttled(const struct facts_group *g)
{
	uint64_t periods = fact_field(g, "cpu.stat", "nr_periods"), n = fact_field(g, "cpu.stat", "nr_throttled");

	return fact_set(periods) && fact_set(n) && periods >= PERIODS_ENOUGH ? n * 100 / periods : 0;
}

static void quota_words(const struct facts_group *g, struct findings *out, uint64_t quota)
{
	found(out, "cpu.max=%s, which is %lu.%02lu CPUs", fact(g, "cpu.max") ?: "", quota / MILLI, quota % MILLI / 10);
}

static void periods_words(const struct facts_group *g, struct findings *out)
{
	found(out, "throttled in %lu of %lu periods (%lu %%), for %lu ms", fact_field(g, "cpu.stat", "nr_throttled"),
	      fact_field(g, "cpu.stat", "nr_periods"), throttled(g), fact_field(g, "cpu.stat", "throttled_usec") / 1000);
}

static void quota_below_threads(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t quota = fact_quota(g), threads = g->threads_below;

	if (!fact_set(quota) || throttled(g) < 10 || threads * MILLI <= quota * 4)
		return;
	quota_words(g, out, quota);
	found(out, "%lu threads", threads);
	periods_words(g, out);
	found_command(out, "cgctl set /%s cpu.max=%lu", g->name, (quota + MILLI) / MILLI + 1);
}

static void throttled_often(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t quota = fact_quota(g), burst;

	if (!fact_set(quota) || throttled(g) < 25 || g->threads_below * MILLI > quota * 4)
		return;
	quota_words(g, out, quota);
	periods_words(g, out);
	burst = fact_number(g, "cpu.max.burst");
	if (burst != RF_CGROUP_UNKNOWN && !burst)
		found_command(out, "cgctl set /%s cpu.max.burst=%luus   # may save up one period's quota", g->name,
			      (uint64_t)strtoull(fact(g, "cpu.max"), NULL, 10));
	else
		found_command(out, "cgctl set /%s cpu.max=%lu", g->name, (quota + MILLI) / MILLI);
}

static void quota_above_machine(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t quota = fact_quota(g);

	if (!fact_set(quota) || !f->cpus || quota <= f->cpus * MILLI)
		return;
	quota_words(g, out, quota);
	found(out, "the machine has %lu", f->cpus);
	found_command(out, "cgctl set /%s cpu.max=max", g->name);
}

static void quota_above_ancestor(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t quota = fact_quota(g);

	for (const struct facts_group *at = g->parent; fact_set(quota) && at; at = at->parent) {
		uint64_t above = fact_quota(at);

		if (!fact_set(above) || above >= quota)
			continue;
		quota_words(g, out, quota);
		found(out, "/%s has cpu.max=%s, which is less", at->name, fact(at, "cpu.max"));
		found_command(out, "cgctl set /%s cpu.max='%s'", at->name, fact(g, "cpu.max"));
		return;
	}
}

static void weight_alone(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t weight = fact_number(g, "cpu.weight"), beside = 0;
	const char *idle;

	if (!fact_set(weight) || weight == 100 || !weight || !g->parent)
		return;
	idle = fact(g, "cpu.idle");
	if (idle && str_eq(idle, "1"))
		return;
	for (const struct facts_group *at = g->parent->first_child; at; at = at->next_sibling)
		beside += at != g ? at->below : 0;
	/* Processes of the parent itself compete, too, where they may stand there: at the root, on v1. */
	if (beside || g->parent->n_tasks)
		return;
	found(out, "cpu.weight=%lu, and no process stands beside it in /%s", weight, g->parent->name);
}

static void weight_of_shares(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const struct { uint64_t weight, shares, linear; } old[] = {{39, 1024, 100}, {79, 2048, 200}, {157, 4096, 400}, {20, 512, 50}};
	uint64_t weight = g->on_v2 && !fact(g, "cpu.shares") ? fact_number(g, "cpu.weight") : RF_CGROUP_UNKNOWN;

	for (size_t i = 0; i < array_size(old); i++) {
		if (weight != old[i].weight)
			continue;
		found(out, "cpu.weight=%lu is what older container tools make of %lu shares; a group beside it has 100", weight,
		      old[i].shares);
		found_command(out, "cgctl set /%s cpu.weight=%lu", g->name, old[i].linear);
	}
}

static void cpu_idle(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *idle = g->below ? fact(g, "cpu.idle") : NULL;

	if (!idle || !str_eq(idle, "1"))
		return;
	found(out, "cpu.idle=1 with cpu.weight=%s: %lu process%s run%s only while nothing else wants to", fact(g, "cpu.weight") ?: "-",
	      g->below, g->below == 1 ? "" : "es", g->below == 1 ? "s" : "");
	found_command(out, "cgctl set /%s cpu.idle=0", g->name);
}

static void burst_above_quota(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t burst = fact_number(g, "cpu.max.burst"), quota = fact_quota(g);
	const char *max = fact(g, "cpu.max");

	if (!fact_set(burst) || !burst || !max)
		return;
	if (fact_set(quota) && burst <= strtoull(max, NULL, 10))
		return;
	found(out, "cpu.max.burst=%lu with cpu.max=%s", burst, max);
	found_command(out, "cgctl set /%s cpu.max.burst=0", g->name);
}

static void uclamp_crossed(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *min = fact(g, "cpu.uclamp.min"), *max = fact(g, "cpu.uclamp.max");

	if (!min || !max || str_eq(max, "max") || (!str_eq(min, "max") && strtod(min, NULL) <= strtod(max, NULL)))
		return;
	found(out, "cpu.uclamp.min=%s is above cpu.uclamp.max=%s, which wins", min, max);
	found_command(out, "cgctl set /%s cpu.uclamp.min=%s", g->name, max);
}

static void rt_in_the_way(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *here = fact(g, "cgroup.controllers"), *below = fact(g, "cgroup.subtree_control");
	size_t told = 0;

	if (!g->on_v2 || !here || !cgroup_has_word(here, "cpu") || !below || cgroup_has_word(below, "cpu"))
		return;
	for (size_t i = 1; i < f->n && told < 3; i++)
		for (size_t k = 0; k < f->groups[i]->n_tasks && told < 3; k++) {
			const struct facts_task *t = f->groups[i]->tasks[k];

			if (!t->realtime)
				continue;
			found(out, "%d (%s) in /%s has %zu realtime thread%s", (int)t->pid, t->comm, f->groups[i]->name, t->realtime,
			      t->realtime == 1 ? "" : "s");
			told++;
		}
	if (told)
		found(out, "cpu is not in the root's cgroup.subtree_control");
}

static void cpuset_empty(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const char *const keys[] = {"cpuset.cpus", "cpuset.mems"};
	int h = cgroup_hierarchy_of(f->fs, "cpuset");
	bool v1 = h >= 0 && !f->fs->h[h].ops->v2;

	for (size_t i = 0; i < array_size(keys); i++) {
		char effective[32];
		const char *own = fact(g, keys[i]), *text;

		snprintf(effective, sizeof(effective), "%s.effective", keys[i]);
		text = v1 ? own : fact(g, effective);
		if (!g->parent || !text || *text)
			continue;
		found(out, "%s is empty%s", v1 ? keys[i] : effective,
		      v1 ? ": no process can be moved into it (ENOSPC)" : "");
		found_command(out, "cgctl set /%s %s=%s", g->name, keys[i], fact(g->parent, keys[i]) ?: "0");
	}
}

static void partition_invalid(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *text = fact(g, "cpuset.cpus.partition");

	if (!text || !strstr(text, "invalid"))
		return;
	found(out, "cpuset.cpus.partition reads \"%s\"", text);
	found(out, "cpuset.cpus=%s, effective %s", fact(g, "cpuset.cpus") ?: "-", fact(g, "cpuset.cpus.effective") ?: "-");
	found_command(out, "cgctl set /%s cpuset.cpus.partition=member", g->name);
}

static void cpuset_outside(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *own = fact(g, "cpuset.cpus"), *got = fact(g, "cpuset.cpus.effective");
	struct str lost __free(str) = {0};
	uint64_t n = 0;

	if (!own || !*own || !got || !*got)
		return;
	for (uint64_t cpu = 0; cpu < 8192 && n < 9; cpu++)
		if (fact_list_has(own, cpu) && !fact_list_has(got, cpu) && ++n < 9)
			str_addf(&lost, "%s%lu", lost.len ? "," : "", cpu);
	if (!n)
		return;
	found(out, "cpuset.cpus=%s, and cpuset.cpus.effective=%s: without %s%s", own, got, lost.s ?: "", n > 8 ? ",…" : "");
	found_command(out, "cgctl set /%s cpuset.cpus=%s", g->name, got);
}

const struct doctor_rule doctor_cpu_rules[] = {
	RULE("quota-below-threads", RF_ERROR, quota_below_threads, "More threads than the quota can feed use it up at the start of each period",
	     "Raise the quota, or give the program fewer threads: many take their number from the machine's CPUs, not from the quota."),
	RULE("throttled-often", RF_WARNING, throttled_often, "The quota is used up in many periods",
	     "Raise cpu.max, or let it save up unused quota with cpu.max.burst (Linux 5.14)."),
	RULE("quota-above-machine", RF_NOTE, quota_above_machine, "A quota is more than the machine has, and limits nothing", "Set it to max, or lower."),
	RULE("quota-above-ancestor", RF_WARNING, quota_above_ancestor, "A quota is above that of a group above, which is what holds",
	     "Raise the one above, or take the lower one as it is."),
	RULE("weight-alone", RF_NOTE, weight_alone, "A weight does nothing: there is nobody to weigh it against",
	     "Weights count among groups of one parent. Set it where the paths of those who compete part."),
	RULE("weight-of-shares", RF_NOTE, weight_of_shares, "A weight looks like an old conversion of CPU shares, and gives a fraction of what was meant",
	     "Set the weight anew; cgctl convert shows all three conversions."),
	RULE("cpu-idle", RF_NOTE, cpu_idle, "A group is set to be idle: its weight is not looked at", "Set cpu.idle=0 to have the weight count again."),
	RULE("burst-above-quota", RF_WARNING, burst_above_quota, "A burst without a quota, or above it, is never used",
	     "Set cpu.max first; a burst is at most the quota."),
	RULE("uclamp-crossed", RF_WARNING, uclamp_crossed, "The least utilization asked for is above the most that is allowed", "Lower cpu.uclamp.min."),
	RULE("cpuset-empty", RF_ERROR, cpuset_empty, "A group has no CPU or no memory node to run on",
	     "Set cpuset.cpus and cpuset.mems. On v1 a new group has none unless cgroup.clone_children is set above."),
	RULE("partition-invalid", RF_ERROR, partition_invalid, "The kernel has taken a partition of CPUs back",
	     "What is in parentheses says why. Read the file again after each write to it."),
	RULE("cpuset-outside", RF_WARNING, cpuset_outside, "A group is given CPUs that it does not get",
	     "They are offline, or not the parent's, or of another partition."),
	SYSTEM("rt-in-the-way", RF_WARNING, rt_in_the_way, "Realtime threads outside of the root can keep the cpu controller from being enabled",
	       "On kernels with CONFIG_RT_GROUP_SCHED, +cpu fails with EINVAL: move them to the root first. Other kernels don't mind."),
	{{0}},
};
