// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * libmount reads /proc/self/mountinfo with its escapes; entries stand in the order of mounting, so
 * of several mounts on one target the last is the one that is seen. libmount makes its own calls:
 * they leave no records.
 */
#include "mount/table.h"

#include <errno.h>
#include <libmount/libmount.h>

#include "base/cleanup.h"
#include "base/str.h"

struct mount_table {
	struct libmnt_table *table;
};

int mount_table_read_file(const char *path, struct mount_table **ret_table)
{
	struct mount_table *t = calloc(1, sizeof(*t));

	if (!t)
		return -ENOMEM;
	t->table = mnt_new_table_from_file(path);
	if (!t->table) {
		free(t);
		return sys_fail(-EIO, "mount table", path, "can't be read; is /proc mounted?");
	}
	*ret_table = t;
	return 0;
}

int mount_table_read(struct mount_table **ret_table)
{
	return mount_table_read_file("/proc/self/mountinfo", ret_table);
}

void mount_table_free(struct mount_table *t)
{
	if (!t)
		return;
	mnt_unref_table(t->table);
	free(t);
}

/* The last entry that fits; NULL for a source or target stands for any. */
static struct libmnt_fs *last_of(const struct mount_table *t, const char *source, const char *target)
{
	struct libmnt_iter *at = mnt_new_iter(MNT_ITER_BACKWARD);
	struct libmnt_fs *fs = NULL, *found = NULL;

	while (at && !found && mnt_table_next_fs(t->table, at, &fs) == 0) {
		const char *s = mnt_fs_get_source(fs), *d = mnt_fs_get_target(fs);

		/* libmount takes a table of swaps, too: sources without targets. */
		if (d && (!source || (s && str_eq(s, source))) && (!target || str_eq(d, target)))
			found = fs;
	}
	mnt_free_iter(at);
	return found;
}

bool mount_table_has(const struct mount_table *t, const char *source, const char *target)
{
	return last_of(t, source, target);
}

int mount_table_find(const struct mount_table *t, const char *source, char **ret_target)
{
	struct libmnt_fs *fs = last_of(t, source, NULL);
	char *copy = fs ? strdup(mnt_fs_get_target(fs)) : NULL;

	if (fs && !copy)
		return -ENOMEM;
	if (!fs)
		return 0;
	*ret_target = copy;
	return 1;
}

bool mount_table_is_top(const struct mount_table *t, const char *source, const char *target)
{
	struct libmnt_fs *fs = last_of(t, NULL, target);
	const char *s = fs ? mnt_fs_get_source(fs) : NULL;

	return s && str_eq(s, source);
}

static int ns_of(int proc_fd, const char *pid, uint64_t *ret_id)
{
	char path[40];
	struct stat st;
	int r;

	snprintf(path, sizeof(path), "%.16s/ns/mnt", pid);
	r = sys_fstatat(proc_fd, path, &st, 0);
	if (r >= 0)
		*ret_id = st.st_ino;
	return r;
}

int mount_ns_id(uint64_t *ret_id)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);

	return fd < 0 ? fd : ns_of(fd, "self", ret_id);
}

bool mount_ns_is_alive(uint64_t id)
{
	int r = 0, fd __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir __free(dir) = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	struct dirent *e;
	uint64_t other;

	if (!dir)
		return true; /* unknown: then nothing may be taken away */
	take_fd(&fd);
	while ((e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9' &&
		    ns_of(dirfd(dir), e->d_name, &other) >= 0 && other == id)
			return true;
	return false;
}
