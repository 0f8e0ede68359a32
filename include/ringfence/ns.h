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
};

enum { RF_NS_KINDS = 8 };

/* The table; index 0 … RF_NS_KINDS - 1. NULL beyond. */
RF_API const struct rf_ns_kind *rf_ns_kind(size_t index);

/* By name or word; NULL where there is none. */
RF_API const struct rf_ns_kind *rf_ns_kind_by_name(const char *name);

#ifdef __cplusplus
}
#endif
#endif
