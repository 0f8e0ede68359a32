/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The studied group as files. */
#ifndef LIB_PROBE_GROUP_H
#define LIB_PROBE_GROUP_H

#include <stdbool.h>
#include <stdint.h>

struct probe_group {
	char *path;	 /* "/", "/demo" */
	char *directory; /* mount point and path */
	int root_fd, fd;
	bool unified; /* in the v2 tree */
	uint64_t id, root_id;
	uint32_t hierarchy_id;
};

/* Find `path` in the hierarchy that has `controller`. Errors as in <ringfence/probe.h>. */
int probe_group_open(struct probe_group *g, const char *path, const char *controller);
void probe_group_close(struct probe_group *g);

/* 1: there is a process in it or below. 0: none, or the group is gone. */
int probe_group_populated(const struct probe_group *g);

/* A number that is all of a file; "max", -1 and v1's rounded maximum are RF_MAX. */
int probe_file_number(int dirfd, const char *name, uint64_t *ret_value);

/* The value behind `key` in a file of "KEY VALUE" lines, opened before. -ENOKEY: not there. */
int probe_stat_number(int fd, const char *key, uint64_t *ret_value);

#endif
