// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Making one file, directory, link or node in a directory that is open. The leaf is made with
 * O_EXCL|O_NOFOLLOW, or by a call that never follows a link at the end, so what is already there is
 * found by EEXIST and never written through.
 *
 * Order of the metadata: owner first, since chown(2) and write(2) clear set-user-ID bits and file
 * capabilities; then extended attributes; then the mode; times last.
 *
 * Blocks of zeros are skipped, so that sparse files stay sparse and files full of zeros become so.
 */
#include <errno.h>
#include <sys/sysmacros.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "layer/unpack.h"

enum { ZERO_BLOCK = 4096 };

/* Attributes that would forge overlayfs's own marks, or belong to the system that packed them. */
static const char *const local_xattrs[] = {
	"trusted.overlay.", "user.overlay.", "security.selinux", "system.nfs4_acl",
};

bool layer_xattr_is_local(const char *name)
{
	for (size_t i = 0; i < array_size(local_xattrs); i++)
		if (str_starts(name, local_xattrs[i]))
			return true;
	return false;
}

static bool is_stripped(const char *name, const struct unpack_policy *policy,
			struct unpack_stats *stats)
{
	bool local = layer_xattr_is_local(name);

	if (policy->no_setuid && str_eq(name, "security.capability")) {
		stats->stripped_setuid++;
		return true;
	}
	stats->stripped_xattrs += local;
	return local;
}

/* `path` is used for what can't be opened: links and device nodes. */
static int apply_xattrs(int fd, const char *path, const struct node *node,
			const struct unpack_policy *policy, struct unpack_stats *stats)
{
	const char *name;
	const void *value;
	size_t len;
	int r = 0;

	if (archive_entry_acl_types(node->entry))
		stats->dropped_acls++;
	archive_entry_xattr_reset(node->entry);
	while (r >= 0 && archive_entry_xattr_next(node->entry, &name, &value, &len) == ARCHIVE_OK) {
		if (!name || is_stripped(name, policy, stats))
			continue;
		r = path ? sys_lsetxattr(path, name, value, len) : sys_fsetxattr(fd, name, value, len);
		if (r == -EOPNOTSUPP || r == -EPERM)
			return sys_fail(r, "setxattr", "",
					"attribute %.80s: refused by the store's file system: %s", name,
					strerror(-r));
	}
	return r;
}

static mode_t kept_mode(const struct node *node, const struct unpack_policy *policy,
			struct unpack_stats *stats)
{
	mode_t mode = node->mode & 07777;

	if (!policy->no_setuid || S_ISDIR(node->mode) || !(mode & (S_ISUID | S_ISGID)))
		return mode;
	stats->stripped_setuid++;
	return mode & ~(mode_t)(S_ISUID | S_ISGID);
}

int apply_metadata(int fd, const struct node *node, const struct unpack_policy *policy,
		   struct unpack_stats *stats)
{
	const struct timespec times[2] = {node->mtime, node->mtime};
	int r = sys_fchown(fd, node->uid, node->gid);

	if (r >= 0)
		r = apply_xattrs(fd, NULL, node, policy, stats);
	if (r >= 0)
		r = sys_fchmod(fd, kept_mode(node, policy, stats));
	return r < 0 ? r : sys_utimensat(fd, NULL, times, 0);
}

static bool is_zero(const char *p, size_t len)
{
	return !p[0] && !memcmp(p, p + 1, len - 1);
}

static int write_at(int fd, const char *p, size_t len, int64_t at)
{
	while (len) {
		ssize_t n = sys_pwrite(fd, p, len, at);

		if (n == -EINTR)
			continue;
		if (n < 0)
			return (int)n;
		p += n;
		at += n;
		len -= (size_t)n;
	}
	return 0;
}

/* Write what is not a block of zeros, or the part of one that is here, in runs as long as possible. */
static int write_sparse(int fd, const char *p, size_t len, int64_t at)
{
	size_t start = 0, i = 0;
	int r = 0;

	while (r >= 0 && i < len) {
		size_t n = ZERO_BLOCK - (size_t)((at + (int64_t)i) % ZERO_BLOCK);

		n = n < len - i ? n : len - i;
		if (is_zero(p + i, n)) {
			r = write_at(fd, p + start, i - start, at + (int64_t)start);
			start = i + n;
		}
		i += n;
	}
	return r < 0 ? r : write_at(fd, p + start, len - start, at + (int64_t)start);
}

static int write_content(struct stream *s, int fd, int64_t size)
{
	const void *data;
	int64_t at, end = 0;
	size_t len;
	int r;

	while ((r = stream_data(s, &data, &len, &at)) > 0) {
		/* Pieces of a sparse file come in order; anything else would hide in its map. */
		if (at < end || at > size || (int64_t)len > size - at)
			return sys_fail(-EBADMSG, "unpack", "", "the map of a sparse file is wrong");
		r = write_sparse(fd, data, len, at);
		if (r < 0)
			return r;
		end = at + (int64_t)len;
	}
	/* Zeros at the end were not written. */
	return r < 0 || !size ? r : sys_ftruncate(fd, size);
}

static int create_file(struct stream *s, const struct node *node, const struct unpack_policy *policy,
		       struct unpack_stats *stats)
{
	int64_t size = archive_entry_size(node->entry);
	int r, fd __free(fd) = sys_openat(node->parent_fd, node->leaf,
					  O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);

	if (fd < 0)
		return fd;
	if (size < 0)
		return sys_fail(-EBADMSG, "unpack", "", "a negative size");
	r = write_content(s, fd, size);
	return r < 0 ? r : apply_metadata(fd, node, policy, stats);
}

static int create_dir(const struct node *node, const struct unpack_policy *policy,
		      struct unpack_stats *stats)
{
	int r = sys_mkdirat(node->parent_fd, node->leaf, 0700);
	int fd __free(fd) = -EBADF;

	if (r < 0 && r != -EEXIST)
		return r;
	/* A directory that is there was made for an earlier child, or comes twice: both are usual. */
	fd = sys_openat(node->parent_fd, node->leaf, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd == -ENOTDIR || fd == -ELOOP)
		return -EEXIST;
	return fd < 0 ? fd : apply_metadata(fd, node, policy, stats);
}

/* Links and nodes can't be opened to work on them: the rest goes by the parent's descriptor, for
 * calls that know no descriptor through its name in /proc. */
static int apply_unopened(const struct node *node, const struct unpack_policy *policy,
			  struct unpack_stats *stats)
{
	const struct timespec times[2] = {node->mtime, node->mtime};
	char path[320];
	int r = sys_fchownat(node->parent_fd, node->leaf, node->uid, node->gid, AT_SYMLINK_NOFOLLOW);

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d/%s", node->parent_fd, node->leaf);
	r = apply_xattrs(-EBADF, path, node, policy, stats);
	if (r >= 0 && !S_ISLNK(node->mode))
		r = sys_fchmodat(node->parent_fd, node->leaf, kept_mode(node, policy, stats));
	return r < 0 ? r : sys_utimensat(node->parent_fd, node->leaf, times, AT_SYMLINK_NOFOLLOW);
}

static int create_symlink(const struct node *node, const struct unpack_policy *policy,
			  struct unpack_stats *stats)
{
	const char *target = archive_entry_symlink(node->entry);
	int r;

	if (!target || !target[0])
		return sys_fail(-EBADMSG, "unpack", "", "a symbolic link without a target");
	r = sys_symlinkat(target, node->parent_fd, node->leaf);
	return r < 0 ? r : apply_unopened(node, policy, stats);
}

static int create_special(const struct node *node, const struct unpack_policy *policy,
			  struct unpack_stats *stats)
{
	mode_t type = node->mode & S_IFMT;
	dev_t dev = 0;
	int r;

	if (type != S_IFIFO) {
		dev = makedev((unsigned)archive_entry_rdevmajor(node->entry),
			      (unsigned)archive_entry_rdevminor(node->entry));
		if (type == S_IFCHR && !dev)
			return sys_fail(-EPERM, "unpack", "",
					"a character device 0:0, which to overlayfs is a whiteout: forged");
		if (!policy->devices)
			return sys_fail(-EPERM, "unpack", "",
					"a device node; --devices allows them");
	}
	r = sys_mknodat(node->parent_fd, node->leaf, type | 0600, dev);
	return r < 0 ? r : apply_unopened(node, policy, stats);
}

int create_node(struct stream *s, const struct node *node, const struct unpack_policy *policy,
		struct unpack_stats *stats)
{
	switch (node->mode & S_IFMT) {
	case S_IFREG:
		return create_file(s, node, policy, stats);
	case S_IFDIR:
		return create_dir(node, policy, stats);
	case S_IFLNK:
		return create_symlink(node, policy, stats);
	case S_IFCHR:
	case S_IFBLK:
	case S_IFIFO:
		return create_special(node, policy, stats);
	}
	return sys_fail(-EBADMSG, "unpack", "", "an entry of unknown type");
}
