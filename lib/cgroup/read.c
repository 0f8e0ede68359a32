// SPDX-License-Identifier: LGPL-2.1-or-later
/* Reading: one key, and what a group has used as numbers. */
#include <ringfence/units.h>

#include <stdlib.h>

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

	if (key->v1_only && !cgroup_key_is_v1(g->fs, key))
		return sys_fail(-EOPNOTSUPP, "check", key->pub.name,
				"is a key of cgroup v1, and no v1 hierarchy has the %s controller here",
				key->pub.controller);
	if (key->kept && !cgroup_key_is_v1(g->fs, key) && cgroup_v2_of(g->fs) < 0)
		return cgroup_kept_check(g->fs, key);
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

int cgroup_get(const struct cgroup *g, const char *name, char **ret_value)
{
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = cgroup_key_for(cgroup_key_find(name), name, &copy);

	if (key && key->kind == CGROUP_TRIGGER)
		return sys_fail(-EINVAL, "check", name, "can be set but not read");
	return key ? get_key(g, key, ret_value) : get_raw(g, name, ret_value);
}

int rf_cgroup_get(struct rf_cgroup_fs *fs, const char *group, const char *key, char **ret_value)
{
	const struct cgroup_key *known = cgroup_key_find(key);
	uint32_t hierarchies = known ? cgroup_key_hierarchies(fs, known) : 0;
	struct cgroup *g __free(cgroup) = NULL;
	int r = hierarchies ? cgroup_open_in(fs, group, hierarchies, &g) : -ENOENT;

	/* Elsewhere it can still tell why it does not have the key. */
	if (r == -ENOENT)
		r = cgroup_open(fs, group, &g);
	return r < 0 ? r : cgroup_get(g, key, ret_value);
}

int rf_cgroup_exists(struct rf_cgroup_fs *fs, const char *group)
{
	struct cgroup *g __free(cgroup) = NULL;
	int r = -ENOENT;

	for (size_t h = 0; r == -ENOENT && h < fs->n; h++)
		r = cgroup_open_in(fs, group, 1u << h, &g);
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

/* How a number stands in the text of a key. */
enum number_how {
	WHOLE, /* it is all of it */
	FIELD, /* "field 5" */
	TOTAL, /* "some … total=5" */
	SUM,   /* "254:0 … field=5": over all lines */
};

static const struct {
	unsigned want;
	size_t offset;
	const char *key, *field;
	enum number_how how;
} numbers[] = {
#define NUMBER(want, member, key, how, field) \
	{RF_CGROUP_USE_##want, offsetof(struct rf_cgroup_usage, member), key, field, how}
	NUMBER(CPU, cpu_us, "cpu.stat", FIELD, "usage_usec"),
	NUMBER(CPU, cpu_user_us, "cpu.stat", FIELD, "user_usec"),
	NUMBER(CPU, cpu_system_us, "cpu.stat", FIELD, "system_usec"),
	NUMBER(CPU, nr_periods, "cpu.stat", FIELD, "nr_periods"),
	NUMBER(CPU, nr_throttled, "cpu.stat", FIELD, "nr_throttled"),
	NUMBER(CPU, throttled_us, "cpu.stat", FIELD, "throttled_usec"),
	NUMBER(CPU, cpu_quota_us, "cpu.max", WHOLE, NULL),
	NUMBER(MEMORY, memory_bytes, "memory.current", WHOLE, NULL),
	NUMBER(MEMORY, memory_peak_bytes, "memory.peak", WHOLE, NULL),
	NUMBER(MEMORY, memory_max_bytes, "memory.max", WHOLE, NULL),
	NUMBER(MEMORY, swap_bytes, "memory.swap.current", WHOLE, NULL),
	NUMBER(MEMORY, swap_peak_bytes, "memory.swap.peak", WHOLE, NULL),
	NUMBER(MEMORY, memory_high_hits, "memory.events", FIELD, "high"),
	NUMBER(MEMORY, memory_max_hits, "memory.events", FIELD, "max"),
	NUMBER(MEMORY, oom_kills, "memory.events", FIELD, "oom_kill"),
	NUMBER(PIDS, pids, "pids.current", WHOLE, NULL),
	NUMBER(PIDS, pids_peak, "pids.peak", WHOLE, NULL),
	NUMBER(PIDS, pids_max, "pids.max", WHOLE, NULL),
	NUMBER(PIDS, pids_max_hits, "pids.events", FIELD, "max"),
	NUMBER(IO, io_read_bytes, "io.stat", SUM, "rbytes"),
	NUMBER(IO, io_write_bytes, "io.stat", SUM, "wbytes"),
	NUMBER(IO, io_reads, "io.stat", SUM, "rios"),
	NUMBER(IO, io_writes, "io.stat", SUM, "wios"),
	NUMBER(PRESSURE, cpu_some_us, "cpu.pressure", TOTAL, "some"),
	NUMBER(PRESSURE, memory_some_us, "memory.pressure", TOTAL, "some"),
	NUMBER(PRESSURE, memory_full_us, "memory.pressure", TOTAL, "full"),
	NUMBER(PRESSURE, io_some_us, "io.pressure", TOTAL, "some"),
	NUMBER(PRESSURE, io_full_us, "io.pressure", TOTAL, "full"),
	NUMBER(RECLAIM, reclaimed_pages, "memory.stat", FIELD, "pgsteal"),
	NUMBER(RECLAIM, refault_anon_pages, "memory.stat", FIELD, "workingset_refault_anon"),
	NUMBER(RECLAIM, refault_file_pages, "memory.stat", FIELD, "workingset_refault_file"),
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
		n += cgroup_pids_new(&all, before);
	}
	*ret_n = n;
	return 0;
}

static uint64_t line_total(const char *text, const char *field)
{
	const char *line = cgroup_nested_line(text, field, strlen(field)), *total = line ? strstr(line, "total=") : NULL;

	return total && total < line + strcspn(line, "\n") ? strtoull(total + 6, NULL, 10) : RF_CGROUP_UNKNOWN;
}

static uint64_t sum_of(const char *text, const char *field)
{
	uint64_t sum = 0;
	char want[32];
	int len = snprintf(want, sizeof(want), " %s=", field);

	for (const char *at = text; (at = strstr(at, want)); at += len)
		sum += strtoull(at + len, NULL, 10);
	return sum;
}

static uint64_t number_in(size_t i, const struct cgroup_key *key, const char *text, struct rf_cgroup_usage *u)
{
	struct cgroup_value v = {0};

	switch (numbers[i].how) {
	case FIELD:
		return cgroup_field(text, numbers[i].field);
	case TOTAL:
		return line_total(text, numbers[i].field);
	case SUM:
		return sum_of(text, numbers[i].field);
	case WHOLE:
		break;
	}
	if (cgroup_value_read(key, text, &v) < 0)
		return RF_CGROUP_UNKNOWN;
	if (key->kind == CGROUP_CPU)
		u->cpu_period_us = v.period;
	return v.number;
}

int rf_cgroup_usage(struct rf_cgroup_fs *fs, const char *group, struct rf_cgroup_usage *ret_usage)
{
	unsigned wanted = ret_usage->wanted ?: ~0u;
	struct rf_cgroup_usage u = {.size = sizeof(u), .wanted = wanted, .cpu_period_us = RF_CGROUP_UNKNOWN,
				    .n_processes = RF_CGROUP_UNKNOWN};
	struct cgroup *g __free(cgroup) = NULL;
	char *text = NULL;
	const char *last = "";
	int r = cgroup_open(fs, group, &g);

	if (r >= 0 && (wanted & RF_CGROUP_USE_PROCESSES))
		r = count_processes(g, &u.n_processes);
	for (size_t i = 0; r >= 0 && i < array_size(numbers); i++) {
		const struct cgroup_key *key = cgroup_key_find(numbers[i].key);
		uint64_t *to = number_of(&u, numbers[i].offset);

		*to = RF_CGROUP_UNKNOWN;
		if (!(wanted & numbers[i].want))
			continue;
		if (!str_eq(last, numbers[i].key)) {
			free(text);
			text = NULL;
			if (get_key(g, key, &text) < 0)
				text = NULL;
			last = numbers[i].key;
		}
		if (text)
			*to = number_in(i, key, text, &u);
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
	dev_t dev;     /* of the hierarchy under way */
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
	struct stat st;
	bool leaf = cgroup_is_leaf(dirfd, name, names->dev, &st);
	int r, fd __free(fd) = leaf ? -EBADF : cgroup_child(dirfd, name);

	/* Removed meanwhile, or another mount. */
	if (!leaf && fd < 0)
		return fd == -ENOENT || fd == -EXDEV ? 0 : fd;
	if (!str_eq(name, "."))
		str_addf(&names->at, "%s%s", len ? "/" : "", name);
	r = names->at.failed ? -ENOMEM : add_name(names);
	if (r >= 0 && !leaf)
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
		names.dev = cgroup_dev(g->fd[h]);
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
