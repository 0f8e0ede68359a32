/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* An image of an OCI image layout: index, manifest and configuration, read and verified. */
#ifndef LIB_LAYER_OCI_H
#define LIB_LAYER_OCI_H

#include <json-c/json.h>
#include <stdbool.h>
#include <stdint.h>

#include "layer/digest.h"

enum { JSON_LIMIT = 4 << 20 };

enum packing { PACKING_NONE, PACKING_GZIP, PACKING_ZSTD };

struct oci_desc {
	char media_type[128];
	char hex[HEX_SIZE];
	uint64_t size;
	/* Index entries only; empty where there is none. */
	char ref_name[256], os[32], arch[32];
};

struct oci_layer {
	struct oci_desc blob;
	enum packing packing;
	char diff_id[HEX_SIZE];
};

struct oci_image {
	struct oci_desc manifest, config;
	char *manifest_text, *config_text;
	struct oci_layer *layers;
	size_t n_layers;
};

void oci_image_done(struct oci_image *image);

static inline void cleanup_oci_image(struct oci_image *image)
{
	oci_image_done(image);
}

static inline void cleanup_json(json_object **o)
{
	json_object_put(*o);
}

/* Parse text of at most JSON_LIMIT; -EBADMSG with a note that names `object`. */
int json_parse(const char *text, size_t len, const char *object, json_object **ret_json);
/* A member, or NULL where it is missing or of another type. */
const char *json_string(json_object *o, const char *key);
json_object *json_array(json_object *o, const char *key);
json_object *json_child(json_object *o, const char *key);
uint64_t json_number(json_object *o, const char *key);

/* Open a file that someone else made: regular, not through a link, never waiting for a FIFO. */
int open_foreign(int dirfd, const char *path, uint64_t *ret_size);

/* A descriptor; -EBADMSG with a note that names `object`. */
int oci_parse_desc(json_object *o, const char *object, struct oci_desc *ret_desc);
/* The OCI's media type of a layer that is packed so. */
const char *oci_layer_type(enum packing packing);

int oci_check_layout(int layout_fd, const char *path);
/* The parsed index.json. */
int oci_read_index(int layout_fd, json_object **ret_index);
/* Descriptor number i of an index. */
int oci_index_entry(json_object *index, size_t i, struct oci_desc *ret_desc);
size_t oci_index_length(json_object *index);

/* The image by tag or manifest digest; ref NULL: the only one. An index is followed to this
 * machine's platform. */
int oci_load(int layout_fd, const char *ref, struct oci_image *ret_image);
/* The image by its descriptor: the manifest, then the configuration with the DiffIDs, or both. */
int oci_read_manifest(int layout_fd, const struct oci_desc *desc, struct oci_image *ret_image);
int oci_read_config(int layout_fd, struct oci_image *image);
int oci_load_manifest(int layout_fd, const struct oci_desc *desc, struct oci_image *ret_image);
/* Read a small blob and verify size and digest; free(3) the text. */
int oci_read_blob(int layout_fd, const struct oci_desc *desc, char **ret_text);

#endif
