/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Keys of a control group that no file keeps but a BPF program on its directory of the v2 tree, and the bandwidth
 * among them as numbers. On a hybrid system the group must exist in the v2 tree, too.
 *
 * Network bandwidth (net.max, net.stat): what the sockets of the group and of those below send and receive is
 * counted as IP packets, and what is above the rate is dropped. Devices (devices.rules): each open and mknod of a
 * device node by a process of the group, or of one below, is asked for; the groups above must agree.
 *
 * Programs, rates, rules and counters are pinned below /sys/fs/bpf/ringfence and outlive the caller. They end with
 * the value that every new group has, or once the group is gone with rf_cgroup_sweep_bpf(). Needs CAP_BPF,
 * CAP_NET_ADMIN and bpffs mounted at /sys/fs/bpf (-ENODEV says how). Functions return 0 or -errno. Kernel 5.7 or newer.
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

/*
 * Have the keys of the table that BPF programs keep (net.max, net.stat, devices.rules): until then rf_cgroup_get()
 * and rf_cgroup_set() say -EOPNOTSUPP to them. The plans of cgroup-act.h, snapshot.h and rf_plan_cgroup_run() do
 * it themselves. A caller that never does is not linked to libbpf.
 */
RF_API void rf_cgroup_use_bpf(struct rf_cgroup_fs *fs);
/* Remove the programs of groups that are gone, and what a killed caller left half made. Result: how many. */
RF_API int rf_cgroup_sweep_bpf(void);

#ifdef __cplusplus
}
#endif
#endif
