// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Taking a snapshot: of each group every key of the table that can be written and read, the files of v1
 * beside them, and whose the files are that may be given away.
 *
 * Some files say more than what was set, and what was set is what counts:
 *
 *	freezer.state		is FROZEN also because of a group above; freezer.self_freezing is not
 *	cgroup.type		"domain threaded" and "domain invalid" come from what is around it
 *	cpuset.cpus.partition	"root invalid (why)" was set to root
 *	cpu.weight.nice		is cpu.weight in other words, and coarser: left out
 *	net.max.egress		and net.max.ingress are said by net.max: left out
 *	cpu.shares		has ten values for each weight on v1: it stands beside the weight
 *	devices.list		is what devices.allow and devices.deny have led to
 */
#include "cgroup/snapshot.h"

const char *const snapshot_part_names[SNAPSHOT_PARTS] = {"values", "v1_files", "owners"};

static const struct snapshot_file files[] = {
	{"cpu", "cpu.shares", .instead = "cpu.weight"},
	{"cpu", "cpu.rt_period_us"},
	{"cpu", "cpu.rt_runtime_us"},
	{"cpuset", "cpuset.mem_hardwall"},
	{"cpuset", "cpuset.memory_spread_page"},
	{"cpuset", "cpuset.memory_spread_slab"},
	{"cpuset", "cpuset.sched_relax_domain_level"},
	{"memory", "memory.kmem.tcp.limit_in_bytes"},
	{"memory", "memory.move_charge_at_immigrate"},
	{"memory", "memory.oom_control", .field = "oom_kill_disable"},
	{NULL, "cgroup.clone_children"},
	{NULL, "notify_on_release"},
};

const struct snapshot_file *snapshot_file_at(size_t i)
{
	return i < array_size(files) ? &files[i] : NULL;
}

void snapshot_hierarchy_name(const struct cgroup_hierarchy *h, char *buf, size_t size)
{
	snprintf(buf, size, "%.*s", h->ops->v2 ? 2 : (int)strcspn(h->controllers, ","), h->ops->v2 ? "v2" : h->controllers);
}

int snapshot_hierarchy(const struct rf_cgroup_fs *fs, const char *name)
{
	return str_eq(name, "v2") ? cgroup_v2_of(fs) : cgroup_hierarchy_of(fs, name);
}

int snapshot_read_file(int fd, const char *file, char **ret_text)
{
	char *text __free(ptr) = NULL;
	int r = cgroup_read(fd, file, &text);

	for (size_t i = 0; r >= 0 && i < array_size(files); i++)
		if (files[i].field && str_eq(files[i].file, file)) {
			*ret_text = str_format("%llu", (unsigned long long)cgroup_field(text, files[i].field));
			return *ret_text ? 0 : -ENOMEM;
		}
	if (r >= 0)
		*ret_text = take_ptr(&text);
	return r;
}

static int by_word(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Words or lines in the order of the alphabet. */
static int sorted(char *text, const char *between, char **ret)
{
	struct str out __free(str) = {0};
	char **words __free(ptr) = calloc(strlen(text) / 2 + 1, sizeof(*words)), *save = NULL;
	size_t n = 0;

	if (!words)
		return -ENOMEM;
	for (char *w = strtok_r(text, between, &save); w; w = strtok_r(NULL, between, &save))
		words[n++] = w;
	qsort(words, n, sizeof(*words), by_word);
	for (size_t i = 0; i < n; i++)
		str_addf(&out, "%s%s", i ? between : "", words[i]);
	return str_take(&out, ret);
}

/* What was set, of what the kernel says. */
static int plain(const struct cgroup_key *key, char *text, char **ret)
{
	if (key->kind == CGROUP_TOGGLES)
		return sorted(text, " ", ret);
	if (snapshot_has_lines(key->pub.name))
		return sorted(text, "\n", ret);
	*ret = strndup(text, key->kind == CGROUP_WORD ? strcspn(text, " ") : strlen(text));
	return *ret ? 0 : -ENOMEM;
}

struct take {
	struct rf_cgroup_fs *fs;
	struct rf_snapshot *s;
	const struct cgroup *g; /* under way */
	struct snapshot_group *into;
};

/* The group does not have it, or is gone. */
static bool is_missing(int error)
{
	return error == -ENOENT || error == -EOPNOTSUPP || error == -ENODEV;
}

static int read_key(const struct cgroup *g, const struct cgroup_key *key, char **ret)
{
	int h = key->how == V1_FREEZE && cgroup_key_is_v1(g->fs, key) ? cgroup_hierarchy_of(g->fs, "freezer") : -1;

	if (h < 0)
		return cgroup_get(g, key->pub.name, ret);
	h = cgroup_fd(g, (size_t)h);
	return h < 0 ? h : cgroup_read(h, "freezer.self_freezing", ret);
}

static int take_key(const char *name, void *data)
{
	struct take *t = data;
	struct cgroup_key_copy copy;
	const struct cgroup_key *key = cgroup_key_for(cgroup_key_find(name), name, &copy);
	char *text __free(ptr) = NULL, *value = NULL;
	int r;

	if ((key->pub.read_only && !str_eq(name, "devices.list")) || key->kind == CGROUP_TRIGGER ||
	    key->kind == CGROUP_NICE || key->kind == CGROUP_RATE || key->kind == CGROUP_IDS)
		return 0;
	r = read_key(t->g, key, &text);
	if (r < 0)
		/* Who may not look where programs are pinned does not know what they limit. */
		return is_missing(r) || (key->kept && (r == -EACCES || r == -EPERM)) ? 0 : r;
	r = plain(key, text, &value);
	return r < 0 ? r : snapshot_add(t->into, SNAPSHOT_VALUE, strdup(name), value);
}

static int take_file(struct take *t, size_t h, const char *file)
{
	char *text = NULL, name[32];
	int r = snapshot_read_file(cgroup_fd(t->g, h), file, &text);

	if (r < 0)
		return is_missing(r) || r == -EINVAL ? 0 : r;
	snapshot_hierarchy_name(&t->fs->h[h], name, sizeof(name));
	return snapshot_add(t->into, SNAPSHOT_FILE, str_format("%s/%s", name, file), text);
}

static int take_files(struct take *t, size_t h)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < array_size(files); i++)
		if (!files[i].controller || cgroup_has_word(t->fs->h[h].controllers, files[i].controller))
			r = take_file(t, h, files[i].file);
	return r;
}

const char *snapshot_usual_owner(const char *key)
{
	const char *colon = strchr(key, ':');

	return colon && str_eq(colon, ":.") ? "0:0 0755" : "0:0 0644";
}

static int take_owner(struct take *t, size_t h, const char *file)
{
	static const char *const known[] = {".", "tasks", "cgroup.procs", "cgroup.threads", "cgroup.subtree_control"};
	char *key __free(ptr) = NULL, *text __free(ptr) = NULL, name[32];
	bool is_known = false;
	struct stat st;
	int fd = cgroup_fd(t->g, h), r;

	r = str_eq(file, ".") ? sys_fstat(fd, &st) : sys_fstatat(fd, file, &st, AT_SYMLINK_NOFOLLOW);
	if (r < 0)
		return is_missing(r) ? 0 : r;
	snapshot_hierarchy_name(&t->fs->h[h], name, sizeof(name));
	key = str_format("%s:%s", name, file);
	text = str_format("%u:%u %04o", st.st_uid, st.st_gid, st.st_mode & 07777);
	if (!key || !text)
		return -ENOMEM;
	for (size_t i = 0; i < array_size(known); i++)
		is_known |= str_eq(known[i], file);
	/* Of other files the usual mode is the kernel's, and there are several. */
	if (str_eq(text, snapshot_usual_owner(key)) || (!is_known && !st.st_uid && !st.st_gid))
		return 0;
	return snapshot_add(t->into, SNAPSHOT_OWNER, take_ptr(&key), take_ptr(&text));
}

static int take_owners(struct take *t, size_t h)
{
	char *list __free(ptr) = NULL, *save = NULL;
	int r = take_owner(t, h, ".");

	if (r >= 0)
		r = t->fs->h[h].ops->v2 ? cgroup_delegate_list(&list) : (list = strdup("tasks\ncgroup.procs")) ? 0 : -ENOMEM;
	for (char *file = r < 0 ? NULL : strtok_r(list, "\n", &save); r >= 0 && file; file = strtok_r(NULL, "\n", &save))
		if (*file && !strchr(file, '/'))
			r = take_owner(t, h, file);
	return r;
}

static int take_group(const char *group, void *data)
{
	struct take *t = data;
	struct cgroup *g __free(cgroup) = NULL;
	struct str names __free(str) = {0};
	const struct cgroup_key *key;
	int r = cgroup_open(t->fs, group, &g);

	/* Gone since it was listed. */
	if (r == -ENOENT)
		return 0;
	t->g = g;
	t->into = r < 0 ? NULL : snapshot_add_group(t->s, strdup(g->name));
	if (r >= 0 && !t->into)
		r = -ENOMEM;
	for (size_t i = 0; r >= 0 && (key = cgroup_key_at(i)); i++)
		r = cgroup_key_names(key, take_key, t);
	for (size_t h = 0; r >= 0 && h < t->fs->n; h++) {
		char name[32];

		if (g->fd[h] < 0)
			continue;
		snapshot_hierarchy_name(&t->fs->h[h], name, sizeof(name));
		str_addf(&names, "%s%s", names.len ? " " : "", name);
		if (!t->fs->h[h].ops->v2)
			r = take_files(t, h);
		if (r >= 0 && *g->name)
			r = take_owners(t, h);
	}
	if (r >= 0 && names.s)
		r = sorted(names.s, " ", &t->into->hierarchies);
	return r < 0 ? r : 0;
}

int rf_snapshot_take(struct rf_cgroup_fs *fs, const char *group, struct rf_snapshot **ret_snapshot)
{
	struct rf_snapshot *s __free(snapshot) = calloc(1, sizeof(*s));
	struct take t = {fs, s, NULL, NULL};
	char *name __free(ptr) = NULL;
	int r = s ? cgroup_name(group, &name) : -ENOMEM;

	if (r < 0)
		return r;
	s->mode = fs->mode;
	s->root = str_format("/%s", name);
	r = s->root ? rf_cgroup_walk(fs, name, take_group, &t) : -ENOMEM;
	if (r < 0)
		return r;
	snapshot_sort(s);
	*ret_snapshot = take_ptr(&s);
	return 0;
}
