// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mount calls. The fs* family reports why it refused as text in the context's own message queue;
 * a failing fsconfig or fsmount therefore leaves that text as the note of its record.
 */
#include <errno.h>
#include <linux/mount.h>
#include <stdio.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sys.h"

int sys_mount(const char *source, const char *target, const char *type, unsigned long flags,
	      const char *data)
{
	return (int)SYS_CALL("mount", SYS_ACT, SYS_NOFD, target,
			     mount(source, target, type, flags, data),
			     "%s, %s, %s, %s, %s", sys_string(source), sys_string(target), sys_string(type),
			     sys_mount_flags(flags), sys_string(data));
}

static const struct sys_flag umount_flags[] = {
	{MNT_FORCE, "MNT_FORCE"}, {MNT_DETACH, "MNT_DETACH"}, {MNT_EXPIRE, "MNT_EXPIRE"},
	{UMOUNT_NOFOLLOW, "UMOUNT_NOFOLLOW"}, {0, NULL}};

int sys_umount2(const char *target, int flags)
{
	return (int)SYS_CALL("umount2", SYS_ACT, SYS_NOFD, target, umount2(target, flags),
			     "%s, %s", sys_string(target), flags ? sys_flags(umount_flags, (uint64_t)flags) : "0");
}

int sys_pivot_root(const char *new_root, const char *put_old)
{
	return (int)SYS_CALL("pivot_root", SYS_ACT, SYS_NOFD, new_root,
			     syscall(SYS_pivot_root, new_root, put_old), "%s, %s", sys_string(new_root),
			     sys_string(put_old));
}

int sys_open_tree(int dirfd, const char *path, unsigned flags)
{
	int fd = (int)SYS_CALL("open_tree", flags & OPEN_TREE_CLONE ? SYS_MAKE : SYS_OPEN, dirfd,
			       path, syscall(SYS_open_tree, dirfd, path, flags | OPEN_TREE_CLOEXEC),
			       "%s, %s, %s", sys_at(dirfd), sys_string(path), sys_open_tree_flags(flags));

	if (fd >= 0)
		sys_name_fd(fd, dirfd, path);
	return fd;
}

int sys_move_mount(int from_fd, const char *from, int to_fd, const char *to, unsigned flags)
{
	return (int)SYS_CALL("move_mount", SYS_ACT, to_fd, to,
			     syscall(SYS_move_mount, from_fd, from, to_fd, to, flags),
			     "%s, %s, %s, %s, %s", sys_at(from_fd), sys_string(from), sys_at(to_fd), sys_string(to),
			     sys_move_mount_flags(flags));
}

int sys_fsopen(const char *type)
{
	int fd = (int)SYS_CALL("fsopen", SYS_MAKE, SYS_NOFD, type,
			       syscall(SYS_fsopen, type, FSOPEN_CLOEXEC), "%s, FSOPEN_CLOEXEC",
			       sys_string(type));

	if (fd >= 0)
		sys_name_fd(fd, AT_FDCWD, type);
	return fd;
}

/* The kernel's own words on the last failure of this context, without their "e " or "w " mark. */
static int with_kernel_message(int fs_fd, int r)
{
	struct rf_call call = *rf_trace_last_failure();
	char text[200];
	ssize_t n;

	if (r >= 0 || fs_fd < 0)
		return r;
	n = read(fs_fd, text, sizeof(text) - 1);
	if (n <= 2)
		return r;
	text[n] = '\0';
	text[strcspn(text, "\n")] = '\0';
	return sys_fail(r, call.name, call.object, "%s", text + 2);
}

int sys_fsconfig_string(int fs_fd, const char *key, const char *value)
{
	int r = (int)SYS_CALL("fsconfig", SYS_ACT, fs_fd, NULL,
			      syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_STRING, key, value, 0),
			      "%s, FSCONFIG_SET_STRING, %s, %s", sys_at(fs_fd), sys_string(key), sys_string(value));

	return with_kernel_message(fs_fd, r);
}

int sys_fsconfig_flag(int fs_fd, const char *key)
{
	int r = (int)SYS_CALL("fsconfig", SYS_ACT, fs_fd, NULL,
			      syscall(SYS_fsconfig, fs_fd, FSCONFIG_SET_FLAG, key, NULL, 0),
			      "%s, FSCONFIG_SET_FLAG, %s", sys_at(fs_fd), sys_string(key));

	return with_kernel_message(fs_fd, r);
}

int sys_fsconfig_create(int fs_fd)
{
	int r = (int)SYS_CALL("fsconfig", SYS_ACT, fs_fd, NULL,
			      syscall(SYS_fsconfig, fs_fd, FSCONFIG_CMD_CREATE, NULL, NULL, 0),
			      "%s, FSCONFIG_CMD_CREATE", sys_at(fs_fd));

	return with_kernel_message(fs_fd, r);
}

int sys_fsmount(int fs_fd, uint64_t attrs)
{
	int fd = (int)SYS_CALL("fsmount", SYS_MAKE, fs_fd, NULL,
			       syscall(SYS_fsmount, fs_fd, FSMOUNT_CLOEXEC, attrs),
			       "%s, FSMOUNT_CLOEXEC, %s", sys_at(fs_fd), sys_mount_attrs(attrs));

	if (fd >= 0)
		sys_name_fd(fd, fs_fd, ".");
	return with_kernel_message(fs_fd, fd);
}

/* The members that say something. */
static const char *attr_words(const struct mount_attr *a)
{
	static __thread char text[320];
	size_t n = 0;

	text[0] = '\0';
	if (a->attr_set)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ", .attr_set = %s",
				      sys_mount_attrs(a->attr_set));
	if (a->attr_clr)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ", .attr_clr = %s",
				      sys_mount_attrs(a->attr_clr));
	if (a->propagation)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ", .propagation = %s",
				      sys_mount_flags(a->propagation));
	if (a->attr_set & MOUNT_ATTR_IDMAP)
		n += (size_t)snprintf(text + n, sizeof(text) - n, ", .userns_fd = %s",
				      sys_at((int)a->userns_fd));
	return n ? text + 2 : "0";
}

int sys_mount_setattr(int dirfd, const char *path, unsigned flags, uint64_t set, uint64_t clear,
		      uint64_t propagation)
{
	struct mount_attr attr = {.attr_set = set, .attr_clr = clear, .propagation = propagation};

	return (int)SYS_CALL("mount_setattr", SYS_ACT, dirfd, path,
			     syscall(SYS_mount_setattr, dirfd, path, flags, &attr, sizeof(attr)),
			     "%s, %s, %s, {%s}", sys_at(dirfd), sys_string(path), sys_at_flags(flags),
			     attr_words(&attr));
}

int sys_mount_setattr_idmap(int tree_fd, int userns_fd, unsigned flags)
{
	struct mount_attr attr = {
		.attr_set = MOUNT_ATTR_IDMAP,
		.userns_fd = (uint64_t)userns_fd,
	};

	return (int)SYS_CALL("mount_setattr", SYS_ACT, tree_fd, NULL,
			     syscall(SYS_mount_setattr, tree_fd, "", AT_EMPTY_PATH | flags, &attr,
				     sizeof(attr)),
			     "%s, \"\", %s, {%s}", sys_at(tree_fd), sys_at_flags(AT_EMPTY_PATH | flags), attr_words(&attr));
}
