/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Numbers of attributes to their names, for steps and listings. */
#ifndef LIB_PRIV_ATTRIBUTES_H
#define LIB_PRIV_ATTRIBUTES_H

#include <ringfence/attributes.h>

#include "base/str.h"

struct attr_name {
	const char *name; /* the first with a value is the one that is shown; NULL ends a table */
	int value;
};

/* MPOL_DEFAULT and MPOL_LOCAL: the policies that have no nodes. */
enum { attr_mpol_default = 0, attr_mpol_local = 4 };

extern const struct attr_name sched_names[], ioprio_names[], mempolicy_names[], securebit_names[];

const char *attr_name(const struct attr_name *table, int value); /* NULL: none */

/* In words; 0 or -ENOMEM. */
int attr_personality_words(unsigned long persona, char **ret_text);
void attr_securebits_words(uint32_t bits, struct str *out);
/* "64.0 MiB", "10 s", "unlimited". */
void attr_limit_words(const struct rf_rlimit_kind *kind, uint64_t value, struct str *out);
void attr_ioprio_words(int ioprio, struct str *out);
void attr_sched_words(const struct rf_sched *s, struct str *out);
void attr_mempolicy_words(const struct rf_mempolicy *m, struct str *out);


/* A user's line of /etc/passwd as fields, which live as long as *ret_text (free(3)). -ENOENT. */
int attr_passwd_line(uint32_t uid, char **ret_text, const char *ret_fields[7]);

#endif
