/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Mount points below a root that someone else may have filled, and what is attached there. */
#ifndef LIB_MOUNT_PLACE_H
#define LIB_MOUNT_PLACE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* What was made for a mount point: the last `n` parts of its path. */
struct place_made {
	unsigned n;
	bool leaf_is_file;
	/* In a dry run: would this path below the root be missing? NULL: nothing is. */
	bool (*is_missing)(const char *path, const void *data);
	const void *data;
};

/*
 * Open (O_PATH) what `path`, as mount_target() made it, is below the root. Where it is missing and
 * `type` is S_IFDIR or S_IFREG, it is made, with the directories above it; made->n grows at once, so
 * that it is right after a failure, too. With type 0 what is missing is -ENOENT.
 */
int place_open(int root_fd, const char *path, mode_t type, struct place_made *made);
/* The directory that `path` is in, made where it is missing. */
int place_open_parent(int root_fd, const char *path, struct place_made *made);
/* The last part of a path. */
const char *place_name(const char *path);
/* Make a directory or an empty file: type and mode, past the umask. */
int place_make(int parent_fd, const char *name, mode_t mode, struct place_made *made);
/* Detach the topmost mount there. */
void place_unmount(int root_fd, const char *path);
/* Remove what was made, as far as it is empty and nothing is mounted there. */
void place_remove(int root_fd, const char *path, struct place_made *made);

/* Attach a detached mount. -ENOSYS where the kernel has no move_mount(2). */
int place_attach(int tree_fd, int target_fd);
/* By mount(2): what `source_fd` is, on what `target_fd` is. */
int place_bind_old(int source_fd, int target_fd, bool recursive);
/* MS_… from MOUNT_ATTR_…. */
unsigned long place_mount_flags(uint64_t attrs);
/* -ESTALE, with a note, where these are not one file. */
int place_same(int fd, int other_fd, const char *object);

/*
 * Set and clear MOUNT_ATTR_… on a mount, given by a descriptor on its root, and with `recursive` on
 * all below it. Without mount_setattr(2) a mount that is attached is mounted again, one by one;
 * where it isn't (`attached` is false) that is -ENOSYS.
 */
int place_set_attrs(int mount_fd, bool recursive, bool attached, uint64_t set, uint64_t clear);

#endif
