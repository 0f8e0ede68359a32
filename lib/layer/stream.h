/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A layer blob as a run of archive entries, with the hash of the unpacked stream at its end. */
#ifndef LIB_LAYER_STREAM_H
#define LIB_LAYER_STREAM_H

#include <archive.h>
#include <archive_entry.h>

#include "layer/oci.h"

struct stream;

struct stream_limits {
	uint64_t max_bytes, max_ratio;
};

/* `fd` stays the caller's, its offset moves. `advance` is told of bytes read from it (may be NULL). */
int stream_open(int fd, const struct oci_layer *layer, const struct stream_limits *limits,
		void (*advance)(uint64_t bytes, void *data), void *data,
		struct stream **ret_stream);
/* 1 and the next entry, or 0 at the end. */
int stream_next(struct stream *s, struct archive_entry **ret_entry);
/* 1 and the next piece of the entry's content, or 0 at its end. */
int stream_data(struct stream *s, const void **ret_data, size_t *ret_len, int64_t *ret_offset);
/* Read on to the very end and say what all of it hashes to; *ret_garbage: there was something
 * behind the archive or behind the packed data. */
int stream_finish(struct stream *s, char ret_hex[HEX_SIZE], bool *ret_garbage);
void stream_close(struct stream *s); /* NULL is fine */

static inline void cleanup_stream(struct stream **s)
{
	stream_close(*s);
}

#endif
