// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a reference to a verified image: index.json → (index →) manifest → configuration. Each blob
 * is named by its digest, so each is hashed before a byte of it is believed; only index.json itself
 * has no digest, and it decides nothing but which manifest is meant.
 *
 * The number of DiffIDs in the configuration must be the number of layers in the manifest: one
 * popular extractor panics where it is not.
 */
#include "layer/oci.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { INDEX_NESTING = 4, MAX_LAYERS = 4096 };

static const struct {
	const char *type;
	enum packing packing;
} layer_types[] = {
	{"application/vnd.oci.image.layer.v1.tar", PACKING_NONE},
	{"application/vnd.oci.image.layer.v1.tar+gzip", PACKING_GZIP},
	{"application/vnd.oci.image.layer.v1.tar+zstd", PACKING_ZSTD},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar", PACKING_NONE},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+gzip", PACKING_GZIP},
	{"application/vnd.oci.image.layer.nondistributable.v1.tar+zstd", PACKING_ZSTD},
	{"application/vnd.docker.image.rootfs.diff.tar", PACKING_NONE},
	{"application/vnd.docker.image.rootfs.diff.tar.gzip", PACKING_GZIP},
	{"application/vnd.docker.image.rootfs.diff.tar.zstd", PACKING_ZSTD},
};

const char *oci_layer_type(enum packing packing)
{
	return layer_types[packing].type;
}

static bool is_index(const char *type)
{
	return str_eq(type, "application/vnd.oci.image.index.v1+json") ||
	       str_eq(type, "application/vnd.docker.distribution.manifest.list.v2+json");
}

static bool is_manifest(const char *type)
{
	return str_eq(type, "application/vnd.oci.image.manifest.v1+json") ||
	       str_eq(type, "application/vnd.docker.distribution.manifest.v2+json");
}

void oci_image_done(struct oci_image *image)
{
	free(image->manifest_text);
	free(image->config_text);
	free(image->layers);
	*image = (struct oci_image){0};
}

int open_foreign(int dirfd, const char *path, uint64_t *ret_size)
{
	struct stat st;
	int r, fd __free(fd) = sys_openat(dirfd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK, 0);

	if (fd < 0)
		return fd;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (!S_ISREG(st.st_mode))
		return sys_fail(-EBADMSG, "open", sys_fd_name(fd), "is not a regular file");
	*ret_size = (uint64_t)st.st_size;
	return take_fd(&fd);
}

static int read_json_file(int dirfd, const char *path, char **ret_text, size_t *ret_len)
{
	uint64_t size;
	int fd __free(fd) = open_foreign(dirfd, path, &size);

	return fd < 0 ? fd : file_read_fd(fd, JSON_LIMIT, ret_text, ret_len);
}

int oci_parse_desc(json_object *o, const char *object, struct oci_desc *ret_desc)
{
	struct oci_desc d = {0};
	json_object *platform = json_child(o, "platform");
	json_object *notes = json_child(o, "annotations");
	const char *type = json_string(o, "mediaType");
	const char *ref = json_string(notes, "org.opencontainers.image.ref.name");
	int r;

	if (!json_object_is_type(o, json_type_object))
		return sys_fail(-EBADMSG, "json", object, "a descriptor is no JSON object");
	r = digest_parse(json_string(o, "digest"), object, d.hex);
	if (r < 0)
		return r;
	d.size = json_number(o, "size");
	if (d.size > INT64_MAX)
		return sys_fail(-EBADMSG, "json", object, "sha256:%s: a negative size", d.hex);
	if (str_copy(d.media_type, sizeof(d.media_type), type ?: "") < 0)
		return sys_fail(-EBADMSG, "json", object, "sha256:%s: mediaType is too long", d.hex);
	if (str_copy(d.ref_name, sizeof(d.ref_name), ref ?: "") < 0)
		return sys_fail(-EBADMSG, "json", object, "a name is longer than 255 bytes");
	str_copy(d.os, sizeof(d.os), json_string(platform, "os") ?: "");
	str_copy(d.arch, sizeof(d.arch), json_string(platform, "architecture") ?: "");
	*ret_desc = d;
	return 0;
}

int oci_check_layout(int layout_fd, const char *path)
{
	char *text __free(ptr) = NULL;
	json_object *json __free(json) = NULL;
	const char *version;
	size_t len;
	int r = read_json_file(layout_fd, "oci-layout", &text, &len);

	if (r == -ENOENT)
		return sys_fail(-EINVAL, "layout", path,
				"is no OCI image layout: it has no file oci-layout");
	if (r >= 0)
		r = json_parse(text, len, "oci-layout", &json);
	if (r < 0)
		return r;
	version = json_string(json, "imageLayoutVersion");
	if (!version || !str_starts(version, "1."))
		return sys_fail(-EINVAL, "layout", path, "imageLayoutVersion is \"%.20s\", not 1.x",
				version ?: "");
	return 0;
}

int oci_read_index(int layout_fd, json_object **ret_index)
{
	char *text __free(ptr) = NULL;
	json_object *json __free(json) = NULL;
	size_t len;
	int r = read_json_file(layout_fd, "index.json", &text, &len);

	if (r >= 0)
		r = json_parse(text, len, "index.json", &json);
	if (r < 0)
		return r;
	if (!json_array(json, "manifests"))
		return sys_fail(-EBADMSG, "json", "index.json", "has no list of manifests");
	*ret_index = take_ptr(&json);
	return 0;
}

size_t oci_index_length(json_object *index)
{
	json_object *list = json_array(index, "manifests");

	return list ? json_object_array_length(list) : 0;
}

int oci_index_entry(json_object *index, size_t i, struct oci_desc *ret_desc)
{
	return oci_parse_desc(json_object_array_get_idx(json_array(index, "manifests"), i), "index",
			  ret_desc);
}

int oci_read_blob(int layout_fd, const struct oci_desc *desc, char **ret_text)
{
	char path[16 + HEX_SIZE], hex[HEX_SIZE];
	char *text __free(ptr) = NULL;
	size_t len;
	int r;

	snprintf(path, sizeof(path), "blobs/sha256/%s", desc->hex);
	r = read_json_file(layout_fd, path, &text, &len);
	if (r >= 0)
		r = hash_bytes(text, len, hex);
	if (r < 0)
		return r;
	if (len != desc->size)
		return sys_fail(-EBADMSG, "blob", path, "size is %zu bytes, the descriptor says %llu",
				len, (unsigned long long)desc->size);
	if (!str_eq(hex, desc->hex))
		return sys_fail(-EBADMSG, "blob", path, "digest is sha256:%s", hex);
	*ret_text = take_ptr(&text);
	return 0;
}

static int parse_layer(json_object *o, struct oci_layer *ret)
{
	int r = oci_parse_desc(o, "manifest", &ret->blob);
	char object[40];

	if (r < 0)
		return r;
	for (size_t i = 0; i < array_size(layer_types); i++) {
		if (!str_eq(layer_types[i].type, ret->blob.media_type))
			continue;
		ret->packing = layer_types[i].packing;
		return 0;
	}
	snprintf(object, sizeof(object), "layer sha256:%.12s", ret->blob.hex);
	return sys_fail(-EOPNOTSUPP, "import", object, "unknown media type \"%s\"",
			ret->blob.media_type);
}

static int parse_layers(json_object *manifest, struct oci_image *image)
{
	json_object *list = json_array(manifest, "layers");
	size_t n = list ? json_object_array_length(list) : 0;

	if (!list)
		return sys_fail(-EBADMSG, "json", "manifest", "has no list of layers");
	if (n > MAX_LAYERS)
		return sys_fail(-E2BIG, "json", "manifest", "%zu layers, at most %d are taken", n,
				MAX_LAYERS);
	image->layers = calloc(n + 1, sizeof(*image->layers));
	if (!image->layers)
		return -ENOMEM;
	image->n_layers = n;
	for (size_t i = 0; i < n; i++) {
		int r = parse_layer(json_object_array_get_idx(list, i), &image->layers[i]);

		if (r < 0)
			return r;
	}
	return 0;
}

static int parse_diff_ids(json_object *config, struct oci_image *image)
{
	json_object *list = json_array(json_child(config, "rootfs"), "diff_ids");
	size_t n = list ? json_object_array_length(list) : 0;

	if (n != image->n_layers)
		return sys_fail(-EBADMSG, "import", "config",
				"%zu diff_ids for %zu layers: the image is malformed", n,
				image->n_layers);
	for (size_t i = 0; i < n; i++) {
		json_object *o = json_object_array_get_idx(list, i);
		const char *s = json_object_is_type(o, json_type_string)
					? json_object_get_string(o) : NULL;
		int r = digest_parse(s, "config: diff_ids", image->layers[i].diff_id);

		if (r < 0)
			return r;
	}
	return 0;
}

int oci_read_manifest(int layout_fd, const struct oci_desc *desc, struct oci_image *ret_image)
{
	struct oci_image image __free(oci_image) = {.manifest = *desc};
	json_object *manifest __free(json) = NULL;
	int r = oci_read_blob(layout_fd, desc, &image.manifest_text);

	if (r >= 0)
		r = json_parse(image.manifest_text, desc->size, "manifest", &manifest);
	if (r >= 0)
		r = oci_parse_desc(json_child(manifest, "config"), "manifest: config", &image.config);
	if (r >= 0)
		r = parse_layers(manifest, &image);
	if (r < 0)
		return r;
	*ret_image = image;
	image = (struct oci_image){0};
	return 0;
}

int oci_read_config(int layout_fd, struct oci_image *image)
{
	json_object *config __free(json) = NULL;
	int r = oci_read_blob(layout_fd, &image->config, &image->config_text);

	if (r >= 0)
		r = json_parse(image->config_text, image->config.size, "config", &config);
	return r < 0 ? r : parse_diff_ids(config, image);
}

int oci_load_manifest(int layout_fd, const struct oci_desc *desc, struct oci_image *ret_image)
{
	struct oci_image image __free(oci_image) = {0};
	int r = oci_read_manifest(layout_fd, desc, &image);

	if (r >= 0)
		r = oci_read_config(layout_fd, &image);
	if (r < 0)
		return r;
	*ret_image = image;
	image = (struct oci_image){0};
	return 0;
}

/* GOARCH words, as images have them. */
static const char *this_arch(void)
{
	static const struct {
		const char *machine, *arch;
	} archs[] = {
		{"x86_64", "amd64"}, {"aarch64", "arm64"}, {"i686", "386"}, {"armv7l", "arm"},
		{"ppc64le", "ppc64le"}, {"s390x", "s390x"}, {"riscv64", "riscv64"},
	};
	static __thread struct utsname u;

	if (sys_uname(&u) < 0)
		return "";
	for (size_t i = 0; i < array_size(archs); i++)
		if (str_eq(archs[i].machine, u.machine))
			return archs[i].arch;
	return u.machine;
}

static bool fits_platform(const struct oci_desc *d)
{
	return (!d->os[0] || str_eq(d->os, "linux")) && (!d->arch[0] || str_eq(d->arch, this_arch()));
}

/* Follow an index, and those in it, to the manifest for this machine. */
static int follow_index(int layout_fd, struct oci_desc *desc, int depth)
{
	char *text __free(ptr) = NULL;
	json_object *index __free(json) = NULL;
	struct oci_desc d = {0};
	int r;

	if (!is_index(desc->media_type))
		return 0;
	if (!depth)
		return sys_fail(-EBADMSG, "import", "index", "indexes are nested too deeply");
	r = oci_read_blob(layout_fd, desc, &text);
	if (r >= 0)
		r = json_parse(text, desc->size, "index", &index);
	for (size_t i = 0; r >= 0 && i < oci_index_length(index); i++) {
		r = oci_index_entry(index, i, &d);
		if (r < 0 || !fits_platform(&d))
			continue;
		str_copy(d.ref_name, sizeof(d.ref_name), desc->ref_name);
		*desc = d;
		return follow_index(layout_fd, desc, depth - 1);
	}
	return r < 0 ? r : sys_fail(-EINVAL, "import", "index", "has no image for linux/%s", this_arch());
}

static bool matches(const struct oci_desc *d, const char *ref)
{
	if (!ref)
		return true;
	return str_eq(d->ref_name, ref) ||
	       (str_starts(ref, "sha256:") && str_eq(d->hex, ref + 7));
}

static int no_match(json_object *index, const char *ref, size_t found)
{
	struct str names __free(str) = {0};
	struct oci_desc d = {0};

	for (size_t i = 0; i < oci_index_length(index) && names.len < 150; i++)
		if (oci_index_entry(index, i, &d) >= 0)
			str_addf(&names, "%s%s", names.len ? ", " : "", d.ref_name[0] ? d.ref_name : "(none)");
	if (found)
		return sys_fail(-EINVAL, "image", ref ?: "", "%zu images match; name one of: %s", found,
				names.s ?: "");
	return sys_fail(-ENOENT, "image", ref ?: "", "no such image here; there are: %s",
			names.len ? names.s : "none");
}

int oci_load(int layout_fd, const char *ref, struct oci_image *ret_image)
{
	json_object *index __free(json) = NULL;
	struct oci_desc d = {0}, best = {0};
	size_t found = 0;
	int r = oci_read_index(layout_fd, &index);

	for (size_t i = 0; r >= 0 && i < oci_index_length(index); i++) {
		r = oci_index_entry(index, i, &d);
		if (r < 0 || !matches(&d, ref))
			continue;
		/* Several entries of one image: platforms. One entry twice is one image. */
		if (found && (!fits_platform(&d) || str_eq(d.hex, best.hex)))
			continue;
		if (!found || fits_platform(&best))
			found++;
		best = d;
	}
	if (r < 0)
		return r;
	if (found != 1)
		return no_match(index, ref, found);
	r = follow_index(layout_fd, &best, INDEX_NESTING);
	if (r < 0)
		return r;
	if (!is_manifest(best.media_type))
		return sys_fail(-EOPNOTSUPP, "import", ref ?: "index.json",
				"\"%s\" is not the media type of an image manifest", best.media_type);
	return oci_load_manifest(layout_fd, &best, ret_image);
}
