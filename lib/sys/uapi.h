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

#define RF_PROC_SUPER_MAGIC 0x9fa0
#define RF_NSFS_MAGIC 0x6e736673
#define RF_CGROUP_SUPER_MAGIC 0x27e0eb
#define RF_CGROUP2_SUPER_MAGIC 0x63677270
#define RF_OVERLAYFS_SUPER_MAGIC 0x794c7630

#endif
