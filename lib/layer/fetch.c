// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Blobs and layers, each verified before anything is done with it. A blob is copied first and
 * hashed on its way (or cloned, and the clone hashed); the layer is unpacked from the copy, which
 * nobody else can change, and not from the source, which someone could.
 *
 * What the store already has is not made again, but what was given is still verified: the source's
 * blob is hashed, and a layer that was unpacked from another blob is read through for its DiffID.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>

#include "base/file.h"
#include "base/str.h"
#include "layer/import.h"

enum { COPY_SIZE = 256 << 10 };

void import_note(struct import *im, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	if (!im->options->note)
		return;
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	im->options->note(text, im->options->data);
}

void import_advance(uint64_t bytes, void *import)
{
	struct import *im = import;

	im->progress.done_bytes += bytes;
	if (im->options->progress)
		im->options->progress(&im->progress, im->options->data);
}

static printf_like(2, 3) int wrong_blob(const struct oci_desc *desc, const char *fmt, ...)
{
	char object[96], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(object, sizeof(object), "blob sha256:%s", desc->hex);
	return sys_fail(-EBADMSG, "import", object, "%s", text);
}

/* Read all of `from`, hash it, and write it to `to` where that is >= 0. */
static int copy_and_hash(struct import *im, int from, int to, const struct oci_desc *desc)
{
	EVP_MD_CTX *hash __free(hash) = NULL;
	char *buf __free(ptr) = malloc(COPY_SIZE);
	char hex[HEX_SIZE];
	uint64_t left = desc->size;
	int r = buf ? hash_begin(&hash) : -ENOMEM;

	while (r >= 0 && left) {
		ssize_t n = sys_read(from, buf, left < COPY_SIZE ? left : COPY_SIZE);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? (int)n : wrong_blob(desc, "became shorter while it was read");
		left -= (uint64_t)n;
		r = hash_add(hash, buf, (size_t)n);
		if (r >= 0 && to >= 0)
			r = file_write_all(to, buf, (size_t)n);
		import_advance((uint64_t)n, im);
	}
	if (r >= 0)
		r = hash_end(hash, hex);
	if (r < 0)
		return r;
	return str_eq(hex, desc->hex) ? 0 : wrong_blob(desc, "its content has the digest sha256:%s", hex);
}

static int open_source_blob(struct import *im, const struct oci_desc *desc)
{
	char path[16 + HEX_SIZE];
	uint64_t size = 0;
	int fd __free(fd) = -EBADF;

	snprintf(path, sizeof(path), "blobs/sha256/%s", desc->hex);
	fd = open_foreign(im->source_fd, path, &size);
	if (fd == -ENOENT)
		return wrong_blob(desc, "is missing in the source");
	if (fd < 0)
		return fd;
	if (size != desc->size)
		return wrong_blob(desc, "its size is %llu bytes, but its descriptor says %llu",
				  (unsigned long long)size, (unsigned long long)desc->size);
	return take_fd(&fd);
}

static int store_copy(struct import *im, int from, const struct oci_desc *desc)
{
	int fd __free(fd) = sys_openat(im->blobs_fd, desc->hex, O_RDWR | O_CREAT | O_EXCL, 0644);
	int r;

	if (fd < 0)
		return fd;
	/* A clone shares the blocks, so the source can't change it: hash the clone. */
	r = sys_clone_file(fd, from);
	return r >= 0 ? copy_and_hash(im, fd, -EBADF, desc) : copy_and_hash(im, from, fd, desc);
}

static bool has_whole(int dirfd, const struct oci_desc *desc)
{
	struct stat st;

	return sys_fstatat(dirfd, desc->hex, &st, AT_SYMLINK_NOFOLLOW) >= 0 &&
	       S_ISREG(st.st_mode) && (uint64_t)st.st_size == desc->size;
}

int fetch_blob(struct import *im, const struct oci_desc *desc)
{
	int from __free(fd) = -EBADF;

	im->progress.what = "copy";
	if (has_whole(im->blobs_fd, desc)) {
		import_advance(desc->size, im);
		return 0;
	}
	from = open_source_blob(im, desc);
	if (from < 0)
		return from;
	if (has_whole(im->store->blobs_fd, desc))
		return copy_and_hash(im, from, -EBADF, desc);
	return store_copy(im, from, desc);
}

/* Our own copy, which fetch_blob() has verified. */
static int open_copy(struct import *im, const struct oci_desc *desc)
{
	int here = exists_at(im->blobs_fd, desc->hex);

	if (here < 0)
		return here;
	return sys_openat(here ? im->blobs_fd : im->store->blobs_fd, desc->hex,
			  O_RDONLY | O_NOFOLLOW, 0);
}

static int check_stream(struct import *im, struct stream *s, const struct oci_layer *layer)
{
	char hex[HEX_SIZE], object[40];
	bool garbage;
	int r = stream_finish(s, hex, &garbage);

	snprintf(object, sizeof(object), "layer sha256:%.12s", layer->blob.hex);
	if (r < 0)
		return sys_fail(r, "import", object, "%s",
				rf_trace_last_failure()->note[0] ? rf_trace_last_failure()->note
								 : strerror(-r));
	if (!str_eq(hex, layer->diff_id))
		return sys_fail(-EBADMSG, "import", object,
				"unpacked it has the digest sha256:%s, its DiffID is sha256:%.12s…", hex,
				layer->diff_id);
	if (garbage)
		import_note(im, "warning: %s: something stands behind the end of the archive; it is ignored",
			    object);
	return 0;
}

static const struct rf_import_options defaults = {
	.max_bytes = 128ull << 30, .max_entries = 4 << 20, .max_ratio = 400, .max_depth = 200,
	.max_name_bytes = 255,
};

static struct unpack_policy policy_of(const struct rf_import_options *o)
{
	return (struct unpack_policy){
		.devices = o->devices,
		.no_setuid = o->no_setuid,
		.take_last = o->take_last,
		.max_bytes = o->max_bytes ?: defaults.max_bytes,
		.max_entries = o->max_entries ?: defaults.max_entries,
		.max_depth = o->max_depth ?: defaults.max_depth,
		.max_name_bytes = o->max_name_bytes ?: defaults.max_name_bytes,
	};
}

static int open_stream(struct import *im, const struct oci_layer *layer, int fd,
		       struct stream **ret_stream)
{
	const struct stream_limits limits = {
		.max_bytes = im->options->max_bytes ?: defaults.max_bytes,
		.max_ratio = im->options->max_ratio ?: defaults.max_ratio,
	};
	char object[40];
	int r = stream_open(fd, layer, &limits, import_advance, im, ret_stream);
	struct rf_call why = *rf_trace_last_failure();

	snprintf(object, sizeof(object), "layer sha256:%.12s", layer->blob.hex);
	if (r < 0)
		return sys_fail(r, "import", object, "%s", why.note[0] ? why.note : strerror(-r));
	return 0;
}

static void tell_dropped(struct import *im, const struct oci_layer *layer,
			 const struct unpack_stats *stats)
{
	if (stats->stripped_xattrs)
		import_note(im, "warning: layer sha256:%.12s: %llu attributes were left out (trusted.overlay.*, user.overlay.*, security.selinux, system.nfs4_acl)",
			    layer->blob.hex, (unsigned long long)stats->stripped_xattrs);
	if (stats->dropped_acls)
		import_note(im, "warning: layer sha256:%.12s: the access control lists of %llu entries were left out",
			    layer->blob.hex, (unsigned long long)stats->dropped_acls);
	if (stats->stripped_setuid)
		import_note(im, "layer sha256:%.12s: set-user-ID, set-group-ID or capabilities taken from %llu files",
			    layer->blob.hex, (unsigned long long)stats->stripped_setuid);
}

static int unpack_into(struct import *im, const struct oci_layer *layer, struct stream *s, int dir)
{
	const struct unpack_policy policy = policy_of(im->options);
	struct layer_record rec = {0};
	struct unpack_stats stats = {0};
	int r = sys_mkdirat(dir, "fs", 0755), fs __free(fd) = -EBADF;

	if (r < 0)
		return r;
	fs = sys_openat(dir, "fs", O_RDONLY | O_DIRECTORY, 0);
	if (fs < 0 || (r = sys_fchmod(fs, 0755)) < 0)
		return fs < 0 ? fs : r;
	r = layer_unpack(s, fs, layer->blob.hex, &policy, &stats);
	if (r >= 0)
		r = check_stream(im, s, layer);
	if (r < 0)
		return r;
	str_copy(rec.blob, sizeof(rec.blob), layer->blob.hex);
	rec.entries = stats.entries;
	rec.bytes = stats.bytes;
	rec.opaque_root = stats.opaque_root;
	im->result.entries += stats.entries;
	im->result.bytes += stats.bytes;
	tell_dropped(im, layer, &stats);
	return layer_record_write(dir, &rec);
}

/* Is it there, unpacked from this very blob? Then its DiffID was verified then. */
static bool known_pair(struct import *im, const struct oci_layer *layer)
{
	struct layer_record rec;

	return layer_record_read(im->store, layer->diff_id, &rec) >= 0 &&
	       str_eq(rec.blob, layer->blob.hex);
}

int fetch_layer(struct import *im, const struct oci_layer *layer)
{
	int here = exists_at(im->layers_fd, layer->diff_id);
	int there = here < 0 ? here : exists_at(im->store->layers_fd, layer->diff_id);
	struct stream *s __free(stream) = NULL;
	int r, fd __free(fd) = -EBADF, dir __free(fd) = -EBADF;

	im->progress.what = "unpack";
	if (there < 0)
		return there;
	if (here || there) {
		im->result.reused_layers++;
		if (im->source_fd >= 0)
			import_note(im, "layer sha256:%.12s: DiffID sha256:%.12s is unpacked already and reused",
				    layer->blob.hex, layer->diff_id);
	}
	if (there && known_pair(im, layer)) {
		import_advance(layer->blob.size, im);
		return 0;
	}
	fd = open_copy(im, &layer->blob);
	if (fd < 0)
		return fd;
	r = open_stream(im, layer, fd, &s);
	if (r < 0)
		return r;
	if (here || there)
		return check_stream(im, s, layer);
	r = sys_mkdirat(im->layers_fd, layer->diff_id, 0700);
	if (r < 0)
		return r;
	dir = sys_openat(im->layers_fd, layer->diff_id, O_RDONLY | O_DIRECTORY, 0);
	return dir < 0 ? dir : unpack_into(im, layer, s, dir);
}
