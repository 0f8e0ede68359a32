// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "nsls.h"

static void read_command(int proc_fd, struct process *p)
{
	char *text __free(ptr) = NULL;
	size_t len = 0;

	if (file_read_at(proc_fd, "cmdline", 1 << 20, &text, &len) >= 0 && len) {
		while (len && !text[len - 1])
			len--;
		for (size_t i = 0; i < len; i++)
			if (!text[i])
				text[i] = ' ';
		snprintf(p->command, sizeof(p->command), "%s", text);
		return;
	}
	/* A thread of the kernel, or one that has erased its words. */
	free(text);
	text = NULL;
	if (file_read_at(proc_fd, "comm", 64, &text, NULL) >= 0)
		snprintf(p->command, sizeof(p->command), "[%.*s]", (int)strcspn(text, "\n"), text);
}

void process_read(int pid, struct process *ret)
{
	char path[32], *text __free(ptr) = NULL, *at;
	int proc __free(fd) = -EBADF;
	struct stat st;

	*ret = (struct process){.pid = pid, .ppid = -1, .uid = -1};
	snprintf(path, sizeof(path), "/proc/%d", pid);
	proc = sys_openat(AT_FDCWD, path, O_PATH | O_DIRECTORY, 0);
	if (proc < 0)
		return;
	if (sys_fstat(proc, &st) >= 0)
		ret->uid = st.st_uid;
	/* Behind the name, which may have anything in it: ") S PPID". */
	if (file_read_at(proc, "stat", 4096, &text, NULL) >= 0 && (at = strrchr(text, ')')) && at[1])
		ret->ppid = (int)strtol(at + 3, NULL, 10);
	read_command(proc, ret);
}

const char *user_name(int64_t uid)
{
	static char *passwd, name[64];
	static int64_t known = -1;

	if (uid == known)
		return name;
	if (!passwd && file_read_at(AT_FDCWD, "/etc/passwd", 16 << 20, &passwd, NULL) < 0)
		passwd = strdup("");
	known = uid;
	snprintf(name, sizeof(name), "%lld", (long long)uid);
	for (const char *line = passwd; line && *line; line += strcspn(line, "\n"), line += *line == '\n') {
		const char *number = strchr(line, ':');

		number = number ? strchr(number + 1, ':') : NULL;
		if (!number || strtoll(number + 1, NULL, 10) != uid)
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)strcspn(line, ":"), line);
		break;
	}
	return name;
}
