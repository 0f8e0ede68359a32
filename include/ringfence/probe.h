/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What the CPU and memory controllers do to the threads of one control group and of the groups
 * below it: who was stopped by quota and for how long, who ran into a memory limit, whose limit
 * that was, and who was killed for it.
 *
 *	rf_probe_cpu_open()	find the group, load and attach: from here on everything counts
 *	rf_probe_cpu_phase()	now and then, as long as one likes
 *	rf_probe_cpu_read()	the report, at any time
 *	rf_probe_cpu_free()
 *
 * eBPF programs on tracepoints (tp_btf) see each thread. They need CAP_BPF and CAP_PERFMON in the
 * initial user namespace, and a kernel with BTF, 6.1 or later. Where the kernel refuses them, the
 * group's own files answer, without threads; the report says which of the two did.
 *
 * A probe belongs to the thread that opened it. libbpf's one message handler of the process is in
 * our hands while a probe is being opened.
 */
#ifndef RINGFENCE_PROBE_H
#define RINGFENCE_PROBE_H

#include <ringfence/sample.h>
#include <ringfence/trace.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_PROBE_UNKNOWN (UINT64_MAX - 1) /* a number that the source can't tell */

enum rf_probe_source {
	RF_PROBE_AUTO,	 /* tp_btf, or where the kernel refuses it, files */
	RF_PROBE_TP_BTF, /* or fail */
	RF_PROBE_FILES,
};

struct rf_probe_options {
	size_t size;	      /* sizeof(struct rf_probe_options) */
	const char *group;    /* path from the hierarchy's root: "/demo"; NULL: the root */
	enum rf_probe_source source;
	uint32_t max_records; /* of threads or limit hits kept; 0: 8192 */
	bool stream_hits;     /* memory: each limit hit as an event, not only in sums */
};

enum rf_probe_phase {
	RF_PROBE_UNUSED,    /* no process has been in the group since the probe was opened */
	RF_PROBE_POPULATED, /* some are */
	RF_PROBE_EMPTIED,   /* some were; now it is empty or removed */
};

/* How a report came about. Texts live as long as the probe. */
struct rf_probe_info {
	enum rf_probe_source source; /* that answered: RF_PROBE_TP_BTF or RF_PROBE_FILES */
	const char *why_files;	     /* why tp_btf did not, or NULL */
	const char *group;	     /* the group's path from the root: "/demo" */
	const char *directory;	     /* where it was found: "/sys/fs/cgroup/cpu/demo" */
	uint64_t elapsed_us;	     /* since it was opened */
	uint64_t records_dropped;    /* times that something could not be recorded for want of room */
};

/* One thread, or the sum of all. Threads that have ended are kept. */
struct rf_probe_cpu_thread {
	uint32_t tid, pid;
	char comm[16];
	const char *group;	   /* that it was in when last seen; NULL: not known */
	uint64_t run_us;	   /* on a CPU, as charged by the kernel */
	uint64_t wait_us;	   /* ready to run, but the CPU was taken */
	uint64_t throttled_us;	   /* ready to run, but the quota was used up */
	uint64_t throttled_max_us; /* longest single time */
	uint64_t throttle_count;
	uint64_t voluntary_switches; /* left the CPU to wait for something */
	uint64_t forced_switches;    /* left it while it could have gone on, quota included */
};

struct rf_probe_cpu_report {
	struct rf_probe_info info;
	/* The tightest quota from the group upwards. RF_MAX: none. */
	uint64_t quota_us, period_us;
	const char *quota_group; /* the group that sets it, or NULL */
	/* What the kernel counted in that group's (else the group's) cpu.stat meanwhile. */
	uint64_t periods, throttled_periods, kernel_throttled_us;
	uint64_t kernel_usage_us; /* of the group; unknown where v1 mounts cpuacct elsewhere */
	struct rf_probe_cpu_thread total; /* unknown members without tp_btf */
	const struct rf_probe_cpu_thread *threads; /* most throttled first; until the next read */
	size_t n_threads;
};

struct rf_probe_cpu;

/*
 * Find the group and start to watch it. *ret_probe is to be freed with rf_probe_cpu_free().
 *
 * -EINVAL: size, group or source are not valid. -ENODEV: no mounted hierarchy has the controller.
 * -ENOENT: no such group. -EBUSY: the caller is in the group (not the root) or below; it would
 * observe itself, and the probe's memory would be charged to what it observes. -EPERM: CAP_BPF
 * and CAP_PERFMON are missing (not with RF_PROBE_FILES). With RF_PROBE_TP_BTF also what the kernel
 * said, its verifier's last words in the note of rf_trace_last_failure().
 */
RF_API int rf_probe_cpu_open(const struct rf_probe_options *options, struct rf_probe_cpu **ret_probe);

/*
 * An enum rf_probe_phase, or -errno. Reads the kernel's counters too: the report has them as of the
 * last call before the group was removed.
 */
RF_API int rf_probe_cpu_phase(struct rf_probe_cpu *probe);

/* The report so far. A thread that is throttled or waits right now counts up to now. */
RF_API int rf_probe_cpu_read(struct rf_probe_cpu *probe, struct rf_probe_cpu_report *ret_report);

RF_API void rf_probe_cpu_free(struct rf_probe_cpu *probe);

/* The limit hits of one thread on one limit. */
struct rf_probe_memory_hits {
	uint32_t tid, pid;
	char comm[16];
	const char *group;	     /* the thread's; NULL: not known */
	const char *limit;	     /* file of the limit, as "memory.max"; NULL: none was near */
	const char *limit_group;     /* the group that sets it: this one or an ancestor */
	uint64_t limit_bytes, usage_bytes; /* of that group, when it was hit last */
	uint64_t hit_count;
	uint64_t reclaim_us, reclaim_max_us; /* that the thread spent freeing memory for it */
	uint64_t reclaimed_bytes;
};

enum rf_probe_memory_type { RF_PROBE_LIMIT_HIT, RF_PROBE_OOM_KILL };

/* One event. Texts live as long as the probe. */
struct rf_probe_memory_event {
	enum rf_probe_memory_type type;
	uint64_t time_us; /* since the probe was opened */
	uint32_t pid, tid; /* the victim, or the thread that hit the limit */
	char comm[16];
	const char *group;
	const char *limit, *limit_group; /* NULL: the whole machine was short of memory */
	uint64_t limit_bytes, usage_bytes;
	uint64_t reclaim_us, reclaimed_bytes; /* of a limit hit */
	/* Of a kill. Resident memory is near, not exact: kernels from 6.2 on count it per CPU. */
	uint64_t anon_bytes, file_bytes, shmem_bytes;
	int oom_score_adj;
	uint32_t by_pid; /* the process whose allocation it was */
	char by_comm[16];
};

struct rf_probe_memory_report {
	struct rf_probe_info info;
	uint64_t limit_bytes, high_bytes; /* of the group itself. RF_MAX: none */
	uint64_t usage_bytes, peak_bytes;
	/* What the kernel counted in the group's own files meanwhile. */
	uint64_t kernel_limit_hits, kernel_high_hits, kernel_oom_kills;
	const struct rf_probe_memory_hits *hits; /* longest reclaim first; until the next read */
	size_t n_hits;
	const struct rf_probe_memory_event *kills; /* in order of time; until the next call */
	size_t n_kills;
	uint64_t events_dropped;
};

struct rf_probe_memory;

typedef void rf_probe_memory_fn(const struct rf_probe_memory_event *event, void *data);

/* As rf_probe_cpu_open(). */
RF_API int rf_probe_memory_open(const struct rf_probe_options *options, struct rf_probe_memory **ret_probe);

/*
 * As rf_probe_cpu_phase(). Gives the events since the last call to `fn`, which may be NULL. There
 * is room for some thousands between two calls.
 */
RF_API int rf_probe_memory_phase(struct rf_probe_memory *probe, rf_probe_memory_fn *fn, void *data);

/* The report so far, of the events given out by rf_probe_memory_phase(). */
RF_API int rf_probe_memory_read(struct rf_probe_memory *probe, struct rf_probe_memory_report *ret_report);

RF_API void rf_probe_memory_free(struct rf_probe_memory *probe);

enum rf_sample_source {
	RF_SAMPLE_AUTO,	 /* the cgroup iterator where that pays and the kernel allows it, else files */
	RF_SAMPLE_BPF,	 /* the iterator, or fail */
	RF_SAMPLE_FILES, /* as rf_sampler_open() */
};

/*
 * A sampler (<ringfence/sample.h>) that takes CPU time, quota and throttling, memory, its limit and events, swap and
 * processes of all groups from the kernel's own structures in one walk; other figures, and those of a
 * hierarchy's root, from files. On v1, CPU time and swap stay with files, too. Values are those
 * of the files. Needs what eBPF probes need; the map of records is charged to the caller's memory group.
 *
 * Programs are loaded at once with RF_SAMPLE_BPF, else by the first rf_sampler_read() that finds enough groups to
 * pay for it (16 ms). That read compares some groups with their files. Where the kernel refuses the
 * programs, or they do not agree, RF_SAMPLE_AUTO stays with files from there on, and rf_sampler_source() tells why;
 * with RF_SAMPLE_BPF this function or rf_sampler_read() fails: -EPERM, -ENOTSUP, -EUCLEAN (no agreement) or what the
 * kernel said, its words in the note of rf_trace_last_failure(). Else as rf_sampler_open().
 */
RF_API int rf_probe_sampler_open(struct rf_cgroup_fs *fs, const struct rf_sampler_options *options,
				 enum rf_sample_source source, struct rf_sampler **ret_sampler);

#ifdef __cplusplus
}
#endif
#endif
