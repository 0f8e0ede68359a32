// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cgconfig.conf(5) as a list of items. libcgroup 2.0 has a reader of its own, but no function that
 * gives back what it has read: it makes the groups at once. So the form is read here.
 *
 *	file      = { section }
 *	section   = ("mount" | "namespace" | "systemd") settings
 *	          | ("group" | "template") WORD "{" { "perm" perm | WORD settings } "}"
 *	          | "default" "{" { "perm" perm } "}"
 *	perm      = "{" { ("task" | "admin") settings } "}"
 *	settings  = "{" { WORD "=" WORD ";" } "}"
 *
 * A word is quoted ("…", which may go over lines and has no escapes) or has none of the blanks,
 * { } = ; " and #. A comment goes from # to the end of the line.
 */
#include <ringfence/cgconfig.h>

#include <errno.h>
#include <stdlib.h>

#include "cgroup/cgroup.h"

struct rf_cgconfig {
	char *words; /* each ended by NUL; the items point into it */
	struct rf_cgconfig_item *items;
	size_t n, cap;
};

/* What is read next. The other tokens are their own characters. */
enum { TOKEN_END, TOKEN_WORD };

struct reader {
	const char *name, *at, *end;
	char *free;	 /* where the next word goes */
	const char *word; /* the last one */
	unsigned line;
	int token;
	struct rf_cgconfig *config;
};

int cgroup_bad_line(const char *what, const char *name, unsigned line, const char *why)
{
	char object[128];

	snprintf(object, sizeof(object), "%s:%u", name, line);
	return sys_fail(-EINVAL, what, object, "%s", why);
}

static int refused(const struct reader *r, const char *why)
{
	return cgroup_bad_line("cgconfig", r->name, r->line, why);
}

static int expected(const struct reader *r, const char *what)
{
	char found[48], why[160];

	if (r->token == TOKEN_END)
		snprintf(found, sizeof(found), "the end of the file");
	else if (r->token == TOKEN_WORD)
		snprintf(found, sizeof(found), "\"%.32s\"", r->word);
	else
		snprintf(found, sizeof(found), "'%c'", r->token);
	snprintf(why, sizeof(why), "expected %s, found %s", what, found);
	return refused(r, why);
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool ends_word(char c)
{
	return !c || is_blank(c) || strchr("{}=;\"#", c);
}

static void skip_blanks(struct reader *r)
{
	bool comment = false;

	for (; r->at < r->end && (comment || is_blank(*r->at) || *r->at == '#'); r->at++) {
		comment = (comment || *r->at == '#') && *r->at != '\n';
		r->line += *r->at == '\n';
	}
}

static void keep_word(struct reader *r, const char *from, const char *to)
{
	size_t len = (size_t)(to - from);

	memcpy(r->free, from, len);
	r->free[len] = '\0';
	r->word = r->free;
	r->free += len + 1;
	r->token = TOKEN_WORD;
}

static int read_quoted(struct reader *r)
{
	const char *from = r->at + 1, *to = memchr(from, '"', (size_t)(r->end - from));

	if (!to)
		return refused(r, "a quoted word has no end");
	if (memchr(from, '\0', (size_t)(to - from)))
		return refused(r, "there is a NUL byte in a quoted word");
	for (const char *c = from; c < to; c++)
		r->line += *c == '\n';
	keep_word(r, from, to);
	r->at = to + 1;
	return 0;
}

/* Words fit: two that are not quoted have a character between them, and quotes take two. */
static int advance(struct reader *r)
{
	const char *from;

	skip_blanks(r);
	if (r->at == r->end) {
		r->token = TOKEN_END;
		return 0;
	}
	if (*r->at == '"')
		return read_quoted(r);
	if (!*r->at)
		return refused(r, "there is a NUL byte");
	if (ends_word(*r->at)) {
		r->token = (unsigned char)*r->at++;
		return 0;
	}
	from = r->at;
	while (r->at < r->end && !ends_word(*r->at))
		r->at++;
	keep_word(r, from, r->at);
	return 0;
}

/* Go on past a token of this kind; of a word, *ret_word is it. */
static int take(struct reader *r, int token, const char *what, const char **ret_word)
{
	if (r->token != token)
		return expected(r, what);
	if (ret_word)
		*ret_word = r->word;
	return advance(r);
}

static int add_item(struct reader *r, unsigned line, enum rf_cgconfig_kind kind, const char *group,
		    const char *controller, const char *key, const char *value)
{
	struct rf_cgconfig *c = r->config;

	if (c->n == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 32;
		struct rf_cgconfig_item *more = realloc(c->items, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		c->items = more;
		c->cap = cap;
	}
	c->items[c->n++] = (struct rf_cgconfig_item){
		.kind = kind, .line = line, .group = group, .controller = controller,
		.key = key, .value = value,
	};
	return 0;
}

static int read_setting(struct reader *r, enum rf_cgconfig_kind kind, const char *group,
			const char *controller)
{
	const char *key = NULL, *value = NULL;
	unsigned line = r->line;
	int e = take(r, TOKEN_WORD, "a name or '}'", &key);

	if (e >= 0)
		e = take(r, '=', "'='", NULL);
	if (e >= 0)
		e = take(r, TOKEN_WORD, "a value", &value);
	if (e >= 0)
		e = take(r, ';', "';' (a value with blanks is to be quoted)", NULL);
	return e < 0 ? e : add_item(r, line, kind, group, controller, key, value);
}

static int read_settings(struct reader *r, enum rf_cgconfig_kind kind, const char *group,
			 const char *controller)
{
	int e = take(r, '{', "'{'", NULL);

	while (e >= 0 && r->token != '}')
		e = read_setting(r, kind, group, controller);
	return e < 0 ? e : advance(r);
}

static int read_perm(struct reader *r, const char *group)
{
	const char *who = NULL;
	int e = take(r, '{', "'{'", NULL);

	while (e >= 0 && r->token != '}') {
		if (r->token != TOKEN_WORD || (!str_eq(r->word, "task") && !str_eq(r->word, "admin")))
			return expected(r, "task, admin or '}'");
		e = take(r, TOKEN_WORD, "", &who);
		if (e >= 0)
			e = read_settings(r, RF_CGCONFIG_PERM, group, who);
	}
	return e < 0 ? e : advance(r);
}

static int read_controller(struct reader *r, enum rf_cgconfig_kind kind, const char *group)
{
	const char *name = NULL;
	unsigned line = r->line;
	int e = take(r, TOKEN_WORD, "a controller, perm or '}'", &name);

	if (e < 0)
		return e;
	if (str_eq(name, "perm"))
		return read_perm(r, group);
	if (kind == RF_CGCONFIG_DEFAULT)
		return refused(r, "the section default has nothing but perm");
	e = add_item(r, line, RF_CGCONFIG_CONTROLLER, group, name, NULL, NULL);
	return e < 0 ? e : read_settings(r, RF_CGCONFIG_VALUE, group, name);
}

static int read_group(struct reader *r, enum rf_cgconfig_kind kind)
{
	const char *group = NULL;
	unsigned line = r->line;
	int e = kind == RF_CGCONFIG_DEFAULT ? 0 : take(r, TOKEN_WORD, "a group's name", &group);

	if (e >= 0)
		e = add_item(r, line, kind, group, NULL, NULL, NULL);
	if (e >= 0)
		e = take(r, '{', "'{'", NULL);
	while (e >= 0 && r->token != '}')
		e = read_controller(r, kind, group);
	return e < 0 ? e : advance(r);
}

static int read_section(struct reader *r)
{
	static const struct {
		const char *word;
		enum rf_cgconfig_kind kind;
		bool groups;
	} sections[] = {
		{"mount", RF_CGCONFIG_MOUNT, false},
		{"namespace", RF_CGCONFIG_NAMESPACE, false},
		{"systemd", RF_CGCONFIG_SYSTEMD, false},
		{"group", RF_CGCONFIG_GROUP, true},
		{"template", RF_CGCONFIG_TEMPLATE, true},
		{"default", RF_CGCONFIG_DEFAULT, true},
	};

	for (size_t i = 0; r->token == TOKEN_WORD && i < array_size(sections); i++) {
		int e;

		if (!str_eq(r->word, sections[i].word))
			continue;
		e = advance(r);
		if (e < 0)
			return e;
		return sections[i].groups ? read_group(r, sections[i].kind)
					  : read_settings(r, sections[i].kind, NULL, NULL);
	}
	return expected(r, "mount, namespace, systemd, group, template or default");
}

int rf_cgconfig_parse(const char *name, const char *text, size_t size, struct rf_cgconfig **ret_config)
{
	struct reader r = {.name = name, .at = text, .end = text + size, .line = 1};
	int e;

	if (size > CGROUP_CONFIG_LIMIT)
		return sys_fail(-EFBIG, "cgconfig", name, "has more than 16 MiB");
	r.config = calloc(1, sizeof(*r.config));
	if (r.config)
		r.free = r.config->words = malloc(size + 1);
	if (!r.free) {
		rf_cgconfig_free(r.config);
		return -ENOMEM;
	}
	e = advance(&r);
	while (e >= 0 && r.token != TOKEN_END)
		e = read_section(&r);
	if (e < 0) {
		rf_cgconfig_free(r.config);
		return e;
	}
	*ret_config = r.config;
	return 0;
}

const struct rf_cgconfig_item *rf_cgconfig_items(const struct rf_cgconfig *config, size_t *ret_n)
{
	*ret_n = config->n;
	return config->items;
}

void rf_cgconfig_free(struct rf_cgconfig *config)
{
	if (!config)
		return;
	free(config->items);
	free(config->words);
	free(config);
}
