/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The form of a recording: what recorder (writing) and recording (reading) share. */
#ifndef LIB_CGROUP_RECORDING_H
#define LIB_CGROUP_RECORDING_H

#include <ringfence/recording.h>

#include "cgroup/sample.h"

enum {
	RECORDING_KEY_EVERY = 64,
	RECORDING_MAX_GROUPS = 1 << 20,
	RECORDING_MAX_BLOCK = 1 << 29, /* bytes, before and after compression */
	RECORDING_MAX_KEYS = 1 << 16,  /* bytes of the figures' keys */
};

#define RECORDING_MAGIC "RFREC1\r\n"
#define RECORDING_BLOCK 0x4d534652u

/* At the start of the file; the keys follow, each ended by a newline. */
struct recording_head {
	char magic[8];
	uint32_t keys_len, zero;
};

/* At the start of a block; its content follows. */
struct recording_block {
	uint32_t magic;
	uint32_t len;	  /* of the content as it stands in the file */
	uint32_t raw_len; /* after decompression */
	uint32_t n_groups;
	uint32_t is_key, zero;
	uint64_t time_us;
};

/* Where a block is. */
struct recording_index {
	uint64_t at; /* of its content */
	uint32_t key; /* index of its key block */
	struct recording_block block;
};

/* What is known of a file. */
struct recording_file {
	int fd;
	uint64_t end; /* of the last whole block */
	uint64_t size;
	/* By the file's order of figures: ours, or -1. */
	int8_t figures[256];
	size_t n_figures;
	struct recording_index *index;
	size_t n, cap;
};

/* Read the head and find all blocks; -EBADMSG. An empty file has neither. */
int recording_scan(struct recording_file *f, const char *path);
int recording_append(struct recording_file *f, const struct recording_block *block);
void recording_done(struct recording_file *f);

/* Bytes of one figure of all groups side by side, the lowest bytes first: mostly zeros, in long runs. */
void recording_spread(const uint64_t *values, size_t n, uint8_t *to);
void recording_gather(const uint8_t *from, size_t n, uint64_t *ret_values);

#endif
