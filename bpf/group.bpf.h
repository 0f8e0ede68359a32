/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * Which threads are in the studied group, and what groups are called.
 *
 * bpf_get_current_cgroup_id() knows the v2 tree only and answers 1 for everything in a v1
 * hierarchy; and in the scheduler's tracepoints "current" is the wrong thread anyway. So the thread
 * at hand is followed to its group by hand, and from there upwards: groups made after the probe was
 * attached count without anyone having to list them.
 *
 * Ids are inode numbers, unique within one hierarchy only. A probe looks at one.
 */
#ifndef BPF_GROUP_BPF_H
#define BPF_GROUP_BPF_H

#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "group.h"

/* Set by user space before loading. */
const volatile __u64 group_id;
const volatile __u32 hierarchy_id;
const volatile bool unified;

/* Read by user space. */
__u64 times_populated;
__u64 records_dropped;

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, __u64);
	__type(value, struct group_name);
} group_names SEC(".maps");

/* A group_name is more than half of the stack a program has. */
struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct group_name);
} group_name_scratch SEC(".maps");

/*
 * Plain loads, not BPF_CORE_READ(): this runs at each context switch of the machine, and typed
 * loads cost less than half of helper calls.
 */
static __always_inline bool cgroup_in_group(struct cgroup *cgrp)
{
#pragma clang loop unroll(full)
	for (int i = 0; i < GROUP_LEVELS; i++) {
		struct cgroup_subsys_state *parent;

		if (cgrp->kn->id == group_id)
			return true;
		parent = cgrp->self.parent;
		if (!parent)
			return false;
		cgrp = parent->cgroup;
	}
	return false;
}

/*
 * In v2 the group a thread is in; subsys[] would name the nearest ancestor that has the controller
 * on, and that may lie above the studied group.
 */
#define task_cgroup(p, controller)                                                                 \
	(unified ? (p)->cgroups->dfl_cgrp                                                          \
		 : (p)->cgroups                                                                    \
			   ->subsys[bpf_core_enum_value(enum cgroup_subsys_id, controller)]        \
			   ->cgroup)

/* Make sure that user space can name this group, even after it has been removed. */
static __noinline int name_cgroup(__u64 cgroup)
{
	struct cgroup *cgrp = (struct cgroup *)cgroup;
	__u32 zero = 0;
	struct group_name *n = bpf_map_lookup_elem(&group_name_scratch, &zero);

	for (int i = 0; n && i < GROUP_LEVELS * 2; i++) {
		__u64 id = BPF_CORE_READ(cgrp, kn, id);
		struct cgroup *above = BPF_CORE_READ(cgrp, self.parent, cgroup);

		if (!id || bpf_map_lookup_elem(&group_names, &id))
			return 0;
		n->parent_id = above ? BPF_CORE_READ(above, kn, id) : 0;
		bpf_probe_read_kernel_str(n->name, sizeof(n->name), BPF_CORE_READ(cgrp, kn, name));
		bpf_map_update_elem(&group_names, &id, n, BPF_NOEXIST);
		cgrp = above;
	}
	return 0;
}

/* Fires for each group whose "populated" changes, from the leaf upwards, in v1 and v2. */
SEC("tp_btf/cgroup_notify_populated")
int BPF_PROG(on_populated, struct cgroup *cgrp, const char *path, int populated)
{
	if (populated && cgrp->kn->id == group_id && cgrp->root->hierarchy_id == hierarchy_id)
		__sync_fetch_and_add(&times_populated, 1);
	return 0;
}

char LICENSE[] SEC("license") = "GPL";

#endif
