/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Acting on the calling thread's capability sets. All return 0 or -errno. */
#ifndef LIB_PRIV_CAPS_H
#define LIB_PRIV_CAPS_H

#include <ringfence/priv.h>
#include <sys/capability.h>

/* rf_caps_get() in parts: a call per capability is made for each of the last two sets. */
int caps_get_held(struct rf_caps *caps); /* effective, permitted, inheritable */
int caps_get_bounding(struct rf_caps *caps);

int caps_drop_bounding(uint64_t caps);
int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable);
int caps_raise_ambient(uint64_t caps);

/* One of the three sets of libcap's state, as a mask of those that the kernel knows. */
uint64_t caps_flag_set(cap_t c, cap_flag_t set);

/* "cap_chown", or its number where libcap is older than the kernel; free(3). NULL: no memory. */
char *caps_name(unsigned cap);

#endif
