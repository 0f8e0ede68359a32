// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that keep namespaces: a bind mount of /proc/PID/ns/KIND holds one without any process. The
 * caller makes it, in his mount namespace and with his rights, while the child in the new namespaces
 * is held (so that the pid is still the child's). By descriptor on both ends: open_tree(2) and
 * move_mount(2), else mount(2) on /proc/self/fd.
 *
 * Surprises. A new mount namespace begins as a copy whose mounts are still peers or slaves of the
 * caller's: what is mounted on a shared mount would appear inside, too, and the kernel refuses to
 * mount a mount namespace so that it could contain itself (EINVAL). The directory of a set is
 * therefore a mount of its own, made private after it was attached (a mount that is attached to a
 * shared one becomes shared). A pid namespace is kept, too, but takes no process any more when its
 * first one has ended.
 */
#include "plan/step.h"

#include <linux/mount.h>
#include <unistd.h>

#include "base/file.h"
#include "ns/pin.h"

enum { MADE = 1, MOUNTED = 2 };

static void fd_path(char *buf, size_t size, int fd)
{
	snprintf(buf, size, "/proc/self/fd/%d", fd);
}

static int bind_old(int from, int to)
{
	char source[40], target[40];

	fd_path(source, sizeof(source), from);
	fd_path(target, sizeof(target), to);
	return sys_mount(source, target, NULL, MS_BIND, NULL);
}

static int bind_to(int from, int to)
{
	int tree __free(fd) = sys_open_tree(from, "", OPEN_TREE_CLONE | AT_EMPTY_PATH), r;

	if (tree < 0 && tree != -ENOSYS)
		return tree;
	r = tree < 0 ? tree : sys_move_mount(tree, "", to, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	return r == -ENOSYS ? bind_old(from, to) : r;
}

static int needs_privilege(int r, const char *path)
{
	if (r != -EPERM)
		return r;
	return sys_fail(r, "pin", path, "Operation not permitted: keeping a namespace is a mount, which needs CAP_SYS_ADMIN outside of it");
}

static int make_private(int fd)
{
	char path[40];
	int r = sys_mount_setattr(fd, "", AT_EMPTY_PATH, 0, 0, MS_PRIVATE);

	if (r != -ENOSYS)
		return r;
	fd_path(path, sizeof(path), fd);
	return sys_mount(NULL, path, NULL, MS_PRIVATE, NULL);
}

static int make_directory(const struct rf_step *s)
{
	const char *dir = s->text[0];
	int r = s->num[0] ? file_mkdir_p(AT_FDCWD, RF_PIN_DIRECTORY, 0755) : 0;

	if (r >= 0)
		r = sys_mkdirat(AT_FDCWD, dir, 0555);
	if (r == -EEXIST)
		return sys_fail(r, "pin", dir, "is there already: nsjoin --pin joins what is kept there, nsrun --unpin removes it");
	return r;
}

/* In a dry run nobody has made it. */
static int open_directory(const char *dir)
{
	return sys_openat_made(AT_FDCWD, dir, O_PATH | O_DIRECTORY | O_NOFOLLOW);
}

static int mount_directory(struct plan_run *run, struct rf_step *s)
{
	int below __free(fd) = open_directory(s->text[0]), r;

	if (below < 0)
		return below;
	r = needs_privilege(bind_to(below, below), s->text[0]);
	if (r < 0)
		return r;
	s->num[1] |= MOUNTED;
	run->pin_fd = open_directory(s->text[0]);
	return run->pin_fd < 0 ? run->pin_fd : make_private(run->pin_fd);
}

static int run_pin_set(struct plan_run *run, struct rf_step *s)
{
	int r = plan_hold_signals(run);

	if (r >= 0)
		r = make_directory(s);
	if (r < 0)
		return r;
	s->num[1] = MADE;
	s->half_done = true;
	return mount_directory(run, s);
}

static void undo_pin_set(struct plan_run *run, struct rf_step *s)
{
	if (s->num[1] & MOUNTED)
		sys_umount2(s->text[0], MNT_DETACH | UMOUNT_NOFOLLOW);
	if (s->num[1] & MADE)
		sys_unlinkat(AT_FDCWD, s->text[0], AT_REMOVEDIR);
	s->num[1] = 0;
}

const struct step_kind step_pin_set = {
	.id = "pin-set", .name = "make a place for the namespaces to be kept",
	.why = "A mount namespace can be mounted on a private mount only; this is one.",
	.page = "mount_namespaces(7)", .run = run_pin_set, .undo = undo_pin_set,
};

/* The child's, through a /proc that is one; it is held, so the pid is its own. */
static int open_new_namespace(const struct plan_run *run, const struct rf_ns_kind *kind)
{
	struct statfs fs = {.f_type = RF_PROC_SUPER_MAGIC};
	int dir __free(fd) = -EBADF, r;
	char path[32];

	snprintf(path, sizeof(path), "/proc/%d", (int)run->child);
	dir = sys_openat(AT_FDCWD, sys_is_dry() ? "/proc/self" : path, O_PATH | O_DIRECTORY, 0);
	r = dir < 0 ? dir : sys_fstatfs(dir, &fs);
	if (r < 0)
		return r;
	if (fs.f_type != RF_PROC_SUPER_MAGIC)
		return sys_fail(-EXDEV, "procfs", path, "is not on a proc file system");
	snprintf(path, sizeof(path), "ns/%s", kind->name);
	return sys_openat(dir, path, O_RDONLY, 0);
}

/* In a set by its directory, which may have been renamed meanwhile. */
static int open_place(const struct plan_run *run, struct rf_step *s)
{
	bool in_set = s->num[2];
	const char *name = in_set ? rf_ns_kind((size_t)s->num[0])->name : s->text[0];
	int dir = in_set ? run->pin_fd : AT_FDCWD;
	int fd = in_set ? -ENOENT : sys_openat(dir, name, O_PATH, 0);
	struct statfs fs = {0};
	int r;

	if (fd == -ENOENT) {
		fd = sys_openat(dir, name, O_RDONLY | O_CREAT | O_EXCL, 0);
		s->num[1] |= fd >= 0 ? MADE : 0;
		return fd;
	}
	r = fd < 0 ? fd : sys_fstatfs(fd, &fs);
	if (r >= 0 && fs.f_type == RF_NSFS_MAGIC)
		r = sys_fail(-EEXIST, "pin", s->text[0], "keeps a namespace already: nsrun --unpin %s lets it go", s->text[0]);
	if (r < 0 && fd >= 0)
		sys_close(fd);
	return r < 0 ? r : fd;
}

static int why_not(int r, const struct rf_step *s)
{
	const struct rf_ns_kind *kind = rf_ns_kind((size_t)s->num[0]);

	if (r == -EINVAL && kind->flag == CLONE_NEWNS)
		return sys_fail(r, "pin", s->text[0], "Invalid argument: it lies on a shared mount, where a mount namespace would come to contain itself: use --pin, or a file below a mount made private (mount --bind DIR DIR; mount --make-private DIR)");
	if (r == -ELOOP && kind->flag == CLONE_NEWNS)
		return sys_fail(r, "pin", s->text[0], "Too many levels of symbolic links: the kernel takes the new mount namespace for an older one than the caller's (since 6.18 their numbers come from a different range on each CPU): try again, or on one CPU (taskset -c 0)");
	return needs_privilege(r, s->text[0]);
}

static int run_pin_namespace(struct plan_run *run, struct rf_step *s)
{
	int ns __free(fd) = open_new_namespace(run, rf_ns_kind((size_t)s->num[0]));
	int place __free(fd) = ns < 0 ? ns : open_place(run, s), r;

	if (place < 0)
		return place;
	s->half_done = true;
	r = bind_to(ns, place);
	if (r < 0)
		return why_not(r, s);
	s->num[1] |= MOUNTED;
	return 0;
}

static void undo_pin_namespace(struct plan_run *run, struct rf_step *s)
{
	if (s->num[1] & MOUNTED)
		sys_umount2(s->text[0], MNT_DETACH);
	if (s->num[1] & MADE)
		sys_unlinkat(AT_FDCWD, s->text[0], 0);
	s->num[1] = 0;
}

static void args_pin_namespace(const struct rf_step *s, struct str *out)
{
	str_addf(out, "%s at %s", rf_ns_kind((size_t)s->num[0])->name, s->text[0]);
}

const struct step_kind step_pin_namespace = {
	.id = "pin-namespace", .name = "keep a new namespace",
	.why = "Mounted as a file, it stays when its last process has ended, and can be joined by that file.",
	.page = "namespaces(7)", .args = args_pin_namespace, .run = run_pin_namespace, .undo = undo_pin_namespace,
};

static int run_unpin_namespace(struct plan_run *run, struct rf_step *s)
{
	const char *path = s->text[0];
	int r = ns_pin_look(AT_FDCWD, path);

	/* More than one, where someone has mounted there again. A dry run unmounts none of them. */
	while (r == NS_PIN_NAMESPACE) {
		r = sys_umount2(path, MNT_DETACH | UMOUNT_NOFOLLOW);
		if (r >= 0)
			r = sys_is_dry() ? NS_PIN_EMPTY : ns_pin_look(AT_FDCWD, path);
	}
	return r == NS_PIN_EMPTY ? sys_unlinkat(AT_FDCWD, path, 0) : r < 0 ? r : 0;
}

const struct step_kind step_unpin_namespace = {
	.id = "unpin-namespace", .name = "let a namespace go",
	.why = "Once nothing holds it any more, the kernel frees it.",
	.page = "namespaces(7)", .run = run_unpin_namespace,
};

/* Ours is the directory mounted on itself: of the same file system as what lies around it. */
static int is_mounted_on_itself(int dir)
{
	int above __free(fd) = sys_openat(dir, "..", O_PATH | O_DIRECTORY, 0), r;
	struct stat here = {0}, there = {0};
	uint64_t mount_here = 0, mount_there = 1;

	r = above < 0 ? above : sys_fstat(dir, &here);
	if (r >= 0)
		r = sys_fstat(above, &there);
	if (r >= 0)
		r = sys_statx_mount(dir, &mount_here);
	if (r >= 0)
		r = sys_statx_mount(above, &mount_there);
	return r < 0 ? r : here.st_dev == there.st_dev && mount_here != mount_there;
}

static int run_unpin_set(struct plan_run *run, struct rf_step *s)
{
	int dir __free(fd) = sys_openat(AT_FDCWD, s->text[0], O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
	int r = dir < 0 ? dir : is_mounted_on_itself(dir);

	if (r > 0)
		r = sys_umount2(s->text[0], MNT_DETACH | UMOUNT_NOFOLLOW);
	return r < 0 ? r : sys_unlinkat(AT_FDCWD, s->text[0], AT_REMOVEDIR);
}

const struct step_kind step_unpin_set = {
	.id = "unpin-set", .name = "remove the place where they were kept",
	.why = "The name is free again.",
	.page = "umount2(2)", .run = run_unpin_set,
};
