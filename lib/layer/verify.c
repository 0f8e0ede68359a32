// SPDX-License-Identifier: LGPL-2.1-or-later
/* Hashing what the store has, against its names and against the sizes that descriptors promise. */
#include <errno.h>
#include <ringfence/layer.h>

#include "base/file.h"
#include "base/str.h"
#include "layer/store.h"

enum { READ_SIZE = 256 << 10 };

struct verify {
	struct rf_store *store;
	int (*fn)(const struct rf_verify_info *, void *);
	void *data;
	struct needed seen; /* blobs already hashed */
	char *buf;
	int bad;
};

static bool seen_before(struct verify *v, const char *hex)
{
	for (size_t i = 0; i < v->seen.n; i++)
		if (str_eq(v->seen.names[i] + 1, hex))
			return true;
	return false;
}

static int remember(struct verify *v, const char *hex)
{
	void *more = realloc(v->seen.names, (v->seen.n + 1) * sizeof(*v->seen.names));

	if (!more)
		return -ENOMEM;
	v->seen.names = more;
	v->seen.names[v->seen.n][0] = 'b';
	str_copy(v->seen.names[v->seen.n++] + 1, HEX_SIZE, hex);
	return 0;
}

static int hash_file(struct verify *v, int fd, char ret_hex[HEX_SIZE])
{
	EVP_MD_CTX *hash __free(hash) = NULL;
	int r = hash_begin(&hash);

	while (r >= 0) {
		ssize_t n = sys_read(fd, v->buf, READ_SIZE);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? (int)n : hash_end(hash, ret_hex);
		r = hash_add(hash, v->buf, (size_t)n);
	}
	return r;
}

/* `desc` NULL: only the name says what the content should be. */
static int state_of_blob(struct verify *v, const char *hex, const struct oci_desc *desc,
			 const char **ret_state, uint64_t *ret_bytes)
{
	char is[HEX_SIZE];
	int r, fd __free(fd) = open_foreign(v->store->blobs_fd, hex, ret_bytes);

	*ret_state = "missing";
	if (fd == -ENOENT)
		return 0;
	*ret_state = "digest";
	if (fd == -EBADMSG || fd == -ELOOP)
		return 0;
	if (fd < 0)
		return fd;
	r = hash_file(v, fd, is);
	if (r < 0)
		return r;
	if (desc && *ret_bytes != desc->size)
		*ret_state = "size";
	else if (str_eq(is, hex))
		*ret_state = "ok";
	return 0;
}

static int check_blob(struct verify *v, const char *hex, const struct oci_desc *desc,
		      const char *kind, const char *image)
{
	char digest[280];
	struct rf_verify_info info = {.digest = digest, .kind = kind, .image = image};
	int r;

	if (seen_before(v, hex))
		return 0;
	r = remember(v, hex);
	if (r >= 0)
		r = state_of_blob(v, hex, desc, &info.state, &info.bytes);
	if (r < 0)
		return r;
	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	v->bad += !str_eq(info.state, "ok");
	return v->fn(&info, v->data);
}

/* Every byte is as its digest says, and still it is no image: bad JSON, counts that differ. */
static int bad_json(struct verify *v, const struct oci_desc *desc, const char *kind,
		    const char *image)
{
	char digest[72];
	struct rf_verify_info info = {.digest = digest, .kind = kind, .image = image, .state = "json",
				      .bytes = desc->size};

	snprintf(digest, sizeof(digest), "sha256:%s", desc->hex);
	v->bad++;
	return v->fn(&info, v->data);
}

static int check_image(struct verify *v, const struct oci_desc *desc)
{
	struct oci_image image __free(oci_image) = {0};
	const char *name = desc->ref_name;
	int before = v->bad, r = check_blob(v, desc->hex, desc, "manifest", name);

	if (r || v->bad > before)
		return r;
	r = oci_read_manifest(v->store->dir_fd, desc, &image);
	if (r < 0)
		return bad_json(v, desc, "manifest", name);
	for (size_t i = 0; !r && i < image.n_layers; i++)
		r = check_blob(v, image.layers[i].blob.hex, &image.layers[i].blob, "layer", name);
	before = v->bad;
	if (!r)
		r = check_blob(v, image.config.hex, &image.config, "config", name);
	if (r || v->bad > before)
		return r;
	return oci_read_config(v->store->dir_fd, &image) < 0
		       ? bad_json(v, &image.config, "config", name) : 0;
}

static int check_unreferenced(const char *name, void *data)
{
	return check_blob(data, name, NULL, "unreferenced", NULL);
}

static int check_all(struct verify *v, const char *image)
{
	json_object *index __free(json) = NULL;
	struct oci_desc d;
	size_t found = 0;
	int r = oci_read_index(v->store->dir_fd, &index);

	for (size_t i = 0; !r && i < oci_index_length(index); i++) {
		r = oci_index_entry(index, i, &d);
		if (r < 0)
			return r;
		if (image && !str_eq(d.ref_name, image) &&
		    !(str_starts(image, "sha256:") && str_eq(d.hex, image + 7)))
			continue;
		found++;
		r = check_image(v, &d);
	}
	if (!r && image && !found)
		r = sys_fail(-ENOENT, "image", image, "no such image in the store");
	if (!r && !image)
		r = each_name(v->store->blobs_fd, ".", check_unreferenced, v);
	return r;
}

int rf_store_verify(struct rf_store *store, const char *image,
		    int (*fn)(const struct rf_verify_info *blob, void *data), void *data)
{
	struct verify v = {.store = store, .fn = fn, .data = data};
	int r;

	v.buf = malloc(READ_SIZE);
	r = v.buf ? check_all(&v, image) : -ENOMEM;
	free(v.buf);
	needed_done(&v.seen);
	return r < 0 ? r : v.bad;
}
