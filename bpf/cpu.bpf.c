// SPDX-License-Identifier: GPL-2.0-only
/*
 * Where the time of a group's threads goes: running, waiting for a CPU, stopped by quota.
 *
 *	sched_wakeup(p), sched_wakeup_new(p)	p starts to wait
 *	sched_switch(prev, next)		prev stops running: throttled, preempted or asleep;
 *						next stops waiting
 *	sched_stat_runtime(p, ns)		p has run, as the kernel charges it
 *
 * All of them are called with the run queue locked, so one thread's record has one writer.
 *
 * Throttled or just waiting? Since 6.18 the kernel stops each thread by itself and says so in
 * task_struct.throttled. Before, it takes a group's whole queue off the CPU: the thread that was
 * running leaves with throttle_count > 0, those that were queued beside it notice nothing, so for
 * these the queue's own sum of throttled time is compared over the wait. In both cases the time
 * ends when the thread runs again, so the wait for a CPU after new quota has come is part of it.
 */
#include "group.bpf.h"

#include "cpu.h"

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 8192);
	__type(key, struct cpu_key);
	__type(value, struct cpu_thread);
} threads SEC(".maps");

static __always_inline struct cpu_thread *thread_of(struct task_struct *p)
{
	struct cpu_key key = {.started_ns = p->start_time, .tid = p->pid};
	struct cpu_thread fresh = {.pid = p->tgid};
	struct cpu_thread *t = bpf_map_lookup_elem(&threads, &key);

	if (t)
		return t;
	bpf_probe_read_kernel_str(fresh.comm, sizeof(fresh.comm), p->comm);
	if (bpf_map_update_elem(&threads, &key, &fresh, BPF_NOEXIST))
		__sync_fetch_and_add(&records_dropped, 1);
	return bpf_map_lookup_elem(&threads, &key);
}

/* The idle threads are no one's. */
static __always_inline bool is_ours(struct task_struct *p)
{
	return p->pid && cgroup_in_group(task_cgroup(p, cpu_cgrp_id));
}

static __always_inline bool is_throttled(struct task_struct *p)
{
	struct task_struct___throttled *q = (void *)p;

	if (bpf_core_field_exists(q->throttled))
		return q->throttled;
	return p->se.cfs_rq->throttle_count > 0;
}

static __always_inline bool queues_are_throttled(void)
{
	return !bpf_core_field_exists(((struct task_struct___throttled *)0)->throttled) &&
	       bpf_core_field_exists(((struct cfs_rq *)0)->throttled_clock_pelt_time);
}

static __always_inline void start_wait(struct cpu_thread *t, struct task_struct *p, __u64 now)
{
	t->state = CPU_WAITING;
	t->since_ns = now;
	if (queues_are_throttled()) {
		t->queue = (__u64)p->se.cfs_rq;
		t->queue_throttled_ns = p->se.cfs_rq->throttled_clock_pelt_time;
	}
}

static __always_inline void add_throttled(struct cpu_thread *t, __u64 ns)
{
	t->throttled_ns += ns;
	if (ns > t->throttled_max_ns)
		t->throttled_max_ns = ns;
}

static __always_inline void end_wait(struct cpu_thread *t, struct task_struct *p, __u64 now)
{
	__u64 waited = now - t->since_ns, stopped = 0;

	if (queues_are_throttled() && t->queue == (__u64)p->se.cfs_rq)
		stopped = p->se.cfs_rq->throttled_clock_pelt_time - t->queue_throttled_ns;
	if (stopped > waited)
		stopped = waited;
	if (stopped) {
		t->throttles++;
		add_throttled(t, stopped);
	}
	t->wait_ns += waited - stopped;
}

static __always_inline void leaves_cpu(struct task_struct *p, bool runnable, __u64 now)
{
	struct cpu_thread *t = thread_of(p);
	struct cgroup *cgrp = task_cgroup(p, cpu_cgrp_id);
	__u64 id = cgrp->kn->id;

	if (!t)
		return;
	if (t->group_id != id) {
		t->group_id = id;
		name_cgroup((__u64)cgrp);
	}
	/* An exec or a prctl may have renamed it. */
	bpf_probe_read_kernel_str(t->comm, sizeof(t->comm), p->comm);
	if (!runnable) {
		t->voluntary_switches++;
		t->state = CPU_BLOCKED;
		return;
	}
	t->forced_switches++;
	start_wait(t, p, now);
	if (is_throttled(p)) {
		t->state = CPU_THROTTLED;
		t->throttles++;
	}
}

static __always_inline void enters_cpu(struct task_struct *p, __u64 now)
{
	struct cpu_thread *t = thread_of(p);

	if (!t)
		return;
	if (t->state == CPU_THROTTLED)
		add_throttled(t, now - t->since_ns);
	else if (t->state == CPU_WAITING)
		end_wait(t, p, now);
	t->state = CPU_RUNNING;
	t->since_ns = now;
}

SEC("tp_btf/sched_switch")
int BPF_PROG(on_switch, bool preempt, struct task_struct *prev, struct task_struct *next,
	     unsigned int prev_state)
{
	__u64 now = bpf_ktime_get_ns();

	/* Preempted on its way to sleep, a thread stays in its queue whatever its state says. */
	if (is_ours(prev))
		leaves_cpu(prev, preempt || !prev_state, now);
	if (is_ours(next))
		enters_cpu(next, now);
	return 0;
}

static __always_inline int wakes(struct task_struct *p)
{
	struct cpu_thread *t;

	if (!is_ours(p))
		return 0;
	t = thread_of(p);
	/* A thread that has not yet left its CPU can be woken too. */
	if (t && t->state == CPU_BLOCKED)
		start_wait(t, p, bpf_ktime_get_ns());
	return 0;
}

SEC("tp_btf/sched_wakeup")
int BPF_PROG(on_wakeup, struct task_struct *p)
{
	return wakes(p);
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *p)
{
	return wakes(p);
}

SEC("tp_btf/sched_stat_runtime")
int BPF_PROG(on_runtime, struct task_struct *p, __u64 ns)
{
	struct cpu_thread *t;

	if (!is_ours(p))
		return 0;
	t = thread_of(p);
	if (t)
		t->run_ns += ns;
	return 0;
}
