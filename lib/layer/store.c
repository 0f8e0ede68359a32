// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The store is an OCI image layout with three directories more. What is in progress stands in
 * tmp/NAME and is held by flock(2) on that directory, which the kernel drops when its holder dies
 * in whatever way: a directory in tmp/ that can be locked belongs to nobody.
 *
 * layers/, mounts/ and tmp/ are closed to others (0700), for they hold files of foreign make with
 * set-user-ID bits.
 */
#include "layer/store.h"

#include <errno.h>
#include <sys/file.h>

#include "base/file.h"
#include "base/str.h"

int path_of_fd(int fd, char **ret_path)
{
	char link[40], path[4096];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = sys_readlinkat(AT_FDCWD, link, path, sizeof(path));
	if (n < 0)
		return (int)n;
	if (n == sizeof(path))
		return -ENAMETOOLONG;
	*ret_path = strndup(path, (size_t)n);
	return *ret_path ? 0 : -ENOMEM;
}

int exists_at(int dirfd, const char *name)
{
	struct stat st;
	int r = sys_fstatat(dirfd, name, &st, AT_SYMLINK_NOFOLLOW);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int each_name(int dirfd, const char *path, int (*fn)(const char *name, void *data), void *data)
{
	int r = 0, fd __free(fd) = sys_openat(dirfd, path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	DIR *dir __free(dir) = NULL;
	struct dirent *e;

	if (fd < 0)
		return fd;
	dir = sys_fdopendir(fd, &r);
	if (!dir)
		return r;
	take_fd(&fd);
	while (!r && (e = readdir(dir)))
		if (!str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = fn(e->d_name, data);
	return r;
}

int store_lock(struct rf_store *store)
{
	int fd __free(fd) = sys_openat(store->dir_fd, "lock", O_RDWR | O_CREAT | O_NOFOLLOW, 0600);
	int r = fd;

	while (r >= 0 && (r = sys_flock(fd, LOCK_EX)) == -EINTR)
		r = 0;
	return r < 0 ? r : take_fd(&fd);
}

int work_is_live(int parent_fd, const char *name, int *ret_fd)
{
	int r, fd __free(fd) =
		sys_openat(parent_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	/* Shared, so that two who only look don't take each other for an owner. */
	r = sys_flock(fd, LOCK_SH | LOCK_NB);
	if (r == -EWOULDBLOCK)
		return 1;
	if (r < 0)
		return r;
	*ret_fd = take_fd(&fd);
	return 0;
}

static int make_file(int dirfd, const char *name, const char *text)
{
	int there = exists_at(dirfd, name);

	return there ? there : file_replace_at(dirfd, name, text, strlen(text), 0644);
}

static int make_layout(int dir_fd)
{
	static const struct {
		const char *path;
		mode_t mode;
	} dirs[] = {
		{"blobs/sha256", 0755}, {"layers", 0700}, {"mounts", 0700}, {"tmp", 0700},
	};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(dirs); i++)
		r = file_mkdir_p(dir_fd, dirs[i].path, dirs[i].mode);
	if (r >= 0)
		r = make_file(dir_fd, "index.json",
			      "{\"schemaVersion\": 2, \"mediaType\": "
			      "\"application/vnd.oci.image.index.v1+json\", \"manifests\": []}\n");
	/* Last: this file makes it a layout. */
	return r < 0 ? r : make_file(dir_fd, "oci-layout", "{\"imageLayoutVersion\": \"1.0.0\"}\n");
}

static int name_of_first(const char *name, void *data)
{
	return 1;
}

/* A layout by itself, as skopeo makes one, may become a store; a directory of other things not. */
static int check_or_make(int dir_fd, const char *path, unsigned flags)
{
	int r = exists_at(dir_fd, "oci-layout");

	if (r < 0)
		return r;
	if (!r) {
		r = each_name(dir_fd, ".", name_of_first, NULL);
		if (r > 0)
			r = exists_at(dir_fd, "tmp") ?: -ENOTEMPTY;
		if (r == -ENOTEMPTY)
			return sys_fail(-EINVAL, "store", path,
					"is neither a store nor an empty directory");
		if (r < 0)
			return r;
		if (!(flags & RF_STORE_CREATE))
			return sys_fail(-ENOENT, "store", path, "is no store yet; import makes one");
	}
	if (flags & RF_STORE_CREATE) {
		r = make_layout(dir_fd);
		if (r < 0)
			return r;
	}
	return oci_check_layout(dir_fd, path);
}

static int open_parts(struct rf_store *store)
{
	struct {
		int *fd;
		const char *name;
	} parts[] = {
		{&store->blobs_fd, "blobs/sha256"}, {&store->layers_fd, "layers"},
		{&store->mounts_fd, "mounts"},	    {&store->tmp_fd, "tmp"},
	};

	for (size_t i = 0; i < array_size(parts); i++) {
		*parts[i].fd = sys_openat(store->dir_fd, parts[i].name, O_RDONLY | O_DIRECTORY, 0);
		if (*parts[i].fd == -ENOENT)
			return sys_fail(-EINVAL, "store", store->path,
					"has no directory %s: is it a layout that nothing was imported into?",
					parts[i].name);
		if (*parts[i].fd < 0)
			return *parts[i].fd;
	}
	return 0;
}

static void close_parts(const struct rf_store *store)
{
	const int fds[] = {store->dir_fd, store->blobs_fd, store->layers_fd, store->mounts_fd,
			   store->tmp_fd};

	for (size_t i = 0; i < array_size(fds); i++)
		if (fds[i] >= 0)
			sys_close(fds[i]);
}

void rf_store_close(struct rf_store *store)
{
	if (!store)
		return;
	close_parts(store);
	free(store->path);
	free(store);
}

static void cleanup_store(struct rf_store **store)
{
	rf_store_close(*store);
}

int rf_store_open(const char *path, unsigned flags, struct rf_store **ret_store)
{
	struct rf_store *store __free(store) = calloc(1, sizeof(*store));
	int r;

	if (!store)
		return -ENOMEM;
	store->dir_fd = store->blobs_fd = store->layers_fd = store->mounts_fd = store->tmp_fd = -EBADF;
	path = path ?: RF_STORE_DEFAULT;
	if (flags & RF_STORE_CREATE) {
		r = file_mkdir_p(AT_FDCWD, path, 0700);
		if (r < 0)
			return r;
	}
	store->dir_fd = sys_openat(AT_FDCWD, path, O_RDONLY | O_DIRECTORY, 0);
	if (store->dir_fd == -ENOENT)
		return sys_fail(-ENOENT, "store", path, "is no store yet; import makes one");
	if (store->dir_fd < 0)
		return store->dir_fd;
	r = check_or_make(store->dir_fd, path, flags);
	if (r >= 0)
		r = path_of_fd(store->dir_fd, &store->path);
	if (r >= 0)
		r = open_parts(store);
	if (r < 0)
		return r;
	*ret_store = take_ptr(&store);
	return 0;
}

struct clean {
	struct rf_store *store;
	int count;
};

static int clean_work(const char *name, void *data)
{
	struct clean *c = data;
	int r, fd __free(fd) = -EBADF;

	r = work_is_live(c->store->tmp_fd, name, &fd);
	if (r > 0 || r == -ENOENT)
		return 0;
	if (r == 0)
		r = journal_undo(c->store, fd);
	/* Not a directory: nothing of ours makes such a thing, but it's in the way. */
	if (r >= 0 || r == -ENOTDIR || r == -ELOOP)
		r = file_remove_tree(c->store->tmp_fd, name);
	c->count += r >= 0;
	return r < 0 ? r : 0;
}

/* Whoever replaces index.json holds the lock, as we do: a half-written copy has no owner. */
static int clean_index(const char *name, void *data)
{
	struct clean *c = data;
	size_t n = strlen(name);

	if (!str_starts(name, "index.json.") || n < 4 || !str_eq(name + n - 4, ".tmp"))
		return 0;
	c->count++;
	return file_remove_tree(c->store->dir_fd, name);
}

int rf_store_clean(struct rf_store *store)
{
	struct clean c = {.store = store};
	int r, mounts, lock __free(fd) = store_lock(store);

	if (lock < 0)
		return lock;
	r = each_name(store->tmp_fd, ".", clean_work, &c);
	if (r >= 0)
		r = each_name(store->dir_fd, ".", clean_index, &c);
	if (r < 0)
		return r;
	mounts = mounts_clean(store);
	return mounts < 0 ? mounts : c.count + mounts;
}
