/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Directories below a root that someone else filled. */
#ifndef LIB_BASE_RESOLVE_H
#define LIB_BASE_RESOLVE_H

/*
 * Open (O_PATH) the directory that `path` means to a process whose root is `root_fd`: symbolic
 * links, absolute ones too, and ".." never lead out. Without openat2(2) it is walked by hand.
 * -ENOENT, -ENOTDIR, -ELOOP, -ENAMETOOLONG as open(2).
 */
int resolve_dir(int root_fd, const char *path);

#endif
