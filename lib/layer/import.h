/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An import under way: what its parts share. */
#ifndef LIB_LAYER_IMPORT_H
#define LIB_LAYER_IMPORT_H

#include "layer/store.h"
#include "layer/unpack.h"

struct import {
	struct rf_store *store;
	const struct rf_import_options *options;
	struct oci_image image;
	int source_fd;
	/* tmp/NAME and what stands in it: blobs/HEX, layers/DIFFID */
	char work_name[32];
	int work_fd, blobs_fd, layers_fd;
	struct rf_import_progress progress;
	struct rf_import_result result;
};

/* source.c: "[oci:]DIR[:TAG]" taken apart. The tag is NULL where none was given. */
int source_open(const char *source, int *ret_fd, char **ret_dir, char **ret_tag);

/* fetch.c */
void import_note(struct import *im, const char *fmt, ...) printf_like(2, 3);
void import_advance(uint64_t bytes, void *import);
/* The blob, verified, into the work directory unless the store has it. */
int fetch_blob(struct import *im, const struct oci_desc *desc);
/* The layer, verified, into the work directory unless the store has it. */
int fetch_layer(struct import *im, const struct oci_layer *layer);

#endif
