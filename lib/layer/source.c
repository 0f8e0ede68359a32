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

/* How much of `s` names a directory: up to its first colon that makes one. 0: no part does. */
static size_t directory_part(const char *s)
{
	char dir[4096];
	struct stat st;

	for (size_t n = strcspn(s, ":"); n < sizeof(dir); n += 1 + strcspn(s + n + 1, ":")) {
		memcpy(dir, s, n);
		dir[n] = '\0';
		if (sys_fstatat(AT_FDCWD, dir, &st, 0) >= 0 && S_ISDIR(st.st_mode))
			return n;
		if (!s[n])
			break;
	}
	return 0;
}

int source_open(const char *source, int *ret_fd, char **ret_dir, char **ret_tag)
{
	const char *given = source, *plain = str_starts(source, "oci:") ? source + 4 : source;
	size_t n = directory_part(plain);
	int r, fd __free(fd) = -EBADF;
	char *dir __free(ptr) = NULL, *tag __free(ptr) = NULL;

	/* "oci:x" may also be image x of a directory called oci. */
	source = n ? plain : source;
	n = n ?: directory_part(source);
	if (!n) {
		r = refuse_transport(given);
		return r < 0 ? r : refuse_file(plain);
	}
	dir = strndup(source, n);
	tag = source[n] ? strdup(source + n + 1) : NULL;
	if (!dir || (source[n] && !tag))
		return -ENOMEM;
	if (tag && !tag[0])
		return sys_fail(-EINVAL, "import", given, "the tag after ':' is empty");
	fd = sys_openat(AT_FDCWD, dir, O_RDONLY | O_DIRECTORY, 0);
	r = fd < 0 ? fd : oci_check_layout(fd, dir);
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	*ret_dir = take_ptr(&dir);
	*ret_tag = take_ptr(&tag);
	return 0;
}
