/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIB_NS_PEER_H
#define LIB_NS_PEER_H

#include <stdint.h>

/* A socket to ask by: a descriptor or -errno. */
int ns_peer_open(void);
/* How the caller's network namespace knows the one of a descriptor: RF_NS_UNASSIGNED or 0 and more. */
int ns_peer_id(int socket_fd, int ns_fd, int32_t *ret_id);

#endif
