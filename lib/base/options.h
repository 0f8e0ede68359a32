/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Every options struct of the API begins with its size, by which it can grow. */
#ifndef LIB_BASE_OPTIONS_H
#define LIB_BASE_OPTIONS_H

#include "sys/trace.h"

/* 0, or -EINVAL where the caller was built for another struct, or left the size out. */
#define options_check(options, what)                                                               \
	((options)->size == sizeof(*(options))                                                     \
		 ? 0                                                                               \
		 : sys_fail(-EINVAL, "options", what, "a size of %zu, this library knows %zu",     \
			    (options)->size, sizeof(*(options))))

#endif
