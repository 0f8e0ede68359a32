/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared with user space: names of the groups that records speak of by id. */
#ifndef BPF_GROUP_H
#define BPF_GROUP_H

#include <linux/types.h>

#define GROUP_LEVELS 16 /* groups deeper than this below the studied one are not followed */
#define COMM_SIZE 16

/* One group: key is its id. The root has no parent (0) and an empty name. */
struct group_name {
	__u64 parent_id;
	char name[256];
};

#endif
