/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The kernel structures that the probes read, each with only the fields they read. Field offsets
 * here mean nothing: preserve_access_index makes libbpf look every field up by name in the running
 * kernel's BTF when the program is loaded (CO-RE). So one object serves 6.1 and later on every
 * architecture, and no kernel BTF is needed to build it.
 *
 * A name after three underscores is a flavour: libbpf drops it, so that two layouts of one
 * structure can stand side by side and bpf_core_field_exists() can choose.
 */
#ifndef BPF_VMLINUX_H
#define BPF_VMLINUX_H

#include <linux/bpf.h>
#include <stdbool.h>

typedef __u64 u64;
typedef __u32 u32;
typedef __s64 s64;

#pragma clang attribute push(__attribute__((preserve_access_index)), apply_to = record)

struct kernfs_node {
	const char *name;
	u64 id; /* the inode number of the group's directory */
};

struct cgroup_subsys_state {
	struct cgroup *cgroup;
	struct cgroup_subsys_state *parent;
	unsigned int flags;
};

struct task_cputime {
	u64 stime;
	u64 utime;
	u64 sum_exec_runtime;
};

struct cgroup_base_stat {
	struct task_cputime cputime;
};

struct prev_cputime {
	u64 utime;
	u64 stime;
};

struct cgroup_root {
	int hierarchy_id; /* 0 for the v2 tree */
};

struct cgroup {
	struct cgroup_subsys_state self;
	int level;
	struct kernfs_node *kn;
	struct cgroup_root *root;
	struct cgroup_subsys_state *subsys[1]; /* NULL where the controller is not enabled */
	struct cgroup_base_stat bstat;	       /* v2: as of the last flush, with all below */
	struct prev_cputime prev_cputime;      /* what cpu.stat has shown */
};

/* The values depend on the kernel's configuration: only bpf_core_enum_value() knows them. */
enum cgroup_subsys_id {
	cpu_cgrp_id,
	memory_cgrp_id,
	pids_cgrp_id,
};

struct css_set {
	struct cgroup_subsys_state *subsys[1];
	struct cgroup *dfl_cgrp;
};

struct cfs_rq {
	int throttle_count;		/* > 0: this queue or an ancestor has no quota left */
	u64 throttled_clock_pelt_time;	/* time spent so since boot */
};

struct sched_entity {
	struct cfs_rq *cfs_rq;
};

struct signal_struct {
	short oom_score_adj;
};

struct task_struct {
	int pid;  /* what user space calls the thread id */
	int tgid; /* what user space calls the process id */
	u64 start_time;
	char comm[16];
	struct sched_entity se;
	struct css_set *cgroups;
	struct mm_struct *mm;
	struct signal_struct *signal;
};

/* Since 6.18 quota stops single threads on their way back to user mode, before whole queues. */
struct task_struct___throttled {
	bool throttled;
};

typedef struct {
	s64 counter;
} atomic64_t;

struct page_counter {
	atomic64_t usage;
	unsigned long failcnt; /* v1 */
	unsigned long high;
	unsigned long max;
};

struct mem_cgroup {
	struct cgroup_subsys_state css; /* first in every kernel: a css is cast to its mem_cgroup */
	struct page_counter memory;
	struct page_counter memsw; /* v1: memory and swap together */
	struct page_counter swap;  /* v2, in the same place */
	atomic64_t memory_events[1];
};

enum memcg_memory_event {
	MEMCG_HIGH,
	MEMCG_MAX,
	MEMCG_OOM,
	MEMCG_OOM_KILL,
};

struct cfs_bandwidth {
	s64 period;
	u64 quota; /* all bits set: none */
	int nr_periods;
	int nr_throttled;
	u64 throttled_time;
};

struct task_group {
	struct cgroup_subsys_state css; /* first, as in mem_cgroup */
	struct cfs_bandwidth cfs_bandwidth;
};

enum pidcg_event {
	PIDCG_MAX,
	PIDCG_FORKFAIL,
};

struct pids_cgroup {
	struct cgroup_subsys_state css;
	atomic64_t counter;
	atomic64_t limit;
	atomic64_t events[1];
	atomic64_t events_local[1];
};

/* Up to 6.10 there is one counter, of refused forks. */
struct pids_cgroup___6_1 {
	atomic64_t events_limit;
};

struct bpf_iter__cgroup {
	struct cgroup *cgroup; /* NULL: that was the last */
};

/* Resident pages by kind: an array of atomics up to 6.1, then per-CPU counters. */
enum { MM_FILEPAGES, MM_ANONPAGES, MM_SWAPENTS, MM_SHMEMPAGES, NR_MM_COUNTERS };

struct percpu_counter {
	s64 count;
};

struct mm_struct {
	struct percpu_counter rss_stat[NR_MM_COUNTERS];
};

struct mm_rss_stat {
	atomic64_t count[NR_MM_COUNTERS];
};

struct mm_struct___6_1 {
	struct mm_rss_stat rss_stat;
};

#pragma clang attribute pop

#endif
