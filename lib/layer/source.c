// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which layout, and which image of it. Registries, daemons and docker's archives are skopeo's work:
 * it turns each of them into an OCI layout, and the error says how.
 */
#include <errno.h>

#include "base/str.h"
#include "layer/import.h"

static int say_skopeo(const char *source, const char *from)
{
	return sys_fail(-EINVAL, "import", source,
			"is no OCI layout; make one: skopeo copy %s oci:DIR:TAG, then import DIR:TAG",
			from);
}

static int refuse_transport(const char *source)
{
	static const char *const transports[] = {
		"docker://", "docker-archive:", "docker-daemon:", "oci-archive:",
		"containers-storage:", "dir:",
	};

	for (size_t i = 0; i < array_size(transports); i++)
		if (str_starts(source, transports[i]))
			return say_skopeo(source, source);
	return 0;
}

static int refuse_file(const char *source)
{
	struct str from __free(str) = {0};
	struct stat st;

	if (sys_fstatat(AT_FDCWD, source, &st, 0) < 0)
		return sys_fail(-ENOENT, "import", source, "no such OCI layout directory");
	str_addf(&from, "docker-archive:%s (or oci-archive:%s)", source, source);
	return say_skopeo(source, from.s ?: source);
}

/* A directory's name may hold colons; the first prefix that is a directory is the layout. */
static int open_prefix(const char *source, int *ret_fd, char **ret_dir, char **ret_tag)
{
	for (const char *colon = source;; colon++) {
		char *dir __free(ptr) = NULL, *tag = NULL;
		struct stat st;
		int fd;

		colon = strchr(colon, ':') ?: source + strlen(source);
		dir = strndup(source, (size_t)(colon - source));
		if (!dir)
			return -ENOMEM;
		if (sys_fstatat(AT_FDCWD, dir, &st, 0) < 0 || !S_ISDIR(st.st_mode)) {
			if (*colon)
				continue;
			return refuse_file(source);
		}
		fd = sys_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
		if (fd < 0)
			return fd;
		if (*colon && !(tag = strdup(colon + 1))) {
			sys_close(fd);
			return -ENOMEM;
		}
		*ret_fd = fd;
		*ret_dir = take_ptr(&dir);
		*ret_tag = tag;
		return 0;
	}
}

int source_open(const char *source, int *ret_fd, char **ret_dir, char **ret_tag)
{
	int r = refuse_transport(source);

	if (r < 0)
		return r;
	if (str_starts(source, "oci:"))
		source += 4;
	r = open_prefix(source, ret_fd, ret_dir, ret_tag);
	if (r >= 0)
		r = oci_check_layout(*ret_fd, *ret_dir);
	if (r >= 0 && *ret_tag && !**ret_tag)
		r = sys_fail(-EINVAL, "import", source, "the tag after ':' is empty");
	return r;
}
