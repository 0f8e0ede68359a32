// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls that restrict, and those of a supervisor who answers for what is restricted. */
#include <errno.h>
#include <linux/seccomp.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sys.h"

/* The same numbers on every architecture; named here for headers older than 5.13. */
#ifndef SYS_landlock_create_ruleset
#define SYS_landlock_create_ruleset 444
#define SYS_landlock_add_rule 445
#define SYS_landlock_restrict_self 446
#endif

int sys_landlock_abi(void)
{
	return (int)SYS_CALL("landlock_create_ruleset", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_landlock_create_ruleset, NULL, 0, RF_LANDLOCK_VERSION),
			     "NULL, 0, %s", "LANDLOCK_CREATE_RULESET_VERSION");
}

int sys_landlock_create_ruleset(const struct sys_landlock_ruleset *rules)
{
	return (int)SYS_CALL("landlock_create_ruleset", SYS_MAKE, SYS_NOFD, NULL,
			     syscall(SYS_landlock_create_ruleset, rules, sizeof(*rules), 0),
			     "{.fs=0x%llx, .net=0x%llx, .scoped=0x%llx}, 0",
			     (unsigned long long)rules->handled_fs,
			     (unsigned long long)rules->handled_net,
			     (unsigned long long)rules->scoped);
}

int sys_landlock_add_path(int ruleset_fd, uint64_t allowed, int path_fd)
{
	struct sys_landlock_path rule = {allowed, path_fd};

	return (int)SYS_CALL("landlock_add_rule", SYS_ACT, path_fd, NULL,
			     syscall(SYS_landlock_add_rule, ruleset_fd, RF_LANDLOCK_RULE_PATH,
				     &rule, 0),
			     "%s, LANDLOCK_RULE_PATH_BENEATH, {0x%llx, %s}, 0", sys_at(ruleset_fd),
			     (unsigned long long)allowed, sys_at(path_fd));
}

int sys_landlock_add_port(int ruleset_fd, uint64_t allowed, uint16_t port)
{
	struct sys_landlock_port rule = {allowed, port};

	return (int)SYS_CALL("landlock_add_rule", SYS_ACT, ruleset_fd, NULL,
			     syscall(SYS_landlock_add_rule, ruleset_fd, RF_LANDLOCK_RULE_PORT,
				     &rule, 0),
			     "%s, LANDLOCK_RULE_NET_PORT, {0x%llx, %u}, 0", sys_at(ruleset_fd),
			     (unsigned long long)allowed, port);
}

int sys_landlock_restrict_self(int ruleset_fd, unsigned flags)
{
	return (int)SYS_CALL("landlock_restrict_self", SYS_ACT, ruleset_fd, NULL,
			     syscall(SYS_landlock_restrict_self, ruleset_fd, flags), "%s, 0x%x",
			     sys_at(ruleset_fd), flags);
}

int sys_seccomp_receive(int listener_fd, struct seccomp_notif *ret_call)
{
	/* The kernel refuses a buffer that is not all zeros. */
	memset(ret_call, 0, sizeof(*ret_call));
	return (int)SYS_CALL("ioctl", SYS_READ, listener_fd, NULL,
			     ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_RECV, ret_call),
			     "%d, SECCOMP_IOCTL_NOTIF_RECV", listener_fd);
}

int sys_seccomp_send(int listener_fd, struct seccomp_notif_resp *answer)
{
	return (int)SYS_CALL("ioctl", SYS_ACT, listener_fd, NULL,
			     ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_SEND, answer),
			     "%d, SECCOMP_IOCTL_NOTIF_SEND, {error=%d, flags=%u}", listener_fd,
			     answer->error, answer->flags);
}

int sys_seccomp_id_valid(int listener_fd, uint64_t id)
{
	return (int)SYS_CALL("ioctl", SYS_READ, listener_fd, NULL,
			     ioctl(listener_fd, SECCOMP_IOCTL_NOTIF_ID_VALID, &id),
			     "%d, SECCOMP_IOCTL_NOTIF_ID_VALID", listener_fd);
}

int sys_socketpair(int ret_fds[2])
{
	return (int)SYS_CALL("socketpair", SYS_READ, SYS_NOFD, NULL,
			     socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ret_fds),
			     "AF_UNIX, %s", "SOCK_SEQPACKET|SOCK_CLOEXEC");
}

static long receive_fd(int socket_fd)
{
	union {
		struct cmsghdr head;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {0};
	char byte;
	struct iovec iov = {&byte, 1};
	struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control,
			   .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(socket_fd, &m, MSG_CMSG_CLOEXEC);
	struct cmsghdr *c = n > 0 ? CMSG_FIRSTHDR(&m) : NULL;
	int fd;

	if (n < 0)
		return -1;
	if (!c || c->cmsg_type != SCM_RIGHTS) {
		errno = ENODATA;
		return -1;
	}
	memcpy(&fd, CMSG_DATA(c), sizeof(fd));
	return fd;
}

int sys_receive_fd(int socket_fd)
{
	return (int)SYS_CALL("recvmsg", SYS_READ, socket_fd, NULL, receive_fd(socket_fd),
			     "%d, {SCM_RIGHTS}", socket_fd);
}
