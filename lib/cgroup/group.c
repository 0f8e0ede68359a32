// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A group is a directory in each of some hierarchies. It is reached by openat2(2) beneath the
 * hierarchy's root, through no link and no mount, and held by descriptor: what was checked is what
 * is written to, even if someone renames or remounts meanwhile.
 *
 * Making a group goes level by level from the root. What a level needs before (v2: controllers in
 * the parent's cgroup.subtree_control) and after (v1: CPUs in a cpuset) is the version's matter.
 * Each thing done is noted, and cgroup_unmake() takes it back in reverse.
 */
#include <sys/file.h>

#include "cgroup/cgroup.h"

#include "base/resolve.h"

static int bad_name(const char *group, const char *why)
{
	return sys_fail(-EINVAL, "check", group, "is not the name of a group: %s", why);
}

int cgroup_name(const char *group, char **ret_name)
{
	struct str out __free(str) = {0};

	for (const char *p = group; *p;) {
		size_t n = strcspn(p, "/");

		if ((n == 1 && p[0] == '.') || (n == 2 && p[0] == '.' && p[1] == '.'))
			return bad_name(group, "\".\" and \"..\" are not allowed in it");
		if (n > 255)
			return bad_name(group, "a part of it is longer than 255 bytes");
		for (size_t i = 0; i < n; i++)
			if ((unsigned char)p[i] < 0x20 || p[i] == 0x7f)
				return bad_name(group, "it holds a control character");
		if (n && out.len)
			str_add(&out, "/");
		str_addn(&out, p, n);
		p += n + (p[n] == '/');
	}
	if (out.len > 1024)
		return bad_name(group, "it is longer than 1024 bytes");
	return str_take(&out, ret_name);
}

int cgroup_child(int dirfd, const char *name)
{
	return resolve_beneath(dirfd, name, O_RDONLY | O_DIRECTORY);
}

/*
 * A directory has a link for each one below it, and two of its own; kernfs counts them, too, and so a
 * group without children is known without reading a listing of its 30 files. Where the count can't be
 * had, or the file system does not count (1), it is read.
 */
static bool has_no_child(int dirfd)
{
	struct stat st;

	return !sys_is_dry() && sys_fstat(dirfd, &st) >= 0 && st.st_nlink == 2;
}

dev_t cgroup_dev(int fd)
{
	struct stat st;

	return sys_fstat(fd, &st) < 0 ? 0 : st.st_dev;
}

bool cgroup_is_leaf(int dirfd, const char *path, dev_t dev, struct stat *ret_st)
{
	struct stat st;

	if (sys_fstatat(dirfd, path, &st, AT_SYMLINK_NOFOLLOW) < 0)
		return false;
	*ret_st = st;
	return S_ISDIR(st.st_mode) && st.st_nlink == 2 && st.st_dev == dev;
}

int cgroup_each_child(int dirfd, int (*fn)(int dirfd, const char *name, void *data), void *data)
{
	DIR *dir __free(dir) = NULL;
	struct dirent *e;
	int fd, r = 0;

	if (has_no_child(dirfd))
		return 0;
	fd = cgroup_child(dirfd, ".");
	if (fd < 0)
		return fd;
	dir = sys_fdopendir(fd, &r);
	if (!dir) {
		sys_close(fd);
		/* A dry run has made the directory: it is empty. */
		return sys_is_dry() ? 0 : r;
	}
	while (!r && (e = readdir(dir)))
		if (e->d_type == DT_DIR && !str_eq(e->d_name, ".") && !str_eq(e->d_name, ".."))
			r = fn(dirfd, e->d_name, data);
	return r;
}

char *cgroup_path(const struct cgroup *g, size_t h)
{
	return str_format("%s%s%s", g->fs->h[h].path, *g->name ? "/" : "", g->name);
}

int cgroup_fd(const struct cgroup *g, size_t h)
{
	if (g->fd[h] < 0)
		return -ENOENT;
	return g->fd[h];
}

static struct cgroup *new_group(struct rf_cgroup_fs *fs)
{
	struct cgroup *g = calloc(1, sizeof(*g));

	if (!g)
		return NULL;
	g->fs = fs;
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		g->fd[h] = -EBADF;
	return g;
}

void cgroup_close(struct cgroup *g)
{
	if (!g)
		return;
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++)
		if (g->fd[h] >= 0)
			sys_close(g->fd[h]);
	free(g->name);
	free(g);
}

int cgroup_open(struct rf_cgroup_fs *fs, const char *group, struct cgroup **ret_g)
{
	return cgroup_open_in(fs, group, ~0u, ret_g);
}

int cgroup_open_in(struct rf_cgroup_fs *fs, const char *group, uint32_t hierarchies, struct cgroup **ret_g)
{
	struct cgroup *g __free(cgroup) = new_group(fs);
	size_t found = 0;
	int r = g ? cgroup_name(group, &g->name) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t h = 0; h < fs->n; h++) {
		if (!(hierarchies >> h & 1))
			continue;
		g->fd[h] = cgroup_child(fs->h[h].fd, g->name);
		if (g->fd[h] < 0 && g->fd[h] != -ENOENT)
			return g->fd[h];
		found += g->fd[h] >= 0;
	}
	if (!found)
		return sys_fail(-ENOENT, "open", "", "there is no group /%s", g->name);
	*ret_g = take_ptr(&g);
	return 0;
}

int cgroup_pretend(struct rf_cgroup_fs *fs, const char *group, uint32_t hierarchies, struct cgroup **ret_g)
{
	struct cgroup *g __free(cgroup) = new_group(fs);
	int r = g ? cgroup_name(group, &g->name) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t h = 0; h < fs->n; h++)
		if (hierarchies & (1u << h)) {
			g->fd[h] = sys_dry_fd();
			sys_name_fd(g->fd[h], fs->h[h].fd, g->name);
		}
	*ret_g = take_ptr(&g);
	return 0;
}

/* Length of the first `levels` parts of a name. */
static size_t prefix(const char *name, size_t levels)
{
	const char *p = name;

	for (; levels && *p; levels--) {
		p += *p == '/';
		p += strcspn(p, "/");
	}
	return (size_t)(p - name);
}

/* Open a level, or make it. */
static int make_level(struct cgroup *g, size_t h, size_t level, int parent_fd, const char *part)
{
	const struct cgroup_hierarchy *hi = &g->fs->h[h];
	int r, fd = -ENOENT;

	r = hi->ops->prepare_parent(g, h, level, parent_fd);
	if (r < 0)
		return r;
	if (!sys_is_dry_fd(parent_fd))
		fd = cgroup_child(parent_fd, part);
	if (fd != -ENOENT)
		return fd;
	r = sys_mkdirat(parent_fd, part, 0755);
	if (r < 0 && r != -EEXIST)
		return r;
	if (r >= 0) {
		g->made[h]++;
		g->depth[h] = level + 1;
	}
	if (sys_is_dry()) {
		fd = sys_dry_fd();
		sys_name_fd(fd, parent_fd, part);
	} else {
		fd = cgroup_child(parent_fd, part);
	}
	if (fd < 0 || r == -EEXIST)
		return fd;
	r = hi->ops->prepare_child(hi, parent_fd, fd);
	if (r < 0)
		sys_close(fd);
	return r < 0 ? r : fd;
}

static int make_in(struct cgroup *g, size_t h)
{
	int fd __free(fd) = cgroup_child(g->fs->h[h].fd, ".");
	size_t level = 0;

	for (const char *p = g->name; fd >= 0 && *p; level++) {
		size_t n = strcspn(p, "/");
		char part[256];
		int child;

		memcpy(part, p, n);
		part[n] = '\0';
		child = make_level(g, h, level, fd, part);
		if (child < 0)
			return child;
		sys_close(fd);
		fd = child;
		p += n + (p[n] == '/');
	}
	if (fd < 0)
		return fd;
	g->fd[h] = take_fd(&fd);
	return 0;
}

int cgroup_make(struct rf_cgroup_fs *fs, const char *group, const struct cgroup_want *want,
		struct cgroup **ret_g)
{
	struct cgroup *g __free(cgroup) = new_group(fs);
	int r = g ? cgroup_name(group, &g->name) : -ENOMEM;

	if (r < 0)
		return r;
	g->want = want;
	for (size_t h = 0; h < fs->n; h++) {
		if (!(want->hierarchies & (1u << h)))
			continue;
		r = make_in(g, h);
		if (r < 0) {
			struct rf_call why = *rf_trace_last_failure();

			cgroup_unmake(g);
			sys_keep_failure(&why);
			return r;
		}
	}
	g->want = NULL;
	*ret_g = take_ptr(&g);
	return 0;
}

int cgroup_open_rest(struct cgroup *g)
{
	for (size_t h = 0; h < g->fs->n; h++) {
		if (g->fd[h] >= 0)
			continue;
		g->fd[h] = cgroup_child(g->fs->h[h].fd, g->name);
		if (g->fd[h] < 0 && g->fd[h] != -ENOENT)
			return g->fd[h];
	}
	return 0;
}

int cgroup_lock(const struct cgroup *g)
{
	int r = 0;

	for (size_t h = 0; r >= 0 && h < g->fs->n; h++)
		if (g->fd[h] >= 0)
			r = sys_flock(g->fd[h], LOCK_EX | LOCK_NB);
	return r;
}

static int is_child(int dirfd, const char *name, void *data)
{
	return 1;
}

/* A controller that we enabled is taken back only where no group is left that could rely on it. */
static void disable(struct cgroup *g, size_t i)
{
	int h = cgroup_v2_of(g->fs), fd __free(fd) = -EBADF;
	char name[1056], text[64];

	if (h < 0)
		return;
	snprintf(name, sizeof(name), "%.*s", (int)prefix(g->name, g->enabled[i].level), g->name);
	fd = cgroup_child(g->fs->h[h].fd, name);
	if (fd < 0 || cgroup_each_child(fd, is_child, NULL))
		return;
	snprintf(text, sizeof(text), "-%s", g->enabled[i].controller);
	cgroup_write(fd, "cgroup.subtree_control", text);
}

void cgroup_unmake(struct cgroup *g)
{
	for (size_t h = g->fs->n; h-- > 0;) {
		for (size_t i = 0; i < g->made[h]; i++) {
			char name[1056];

			snprintf(name, sizeof(name), "%.*s", (int)prefix(g->name, g->depth[h] - i),
				 g->name);
			if (cgroup_rmdir(&g->fs->h[h], g->fs->h[h].fd, name,
					 cgroup_now_us() + CGROUP_KILL_WAIT_US) < 0)
				break;
		}
		g->made[h] = 0;
	}
	while (g->n_enabled)
		disable(g, --g->n_enabled);
}

bool cgroup_was_made(const struct cgroup *g)
{
	for (size_t h = 0; h < g->fs->n; h++)
		if (g->made[h])
			return true;
	return false;
}

int cgroup_want_controller(const struct rf_cgroup_fs *fs, struct cgroup_want *want,
			   const char *controller, bool needed)
{
	size_t *n = needed ? &want->n_needed : &want->n_optional;
	const char **list = needed ? want->needed : want->optional;
	int h = str_eq(controller, "cgroup") ? cgroup_v2_of(fs) : cgroup_hierarchy_of(fs, controller);

	if (h < 0)
		return needed ? sys_fail(-ENODEV, "check", controller,
					 "this system has no such controller mounted")
			      : 0;
	want->hierarchies |= 1u << h;
	if (!fs->h[h].ops->v2 || str_eq(controller, "cgroup"))
		return 0;
	for (size_t i = 0; i < *n; i++)
		if (str_eq(list[i], controller))
			return 0;
	if (*n == CGROUP_MAX_WANTED)
		return -E2BIG;
	list[(*n)++] = controller;
	return 0;
}

int cgroup_want_settings(const struct rf_cgroup_fs *fs, struct cgroup_want *want,
			 const struct cgroup_settings *s)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->n; i++) {
		const struct cgroup_key *key = s->list[i].key;

		if (key && cgroup_key_is_v1(fs, key)) {
			want->hierarchies |= cgroup_key_hierarchies(fs, key);
		} else if (key) {
			r = cgroup_want_controller(fs, want, cgroup_key_needs(key), true);
		} else {
			char controller[32];
			int h;

			snprintf(controller, sizeof(controller), "%.*s",
				 (int)strcspn(s->list[i].name, "."), s->list[i].name);
			h = cgroup_hierarchy_of(fs, controller);
			if (h < 0)
				continue;
			want->hierarchies |= 1u << h;
		}
	}
	return r;
}
