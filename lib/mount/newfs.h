/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mounts of new file systems: detached, or by mount(2) where the kernel refuses that. */
#ifndef LIB_MOUNT_NEWFS_H
#define LIB_MOUNT_NEWFS_H

#include <stddef.h>
#include <stdint.h>

struct newfs_param {
	const char *key, *value; /* value NULL: a flag */
};

struct newfs {
	const char *type;
	const struct newfs_param *params;
	size_t n_params;
	uint64_t attrs; /* MOUNT_ATTR_… */
};

/* A descriptor on the root of a new detached mount; -ENOSYS where there is no fsopen(2). */
int newfs_make(const struct newfs *fs);
/* By mount(2), on the directory that the descriptor or the path stands for. */
int newfs_mount_on(const struct newfs *fs, int target_fd);
int newfs_mount_at(const struct newfs *fs, const char *target);

#endif
