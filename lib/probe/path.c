// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a group's id to its path. The programs note the name and parent of each group that they
 * meet, so that groups which are gone by now still have a path.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "bpf/group.h"
#include "probe/load.h"

struct probe_path {
	struct probe_path *next;
	uint64_t id;
	char *path;
};

/* "/demo" before what is in the builder; "" for the root, which is all of "/" or before a slash. */
static int prepend(struct str *path, const char *slash, const char *name)
{
	char *longer __free(ptr) = str_format("%s%s%s", slash, name, path->s ?: "");

	if (!longer)
		return -ENOMEM;
	str_done(path);
	str_add(path, longer);
	return path->failed ? -ENOMEM : 0;
}

/*
 * Upwards until something is known: the studied group, or the root of what the caller's cgroup
 * namespace shows. Above that the kernel itself writes "/..".
 */
static int build(const struct probe *p, uint64_t id, struct str *path)
{
	struct group_name n;
	int r = 0;

	for (int i = 0; r >= 0 && i < GROUP_LEVELS * 2; i++) {
		bool is_studied = id == p->group.id && p->group.path[1];

		if (is_studied || id == p->group.root_id)
			return prepend(path, "", is_studied ? p->group.path : path->len ? "" : "/");
		if (!p->names || probe_lookup(p->names, &id, &n) < 0)
			return -ENOENT;
		if (!n.parent_id)
			return prepend(path, "/..", "");
		n.name[sizeof(n.name) - 1] = '\0';
		r = prepend(path, "/", n.name);
		id = n.parent_id;
	}
	return r < 0 ? r : -ELOOP;
}

const char *probe_path_of(struct probe *p, uint64_t id)
{
	struct str text __free(str) = {0};
	struct probe_path *path;

	for (path = p->paths; path; path = path->next)
		if (path->id == id)
			return path->path;
	if (!id || build(p, id, &text) < 0)
		return NULL;
	path = calloc(1, sizeof(*path));
	if (!path || str_take(&text, &path->path) < 0) {
		free(path);
		return NULL;
	}
	path->id = id;
	path->next = p->paths;
	p->paths = path;
	return path->path;
}

void probe_free_paths(struct probe *p)
{
	while (p->paths) {
		struct probe_path *path = p->paths;

		p->paths = path->next;
		free(path->path);
		free(path);
	}
}
