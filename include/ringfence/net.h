/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Network bandwidth of a control group, for which the kernel has no controller: eBPF programs on the group's
 * directory of the v2 tree count what its sockets and those of the groups below send and receive, as IP
 * packets, and drop what is above the rate. On a hybrid system the group must exist in the v2 tree, too.
 *
 * Programs, rates and counters are pinned below /sys/fs/bpf/ringfence and outlive the caller; they end with
 * rf_net_remove(), or once the group is gone with rf_net_sweep(). Needs CAP_BPF, CAP_NET_ADMIN and bpffs
 * mounted at /sys/fs/bpf (-ENODEV says how). Functions return 0 or -errno. Kernel 5.7 or newer.
 */
#ifndef RINGFENCE_NET_H
#define RINGFENCE_NET_H

#include <ringfence/cgroup.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RF_NET_EGRESS, RF_NET_INGRESS, RF_NET_WAYS };

struct rf_net_way {
	uint64_t max_bytes_per_s; /* RF_MAX of units.h: no limit */
	uint64_t packets, bytes;  /* that have passed since a limit was first set */
	uint64_t dropped_packets, dropped_bytes;
};

/*
 * "net.max", "net.max.egress" or "net.max.ingress" and its value: "10Mbit", "1MB/s", "max"; for net.max also
 * "egress=RATE ingress=RATE". Decimal units: kbit, Mbit, Gbit, B/s, kB/s, MB/s, GB/s. `rates` that the text
 * does not name stay as they are. -EINVAL for another key or value.
 */
RF_API int rf_net_parse(const char *key, const char *text, uint64_t rates[RF_NET_WAYS]);
/* From 1000 to 16 * 10^9 bytes a second, or RF_MAX; both RF_MAX: as rf_net_remove(). -ENOENT where the group
 * isn't in the v2 tree. A change counts for the next packet, and keeps the counters. */
RF_API int rf_net_set(struct rf_cgroup_fs *fs, const char *group, const uint64_t rates[RF_NET_WAYS]);
/* -ENODATA where nothing has been set. */
RF_API int rf_net_get(struct rf_cgroup_fs *fs, const char *group, struct rf_net_way ret_ways[RF_NET_WAYS]);
RF_API int rf_net_remove(struct rf_cgroup_fs *fs, const char *group); /* also where nothing is */
/* Remove the pins of groups that are gone, and what a killed caller left half made. Result: how many. */
RF_API int rf_net_sweep(void);

#ifdef __cplusplus
}
#endif
#endif
