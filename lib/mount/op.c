// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mount operations as data: which parts each kind needs and which attributes it takes. The parser
 * and the builder of a plan both ask here, since a library's caller fills the struct by hand.
 */
#include "mount/op.h"

#include <errno.h>
#include <limits.h>
#include <linux/mount.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { NEEDS_SOURCE = 1, NEEDS_FD = 2, TAKES_LIST = 4, TAKES_ROOT = 8 };

#define LIMITS (RF_MOUNT_RO | RF_MOUNT_RW | RF_MOUNT_NOSUID | RF_MOUNT_NODEV | RF_MOUNT_NOEXEC | \
		RF_MOUNT_NOATIME | RF_MOUNT_NOSYMFOLLOW)
#define RO_RW (RF_MOUNT_RO | RF_MOUNT_RW)

static const struct {
	const char *name;
	unsigned parts;
	uint64_t attrs;
} kinds[RF_MOUNT_KINDS] = {
	[RF_MOUNT_BIND] = {"bind", NEEDS_SOURCE | TAKES_ROOT, LIMITS | RF_MOUNT_NOREC | RF_MOUNT_IDMAP},
	[RF_MOUNT_BIND_FD] = {"bind-fd", NEEDS_FD | TAKES_ROOT, LIMITS | RF_MOUNT_NOREC},
	[RF_MOUNT_TMPFS] = {"tmpfs", TAKES_ROOT, LIMITS},
	[RF_MOUNT_PROC] = {"proc", 0, 0},
	[RF_MOUNT_DEV] = {"dev", 0, 0},
	[RF_MOUNT_DEVPTS] = {"devpts", 0, 0},
	[RF_MOUNT_MQUEUE] = {"mqueue", 0, 0},
	[RF_MOUNT_SYSFS] = {"sysfs", 0, RO_RW},
	[RF_MOUNT_CGROUPFS] = {"cgroupfs", 0, RO_RW},
	[RF_MOUNT_OVERLAY] = {"overlay", TAKES_ROOT, RF_MOUNT_USERXATTR},
	[RF_MOUNT_SYMLINK] = {"symlink", NEEDS_SOURCE, 0},
	[RF_MOUNT_DIR] = {"dir", 0, 0},
	[RF_MOUNT_FILE] = {"file", NEEDS_FD, 0},
	[RF_MOUNT_MASK] = {"mask", TAKES_LIST, 0},
	[RF_MOUNT_READ_ONLY] = {"read-only", TAKES_LIST | TAKES_ROOT, 0},
};

const char *mount_kind_name(enum rf_mount_kind kind)
{
	return kinds[kind].name;
}

bool mount_is_proc_list(const struct rf_mount_op *op)
{
	return (kinds[op->kind].parts & TAKES_LIST) && str_eq(op->target, "proc");
}

int mount_target(const char *target, char *ret)
{
	size_t n = 0;

	if (target[0] != '/' || strlen(target) >= PATH_MAX)
		return -EINVAL;
	while (*target) {
		size_t len = strcspn(target, "/");

		if (len == 2 && !memcmp(target, "..", 2))
			return -EINVAL;
		if (len && !(len == 1 && target[0] == '.')) {
			if (n)
				ret[n++] = '/';
			memcpy(ret + n, target, len);
			n += len;
		}
		target += len + (target[len] == '/');
	}
	ret[n] = '\0';
	return 0;
}

static const struct {
	uint64_t from, to;
} attr_bits[] = {
	{RF_MOUNT_RO, MOUNT_ATTR_RDONLY},   {RF_MOUNT_NOSUID, MOUNT_ATTR_NOSUID},
	{RF_MOUNT_NODEV, MOUNT_ATTR_NODEV}, {RF_MOUNT_NOEXEC, MOUNT_ATTR_NOEXEC},
	{RF_MOUNT_NOATIME, MOUNT_ATTR_NOATIME}, {RF_MOUNT_NOSYMFOLLOW, MOUNT_ATTR_NOSYMFOLLOW},
};

uint64_t mount_attrs_set(uint64_t attrs)
{
	uint64_t set = 0;

	for (size_t i = 0; i < array_size(attr_bits); i++)
		if (attrs & attr_bits[i].from)
			set |= attr_bits[i].to;
	return set;
}

uint64_t mount_attrs_clear(uint64_t attrs)
{
	/* The kinds of access time are one field, which is cleared before it is set. */
	return (attrs & RF_MOUNT_RW ? MOUNT_ATTR_RDONLY : 0) |
	       (attrs & RF_MOUNT_NOATIME ? MOUNT_ATTR__ATIME : 0);
}

static int bad(const struct rf_mount_op *op, const char *object, const char *why)
{
	return sys_fail(-EINVAL, mount_kind_name(op->kind), object, "%s", why);
}

static int check_overlay(const struct rf_mount_op *op)
{
	if (!op->n_lowers)
		return bad(op, op->target, "an overlay needs at least one lower=DIR");
	if (!op->upper != !op->work)
		return bad(op, op->target, "upper and work belong together");
	if (!op->upper && op->n_lowers < 2)
		return bad(op, op->target, "without upper and work an overlay needs two lower=DIR; of one alone, a read-only bind shows the same");
	return 0;
}

static int check_target(const struct rf_mount_op *op)
{
	char *target __free(ptr) = malloc(strlen(op->target) + 1);

	if (!target)
		return -ENOMEM;
	if (mount_is_proc_list(op))
		return 0;
	if (mount_target(op->target, target) < 0)
		return bad(op, op->target, "a target is an absolute path without \"..\"");
	if (!target[0] && !(kinds[op->kind].parts & TAKES_ROOT))
		return bad(op, op->target, "this can't stand in place of the root");
	return 0;
}

int mount_op_check(const struct rf_mount_op *op)
{
	if ((unsigned)op->kind >= RF_MOUNT_KINDS)
		return sys_fail(-EINVAL, "mount", "", "there is no such kind of operation");
	if (!op->target)
		return bad(op, "", "the target is missing");
	if ((kinds[op->kind].parts & NEEDS_SOURCE) && (!op->source || !op->source[0]))
		return bad(op, op->target, "the source is missing");
	if ((kinds[op->kind].parts & NEEDS_FD) && op->fd < 0)
		return bad(op, op->target, "the descriptor is missing");
	if (op->attrs & ~kinds[op->kind].attrs)
		return bad(op, op->target, "has an attribute that this kind does not take");
	if ((op->attrs & RO_RW) == RO_RW)
		return bad(op, op->target, "ro and rw exclude each other");
	/* mkdir(2) takes no more. */
	if (op->mode > (op->kind == RF_MOUNT_DIR ? 01777 : 07777))
		return bad(op, op->target, op->kind == RF_MOUNT_DIR ? "the mode of a directory is at most 1777, in octal"
								    : "a mode is at most 7777, in octal");
	if (op->kind == RF_MOUNT_OVERLAY && check_overlay(op) < 0)
		return -EINVAL;
	return check_target(op);
}
