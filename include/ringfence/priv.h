/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Less privilege for a program: capabilities, no_new_privs and a seccomp filter, and the plan
 * behind confine(1). Sources: capabilities(7), seccomp(2), the OCI runtime specification's
 * linux.seccomp.
 */
#ifndef RINGFENCE_PRIV_H
#define RINGFENCE_PRIV_H

#include <linux/seccomp.h>
#include <ringfence/landlock.h>
#include <ringfence/plan.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Sets of capabilities are words with bit 1 << CAP_… for each. */
struct rf_caps {
	uint64_t effective, permitted, inheritable, bounding, ambient;
};

/* Every capability that the running kernel has. */
RF_API uint64_t rf_caps_all(void);

/*
 * Names with commas between them, as in libcap, in any case, with or without "cap_"; "all" and
 * "none" are allowed. 0; -EINVAL for what is no capability (the last failure's note lists names
 * that are near it).
 */
RF_API int rf_caps_parse(const char *text, uint64_t *ret_caps);

/* In words: "none", "all", "all but cap_x", "cap_x,cap_y". 0 or -ENOMEM. Free with free(3). */
RF_API int rf_caps_format(uint64_t caps, char **ret_text);

/* The calling thread's five sets. 0 or -errno. */
RF_API int rf_caps_get(struct rf_caps *ret_caps);

/* A compiled seccomp filter. */
struct rf_seccomp;

enum {
	RF_SECCOMP_NO_CACHE = 1, /* don't look for the compiled filter of an earlier run */
	RF_SECCOMP_NO_STORE = 2, /* don't leave one for a later run */
	RF_SECCOMP_RAW = 4,	 /* the file holds the kernel's own instructions, and nothing else */
};

/*
 * Compile a profile: a file with an OCI linux.seccomp object, or with a whole config.json that
 * holds one; or text, as confine(1) describes it; or what rf_seccomp_save() has written, which is
 * refused (-EINVAL) where it is damaged, or of another version or architecture. Names of system calls that are not known here are left out, as the specification
 * says; rf_seccomp_info() lists them. The compiled filter is kept in the directory
 * seccomp of $XDG_CACHE_HOME/ringfence, else of /var/cache/ringfence for root and of
 * ~/.cache/ringfence for others. A cache that is missing,
 * unwritable, damaged or somebody else's is no error: the profile is compiled again.
 * With RF_SECCOMP_RAW the file is an array of struct sock_filter in this machine's byte order, as
 * setpriv(1) takes and enosys(1) writes: loaded as it is, and with SECCOMP_FILTER_FLAG_SPEC_ALLOW.
 * 0; -EINVAL for a bad profile (the note names the JSON path, or the line); -EFBIG beyond 4 MiB; -E2BIG beyond
 * 4096 instructions; -errno of opening and reading. Free with rf_seccomp_free().
 */
RF_API int rf_seccomp_open(const char *path, unsigned flags, struct rf_seccomp **ret_seccomp);

/* The same from memory, without the cache, and without includes. `name` stands for the file in
 * messages. The byte after the last must be 0. */
RF_API int rf_seccomp_compile(const char *profile, size_t len, const char *name,
			      struct rf_seccomp **ret_seccomp);

RF_API void rf_seccomp_free(struct rf_seccomp *seccomp); /* NULL is fine */

struct rf_seccomp_info {
	size_t instructions;
	bool from_cache;
	bool needs_listener; /* it has SCMP_ACT_NOTIFY */
	bool is_text;	     /* compiled from a text profile just now */
	const char *unknown; /* names left out, with commas, or empty; belongs to the filter */
};

RF_API void rf_seccomp_info(const struct rf_seccomp *seccomp, struct rf_seccomp_info *ret_info);

/* A set of system calls that a text profile calls @name; the table ends with a row of zeros. */
struct rf_seccomp_group {
	const char *name, *meaning;
	const char *const *calls; /* ended by NULL */
};

RF_API const struct rf_seccomp_group *rf_seccomp_groups(void);

/*
 * Write the compiled filter to a file, which is replaced as a whole; rf_seccomp_open() takes it on
 * machines of this architecture. 0 or -errno.
 */
RF_API int rf_seccomp_save(const struct rf_seccomp *seccomp, const char *path);

/*
 * What the filter answers to a call: *ret_action is a SECCOMP_RET_… word. 0, or -EINVAL where the
 * filter has an instruction that libseccomp never makes.
 */
RF_API int rf_seccomp_answer(const struct rf_seccomp *seccomp, const struct seccomp_data *call,
			     uint32_t *ret_action);

/* The name of a system call of this machine, or "#NUMBER". 0 or -ENOMEM. Free with free(3). */
RF_API int rf_seccomp_call_name(int nr, char **ret_name);

/*
 * A supervisor for what a filter does not allow (seccomp_unotify(2), Linux 5.9). Fork first: 0 in
 * the child, the pid in the caller, or -errno in either; *ret_socket is for rf_confine.trace_fd in the child
 * and for rf_notify_serve() in the caller, who has all signals blocked from here on.
 */
RF_API int rf_notify_fork(int *ret_socket);

/* A call that the profile does not allow. */
struct rf_notify_event {
	uint32_t pid;			 /* 0: of a pid namespace that can't be seen from here */
	const struct seccomp_data *call;
	uint32_t action;		 /* SECCOMP_RET_… as the profile says, with its data */
	const char *where;		 /* what decided: "profile:12", "syscalls[3]", "default" */
	const char *comm;		 /* the process's name, or "" */
	const char *path;		 /* what the caller pointed to when looked at, or NULL */
};

/*
 * Serve until the last process under the filter has ended: report each call to `report`, then do
 * what the profile says, or let the call go where `let_go` is set. Pass signals on to `pid` as
 * rf_child_wait() does. 0 with *ret_status of `pid`, also where it ended before it had a filter.
 * What a supervisor can't do as the kernel does: kill-thread and kill end the process by SIGSYS
 * (by SIGKILL where it catches that), trap is a plain SIGSYS, trace is ENOSYS.
 */
RF_API int rf_notify_serve(int socket_fd, int pid, const struct rf_seccomp *profile, bool let_go,
			   void (*report)(const struct rf_notify_event *event, void *data),
			   void *data, int *ret_status);

/* A filter that allows nothing, for a supervisor who lets all go and looks on. */
RF_API int rf_seccomp_new_empty(struct rf_seccomp **ret_seccomp);

struct rf_attributes;

/* Set `size`, and what is wanted; all zeros is "run argv as it is". */
struct rf_confine {
	size_t size;	       /* sizeof(struct rf_confine) */
	bool has_keep;	       /* whether `keep` counts: all other capabilities are dropped */
	uint64_t keep, drop;   /* from the bounding, permitted and effective set */
	uint64_t ambient;      /* what a program without privilege of its own shall have */
	bool no_new_privs;     /* implied where the filter or the drop would not hold without */
	const struct rf_seccomp *seccomp; /* NULL: none; must live as long as the plan */
	const struct rf_attributes *attributes; /* attributes.h; NULL: none; must live as long as the plan */
	const int *pass_fds;
	size_t n_pass_fds;     /* all other descriptors above 2 are closed at exec */
	char *const *argv;
	/* NULL: none; must live as long as the plan. Refused (-EOPNOTSUPP) where the kernel can't
	 * enforce all of it: rf_landlock_fit() takes out what it can't. */
	const struct rf_landlock *landlock;
	bool traced;	       /* a supervisor answers: rf_notify_fork() gave its socket */
	bool trace_only;       /* and lets every call go */
	int trace_fd;
};

/*
 * Append the steps, ending in exec in this very process. Where any capability is named, the
 * inheritable and ambient sets are emptied but for `ambient` and what the attributes ask for. no_new_privs is implied where the
 * bounding set can't be reduced for want of CAP_SETPCAP, or where a filter is loaded without
 * CAP_SYS_ADMIN.
 * 0; -EINVAL for a contradiction, -EPERM for an ambient capability that the caller has not
 * himself, -EACCES for a filter that refuses execve, -EOPNOTSUPP for one that needs a listener
 * (the last failure's note tells); -ENOMEM.
 */
RF_API int rf_plan_confine(struct rf_plan *plan, const struct rf_confine *confine);

#ifdef __cplusplus
}
#endif
#endif
