// SPDX-License-Identifier: LGPL-2.1-or-later
#include "proc/start.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

int proc_start(int64_t pid, uint64_t *ret_start)
{
	char path[40], *text __free(ptr) = NULL, *at;
	int r;

	snprintf(path, sizeof(path), "/proc/%lld/stat", (long long)pid);
	r = file_read_at(AT_FDCWD, path, 1 << 14, &text, NULL);
	/* The second field is a name with anything in it, in brackets; the third comes behind the last. */
	at = r >= 0 ? strrchr(text, ')') : NULL;
	/* Dead, but not waited for. */
	if (at && (str_starts(at, ") Z") || str_starts(at, ") X")))
		return -ESRCH;
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (!at)
		return -ESRCH;
	*ret_start = strtoull(at + 1, NULL, 10);
	return 0;
}
