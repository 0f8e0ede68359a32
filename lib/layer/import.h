/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An import under way: what its parts share; and what a commit shares with it. */
#ifndef LIB_LAYER_IMPORT_H
#define LIB_LAYER_IMPORT_H

#include "layer/store.h"
#include "layer/unpack.h"

struct import {
	const char *what; /* "import" or "commit" */
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

/*
 * import.c: begin in tmp/WHAT-PID.N; put blobs and layers there; publish them under result.name as
 * what `image` says, all or nothing; end, in every case.
 */
int import_begin(struct import *im);
/* A manifest or configuration, which is in memory. */
int import_text(struct import *im, const struct oci_desc *desc, const char *text);
int import_publish(struct import *im);
void import_end(struct import *im);
/* 0, or -EINVAL, -ENAMETOOLONG: can this be an image's name in the store? */
int import_check_name(const struct import *im, const char *name);

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
