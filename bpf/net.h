/* SPDX-License-Identifier: GPL-2.0-only */
/* Shared with user space: one direction of a group's traffic. */
#ifndef BPF_NET_H
#define BPF_NET_H

#include <linux/types.h>

enum { NET_EGRESS, NET_INGRESS, NET_WAYS };

/* What may pass and what has passed. User space reads and writes it whole, under the lock. */
struct net_flow {
	struct bpf_spin_lock lock;
	__u32 unused;
	__u64 rate;	/* bytes a second; 0: no limit */
	__u64 burst_ns; /* how far the line may be ahead */
	__u64 free_ns;	/* when the line has sent all that has passed, CLOCK_MONOTONIC */
	__u64 packets, bytes;
	__u64 dropped_packets, dropped_bytes;
};

#endif
