// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on sockets. The address stands in the records as its owner wrote it. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "sys/sys.h"

int sys_socket(int domain, int type)
{
	return (int)SYS_CALL("socket", SYS_MAKE, SYS_NOFD, NULL, socket(domain, type | SOCK_CLOEXEC, 0), "%s, %s, 0",
			     domain == AF_UNIX ? "AF_UNIX" : domain == AF_INET6 ? "AF_INET6" :
			     domain == AF_NETLINK ? "AF_NETLINK" : "AF_INET",
			     type == SOCK_STREAM ? "SOCK_STREAM|SOCK_CLOEXEC" :
			     type == SOCK_RAW ? "SOCK_RAW|SOCK_CLOEXEC" : "SOCK_CLOEXEC");
}

int sys_bind(int fd, const struct sockaddr *address, socklen_t len, const char *words)
{
	return (int)SYS_CALL("bind", SYS_ACT, fd, words, bind(fd, address, len), "%d, \"%s\"", fd, words);
}

int sys_connect(int fd, const struct sockaddr *address, socklen_t len, const char *words)
{
	return (int)SYS_CALL("connect", SYS_ACT, fd, words, connect(fd, address, len), "%d, \"%s\"", fd, words);
}

int sys_listen(int fd, int backlog)
{
	return (int)SYS_CALL("listen", SYS_ACT, fd, NULL, listen(fd, backlog), "%d, %d", fd, backlog);
}

int sys_accept(int fd)
{
	return (int)SYS_CALL("accept4", SYS_MAKE, fd, NULL, accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK),
			     "%d, NULL, NULL, SOCK_CLOEXEC|SOCK_NONBLOCK", fd);
}

int sys_reuse_address(int fd)
{
	int on = 1;

	return (int)SYS_CALL("setsockopt", SYS_ACT, fd, NULL, setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)),
			     "%d, SOL_SOCKET, SO_REUSEADDR, 1", fd);
}
