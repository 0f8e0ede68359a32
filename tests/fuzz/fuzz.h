/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target is one function on bytes. Linked alone with libFuzzer it is the target (make fuzz);
 * linked into test_replay, each is run over its committed seeds as an ordinary test.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#ifdef FUZZ_ALONE
#define FUZZ_TARGET(name)                                                                          \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                              \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
#else
#define FUZZ_TARGET(name)                                                                          \
	int fuzz_##name(const uint8_t *data, size_t size);                                         \
	int fuzz_##name(const uint8_t *data, size_t size)
#endif

/* The bytes as a string of their own, so that reading beyond is seen; free(3) it. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
	char *s = malloc(size + 1);

	if (!s)
		abort();
	memcpy(s, data, size);
	s[size] = '\0';
	return s;
}

#endif
