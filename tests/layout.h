/* SPDX-License-Identifier: GPL-2.0-or-later */
/* An OCI image layout for tests: one layer with one file, in the directory layout of `dir`. */
#ifndef TESTS_LAYOUT_H
#define TESTS_LAYOUT_H

#include <archive.h>
#include <archive_entry.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "layer/oci.h"

static inline size_t layout_tar(char *buf, size_t size)
{
	struct archive *a = archive_write_new();
	struct archive_entry *e = archive_entry_new();
	size_t used = 0;

	archive_write_set_format_pax_restricted(a);
	archive_write_open_memory(a, buf, size, &used);
	archive_entry_set_pathname(e, "file");
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_perm(e, 0644);
	archive_entry_set_size(e, 5);
	archive_write_header(a, e);
	archive_write_data(a, "hello", 5);
	archive_entry_free(e);
	archive_write_close(a);
	archive_write_free(a);
	return used;
}

static inline int layout_blob(int dir, const void *data, size_t len, char hex[HEX_SIZE])
{
	char path[HEX_SIZE + 32];
	int r = hash_bytes(data, len, hex);

	snprintf(path, sizeof(path), "layout/blobs/sha256/%s", hex);
	return r < 0 ? r : file_replace_at(dir, path, data, len, 0644);
}

static inline int layout_make(int dir)
{
	char tar[32768], config[512], manifest[1024], index[512];
	char layer[HEX_SIZE], conf[HEX_SIZE], man[HEX_SIZE];
	size_t size = layout_tar(tar, sizeof(tar));
	int r = file_mkdir_p(dir, "layout/blobs/sha256", 0755);

	if (r < 0 || (r = layout_blob(dir, tar, size, layer)) < 0)
		return r;
	snprintf(config, sizeof(config),
		 "{\"config\": {\"Cmd\": [\"/file\"]}, \"rootfs\": {\"diff_ids\": [\"sha256:%s\"]}}", layer);
	r = layout_blob(dir, config, strlen(config), conf);
	snprintf(manifest, sizeof(manifest),
		 "{\"config\": {\"digest\": \"sha256:%s\", \"size\": %zu}, \"layers\": [{\"mediaType\": "
		 "\"application/vnd.oci.image.layer.v1.tar\", \"digest\": \"sha256:%s\", \"size\": %zu}]}",
		 conf, strlen(config), layer, size);
	if (r >= 0)
		r = layout_blob(dir, manifest, strlen(manifest), man);
	snprintf(index, sizeof(index),
		 "{\"manifests\": [{\"mediaType\": \"application/vnd.oci.image.manifest.v1+json\", "
		 "\"digest\": \"sha256:%s\", \"size\": %zu}]}", man, strlen(manifest));
	if (r >= 0)
		r = file_replace_at(dir, "layout/index.json", index, strlen(index), 0644);
	return r < 0 ? r : file_replace_at(dir, "layout/oci-layout",
					   "{\"imageLayoutVersion\": \"1.0.0\"}", 31, 0644);
}

/* A path made by mkdtemp(3), with all below it. */
static inline int layout_remove_tmp(const char *path)
{
	char *parent __free(ptr) = strndup(path, (size_t)(strrchr(path, '/') - path));
	int fd __free(fd) = parent ? open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC) : -1;

	return file_remove_tree(fd, strrchr(path, '/') + 1);
}

#endif
