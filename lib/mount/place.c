// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A mount point is named by a path, used by a descriptor. The path is resolved in the root
 * (openat2(2), RESOLVE_IN_ROOT, or by hand), so that a link leads to where it leads for a process
 * inside; what is missing is made one part at a time below a descriptor, and a part that turns
 * out to be a link is refused. From then on the descriptor stands for the place: who swaps a name
 * for a link meanwhile changes nothing.
 *
 * mount(2) knows no descriptors; it gets them by their names below /proc/self/fd, which lead to
 * the very file. What it has mounted has no descriptor: the place is resolved again then, and must
 * be what was mounted.
 */
#include "mount/place.h"

#include <errno.h>
#include <limits.h>
#include <linux/mount.h>
#include <sys/statvfs.h>

#include "base/cleanup.h"
#include "base/resolve.h"
#include "base/str.h"
#include "mount/subtree.h"

const char *place_name(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

/* The path without its last part. */
static int parent_of(const char *path, char parent[PATH_MAX])
{
	size_t n = (size_t)(place_name(path) - path);

	if (n >= PATH_MAX)
		return -ENAMETOOLONG;
	memcpy(parent, path, n);
	parent[n ? n - 1 : 0] = '\0';
	return 0;
}

/* One part, with the mode as it is given: the program's umask is not ours to follow. */
int place_make(int parent_fd, const char *name, mode_t mode, struct place_made *made)
{
	int r, old = sys_umask(0);

	if (old < 0)
		return old;
	r = S_ISDIR(mode) ? sys_mkdirat(parent_fd, name, mode & 07777) : sys_mknodat(parent_fd, name, mode, 0);
	if (r >= 0) {
		made->n++;
		made->leaf_is_file = !S_ISDIR(mode);
	}
	old = sys_umask((mode_t)old);
	return r < 0 ? r : old < 0 ? old : 0;
}

/* Someone else may have made it meanwhile; a link that leads nowhere is not that. */
static int open_existing(int parent_fd, const char *path, mode_t mode)
{
	int r, fd __free(fd) = sys_openat(parent_fd, place_name(path), O_PATH | O_NOFOLLOW, 0);
	struct stat st = {0};

	if (fd < 0)
		return fd;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (S_ISDIR(st.st_mode) == S_ISDIR(mode) && !S_ISLNK(st.st_mode))
		return take_fd(&fd);
	return sys_fail(-EEXIST, "mount point", path, "File exists: a link that leads nowhere inside the root is in the way");
}

/* The way down is opened by name: a link in the place of what was made is refused. */
static int make_and_open(int root_fd, const char *path, mode_t mode, struct place_made *made)
{
	int flags = S_ISDIR(mode) ? O_DIRECTORY : 0;
	int r, parent __free(fd) = place_open_parent(root_fd, path, made);

	if (parent < 0)
		return parent;
	r = place_make(parent, place_name(path), mode, made);
	if (r == -EEXIST)
		return open_existing(parent, path, mode);
	if (r < 0)
		return r;
	return sys_openat_made(parent, place_name(path), O_PATH | O_NOFOLLOW | flags);
}

/* What is below a root that a dry run has not made is what the plan has put there so far. */
static void foresee(int root_fd, const char *path, const struct place_made *made)
{
	if (sys_is_dry_fd(root_fd) && made->is_missing && path[0] && made->is_missing(path, made->data))
		sys_dry_answer(-ENOENT);
}

int place_open_parent(int root_fd, const char *path, struct place_made *made)
{
	char parent[PATH_MAX];
	int fd, r = parent_of(path, parent);

	if (r < 0)
		return r;
	foresee(root_fd, parent, made);
	fd = resolve_dir(root_fd, parent);
	if (fd != -ENOENT || !parent[0])
		return fd;
	return make_and_open(root_fd, parent, S_IFDIR | 0755, made);
}

int place_open(int root_fd, const char *path, mode_t type, struct place_made *made)
{
	int fd;

	foresee(root_fd, path, made);
	fd = resolve_path(root_fd, path);
	if (fd != -ENOENT || !type || !path[0])
		return fd;
	return make_and_open(root_fd, path, S_ISDIR(type) ? S_IFDIR | 0755 : S_IFREG | 0644, made);
}

static int open_made_parent(int root_fd, const char *path)
{
	char dir[PATH_MAX];
	int r = parent_of(path, dir);

	return r < 0 ? r : resolve_dir(root_fd, dir);
}

/* By its name in the current directory, since /proc may be gone. */
void place_unmount(int root_fd, const char *path)
{
	int cwd __free(fd) = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);
	int parent __free(fd) = open_made_parent(root_fd, path);

	if (parent < 0 || !path[0] || sys_fchdir(parent) < 0)
		return;
	sys_umount2(place_name(path), MNT_DETACH | UMOUNT_NOFOLLOW);
	if (cwd >= 0)
		sys_fchdir(cwd);
}

static int remove_last(int root_fd, const char *path, bool is_file)
{
	int parent __free(fd) = open_made_parent(root_fd, path);

	return parent < 0 ? parent : sys_unlinkat(parent, place_name(path), is_file ? 0 : AT_REMOVEDIR);
}

void place_remove(int root_fd, const char *path, struct place_made *made)
{
	char left[PATH_MAX];

	if (str_copy(left, sizeof(left), path) < 0)
		return;
	while (made->n && left[0]) {
		int r = remove_last(root_fd, left, made->leaf_is_file);

		/* -ENOENT: it had not come to the last parts of the path. */
		if (r < 0 && r != -ENOENT)
			break;
		if (r >= 0)
			made->n--;
		left[place_name(left) == left ? 0 : place_name(left) - left - 1] = '\0';
		made->leaf_is_file = false;
	}
}

/* The kernel says EINVAL or ENOTDIR, and EINVAL for much else. */
static int check_types(int fd, int target_fd, int error)
{
	const struct rf_call why = *rf_trace_last_failure();
	struct stat from = {0}, to = {0};

	if ((error == -EINVAL || error == -ENOTDIR) && sys_fstat(fd, &from) >= 0 && sys_fstat(target_fd, &to) >= 0 &&
	    S_ISDIR(from.st_mode) != S_ISDIR(to.st_mode))
		return sys_fail(-ENOTDIR, why.name, why.object, "Not a directory, or not a file: a directory is mounted on a directory, a file on a file");
	sys_keep_failure(&why);
	return error;
}

int place_attach(int tree_fd, int target_fd)
{
	int r = sys_move_mount(tree_fd, "", target_fd, "", MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);

	return r < 0 ? check_types(tree_fd, target_fd, r) : 0;
}

int place_bind_old(int source_fd, int target_fd, bool recursive)
{
	char source[40], target[40];
	int r;

	snprintf(source, sizeof(source), "/proc/self/fd/%d", source_fd);
	snprintf(target, sizeof(target), "/proc/self/fd/%d", target_fd);
	r = sys_mount(source, target, NULL, MS_BIND | (recursive ? MS_REC : 0), NULL);
	return r < 0 ? check_types(source_fd, target_fd, r) : 0;
}

int place_same(int fd, int other_fd, const char *object)
{
	struct stat a = {0}, b = {0};
	int r = sys_fstat(fd, &a);

	if (r >= 0)
		r = sys_fstat(other_fd, &b);
	if (r < 0)
		return r;
	if ((a.st_dev == b.st_dev && a.st_ino == b.st_ino) || sys_is_dry_fd(fd) || sys_is_dry_fd(other_fd))
		return 0;
	return sys_fail(-ESTALE, "mount", object, "was covered or exchanged while the mounts were made");
}

/* Which attribute of mount_setattr(2) is which flag of statfs(2) and of mount(2). */
static const struct {
	uint64_t attr;
	long statfs;
	unsigned long mount;
} flags[] = {
	{MOUNT_ATTR_RDONLY, ST_RDONLY, MS_RDONLY},
	{MOUNT_ATTR_NOSUID, ST_NOSUID, MS_NOSUID},
	{MOUNT_ATTR_NODEV, ST_NODEV, MS_NODEV},
	{MOUNT_ATTR_NOEXEC, ST_NOEXEC, MS_NOEXEC},
	{MOUNT_ATTR_NOATIME, ST_NOATIME, MS_NOATIME},
	{MOUNT_ATTR_NODIRATIME, ST_NODIRATIME, MS_NODIRATIME},
	{0, ST_RELATIME, MS_RELATIME},
	{MOUNT_ATTR_NOSYMFOLLOW, 0x2000 /* ST_NOSYMFOLLOW */, 256 /* MS_NOSYMFOLLOW */},
};

unsigned long place_mount_flags(uint64_t attrs)
{
	unsigned long all = 0;

	for (size_t i = 0; i < array_size(flags); i++)
		if (attrs & flags[i].attr)
			all |= flags[i].mount;
	return all;
}

/* A remount sets all flags, so those that are there must be given again. */
static int remount(int mount_fd, const struct mount_change *c)
{
	struct statfs fs = {0};
	unsigned long now = MS_REMOUNT | MS_BIND;
	char path[40];
	int r = sys_fstatfs(mount_fd, &fs);

	if (r < 0)
		return r;
	for (size_t i = 0; i < array_size(flags); i++)
		if ((fs.f_flags & flags[i].statfs && !(c->clear & flags[i].attr)) || c->set & flags[i].attr)
			now |= flags[i].mount;
	if (c->set & MOUNT_ATTR_NOATIME)
		now &= ~(unsigned long)MS_RELATIME;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", mount_fd);
	return sys_mount(NULL, path, NULL, now, NULL);
}

int place_set_attrs(int mount_fd, bool recursive, bool attached, uint64_t set, uint64_t clear)
{
	struct mount_change change = {set, clear};
	int r;

	if (!set && !clear)
		return 0;
	r = sys_mount_setattr(mount_fd, "", AT_EMPTY_PATH | (recursive ? AT_RECURSIVE : 0), set, clear, 0);
	if (r != -ENOSYS || !attached)
		return r;
	r = remount(mount_fd, &change);
	return r < 0 || !recursive ? r : mount_subtree(mount_fd, remount, &change);
}
