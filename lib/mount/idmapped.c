// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An id-mapped mount takes its map from a user namespace, given by descriptor. A namespace exists
 * only with a process in it or a descriptor on it, so one is made for the moment: a child in a new
 * user namespace that waits; its maps are written from here, /proc/PID/ns/user is opened, and the
 * child is ended. The descriptor keeps the namespace.
 */
#include "mount/idmapped.h"

#include <linux/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"

static int write_map(int proc_fd, const char *name, const struct rf_idmap *map)
{
	char *text __free(ptr) = NULL;
	int r = rf_idmap_format(map, &text);

	return r < 0 ? r : file_write_at(proc_fd, name, text);
}

static int open_mapped_userns(pid_t pid, const struct rf_idmap *uids, const struct rf_idmap *gids)
{
	char path[32];
	int r, proc __free(fd) = -EBADF;

	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	proc = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (proc < 0)
		return proc;
	r = write_map(proc, "uid_map", uids);
	if (r >= 0)
		r = write_map(proc, "gid_map", gids);
	return r < 0 ? r : sys_openat(proc, "ns/user", O_RDONLY, 0);
}

/* The child holds on until its end of the pipe says that the parent is done, or dead. */
static __attribute__((noreturn)) void wait_for_end(int hold[2])
{
	char byte;

	sys_close(hold[1]);
	sys_quiet_receive(hold[0], &byte, 1);
	_exit(0);
}

int mount_make_userns(const struct rf_idmap *uids, const struct rf_idmap *gids)
{
	int fd, status, hold[2];
	pid_t pid;
	int r = sys_pipe(hold);

	if (r < 0)
		return r;
	pid = sys_clone3(CLONE_NEWUSER, -1);
	if (pid == 0)
		wait_for_end(hold);
	fd = pid < 0 ? pid : open_mapped_userns(pid, uids, gids);
	sys_close(hold[0]);
	sys_close(hold[1]);
	while (pid > 0 && sys_waitpid(pid, &status, 0) == -EINTR)
		;
	return fd;
}

int mount_set_idmap_of(int tree_fd, int userns_fd, bool recursive)
{
	int r = sys_mount_setattr_idmap(tree_fd, userns_fd, recursive ? AT_RECURSIVE : 0);

	if (r == -EINVAL)
		return sys_fail(r, "mount_setattr", sys_fd_name(tree_fd),
				recursive ? "its file system, or one mounted below, can't be mounted with an id map on this kernel"
					  : "its file system can't be mounted with an id map on this kernel");
	return r;
}

int mount_set_idmap(int tree_fd, const struct rf_idmap *uids, const struct rf_idmap *gids)
{
	int ns __free(fd) = mount_make_userns(uids, gids);

	return ns < 0 ? ns : mount_set_idmap_of(tree_fd, ns, false);
}
