// SPDX-License-Identifier: LGPL-2.1-or-later
/* From "KEY=VALUE" words to checked settings in the order to write them. Nothing is touched here. */
#include <ctype.h>

#include "cgroup/cgroup.h"

/* The keys of the table that begin as this name does; all where `len` is 0. */
static void known_keys(const char *name, size_t len, struct str *out)
{
	const struct cgroup_key *key;

	for (size_t i = 0; (key = cgroup_key_at(i)); i++)
		if (!key->pub.read_only &&
		    (!len || (!strncmp(key->pub.name, name, len) && key->pub.name[len] == '.')))
			str_addf(out, "%s%s", out->len ? ", " : "", key->pub.name);
}

int cgroup_unknown_key(const char *name)
{
	struct str known __free(str) = {0};

	known_keys(name, strcspn(name, "."), &known);
	if (!known.len)
		known_keys(name, 0, &known);
	return sys_fail(-EINVAL, "check", name, "no such key or file; keys are %.200s%s",
			known.s ?: "", known.len > 200 ? "…" : "");
}

static int check_text(const char *name, const char *text)
{
	for (const char *p = text; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return sys_fail(-EINVAL, "check", name,
					"a value can't hold control characters (byte %zu is \\x%02x)",
					(size_t)(p - text) + 1, (unsigned char)*p);
	return 0;
}

/* A file by its own name: known to exist only when the group is open. */
static int check_raw(const struct rf_cgroup_fs *fs, const struct cgroup_setting *s)
{
	size_t len = strcspn(s->name, ".");
	char controller[32];

	for (const char *p = s->name; *p; p++)
		if (!isalnum((unsigned char)*p) && !strchr("._-", *p))
			return cgroup_unknown_key(s->name);
	if (!s->name[len] || len >= sizeof(controller))
		return cgroup_unknown_key(s->name);
	memcpy(controller, s->name, len);
	controller[len] = '\0';
	if (!str_eq(controller, "cgroup") && cgroup_hierarchy_of(fs, controller) < 0)
		return cgroup_unknown_key(s->name);
	return 0;
}

static int check_key(const struct rf_cgroup_fs *fs, const struct cgroup_key *key)
{
	if (key->kind == CGROUP_IDS)
		return sys_fail(-EINVAL, "check", key->pub.name, "is written by `cgctl move GROUP PID…`");
	if (key->pub.read_only)
		return sys_fail(-EINVAL, "check", key->pub.name, "can be read but not set");
	if (key->v1_only && !cgroup_key_is_v1(fs, key))
		return sys_fail(-EOPNOTSUPP, "check", key->pub.name,
				"is a key of cgroup v1, and no v1 hierarchy has the %s controller here",
				key->pub.controller);
	if (key->kept && !cgroup_key_is_v1(fs, key))
		return cgroup_kept_check(fs, key);
	if (!cgroup_key_hierarchies(fs, key) && !cgroup_key_is_v1(fs, key))
		return sys_fail(-ENODEV, "check", key->pub.name,
				"this system has no %s controller mounted",
				str_eq(key->pub.controller, "cgroup") ? "v2" : key->pub.controller);
	if (cgroup_key_is_v1(fs, key) && key->how == V1_NONE)
		return sys_fail(-EOPNOTSUPP, "check", key->pub.name,
				"cgroup v1 has nothing like it, and %s is a v1 controller here",
				key->pub.controller);
	return 0;
}

static int find_key(struct cgroup_setting *s)
{
	const struct cgroup_key *row = cgroup_key_find(s->name);

	s->key = row;
	if (!row || str_eq(row->pub.name, s->name))
		return 0;
	s->copy = calloc(1, sizeof(*s->copy));
	if (!s->copy)
		return -ENOMEM;
	s->key = cgroup_key_for(row, s->name, s->copy);
	return 0;
}

static int parse_word(const struct rf_cgroup_fs *fs, const char *word, struct cgroup_setting *s)
{
	const char *eq = strchr(word, '=');
	int r;

	if (!eq || eq == word)
		return sys_fail(-EINVAL, "check", word, "is not of the form KEY=VALUE");
	s->name = strndup(word, (size_t)(eq - word));
	s->text = strdup(eq + 1);
	if (!s->name || !s->text)
		return -ENOMEM;
	r = check_text(s->name, s->text);
	if (r >= 0)
		r = find_key(s);
	if (r < 0)
		return r;
	if (!s->key) {
		s->value.text = s->text;
		return check_raw(fs, s);
	}
	r = check_key(fs, s->key);
	return r < 0 ? r : cgroup_value_parse(s->key, s->text, &s->value);
}

/* How many keys must be written before this one. */
static int rank(const struct cgroup_key *key)
{
	int n = key && key->kind == CGROUP_TRIGGER ? 100 : 0;

	for (; key && key->after; n++)
		key = cgroup_key_find(key->after);
	return n;
}

/* The same key, and of a key with lines the same line. */
static bool is_same(const struct cgroup_setting *a, const struct cgroup_setting *b)
{
	size_t len = strcspn(a->value.line, " ");

	/* One way of the two. */
	if (a->key && b->key && a->key->kind == CGROUP_RATE && b->key->kind == CGROUP_RATES)
		return true;
	if (!str_eq(a->name, b->name) || (a->key && a->key->kind == CGROUP_TRIGGER))
		return false;
	return !a->key || (a->key->kind != CGROUP_NESTED && a->key->kind != CGROUP_WEIGHTS) ||
	       (!strncmp(a->value.line, b->value.line, len) && strcspn(b->value.line, " ") == len);
}

/* Stable: settings of one rank stay in the user's order. There are few. */
static void sort(struct cgroup_settings *s)
{
	for (size_t i = 1; i < s->n; i++)
		for (size_t j = i; j && rank(s->list[j - 1].key) > rank(s->list[j].key); j--) {
			struct cgroup_setting swap = s->list[j];

			s->list[j] = s->list[j - 1];
			s->list[j - 1] = swap;
		}
}

/* What only the whole list can tell. */
static int check_together(const struct rf_cgroup_fs *fs, const struct cgroup_settings *s)
{
	for (size_t i = 0; i < s->n; i++)
		for (size_t j = 0; j < i; j++)
			if (is_same(&s->list[i], &s->list[j]))
				return sys_fail(-EINVAL, "check", s->list[i].name,
						"is given twice: \"%s\" and \"%s\"",
						s->list[j].text, s->list[i].text);
	return 0;
}

int cgroup_settings_parse(const struct rf_cgroup_fs *fs, const char *const *words, size_t n,
			  struct cgroup_settings *ret)
{
	struct cgroup_settings s __free(cgroup_settings) = {0};
	int r = 0;

	s.list = calloc(n + 1, sizeof(*s.list));
	if (!s.list)
		return -ENOMEM;
	for (; r >= 0 && s.n < n; s.n++)
		r = parse_word(fs, words[s.n], &s.list[s.n]);
	if (r >= 0)
		r = check_together(fs, &s);
	if (r < 0)
		return r;
	sort(&s);
	*ret = s;
	s = (struct cgroup_settings){0};
	return 0;
}

void cgroup_settings_done(struct cgroup_settings *s)
{
	for (size_t i = 0; i < s->n; i++) {
		free(s->list[i].name);
		free(s->list[i].text);
		free(s->list[i].copy);
	}
	free(s->list);
	*s = (struct cgroup_settings){0};
}

const struct cgroup_setting *cgroup_settings_find(const struct cgroup_settings *s, const char *name)
{
	for (size_t i = 0; i < s->n; i++)
		if (str_eq(s->list[i].name, name))
			return &s->list[i];
	return NULL;
}
