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
/* The same for whatever it is, after links. */
int resolve_path(int root_fd, const char *path);

/*
 * Open what `path` names below `dirfd` ("" and "." are dirfd itself), with open(2)'s `flags`. No
 * symbolic link, no ".." and no other mount on the way: -ELOOP or -ENOTDIR, -EXDEV. Without
 * openat2(2) it is walked by hand.
 */
int resolve_beneath(int dirfd, const char *path, int flags);

#endif
