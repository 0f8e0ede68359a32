/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Arguments put into words, as far as that goes in C's own words: who reads --explain can type them.
 * The text lives in a ring of buffers: good until some calls later. It is cut to a line's length, but
 * not for who writes a program of it (sys_is_whole()).
 */
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
/* The mode behind the flags, with a comma, where they want one. */
const char *sys_open_mode(uint64_t flags, unsigned mode);
const char *sys_resolve_flags(uint64_t flags);
const char *sys_mount_flags(uint64_t flags);
const char *sys_mount_attrs(uint64_t flags);
const char *sys_open_tree_flags(uint64_t flags);
const char *sys_move_mount_flags(uint64_t flags);
const char *sys_at_flags(uint64_t flags);
/* A descriptor, or AT_FDCWD by its name; of a dry run fd1, fd2 … */
const char *sys_at(int fd);
/* A process; of a dry run PID, PID2 … */
const char *sys_pid(int pid);
const char *sys_number(unsigned long n);
/* A signal's name, or the number. */
const char *sys_signal(int sig);
/* The first bytes of a buffer with escapes, in quotes. */
const char *sys_bytes(const void *data, size_t len);
/* The same of a string; NULL is NULL. */
const char *sys_string(const char *s);
/* A vector of strings: the first, or whole, all of them and the NULL behind. */
const char *sys_words(char *const words[]);

#endif
