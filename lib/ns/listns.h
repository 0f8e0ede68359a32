/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kernel's own list of namespaces. */
#ifndef LIB_NS_LISTNS_H
#define LIB_NS_LISTNS_H

#include <ringfence/ns.h>
#include <stdbool.h>

struct ns_ids {
	uint64_t *ids; /* ascending, owned */
	bool *met;     /* by the caller: those that it knows by now */
	size_t n;
};

/* 0; -ENOSYS before Linux 6.19. What was read is freed by ns_ids_done(). */
int ns_ids_read(struct ns_ids *ids);
void ns_ids_done(struct ns_ids *ids);
/* Mark it as met; one that is not in the list is passed over. */
void ns_ids_meet(struct ns_ids *ids, uint64_t id);

/* Kind and inode behind a descriptor; -ENOTTY where it is no namespace, -ENOENT for an unknown kind. */
int ns_kind_of(int fd, const struct rf_ns_kind **ret_kind, uint64_t *ret_inode);

#endif
