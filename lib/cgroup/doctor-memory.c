// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules about memory.
 *
 * memory.max kills when nothing can be reclaimed any more; memory.high never kills, it makes the
 * group wait: without swap, anonymous memory can't be reclaimed, and a group above memory.high
 * waits without end. Every limit holds for the groups below, too, so the lowest on the way up counts;
 * a protection (min, low) is worth at most what the groups above have.
 */
#include "cgroup/facts.h"

static void number_above(const struct facts_group *g, const char *key, struct findings *out)
{
	uint64_t own = fact_number(g, key);

	for (const struct facts_group *at = g->parent; fact_set(own) && at; at = at->parent) {
		uint64_t above = fact_number(at, key);

		if (!fact_set(above) || above >= own)
			continue;
		found(out, "%s=%s here, %s in /%s", key, facts_bytes(own), facts_bytes(above), at->name);
		found_command(out, "cgctl set /%s %s=%lu", at->name, key, own);
		return;
	}
}

static void max_above_ancestor(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	number_above(g, "memory.max", out);
}

static void high_without_swap(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t high = fact_number(g, "memory.high"), anon, hits;

	if (!fact_set(high) || (fact_has_swap(f) && fact_number(g, "memory.swap.max") != 0))
		return;
	anon = fact_field(g, "memory.stat", "anon");
	hits = fact_field(g, "memory.events", "high");
	if (!fact_set(anon) || anon < high - high / 10)
		return;
	found(out, "memory.high=%s, anonymous memory %s, %s", facts_bytes(high), facts_bytes(anon),
	      fact_has_swap(f) ? "memory.swap.max=0" : "no swap");
	if (fact_set(hits))
		found(out, "memory.events: high %lu", hits);
	found_command(out, "cgctl set /%s memory.high=max   # and memory.max for a limit that ends it", g->name);
}

static void high_above_max(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t high = fact_number(g, "memory.high"), max = fact_number(g, "memory.max");

	if (!fact_set(high) || !fact_set(max) || high < max)
		return;
	found(out, "memory.high=%s is not below memory.max=%s", facts_bytes(high), facts_bytes(max));
	found_command(out, "cgctl set /%s memory.high=%lu", g->name, max / 10 * 9);
}

static void above_high(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t high = fact_number(g, "memory.high"), now = fact_number(g, "memory.current");

	if (!fact_set(high) || !fact_set(now) || now <= high)
		return;
	found(out, "memory.current %s is above memory.high=%s; memory.events: high %lu", facts_bytes(now), facts_bytes(high),
	      fact_field(g, "memory.events", "high"));
	found_command(out, "cgctl set /%s memory.high=%lu", g->name, now + now / 4);
}

static void oom_kills(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t kills = fact_field(g, "memory.events", "oom_kill");

	if (!fact_set(kills) || !kills)
		return;
	/* memory.events counts what is below, too: told where it happened. */
	for (const struct facts_group *at = g->first_child; at; at = at->next_sibling) {
		uint64_t below = fact_field(at, "memory.events", "oom_kill");

		if (fact_set(below) && below)
			return;
	}
	found(out, "memory.events: oom_kill %lu", kills);
	if (fact_number(g, "memory.max") == RF_MAX)
		found(out, "it has no limit of its own: a group above, or the machine, was full");
	found_command(out, "cgctl why /%s", g->name);
}

static void oom_one_of_many(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t kills = fact_field(g, "memory.events", "oom_kill"), group = fact_field(g, "memory.events", "oom_group_kill");
	const char *all = fact(g, "memory.oom.group");

	if (!all || !str_eq(all, "0") || !fact_set(kills) || !kills || (fact_set(group) && group) || g->n_tasks < 1)
		return;
	found(out, "memory.oom.group=0, %lu killed, and %zu process%s went on", kills, g->n_tasks, g->n_tasks == 1 ? "" : "es");
	found_command(out, "cgctl set /%s memory.oom.group=1", g->name);
}

static void oom_group_wide(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	enum { WIDE = 100 };
	const char *all = fact(g, "memory.oom.group");

	if (!all || !str_eq(all, "1") || g->below < WIDE)
		return;
	found(out, "memory.oom.group=1 and %lu processes: all of them are killed at once", g->below);
	found_command(out, "cgctl set /%s memory.oom.group=0", g->name);
}

static void oom_killer_off(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t off = fact_field(g, "memory.oom_control", "oom_kill_disable");
	uint64_t under = fact_field(g, "memory.oom_control", "under_oom");

	if (off != 1)
		return;
	found(out, "memory.oom_control: oom_kill_disable 1, under_oom %lu%s", under, under == 1 ? ": its processes hang now" : "");
	found_command(out, "echo 0 > /sys/fs/cgroup/memory/%s/memory.oom_control", g->name);
}

static void max_near(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t max = fact_number(g, "memory.max"), now = fact_set(max) ? fact_number(g, "memory.current") : RF_CGROUP_UNKNOWN, file;

	if (!fact_set(now) || now < max - max / 20 || now > max)
		return;
	file = fact_field(g, "memory.stat", "file");
	/* Cache is taken back: being full of it is how it should be. */
	if (fact_set(file) && file > now / 10)
		return;
	found(out, "%s of memory.max=%s, of which %s is cache that could be taken back", facts_bytes(now), facts_bytes(max),
	      fact_set(file) ? facts_bytes(file) : "an unknown part");
	found_command(out, "cgctl set /%s memory.max=%lu", g->name, max + max / 4);
}

static void max_below_usage(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t max = fact_number(g, "memory.max"), now = fact_set(max) ? fact_number(g, "memory.current") : RF_CGROUP_UNKNOWN;

	if (!fact_set(now) || now <= max)
		return;
	found(out, "memory.current %s is above memory.max=%s: the next page kills", facts_bytes(now), facts_bytes(max));
	found_command(out, "cgctl set /%s memory.max=%lu", g->name, now + now / 4);
}

/* What protects, compared with the group above, which is not the root. */
static void protection_above_parent(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const char *const keys[] = {"memory.min", "memory.low"};

	for (size_t i = 0; i < array_size(keys); i++) {
		uint64_t own = fact_number(g, keys[i]);
		uint64_t above = g->parent && g->parent->parent && g->on_v2 ? fact_number(g->parent, keys[i]) : RF_CGROUP_UNKNOWN;

		if (own == RF_CGROUP_UNKNOWN || !own || above == RF_CGROUP_UNKNOWN || above >= own)
			continue;
		found(out, "%s=%s here, %s in /%s", keys[i], facts_bytes(own), facts_bytes(above), g->parent->name);
		found_command(out, "cgctl set /%s %s=%s", g->parent->name, keys[i], fact(g, keys[i]));
	}
}

static void protection_overcommitted(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t own = fact_number(g, "memory.min"), sum = 0;

	if (!g->parent || !fact_set(own) || !own)
		return;
	for (const struct facts_group *at = g->first_child; at; at = at->next_sibling) {
		uint64_t below = fact_number(at, "memory.min");

		/* A larger one alone is another rule's. */
		sum += fact_set(below) && below <= own ? below : 0;
	}
	if (sum <= own)
		return;
	found(out, "memory.min=%s, and the groups below ask for %s together", facts_bytes(own), facts_bytes(sum));
	found_command(out, "cgctl set /%s memory.min=%lu", g->name, sum);
}

static void protection_above_max(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const char *const keys[] = {"memory.min", "memory.low"};
	uint64_t max = fact_number(g, "memory.max");

	for (size_t i = 0; i < array_size(keys); i++) {
		uint64_t own = fact_number(g, keys[i]);

		if (!fact_set(max) || !fact_set(own) || own <= max)
			continue;
		found(out, "%s=%s is above memory.max=%s", keys[i], facts_bytes(own), facts_bytes(max));
		found_command(out, "cgctl set /%s %s=%lu", g->name, keys[i], max);
	}
}

static void swap_without_swap(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t max = fact_has_swap(f) ? RF_MAX : fact_number(g, "memory.swap.max");

	if (!fact_set(max) || !max)
		return;
	found(out, "memory.swap.max=%s, and /proc/swaps is empty", facts_bytes(max));
	found_command(out, "cgctl set /%s memory.swap.max=max", g->name);
}

static void swap_escapes(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t max = fact_has_swap(f) ? fact_number(g, "memory.max") : RF_CGROUP_UNKNOWN, used;

	if (!fact_set(max) || fact_number(g, "memory.swap.max") != RF_MAX)
		return;
	used = fact_number(g, "memory.swap.current");
	if (!fact_set(used) || used <= max / 2)
		return;
	found(out, "memory.max=%s, memory.swap.max=max, and %s of it is in swap", facts_bytes(max), facts_bytes(used));
	found_command(out, "cgctl set /%s memory.swap.max=%lu", g->name, used);
}

static void hierarchy_off(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *on = fact(g, "memory.use_hierarchy");

	if (!on || !str_eq(on, "0") || !g->parent)
		return;
	found(out, "memory.use_hierarchy=0: limits above do not hold for it, and theirs do not count it");
	found_command(out, "cgctl set /%s memory.use_hierarchy=1", g->name);
}

static void kmem_limit(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t limit = fact_number(g, "memory.kmem.limit_in_bytes");

	/* "No limit" is INT64_MAX, rounded down to a page. */
	if (!g->parent || !fact_set(limit) || limit >= INT64_MAX - (1u << 20))
		return;
	found(out, "memory.kmem.limit_in_bytes=%s", facts_bytes(limit));
	found_command(out, "echo -1 > /sys/fs/cgroup/memory/%s/memory.kmem.limit_in_bytes", g->name);
}

static void swap_accounting_off(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	bool memory = false, swap = false;
	const char *line = fact_system(f, "proc/cmdline");

	for (size_t i = 1; i < f->n && !swap; i++) {
		memory = memory || fact(f->groups[i], "memory.max");
		swap = swap || fact(f->groups[i], "memory.swap.max") || fact(f->groups[i], "memory.memsw.limit_in_bytes");
	}
	if (!memory || swap)
		return;
	found(out, "groups have memory.max and none has a limit of swap%s",
	      line && strstr(line, "swapaccount=0") ? "; the kernel's command line has swapaccount=0" : "");
}

const struct doctor_rule doctor_memory_rules[] = {
	RULE("memory-above-ancestor", RF_WARNING, max_above_ancestor, "A limit of memory is above that of a group above, which is what holds",
	     "Raise the one above, or take the lower one as it is."),
	RULE("high-without-swap", RF_ERROR, high_without_swap, "memory.high is reached by memory that can't be reclaimed: its processes wait without end and are not killed",
	     "Raise memory.high, give it swap, or use memory.max."),
	RULE("high-above-max", RF_WARNING, high_above_max, "memory.high is never reached, because memory.max is", "Set memory.high below memory.max."),
	RULE("above-high", RF_WARNING, above_high, "A group is slowed down now, for being above memory.high", "Raise memory.high, or look for what grows."),
	RULE("oom-kills", RF_ERROR, oom_kills, "Processes of a group were killed for want of memory", "cgctl why names the limit; cgctl why --oom explains the last one."),
	RULE("oom-one-of-many", RF_WARNING, oom_one_of_many, "One process was killed for want of memory and the others of its group went on without it",
	     "memory.oom.group=1 kills the group as a whole, so that what watches it sees it."),
	RULE("oom-group-wide", RF_NOTE, oom_group_wide, "One process too many costs all processes of a large group", "Set memory.oom.group in the groups below, one for each service."),
	RULE("oom-killer-off", RF_ERROR, oom_killer_off, "The OOM killer is off in a group: at the limit its processes hang", "Switch it on, or have something listen on memory.oom_control."),
	RULE("memory-near-limit", RF_WARNING, max_near, "A group is at its limit of memory with hardly any cache to take back", "Raise memory.max, or look for what grows."),
	RULE("memory-below-usage", RF_ERROR, max_below_usage, "A limit of memory is below what is used", "Raise it. A limit that is lowered kills where nothing can be reclaimed."),
	RULE("protection-above-parent", RF_WARNING, protection_above_parent, "A protection of memory is above that of the group above, which is what holds",
	     "Raise it in each group on the way down."),
	RULE("protection-overcommitted", RF_WARNING, protection_overcommitted, "The groups below are promised more memory than there is to give", "Raise memory.min of this group, or lower it in those below: each gets a share now."),
	RULE("protection-above-max", RF_WARNING, protection_above_max, "A group is protected beyond what it may use", "Lower memory.min and memory.low to memory.max at most."),
	RULE("swap-without-swap", RF_NOTE, swap_without_swap, "A limit of swap is set and the machine has none", "Add swap, or take the limit away."),
	RULE("swap-escapes", RF_NOTE, swap_escapes, "A limit of memory pushes a group out to swap, which is not limited", "Set memory.swap.max."),
	RULE("hierarchy-off", RF_WARNING, hierarchy_off, "A v1 group is not under the limits of the groups above", "Set memory.use_hierarchy=1 before it has groups below."),
	RULE("kmem-limit", RF_NOTE, kmem_limit, "A limit of kernel memory is set, which newer kernels do not obey", "Take it away; memory.max counts kernel memory."),
	SYSTEM("swap-accounting-off", RF_NOTE, swap_accounting_off, "Swap is not counted for each group", "Boot with swapaccount=1, or a kernel with CONFIG_SWAP."),
	{{0}},
};
