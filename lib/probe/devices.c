// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules on devices: bpf/devices.bpf.c on a group's directory. New rules come into the map in one step, under
 * the lock that the program takes; only the first ones load it. Without rules there is no program.
 */
#include <bpf/bpf.h>
#include <linux/bpf.h>

#include "bpf/devices.h"
#include "bpf/devices.skel.h"
#include "probe/load.h"
#include "probe/pins.h"

_Static_assert((int)DEVICES_MAX == (int)CGROUP_RULES_MAX && DEVICES_ANY == CGROUP_ANY_DEVICE, "the same in both");

/* The kernel's bits, in the order of "rwm" and of "bc". */
static const __u8 accesses[] = {BPF_DEVCG_ACC_READ, BPF_DEVCG_ACC_WRITE, BPF_DEVCG_ACC_MKNOD};
static const struct {
	char letter;
	__u8 bits;
} types[] = {{'a', BPF_DEVCG_DEV_BLOCK | BPF_DEVCG_DEV_CHAR}, {'b', BPF_DEVCG_DEV_BLOCK}, {'c', BPF_DEVCG_DEV_CHAR}};

static void to_kernel(const struct cgroup_rules *rules, struct devices_rules *ret)
{
	ret->n = (__u32)rules->n;
	for (size_t i = 0; i < rules->n; i++) {
		const struct cgroup_device_rule *d = &rules->list[i];
		struct devices_rule *to = &ret->list[i];

		*to = (struct devices_rule){.major = d->major, .minor = d->minor, .allow = d->allow};
		for (size_t t = 0; t < array_size(types); t++)
			if (types[t].letter == d->type)
				to->types = types[t].bits;
		for (size_t bit = 0; bit < array_size(accesses); bit++)
			if (d->access & 1u << bit)
				to->access |= accesses[bit];
	}
}

static void from_kernel(const struct devices_rules *rules, struct cgroup_rules *ret)
{
	ret->n = rules->n < DEVICES_MAX ? rules->n : DEVICES_MAX;
	for (size_t i = 0; i < ret->n; i++) {
		const struct devices_rule *d = &rules->list[i];
		struct cgroup_device_rule *to = &ret->list[i];

		*to = (struct cgroup_device_rule){.major = d->major, .minor = d->minor, .allow = d->allow, .type = 'a'};
		for (size_t t = 0; t < array_size(types); t++)
			if (types[t].bits == d->types)
				to->type = types[t].letter;
		for (size_t bit = 0; bit < array_size(accesses); bit++)
			if (d->access & accesses[bit])
				to->access |= (uint8_t)(1u << bit);
	}
}

static int fill(int map_fd, const void *data)
{
	struct devices_rules rules = {0};
	__u32 zero = 0;

	to_kernel(data, &rules);
	return (int)SYS_CALL("bpf_update", SYS_ACT, map_fd, "rules", bpf_map_update_elem(map_fd, &zero, &rules, BPF_F_LOCK),
			     "%u rules", rules.n);
}

int devices_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text)
{
	struct pins p __free(pins) = {.dir_fd = -EBADF};
	int map_fd __free(fd) = -EBADF;
	int r = pins_look(g, &pins_devices, false, &p, &map_fd);
	struct devices_rules rules = {0};
	struct cgroup_rules plain = {0};
	struct str out __free(str) = {0};
	__u32 zero = 0;

	/* Without bpffs nothing can be there. */
	if (r < 0 && r != -ENODEV)
		return r;
	if (r > 0)
		r = (int)SYS_CALL("bpf_lookup", SYS_READ, map_fd, "rules",
				  bpf_map_lookup_elem_flags(map_fd, &zero, &rules, BPF_F_LOCK), "rules");
	if (r < 0 && r != -ENODEV)
		return r;
	from_kernel(&rules, &plain);
	cgroup_rules_write(&plain, "\n", &out);
	return str_take(&out, ret_text);
}

static int make(const struct pins *p, const struct cgroup_rules *rules)
{
	struct devices_bpf *skel = NULL;
	int r = (int)SYS_CALL("bpf_open", SYS_READ, SYS_NOFD, "devices", (skel = devices_bpf__open()) ? 0 : -1, "devices");

	if (!skel)
		return pins_refused(p, r);
	r = pins_make(p, skel->skeleton, fill, rules);
	devices_bpf__destroy(skel);
	return r;
}

int devices_write(const struct cgroup *g, const struct cgroup_key *key, const char *text)
{
	struct pins p __free(pins) = {.dir_fd = -EBADF};
	int map_fd __free(fd) = -EBADF;
	struct cgroup_rules rules;
	int r = cgroup_rules_parse(text, &rules);

	if (r < 0)
		return r;
	r = pins_look(g, &pins_devices, rules.n, &p, &map_fd);
	if (r == -ENODEV && !rules.n)
		return 0;
	if (r < 0)
		return r;
	if (!rules.n)
		return pins_remove(&p);
	return r > 0 ? fill(map_fd, &rules) : make(&p, &rules);
}
