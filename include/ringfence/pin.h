/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Namespaces that are kept: a file of them is mounted, so that they stay without a process. A set is
 * a directory with one such file for each kind, named as in /proc/PID/ns. It goes by a name without
 * a slash, which stands for /run/ringfence/ns/NAME, or by its directory.
 * Sources: namespaces(7), mount_namespaces(7), pid_namespaces(7).
 */
#ifndef RINGFENCE_PIN_H
#define RINGFENCE_PIN_H

#include <ringfence/ns.h>
#include <ringfence/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_PIN_DIRECTORY "/run/ringfence/ns"

/* Where one new namespace shall be kept. */
struct rf_pin {
	uint64_t kind;	  /* CLONE_NEW… flag */
	const char *path; /* a file; made, empty, where there is none */
};

/*
 * The files of a set by the index of the kind (rf_ns_kind()), NULL where it has none of that kind;
 * free(3) each. -ENOENT where there is no such set, or nothing is kept in it; -EINVAL for a name that
 * none can have; -ENOMEM. Nothing is returned then.
 */
RF_API int rf_pin_files(const char *set, char *ret_files[RF_NS_KINDS]);

/*
 * Append the steps that remove a set, also one that was left half made, or a single file. Only files
 * of namespaces are unmounted, and only what rf_plan_sandbox() made is removed: empty files without
 * any permission, and directories that nobody may write to. Checked here: -ENOENT, -EINVAL where it
 * is something else, -ENOTEMPTY where the directory holds something else. To run it needs CAP_SYS_ADMIN.
 */
RF_API int rf_plan_unpin(struct rf_plan *plan, const char *set_or_file);

#ifdef __cplusplus
}
#endif
#endif
