/* SPDX-License-Identifier: LGPL-2.1-or-later */
#ifndef LIB_MOUNT_IDMAPPED_H
#define LIB_MOUNT_IDMAPPED_H

#include <ringfence/idmap.h>
#include <stdbool.h>

/*
 * Give a detached mount an id map: what id `inside` owns in the file system is seen as owned by id
 * `outside`. 0 or -errno; -EINVAL with a note where the file system can't be mounted so. Needs
 * CAP_SYS_ADMIN, CAP_SETUID and CAP_SETGID in the initial user namespace; Linux 5.12.
 */
int mount_set_idmap(int tree_fd, const struct rf_idmap *uids, const struct rf_idmap *gids);

/* In two calls, for several mounts: a descriptor on a user namespace that has these maps; and a
 * detached mount, with what is mounted below or without. */
int mount_make_userns(const struct rf_idmap *uids, const struct rf_idmap *gids);
int mount_set_idmap_of(int tree_fd, int userns_fd, bool recursive);

#endif
