// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel opens a namespace by its number only from 6.18 on; before that it is looked for where
 * it may be: at each process, then at each file of nsfs that is mounted somewhere.
 */
#include "ns/find.h"

#include <mntent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

int ns_parse_inode(const struct rf_ns_kind *kind, const char *text, uint64_t *ret_inode)
{
	size_t len = strlen(kind->name);
	const char *digits = text;
	char number[24];

	if (text[0] == ':')
		digits = text + 1;
	else if (!strncmp(text, kind->name, len) && !strncmp(text + len, ":[", 2))
		digits = text + len + 2;
	else
		return 0;
	if (str_copy(number, sizeof(number), digits) < 0)
		return -EINVAL;
	if (text[0] != ':') {
		if (!digits[0] || digits[strlen(digits) - 1] != ']')
			return -EINVAL;
		number[strlen(number) - 1] = '\0';
	}
	return str_to_u64(number, ret_inode) < 0 ? -EINVAL : 1;
}

static bool is_it(int fd, uint64_t inode)
{
	struct stat st;

	return sys_fstat(fd, &st) >= 0 && st.st_ino == inode;
}

static int at_process(int proc_fd, const char *pid, const struct rf_ns_kind *kind, uint64_t inode)
{
	char path[64];
	struct stat st;
	int fd __free(fd) = -EBADF;

	snprintf(path, sizeof(path), "%.16s/ns/%s", pid, kind->name);
	if (sys_fstatat(proc_fd, path, &st, 0) < 0 || st.st_ino != inode)
		return -ENOENT;
	fd = sys_openat(proc_fd, path, O_RDONLY, 0);
	/* It may have changed meanwhile. */
	return fd >= 0 && is_it(fd, inode) ? take_fd(&fd) : -ENOENT;
}

static int at_processes(const struct rf_ns_kind *kind, uint64_t inode)
{
	int r = 0, found = -ENOENT, fd __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir __free(dir) = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	struct dirent *e;

	if (!dir)
		return fd < 0 ? fd : r;
	take_fd(&fd);
	while (found < 0 && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			found = at_process(dirfd(dir), e->d_name, kind, inode);
	return found;
}

static int at_mounts(uint64_t inode)
{
	FILE *table __free(file) = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char buf[4096];

	while (table && getmntent_r(table, &entry, buf, sizeof(buf))) {
		int fd __free(fd) = -EBADF;

		if (!str_eq(entry.mnt_type, "nsfs"))
			continue;
		fd = sys_openat(AT_FDCWD, entry.mnt_dir, O_RDONLY, 0);
		if (fd >= 0 && is_it(fd, inode))
			return take_fd(&fd);
	}
	return -ENOENT;
}

int ns_open_by_inode(const struct rf_ns_kind *kind, uint64_t inode)
{
	char object[40];
	int fd = at_processes(kind, inode);

	if (fd < 0)
		fd = at_mounts(inode);
	snprintf(object, sizeof(object), "%s:[%llu]", kind->name, (unsigned long long)inode);
	if (fd == -ENOENT)
		return sys_fail(fd, "namespace", object, "no process and no mounted file of this name is seen here (nsls lists those there are)");
	return fd;
}
