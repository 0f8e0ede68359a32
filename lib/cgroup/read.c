// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading: one key, and what a group has used as numbers. */
#include <ringfence/units.h>

#include "cgroup/cgroup.h"

/* A file by its own name, in the first hierarchy that has it. */
static int get_raw(const struct cgroup *g, const char *file, char **ret_value)
{
	if (!*file || strchr(file, '/') || str_eq(file, ".") || str_eq(file, ".."))
		return sys_fail(-EINVAL, "check", file, "is not the name of a key or file");
	for (size_t h = 0; h < g->fs->n; h++) {
		int r = g->fd[h] < 0 ? -ENOENT : cgroup_read(g->fd[h], file, ret_value);

		if (r != -ENOENT)
			return r;
	}
	return sys_fail(-ENOENT, "open", file, "group /%s has no such key or file", g->name);
}

static int get_key(const struct cgroup *g, const struct cgroup_key *key, char **ret_value)
{
	const struct cgroup_ops *ops = cgroup_key_is_v1(g->fs, key) ? &cgroup_v1_ops : &cgroup_v2_ops;
	struct str cause __free(str) = {0};
	int r;

	if (!cgroup_key_hierarchies(g->fs, key) && !cgroup_key_is_v1(g->fs, key))
		return sys_fail(-ENOENT, "check", key->pub.name,
				"this system has no %s controller mounted", key->pub.controller);
	r = ops->read(g, key, ret_value);
	if (r == -EOPNOTSUPP && !ops->v2)
		return sys_fail(r, "check", key->pub.name, "cgroup v1 has nothing like it");
	if (r == -ENOENT) {
		ops->explain(g, key->pub.name, r, &cause);
		return sys_fail(r, "open", key->pub.name, "group /%s does not have it%s%s", g->name,
				cause.len ? ": " : "", cause.s ?: "");
	}
	return r;
}

static int get(const struct cgroup *g, const char *name, char **ret_value)
{
	const struct cgroup_key *key = cgroup_key_find(name);

	return key ? get_key(g, key, ret_value) : get_raw(g, name, ret_value);
}

int rf_cgroup_get(struct rf_cgroup_fs *fs, const char *group, const char *key, char **ret_value)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	return r < 0 ? r : get(g, key, ret_value);
}

int rf_cgroup_exists(struct rf_cgroup_fs *fs, const char *group)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* Where each number of a usage comes from: a key, and a line of it, or the whole. */
static const struct {
	size_t offset;
	const char *key, *field;
} numbers[] = {
#define NUMBER(member, key, field) {offsetof(struct rf_cgroup_usage, member), key, field}
	NUMBER(cpu_us, "cpu.stat", "usage_usec"),
	NUMBER(cpu_user_us, "cpu.stat", "user_usec"),
	NUMBER(cpu_system_us, "cpu.stat", "system_usec"),
	NUMBER(nr_periods, "cpu.stat", "nr_periods"),
	NUMBER(nr_throttled, "cpu.stat", "nr_throttled"),
	NUMBER(throttled_us, "cpu.stat", "throttled_usec"),
	NUMBER(cpu_quota_us, "cpu.max", NULL),
	NUMBER(memory_bytes, "memory.current", NULL),
	NUMBER(memory_peak_bytes, "memory.peak", NULL),
	NUMBER(memory_max_bytes, "memory.max", NULL),
	NUMBER(oom_kills, "memory.events", "oom_kill"),
	NUMBER(pids, "pids.current", NULL),
	NUMBER(pids_peak, "pids.peak", NULL),
	NUMBER(pids_max, "pids.max", NULL),
#undef NUMBER
};

static uint64_t *number_of(struct rf_cgroup_usage *u, size_t offset)
{
	return (uint64_t *)(void *)((char *)u + offset);
}

static int count_processes(const struct cgroup *g, uint64_t *ret_n)
{
	struct cgroup_pids all __free(cgroup_pids) = {0};
	uint64_t n = 0;

	for (size_t h = 0; h < g->fs->n; h++) {
		size_t before = all.n;
		int r = g->fd[h] < 0 ? 0 : cgroup_pids_read(g->fd[h], &all);

		if (r < 0)
			return r;
		/* One process is usually in all of them. The kernel sorts no list: compare all. */
		for (size_t i = before; i < all.n; i++) {
			size_t j = 0;

			while (j < before && all.list[j] != all.list[i])
				j++;
			n += j == before;
		}
	}
	*ret_n = n;
	return 0;
}

int rf_cgroup_usage(struct rf_cgroup_fs *fs, const char *group, struct rf_cgroup_usage *ret_usage)
{
	struct rf_cgroup_usage u = {.size = sizeof(u), .cpu_period_us = RF_CGROUP_UNKNOWN};
	struct cgroup *g __free(cgroup) = NULL;
	char *text = NULL;
	const char *last = "";
	int r = cgroup_open(fs, group, &g);

	if (r >= 0)
		r = count_processes(g, &u.n_processes);
	for (size_t i = 0; r >= 0 && i < array_size(numbers); i++) {
		const struct cgroup_key *key = cgroup_key_find(numbers[i].key);
		uint64_t *to = number_of(&u, numbers[i].offset);
		struct cgroup_value v = {0};

		*to = RF_CGROUP_UNKNOWN;
		if (!str_eq(last, numbers[i].key)) {
			free(text);
			text = NULL;
			if (get_key(g, key, &text) < 0)
				text = NULL;
			last = numbers[i].key;
		}
		if (text && numbers[i].field)
			*to = cgroup_field(text, numbers[i].field);
		else if (text && cgroup_value_read(key, text, &v) >= 0)
			*to = v.number;
		if (text && key->kind == CGROUP_CPU && *to != RF_CGROUP_UNKNOWN)
			u.cpu_period_us = v.period;
	}
	free(text);
	if (r < 0)
		return r;
	*ret_usage = u;
	return 0;
}

/* The names of all groups below one, from every hierarchy. */
struct names {
	char **list;
	size_t n;
	struct str at; /* the name of the directory under way */
	int error;
};

static int add_name(struct names *names)
{
	char **more = names->list;

	if (!(names->n & (names->n - 1)))
		more = realloc(names->list, (names->n ? names->n * 2 : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	names->list = more;
	names->list[names->n] = strdup(names->at.s ?: "");
	return names->list[names->n++] ? 0 : -ENOMEM;
}

static int visit(int dirfd, const char *name, void *data)
{
	struct names *names = data;
	size_t len = names->at.len;
	int fd __free(fd) = cgroup_child(dirfd, name);
	int r;

	/* Removed meanwhile, or another mount. */
	if (fd < 0)
		return fd == -ENOENT || fd == -EXDEV ? 0 : fd;
	if (!str_eq(name, "."))
		str_addf(&names->at, "%s%s", len ? "/" : "", name);
	r = names->at.failed ? -ENOMEM : add_name(names);
	if (r >= 0)
		r = cgroup_each_child(fd, visit, names);
	if (!names->at.failed && names->at.s)
		names->at.s[names->at.len = len] = '\0';
	return r;
}

int cgroup_compare_names(const char *a, const char *b)
{
	const unsigned char *s = (const unsigned char *)a, *t = (const unsigned char *)b;

	while (*s && *s == *t)
		s++, t++;
	if (*s == *t)
		return 0;
	/* The slash sorts before all. */
	return (*s == '/' ? 1 : *s ? *s + 1 : 0) - (*t == '/' ? 1 : *t ? *t + 1 : 0);
}

static int by_path(const void *a, const void *b)
{
	return cgroup_compare_names(*(char *const *)a, *(char *const *)b);
}

static void names_done(struct names *names)
{
	for (size_t i = 0; i < names->n; i++)
		free(names->list[i]);
	free(names->list);
	str_done(&names->at);
}
DEFINE_FREE(names, struct names, names_done(&v))

int rf_cgroup_walk(struct rf_cgroup_fs *fs, const char *group, rf_cgroup_walk_fn *fn, void *data)
{
	struct names names __free(names) = {0};
	struct cgroup *g __free(cgroup) = NULL;
	int r = cgroup_open(fs, group, &g);

	for (size_t h = 0; r >= 0 && h < fs->n; h++) {
		if (g->fd[h] < 0)
			continue;
		str_done(&names.at);
		str_add(&names.at, g->name);
		r = visit(g->fd[h], ".", &names);
	}
	if (r < 0 || !names.n)
		return r;
	qsort(names.list, names.n, sizeof(*names.list), by_path);
	for (size_t i = 0; !r && i < names.n; i++)
		if (!i || strcmp(names.list[i - 1], names.list[i]))
			r = fn(names.list[i], data);
	return r;
}
