/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Flag words put into words. The text lives in a ring of buffers: good until some calls later. */
#ifndef LIB_SYS_DECODE_H
#define LIB_SYS_DECODE_H

#include <stddef.h>
#include <stdint.h>

struct sys_flag {
	uint64_t bit;
	const char *name;
};

const char *sys_flags(const struct sys_flag *table, uint64_t flags);
const char *sys_clone_flags(uint64_t flags);
const char *sys_open_flags(uint64_t flags);
const char *sys_resolve_flags(uint64_t flags);
const char *sys_mount_flags(uint64_t flags);
const char *sys_mount_attrs(uint64_t flags);
const char *sys_open_tree_flags(uint64_t flags);
const char *sys_move_mount_flags(uint64_t flags);
const char *sys_at_flags(uint64_t flags);
/* A descriptor, or AT_FDCWD by its name. */
const char *sys_at(int fd);
/* The first bytes of a buffer with escapes, in quotes. */
const char *sys_bytes(const void *data, size_t len);

#endif
