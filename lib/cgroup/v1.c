// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cgroup v1: a tree for each controller, and other names and units for the same things. Values are
 * turned into v2's words here and back:
 *
 *	memory.max	memory.limit_in_bytes; no limit is 2^63 - 1 rounded down to a page
 *	memory.swap.max	memory.memsw.limit_in_bytes, which counts memory and swap together, must never
 *			be below the former, and so is written first to raise and last to lower
 *	cpu.max		cpu.cfs_quota_us (-1: none) and cpu.cfs_period_us, one after the other: the
 *			order is chosen so that the state between is no laxer than both ends
 *	cpu.weight	cpu.shares * 100 / 1024, so that both defaults, 100 and 1024, meet ("linear", as
 *			systemd; the OCI runtimes' curve of 2025 differs)
 *	io.weight	blkio.bfq.weight, 1 to 1000: the same up to 100, then 11 to 1, as systemd
 *	cpu.stat	nanoseconds of cpuacct and cpu.stat's throttled_time to microseconds
 *
 * A new cpuset has no CPU and no memory node and nothing can join it (ENOSPC): it gets its parent's.
 */
#include <ringfence/units.h>

#include <unistd.h>

#include "cgroup/cgroup.h"
#include "cgroup/v1.h"

static const uint64_t shares_default = 1024, weight_default = 100, weight_max = 10000;

static int fd_of(const struct cgroup *g, const struct cgroup_v1_file *file, size_t *ret_h)
{
	int h = cgroup_hierarchy_of(g->fs, file->controller);

	if (h < 0)
		return h;
	if (ret_h)
		*ret_h = (size_t)h;
	return cgroup_fd(g, (size_t)h);
}

static int read_file(const struct cgroup *g, const struct cgroup_v1_file *file, char **ret)
{
	int fd = fd_of(g, file, NULL);

	return fd < 0 ? fd : cgroup_read(fd, file->file, ret);
}

static int read_number(const struct cgroup *g, const struct cgroup_v1_file *file, uint64_t *ret)
{
	int fd = fd_of(g, file, NULL);

	return fd < 0 ? fd : cgroup_read_number(fd, file->file, ret);
}

/* A number of bytes, with v1's "no limit" as RF_MAX. */
static int read_bytes(const struct cgroup *g, const struct cgroup_v1_file *file, uint64_t *ret)
{
	uint64_t n = 0;
	int r = read_number(g, file, &n);

	if (r < 0)
		return r;
	/* A group that a dry run has "made" has no limit. */
	*ret = n >= cgroup_page_floor(INT64_MAX) || sys_is_dry_fd(cgroup_fd(g, 0)) ? RF_MAX : n;
	return 0;
}

static int text_number(uint64_t n, char **ret)
{
	char *s = n == RF_MAX ? strdup("max") : str_format("%llu", (unsigned long long)n);

	if (!s)
		return -ENOMEM;
	*ret = s;
	return 0;
}

static int get_same(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	return read_file(g, &key->v1[0], ret);
}

static int add_write(const struct cgroup *g, const struct cgroup_setting *s,
		     const struct cgroup_v1_file *file, char *text, struct cgroup_writes *out)
{
	char *owned __free(ptr) = text;
	size_t h = 0;
	int fd = fd_of(g, file, &h);

	return fd < 0 ? fd : cgroup_writes_add(out, s, h, file->file, take_ptr(&owned));
}

static int add_number(const struct cgroup *g, const struct cgroup_setting *s,
		      const struct cgroup_v1_file *file, uint64_t n, struct cgroup_writes *out)
{
	char *text = n == RF_MAX ? strdup("-1") : str_format("%llu", (unsigned long long)n);

	return add_write(g, s, file, text, out);
}

static int set_same(const struct cgroup *g, const struct cgroup_setting *s,
		    const struct cgroup_settings *all, struct cgroup_writes *out)
{
	struct str text __free(str) = {0};
	char *taken;

	cgroup_value_write(s->key, &s->value, &text);
	return str_take(&text, &taken) < 0 ? -ENOMEM
					   : add_write(g, s, &s->key->v1[0], taken, out);
}

static int get_bytes(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	uint64_t n;
	int r = read_bytes(g, &key->v1[0], &n);

	return r < 0 ? r : text_number(n, ret);
}

static uint64_t add_or_max(uint64_t a, uint64_t b)
{
	uint64_t sum;

	return a == RF_MAX || b == RF_MAX || __builtin_add_overflow(a, b, &sum) ||
			       sum >= cgroup_page_floor(INT64_MAX)
		       ? RF_MAX
		       : sum;
}

static int get_swap_max(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	uint64_t both, memory;
	int r = read_bytes(g, &key->v1[0], &both);

	if (r >= 0)
		r = read_bytes(g, &key->v1[1], &memory);
	if (r < 0)
		return r;
	return text_number(both == RF_MAX ? RF_MAX : both - (memory < both ? memory : both), ret);
}

/* The pair of limits as they are; *ret_both is RF_MAX where the kernel counts no swap. */
static int read_limits(const struct cgroup *g, const struct cgroup_key *swap_key,
		       uint64_t *ret_memory, uint64_t *ret_both, bool *ret_counts_swap)
{
	int fd = fd_of(g, &swap_key->v1[0], NULL), r;

	if (fd < 0)
		return fd;
	*ret_counts_swap = sys_is_dry_fd(fd) || cgroup_has_file(fd, swap_key->v1[0].file);
	*ret_both = RF_MAX;
	r = read_bytes(g, &swap_key->v1[1], ret_memory);
	if (r >= 0 && *ret_counts_swap)
		r = read_bytes(g, &swap_key->v1[0], ret_both);
	return r;
}

/*
 * Both limits, since one depends on the other: swap's is kept where only memory's is set. A step
 * up begins with the sum, a step down with the part.
 */
static int set_limits(const struct cgroup *g, const struct cgroup_setting *memory,
		      const struct cgroup_setting *swap, struct cgroup_writes *out)
{
	const struct cgroup_key *key = cgroup_key_find("memory.swap.max");
	const struct cgroup_setting *any = memory ?: swap;
	uint64_t old, old_both, new, room, both;
	bool counts_swap;
	int r = read_limits(g, key, &old, &old_both, &counts_swap);

	if (r < 0)
		return r;
	if (swap && !counts_swap)
		return sys_fail(-EOPNOTSUPP, "check", "memory.swap.max",
				"this kernel counts no swap for groups (boot parameter swapaccount=1)");
	new = memory ? cgroup_page_floor(memory->value.number) : old;
	room = swap ? cgroup_page_floor(swap->value.number)
		    : old_both == RF_MAX ? RF_MAX : old_both - (old < old_both ? old : old_both);
	if (swap && new == RF_MAX && room != RF_MAX)
		return sys_fail(-EINVAL, "check", "memory.swap.max",
				"cgroup v1 limits swap only together with memory: set memory.max too");
	both = add_or_max(new, room);
	if (counts_swap && both > old_both)
		r = add_number(g, swap ?: any, &key->v1[0], both, out);
	if (r >= 0 && memory)
		r = add_number(g, memory, &key->v1[1], memory->value.number, out);
	if (r >= 0 && counts_swap && both < old_both)
		r = add_number(g, swap ?: any, &key->v1[0], both, out);
	return r;
}

static int set_memory_max(const struct cgroup *g, const struct cgroup_setting *s,
			  const struct cgroup_settings *all, struct cgroup_writes *out)
{
	return set_limits(g, s, cgroup_settings_find(all, "memory.swap.max"), out);
}

static int set_swap_max(const struct cgroup *g, const struct cgroup_setting *s,
			const struct cgroup_settings *all, struct cgroup_writes *out)
{
	/* Done with the other already, where both are given. */
	return cgroup_settings_find(all, "memory.max") ? 0 : set_limits(g, NULL, s, out);
}

static int get_swap_current(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	uint64_t both, memory;
	int r = read_bytes(g, &key->v1[0], &both);

	if (r >= 0)
		r = read_bytes(g, &key->v1[1], &memory);
	return r < 0 ? r : text_number(both > memory ? both - memory : 0, ret);
}

static int get_memory_events(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	char *oom __free(ptr) = NULL, *text;
	uint64_t hits, kills;
	int r = read_file(g, &key->v1[0], &oom);

	if (r >= 0)
		r = read_number(g, &key->v1[1], &hits);
	if (r < 0)
		return r;
	kills = cgroup_field(oom, "oom_kill");
	text = kills == RF_CGROUP_UNKNOWN
		       ? str_format("max %llu", (unsigned long long)hits)
		       : str_format("max %llu\noom_kill %llu", (unsigned long long)hits,
				    (unsigned long long)kills);
	if (!text)
		return -ENOMEM;
	*ret = text;
	return 0;
}

static int read_quota(const struct cgroup *g, const struct cgroup_key *key, uint64_t *ret_quota,
		      uint64_t *ret_period)
{
	char *quota __free(ptr) = NULL;
	int r = read_file(g, &key->v1[0], &quota);

	if (r >= 0)
		r = read_number(g, &key->v1[1], ret_period);
	if (r < 0)
		return r;
	*ret_quota = RF_MAX;
	if (*quota && *quota != '-')
		r = str_to_u64(quota, ret_quota);
	return r;
}

static int get_cpu_max(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	struct cgroup_value v = {0};
	struct str out __free(str) = {0};
	int r = read_quota(g, key, &v.number, &v.period);

	if (r < 0)
		return r;
	cgroup_value_write(key, &v, &out);
	return str_take(&out, ret);
}

/*
 * With a new period p and quota q over old P and Q, the state between is Q/p or q/P. The smaller of
 * the two is never above both ends.
 */
static int set_cpu_max(const struct cgroup *g, const struct cgroup_setting *s,
		       const struct cgroup_settings *all, struct cgroup_writes *out)
{
	const struct cgroup_v1_file *quota = &s->key->v1[0], *period = &s->key->v1[1];
	uint64_t old_quota, old_period;
	bool quota_first;
	int r = read_quota(g, s->key, &old_quota, &old_period);

	if (r < 0)
		return r;
	/* Without an old or a new quota nothing is limited at one of the ends: the period first. */
	quota_first = s->value.number != RF_MAX && old_quota != RF_MAX &&
		      (unsigned __int128)s->value.number * s->value.period <
			      (unsigned __int128)old_quota * old_period;
	r = add_number(g, s, quota_first ? quota : period,
		       quota_first ? s->value.number : s->value.period, out);
	return r < 0 ? r : add_number(g, s, quota_first ? period : quota,
				      quota_first ? s->value.period : s->value.number, out);
}

static int get_cpu_weight(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	uint64_t shares, weight;
	int r = read_number(g, &key->v1[0], &shares);

	if (r < 0)
		return r;
	weight = shares > weight_max * shares_default / weight_default
			 ? weight_max
			 : shares * weight_default / shares_default;
	return text_number(weight < 1 ? 1 : weight, ret);
}

static int set_cpu_weight(const struct cgroup *g, const struct cgroup_setting *s,
			  const struct cgroup_settings *all, struct cgroup_writes *out)
{
	/* Rounded up, since the way back rounds down: what is set is what is read. */
	return add_number(g, s, &s->key->v1[0],
			  (s->value.number * shares_default + weight_default - 1) / weight_default,
			  out);
}

/* Nothing where the kernel does not give it. */
static void add_field(struct str *out, const char *name, uint64_t n, uint64_t per)
{
	if (n != RF_CGROUP_UNKNOWN)
		str_addf(out, "%s%s %llu", out->len ? "\n" : "", name, (unsigned long long)(n / per));
}

static int get_cpu_stat(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	static const char *const names[] = {"usage_usec", "user_usec", "system_usec"};
	static const char *const counts[] = {"nr_periods", "nr_throttled"};
	char *stat __free(ptr) = NULL;
	struct str out __free(str) = {0};
	int found = 0;

	for (size_t i = 0; i < array_size(names); i++) {
		uint64_t ns;

		if (read_number(g, &key->v1[i], &ns) < 0)
			continue;
		found++;
		add_field(&out, names[i], ns, 1000);
	}
	if (read_file(g, &key->v1[3], &stat) >= 0 && *stat) {
		found++;
		for (size_t i = 0; i < array_size(counts); i++)
			add_field(&out, counts[i], cgroup_field(stat, counts[i]), 1);
		add_field(&out, "throttled_usec", cgroup_field(stat, "throttled_time"), 1000);
	}
	return found ? str_take(&out, ret) : -ENOENT;
}

static int get_cpu_stat_local(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	char *stat __free(ptr) = NULL;
	struct str out __free(str) = {0};
	int r = read_file(g, &key->v1[0], &stat);

	if (r < 0)
		return r;
	add_field(&out, "throttled_usec", cgroup_field(stat, "throttled_time"), 1000);
	return str_take(&out, ret);
}

static int get_io_weight(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	uint64_t n;
	int r = read_number(g, &key->v1[0], &n);

	if (r < 0)
		return r;
	n = n <= 100 ? n : n > 1000 ? weight_max : 100 + (n - 100) * 11;
	return text_number(n < 1 ? 1 : n, ret);
}

static int set_io_weight(const struct cgroup *g, const struct cgroup_setting *s,
			 const struct cgroup_settings *all, struct cgroup_writes *out)
{
	uint64_t n = s->value.number;

	if (s->value.line[0])
		return sys_fail(-EOPNOTSUPP, "check", s->name,
				"cgroup v1 keeps the weights of single devices in blkio.bfq.weight_device: set that file");
	return add_number(g, s, &s->key->v1[0], n <= 100 ? n : 100 + (n - 100) / 11, out);
}

/* A limit on bytes by itself. */
static int set_limit(const struct cgroup *g, const struct cgroup_setting *s,
		     const struct cgroup_settings *all, struct cgroup_writes *out)
{
	return add_number(g, s, &s->key->v1[0], s->value.number, out);
}

static int get_freeze(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	char *state __free(ptr) = NULL;
	int r = read_file(g, &key->v1[0], &state);

	/* FREEZING: asked for and not yet reached, which v2 shows as 1 too. */
	return r < 0 ? r : text_number(!str_eq(state, "THAWED"), ret);
}

static int set_freeze(const struct cgroup *g, const struct cgroup_setting *s,
		      const struct cgroup_settings *all, struct cgroup_writes *out)
{
	return add_write(g, s, &s->key->v1[0], strdup(s->value.number ? "FROZEN" : "THAWED"), out);
}

static const struct {
	int (*get)(const struct cgroup *g, const struct cgroup_key *key, char **ret);
	int (*set)(const struct cgroup *g, const struct cgroup_setting *s,
		   const struct cgroup_settings *all, struct cgroup_writes *out);
} how[] = {
	[V1_SAME] = {get_same, set_same},
	[V1_BYTES] = {get_bytes, NULL},
	[V1_MEMORY_MAX] = {get_bytes, set_memory_max},
	[V1_SWAP_MAX] = {get_swap_max, set_swap_max},
	[V1_SWAP_CURRENT] = {get_swap_current, NULL},
	[V1_MEMORY_EVENTS] = {get_memory_events, NULL},
	[V1_CPU_MAX] = {get_cpu_max, set_cpu_max},
	[V1_CPU_WEIGHT] = {get_cpu_weight, set_cpu_weight},
	[V1_CPU_STAT] = {get_cpu_stat, NULL},
	[V1_CPU_STAT_LOCAL] = {get_cpu_stat_local, NULL},
	[V1_IO_WEIGHT] = {get_io_weight, set_io_weight},
	[V1_FREEZE] = {get_freeze, set_freeze},
	[V1_LIMIT] = {get_bytes, set_limit},
	[V1_IO_MAX] = {v1_get_io_max, v1_set_io_max},
	[V1_IO_STAT] = {v1_get_io_stat, NULL},
};

static int v1_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text)
{
	return how[key->how].get ? how[key->how].get(g, key, ret_text) : -EOPNOTSUPP;
}

static int v1_compile(const struct cgroup *g, const struct cgroup_setting *s,
		      const struct cgroup_settings *all, struct cgroup_writes *out)
{
	return how[s->key->how].set ? how[s->key->how].set(g, s, all, out) : -EOPNOTSUPP;
}

static int v1_prepare_parent(struct cgroup *g, size_t h, size_t level, int parent_fd)
{
	return 0;
}

static int v1_prepare_child(const struct cgroup_hierarchy *h, int parent_fd, int child_fd)
{
	static const char *const files[] = {"cpuset.mems", "cpuset.cpus"};
	int r = 0;

	if (!cgroup_has_word(h->controllers, "cpuset"))
		return 0;
	for (size_t i = 0; r >= 0 && i < array_size(files); i++) {
		char *text __free(ptr) = NULL;

		r = cgroup_read(parent_fd, files[i], &text);
		if (r >= 0)
			r = cgroup_write(child_fd, files[i], text);
	}
	return r;
}

/* The processes' own descriptors tell when they are gone; a process may join late, so again. */
static int v1_wait_empty(int group_fd, uint64_t until_us)
{
	for (;;) {
		struct cgroup_pids pids __free(cgroup_pids) = {0};
		struct pollfd p = {.events = POLLIN};
		int r = cgroup_pids_read(group_fd, &pids);
		uint64_t now = cgroup_now_us();
		int fd __free(fd) = -EBADF;

		if (r < 0 || !pids.n)
			return r;
		if (now >= until_us)
			return -EBUSY;
		fd = sys_pidfd_open(pids.list[0]);
		p.fd = fd;
		/* Without a descriptor it is a thread or on its way out: look again in a while. */
		r = sys_poll(&p, fd >= 0, fd >= 0 ? (int)((until_us - now) / 1000) + 1 : 1);
		if (r > 0)
			sys_poll(NULL, 0, 1);
	}
}

static int v1_freeze(int group_fd, bool on)
{
	return cgroup_write(group_fd, "freezer.state", on ? "FROZEN" : "THAWED");
}

static int v1_wait_frozen(int group_fd, bool on, uint64_t until_us)
{
	for (;;) {
		char *state __free(ptr) = NULL;
		int r = cgroup_read(group_fd, "freezer.state", &state);

		if (r < 0 || str_eq(state, on ? "FROZEN" : "THAWED"))
			return r;
		if (cgroup_now_us() >= until_us)
			return -EBUSY;
		sys_poll(NULL, 0, 1);
	}
}

static void v1_explain(const struct cgroup *g, const char *file, int error, struct str *out)
{
	static const struct {
		const char *file;
		int error;
		const char *text;
	} rows[] = {
		{"memory.limit_in_bytes", -EBUSY, "the group uses more, and it can't be reclaimed"},
		{"memory.memsw.limit_in_bytes", -EBUSY, "the group uses more, and it can't be reclaimed"},
		{"memory.memsw.limit_in_bytes", -EINVAL, "memory and swap together can't be below memory alone"},
		{"cpu.cfs_quota_us", -EINVAL, "a parent has less, or a group below has more"},
		{"cpu.cfs_period_us", -EINVAL, "a parent has less, or a group below has more"},
		{"cpuset.cpus", -EACCES, "the parent does not have all of these"},
		{"cpuset.mems", -EACCES, "the parent does not have all of these"},
		{"cpuset.cpus", -EINVAL, "not all of these are there and online"},
		{"cpuset.mems", -EINVAL, "not all of these are there and online"},
		{"cpuset.cpus", -ERANGE, "there are no such CPUs"},
		{"cpuset.mems", -ERANGE, "there are no such memory nodes"},
		{"cpuset.cpus", -EBUSY, "a group below uses more, or a sibling has them for itself"},
		{"cpuset.cpus", -ENOSPC, "a group with processes can't be left without"},
		{"cpuset.mems", -ENOSPC, "a group with processes can't be left without"},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].error == error && str_eq(rows[i].file, file)) {
			str_add(out, rows[i].text);
			return;
		}
}

const struct cgroup_ops cgroup_v1_ops = {
	.v2 = false,
	.join_file = "tasks",
	.read = v1_read,
	.compile = v1_compile,
	.prepare_parent = v1_prepare_parent,
	.prepare_child = v1_prepare_child,
	.kill = cgroup_kill_each,
	.wait_empty = v1_wait_empty,
	.freeze = v1_freeze,
	.wait_frozen = v1_wait_frozen,
	.frozen_file = "freezer.self_freezing",
	.explain = v1_explain,
};
