/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The first process of a container, by the container's name: from what runtimes leave in files for
 * their own use. None of them is asked, run, or needed.
 */
#ifndef RINGFENCE_CONTAINER_H
#define RINGFENCE_CONTAINER_H

#include <stdint.h>
#include <sys/types.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_container {
	pid_t pid;	      /* its first process, as this /proc numbers it */
	uint64_t start;	      /* when that began: field 22 of /proc/PID/stat, to tell it from a later one */
	const char *runtime;  /* "runc" */
	char place[256];      /* the file that told */
};

/*
 * Look for a running container of this name, or of this id, with runc (also below containerd and
 * docker), crun, youki, docker, podman, systemd-machined and LXC; of docker and podman the beginning
 * of an id will do, from 12 digits on. Files count that belong to root or the caller and that not
 * everybody may write to.
 *
 * 0; -EINVAL where this is no name; -ENOENT: none is known; -ESRCH: one is known, but its process has
 * ended; -ENOTUNIQ: there are several; the last failure's note says more in each case.
 */
RF_API int rf_container_find(const char *name, struct rf_container *ret_container);

#ifdef __cplusplus
}
#endif
#endif
