// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the store says about itself: names of images in index.json, one small record per layer.
 * Entries and members that others put into index.json are kept.
 */
#include <errno.h>

#include "base/file.h"
#include "base/str.h"
#include "layer/store.h"

#define REF_NAME "org.opencontainers.image.ref.name"

static bool entry_is(json_object *index, size_t i, const char *name, const char *hex)
{
	struct oci_desc d;

	if (oci_index_entry(index, i, &d) < 0)
		return false;
	return name ? str_eq(d.ref_name, name) : str_eq(d.hex, hex);
}

static size_t drop_entries(json_object *index, const char *name, const char *hex)
{
	json_object *list = json_array(index, "manifests");
	size_t n = 0;

	for (size_t i = json_object_array_length(list); i-- > 0;) {
		if (!entry_is(index, i, name, hex))
			continue;
		json_object_array_del_idx(list, i, 1);
		n++;
	}
	return n;
}

/* The new text is there, but may not last: go back to the old one, as the failure says. */
static int take_back(struct rf_store *store, const char *old, size_t len, int error)
{
	struct rf_call why = *rf_trace_last_failure();

	file_replace_at(store->dir_fd, "index.json", old, len, 0644);
	sys_keep_failure(&why);
	return error;
}

static int index_write(struct rf_store *store, json_object *index)
{
	const char *text = json_object_to_json_string_ext(
		index, JSON_C_TO_STRING_PRETTY | JSON_C_TO_STRING_NOSLASHESCAPE);
	char *old __free(ptr) = NULL;
	size_t len;
	int r;

	if (!text)
		return -ENOMEM;
	if (strlen(text) > JSON_LIMIT)
		return sys_fail(-EFBIG, "store", "index.json", "would be longer than %d bytes",
				JSON_LIMIT);
	r = file_read_at(store->dir_fd, "index.json", JSON_LIMIT, &old, &len);
	if (r >= 0)
		r = file_replace_at(store->dir_fd, "index.json", text, strlen(text), 0644);
	if (r < 0)
		return r;
	r = sys_fsync(store->dir_fd);
	return r < 0 ? take_back(store, old, len, r) : 0;
}

int index_set(struct rf_store *store, const char *name, const struct oci_desc *manifest,
	      bool *ret_replaced)
{
	json_object *index __free(json) = NULL, *entry, *notes;
	char digest[72];
	int r = oci_read_index(store->dir_fd, &index);

	if (r < 0)
		return r;
	*ret_replaced = drop_entries(index, name, NULL) > 0;
	snprintf(digest, sizeof(digest), "sha256:%s", manifest->hex);
	entry = json_object_new_object();
	notes = json_object_new_object();
	if (!entry || !notes)
		return -ENOMEM;
	json_object_object_add(entry, "mediaType", json_object_new_string(manifest->media_type));
	json_object_object_add(entry, "digest", json_object_new_string(digest));
	json_object_object_add(entry, "size", json_object_new_int64((int64_t)manifest->size));
	json_object_object_add(notes, REF_NAME, json_object_new_string(name));
	json_object_object_add(entry, "annotations", notes);
	json_object_array_add(json_array(index, "manifests"), entry);
	return index_write(store, index);
}

int index_drop(struct rf_store *store, const char *name, const char *hex, size_t *ret_dropped)
{
	json_object *index __free(json) = NULL;
	int r = oci_read_index(store->dir_fd, &index);

	if (r < 0)
		return r;
	*ret_dropped = drop_entries(index, name, hex);
	return *ret_dropped ? index_write(store, index) : 0;
}

int layer_record_write(int layer_fd, const struct layer_record *rec)
{
	struct str out __free(str) = {0};

	str_addf(&out, "{\"blob\": \"sha256:%s\", \"entries\": %llu, \"bytes\": %llu, \"opaque_root\": %s}\n",
		 rec->blob, (unsigned long long)rec->entries, (unsigned long long)rec->bytes,
		 rec->opaque_root ? "true" : "false");
	if (out.failed)
		return -ENOMEM;
	return file_replace_at(layer_fd, "layer.json", out.s, out.len, 0644);
}

int layer_record_read(struct rf_store *store, const char *diff_id, struct layer_record *ret)
{
	json_object *json __free(json) = NULL, *opaque = NULL;
	struct layer_record rec = {0};
	char *text __free(ptr) = NULL;
	char path[HEX_SIZE + 16];
	size_t len;
	int r;

	snprintf(path, sizeof(path), "%s/layer.json", diff_id);
	r = file_read_at(store->layers_fd, path, 4096, &text, &len);
	if (r >= 0)
		r = json_parse(text, len, path, &json);
	if (r >= 0)
		r = digest_parse(json_string(json, "blob"), path, rec.blob);
	if (r < 0)
		return r;
	rec.entries = json_number(json, "entries");
	rec.bytes = json_number(json, "bytes");
	json_object_object_get_ex(json, "opaque_root", &opaque);
	rec.opaque_root = json_object_get_boolean(opaque);
	*ret = rec;
	return 0;
}
