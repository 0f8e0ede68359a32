// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl doctor: what is wrong with groups, the gravest first to see; exit 1 where anything is. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <ringfence/doctor.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"

static bool list_rules;
static struct opt_list only;
static const char *root;
static int least;

static const char *const severities[] = {"note", "warning", "error", NULL};

const struct opt_row doctor_options[] = {
	{'r', "rules", OPT_FLAG, &list_rules, NULL, "list the rules, a sentence each, and look at nothing"},
	{'o', "only", OPT_LIST, &only, "RULE", "ask this rule only; may be given again"},
	{'s', "severity", OPT_CHOICE, &least, "LEAST", "leave out what is less grave: note, warning, error", 0, 0, 0, severities},
	{0, "root", OPT_STRING, &root, "DIR", "look at copies of /proc and /sys/fs/cgroup in this directory"},
	OPT_COMMON_JSON,
	{0},
};

static int print_rules(void)
{
	static const struct column columns[] = {
		{"rule", "RULE", CELL_TEXT}, {"severity", "SEVERITY", CELL_TEXT}, {"title", "WHAT IS WRONG", CELL_TEXT}, {0}};
	static const struct column with_remedy[] = {
		{"rule", "RULE", CELL_TEXT}, {"severity", "SEVERITY", CELL_TEXT}, {"title", "WHAT IS WRONG", CELL_TEXT},
		{"remedy", "WHAT HELPS", CELL_TEXT}, {0}};
	struct table *t = table_new(tool_state.json ? with_remedy : columns);
	const struct rf_doctor_rule *rule;

	for (size_t i = 0; (rule = rf_doctor_rule(i)); i++) {
		table_text(t, rule->id);
		table_text(t, severities[rule->severity]);
		table_text(t, rule->title);
		if (tool_state.json)
			table_text(t, rule->remedy);
	}
	table_print(t);
	return EXIT_OK;
}

static void lines(const char *first, const char *text)
{
	for (const char *at = text; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		printf("  %-6s %.*s\n", first, (int)strcspn(at, "\n"), at);
		first = "";
	}
}

static void member(struct str *out, const char *key, const char *value)
{
	str_addf(out, "%s\"%s\": ", out->len > 1 ? ", " : "", key);
	if (value)
		str_add_json(out, value);
	else
		str_add(out, "null");
}

struct report {
	struct str json;
	size_t n;
};

static int print_finding(const struct rf_finding *finding, void *data)
{
	struct report *report = data;
	struct str one __free(str) = {0};

	report->n++;
	if (!tool_state.json) {
		printf("%s%-7s  %s  %s\n", report->n > 1 ? "\n" : "", severities[finding->rule->severity], finding->group,
		       finding->rule->id);
		lines("what", finding->rule->title);
		lines("seen", finding->evidence);
		lines("do", finding->rule->remedy);
		if (finding->command)
			lines("try", finding->command);
		return 0;
	}
	str_add(&one, "{");
	member(&one, "rule", finding->rule->id);
	member(&one, "severity", severities[finding->rule->severity]);
	member(&one, "group", finding->group);
	member(&one, "title", finding->rule->title);
	member(&one, "evidence", finding->evidence);
	member(&one, "remedy", finding->rule->remedy);
	member(&one, "command", finding->command);
	str_addf(&report->json, "%s%s}", report->n > 1 ? ",\n " : "", one.s ?: "");
	return report->json.failed || one.failed ? -ENOMEM : 0;
}

int doctor_run(int argc, char **argv)
{
	struct report report = {0};
	struct rf_doctor d = {.size = sizeof(d), .group = argc ? argv[0] : NULL, .root = root, .rules = only.words,
			      .n_rules = only.n, .least = (enum rf_severity)least};
	int r;

	if (list_rules)
		return argc ? tool_usage_error("--rules looks at no group: \"%s\"", argv[0]) : print_rules();
	r = rf_doctor_examine(&d, print_finding, &report);
	if (r < 0)
		r = cgctl_error(r, "doctor", argc ? argv[0] : "");
	else if (tool_state.json)
		printf("[%s]\n", report.json.s ?: "");
	else if (!report.n)
		puts("nothing found");
	str_done(&report.json);
	return r < 0 || (r && !report.n) ? r : report.n && r >= 0 ? EXIT_FAILED : r;
}
