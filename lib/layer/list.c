// SPDX-License-Identifier: LGPL-2.1-or-later
/* What the store holds: images, layers and who shares them, leftovers; and whether it is sound. */
#include <errno.h>
#include <ringfence/layer.h>

#include "base/file.h"
#include "base/str.h"
#include "layer/store.h"

static int image_row(struct rf_store *store, const struct oci_desc *desc,
		     int (*fn)(const struct rf_image_info *, void *), void *data)
{
	struct oci_image image __free(oci_image) = {0};
	char digest[72];
	struct rf_image_info info = {.name = desc->ref_name, .digest = digest};

	snprintf(digest, sizeof(digest), "sha256:%s", desc->hex);
	info.blob_bytes = desc->size;
	/* An image that can't be read is shown without layers; verify says what is wrong. */
	if (oci_load_manifest(store->dir_fd, desc, &image) >= 0)
		info.blob_bytes += image.config.size;
	info.layers = image.n_layers;
	for (size_t i = 0; i < image.n_layers; i++) {
		struct layer_record rec;

		info.blob_bytes += image.layers[i].blob.size;
		if (layer_record_read(store, image.layers[i].diff_id, &rec) < 0)
			continue;
		info.unpacked_layers++;
		info.unpacked_bytes += rec.bytes;
	}
	return fn(&info, data);
}

int rf_store_each_image(struct rf_store *store,
			int (*fn)(const struct rf_image_info *image, void *data), void *data)
{
	json_object *index __free(json) = NULL;
	struct oci_desc d;
	int r = oci_read_index(store->dir_fd, &index);

	for (size_t i = 0; r >= 0 && i < oci_index_length(index); i++) {
		r = oci_index_entry(index, i, &d);
		if (r >= 0)
			r = image_row(store, &d, fn, data);
		if (r > 0)
			return r;
	}
	return r;
}

struct layers {
	struct rf_store *store;
	json_object *index;
	int (*fn)(const struct rf_layer_info *, void *);
	void *data;
};

static bool image_has(struct rf_store *store, const struct oci_desc *desc, const char *diff_id)
{
	struct oci_image image __free(oci_image) = {0};

	if (oci_load_manifest(store->dir_fd, desc, &image) < 0)
		return false;
	for (size_t i = 0; i < image.n_layers; i++)
		if (str_eq(image.layers[i].diff_id, diff_id))
			return true;
	return false;
}

static int layer_row(const char *name, void *data)
{
	struct layers *l = data;
	struct layer_record rec = {0};
	char diff_id[280], blob[72] = "";
	struct rf_layer_info info = {.diff_id = diff_id, .blob = blob};
	struct oci_desc d;

	if (layer_record_read(l->store, name, &rec) >= 0)
		snprintf(blob, sizeof(blob), "sha256:%s", rec.blob);
	snprintf(diff_id, sizeof(diff_id), "sha256:%s", name);
	info.entries = rec.entries;
	info.bytes = rec.bytes;
	for (size_t i = 0; i < oci_index_length(l->index); i++)
		if (oci_index_entry(l->index, i, &d) >= 0)
			info.images += image_has(l->store, &d, name);
	return l->fn(&info, l->data);
}

int rf_store_each_layer(struct rf_store *store,
			int (*fn)(const struct rf_layer_info *layer, void *data), void *data)
{
	json_object *index __free(json) = NULL;
	struct layers l = {.store = store, .fn = fn, .data = data};
	int r = oci_read_index(store->dir_fd, &index);

	l.index = index;
	return r < 0 ? r : each_name(store->layers_fd, ".", layer_row, &l);
}

struct leftovers {
	struct rf_store *store;
	int (*fn)(const char *name, void *data);
	void *data;
};

static int leftover_row(const char *name, void *data)
{
	struct leftovers *l = data;
	int fd __free(fd) = -EBADF;

	return work_is_live(l->store->tmp_fd, name, &fd) > 0 ? 0 : l->fn(name, l->data);
}

int rf_store_each_leftover(struct rf_store *store, int (*fn)(const char *name, void *data),
			   void *data)
{
	struct leftovers l = {store, fn, data};

	return each_name(store->tmp_fd, ".", leftover_row, &l);
}

int rf_store_config(struct rf_store *store, const char *image, char **ret_json)
{
	struct oci_image found __free(oci_image) = {0};
	int r = oci_load(store->dir_fd, image, &found);

	if (r < 0)
		return r;
	*ret_json = take_ptr(&found.config_text);
	return 0;
}
