/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What can be said of a mount operation without touching anything. */
#ifndef LIB_MOUNT_OP_H
#define LIB_MOUNT_OP_H

#include <ringfence/mounts.h>

/* The name of a kind, as its option and its step are called: "bind". */
const char *mount_kind_name(enum rf_mount_kind kind);

/* Is it complete and without contradiction? 0, or -EINVAL with a note. */
int mount_op_check(const struct rf_mount_op *op);

/*
 * A target without empty parts and ".": "" for the root, "a/b". `ret` has at least the length of
 * `target`. -EINVAL, without a note, where it is not absolute, has "..", or is longer than a path.
 */
int mount_target(const char *target, char *ret);

/* Is it the word that stands for a list of paths below proc? */
bool mount_is_proc_list(const struct rf_mount_op *op);

/* MOUNT_ATTR_… from RF_MOUNT_…: what to set, what to clear. */
uint64_t mount_attrs_set(uint64_t attrs);
uint64_t mount_attrs_clear(uint64_t attrs);

#endif
