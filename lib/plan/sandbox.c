// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From what is wanted to the array of steps. Two shapes:
 *
 *   in place   unshare(2), own map, mounts, exec: one process, as unshare(1) does it
 *   forked     clone3(2) makes the child in the namespaces; the caller, who kept his privilege,
 *              writes its maps and lets it go on; then the caller stays as its supervisor
 */
#include <ringfence/sandbox.h>

#include <signal.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/options.h"
#include "plan/mounts.h"
#include "plan/step.h"

/* The sandbox with what follows from it. */
struct shape {
	const struct rf_sandbox *box;
	uint64_t flags;
	bool forked, deny_setgroups, become, init;
	uint64_t late; /* kinds that the child enters by itself, and is born into then */
	uid_t euid;
	gid_t egid;
	struct mount_jobs *mounts; /* NULL: none; until they have their steps */
};

/* May the first process inside write this map itself? One row, one id, its own. */
static bool own_map(const struct rf_idmap *map, uint32_t id)
{
	return !map->n || (map->n == 1 && map->rows[0].count == 1 && map->rows[0].outside == id);
}

static bool maps_outside(const struct rf_idmap *map, uint32_t id)
{
	for (size_t i = 0; i < map->n; i++)
		if (id >= map->rows[i].outside && id - map->rows[i].outside < map->rows[i].count)
			return true;
	return false;
}

static int check(const struct shape *s)
{
	const struct rf_sandbox *b = s->box;

	if (!b->argv || !b->argv[0])
		return sys_fail(-EINVAL, "sandbox", "", "no program is given");
	if (b->gid_map.n && b->setgroups == RF_SETGROUPS_ALLOW && s->euid)
		return sys_fail(-EINVAL, "sandbox", "",
				"setgroups can't stay allowed with a group map written without privilege");
	return 0;
}

static struct shape make_shape(const struct rf_sandbox *b)
{
	struct shape s = {.box = b, .flags = b->namespaces, .euid = geteuid(), .egid = getegid()};
	bool wide;

	if (b->uid_map.n || b->gid_map.n)
		s.flags |= CLONE_NEWUSER;
	if (b->root || b->proc || mounts_wanted(b))
		s.flags |= CLONE_NEWNS;
	if (b->hostname)
		s.flags |= CLONE_NEWUTS;
	if (b->monotonic.set || b->boottime.set)
		s.flags |= CLONE_NEWTIME;
	wide = !own_map(&b->uid_map, s.euid) || !own_map(&b->gid_map, s.egid);
	/* With setgroups left alone, the group map is for a writer with CAP_SETGID outside. */
	wide |= b->gid_map.n && b->setgroups == RF_SETGROUPS_ALLOW;
	s.forked = b->fork || wide || (s.flags & (CLONE_NEWPID | CLONE_NEWTIME)) || b->info_fd;
	s.init = (s.flags & CLONE_NEWPID) && !b->no_init;
	/* Offsets must be set before there is a process in the namespace. */
	if (b->monotonic.set || b->boottime.set)
		s.late = s.flags & (CLONE_NEWPID | CLONE_NEWTIME);
	s.deny_setgroups = b->setgroups == RF_SETGROUPS_DENY ||
			   (b->setgroups == RF_SETGROUPS_DEFAULT && b->gid_map.n &&
			    (s.euid || own_map(&b->gid_map, s.egid)));
	s.become = b->has_uid || b->has_gid ||
		   (b->uid_map.n && !maps_outside(&b->uid_map, s.euid)) ||
		   (b->gid_map.n && !maps_outside(&b->gid_map, s.egid));
	return s;
}

static int add_map(struct rf_plan *plan, const struct step_kind *kind, const struct rf_idmap *map,
		   uint32_t own)
{
	char *text __free(ptr) = NULL;
	int r;

	if (!map->n)
		return 0;
	r = rf_idmap_format(map, &text);
	if (r >= 0)
		r = plan_add_text(plan, kind, false, text);
	if (r >= 0)
		plan->steps[plan->n - 1].num[0] = !own_map(map, own);
	return r;
}

static void add_offset(struct str *out, const char *clock, const struct rf_clock_offset *o)
{
	if (o->set)
		str_addf(out, "%s %lld %u\n", clock, (long long)o->seconds, o->nanoseconds);
}

static int add_late(struct rf_plan *plan, const struct shape *s)
{
	struct str lines __free(str) = {0};
	int r = plan_add_num(plan, &step_unshare, true, (int64_t)s->late);

	add_offset(&lines, "monotonic", &s->box->monotonic);
	add_offset(&lines, "boottime", &s->box->boottime);
	if (r >= 0)
		r = lines.failed ? -ENOMEM : plan_add_text(plan, &step_time_offsets, true, lines.s);
	return r < 0 ? r : plan_add_num(plan, &step_be_born, true, 0);
}

/* Fork or unshare, then the maps: written by the caller for the child, or by itself. */
static int add_namespaces(struct rf_plan *plan, const struct shape *s)
{
	int r = 0;

	if (s->init)
		r = plan_add_num(plan, &step_status_pipe, false, 0);
	if (r >= 0 && s->forked)
		r = plan_add_num(plan, &step_fork, false, (int64_t)(s->flags & ~s->late));
	else if (r >= 0 && s->flags)
		r = plan_add_num(plan, &step_unshare, false, (int64_t)s->flags);
	if (r >= 0 && s->deny_setgroups)
		r = plan_add_num(plan, &step_deny_setgroups, false, 0);
	if (r >= 0)
		r = add_map(plan, &step_write_uid_map, &s->box->uid_map, s->euid);
	if (r >= 0)
		r = add_map(plan, &step_write_gid_map, &s->box->gid_map, s->egid);
	if (r >= 0 && s->box->info_fd)
		r = plan_add_num(plan, &step_tell, false, s->box->info_fd);
	if (r >= 0 && s->forked) {
		r = plan_add_num(plan, &step_release, false, 0);
		if (r >= 0)
			r = plan_add_num(plan, &step_await_release, true, 0);
	}
	return r < 0 || !s->late ? r : add_late(plan, s);
}

/* The id asked for; where the caller's own has no name inside, 0 or the first there is; else the
 * one it has. */
static int64_t id_inside(bool asked, uint32_t id, const struct rf_idmap *map, uint32_t caller)
{
	uint32_t outside;

	if (asked)
		return id;
	if (!map->n || maps_outside(map, caller))
		return -1;
	return rf_idmap_outside(map, 0, &outside) < 0 ? map->rows[0].inside : 0;
}

/* The steps of the mount tree; files in it are made as an id that is mapped. */
static int add_mount_tree(struct rf_plan *plan, struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	const int64_t ids[2] = {id_inside(false, 0, &b->uid_map, s->euid),
				id_inside(false, 0, &b->gid_map, s->egid)};

	return mounts_add(plan, b, take_ptr(&s->mounts), s->forked, ids);
}

static int add_mounts(struct rf_plan *plan, struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	unsigned long how = b->propagation ?: MS_PRIVATE;
	int r = 0;

	if (!(s->flags & CLONE_NEWNS))
		return 0;
	if (how != RF_UNCHANGED)
		r = plan_add_num(plan, &step_propagation, s->forked, (int64_t)how);
	if (r >= 0 && b->root)
		r = plan_add_text(plan, &step_attach_root, s->forked, b->root);
	if (r >= 0 && s->mounts)
		r = add_mount_tree(plan, s);
	else if (r >= 0 && b->proc)
		r = plan_add_text(plan, &step_mount_proc, s->forked, b->proc);
	if (r >= 0 && (b->root || b->empty_root))
		r = plan_add_num(plan, &step_pivot_root, s->forked, 0);
	return r;
}

static int add_become(struct rf_plan *plan, const struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	struct rf_step *step;

	if (!s->become)
		return 0;
	step = plan_add(plan, &step_become, s->forked);
	if (!step)
		return -ENOMEM;
	step->num[0] = id_inside(b->has_uid, b->uid, &b->uid_map, s->euid);
	step->num[1] = id_inside(b->has_gid, b->gid, &b->gid_map, s->egid);
	/* Without a group map nobody inside may call it. */
	step->num[2] = !s->deny_setgroups && (b->gid_map.n || !(s->flags & CLONE_NEWUSER));
	return 0;
}

static int add_settings(struct rf_plan *plan, const struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	int r = add_become(plan, s);

	if (r >= 0 && b->hostname)
		r = plan_add_text(plan, &step_hostname, s->forked, b->hostname);
	if (r >= 0 && (s->flags & CLONE_NEWNET) && !b->loopback_down)
		r = plan_add_num(plan, &step_loopback_up, s->forked, 0);
	if (r >= 0 && b->workdir)
		r = plan_add_text(plan, &step_chdir, s->forked, b->workdir);
	return r;
}

static int add_death(struct rf_plan *plan, const struct shape *s)
{
	int sig = s->box->kill_signal;

	return sig < 0 ? 0 : plan_add_num(plan, &step_die_with_caller, true, sig ?: SIGKILL);
}

static int add_exec(struct rf_plan *plan, const struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	int r = 0;

	/* An init that dies takes all of its namespace along. */
	if (s->init)
		r = add_death(plan, s);
	if (r >= 0 && s->init)
		r = plan_add_num(plan, &step_init, true, !s->euid);
	if (r >= 0 && b->keep_caps)
		r = plan_add_num(plan, &step_keep_caps, s->forked, 0);
	if (r >= 0)
		r = plan_add_num(plan, &step_close_descriptors, s->forked, 0);
	for (size_t i = 0; r >= 0 && i < b->n_pass_fds; i++)
		r = plan_add_num(plan, &step_pass_descriptor, s->forked, b->pass_fds[i]);
	if (r >= 0 && s->forked && !s->init)
		r = add_death(plan, s);
	if (r >= 0 && b->block_fd)
		r = plan_add_num(plan, &step_block, s->forked, b->block_fd);
	return r < 0 ? r : plan_add_exec(plan, s->forked, b->argv, b->environment);
}

int rf_plan_sandbox(struct rf_plan *plan, const struct rf_sandbox *sandbox)
{
	int r = options_check(sandbox, "rf_sandbox");
	struct shape s;

	if (r < 0)
		return r;
	s = make_shape(sandbox);
	r = check(&s);
	if (r >= 0 && sandbox->outer_program)
		r = plan_add_text(plan, &step_open_program, false, sandbox->argv[0]);
	if (r >= 0)
		r = mounts_prepare(plan, sandbox, s.flags & CLONE_NEWUSER, &s.mounts);
	if (r >= 0)
		r = add_namespaces(plan, &s);
	if (r >= 0)
		r = add_mounts(plan, &s);
	if (r >= 0)
		r = add_settings(plan, &s);
	if (s.mounts)
		mounts_free(s.mounts);
	return r < 0 ? r : add_exec(plan, &s);
}
