// SPDX-License-Identifier: LGPL-2.1-or-later
#include "base/file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/resolve.h"
#include "base/str.h"

/* Most files are short: those never touch a page of the heap that they do not fill. */
int file_read_fd(int fd, size_t limit, char **ret_text, size_t *ret_len)
{
	char first[1024], *to = first, *text __free(ptr) = NULL;
	size_t len = 0, cap = limit < sizeof(first) ? limit + 1 : sizeof(first);

	for (;;) {
		ssize_t n = sys_read(fd, to + len, cap - len);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		if (!n)
			break;
		len += (size_t)n;
		if (len > limit)
			return sys_fail(-EFBIG, "read", sys_fd_name(fd), "longer than %zu bytes",
					limit);
		if (len == cap) {
			to = realloc(text, cap * 4 + 1);
			if (!to)
				return -ENOMEM;
			if (!text)
				memcpy(to, first, len);
			text = to;
			cap *= 4;
		}
	}
	if (!text) {
		text = malloc(len + 1);
		if (!text)
			return -ENOMEM;
		memcpy(text, first, len);
	}
	text[len] = '\0';
	*ret_text = take_ptr(&text);
	if (ret_len)
		*ret_len = len;
	return 0;
}

int file_read_at(int dirfd, const char *path, size_t limit, char **ret_text, size_t *ret_len)
{
	int fd __free(fd) = sys_openat(dirfd, path, O_RDONLY, 0);

	return fd < 0 ? fd : file_read_fd(fd, limit, ret_text, ret_len);
}

int file_write_at(int dirfd, const char *path, const char *text)
{
	int fd __free(fd) = sys_openat(dirfd, path, O_WRONLY, 0);
	size_t len = strlen(text);
	ssize_t n;

	if (fd < 0)
		return fd;
	n = sys_write(fd, text, len);
	if (n < 0)
		return (int)n;
	return (size_t)n == len ? 0 : -EIO;
}

int file_write_all(int fd, const void *data, size_t len)
{
	const char *p = data;

	while (len) {
		ssize_t n = sys_write(fd, p, len);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		p += n;
		len -= (size_t)n;
	}
	return 0;
}

int file_replace_at(int dirfd, const char *path, const void *data, size_t len, mode_t mode)
{
	char *tmp __free(ptr) = str_format("%s.%d.tmp", path, (int)getpid());
	int r, fd __free(fd) = -EBADF;

	if (!tmp)
		return -ENOMEM;
	fd = sys_openat(dirfd, tmp, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode);
	if (fd < 0)
		return fd;
	r = file_write_all(fd, data, len);
	if (r >= 0)
		r = sys_fsync(fd);
	if (r >= 0)
		r = sys_renameat2(dirfd, tmp, dirfd, path, 0);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		sys_unlinkat(dirfd, tmp, 0);
		sys_fail(r, why.name, why.object, "%s", why.note);
	}
	return r;
}

/* What stands in the way of a directory may be a file. */
static int existing_directory(int dirfd, const char *path)
{
	struct stat st = {.st_mode = S_IFDIR};
	int r = sys_fstatat(dirfd, path, &st, 0);

	if (r < 0 || S_ISDIR(st.st_mode))
		return r;
	return sys_fail(-ENOTDIR, "mkdirat", path, "exists and is not a directory");
}

int file_mkdir_p(int dirfd, const char *path, mode_t mode)
{
	char *copy __free(ptr) = strdup(path);
	int r;

	if (!copy)
		return -ENOMEM;
	for (char *p = copy; *p; p++) {
		if (*p != '/' || p == copy)
			continue;
		*p = '\0';
		r = sys_mkdirat(dirfd, copy, mode);
		*p = '/';
		if (r < 0 && r != -EEXIST)
			return r;
	}
	r = sys_mkdirat(dirfd, copy, mode);
	return r == -EEXIST ? existing_directory(dirfd, path) : r;
}

static int remove_below(int dirfd);

static int remove_entry(int dirfd, const char *name)
{
	int r = sys_unlinkat(dirfd, name, 0);
	int sub __free(fd) = -EBADF;

	/* unlink(2) of a directory is EISDIR here, EPERM in POSIX's words. */
	if (r != -EISDIR && r != -EPERM)
		return r == -ENOENT ? 0 : r;
	sub = resolve_beneath(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	/* It is no directory after all: what unlink said stands. */
	if (r == -EPERM && (sub == -ENOTDIR || sub == -ELOOP)) {
		/* The record of either call names it in full. */
		struct rf_call why = *rf_trace_last_failure();

		return sys_fail(r, "unlinkat", why.object,
				"is immutable, append-only or in another user's sticky directory");
	}
	if (sub < 0)
		return sub;
	r = remove_below(take_fd(&sub));
	return r < 0 ? r : sys_unlinkat(dirfd, name, AT_REMOVEDIR);
}

/* Takes over dirfd. */
static int remove_below(int dirfd)
{
	int r = 0;
	DIR *dir __free(dir) = sys_fdopendir(dirfd, &r);
	struct dirent *e;

	if (!dir) {
		sys_close(dirfd);
		return r;
	}
	while ((e = readdir(dir))) {
		if (str_eq(e->d_name, ".") || str_eq(e->d_name, ".."))
			continue;
		r = remove_entry(dirfd, e->d_name);
		if (r < 0)
			return r;
	}
	return 0;
}

int file_remove_tree(int dirfd, const char *name)
{
	return remove_entry(dirfd, name);
}
