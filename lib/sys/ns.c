// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on namespaces that exist, and on the root that paths begin at. */
#include <linux/nsfs.h>
#include <linux/sockios.h>
#include <sched.h>
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

int sys_socket_get_netns(int socket_fd)
{
	return (int)SYS_CALL("ioctl", SYS_OPEN, socket_fd, NULL, ioctl(socket_fd, SIOCGSKNS),
			     "%s, SIOCGSKNS", sys_at(socket_fd));
}
