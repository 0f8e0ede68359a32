/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What one step of restoring a tree of groups works on. No step keeps a group open: a tree may have thousands. */
#ifndef LIB_PLAN_STEP_CGROUP_RESTORE_H
#define LIB_PLAN_STEP_CGROUP_RESTORE_H

#include "cgroup/snapshot.h"
#include "plan/plan.h"

/* A file that is written as it stands, or whose owner and mode are changed. */
struct restore_file {
	size_t h;
	bool owner;
	char *file, *text; /* of an owner "UID:GID MODE", "." is the directory */
	char *old;	   /* to put it back; NULL: was not changed */
};

struct restore_state {
	struct rf_cgroup_fs *fs;
	char *name;
	unsigned flags;
	rf_restore_left_fn *left;
	rf_cgroup_note_fn *note;
	void *data;
	struct cgroup_want want;
	struct cgroup_settings settings;
	struct restore_file *files;
	size_t n_files;
	char *lines;   /* rules of devices */
	bool deny;     /* the devices that are too many, else those that are missing */
	/* while it runs */
	struct cgroup *made;
	struct cgroup_writes writes;
	char *old_lines;
};

void restore_state_free(void *data);
int restore_add_file(struct restore_state *s, size_t h, bool owner, const char *file, const char *text);

extern const struct step_kind step_restore_make, step_restore_set, step_restore_files, step_restore_owners;
extern const struct step_kind step_restore_devices, step_restore_prune;

/* step-cgroup-restore-files.c */
int restore_files(struct restore_state *s, struct cgroup *g);
void restore_files_back(struct restore_state *s, struct cgroup *g);
/* What a best effort does with a failure: tells it, and goes on. */
int restore_leave(const struct restore_state *s, const char *key, int error);
/* The group, which a dry run may have "made". */
int restore_open(const struct plan_run *run, const struct rf_step *step, struct cgroup **ret_g);

#endif
