// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps on the mount namespace: its own propagation, its own root, its own /proc.
 *
 * The root is changed by pivot_root(2), never chroot(2), which a process with capabilities leaves
 * in six lines. Order: propagation first, or the moves below would reach the caller's namespace;
 * a detached clone of the new root's tree, attached over the directory itself, since pivot_root
 * wants a mount point; then everything that goes into the new root, by descriptor and resolved
 * inside it; then pivot_root(".", "."), which stacks the old root on the new one, from where it is
 * detached.
 *
 * /proc is made before the old root goes: in a user namespace the kernel gives out a new proc file
 * system only to who can already see a whole one (EPERM, "VFS: Mount too revealing").
 */
#include "plan/step.h"

#include <linux/mount.h>

#include "base/resolve.h"

static const struct sys_flag propagation_names[] = {
	{MS_PRIVATE, "private"}, {MS_SLAVE, "slave"}, {MS_SHARED, "shared"},
	{MS_UNBINDABLE, "unbindable"}, {0, NULL}};

static int run_propagation(struct plan_run *run, struct rf_step *s)
{
	uint64_t how = (uint64_t)s->num[0];
	int r = sys_mount_setattr(AT_FDCWD, "/", AT_RECURSIVE, 0, 0, how);

	if (r == -ENOSYS)
		r = sys_mount(NULL, "/", NULL, MS_REC | how, NULL);
	if (r == -EINVAL)
		return sys_fail(r, "mount_setattr", "/", "is not a mount point (in a chroot?)");
	return r;
}

static void args_propagation(const struct rf_step *s, struct str *out)
{
	str_add(out, sys_flags(propagation_names, (uint64_t)s->num[0]));
}

const struct step_kind step_propagation = {
	.id = "propagation", .name = "set the propagation of all mounts",
	.why = "Mounts made in the new namespace shall not appear in the caller's.",
	.page = "mount_namespaces(7)", .args = args_propagation, .run = run_propagation,
};

/* Old way for kernels or filters without open_tree(2): a bind mount, then its descriptor. */
static int attach_by_mount(const char *dir)
{
	int r = sys_mount(dir, dir, NULL, MS_BIND | MS_REC, NULL);

	/* "/" is where this process stands, below the new mount; "/.." is the mount on top. */
	return r < 0 ? r : sys_openat(AT_FDCWD, str_eq(dir, "/") ? "/.." : dir, O_PATH | O_DIRECTORY, 0);
}

static int check_directory(const char *dir)
{
	struct stat st = {.st_mode = S_IFDIR};
	int r = sys_fstatat(AT_FDCWD, dir, &st, 0);

	if (r >= 0 && !S_ISDIR(st.st_mode))
		return sys_fail(-ENOTDIR, "root", dir, "Not a directory: the root must be one");
	return r;
}

static int run_attach_root(struct plan_run *run, struct rf_step *s)
{
	const char *dir = s->text[0];
	int r = check_directory(dir), fd __free(fd) = -EBADF;

	if (r < 0)
		return r;
	fd = sys_open_tree(AT_FDCWD, dir, OPEN_TREE_CLONE | AT_RECURSIVE);
	if (fd == -ENOSYS) {
		fd = attach_by_mount(dir);
		if (fd < 0)
			return fd;
	} else {
		if (fd < 0)
			return fd;
		r = sys_move_mount(fd, "", AT_FDCWD, dir, MOVE_MOUNT_F_EMPTY_PATH);
		if (r < 0)
			return r;
	}
	run->root_fd = take_fd(&fd);
	return 0;
}

const struct step_kind step_attach_root = {
	.id = "attach-root", .name = "attach the new root",
	.why = "A root must be a mount of its own; this one holds the directory and what is mounted below.",
	.page = "open_tree(2)", .run = run_attach_root,
};

/* The mount point below the new root, or, where the root stays, by its path. */
static int open_target(struct plan_run *run, const char *path)
{
	if (run->root_fd < 0)
		return sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	return resolve_dir(run->root_fd, path + strspn(path, "/"));
}

/* Without the new mount API: by the descriptor's name under the old /proc. */
static int mount_proc_old(int target)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", target);
	return sys_mount("proc", path, "proc", MS_NOSUID | MS_NODEV | MS_NOEXEC, NULL);
}

/*
 * umount(8) would bring the old one, and the processes of the outside, to light again. EINVAL: it is
 * none of ours to take away; in a user namespace the kernel has locked it to what lies above it, as
 * it would show what the caller could not see before.
 */
static int detach_old_proc(const char *path)
{
	/* How many there are shows when it is done. */
	if (sys_is_dry())
		return sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
	for (int most = 16; most; most--) {
		int r, fd __free(fd) = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
		struct statfs fs = {0};

		if (fd < 0 || (r = sys_fstatfs(fd, &fs)) < 0)
			return fd < 0 ? fd : r;
		if (fs.f_type != RF_PROC_SUPER_MAGIC)
			return 0;
		r = sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
		if (r < 0)
			return r == -EINVAL ? 0 : r;
	}
	return 0;
}

static int make_proc(void)
{
	int fs __free(fd) = sys_fsopen("proc"), r;

	if (fs < 0)
		return fs;
	r = sys_fsconfig_create(fs);
	return r < 0 ? r : sys_fsmount(fs, MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC);
}

static int run_mount_proc(struct plan_run *run, struct rf_step *s)
{
	int target __free(fd) = open_target(run, s->text[0]), mnt __free(fd) = -EBADF, r = 0;

	if (target < 0)
		return target;
	mnt = make_proc();
	if (mnt == -ENOSYS)
		return mount_proc_old(target);
	if (mnt < 0)
		return mnt;
	/* Only now: the kernel wants to see a whole one before it makes another. */
	if (run->root_fd < 0) {
		r = detach_old_proc(s->text[0]);
		sys_close(take_fd(&target));
		target = r < 0 ? r : open_target(run, s->text[0]);
	}
	if (target < 0)
		return target;
	return sys_move_mount(mnt, "", target, "",
			      MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
}

const struct step_kind step_mount_proc = {
	.id = "mount-proc", .name = "mount a new proc file system",
	.why = "The old one shows the processes of the pid namespace that it was mounted in.",
	.page = "pid_namespaces(7)", .run = run_mount_proc,
};

/*
 * The old root lies on the new one, and on its own root those that the new one had covered there: "."
 * means the topmost, until only the new root is left.
 */
static int detach_covered(struct plan_run *run)
{
	uint64_t own = 0, top = 0;
	int r = sys_statx_mount(run->root_fd, &own);

	while (r >= 0) {
		int fd __free(fd) = sys_openat(AT_FDCWD, "/..", O_PATH | O_DIRECTORY, 0);

		r = fd < 0 ? fd : sys_statx_mount(fd, &top);
		if (r < 0 || top == own || sys_is_dry())
			return r;
		r = sys_umount2(".", MNT_DETACH);
	}
	return r;
}

static int run_pivot_root(struct plan_run *run, struct rf_step *s)
{
	int r = sys_fchdir(run->root_fd);

	if (r < 0 || (r = sys_pivot_root(".", ".")) < 0)
		return r;
	r = sys_umount2(".", MNT_DETACH);
	if (r >= 0 && run->root_covers)
		r = detach_covered(run);
	if (r >= 0 && run->root_unbindable)
		r = sys_mount(NULL, "/", NULL, MS_PRIVATE, NULL);
	return r < 0 ? r : sys_chdir("/");
}

const struct step_kind step_pivot_root = {
	.id = "pivot-root", .name = "change the root",
	.why = "The old root is detached: nothing in the new mount namespace leads back to it.",
	.page = "pivot_root(2)", .run = run_pivot_root,
};
