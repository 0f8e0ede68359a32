/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What all probes share: opening, loading, naming groups, knowing when the group is used. */
#ifndef LIB_PROBE_LOAD_H
#define LIB_PROBE_LOAD_H

#include <bpf/libbpf.h>
#include <ringfence/probe.h>

#include "probe/group.h"

struct probe {
	struct probe_group group;
	enum rf_probe_source source;
	char why_files[512]; /* or empty */
	uint64_t start_ns;
	bool was_populated;
	const struct bpf_map *names; /* tp_btf only */
	struct probe_path *paths;    /* those handed out */
};

/* How one probe is loaded. `load` opens its skeleton, sets its options, loads and attaches it. */
struct probe_kind {
	const char *name;	/* as records and messages have it */
	const char *controller; /* whose hierarchy the group is in */
	int (*load)(void *self, const struct rf_probe_options *options);
	void (*unload)(void *self);
};

/*
 * Find the group, check what is needed, load, and settle which source it is going to be. On failure
 * all is closed and unloaded again.
 */
int probe_open(struct probe *p, const struct probe_kind *kind, void *self,
	       const struct rf_probe_options *options);
void probe_close(struct probe *p);

/* What is known before trying: 0, -EPERM without the capabilities, -ENOTSUP without BTF; said in a note. */
int probe_check_capabilities(const char *name);
int probe_check_kernel(const char *name);

/* The one place where skeletons are loaded and attached: through the seam, libbpf's words kept. */
int probe_load(const char *name, struct bpf_object_skeleton *skeleton);
int probe_attach(const char *name, struct bpf_object_skeleton *skeleton);

/* An enum rf_probe_phase; `times_populated` is the program's count, 0 without one. */
int probe_phase(struct probe *p, uint64_t times_populated);

void probe_info(const struct probe *p, uint64_t records_dropped, struct rf_probe_info *ret);

/* The path of a group by its id, kept by the probe; NULL where no one can tell any more. */
const char *probe_path_of(struct probe *p, uint64_t id);
void probe_free_paths(struct probe *p);

/* All values of a hash map: fn(key, value, data) for each; stops at the first < 0. */
int probe_each_record(const struct bpf_map *map, void *key, void *value,
		      int (*fn)(const void *key, const void *value, void *data), void *data);

/* 0, or -errno: -ENOENT for no such key. */
int probe_lookup(const struct bpf_map *map, const void *key, void *value);

uint64_t probe_now_ns(void);

#endif
