/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What nsrun's parts share. All functions return 0, or the exit code with the error printed. */
#ifndef TOOLS_NSRUN_NSRUN_H
#define TOOLS_NSRUN_NSRUN_H

#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/mounts.h>
#include <ringfence/sandbox.h>

#include "../tool.h"
#include "base/str.h"

/* ids.c: who maps to whom, from words to box.uid_map and box.gid_map. */
struct id_words {
	bool root, current, automatic, subids;
	const char *user, *group;  /* --map-user, --map-group */
	struct opt_list users, groups; /* --map-users, --map-groups */
};
int set_maps(struct rf_sandbox *box, const struct id_words *words);

/* watch.c: the time while the program runs, and what is told of it. */
struct watch_words {
	uint64_t timeout_us;
	const char *report; /* a file, or "fd:N"; NULL: none */
	const char *group;  /* whose use is reported; NULL: the one that nsrun is in */
	int64_t ready_fd;   /* -1: none */
};
/* Open what a report goes to, before there is a program that it could fail for. */
int watch_begin(const struct watch_words *words);
/* There will be no program: close it again. */
void watch_abandon(void);
/* Wait for the program and tell; the exit code of nsrun. */
int watch_end(struct rf_plan *plan, pid_t pid);

/* group.c: for the report. rf_cgroup_of_process() is asked where no group is given. */
int group_begin(const char *group);
/* Its object, or "null" where there is none; 0 or -errno. */
int group_report(struct str *out);
void group_end(void);

/* pin.c: what is kept when the program has ended, and what it is born into. */
struct keep_words {
	const char *files[RF_NS_KINDS]; /* NULL: no such namespace, "": not kept */
	const char *set, *unpin, *owner, *group, *binfmt;
	struct opt_list interpreters;
	bool forward;
};
extern struct keep_words keep;
int keep_set(struct rf_sandbox *box);
void keep_warn(const struct rf_sandbox *box);
/* --unpin: all that nsrun does then. `argv`: what stands behind the options. */
int keep_unpin(const struct rf_sandbox *box, char **argv);

/* `index` is that of rf_ns_kind(). The 1: "-n" behind "--net=FILE" takes nothing away. */
#define NSRUN_NS_ROW(letter, word, index, what)                                                    \
	{letter, word, OPT_OPTIONAL, &keep.files[index], "FILE", "new " what, 1}

#define NSRUN_PIN_OPTIONS                                                                          \
	{0, "pin", OPT_STRING, &keep.set, "NAME|DIR",                                              \
	 "keep all new namespaces when the program has ended, as the set NAME (in /run/ringfence/ns) or in DIR, which is made; implies --fork"}, \
	{0, "unpin", OPT_STRING, &keep.unpin, "NAME|DIR|FILE",                                     \
	 "let such a set, or the namespace kept in FILE, go; runs no program"},                    \
	{0, "owner", OPT_STRING, &keep.owner, "UID:GID",                                           \
	 "whose the user namespace is outside; implies --user and --fork"},                        \
	{0, "into-cgroup", OPT_STRING, &keep.group, "GROUP",                                       \
	 "be born in this control group, which must be there, in every hierarchy that has it; implies --fork"}, \
	{0, "forward-signals", OPT_FLAG, &keep.forward, NULL,                                      \
	 "pass SIGTERM and SIGINT on, which a supervisor does anyway, with all other signals; implies --fork"}, \
	{0, "mount-binfmt", OPT_OPTIONAL, &keep.binfmt, "DIR",                                     \
	 "mount the user namespace's own binfmt_misc, on /proc/sys/fs/binfmt_misc unless DIR is given; implies --mount and --user"}, \
	{'l', "load-interp", OPT_LIST, &keep.interpreters, ":NAME:TYPE:OFFSET:MAGIC:MASK:INTERPRETER:FLAGS", \
	 "register an interpreter in it; implies --mount-binfmt"}

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
