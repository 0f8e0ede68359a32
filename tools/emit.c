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
		if (*p == '\n' && col->type == CELL_LINES)
			*p = tool_state.one_line ? ',' : '\n';
		else if ((unsigned char)*p < 0x20 || *p == 0x7f)
			*p = '?';
}

/* Terminal columns of UTF-8 text, one for each character. */
static int columns_of(const char *s)
{
	int n = 0, longest = 0;

	for (; *s; s++) {
		n = *s == '\n' ? 0 : n + ((*s & 0xc0) != 0x80);
		longest = n > longest ? n : longest;
	}
	return longest;
}

static void pad(const char *s, int width, bool right)
{
	int blank = width - columns_of(s);

	printf("%*s%s%*s", right && blank > 0 ? blank : 0, "", s, !right && blank > 0 ? blank : 0,
	       "");
}

static bool is_left(const struct column *col)
{
	return col->type == CELL_TEXT || col->type == CELL_LINES;
}

/* What a cell has on line `k` of its row; false where it has less lines. */
static bool line_of(const struct column *col, const struct cell *cell, int k, char *buf, size_t size)
{
	char *line = buf;

	cell_words(col, cell, buf, size);
	for (; k && line; k--) {
		line = strchr(line, '\n');
		line += !!line;
	}
	if (!line) {
		buf[0] = '\0';
		return false;
	}
	memmove(buf, line, strlen(line) + 1);
	buf[strcspn(buf, "\n")] = '\0';
	return true;
}

static bool print_line(const struct table *t, const struct cell *row, const int *widths, int k)
{
	char buf[4096];
	bool any = false;

	for (size_t c = 0; c < t->width && !any; c++)
		any = line_of(&t->columns[c], &row[c], k, buf, sizeof(buf));
	for (size_t c = 0; any && c < t->width; c++) {
		bool last = c + 1 == t->width, left = is_left(&t->columns[c]);

		line_of(&t->columns[c], &row[c], k, buf, sizeof(buf));
		pad(buf, last && left ? 0 : widths[c], !left);
		fputs(last ? "\n" : "  ", stdout);
	}
	return any;
}

/* For programs that read words: nothing for no value, and what isn't a plain character as \xHH. */
static void print_raw(const struct table *t)
{
	for (size_t c = 0; c < t->width && !tool_state.no_headings; c++)
		printf("%s%s", t->columns[c].title, c + 1 == t->width ? "\n" : " ");
	for (size_t i = 0; t->width && i < t->n; i++) {
		const struct column *col = &t->columns[i % t->width];
		char buf[64] = "";

		if (!t->cells[i].is_text && !t->cells[i].none)
			cell_words(col, &t->cells[i], buf, sizeof(buf));
		for (const char *p = t->cells[i].text ?: buf; *p; p++)
			if (*p == '\n' && col->type == CELL_LINES)
				putchar(',');
			else
				printf(*p > ' ' && *p < 0x7f && *p != '\\' ? "%c" : "\\x%02x", (unsigned char)*p);
		fputs((i + 1) % t->width ? " " : "\n", stdout);
	}
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
	for (size_t c = 0; c < t->width && !tool_state.no_headings; c++) {
		bool last = c + 1 == t->width, left = is_left(&t->columns[c]);

		pad(t->columns[c].title, last && left ? 0 : widths[c], !left);
		fputs(last ? "\n" : "  ", stdout);
	}
	for (size_t i = 0; i + t->width <= t->n; i += t->width)
		for (int k = 0; print_line(t, &t->cells[i], widths, k); k++)
			;
	free(widths);
}

void emit_json_string(const char *s)
{
	struct str out __free(str) = {0};

	str_add_json(&out, s);
	if (!out.failed)
		fputs(out.s, stdout);
}

static void json_lines(const char *text)
{
	const char *comma = "";

	fputs("[", stdout);
	for (size_t len; *text; text += len + (text[len] == '\n')) {
		char *line __free(ptr) = NULL;

		len = strcspn(text, "\n");
		line = strndup(text, len);
		fputs(comma, stdout);
		emit_json_string(line ?: "");
		comma = ", ";
	}
	fputs("]", stdout);
}

static void json_cell(const struct column *col, const struct cell *c)
{
	emit_json_string(col->key);
	fputs(": ", stdout);
	if (c->none)
		fputs("null", stdout);
	else if (c->is_text && col->type == CELL_LINES)
		json_lines(c->text);
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
	if (!tool_state.json && tool_state.raw) {
		print_raw(t);
	} else if (!tool_state.json) {
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
