/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared with user space: which devices a group may open and make. */
#ifndef BPF_DEVICES_H
#define BPF_DEVICES_H

#include <linux/types.h>

enum { DEVICES_MAX = 128 };

#define DEVICES_ANY 0xffffffffu /* for all majors or minors */

/* `types` and `access` are bits as the kernel has them: BPF_DEVCG_DEV_… and BPF_DEVCG_ACC_… */
struct devices_rule {
	__u32 major, minor;
	__u8 allow, types, access, unused;
};

/* The last rule that is of a device decides; where none is it is allowed. User space reads and writes it
 * whole, under the lock, so that no process ever meets half of a new list. */
struct devices_rules {
	struct bpf_spin_lock lock;
	__u32 n;
	struct devices_rule list[DEVICES_MAX];
};

#endif
