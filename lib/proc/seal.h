/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A program whose file nobody can write to by way of /proc. */
#ifndef LIB_PROC_SEAL_H
#define LIB_PROC_SEAL_H

/*
 * Execute the running program again, with these words, from where it can't be written to. Returns
 * only where that is so already: 0; or where it can't be done: -errno. `name` is what ps(1) shall show.
 */
int proc_seal(const char *name, char *const argv[]);

#endif
