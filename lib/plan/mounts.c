// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a list of mount operations to steps, one for each and in its order. --mount-proc is one more
 * operation, after all others, but before the first that speaks of what is in proc; a root that
 * shall be read-only is the last.
 */
#include "plan/mounts.h"

#include <limits.h>
#include <sys/mount.h>

#include "mount/op.h"
#include "plan/step-mounts.h"

static const struct step_kind *const kinds[RF_MOUNT_KINDS] = {
	[RF_MOUNT_BIND] = &step_bind,	    [RF_MOUNT_BIND_FD] = &step_bind_fd,
	[RF_MOUNT_TMPFS] = &step_tmpfs,	    [RF_MOUNT_PROC] = &step_proc,
	[RF_MOUNT_DEV] = &step_dev,	    [RF_MOUNT_DEVPTS] = &step_devpts,
	[RF_MOUNT_MQUEUE] = &step_mqueue,   [RF_MOUNT_SYSFS] = &step_sysfs,
	[RF_MOUNT_CGROUPFS] = &step_cgroupfs, [RF_MOUNT_OVERLAY] = &step_overlay,
	[RF_MOUNT_SYMLINK] = &step_symlink, [RF_MOUNT_DIR] = &step_dir,
	[RF_MOUNT_FILE] = &step_file,	    [RF_MOUNT_MASK] = &step_mask,
	[RF_MOUNT_READ_ONLY] = &step_read_only,
};

static int check(const struct rf_sandbox *box, const struct rf_mount_op *op)
{
	char target[PATH_MAX] = "";
	int r = mount_op_check(op);

	if (r < 0)
		return r;
	if (!mount_is_proc_list(op))
		mount_target(op->target, target);
	if (!target[0] && !mount_is_proc_list(op) && op->kind != RF_MOUNT_READ_ONLY && !box->root && !box->empty_root)
		return sys_fail(-EINVAL, mount_kind_name(op->kind), op->target, "a mount over / would not be seen from below it: ask for a new root (--root, --empty-root), too");
	if (op->attrs & RF_MOUNT_IDMAP && (!box->uid_map.n || !box->gid_map.n))
		return sys_fail(-EINVAL, mount_kind_name(op->kind), op->target, "idmap needs maps of user and group ids to shift by");
	return 0;
}

static int copy(const char *text, const char **ret_copy)
{
	*ret_copy = text ? strdup(text) : NULL;
	return text && !*ret_copy ? -ENOMEM : 0;
}

static int copy_lowers(struct mount_job *job, const struct rf_mount_op *op)
{
	size_t n = op->n_lowers + (op->upper ? 2 : 0);
	const char **lowers = calloc(n, sizeof(*lowers));
	int r = 0;

	job->op.lowers = lowers;
	job->layer_fds = calloc(n, sizeof(*job->layer_fds));
	if (!lowers || !job->layer_fds)
		return -ENOMEM;
	for (; job->n_layer_fds < n; job->n_layer_fds++)
		job->layer_fds[job->n_layer_fds] = -EBADF;
	for (; r >= 0 && job->op.n_lowers < op->n_lowers; job->op.n_lowers++)
		r = copy(op->lowers[job->op.n_lowers], &lowers[job->op.n_lowers]);
	return r;
}

/* After a failure the job can be freed like any other. */
static int copy_job(struct mount_job *job, const struct rf_mount_op *op, const char *proc)
{
	const char *target = mount_is_proc_list(op) ? proc : op->target;
	int r;

	*job = (struct mount_job){.op = *op, .fd = -EBADF};
	job->op.source = job->op.target = job->op.upper = job->op.work = NULL;
	job->op.lowers = NULL;
	job->op.n_lowers = 0;
	if (op->kind == RF_MOUNT_SYSFS || op->kind == RF_MOUNT_CGROUPFS)
		job->op.attrs |= op->attrs & RF_MOUNT_RW ? 0 : RF_MOUNT_RO;
	job->target = malloc(strlen(target) + 1);
	if (!job->target)
		return -ENOMEM;
	r = mount_target(target, job->target);
	if (r >= 0)
		r = copy(op->source, &job->op.source);
	if (r >= 0)
		r = copy(op->target, &job->op.target);
	if (r >= 0)
		r = copy(op->upper, &job->op.upper);
	if (r >= 0)
		r = copy(op->work, &job->op.work);
	return r < 0 || op->kind != RF_MOUNT_OVERLAY ? r : copy_lowers(job, op);
}

struct filler {
	struct mount_jobs *jobs;
	const char *proc;	  /* the target of the last one */
	const char *pending_proc; /* --mount-proc, as long as it has no place */
};

static int add_job(struct filler *f, const struct rf_mount_op *op)
{
	if (op->kind == RF_MOUNT_PROC)
		f->proc = op->target;
	return copy_job(&f->jobs->jobs[f->jobs->n++], op, f->proc);
}

static int add_pending_proc(struct filler *f)
{
	const struct rf_mount_op op = {.kind = RF_MOUNT_PROC, .target = f->pending_proc};

	f->pending_proc = NULL;
	return op.target ? add_job(f, &op) : 0;
}

static int fill(struct mount_jobs *jobs, const struct rf_sandbox *box)
{
	struct filler f = {.jobs = jobs, .proc = "/proc", .pending_proc = box->proc};
	static const struct rf_mount_op root_ro = {.kind = RF_MOUNT_READ_ONLY, .target = "/"};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < box->n_mounts; i++) {
		r = check(box, &box->mounts[i]);
		if (r >= 0 && mount_is_proc_list(&box->mounts[i]))
			r = add_pending_proc(&f);
		if (r >= 0)
			r = add_job(&f, &box->mounts[i]);
	}
	if (r >= 0)
		r = add_pending_proc(&f);
	return r < 0 || !box->root_ro ? r : add_job(&f, &root_ro);
}

static int add_step(struct rf_plan *plan, const struct step_kind *kind, bool in_child,
		    struct mount_jobs *jobs, size_t index)
{
	struct rf_step *s = plan_add(plan, kind, in_child);

	if (!s)
		return -ENOMEM;
	s->data = jobs;
	jobs->refs++;
	s->num[0] = (int64_t)index;
	return 0;
}

static bool any_idmap(const struct mount_jobs *jobs)
{
	for (size_t i = 0; i < jobs->n; i++)
		if (jobs->jobs[i].op.attrs & RF_MOUNT_IDMAP)
			return true;
	return false;
}

static int prepare(struct rf_plan *plan, const struct rf_sandbox *box, struct mount_jobs *jobs)
{
	int r;

	if (box->root && box->empty_root)
		return sys_fail(-EINVAL, "sandbox", box->root, "a root directory and an empty root exclude each other");
	/* pivot_root(2) refuses shared mounts, and by then others would have seen the new root. */
	if (box->empty_root && jobs->shared && !(jobs->in_userns && box->propagation == RF_UNCHANGED))
		return sys_fail(-EINVAL, "sandbox", "", "an empty root needs mounts that are private or slave (--propagation)");
	jobs->jobs = calloc(box->n_mounts + 2, sizeof(*jobs->jobs));
	if (!jobs->jobs)
		return -ENOMEM;
	if (box->root) {
		jobs->root = strdup(box->root);
		if (!jobs->root)
			return -ENOMEM;
	}
	r = fill(jobs, box);
	for (size_t i = 0; i < jobs->n; i++) {
		jobs->jobs[i].all = jobs;
		jobs->jobs[i].made.is_missing = mounts_foresee_missing;
		jobs->jobs[i].made.data = &jobs->jobs[i];
	}
	return r < 0 || !any_idmap(jobs) ? r : add_step(plan, &step_idmap_sources, false, jobs, 0);
}

int mounts_prepare(struct rf_plan *plan, const struct rf_sandbox *box, bool in_userns,
		   struct mount_jobs **ret_jobs)
{
	struct mount_jobs *jobs;
	int r;

	if (!mounts_wanted(box))
		return 0;
	jobs = malloc(sizeof(*jobs));
	if (!jobs)
		return -ENOMEM;
	*jobs = (struct mount_jobs){
		.refs = 1, .root_fd = -EBADF, .empty_root = box->empty_root, .in_userns = in_userns,
		.shared = box->propagation == MS_SHARED || box->propagation == RF_UNCHANGED,
		.uid_map = box->uid_map, .gid_map = box->gid_map,
	};
	for (size_t i = 0; i < DEVICES; i++)
		jobs->device_fds[i] = -EBADF;
	r = prepare(plan, box, jobs);
	if (r < 0)
		mount_jobs_free(jobs);
	else
		*ret_jobs = jobs;
	return r;
}

void mounts_free(struct mount_jobs *jobs)
{
	mount_jobs_free(jobs);
}

int mounts_add(struct rf_plan *plan, const struct rf_sandbox *box, struct mount_jobs *jobs,
	       bool in_child, const int64_t ids[2])
{
	int r = add_step(plan, &step_open_sources, in_child, jobs, 0);

	if (r >= 0 && (ids[0] >= 0 || ids[1] >= 0)) {
		r = plan_add_num(plan, &step_file_ids, in_child, ids[0]);
		if (r >= 0)
			plan->steps[plan->n - 1].num[1] = ids[1];
	}
	if (r >= 0 && box->empty_root)
		r = add_step(plan, &step_empty_root, in_child, jobs, 0);
	for (size_t i = 0; r >= 0 && i < jobs->n; i++)
		r = add_step(plan, kinds[jobs->jobs[i].op.kind], in_child, jobs, i);
	if (r >= 0 && !box->root && !box->empty_root)
		r = add_step(plan, &step_renew_wd, in_child, jobs, 0);
	mount_jobs_free(jobs);
	return r;
}
