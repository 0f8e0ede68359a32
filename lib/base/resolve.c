// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * openat2(2) does this in one call (5.6); by hand it is what is left where a seccomp filter that does
 * not know that call refuses it. RESOLVE_IN_ROOT by hand: one component at a time,
 * each opened with O_PATH|O_NOFOLLOW and looked at; a link's text is put before what is left of the
 * path. The way from the root is kept as a path without links, so that ".." is cutting off its end
 * and walking again, and at the root nothing. It never asks the kernel for "..", so that a tree which
 * changes meanwhile can lead the walk astray, but not out.
 */
#include "base/resolve.h"

#include <errno.h>
#include <limits.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { MAX_LINKS = 40, MAX_TRIES = 8 };

struct walk {
	int root_fd, fd;
	char at[PATH_MAX];   /* from the root, without links; "" is the root */
	char left[PATH_MAX]; /* still to go */
	int links;
	bool any; /* the last component may be something else than a directory */
};

static int go_to_root(struct walk *w)
{
	int fd = sys_openat(w->root_fd, ".", O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	if (w->fd >= 0)
		sys_close(w->fd);
	w->fd = fd;
	w->at[0] = '\0';
	return 0;
}

static int go_up(struct walk *w)
{
	char kept[PATH_MAX], *slash = strrchr(w->at, '/'), *save = NULL;
	int r;

	if (slash)
		*slash = '\0';
	else
		w->at[0] = '\0';
	str_copy(kept, sizeof(kept), w->at);
	r = go_to_root(w);
	for (char *p = strtok_r(kept, "/", &save); r >= 0 && p; p = strtok_r(NULL, "/", &save)) {
		int fd = sys_openat(w->fd, p, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);

		if (fd < 0)
			return fd;
		sys_close(w->fd);
		w->fd = fd;
		if (w->at[0])
			strncat(w->at, "/", sizeof(w->at) - strlen(w->at) - 1);
		strncat(w->at, p, sizeof(w->at) - strlen(w->at) - 1);
	}
	return r;
}

/* Put the link's text before the rest; an absolute one begins at the root. */
static int follow(struct walk *w, int link_fd)
{
	char text[PATH_MAX], joined[PATH_MAX];
	ssize_t n = sys_readlinkat(link_fd, "", text, sizeof(text) - 1);

	if (n < 0)
		return (int)n;
	if (++w->links > MAX_LINKS)
		return -ELOOP;
	text[n] = '\0';
	if ((size_t)snprintf(joined, sizeof(joined), "%s/%s", text, w->left) >= sizeof(joined))
		return -ENAMETOOLONG;
	str_copy(w->left, sizeof(w->left), joined);
	return text[0] == '/' ? go_to_root(w) : 0;
}

static int go_down(struct walk *w, const char *name)
{
	int r, fd __free(fd) = sys_openat(w->fd, name, O_PATH | O_NOFOLLOW, 0);
	size_t len = strlen(w->at);
	struct stat st = {.st_mode = S_IFDIR};

	if (fd < 0)
		return fd;
	r = sys_fstat(fd, &st);
	if (r < 0)
		return r;
	if (S_ISLNK(st.st_mode))
		return follow(w, fd);
	if (!S_ISDIR(st.st_mode) && (!w->any || w->left[0]))
		return -ENOTDIR;
	if (len + strlen(name) + 2 > sizeof(w->at))
		return -ENAMETOOLONG;
	if (len)
		w->at[len++] = '/';
	str_copy(w->at + len, sizeof(w->at) - len, name);
	sys_close(w->fd);
	w->fd = take_fd(&fd);
	return 0;
}

static int walk_on(struct walk *w)
{
	while (w->left[0]) {
		char name[NAME_MAX + 1];
		size_t skip = strspn(w->left, "/"), n = strcspn(w->left + skip, "/");
		int r;

		if (n >= sizeof(name))
			return -ENAMETOOLONG;
		memcpy(name, w->left + skip, n);
		name[n] = '\0';
		memmove(w->left, w->left + skip + n, strlen(w->left + skip + n) + 1);
		if (!n || str_eq(name, "."))
			continue;
		r = str_eq(name, "..") ? go_up(w) : go_down(w, name);
		if (r < 0)
			return r;
	}
	return 0;
}

static int resolve_by_hand(int root_fd, const char *path, bool any)
{
	struct walk w = {.root_fd = root_fd, .fd = -EBADF, .any = any};
	int r = str_copy(w.left, sizeof(w.left), path);

	if (r >= 0)
		r = go_to_root(&w);
	if (r >= 0)
		r = walk_on(&w);
	if (r >= 0)
		return w.fd;
	if (w.fd >= 0)
		sys_close(w.fd);
	return r;
}

/* One step down, staying on the mount. */
static int step_beneath(int fd, const char *name, int flags, uint64_t mount)
{
	int next __free(fd) = sys_openat(fd, name, flags | O_NOFOLLOW, 0);
	uint64_t id = mount;
	int r = next < 0 ? next : sys_statx_mount(next, &id);

	if (r < 0)
		return r;
	return id == mount ? take_fd(&next) : -EXDEV;
}

static int beneath_by_hand(int dirfd, const char *path, int flags)
{
	char left[PATH_MAX], *save = NULL, *name, *next;
	int fd __free(fd) = -EBADF;
	uint64_t mount = 0;
	int r = sys_statx_mount(dirfd, &mount);

	if (r < 0 || (r = str_copy(left, sizeof(left), path)) < 0)
		return r;
	if (path[0] == '/')
		return -EXDEV;
	name = strtok_r(left, "/", &save);
	for (; name && (next = strtok_r(NULL, "/", &save)); name = next) {
		if (str_eq(name, ".."))
			return -EXDEV;
		r = step_beneath(fd < 0 ? dirfd : fd, name, O_PATH | O_DIRECTORY, mount);
		if (r < 0)
			return r;
		if (fd >= 0)
			sys_close(fd);
		fd = r;
	}
	if (name && str_eq(name, ".."))
		return -EXDEV;
	return step_beneath(fd < 0 ? dirfd : fd, name ?: ".", flags, mount);
}

int resolve_beneath(int dirfd, const char *path, int flags)
{
	int fd = sys_openat2(dirfd, path[0] ? path : ".", flags, 0,
			     RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV);

	return fd == -ENOSYS ? beneath_by_hand(dirfd, path, flags) : fd;
}

static int resolve(int root_fd, const char *path, bool any)
{
	int fd;

	/* -EAGAIN: something was renamed somewhere while ".." was resolved. */
	for (int i = 0; i < MAX_TRIES; i++) {
		fd = sys_openat2(root_fd, path[0] ? path : ".", any ? O_PATH : O_PATH | O_DIRECTORY, 0,
				 RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS);
		if (fd != -EAGAIN)
			break;
	}
	return fd == -ENOSYS ? resolve_by_hand(root_fd, path, any) : fd;
}

int resolve_dir(int root_fd, const char *path)
{
	return resolve(root_fd, path, false);
}

int resolve_path(int root_fd, const char *path)
{
	return resolve(root_fd, path, true);
}
