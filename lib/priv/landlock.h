/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Acting on a set of Landlock rules. */
#ifndef LIB_PRIV_LANDLOCK_H
#define LIB_PRIV_LANDLOCK_H

#include <ringfence/landlock.h>

#include "base/str.h"

/* A ruleset with its rules: its descriptor, or -errno. Opens each path. */
int landlock_make(const struct rf_landlock *rules);

/* Rights in words, with commas. */
void landlock_format(enum rf_landlock_kind kind, uint64_t rights, struct str *out);

#endif
