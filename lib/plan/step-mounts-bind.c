// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Binds and what is made of them. A bind is a detached tree; mount_setattr(2) with AT_RECURSIVE
 * changes all of its mounts at once (a remount by mount(2) never goes below the first), and only
 * then is it attached. Nobody sees it writable for a moment.
 *
 * Attributes that are not asked for stay. In a user namespace the kernel has locked those of the
 * caller's mounts: to clear one is EPERM.
 */
#include "plan/step-mounts.h"

#include <linux/mount.h>

#include "base/resolve.h"
#include "mount/op.h"

/* The new mount, found again after mount(2), and checked to be what was mounted. */
static int find_top(struct plan_run *run, const struct mount_jobs *jobs, const char *target, int source_fd)
{
	int r, fd __free(fd) = -EBADF;

	if (sys_is_dry())
		return sys_dry_fd();
	if (target[0])
		fd = resolve_path(mount_root(run, jobs), target);
	else if (jobs->empty_root)
		fd = sys_openat(AT_FDCWD, "/..", O_PATH | O_DIRECTORY, 0);
	else
		return sys_fail(-ENOSYS, "mount", "/", "covering the root needs move_mount(2), which is refused here: give --root the other directory");
	if (fd < 0)
		return take_fd(&fd);
	r = place_same(fd, source_fd, target);
	return r < 0 ? r : take_fd(&fd);
}

/* Without move_mount(2) a clone is of no use; the source again, which nothing may have covered since. */
static int reopen_source(const struct mount_job *job)
{
	int r, fd __free(fd) = -EBADF;

	if (job->op.attrs & RF_MOUNT_IDMAP)
		return sys_fail(-ENOSYS, "bind", job->op.target, "an id-mapped mount needs move_mount(2), which is refused here");
	if (!job->is_tree)
		return -ENOSYS;
	fd = job->op.source ? sys_openat(AT_FDCWD, job->op.source, O_PATH, 0) : -ENOSYS;
	if (fd < 0)
		return take_fd(&fd);
	r = place_same(fd, job->fd, job->op.source);
	return r < 0 ? r : take_fd(&fd);
}

static int bind_old(struct plan_run *run, struct mount_jobs *jobs, struct mount_job *job, int source_fd,
		    int target_fd)
{
	bool recursive = !(job->op.attrs & RF_MOUNT_NOREC);
	struct stat st = {.st_mode = S_IFDIR};
	int top, r = sys_fstat(source_fd, &st);

	jobs->by_mount = true;
	if (r >= 0 && jobs->empty_root && !run->root_unbindable && !run->root_covers)
		r = mount_empty_root_unbindable(run);
	/* Below a file nothing is mounted, but on it something may be by now. */
	recursive &= S_ISDIR(st.st_mode);
	if (r >= 0)
		r = place_bind_old(source_fd, target_fd, recursive);
	if (r < 0)
		return r;
	job->mounted = true;
	if (!(mount_attrs_set(job->op.attrs) | mount_attrs_clear(job->op.attrs)) && job->target[0])
		return 0;
	top = find_top(run, jobs, job->target, source_fd);
	if (top < 0)
		return top;
	r = place_set_attrs(top, recursive, true, mount_attrs_set(job->op.attrs), mount_attrs_clear(job->op.attrs));
	if (r >= 0 && !job->target[0]) {
		mount_cover_root(run, top);
		return 0;
	}
	sys_close(top);
	return r;
}

/* 0, or -ENOSYS with *mounted still false where nothing has happened yet. */
static int attach_tree(int tree_fd, int target_fd, bool recursive, uint64_t set, uint64_t clear, bool *mounted)
{
	int r = place_set_attrs(tree_fd, recursive, false, set, clear);
	bool late = r == -ENOSYS;

	if (r < 0 && !late)
		return r;
	r = place_attach(tree_fd, target_fd);
	if (r < 0)
		return r;
	*mounted = true;
	return late ? place_set_attrs(tree_fd, recursive, true, set, clear) : 0;
}

static int bind_tree(struct mount_job *job, int target_fd)
{
	return attach_tree(job->fd, target_fd, !(job->op.attrs & RF_MOUNT_NOREC), mount_attrs_set(job->op.attrs),
			   mount_attrs_clear(job->op.attrs), &job->mounted);
}

static int bind_job(struct plan_run *run, struct mount_jobs *jobs, struct mount_job *job)
{
	int r, target __free(fd) = mount_job_target(mount_root(run, jobs), job, job->fd);

	if (target < 0)
		return target;
	r = job->is_tree ? bind_tree(job, target) : -ENOSYS;
	if (r == -ENOSYS && !job->mounted) {
		int again __free(fd) = job->is_tree ? reopen_source(job) : -EBADF;

		if (job->is_tree && again < 0)
			return again;
		return bind_old(run, jobs, job, again < 0 ? job->fd : again, target);
	}
	if (r < 0)
		return r;
	if (!job->target[0])
		mount_cover_root(run, take_fd(&job->fd));
	return 0;
}

static int run_bind(struct plan_run *run, struct rf_step *s)
{
	struct mount_job *job = mount_job_of(s);
	int r = mount_settle(run, s, bind_job(run, s->data, job));

	if (job->fd >= 0)
		sys_close(take_fd(&job->fd));
	return r;
}

const struct step_kind step_bind = {
	.id = "bind", .name = "bind a directory or file",
	.why = "The same files, seen at another place, with limits of their own.",
	.page = "move_mount(2)", .args = args_mount, .run = run_bind, .undo = undo_mount,
	.free_data = mount_jobs_free,
};

const struct step_kind step_bind_fd = {
	.id = "bind-fd", .name = "bind what a descriptor stands for",
	.why = "Who opened it has said which file it is, whatever its name leads to by now.",
	.page = "move_mount(2)", .args = args_mount, .run = run_bind, .undo = undo_mount,
	.free_data = mount_jobs_free,
};

int mount_bind_onto(int source_fd, int target_fd, const char *name)
{
	unsigned flags = MOVE_MOUNT_F_EMPTY_PATH | (name[0] ? 0 : MOVE_MOUNT_T_EMPTY_PATH);
	int r, tree __free(fd) = sys_open_tree(source_fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH);
	int place __free(fd) = -EBADF;

	r = tree < 0 ? tree : sys_move_mount(tree, "", target_fd, name, flags);
	if (r != -ENOSYS)
		return r;
	if (!name[0])
		return place_bind_old(source_fd, target_fd, false);
	place = sys_openat(target_fd, name, O_PATH | O_NOFOLLOW, 0);
	return place < 0 ? place : place_bind_old(source_fd, place, false);
}

/* The OCI's defaults, below proc; what a kernel lacks is left out. */
static const char *const masked[] = {
	"acpi", "asound", "kcore", "keys", "latency_stats", "timer_list", "timer_stats",
	"sched_debug", "scsi", "interrupts", NULL,
};
static const char *const read_only[] = {"bus", "fs", "irq", "sys", "sysrq-trigger", NULL};

/* Call `one` for each path of the list, or for the job's own target, which must be there. */
static int each_target(struct plan_run *run, const struct rf_step *s, const char *const *list,
		       int (*one)(struct plan_run *run, struct mount_job *job, const char *path, int fd))
{
	struct mount_jobs *jobs = s->data;
	struct mount_job *job = mount_job_of(s);
	int r = 0;

	if (!mount_is_proc_list(&job->op)) {
		int fd __free(fd) = place_open(mount_root(run, jobs), job->target, 0, &job->made);

		/* An earlier one may have made it, which a dry run has not. */
		if (fd == -ENOENT && sys_is_dry())
			fd = sys_openat_made(mount_root(run, jobs), job->target, O_PATH);
		return fd < 0 ? fd : one(run, job, job->target, fd);
	}
	for (; r >= 0 && *list; list++) {
		char *path __free(ptr) = str_format("%s/%s", job->target, *list);
		int fd __free(fd) = path ? place_open(mount_root(run, jobs), path, 0, &job->made) : -ENOMEM;

		if (fd == -ENOENT)
			continue;
		r = fd < 0 ? fd : one(run, job, path, fd);
	}
	return r;
}

static int mask_directory(int target_fd)
{
	static const struct newfs_param empty[] = {{"mode", "0755"}, {"nr_inodes", "1"}};
	const struct newfs fs = {"tmpfs", empty, 2, MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID |
				 MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC};
	int r, fd __free(fd) = newfs_make(&fs);

	r = fd < 0 ? fd : place_attach(fd, target_fd);
	return r == -ENOSYS ? newfs_mount_on(&fs, target_fd) : r;
}

static int mask(struct plan_run *run, struct mount_job *job, const char *path, int fd)
{
	struct stat st = {.st_mode = S_IFDIR};
	int r = sys_fstat(fd, &st);

	if (r < 0)
		return r;
	if (sys_is_dry_fd(fd))
		mounts_foresee(job, path, &st);
	return S_ISDIR(st.st_mode) ? mask_directory(fd) : mount_bind_onto(job->all->device_fds[DEVICE_NULL], fd, "");
}

static int run_mask(struct plan_run *run, struct rf_step *s)
{
	int r = each_target(run, s, masked, mask);

	mount_job_of(s)->mounted = r >= 0 && !mount_is_proc_list(&mount_job_of(s)->op);
	return mount_settle(run, s, r);
}

const struct step_kind step_mask = {
	.id = "mask", .name = "hide a path",
	.why = "It can't be removed, so something empty stands over it.",
	.page = "move_mount(2)", .args = args_mount, .run = run_mask, .undo = undo_mount, .free_data = mount_jobs_free,
};

static int make_read_only(struct plan_run *run, struct mount_job *job, const char *path, int fd)
{
	int r, tree __free(fd) = -EBADF, top __free(fd) = -EBADF;
	bool mounted = false;

	if (!path[0])
		return place_set_attrs(fd, true, true, MOUNT_ATTR_RDONLY, 0);
	tree = sys_open_tree(fd, "", OPEN_TREE_CLONE | AT_EMPTY_PATH | AT_RECURSIVE);
	r = tree < 0 ? tree : attach_tree(tree, fd, true, MOUNT_ATTR_RDONLY, 0, &mounted);
	if (r != -ENOSYS || mounted)
		return r;
	r = place_bind_old(fd, fd, true);
	if (r < 0)
		return r;
	top = find_top(run, job->all, path, fd);
	return top < 0 ? top : place_set_attrs(top, true, true, MOUNT_ATTR_RDONLY, 0);
}

static int read_only_targets(struct plan_run *run, struct rf_step *s)
{
	return each_target(run, s, read_only, make_read_only);
}

static int run_read_only(struct plan_run *run, struct rf_step *s)
{
	int r = mount_unsettled(run, s, read_only_targets);

	mount_job_of(s)->mounted = r >= 0 && !mount_is_proc_list(&mount_job_of(s)->op);
	return mount_settle(run, s, r);
}

const struct step_kind step_read_only = {
	.id = "read-only", .name = "make a tree read-only",
	.why = "Nothing is to be changed there, nor on what is mounted below it.",
	.page = "mount_setattr(2)", .args = args_mount, .run = run_read_only,
	.undo = undo_mount, .free_data = mount_jobs_free,
};
