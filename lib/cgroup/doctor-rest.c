// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules about processes, disks, pressure, and about v1 and v2 beside each other.
 *
 * A controller is bound to one hierarchy: what a v1 mount has, cgroup2 has not. v1 throttles what a
 * process submits itself, and buffered writes are submitted by the kernel's flusher; v2 knows whose
 * page it is by the memory controller and needs it for that.
 */
#include "cgroup/facts.h"

static void pids_near_limit(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t max = fact_number(g, "pids.max"), now = fact_set(max) ? fact_number(g, "pids.current") : RF_CGROUP_UNKNOWN, hits;

	if (!fact_set(now) || now * 10 < max * 9)
		return;
	hits = fact_field(g, "pids.events", "max");
	found(out, "%lu of pids.max=%lu; fork failed %lu times", now, max, fact_set(hits) ? hits : 0);
	found_command(out, "cgctl set /%s pids.max=%lu", g->name, max * 2);
}

static void pids_refused(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t hits = fact_field(g, "pids.events", "max"), max, now;

	if (!fact_set(hits) || !hits)
		return;
	max = fact_number(g, "pids.max");
	now = fact_number(g, "pids.current");
	if (fact_set(max) && fact_set(now) && now * 10 >= max * 9)
		return;
	found(out, "pids.events: max %lu; %lu now, pids.max=%s", hits, now, fact(g, "pids.max") ?: "-");
	found_command(out, "cgctl why /%s", g->name);
}

static void pids_above_ancestor(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	uint64_t own = fact_number(g, "pids.max");

	for (const struct facts_group *at = g->parent; fact_set(own) && at; at = at->parent) {
		uint64_t above = fact_number(at, "pids.max");

		if (!fact_set(above) || above >= own)
			continue;
		found(out, "pids.max=%lu here, %lu in /%s", own, above, at->name);
		found_command(out, "cgctl set /%s pids.max=%lu", at->name, own);
		return;
	}
}

static void io_v1_buffered(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *bytes = fact(g, "blkio.throttle.write_bps_device"), *ops = fact(g, "blkio.throttle.write_iops_device");

	if ((!bytes || !*bytes) && (!ops || !*ops))
		return;
	found(out, "%s is set: \"%.60s\"", bytes && *bytes ? "blkio.throttle.write_bps_device" : "blkio.throttle.write_iops_device",
	      bytes && *bytes ? bytes : ops);
}

static void io_without_memory(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *max = fact(g, "io.max"), *here = fact(g, "cgroup.controllers");
	bool writes = false;

	for (const char *at = max; at && (at = strchr(at, 'w')); at++)
		writes = writes || ((str_starts(at, "wbps=") || str_starts(at, "wiops=")) && strncmp(strchr(at, '=') + 1, "max", 3) != 0);
	if (!g->on_v2 || !writes || !here || !cgroup_has_word(here, "io") || cgroup_has_word(here, "memory"))
		return;
	found(out, "io.max is \"%.80s\", and the group's controllers are %s", max, here);
	found_command(out, "cgctl set /%s cgroup.subtree_control=+memory", g->parent ? g->parent->name : "");
}

static void io_weight_unused(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *weight = fact(g, "io.weight"), *cost = fact(f->groups[0], "io.cost.qos");
	const char *number = weight && str_starts(weight, "default ") ? weight + 8 : weight;

	if (!g->on_v2 || !g->parent || !number || !*number || (strtoul(number, NULL, 10) == 100 && !strchr(number, '\n')) ||
	    fact(g, "io.bfq.weight") || !cost || strstr(cost, "enable=1"))
		return;
	found(out, "io.weight is \"%.40s\"; no disk has BFQ for its scheduler, and io.cost.qos enables none", number);
}

static void pressure_off_here(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *on = fact(g, "cgroup.pressure");

	if (!on || !str_eq(on, "0"))
		return;
	found(out, "cgroup.pressure=0: the files *.pressure of this group stand still");
	found_command(out, "cgctl set /%s cgroup.pressure=1", g->name);
}

static void pressure_off(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	const char *line = fact_system(f, "proc/cmdline");

	if (fact_system(f, "proc/pressure/memory"))
		return;
	found(out, "/proc/pressure/memory can't be read%s", line && strstr(line, "psi=0") ? "; the kernel's command line has psi=0" : "");
}

static void v1_beside_v2(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	int v2 = cgroup_v2_of(f->fs);
	struct str v1 __free(str) = {0};

	if (v2 < 0 || f->fs->mode != RF_CGROUP_HYBRID)
		return;
	for (size_t h = 0; h < f->fs->n; h++)
		if (!f->fs->h[h].ops->v2)
			str_addf(&v1, "%s%s", v1.len ? " " : "", f->fs->h[h].controllers);
	found(out, "v1 has %s", v1.s ?: "");
	found(out, "cgroup2 at %s has %s", f->fs->h[v2].path, *f->fs->h[v2].controllers ? f->fs->h[v2].controllers : "none");
}

/* Which group a hierarchy says a process is in: the text up to the end of the line. */
static bool same_group(const struct facts *f, const struct facts_task *t, const char *one, const char *other, struct findings *out)
{
	int a = cgroup_hierarchy_of(f->fs, one), b = cgroup_hierarchy_of(f->fs, other);
	char *in_a __free(ptr) = NULL, *in_b __free(ptr) = NULL;

	if (a < 0 || b < 0 || a == b || cgroup_path_in(t->groups, &f->fs->h[a], &in_a) < 0 ||
	    cgroup_path_in(t->groups, &f->fs->h[b], &in_b) < 0 || str_eq(in_a, in_b) || !in_a[1] || !in_b[1])
		return true;
	found(out, "%d (%s) is in %s for %s and in %s for %s", (int)t->pid, t->comm, in_a, one, in_b, other);
	return false;
}

static void split_group(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const char *const others[] = {"cpu", "pids", "blkio", "cpuset"};

	if (!g->parent)
		return;
	for (size_t i = 0; i < g->n_tasks; i++)
		for (size_t k = 0; k < array_size(others); k++)
			if (!same_group(f, g->tasks[i], "memory", others[k], out))
				return;
}

static void config_of_v1(const struct facts *f, const struct facts_group *g, struct findings *out)
{
	static const char *const old[] = {"memory.limit_in_bytes", "cpu.shares", "cpu.cfs_quota_us", "blkio.", "memory.memsw."};
	const char *text = fact_system(f, "etc/cgconfig.conf");

	if (!text || f->fs->mode != RF_CGROUP_V2)
		return;
	for (size_t i = 0; i < array_size(old); i++)
		if (strstr(text, old[i])) {
			found(out, "/etc/cgconfig.conf has %s, and this system has cgroup2 alone", old[i]);
			found_command(out, "cgctl import --dry-run /etc/cgconfig.conf   # translates");
			return;
		}
}

const struct doctor_rule doctor_rest_rules[] = {
	RULE("pids-near-limit", RF_WARNING, pids_near_limit, "Nearly as many processes and threads as are allowed: then fork fails with EAGAIN",
	     "Raise pids.max, or look for what starts them. Zombies count."),
	RULE("pids-refused", RF_WARNING, pids_refused, "Processes could not be started for pids.max", "cgctl why names the group whose limit it is."),
	RULE("pids-above-ancestor", RF_WARNING, pids_above_ancestor, "A limit of processes is above that of a group above, which is what holds",
	     "Raise the one above, or take the lower one as it is."),
	RULE("io-v1-buffered", RF_WARNING, io_v1_buffered, "A v1 limit of writing does not hold for buffered writes", "Use cgroup v2, or have the program write with O_DIRECT."),
	RULE("io-without-memory", RF_WARNING, io_without_memory, "A limit of writing does not hold for buffered writes without the memory controller",
	     "Enable memory beside io: the kernel knows by it whose pages it writes."),
	RULE("io-weight-unused", RF_WARNING, io_weight_unused, "A weight of disk time does nothing: nobody looks at it",
	     "Enable io.cost for the disk (io.cost.qos at the root), or have BFQ schedule it."),
	RULE("pressure-off-here", RF_NOTE, pressure_off_here, "Pressure is not measured in a group", "Switch it on with cgroup.pressure=1."),
	RULE("split-group", RF_NOTE, split_group, "A process is in one group for one controller and in another for the next",
	     "On v1 every hierarchy has its own tree; cgctl move moves in all of those that have the group."),
	SYSTEM("pressure-off", RF_NOTE, pressure_off, "Pressure is not measured at all", "Boot with psi=1; the kernel needs CONFIG_PSI."),
	SYSTEM("v1-beside-v2", RF_NOTE, v1_beside_v2, "Controllers are divided between v1 and v2: a v2 group does not have those of v1",
	     "Set values by the same names with cgctl; for v2 alone boot with cgroup_no_v1=all or systemd.unified_cgroup_hierarchy=1."),
	SYSTEM("config-of-v1", RF_WARNING, config_of_v1, "A configuration file has names that only v1 knows", "Translate it: cgctl convert and import do."),
	{{0}},
};
