// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * How ours are known from others' files: the file that a namespace is mounted on is empty and has
 * no permission at all, and the directory of a set can't be written to by anyone (but by who may do
 * everything). Nothing is ever put there, and nobody makes such files for another purpose.
 */
#include "ns/pin.h"

#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

int ns_pin_path(const char *name, char **ret_path)
{
	size_t len = strlen(name);

	for (const char *p = name; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return sys_fail(-EINVAL, "pin", name, "is not a name: it holds a control character");
	if (!len || str_eq(name, ".") || str_eq(name, ".."))
		return sys_fail(-EINVAL, "pin", name, "is not a name: a name, or a path with a slash in it, is allowed");
	if (!strchr(name, '/')) {
		if (len > 255)
			return sys_fail(-EINVAL, "pin", name, "is not a name: it is longer than 255 bytes");
		*ret_path = str_format("%s/%s", RF_PIN_DIRECTORY, name);
		return *ret_path ? 0 : -ENOMEM;
	}
	while (len > 1 && name[len - 1] == '/')
		len--;
	*ret_path = strndup(name, len);
	return *ret_path ? 0 : -ENOMEM;
}

int ns_pin_look(int dirfd, const char *path)
{
	int fd __free(fd) = sys_openat(dirfd, path, O_PATH | O_NOFOLLOW, 0), r;
	struct statfs fs = {0};
	struct stat st = {0};

	if (fd < 0)
		return fd;
	r = sys_fstatfs(fd, &fs);
	if (r >= 0)
		r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (fs.f_type == RF_NSFS_MAGIC)
		return NS_PIN_NAMESPACE;
	if (S_ISREG(st.st_mode) && !st.st_size && !(st.st_mode & 07777))
		return NS_PIN_EMPTY;
	return S_ISDIR(st.st_mode) && !(st.st_mode & 07222) ? NS_PIN_SET : NS_PIN_OTHER;
}

static void free_files(char *files[RF_NS_KINDS])
{
	for (size_t i = 0; i < RF_NS_KINDS; i++)
		free(files[i]);
}

static int look_into(const char *dir, char *files[RF_NS_KINDS], size_t *ret_found)
{
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		char *path __free(ptr) = str_format("%s/%s", dir, rf_ns_kind(i)->name);
		int r = path ? ns_pin_look(AT_FDCWD, path) : -ENOMEM;

		if (r < 0 && r != -ENOENT)
			return r;
		if (r != NS_PIN_NAMESPACE)
			continue;
		files[i] = take_ptr(&path);
		++*ret_found;
	}
	return 0;
}

int rf_pin_files(const char *set, char *ret_files[RF_NS_KINDS])
{
	char *dir __free(ptr) = NULL, *files[RF_NS_KINDS] = {NULL};
	size_t found = 0;
	int r = ns_pin_path(set, &dir);

	if (r >= 0)
		r = look_into(dir, files, &found);
	if (r >= 0 && !found)
		r = sys_fail(-ENOENT, "pin", dir, "no namespaces are kept there (nsls --persistent lists those that are)");
	if (r < 0) {
		free_files(files);
		return r;
	}
	for (size_t i = 0; i < RF_NS_KINDS; i++)
		ret_files[i] = files[i];
	return 0;
}
