/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What all control groups use, again and again: one reader for top, recordings and metrics.
 *
 * A figure is a number of a group under one name, wherever this system keeps it: cgroup v2's files,
 * or those of v1 in v1's units. A sample is every figure of every group at about one time.
 *
 * The reader knows which groups there are by inotify(7) and lists directories only where something
 * changed. It keeps the files that are read most cheaply open, as many as its budget of descriptors
 * allows (a kept file costs the kernel about 4 kB), and opens the others each time. A file that a
 * group does not have (its controller is not enabled there) is asked for again every tenth sample.
 * Where neither the group's CPU time nor its memory has changed since the sample before, what can't
 * have changed then is read every tenth time only: memory.stat, which the kernel takes longest to
 * write, the counters of limits that were met, and of throttling.
 *
 * Sources: the kernel's Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/, and
 * Documentation/accounting/psi.rst. Kernel 5.6 or newer; needs no privilege but to see the files.
 */
#ifndef RINGFENCE_SAMPLE_H
#define RINGFENCE_SAMPLE_H

#include <ringfence/cgroup.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_figure {
	RF_CPU_US, RF_CPU_USER_US, RF_CPU_SYSTEM_US,
	RF_NR_PERIODS, RF_NR_THROTTLED, RF_THROTTLED_US, RF_CPU_QUOTA_US, RF_CPU_PERIOD_US,
	RF_CPU_SOME_US, RF_CPU_FULL_US,
	RF_MEMORY_BYTES, RF_MEMORY_MAX_BYTES, RF_SWAP_BYTES,
	RF_MEMORY_HIGH_EVENTS, RF_MEMORY_MAX_EVENTS, RF_OOM_EVENTS, RF_OOM_KILLS,
	RF_ANON_BYTES, RF_FILE_BYTES, RF_KERNEL_BYTES, RF_REFAULTS, RF_MAJOR_FAULTS, RF_PAGES_SCANNED,
	RF_MEMORY_SOME_US, RF_MEMORY_FULL_US,
	RF_IO_READ_BYTES, RF_IO_WRITE_BYTES, RF_IO_READS, RF_IO_WRITES, RF_IO_SOME_US, RF_IO_FULL_US,
	RF_PIDS, RF_PIDS_MAX, RF_PIDS_MAX_EVENTS,
	RF_FIGURES
};

#define RF_FIGURE_BIT(figure) (UINT64_C(1) << (figure))
#define RF_ALL_FIGURES (RF_FIGURE_BIT(RF_FIGURES) - 1)

struct rf_figure_info {
	const char *key;   /* "cpu_us": snake_case with the unit, as in JSON */
	const char *title; /* "CPU" */
	const char *help;  /* one phrase */
	bool counter;	   /* grows only; else a level */
	bool bytes, time_us;
};

/* NULL beyond the last. */
RF_API const struct rf_figure_info *rf_figure(size_t figure);

struct rf_sampler;

enum {
	/* One sample is all that will be read: watch and keep nothing. From 800 groups on rf_sampler_read() has threads of its
	 * own, with all signals blocked, which end before it returns; not while calls are traced (trace.h). */
	RF_SAMPLE_ONCE = 1,
	RF_SAMPLE_EVERY_GROUP = 2, /* also those that have none of the figures */
	RF_SAMPLE_PROCESSES = 4,   /* count the processes in each group, too: rf_sample.n_processes */
	RF_SAMPLE_FEW = 8,	   /* a few samples will be read: what takes time to set up must pay by then */
};

struct rf_sampler_options {
	size_t size;	   /* sizeof(struct rf_sampler_options) */
	const char *group; /* this one and all below; NULL: all */
	uint64_t figures;  /* RF_FIGURE_BIT()s; 0: all */
	unsigned flags;	   /* RF_SAMPLE_… */
	size_t max_fds;	   /* to keep open; 0: half of what RLIMIT_NOFILE leaves */
	size_t max_levels; /* 1: the group alone, 2: with its children, …; 0: all below */
};

/* One group of the last sample. Strings and values belong to the sampler until the next read. */
struct rf_sample {
	const char *group; /* without slash at either end; "" is the root */
	size_t parent;	   /* index of the group above; its own index for the first */
	size_t depth;	   /* 0 for the first */
	/* By enum rf_figure. RF_CGROUP_UNKNOWN where the group has none; RF_MAX for no limit. */
	const uint64_t *values;
	uint64_t born;	   /* number of the sample that saw it first */
	/* In the group itself, of all hierarchies; RF_CGROUP_UNKNOWN without RF_SAMPLE_PROCESSES. */
	uint64_t n_processes;
};

/*
 * 0; -ENOENT where there is no such group; -EINVAL; -ENOMEM. `fs` must outlive the sampler, which one
 * thread uses at a time. Free with rf_sampler_free().
 */
RF_API int rf_sampler_open(struct rf_cgroup_fs *fs, const struct rf_sampler_options *options,
			   struct rf_sampler **ret_sampler);
RF_API void rf_sampler_free(struct rf_sampler *sampler); /* NULL is fine */

/* Read all groups. 0, or -errno where nothing could be read at all. Groups that come or go while it
 * reads are in it or not; a group is never in it with another one's figures. */
RF_API int rf_sampler_read(struct rf_sampler *sampler);

/* The groups of the last sample, parents first and siblings by name. Returns their number. */
RF_API size_t rf_sampler_groups(const struct rf_sampler *sampler, const struct rf_sample **ret_groups);

/* What answered the last sample: "files", or "bpf" (and files for the rest; rf_probe_sampler_open()). *ret_why_files
 * is why only files did where something else was asked for, or NULL; it lives until the next read. */
RF_API const char *rf_sampler_source(const struct rf_sampler *sampler, const char **ret_why_files);

/* When the last sample was begun (CLOCK_MONOTONIC, microseconds), and its number, from 1. */
RF_API uint64_t rf_sampler_time_us(const struct rf_sampler *sampler);
RF_API uint64_t rf_sampler_number(const struct rf_sampler *sampler);

/* The growth of a counter; 0 where it went backwards (a group that was removed and made again under
 * its name, or a counter that was set back), RF_CGROUP_UNKNOWN where either is. */
RF_API uint64_t rf_sample_growth(uint64_t before, uint64_t now);

#ifdef __cplusplus
}
#endif
#endif
