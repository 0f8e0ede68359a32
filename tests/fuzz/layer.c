// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A layer's archive through the whole unpacker into a scratch root. Beside the root stands a file
 * that no archive may change, and nothing may be made next to it. The first byte chooses the packing.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz.h"
#include "layer/unpack.h"

static int scratch = -1;

static void make_scratch(void)
{
	if (scratch >= 0)
		return;
	scratch = fuzz_scratch();
	if (mkdirat(scratch, "side", 0700) < 0)
		abort();
}

/* Only "side" and "root" stand in the scratch directory, and "side" is empty. */
static void check_outside(void)
{
	DIR *dir = fdopendir(dup(scratch));
	struct dirent *e;

	if (!dir)
		abort();
	rewinddir(dir);
	while ((e = readdir(dir)))
		if (e->d_name[0] != '.' && strcmp(e->d_name, "side") && strcmp(e->d_name, "root"))
			abort();
	closedir(dir);
	if (unlinkat(scratch, "side", AT_REMOVEDIR) < 0 || mkdirat(scratch, "side", 0700) < 0)
		abort();
}

FUZZ_TARGET(layer)
{
	static const enum packing packings[] = {PACKING_NONE, PACKING_GZIP, PACKING_ZSTD};
	struct unpack_policy policy = {.max_bytes = 1 << 20, .max_entries = 256, .max_depth = 64,
				       .max_name_bytes = 255};
	struct stream_limits limits = {.max_bytes = 4 << 20, .max_ratio = 1000};
	struct oci_layer layer = {.packing = size ? packings[data[0] % 3] : PACKING_NONE};
	struct unpack_stats stats = {0};
	struct stream *stream = NULL;
	int root, fd = memfd_create("layer", 0);
	char hex[HEX_SIZE];
	bool garbage;

	make_scratch();
	if (fd < 0 || mkdirat(scratch, "root", 0700) < 0)
		abort();
	root = openat(scratch, "root", O_RDONLY | O_DIRECTORY);
	if (size > 1 && write(fd, data + 1, size - 1) != (ssize_t)size - 1)
		abort();
	lseek(fd, 0, SEEK_SET);
	if (stream_open(fd, &layer, &limits, NULL, NULL, &stream) >= 0) {
		if (layer_unpack(stream, root, "00", &policy, &stats) >= 0)
			stream_finish(stream, hex, &garbage);
		stream_close(stream);
	}
	close(fd);
	close(root);
	check_outside();
	if (file_remove_tree(scratch, "root") < 0)
		abort();
	return 0;
}
