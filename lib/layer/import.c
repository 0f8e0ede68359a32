// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Everything is made in tmp/NAME, verified there, and only then put in place:
 *
 *	read index, manifest, configuration       nothing is written yet
 *	copy and verify blobs, unpack layers      into tmp/NAME, held by flock(2)
 *	journal: what is about to be put in place, then syncfs(2)
 *	rename(2) blobs and layers, fsync the directories
 *	name the image in index.json (rename), remove tmp/NAME
 *
 * Killed at any point, the next command finds tmp/NAME without a holder: it takes back what the
 * journal lists and no image needs, and removes the rest. A failure does the same at once.
 */
#include "layer/import.h"

#include <errno.h>
#include <stdio.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/options.h"
#include "base/file.h"
#include "base/str.h"

int import_begin(struct import *im)
{
	int r, lock __free(fd) = store_lock(im->store);

	if (lock < 0)
		return lock;
	/* The pid may be that of a sibling in another pid namespace. */
	for (int i = 0;; i++) {
		snprintf(im->work_name, sizeof(im->work_name), "%s-%d.%d", im->what, (int)getpid(), i);
		r = sys_mkdirat(im->store->tmp_fd, im->work_name, 0700);
		if (r != -EEXIST)
			break;
	}
	if (r < 0)
		return r;
	im->work_fd = sys_openat(im->store->tmp_fd, im->work_name, O_RDONLY | O_DIRECTORY, 0);
	if (im->work_fd < 0)
		return im->work_fd;
	r = sys_flock(im->work_fd, LOCK_EX);
	if (r >= 0)
		r = sys_mkdirat(im->work_fd, "blobs", 0700);
	if (r >= 0)
		r = sys_mkdirat(im->work_fd, "layers", 0700);
	if (r < 0)
		return r;
	im->blobs_fd = sys_openat(im->work_fd, "blobs", O_RDONLY | O_DIRECTORY, 0);
	im->layers_fd = sys_openat(im->work_fd, "layers", O_RDONLY | O_DIRECTORY, 0);
	return im->blobs_fd < 0 ? im->blobs_fd : im->layers_fd < 0 ? im->layers_fd : 0;
}

/* Manifest and configuration are in memory, verified: write those bytes and no others. */
int import_text(struct import *im, const struct oci_desc *desc, const char *text)
{
	int fd __free(fd) = -EBADF, r = exists_at(im->store->blobs_fd, desc->hex);

	if (!r)
		r = exists_at(im->blobs_fd, desc->hex);
	if (r)
		return r < 0 ? r : 0;
	fd = sys_openat(im->blobs_fd, desc->hex, O_WRONLY | O_CREAT | O_EXCL, 0644);
	if (fd < 0)
		return fd;
	return file_write_all(fd, text, desc->size);
}

static int fetch_all(struct import *im)
{
	int r = 0;

	for (size_t i = 0; i < im->image.n_layers; i++)
		im->progress.total_bytes += 2 * im->image.layers[i].blob.size;
	for (size_t i = 0; r >= 0 && i < im->image.n_layers; i++)
		r = fetch_blob(im, &im->image.layers[i].blob);
	for (size_t i = 0; r >= 0 && i < im->image.n_layers; i++)
		r = fetch_layer(im, &im->image.layers[i]);
	if (r >= 0)
		r = import_text(im, &im->image.manifest, im->image.manifest_text);
	if (r >= 0)
		r = import_text(im, &im->image.config, im->image.config_text);
	return r;
}

struct journal {
	struct str text;
	char kind;
};

static int add_line(const char *name, void *data)
{
	struct journal *j = data;

	str_addf(&j->text, "%c%s\n", j->kind, name);
	return 0;
}

static int write_journal(struct import *im)
{
	struct journal j = {.kind = 'b'};
	int r = each_name(im->blobs_fd, ".", add_line, &j);

	j.kind = 'l';
	if (r >= 0)
		r = each_name(im->layers_fd, ".", add_line, &j);
	if (r >= 0 && j.text.failed)
		r = -ENOMEM;
	if (r >= 0)
		r = file_replace_at(im->work_fd, "journal", j.text.s ?: "", j.text.len, 0600);
	str_done(&j.text);
	/* One call makes all files of the layers durable; the store is one file system. */
	return r < 0 ? r : sys_syncfs(im->work_fd);
}

struct moving {
	int from_fd, to_fd;
};

static int move_in(const char *name, void *data)
{
	const struct moving *m = data;
	int there = exists_at(m->to_fd, name);

	/* Another import may have put the same there meanwhile: then ours is not needed. */
	if (there)
		return there < 0 ? there : 0;
	return sys_renameat2(m->from_fd, name, m->to_fd, name, 0);
}

/* Things the store had when we looked may have been removed since, with their image. */
static int check_complete(struct import *im)
{
	const struct oci_image *image = &im->image;
	int there = exists_at(im->store->blobs_fd, image->manifest.hex);

	if (there > 0)
		there = exists_at(im->store->blobs_fd, image->config.hex);
	for (size_t i = 0; there > 0 && i < image->n_layers; i++) {
		there = exists_at(im->store->blobs_fd, image->layers[i].blob.hex);
		if (there > 0)
			there = exists_at(im->store->layers_fd, image->layers[i].diff_id);
	}
	if (there)
		return there < 0 ? there : 0;
	return sys_fail(-EAGAIN, im->what, im->result.name,
		       "a layer that was to be reused has been removed meanwhile: %s again", im->what);
}

static int put_in_place(struct import *im)
{
	struct moving blobs = {im->blobs_fd, im->store->blobs_fd};
	struct moving layers = {im->layers_fd, im->store->layers_fd};
	int r = each_name(im->blobs_fd, ".", move_in, &blobs);

	if (r >= 0)
		r = each_name(im->layers_fd, ".", move_in, &layers);
	if (r >= 0)
		r = check_complete(im);
	if (r >= 0)
		r = sys_fsync(im->store->blobs_fd);
	if (r >= 0)
		r = sys_fsync(im->store->layers_fd);
	return r < 0 ? r : index_set(im->store, im->result.name, &im->image.manifest,
				     &im->result.replaced);
}

int import_publish(struct import *im)
{
	int r = write_journal(im), lock __free(fd) = -EBADF;

	if (r < 0)
		return r;
	lock = store_lock(im->store);
	if (lock < 0)
		return lock;
	r = put_in_place(im);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		journal_undo(im->store, im->work_fd);
		sys_keep_failure(&why);
	}
	return r;
}

void import_end(struct import *im)
{
	if (im->blobs_fd >= 0)
		sys_close(im->blobs_fd);
	if (im->layers_fd >= 0)
		sys_close(im->layers_fd);
	if (im->work_name[0])
		file_remove_tree(im->store->tmp_fd, im->work_name);
	if (im->work_fd >= 0)
		sys_close(im->work_fd);
}

int import_check_name(const struct import *im, const char *name)
{
	for (const char *p = name; *p; p++)
		if ((unsigned char)*p <= ' ' || *p == 0x7f)
			return sys_fail(-EINVAL, im->what, name, "blanks and control characters can't be in an image's name");
	if (!name[0] || str_eq(name, ".") || str_starts(name, "sha256:"))
		return sys_fail(-EINVAL, im->what, name, "is no name for an image");
	if (strlen(name) >= sizeof(im->result.name))
		return sys_fail(-ENAMETOOLONG, im->what, name, "a name is at most 255 bytes");
	return 0;
}

/* NAME, the tag, the only name in the layout, or the directory's own: the first there is. */
static int choose_name(struct import *im, const char *dir, const char *tag)
{
	const char *base = strrchr(dir, '/') ? strrchr(dir, '/') + 1 : dir;
	const char *name = im->options->name ?: tag;
	int r;

	if (!name || (!im->options->name && str_starts(name, "sha256:")))
		name = im->image.manifest.ref_name[0] ? im->image.manifest.ref_name : base;
	if (!name[0] || str_eq(name, "."))
		return sys_fail(-EINVAL, "import", dir, "the image needs a name (--name)");
	r = import_check_name(im, name);
	if (r >= 0)
		str_copy(im->result.name, sizeof(im->result.name), name);
	return r;
}

static int run(struct import *im, const char *source)
{
	char *dir __free(ptr) = NULL, *tag __free(ptr) = NULL;
	int r = source_open(source, &im->source_fd, &dir, &tag);

	if (r >= 0)
		r = oci_load(im->source_fd, tag, &im->image);
	if (r >= 0)
		r = choose_name(im, dir, tag);
	if (r >= 0)
		r = rf_store_clean(im->store);
	if (r >= 0)
		r = import_begin(im);
	if (r >= 0)
		r = fetch_all(im);
	return r < 0 ? r : import_publish(im);
}

int rf_store_import(struct rf_store *store, const char *source,
		    const struct rf_import_options *options, struct rf_import_result *ret_result)
{
	static const struct rf_import_options none = {.size = sizeof(none)};
	struct import im = {.what = "import", .store = store, .options = options ?: &none, .source_fd = -EBADF,
			    .work_fd = -EBADF, .blobs_fd = -EBADF, .layers_fd = -EBADF};
	struct rf_call why = {0};
	int r = options_check(im.options, "rf_import_options");

	if (r >= 0)
		r = run(&im, source);
	if (r < 0)
		why = *rf_trace_last_failure();
	import_end(&im);
	if (r < 0)
		sys_keep_failure(&why);
	if (im.source_fd >= 0)
		sys_close(im.source_fd);
	im.result.layers = im.image.n_layers;
	snprintf(im.result.digest, sizeof(im.result.digest), "sha256:%s", im.image.manifest.hex);
	oci_image_done(&im.image);
	if (r < 0)
		return r;
	*ret_result = im.result;
	return 0;
}
