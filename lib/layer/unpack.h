/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* One layer's archive into one directory. */
#ifndef LIB_LAYER_UNPACK_H
#define LIB_LAYER_UNPACK_H

#include "layer/stream.h"

struct unpack_policy {
	bool devices, no_setuid, take_last;
	uint64_t max_bytes, max_entries, max_depth, max_name_bytes;
};

struct unpack_stats {
	uint64_t entries, bytes;
	uint64_t stripped_xattrs, stripped_setuid, dropped_acls;
	bool opaque_root;
};

/* A path of an archive, taken apart. */
struct entry_path {
	char text[4096];    /* the parent, relative, without empty parts and "." */
	char *leaf;	    /* behind it in `text`; "" for the root itself */
	const char *parent; /* "" for the root */
	size_t depth;
};

/* What one entry is to be made into. */
struct node {
	int parent_fd;
	const char *leaf;
	mode_t mode;
	uid_t uid;
	gid_t gid;
	struct timespec mtime;
	struct archive_entry *entry;
};

/*
 * Read all entries of `s` and make them below root_fd, an empty directory that nobody else can
 * enter. On failure what was made so far is left for the caller to remove, and the last failure
 * names `layer` and the entry.
 */
int layer_unpack(struct stream *s, int root_fd, const char *layer, const struct unpack_policy *policy,
		 struct unpack_stats *ret_stats);

/* create.c: make the thing itself, with all that belongs to it. -EEXIST where the name is taken. */
int create_node(struct stream *s, const struct node *node, const struct unpack_policy *policy,
		struct unpack_stats *stats);
/* Owner, attributes, mode and times, by descriptor. */
int apply_metadata(int fd, const struct node *node, const struct unpack_policy *policy,
		   struct unpack_stats *stats);

/* Attributes that no layer may carry, nor be made to: overlayfs's own marks, and what belongs to one
 * system. */
bool layer_xattr_is_local(const char *name);

#endif
