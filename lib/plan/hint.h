/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Hints that look at the system first. Each writes a sentence and says whether it has one. */
#ifndef LIB_PLAN_HINT_H
#define LIB_PLAN_HINT_H

#include <ringfence/trace.h>
#include <stdbool.h>
#include <stddef.h>

/* hint-ns.c */
bool hint_userns_refused(const struct rf_call *call, char *buf, size_t size);
bool hint_limit_reached(const struct rf_call *call, char *buf, size_t size);
bool hint_proc_masked(const struct rf_call *call, char *buf, size_t size);
bool hint_apparmor(const struct rf_call *call, char *buf, size_t size);
bool hint_not_a_mount(const struct rf_call *call, char *buf, size_t size);

#endif
