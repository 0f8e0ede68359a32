// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes as the kernel's log. A process that can call itself what it likes writes part of each line. */
#include <string.h>

#include "cgroup/oom.h"
#include "fuzz.h"

FUZZ_TARGET(oom)
{
	struct oom_log log = {0};
	char *text = strndup((const char *)data, size);

	if (!text || oom_parse(text, &log) < 0)
		abort();
	for (size_t i = 0; i < log.n; i++) {
		if (memchr(log.list[i].victim, '\0', OOM_NAME) == NULL || memchr(log.list[i].invoker, '\0', OOM_NAME) == NULL)
			abort();
		if (log.list[i].n_tasks && !log.list[i].tasks)
			abort();
		oom_concerns(&log.list[i], "a/b");
	}
	oom_log_done(&log);
	free(text);
	return 0;
}
