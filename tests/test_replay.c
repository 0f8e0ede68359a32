// SPDX-License-Identifier: GPL-2.0-or-later
/* Every seed of every fuzz target, as an ordinary test. A crash that fuzzing found becomes a seed. */
#include <dirent.h>
#include <fcntl.h>
#include <unistd.h>

#include "harness.h"

typedef int target_fn(const uint8_t *data, size_t size);

#define TARGETS(X) X(units) X(idmap) X(faultspec) X(seccomp) X(image) X(layer)
#define DECLARE(name) target_fn fuzz_##name;
TARGETS(DECLARE)

/* The number of seeds that were run, or -1. */
static int replay(const char *name, target_fn *target)
{
	static uint8_t data[1 << 20];
	char path[512];
	struct dirent *e;
	int n = 0;
	DIR *dir;

	snprintf(path, sizeof(path), "%s/tests/fuzz/seeds/%s", getenv("TOP") ?: ".", name);
	dir = opendir(path);
	if (!dir)
		return -1;
	while ((e = readdir(dir))) {
		ssize_t size;
		int fd;

		if (e->d_name[0] == '.')
			continue;
		fd = openat(dirfd(dir), e->d_name, O_RDONLY);
		size = read(fd, data, sizeof(data));
		close(fd);
		if (size < 0)
			return -1;
		target(data, (size_t)size);
		n++;
	}
	closedir(dir);
	return n;
}

#define REPLAY(name)                                                                               \
	TEST(name)                                                                                 \
	{                                                                                          \
		EXPECT_LT(0, replay(#name, fuzz_##name));                                          \
	}
TARGETS(REPLAY)

TEST_HARNESS_MAIN
