/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A program in namespaces that exist: the plan behind nsjoin(1).
 * Sources: setns(2), namespaces(7), ioctl_nsfs(2), pid_namespaces(7), user_namespaces(7).
 */
#ifndef RINGFENCE_JOIN_H
#define RINGFENCE_JOIN_H

#include <ringfence/ns.h>
#include <ringfence/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

/*
 * Where one kind of namespace is taken from: a file (/run/netns/blue, /proc/7/ns/net), or, as
 * ":4026531840" or "net:[4026531840]", the inode number by which namespaces are listed.
 */
struct rf_join_file {
	uint64_t kind; /* CLONE_NEW… flag */
	const char *path;
};

enum rf_join_id { RF_ID_DEFAULT, RF_ID_GIVEN, RF_ID_FOLLOW, RF_ID_KEEP };

/* Set `size`, and what is wanted. Strings must live as long as the plan. */
struct rf_join {
	size_t size;	      /* sizeof(struct rf_join) */
	pid_t pid;	      /* the target; 0: none, then namespaces come from files only */
	uint64_t pid_inode;   /* of its pidfd, where the pid shall be no other's (6.9); 0: any */
	uint64_t pid_start;   /* when it began (field 22 of its stat), as rf_container_find() tells; 0: any */
	int pidfd;	      /* or this, where `pid` is 0 and it is >= 0; -1: none */
	uint64_t namespaces;  /* CLONE_NEW… flags: those of the target */
	bool all;	      /* every kind in which the target's differs from the caller's */
	bool user_parent;     /* the user namespace that owns the target's (or file's) one, not that one */
	int net_socket;	      /* the network namespace of this socket of the target, or where there is none of the caller; -1: none */
	const struct rf_join_file *files;
	size_t n_files;
	bool follow_root;	  /* the target's root directory */
	const char *root;	  /* or this one, as the caller sees it */
	bool follow_wd;		  /* the target's working directory */
	const char *wd;		  /* or this one, as the caller sees it */
	const char *wd_inside;	  /* or this one, as seen inside */
	bool follow_environment;  /* the target's environment as it was at its exec */
	bool follow_cgroup;	  /* its control group in every hierarchy */
	/* Default: 0 where a user namespace is joined, else unchanged. */
	enum rf_join_id uid_from, gid_from;
	uint32_t uid, gid;	  /* for RF_ID_GIVEN */
	bool no_fork;		  /* also where a pid or time namespace is joined: children are in it */
	int kill_signal;	  /* sent to the program when the caller dies; 0: SIGKILL, -1: none */
	uint64_t drop_caps;	  /* taken from all sets before the program runs, bit 1 << CAP_… */
	bool no_new_privs;
	const int *pass_fds;
	size_t n_pass_fds;  /* all other descriptors above 2 are closed at exec */
	char *const *argv;
};

/*
 * Append the steps. 0; -EINVAL for a contradiction (the last failure's note names it); -ENOMEM.
 * To run it needs the rights of setns(2): CAP_SYS_ADMIN in the user namespaces that own what is
 * joined; to look at a process, those of ptrace(2). Kernel 5.6 or newer; setns() with a pidfd 5.8.
 *
 * The caller itself stays outside: where a process is made, it alone enters, cannot be traced
 * before it is the program, and holds no descriptor of the outside by then.
 */
RF_API int rf_plan_join(struct rf_plan *plan, const struct rf_join *join);

#ifdef __cplusplus
}
#endif
#endif
