/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Acts on control groups beside their values: processes in and out, freezing, reclaiming memory, giving
 * a subtree to a user; and every act, with those of cgroup.h, as steps of a plan. Names, modes and
 * errors are those of cgroup.h.
 */
#ifndef RINGFENCE_CGROUP_ACT_H
#define RINGFENCE_CGROUP_ACT_H

#include <ringfence/cgroup.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RF_CGROUP_THREADS = 8 }; /* the ids are those of threads, each to be moved alone */

/* A process of the list that ended before it was its turn; this is no failure. */
typedef void rf_cgroup_gone_fn(pid_t id, void *data);

/*
 * Move processes into a group, in every hierarchy that has it: one write(2) for each process and
 * hierarchy, however many threads it has. All or none: -ESRCH, before anything is moved, for an id
 * that is no process; after a failed write the ones before it are put back where they were. The
 * failure names the id and says why: -EBUSY a v2 group with controllers for those below,
 * -EOPNOTSUPP a threaded or invalid one, -EACCES the cgroup.procs of it or of the nearest common
 * ancestor is another's, -ENOSPC an empty cpuset, -EINVAL a kernel thread or a realtime one.
 * With RF_CGROUP_THREADS the group must be threaded on v2. Result: how many were moved.
 */
RF_API int rf_cgroup_move(struct rf_cgroup_fs *fs, const char *group, const pid_t *ids, size_t n_ids,
			  unsigned flags, rf_cgroup_gone_fn *gone, void *data);

/*
 * Stop (or continue) all processes of a group and of those below, and wait up to `wait_us` until
 * they stand still; -ETIMEDOUT else, and it is as it was. On v2 the kernel tells by cgroup.events; v1's
 * freezer has no such event, and its state is read each millisecond. -EDEADLK where the caller is
 * in it itself. Continuing where a group above is frozen: -EBUSY with its name. Kernel 5.2 on v2.
 */
RF_API int rf_cgroup_freeze(struct rf_cgroup_fs *fs, const char *group, bool on, uint64_t wait_us);

/*
 * Reclaim memory of a group and of those below. v2: about `bytes` (memory.reclaim, 5.19); -EAGAIN where
 * less could be had. v1 knows no amount: memory.force_empty takes all that can be had, whatever
 * `bytes` is. *ret_reclaimed (may be NULL) is by how much its use has shrunk, also on -EAGAIN.
 */
RF_API int rf_cgroup_reclaim(struct rf_cgroup_fs *fs, const char *group, uint64_t bytes,
			     uint64_t *ret_reclaimed);

/*
 * Give a group to a user, who may then make groups below it and move what is in it: the directory and the
 * files that /sys/kernel/cgroup/delegate lists; on v1 the directory, tasks and cgroup.procs. Limits
 * stay with who set them. After a failure all is as it was. With uid -1 it is taken back: the owner
 * is that of the group above. Needs CAP_CHOWN.
 */
RF_API int rf_cgroup_delegate(struct rf_cgroup_fs *fs, const char *group, uid_t uid, gid_t gid);

/* One file that a move depends on. */
struct rf_cgroup_gate {
	const char *hierarchy; /* where that is mounted */
	const char *group;     /* without the first slash */
	const char *file;
	const char *why;       /* "the group itself", "the nearest common ancestor" */
	uid_t uid;
	gid_t gid;
	unsigned mode; /* 0644 */
	bool open;     /* the user may write it */
};
typedef void rf_cgroup_gate_fn(const struct rf_cgroup_gate *gate, void *data);

/*
 * May a user with these ids move a process of his own from one group to another? By owners and modes;
 * `fn` is told each file that decides. 1, 0, or -errno. `from` NULL: the caller's own groups.
 */
RF_API int rf_cgroup_may_move(struct rf_cgroup_fs *fs, const char *from, const char *to, uid_t uid,
			      const gid_t *gids, size_t n_gids, rf_cgroup_gate_fn *fn, void *data);

enum rf_cgroup_act_kind {
	RF_CGROUP_ACT_SET,
	RF_CGROUP_ACT_CREATE,
	RF_CGROUP_ACT_ENSURE, /* create, where it is not there; then set */
	RF_CGROUP_ACT_DELETE,
	RF_CGROUP_ACT_MOVE,
	RF_CGROUP_ACT_FREEZE,
	RF_CGROUP_ACT_THAW,
	RF_CGROUP_ACT_KILL,
	RF_CGROUP_ACT_RECLAIM,
	RF_CGROUP_ACT_DELEGATE,
};

/* What an act has done. Filled while the plan runs. */
struct rf_cgroup_act_result {
	size_t n_processes; /* moved or killed */
	uint64_t reclaimed_bytes;
};

/* Set `size`, and what the kind has use for. What is pointed to must outlive the plan. */
struct rf_cgroup_act {
	size_t size; /* sizeof(struct rf_cgroup_act) */
	enum rf_cgroup_act_kind kind;
	struct rf_cgroup_fs *fs;
	const char *group;
	const char *const *settings; /* SET, CREATE, ENSURE */
	size_t n_settings;
	const char *const *controllers; /* CREATE, ENSURE; NULL-terminated */
	rf_cgroup_note_fn *note;
	const pid_t *ids; /* MOVE */
	size_t n_ids;
	rf_cgroup_gone_fn *gone;
	void *data;	  /* for note and gone */
	unsigned flags;	  /* DELETE: as rf_cgroup_delete(); MOVE: RF_CGROUP_THREADS */
	uint64_t wait_us; /* DELETE, FREEZE, THAW */
	uint64_t bytes;	  /* RECLAIM */
	uid_t uid;	  /* DELEGATE; -1: take it back */
	gid_t gid;
	struct rf_cgroup_act_result *result; /* may be NULL */
};

/*
 * Append the steps of an act. Names, keys and values are checked here (-EINVAL). Running the plan is all
 * or nothing over all of its acts, save for what was killed or reclaimed.
 */
RF_API int rf_plan_cgroup_act(struct rf_plan *plan, const struct rf_cgroup_act *act);

#ifdef __cplusplus
}
#endif
#endif
