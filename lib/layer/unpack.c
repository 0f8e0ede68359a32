// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A layer's archive is a list of instructions from a stranger. Each path is taken apart into a
 * parent, resolved inside the layer's directory, and a leaf, made there by create.c.
 *
 * Whiteouts (".wh.NAME", ".wh..wh..opq") speak of the layers below only, wherever they stand in the
 * archive; they are collected and applied when everything else is there: a name that this layer
 * has too needs no whiteout (its file hides the lower one), save a directory, which must be opaque.
 *
 * Directories get their times at the end, for their children change them.
 */
#include "layer/unpack.h"

#include <errno.h>
#include <limits.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "base/resolve.h"

enum { MAX_LINKS = 16 };

#define WHITEOUT ".wh."
#define WHITEOUT_META ".wh..wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct later {
	char *path; /* of a directory, or of what is hidden below */
	enum { LATER_TIME, LATER_WHITEOUT, LATER_OPAQUE } what;
	struct timespec mtime;
};

struct unpack {
	struct stream *stream;
	int root_fd;
	const char *layer;
	const struct unpack_policy *policy;
	struct unpack_stats stats;
	/* Entries come in order: most have the parent of the one before. */
	char parent[PATH_MAX];
	int parent_fd;
	struct later *later;
	size_t n_later, cap_later;
};

/* Say which entry of which layer it was, whatever call found it. */
static int fail_at(const struct unpack *u, int error, const char *entry)
{
	struct rf_call why = *rf_trace_last_failure();
	char object[192];

	snprintf(object, sizeof(object), "layer sha256:%.12s%s%.130s%s", u->layer,
		 entry ? ": entry \"" : "", entry ?: "", entry ? "\"" : "");
	if (why.result != error)
		return sys_fail(error, "import", object, "%s", strerror(-error));
	if (why.note[0])
		return sys_fail(error, "import", object, "%s", why.note);
	return sys_fail(error, "import", object, "%s: %s", why.name, strerror(-error));
}

static int add_later(struct unpack *u, int what, const char *path, const struct timespec *mtime)
{
	struct later *l;

	if (u->n_later == u->cap_later) {
		size_t cap = u->cap_later ? u->cap_later * 2 : 256;

		l = realloc(u->later, cap * sizeof(*l));
		if (!l)
			return -ENOMEM;
		u->later = l;
		u->cap_later = cap;
	}
	l = &u->later[u->n_later];
	*l = (struct later){.path = strdup(path), .what = what};
	if (!l->path)
		return -ENOMEM;
	if (mtime)
		l->mtime = *mtime;
	u->n_later++;
	return 0;
}

static int bad_entry(int error, const char *text)
{
	return sys_fail(error, "unpack", "", "%s", text);
}

static int add_part(struct entry_path *p, size_t *len, const char *part, size_t n,
		    const struct unpack_policy *policy)
{
	if (n > policy->max_name_bytes)
		return sys_fail(-ENAMETOOLONG, "unpack", "", "a name of %zu bytes, at most %llu are taken",
				n, (unsigned long long)policy->max_name_bytes);
	if (++p->depth > policy->max_depth)
		return sys_fail(-E2BIG, "unpack", "", "deeper than %llu directories: above the limit (--max-depth)",
				(unsigned long long)policy->max_depth);
	if (*len + n + 2 > sizeof(p->text))
		return bad_entry(-ENAMETOOLONG, "the path is longer than 4095 bytes");
	if (*len)
		p->text[(*len)++] = '/';
	memcpy(p->text + *len, part, n);
	*len += n;
	return 0;
}

/* Absolute paths and ".." are not refused: resolving inside the root makes them harmless. */
static int split_path(const char *name, const struct unpack_policy *policy, struct entry_path *p)
{
	size_t len = 0;
	char *slash;
	int r = 0;

	p->depth = 0;
	while (r >= 0 && *name) {
		size_t n = strcspn(name, "/");

		if (n && !(n == 1 && name[0] == '.'))
			r = add_part(p, &len, name, n, policy);
		name += n;
		name += strspn(name, "/");
	}
	if (r < 0)
		return r;
	p->text[len] = '\0';
	slash = strrchr(p->text, '/');
	p->leaf = slash ? slash + 1 : p->text;
	p->parent = slash ? p->text : "";
	if (slash)
		*slash = '\0';
	return str_eq(p->leaf, "..") ? bad_entry(-EBADMSG, "the path ends in \"..\"") : 0;
}

static void forget_parent(struct unpack *u)
{
	if (u->parent_fd >= 0)
		sys_close(take_fd(&u->parent_fd));
}

static int make_parents(struct unpack *u, const char *parent, int links);

/* A link that leads to nothing yet: what it means inside the root is made instead. */
static int make_behind_link(struct unpack *u, int at_fd, const char *before, const char *name, int links)
{
	char text[PATH_MAX], path[PATH_MAX];
	ssize_t n = sys_readlinkat(at_fd, name, text, sizeof(text) - 1);

	if (n == -EINVAL)
		return -ENOTDIR;
	if (n < 0)
		return (int)n;
	text[n] = '\0';
	if (links >= MAX_LINKS)
		return bad_entry(-ELOOP, "a parent is a symbolic link in a circle");
	if ((size_t)snprintf(path, sizeof(path), "%s/%s", text[0] == '/' ? "" : before, text) >= sizeof(path))
		return -ENAMETOOLONG;
	return make_parents(u, path, links + 1);
}

/* A parent that the archive doesn't have: 0755, owned by root, as every extractor makes it. */
static int make_dir(struct unpack *u, const char *before, const char *name, int links)
{
	int at __free(fd) = resolve_dir(u->root_fd, before), fd __free(fd) = -EBADF;
	int r = at < 0 ? at : sys_mkdirat(at, name, 0755);

	if (r == -EEXIST)
		return make_behind_link(u, at, before, name, links);
	if (r < 0)
		return r;
	fd = sys_openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return fd < 0 ? fd : sys_fchmod(fd, 0755);
}

/* Each of a, a/b, a/b/c that isn't there. */
static int make_parents(struct unpack *u, const char *parent, int links)
{
	char before[PATH_MAX] = "", name[NAME_MAX + 1];
	size_t len = 0;

	for (const char *p = parent + strspn(parent, "/"); *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");
		int r, fd;

		if (n >= sizeof(name) || len + n + 2 > sizeof(before))
			return -ENAMETOOLONG;
		memcpy(name, p, n);
		name[n] = '\0';
		memcpy(before + len, "/", 2);
		memcpy(before + len + 1, name, n + 1);
		fd = resolve_dir(u->root_fd, before);
		if (fd >= 0)
			sys_close(fd);
		before[len] = '\0';
		r = fd == -ENOENT ? make_dir(u, before, name, links) : fd;
		if (r < 0)
			return r;
		before[len] = '/';
		len += n + 1;
		p += n;
	}
	return 0;
}

static int open_parent(struct unpack *u, const char *parent)
{
	int r, fd;

	if (u->parent_fd >= 0 && str_eq(u->parent, parent))
		return u->parent_fd;
	forget_parent(u);
	fd = resolve_dir(u->root_fd, parent);
	if (fd == -ENOENT) {
		r = make_parents(u, parent, 0);
		if (r < 0)
			return r;
		fd = resolve_dir(u->root_fd, parent);
	}
	if (fd == -ENOTDIR)
		return bad_entry(fd, "a parent is not a directory");
	if (fd < 0)
		return fd;
	str_copy(u->parent, sizeof(u->parent), parent);
	u->parent_fd = fd;
	return fd;
}

/* Other marks of aufs, which image-spec says to ignore. */
static bool is_aufs_mark(const char *name)
{
	static const char *const marks[] = {WHITEOUT_META "plnk", WHITEOUT_META "aufs",
					    WHITEOUT_META "orph"};

	for (size_t i = 0; i < array_size(marks); i++)
		if (str_starts(name, marks[i]) && strchr("/", name[strlen(marks[i])]))
			return true;
	return false;
}

/* Is a part of the parent's path a mark? Only those that are ignored may hold something. */
static int check_parent_marks(const char *parent, bool *ret_ignored)
{
	for (const char *p = parent; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL) {
		if (is_aufs_mark(p)) {
			*ret_ignored = true;
			return 0;
		}
		if (str_starts(p, WHITEOUT))
			return bad_entry(-EBADMSG, "something inside of a whiteout");
	}
	return 0;
}

/* 1: it was a mark and is dealt with; 0: an ordinary entry. */
static int take_mark(struct unpack *u, const struct entry_path *p)
{
	const char *hidden = p->leaf + strlen(WHITEOUT);
	struct str path __free(str) = {0};
	bool ignored = false;
	int r = check_parent_marks(p->parent, &ignored);

	if (r < 0 || ignored)
		return r < 0 ? r : 1;
	if (!str_starts(p->leaf, WHITEOUT))
		return 0;
	if (str_eq(p->leaf, WHITEOUT_OPAQUE)) {
		r = add_later(u, LATER_OPAQUE, p->parent, NULL);
		return r < 0 ? r : 1;
	}
	if (is_aufs_mark(p->leaf))
		return 1;
	if (!hidden[0] || str_eq(hidden, ".") || str_eq(hidden, ".."))
		return bad_entry(-EBADMSG, "a whiteout of no file name");
	if (str_starts(p->leaf, WHITEOUT_META))
		return bad_entry(-EBADMSG, "an unknown mark: names that begin with .wh..wh. are reserved");
	str_addf(&path, "%s%s%s", p->parent, p->parent[0] ? "/" : "", hidden);
	if (path.failed)
		return -ENOMEM;
	r = add_later(u, LATER_WHITEOUT, path.s, NULL);
	return r < 0 ? r : 1;
}

static int check_id(const char *what, int64_t id, uint32_t *ret_id)
{
	/* The last one means "leave it" to chown(2). */
	if (id < 0 || id >= UINT32_MAX)
		return sys_fail(-EOVERFLOW, "unpack", "", "%s id %lld is out of range: 0 to 4294967294",
				what, (long long)id);
	*ret_id = (uint32_t)id;
	return 0;
}

static int read_node(struct archive_entry *e, struct node *node)
{
	int r = check_id("user", archive_entry_uid(e), &node->uid);

	if (r >= 0)
		r = check_id("group", archive_entry_gid(e), &node->gid);
	if (r < 0)
		return r;
	if (archive_entry_mtime(e) < 0)
		return sys_fail(-EOVERFLOW, "unpack", "", "modification time %lld is before 1970",
				(long long)archive_entry_mtime(e));
	node->mtime.tv_sec = archive_entry_mtime(e);
	node->mtime.tv_nsec = archive_entry_mtime_nsec(e);
	node->mode = archive_entry_mode(e);
	node->entry = e;
	return 0;
}

static bool is_dir_at(int dir_fd, const char *name)
{
	struct stat st;

	return sys_fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW) >= 0 && S_ISDIR(st.st_mode);
}

static int create_hardlink(struct unpack *u, const struct node *node, const char *target)
{
	struct entry_path p;
	int r = split_path(target, u->policy, &p), dir __free(fd) = -EBADF;

	for (const char *c = target; r >= 0 && c; c = strchr(c, '/') ? strchr(c, '/') + 1 : NULL)
		if (str_starts(c, "..") && strchr("/", c[2]))
			return bad_entry(-EBADMSG, "a hard link whose target has \"..\" in it");
	if (r < 0)
		return r;
	dir = resolve_dir(u->root_fd, p.parent);
	if (dir >= 0)
		r = sys_linkat(dir, p.leaf, node->parent_fd, node->leaf, 0);
	if (dir == -ENOENT || dir == -ENOTDIR || r == -ENOENT)
		return sys_fail(-ENOENT, "unpack", "",
				"a hard link to \"%.100s\", which is not in this layer (before it)", target);
	if (r == -EPERM && is_dir_at(dir, p.leaf))
		return sys_fail(r, "unpack", "", "a hard link to \"%.100s\", a directory", target);
	return dir < 0 ? dir : r;
}

static int create(struct unpack *u, const struct node *node)
{
	const char *target = archive_entry_hardlink(node->entry);

	if (target)
		return create_hardlink(u, node, target);
	return create_node(u->stream, node, u->policy, &u->stats);
}

static int create_or_replace(struct unpack *u, const struct node *node)
{
	int r = create(u, node);

	if (r != -EEXIST)
		return r;
	if (!u->policy->take_last)
		return bad_entry(r, "the path comes twice in this layer; --take-last takes the later entry");
	r = file_remove_tree(node->parent_fd, node->leaf);
	return r < 0 ? r : create(u, node);
}

static int take_root(struct unpack *u, struct node *node)
{
	int r, fd __free(fd) = -EBADF;

	if (!S_ISDIR(node->mode))
		return bad_entry(-EBADMSG, "the root itself as something other than a directory");
	fd = sys_openat(u->root_fd, ".", O_RDONLY | O_DIRECTORY, 0);
	if (fd < 0)
		return fd;
	r = apply_metadata(fd, node, u->policy, &u->stats);
	return r < 0 ? r : add_later(u, LATER_TIME, "", &node->mtime);
}

static int check_totals(struct unpack *u, struct archive_entry *e)
{
	int64_t size = archive_entry_size(e);

	if (++u->stats.entries > u->policy->max_entries)
		return sys_fail(-EFBIG, "unpack", "", "more than %llu entries: above the limit (--max-entries)",
				(unsigned long long)u->policy->max_entries);
	if (archive_entry_filetype(e) != AE_IFREG || archive_entry_hardlink(e) || size < 0)
		return 0;
	if (__builtin_add_overflow(u->stats.bytes, (uint64_t)size, &u->stats.bytes) ||
	    u->stats.bytes > u->policy->max_bytes)
		return sys_fail(-EFBIG, "unpack", "", "files of more than %llu bytes: above the limit (--max-bytes)",
				(unsigned long long)u->policy->max_bytes);
	return 0;
}

static int take_entry(struct unpack *u, struct archive_entry *e, const char *name)
{
	struct str path __free(str) = {0};
	struct node node = {0};
	struct entry_path p;
	int r = check_totals(u, e);

	if (r >= 0)
		r = split_path(name, u->policy, &p);
	if (r >= 0)
		r = read_node(e, &node);
	if (r < 0)
		return r;
	if (!p.leaf[0])
		return archive_entry_hardlink(e) ? bad_entry(-EBADMSG, "the root itself as a link")
						 : take_root(u, &node);
	r = take_mark(u, &p);
	if (r)
		return r < 0 ? r : 0;
	node.parent_fd = open_parent(u, p.parent);
	if (node.parent_fd < 0)
		return node.parent_fd;
	node.leaf = p.leaf;
	r = create_or_replace(u, &node);
	if (r < 0 || !S_ISDIR(node.mode) || archive_entry_hardlink(e))
		return r;
	str_addf(&path, "%s%s%s", p.parent, p.parent[0] ? "/" : "", p.leaf);
	return path.failed ? -ENOMEM : add_later(u, LATER_TIME, path.s, &node.mtime);
}

static int make_opaque(struct unpack *u, int dir_fd, const char *name)
{
	int r, fd __free(fd) = sys_openat(dir_fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);

	if (fd < 0)
		return fd;
	r = sys_fsetxattr(fd, "trusted.overlay.opaque", "y", 1);
	if (r == -EPERM)
		return bad_entry(r, "overlay marks need CAP_SYS_ADMIN: run as root");
	return r;
}

static int apply_opaque(struct unpack *u, const char *path)
{
	int fd = open_parent(u, path);

	if (fd < 0)
		return fd;
	u->stats.opaque_root |= !path[0];
	return make_opaque(u, fd, ".");
}

static int apply_whiteout(struct unpack *u, const char *path)
{
	struct entry_path p;
	struct stat st;
	int fd, r = split_path(path, u->policy, &p);

	if (r < 0)
		return r;
	fd = open_parent(u, p.parent);
	if (fd < 0)
		return fd;
	r = sys_fstatat(fd, p.leaf, &st, AT_SYMLINK_NOFOLLOW);
	if (r == -ENOENT)
		return sys_mknodat(fd, p.leaf, S_IFCHR, makedev(0, 0));
	return r >= 0 && S_ISDIR(st.st_mode) ? make_opaque(u, fd, p.leaf) : r;
}

static int apply_time(struct unpack *u, const struct later *l)
{
	const struct timespec times[2] = {l->mtime, l->mtime};
	int r, fd = resolve_dir(u->root_fd, l->path);

	/* With --take-last, a later entry may have taken its place. */
	if (fd == -ENOENT || fd == -ENOTDIR)
		return 0;
	if (fd < 0)
		return fd;
	r = sys_utimensat(fd, ".", times, 0);
	sys_close(fd);
	return r;
}

static int apply_later(struct unpack *u)
{
	int r = 0;

	for (size_t i = 0; i < u->n_later; i++) {
		const struct later *l = &u->later[i];

		if (l->what == LATER_OPAQUE)
			r = apply_opaque(u, l->path);
		else if (l->what == LATER_WHITEOUT)
			r = apply_whiteout(u, l->path);
		if (r < 0)
			return fail_at(u, r, l->path);
	}
	for (size_t i = u->n_later; i-- > 0;) {
		const struct later *l = &u->later[i];

		r = l->what == LATER_TIME ? apply_time(u, l) : 0;
		if (r < 0)
			return fail_at(u, r, l->path);
	}
	return 0;
}

static int take_entries(struct unpack *u)
{
	struct archive_entry *e;
	int r;

	for (;;) {
		const char *name;

		rf_trace_forget();
		r = stream_next(u->stream, &e);
		if (r <= 0)
			return r < 0 ? fail_at(u, r, NULL) : 0;
		name = archive_entry_pathname(e);
		r = name && name[0] ? take_entry(u, e, name)
				    : bad_entry(-EBADMSG, "an entry without a name");
		if (r < 0)
			return fail_at(u, r, name ?: "");
	}
}

int layer_unpack(struct stream *s, int root_fd, const char *layer, const struct unpack_policy *policy,
		 struct unpack_stats *ret_stats)
{
	struct unpack u = {.stream = s, .root_fd = root_fd, .layer = layer, .policy = policy,
			   .parent_fd = -EBADF};
	int r = take_entries(&u);

	if (r >= 0)
		r = apply_later(&u);
	forget_parent(&u);
	for (size_t i = 0; i < u.n_later; i++)
		free(u.later[i].path);
	free(u.later);
	if (r < 0)
		return r;
	*ret_stats = u.stats;
	return 0;
}
