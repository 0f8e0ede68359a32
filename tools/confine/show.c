// SPDX-License-Identifier: GPL-2.0-or-later
/* What a running process is and may use, on one page; and what two processes differ in. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "confine.h"

const struct opt_row show_options[] = {
	OPT_COMMON_JSON,
	{0},
};

DEFINE_FREE(list, struct rf_attribute_list *, rf_attributes_free(v))

static int open_list(const char *word, struct rf_attribute_list **ret_list)
{
	int pid = 0, r = tool_pid(word, 0, &pid);

	if (r)
		return r;
	r = rf_attributes_read(pid, ret_list);
	return r < 0 ? tool_error(r, "%s", "") : 0;
}

/* Names of groups and labels may hold anything: no control character reaches the terminal. */
static void put_clean(const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			printf("\\x%02x", (unsigned char)*s);
		else
			putchar(*s);
	}
}

static void put_value(const struct rf_attribute_line *line)
{
	if (line->value)
		put_clean(line->value);
	else
		printf("- (%s)", line->why_not);
}

/* {"ids": {"real_uid": 0, …}, …, "unknown": {"ids.real_uid": "why", …}} */
static void print_json(const struct rf_attribute_line *lines, size_t n)
{
	const char *group = "", *between = "";

	for (size_t i = 0; i < n; i++) {
		bool same = str_eq(group, lines[i].group);

		printf("%s", same ? ", " : group[0] ? "}, " : "{");
		if (!same)
			printf("\"%s\": {", lines[i].group);
		printf("\"%s\": %s", lines[i].key, lines[i].json);
		group = lines[i].group;
	}
	printf("}, \"unknown\": {");
	for (size_t i = 0; i < n; i++) {
		if (lines[i].value)
			continue;
		printf("%s\"%s.%s\": ", between, lines[i].group, lines[i].key);
		emit_json_string(lines[i].why_not);
		between = ", ";
	}
	puts("}}");
}

static void print_text(const struct rf_attribute_line *lines, size_t n)
{
	const char *group = "";

	for (size_t i = 0; i < n; i++) {
		if (!str_eq(group, lines[i].group))
			printf("%s\n", lines[i].group);
		printf("  %-26s", lines[i].title);
		put_value(&lines[i]);
		putchar('\n');
		group = lines[i].group;
	}
}

static int show(const char *word)
{
	struct rf_attribute_list *list __free(list) = NULL;
	const struct rf_attribute_line *lines;
	int r = open_list(word, &list);
	size_t n;

	if (r)
		return r;
	n = rf_attributes_lines(list, &lines);
	if (tool_state.json)
		print_json(lines, n);
	else
		print_text(lines, n);
	return EXIT_OK;
}

int show_run(int argc, char **argv)
{
	return show(argv[0]);
}

int show_self(void)
{
	return show("self");
}

/* What can't be known of one of them is no difference. */
static bool differ(const struct rf_attribute_line *a, const struct rf_attribute_line *b)
{
	return a->value && b->value && !str_eq(a->json, b->json);
}

static void print_difference(const struct rf_attribute_line *a, const struct rf_attribute_line *b, bool first)
{
	if (tool_state.json) {
		printf("%s\n{\"group\": \"%s\", \"key\": \"%s\", \"first\": %s, \"second\": %s, \"meaning\": ",
		       first ? "" : ",", a->group, a->key, a->json, b->json);
		emit_json_string(a->meaning);
		putchar('}');
		return;
	}
	printf("%s, %s: ", a->group, a->title);
	put_value(a);
	printf(" | ");
	put_value(b);
	printf("\n  %s\n", a->meaning);
}

/* As diff(1): 0 where they are the same, 1 where not. */
int diff_run(int argc, char **argv)
{
	struct rf_attribute_list *first __free(list) = NULL, *second __free(list) = NULL;
	const struct rf_attribute_line *a, *b;
	int r = open_list(argv[0], &first);
	bool any = false;
	size_t n;

	if (!r)
		r = open_list(argv[1], &second);
	if (r)
		return r == EXIT_USAGE ? r : EXIT_USAGE;
	n = rf_attributes_lines(first, &a);
	rf_attributes_lines(second, &b);
	if (tool_state.json)
		putchar('[');
	for (size_t i = 0; i < n; i++) {
		if (!differ(&a[i], &b[i]))
			continue;
		print_difference(&a[i], &b[i], !any);
		any = true;
	}
	if (tool_state.json)
		puts("]");
	else if (!any)
		puts("They differ in nothing that can be seen.");
	return any ? EXIT_FAILED : EXIT_OK;
}
