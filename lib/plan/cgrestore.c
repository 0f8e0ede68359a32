// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a snapshot to a plan: what the tree is now is taken, too, and what differs becomes steps, by phase
 * (cgrestore.h), and in each from the root down or from the leaves up. All of it is checked before the first
 * step: a key that this system has no place for, a value that is not of its kind, a group to be removed
 * that holds something.
 */
#include "plan/cgrestore.h"

#include <ringfence/net.h>

#include "base/options.h"
#include "plan/step-cgroup-restore.h"

struct build {
	const struct rf_restore_options *o;
	struct rf_plan *plan;
	struct rf_snapshot *now;
	char *root;		    /* of the target, without slash in front */
	struct restore_item *items; /* of all groups, one after the other */
	size_t n_items;
	struct restore_item *at;    /* of the group under way */
	const struct snapshot_group *group, *old;
};

static struct restore_state *new_state(const struct build *b, const char *relative)
{
	struct restore_state *s = calloc(1, sizeof(*s));

	if (!s)
		return NULL;
	s->fs = b->o->fs;
	s->flags = b->o->flags;
	s->left = b->o->left;
	s->note = b->o->note;
	s->data = b->o->data;
	s->name = str_format("%s%s%s", b->root ?: "", b->root && *b->root && *relative ? "/" : "", relative);
	if (s->name)
		return s;
	free(s);
	return NULL;
}
DEFINE_FREE(restore_state, struct restore_state *, if (v) restore_state_free(v))

static int add_step(struct build *b, const struct step_kind *kind, struct restore_state **s)
{
	struct rf_step *step = plan_add(b->plan, kind, false);

	if (!step)
		return -ENOMEM;
	step->data = *s;
	*s = NULL;
	return 0;
}

/* What this system can't have: told with a best effort, else an error with the group's name. */
static int lacks(struct build *b, struct restore_item *item, int error)
{
	const char *relative = snapshot_relative(b->o->snapshot, b->group);
	char *group __free(ptr) = str_format("/%s%s%s", b->root ?: "", b->root && *b->root && *relative ? "/" : "", relative);
	struct rf_call why = *rf_trace_last_failure();
	const char *note = why.result == error && why.note[0] ? why.note : strerror(-error);

	if (!group || error == -ENOMEM)
		return -ENOMEM;
	item->skip = true;
	if (!(b->o->flags & RF_RESTORE_BEST_EFFORT))
		return sys_fail(error, "check", item->row->key, "group %s: %s", group, note);
	if (b->o->left)
		b->o->left(group, item->row->key, note, b->o->data);
	return 0;
}

static struct restore_item *find_item(const struct build *b, enum snapshot_part part, const char *key)
{
	const struct snapshot_row *row = snapshot_row(b->group, part, key);

	return row ? &b->at[row - b->group->rows] : NULL;
}

static bool value_is(const struct build *b, const char *key, const char *text)
{
	const struct snapshot_row *row = snapshot_row(b->group, SNAPSHOT_VALUE, key);

	return row && str_eq(row->text, text);
}

/* Said finer elsewhere, or not to be set while another value holds. */
static bool is_moot(const struct build *b, const struct restore_item *item)
{
	const char *key = item->row->key;
	int h;

	if (item->row->part == SNAPSHOT_VALUE && str_eq(key, "io.weight"))
		return snapshot_row(b->group, SNAPSHOT_VALUE, "io.bfq.weight") &&
		       (h = cgroup_hierarchy_of(b->o->fs, "blkio")) >= 0 && !b->o->fs->h[h].ops->v2;
	if (str_eq(key, "cpu.weight") || str_eq(key, "cpu/cpu.shares")) {
		bool v1 = (h = cgroup_hierarchy_of(b->o->fs, "cpu")) >= 0 && !b->o->fs->h[h].ops->v2;
		bool fine = snapshot_row(b->group, SNAPSHOT_FILE, "cpu/cpu.shares");

		/* The kernel refuses the weight of an idle group. */
		return value_is(b, "cpu.idle", "1") || (item->row->part == SNAPSHOT_VALUE ? v1 && fine : !v1);
	}
	return false;
}

static int check_words(struct build *b, const struct restore_words *w)
{
	struct cgroup_settings s __free(cgroup_settings) = {0};

	return cgroup_settings_parse(b->o->fs, (const char *const *)w->list, w->n, &s);
}

static void words_done(struct restore_words *w)
{
	for (size_t i = 0; i < w->n; i++)
		free(w->list[i]);
	free(w->list);
}
DEFINE_FREE(words, struct restore_words, words_done(&v))

static bool has_controller(const struct snapshot_group *g, const char *controller)
{
	if (str_eq(controller, "cgroup"))
		return true;
	for (size_t i = 0; i < g->n; i++) {
		const struct cgroup_key *key = g->rows[i].part == SNAPSHOT_VALUE ? cgroup_key_find(g->rows[i].key) : NULL;

		if (key && str_eq(key->pub.controller, controller))
			return true;
	}
	return false;
}

static int check_value(struct build *b, struct restore_item *item)
{
	const char *name = item->row->key;
	const struct cgroup_key *key = cgroup_key_find(name);
	struct restore_words w __free(words) = {0};
	int r = 0, h = cgroup_hierarchy_of(b->o->fs, "devices");

	if (!key)
		return sys_fail(-EINVAL, "check", name, "there is no such key");
	if (str_eq(name, "devices.list"))
		return h < 0 ? sys_fail(-ENODEV, "check", name, "this system has no devices controller of v1; v2's is devices.rules") : 0;
	if (str_eq(name, "cgroup.type") && str_eq(item->row->text, "domain"))
		return item->old ? sys_fail(-EOPNOTSUPP, "check", name, "a threaded group does not become a domain again: delete it first") : 0;
	if (b->old && !item->old && !key->kept && !cgroup_key_is_v1(b->o->fs, key) && cgroup_key_hierarchies(b->o->fs, key) &&
	    has_controller(b->old, key->pub.controller) && !(key->absent_at_root && !*b->old->name))
		return sys_fail(-ENOENT, "check", name, "this kernel has no such file");
	for (enum restore_phase p = 0; r >= 0 && p < RESTORE_PHASES; p++)
		r = restore_words(item, NULL, p, &w);
	/* Each by itself: a list may be there twice, to grow and to shrink. */
	for (size_t i = 0; r >= 0 && i < w.n; i++)
		r = check_words(b, &(struct restore_words){&w.list[i], 1});
	/* Nothing to be done, but the key may have no place here. */
	if (r >= 0 && !w.n && !cgroup_key_hierarchies(b->o->fs, key))
		r = sys_fail(-ENODEV, "check", name, "this system has no %s controller of its kind mounted", key->pub.controller);
	return r;
}

static int check_file(const struct build *b, const struct snapshot_row *row)
{
	const char *slash = strchr(row->key, '/');
	char controller[32];
	const struct snapshot_file *f;
	int h;

	snprintf(controller, sizeof(controller), "%.*s", (int)(slash - row->key), row->key);
	for (size_t i = 0; (f = snapshot_file_at(i)); i++)
		if (str_eq(f->file, slash + 1) && (!f->controller || str_eq(f->controller, controller)))
			break;
	if (!f)
		return sys_fail(-EINVAL, "check", row->key, "is no file that is restored");
	h = cgroup_hierarchy_of(b->o->fs, controller);
	if (h < 0 || b->o->fs->h[h].ops->v2)
		return sys_fail(-ENODEV, "check", row->key, "no v1 hierarchy has the %s controller here", controller);
	return 0;
}

static int check_owner(const struct build *b, const struct snapshot_row *row)
{
	char name[64], *list __free(ptr) = NULL;
	const char *colon = strchr(row->key, ':');
	unsigned uid, gid, mode;
	int end = 0, r = cgroup_delegate_list(&list), h;

	snprintf(name, sizeof(name), "%.*s", (int)(colon - row->key), row->key);
	if (r < 0)
		return r;
	if (!str_eq(colon, ":.") && !str_eq(colon, ":tasks") && !cgroup_has_word(list, colon + 1))
		return sys_fail(-EINVAL, "check", row->key, "is no file that may be given away");
	if (sscanf(row->text, "%9u:%9u %4o%n", &uid, &gid, &mode, &end) != 3 || row->text[end] || (mode & ~0777u))
		return sys_fail(-EINVAL, "check", row->key, "\"%s\" is not UID:GID MODE", row->text);
	h = snapshot_hierarchy(b->o->fs, name);
	return h < 0 ? sys_fail(-ENODEV, "check", row->key, "this system has no such hierarchy") : 0;
}

static int check_item(struct build *b, struct restore_item *item)
{
	int r;

	rf_trace_forget();
	item->skip = is_moot(b, item) || (item->old && str_eq(item->old->text, item->row->text));
	if (item->skip)
		return 0;
	r = item->row->part == SNAPSHOT_VALUE  ? check_value(b, item)
	    : item->row->part == SNAPSHOT_FILE ? check_file(b, item->row)
					       : check_owner(b, item->row);
	/* A call that failed says nothing about what this system has. */
	if (r >= 0 || !str_eq(rf_trace_last_failure()->name, "check"))
		return r;
	return lacks(b, item, r);
}

static int add_words(struct build *b, enum restore_phase phase)
{
	struct restore_words w __free(words) = {0};
	const struct restore_item *memory = find_item(b, SNAPSHOT_VALUE, "memory.max");
	struct restore_state *s __free(restore_state) = NULL;
	bool v1 = cgroup_key_is_v1(b->o->fs, cgroup_key_find("memory.max"));
	int r = 0;

	/* v1 keeps both limits in two files that depend on each other. */
	if (!v1 || !memory || memory->skip)
		memory = NULL;
	for (size_t i = 0; r >= 0 && i < b->group->n; i++)
		if (!b->at[i].skip && b->at[i].row->part == SNAPSHOT_VALUE && !str_eq(b->at[i].row->key, "devices.list"))
			r = restore_words(&b->at[i], memory, phase, &w);
	if (r < 0 || !w.n)
		return r;
	s = new_state(b, snapshot_relative(b->o->snapshot, b->group));
	r = s ? cgroup_settings_parse(b->o->fs, (const char *const *)w.list, w.n, &s->settings) : -ENOMEM;
	return r < 0 ? r : add_step(b, &step_restore_set, &s);
}

static int add_files(struct build *b, enum restore_phase phase)
{
	struct restore_state *s __free(restore_state) = new_state(b, snapshot_relative(b->o->snapshot, b->group));
	int r = s ? 0 : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < b->group->n; i++) {
		const struct restore_item *item = &b->at[i];
		bool owner = item->row->part == SNAPSHOT_OWNER;
		size_t len = strcspn(item->row->key, ":/");
		char name[64];

		if (item->skip || item->row->part == SNAPSHOT_VALUE || owner != (phase == RESTORE_OWN) ||
		    (!owner && restore_phase_of_file(item) != phase))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, item->row->key);
		r = restore_add_file(s, (size_t)snapshot_hierarchy(b->o->fs, name), owner, item->row->key + len + 1,
				     item->row->text);
	}
	/* What is somebody's now and was nobody's. */
	for (size_t i = 0; r >= 0 && phase == RESTORE_OWN && b->old && i < b->old->n; i++) {
		const struct snapshot_row *row = &b->old->rows[i];
		size_t len = strcspn(row->key, ":");
		char name[64];

		if (row->part != SNAPSHOT_OWNER || snapshot_row(b->group, SNAPSHOT_OWNER, row->key))
			continue;
		snprintf(name, sizeof(name), "%.*s", (int)len, row->key);
		r = restore_add_file(s, (size_t)snapshot_hierarchy(b->o->fs, name), true, row->key + len + 1,
				     snapshot_usual_owner(row->key));
	}
	if (r < 0 || !s->n_files)
		return r;
	return add_step(b, phase == RESTORE_OWN ? &step_restore_owners : &step_restore_files, &s);
}

static int add_devices(struct build *b, bool deny)
{
	const struct restore_item *item = find_item(b, SNAPSHOT_VALUE, "devices.list");
	struct restore_state *s __free(restore_state) = NULL;

	if (!item || item->skip)
		return 0;
	s = new_state(b, snapshot_relative(b->o->snapshot, b->group));
	if (s) {
		s->lines = strdup(item->row->text);
		s->deny = deny;
	}
	return s && s->lines ? add_step(b, &step_restore_devices, &s) : -ENOMEM;
}

/* What the group is made for: its hierarchies, and on v2 the controllers of its keys. */
static int want(const struct build *b, const struct snapshot_group *g, const struct snapshot_group *has,
		struct cgroup_want *w)
{
	int r = 0;

	for (const char *at = g->hierarchies ?: ""; *at; at += strcspn(at, " "), at += *at == ' ') {
		char name[64];
		int h;

		snprintf(name, sizeof(name), "%.*s", (int)strcspn(at, " "), at);
		h = snapshot_hierarchy(b->o->fs, name);
		if (h >= 0 && !(has && cgroup_has_word(has->hierarchies, name)))
			w->hierarchies |= 1u << h;
	}
	for (size_t i = 0; r >= 0 && i < g->n; i++) {
		const struct cgroup_key *key = g->rows[i].part == SNAPSHOT_VALUE ? cgroup_key_find(g->rows[i].key) : NULL;

		if (!key || (g == b->group && b->at[i].skip) || snapshot_row(has, SNAPSHOT_VALUE, g->rows[i].key))
			continue;
		if (cgroup_key_is_v1(b->o->fs, key))
			w->hierarchies |= cgroup_key_hierarchies(b->o->fs, key);
		else if (cgroup_key_hierarchies(b->o->fs, key))
			r = cgroup_want_controller(b->o->fs, w, cgroup_key_needs(key), true);
	}
	return r;
}

static int add_make(struct build *b)
{
	struct restore_state *s __free(restore_state) = new_state(b, snapshot_relative(b->o->snapshot, b->group));
	struct cgroup_settings none = {0};
	int r = s ? 0 : -ENOMEM;

	if (r >= 0 && *s->name)
		r = want(b, b->group, b->old, &s->want);
	if (r >= 0 && !b->old && !s->want.hierarchies)
		r = cgroup_want_new(b->o->fs, &s->want, &none, NULL);
	if (r >= 0 && s->want.hierarchies && *s->name)
		r = add_step(b, &step_restore_make, &s);
	return r < 0 ? r : add_words(b, RESTORE_MAKE);
}

static int check_empty(const struct build *b, const struct snapshot_group *g)
{
	struct cgroup *open __free(cgroup) = NULL;
	struct cgroup_pids pids __free(cgroup_pids) = {0};
	struct str words __free(str) = {0};
	int r = cgroup_open(b->o->fs, g->name, &open);

	for (size_t h = 0; r >= 0 && h < b->o->fs->n; h++)
		if (open->fd[h] >= 0)
			r = cgroup_pids_read(open->fd[h], &pids);
	if (r < 0 || !pids.n)
		return r;
	cgroup_pids_words(&pids, &words);
	return sys_fail(-EBUSY, "check", "", "the group /%s is not in the snapshot and not empty: it holds %s", g->name,
			words.s ?: "some");
}

/* Everything by which it can be made again. */
static int add_prune(struct build *b, const struct snapshot_group *g)
{
	struct restore_state *s __free(restore_state) = new_state(b, snapshot_relative(b->now, g));
	struct restore_words w __free(words) = {0};
	int r = s ? check_empty(b, g) : -ENOMEM;

	if (r >= 0)
		r = want(b, g, NULL, &s->want);
	for (size_t i = 0; r >= 0 && i < g->n; i++) {
		struct restore_item item = {.row = &g->rows[i]};
		size_t len = strcspn(item.row->key, ":/");
		char name[64];

		snprintf(name, sizeof(name), "%.*s", (int)len, item.row->key);
		if (item.row->part != SNAPSHOT_VALUE)
			r = restore_add_file(s, (size_t)snapshot_hierarchy(b->o->fs, name), item.row->part == SNAPSHOT_OWNER,
					     item.row->key + len + 1, item.row->text);
		for (enum restore_phase p = 0; r >= 0 && item.row->part == SNAPSHOT_VALUE && p < RESTORE_PHASES &&
				!str_eq(item.row->key, "devices.list"); p++)
			r = restore_words(&item, NULL, p, &w);
	}
	if (r >= 0)
		r = cgroup_settings_parse(b->o->fs, (const char *const *)w.list, w.n, &s->settings);
	return r < 0 ? r : add_step(b, &step_restore_prune, &s);
}

static int prune(struct build *b)
{
	int r = 0;

	b->group = NULL;
	for (size_t i = b->now->n; r >= 0 && (b->o->flags & RF_RESTORE_PRUNE) && i-- > 0;)
		if (!snapshot_find(b->o->snapshot, snapshot_relative(b->now, &b->now->groups[i])))
			r = add_prune(b, &b->now->groups[i]);
	return r;
}

static int add_group(struct build *b, enum restore_phase phase)
{
	int r;

	if (phase == RESTORE_MAKE)
		return add_make(b);
	r = phase == RESTORE_OWN ? 0 : add_words(b, phase);
	if (r >= 0 && (phase == RESTORE_RAISE || phase == RESTORE_LOWER))
		r = add_devices(b, phase == RESTORE_LOWER);
	if (r >= 0 && (phase == RESTORE_RAISE || phase == RESTORE_LOWER || phase == RESTORE_OWN))
		r = add_files(b, phase);
	return r;
}

/* The group at an index of the snapshot becomes the one under way. */
static void look_at(struct build *b, size_t i, size_t first)
{
	b->group = &b->o->snapshot->groups[i];
	b->old = snapshot_find(b->now, snapshot_relative(b->o->snapshot, b->group));
	b->at = &b->items[first];
}

static int add_phase(struct build *b, enum restore_phase phase)
{
	static const bool up[RESTORE_PHASES] = {
		[RESTORE_RELEASE] = true, [RESTORE_LOWER] = true, [RESTORE_OFF] = true, [RESTORE_FREEZE] = true};
	const struct rf_snapshot *s = b->o->snapshot;
	size_t first = up[phase] ? b->n_items : 0;
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->n; i++) {
		size_t g = up[phase] ? s->n - 1 - i : i;

		first -= up[phase] ? s->groups[g].n : 0;
		look_at(b, g, first);
		r = add_group(b, phase);
		first += up[phase] ? 0 : s->groups[g].n;
	}
	return r;
}

/* What a new cpuset of v1 gets: the list of the nearest group above that is there. */
static int inherit(struct build *b, struct restore_item *item)
{
	const struct cgroup_key *key = item->row->part == SNAPSHOT_VALUE ? cgroup_key_find(item->row->key) : NULL;
	struct restore_state *s __free(restore_state) = NULL;

	if (!key || item->old || key->kind != CGROUP_LIST || !cgroup_key_is_v1(b->o->fs, key))
		return 0;
	s = new_state(b, snapshot_relative(b->o->snapshot, b->group));
	if (!s)
		return -ENOMEM;
	while (*s->name) {
		char *slash = strrchr(s->name, '/');

		*(slash ?: s->name) = '\0';
		if (rf_cgroup_get(b->o->fs, s->name, key->pub.name, &item->inherits) >= 0)
			return 0;
	}
	return 0;
}

static int build(struct build *b)
{
	const struct rf_snapshot *s = b->o->snapshot;
	size_t n = 0, first = 0;
	int r = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->groups[i].n;
	b->n_items = n;
	b->items = calloc(n + 1, sizeof(*b->items));
	if (!b->items)
		return -ENOMEM;
	for (size_t i = 0; r >= 0 && i < s->n; first += s->groups[i++].n) {
		look_at(b, i, first);
		for (size_t j = 0; r >= 0 && j < b->group->n; j++) {
			b->at[j].row = &b->group->rows[j];
			b->at[j].old = snapshot_row(b->old, b->at[j].row->part, b->at[j].row->key);
			r = inherit(b, &b->at[j]);
		}
		for (size_t j = 0; r >= 0 && j < b->group->n; j++)
			r = check_item(b, &b->at[j]);
	}
	for (enum restore_phase p = 0; r >= 0 && p < RESTORE_PHASES; p++)
		r = p == RESTORE_PRUNE ? prune(b) : add_phase(b, p);
	return r < 0 ? r : 0;
}

int rf_plan_restore(struct rf_plan *plan, const struct rf_restore_options *options)
{
	struct build b = {.o = options, .plan = plan};
	int r = options_check(options, "rf_restore_options");

	if (r >= 0) {
		rf_cgroup_use_bpf(options->fs);
		r = cgroup_name(options->group ?: options->snapshot->root, &b.root);
	}
	if (r >= 0)
		r = rf_snapshot_take(options->fs, b.root, &b.now);
	/* All of it is missing. */
	if (r == -ENOENT) {
		b.now = calloc(1, sizeof(*b.now));
		if (b.now)
			b.now->root = str_format("/%s", b.root);
		r = b.now && b.now->root ? 0 : -ENOMEM;
	}
	if (r >= 0)
		r = build(&b);
	rf_snapshot_free(b.now);
	for (size_t i = 0; b.items && i < b.n_items; i++)
		free(b.items[i].inherits);
	free(b.items);
	free(b.root);
	return r;
}
