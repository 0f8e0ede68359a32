// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A mountinfo file through libmount and the questions that we ask of the table. The questions are
 * the file's own words, so that some of them hit; the answers must agree with each other.
 */
#include <sys/mman.h>
#include <unistd.h>

#include "fuzz.h"
#include "mount/table.h"

enum { WORDS_MAX = 64 };

static void ask(const struct mount_table *t, const char *source, const char *target)
{
	char *found = NULL;
	int r = mount_table_find(t, source, &found);

	if ((r == 1) != (found != NULL) || (found && !mount_table_has(t, source, found)))
		abort();
	if ((mount_table_has(t, source, target) || r == 1) && !mount_table_has(t, source, NULL))
		abort();
	if (mount_table_is_top(t, source, target) && !mount_table_has(t, source, target))
		abort();
	free(found);
}

FUZZ_TARGET(mountinfo)
{
	char path[40], *text = fuzz_string(data, size), *words[WORDS_MAX + 1], *save = NULL;
	int n = 0, fd = memfd_create("mountinfo", MFD_CLOEXEC);
	struct mount_table *t = NULL;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (mount_table_read_file(path, &t) >= 0) {
		while (n < WORDS_MAX && (words[n] = strtok_r(n ? NULL : text, " \t\n", &save)))
			n++;
		for (int i = 0; i < n; i++)
			for (int j = i > 10 ? i - 10 : 0; j < i; j++) {
				ask(t, words[i], words[j]);
				ask(t, words[j], words[i]);
			}
		mount_table_free(t);
	}
	close(fd);
	free(text);
	return 0;
}
