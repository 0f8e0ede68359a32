/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A mount tree as an ordered list of operations. A later operation sees, covers and fills what the
 * earlier ones made; sources alone are those of the caller, as they were before the first one.
 * Sources: mount_setattr(2), open_tree(2), move_mount(2), mount_namespaces(7), tmpfs(5), and overlayfs
 * in the kernel's documentation.
 */
#ifndef RINGFENCE_MOUNTS_H
#define RINGFENCE_MOUNTS_H

#include <ringfence/trace.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_mount_kind {
	RF_MOUNT_BIND,	    /* source, with what is mounted below it unless RF_MOUNT_NOREC */
	RF_MOUNT_BIND_FD,   /* what descriptor `fd` stands for, by its path, which is checked */
	RF_MOUNT_TMPFS,	    /* size, inodes, mode; nosuid and nodev */
	RF_MOUNT_PROC,	    /* of the new pid namespace; nosuid, nodev, noexec */
	RF_MOUNT_DEV,	    /* a tmpfs with null zero full random urandom tty, pts, shm, std… */
	RF_MOUNT_DEVPTS,    /* new terminals, none of the caller's */
	RF_MOUNT_MQUEUE,    /* of the new IPC namespace */
	RF_MOUNT_SYSFS,	    /* of the new network namespace; read-only unless RF_MOUNT_RW */
	RF_MOUNT_CGROUPFS,  /* cgroup2; read-only unless RF_MOUNT_RW */
	RF_MOUNT_OVERLAY,   /* lowers, topmost first, and upper with work; without these read-only */
	RF_MOUNT_SYMLINK,   /* at target, with source as its text */
	RF_MOUNT_DIR,	    /* a directory, with those above it; one that is there stays as it is */
	RF_MOUNT_FILE,	    /* a file with what is read from `fd`, on a tmpfs of its own */
	RF_MOUNT_MASK,	    /* hide: an empty directory, or the null device; or "proc", see below */
	RF_MOUNT_READ_ONLY, /* target and all below it; "/" is all that is there so far; or "proc" */
	RF_MOUNT_KINDS,
};

/* For attrs. What is not named stays as the source has it. */
enum {
	RF_MOUNT_RO = 1 << 0,
	RF_MOUNT_RW = 1 << 1, /* of a bind: take "ro" away, which the kernel may refuse */
	RF_MOUNT_NOSUID = 1 << 2,
	RF_MOUNT_NODEV = 1 << 3,
	RF_MOUNT_NOEXEC = 1 << 4,
	RF_MOUNT_NOATIME = 1 << 5,
	RF_MOUNT_NOSYMFOLLOW = 1 << 6,
	RF_MOUNT_NOREC = 1 << 7,     /* of a bind: only the one mount */
	RF_MOUNT_IDMAP = 1 << 8,     /* of a bind: owners are shifted by the sandbox's own id map */
	RF_MOUNT_USERXATTR = 1 << 9, /* of an overlay: marks in user.*; in a user namespace always */
};

/*
 * Targets are absolute, without "..", and resolved inside the new root: no link leads out. What is
 * missing on the way is made, and removed again if the sandbox fails. The target "proc" of MASK and
 * READ_ONLY stands for the OCI's default lists of masked and read-only paths, below the proc file
 * system that the list mounted last (or /proc); of these, paths that do not exist are left out.
 */
struct rf_mount_op {
	enum rf_mount_kind kind;
	const char *source;
	const char *target;
	uint64_t attrs; /* RF_MOUNT_… */
	int fd;		/* BIND_FD, FILE */
	bool has_mode;
	uint32_t mode;		/* TMPFS, DIR (0755 unless given), FILE (0644) */
	uint64_t size, inodes;	/* TMPFS, bytes and number; 0: the kernel's choice */
	const char *const *lowers;
	size_t n_lowers;
	const char *upper, *work;
};

struct rf_mounts {
	struct rf_mount_op *ops;
	size_t n;
	struct rf_mounts_text *texts; /* what the operations point to */
};

/*
 * Append an operation from a word: parts separated by ':', options by ',', and '\' before a literal
 * one of these or itself:
 *
 *	BIND         SRC[:DST[:OPT,…]]	ro rw norec nosuid nodev noexec noatime nosymfollow idmap
 *	BIND_FD      FD:DST[:OPT,…]	the same but idmap
 *	TMPFS        DST[:OPT,…]	size=64M mode=1777 nr_inodes=N, and as BIND from ro on
 *	SYSFS, CGROUPFS  DST[:ro|rw]
 *	OVERLAY      DST:lower=DIR[,lower=DIR…][,upper=DIR,work=DIR][,userxattr]
 *	SYMLINK      TARGET:DST
 *	DIR          DST[:MODE]
 *	FILE         FD:DST[:MODE]
 *	the others   DST
 *
 * 0; -EINVAL where the word is not of its form (the last failure's note says what is allowed);
 * -ENOMEM. Touches nothing but memory. rf_mounts_free() when the plan is built.
 */
RF_API int rf_mounts_parse(struct rf_mounts *mounts, enum rf_mount_kind kind, uint64_t attrs,
			   const char *word);
/* Free what the parser made; the list is then empty. */
RF_API void rf_mounts_free(struct rf_mounts *mounts);

#ifdef __cplusplus
}
#endif
#endif
