/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mounts below a mount, for kernels and filters without mount_setattr(2). */
#ifndef LIB_MOUNT_SUBTREE_H
#define LIB_MOUNT_SUBTREE_H

#include <stdint.h>

struct mount_change {
	uint64_t set, clear; /* MOUNT_ATTR_… */
};

/* Call `fn` with a descriptor on the root of each mount below that none covers, until one fails. */
int mount_subtree(int mount_fd, int (*fn)(int mount_fd, const struct mount_change *change),
		  const struct mount_change *change);

/* The same from a text of mountinfo's form, with `fn` called for each path, relative to the mount
 * with this id. For tests, too: no call is made. */
int mount_subtree_paths(char *mountinfo, uint64_t id,
			int (*fn)(const char *path, uint64_t id, void *data), void *data);

#endif
