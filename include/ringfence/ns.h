/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The eight kinds of namespaces, as one table that launcher, joiner and lister read.
 * Source: namespaces(7), clone(2), user_namespaces(7).
 */
#ifndef RINGFENCE_NS_H
#define RINGFENCE_NS_H

#include <stddef.h>
#include <stdint.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_ns_kind {
	const char *name;	/* "mnt": the name in /proc/PID/ns */
	const char *word;	/* "mount": the name of unshare(1)'s option */
	uint64_t flag;		/* CLONE_NEWNS */
	const char *sysctl;	/* "max_mnt_namespaces" in /proc/sys/user: the limit on their number */
	const char *isolates;	/* what it isolates, as a phrase */
	const char *shared;	/* what it means for two processes to be in the same one, a sentence */
	const char *separate;	/* and in different ones */
};

enum { RF_NS_KINDS = 8 };

/* The table; index 0 … RF_NS_KINDS - 1. NULL beyond. */
RF_API const struct rf_ns_kind *rf_ns_kind(size_t index);

/* By name or word; NULL where there is none. */
RF_API const struct rf_ns_kind *rf_ns_kind_by_name(const char *name);

/* A namespace that exists, and by what it does. */
enum rf_ns_held {
	RF_NS_BY_PROCESS,    /* a process is in it */
	RF_NS_BY_MOUNT,	     /* a file of it is mounted: pinned */
	RF_NS_BY_DESCRIPTOR, /* a process holds a descriptor of it */
	RF_NS_BY_CHILD,	     /* it owns, or is the parent of, one of these */
	RF_NS_UNSEEN,	     /* the kernel lists it, but nothing seen here has it: a thread, a message */
	RF_NS_BY_SOCKET,     /* a process has a socket that was made in it */
};

struct rf_ns_entry {
	const struct rf_ns_kind *kind;
	uint64_t inode;		/* the number by which it is known: net:[4026531840] */
	uint64_t id;		/* the 64-bit id, given out once (6.18); 0: not known */
	uint64_t owner, parent; /* inodes: the user namespace it belongs to; of user and pid namespaces
				   the one above. 0: out of sight, or none */
	uint32_t owner_uid;	/* of user namespaces: who made it; UINT32_MAX: unknown */
	size_t processes;
	int pid;		/* the lowest in it, or the one with the descriptor; 0: none */
	const char *path;	/* where it is mounted, or the descriptor's or socket's path; the list's */
	const char *mounts;	/* each path where it is mounted, once, with newlines between (one in a path:
				   \012); NULL: none; the list's */
	int32_t peer_id;	/* the number that the caller's network namespace has for this one */
	enum rf_ns_held held;
};

enum { RF_NS_UNASSIGNED = -1, RF_NS_NO_PEER_ID = -2 /* of peer_id: not a network, not asked for */ };

struct rf_ns_list;

enum rf_ns_list_flags {
	RF_NS_DESCRIPTORS = 1, /* look also at the descriptors of all processes, and whose network a socket has */
	RF_NS_RELATIONS = 2,   /* fill in ids, owners, parents and those that exist by them alone */
	RF_NS_PEER_IDS = 4,    /* with RF_NS_RELATIONS: fill in peer_id, by a netlink socket */
};

/*
 * All namespaces that can be seen: those of processes in this /proc, of mounted files in this mount
 * namespace, by `flags`, and those that the kernel lists (listns(2), 6.19) beside. To look into
 * processes of others needs CAP_SYS_PTRACE; they are counted as hidden. 0 or -errno.
 */
RF_API int rf_ns_list_read(unsigned flags, struct rf_ns_list **ret_list);
RF_API void rf_ns_list_free(struct rf_ns_list *list); /* NULL is fine */

/* The entries, sorted by inode; how many processes could not be looked into; and how many more
 * namespaces the kernel lists, which the caller may not open to see what they are. */
RF_API size_t rf_ns_list_entries(const struct rf_ns_list *list, const struct rf_ns_entry **ret_entries);
RF_API size_t rf_ns_list_hidden(const struct rf_ns_list *list);
RF_API size_t rf_ns_list_unopened(const struct rf_ns_list *list);

/*
 * How many of this kind count against the limit user.max_… of the caller's user namespace: those that
 * belong to it or to one below it, as far as they are seen; of all users together, while the kernel
 * counts each user's by itself. Needs a list with RF_NS_RELATIONS.
 */
RF_API size_t rf_ns_list_used(const struct rf_ns_list *list, const struct rf_ns_kind *kind);

/* The inodes of a process's namespaces in the order of rf_ns_kind(), 0 for a kind this kernel lacks.
 * 0; -ESRCH, -EACCES. */
RF_API int rf_ns_of_process(int pid, uint64_t ret_inodes[RF_NS_KINDS]);

#ifdef __cplusplus
}
#endif
#endif
