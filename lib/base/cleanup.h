/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Scope-based cleanup in the manner of the kernel's cleanup.h: what is acquired is released when
 * its variable leaves scope, unless it was handed over:
 *
 *	int fd __free(fd) = sys_openat(…);
 *	if (fd < 0)
 *		return fd;
 *	*ret_fd = take_fd(&fd);		(after the last call that can fail)
 *
 * No `goto` in a function that uses these.
 */
#ifndef LIB_BASE_CLEANUP_H
#define LIB_BASE_CLEANUP_H

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "sys/sys.h"

#define __free(name) __attribute__((cleanup(cleanup_##name)))
#define DEFINE_FREE(name, type, stmt)                                                              \
	static inline void cleanup_##name(type *p)                                                 \
	{                                                                                          \
		type v = *p;                                                                       \
		stmt;                                                                              \
	}

DEFINE_FREE(fd, int, if (v >= 0) sys_close(v))
DEFINE_FREE(dir, DIR *, if (v) closedir(v))
DEFINE_FREE(file, FILE *, if (v) fclose(v))

static inline void cleanup_ptr(void *p)
{
	free(*(void **)p);
}

static inline int take_fd(int *fd)
{
	int v = *fd;

	*fd = -EBADF;
	return v;
}

#define take_ptr(p)                                                                                \
	({                                                                                         \
		__auto_type v_ = *(p);                                                             \
		*(p) = NULL;                                                                       \
		v_;                                                                                \
	})

#define array_size(a) (sizeof(a) / sizeof((a)[0]))

#endif
