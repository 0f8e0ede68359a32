// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/str.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static bool str_reserve(struct str *b, size_t more)
{
	size_t need = b->len + more + 1, cap = b->cap ?: 64;
	char *s;

	if (b->failed)
		return false;
	if (need <= b->cap)
		return true;
	while (cap < need)
		cap *= 2;
	s = realloc(b->s, cap);
	if (!s) {
		b->failed = true;
		return false;
	}
	b->s = s;
	b->cap = cap;
	return true;
}

void str_addn(struct str *b, const char *s, size_t n)
{
	if (!str_reserve(b, n))
		return;
	memcpy(b->s + b->len, s, n);
	b->len += n;
	b->s[b->len] = '\0';
}

void str_add(struct str *b, const char *s)
{
	str_addn(b, s, strlen(s));
}

void str_add_u64(struct str *b, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + n % 10);
	while (n /= 10);
	str_addn(b, digits + at, sizeof(digits) - at);
}

void str_addf(struct str *b, const char *fmt, ...)
{
	va_list ap, again;
	int n;

	va_start(ap, fmt);
	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	va_end(ap);
	if (n >= 0 && str_reserve(b, (size_t)n)) {
		vsnprintf(b->s + b->len, (size_t)n + 1, fmt, again);
		b->len += (size_t)n;
	}
	va_end(again);
}

/* Length of the UTF-8 sequence at s, or 0 where there is none. */
static size_t utf8_len(const unsigned char *s)
{
	size_t n = s[0] < 0x80 ? 1 : (s[0] & 0xe0) == 0xc0 ? 2 : (s[0] & 0xf0) == 0xe0 ? 3
		 : (s[0] & 0xf8) == 0xf0 ? 4 : 0;

	for (size_t i = 1; i < n; i++)
		if ((s[i] & 0xc0) != 0x80)
			return 0;
	/* Longer than needed, half of a surrogate pair, or beyond U+10FFFF. */
	if ((n == 2 && s[0] < 0xc2) || (s[0] == 0xe0 && s[1] < 0xa0) ||
	    (s[0] == 0xed && s[1] > 0x9f) || (s[0] == 0xf0 && s[1] < 0x90) ||
	    (s[0] == 0xf4 && s[1] > 0x8f) || s[0] > 0xf4)
		return 0;
	return n;
}

void str_add_json(struct str *b, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;

	str_add(b, "\"");
	while (*p) {
		size_t n = utf8_len(p);

		if (!n) {
			str_add(b, "\\ufffd");
			n = 1;
		} else if (*p == '"' || *p == '\\') {
			str_addf(b, "\\%c", *p);
		} else if (*p < 0x20 || *p == 0x7f) {
			str_addf(b, "\\u%04x", *p);
		} else {
			str_addn(b, (const char *)p, n);
		}
		p += n;
	}
	str_add(b, "\"");
}

int str_take(struct str *b, char **ret_s)
{
	if (!b->s && !b->failed)
		str_add(b, "");
	if (b->failed)
		return -ENOMEM;
	*ret_s = b->s;
	*b = (struct str){0};
	return 0;
}

void str_done(struct str *b)
{
	free(b->s);
	*b = (struct str){0};
}

char *str_format(const char *fmt, ...)
{
	char *s = NULL;
	va_list ap;
	int n;

	va_start(ap, fmt);
	n = vasprintf(&s, fmt, ap);
	va_end(ap);
	return n < 0 ? NULL : s;
}

int str_to_u64(const char *s, uint64_t *ret_value)
{
	uint64_t v = 0;

	if (!*s)
		return -EINVAL;
	for (; *s; s++) {
		if (*s < '0' || *s > '9')
			return -EINVAL;
		if (__builtin_mul_overflow(v, 10, &v) || __builtin_add_overflow(v, *s - '0', &v))
			return -ERANGE;
	}
	*ret_value = v;
	return 0;
}

bool str_cut(char *to, size_t size, const char *from, const char *ends)
{
	size_t len = strcspn(from, ends), n = len < size ? len : size - 1;

	memcpy(to, from, n);
	to[n] = '\0';
	return n == len;
}

int str_copy(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size);

	if (n == size) {
		memcpy(to, from, size - 1);
		to[size - 1] = '\0';
		return -ENAMETOOLONG;
	}
	memcpy(to, from, n + 1);
	return 0;
}

enum { NAME_MAX_LEN = 40 };

/* Number of single-letter edits from a to b, both short. */
static unsigned distance(const char *a, const char *b)
{
	unsigned row[NAME_MAX_LEN + 1];
	size_t n = strlen(b);

	for (size_t j = 0; j <= n; j++)
		row[j] = (unsigned)j;
	for (size_t i = 1; a[i - 1]; i++) {
		unsigned corner = row[0];

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= n; j++) {
			unsigned best = corner + (a[i - 1] != b[j - 1]);

			corner = row[j];
			if (best > row[j] + 1)
				best = row[j] + 1;
			if (best > row[j - 1] + 1)
				best = row[j - 1] + 1;
			row[j] = best;
		}
	}
	return row[n];
}

bool str_is_near(const char *word, const char *name)
{
	if (strlen(word) < 3 || strlen(name) > NAME_MAX_LEN)
		return false;
	return strstr(name, word) || strstr(word, name) || distance(word, name) <= 2;
}

uint64_t str_hash(uint64_t hash, const void *data, size_t len)
{
	const unsigned char *p = data;

	for (size_t i = 0; i < len; i++)
		hash = (hash ^ p[i]) * 0x100000001b3u;
	return hash;
}
