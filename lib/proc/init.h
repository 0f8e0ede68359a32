/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The first process of a pid namespace: what a program should not have to be. */
#ifndef LIB_PROC_INIT_H
#define LIB_PROC_INIT_H

#include <sys/types.h>

/*
 * Be init: reap whatever ends, pass signals on to `program`, say its wait status, also that it has
 * stopped, to status_fd, and end with it. All signals must be blocked. Closes every other
 * descriptor above 2. Does not come back.
 */
__attribute__((noreturn)) void proc_be_init(pid_t program, int status_fd);

#endif
