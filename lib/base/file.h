/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Whole files and trees, relative to a directory descriptor. */
#ifndef LIB_BASE_FILE_H
#define LIB_BASE_FILE_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Read a file of at most `limit` bytes. *ret_text gets a NUL after the last byte; free(3) it.
 * -EFBIG where the file is longer.
 */
int file_read_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_len);
int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_len);

/* One write(2) of `text` into an existing file, as kernel files want it. */
int file_write_at(int dirfd, const char *path, const char *text);

/* All of it, over short writes. */
int file_write_all(int fd, const void *data, size_t len);

/*
 * Replace `path` by a file with this content so that a reader sees the old or the new one, even
 * after a crash: temporary file, fsync, rename. The temporary file is gone on failure.
 */
int file_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode);

/* mkdir -p below dirfd; directories that exist are left as they are. */
int file_mkdir_p(int dirfd, const char *path, mode_t mode);

/*
 * Remove what `name` is, with all below it, not following links nor crossing into other mounts
 * (-EXDEV). The name is one component. What is not there is removed.
 */
int file_remove_tree(int dirfd, const char *name);

#endif
