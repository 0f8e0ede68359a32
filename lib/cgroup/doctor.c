// SPDX-License-Identifier: LGPL-2.1-or-later
/* The doctor: each rule of the tables is asked about each group; what it asks for is read then, once. */
#include <stdarg.h>

#include "cgroup/facts.h"

static const struct doctor_rule *const tables[] = {
	doctor_tree_rules, doctor_cpu_rules, doctor_memory_rules, doctor_rest_rules,
};

static const struct doctor_rule *rule_at(size_t index)
{
	for (size_t t = 0; t < array_size(tables); t++)
		for (const struct doctor_rule *r = tables[t]; r->pub.id; r++)
			if (!index--)
				return r;
	return NULL;
}

static printf_like(2, 0) void add(struct str *to, const char *fmt, va_list ap)
{
	char line[1024];

	vsnprintf(line, sizeof(line), fmt, ap);
	str_addf(to, "%s%s", to->len ? "\n" : "", line);
}

void found(struct findings *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&out->evidence, fmt, ap);
	va_end(ap);
}

void found_command(struct findings *out, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	add(&out->command, fmt, ap);
	va_end(ap);
}

static bool is_wanted(const struct rf_doctor *d, const struct doctor_rule *rule)
{
	bool named = !d->n_rules;

	for (size_t i = 0; i < d->n_rules; i++)
		named = named || str_eq(d->rules[i], rule->pub.id);
	return named && rule->pub.severity >= d->least;
}

static int check_rules(const struct rf_doctor *d)
{
	for (size_t i = 0; i < d->n_rules; i++) {
		const struct doctor_rule *rule;
		size_t k = 0;

		while ((rule = rule_at(k)) && !str_eq(rule->pub.id, d->rules[i]))
			k++;
		if (!rule)
			return sys_fail(-EINVAL, "check", d->rules[i], "is no rule; doctor --rules lists them");
	}
	return 0;
}

/* 1 where it fired, 0, or what the caller's function said, or -errno. */
static int ask(const struct doctor_rule *rule, const struct facts *f, const struct facts_group *g,
	       rf_finding_fn *fn, void *data, int *ret_stop)
{
	struct findings out = {0};
	char *group __free(ptr) = NULL;
	int r = 0;

	rule->check(f, g, &out);
	group = out.evidence.len ? str_format("/%s", g->name) : NULL;
	if ((out.evidence.len && !group) || out.evidence.failed || out.command.failed)
		r = -ENOMEM;
	if (r >= 0 && out.evidence.len) {
		struct rf_finding finding = {&rule->pub, group, out.evidence.s, out.command.s};

		*ret_stop = fn(&finding, data);
		r = 1;
	}
	str_done(&out.evidence);
	str_done(&out.command);
	return r;
}

const struct rf_doctor_rule *rf_doctor_rule(size_t index)
{
	const struct doctor_rule *rule = rule_at(index);

	return rule ? &rule->pub : NULL;
}

int rf_doctor_examine(const struct rf_doctor *d, rf_finding_fn *fn, void *data)
{
	struct facts *f __free(facts) = NULL;
	const struct doctor_rule *rule;
	int r = check_rules(d), n = 0, stop = 0;

	if (r >= 0)
		r = facts_gather(d->root, d->group, &f);
	for (size_t i = 0; r >= 0 && i < f->n; i++)
		for (size_t k = 0; r >= 0 && (rule = rule_at(k)); k++) {
			if (!is_wanted(d, rule) || (rule->once ? i > 0 : !f->groups[i]->asked))
				continue;
			r = ask(rule, f, f->groups[i], fn, data, &stop);
			n += r > 0;
			if (stop)
				return stop;
		}
	return r < 0 ? r : n;
}
