/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Programs on a group's directory that outlive who loaded them, and what a group that goes away leaves. */
#ifndef LIB_PROBE_PINS_H
#define LIB_PROBE_PINS_H

#include <bpf/libbpf.h>

#include "cgroup/cgroup.h"

/* What of a group is pinned for one purpose. */
struct pins_kind {
	const char *name;     /* of the directory, before the group's number */
	const char *map;      /* what the programs read */
	const char *links[3]; /* what holds the programs; ends with NULL */
};

extern const struct pins_kind pins_net, pins_devices;

/* Where a group's pins of one kind are; `dir_fd` is the locked directory of all of them. */
struct pins {
	const struct pins_kind *kind;
	int dir_fd, group_fd;
	char name[40], path[96];
};

void pins_close(struct pins *p);
static inline void cleanup_pins(struct pins *p)
{
	pins_close(p);
}

/* With `make` also where there is none yet. -ENODEV without bpffs, -ENOENT where the group isn't in the v2 tree. */
int pins_open(const struct cgroup *g, const struct pins_kind *kind, bool make, struct pins *ret);
/* As pins_open(), and 1 where all of it is there and holds the group, 0 where not. *ret_map_fd is the map. */
int pins_look(const struct cgroup *g, const struct pins_kind *kind, bool make, struct pins *ret, int *ret_map_fd);
/* Loads have a name for the messages: that of the key. `fill` writes the map before a program reads it; undone on failure. */
int pins_make(const struct pins *p, struct bpf_object_skeleton *skeleton, int (*fill)(int map_fd, const void *data),
	      const void *data);
int pins_remove(const struct pins *p);
/* Open or load a skeleton failed so: in words that tell what would help. */
int pins_refused(const struct pins *p, int error);

/* The names of all pins of a group and of those below, a line each, while the groups are there; NULL: none.
 * free(3). The kernel takes links off a while after a group is gone, which is too late for who removed it. */
int pins_list(struct rf_cgroup_fs *fs, const char *group, char **ret_names);
/* Remove them; `names` is cut up. */
void pins_unpin(char *names);

/* net.c, devices.c: as struct cgroup_keeper has them. */
int net_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text);
int net_write(const struct cgroup *g, const struct cgroup_key *key, const char *text);
int devices_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text);
int devices_write(const struct cgroup *g, const struct cgroup_key *key, const char *text);

#endif
