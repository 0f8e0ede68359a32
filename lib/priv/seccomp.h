/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a compiled filter. */
#ifndef LIB_PRIV_SECCOMP_H
#define LIB_PRIV_SECCOMP_H

#include <linux/filter.h>
#include <ringfence/priv.h>
#include <seccomp.h>

#include "base/str.h"

/*
 * One line of a profile for one call: where the conditions hold, the action. Kept so that a trace
 * can tell which one has decided; a filter from the cache or a compiled file has none.
 */
struct seccomp_rule {
	int nr;
	uint32_t action; /* SECCOMP_RET_… with its data */
	struct scmp_arg_cmp *conditions;
	size_t n;
	char *where; /* "syscalls[3]", "profile:12" */
};

struct rf_seccomp {
	char *name; /* the profile's file, for messages */
	struct sock_filter *filter;
	size_t n;
	unsigned flags; /* SECCOMP_FILTER_FLAG_… */
	bool needs_listener, from_cache, is_text;
	char *unknown; /* names left out, with commas */
	struct seccomp_rule *rules; /* in the profile's order */
	size_t n_rules;
};

static inline void cleanup_seccomp(struct rf_seccomp **s)
{
	rf_seccomp_free(*s);
}

/* seccomp-profile.c: JSON to filter. Fills filter, n, flags, needs_listener, unknown. */
int seccomp_from_json(const char *json, size_t len, struct rf_seccomp *s);

/* seccomp-rules.c. Append a rule (conditions and `where` are copied): 0 or -ENOMEM. */
int seccomp_add_rule(struct rf_seccomp *s, int nr, uint32_t action,
		     const struct scmp_arg_cmp *conditions, size_t n, const char *where);
/* Rules to the filter, for this machine's architecture; the first rule that holds decides. */
int seccomp_compile_rules(struct rf_seccomp *s, uint32_t default_action);
/* The first rule that holds for the call and has that action, or NULL. */
const struct seccomp_rule *seccomp_deciding_rule(const struct rf_seccomp *s,
						 const struct seccomp_data *call, uint32_t action);
uint32_t seccomp_native_arch(void); /* AUDIT_ARCH_… */

/* Take the filter and the names left out from a file's body, one behind the other: 0 or -ENOMEM. */
int seccomp_fill(struct rf_seccomp *s, const char *body, size_t n, size_t unknown_len);

/*
 * seccomp-text.c. A text profile with the files that it includes, put into one text whose lines
 * know their origin ("\1NAME:" before each file): it is the cache's key, and what is compiled.
 */
int seccomp_text_load(const char *path, const char *text, size_t len, char **ret_whole,
		      size_t *ret_len);
int seccomp_from_text(const char *whole, struct rf_seccomp *s);

/* seccomp-groups.c: the names of a group, ended by NULL; NULL where there is no such group. */
const char *const *seccomp_group(const char *name);

/* seccomp-names.c. A call's number; -ENOSYS: of other architectures only; -ENOENT: of none. */
int seccomp_call_number(const char *name);
void seccomp_add_near(const char *word, struct str *out);

/* seccomp-values.c. 0 or -ENOENT. */
int seccomp_value(const char *name, uint64_t *ret_value);

/*
 * notify.c. Load the filter with all but "allow" turned into a question to the supervisor, and send
 * him the listener by the socket: the listener, which the exec closes (a close(2) would be a call to be told of), or -errno.
 */
int notify_load(const struct rf_seccomp *s, int socket_fd);

/* seccomp-file.c */
bool seccomp_is_compiled(const char *data, size_t len);
int seccomp_from_compiled(const char *data, size_t len, struct rf_seccomp *s);
/* From instructions alone. */
int seccomp_from_raw(const char *data, size_t len, struct rf_seccomp *s);

/*
 * seccomp-cache.c. Find the filter that was compiled from these bytes: 0, or -errno where there is
 * none to be trusted. Store: no result, because nothing hangs on it.
 */
int seccomp_cache_find(const char *json, size_t len, struct rf_seccomp *s);
void seccomp_cache_store(const char *json, size_t len, const struct rf_seccomp *s);

/* Does the filter let the caller reach execve(2)? 0 with *ret_action, the answer it gives. */
int seccomp_answer_to_execve(const struct rf_seccomp *s, uint32_t *ret_action);

#endif
