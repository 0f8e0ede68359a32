// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Programs on a group's directory of the v2 tree. What holds one there is a link, and what holds a link is a pin:
 *
 *	/sys/fs/bpf/ringfence/net-ID/flows	the map that the programs read
 *	/sys/fs/bpf/ringfence/net-ID/egress	the links
 *	/sys/fs/bpf/ringfence/net-ID/ingress
 *	/sys/fs/bpf/ringfence/devices-ID/rules
 *	/sys/fs/bpf/ringfence/devices-ID/device
 *
 * ID is the inode number of the group's directory, which the kernel never gives again. The links are pinned
 * last: a directory without all of them was left by someone who was killed, and is made anew. When a group
 * goes, the kernel takes its links off; one that is pinned then tells 0 as its group. A link attaches as
 * BPF_F_ALLOW_MULTI does: the programs of the groups above go on beside it. The directory above is locked
 * while something is made or removed.
 */
#include "probe/pins.h"

#include <bpf/bpf.h>
#include <linux/bpf.h>
#include <ringfence/net.h>
#include <sys/file.h>

#include "probe/load.h"
#include "sys/decode.h"

#define BPFFS "/sys/fs/bpf"

enum { BPFFS_MAGIC = (int)0xcafe4a11 };

const struct pins_kind pins_net = {"net", "flows", {"egress", "ingress"}};
const struct pins_kind pins_devices = {"devices", "rules", {"device"}};

static const struct pins_kind *const kinds[] = {&pins_net, &pins_devices};

void pins_close(struct pins *p)
{
	if (p->dir_fd >= 0)
		sys_close(p->dir_fd);
	p->dir_fd = -EBADF;
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
	/* Nothing is there yet. */
	if (fd == -ENOENT && !make)
		return -ENODEV;
	r = fd < 0 ? fd : sys_flock(fd, LOCK_EX);
	return r < 0 ? r : take_fd(&fd);
}

int pins_open(const struct cgroup *g, const struct pins_kind *kind, bool make, struct pins *ret)
{
	int h = cgroup_v2_of(g->fs), r;
	struct pins p = {.kind = kind, .dir_fd = -EBADF};
	struct stat st = {0};

	p.group_fd = h < 0 ? h : cgroup_fd(g, (size_t)h);
	if (p.group_fd < 0)
		return sys_fail(-ENOENT, "open", kind->name,
				"there is no group /%s in the v2 hierarchy: cgctl create -c cgroup makes one there", g->name);
	r = sys_fstat(p.group_fd, &st);
	if (r < 0)
		return r;
	snprintf(p.name, sizeof(p.name), "%s-%llu", kind->name, (unsigned long long)st.st_ino);
	snprintf(p.path, sizeof(p.path), BPFFS "/ringfence/%s", p.name);
	p.dir_fd = open_dir(make);
	if (p.dir_fd < 0)
		return p.dir_fd;
	*ret = p;
	return 0;
}

static int remove_pins(int dir_fd, const struct pins_kind *kind, const char *name)
{
	size_t n = 0;
	char path[320];
	int r = 0;

	while (kind->links[n])
		n++;
	for (size_t i = n + 1; r >= 0 && i-- > 0;) {
		snprintf(path, sizeof(path), "%s/%s", name, i ? kind->links[i - 1] : kind->map);
		r = sys_unlinkat(dir_fd, path, 0);
		if (r == -ENOENT)
			r = 0;
	}
	if (r >= 0)
		r = sys_unlinkat(dir_fd, name, AT_REMOVEDIR);
	return r == -ENOENT ? 0 : r;
}

int pins_remove(const struct pins *p)
{
	return remove_pins(p->dir_fd, p->kind, p->name);
}

static int get_pin(const char *path, const char *pin)
{
	char full[352];

	snprintf(full, sizeof(full), "%s/%s", path, pin);
	return (int)SYS_CALL("bpf_obj_get", SYS_OPEN, SYS_NOFD, full, bpf_obj_get(full), "\"%s\"", full);
}

/* Does each pinned link still hold a group? 1, 0, or -errno. */
static int is_held(const struct pins_kind *kind, const char *path)
{
	for (size_t i = 0; kind->links[i]; i++) {
		struct bpf_link_info info = {0};
		__u32 len = sizeof(info);
		int fd __free(fd) = get_pin(path, kind->links[i]), r;

		if (fd < 0)
			return fd == -ENOENT ? 0 : fd;
		r = (int)SYS_CALL("bpf_link_info", SYS_READ, fd, kind->links[i], bpf_obj_get_info_by_fd(fd, &info, &len), "%d",
				  fd);
		if (r < 0 || !info.cgroup.cgroup_id)
			return r < 0 ? r : 0;
	}
	return 1;
}

int pins_look(const struct cgroup *g, const struct pins_kind *kind, bool make, struct pins *ret, int *ret_map_fd)
{
	struct pins p __free(pins) = {.dir_fd = -EBADF};
	int map_fd __free(fd) = -EBADF;
	int r = pins_open(g, kind, make, &p);

	if (r < 0)
		return r;
	map_fd = get_pin(p.path, kind->map);
	r = map_fd == -ENOENT ? 0 : map_fd < 0 ? map_fd : is_held(kind, p.path);
	if (r < 0)
		return r;
	*ret = p;
	*ret_map_fd = take_fd(&map_fd);
	p.dir_fd = -EBADF;
	return r;
}

int pins_refused(const struct pins *p, int error)
{
	struct rf_call why = *rf_trace_last_failure();

	return sys_fail(error, why.name, why.object, "a BPF program limits %s of a group, and the kernel refused it: %s%s",
			str_eq(p->kind->name, "net") ? "the bandwidth" : "the devices", strerror(-error),
			error == -EPERM    ? "; it needs CAP_BPF and CAP_NET_ADMIN, of the machine"
			: error == -ENOSYS ? "; this kernel has no bpf(2)"
			: error == -EINVAL ? "; it needs Linux 5.7 with CONFIG_CGROUP_BPF"
					   : "");
}

static int pin_map(const struct pins *p, struct bpf_map *map)
{
	char full[160];

	snprintf(full, sizeof(full), "%s/%s", p->path, p->kind->map);
	return (int)SYS_CALL("bpf_pin", SYS_ACT, SYS_NOFD, full, bpf_map__pin(map, full) ? -1 : 0, "\"%s\"", full);
}

static int attach(const struct pins *p, struct bpf_program *prog, const char *pin)
{
	struct bpf_link *link = NULL;
	char full[160];
	int r;

	r = (int)SYS_CALL("bpf_attach", SYS_ACT, p->group_fd, NULL,
			  (link = bpf_program__attach_cgroup(prog, p->group_fd)) ? 0 : -1, "%s, %s",
			  sys_at(p->group_fd), pin);
	if (r < 0)
		return pins_refused(p, r);
	snprintf(full, sizeof(full), "%s/%s", p->path, pin);
	r = (int)SYS_CALL("bpf_pin", SYS_ACT, SYS_NOFD, full, bpf_link__pin(link, full) ? -1 : 0, "\"%s\"", full);
	bpf_link__destroy(link);
	return r;
}

static int load(const struct pins *p, struct bpf_object_skeleton *skeleton, int (*fill)(int map_fd, const void *data),
		const void *data)
{
	struct bpf_object *object = *skeleton->obj;
	struct bpf_map *map = bpf_object__find_map_by_name(object, p->kind->map);
	int r = probe_load(p->kind->name, skeleton);

	if (r < 0)
		return pins_refused(p, r);
	r = sys_is_dry() ? 0 : fill(bpf_map__fd(map), data);
	if (r >= 0)
		r = sys_mkdirat(p->dir_fd, p->name, 0700);
	if (r >= 0)
		r = pin_map(p, map);
	for (size_t i = 0; r >= 0 && p->kind->links[i]; i++)
		r = attach(p, bpf_object__find_program_by_name(object, p->kind->links[i]), p->kind->links[i]);
	return r;
}

int pins_make(const struct pins *p, struct bpf_object_skeleton *skeleton, int (*fill)(int map_fd, const void *data),
	      const void *data)
{
	int r = pins_remove(p);

	if (r >= 0)
		r = load(p, skeleton, fill, data);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		pins_remove(p);
		sys_keep_failure(&why);
	}
	return r;
}

struct list {
	struct rf_cgroup_fs *fs;
	int dir_fd;
	struct str names;
};

static int add_pins(const char *group, void *data)
{
	struct list *l = data;
	int h = cgroup_v2_of(l->fs), fd __free(fd) = h < 0 ? h : cgroup_child(l->fs->h[h].fd, group);
	struct stat st;
	char name[40];

	/* On a hybrid system not every group is in the v2 tree. */
	if (fd < 0 || sys_fstat(fd, &st) < 0)
		return 0;
	for (size_t i = 0; i < array_size(kinds); i++) {
		snprintf(name, sizeof(name), "%s-%llu", kinds[i]->name, (unsigned long long)st.st_ino);
		if (sys_faccessat(l->dir_fd, name, F_OK) >= 0)
			str_addf(&l->names, "%s\n", name);
	}
	return l->names.failed ? -ENOMEM : 0;
}

int pins_list(struct rf_cgroup_fs *fs, const char *group, char **ret_names)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, BPFFS "/ringfence", O_RDONLY | O_DIRECTORY, 0);
	struct list l = {fs, fd, {0}};
	int r = fd < 0 ? 0 : rf_cgroup_walk(fs, group, add_pins, &l);

	*ret_names = r < 0 ? NULL : l.names.s;
	if (r < 0)
		str_done(&l.names);
	return r;
}

/* "net-17"; NULL for what is none of ours. */
static const struct pins_kind *kind_of(const char *name)
{
	for (size_t i = 0; i < array_size(kinds); i++) {
		size_t len = strlen(kinds[i]->name);

		if (str_starts(name, kinds[i]->name) && name[len] == '-')
			return kinds[i];
	}
	return NULL;
}

void pins_unpin(char *names)
{
	int fd __free(fd) = names ? open_dir(false) : -EBADF;
	char *save = NULL;

	for (char *name = fd < 0 ? NULL : strtok_r(names, "\n", &save); name; name = strtok_r(NULL, "\n", &save)) {
		const struct pins_kind *kind = kind_of(name);

		if (kind)
			remove_pins(fd, kind, name);
	}
}

static int sweep_one(int dir_fd, const char *name, void *data)
{
	const struct pins_kind *kind = kind_of(name);
	int *n = data;
	char path[320];

	if (!kind)
		return 0;
	snprintf(path, sizeof(path), BPFFS "/ringfence/%s", name);
	if (is_held(kind, path) == 1)
		return 0;
	*n += remove_pins(dir_fd, kind, name) >= 0;
	return 0;
}

int rf_cgroup_sweep_bpf(void)
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
