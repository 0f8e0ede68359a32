/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What tells a process from a later one with its pid. */
#ifndef LIB_PROC_START_H
#define LIB_PROC_START_H

#include <stdint.h>

/* When it began, in ticks after boot (field 22 of /proc/PID/stat). -ESRCH: there is none, or it is dead. */
int proc_start(int64_t pid, uint64_t *ret_start);

#endif
