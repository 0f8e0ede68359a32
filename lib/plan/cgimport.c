// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From libcgroup's configuration files to a plan. A group's values of all its controllers are one
 * setting, all or nothing; its keys are first turned into v2's words, in which everything is set here,
 * so that a file written for v1 works on v2 and the other way round. A key that only v1 has is
 * kept as it is where its controller is v1's.
 */
#include <ringfence/cgimport.h>

#include "base/file.h"
#include "base/options.h"
#include "cgroup/cgroup.h"
#include "plan/plan.h"
#include "priv/users.h"

/* One group of the file, while it is read. What was made of it is kept until the end. */
struct part {
	char *group;
	char **words; /* settings, as rf_plan_cgroup_act() takes them */
	size_t n_words;
	const char *controllers[CGROUP_MAX_WANTED + 1];
	size_t n_controllers;
	pid_t *ids;
	size_t n_ids;
	uid_t uid;
	gid_t gid;
	bool has_owner;
	struct part *next;
};

struct rf_cgimport {
	struct rf_cgimport_options with;
	struct part *parts; /* newest first */
	struct users users;
	int error;	    /* of a callback */
	unsigned line;	    /* under way */
};

int rf_cgimport_new(const struct rf_cgimport_options *options, struct rf_cgimport **ret_import)
{
	int r = options_check(options, "rf_cgimport_options");
	struct rf_cgimport *import = r < 0 ? NULL : calloc(1, sizeof(*import));

	if (!import)
		return r < 0 ? r : -ENOMEM;
	import->with = *options;
	*ret_import = import;
	return 0;
}

void rf_cgimport_free(struct rf_cgimport *import)
{
	while (import && import->parts) {
		struct part *p = import->parts;

		import->parts = p->next;
		for (size_t i = 0; i < p->n_words; i++)
			free(p->words[i]);
		free(p->words);
		free(p->ids);
		free(p->group);
		free(p);
	}
	if (import)
		users_done(&import->users);
	free(import);
}

static void left(struct rf_cgimport *m, unsigned line, const char *what, const char *why)
{
	if (m->with.left)
		m->with.left(line, what, why, m->with.data);
}

/* "." is the root in cgconfig.conf. */
static struct part *add_part(struct rf_cgimport *m, const char *group)
{
	struct part *p = calloc(1, sizeof(*p));

	if (!p)
		return NULL;
	p->group = strdup(str_eq(group, ".") ? "/" : group);
	p->next = m->parts;
	m->parts = p;
	return p->group ? p : NULL;
}

static int add_word(struct part *p, const char *key, const char *value)
{
	char **more = realloc(p->words, (p->n_words + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->words = more;
	more[p->n_words] = str_format("%s=%s", key, value);
	return more[p->n_words] ? (int)p->n_words++ : -ENOMEM;
}

static bool is_v1(const struct rf_cgimport *m, const char *controller)
{
	int h = cgroup_hierarchy_of(m->with.fs, controller);

	return h >= 0 && !m->with.fs->h[h].ops->v2;
}

static void on_converted(const struct rf_converted *c, void *data)
{
	struct rf_cgimport *m = data;
	char controller[32];
	int r = 0;

	snprintf(controller, sizeof(controller), "%.*s", (int)strcspn(c->from, "."), c->from);
	/* Only v1 has it, and here is v1. */
	if (!c->value && is_v1(m, controller)) {
		const char *eq = strchr(c->from, '=');
		char *key __free(ptr) = strndup(c->from, (size_t)(eq - c->from));

		r = key ? add_word(m->parts, key, eq + 1) : -ENOMEM;
	} else if (!c->value) {
		left(m, m->line, c->from, c->note);
	} else {
		r = add_word(m->parts, c->key, c->value);
	}
	m->error = r < 0 ? r : m->error;
}

/* Is it in the words of v2 already? */
static bool is_key(const char *name)
{
	const struct cgroup_key *key = cgroup_key_find(name);

	return key && !key->v1_only;
}

/* All values of a group at once, since some of v1's belong together. */
static int convert(struct rf_cgimport *m, char **words, size_t n)
{
	int r;

	m->error = 0;
	r = rf_cgroup_convert(m->with.policy, (const char *const *)words, n, on_converted, m);
	return r < 0 ? r : m->error;
}

static int find_id(struct rf_cgimport *m, const char *value, bool group, uint32_t *ret)
{
	const struct users_entry *e;
	uint64_t n;
	int r;

	if (str_to_u64(value, &n) >= 0 && n < UINT32_MAX) {
		*ret = (uint32_t)n;
		return 0;
	}
	r = users_find(&m->users, group ? USERS_GROUP : USERS_PASSWD, value, &e);
	if (r > 0)
		*ret = e->id;
	return r < 0 ? r : r ? 0 : -EINVAL;
}

static int take_perm(struct rf_cgimport *m, struct part *p, const struct rf_cgconfig_item *item)
{
	bool uid = str_eq(item->key, "uid"), gid = str_eq(item->key, "gid");
	uint32_t id;
	int r;

	if (!str_eq(item->controller, "admin") || (!uid && !gid)) {
		left(m, item->line, item->key, "of a group's permissions only the admin's uid and gid are taken: they become the owner of what may be delegated");
		return 0;
	}
	r = find_id(m, item->value, gid, &id);
	if (r == -EINVAL)
		return sys_fail(-EINVAL, "check", item->key, "line %u: there is no %s \"%s\"", item->line,
				uid ? "user" : "group", item->value);
	if (r < 0)
		return r;
	*(uid ? &p->uid : &p->gid) = id;
	p->has_owner = true;
	return 0;
}

static int take_controller(struct rf_cgimport *m, struct part *p, const struct rf_cgconfig_item *item)
{
	const char *name = item->controller;

	/* What v1 counts in two controllers is one on v2, and disks have another name. */
	if (cgroup_hierarchy_of(m->with.fs, name) < 0)
		name = str_eq(name, "blkio") ? "io" : str_eq(name, "cpuacct") ? "cpu" : name;
	if (cgroup_hierarchy_of(m->with.fs, name) < 0) {
		left(m, item->line, item->controller, "this system has no such controller mounted");
		return 0;
	}
	if (p->n_controllers == CGROUP_MAX_WANTED)
		return -E2BIG;
	p->controllers[p->n_controllers++] = name;
	return 0;
}

static struct rf_cgroup_act act_of(const struct rf_cgimport *m, const struct part *p, enum rf_cgroup_act_kind kind)
{
	return (struct rf_cgroup_act){
		.size = sizeof(struct rf_cgroup_act), .kind = kind, .fs = m->with.fs, .group = p->group,
		.settings = (const char *const *)p->words, .n_settings = p->n_words,
		.controllers = p->n_controllers ? p->controllers : NULL, .note = m->with.note, .gone = m->with.gone,
		.data = m->with.data, .ids = p->ids, .n_ids = p->n_ids, .uid = p->uid, .gid = p->gid,
	};
}

/* A group is read to its end: what it has, then its acts. `raw` are values as the file has them. */
static int end_group(struct rf_cgimport *m, struct part *p, char **raw, size_t n_raw, struct rf_plan *plan)
{
	struct rf_cgroup_act act;
	int r = convert(m, raw, n_raw);

	if (r < 0)
		return r;
	act = act_of(m, p, *p->group && strcmp(p->group, "/") ? RF_CGROUP_ACT_ENSURE : RF_CGROUP_ACT_SET);
	if (act.kind == RF_CGROUP_ACT_ENSURE || act.n_settings)
		r = rf_plan_cgroup_act(plan, &act);
	if (r >= 0 && p->has_owner) {
		act = act_of(m, p, RF_CGROUP_ACT_DELEGATE);
		act.settings = NULL;
		act.n_settings = 0;
		r = rf_plan_cgroup_act(plan, &act);
	}
	return r;
}

static int take_value(struct rf_cgimport *m, struct part *p, const struct rf_cgconfig_item *item, char ***raw,
		      size_t *n_raw)
{
	char **more;

	m->line = item->line;
	if (is_key(item->key)) {
		int r = add_word(p, item->key, item->value);

		return r < 0 ? r : 0;
	}
	more = realloc(*raw, (*n_raw + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	*raw = more;
	more[*n_raw] = str_format("%s=%s", item->key, item->value);
	return more[(*n_raw)++] ? 0 : -ENOMEM;
}

/* The items of one group, from the one after its head; *ret_next is the first of the next section. */
static int take_group(struct rf_cgimport *m, const struct rf_cgconfig_item *items, size_t n, size_t first,
		      size_t *ret_next, struct rf_plan *plan)
{
	struct part *p = add_part(m, items[first].group);
	char **raw = NULL;
	size_t n_raw = 0, i = first + 1;
	int r = p ? 0 : -ENOMEM;

	for (; r >= 0 && i < n; i++) {
		if (items[i].kind == RF_CGCONFIG_CONTROLLER)
			r = take_controller(m, p, &items[i]);
		else if (items[i].kind == RF_CGCONFIG_VALUE)
			r = take_value(m, p, &items[i], &raw, &n_raw);
		else if (items[i].kind == RF_CGCONFIG_PERM)
			r = take_perm(m, p, &items[i]);
		else
			break;
	}
	if (r >= 0)
		r = end_group(m, p, raw, n_raw, plan);
	for (size_t j = 0; j < n_raw; j++)
		free(raw[j]);
	free(raw);
	*ret_next = i;
	return r;
}

int rf_cgimport_config(struct rf_cgimport *m, const struct rf_cgconfig *config, struct rf_plan *plan)
{
	size_t n, i = 0;
	const struct rf_cgconfig_item *items = rf_cgconfig_items(config, &n);
	bool other = false;
	int r = 0;

	while (r >= 0 && i < n) {
		if (items[i].kind == RF_CGCONFIG_GROUP) {
			other = false;
			r = take_group(m, items, n, i, &i, plan);
			continue;
		}
		/* What belongs to a section that is left out goes with its head. */
		if (items[i].kind == RF_CGCONFIG_MOUNT || items[i].kind == RF_CGCONFIG_NAMESPACE)
			left(m, items[i].line, items[i].key, "hierarchies are taken as they are mounted");
		else if (items[i].kind == RF_CGCONFIG_SYSTEMD)
			left(m, items[i].line, items[i].key, "systemd's units are its own");
		else if (items[i].kind == RF_CGCONFIG_TEMPLATE)
			left(m, items[i].line, items[i].group, "a template makes groups when rules ask for them");
		else if (items[i].kind == RF_CGCONFIG_DEFAULT && !other)
			left(m, items[i].line, "default", "permissions are those of each group");
		other = true;
		i++;
	}
	return r;
}

/* A process, as rules look at it. */
struct process {
	pid_t pid;
	uid_t uid;
	gid_t gid;
	char comm[32], exe[256];
	const char *user;
};

static bool in_group(struct users *users, const struct process *p, const char *name)
{
	const struct users_entry *group;

	return users_find(users, USERS_GROUP, name, &group) > 0 &&
	       (group->id == p->gid || (p->user && users_is_member(group, p->user)));
}

static bool fits(struct users *users, const struct rf_cgrule *rule, const struct process *p)
{
	const char *base = rule->process ? strrchr(rule->process, '/') : NULL;
	uint64_t n;

	if (rule->user[0] == '@' ? !in_group(users, p, rule->user + 1)
				 : !str_eq(rule->user, "*") && !(p->user && str_eq(rule->user, p->user)) &&
					   !(str_to_u64(rule->user, &n) >= 0 && n == p->uid))
		return false;
	if (!rule->process)
		return true;
	/* A path is the program's; a name is what the kernel calls the process, cut to 15 bytes. */
	return base ? str_eq(rule->process, p->exe) : !strncmp(rule->process, p->comm, 15);
}

/* %u %U %g %G %p %P of a destination. */
static char *destination(struct users *users, const struct rf_cgrule *rule, const struct process *p)
{
	const struct users_entry *group = NULL;
	struct str out __free(str) = {0};
	char *taken;

	for (const char *c = rule->destination; *c; c++) {
		char next = *c == '%' ? c[1] : '\0';

		if (next == 'u' && p->user)
			str_add(&out, p->user);
		else if (next == 'u' || next == 'U')
			str_addf(&out, "%u", p->uid);
		else if (next == 'g' && users_find_id(users, USERS_GROUP, p->gid, &group) > 0)
			str_add(&out, group->name);
		else if (next == 'g' || next == 'G')
			str_addf(&out, "%u", p->gid);
		else if (next == 'p')
			str_add(&out, p->comm);
		else if (next == 'P')
			str_addf(&out, "%d", (int)p->pid);
		else
			str_addn(&out, c, 1);
		c += next && strchr("uUgGpP", next) ? 1 : 0;
	}
	return str_take(&out, &taken) < 0 ? NULL : taken;
}

struct look {
	struct rf_cgimport *m;
	const struct rf_cgrules *rules;
	struct part *first; /* of these rules: those before are of other files */
};

/* The group of this name among those of the rules. */
static struct part *part_for(struct look *look, const char *group)
{
	for (struct part *p = look->m->parts; p && p != look->first; p = p->next)
		if (str_eq(p->group, group))
			return p;
	return add_part(look->m, group);
}

static int take_process(struct look *look, const struct process *p)
{
	size_t n;
	const struct rf_cgrule *rules = rf_cgrules_items(look->rules, &n);

	for (size_t i = 0; i < n; i++) {
		char *group __free(ptr) = NULL;
		struct part *part;
		pid_t *more;

		if (!fits(&look->m->users, &rules[i], p))
			continue;
		if (rules[i].options && strstr(rules[i].options, "ignore"))
			return 0;
		group = destination(&look->m->users, &rules[i], p);
		part = group ? part_for(look, group) : NULL;
		more = part ? realloc(part->ids, (part->n_ids + 1) * sizeof(*more)) : NULL;
		if (!more)
			return -ENOMEM;
		part->ids = more;
		more[part->n_ids++] = p->pid;
		return 0;
	}
	return 0;
}

static int look_at(int proc_fd, const char *name, void *data)
{
	struct process p = {0};
	char *comm __free(ptr) = NULL, path[300];
	const struct users_entry *user = NULL;
	struct look *look = data;
	struct stat st;
	ssize_t len;
	uint64_t pid;

	/* What is no process, and the caller itself, which would not see the end of it. */
	if (str_to_u64(name, &pid) < 0 || sys_fstatat(proc_fd, name, &st, 0) < 0)
		return 0;
	p.pid = (pid_t)pid;
	p.uid = st.st_uid;
	p.gid = st.st_gid;
	snprintf(path, sizeof(path), "%s/comm", name);
	if (file_read_at(proc_fd, path, 64, &comm, NULL) >= 0)
		snprintf(p.comm, sizeof(p.comm), "%.*s", (int)strcspn(comm, "\n"), comm);
	snprintf(path, sizeof(path), "%s/exe", name);
	len = sys_readlinkat(proc_fd, path, p.exe, sizeof(p.exe) - 1);
	/* Kernel threads have no program: rules are not for them. */
	if (len < 0)
		return 0;
	p.exe[len] = '\0';
	if (users_find_id(&look->m->users, USERS_PASSWD, p.uid, &user) < 0)
		return -ENOMEM;
	p.user = user ? user->name : NULL;
	return take_process(look, &p);
}

int rf_cgimport_rules(struct rf_cgimport *m, const struct rf_cgrules *rules, struct rf_plan *plan)
{
	struct look look = {m, rules, m->parts};
	int proc_fd __free(fd) = sys_openat(AT_FDCWD, "/proc", O_RDONLY | O_DIRECTORY, 0);
	int r = proc_fd < 0 ? proc_fd : cgroup_each_child(proc_fd, look_at, &look);

	for (struct part *p = m->parts; r >= 0 && p && p != look.first; p = p->next) {
		struct rf_cgroup_act act = act_of(m, p, RF_CGROUP_ACT_MOVE);

		r = rf_plan_cgroup_act(plan, &act);
	}
	return r;
}
