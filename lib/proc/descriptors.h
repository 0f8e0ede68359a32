/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* All descriptors of this process from a number on, without asking anyone who could lie. */
#ifndef LIB_PROC_DESCRIPTORS_H
#define LIB_PROC_DESCRIPTORS_H

/* Mark every open descriptor from `first` to `last` close-on-exec. 0 or -errno. */
int proc_descriptors_cloexec(unsigned first, unsigned last);

/* Close every open descriptor from `first` to `last`. 0 or -errno. */
int proc_descriptors_close(unsigned first, unsigned last);

#endif
