// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A namespace has two numbers: the inode by which links show it, and from Linux 6.18 on an id that
 * is given out once. Ids begin at 1 and inodes at 4026531834, so they don't meet before four billion
 * namespaces have been made. From 6.19 on the kernel opens one by its id. Else it is looked for where
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

struct wanted {
	const struct rf_ns_kind *kind;
	uint64_t number;
	uint64_t other; /* the inode of one that it is not: most processes are where the one before was */
};

static bool is_it(int fd, struct wanted *w)
{
	struct stat st;
	uint64_t id;

	if (sys_fstat(fd, &st) < 0)
		return false;
	w->other = st.st_ino;
	return st.st_ino == w->number || (sys_ns_get_id(fd, &id) >= 0 && id == w->number);
}

static int at_process(int proc_fd, const char *pid, struct wanted *w)
{
	char path[64];
	struct stat st;
	int fd __free(fd) = -EBADF;

	snprintf(path, sizeof(path), "%.16s/ns/%s", pid, w->kind->name);
	if (sys_fstatat(proc_fd, path, &st, 0) < 0 || st.st_ino == w->other)
		return -ENOENT;
	fd = sys_openat(proc_fd, path, O_RDONLY, 0);
	/* It may have changed meanwhile. */
	return fd >= 0 && is_it(fd, w) ? take_fd(&fd) : -ENOENT;
}

static int at_processes(struct wanted *w)
{
	int r = 0, found = -ENOENT, fd __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	DIR *dir __free(dir) = fd >= 0 ? sys_fdopendir(fd, &r) : NULL;
	struct dirent *e;

	if (!dir)
		return fd < 0 ? fd : r;
	take_fd(&fd);
	while (found < 0 && (e = readdir(dir)))
		if (e->d_name[0] >= '1' && e->d_name[0] <= '9')
			found = at_process(dirfd(dir), e->d_name, w);
	return found;
}

static int at_mounts(struct wanted *w)
{
	FILE *table __free(file) = setmntent("/proc/self/mounts", "re");
	struct mntent entry;
	char buf[4096];

	while (table && getmntent_r(table, &entry, buf, sizeof(buf))) {
		int fd __free(fd) = -EBADF;

		if (!str_eq(entry.mnt_type, "nsfs"))
			continue;
		fd = sys_openat(AT_FDCWD, entry.mnt_dir, O_RDONLY, 0);
		if (fd >= 0 && is_it(fd, w))
			return take_fd(&fd);
	}
	return -ENOENT;
}

/* A file of nsfs is mounted whatever its kind; an id's kind is not known before it is open. */
static bool is_kind(int fd, const struct rf_ns_kind *kind)
{
	int flag = sys_ns_get_type(fd);

	return flag >= 0 && (uint64_t)flag == kind->flag;
}

int ns_open_by_number(const struct rf_ns_kind *kind, uint64_t number)
{
	struct wanted w = {.kind = kind, .number = number};
	int by_id = sys_ns_open(number, 0, 0), fd;
	char object[40];

	if (by_id >= 0 && (sys_is_dry() || is_kind(by_id, kind)))
		return by_id;
	fd = at_processes(&w);
	if (fd < 0)
		fd = at_mounts(&w);
	/* One of that id is there, of another kind: the caller says so. */
	if (fd < 0 && by_id >= 0)
		return by_id;
	if (by_id >= 0)
		sys_close(by_id);
	if (fd != -ENOENT)
		return fd;
	snprintf(object, sizeof(object), "%s:[%llu]", kind->name, (unsigned long long)number);
	return sys_fail(fd, "namespace", object, "no process and no mounted file of this name is seen here (nsls lists those there are); as an id %s",
			by_id == -EPERM ? "only root outside of containers may open it" :
			by_id == -ESTALE ? "the kernel knows none" :
			"this kernel opens none");
}
