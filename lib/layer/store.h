/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The directory of a store, its lock, its work in progress, and what its parts refer to. */
#ifndef LIB_LAYER_STORE_H
#define LIB_LAYER_STORE_H

#include <ringfence/layer.h>

#include "base/cleanup.h"
#include "layer/oci.h"

enum { MAX_LOWERS = 500 }; /* overlayfs: OVL_MAX_STACK */

struct rf_store {
	char *path; /* absolute */
	int dir_fd, blobs_fd, layers_fd, mounts_fd, tmp_fd;
};

/* Take the lock for a change; closing the descriptor gives it back. */
int store_lock(struct rf_store *store);
/* The path that a descriptor stands for; free(3) it. */
int path_of_fd(int fd, char **ret_path);
/* 1, 0, or -errno: what could not be looked at is not known to be missing. */
int exists_at(int dirfd, const char *name);
/* Names in a directory, "." and ".." left out; fn's result other than 0 ends it. */
int each_name(int dirfd, const char *path, int (*fn)(const char *name, void *data), void *data);

/* Is someone at work in this directory? 1: yes, 0: no, and *ret_fd then holds its lock. */
int work_is_live(int parent_fd, const char *name, int *ret_fd);

/* index.json: let `name` be this manifest, or drop the entries of an image. */
int index_set(struct rf_store *store, const char *name, const struct oci_desc *manifest,
	      bool *ret_replaced);
int index_drop(struct rf_store *store, const char *name, const char *hex, size_t *ret_dropped);

/* layers/DIFFID/layer.json */
struct layer_record {
	char blob[HEX_SIZE];
	uint64_t entries, bytes;
	bool opaque_root; /* hides all layers below; overlayfs looks for no such mark at a root */
};
int layer_record_write(int layer_fd, const struct layer_record *record);
int layer_record_read(struct rf_store *store, const char *diff_id, struct layer_record *ret);

/* What images and mounts need: a set of "b" or "l" and hex digits. */
struct needed {
	char (*names)[HEX_SIZE + 1];
	size_t n, cap;
};
int needed_mark(struct rf_store *store, struct needed *ret_needed);
bool needed_has(const struct needed *needed, char kind, const char *hex);
void needed_done(struct needed *needed);

static inline void cleanup_needed(struct needed *n)
{
	needed_done(n);
}

/* A journal in tmp/NAME lists what its import has begun to put in place; take back what nobody
 * needs. The caller holds the lock. */
int journal_undo(struct rf_store *store, int work_fd);

/* mounts/ID/record.json */
struct mount_record {
	char id[16];
	char *target, *image;
	struct oci_desc manifest; /* of that image; empty in the records of older versions */
	char **layers; /* diff ids, top first */
	size_t n_layers;
	struct rf_idmap uid_map, gid_map; /* by which owners are shifted, or empty */
	bool read_only, kept;
	uint64_t mount_ns;
};
int mount_record_write(int mount_fd, const struct mount_record *record);
int mount_record_read(struct rf_store *store, const char *id, struct mount_record *ret_record);
void mount_record_done(struct mount_record *record);

static inline void cleanup_mount_record(struct mount_record *r)
{
	mount_record_done(r);
}

/* The mount that a target or an id means, and its state as in struct rf_mount_info: 1, or 0 where a
 * directory has none; -ENOENT, as a failure of `what`, where it's neither. The caller holds the lock. */
enum { MOUNT_ID_SIZE = 16, MOUNT_STATE_SIZE = 16 };
int mount_find(struct rf_store *store, const char *what, const char *word,
	       char ret_id[MOUNT_ID_SIZE], char ret_state[MOUNT_STATE_SIZE]);

/* Where in mounts/ID an id-mapped view of the store may be attached. */
#define MOUNT_VIEW "view"
/* Remove mounts/ID and what was in it. */
int mount_dir_remove(struct rf_store *store, const char *id);

/* Remove the directories of mounts that are no more: how many. The caller holds the lock. */
int mounts_clean(struct rf_store *store);

/*
 * The source by which a mount of this store is known in the mount table: its id and the store's
 * own device and inode, since ids are the same in every store.
 */
enum { MOUNT_SOURCE_SIZE = 96 };
int mount_source(const struct rf_store *store, const char *id, char ret_source[MOUNT_SOURCE_SIZE]);

#endif
