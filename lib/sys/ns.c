// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on namespaces that exist, and on the root that paths begin at. */
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sys.h"

int sys_setns(int fd, uint64_t flags)
{
	return (int)SYS_CALL("setns", SYS_ACT, fd, NULL, setns(fd, (int)flags), "%s, %s", sys_at(fd),
			     sys_clone_flags(flags));
}

int sys_chroot(const char *path)
{
	return (int)SYS_CALL("chroot", SYS_ACT, SYS_NOFD, path, chroot(path), "%s", sys_string(path));
}

int sys_getcwd(char *buf, size_t size)
{
	return (int)SYS_CALL("getcwd", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_getcwd, buf, size), "…, %zu", size);
}

int sys_ns_get_userns(int ns_fd)
{
	return (int)SYS_CALL("ioctl", SYS_OPEN, ns_fd, NULL, ioctl(ns_fd, NS_GET_USERNS),
			     "%s, NS_GET_USERNS", sys_at(ns_fd));
}

int sys_ns_get_parent(int ns_fd)
{
	return (int)SYS_CALL("ioctl", SYS_OPEN, ns_fd, NULL, ioctl(ns_fd, NS_GET_PARENT),
			     "%s, NS_GET_PARENT", sys_at(ns_fd));
}

int sys_ns_get_type(int ns_fd)
{
	return (int)SYS_CALL("ioctl", SYS_READ, ns_fd, NULL, ioctl(ns_fd, NS_GET_NSTYPE),
			     "%s, NS_GET_NSTYPE", sys_at(ns_fd));
}

int sys_ns_get_owner_uid(int ns_fd, uint32_t *ret_uid)
{
	return (int)SYS_CALL("ioctl", SYS_READ, ns_fd, NULL, ioctl(ns_fd, NS_GET_OWNER_UID, ret_uid),
			     "%s, NS_GET_OWNER_UID", sys_at(ns_fd));
}

int sys_pidfd_getfd(int pidfd, int target_fd)
{
	return (int)SYS_CALL("pidfd_getfd", SYS_OPEN, pidfd, NULL,
			     syscall(SYS_pidfd_getfd, pidfd, target_fd, 0), "%s, %d, 0", sys_at(pidfd), target_fd);
}

int sys_ns_get_id(int ns_fd, uint64_t *ret_id)
{
	return (int)SYS_CALL("ioctl", SYS_READ, ns_fd, NULL, ioctl(ns_fd, RF_NS_GET_ID, ret_id),
			     "%d, NS_GET_ID", ns_fd);
}

/* A file handle of nsfs is written by who opens it: its bytes are id, kind and inode. */
struct ns_handle {
	unsigned bytes;
	int type;
	uint64_t id;
	uint32_t kind, inode;
};
_Static_assert(offsetof(struct ns_handle, id) == offsetof(struct file_handle, f_handle), "no gap");

int sys_ns_open(uint64_t id, uint64_t kind, uint32_t inode)
{
	struct ns_handle h = {16, RF_FILEID_NSFS, id, (uint32_t)kind, inode};
	char object[40];

	snprintf(object, sizeof(object), "namespace %llu", (unsigned long long)id);
	return (int)SYS_CALL("open_by_handle_at", SYS_OPEN, SYS_NOFD, object,
			     syscall(SYS_open_by_handle_at, RF_FD_NSFS_ROOT, &h, O_RDONLY | O_CLOEXEC),
			     "FD_NSFS_ROOT, {%llu, %s, %u}, O_RDONLY|O_CLOEXEC", (unsigned long long)id,
			     sys_clone_flags(kind), inode);
}

ssize_t sys_listns(uint64_t after, uint64_t *ids, size_t n)
{
	const struct {
		uint32_t size, spare;
		uint64_t after;
		uint32_t kinds, spare2;
		uint64_t owner;
	} request = {.size = 32, .after = after};
	_Static_assert(sizeof(request) == 32, "struct ns_id_req");

	return SYS_CALL("listns", SYS_READ, SYS_NOFD, NULL,
			syscall(RF_SYS_LISTNS, &request, ids, n, 0), "{%llu}, …, %zu, 0",
			(unsigned long long)after, n);
}

int sys_socket_get_netns(int socket_fd)
{
	return (int)SYS_CALL("ioctl", SYS_OPEN, socket_fd, NULL, ioctl(socket_fd, SIOCGSKNS),
			     "%s, SIOCGSKNS", sys_at(socket_fd));
}
