/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces by the number under which they are listed. */
#ifndef LIB_NS_FIND_H
#define LIB_NS_FIND_H

#include <ringfence/ns.h>

/*
 * A descriptor of the namespace of this kind whose inode number is `inode`: that of a process of
 * this /proc, or one that stands as a file in the mount table. -ENOENT where none is found.
 */
int ns_open_by_inode(const struct rf_ns_kind *kind, uint64_t inode);

/* ":4026531840" or "net:[4026531840]": 1 with the number, 0 where it is a path, or -EINVAL. */
int ns_parse_inode(const struct rf_ns_kind *kind, const char *text, uint64_t *ret_inode);

#endif
