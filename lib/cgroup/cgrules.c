// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * cgrules.conf(5) as a list of rules, a line each: USER[:PROCESS] CONTROLLERS DESTINATION [OPTIONS].
 * A user "%" stands for the user and the process of the rule before it. A line whose first
 * character that is no blank is # is a comment.
 */
#include <ringfence/cgconfig.h>

#include <errno.h>
#include <stdlib.h>

#include "cgroup/cgroup.h"

enum { FIELDS = 4 };

struct rf_cgrules {
	char *text; /* cut up; the rules point into it */
	struct rf_cgrule *rules;
	size_t n, cap;
};

static int refused(const char *name, unsigned line, const char *why)
{
	return cgroup_bad_line("cgrules", name, line, why);
}

static int add_rule(struct rf_cgrules *rules, const struct rf_cgrule *rule)
{
	if (rules->n == rules->cap) {
		size_t cap = rules->cap ? rules->cap * 2 : 16;
		struct rf_cgrule *more = realloc(rules->rules, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		rules->rules = more;
		rules->cap = cap;
	}
	rules->rules[rules->n++] = *rule;
	return 0;
}

/* The words of a line, at most `max`; one more is counted. */
static size_t cut(char *line, char *fields[], size_t max)
{
	char *save = NULL, *word = strtok_r(line, " \t\r", &save);
	size_t n = 0;

	for (; word && n < max; word = strtok_r(NULL, " \t\r", &save))
		fields[n++] = word;
	return n + (word != NULL);
}

static int read_line(struct rf_cgrules *rules, const char *name, unsigned number, char *line)
{
	char *fields[FIELDS] = {NULL}, *colon;
	size_t n = cut(line, fields, FIELDS);
	struct rf_cgrule rule = {.line = number};

	if (!fields[0] || fields[0][0] == '#')
		return 0;
	if (!fields[1] || !fields[2] || n > FIELDS)
		return refused(name, number, "a rule is USER[:PROCESS] CONTROLLERS DESTINATION [OPTIONS]");
	rule.user = fields[0];
	rule.controllers = fields[1];
	rule.destination = fields[2];
	rule.options = fields[3];
	colon = strchr(fields[0], ':');
	if (colon) {
		*colon = '\0';
		rule.process = colon + 1;
		if (!rule.process[0])
			return refused(name, number, "there is no process after ':'");
	}
	if (str_eq(rule.user, "%") && !colon) {
		if (!rules->n)
			return refused(name, number, "\"%\" is the user of the rule before, and there is none");
		rule.user = rules->rules[rules->n - 1].user;
		rule.process = rules->rules[rules->n - 1].process;
	}
	if (!rule.user[0] || str_eq(rule.user, "@"))
		return refused(name, number, "there is no user: a name, @GROUP or * is expected");
	return add_rule(rules, &rule);
}

static int read_lines(struct rf_cgrules *rules, const char *name)
{
	char *rest = rules->text, *line;
	int r = 0;

	for (unsigned number = 1; r >= 0 && (line = strsep(&rest, "\n")); number++)
		r = read_line(rules, name, number, line);
	return r;
}

int rf_cgrules_parse(const char *name, const char *text, size_t size, struct rf_cgrules **ret_rules)
{
	struct rf_cgrules *rules;
	int r;

	if (size > CGROUP_CONFIG_LIMIT)
		return sys_fail(-EFBIG, "cgrules", name, "has more than 16 MiB");
	if (size && memchr(text, '\0', size))
		return sys_fail(-EINVAL, "cgrules", name, "has a NUL byte");
	rules = calloc(1, sizeof(*rules));
	if (rules)
		rules->text = malloc(size + 1);
	if (!rules || !rules->text) {
		rf_cgrules_free(rules);
		return -ENOMEM;
	}
	if (size)
		memcpy(rules->text, text, size);
	rules->text[size] = '\0';
	r = read_lines(rules, name);
	if (r < 0) {
		rf_cgrules_free(rules);
		return r;
	}
	*ret_rules = rules;
	return 0;
}

const struct rf_cgrule *rf_cgrules_items(const struct rf_cgrules *rules, size_t *ret_n)
{
	*ret_n = rules->n;
	return rules->rules;
}

void rf_cgrules_free(struct rf_cgrules *rules)
{
	if (!rules)
		return;
	free(rules->rules);
	free(rules->text);
	free(rules);
}
