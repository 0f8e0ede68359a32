// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limits on bandwidth: bpf/net.bpf.c on a group's directory, with a link for each way. A change of the rates counts
 * for the next packet; where both are without limit there is no program, and nothing is counted.
 */
#include <ringfence/net.h>
#include <ringfence/units.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "bpf/net.h"
#include "bpf/net.skel.h"
#include "probe/load.h"
#include "probe/pins.h"

enum { BURST_BYTES = 128 << 10, BURST_PART = 20 };

static const uint64_t ns_per_s = 1000000000;
static const char *const way_names[] = {"egress", "ingress"};

static int access_flow(int map_fd, __u32 way, struct net_flow *flow, bool write)
{
	if (write)
		return (int)SYS_CALL("bpf_update", SYS_ACT, map_fd, "flows",
				     bpf_map_update_elem(map_fd, &way, flow, BPF_F_LOCK), "%u, %llu bytes/s", way,
				     (unsigned long long)flow->rate);
	return (int)SYS_CALL("bpf_lookup", SYS_READ, map_fd, "flows",
			     bpf_map_lookup_elem_flags(map_fd, &way, flow, BPF_F_LOCK), "%u", way);
}

/* Counters go on; what passes between the two calls is lost to them. */
static int write_rates(int map_fd, const uint64_t rates[RF_NET_WAYS])
{
	int r = 0;

	for (__u32 i = 0; r >= 0 && i < RF_NET_WAYS; i++) {
		struct net_flow f = {0};

		r = access_flow(map_fd, i, &f, false);
		f.rate = rates[i] == RF_MAX ? 0 : rates[i];
		/* One packet of the kernel's own batching must fit, also into a slow line. */
		f.burst_ns = f.rate ? (f.rate / BURST_PART > BURST_BYTES ? ns_per_s / BURST_PART : BURST_BYTES * ns_per_s / f.rate)
				    : 0;
		f.free_ns = 0;
		if (r >= 0)
			r = access_flow(map_fd, i, &f, true);
	}
	return r;
}

static int fill(int map_fd, const void *data)
{
	return write_rates(map_fd, data);
}

static int make(const struct pins *p, const uint64_t rates[RF_NET_WAYS])
{
	struct net_bpf *skel = NULL;
	int r = (int)SYS_CALL("bpf_open", SYS_READ, SYS_NOFD, "net", (skel = net_bpf__open()) ? 0 : -1, "net");

	if (!skel)
		return pins_refused(p, r);
	r = pins_make(p, skel->skeleton, fill, rates);
	net_bpf__destroy(skel);
	return r;
}

static int read_ways(int map_fd, struct rf_net_way ret_ways[RF_NET_WAYS])
{
	struct rf_net_way ways[RF_NET_WAYS];

	for (__u32 i = 0; i < RF_NET_WAYS; i++) {
		struct net_flow f = {0};
		int r = access_flow(map_fd, i, &f, false);

		if (r < 0)
			return r;
		ways[i] = (struct rf_net_way){f.rate ?: RF_MAX, f.packets, f.bytes, f.dropped_packets, f.dropped_bytes};
	}
	memcpy(ret_ways, ways, sizeof(ways));
	return 0;
}

static int not_limited(const struct cgroup *g)
{
	return sys_fail(-ENODATA, "check", "net.max", "group /%s has no limit on bandwidth, without which nothing is counted",
			g->name);
}

/* 1; or 0, and nothing comes back, where there is no limit. */
static int look(const struct cgroup *g, struct rf_net_way ret_ways[RF_NET_WAYS])
{
	struct pins p __free(pins) = {.dir_fd = -EBADF};
	int map_fd __free(fd) = -EBADF;
	int r = pins_look(g, &pins_net, false, &p, &map_fd);

	if (r == 0 || r == -ENODEV)
		return 0;
	if (r > 0)
		r = read_ways(map_fd, ret_ways);
	return r < 0 ? r : 1;
}

/* Both ways or none. */
static int change(int map_fd, const uint64_t rates[RF_NET_WAYS])
{
	struct rf_net_way before[RF_NET_WAYS];
	int r = read_ways(map_fd, before);

	if (r < 0)
		return r;
	r = write_rates(map_fd, rates);
	if (r < 0) {
		const uint64_t old[] = {before[RF_NET_EGRESS].max_bytes_per_s, before[RF_NET_INGRESS].max_bytes_per_s};
		struct rf_call why = *rf_trace_last_failure();

		write_rates(map_fd, old);
		sys_keep_failure(&why);
	}
	return r;
}

static int set(const struct cgroup *g, const uint64_t rates[RF_NET_WAYS])
{
	struct pins p __free(pins) = {.dir_fd = -EBADF};
	int map_fd __free(fd) = -EBADF;
	bool none = rates[RF_NET_EGRESS] == RF_MAX && rates[RF_NET_INGRESS] == RF_MAX;
	int r = pins_look(g, &pins_net, !none, &p, &map_fd);

	/* Nothing can be there. */
	if (r == -ENODEV && none)
		return 0;
	if (r < 0)
		return r;
	if (none)
		return pins_remove(&p);
	return r > 0 ? change(map_fd, rates) : make(&p, rates);
}

static void add_rate(struct str *out, uint64_t rate)
{
	if (rate == RF_MAX)
		str_add(out, "max");
	else
		str_addf(out, "%lluB/s", (unsigned long long)rate);
}

static void add_stat(struct str *out, const char *name, const struct rf_net_way *way)
{
	str_addf(out, "%s%s_bytes %llu\n%s_packets %llu\n%s_dropped_bytes %llu\n%s_dropped_packets %llu", out->len ? "\n" : "",
		 name, (unsigned long long)way->bytes, name, (unsigned long long)way->packets, name,
		 (unsigned long long)way->dropped_bytes, name, (unsigned long long)way->dropped_packets);
}

int net_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text)
{
	struct rf_net_way ways[RF_NET_WAYS] = {{.max_bytes_per_s = RF_MAX}, {.max_bytes_per_s = RF_MAX}};
	struct str out __free(str) = {0};
	int r = look(g, ways);

	if (!r && key->kind == CGROUP_STAT)
		return not_limited(g);
	if (r < 0)
		return r;
	for (size_t i = 0; i < RF_NET_WAYS; i++) {
		if (key->kind == CGROUP_STAT)
			add_stat(&out, way_names[i], &ways[i]);
		else if (key->kind == CGROUP_RATES)
			str_addf(&out, "%s%s=", i ? " " : "", way_names[i]);
		if (key->kind == CGROUP_RATES || str_eq(key->pub.name + strlen("net.max."), way_names[i]))
			add_rate(&out, ways[i].max_bytes_per_s);
	}
	return str_take(&out, ret_text);
}

int net_write(const struct cgroup *g, const struct cgroup_key *key, const char *text)
{
	struct rf_net_way ways[RF_NET_WAYS] = {{.max_bytes_per_s = RF_MAX}, {.max_bytes_per_s = RF_MAX}};
	uint64_t rates[RF_NET_WAYS];
	int r = look(g, ways);

	if (r < 0)
		return r;
	/* Each way that is not named stays as it is. */
	for (size_t i = 0; i < RF_NET_WAYS; i++)
		rates[i] = ways[i].max_bytes_per_s;
	r = rf_net_parse(key->pub.name, text, rates);
	return r < 0 ? r : set(g, rates);
}

int rf_net_set(struct rf_cgroup_fs *fs, const char *group, const uint64_t rates[RF_NET_WAYS])
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	return r < 0 ? r : set(g, rates);
}

int rf_net_get(struct rf_cgroup_fs *fs, const char *group, struct rf_net_way ret_ways[RF_NET_WAYS])
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	if (r >= 0)
		r = look(g, ret_ways);
	return r < 0 ? r : r ? 0 : not_limited(g);
}

int rf_net_remove(struct rf_cgroup_fs *fs, const char *group)
{
	const uint64_t none[RF_NET_WAYS] = {RF_MAX, RF_MAX};

	return rf_net_set(fs, group, none);
}
