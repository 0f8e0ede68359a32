/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a compiled filter. */
#ifndef LIB_PRIV_SECCOMP_H
#define LIB_PRIV_SECCOMP_H

#include <linux/filter.h>
#include <ringfence/priv.h>

struct rf_seccomp {
	char *name; /* the profile's file, for messages */
	struct sock_filter *filter;
	size_t n;
	unsigned flags; /* SECCOMP_FILTER_FLAG_… */
	bool needs_listener, from_cache;
	char *unknown; /* names left out, with commas */
};

static inline void cleanup_seccomp(struct rf_seccomp **s)
{
	rf_seccomp_free(*s);
}

/* seccomp-profile.c: JSON to filter. Fills filter, n, flags, needs_listener, unknown. */
int seccomp_from_json(const char *json, size_t len, struct rf_seccomp *s);

/*
 * seccomp-cache.c. Find the filter that was compiled from these bytes: 0, or -errno where there is
 * none to be trusted. Store: no result, because nothing hangs on it.
 */
int seccomp_cache_find(const char *json, size_t len, struct rf_seccomp *s);
void seccomp_cache_store(const char *json, size_t len, const struct rf_seccomp *s);

/* Does the filter let the caller reach execve(2)? 0 with *ret_action, the answer it gives. */
int seccomp_answer_to_execve(const struct rf_seccomp *s, uint32_t *ret_action);

#endif
