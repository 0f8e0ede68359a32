/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nsrun's parts share. All functions return 0, or the exit code with the error printed. */
#ifndef TOOLS_NSRUN_NSRUN_H
#define TOOLS_NSRUN_NSRUN_H

#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/mounts.h>
#include <ringfence/sandbox.h>

#include "../tool.h"

/* ids.c: who maps to whom, from words to box.uid_map and box.gid_map. */
struct id_words {
	bool root, current, automatic;
	const char *user, *group;  /* --map-user, --map-group */
	struct opt_list users, groups; /* --map-users, --map-groups */
};
int set_maps(struct rf_sandbox *box, const struct id_words *words);

/* watch.c: the time while the program runs, and what is told of it. */
struct watch_words {
	uint64_t timeout_us;
	const char *report; /* a file, or "fd:N"; NULL: none */
	int64_t ready_fd;   /* -1: none */
};
/* Open what a report goes to, before there is a program that it could fail for. */
int watch_begin(const struct watch_words *words);
/* Wait for the program and tell; the exit code of nsrun. */
int watch_end(struct rf_plan *plan, pid_t pid);

/* mounts.c: the options that append to the list of mounts, in the order they are given. */
struct mount_word {
	enum rf_mount_kind kind;
	uint64_t attrs;
	const char *option;
};
extern struct mount_word mount_words[];
enum { RO_BIND_WORD = RF_MOUNT_KINDS }; /* behind those of the kinds */

/* OPT_CALL; what is wrong with a word is told by set_mounts(). */
int take_mount(const char *word, void *to);
int set_mounts(struct rf_sandbox *box);

#define MOUNT_ROW(word, kind, form, what)                                                          \
	{0, word, OPT_CALL, &mount_words[kind], form, what, 0, 0, 0, NULL, take_mount}

#define NSRUN_MOUNT_OPTIONS                                                                        \
	MOUNT_ROW("bind", RF_MOUNT_BIND, "SRC[:DST[:OPT,…]]",                                      \
		  "show SRC, with what is mounted below it, at DST; see MOUNTS; implies --mount, as the following do"), \
	MOUNT_ROW("ro-bind", RO_BIND_WORD, "SRC[:DST[:OPT,…]]", "the same, read-only"),            \
	MOUNT_ROW("bind-fd", RF_MOUNT_BIND_FD, "FD:DST[:OPT,…]", "show at DST what a descriptor stands for"), \
	MOUNT_ROW("tmpfs", RF_MOUNT_TMPFS, "DST[:OPT,…]", "mount an empty directory in memory"),   \
	MOUNT_ROW("proc", RF_MOUNT_PROC, "DST", "mount a new proc file system"),                   \
	MOUNT_ROW("dev", RF_MOUNT_DEV, "DST", "make a /dev of null, zero, full, random, urandom, tty, pts and shm"), \
	MOUNT_ROW("devpts", RF_MOUNT_DEVPTS, "DST", "mount new terminals"),                        \
	MOUNT_ROW("mqueue", RF_MOUNT_MQUEUE, "DST", "mount the POSIX message queues"),             \
	MOUNT_ROW("sysfs", RF_MOUNT_SYSFS, "DST[:ro|rw]", "mount a new sysfs, read-only unless rw is given"), \
	MOUNT_ROW("cgroupfs", RF_MOUNT_CGROUPFS, "DST[:ro|rw]", "mount cgroup2, read-only unless rw is given"), \
	MOUNT_ROW("overlay", RF_MOUNT_OVERLAY, "DST:lower=DIR[,lower=DIR…][,upper=DIR,work=DIR][,userxattr]", \
		  "stack directories, the first lower on top; changes go to upper"),               \
	MOUNT_ROW("symlink", RF_MOUNT_SYMLINK, "TARGET:DST", "make a symbolic link"),              \
	MOUNT_ROW("dir", RF_MOUNT_DIR, "DST[:MODE]", "make a directory"),                          \
	MOUNT_ROW("file", RF_MOUNT_FILE, "FD:DST[:MODE]", "put what is read from a descriptor at DST"), \
	MOUNT_ROW("mask", RF_MOUNT_MASK, "PATH|proc", "hide a path, or the OCI's list of paths below proc"), \
	MOUNT_ROW("read-only", RF_MOUNT_READ_ONLY, "PATH|proc",                                    \
		  "make a tree read-only, or the OCI's list of paths below proc")

#endif
