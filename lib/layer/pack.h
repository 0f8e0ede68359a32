/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* A directory of changes, as overlayfs keeps them, into one layer's blob: the way back from unpack.h. */
#ifndef LIB_LAYER_PACK_H
#define LIB_LAYER_PACK_H

#include "layer/oci.h"
#include "layer/store.h"

struct pack_job {
	struct rf_store *store;
	/* Of the mount: the layers below, and by which maps owners are shifted. */
	const struct mount_record *record;
	int upper_fd, blob_fd;
	enum packing packing;
	void (*advance)(uint64_t bytes, void *data); /* may be NULL */
	void *data;
};

struct packed {
	char hex[HEX_SIZE], diff_id[HEX_SIZE];
	uint64_t size;	  /* of the blob */
	uint64_t entries; /* the root is one */
	uint64_t bytes;	  /* of file contents */
	uint64_t whiteouts, devices;
	uint64_t left_out_sockets, left_out_acls, left_out_caps;
};

/* The same directory always gives the same bytes. -EBUSY where it changes meanwhile, -EINVAL for a
 * name or mark that a layer can't have, -EOVERFLOW for an owner outside of the maps. */
int layer_pack(const struct pack_job *job, struct packed *ret_packed);

#endif
