// SPDX-License-Identifier: GPL-2.0-or-later
/* Rows to a table or to JSON. Cells are kept until the end, when the widths are known. */
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "tool.h"

struct cell {
	bool none, is_text;
	uint64_t number;
	char *text;
};

struct table {
	const struct column *columns;
	size_t width, n, cap;
	struct cell *cells;
	bool failed;
};

struct table *table_new(const struct column *columns)
{
	struct table *t = calloc(1, sizeof(*t));

	if (!t)
		return NULL;
	t->columns = columns;
	while (columns[t->width].key)
		t->width++;
	return t;
}

static void add(struct table *t, struct cell cell)
{
	if (!t || t->failed)
		return;
	if (t->n == t->cap) {
		size_t cap = t->cap ? t->cap * 2 : 64;
		struct cell *more = realloc(t->cells, cap * sizeof(*more));

		if (!more) {
			t->failed = true;
			return;
		}
		t->cells = more;
		t->cap = cap;
	}
	t->cells[t->n++] = cell;
}

void table_text(struct table *t, const char *value)
{
	char *copy = value ? strdup(value) : NULL;

	add(t, (struct cell){.none = !copy, .is_text = true, .text = copy});
}

void table_number(struct table *t, uint64_t value)
{
	add(t, (struct cell){.number = value});
}

void table_none(struct table *t)
{
	add(t, (struct cell){.none = true});
}

static void cell_words(const struct column *col, const struct cell *c, char *buf, size_t size)
{
	if (c->none)
		snprintf(buf, size, "-");
	else if (c->is_text)
		snprintf(buf, size, "%s", c->text);
	else if (c->number == RF_MAX)
		snprintf(buf, size, "max");
	else if (col->type == CELL_BYTES)
		rf_format_bytes(c->number, buf, size);
	else if (col->type == CELL_TIME_US)
		rf_format_time_us(c->number, buf, size);
	else if (col->type == CELL_BOOL)
		snprintf(buf, size, "%s", c->number ? "yes" : "no");
	else
		snprintf(buf, size, "%llu", (unsigned long long)c->number);
	for (char *p = buf; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

/* Terminal columns of UTF-8 text, one for each character. */
static int columns_of(const char *s)
{
	int n = 0;

	for (; *s; s++)
		n += (*s & 0xc0) != 0x80;
	return n;
}

static void pad(const char *s, int width, bool right)
{
	int blank = width - columns_of(s);

	printf("%*s%s%*s", right && blank > 0 ? blank : 0, "", s, !right && blank > 0 ? blank : 0,
	       "");
}

static void print_rows(const struct table *t)
{
	int *widths = calloc(t->width, sizeof(*widths));
	char buf[4096];

	if (!widths)
		return;
	for (size_t c = 0; c < t->width && !tool_state.no_headings; c++)
		widths[c] = columns_of(t->columns[c].title);
	for (size_t i = 0; i < t->n; i++) {
		cell_words(&t->columns[i % t->width], &t->cells[i], buf, sizeof(buf));
		if (columns_of(buf) > widths[i % t->width])
			widths[i % t->width] = columns_of(buf);
	}
	for (size_t i = tool_state.no_headings ? t->width : 0; i < t->n + t->width; i++) {
		size_t c = i % t->width;
		bool last = c + 1 == t->width, right = t->columns[c].type != CELL_TEXT;

		if (i < t->width)
			snprintf(buf, sizeof(buf), "%s", t->columns[c].title);
		else
			cell_words(&t->columns[c], &t->cells[i - t->width], buf, sizeof(buf));
		pad(buf, last && !right ? 0 : widths[c], right);
		fputs(last ? "\n" : "  ", stdout);
	}
	free(widths);
}

void emit_json_string(const char *s)
{
	struct str out __free(str) = {0};

	str_add_json(&out, s);
	if (!out.failed)
		fputs(out.s, stdout);
}

static void json_cell(const struct column *col, const struct cell *c)
{
	emit_json_string(col->key);
	fputs(": ", stdout);
	if (c->none)
		fputs("null", stdout);
	else if (c->is_text)
		emit_json_string(c->text);
	else if (c->number == RF_MAX)
		fputs("\"max\"", stdout);
	else if (col->type == CELL_BOOL)
		fputs(c->number ? "true" : "false", stdout);
	else
		printf("%llu", (unsigned long long)c->number);
}

static void json_row(const struct table *t, size_t first)
{
	fputs("{", stdout);
	for (size_t c = 0; c < t->width; c++) {
		fputs(c ? ", " : "", stdout);
		json_cell(&t->columns[c], &t->cells[first + c]);
	}
	fputs("}", stdout);
}

static void release(struct table *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->cells[i].text);
	free(t->cells);
	free(t);
}

void table_print(struct table *t)
{
	if (!t || t->failed) {
		tool_warn("out of memory: nothing is printed");
		exit(EXIT_FAILED);
	}
	if (!tool_state.json) {
		print_rows(t);
	} else {
		fputs("[", stdout);
		for (size_t i = 0; i + t->width <= t->n; i += t->width) {
			fputs(i ? ",\n " : "", stdout);
			json_row(t, i);
		}
		fputs("]\n", stdout);
	}
	release(t);
}

void record_print(struct table *t)
{
	char buf[4096];
	int width = 0;

	if (!t || t->failed) {
		tool_warn("out of memory: nothing is printed");
		exit(EXIT_FAILED);
	}
	if (tool_state.json) {
		json_row(t, 0);
		fputs("\n", stdout);
		release(t);
		return;
	}
	for (size_t c = 0; c < t->width; c++)
		if (columns_of(t->columns[c].title) > width)
			width = columns_of(t->columns[c].title);
	for (size_t c = 0; c < t->width && c < t->n; c++) {
		cell_words(&t->columns[c], &t->cells[c], buf, sizeof(buf));
		pad(t->columns[c].title, width, false);
		printf("  %s\n", buf);
	}
	release(t);
}

void table_free(struct table *t)
{
	if (t)
		release(t);
}
