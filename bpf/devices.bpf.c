// SPDX-License-Identifier: GPL-2.0-only
/*
 * The devices of a control group, for which v2 has no controller: asked on each open and mknod of a device
 * node by a process of the group, or of one below it. The kernel asks the programs of all groups above,
 * too, and each of them must agree.
 *
 * Reading, writing and making are looked at one by one: of each the last rule decides that names it.
 */
#include "vmlinux.h"

#include <bpf/bpf_helpers.h>

#include "devices.h"

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct devices_rules);
} rules SEC(".maps");

SEC("cgroup/dev")
int device(struct bpf_cgroup_dev_ctx *ctx)
{
	__u32 type = ctx->access_type & 0xffff, wanted = ctx->access_type >> 16, major = ctx->major, minor = ctx->minor;
	__u32 zero = 0, allowed = ~0u;
	struct devices_rules *r = bpf_map_lookup_elem(&rules, &zero);

	if (!r)
		return 0;
	bpf_spin_lock(&r->lock);
	for (__u32 i = 0; i < DEVICES_MAX && i < r->n; i++) {
		const struct devices_rule *d = &r->list[i];

		if (!(d->types & type) || (d->major != DEVICES_ANY && d->major != major) ||
		    (d->minor != DEVICES_ANY && d->minor != minor))
			continue;
		if (d->allow)
			allowed |= d->access;
		else
			allowed &= ~(__u32)d->access;
	}
	bpf_spin_unlock(&r->lock);
	return !(wanted & ~allowed);
}

char LICENSE[] SEC("license") = "GPL";
