/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of limits on bandwidth: what a group that goes away leaves. */
#ifndef LIB_PROBE_NET_H
#define LIB_PROBE_NET_H

#include <ringfence/net.h>

/* The names of the pins of a group and of those below, a line each, while the groups are there; NULL: none.
 * free(3). The kernel takes links off a while after a group is gone, which is too late for who removed it. */
int net_pins(struct rf_cgroup_fs *fs, const char *group, char **ret_names);
/* Remove them; `names` is cut up. */
void net_unpin(char *names);

#endif
