// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The upper directory of an overlay holds what was added or changed, a character device 0:0 for
 * each name that is hidden, and the attribute trusted.overlay.opaque on directories that hide the
 * one below. A layer has the files ".wh.NAME" and ".wh..wh..opq" for the latter two.
 *
 * overlayfs makes every new directory opaque, to save itself lookups; the mark goes into the layer
 * only where a layer below has a directory of that path.
 *
 * Names are sorted and times are those of the files, so that one directory gives one blob.
 */
#include "layer/pack.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/resolve.h"
#include "base/str.h"
#include "layer/sink.h"
#include "layer/unpack.h"

enum { MAX_DEPTH = 200, READ_SIZE = 256 << 10, XATTR_MAX = 64 << 10 };

#define WHITEOUT ".wh."
#define WHITEOUT_OPAQUE ".wh..wh..opq"

struct pack {
	const struct pack_job *job;
	struct sink *sink;
	struct archive_entry_linkresolver *links;
	struct packed out;
	size_t depth;
	char path[PATH_MAX]; /* of the directory that is being read, "" for the root */
	char names[XATTR_MAX], value[XATTR_MAX], buf[READ_SIZE];
};

DEFINE_FREE(entry, struct archive_entry *, archive_entry_free(v))

static void pack_free(struct pack *p)
{
	if (!p)
		return;
	sink_close(p->sink);
	archive_entry_linkresolver_free(p->links);
	free(p);
}

DEFINE_FREE(pack, struct pack *, pack_free(v))

static printf_like(4, 5) int refused(const struct pack *p, int error, const char *name,
				     const char *fmt, ...)
{
	char object[192], text[200];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(object, sizeof(object), "\"/%.100s%s%.80s\"", p->path, p->path[0] && name[0] ? "/" : "",
		 name);
	return sys_fail(error, "commit", object, "%s", text);
}

static int changed(const struct pack *p, const char *name)
{
	return refused(p, -EBUSY, name, "changed while it was read: commit when nothing writes to the mount");
}

static int entry_path(const struct pack *p, const char *name, struct archive_entry *e)
{
	char path[PATH_MAX];

	if ((size_t)snprintf(path, sizeof(path), "%s%s%s", p->path, p->path[0] ? "/" : "", name) >=
	    sizeof(path))
		return refused(p, -ENAMETOOLONG, name, "the path is longer than 4095 bytes");
	archive_entry_copy_pathname(e, path[0] ? path : "./");
	return 0;
}

/* Owners in the directory are those outside of the mount's maps; a layer has those inside. */
static int entry_owner(const struct pack *p, const char *name, const struct stat *st,
		       struct archive_entry *e)
{
	const struct mount_record *rec = p->job->record;
	uint32_t uid = st->st_uid, gid = st->st_gid;

	if (rec->uid_map.n && rf_idmap_inside(&rec->uid_map, st->st_uid, &uid) < 0)
		return refused(p, -EOVERFLOW, name, "user %u is not in the map of the mount (%s)", st->st_uid,
			       rec->target);
	if (rec->gid_map.n && rf_idmap_inside(&rec->gid_map, st->st_gid, &gid) < 0)
		return refused(p, -EOVERFLOW, name, "group %u is not in the map of the mount (%s)", st->st_gid,
			       rec->target);
	archive_entry_set_uid(e, uid);
	archive_entry_set_gid(e, gid);
	return 0;
}

/* A layer has no times before 1970: readers refuse them. */
static int entry_stat(const struct pack *p, const char *name, const struct stat *st,
		      struct archive_entry *e)
{
	int r = entry_path(p, name, e);

	if (r >= 0)
		r = entry_owner(p, name, st, e);
	archive_entry_set_mode(e, st->st_mode);
	archive_entry_set_mtime(e, st->st_mtim.tv_sec < 0 ? 0 : st->st_mtim.tv_sec, st->st_mtim.tv_nsec);
	archive_entry_set_size(e, S_ISREG(st->st_mode) ? st->st_size : 0);
	archive_entry_set_dev(e, st->st_dev);
	archive_entry_set_ino64(e, (int64_t)st->st_ino);
	archive_entry_set_nlink(e, (unsigned)st->st_nlink);
	if (S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode)) {
		archive_entry_set_rdevmajor(e, major(st->st_rdev));
		archive_entry_set_rdevminor(e, minor(st->st_rdev));
	}
	return r;
}

/*
 * File capabilities set inside of a user namespace bear the id of its root (revision 3, 24 bytes);
 * in a layer they are without it (revision 2, 20 bytes). 0: they belong to another root.
 */
static size_t plain_caps(const struct pack *p, unsigned char *value, size_t len)
{
	uint32_t root, inside;

	if (len != 24 || value[3] != 3)
		return len;
	root = (uint32_t)value[20] | (uint32_t)value[21] << 8 | (uint32_t)value[22] << 16 |
	       (uint32_t)value[23] << 24;
	if (p->job->record->uid_map.n && rf_idmap_inside(&p->job->record->uid_map, root, &inside) < 0)
		return 0;
	if (p->job->record->uid_map.n ? inside : root)
		return 0;
	value[3] = 2;
	return 20;
}

static int add_xattr(struct pack *p, const char *path, const char *name, const char *attribute,
		     struct archive_entry *e)
{
	ssize_t n;
	size_t len;

	if (str_eq(attribute, "trusted.overlay.redirect") || str_eq(attribute, "trusted.overlay.metacopy"))
		return refused(p, -EOPNOTSUPP, name,
			       "holds a reference to a layer below (%s) and not the file: overlay's parameters redirect_dir and metacopy must be off when mounting",
			       attribute);
	if (layer_xattr_is_local(attribute))
		return 0;
	/* The ids in them are not shifted. */
	if (p->job->record->uid_map.n && str_starts(attribute, "system.posix_acl_")) {
		p->out.left_out_acls++;
		return 0;
	}
	n = sys_lgetxattr(path, attribute, p->value, sizeof(p->value));
	if (n < 0)
		return n == -ENODATA ? changed(p, name) : (int)n;
	len = (size_t)n;
	if (str_eq(attribute, "security.capability")) {
		len = plain_caps(p, (unsigned char *)p->value, len);
		p->out.left_out_caps += !len;
		if (!len)
			return 0;
	}
	archive_entry_xattr_add_entry(e, attribute, p->value, len);
	return 0;
}

static int add_xattrs(struct pack *p, int dir_fd, const char *name, struct archive_entry *e)
{
	char path[NAME_MAX + 40];
	ssize_t n;
	int r = 0;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", dir_fd, name[0] ? name : ".");
	n = sys_llistxattr(path, p->names, sizeof(p->names));
	if (n < 0)
		return n == -ENOENT ? changed(p, name) : n == -EOPNOTSUPP ? 0 : (int)n;
	for (const char *a = p->names; r >= 0 && a < p->names + n; a += strlen(a) + 1)
		r = add_xattr(p, path, name, a, e);
	return r;
}

/* A mark is an empty file that belongs to root, and has no time. */
static int add_mark(struct pack *p, const char *name)
{
	struct archive_entry *e __free(entry) = archive_entry_new();
	int r = e ? entry_path(p, name, e) : -ENOMEM;

	if (r < 0)
		return r;
	archive_entry_set_mode(e, S_IFREG);
	archive_entry_set_size(e, 0);
	archive_entry_set_mtime(e, 0, 0);
	p->out.entries++;
	p->out.whiteouts++;
	return sink_entry(p->sink, e);
}

static int add_whiteout(struct pack *p, const char *name)
{
	char mark[NAME_MAX + 1];

	if ((size_t)snprintf(mark, sizeof(mark), WHITEOUT "%s", name) >= sizeof(mark))
		return refused(p, -ENAMETOOLONG, name,
			       "was removed, and with " WHITEOUT " before it the name is longer than 255 bytes");
	return add_mark(p, mark);
}

static int copy_content(struct pack *p, int fd, const char *name, const struct stat *st)
{
	uint64_t left = (uint64_t)st->st_size;
	struct stat now;
	int r;

	while (left) {
		ssize_t n = sys_read(fd, p->buf, left < READ_SIZE ? left : READ_SIZE);

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? (int)n : changed(p, name);
		r = sink_data(p->sink, p->buf, (size_t)n);
		if (r < 0)
			return r;
		left -= (uint64_t)n;
		p->out.bytes += (uint64_t)n;
		if (p->job->advance)
			p->job->advance((uint64_t)n, p->job->data);
	}
	r = sys_fstat(fd, &now);
	if (r < 0)
		return r;
	return now.st_size == st->st_size && now.st_ctim.tv_sec == st->st_ctim.tv_sec &&
			       now.st_ctim.tv_nsec == st->st_ctim.tv_nsec
		       ? 0
		       : changed(p, name);
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

/* Open what was looked at, and look again: -EBUSY where it is something else now. */
static int open_same(const struct pack *p, int dir_fd, const char *name, int flags, struct stat *st)
{
	int r, fd __free(fd) = sys_openat(dir_fd, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | flags, 0);
	struct stat now;

	if (fd < 0)
		return fd == -ENOENT || fd == -ELOOP || fd == -ENOTDIR ? changed(p, name) : fd;
	r = sys_fstat(fd, &now);
	if (r < 0)
		return r;
	if (!same_file(&now, st))
		return changed(p, name);
	*st = now;
	return take_fd(&fd);
}

static int add_file(struct pack *p, int dir_fd, const char *name, struct stat *st,
		    struct archive_entry *e)
{
	int r, fd __free(fd) = open_same(p, dir_fd, name, 0, st);
	struct archive_entry *other = NULL;

	if (fd < 0)
		return fd;
	r = entry_stat(p, name, st, e);
	if (r >= 0)
		r = add_xattrs(p, dir_fd, name, e);
	if (r < 0)
		return r;
	/* The second name of a file becomes a link to the first, without content. */
	archive_entry_linkify(p->links, &e, &other);
	r = sink_entry(p->sink, e);
	return r < 0 || archive_entry_hardlink(e) ? r : copy_content(p, fd, name, st);
}

static int add_other(struct pack *p, int dir_fd, const char *name, const struct stat *st,
		     struct archive_entry *e)
{
	char target[PATH_MAX];
	ssize_t n;
	int r = entry_stat(p, name, st, e);

	if (r >= 0 && S_ISLNK(st->st_mode)) {
		n = sys_readlinkat(dir_fd, name, target, sizeof(target) - 1);
		if (n < 0)
			return n == -ENOENT || n == -EINVAL ? changed(p, name) : (int)n;
		target[n] = '\0';
		archive_entry_copy_symlink(e, target);
	}
	if (r >= 0)
		r = add_xattrs(p, dir_fd, name, e);
	p->out.devices += S_ISCHR(st->st_mode) || S_ISBLK(st->st_mode);
	return r < 0 ? r : sink_entry(p->sink, e);
}

/* Does a layer below have a directory of this path? Links are not followed: overlayfs doesn't. */
static int hides_something(const struct pack *p)
{
	const struct mount_record *rec = p->job->record;
	char path[PATH_MAX + HEX_SIZE + 8];

	for (size_t i = 0; i < rec->n_layers; i++) {
		int fd;

		snprintf(path, sizeof(path), "%s/fs/%s", rec->layers[i], p->path);
		fd = resolve_beneath(p->job->store->layers_fd, path, O_PATH | O_DIRECTORY | O_NOFOLLOW);
		if (fd >= 0) {
			sys_close(fd);
			return 1;
		}
		if (fd != -ENOENT && fd != -ENOTDIR && fd != -ELOOP)
			return fd;
	}
	return 0;
}

static int add_opaque(struct pack *p, int fd)
{
	char path[40];
	ssize_t n;
	int r;

	snprintf(path, sizeof(path), "/proc/self/fd/%d/.", fd);
	n = sys_lgetxattr(path, "trusted.overlay.opaque", p->value, sizeof(p->value));
	if (n == -ENODATA || n == -EOPNOTSUPP)
		return 0;
	/* "x" says only that whiteouts may stand in it in another form. */
	if (n != 1 || p->value[0] != 'y')
		return n < 0 ? (int)n : 0;
	r = hides_something(p);
	return r <= 0 ? r : add_mark(p, WHITEOUT_OPAQUE);
}

static int add_children(struct pack *p, int fd);

static int add_dir(struct pack *p, int dir_fd, const char *name, struct stat *st,
		   struct archive_entry *e)
{
	size_t len = strlen(p->path);
	int r, fd __free(fd) = open_same(p, dir_fd, name, O_DIRECTORY, st);

	if (fd < 0)
		return fd;
	if (p->depth == MAX_DEPTH)
		return refused(p, -E2BIG, name, "deeper than %d directories", MAX_DEPTH);
	r = entry_stat(p, name, st, e);
	if (r >= 0)
		r = add_xattrs(p, fd, "", e);
	if (r >= 0)
		r = sink_entry(p->sink, e);
	if (r < 0)
		return r;
	/* It has fitted into entry_path(). */
	snprintf(p->path + len, sizeof(p->path) - len, "%s%s", len ? "/" : "", name);
	p->depth++;
	r = add_opaque(p, fd);
	if (r >= 0)
		r = add_children(p, fd);
	p->depth--;
	p->path[len] = '\0';
	return r;
}

static int add_entry(struct pack *p, int dir_fd, const char *name)
{
	struct archive_entry *e __free(entry) = NULL;
	struct stat st;
	int r = sys_fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return r == -ENOENT ? changed(p, name) : r;
	if (S_ISCHR(st.st_mode) && !st.st_rdev)
		return add_whiteout(p, name);
	if (str_starts(name, WHITEOUT))
		return refused(p, -EINVAL, name, "in a layer a name that begins with " WHITEOUT " says that another is removed: rename it");
	if (S_ISSOCK(st.st_mode)) {
		p->out.left_out_sockets++;
		return 0;
	}
	e = archive_entry_new();
	if (!e)
		return -ENOMEM;
	p->out.entries++;
	if (S_ISREG(st.st_mode))
		return add_file(p, dir_fd, name, &st, e);
	if (S_ISDIR(st.st_mode))
		return add_dir(p, dir_fd, name, &st, e);
	return add_other(p, dir_fd, name, &st, e);
}

struct name_list {
	char **names;
	size_t n, cap;
};

static int add_name(const char *name, void *data)
{
	struct name_list *list = data;

	if (list->n == list->cap) {
		size_t cap = list->cap ? list->cap * 2 : 32;
		void *more = realloc(list->names, cap * sizeof(*list->names));

		if (!more)
			return -ENOMEM;
		list->names = more;
		list->cap = cap;
	}
	list->names[list->n] = strdup(name);
	return list->names[list->n] ? (list->n++, 0) : -ENOMEM;
}

static int by_bytes(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static int add_children(struct pack *p, int fd)
{
	struct name_list list = {0};
	int r = each_name(fd, ".", add_name, &list);

	if (list.n)
		qsort(list.names, list.n, sizeof(*list.names), by_bytes);
	for (size_t i = 0; r >= 0 && i < list.n; i++)
		r = add_entry(p, fd, list.names[i]);
	for (size_t i = 0; i < list.n; i++)
		free(list.names[i]);
	free(list.names);
	return r;
}

/* The root is there with its mode and owner, which the changes may be all about. */
static int add_root(struct pack *p)
{
	struct archive_entry *e __free(entry) = archive_entry_new();
	struct stat st;
	int r = e ? sys_fstat(p->job->upper_fd, &st) : -ENOMEM;

	if (r >= 0)
		r = entry_stat(p, "", &st, e);
	if (r >= 0)
		r = add_xattrs(p, p->job->upper_fd, "", e);
	p->out.entries++;
	return r < 0 ? r : sink_entry(p->sink, e);
}

int layer_pack(const struct pack_job *job, struct packed *ret_packed)
{
	struct pack *p __free(pack) = calloc(1, sizeof(*p));
	int r;

	if (!p)
		return -ENOMEM;
	p->job = job;
	p->links = archive_entry_linkresolver_new();
	if (!p->links)
		return -ENOMEM;
	archive_entry_linkresolver_set_strategy(p->links, ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE);
	r = sink_open(job->blob_fd, job->packing, &p->sink);
	if (r >= 0)
		r = add_root(p);
	if (r >= 0)
		r = add_children(p, job->upper_fd);
	if (r >= 0)
		r = sink_finish(p->sink, p->out.diff_id, p->out.hex, &p->out.size);
	if (r < 0)
		return r;
	*ret_packed = p->out;
	return 0;
}
