/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target is one function on bytes, in a file of the target's name; its seeds stand in
 * seeds/NAME. Built with libFuzzer it is a program of its own (make fuzz); linked into test_replay
 * it adds itself to the list, and each of its seeds is an ordinary test.
 */
#ifndef TESTS_FUZZ_H
#define TESTS_FUZZ_H

#include <fcntl.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct fuzz_target {
	const char *name;
	int (*run)(const uint8_t *data, size_t size);
	struct fuzz_target *next;
};

#ifdef FUZZ_ALONE
#define FUZZ_TARGET(name)                                                                          \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);                              \
	int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
#else
extern struct fuzz_target *fuzz_targets;
#define FUZZ_TARGET(name)                                                                          \
	static int fuzz_run(const uint8_t *data, size_t size);                                     \
	static struct fuzz_target fuzz_this = {#name, fuzz_run, NULL};                             \
	__attribute__((constructor)) static void fuzz_add(void)                                    \
	{                                                                                          \
		fuzz_this.next = fuzz_targets;                                                     \
		fuzz_targets = &fuzz_this;                                                         \
	}                                                                                          \
	static int fuzz_run(const uint8_t *data, size_t size)
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

/* A new directory in $TMPDIR, which whoever runs the target removes with all that is in it. */
static inline int fuzz_scratch(void)
{
	char path[512];
	int fd;

	snprintf(path, sizeof(path), "%s/rf-fuzz.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	fd = mkdtemp(path) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (fd < 0)
		abort();
	return fd;
}

#endif
