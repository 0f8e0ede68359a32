// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The program of --emit=c put together: a comment with the command that it is, what it includes, what
 * both its processes share, the helpers, then child() and main() with the steps of each, every step under
 * a comment with its name and its reason.
 */
#include "emit-c.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "tool.h"

enum { WIDTH = 100, TAB = 8 };

void emit_need_headers(struct emit *e, const char *headers)
{
	while (*headers) {
		size_t n = strcspn(headers, " "), i = 0;

		while (i < e->n_headers &&
		       (strncmp(e->headers[i], headers, n) || !strchr(" ", e->headers[i][n])))
			i++;
		if (i == e->n_headers && i < array_size(e->headers))
			e->headers[e->n_headers++] = headers;
		headers += n + (headers[n] == ' ');
	}
}

static int by_name(const void *a, const void *b)
{
	const char *x = *(const char *const *)a, *y = *(const char *const *)b;
	size_t n = strcspn(x, " "), m = strcspn(y, " ");
	int r = strncmp(x, y, n < m ? n : m);

	return r ? r : (n > m) - (n < m);
}

static void add_headers(struct emit *e, struct str *out)
{
	emit_need_headers(e, "stdio.h unistd.h");
	if (e->forked)
		emit_need_headers(e, "fcntl.h signal.h sys/resource.h sys/wait.h");
	if (e->uses_path_of)
		emit_need_headers(e, "stdarg.h");
	if (e->has_init)
		emit_need_headers(e, "stdbool.h");
	if (e->has_pty)
		emit_need_headers(e, "errno.h poll.h stdbool.h sys/ioctl.h sys/signalfd.h termios.h");
	if (e->init_is_closed)
		emit_need_headers(e, "sys/prctl.h");
	qsort(e->headers, e->n_headers, sizeof(e->headers[0]), by_name);
	str_add(out, "#define _GNU_SOURCE\n");
	for (size_t i = 0; i < e->n_headers; i++)
		str_addf(out, "#include <%.*s>\n", (int)strcspn(e->headers[i], " "), e->headers[i]);
}

static size_t columns(const char *s, size_t n)
{
	size_t at = 0;

	for (size_t i = 0; i < n; i++)
		at = s[i] == '\t' ? (at / TAB + 1) * TAB : at + ((s[i] & 0xc0) != 0x80);
	return at;
}

/* Where to break a line that is too long: behind the last comma within the width, in no string; behind
 * a '|' where that would leave the line half empty. */
static size_t break_at(const char *line, size_t len)
{
	bool quoted = false;
	size_t at = 0, comma = 0;

	for (size_t i = 0; i < len; i++) {
		if (line[i] == '\\' && quoted) {
			i++;
			continue;
		}
		if (line[i] == '"')
			quoted = !quoted;
		if (quoted || line[i] != ' ' || !i || (line[i - 1] != ',' && line[i - 1] != '|'))
			continue;
		if (at && columns(line, i) > WIDTH)
			break;
		at = i;
		if (line[i - 1] == ',')
			comma = i;
	}
	return columns(line, comma) > WIDTH / 2 ? comma : at;
}

static void add_line(struct str *out, const char *line, size_t len, unsigned tabs)
{
	struct str full = {0};
	size_t at;

	for (unsigned i = 0; i < tabs; i++)
		str_add(&full, "\t");
	str_addn(&full, line, len);
	if (full.failed) {
		out->failed = true;
	} else if (columns(full.s, full.len) > WIDTH && (at = break_at(full.s, full.len))) {
		str_addn(out, full.s, at);
		str_add(out, "\n");
		/* One tab more than the statement, however often it is broken. */
		tabs += !str_starts(full.s, "\t\t");
		add_line(out, full.s + at + 1, full.len - at - 1, tabs);
	} else {
		str_addn(out, full.s, full.len);
		str_add(out, "\n");
	}
	str_done(&full);
}

/* What stands between braces, in this text or from an earlier call on, is set in. */
static void add_lines(struct str *out, const char *text, unsigned tabs, unsigned *deep)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		*deep -= *deep && text[0] == '}' ? 1 : 0;
		add_line(out, text, n, n ? tabs + *deep : 0);
		*deep += n && text[n - 1] == '{';
		text += n + (text[n] == '\n');
	}
}

/* Words within the width, each line begun by `prefix`; nothing in them ends the comment. */
static void add_wrapped(struct str *out, const char *prefix, const char *text)
{
	size_t left = 0, lead = columns(prefix, strlen(prefix));

	while (*text) {
		size_t n = strcspn(text, " \n");

		if (!left || columns(text, n) + 1 > left) {
			str_addf(out, "%s%s", out->len && out->s[out->len - 1] != '\n' ? "\n" : "", prefix);
			left = WIDTH - lead;
		} else {
			str_add(out, " ");
		}
		for (size_t i = 0; i < n; i++) {
			if ((text[i] == '/' && text[i + 1] == '*') || (text[i] == '*' && text[i + 1] == '/'))
				str_addf(out, "%c\\", text[i]);
			else if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
				str_add(out, "?");
			else
				str_addn(out, text + i, 1);
		}
		left -= columns(text, n) + 1 < left ? columns(text, n) + 1 : left;
		text += n + strspn(text + n, " \n");
	}
	str_add(out, "\n");
}

static bool needs_quotes(const char *word)
{
	size_t i = 0;

	while (isalnum((unsigned char)word[i]) || (word[i] && strchr("_-+=./:,@%", word[i])))
		i++;
	return !i || word[i];
}

static void add_command(struct str *out)
{
	struct str line = {0};

	for (char **p = tool_state.argv; p && *p; p++) {
		if (p == tool_state.argv) {
			str_add(&line, tool_state.tool->name);
			continue;
		}
		str_add(&line, " ");
		if (!needs_quotes(*p)) {
			str_add(&line, *p);
			continue;
		}
		str_add(&line, "'");
		for (const char *s = *p; *s; s++)
			if (*s == '\'')
				str_add(&line, "'\\''");
			else
				str_addn(&line, s, 1);
		str_add(&line, "'");
	}
	str_add(out, "/*\n");
	add_wrapped(out, " * ", line.s ?: "");
	str_add(out, " *\n");
	add_wrapped(out, " * ", "This program makes the system calls of that command's plan, in their "
				"order, and no others.");
	str_add(out, " */\n");
	str_done(&line);
}

static bool is_left_out(const struct emit *e, const struct emit_call *c)
{
	/* What tells the caller of the child's failures; here the child speaks for itself. */
	return !c->text || (!e->reborn && strstr(c->text, "successor_pipe"));
}

static bool is_shared(const struct emit_var *v)
{
	/* The parts that are always the same speak of these, too. */
	static const char *const everywhere[] = {"child_pid", "status_pipe", "release_pipe",
						 "successor_pipe", "successor", "pty_outer"};

	for (size_t i = 0; i < array_size(everywhere); i++)
		if (str_eq(v->name, everywhere[i]))
			return true;
	return v->on[0] && v->on[1];
}

static void add_shared(const struct emit *e, struct str *out)
{
	bool any = false;

	for (size_t i = 0; i < e->names.n_vars; i++) {
		const struct emit_var *v = &e->names.vars[i];

		if (!is_shared(v) || !v->uses || (!e->reborn && str_eq(v->name, "successor_pipe")))
			continue;
		str_addf(out, "%sstatic %s %s%s;\n", any ? "" : "\n", v->pid ? "pid_t" : "int",
			 v->name, v->pair ? "[2]" : "");
		any = true;
	}
}

/* Lines of a part that are for this plan. */
static void add_part(const struct emit *e, struct str *out, const char *part)
{
	str_add(out, "\n");
	while (*part) {
		size_t n = strcspn(part, "\n") + 1;
		bool marked = strchr("@+?~^", part[0]);
		bool other = (part[0] == '@' && !e->has_init) || (part[0] == '+' && e->has_init) ||
			     (part[0] == '?' && !e->init_is_closed) || (part[0] == '~' && !e->has_pty) ||
			     (part[0] == '^' && e->has_pty);

		if (!other)
			str_addn(out, part + marked, n - marked);
		part += n;
	}
}

static void add_call(struct emit *e, struct str *out, struct emit_call *c, bool declared[], unsigned tabs)
{
	struct emit_var *v = c->var < 0 ? NULL : &e->names.vars[c->var];
	struct str text = {0};
	bool local = v && !is_shared(v) && !declared[c->var];

	if (v && v->pair && local)
		str_addf(&text, "int %s[2];\n", v->name);
	else if (v && v->pid && local)
		str_add(&text, "pid_t ");
	else if (v && !v->pair && !v->pid && v->uses)
		str_addf(&text, "%s%s = ", local ? "int " : "", v->name);
	if (v)
		declared[c->var] = true;
	str_add(&text, c->text);
	if (text.failed)
		out->failed = true;
	else
		add_lines(out, text.s, tabs, &e->deep);
	str_done(&text);
}

static void add_step_comment(struct str *out, const struct rf_step_info *info)
{
	struct str line = {0};

	str_addf(&line, "%s (%s).", info->name, info->page);
	str_add(out, "\n\t/*\n");
	if (!line.failed) {
		if (line.s[0] >= 'a' && line.s[0] <= 'z')
			line.s[0] = (char)(line.s[0] - 'a' + 'A');
		add_wrapped(out, "\t * ", line.s);
	}
	add_wrapped(out, "\t * ", info->why);
	str_add(out, "\t */\n");
	str_done(&line);
}

static void add_steps(struct emit *e, struct str *out, bool child, bool declared[])
{
	for (size_t s = 0; s < e->n_steps; s++) {
		bool begun = false;

		if (e->steps[s].info.in_child != child)
			continue;
		for (size_t i = 0; i < e->n_calls; i++) {
			if (e->calls[i].step != (int)s || is_left_out(e, &e->calls[i]))
				continue;
			if (!begun)
				add_step_comment(out, &e->steps[s].info);
			begun = true;
			add_call(e, out, &e->calls[i], declared, 1);
		}
	}
}

/* What the caller still does when the child goes on by itself. */
static void add_rest(struct emit *e, struct str *out, bool declared[])
{
	bool begun = false;

	if (e->reborn)
		str_add(out, "\n\t/* The child goes on as another one, which it has made our child, too. */\n"
			     "\tclose(successor_pipe[1]);\n"
			     "\tif (read(successor_pipe[0], &successor, sizeof(successor)) > 0) {\n"
			     "\t\tmust(waitpid(child_pid, NULL, 0), \"waitpid\");\n"
			     "\t\tchild_pid = successor;\n"
			     "\t}\n"
			     "\tclose(successor_pipe[0]);\n");
	for (size_t i = 0; i < e->n_calls; i++) {
		struct emit_call *c = &e->calls[i];

		if (c->step >= 0 || is_left_out(e, c) || str_starts(c->text, "close(successor_pipe"))
			continue;
		if (!begun)
			str_add(out, "\n\t/* What was for the child only. */\n");
		begun = true;
		add_call(e, out, c, declared, 1);
	}
	str_add(out, "\n\treturn end_as(supervise());\n");
}

static void add_function(struct str *out, const char *head, const struct str *body)
{
	const char *s = body->s ?: "";

	/* The first step needs no line before it. */
	str_addf(out, "\n%s\n{\n%s}\n", head, s + (s[0] == '\n'));
	out->failed |= body->failed;
}

int emit_print(struct emit *e, struct str *out)
{
	bool *declared = calloc(e->names.n_vars + 1, sizeof(*declared));
	struct str in_child = {0}, in_main = {0};

	if (!declared)
		return -ENOMEM;
	add_command(out);
	add_headers(e, out);
	add_shared(e, out);
	add_part(e, out, emit_must);
	if (e->uses_path_of)
		add_part(e, out, emit_path_of);
	for (size_t i = 0; i < e->n_helpers; i++)
		add_part(e, out, e->helpers[i]);
	if (e->has_init)
		add_part(e, out, emit_be_init);
	if (e->has_pty)
		add_part(e, out, emit_pty);
	add_steps(e, &in_main, false, declared);
	if (e->forked) {
		add_part(e, out, emit_supervise);
		add_part(e, out, emit_end_as);
		str_add(&in_child, "\t/* End of file shall tell that the caller is gone. */\n"
				   "\tclose(release_pipe[1]);\n");
		add_steps(e, &in_child, true, declared);
		add_function(out, "static _Noreturn void child(void)", &in_child);
		add_rest(e, &in_main, declared);
	}
	add_function(out, "int main(void)", &in_main);
	free(declared);
	str_done(&in_child);
	str_done(&in_main);
	return out->failed ? -ENOMEM : 0;
}
