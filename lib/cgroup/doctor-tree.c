// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules about the tree: who may stand where, which controllers reach a group, to whom it belongs.
 *
 * On v2 a group that has a controller for its children can hold no process (the root can), apart
 * from the controllers that divide threads. A group with such controllers and with processes becomes
 * the root of a threaded subtree without a word. A controller reaches a group only where every
 * group above lists it in cgroup.subtree_control.
 */
#include "cgroup/facts.h"

static const char *const threaded_controllers = "cpu cpuset perf_event pids";

static bool is_domain(const char *controller, size_t len)
{
	char word[32];

	snprintf(word, sizeof(word), "%.*s", (int)len, controller);
	return !cgroup_has_word(threaded_controllers, word);
}

static void internal_processes(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *here = fact(g, "cgroup.controllers"), *type = fact(g, "cgroup.type");
	struct str who __free(str) = {0};
	bool domain = false;

	if (!g->parent || !g->on_v2 || !g->n_children || !g->n_tasks || !here || (type && !str_eq(type, "domain")))
		return;
	for (const char *at = here; *at; at += strcspn(at, " "), at += *at == ' ')
		domain = domain || is_domain(at, strcspn(at, " "));
	if (!domain)
		return;
	facts_tasks_words(g, &who);
	found(out, "holds %zu process%s beside %zu group%s: %s", g->n_tasks, g->n_tasks == 1 ? "" : "es", g->n_children,
	      g->n_children == 1 ? "" : "s", who.s ?: "");
	found_command(out, "cgctl create /%s/own && cgctl move /%s/own %d", g->name, g->name, (int)g->tasks[0]->pid);
}

static void controller_missing(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const char *const wanted[] = {"cpu", "memory", "pids", "io"};
	const char *here = fact(g, "cgroup.controllers"), *below = fact(g, "cgroup.subtree_control");
	struct str missing __free(str) = {0};

	if (!g->on_v2 || !here || !below || !*below || !g->n_children || g->below == g->n_tasks)
		return;
	for (size_t i = 0; i < array_size(wanted); i++)
		if (cgroup_has_word(here, wanted[i]) && !cgroup_has_word(below, wanted[i]))
			str_addf(&missing, "%s+%s", missing.len ? " " : "", wanted[i]);
	if (!missing.len)
		return;
	found(out, "cgroup.controllers has %s, cgroup.subtree_control %s", here, below);
	found_command(out, "cgctl set /%s cgroup.subtree_control='%s'", g->name, missing.s);
}

static void domain_invalid(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *type = fact(g, "cgroup.type");

	if (!type || !str_eq(type, "domain invalid"))
		return;
	found(out, "cgroup.type is \"domain invalid\": writing to cgroup.procs fails with EOPNOTSUPP");
	found_command(out, "cgctl set /%s cgroup.type=threaded", g->name);
}

static void threaded_by_surprise(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *type = fact(g, "cgroup.type");

	if (!type || !str_eq(type, "domain threaded"))
		return;
	for (const struct facts_group *at = g->first_child; at; at = at->next_sibling)
		if (fact(at, "cgroup.type") && str_eq(fact(at, "cgroup.type"), "threaded"))
			return;
	found(out, "cgroup.type is \"domain threaded\", holds %zu process%s, and no group below is threaded", g->n_tasks,
	      g->n_tasks == 1 ? "" : "es");
	found(out, "cgroup.subtree_control: %s", fact(g, "cgroup.subtree_control") ?: "");
}

static void dying_groups(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	enum { MANY = 100, PER_LIVING = 10 };
	uint64_t dying = fact_field(g, "cgroup.stat", "nr_dying_descendants");
	uint64_t living = fact_field(g, "cgroup.stat", "nr_descendants");

	if (!fact_set(dying) || !fact_set(living) || dying < MANY || dying < living * PER_LIVING)
		return;
	/* Told once, where they are: a parent's count has those below in it. */
	for (const struct facts_group *at = g->first_child; at; at = at->next_sibling) {
		uint64_t below = fact_field(at, "cgroup.stat", "nr_dying_descendants");

		if (fact_set(below) && below * 2 > dying)
			return;
	}
	found(out, "nr_dying_descendants %lu, nr_descendants %lu", dying, living);
	found_command(out, "cgctl reclaim /%s 1G", g->name);
}

static void descendants_near_limit(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t max = fact_number(g, "cgroup.max.descendants"), n = fact_field(g, "cgroup.stat", "nr_descendants");

	if (!fact_set(max) || !fact_set(n) || n * 10 < max * 9)
		return;
	found(out, "%lu groups below, cgroup.max.descendants=%lu", n, max);
	found_command(out, "cgctl set /%s cgroup.max.descendants=max", g->name);
}

static void frozen_waiting(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *frozen = fact(g, "cgroup.freeze");
	struct str who __free(str) = {0};

	if (!frozen || !str_eq(frozen, "1") || !g->below)
		return;
	facts_tasks_words(g, &who);
	found(out, "cgroup.freeze=1; %lu process%s stand%s still%s%s", g->below, g->below == 1 ? "" : "es",
	      g->below == 1 ? "s" : "", who.len ? ": " : "", who.s ?: "");
	found_command(out, "cgctl thaw /%s", g->name);
}

static void zombies(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	struct str who __free(str) = {0};
	size_t n = 0;

	for (size_t i = 0; i < g->n_tasks; i++) {
		if (g->tasks[i]->state != 'Z' || g->tasks[i]->threads > 1)
			continue;
		if (n++ < 5)
			str_addf(&who, "%s%d (%s)", who.len ? ", " : "", (int)g->tasks[i]->pid, g->tasks[i]->comm);
	}
	/* One that its parent is just about to wait for is no finding. */
	if (n < 3)
		return;
	found(out, "%zu zombies: %s%s", n, who.s ?: "", n > 5 ? " and more" : "");
}

static void delegation_half(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	if (!g->owners_known || g->owner_procs == g->owner_control)
		return;
	found(out, "cgroup.procs belongs to uid %u, cgroup.subtree_control to uid %u", g->owner_procs, g->owner_control);
	found_command(out, "cgctl delegate %u /%s", g->owner_procs ?: g->owner_control, g->name);
}

/* The uppermost group that a user has: its limits are his parent's to set. */
static void delegation_too_much(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	if (!g->owners_known || !g->owner_limit || !g->parent || !g->parent->owners_known || g->parent->owner_procs)
		return;
	found(out, "uid %u owns a limit of this group, and the group above is not his", g->owner_limit);
	found_command(out, "chown root %s/%s/{cpu,memory,pids,io}.*", f->fs->h[cgroup_v2_of(f->fs)].path, g->name);
}

static bool has_option(const struct facts *f, const char *option)
{
	const char *text = fact_system(f, "proc/self/mounts");

	for (const char *line = text; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		char copy[512], type[32], options[300];

		snprintf(copy, sizeof(copy), "%.*s", (int)strcspn(line, "\n"), line);
		if (sscanf(copy, "%*s %*s %31s %299s", type, options) == 2 && str_eq(type, "cgroup2"))
			return cgroup_has_word(options, option);
	}
	return true; /* not known */
}

static void nsdelegate_off(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const struct facts_group *one = NULL;

	for (size_t i = 0; i < f->n && !one; i++)
		if (f->groups[i]->owners_known && f->groups[i]->owner_procs)
			one = f->groups[i];
	if (!one || has_option(f, "nsdelegate"))
		return;
	found(out, "/%s belongs to uid %u, and cgroup2 is mounted without nsdelegate", one->name, one->owner_procs);
	found_command(out, "mount -o remount,nsdelegate /sys/fs/cgroup");
}

static void recursiveprot_off(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t low = fact_number(g, "memory.low"), min = fact_number(g, "memory.min");

	if (!g->on_v2 || !g->n_children || ((low == RF_CGROUP_UNKNOWN || !low) && (min == RF_CGROUP_UNKNOWN || !min)))
		return;
	if (has_option(f, "memory_recursiveprot"))
		return;
	found(out, "memory.low=%s memory.min=%s with groups below, and cgroup2 is mounted without memory_recursiveprot",
	      fact(g, "memory.low") ?: "-", fact(g, "memory.min") ?: "-");
	found_command(out, "mount -o remount,memory_recursiveprot /sys/fs/cgroup");
}

static bool has_suffix(const char *s, size_t len, const char *suffix)
{
	size_t n = strlen(suffix);

	return len > n && !memcmp(s + len - n, suffix, n);
}

static bool is_unit(const char *s, size_t len)
{
	return has_suffix(s, len, ".slice") || has_suffix(s, len, ".service") || has_suffix(s, len, ".scope") ||
	       has_suffix(s, len, ".mount") || has_suffix(s, len, ".socket") || has_suffix(s, len, ".swap");
}

static bool has_systemd(const struct facts *f)
{
	const char *init = fact_system(f, "proc/1/comm");

	return init && str_starts(init, "systemd");
}

/* Below a service or scope without Delegate=, by someone else's hand. */
static void systemd_inside(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *last = strrchr(g->name, '/'), *above = g->parent ? g->parent->name : "";

	if (!has_systemd(f) || !last || is_unit(last + 1, strlen(last + 1)))
		return;
	if (!has_suffix(above, strlen(above), ".service") && !has_suffix(above, strlen(above), ".scope"))
		return;
	/* systemd's own helpers: "supervisor", "payload" of nspawn come with Delegate=, init.scope has none. */
	if (g->parent->delegated || g->parent->owner_procs)
		return;
	found(out, "/%s is a unit of systemd's without Delegate=, and this group in it is not systemd's", above);
	found_command(out, "systemctl edit %s   # [Service] Delegate=yes", strrchr(above, '/') ? strrchr(above, '/') + 1 : above);
}

static void systemd_beside(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *last = strrchr(g->name, '/') ? strrchr(g->name, '/') + 1 : g->name;

	if (!has_systemd(f) || !g->parent || !g->below || !g->on_v2 || is_unit(last, strlen(last)))
		return;
	if (*g->parent->name && !has_suffix(g->parent->name, strlen(g->parent->name), ".slice"))
		return;
	found(out, "/%s is no unit, holds %lu process%s, and stands where systemd is the only writer", g->name, g->below,
	      g->below == 1 ? "" : "es");
	found_command(out, "systemd-run --slice=NAME.slice -p Delegate=yes …");
}

static void release_agent(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *agent = fact(g, "release_agent");

	if (!agent || !*agent)
		return;
	found(out, "release_agent is %s: the kernel runs it as root, outside of all containers", agent);
}

static void notify_without_agent(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *notify = fact(g, "notify_on_release"), *agent = fact(f->groups[0], "release_agent");

	if (!g->parent || !notify || !str_eq(notify, "1") || !agent || *agent)
		return;
	found(out, "notify_on_release=1, and the root's release_agent is empty: nothing is run");
	found_command(out, "cgctl set /%s notify_on_release=0", g->name);
}

const struct doctor_rule doctor_tree_rules[] = {
	RULE("internal-processes", RF_WARNING, internal_processes, "A group holds processes beside groups, so those can get no controllers",
	     "Move the processes into a group below of their own, then enable the controllers."),
	RULE("controller-missing", RF_NOTE, controller_missing, "A controller that stops here can't be used in the groups below",
	     "Enable it in cgroup.subtree_control of each group on the way down; cgctl create and set do so."),
	RULE("domain-invalid", RF_ERROR, domain_invalid, "A group in a threaded subtree takes no processes",
	     "Make it threaded too, or put it elsewhere."),
	RULE("threaded-by-surprise", RF_WARNING, threaded_by_surprise,
	     "A group with processes was given a controller for its children and became the root of a threaded subtree",
	     "Take the controllers back from cgroup.subtree_control, move the processes into a group below, and enable them again."),
	RULE("dying-groups", RF_WARNING, dying_groups, "Removed groups pile up, pinned by the memory they were charged for",
	     "Reclaim the memory that holds them; find out what keeps making groups."),
	RULE("descendants-near-limit", RF_WARNING, descendants_near_limit, "The allowed number of groups below is nearly reached, then mkdir fails with EAGAIN",
	     "Raise cgroup.max.descendants or remove groups that are not used."),
	RULE("frozen-waiting", RF_WARNING, frozen_waiting, "A group is frozen with processes in it",
	     "Thaw it. What waits for its processes waits too."),
	RULE("zombies", RF_WARNING, zombies, "Ended processes are not waited for, and count against pids.max",
	     "Their parent has to wait for them, or has to end: then init does."),
	RULE("delegation-half", RF_WARNING, delegation_half, "Who owns cgroup.procs does not own cgroup.subtree_control",
	     "Delegate the directory, cgroup.procs, cgroup.threads and cgroup.subtree_control together."),
	RULE("delegation-too-much", RF_WARNING, delegation_too_much, "A user owns a limit of the group that was given to him and can lift it",
	     "A limit of a delegated group belongs to the owner of the group above."),
	RULE("recursiveprot-off", RF_WARNING, recursiveprot_off, "A protection of memory does not reach the groups below",
	     "Mount with memory_recursiveprot, or set memory.low in each group below, too."),
	RULE("systemd-inside", RF_WARNING, systemd_inside, "A group was made inside of a unit of systemd's that is not delegated",
	     "Only below a unit with Delegate=yes is the tree yours; elsewhere systemd removes it or resets its values."),
	RULE("systemd-beside", RF_NOTE, systemd_beside, "A group was made where systemd is the only writer",
	     "systemd may reset cgroup.subtree_control above it at any reload. Make it below a delegated unit."),
	RULE("notify-without-agent", RF_NOTE, notify_without_agent, "notify_on_release is set and nothing is to be run", "Clear it, or set release_agent."),
	SYSTEM("nsdelegate-off", RF_WARNING, nsdelegate_off, "Groups are given to users, and a cgroup namespace does not confine them",
	       "Mount cgroup2 with nsdelegate."),
	SYSTEM("release-agent", RF_WARNING, release_agent, "A v1 hierarchy has a program that the kernel runs as root when a group gets empty",
	       "Clear it unless it is yours: who can write release_agent is root on the host."),
	{{0}},
};
