// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Limits on bandwidth: bpf/net.bpf.c on a group's directory. What holds it there is a link for each way,
 * and what holds a link is a pin:
 *
 *	/sys/fs/bpf/ringfence/net-ID/flows	the map with rates and counters
 *	/sys/fs/bpf/ringfence/net-ID/egress	the links
 *	/sys/fs/bpf/ringfence/net-ID/ingress
 *
 * ID is the inode number of the group's directory, which the kernel never gives again. The links are pinned
 * last: a directory without all three was left by someone who was killed, and is made anew. When a group
 * goes, the kernel takes its links off; one that is pinned then tells 0 as its group. The directory
 * above is locked while something is made or removed.
 */
#include <ringfence/net.h>
#include <ringfence/units.h>

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <sys/file.h>

#include "bpf/net.h"
#include "bpf/net.skel.h"
#include "cgroup/cgroup.h"
#include "probe/load.h"
#include "probe/net.h"

#define BPFFS "/sys/fs/bpf"

enum { RATE_MIN = 1000, BPFFS_MAGIC = (int)0xcafe4a11, BURST_BYTES = 128 << 10, BURST_PART = 20 };

static const uint64_t rate_max = 16000000000, ns_per_s = 1000000000;
static const char *const pins[] = {"flows", "egress", "ingress"};

static int parse_rate(const char *text, uint64_t *ret)
{
	static const struct {
		const char *name;
		uint64_t factor, per; /* bytes a second */
	} units[] = {{"kbit", 1000, 8}, {"Mbit", 1000000, 8}, {"Gbit", 1000000000, 8}, {"B/s", 1, 1},
		     {"kB/s", 1000, 1}, {"MB/s", 1000000, 1}, {"GB/s", 1000000000, 1}};
	size_t digits = strspn(text, "0123456789");
	char number[16];
	uint64_t n;

	if (str_eq(text, "max")) {
		*ret = RF_MAX;
		return 0;
	}
	if (!digits || digits > 11)
		return -EINVAL;
	memcpy(number, text, digits);
	number[digits] = '\0';
	if (str_to_u64(number, &n) < 0)
		return -EINVAL;
	for (size_t i = 0; i < array_size(units); i++)
		if (str_eq(text + digits, units[i].name)) {
			n = n > rate_max * 8 / units[i].factor ? RF_MAX : n * units[i].factor / units[i].per;
			if (n < RATE_MIN || n > rate_max)
				return -EINVAL;
			*ret = n;
			return 0;
		}
	return -EINVAL;
}

int rf_net_parse(const char *key, const char *text, uint64_t rates[RF_NET_WAYS])
{
	static const char *const ways[] = {"egress", "ingress"};
	char copy[96], *save = NULL;
	uint64_t got[RF_NET_WAYS] = {rates[0], rates[1]};
	bool one = !str_eq(key, "net.max");
	int r = str_copy(copy, sizeof(copy), text), n = 0;

	if (one && !str_eq(key, "net.max.egress") && !str_eq(key, "net.max.ingress"))
		return sys_fail(-EINVAL, "check", key, "no such key; keys are net.max, net.max.egress, net.max.ingress");
	for (char *w = r < 0 ? NULL : strtok_r(copy, " ", &save); w && r >= 0; w = strtok_r(NULL, " ", &save), n++) {
		const char *eq = strchr(w, '=');

		r = eq || n ? -EINVAL : parse_rate(w, &got[one && str_eq(key, "net.max.ingress")]);
		if (r >= 0 && !one)
			got[RF_NET_INGRESS] = got[RF_NET_EGRESS];
		for (size_t i = 0; eq && !one && i < RF_NET_WAYS; i++)
			if (strlen(ways[i]) == (size_t)(eq - w) && !strncmp(ways[i], w, (size_t)(eq - w)))
				r = parse_rate(eq + 1, &got[i]);
	}
	if (r < 0 || !n)
		return sys_fail(-EINVAL, "check", key,
				"\"%.80s\" is not a rate such as 10Mbit or 1MB/s, from 1kB/s to 16GB/s, or max%s", text,
				one ? "" : ", nor egress=RATE ingress=RATE");
	memcpy(rates, got, sizeof(got));
	return 0;
}

/* A group's pins. */
struct place {
	int dir_fd, group_fd;
	char name[40], path[96];
	struct cgroup *g;
};

static void cleanup_place(struct place *p)
{
	if (p->dir_fd >= 0)
		sys_close(p->dir_fd);
	cgroup_close(p->g);
}

/* The directory of all pins, locked; `make` it where it isn't. */
static int open_dir(bool make)
{
	int top __free(fd) = sys_openat(AT_FDCWD, BPFFS, O_RDONLY | O_DIRECTORY, 0), fd __free(fd) = -EBADF;
	struct statfs fs = {0};
	int r = top < 0 ? top : sys_fstatfs(top, &fs);

	if (r < 0 || (int)fs.f_type != BPFFS_MAGIC)
		return sys_fail(-ENODEV, "bpf_pin", BPFFS,
				"no BPF file system is mounted there, which keeps the programs: mount -t bpf bpf " BPFFS);
	if (make) {
		r = sys_mkdirat(top, "ringfence", 0700);
		if (r < 0 && r != -EEXIST)
			return r;
	}
	fd = sys_openat(top, "ringfence", O_RDONLY | O_DIRECTORY, 0);
	if (fd == -ENOENT && sys_is_dry())
		return sys_dry_fd();
	r = fd < 0 ? fd : sys_flock(fd, LOCK_EX);
	return r < 0 ? r : take_fd(&fd);
}

static int find(struct rf_cgroup_fs *fs, const char *group, bool make, struct place *p)
{
	int h = cgroup_v2_of(fs), r = cgroup_open(fs, group, &p->g);
	struct stat st = {0};

	p->dir_fd = -EBADF;
	if (r < 0)
		return r;
	p->group_fd = h < 0 ? h : cgroup_fd(p->g, (size_t)h);
	if (p->group_fd < 0)
		return sys_fail(-ENOENT, "open", "net.max",
				"there is no group /%s in the v2 hierarchy: cgctl create -c cgroup makes one there", p->g->name);
	r = sys_fstat(p->group_fd, &st);
	if (r < 0)
		return r;
	snprintf(p->name, sizeof(p->name), "net-%llu", (unsigned long long)st.st_ino);
	snprintf(p->path, sizeof(p->path), BPFFS "/ringfence/%s", p->name);
	p->dir_fd = open_dir(make);
	return p->dir_fd < 0 ? p->dir_fd : 0;
}

static int remove_pins(int dir_fd, const char *name)
{
	char path[96];
	int r;

	for (size_t i = array_size(pins); i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", name, pins[i]);
		r = sys_unlinkat(dir_fd, path, 0);
		if (r < 0 && r != -ENOENT)
			return r;
	}
	r = sys_unlinkat(dir_fd, name, AT_REMOVEDIR);
	return r == -ENOENT ? 0 : r;
}

static int get_pin(const char *path, const char *pin)
{
	char full[128];

	snprintf(full, sizeof(full), "%s/%s", path, pin);
	return (int)SYS_CALL("bpf_obj_get", SYS_OPEN, SYS_NOFD, full, bpf_obj_get(full), "\"%s\"", full);
}

/* Does the pinned link still hold a group? 1, 0, or -errno. */
static int is_held(const char *path, const char *pin)
{
	struct bpf_link_info info = {0};
	__u32 len = sizeof(info);
	int fd __free(fd) = get_pin(path, pin), r;

	if (fd < 0)
		return fd;
	r = (int)SYS_CALL("bpf_link_info", SYS_READ, fd, pin, bpf_obj_get_info_by_fd(fd, &info, &len), "%d", fd);
	return r < 0 ? r : info.cgroup.cgroup_id != 0;
}

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

static int attach(struct bpf_program *prog, int group_fd, const char *path, const char *pin)
{
	struct bpf_link *link = NULL;
	char full[128];
	int r;

	r = (int)SYS_CALL("bpf_attach", SYS_ACT, group_fd, NULL,
			  (link = bpf_program__attach_cgroup(prog, group_fd)) ? 0 : -1, "%d, %s", group_fd, pin);
	snprintf(full, sizeof(full), "%s/%s", path, pin);
	if (r >= 0)
		r = (int)SYS_CALL("bpf_pin", SYS_ACT, SYS_NOFD, full, bpf_link__pin(link, full) ? -1 : 0, "\"%s\"", full);
	bpf_link__destroy(link);
	return r;
}

static int make(const struct place *p, const uint64_t rates[RF_NET_WAYS])
{
	struct net_bpf *skel = NULL;
	char full[128];
	int r = remove_pins(p->dir_fd, p->name);

	if (r >= 0)
		r = (int)SYS_CALL("bpf_open", SYS_READ, SYS_NOFD, "net", (skel = net_bpf__open()) ? 0 : -1, "net");
	if (r >= 0)
		r = probe_load("net", skel->skeleton);
	if (r >= 0 && !sys_is_dry())
		r = write_rates(bpf_map__fd(skel->maps.flows), rates);
	if (r >= 0)
		r = sys_mkdirat(p->dir_fd, p->name, 0700);
	snprintf(full, sizeof(full), "%s/flows", p->path);
	if (r >= 0)
		r = (int)SYS_CALL("bpf_pin", SYS_ACT, SYS_NOFD, full, bpf_map__pin(skel->maps.flows, full) ? -1 : 0, "\"%s\"", full);
	if (r >= 0)
		r = attach(skel->progs.egress, p->group_fd, p->path, "egress");
	if (r >= 0)
		r = attach(skel->progs.ingress, p->group_fd, p->path, "ingress");
	net_bpf__destroy(skel);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		remove_pins(p->dir_fd, p->name);
		sys_keep_failure(&why);
	}
	return r;
}

int rf_net_set(struct rf_cgroup_fs *fs, const char *group, const uint64_t rates[RF_NET_WAYS])
{
	struct place p __attribute__((cleanup(cleanup_place))) = {.dir_fd = -EBADF};
	int map_fd __free(fd) = -EBADF;
	int r;

	if (rates[RF_NET_EGRESS] == RF_MAX && rates[RF_NET_INGRESS] == RF_MAX)
		return rf_net_remove(fs, group);
	r = find(fs, group, true, &p);
	if (r < 0)
		return r;
	map_fd = get_pin(p.path, "flows");
	if (map_fd >= 0 && is_held(p.path, "egress") == 1 && is_held(p.path, "ingress") == 1)
		return write_rates(map_fd, rates);
	return make(&p, rates);
}

int rf_net_get(struct rf_cgroup_fs *fs, const char *group, struct rf_net_way ret_ways[RF_NET_WAYS])
{
	struct place p __attribute__((cleanup(cleanup_place))) = {.dir_fd = -EBADF};
	struct rf_net_way ways[RF_NET_WAYS];
	int r = find(fs, group, false, &p), map_fd __free(fd) = r < 0 ? r : get_pin(p.path, "flows");

	if (map_fd < 0)
		return map_fd == -ENOENT || map_fd == -ENODEV ? sys_fail(-ENODATA, "check", "net.max", "group %s has no limit on bandwidth", group)
							       : map_fd;
	for (__u32 i = 0; i < RF_NET_WAYS; i++) {
		struct net_flow f = {0};

		r = access_flow(map_fd, i, &f, false);
		if (r < 0)
			return r;
		ways[i] = (struct rf_net_way){f.rate ?: RF_MAX, f.packets, f.bytes, f.dropped_packets, f.dropped_bytes};
	}
	memcpy(ret_ways, ways, sizeof(ways));
	return 0;
}

int rf_net_remove(struct rf_cgroup_fs *fs, const char *group)
{
	struct place p __attribute__((cleanup(cleanup_place))) = {.dir_fd = -EBADF};
	int r = find(fs, group, false, &p);

	/* Nothing can be there. */
	if (r == -ENOENT && p.g && p.group_fd >= 0)
		return 0;
	if (r == -ENODEV)
		return 0;
	return r < 0 ? r : remove_pins(p.dir_fd, p.name);
}

struct pins {
	struct rf_cgroup_fs *fs;
	int dir_fd;
	struct str names;
};

static int add_pins(const char *group, void *data)
{
	struct pins *p = data;
	int h = cgroup_v2_of(p->fs), fd __free(fd) = h < 0 ? h : cgroup_child(p->fs->h[h].fd, group);
	struct stat st;
	char name[40];

	/* On a hybrid system not every group is in the v2 tree. */
	if (fd < 0 || sys_fstat(fd, &st) < 0)
		return 0;
	snprintf(name, sizeof(name), "net-%llu", (unsigned long long)st.st_ino);
	if (sys_faccessat(p->dir_fd, name, F_OK) >= 0)
		str_addf(&p->names, "%s\n", name);
	return p->names.failed ? -ENOMEM : 0;
}

int net_pins(struct rf_cgroup_fs *fs, const char *group, char **ret_names)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, BPFFS "/ringfence", O_RDONLY | O_DIRECTORY, 0);
	struct pins p = {fs, fd, {0}};
	int r = fd < 0 ? 0 : rf_cgroup_walk(fs, group, add_pins, &p);

	*ret_names = r < 0 ? NULL : p.names.s;
	if (r < 0)
		str_done(&p.names);
	return r;
}

void net_unpin(char *names)
{
	int fd __free(fd) = names ? open_dir(false) : -EBADF;
	char *save = NULL;

	for (char *name = fd < 0 ? NULL : strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save))
		remove_pins(fd, name);
}

static int sweep_one(int dir_fd, const char *name, void *data)
{
	int *n = data;
	char path[320];

	if (!str_starts(name, "net-"))
		return 0;
	snprintf(path, sizeof(path), BPFFS "/ringfence/%s", name);
	if (is_held(path, "egress") == 1 && is_held(path, "ingress") == 1)
		return 0;
	*n += remove_pins(dir_fd, name) >= 0;
	return 0;
}

int rf_net_sweep(void)
{
	int n = 0;
	int fd __free(fd) = sys_is_dry() ? -EBADF : sys_openat(AT_FDCWD, BPFFS "/ringfence", O_RDONLY | O_DIRECTORY, 0);
	int r;

	if (fd < 0)
		return 0;
	/* Who makes something now is not swept under. */
	r = sys_flock(fd, LOCK_EX | LOCK_NB);
	if (r >= 0)
		r = cgroup_each_child(fd, sweep_one, &n);
	rf_trace_forget();
	return r < 0 ? 0 : n;
}
