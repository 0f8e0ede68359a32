/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the steps that make a mount tree share; plan/mounts.c builds it. */
#ifndef LIB_PLAN_STEP_MOUNTS_H
#define LIB_PLAN_STEP_MOUNTS_H

#include <ringfence/idmap.h>
#include <ringfence/mounts.h>

#include "mount/newfs.h"
#include "mount/place.h"
#include "plan/step.h"

enum { DEVICE_NULL, DEVICE_ZERO, DEVICE_FULL, DEVICE_RANDOM, DEVICE_URANDOM, DEVICE_TTY, DEVICES };

struct mount_device {
	const char *name;
	unsigned major, minor;
};
extern const struct mount_device mount_devices[DEVICES];

/* One operation: a copy of what was asked for, and what became of it. */
struct mount_job {
	struct rf_mount_op op; /* all its texts are owned */
	char *target;	       /* as mount_target() makes it */
	int fd;		       /* the source: a detached tree, or O_PATH */
	bool is_tree, mounted, unbindable;
	int *layer_fds; /* of an overlay: lowers, then upper and work */
	size_t n_layer_fds;
	struct place_made made;
	const struct mount_jobs *all;
};

/* All operations of a sandbox; each step has a reference. */
struct mount_jobs {
	int refs;
	size_t n;
	struct mount_job *jobs;
	bool empty_root, in_userns, shared;
	bool by_mount; /* mount(2) makes binds: of what there is then, not of what there was */
	struct rf_idmap uid_map, gid_map;
	char *cwd;   /* the caller's, where the root stays */
	char *root;  /* the directory that becomes the root; NULL: an empty one, or none */
	int root_fd; /* of the caller's tree, where it stays the root; else -EBADF */
	int device_fds[DEVICES];
};

void mount_jobs_free(void *jobs);

/* The operation of a step, and the root that its target is below. */
struct mount_job *mount_job_of(const struct rf_step *step);
int mount_root(const struct plan_run *run, const struct mount_jobs *jobs);
/* The job's target, made where it is missing: as type_fd is, or a directory (-1). */
int mount_job_target(int root_fd, struct mount_job *job, int type_fd);
/* A new file system on a job's target. *ret_top_fd, unless NULL, gets its root. */
int mount_new_fs(struct plan_run *run, struct rf_step *step, const struct newfs *fs, int *ret_top_fd);
/* What each operation ends with: its mounts must not be in binds by mount(2) that follow. */
int mount_settle(struct plan_run *run, struct rf_step *step, int result);
/* For one that binds what the earlier ones have made. */
int mount_unsettled(struct plan_run *run, struct rf_step *step,
		    int (*act)(struct plan_run *run, struct rf_step *step));
int mount_empty_root_unbindable(struct plan_run *run);
/* What covers the root is the root from now on. */
void mount_cover_root(struct plan_run *run, int top_fd);
/* What an O_PATH descriptor stands for, on `target_fd`, where `name` is below it unless empty. */
int mount_bind_onto(int source_fd, int target_fd, const char *name);

void args_mount(const struct rf_step *step, struct str *out);
void undo_mount(struct plan_run *run, struct rf_step *step);

/* step-mounts-dry.c: would this path be there when it is this job's turn? *ret_st is left alone where it isn't known. */
bool mounts_foresee(const struct mount_job *job, const char *path, struct stat *ret_st);
bool mounts_foresee_missing(const char *path, const void *job); /* for struct place_made */
/* What the job's source is, as it is now: a dry run has no descriptor of it. */
void mounts_foresee_source(const struct mount_job *job, struct stat *ret_st);

/* step-mounts.c; `data` is the struct mount_jobs */
extern const struct step_kind step_idmap_sources, step_open_sources, step_empty_root;
extern const struct step_kind step_renew_wd;
extern const struct step_kind step_file_ids; /* [uid, gid] */
/* By kind of operation; [its index]. step-mounts-bind.c, -fs.c, -make.c */
extern const struct step_kind step_bind, step_bind_fd, step_mask, step_read_only;
extern const struct step_kind step_tmpfs, step_proc, step_dev, step_devpts, step_mqueue;
extern const struct step_kind step_sysfs, step_cgroupfs, step_overlay;
extern const struct step_kind step_dir, step_symlink, step_file;

#endif
