// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which mounts lie below a mount is told by /proc/self/mountinfo alone: each line begins with a
 * mount's id and its parent's; the fifth field is where it is, with blanks and the like as "\040".
 * libmount would read it, too, but this is linked into static programs that start for one
 * execve(2), for which it is many times their size; and only where mount_setattr(2), which needs no
 * list, is refused by a filter.
 *
 * The paths are taken relative to the upper mount and resolved below its descriptor. A path that leads
 * to another mount than the line's leads to one that covers it and has a line, too: what is covered
 * can't be reached by its path, and who may uncover it may also make it writable.
 */
#include "mount/subtree.h"

#include <errno.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/resolve.h"
#include "base/str.h"

enum { MOUNTINFO_MAX = 64 << 20 };

struct line {
	uint64_t id, parent;
	char *path;
	bool below;
};

/* "\040" to " ", in place. */
static void unescape(char *s)
{
	char *to = s;

	while (*s) {
		if (s[0] == '\\' && s[1] >= '0' && s[1] <= '3' && s[2] >= '0' && s[2] <= '7' && s[3] >= '0' &&
		    s[3] <= '7') {
			*to++ = (char)((s[1] - '0') << 6 | (s[2] - '0') << 3 | (s[3] - '0'));
			s += 4;
		} else {
			*to++ = *s++;
		}
	}
	*to = '\0';
}

static int parse_line(char *text, struct line *ret)
{
	char *save = NULL, *id = strtok_r(text, " ", &save), *parent = strtok_r(NULL, " ", &save);
	char *device = strtok_r(NULL, " ", &save), *root = strtok_r(NULL, " ", &save);
	char *path = strtok_r(NULL, " ", &save);

	if (!id || !parent || !device || !root || !path || str_to_u64(id, &ret->id) < 0 ||
	    str_to_u64(parent, &ret->parent) < 0)
		return -EIO;
	unescape(path);
	ret->path = path;
	return 0;
}

static int parse_lines(char *text, struct line **ret_lines, size_t *ret_n)
{
	size_t n = 0, max = 1;
	char *save = NULL;
	struct line *lines __free(ptr) = NULL;

	for (const char *p = text; *p; p++)
		max += *p == '\n';
	lines = calloc(max, sizeof(*lines));
	if (!lines)
		return -ENOMEM;
	for (char *l = strtok_r(text, "\n", &save); l; l = strtok_r(NULL, "\n", &save))
		if (parse_line(l, &lines[n++]) < 0)
			return sys_fail(-EIO, "mountinfo", "/proc/self/mountinfo", "has a line of another form");
	*ret_lines = take_ptr(&lines);
	*ret_n = n;
	return 0;
}

static const struct line *find(const struct line *lines, size_t n, uint64_t id)
{
	for (size_t i = 0; i < n; i++)
		if (lines[i].id == id)
			return &lines[i];
	return NULL;
}

/* What stands below what is below, until there is nothing new. */
static void mark_below(struct line *lines, size_t n, uint64_t id)
{
	for (bool more = true; more;) {
		more = false;
		for (size_t i = 0; i < n; i++) {
			const struct line *parent = lines[i].parent == id ? NULL : find(lines, n, lines[i].parent);

			if (lines[i].below || lines[i].id == id)
				continue;
			lines[i].below = lines[i].parent == id || (parent && parent->below);
			more |= lines[i].below;
		}
	}
}

int mount_subtree_paths(char *mountinfo, uint64_t id,
			int (*fn)(const char *path, uint64_t id, void *data), void *data)
{
	struct line *lines __free(ptr) = NULL;
	const struct line *top;
	size_t n = 0, len;
	int r = parse_lines(mountinfo, &lines, &n);

	if (r < 0)
		return r;
	top = find(lines, n, id);
	if (!top)
		return sys_fail(-ENOENT, "mountinfo", "/proc/self/mountinfo", "does not list the mount");
	len = str_eq(top->path, "/") ? 0 : strlen(top->path);
	mark_below(lines, n, id);
	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (!lines[i].below)
			continue;
		if (strncmp(lines[i].path, top->path, len) || strlen(lines[i].path) < len)
			return sys_fail(-EBUSY, "mountinfo", lines[i].path, "is a mount that can't be reached from here");
		r = fn(lines[i].path + len + strspn(lines[i].path + len, "/"), lines[i].id, data);
	}
	return r;
}

struct visit {
	int mount_fd;
	int (*fn)(int mount_fd, const struct mount_change *change);
	const struct mount_change *change;
};

static int visit(const char *path, uint64_t id, void *data)
{
	const struct visit *v = data;
	int r, fd __free(fd) = resolve_path(v->mount_fd, path);
	uint64_t got = 0;

	if (fd < 0)
		return fd;
	r = sys_statx_mount(fd, &got);
	if (r < 0)
		return r;
	return got == id ? v->fn(fd, v->change) : 0;
}

int mount_subtree(int mount_fd, int (*fn)(int mount_fd, const struct mount_change *change),
		  const struct mount_change *change)
{
	struct visit v = {mount_fd, fn, change};
	char *text __free(ptr) = NULL;
	uint64_t id = 0;
	int r = sys_statx_mount(mount_fd, &id);

	if (r >= 0 && sys_is_dry())
		return 0;
	if (r >= 0)
		r = file_read_at(AT_FDCWD, "/proc/self/mountinfo", MOUNTINFO_MAX, &text, NULL);
	return r < 0 ? r : mount_subtree_paths(text, id, visit, &v);
}
