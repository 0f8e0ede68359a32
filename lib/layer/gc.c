// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mark and sweep. Needed is what the index leads to and what a mount stands on; an image that
 * can't be read makes marking fail, for sweeping after a wrong mark would destroy others.
 *
 * An import puts its blobs and layers in place one rename(2) at a time and names the image last.
 * Killed in between, it leaves things that nothing leads to; its journal says which they are, so
 * that cleaning up need not guess (skopeo, writing into the store, also puts blobs before names).
 */
#include <errno.h>
#include <ringfence/layer.h>

#include "base/file.h"
#include "base/str.h"
#include "layer/store.h"

static int add(struct needed *set, char kind, const char *hex)
{
	if (set->n == set->cap) {
		size_t cap = set->cap ? set->cap * 2 : 64;
		void *more = realloc(set->names, cap * sizeof(*set->names));

		if (!more)
			return -ENOMEM;
		set->names = more;
		set->cap = cap;
	}
	set->names[set->n][0] = kind;
	str_copy(set->names[set->n++] + 1, HEX_SIZE, hex);
	return 0;
}

void needed_done(struct needed *set)
{
	free(set->names);
	*set = (struct needed){0};
}

static int compare(const void *a, const void *b)
{
	return strcmp(a, b);
}

bool needed_has(const struct needed *set, char kind, const char *hex)
{
	char key[HEX_SIZE + 1] = {kind};

	if (str_copy(key + 1, HEX_SIZE, hex) < 0 || !set->n)
		return false;
	return bsearch(key, set->names, set->n, sizeof(*set->names), compare);
}

static int mark_image(struct rf_store *store, const struct oci_desc *desc, struct needed *set)
{
	struct oci_image image __free(oci_image) = {0};
	int r = add(set, 'b', desc->hex);

	/* Of a foreign index or artifact only the blob itself is known, and that is not enough. */
	if (r >= 0)
		r = oci_load_manifest(store->dir_fd, desc, &image);
	if (r >= 0)
		r = add(set, 'b', image.config.hex);
	for (size_t i = 0; r >= 0 && i < image.n_layers; i++) {
		r = add(set, 'b', image.layers[i].blob.hex);
		if (r >= 0)
			r = add(set, 'l', image.layers[i].diff_id);
	}
	return r;
}

struct marking {
	struct rf_store *store;
	struct needed *set;
};

static int mark_mount(const char *id, void *data)
{
	struct mount_record rec __free(mount_record) = {0};
	struct marking *m = data;
	int r = mount_record_read(m->store, id, &rec);

	/* Without a record nothing is mounted yet. */
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	for (size_t i = 0; r >= 0 && i < rec.n_layers; i++)
		r = add(m->set, 'l', rec.layers[i]);
	/* A commit needs the image, also where it was removed meanwhile. */
	return r < 0 || !rec.manifest.hex[0] ? r : mark_image(m->store, &rec.manifest, m->set);
}

int needed_mark(struct rf_store *store, struct needed *ret_needed)
{
	json_object *index __free(json) = NULL;
	struct needed set __free(needed) = {0};
	struct marking m = {store, &set};
	struct oci_desc d;
	int r = oci_read_index(store->dir_fd, &index);

	for (size_t i = 0; r >= 0 && i < oci_index_length(index); i++) {
		r = oci_index_entry(index, i, &d);
		if (r >= 0)
			r = mark_image(store, &d, &set);
	}
	if (r >= 0)
		r = each_name(store->mounts_fd, ".", mark_mount, &m);
	if (r < 0)
		return r;
	if (set.n)
		qsort(set.names, set.n, sizeof(*set.names), compare);
	*ret_needed = set;
	set = (struct needed){0};
	return 0;
}

int journal_undo(struct rf_store *store, int work_fd)
{
	struct needed needed __free(needed) = {0};
	char *text __free(ptr) = NULL, *save = NULL;
	int r = file_read_at(work_fd, "journal", JSON_LIMIT, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? 0 : r;
	r = needed_mark(store, &needed);
	for (char *line = strtok_r(text, "\n", &save); r >= 0 && line;
	     line = strtok_r(NULL, "\n", &save)) {
		bool blob = line[0] == 'b';

		if (strlen(line) != HEX_SIZE || needed_has(&needed, line[0], line + 1))
			continue;
		r = file_remove_tree(blob ? store->blobs_fd : store->layers_fd, line + 1);
	}
	return r;
}

struct sweep {
	struct rf_store *store;
	struct needed needed;
	uint64_t bytes;
};

static int sweep_blob(const char *name, void *data)
{
	struct sweep *s = data;
	struct stat st;
	int r;

	if (needed_has(&s->needed, 'b', name))
		return 0;
	r = sys_fstatat(s->store->blobs_fd, name, &st, AT_SYMLINK_NOFOLLOW);
	if (r >= 0)
		r = file_remove_tree(s->store->blobs_fd, name);
	if (r >= 0)
		s->bytes += (uint64_t)st.st_size;
	return r;
}

static int sweep_layer(const char *name, void *data)
{
	struct sweep *s = data;
	struct layer_record rec = {0};
	int r;

	if (needed_has(&s->needed, 'l', name))
		return 0;
	layer_record_read(s->store, name, &rec);
	r = file_remove_tree(s->store->layers_fd, name);
	if (r >= 0)
		s->bytes += rec.bytes;
	return r;
}

int rf_store_remove(struct rf_store *store, const char *image, uint64_t *ret_bytes)
{
	bool by_digest = str_starts(image, "sha256:");
	struct sweep s = {.store = store};
	size_t dropped = 0;
	int r, lock __free(fd) = store_lock(store);

	if (lock < 0)
		return lock;
	r = index_drop(store, by_digest ? NULL : image, by_digest ? image + 7 : NULL, &dropped);
	if (r >= 0 && !dropped)
		r = sys_fail(-ENOENT, "image", image, "no such image in the store");
	if (r >= 0)
		r = needed_mark(store, &s.needed);
	if (r < 0)
		return r;
	r = each_name(store->blobs_fd, ".", sweep_blob, &s);
	if (r >= 0)
		r = each_name(store->layers_fd, ".", sweep_layer, &s);
	needed_done(&s.needed);
	if (r < 0)
		return r;
	*ret_bytes = s.bytes;
	return 0;
}
