/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kernel constants, with the release that brought them, for headers older than the kernel. */
#ifndef LIB_SYS_UAPI_H
#define LIB_SYS_UAPI_H

#include <linux/sched.h>
#include <sched.h>
#include <stdint.h>
#include <sys/mount.h>

#ifndef CLONE_NEWTIME
#define CLONE_NEWTIME 0x00000080 /* 5.6 */
#endif
#ifndef CLONE_INTO_CGROUP
#define CLONE_INTO_CGROUP 0x200000000ULL /* 5.7 */
#endif
#ifndef CLONE_CLEAR_SIGHAND
#define CLONE_CLEAR_SIGHAND 0x100000000ULL /* 5.5 */
#endif
#ifndef MOUNT_ATTR_NOSYMFOLLOW
#define MOUNT_ATTR_NOSYMFOLLOW 0x00200000 /* 5.14 */
#endif
#ifndef AT_RECURSIVE
#define AT_RECURSIVE 0x8000 /* 5.2 */
#endif

/* nsfs: the 64-bit id of a namespace (6.18), a file handle made of it, and the call that lists them. */
#define RF_NS_GET_ID 0x8008b70dUL /* _IOR(0xb7, 13, __u64) */
#define RF_FD_NSFS_ROOT -10003	  /* 6.18: the root of nsfs, in place of a descriptor on it */
#define RF_FILEID_NSFS 0xf1
#define RF_SYS_LISTNS 470 /* 6.19, the same number on all architectures but alpha */
/* landlock(7): one rights word per kind; the release of each right stands in lib/priv/landlock.c. */
struct sys_landlock_ruleset {
	uint64_t handled_fs;
	uint64_t handled_net; /* 6.7; older kernels take zeros */
	uint64_t scoped;      /* 6.12 */
};

struct sys_landlock_path {
	uint64_t allowed;
	int32_t parent_fd;
} __attribute__((packed));

struct sys_landlock_port {
	uint64_t allowed;
	uint64_t port;
};

#define RF_LANDLOCK_VERSION 1u
#define RF_LANDLOCK_RULE_PATH 1
#define RF_LANDLOCK_RULE_PORT 2 /* 6.7 */

#ifndef SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV
#define SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV 0x20 /* 5.19 */
#endif

#define RF_PROC_SUPER_MAGIC 0x9fa0
#define RF_NSFS_MAGIC 0x6e736673
#define RF_CGROUP_SUPER_MAGIC 0x27e0eb
#define RF_CGROUP2_SUPER_MAGIC 0x63677270
#define RF_OVERLAYFS_SUPER_MAGIC 0x794c7630

#endif
