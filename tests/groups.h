/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Control groups of a test's own, below one that has its name. */
#ifndef TESTS_GROUPS_H
#define TESTS_GROUPS_H

#include <errno.h>
#include <fcntl.h>
#include <ringfence/cgroup.h>
#include <ringfence/cgroup-act.h>
#include <stdlib.h>

#include "base/str.h"

/* The fixture says in `why_not` what is missing here. */
#define NEED_GROUPS()                                                                              \
	if (self->why_not)                                                                         \
		SKIP(return, "%s", self->why_not)

/* With what is limited and counted, where it can be had: v1 has it in every hierarchy, v2 when it is asked for. */
static inline int make(struct rf_cgroup_fs *fs, const char *top, const char *below)
{
	static const char *const controllers[] = {"cpu", "memory", "pids", NULL};
	char *name = str_format("%s%s%s", top, *below ? "/" : "", below);
	int r = -ENOENT;

	if (rf_cgroup_fs_mode(fs) == RF_CGROUP_V2)
		r = rf_cgroup_create(fs, name, NULL, 0, controllers, NULL, NULL);
	if (r < 0 && r != -EEXIST)
		r = rf_cgroup_create(fs, name, NULL, 0, NULL, NULL, NULL);
	free(name);
	return r;
}

static inline int take_away(struct rf_cgroup_fs *fs, const char *top, const char *below)
{
	char *name = str_format("%s%s%s", top, *below ? "/" : "", below);
	int r = rf_cgroup_delete(fs, name, RF_CGROUP_RECURSIVE | RF_CGROUP_KILL, 0);

	free(name);
	return r;
}

static inline int count_fds(void)
{
	int n = 0;

	for (int fd = 3; fd < 1024; fd++)
		n += fcntl(fd, F_GETFD) >= 0;
	return n;
}

#endif
