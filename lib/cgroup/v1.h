/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* v1-io.c: what v1.c's table of conversions has of blkio. */
#ifndef LIB_CGROUP_V1_H
#define LIB_CGROUP_V1_H

#include "cgroup/cgroup.h"

int v1_get_io_max(const struct cgroup *g, const struct cgroup_key *key, char **ret);
int v1_set_io_max(const struct cgroup *g, const struct cgroup_setting *s,
		  const struct cgroup_settings *all, struct cgroup_writes *out);
int v1_get_io_stat(const struct cgroup *g, const struct cgroup_key *key, char **ret);

#endif
