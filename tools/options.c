// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Options by rows. Long options are taken in full only: an abbreviation that works today would
 * change its meaning when a new option comes. Options end at the first word that is none, so that
 * tools chain without quoting: `cgctl run … -- nsrun … -- prog`.
 */
#include "options.h"

#include <errno.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

int optind_after;

const char *const tool_explain_choices[] = {"text", "json", NULL};
const char *const tool_emit_choices[] = {"c", NULL};

static const struct opt_row standard_rows[] = {
	{'h', "help", OPT_OPTIONAL, NULL, "FORM", NULL},
	{'V', "version", OPT_FLAG, NULL, NULL, NULL},
	{0},
};

static bool takes_word(const struct opt_row *o)
{
	return o->type != OPT_FLAG && o->type != OPT_BITS && o->type != OPT_OPTIONAL;
}

static const struct opt_row *find(const struct opt_row *rows, const char *name, size_t len,
				  char letter)
{
	for (; rows && rows->name; rows++)
		if (len ? strlen(rows->name) == len && !memcmp(rows->name, name, len)
			: rows->letter && rows->letter == letter)
			return rows;
	return NULL;
}

static int bad_value(const struct opt_row *o, const char *word, const char *allowed)
{
	return tool_usage_error("--%s: \"%s\" is not %s", o->name, word, allowed);
}

static int parse_int(const struct opt_row *o, const char *word)
{
	char *end, allowed[96];
	long long v;

	errno = 0;
	v = strtoll(word, &end, 10);
	if (errno || end == word || *end || v < o->min || v > o->max) {
		snprintf(allowed, sizeof(allowed), "a whole number from %lld to %lld",
			 (long long)o->min, (long long)o->max);
		return bad_value(o, word, allowed);
	}
	*(int64_t *)o->to = v;
	return 0;
}

static int parse_choice(const struct opt_row *o, const char *word)
{
	struct str allowed __free(str) = {0};

	for (int i = 0; o->choices[i]; i++) {
		if (!strcmp(o->choices[i], word)) {
			*(int *)o->to = i;
			return 0;
		}
		str_addf(&allowed, "%s%s", i ? ", " : "one of ", o->choices[i]);
	}
	return bad_value(o, word, allowed.s ?: "allowed");
}

static int append(struct opt_list *list, const char *word)
{
	const char **more = realloc(list->words, (list->n + 1) * sizeof(*more));

	if (!more)
		return tool_error(-ENOMEM, "options");
	more[list->n++] = word;
	list->words = more;
	return 0;
}

static int optional(const struct opt_row *o, const char *word)
{
	const char **to = o->to;

	/* Without a value, an earlier one stays where the row says so. */
	if (!word && o->bits && *to)
		return 0;
	if (!word)
		word = o->choices ? o->choices[0] : "";
	else
		for (int i = 0; o->choices; i++)
			if (!o->choices[i])
				return bad_value(o, word, "a form that is known");
			else if (!strcmp(o->choices[i], word))
				break;
	*to = word;
	return 0;
}

static int call(const struct opt_row *o, const char *word)
{
	int r = o->call(word, o->to);
	char allowed[128];

	if (r >= 0)
		return 0;
	if (r == -ENOMEM)
		return tool_error(r, "--%s", o->name);
	snprintf(allowed, sizeof(allowed), "%s", o->arg);
	return bad_value(o, word, allowed);
}

static int apply(const struct opt_row *o, const char *word)
{
	switch (o->type) {
	case OPT_FLAG:
		*(bool *)o->to = true;
		return 0;
	case OPT_BITS:
		*(uint64_t *)o->to |= o->bits;
		return 0;
	case OPT_STRING:
		*(const char **)o->to = word;
		return 0;
	case OPT_INT:
		return parse_int(o, word);
	case OPT_BYTES:
		return rf_parse_bytes(word, o->to) < 0
			       ? bad_value(o, word, "a size such as 64M, 1.5G or max")
			       : 0;
	case OPT_TIME:
		return rf_parse_time_us(word, o->to) < 0
			       ? bad_value(o, word, "a time such as 10ms, 2s or 1min")
			       : 0;
	case OPT_CPU:
		return rf_parse_cpu(word, o->to) < 0
			       ? bad_value(o, word, "an amount such as 1.5cpu, 50% or max")
			       : 0;
	case OPT_LIST:
		return append(o->to, word);
	case OPT_CHOICE:
		return parse_choice(o, word);
	case OPT_OPTIONAL:
		return optional(o, word);
	case OPT_CALL:
		return call(o, word);
	}
	return -1;
}

/* -1: go on; else the exit code. */
static int standard(const struct opt_row *o, const char *word)
{
	if (o->letter == 'h')
		return help_print(word);
	printf("%s (ringfence) %s\n", tool_state.tool->name, RF_VERSION);
	return tool_finish(EXIT_OK);
}

struct cursor {
	const struct opt_row *rows;
	int argc, at;
	char **argv;
};

/* One option and its word; 0 to go on, else as options_parse(). */
static int take(struct cursor *c, const struct opt_row *o, const char *word, bool is_standard)
{
	int r;

	if (!o)
		return tool_usage_error("no such option: %s", c->argv[c->at]) + 1;
	if (!takes_word(o) && word && o->type != OPT_OPTIONAL)
		return tool_usage_error("--%s takes no value", o->name) + 1;
	if (takes_word(o) && !word) {
		if (c->at + 1 >= c->argc)
			return tool_usage_error("--%s needs a value: %s", o->name, o->arg) + 1;
		word = c->argv[++c->at];
	}
	r = is_standard ? standard(o, word) : apply(o, word);
	return is_standard ? r + 1 : r ? r + 1 : 0;
}

static int take_long(struct cursor *c)
{
	const char *name = c->argv[c->at] + 2, *eq = strchr(name, '=');
	size_t len = eq ? (size_t)(eq - name) : strlen(name);
	const struct opt_row *o = len ? find(c->rows, name, len, 0) : NULL;
	const struct opt_row *s = o || !len ? NULL : find(standard_rows, name, len, 0);

	return take(c, o ?: s, eq ? eq + 1 : NULL, s != NULL);
}

static int take_letters(struct cursor *c)
{
	for (const char *p = c->argv[c->at] + 1; *p; p++) {
		const struct opt_row *o = find(c->rows, NULL, 0, *p);
		const struct opt_row *s = o ? NULL : find(standard_rows, NULL, 0, *p);
		const char *word = NULL;
		bool last = false;
		int r;

		/* "-n/run/netns/blue": a path can't be taken for letters. */
		if (o && o->type == OPT_OPTIONAL && (p[1] == '/' || p[1] == '='))
			return take(c, o, p + 1 + (p[1] == '='), false);
		if ((o ?: s) && takes_word(o ?: s) && p[1]) {
			word = p + 1;
			last = true;
		}
		r = take(c, o ?: s, word, s != NULL);
		if (r || last)
			return r;
		/* The word was the next argument. */
		if (o && takes_word(o))
			return 0;
	}
	return 0;
}

int options_parse(const struct opt_row *rows, int argc, char **argv)
{
	struct cursor c = {rows, argc, 1, argv};

	for (; c.at < argc; c.at++) {
		const char *a = argv[c.at];
		int r;

		if (a[0] != '-' || !a[1])
			break;
		if (!strcmp(a, "--")) {
			c.at++;
			break;
		}
		r = a[1] == '-' ? take_long(&c) : take_letters(&c);
		if (r)
			return -r;
	}
	optind_after = c.at < argc ? c.at : argc;
	return optind_after;
}
