// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a group's path to its directory. A controller is in one hierarchy at a time: in a v1 tree
 * of its own (or with others, the directory of that name is then a link), or else in the v2 tree.
 * Mount points are where every distribution has them, and believed only after statfs(2) has shown
 * the file system's magic number.
 *
 * The inode number of a group's directory is what the kernel calls its id (kernfs_node.id).
 */
#include "probe/group.h"

#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/resolve.h"
#include "base/str.h"
#include "cgroup/cgroup.h"

#define CGROUPFS "/sys/fs/cgroup"

static int v2_has(int root_fd, const char *controller)
{
	char *list __free(ptr) = NULL;
	int r = file_read_at(root_fd, "cgroup.controllers", 4096, &list, NULL);

	return r < 0 ? r : cgroup_has_word(list, controller);
}

/* No such directory, or another file system there. */
static bool is_elsewhere(int r)
{
	return r == -ENOENT || r == -ENOTDIR || r == -ENODEV;
}

/* Sets root_fd and unified; *ret_mount is the mount point. */
static int find_hierarchy(struct probe_group *g, const char *controller, char **ret_mount)
{
	static const char *const v2[] = {CGROUPFS, CGROUPFS "/unified"};
	char *v1 __free(ptr) = str_format(CGROUPFS "/%s", controller);

	if (!v1)
		return -ENOMEM;
	g->root_fd = cgroup_open_mount(v1, RF_CGROUP_SUPER_MAGIC);
	if (g->root_fd >= 0) {
		*ret_mount = take_ptr(&v1);
		return 0;
	}
	if (!is_elsewhere(g->root_fd))
		return g->root_fd;
	g->unified = true;
	for (size_t i = 0; i < array_size(v2); i++) {
		int fd __free(fd) = cgroup_open_mount(v2[i], RF_CGROUP2_SUPER_MAGIC);
		int r = fd < 0 ? fd : v2_has(fd, controller);

		if (r < 0 && !is_elsewhere(r))
			return r;
		if (r <= 0)
			continue;
		*ret_mount = strdup(v2[i]);
		if (!*ret_mount)
			return -ENOMEM;
		g->root_fd = take_fd(&fd);
		return 0;
	}
	return sys_fail(-ENODEV, "find controller", controller,
			"this controller is in no hierarchy: looked at %s (v1), %s and %s (v2)", v1,
			v2[0], v2[1]);
}

/* "demo//a/" to "/demo/a". */
static int clean_path(const char *path, char **ret_path)
{
	char *name __free(ptr) = NULL;
	int r = cgroup_name(path ?: "", &name);

	if (r < 0)
		return r;
	*ret_path = str_format("/%s", name);
	return *ret_path ? 0 : -ENOMEM;
}

static int open_group(struct probe_group *g, const char *mount)
{
	struct stat st;
	int r;

	g->directory = str_format("%s%s", mount, g->path[1] ? g->path : "");
	if (!g->directory)
		return -ENOMEM;
	g->fd = resolve_beneath(g->root_fd, g->path + 1, O_RDONLY | O_DIRECTORY);
	if (g->fd == -ENOENT || g->fd == -ENOTDIR)
		return sys_fail(-ENOENT, "find group", g->path,
				"there is no such group: looked for %s; to make it: cgctl create %s",
				g->directory, g->path);
	if (g->fd < 0)
		return g->fd;
	r = sys_fstat(g->root_fd, &st);
	if (r < 0)
		return r;
	g->root_id = st.st_ino;
	r = sys_fstat(g->fd, &st);
	if (r < 0)
		return r;
	g->id = st.st_ino;
	return 0;
}

static bool is_below(const char *path, const char *group)
{
	size_t n = strlen(group);

	return !strncmp(path, group, n) && (!path[n] || path[n] == '/');
}

/* One line of /proc/self/cgroup, "4:memory:/a/b" or "0::/a/b". 1: it was the one. */
static int look_at_line(struct probe_group *g, const char *controller, char *line)
{
	char *list = strchr(line, ':'), *path = list ? strchr(list + 1, ':') : NULL;
	uint64_t id;

	if (!path)
		return 0;
	*list++ = '\0';
	*path++ = '\0';
	if (str_to_u64(line, &id) < 0 || (g->unified ? id != 0 : !cgroup_has_word(list, controller)))
		return 0;
	g->hierarchy_id = (uint32_t)id;
	if (g->path[1] && is_below(path, g->path))
		return sys_fail(-EBUSY, "find group", g->path,
				"the caller itself is in %s: run the probe from outside of the group it looks at",
				path);
	return 1;
}

static int find_self(struct probe_group *g, const char *controller)
{
	char *text __free(ptr) = NULL, *save = NULL;
	int r = file_read_at(AT_FDCWD, "/proc/self/cgroup", 65536, &text, NULL);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		r = look_at_line(g, controller, line);
		if (r)
			return r < 0 ? r : 0;
	}
	return sys_fail(-ENODEV, "find controller", controller, "it is not in /proc/self/cgroup");
}

int probe_group_open(struct probe_group *g, const char *path, const char *controller)
{
	char *mount __free(ptr) = NULL;
	int r;

	*g = (struct probe_group){.root_fd = -EBADF, .fd = -EBADF};
	r = clean_path(path, &g->path);
	if (r >= 0)
		r = find_hierarchy(g, controller, &mount);
	if (r >= 0)
		r = open_group(g, mount);
	if (r >= 0)
		r = find_self(g, controller);
	if (r < 0)
		probe_group_close(g);
	return r < 0 ? r : 0;
}

void probe_group_close(struct probe_group *g)
{
	if (g->fd >= 0)
		sys_close(g->fd);
	if (g->root_fd >= 0)
		sys_close(g->root_fd);
	free(g->path);
	free(g->directory);
	*g = (struct probe_group){.root_fd = -EBADF, .fd = -EBADF};
}

/* A group that has gone reads as -ENODEV through an old descriptor, -ENOENT through a new one. */
static bool is_gone(int r)
{
	return r == -ENOENT || r == -ENODEV;
}

static int v2_populated(const struct probe_group *g)
{
	int fd __free(fd) = sys_openat(g->fd, "cgroup.events", O_RDONLY, 0);
	uint64_t value = 0;
	int r = fd;

	/* The root has no such file. */
	if (fd == -ENOENT && g->id == g->root_id)
		return 1;
	if (fd >= 0)
		r = probe_stat_number(fd, "populated", &value);
	if (r < 0)
		return is_gone(r) ? 0 : r;
	return value != 0;
}

static int v1_has_process(int dirfd)
{
	int fd __free(fd) = sys_openat(dirfd, "tasks", O_RDONLY, 0);
	char byte;

	return fd < 0 ? fd : (int)sys_read(fd, &byte, 1);
}

static int v1_populated(int dirfd);

static int v1_below_populated(DIR *dir)
{
	struct dirent *e;

	while ((e = readdir(dir))) {
		int sub __free(fd) = -EBADF, r;

		if (e->d_type != DT_DIR || e->d_name[0] == '.')
			continue;
		sub = sys_openat(dirfd(dir), e->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
		r = sub < 0 ? sub : v1_populated(sub);
		if (r && !is_gone(r))
			return r;
	}
	return 0;
}

/* v1 does not say it for a whole subtree. */
static int v1_populated(int dirfd)
{
	int copy __free(fd) = -EBADF, r = v1_has_process(dirfd);
	DIR *dir __free(dir) = NULL;

	if (r)
		return r;
	copy = sys_openat(dirfd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (copy < 0)
		return copy;
	dir = sys_fdopendir(copy, &r);
	if (!dir)
		return r;
	take_fd(&copy);
	return v1_below_populated(dir);
}

int probe_group_populated(const struct probe_group *g)
{
	int r = g->unified ? v2_populated(g) : v1_populated(g->fd);

	return is_gone(r) ? 0 : r;
}

int probe_file_number(int dirfd, const char *name, uint64_t *ret_value)
{
	char *text __free(ptr) = NULL;
	uint64_t v;
	int r = file_read_at(dirfd, name, 64, &text, NULL);

	if (r < 0)
		return r;
	text[strcspn(text, "\n")] = '\0';
	if (str_eq(text, "max") || str_eq(text, "-1")) {
		*ret_value = RF_MAX;
		return 0;
	}
	r = str_to_u64(text, &v);
	if (r < 0)
		return r;
	/* v1's "no limit" is LONG_MAX rounded down to a page of whatever size. */
	*ret_value = v >= (1ull << 62) ? RF_MAX : v;
	return 0;
}

int probe_stat_number(int fd, const char *key, uint64_t *ret_value)
{
	char *text __free(ptr) = NULL, *save = NULL;
	size_t len = strlen(key);
	off_t at = sys_lseek(fd, 0, SEEK_SET);
	int r = at < 0 ? (int)at : file_read_fd(fd, 65536, &text, NULL);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (!strncmp(line, key, len) && line[len] == ' ')
			return str_to_u64(line + len + 1, ret_value);
	return -ENOKEY;
}
