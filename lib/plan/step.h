/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The kinds of steps, and short ways to append one. What each does is told at its definition. */
#ifndef LIB_PLAN_STEP_H
#define LIB_PLAN_STEP_H

#include "plan/plan.h"

struct rf_landlock;

/* All return 0 or -ENOMEM. */
int plan_add_num(struct rf_plan *plan, const struct step_kind *kind, bool in_child, int64_t num);
int plan_add_text(struct rf_plan *plan, const struct step_kind *kind, bool in_child,
		  const char *text);
/* envp NULL: the caller's environment, or the one that a step has found. */
int plan_add_exec(struct rf_plan *plan, bool in_child, char *const argv[], char *const envp[]);

/* step-process.c; num[0] in brackets */
/* What the exec does before it, for a step that must be the last of them. */
void plan_ready_signals(struct plan_run *run);
/* [CLONE_NEW… flags, 1 + the user id that shall own them or 0, the group id] */
extern const struct step_kind step_fork;
extern const struct step_kind step_release, step_await_release;
extern const struct step_kind step_arrive;	    /* the same, the other way round */
extern const struct step_kind step_await_arrival;   /* [it is a successor of the first one] */
extern const struct step_kind step_die_with_caller; /* [signal] */
extern const struct step_kind step_close_descriptors;
extern const struct step_kind step_pass_descriptor; /* [descriptor] */
extern const struct step_kind step_chdir;	    /* text: directory */
extern const struct step_kind step_open_program; /* text: name or path */
extern const struct step_kind step_exec;

/* step-init.c */
extern const struct step_kind step_status_pipe;
extern const struct step_kind step_init;	    /* [nobody inside may look into it] */
extern const struct step_kind step_block;	    /* [descriptor] */
extern const struct step_kind step_tell;	    /* [descriptor] */

/* step-ns.c */
/* Returns `error`; where it is EINVAL, the failure's note tells which ids are mapped ("uid_map"). */
int step_say_map(int error, const char *map);
extern const struct step_kind step_unshare;	  /* [CLONE_NEW… flags] */
extern const struct step_kind step_deny_setgroups;
/* text: the map's lines; [newuidmap(1) may be asked where the caller may not] */
extern const struct step_kind step_write_uid_map, step_write_gid_map;
extern const struct step_kind step_become;	  /* [uid, gid, drop groups]; -1 leaves an id */
extern const struct step_kind step_time_offsets;  /* text: lines for timens_offsets */
extern const struct step_kind step_hostname;	  /* text: name */
extern const struct step_kind step_loopback_up;

/* step-join.c; all have the same `data`, a struct join_state, which open_namespaces owns */
extern const struct step_kind step_open_target, step_open_namespaces, step_open_root, step_open_wd;
extern const struct step_kind step_open_cgroup, step_read_environment;
extern const struct step_kind step_undumpable, step_join_cgroup, step_join_namespaces;
extern const struct step_kind step_be_born; /* without data */
extern const struct step_kind step_enter_root, step_enter_wd, step_take_ids;

/* step-mount.c */
extern const struct step_kind step_propagation;	  /* [MS_PRIVATE, MS_SLAVE, MS_SHARED] */
extern const struct step_kind step_attach_root;	  /* text: directory */
extern const struct step_kind step_mount_proc;	  /* text: mount point */
extern const struct step_kind step_pivot_root;

/* step-binfmt.c; text: mount point, and interpreters, one a line, or NULL */
extern const struct step_kind step_mount_binfmt;

/* step-pty.c */
extern const struct step_kind step_pty_open;	  /* [user id that owns the inner side; -1: the caller] */
extern const struct step_kind step_pty_stdio, step_pty_session;

/* step-pin.c; text: directory or file */
extern const struct step_kind step_pin_set;	  /* [below RF_PIN_DIRECTORY, own] */
extern const struct step_kind step_pin_namespace; /* [index of the kind, own, in the set] */
extern const struct step_kind step_unpin_namespace, step_unpin_set;

/* step-priv.c; sets of capabilities as in rf_caps */
extern const struct step_kind step_drop_bounding; /* [what to drop] */
extern const struct step_kind step_set_caps;	  /* [effective, permitted, inheritable] */
extern const struct step_kind step_raise_ambient; /* [what to raise] */
extern const struct step_kind step_drop_caps;	  /* [what to drop from every set] */
extern const struct step_kind step_keep_caps;
extern const struct step_kind step_no_new_privs;
extern const struct step_kind step_seccomp;	  /* data: const struct rf_seccomp *, borrowed */

extern const struct step_kind step_seccomp_trace; /* the same; [socket to send the listener by] */

/* step-landlock.c; both have the same `data`, which the first one owns */
struct landlock_state {
	const struct rf_landlock *rules; /* borrowed */
	int abi;
	int fd;
};
extern const struct step_kind step_landlock_rules, step_landlock_restrict;

/* step-layer.c; each shares what rf_plan_layer_mount() made for it */
extern const struct step_kind step_layer_prepare, step_layer_record, step_layer_idmap;
extern const struct step_kind step_layer_overlay, step_layer_attach;

/* step-cgroup.c; all have the same `data`, a struct cgroup_run_state, which the first one owns */
extern const struct step_kind step_cgroup_create;
extern const struct step_kind step_cgroup_hold;	  /* instead of it, one that is there */
extern const struct step_kind step_cgroup_set;	  /* text: the settings, for listings */
extern const struct step_kind step_cgroup_open;
/* step-cgroup-act.c */
extern const struct step_kind step_cgroup_new;	  /* as create; it must not be there */
extern const struct step_kind step_cgroup_find, step_cgroup_move, step_cgroup_freeze, step_cgroup_thaw;
extern const struct step_kind step_cgroup_await, step_cgroup_kill, step_cgroup_move_up, step_cgroup_remove;
extern const struct step_kind step_cgroup_reclaim, step_cgroup_delegate;
extern const struct step_kind step_cgroup_join;

#endif
