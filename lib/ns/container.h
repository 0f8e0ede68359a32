/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What looking for a container's process consists of: places (container.c), and who reads them. */
#ifndef LIB_NS_CONTAINER_H
#define LIB_NS_CONTAINER_H

#include <ringfence/container.h>
#include <stdbool.h>
#include <stddef.h>

enum { MAX_FOUND = 8 };

struct runtime;

struct search {
	const char *name;
	const struct runtime *row; /* whose place is read */
	struct rf_container found[MAX_FOUND];
	size_t n;
	/* A place with a container that has ended; one that can't be read; one that others may write. */
	char ended[256], denied[256], doubtful[256];
};

struct runtime {
	const char *name;
	/* % is the container's name, * any name; a leading ~ the caller's home, @ his XDG_RUNTIME_DIR. */
	const char *place;
	/* Look into the file: 0 also where there is nothing of that name, or -errno. */
	int (*read)(struct search *s, const char *path);
	const char *pid_key, *start_key; /* of JSON */
	const char *run; /* podman: where its containers have their pid files */
};

/* "~/x" or "@/x" in full; NULL where the environment doesn't say, or for want of memory. */
char *container_place(const char *pattern);
/* A file's text where it belongs to root or the caller; -EPERM where it does not. *ret_mtime may be NULL. */
int container_file(const char *path, char **ret_text, size_t *ret_len, int64_t *ret_mtime);
/* A process that a place names: taken over where it still is the one. start 0: it began before `mtime`. */
int container_found(struct search *s, const char *path, int64_t pid, uint64_t start, int64_t mtime);

/* container-read.c */
int container_read_state(struct search *s, const char *path);   /* runc, crun, youki */
int container_read_docker(struct search *s, const char *path);
int container_read_podman(struct search *s, const char *path);
int container_read_pidfile(struct search *s, const char *path); /* containerd's shims */
int container_read_machine(struct search *s, const char *path); /* systemd-machined */
int container_read_lxc(struct search *s, const char *path);

#endif
