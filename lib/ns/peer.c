// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The number that a network namespace has within another: "link-netnsid 3" of ip-link(8). It is given
 * out when an interface's other end goes there, or by RTM_NEWNSID (ip netns set), and each network
 * namespace counts for itself. RTM_GETNSID asks for it by a descriptor and needs no right; what has
 * none is answered with -1. Source: rtnetlink(7), include/uapi/linux/net_namespace.h (4.0).
 */
#include "ns/peer.h"

#include <errno.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <string.h>
#include <sys/socket.h>

#include "sys/sys.h"

_Static_assert(NETNSA_NSID_NOT_ASSIGNED == -1, "RF_NS_UNASSIGNED");

/* As the kernel lays it out: each part begins at a multiple of four. */
struct message {
	struct nlmsghdr header;
	struct rtgenmsg family __attribute__((aligned(4)));
	struct rtattr attribute __attribute__((aligned(4)));
	int32_t value;
};

int ns_peer_open(void)
{
	return sys_socket(AF_NETLINK, SOCK_RAW);
}

static int32_t error_of(const char *answer, size_t len)
{
	struct nlmsgerr error;

	if (len < sizeof(struct nlmsghdr) + sizeof(error))
		return -EPROTO;
	memcpy(&error, answer + sizeof(struct nlmsghdr), sizeof(error));
	return error.error < 0 ? error.error : -EPROTO;
}

int ns_peer_id(int socket_fd, int ns_fd, int32_t *ret_id)
{
	struct message m = {
		.header = {.nlmsg_len = sizeof(m), .nlmsg_type = RTM_GETNSID, .nlmsg_flags = NLM_F_REQUEST},
		.attribute = {.rta_len = sizeof(m.attribute) + sizeof(m.value), .rta_type = NETNSA_FD},
		.value = ns_fd,
	};
	char answer[256];
	ssize_t n = sys_write(socket_fd, &m, sizeof(m));

	if (n >= 0)
		n = sys_read(socket_fd, answer, sizeof(answer));
	if (n < 0)
		return (int)n;
	if ((size_t)n < sizeof(m.header))
		return -EPROTO;
	memcpy(&m, answer, (size_t)n < sizeof(m) ? (size_t)n : sizeof(m));
	if (m.header.nlmsg_type == NLMSG_ERROR)
		return error_of(answer, (size_t)n);
	if (m.header.nlmsg_type != RTM_NEWNSID || (size_t)n < sizeof(m) || m.attribute.rta_type != NETNSA_NSID)
		return -EPROTO;
	*ret_id = m.value;
	return 0;
}
