// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What a dry run can know of a mount tree that it does not make: a mount point is there when an earlier
 * operation has put it there, or what was mounted above it has it. So the plan shows which mount points
 * will be made, and the program that --emit=c prints makes them.
 */
#include "plan/step-mounts.h"

static bool is_dev_entry(const char *name)
{
	static const char *const others[] = {"ptmx", "fd", "stdin", "stdout", "stderr", "pts", "shm"};

	for (size_t i = 0; i < DEVICES; i++)
		if (str_eq(name, mount_devices[i].name))
			return true;
	for (size_t i = 0; i < array_size(others); i++)
		if (str_eq(name, others[i]))
			return true;
	return false;
}

/* Would a mount, as it was made, have `path`? Where it is known, as what. */
static bool has(const struct rf_mount_op *op, const char *path, struct stat *ret_st)
{
	switch (op->kind) {
	case RF_MOUNT_BIND:
		return sys_quiet_look(op->source, path, ret_st);
	case RF_MOUNT_TMPFS:
		return false;
	case RF_MOUNT_PROC:
		return sys_quiet_look("/proc", path, ret_st);
	case RF_MOUNT_DEV:
		return is_dev_entry(path);
	case RF_MOUNT_OVERLAY:
		for (size_t i = 0; i < op->n_lowers; i++)
			if (sys_quiet_look(op->lowers[i], path, ret_st))
				return true;
		return op->upper && sys_quiet_look(op->upper, path, ret_st);
	default: /* the kernel's own: who mounts below them knows what they have */
		return true;
	}
}

/* What is left of a path below a directory; NULL where it is not. */
static const char *rest_below(const char *path, const char *directory)
{
	size_t n = strlen(directory);

	if (!n)
		return *path ? path : NULL;
	return str_starts(path, directory) && path[n] == '/' ? path + n + 1 : NULL;
}

/* An operation on what is there puts nothing there. */
static bool makes_target(const struct rf_mount_op *op)
{
	return op->kind != RF_MOUNT_MASK && op->kind != RF_MOUNT_READ_ONLY;
}

static bool is_mount(const struct rf_mount_op *op)
{
	return makes_target(op) && op->kind != RF_MOUNT_DIR && op->kind != RF_MOUNT_SYMLINK;
}

void mounts_foresee_source(const struct mount_job *job, struct stat *ret_st)
{
	char link[40];

	snprintf(link, sizeof(link), "/proc/self/fd/%d", job->op.fd);
	if (job->op.source)
		sys_quiet_look(job->op.source, "", ret_st);
	else if (job->op.kind == RF_MOUNT_BIND_FD)
		sys_quiet_look(link, "", ret_st);
}

bool mounts_foresee(const struct mount_job *job, const char *path, struct stat *ret_st)
{
	const struct mount_jobs *all = job->all;

	/* The last that has a say: a mount covers what earlier ones have made below it. */
	for (size_t i = (size_t)(job - all->jobs); i-- > 0;) {
		const struct mount_job *before = &all->jobs[i];
		const char *rest = rest_below(path, before->target);

		if (makes_target(&before->op) && str_eq(before->target, path)) {
			mounts_foresee_source(before, ret_st);
			return true;
		}
		if (makes_target(&before->op) && rest_below(before->target, path))
			return true;
		if (rest && is_mount(&before->op))
			return has(&before->op, rest, ret_st);
	}
	return all->root ? sys_quiet_look(all->root, path, ret_st) : !all->empty_root;
}

bool mounts_foresee_missing(const char *path, const void *job)
{
	struct stat st;

	return !mounts_foresee(job, path, &st);
}
