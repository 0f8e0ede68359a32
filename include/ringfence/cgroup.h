/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Control groups by one vocabulary, that of cgroup v2, on v1, hybrid and v2 systems.
 *
 * A group is named by its path from the root of the mounted hierarchy: "/web/db" and "web/db" are
 * the same; "" and "/" are the root. Names with "." or ".." as a part, or with control characters,
 * are refused: -EINVAL. On v1 a group may exist in some hierarchies and not in others; these
 * functions treat the groups of one name as one group.
 *
 * A setting is the text "KEY=VALUE". Keys are those of rf_cgroup_key(), with typed values (64M,
 * 1.5cpu, 50%, max); any other file that the group has may be named too, and its value is then
 * written as it stands. Keys that no file keeps but a BPF program (devices.rules, net.max) need rf_cgroup_use_bpf()
 * (net.h) before: -EOPNOTSUPP.
 *
 * Unless said otherwise functions return 0 or -errno; -EINVAL is a bad name, key or value, -ENOENT
 * a group or file that is not there, -EACCES and -EPERM missing permission (a delegated subtree, or
 * root). The last failure (trace.h) names object and cause. Sources: cgroups(7), the kernel's
 * Documentation/admin-guide/cgroup-v2.rst and cgroup-v1/. Kernel 5.6 or newer.
 */
#ifndef RINGFENCE_CGROUP_H
#define RINGFENCE_CGROUP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <ringfence/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_cgroup_mode { RF_CGROUP_V1, RF_CGROUP_HYBRID, RF_CGROUP_V2 };

/* The mounted hierarchies. Used by one thread at a time. */
struct rf_cgroup_fs;

/* -ENOENT where none is mounted, or none may be opened; what else open(2) of one said. Free with rf_cgroup_fs_free(). */
RF_API int rf_cgroup_fs_open(struct rf_cgroup_fs **ret_fs);
RF_API void rf_cgroup_fs_free(struct rf_cgroup_fs *fs); /* NULL is fine */
RF_API enum rf_cgroup_mode rf_cgroup_fs_mode(const struct rf_cgroup_fs *fs);

/* One key that is known, with what a user may know of it. */
struct rf_cgroup_key {
	const char *name;	/* "memory.max"; "hugetlb.SIZE.max" stands for each size of pages */
	const char *controller; /* "memory"; "cgroup" for what every group has */
	const char *form;	/* what a value may be: "a size such as 64M, or max" */
	const char *help;	/* what it means, in one sentence without full stop */
	bool read_only;
	const char *unit;     /* of its numbers: "bytes", "us"; NULL: a count, or none */
	const char *at_limit; /* what happens when it is reached; NULL where nothing is limited */
	const char *since;    /* the first kernel that has it on v2 (v1's keys: on v1); NULL: not known */
};

/* The table by index; NULL beyond its end. */
RF_API const struct rf_cgroup_key *rf_cgroup_key(size_t index);

/*
 * The value of a key as cgroup v2 prints it ("max", "67108864", "50000 100000", lines of a stat),
 * without the last newline, wherever it came from. -ENOENT where the group does not have it;
 * -EOPNOTSUPP where cgroup v1 has nothing like it. Free with free(3).
 */
RF_API int rf_cgroup_get(struct rf_cgroup_fs *fs, const char *group, const char *key,
			 char **ret_value);

/* What the kernel made of a value that it did not take exactly: memory is counted in pages. `wanted` is NULL where
 * `key`, here the file's name, is put back to `got` first: a call that set several was killed in between. */
typedef void rf_cgroup_note_fn(const char *key, const char *wanted, const char *got, void *data);

/*
 * Set several values, all or none: everything is checked before anything is written; the writes
 * are ordered so that no state between is refused or laxer than both ends; values are read back;
 * after a failure the old ones are back. `note` may be NULL.
 */
RF_API int rf_cgroup_set(struct rf_cgroup_fs *fs, const char *group, const char *const *settings,
			 size_t n_settings, rf_cgroup_note_fn *note, void *data);

/*
 * Make a group, its missing parents, and set values; nothing is left of it on failure. On v2 the
 * controllers that the settings and `controllers` (names, NULL-terminated, may be NULL) need are
 * enabled on the way down. On v1 it is made in the hierarchies of those controllers, or, where
 * none are named, in every hierarchy that has a key of the table. -EEXIST where it is there.
 */
RF_API int rf_cgroup_create(struct rf_cgroup_fs *fs, const char *group,
			    const char *const *settings, size_t n_settings,
			    const char *const *controllers, rf_cgroup_note_fn *note, void *data);

enum {
	RF_CGROUP_RECURSIVE = 1, /* with all groups below */
	RF_CGROUP_KILL = 2,	 /* kill the processes */
	RF_CGROUP_MOVE_UP = 4,	 /* move them to the parent, which on v2 must not have controllers for those below */
};

/*
 * Remove a group from every hierarchy. It is checked first: -ENOTEMPTY where it has groups below
 * (without RF_CGROUP_RECURSIVE), -EBUSY where it holds processes; the failure's note names them.
 * Waits up to `wait_us` until the group is empty, with RF_CGROUP_KILL at least 10 s.
 */
RF_API int rf_cgroup_delete(struct rf_cgroup_fs *fs, const char *group, unsigned flags,
			    uint64_t wait_us);

/* Kill all processes in a group and in those below, and wait until they are gone. *ret_killed is
 * the number of processes that were seen in it (may be NULL). -ETIMEDOUT after 10 s. */
RF_API int rf_cgroup_kill(struct rf_cgroup_fs *fs, const char *group, size_t *ret_killed);

/* Does the group exist in any hierarchy? 1, 0, or -errno. */
RF_API int rf_cgroup_exists(struct rf_cgroup_fs *fs, const char *group);

/* A number that the kernel does not give here. (RF_MAX of units.h is "no limit".) */
#define RF_CGROUP_UNKNOWN (UINT64_MAX - 1)

/* What rf_cgroup_usage() is to look at; each bit is a few files to read. */
enum {
	RF_CGROUP_USE_PROCESSES = 1,
	RF_CGROUP_USE_CPU = 2,
	RF_CGROUP_USE_MEMORY = 4,
	RF_CGROUP_USE_PIDS = 8,
	RF_CGROUP_USE_IO = 16,
	RF_CGROUP_USE_PRESSURE = 32,
	RF_CGROUP_USE_RECLAIM = 64,
};

/* What a group has used and may use. Set `size` and `wanted` before the call. */
struct rf_cgroup_usage {
	size_t size;
	unsigned wanted;      /* RF_CGROUP_USE_… bits; 0: all */
	uint64_t n_processes; /* in the group itself */
	uint64_t cpu_us, cpu_user_us, cpu_system_us;
	uint64_t throttled_us, nr_throttled, nr_periods;
	uint64_t cpu_quota_us, cpu_period_us;
	uint64_t memory_bytes, memory_peak_bytes, memory_max_bytes;
	uint64_t swap_bytes, swap_peak_bytes;
	uint64_t memory_high_hits, memory_max_hits, oom_kills;
	uint64_t pids, pids_peak, pids_max, pids_max_hits;
	uint64_t io_read_bytes, io_write_bytes, io_reads, io_writes;	   /* over all disks */
	uint64_t cpu_some_us, memory_some_us, memory_full_us, io_some_us, io_full_us; /* time stalled */
	uint64_t reclaimed_pages, refault_anon_pages, refault_file_pages; /* taken, and needed again */
};

RF_API int rf_cgroup_usage(struct rf_cgroup_fs *fs, const char *group,
			   struct rf_cgroup_usage *ret_usage);

/*
 * The group that a process is in (0: this one): 1 with "/NAME" to free(3), 0 where it is the root. On
 * v1, where it may be in another group of each hierarchy: that of memory, else of cpu, pids, v2.
 */
RF_API int rf_cgroup_of_process(const struct rf_cgroup_fs *fs, pid_t pid, char **ret_name);

/* Called for a group and each one below, parents first; a result other than 0 ends the walk. */
typedef int rf_cgroup_walk_fn(const char *group, void *data);

/* The groups of all hierarchies, merged by name. Does not enter other mounts. Returns what the
 * last call returned. */
RF_API int rf_cgroup_walk(struct rf_cgroup_fs *fs, const char *group, rf_cgroup_walk_fn *fn,
			  void *data);

/* A transient group whose maker was killed, and how many processes were left in it. */
typedef void rf_cgroup_swept_fn(const char *group, size_t killed, int result, void *data);

/*
 * Kill and remove what makers of transient groups left behind when they were killed: groups
 * rf-run-PID-STARTTIME at the root whose maker is gone and whose lock is free. Result: their
 * number. Groups that can't be removed are told to `fn` (may be NULL) with the error.
 */
RF_API int rf_cgroup_sweep(struct rf_cgroup_fs *fs, rf_cgroup_swept_fn *fn, void *data);

/* A program in a group. Set `size`, and what is wanted. */
struct rf_cgroup_run {
	size_t size;		 /* sizeof(struct rf_cgroup_run) */
	struct rf_cgroup_fs *fs; /* must outlive the plan */
	const char *group;	 /* NULL: a transient one at the root */
	const char *const *settings;
	size_t n_settings;
	bool report; /* have the group where its usage can be read */
	const int *pass_fds;
	size_t n_pass_fds; /* all other descriptors above 2 are closed at exec */
	char *const *argv;
	rf_cgroup_note_fn *note; /* as for rf_cgroup_set(); may be NULL */
	void *note_data;
};

/* The name of this process's transient group, for reading its usage: rf-run-PID-STARTTIME. */
RF_API int rf_cgroup_transient_name(char *buf, size_t size);

/*
 * Append the steps. A group that is there is used and kept, and rf_plan_undo() puts its values
 * back; one that was made is removed by it, and what the program left in it is killed. Settings are
 * checked here (-EINVAL). The program dies with the caller.
 */
RF_API int rf_plan_cgroup_run(struct rf_plan *plan, const struct rf_cgroup_run *run);

#ifdef __cplusplus
}
#endif
#endif
