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
#include "plan/build.h"
#include "plan/mounts.h"

/* The sandbox with what follows from it. */
struct shape {
	const struct rf_sandbox *box;
	uint64_t flags;
	bool forked, deny_setgroups, become, init;
	uint64_t late; /* kinds that the child enters by itself, and is born into then */
	uint64_t last; /* kinds that the child enters when it has joined its control group */
	bool meets;    /* the caller has to do with those: he waits until they are there */
	struct cgroup_run_state *group;
	uid_t euid, uid; /* the caller's, and as what the child begins */
	gid_t egid, gid;
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
	if (b->pin_set && !s->flags)
		return sys_fail(-EINVAL, "pin", b->pin_set, "no new namespace is asked for that could be kept there");
	if (b->gid_map.n && b->setgroups == RF_SETGROUPS_ALLOW && s->euid)
		return sys_fail(-EINVAL, "sandbox", "",
				"setgroups can't stay allowed with a group map written without privilege");
	return 0;
}

/* What was asked for, and what other wishes imply. */
static uint64_t kinds_of(const struct rf_sandbox *b)
{
	uint64_t flags = b->namespaces;

	if (b->uid_map.n || b->gid_map.n || b->has_owner)
		flags |= CLONE_NEWUSER;
	if (b->root || b->proc || mounts_wanted(b))
		flags |= CLONE_NEWNS;
	if (b->binfmt || b->n_interpreters)
		flags |= CLONE_NEWNS | CLONE_NEWUSER;
	if (b->hostname)
		flags |= CLONE_NEWUTS;
	if (b->monotonic.set || b->boottime.set)
		flags |= CLONE_NEWTIME;
	for (size_t i = 0; i < b->n_pins; i++)
		flags |= b->pins[i].kind;
	return flags;
}

static struct shape make_shape(const struct rf_sandbox *b)
{
	struct shape s = {.box = b, .flags = kinds_of(b), .euid = geteuid(), .egid = getegid()};
	bool wide, kept = b->n_pins || b->pin_set;

	s.uid = b->has_owner ? b->owner_uid : s.euid;
	s.gid = b->has_owner ? b->owner_gid : s.egid;
	wide = !own_map(&b->uid_map, s.euid) || !own_map(&b->gid_map, s.egid);
	/* With setgroups left alone, the group map is for a writer with CAP_SETGID outside. */
	wide |= b->gid_map.n && b->setgroups == RF_SETGROUPS_ALLOW;
	wide |= b->has_owner;
	s.forked = b->fork || wide || (s.flags & (CLONE_NEWPID | CLONE_NEWTIME)) || b->info_fd || kept ||
		   b->cgroup || b->pty;
	s.init = (s.flags & CLONE_NEWPID) && !b->no_init;
	/* Offsets must be set before there is a process in the namespace. */
	if (b->monotonic.set || b->boottime.set)
		s.late = s.flags & (CLONE_NEWPID | CLONE_NEWTIME);
	/* The root that a control group namespace has is the group of who makes it. */
	s.last = b->cgroup ? s.flags & CLONE_NEWCGROUP : 0;
	s.meets = (s.late | s.last) && (kept || b->info_fd);
	s.deny_setgroups = b->setgroups == RF_SETGROUPS_DENY ||
			   (b->setgroups == RF_SETGROUPS_DEFAULT && b->gid_map.n &&
			    (s.euid || (own_map(&b->gid_map, s.egid) && !b->has_owner)));
	s.become = b->has_uid || b->has_gid ||
		   (b->uid_map.n && !maps_outside(&b->uid_map, s.uid)) ||
		   (b->gid_map.n && !maps_outside(&b->gid_map, s.gid));
	return s;
}

static int add_map(struct rf_plan *plan, const struct step_kind *kind, const struct rf_idmap *map,
		   bool helper)
{
	char *text __free(ptr) = NULL;
	int r;

	if (!map->n)
		return 0;
	r = rf_idmap_format(map, &text);
	if (r >= 0)
		r = plan_add_text(plan, kind, false, text);
	if (r >= 0)
		plan->steps[plan->n - 1].num[0] = helper;
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

/* What is to be ready before there is a child. */
static int add_before(struct rf_plan *plan, struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	uint32_t owner = 0;
	int r = 0;

	if (b->cgroup)
		r = plan_add_cgroup_find(plan, b->cgroup, &s->group);
	if (r >= 0 && b->pin_set)
		r = plan_add_pin_set(plan, b->pin_set, s->flags);
	if (r >= 0 && b->pty) {
		/* Who can't open the terminal that he has can't open /dev/stderr either. */
		bool gives = !s->euid && s->become &&
			     rf_idmap_outside(&b->uid_map, b->has_uid ? b->uid : 0, &owner) >= 0;

		r = plan_add_num(plan, &step_pty_open, false, gives ? (int64_t)owner : -1);
	}
	return r < 0 || !s->init ? r : plan_add_num(plan, &step_status_pipe, false, 0);
}

static int add_fork(struct rf_plan *plan, const struct shape *s)
{
	struct rf_step *fork = plan_add(plan, &step_fork, false);

	if (!fork)
		return -ENOMEM;
	fork->num[0] = (int64_t)(s->flags & ~s->late & ~s->last);
	fork->num[1] = s->box->has_owner ? (int64_t)s->uid + 1 : 0;
	fork->num[2] = s->gid;
	return 0;
}

static int add_release(struct rf_plan *plan)
{
	int r = plan_add_num(plan, &step_release, false, 0);

	return r < 0 ? r : plan_add_num(plan, &step_await_release, true, 0);
}

/* What the caller does about the namespaces while their first process is held. */
static int add_keeping(struct rf_plan *plan, const struct shape *s)
{
	const struct rf_sandbox *b = s->box;
	int r = plan_add_pins(plan, b->pin_set, s->flags, b->pins, b->n_pins);

	return r < 0 || !b->info_fd ? r : plan_add_num(plan, &step_tell, false, b->info_fd);
}

/* The child's part of it: its group, and the namespaces that it enters by itself. */
static int add_entering(struct rf_plan *plan, const struct shape *s)
{
	int r = 0;

	if (s->group)
		r = plan_add_cgroup_join(plan, s->group);
	if (r >= 0 && s->last)
		r = plan_add_num(plan, &step_unshare, true, (int64_t)s->last);
	if (r >= 0 && s->late)
		r = add_late(plan, s);
	if (r < 0 || !s->meets)
		return r;
	r = plan_add_num(plan, &step_arrive, true, 0);
	if (r >= 0)
		r = plan_add_num(plan, &step_await_arrival, false, s->late != 0);
	if (r >= 0)
		r = add_keeping(plan, s);
	return r < 0 ? r : add_release(plan);
}

/* Fork or unshare, then the maps: written by the caller for the child, or by itself. */
static int add_namespaces(struct rf_plan *plan, struct shape *s)
{
	/* Who can give a namespace to another can map its ids, too. */
	bool mine = s->box->has_owner;
	int r = add_before(plan, s);

	if (r >= 0 && s->forked)
		r = add_fork(plan, s);
	else if (r >= 0 && s->flags)
		r = plan_add_num(plan, &step_unshare, false, (int64_t)s->flags);
	if (r >= 0 && s->deny_setgroups)
		r = plan_add_num(plan, &step_deny_setgroups, false, 0);
	if (r >= 0)
		r = add_map(plan, &step_write_uid_map, &s->box->uid_map, !mine && !own_map(&s->box->uid_map, s->euid));
	if (r >= 0)
		r = add_map(plan, &step_write_gid_map, &s->box->gid_map, !mine && !own_map(&s->box->gid_map, s->egid));
	if (r < 0 || !s->forked)
		return r;
	if (!s->meets)
		r = add_keeping(plan, s);
	if (r >= 0)
		r = add_release(plan);
	return r < 0 ? r : add_entering(plan, s);
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
	const int64_t ids[2] = {id_inside(false, 0, &b->uid_map, s->uid),
				id_inside(false, 0, &b->gid_map, s->gid)};

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
	if (r >= 0 && (b->binfmt || b->n_interpreters))
		r = plan_add_binfmt(plan, s->forked, b->binfmt, b->interpreters, b->n_interpreters);
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
	step->num[0] = id_inside(b->has_uid, b->uid, &b->uid_map, s->uid);
	step->num[1] = id_inside(b->has_gid, b->gid, &b->gid_map, s->gid);
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

	if (b->pty)
		r = plan_add_num(plan, &step_pty_stdio, true, 0);
	/* An init that dies takes all of its namespace along. */
	if (r >= 0 && s->init)
		r = add_death(plan, s);
	if (r >= 0 && s->init)
		r = plan_add_num(plan, &step_init, true, !s->euid);
	if (r >= 0 && b->pty)
		r = plan_add_num(plan, &step_pty_session, true, 0);
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
