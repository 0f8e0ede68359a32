// SPDX-License-Identifier: GPL-2.0-only
/*
 * Who ran into a memory limit, whose limit it was, and whom that killed.
 *
 *	mm_vmscan_memcg_reclaim_begin	a charge did not fit (or memory.high is exceeded): the
 *	mm_vmscan_memcg_reclaim_end	thread that asked has to free pages itself, and waits
 *	mark_victim			nothing could be freed: this process is killed
 *
 * The direct_reclaim tracepoints are for shortage of the whole machine and never fire for a limit.
 * The tracepoints do not say which limit it was (7.1 and later do, in another order of arguments,
 * so only the current thread is looked at). It is found as the kernel finds it: a charge goes to
 * the group and to each of its ancestors, and the first counter without room is the one. By the
 * time we look the refused charge has been taken back, so that is the counter with least room.
 */
#include "group.bpf.h"

#include "memory.h"

/* Set by user space before loading: records of single limit hits are wanted. */
const volatile bool stream_hits;

enum {
	NO_LIMIT = 1ull << 50, /* pages: the kernel's "max" is near 2^51, and rounded down by v1 */
	NEAR = 1024,	       /* pages: room below which a counter counts as full */
	BATCH = 64,	       /* pages: the kernel charges up to this many at once */
};

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct memory_key);
	__type(value, struct memory_hits);
} hits SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 1 << 20);
} events SEC(".maps");

struct reclaim {
	__u64 started_ns; /* 0: none */
	__u64 group_id;
	struct memory_limit limit;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct reclaim);
} reclaims SEC(".maps");

__u64 events_dropped;

static __always_inline struct cgroup_subsys_state *task_css(struct task_struct *p)
{
	return p->cgroups->subsys[bpf_core_enum_value(enum cgroup_subsys_id, memory_cgrp_id)];
}

/* Take this counter if it is fuller than what was found so far. */
static __always_inline void weigh(struct memory_limit *best, s64 *room, __u32 kind, __u64 id,
				  s64 usage, __u64 limit)
{
	s64 left = (s64)limit - usage;

	if (limit >= NO_LIMIT)
		return;
	/* Over memory.high and at memory.max: a charge is refused by max alone. */
	if (kind == LIMIT_HIGH && left >= 0)
		return;
	if (kind == LIMIT_HIGH && best->kind && *room < BATCH)
		return;
	if (best->kind && left >= *room && !(best->kind == LIMIT_HIGH && left < BATCH))
		return;
	*room = left;
	best->kind = kind;
	best->group_id = id;
	best->limit_pages = limit;
	best->usage_pages = usage;
}

struct chain {
	__u64 id[GROUP_LEVELS];
};

static __always_inline void chain_of(struct cgroup_subsys_state *css, struct chain *chain)
{
	for (int i = 0; i < GROUP_LEVELS && css; i++) {
		int level = BPF_CORE_READ(css, cgroup, level);

		if (level >= 0 && level < GROUP_LEVELS)
			chain->id[level & (GROUP_LEVELS - 1)] = BPF_CORE_READ(css, cgroup, kn, id);
		css = BPF_CORE_READ(css, parent);
	}
}

/* The fullest counter from `css` up; with `common`, among the groups of that chain only. */
static __always_inline void find_limit(struct cgroup_subsys_state *css, const struct chain *common,
				       struct memory_limit *ret)
{
	struct memory_limit best = {};
	s64 room = 0;

	for (int i = 0; i < GROUP_LEVELS && css; i++, css = BPF_CORE_READ(css, parent)) {
		struct mem_cgroup *m = (struct mem_cgroup *)css;
		__u64 id = BPF_CORE_READ(css, cgroup, kn, id);
		int level = BPF_CORE_READ(css, cgroup, level);
		s64 usage = BPF_CORE_READ(m, memory.usage.counter);

		if (common && (level < 0 || level >= GROUP_LEVELS ||
			       common->id[level & (GROUP_LEVELS - 1)] != id))
			continue;
		weigh(&best, &room, LIMIT_MAX, id, usage, BPF_CORE_READ(m, memory.max));
		if (unified)
			weigh(&best, &room, LIMIT_HIGH, id, usage, BPF_CORE_READ(m, memory.high));
		else if (bpf_core_field_exists(m->memsw))
			weigh(&best, &room, LIMIT_MEMSW, id,
			      BPF_CORE_READ(m, memsw.usage.counter), BPF_CORE_READ(m, memsw.max));
	}
	if (best.kind && room > NEAR)
		best = (struct memory_limit){};
	*ret = best;
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_begin")
int BPF_PROG(on_reclaim_begin)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct cgroup *cgrp = task_cgroup(p, memory_cgrp_id);
	struct reclaim *r;

	if (!cgroup_in_group(cgrp))
		return 0;
	r = bpf_task_storage_get(&reclaims, p, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
	if (!r) {
		__sync_fetch_and_add(&records_dropped, 1);
		return 0;
	}
	r->group_id = cgrp->kn->id;
	find_limit(task_css(p), NULL, &r->limit);
	name_cgroup((__u64)cgrp);
	r->started_ns = bpf_ktime_get_ns();
	return 0;
}

static __always_inline void add_hit(struct task_struct *p, const struct reclaim *r, __u64 ns,
				    __u64 pages)
{
	struct memory_key key = {
		.started_ns = p->start_time,
		.group_id = r->group_id,
		.limit_group_id = r->limit.group_id,
		.tid = p->pid,
		.kind = r->limit.kind,
	};
	struct memory_hits fresh = {.pid = p->tgid};
	struct memory_hits *h = bpf_map_lookup_elem(&hits, &key);

	if (!h) {
		bpf_map_update_elem(&hits, &key, &fresh, BPF_NOEXIST);
		h = bpf_map_lookup_elem(&hits, &key);
	}
	if (!h) {
		__sync_fetch_and_add(&records_dropped, 1);
		return;
	}
	h->count++;
	h->reclaim_ns += ns;
	h->reclaimed_pages += pages;
	if (ns > h->reclaim_max_ns)
		h->reclaim_max_ns = ns;
	h->last = r->limit;
	bpf_probe_read_kernel_str(h->comm, sizeof(h->comm), p->comm);
}

static __always_inline struct memory_event *new_event(__u32 type)
{
	struct memory_event *e = bpf_ringbuf_reserve(&events, sizeof(*e), 0);

	if (!e) {
		__sync_fetch_and_add(&events_dropped, 1);
		return NULL;
	}
	__builtin_memset(e, 0, sizeof(*e));
	e->type = type;
	e->time_ns = bpf_ktime_get_ns();
	return e;
}

SEC("tp_btf/mm_vmscan_memcg_reclaim_end")
int BPF_PROG(on_reclaim_end, unsigned long pages)
{
	struct task_struct *p = bpf_get_current_task_btf();
	struct reclaim *r = bpf_task_storage_get(&reclaims, p, NULL, 0);
	struct memory_event *e;
	__u64 ns;

	if (!r || !r->started_ns)
		return 0;
	ns = bpf_ktime_get_ns() - r->started_ns;
	add_hit(p, r, ns, pages);
	r->started_ns = 0;
	if (!stream_hits)
		return 0;
	e = new_event(MEMORY_LIMIT_HIT);
	if (!e)
		return 0;
	e->group_id = r->group_id;
	e->limit = r->limit;
	e->reclaim_ns = ns;
	e->reclaimed_pages = pages;
	e->pid = p->tgid;
	e->tid = p->pid;
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), p->comm);
	/* User space looks ten times a second by itself: no wake-up for each of these. */
	bpf_ringbuf_submit(e, BPF_RB_NO_WAKEUP);
	return 0;
}

/* Macros: an index must be a number in the source for CO-RE to see the kernel's element size. */
#define resident_pages(m, kind)                                                                    \
	({                                                                                         \
		struct mm_struct___6_1 *old_ = (void *)(m);                                        \
		s64 n_ = bpf_core_field_exists(old_->rss_stat.count)                               \
				 ? BPF_CORE_READ(old_, rss_stat.count[kind].counter)               \
				 : BPF_CORE_READ((m), rss_stat[kind].count);                       \
		n_ > 0 ? n_ : 0;                                                                   \
	})

static __always_inline void add_resident(struct memory_event *e, struct mm_struct *mm)
{
	/* A victim that is on its way out has none any more. */
	if (!mm)
		return;
	e->anon_pages = resident_pages(mm, MM_ANONPAGES);
	e->file_pages = resident_pages(mm, MM_FILEPAGES);
	e->shmem_pages = resident_pages(mm, MM_SHMEMPAGES);
}

/*
 * The limit that caused a kill has both the thread that asked for memory and the victim below it.
 * Not so where someone outside has just lowered a limit below what is used.
 */
static __always_inline void find_oom_limit(struct cgroup_subsys_state *victim,
					   struct cgroup_subsys_state *by, struct memory_limit *ret)
{
	struct chain common = {};

	chain_of(by, &common);
	find_limit(victim, &common, ret);
	if (!ret->kind)
		find_limit(victim, NULL, ret);
}

static __always_inline struct memory_event *new_kill(struct task_struct *by, struct cgroup *cgrp)
{
	struct memory_event *e = new_event(MEMORY_OOM_KILL);

	if (!e)
		return NULL;
	name_cgroup((__u64)cgrp);
	e->group_id = BPF_CORE_READ(cgrp, kn, id);
	e->by_pid = BPF_CORE_READ(by, tgid);
	bpf_probe_read_kernel_str(e->by_comm, sizeof(e->by_comm), by->comm);
	return e;
}

SEC("tp_btf/mark_victim")
int BPF_PROG(on_victim, struct task_struct *victim)
{
	struct task_struct *by = bpf_get_current_task_btf();
	struct cgroup *cgrp = task_cgroup(victim, memory_cgrp_id);
	struct memory_event *e;

	if (!cgroup_in_group(cgrp))
		return 0;
	e = new_kill(by, cgrp);
	if (!e)
		return 0;
	find_oom_limit(task_css(victim), task_css(by), &e->limit);
	e->pid = victim->tgid;
	e->tid = victim->pid;
	bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), victim->comm);
	e->oom_score_adj = BPF_CORE_READ(victim, signal, oom_score_adj);
	add_resident(e, BPF_CORE_READ(victim, mm));
	bpf_ringbuf_submit(e, 0);
	return 0;
}

/*
 * Before mid-2024 (and in stable kernels that have not taken the change) the tracepoint has only
 * the victim's process id. Its group is then taken to be that of the thread that asked for memory.
 */
SEC("tp_btf/mark_victim")
int BPF_PROG(on_victim_pid, int pid)
{
	struct task_struct *by = bpf_get_current_task_btf();
	struct cgroup *cgrp = task_cgroup(by, memory_cgrp_id);
	struct memory_event *e;

	if (!cgroup_in_group(cgrp))
		return 0;
	e = new_kill(by, cgrp);
	if (!e)
		return 0;
	find_limit(task_css(by), NULL, &e->limit);
	e->pid = pid;
	e->tid = pid;
	if (by->tgid == pid)
		bpf_probe_read_kernel_str(e->comm, sizeof(e->comm), by->comm);
	bpf_ringbuf_submit(e, 0);
	return 0;
}
