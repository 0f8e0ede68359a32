// SPDX-License-Identifier: GPL-2.0-only
/*
 * Bandwidth of a control group: a token bucket for each way, on the group's directory of the v2 tree. What
 * the sockets of its processes, and of those below, send and receive passes here, as IP packets; loopback
 * counts on both ways.
 *
 * The bucket is kept as time: each packet takes the line for len / rate, and one that would have to wait longer
 * than the burst is dropped. So no fraction of a token gets lost between packets that follow closely.
 *
 * Of what is dropped on its way out TCP is told at once (2: it slows down as for a full queue), where 0
 * would look like a refusal (EPERM) and end in timeouts. On the way in there is only the drop.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "net.h"

enum { DROP = 0, PASS = 1, DROP_AND_TELL = 2, NS = 1000000000 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, NET_WAYS);
	__type(key, __u32);
	__type(value, struct net_flow);
} flows SEC(".maps");

static __always_inline int pass(struct __sk_buff *skb, __u32 way, int drop)
{
	struct net_flow *f = bpf_map_lookup_elem(&flows, &way);
	__u64 now = bpf_ktime_get_ns(), len = skb->len, cost, start;
	int verdict = PASS;

	if (!f)
		return PASS;
	bpf_spin_lock(&f->lock);
	if (f->rate) {
		cost = len * NS / f->rate;
		start = f->free_ns > now ? f->free_ns : now;
		if (start + cost > now + f->burst_ns)
			verdict = drop;
		else
			f->free_ns = start + cost;
	}
	if (verdict == PASS) {
		f->packets++;
		f->bytes += len;
	} else {
		f->dropped_packets++;
		f->dropped_bytes += len;
	}
	bpf_spin_unlock(&f->lock);
	return verdict;
}

SEC("cgroup_skb/egress")
int egress(struct __sk_buff *skb)
{
	return pass(skb, NET_EGRESS, DROP_AND_TELL);
}

SEC("cgroup_skb/ingress")
int ingress(struct __sk_buff *skb)
{
	return pass(skb, NET_INGRESS, DROP);
}

char LICENSE[] SEC("license") = "GPL";
