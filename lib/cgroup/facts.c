// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the doctor's rules judge: values of groups, owners, processes, and the few files that tell of
 * the system. A value is read when a rule first asks for it, and kept. A group that goes away
 * meanwhile, or a file that can't be read, is a value that is not known; no rule fires for it.
 *
 * The groups asked for are read, those above them, since limits come from there, and those beside
 * them, since weights count against them.
 *
 * A copied tree is read by the same code. It is a directory with proc/self/cgroup (without it: v2
 * alone), sys/fs/cgroup/… as it was mounted, and the files of facts_system[].
 */
#include <stdarg.h>
#include <unistd.h>

#include "base/file.h"
#include "cgroup/facts.h"

static const char *const names[] = {
	"cgroup.controllers", "cgroup.subtree_control", "cgroup.type", "cgroup.events", "cgroup.stat", "cgroup.freeze",
	"cgroup.pressure", "cgroup.max.descendants", "cgroup.max.depth",
	"cpu.max", "cpu.max.burst", "cpu.weight", "cpu.idle", "cpu.stat", "cpu.uclamp.min", "cpu.uclamp.max",
	"cpuset.cpus", "cpuset.cpus.effective", "cpuset.mems", "cpuset.mems.effective", "cpuset.cpus.partition",
	"memory.min", "memory.low", "memory.high", "memory.max", "memory.current", "memory.stat", "memory.events",
	"memory.oom.group", "memory.swap.max", "memory.swap.current", "memory.zswap.max",
	"io.max", "io.weight", "io.cost.qos", "io.bfq.weight", "io.latency", "io.stat",
	"pids.max", "pids.current", "pids.events",
	/* Of v1 alone, as the files are called. */
	"memory.use_hierarchy", "memory.oom_control", "memory.kmem.limit_in_bytes", "memory.memsw.limit_in_bytes",
	"memory.move_charge_at_immigrate", "blkio.throttle.write_bps_device", "blkio.throttle.write_iops_device",
	"cpu.shares", "cpu.rt_runtime_us", "cgroup.clone_children", "notify_on_release", "release_agent",
};
_Static_assert(array_size(names) <= FACTS_MAX_VALUES, "a group has no room for all values");

static const char *const facts_system[] = {
	"proc/swaps", "proc/meminfo", "proc/cmdline", "proc/self/mounts", "proc/1/comm", "proc/pressure/memory",
	"proc/sys/kernel/core_pattern", "sys/devices/system/cpu/online", "etc/cgconfig.conf",
};
_Static_assert(array_size(facts_system) <= FACTS_MAX_SYSTEM, "no room for all files of the system");

/* --- looking */

uint64_t fact_number(const struct facts_group *g, const char *key)
{
	const char *text = fact(g, key);
	uint64_t n;

	if (!text)
		return RF_CGROUP_UNKNOWN;
	if (str_eq(text, "max"))
		return RF_MAX;
	return str_to_u64(text, &n) < 0 ? RF_CGROUP_UNKNOWN : n;
}

uint64_t fact_field(const struct facts_group *g, const char *key, const char *field)
{
	const char *text = fact(g, key);

	return text ? cgroup_field(text, field) : RF_CGROUP_UNKNOWN;
}

bool fact_set(uint64_t number)
{
	return number != RF_MAX && number != RF_CGROUP_UNKNOWN;
}

uint64_t fact_quota(const struct facts_group *g)
{
	const char *text = fact(g, "cpu.max");
	char words[64], *period_word;
	uint64_t quota, period;

	if (!text || str_copy(words, sizeof(words), text) < 0)
		return RF_CGROUP_UNKNOWN;
	if (str_starts(words, "max"))
		return RF_MAX;
	words[strcspn(words, "\n")] = '\0';
	period_word = strchr(words, ' ');
	if (!period_word)
		return RF_CGROUP_UNKNOWN;
	*period_word++ = '\0';
	if (str_to_u64(words, &quota) < 0 || str_to_u64(period_word, &period) < 0 || !period)
		return RF_CGROUP_UNKNOWN;
	return quota * 1000 / period;
}

const char *fact_system(const struct facts *f, const char *path)
{
	for (size_t i = 0; i < array_size(facts_system); i++)
		if (str_eq(facts_system[i], path))
			return f->host[i];
	return NULL;
}

bool fact_has_swap(const struct facts *f)
{
	const char *text = fact_system(f, "proc/swaps"), *second = text ? strchr(text, '\n') : NULL;

	/* The first line is the heading. Not known: as if there were some. */
	return !text || (second && second[1]);
}

/* Call for each range of a list; the sum of what it says. */
static uint64_t over_list(const char *list, uint64_t (*each)(uint64_t, uint64_t, uint64_t), uint64_t n)
{
	uint64_t sum = 0;
	char *end;

	for (const char *at = list; at && *at >= '0' && *at <= '9'; at = *end == ',' ? end + 1 : end) {
		uint64_t from = strtoull(at, &end, 10), to = *end == '-' ? strtoull(end + 1, &end, 10) : from;

		sum += each(from, to, n);
	}
	return sum;
}

static uint64_t length(uint64_t from, uint64_t to, uint64_t n)
{
	(void)n;
	return to >= from ? to - from + 1 : 0;
}

static uint64_t holds(uint64_t from, uint64_t to, uint64_t n)
{
	return n >= from && n <= to;
}

uint64_t fact_list_count(const char *list)
{
	return over_list(list, length, 0);
}

bool fact_list_has(const char *list, uint64_t n)
{
	return over_list(list, holds, n) > 0;
}

const char *facts_bytes(uint64_t bytes)
{
	static __thread char buffers[4][32];
	static __thread unsigned next;

	return rf_format_bytes(bytes, buffers[next++ % array_size(buffers)], sizeof(buffers[0]));
}

/* --- reading */

struct facts_reader {
	struct rf_cgroup_fs *fs;
	bool live; /* not a copy, of which any file may be missing */
	struct cgroup *open; /* the group that was read last: most questions are about one after the other */
	uint32_t absent[FACTS_MAX_VALUES]; /* bits: v1 hierarchies whose groups do not have the file */
};

/* The controller that a file's name begins with: "memory.max". */
static const char *controller_of(const char *name, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", (int)strcspn(name, "."), name);
	return buf;
}

static char *value_of(const struct cgroup *g, const char *name)
{
	char controller[32];
	int own = cgroup_hierarchy_of(g->fs, controller_of(name, controller, sizeof(controller)));
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = cgroup_key_for(cgroup_key_find(name), name, &copy);
	char *text = NULL;

	if (key) {
		const struct cgroup_ops *ops = cgroup_key_is_v1(g->fs, key) ? &cgroup_v1_ops : &cgroup_v2_ops;

		if (cgroup_key_hierarchies(g->fs, key) && ops->read(g, key, &text) >= 0)
			return text;
	}
	if (own >= 0 && g->fd[own] >= 0 && cgroup_read(g->fd[own], name, &text) >= 0)
		return text;
	for (size_t h = 0; h < g->fs->n; h++)
		if ((int)h != own && g->fd[h] >= 0 && cgroup_read(g->fd[h], name, &text) >= 0)
			return text;
	return NULL;
}

/* A group is looked for only where its parent was found. */
static const struct cgroup *open_for(const struct facts_group *g)
{
	struct facts_reader *reader = g->values->reader;

	if (reader->open && str_eq(reader->open->name, g->name))
		return reader->open;
	cgroup_close(reader->open);
	reader->open = NULL;
	if (g->parent)
		g->values->hierarchies &= g->parent->values->hierarchies;
	if (cgroup_open_in(reader->fs, g->name, g->values->hierarchies, &reader->open) < 0)
		return NULL;
	for (size_t h = 0; h < reader->fs->n; h++)
		if (reader->open->fd[h] < 0)
			g->values->hierarchies &= ~(1u << h);
	return reader->open;
}

/* Is it sure by what is known that the group's directory of v2 has no such file? */
static bool v2_lacks(const struct facts_group *g, const struct cgroup *open, const char *name)
{
	int h = cgroup_v2_of(open->fs);
	const char *here;
	char controller[32];

	if (h < 0 || open->fd[h] < 0)
		return true;
	/* Every group has the files of the core, and cpu.stat. */
	controller_of(name, controller, sizeof(controller));
	if (!strchr(name, '.') || str_eq(controller, "cgroup") || str_eq(name, "cpu.stat"))
		return false;
	here = fact(g, "cgroup.controllers");
	return here && !cgroup_has_word(here, controller);
}

/* Those that are there: a group that is gone has no file, and tells nothing of the others. */
static uint32_t v1_hierarchies(const struct cgroup *g, bool asking)
{
	uint32_t bits = 0;

	for (size_t h = 0; h < g->fs->n; h++)
		if (!g->fs->h[h].ops->v2 && g->fd[h] >= 0 && (!asking || cgroup_has_file(g->fd[h], "cgroup.procs")))
			bits |= 1u << h;
	return bits;
}

/* On v1 all groups of a hierarchy but its root have the same files: each missing one is looked for once. */
static char *read_value(const struct facts_group *g, size_t i)
{
	struct facts_reader *reader = g->values->reader;
	const struct cgroup *open = open_for(g);
	bool sure = open && reader->live && *g->name && v2_lacks(g, open, names[i]);
	char *text;

	/* Another group was asked for meanwhile. */
	open = open_for(g);
	if (!open || (sure && !(v1_hierarchies(open, false) & ~reader->absent[i])))
		return NULL;
	text = value_of(open, names[i]);
	if (!text && sure)
		reader->absent[i] |= v1_hierarchies(open, true);
	return text;
}

const char *fact(const struct facts_group *g, const char *key)
{
	struct facts_values *v = g->values;
	size_t i = 0;

	while (i < array_size(names) && !str_eq(names[i], key))
		i++;
	if (i == array_size(names))
		return NULL;
	if (!(v->asked[i / 64] >> i % 64 & 1)) {
		v->asked[i / 64] |= 1ull << i % 64;
		v->text[i] = read_value(g, i);
	}
	return v->text[i];
}

static uid_t owner(int fd, const char *file, bool *known)
{
	struct stat st;

	if (sys_fstatat(fd, file, &st, 0) < 0) {
		*known = false;
		return 0;
	}
	return st.st_uid;
}

static void read_owners(const struct cgroup *g, struct facts_group *to)
{
	static const char *const limits[] = {"memory.max", "pids.max", "cpu.max", "io.max", "cpuset.cpus"};
	int h = cgroup_v2_of(g->fs), fd = h < 0 ? -EBADF : g->fd[h];
	char *path __free(ptr) = h < 0 ? NULL : cgroup_path(g, (size_t)h);
	char mark[8];

	to->on_v2 = fd >= 0;
	if (!to->on_v2)
		return;
	to->owners_known = true;
	to->owner_procs = owner(fd, "cgroup.procs", &to->owners_known);
	to->owner_control = owner(fd, "cgroup.subtree_control", &to->owners_known);
	for (size_t i = 0; i < array_size(limits); i++) {
		bool has = true;
		uid_t uid = owner(fd, limits[i], &has);

		if (has && uid)
			to->owner_limit = uid;
	}
	to->delegated = path && (sys_lgetxattr(path, "trusted.delegate", mark, sizeof(mark)) > 0 ||
				 sys_lgetxattr(path, "user.delegate", mark, sizeof(mark)) > 0);
}

static int add_task(struct facts_group *to, const struct facts_task *task)
{
	const struct facts_task **more = to->tasks;

	/* It is in this group in several hierarchies. */
	if (to->n_tasks && to->tasks[to->n_tasks - 1] == task)
		return 0;
	if (!(to->n_tasks & (to->n_tasks - 1)))
		more = realloc(to->tasks, (to->n_tasks ? to->n_tasks * 2 : 1) * sizeof(const struct facts_task *));
	if (!more)
		return -ENOMEM;
	to->tasks = more;
	to->tasks[to->n_tasks++] = task;
	to->threads += task->threads;
	return 0;
}

static int by_name(const void *name, const void *group)
{
	return cgroup_compare_names(name, (*(struct facts_group *const *)group)->name);
}

static int place_task(struct facts *f, const struct facts_task *task)
{
	int r = 0;

	for (size_t h = 0; r >= 0 && h < f->fs->n; h++) {
		char *path __free(ptr) = NULL;
		struct facts_group **to;

		if (cgroup_path_in(task->groups, &f->fs->h[h], &path) < 0 || *path != '/')
			continue;
		to = bsearch(path + 1, f->groups, f->n, sizeof(struct facts_group *), by_name);
		r = to ? add_task(*to, task) : 0;
	}
	return r;
}

/* Children come after their parents. */
static int place_tasks(struct facts *f)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && f->n && i < f->tasks.n; i++)
		r = place_task(f, &f->tasks.list[i]);
	for (size_t i = f->n; i-- > 0;) {
		struct facts_group *g = f->groups[i], *parent = (struct facts_group *)g->parent;

		g->below += g->n_tasks;
		g->threads_below += g->threads;
		if (!parent)
			continue;
		parent->below += g->below;
		parent->threads_below += g->threads_below;
		parent->n_children++;
		g->next_sibling = parent->first_child;
		parent->first_child = g;
	}
	return r;
}

/* The group that is named by what stands before the last slash: the last one, or one above it. */
static struct facts_group *parent_of(const struct facts *f, const char *name)
{
	const char *slash = strrchr(name, '/');
	size_t len = slash ? (size_t)(slash - name) : 0;

	for (struct facts_group *at = *name && f->n ? f->groups[f->n - 1] : NULL; at; at = (struct facts_group *)at->parent)
		if (strlen(at->name) == len && !memcmp(at->name, name, len))
			return at;
	return NULL;
}

static struct facts_group *new_group(struct facts_reader *reader, const char *name)
{
	struct facts_group *g = calloc(1, sizeof(*g));

	if (!g || !(g->values = calloc(1, sizeof(*g->values))) || !(g->name = strdup(name))) {
		if (g)
			free(g->values);
		free(g);
		return NULL;
	}
	g->values->reader = reader;
	g->values->hierarchies = ~0u;
	return g;
}

static int add_group(struct facts *f, const char *name, bool asked)
{
	struct facts_group *parent = parent_of(f, name), *to, **more = f->groups;
	struct cgroup *on_v2 __free(cgroup) = NULL;
	int h = cgroup_v2_of(f->fs), r = -ENOENT;

	if (h >= 0 && (!parent || parent->on_v2))
		r = cgroup_open_in(f->fs, name, 1u << h, &on_v2);
	if (r < 0 && r != -ENOENT && r != -ENODEV)
		return r;
	if (!(f->n & (f->n - 1)))
		more = realloc(f->groups, (f->n ? f->n * 2 : 1) * sizeof(struct facts_group *));
	if (!more)
		return -ENOMEM;
	f->groups = more;
	to = new_group(f->reader, name);
	if (!to)
		return -ENOMEM;
	to->parent = parent;
	to->asked = asked;
	f->groups[f->n++] = to;
	if (on_v2)
		read_owners(on_v2, to);
	return 0;
}

struct walk {
	struct facts *f;
	const char *asked; /* without slash in front */
	size_t depth;	   /* of the group from which it walks */
};

static int visit(const char *group, void *data)
{
	struct walk *w = data;
	size_t len = strlen(w->asked);
	bool below = !len || (!strncmp(group, w->asked, len) && (!group[len] || group[len] == '/'));
	const char *deeper = group + w->depth;
	int r;

	/* Of those beside it, only themselves. */
	if (!below && *deeper && strchr(deeper + (*deeper == '/'), '/'))
		return 0;
	if (w->f->n && str_eq(w->f->groups[w->f->n - 1]->name, group))
		return 0;
	r = add_group(w->f, group, below);
	return r == -ENOENT || r == -ENODEV ? 0 : r;
}

static int read_groups(struct facts *f, const char *group)
{
	char *asked __free(ptr) = NULL, *from __free(ptr) = NULL;
	struct walk w = {.f = f};
	int r = cgroup_name(group ?: "", &asked);

	if (r >= 0)
		r = rf_cgroup_exists(f->fs, asked);
	if (r <= 0)
		return r < 0 ? r : sys_fail(-ENOENT, "check", group, "no hierarchy has this group");
	w.asked = asked;
	from = strdup(asked);
	if (!from)
		return -ENOMEM;
	/* Those above, from the root on, without what is beside them. */
	r = *asked ? add_group(f, "", false) : 0;
	for (char *slash = strchr(from, '/'); r >= 0 && slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		r = add_group(f, from, false);
		w.depth = strlen(from);
		*slash = '/';
	}
	from[w.depth] = '\0';
	if (r >= 0)
		r = rf_cgroup_walk(f->fs, from, visit, &w);
	return r < 0 ? r : place_tasks(f);
}

static int open_copied(const char *root, struct cgroup_hierarchy *h)
{
	static const char *const v2[] = {"", "/unified"};
	char *list __free(ptr) = NULL;

	for (size_t i = 0; i < (h->ops->v2 ? array_size(v2) : 1); i++) {
		int len = h->ops->v2 ? snprintf(h->path, sizeof(h->path), "%s/sys/fs/cgroup%s", root, v2[i])
				     : snprintf(h->path, sizeof(h->path), "%s/sys/fs/cgroup/%s", root, h->controllers);

		if ((size_t)len >= sizeof(h->path))
			return -ENAMETOOLONG;
		h->fd = sys_openat(AT_FDCWD, h->path, O_RDONLY | O_DIRECTORY, 0);
		if (h->fd < 0 || !h->ops->v2)
			return h->fd;
		if (cgroup_read(h->fd, "cgroup.controllers", &list) >= 0)
			return str_copy(h->controllers, sizeof(h->controllers), list);
		sys_close(h->fd);
		h->fd = -EBADF;
	}
	return -ENOENT;
}

/* The hierarchies of a copied tree; one that was not copied is left out. */
static int open_copy(const char *root, struct rf_cgroup_fs *fs)
{
	char *path __free(ptr) = str_format("%s/proc/self/cgroup", root), *text __free(ptr) = NULL;
	bool v1 = false, v2 = false;
	size_t n;
	int r;

	if (!path)
		return -ENOMEM;
	if (file_read_at(AT_FDCWD, path, CGROUP_FILE_LIMIT, &text, NULL) < 0)
		text = strdup("0::/\n");
	if (!text)
		return -ENOMEM;
	cgroup_parse_hierarchies(text, fs);
	n = fs->n;
	fs->n = 0;
	for (size_t i = 0; i < n; i++) {
		struct cgroup_hierarchy h = fs->h[i];

		r = open_copied(root, &h);
		if (r < 0 && r != -ENOENT)
			return r;
		if (r < 0)
			continue;
		*(h.ops->v2 ? &v2 : &v1) = true;
		fs->h[fs->n++] = h;
	}
	if (!fs->n)
		return sys_fail(-ENOENT, "check", root, "has no sys/fs/cgroup with the hierarchies of proc/self/cgroup");
	fs->mode = !v1 ? RF_CGROUP_V2 : v2 ? RF_CGROUP_HYBRID : RF_CGROUP_V1;
	return 0;
}

static int open_fs(const char *root, struct rf_cgroup_fs **ret_fs)
{
	if (!root)
		return rf_cgroup_fs_open(ret_fs);
	*ret_fs = calloc(1, sizeof(**ret_fs));
	return *ret_fs ? open_copy(root, *ret_fs) : -ENOMEM;
}

static int read_system(const char *root, struct facts *f)
{
	int fd __free(fd) = -EBADF;
	int top __free(fd) = sys_openat(AT_FDCWD, root ?: "/", O_RDONLY | O_DIRECTORY, 0);

	if (top < 0)
		return top;
	for (size_t i = 0; i < array_size(facts_system); i++)
		if (file_read_at(top, facts_system[i], CGROUP_FILE_LIMIT, &f->host[i], NULL) < 0)
			f->host[i] = NULL;
	f->cpus = fact_list_count(fact_system(f, "sys/devices/system/cpu/online"));
	fd = sys_openat(top, "proc", O_RDONLY | O_DIRECTORY, 0);
	return fd < 0 ? 0 : facts_read_tasks(fd, true, &f->tasks);
}

int facts_gather(const char *root, const char *group, struct facts **ret_facts)
{
	struct facts *f __free(facts) = calloc(1, sizeof(*f));
	int r = f ? open_fs(root, &f->fs) : -ENOMEM;

	if (r >= 0 && !(f->reader = calloc(1, sizeof(*f->reader))))
		r = -ENOMEM;
	if (r >= 0) {
		*f->reader = (struct facts_reader){.fs = f->fs, .live = !root};
		r = read_system(root, f);
	}
	if (r >= 0)
		r = read_groups(f, group);
	if (r < 0)
		return r;
	*ret_facts = take_ptr(&f);
	return 0;
}

void facts_free(struct facts *f)
{
	if (!f)
		return;
	for (size_t i = 0; i < f->n; i++) {
		for (size_t k = 0; k < array_size(names); k++)
			free(f->groups[i]->values->text[k]);
		free(f->groups[i]->values);
		free(f->groups[i]->tasks);
		free(f->groups[i]->name);
		free(f->groups[i]);
	}
	for (size_t i = 0; i < array_size(facts_system); i++)
		free(f->host[i]);
	if (f->reader)
		cgroup_close(f->reader->open);
	free(f->reader);
	free(f->groups);
	facts_tasks_done(&f->tasks);
	rf_cgroup_fs_free(f->fs);
	free(f);
}
