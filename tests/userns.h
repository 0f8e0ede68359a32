/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A user namespace of its own for a test, so that it needs no root and can harm nothing. */
#ifndef TESTS_USERNS_H
#define TESTS_USERNS_H

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static inline int userns_write(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	int r = fd < 0 || write(fd, text, strlen(text)) < 0 ? -errno : 0;

	if (fd >= 0)
		close(fd);
	return r;
}

/* Into a new user namespace and those of `flags`, as user and group `id`: 0, or -errno. */
static inline int userns_enter(int flags, unsigned id)
{
	char uids[48], gids[48];
	int r;

	snprintf(uids, sizeof(uids), "%u %u 1", id, geteuid());
	snprintf(gids, sizeof(gids), "%u %u 1", id, getegid());
	if (unshare(CLONE_NEWUSER | flags) < 0)
		return -errno;
	r = userns_write("/proc/self/setgroups", "deny");
	if (!r)
		r = userns_write("/proc/self/uid_map", uids);
	return r ? r : userns_write("/proc/self/gid_map", gids);
}

#endif
