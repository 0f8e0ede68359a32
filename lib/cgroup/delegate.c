// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A subtree given to a user. What may be given is the directory, for making groups in it, and the files by which
 * processes and controllers are divided among them; the kernel lists these in /sys/kernel/cgroup/delegate
 * (4.15). Limits of the group itself stay with who set them. Whoever moves a process on v2 must be able to
 * write cgroup.procs of the target and of the nearest ancestor that source and target have in common, so
 * that a delegated subtree can be rearranged but nothing taken into it from outside.
 *
 * On v1 the mover must own the process or be root, and needs the target's file alone.
 */
#include <unistd.h>

#include "base/file.h"
#include "cgroup/cgroup.h"

static int remember(struct cgroup_owners *o, size_t h, const char *file, const struct stat *st)
{
	struct cgroup_owner *more = realloc(o->list, (o->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	o->list = more;
	more[o->n] = (struct cgroup_owner){.h = h, .uid = st->st_uid, .gid = st->st_gid};
	return str_copy(more[o->n++].file, sizeof(more->file), file);
}

static int give(const struct cgroup *g, size_t h, const char *file, uid_t uid, gid_t gid,
		struct cgroup_owners *before)
{
	int fd = cgroup_fd(g, h), r;
	struct stat st = {0};

	r = *file ? sys_fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW) : sys_fstat(fd, &st);
	/* A file of the list whose controller isn't here. */
	if (r == -ENOENT)
		return 0;
	if (r >= 0)
		r = remember(before, h, file, &st);
	if (r < 0)
		return r;
	return *file ? sys_fchownat(fd, file, uid, gid, AT_SYMLINK_NOFOLLOW) : sys_fchown(fd, uid, gid);
}

int cgroup_delegate_list(char **ret_text)
{
	int r = file_read_at(AT_FDCWD, "/sys/kernel/cgroup/delegate", 4096, ret_text, NULL);

	if (r != -ENOENT)
		return r;
	*ret_text = strdup("cgroup.procs\ncgroup.threads\ncgroup.subtree_control\n");
	return *ret_text ? 0 : -ENOMEM;
}

static int give_v2(const struct cgroup *g, size_t h, uid_t uid, gid_t gid, struct cgroup_owners *before)
{
	char *list __free(ptr) = NULL, *save = NULL;
	int r = cgroup_delegate_list(&list);

	for (char *file = r < 0 ? NULL : strtok_r(list, "\n", &save); r >= 0 && file;
	     file = strtok_r(NULL, "\n", &save))
		if (*file && !strchr(file, '/'))
			r = give(g, h, file, uid, gid, before);
	return r < 0 ? r : give(g, h, "", uid, gid, before);
}

static int give_v1(const struct cgroup *g, size_t h, uid_t uid, gid_t gid, struct cgroup_owners *before)
{
	static const char *const files[] = {"tasks", "cgroup.procs", ""};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(files); i++)
		r = give(g, h, files[i], uid, gid, before);
	return r;
}

void cgroup_owners_restore(const struct cgroup *g, const struct cgroup_owners *before)
{
	struct rf_call why = *rf_trace_last_failure();

	for (size_t i = before->n; i-- > 0;) {
		const struct cgroup_owner *o = &before->list[i];
		int fd = cgroup_fd(g, o->h);

		if (*o->file)
			sys_fchownat(fd, o->file, o->uid, o->gid, AT_SYMLINK_NOFOLLOW);
		else
			sys_fchown(fd, o->uid, o->gid);
	}
	sys_keep_failure(&why);
}

int cgroup_parent_owner(const struct cgroup *g, uid_t *ret_uid, gid_t *ret_gid)
{
	const char *slash = strrchr(g->name, '/');
	char *parent __free(ptr) = str_format("%.*s", slash ? (int)(slash - g->name) : 0, g->name);
	struct stat st;

	if (!parent)
		return -ENOMEM;
	for (size_t h = 0; h < g->fs->n; h++) {
		int fd __free(fd) = g->fd[h] < 0 ? -EBADF : cgroup_child(g->fs->h[h].fd, parent);
		int r = fd < 0 ? fd : sys_fstat(fd, &st);

		if (r < 0)
			continue;
		*ret_uid = st.st_uid;
		*ret_gid = st.st_gid;
		return 0;
	}
	return sys_fail(-ENOENT, "stat", parent, "the group above is not there");
}

int cgroup_delegate(const struct cgroup *g, uid_t uid, gid_t gid, struct cgroup_owners *ret_before)
{
	struct cgroup_owners before __free(cgroup_owners) = {0};
	int r = 0;

	if (!*g->name)
		return sys_fail(-EINVAL, "check", "/", "the root group is not given away");
	if (uid == (uid_t)-1)
		r = cgroup_parent_owner(g, &uid, &gid);
	for (size_t h = 0; r >= 0 && h < g->fs->n; h++)
		if (g->fd[h] >= 0)
			r = g->fs->h[h].ops->v2 ? give_v2(g, h, uid, gid, &before)
						: give_v1(g, h, uid, gid, &before);
	if (r < 0) {
		cgroup_owners_restore(g, &before);
		return r;
	}
	if (ret_before) {
		*ret_before = before;
		before = (struct cgroup_owners){0};
	}
	return 0;
}

int rf_cgroup_delegate(struct rf_cgroup_fs *fs, const char *group, uid_t uid, gid_t gid)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	return r < 0 ? r : cgroup_delegate(g, uid, gid, NULL);
}

struct check {
	uid_t uid;
	const gid_t *gids;
	size_t n_gids;
	rf_cgroup_gate_fn *fn;
	void *data;
	bool allowed;
};

static bool may_write(const struct check *c, const struct stat *st)
{
	if (c->uid == 0)
		return true;
	if (st->st_uid == c->uid)
		return st->st_mode & S_IWUSR;
	for (size_t i = 0; i < c->n_gids; i++)
		if (c->gids[i] == st->st_gid)
			return st->st_mode & S_IWGRP;
	return st->st_mode & S_IWOTH;
}

/* One file that has to be writable. `len` bytes of `group` are its group. */
static int check_gate(struct check *c, const struct cgroup_hierarchy *h, const char *group, size_t len,
		      const char *file, const char *why)
{
	char *name __free(ptr) = strndup(group, len), *path __free(ptr) = NULL;
	struct stat st;
	struct rf_cgroup_gate gate = {.hierarchy = h->path, .group = name, .file = file, .why = why};
	int r;

	path = name ? str_format("%s%s%s", name, len ? "/" : "", file) : NULL;
	r = path ? sys_fstatat(h->fd, path, &st, AT_SYMLINK_NOFOLLOW) : -ENOMEM;
	if (r < 0)
		return r;
	gate.uid = st.st_uid;
	gate.gid = st.st_gid;
	gate.mode = st.st_mode & 07777;
	gate.open = may_write(c, &st);
	c->allowed = c->allowed && gate.open;
	if (c->fn)
		c->fn(&gate, c->data);
	return 0;
}

/* How much of both names is the same group. */
static size_t common(const char *a, const char *b)
{
	size_t i = 0, end = 0;

	for (;; i++) {
		bool over_a = !a[i] || a[i] == '/', over_b = !b[i] || b[i] == '/';

		if (over_a && over_b)
			end = i;
		if (a[i] != b[i] || !a[i])
			return over_a && over_b ? i : end;
	}
}

static int from_name(const struct cgroup_hierarchy *h, const char *from, char **ret_name)
{
	char *text __free(ptr) = NULL, *path __free(ptr) = NULL;
	int r;

	if (from)
		return cgroup_name(from, ret_name);
	r = file_read_at(AT_FDCWD, "/proc/self/cgroup", CGROUP_FILE_LIMIT, &text, NULL);
	if (r >= 0)
		r = cgroup_path_in(text, h, &path);
	return r < 0 ? r : cgroup_name(path, ret_name);
}

int rf_cgroup_may_move(struct rf_cgroup_fs *fs, const char *from, const char *to, uid_t uid,
		       const gid_t *gids, size_t n_gids, rf_cgroup_gate_fn *fn, void *data)
{
	struct check c = {uid, gids, n_gids, fn, data, true};
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, to, &g);

	for (size_t h = 0; r >= 0 && h < fs->n; h++) {
		char *source __free(ptr) = NULL;

		if (g->fd[h] < 0)
			continue;
		r = check_gate(&c, &fs->h[h], g->name, strlen(g->name), "cgroup.procs", "the group itself");
		if (r < 0 || !fs->h[h].ops->v2)
			continue;
		r = from_name(&fs->h[h], from, &source);
		if (r >= 0)
			r = check_gate(&c, &fs->h[h], g->name, common(source, g->name), "cgroup.procs",
				       "the nearest common ancestor");
	}
	return r < 0 ? r : c.allowed;
}
