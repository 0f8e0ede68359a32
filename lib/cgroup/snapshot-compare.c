// SPDX-License-Identifier: LGPL-2.1-or-later
/* A snapshot as data, and what differs between two of them. */
#include "cgroup/snapshot.h"

void rf_snapshot_free(struct rf_snapshot *s)
{
	if (!s)
		return;
	for (size_t i = 0; i < s->n; i++) {
		struct snapshot_group *g = &s->groups[i];

		for (size_t j = 0; j < g->n; j++) {
			free(g->rows[j].key);
			free(g->rows[j].text);
		}
		free(g->rows);
		free(g->name);
		free(g->hierarchies);
	}
	free(s->groups);
	free(s->root);
	free(s);
}

int snapshot_add(struct snapshot_group *g, enum snapshot_part part, char *key, char *text)
{
	char *k __free(ptr) = key, *t __free(ptr) = text;
	struct snapshot_row *more = g->rows;

	if (!k || !t)
		return -ENOMEM;
	/* Grows at each power of two. */
	if (!(g->n & (g->n - 1)))
		more = realloc(g->rows, (g->n ? g->n * 2 : 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	g->rows = more;
	more[g->n++] = (struct snapshot_row){part, take_ptr(&k), take_ptr(&t)};
	return 0;
}

struct snapshot_group *snapshot_add_group(struct rf_snapshot *s, char *name)
{
	char *owned __free(ptr) = name;
	struct snapshot_group *more = s->groups;

	if (owned && !(s->n & (s->n - 1)))
		more = realloc(s->groups, (s->n ? s->n * 2 : 1) * sizeof(*more));
	if (!owned || !more)
		return NULL;
	s->groups = more;
	more[s->n] = (struct snapshot_group){.name = take_ptr(&owned)};
	return &more[s->n++];
}

static int compare_rows(const void *a, const void *b)
{
	const struct snapshot_row *x = a, *y = b;

	return x->part != y->part ? (int)x->part - (int)y->part : strcmp(x->key, y->key);
}

static int compare_groups(const void *a, const void *b)
{
	return cgroup_compare_names(((const struct snapshot_group *)a)->name, ((const struct snapshot_group *)b)->name);
}

void snapshot_sort(struct rf_snapshot *s)
{
	if (s->n)
		qsort(s->groups, s->n, sizeof(*s->groups), compare_groups);
	for (size_t i = 0; i < s->n; i++)
		if (s->groups[i].n)
			qsort(s->groups[i].rows, s->groups[i].n, sizeof(struct snapshot_row), compare_rows);
}

const char *rf_snapshot_root(const struct rf_snapshot *s)
{
	return s->root;
}

size_t rf_snapshot_length(const struct rf_snapshot *s)
{
	return s->n;
}

const char *snapshot_relative(const struct rf_snapshot *s, const struct snapshot_group *g)
{
	const char *rest = g->name + strlen(s->root) - 1;

	return rest + (*rest == '/');
}

const struct snapshot_group *snapshot_find(const struct rf_snapshot *s, const char *relative)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = (low + high) / 2;
		int c = cgroup_compare_names(relative, snapshot_relative(s, &s->groups[middle]));

		if (!c)
			return &s->groups[middle];
		*(c < 0 ? &high : &low) = c < 0 ? middle : middle + 1;
	}
	return NULL;
}

const struct snapshot_row *snapshot_row(const struct snapshot_group *g, enum snapshot_part part, const char *key)
{
	for (size_t i = 0; g && i < g->n; i++)
		if (g->rows[i].part == part && str_eq(g->rows[i].key, key))
			return &g->rows[i];
	return NULL;
}

bool snapshot_has_lines(const char *key)
{
	const struct cgroup_key *row = cgroup_key_find(key);

	return row && (row->kind == CGROUP_NESTED || row->kind == CGROUP_WEIGHTS || str_eq(key, "devices.list"));
}

struct compare {
	rf_snapshot_change_fn *fn;
	void *data;
	char *group;
	int n;
};

static void tell(struct compare *c, const char *key, const char *old_text, const char *new_text)
{
	const struct rf_snapshot_change change = {c->group, key, old_text, new_text};

	c->n++;
	if (c->fn)
		c->fn(&change, c->data);
}

/* The length of a line's name: of a device's rule that is all of it. */
static size_t name_length(const char *key, const char *line)
{
	size_t len = strcspn(line, "\n"), name = strcspn(line, " \n");

	return str_eq(key, "devices.list") ? len : name;
}

static const char *find_line(const char *key, const char *text, const char *line, size_t len)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n')
		if (name_length(key, at) == len && !strncmp(at, line, len))
			return at;
	return NULL;
}

/* Each line of `a` against the one of that name in `b`; `added`: only those that `b` has not. */
static int compare_lines(struct compare *c, const char *key, const char *a, const char *b, bool added)
{
	for (const char *at = a; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		size_t name = name_length(key, at);
		const char *other = find_line(key, b, at, name);
		char *is __free(ptr) = strndup(at + name, strcspn(at + name, "\n")), *was __free(ptr) = NULL;
		char *what __free(ptr) = str_format("%s %.*s", key, (int)name, at);

		if (other)
			was = strndup(other + name, strcspn(other + name, "\n"));
		if (!is || !what || (other && !was))
			return -ENOMEM;
		if (other ? added || str_eq(is, was) : false)
			continue;
		/* Of a rule nothing is left but that it is there. */
		tell(c, what, added ? NULL : *is ? is + 1 : "there", added ? *is ? is + 1 : "there" : was ? was + 1 : NULL);
	}
	return 0;
}

/* `any` is the row of either; what the other has not is NULL. */
static int compare_row(struct compare *c, const struct snapshot_row *any, const char *old_text, const char *new_text)
{
	static const char *const before[SNAPSHOT_PARTS] = {"", "v1 ", "owner "};
	char *key __free(ptr) = str_format("%s%s", before[any->part], any->key);
	int r;

	if (!key)
		return -ENOMEM;
	if (any->part == SNAPSHOT_OWNER) {
		old_text = old_text ?: snapshot_usual_owner(any->key);
		new_text = new_text ?: snapshot_usual_owner(any->key);
	}
	if (old_text && new_text && str_eq(old_text, new_text))
		return 0;
	if (any->part != SNAPSHOT_VALUE || !snapshot_has_lines(any->key) || !old_text || !new_text) {
		tell(c, key, old_text, new_text);
		return 0;
	}
	r = compare_lines(c, any->key, old_text, new_text, false);
	return r < 0 ? r : compare_lines(c, any->key, new_text, old_text, true);
}

static int compare_both(struct compare *c, const struct snapshot_group *a, const struct snapshot_group *b)
{
	size_t i = 0, j = 0;
	int r = 0;

	if (a->hierarchies && b->hierarchies && !str_eq(a->hierarchies, b->hierarchies))
		tell(c, "hierarchies", a->hierarchies, b->hierarchies);
	while (r >= 0 && (i < a->n || j < b->n)) {
		int order = i == a->n ? 1 : j == b->n ? -1 : compare_rows(&a->rows[i], &b->rows[j]);

		r = compare_row(c, order <= 0 ? &a->rows[i] : &b->rows[j], order <= 0 ? a->rows[i].text : NULL,
				order >= 0 ? b->rows[j].text : NULL);
		i += order <= 0;
		j += order >= 0;
	}
	return r;
}

int rf_snapshot_compare(const struct rf_snapshot *a, const struct rf_snapshot *b, rf_snapshot_change_fn *fn,
			void *data)
{
	struct compare c = {fn, data, NULL, 0};
	size_t i = 0, j = 0;
	int r = 0;

	while (r >= 0 && (i < a->n || j < b->n)) {
		const struct snapshot_group *x = &a->groups[i], *y = &b->groups[j];
		int order = i == a->n ? 1 : j == b->n ? -1 : cgroup_compare_names(snapshot_relative(a, x), snapshot_relative(b, y));

		c.group = str_format("/%s", order <= 0 ? x->name : y->name);
		if (!c.group)
			return -ENOMEM;
		if (order)
			tell(&c, NULL, order < 0 ? "there" : NULL, order > 0 ? "there" : NULL);
		else
			r = compare_both(&c, x, y);
		free(c.group);
		i += order <= 0;
		j += order >= 0;
	}
	return r < 0 ? r : c.n;
}
