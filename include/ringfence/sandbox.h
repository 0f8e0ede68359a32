/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program in new namespaces: the plan behind nsrun(1).
 * Sources: namespaces(7), user_namespaces(7), mount_namespaces(7), pid_namespaces(7).
 */
#ifndef RINGFENCE_SANDBOX_H
#define RINGFENCE_SANDBOX_H

#include <ringfence/idmap.h>
#include <ringfence/mounts.h>
#include <ringfence/pin.h>
#include <ringfence/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

enum rf_setgroups { RF_SETGROUPS_DEFAULT, RF_SETGROUPS_ALLOW, RF_SETGROUPS_DENY };

struct rf_clock_offset {
	int64_t seconds;
	uint32_t nanoseconds; /* up from there; below 1000000000 */
	bool set;
};

/* Set `size`, and what is wanted; all zeros is "run argv as it is". */
struct rf_sandbox {
	size_t size;		 /* sizeof(struct rf_sandbox) */
	uint64_t namespaces;	 /* CLONE_NEW… flags; what other members need is added */
	struct rf_idmap uid_map; /* empty: none is written */
	struct rf_idmap gid_map;
	enum rf_setgroups setgroups; /* default: denied unless the caller is privileged */
	unsigned long propagation;   /* MS_PRIVATE (default), MS_SLAVE, MS_SHARED; with RF_UNCHANGED none */
	const char *root;	     /* becomes / by pivot_root; NULL: the root stays */
	const char *proc;	     /* mount a new procfs here, inside the root; NULL: none */
	const struct rf_mount_op *mounts; /* in this order; copied */
	size_t n_mounts;
	bool empty_root; /* the root is an empty tmpfs for the mounts to fill; not with `root` */
	bool root_ro;	 /* after the mounts, the root and all below it become read-only */
	const char *hostname;
	const char *workdir; /* inside the root */
	bool has_uid, has_gid; /* run as these ids inside; default: 0 where the caller is unmapped */
	uint32_t uid, gid;
	bool fork;	    /* run in a child; implied by a pid or time namespace and by wide maps */
	int kill_signal;    /* sent to the child when the caller dies; 0: SIGKILL, -1: none */
	bool loopback_down; /* leave lo of a new network namespace down */
	bool no_init;	    /* in a pid namespace the program itself is pid 1, without an init */
	bool keep_caps;	    /* the program keeps the user namespace's capabilities, whatever its id */
	/* Of a new time namespace, against the caller's clocks. */
	struct rf_clock_offset monotonic, boottime;
	char *const *environment; /* NULL: the caller's */
	int block_fd;	    /* wait for a byte or the end of it before the program runs; 0: no */
	int info_fd;	    /* write a line of JSON there, as nsrun(1) describes; 0: no */
	const int *pass_fds;
	size_t n_pass_fds;  /* all other descriptors above 2 are closed at exec */
	/* Kept beyond the program's end; a mount by the caller, so CAP_SYS_ADMIN outside. All or none. */
	const char *pin_set; /* all new namespaces, in this set (pin.h), which must not be there; NULL: no */
	const struct rf_pin *pins;
	size_t n_pins;
	bool has_owner;		/* the user namespace is owned by these ids; CAP_SETUID and CAP_SETGID */
	uint32_t owner_uid, owner_gid;
	const char *cgroup;	/* an existing control group to be born in; NULL: the caller's */
	bool pty;		/* a terminal of its own, which rf_plan_wait() copies from and to */
	/* A binfmt_misc file system of the user namespace (6.7), mounted here, inside the root; NULL: none.
	 * And what to register in it, as binfmt_misc(5) has it; with some, /proc/sys/fs/binfmt_misc. */
	const char *binfmt;
	const char *const *interpreters;
	size_t n_interpreters;
	bool outer_program; /* argv[0] is of the caller's root, run by descriptor: needs to be static */
	char *const *argv;
};

#define RF_UNCHANGED (~0ul)

/*
 * Append the steps. 0; -EINVAL for a contradiction (the last failure's note names it); -ENOMEM.
 * To run it needs no privilege where a user namespace is asked for and the kernel allows it;
 * otherwise CAP_SYS_ADMIN. Wide maps need CAP_SETUID and CAP_SETGID. Kernel 5.6 or newer.
 */
RF_API int rf_plan_sandbox(struct rf_plan *plan, const struct rf_sandbox *sandbox);

#ifdef __cplusplus
}
#endif
#endif
