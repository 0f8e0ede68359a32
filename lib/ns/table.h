/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The list while it is filled: entries that are found by their inode. */
#ifndef LIB_NS_TABLE_H
#define LIB_NS_TABLE_H

#include <ringfence/ns.h>
#include <stdbool.h>

struct rf_ns_list {
	struct rf_ns_entry *entries;
	char **paths, **mounts; /* of the entries, owned */
	size_t n, cap, hidden, unopened;
	int netlink_fd; /* to ask for the numbers of networks */
	/* Most processes are where the one before was. */
	size_t last[RF_NS_KINDS];
	/* Open addressing by inode: index + 1; a power of two, never half full. */
	uint32_t *slots;
	size_t n_slots;
};

/* The entry of a namespace, made where it is new; *ret_new says so. Valid until the next one is made. */
int ns_table_add(struct rf_ns_list *l, const struct rf_ns_kind *kind, uint64_t inode,
		 struct rf_ns_entry **ret_entry, bool *ret_new);
/* NULL where there is none. */
struct rf_ns_entry *ns_table_find(const struct rf_ns_list *l, uint64_t inode);
/* Add a path where it is mounted: 0 or -ENOMEM. */
int ns_table_mounted(struct rf_ns_list *l, struct rf_ns_entry *e, const char *path);
/* Set the path of an entry; the text is the table's from then on. NULL: -ENOMEM. */
int ns_table_path(struct rf_ns_list *l, struct rf_ns_entry *e, char *path);

#endif
