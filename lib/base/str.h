/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Strings that grow, and small questions about strings. */
#ifndef LIB_BASE_STR_H
#define LIB_BASE_STR_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "sys/trace.h"

/* A string built piece by piece. After a failed allocation `failed` stays set and adds do nothing. */
struct str {
	char *s; /* NUL-terminated, or NULL while empty */
	size_t len, cap;
	bool failed;
};

void str_add(struct str *b, const char *s);
void str_addn(struct str *b, const char *s, size_t n);
void str_add_u64(struct str *b, uint64_t n); /* in base 10 */
void str_addf(struct str *b, const char *fmt, ...) printf_like(2, 3);
/* As a JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void str_add_json(struct str *b, const char *s);
/* Hand over the text (never NULL on success): 0 or -ENOMEM. */
int str_take(struct str *b, char **ret_s);
void str_done(struct str *b);

static inline void cleanup_str(struct str *b)
{
	str_done(b);
}

/* asprintf(3) that returns the string, or NULL for want of memory. */
char *str_format(const char *fmt, ...) printf_like(1, 2);

static inline bool str_eq(const char *a, const char *b)
{
	return !strcmp(a, b);
}

static inline bool str_starts(const char *s, const char *prefix)
{
	return !strncmp(s, prefix, strlen(prefix));
}

/* A whole number in base 10 without sign, blanks or rest: 0 or -EINVAL, -ERANGE. */
int str_to_u64(const char *s, uint64_t *ret_value);
/* Copy at most size - 1 bytes and end with NUL; -ENAMETOOLONG where it did not fit. */
int str_copy(char *to, size_t size, const char *from);

/* Copy what fits of the part before the first of `ends`, or of all; was it all of that part? */
bool str_cut(char *to, size_t size, const char *from, const char *ends);

/* Is `word` perhaps meant to be `name`: holds it, is held by it, or differs in two letters? */
bool str_is_near(const char *word, const char *name);

/* FNV-1a, 64 bits: finds what is equal and notices damage; no secret hangs on it. Starts with str_hash_start. */
static const uint64_t str_hash_start = 0xcbf29ce484222325u;
uint64_t str_hash(uint64_t hash, const void *data, size_t len);

#endif
