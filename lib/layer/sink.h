/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layer blob in the making: archive entries in, a packed tar out; both are hashed on their way. */
#ifndef LIB_LAYER_SINK_H
#define LIB_LAYER_SINK_H

#include <archive.h>
#include <archive_entry.h>

#include "layer/oci.h"

struct sink;

/* `fd` stays the caller's. */
int sink_open(int fd, enum packing packing, struct sink **ret_sink);
/* The next entry; its content, as many bytes as its size says, follows by sink_data(). */
int sink_entry(struct sink *s, struct archive_entry *entry);
int sink_data(struct sink *s, const void *data, size_t len);
/* End the archive and say what the plain stream hashes to, and what was written to `fd`. */
int sink_finish(struct sink *s, char ret_diff_id[HEX_SIZE], char ret_hex[HEX_SIZE],
		uint64_t *ret_size);
void sink_close(struct sink *s); /* NULL is fine */

static inline void cleanup_sink(struct sink **s)
{
	sink_close(*s);
}

#endif
