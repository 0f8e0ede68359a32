// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What limits a process or group. A limit holds for everything below its group, so each key is
 * read in the target's group and in every one above, and the lowest value is what holds. On v1 a
 * process may be in another group for each controller: the way up begins where that controller's
 * hierarchy has it.
 *
 * What was used counts in the group that sets the limit, with all its groups below. Where another
 * group on the way has less room left, that one is full first, although its limit is higher.
 *
 * Numbers of hits count from the making of the group; the kernel keeps no time of that.
 */
#include "cgroup/why.h"

#include "base/file.h"

static const struct {
	const char *resource, *key;
	enum why_kind kind;
	const char *used, *events, *field, *hit;
} keys[] = {
	{"cpu", "cpu.max", WHY_CPU, NULL, "cpu.stat", "nr_throttled", "periods throttled"},
	{"memory", "memory.max", WHY_BYTES, "memory.current", "memory.events", "max", "times at the limit"},
	{"memory", "memory.high", WHY_BYTES, "memory.current", "memory.events", "high", "times slowed down"},
	{"swap", "memory.swap.max", WHY_BYTES, "memory.swap.current", "memory.swap.events", "fail", "times refused"},
	{"pids", "pids.max", WHY_COUNT, "pids.current", "pids.events", "max", "forks refused"},
	{"io", "io.max", WHY_DISK, NULL, NULL, NULL, NULL},
	{"cpuset", "cpuset.cpus", WHY_LIST, NULL, NULL, NULL, NULL},
	{"cpuset", "cpuset.mems", WHY_LIST, NULL, NULL, NULL, NULL},
	{"freezer", "cgroup.freeze", WHY_FROZEN, NULL, NULL, NULL, NULL},
};
_Static_assert(array_size(keys) <= WHY_MAX_LIMITS, "no room for all limits");

/* The target's group in the hierarchy of a key, without slash in front; NULL: none. */
static char *group_for(const struct rf_cgroup_fs *fs, const struct why *w, const char *key)
{
	uint32_t bits = cgroup_key_hierarchies(fs, cgroup_key_find(key));
	char *path __free(ptr) = NULL;

	if (!w->pid)
		return strdup(w->group);
	for (size_t h = 0; h < fs->n; h++)
		if ((bits >> h & 1) && cgroup_path_in(w->groups, &fs->h[h], &path) >= 0)
			return strdup(path + (*path == '/'));
	return NULL;
}

static char *value(struct rf_cgroup_fs *fs, const char *group, const char *key)
{
	char *text = NULL;

	return rf_cgroup_get(fs, group, key, &text) < 0 ? NULL : text;
}

static uint64_t number_of(enum why_kind kind, const char *text)
{
	unsigned long long quota, period;
	uint64_t n;

	if (kind == WHY_FROZEN)
		return str_eq(text, "1") ? 1 : RF_MAX;
	if (str_starts(text, "max"))
		return RF_MAX;
	if (kind == WHY_CPU)
		return sscanf(text, "%llu %llu", &quota, &period) == 2 && period ? quota * 1000 / period : RF_MAX;
	return str_to_u64(text, &n) < 0 ? RF_MAX : n;
}

/* Does this value, of a group above the ones before, take the place of what was found so far? */
static bool takes_over(const struct why_limit *l, const char *text, uint64_t number)
{
	switch (l->kind) {
	case WHY_LIST: /* the nearest one that says anything */
		return !l->group && *text;
	case WHY_DISK:
		return !l->group && strchr(text, '=');
	default:
		return number != RF_MAX && (!l->group || number < l->limit);
	}
}

static uint64_t used_of(struct rf_cgroup_fs *fs, const char *group, const char *key)
{
	char *text __free(ptr) = key ? value(fs, group, key) : NULL;
	uint64_t n;

	return text && str_to_u64(text, &n) >= 0 ? n : RF_CGROUP_UNKNOWN;
}

/* The groups on the way up, where each has less room than the ones before. */
struct room {
	char *group;
	uint64_t left;
};

static int look_at(struct rf_cgroup_fs *fs, size_t k, const char *group, struct why_limit *l, struct room *room)
{
	char *text __free(ptr) = value(fs, group, keys[k].key);
	uint64_t number, used;

	if (!text)
		return 0;
	l->known = true;
	number = number_of(l->kind, text);
	used = number == RF_MAX ? RF_CGROUP_UNKNOWN : used_of(fs, group, keys[k].used);
	if (used != RF_CGROUP_UNKNOWN && (!room->group || (number > used ? number - used : 0) < room->left)) {
		free(room->group);
		room->left = number > used ? number - used : 0;
		room->group = str_format("/%s", group);
		if (!room->group)
			return -ENOMEM;
	}
	if (!takes_over(l, text, number))
		return 0;
	free(l->text);
	free(l->group);
	l->text = take_ptr(&text);
	l->group = str_format("/%s", group);
	l->limit = number;
	l->used = used;
	return l->group ? 0 : -ENOMEM;
}

static void look_at_events(struct rf_cgroup_fs *fs, size_t k, const char *own, struct why_limit *l)
{
	char *there __free(ptr) = keys[k].events && l->group ? value(fs, l->group, keys[k].events) : NULL;
	char *here __free(ptr) = keys[k].events ? value(fs, own, keys[k].events) : NULL;
	uint64_t n = here ? cgroup_field(here, keys[k].field) : RF_CGROUP_UNKNOWN;

	l->hits = there ? cgroup_field(there, keys[k].field) : RF_CGROUP_UNKNOWN;
	/* Before Linux 6.12 a refused fork counts in the group where it was tried. */
	if (l->kind == WHY_COUNT && n != RF_CGROUP_UNKNOWN && (l->hits == RF_CGROUP_UNKNOWN || n > l->hits))
		l->hits = n;
	l->hit = keys[k].hit;
	if (l->kind != WHY_CPU || !there)
		return;
	l->periods = cgroup_field(there, "nr_periods");
	l->throttled_us = cgroup_field(there, "throttled_usec");
}

static char *command_for(const struct why_limit *l)
{
	enum { MIB = 1 << 20 };
	uint64_t more;
	unsigned long long quota = 0, period = 1;

	if (!l->group)
		return NULL;
	switch (l->kind) {
	case WHY_BYTES:
		more = l->limit + l->limit / 2 + MIB;
		return str_format("cgctl set %s %s=%luM", l->group, l->key, more / MIB);
	case WHY_COUNT:
		return str_format("cgctl set %s %s=%lu", l->group, l->key, l->limit * 2 + 1);
	case WHY_CPU:
		sscanf(l->text, "%llu %llu", &quota, &period);
		return str_format("cgctl set %s cpu.max='%llu %llu'", l->group, quota * 2, period);
	case WHY_FROZEN:
		return str_format("cgctl thaw %s", l->group);
	case WHY_DISK:
		return str_format("cgctl set %s io.max='%.*s rbps=max wbps=max riops=max wiops=max'", l->group,
				  (int)strcspn(l->text, " "), l->text);
	case WHY_LIST:
		return NULL; /* more than the group above has can't be had */
	}
	return NULL;
}

static int look_at_limit(struct rf_cgroup_fs *fs, size_t k, struct why *w)
{
	struct why_limit *l = &w->limits[w->n_limits++];
	char *group __free(ptr) = group_for(fs, w, keys[k].key), *own __free(ptr) = NULL;
	struct room room = {0};
	int r = 0;

	*l = (struct why_limit){.resource = keys[k].resource, .key = keys[k].key, .kind = keys[k].kind, .limit = RF_MAX,
				.used = RF_CGROUP_UNKNOWN, .hits = RF_CGROUP_UNKNOWN, .periods = RF_CGROUP_UNKNOWN,
				.throttled_us = RF_CGROUP_UNKNOWN};
	own = group ? strdup(group) : NULL;
	for (bool more = group; more && r >= 0;) {
		more = *group;
		r = look_at(fs, k, group, l, &room);
		*(strrchr(group, '/') ?: group) = '\0';
	}
	if (own)
		look_at_events(fs, k, own, l);
	l->command = command_for(l);
	if (!l->group && own && l->known && l->kind != WHY_LIST && l->kind != WHY_FROZEN && l->kind != WHY_DISK)
		l->used = used_of(fs, own, keys[k].used);
	if (room.group && l->group && !str_eq(room.group, l->group)) {
		l->full_first = take_ptr(&room.group);
		l->full_first_left = room.left;
	}
	free(room.group);
	return r;
}

static void take_pressure(struct why *w, const char *resource, const char *text, bool full)
{
	const char *line = strstr(text, full ? "full " : "some ");
	struct why_pressure p = {.resource = resource, .full = full};
	unsigned long long total;

	if (!line || sscanf(line + 5, "avg10=%lf avg60=%lf avg300=%lf total=%llu", &p.avg10, &p.avg60, &p.avg300, &total) != 4)
		return;
	p.total_us = total;
	w->pressures[w->n_pressures++] = p;
}

static void look_at_pressure(struct rf_cgroup_fs *fs, struct why *w)
{
	static const char *const files[][2] = {{"cpu", "cpu.pressure"}, {"memory", "memory.pressure"}, {"io", "io.pressure"}};

	int h = cgroup_v2_of(fs);
	char *group __free(ptr) = NULL;

	if (!w->pid)
		group = strdup(w->group);
	else if (h >= 0 && cgroup_path_in(w->groups, &fs->h[h], &w->pressure_group) >= 0)
		group = strdup(w->pressure_group + 1);
	if (group && !w->pressure_group)
		w->pressure_group = str_format("/%s", group);
	for (size_t i = 0; group && i < array_size(files); i++) {
		char *text __free(ptr) = value(fs, group, files[i][1]);

		if (!text)
			continue;
		take_pressure(w, files[i][0], text, false);
		/* Of the CPU, "full" means nothing at the root, and seldom anything else. */
		if (i)
			take_pressure(w, files[i][0], text, true);
	}
}

static int by_size(const void *a, const void *b)
{
	const struct facts_task *s = a, *t = b;

	return (s->rss_bytes < t->rss_bytes) - (s->rss_bytes > t->rss_bytes);
}

static int look_at_tasks(struct rf_cgroup_fs *fs, struct why *w)
{
	int proc __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	struct facts_tasks all __free(facts_tasks) = {0};
	int r = proc < 0 ? proc : facts_read_tasks(proc, false, &all);

	if (r < 0)
		return r;
	if (all.n)
		qsort(all.list, all.n, sizeof(*all.list), by_size);
	for (size_t i = 0; i < all.n; i++) {
		const struct facts_task *t = &all.list[i];
		struct why_task *to;

		if (!facts_task_below(fs, t, w->group))
			continue;
		if (w->n_tasks++ >= WHY_MAX_TASKS)
			continue;
		to = &w->tasks[w->n_tasks - 1];
		*to = (struct why_task){.pid = t->pid, .state = t->state, .rss_bytes = t->rss_bytes, .threads = t->threads};
		memcpy(to->name, t->comm, sizeof(to->name));
	}
	return 0;
}

static int look_at_kills(struct rf_cgroup_fs *fs, const char *log, struct why *w)
{
	char *group __free(ptr) = group_for(fs, w, "memory.max"), *text __free(ptr) = NULL, *events __free(ptr) = NULL;
	int r = log ? 0 : oom_read_log(&text);

	events = group ? value(fs, group, "memory.events") : NULL;
	w->oom_kills = events ? cgroup_field(events, "oom_kill") : RF_CGROUP_UNKNOWN;
	w->oom_group_kills = events ? cgroup_field(events, "oom_group_kill") : RF_CGROUP_UNKNOWN;
	w->log_error = r < 0 ? -r : 0;
	if (r < 0)
		return 0;
	r = oom_parse(log ?: text, &w->log);
	for (size_t i = w->log.n; i-- > 0 && w->n_kills < WHY_MAX_KILLS;)
		if (oom_concerns(&w->log.list[i], group ?: w->group))
			w->kills[w->n_kills++] = i;
	return r;
}

static int look_at_process(struct rf_cgroup_fs *fs, const char *target, struct why *w)
{
	char path[64], *name __free(ptr) = NULL;
	uint64_t pid;
	int r = str_to_u64(target, &pid);

	if (r < 0 || !pid || pid > INT32_MAX)
		return sys_fail(-EINVAL, "check", target, "is no process id");
	w->pid = (pid_t)pid;
	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	r = file_read_at(AT_FDCWD, path, CGROUP_FILE_LIMIT, &w->groups, NULL);
	if (r < 0)
		return r == -ENOENT ? sys_fail(-ESRCH, "check", target, "no such process; a group of this name is /%s", target) : r;
	snprintf(path, sizeof(path), "/proc/%d/comm", (int)pid);
	if (file_read_at(AT_FDCWD, path, FACTS_COMM, &name, NULL) >= 0)
		snprintf(w->name, sizeof(w->name), "%.*s", (int)strcspn(name, "\n"), name);
	w->group = group_for(fs, w, "memory.max") ?: group_for(fs, w, "cgroup.procs");
	return w->group ? 0 : sys_fail(-ENOENT, "check", target, "the process is in no group of a mounted hierarchy");
}

static int look_at_target(struct rf_cgroup_fs *fs, const char *target, struct why *w)
{
	int r;

	if (*target && !target[strspn(target, "0123456789")])
		return look_at_process(fs, target, w);
	r = cgroup_name(target, &w->group);
	if (r >= 0)
		r = rf_cgroup_exists(fs, w->group);
	return r ? r : sys_fail(-ENOENT, "check", target, "no hierarchy has this group");
}

int why_look(struct rf_cgroup_fs *fs, const char *target, const char *log, struct why *ret)
{
	struct why w __free(why) = {.oom_kills = RF_CGROUP_UNKNOWN};
	int r = look_at_target(fs, target, &w);

	for (size_t k = 0; r >= 0 && k < array_size(keys); k++)
		r = look_at_limit(fs, k, &w);
	if (r >= 0)
		look_at_pressure(fs, &w);
	if (r >= 0)
		r = look_at_tasks(fs, &w);
	if (r >= 0)
		r = look_at_kills(fs, log, &w);
	if (r < 0)
		return r;
	why_answer(&w);
	if (w.answer.failed)
		return -ENOMEM;
	*ret = w;
	w = (struct why){0};
	return 0;
}

void why_done(struct why *w)
{
	for (size_t i = 0; i < w->n_limits; i++) {
		free(w->limits[i].text);
		free(w->limits[i].group);
		free(w->limits[i].full_first);
		free(w->limits[i].command);
	}
	free(w->group);
	free(w->groups);
	free(w->pressure_group);
	oom_log_done(&w->log);
	str_done(&w->answer);
}
