/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Namespaces by the number under which they are listed. */
#ifndef LIB_NS_FIND_H
#define LIB_NS_FIND_H

#include <ringfence/ns.h>

/*
 * A descriptor of the namespace of this kind whose id (Linux 6.18) or inode number is `number`: opened
 * by its id (6.19), or found at a process of this /proc or as a file in the mount table. It may be of
 * another kind where the id is that one's. -ENOENT where none is found.
 */
int ns_open_by_number(const struct rf_ns_kind *kind, uint64_t number);

/* ":4026531840" or "net:[4026531840]": 1 with the number, 0 where it is a path, or -EINVAL. */
int ns_parse_inode(const struct rf_ns_kind *kind, const char *text, uint64_t *ret_inode);

#endif
