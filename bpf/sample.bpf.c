// SPDX-License-Identifier: GPL-2.0-only
/*
 * What all groups use, by the cgroup iterator: called for each group from the one where it starts, parents
 * first. The records go into an array that user space has mapped, one after the other: the iterator's own
 * stream is cut at 32 KiB.
 *
 * The walk is under cgroup_mutex. Nothing is flushed per group: only v2's CPU time stands in per-CPU sums, and
 * is summed up once, at the first group, for all below. The function for that was renamed in 6.16, and 6.1
 * can't load a test for a function of the kernel that is there: so there is a program for each.
 *
 * v1's CPU time stands in per-CPU memory, whose place is only in a kernel's table of all symbols: left to files.
 * A hierarchy's root is left out: its files are made from counters of the whole machine.
 */
#include "vmlinux.h"

#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>
#include <bpf/bpf_tracing.h>

#include "sample.h"

enum { CSS_VISIBLE = 8 }; /* its files are there; an enabled io controller has memory's css without them */

/* Set by user space before each walk: enum sample_part. */
__u32 parts;
bool is_v2;
/* Set to 0 then; how many groups there were, also beyond the array's room. */
__u32 n_records;
bool flushed;

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(map_flags, BPF_F_MMAPABLE);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, struct sample_record);
} records SEC(".maps");

extern void css_rstat_flush(struct cgroup_subsys_state *css) __ksym __weak;
extern void cgroup_rstat_flush(struct cgroup *cgrp) __ksym __weak;

static __always_inline void put(struct sample_record *r, enum sampled_value value, __u64 n)
{
	r->values[value] = n;
	r->valid |= SAMPLED_BIT(value);
}

/* The controller's state, where its files are there. */
#define CSS_OF(cgrp, controller)                                                                   \
	(bpf_core_enum_value_exists(enum cgroup_subsys_id, controller)                             \
		 ? visible((cgrp)->subsys[bpf_core_enum_value(enum cgroup_subsys_id, controller)]) \
		 : NULL)

static __always_inline void *visible(struct cgroup_subsys_state *css)
{
	return css && BPF_CORE_READ(css, flags) & CSS_VISIBLE ? css : NULL;
}

static __always_inline void take_base(struct sample_record *r, struct cgroup *cgrp)
{
	put(r, SAMPLED_CPU_NS, cgrp->bstat.cputime.sum_exec_runtime);
	put(r, SAMPLED_USER_NS, cgrp->bstat.cputime.utime);
	put(r, SAMPLED_SYSTEM_NS, cgrp->bstat.cputime.stime);
	put(r, SAMPLED_SHOWN_USER_NS, cgrp->prev_cputime.utime);
	put(r, SAMPLED_SHOWN_SYSTEM_NS, cgrp->prev_cputime.stime);
}

static __always_inline void take_bandwidth(struct sample_record *r, struct task_group *tg)
{
	if (!tg || !bpf_core_field_exists(tg->cfs_bandwidth))
		return;
	put(r, SAMPLED_PERIODS, (__u32)BPF_CORE_READ(tg, cfs_bandwidth.nr_periods));
	put(r, SAMPLED_THROTTLED, (__u32)BPF_CORE_READ(tg, cfs_bandwidth.nr_throttled));
	put(r, SAMPLED_THROTTLED_NS, BPF_CORE_READ(tg, cfs_bandwidth.throttled_time));
	put(r, SAMPLED_QUOTA_NS, BPF_CORE_READ(tg, cfs_bandwidth.quota));
	put(r, SAMPLED_PERIOD_NS, BPF_CORE_READ(tg, cfs_bandwidth.period));
}

static __always_inline __u64 event_of(struct mem_cgroup *m, __u32 event)
{
	__u64 n = 0;

	bpf_probe_read_kernel(&n, sizeof(n), (char *)m + bpf_core_field_offset(m->memory_events) + event * sizeof(n));
	return n;
}

static __always_inline void take_memory(struct sample_record *r, struct mem_cgroup *m)
{
	if (!m)
		return;
	put(r, SAMPLED_MEMORY_PAGES, BPF_CORE_READ(m, memory.usage.counter));
	put(r, SAMPLED_MEMORY_MAX_PAGES, BPF_CORE_READ(m, memory.max));
	put(r, SAMPLED_OOM_KILL, event_of(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM_KILL)));
	if (!is_v2) {
		put(r, SAMPLED_MEMORY_FAILS, BPF_CORE_READ(m, memory.failcnt));
		return;
	}
	put(r, SAMPLED_SWAP_PAGES, BPF_CORE_READ(m, swap.usage.counter));
	put(r, SAMPLED_MEMORY_HIGH, event_of(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_HIGH)));
	put(r, SAMPLED_MEMORY_MAX, event_of(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_MAX)));
	put(r, SAMPLED_OOM, event_of(m, bpf_core_enum_value(enum memcg_memory_event, MEMCG_OOM)));
}

/* v1 counts forks refused to the group's own processes, v2 those that met its limit, also from below. */
static __always_inline __u64 pids_events(struct pids_cgroup *p)
{
	__u64 n = 0;

	if (!bpf_core_field_exists(p->events_local))
		return BPF_CORE_READ((struct pids_cgroup___6_1 *)p, events_limit.counter);
	if (is_v2)
		bpf_probe_read_kernel(&n, sizeof(n), (char *)p + bpf_core_field_offset(p->events) +
				      bpf_core_enum_value(enum pidcg_event, PIDCG_MAX) * sizeof(n));
	else
		bpf_probe_read_kernel(&n, sizeof(n), (char *)p + bpf_core_field_offset(p->events_local) +
				      bpf_core_enum_value(enum pidcg_event, PIDCG_FORKFAIL) * sizeof(n));
	return n;
}

static __always_inline void take_pids(struct sample_record *r, struct pids_cgroup *p)
{
	if (!p)
		return;
	put(r, SAMPLED_PIDS, BPF_CORE_READ(p, counter.counter));
	put(r, SAMPLED_PIDS_MAX, BPF_CORE_READ(p, limit.counter));
	put(r, SAMPLED_PIDS_EVENTS, pids_events(p));
}

static __always_inline int take(struct cgroup *cgrp)
{
	struct sample_record *r;
	__u32 at = n_records;

	if (!cgrp->level)
		return 0;
	n_records = at + 1;
	r = bpf_map_lookup_elem(&records, &at);
	if (!r)
		return 0;
	r->id = cgrp->kn->id;
	r->valid = 0;
	if (parts & SAMPLE_PART_BASE)
		take_base(r, cgrp);
	if (parts & SAMPLE_PART_BANDWIDTH)
		take_bandwidth(r, CSS_OF(cgrp, cpu_cgrp_id));
	if (parts & SAMPLE_PART_MEMORY)
		take_memory(r, CSS_OF(cgrp, memory_cgrp_id));
	if (parts & SAMPLE_PART_PIDS)
		take_pids(r, CSS_OF(cgrp, pids_cgrp_id));
	return 0;
}

SEC("iter/cgroup")
int walk(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;

	return cgrp ? take(cgrp) : 0;
}

/* Since 6.16. */
SEC("iter.s/cgroup")
int walk_css_flush(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;

	if (!cgrp)
		return 0;
	if (!flushed)
		css_rstat_flush(&cgrp->self);
	flushed = true;
	return take(cgrp);
}

SEC("iter.s/cgroup")
int walk_cgroup_flush(struct bpf_iter__cgroup *ctx)
{
	struct cgroup *cgrp = ctx->cgroup;

	if (!cgrp)
		return 0;
	if (!flushed)
		cgroup_rstat_flush(cgrp);
	flushed = true;
	return take(cgrp);
}

char LICENSE[] SEC("license") = "GPL";
