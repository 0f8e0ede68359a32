// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The index of an image layout, and what is looked up by it: the blobs it names are not there.
 */
#include <fcntl.h>
#include <unistd.h>

#include "fuzz.h"
#include "layer/oci.h"

FUZZ_TARGET(image)
{
	static int dir = -1;
	struct oci_image image = {0};
	json_object *json = NULL;
	int fd;

	if (dir < 0)
		dir = fuzz_scratch();
	fd = openat(dir, "index.json", O_WRONLY | O_CREAT | O_TRUNC, 0600);
	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	close(fd);
	if (oci_read_index(dir, &json) >= 0) {
		struct oci_desc desc;

		for (size_t i = 0; i < oci_index_length(json) && i < 64; i++)
			oci_index_entry(json, i, &desc);
		json_object_put(json);
	}
	if (oci_load(dir, NULL, &image) >= 0)
		oci_image_done(&image);
	return 0;
}
