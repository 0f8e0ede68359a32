// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that set a tree of groups: make, set, remove. A step opens its group, does its part and closes it
 * again, since a tree has more groups than a process may have descriptors; undo opens it again.
 *
 * A setting that holds already is not written: what a new group has by itself is often what the
 * snapshot says, and a second restore after one that was killed has little left to do.
 */
#include "plan/step-cgroup-restore.h"

void restore_state_free(void *data)
{
	struct restore_state *s = data;

	cgroup_writes_done(&s->writes);
	cgroup_settings_done(&s->settings);
	for (size_t i = 0; i < s->n_files; i++) {
		free(s->files[i].file);
		free(s->files[i].text);
		free(s->files[i].old);
	}
	free(s->files);
	cgroup_close(s->made);
	free(s->lines);
	free(s->old_lines);
	free(s->name);
	free(s);
}

int restore_leave(const struct restore_state *s, const char *key, int error)
{
	char *group __free(ptr) = str_format("/%s", s->name);
	const struct rf_call *why = rf_trace_last_failure();

	if (!(s->flags & RF_RESTORE_BEST_EFFORT) || error == -ENOMEM || !group)
		return error;
	if (s->left)
		s->left(group, key, why->result == error && why->note[0] ? why->note : strerror(-error), s->data);
	return 0;
}

int restore_open(const struct plan_run *run, const struct rf_step *step, struct cgroup **ret_g)
{
	const struct restore_state *s = step->data;
	int r = cgroup_open(s->fs, s->name, ret_g);

	if (r != -ENOENT || !sys_is_dry())
		return r;
	for (const struct rf_step *t = run->plan->steps; t < step; t++) {
		const struct restore_state *other = t->data;

		if (t->kind == &step_restore_make && str_eq(other->name, s->name))
			return cgroup_pretend(s->fs, s->name, other->want.hierarchies, ret_g);
	}
	return r;
}

static void close_all(struct cgroup *g)
{
	for (size_t h = 0; h < CGROUP_MAX_HIERARCHIES; h++) {
		if (g->fd[h] >= 0)
			sys_close(g->fd[h]);
		g->fd[h] = -EBADF;
	}
}

static void args_name(const struct rf_step *step, struct str *out)
{
	const struct restore_state *s = step->data;

	str_addf(out, "/%s", s->name);
}

static int run_make(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	int r = cgroup_make(s->fs, s->name, &s->want, &s->made);

	if (r >= 0)
		close_all(s->made);
	return r;
}

static void undo_make(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;

	cgroup_unmake(s->made);
}

const struct step_kind step_restore_make = {
	.id = "restore-make", .name = "make the control group",
	.why = "It is missing, or a controller of its values is; on v2 each level above must pass the controllers on.",
	.page = "cgroups(7)", .args = args_name, .run = run_make, .undo = undo_make, .free_data = restore_state_free,
};

/* Does the setting hold already? */
static bool holds(const struct cgroup *g, const struct cgroup_setting *one)
{
	char *text __free(ptr) = NULL;
	struct cgroup_value got;

	if (sys_is_dry() || !one->key || cgroup_get(g, one->name, &text) < 0)
		return false;
	/* v1 says FROZEN also where only a group above is. */
	if (one->key->how == V1_FREEZE && cgroup_key_is_v1(g->fs, one->key))
		return false;
	return cgroup_value_read(one->key, text, &got) >= 0 && cgroup_value_compare(one->key, &one->value, &got) == 0;
}

/* The writes of both, in their order. */
static int append(struct cgroup_writes *to, struct cgroup_writes *from)
{
	struct cgroup_write_op *more = realloc(to->list, (to->n + from->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	to->list = more;
	for (size_t i = 0; i < from->n; i++)
		more[to->n++] = from->list[i];
	free(from->list);
	*from = (struct cgroup_writes){0};
	return 0;
}

/* Those that hold are moved to the end, and what comes before them is set. */
static size_t split(const struct cgroup *g, struct cgroup_settings *s)
{
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++) {
		struct cgroup_setting one = s->list[i];

		if (holds(g, &one))
			continue;
		memmove(&s->list[n + 1], &s->list[n], (i - n) * sizeof(one));
		s->list[n++] = one;
	}
	return n;
}

static int set_each(struct restore_state *s, struct cgroup *g, size_t n)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct cgroup_settings one = {.list = &s->settings.list[i], .n = 1, .whole = true};
		struct cgroup_writes w = {0};

		r = cgroup_apply(g, &one, s->note, s->data, &w);
		r = r < 0 ? restore_leave(s, one.list->name, r) : append(&s->writes, &w);
		cgroup_writes_done(&w);
	}
	return r;
}

static int run_set(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	struct cgroup *g __free(cgroup) = NULL;
	struct cgroup_settings some = s->settings;
	int r = restore_open(run, step, &g);

	if (r < 0)
		return r;
	some.n = split(g, &s->settings);
	some.whole = true;
	r = cgroup_apply(g, &some, s->note, s->data, &s->writes);
	if (r < 0 && (s->flags & RF_RESTORE_BEST_EFFORT))
		r = set_each(s, g, some.n);
	step->half_done = r < 0;
	return r;
}

static void undo_set(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	struct cgroup *g __free(cgroup) = NULL;

	if (s->writes.n && cgroup_open(s->fs, s->name, &g) >= 0)
		cgroup_revert(g, &s->writes);
}

static void args_set(const struct rf_step *step, struct str *out)
{
	const struct restore_state *s = step->data;

	str_addf(out, "/%s:", s->name);
	for (size_t i = 0; i < s->settings.n; i++)
		str_addf(out, " %s=%s", s->settings.list[i].name, s->settings.list[i].text);
}

const struct step_kind step_restore_set = {
	.id = "restore-set", .name = "set its values",
	.why = "Parents are raised before their children and children lowered before their parents, so that no state between is refused.",
	.page = "cgroups(7)", .args = args_set, .run = run_set, .undo = undo_set, .free_data = restore_state_free,
};

static int run_prune(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;

	return rf_cgroup_delete(s->fs, s->name, 0, 0);
}

/* As it was, as far as it can be: each value by itself. */
static void undo_prune(struct plan_run *run, struct rf_step *step)
{
	struct restore_state *s = step->data;
	struct rf_call why = *rf_trace_last_failure();
	struct cgroup *g __free(cgroup) = NULL;

	if (cgroup_make(s->fs, s->name, &s->want, &g) >= 0) {
		s->flags = RF_RESTORE_BEST_EFFORT;
		set_each(s, g, split(g, &s->settings));
		restore_files(s, g);
	}
	sys_keep_failure(&why);
}

const struct step_kind step_restore_prune = {
	.id = "restore-prune", .name = "remove a group that was not there",
	.why = "It is empty; while it is there its values can stand in the way of those of the groups around it.",
	.page = "cgroups(7)", .args = args_name, .run = run_prune, .undo = undo_prune, .free_data = restore_state_free,
};
