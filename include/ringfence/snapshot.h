/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A tree of control groups as a document: what each group has been set to, so that it can be compared
 * with another time or tree, and set so again.
 *
 * The document is JSON in version 1 of its form, which Documentation/cgctl.rst describes: groups with
 * parents first, keys sorted, one value a line, so that two of them can be compared by diff(1), too.
 * Values are in cgroup v2's words; where v1 keeps what v2 has no word for, or keeps it finer, v1's
 * file stands beside. Names of groups, modes and errors are those of cgroup.h. A snapshot is used by
 * one thread at a time.
 */
#ifndef RINGFENCE_SNAPSHOT_H
#define RINGFENCE_SNAPSHOT_H

#include <ringfence/cgroup.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_snapshot;

/*
 * Of a group and all below, as they are now. What a group does not have is left out; groups that go
 * while it is taken are, too; and so is what BPF keeps (net.h), unless rf_cgroup_use_bpf() was called and the caller may
 * look at it. Needs no privilege. Free with rf_snapshot_free(). -ENOENT: no such group.
 */
RF_API int rf_snapshot_take(struct rf_cgroup_fs *fs, const char *group, struct rf_snapshot **ret_snapshot);
/*
 * From a document, which anybody may have written. `name` is for messages. -EBADMSG where it is not of
 * the form or of another version (the failure's note says what is wrong), -EFBIG above 16 MiB.
 */
RF_API int rf_snapshot_parse(const char *name, const char *text, size_t len, struct rf_snapshot **ret_snapshot);
RF_API void rf_snapshot_free(struct rf_snapshot *snapshot); /* NULL is fine */
/* The document; free(3) it. */
RF_API int rf_snapshot_text(const struct rf_snapshot *snapshot, char **ret_text);
/* The group that it was taken of, "/web". The string is the snapshot's. */
RF_API const char *rf_snapshot_root(const struct rf_snapshot *snapshot);
RF_API size_t rf_snapshot_length(const struct rf_snapshot *snapshot); /* groups */

/* One thing that differs. The strings are good during the call. */
struct rf_snapshot_change {
	const char *group;    /* "/web/db", by the name it has in the one that has it, in the first where both do */
	const char *key;      /* "memory.max", "io.max 254:0", "v1 cpu/cpu.shares", "owner v2:."; NULL: the whole group */
	const char *old_text; /* NULL: the first has no such thing */
	const char *new_text; /* NULL: the second has none */
};
typedef void rf_snapshot_change_fn(const struct rf_snapshot_change *change, void *data);

/* What differs between two snapshots, whose roots are taken as the same group. Result: how many things. */
RF_API int rf_snapshot_compare(const struct rf_snapshot *a, const struct rf_snapshot *b,
			       rf_snapshot_change_fn *fn, void *data);

enum {
	RF_RESTORE_BEST_EFFORT = 1, /* what can't be had is told and left out */
	RF_RESTORE_PRUNE = 2,	    /* remove empty groups below that the snapshot does not have */
};

/* What was left out with RF_RESTORE_BEST_EFFORT; `why` is a sentence without full stop. */
typedef void rf_restore_left_fn(const char *group, const char *key, const char *why, void *data);

/* Set `size`. All must outlive the plan. */
struct rf_restore_options {
	size_t size; /* sizeof(struct rf_restore_options) */
	struct rf_cgroup_fs *fs;
	const struct rf_snapshot *snapshot;
	const char *group; /* what its root becomes; NULL: what it was */
	unsigned flags;	   /* RF_RESTORE_… */
	rf_restore_left_fn *left; /* may be NULL */
	rf_cgroup_note_fn *note;  /* as rf_cgroup_set(); may be NULL */
	void *data;
};

/*
 * Append the steps that make the tree what the snapshot says, from what it is now: groups that are
 * missing are made; per value, parents are raised before their children and children lowered before
 * their parents; all is read back. Running the plan is all or nothing over the whole tree, and a plan
 * that a kill has cut short is completed by the next one. No process is moved. -ENODEV, -EOPNOTSUPP,
 * -EINVAL, -ENOENT for a key that this system lacks, -EBUSY for a group to be pruned that is not empty.
 */
RF_API int rf_plan_restore(struct rf_plan *plan, const struct rf_restore_options *options);

#ifdef __cplusplus
}
#endif
#endif
