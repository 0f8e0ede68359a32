/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The mount table of this process, read by libmount, and the identity of mount namespaces. */
#ifndef LIB_MOUNT_TABLE_H
#define LIB_MOUNT_TABLE_H

#include <stdbool.h>
#include <stdint.h>

struct mount_table;

int mount_table_read(struct mount_table **ret_table);
/* Another file of that form. */
int mount_table_read_file(const char *path, struct mount_table **ret_table);
void mount_table_free(struct mount_table *table); /* NULL is fine */

static inline void cleanup_mount_table(struct mount_table **table)
{
	mount_table_free(*table);
}

/* Is there a mount with this source, on this target (NULL: anywhere)? */
bool mount_table_has(const struct mount_table *table, const char *source, const char *target);
/* The target of the last mount with this source: 1 and a string to free(3), 0, or -ENOMEM. */
int mount_table_find(const struct mount_table *table, const char *source, char **ret_target);
/* Is the mount that is seen at `target`, the last one made there, of this source? */
bool mount_table_is_top(const struct mount_table *table, const char *source, const char *target);

/* The inode number of a mount namespace: this process's; and is any process in the one given? */
int mount_ns_id(uint64_t *ret_id);
bool mount_ns_is_alive(uint64_t id);

#endif
