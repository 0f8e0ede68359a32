// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * --emit=c: the plan is run dry, and each call that passes the seam becomes a statement of a C program.
 *
 * The seam gives the call's words whole and mostly in C already, with marks where a descriptor or a
 * process is meant (fd#7, pid#1): the call that made it gives it a variable, and later calls use that.
 * A descriptor that no call has made was given to the program, and is written as its number.
 *
 * The plan's two processes pass over the steps in one here. What comes after the last step are the
 * closes of the caller, who then supervises; of a plan without a fork nothing comes after its exec.
 */
#include "emit-c.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "tool.h"

static void on_call(const struct sys_whole *c, void *data)
{
	struct emit *e = data;
	struct emit_call *more = realloc(e->calls, (e->n_calls + 1) * sizeof(*more)), *to;

	if (!more) {
		e->failed = true;
		return;
	}
	e->calls = more;
	to = &e->calls[e->n_calls++];
	*to = (struct emit_call){.name = strdup(c->name), .words = strdup(c->words), .kind = c->kind,
				 .result = c->result, .step = -1, .var = -1};
	e->failed |= !to->name || !to->words;
}

static void on_step(const struct rf_step_report *r, void *data)
{
	struct emit *e = data;
	struct emit_step *more = realloc(e->steps, (e->n_steps + 1) * sizeof(*more));

	if (!more) {
		e->failed = true;
		return;
	}
	e->steps = more;
	e->steps[e->n_steps] = (struct emit_step){r->info, r->result};
	for (; e->first_of_step < e->n_calls; e->first_of_step++)
		e->calls[e->first_of_step].step = (int)e->n_steps;
	e->n_steps++;
}

static const char *step_of(const struct emit *e, const struct emit_call *c)
{
	return c->step < 0 ? "" : e->steps[c->step].info.id;
}

/* The end of a string or bracket that begins at s; of anything else, the next character. */
static const char *skip(const char *s)
{
	int depth = 0;

	do {
		if (*s == '"') {
			for (s++; *s && *s != '"'; s++)
				s += *s == '\\' && s[1];
		} else {
			depth += *s == '(' || *s == '{' || *s == '[';
			depth -= *s == ')' || *s == '}' || *s == ']';
		}
		s += *s != '\0';
	} while (*s && depth > 0);
	return s;
}

static void forget_args(struct emit *e)
{
	while (e->n_args)
		free(e->args[--e->n_args]);
}

static int cut_words(struct emit *e, const char *words)
{
	const char *from = words;

	forget_args(e);
	while (*from) {
		const char *end = from;

		while (*end && *end != ',')
			end = skip(end);
		if (e->n_args == array_size(e->args))
			return -E2BIG;
		e->args[e->n_args] = strndup(from, (size_t)(end - from));
		if (!e->args[e->n_args++])
			return -ENOMEM;
		from = end + (*end == ',');
		from += *from == ' ';
	}
	return 0;
}

static bool has_word(const char *word, void *data)
{
	const struct emit *e = data;

	for (size_t i = 0; i < e->n_args; i++)
		if (str_eq(e->args[i], word))
			return true;
	return false;
}

/* The number, of what the program will have made, behind "/proc/" or "/proc/self/fd/" at s, and its end; -1: there is none. */
static int number_in_path(struct emit *e, const char *s, bool child, const char **ret_end)
{
	size_t len = str_starts(s, "/proc/self/fd/") ? 14 : str_starts(s, "/proc/") ? 6 : 0;
	char *end = NULL;
	long n = len && s[len] >= '0' && s[len] <= '9' ? strtol(s + len, &end, 10) : -1;

	if (n < 0 || n > INT_MAX || !(len == 6 ? sys_is_dry_pid((int)n) : emit_is_known(&e->names, (int)n, child)))
		return -1;
	*ret_end = end;
	return (int)n;
}

/* "/proc/1073610752/ns": which process that is, or which descriptor, shows when the program runs. */
static const char *add_literal(struct emit *e, struct str *out, const char *s, bool child)
{
	struct str format __free(str) = {0}, args __free(str) = {0};
	const char *end = skip(s), *after = NULL;

	for (const char *p = s; p < end;) {
		int n = number_in_path(e, p, child, &after);

		if (n < 0) {
			str_add(&format, *p == '%' ? "%" : "");
			str_addn(&format, p++, 1);
			continue;
		}
		str_add(&args, ", ");
		if (sys_is_dry_pid(n))
			emit_add_pid(&e->names, &args, n, child);
		else
			emit_add_fd(&e->names, &args, n, child);
		str_add(&format, sys_is_dry_pid(n) ? "/proc/%d" : "/proc/self/fd/%d");
		p = after;
	}
	out->failed |= format.failed || args.failed;
	if (args.len && !out->failed) {
		e->uses_path_of = true;
		str_addf(out, "path_of(%s%s)", format.s, args.s);
	} else {
		str_addn(out, s, (size_t)(end - s));
	}
	return end;
}

/* An argument in C: marks become variables, A|B gets its blanks. */
static void add_word(struct emit *e, struct str *out, const char *s, bool child)
{
	char *end;

	while (*s) {
		if (*s == '"') {
			s = add_literal(e, out, s, child);
		} else if (str_starts(s, "fd#")) {
			emit_add_fd(&e->names, out, (int)strtol(s + 3, &end, 10), child);
			s = end;
		} else if (str_starts(s, "pid#")) {
			emit_add_pid(&e->names, out, (int)strtol(s + 4, &end, 10), child);
			s = end;
		} else if (*s == '|') {
			str_add(out, " | ");
			s++;
		} else {
			str_addn(out, s++, 1);
		}
	}
}

static bool same_environment(void)
{
	char *text __free(ptr) = NULL, **now = environ;
	size_t len = 0, at = 0;

	/* What this process was started with, whatever has been done to `environ`. */
	if (file_read_at(AT_FDCWD, "/proc/self/environ", 16 << 20, &text, &len) < 0)
		return false;
	for (; at < len && *now && str_eq(text + at, *now); now++)
		at += strlen(*now) + 1;
	return at >= len && !*now;
}

static void add_environment(struct str *out)
{
	if (same_environment())
		return;
	str_addf(out, "environ = (char *[])%s;\n", sys_words(environ));
}

/* "openat uid_map": what an error of the program will name. */
static void add_what(struct emit *e, struct str *out, const struct emit_call *c,
		     const struct emit_row *row)
{
	bool has = row->object > 0 && (size_t)row->object <= e->n_args;
	const char *object = has ? e->args[row->object - 1] : "";
	bool literal = object[0] == '"';
	size_t len = strlen(object);

	if (str_starts(object, "\"/proc/") && sys_is_dry_pid(emit_number(object + 7)))
		str_addf(out, "\"%s /proc/PID\"", c->name);
	else if (literal && len > 2 && len < 60)
		str_addf(out, "\"%s %.*s\"", c->name, (int)len - 2, object + 1);
	else if (!literal && len && len < 40 && !strchr(object, '#'))
		str_addf(out, "\"%s %s\"", c->name, object);
	else
		str_addf(out, "\"%s\"", c->name);
}

static void add_form(struct emit *e, struct str *out, const char *form, const struct emit_call *c,
		     bool child)
{
	for (; *form; form++) {
		size_t i = (size_t)(form[1] - '1');

		if (*form != '$') {
			str_addn(out, form, 1);
			continue;
		}
		form++;
		if (*form == 'v')
			emit_add_pid(&e->names, out, (int)c->result, child);
		else if (*form == 'p' && e->names.last_pipe >= 0)
			str_add(out, e->names.vars[e->names.last_pipe].name);
		else if (*form == 'e')
			add_environment(out);
		else if (*form == '*')
			i = 0;
		if (i < e->n_args && *form != '*' && form[1] != '-')
			add_word(e, out, e->args[i], child);
		for (; (*form == '*' || form[1] == '-') && i < e->n_args; i++) {
			str_add(out, *form == '*' && !i ? "" : ", ");
			add_word(e, out, e->args[i], child);
		}
		form += form[1] == '-';
	}
}

static bool is_first_in_step(const struct emit *e, const struct emit_call *c)
{
	for (const struct emit_call *before = e->calls; before < c; before++)
		if (before->step == c->step && str_eq(before->name, c->name))
			return false;
	return true;
}

static int write_call(struct emit *e, struct emit_call *c, const struct emit_row *row)
{
	struct str out __free(str) = {0};
	bool child = c->step >= 0 && e->steps[c->step].info.in_child;

	if (row->form[0] == '1') {
		if (is_first_in_step(e, c))
			add_form(e, &out, row->form + 1, c, child);
	} else if (c->result < 0 && row->form[0] != '=') {
		/* It failed here and will fail there: what the step does then, it has done. */
		add_form(e, &out, row->form, c, child);
		str_addf(&out, "; /* fails: %s */\n", strerrorname_np((int)-c->result));
	} else if (row->form[0] == '=') {
		add_form(e, &out, row->form + 1, c, child);
	} else {
		str_add(&out, "must(");
		add_form(e, &out, row->form, c, child);
		str_add(&out, ", ");
		add_what(e, &out, c, row);
		str_add(&out, ");\n");
	}
	return out.len ? str_take(&out, &c->text) : out.failed ? -ENOMEM : 0;
}

static void name_what_it_makes(struct emit *e, struct emit_call *c, bool child)
{
	bool opens = c->kind == SYS_OPEN || c->kind == SYS_MAKE;

	if (c->kind == SYS_FORK)
		c->var = emit_name_pid(&e->names, step_of(e, c), c->name, (int)c->result, child);
	else if (opens && c->result >= 0)
		c->var = emit_name_made(&e->names, step_of(e, c), c->name, e->args, e->n_args,
					c->result, child);
}

static int need_helper(struct emit *e, const char *helper)
{
	for (size_t i = 0; i < e->n_helpers; i++)
		if (e->helpers[i] == helper)
			return 0;
	if (e->n_helpers == array_size(e->helpers))
		return -E2BIG;
	e->helpers[e->n_helpers++] = helper;
	return 0;
}

static int write_close(struct emit *e, struct emit_call *c)
{
	bool child = c->step >= 0 && e->steps[c->step].info.in_child;
	struct str name __free(str) = {0};
	int fd = emit_number(c->words + 3);

	/* After the last step only the caller is here, and what the child has made is not his. */
	if (c->step < 0 && (!e->forked || !emit_is_known(&e->names, fd, false)))
		return 0;
	emit_close(&e->names, fd, &name, child);
	/* He still listens to the init, and copies; who makes the child for another owner closes in between. */
	if (name.failed || !name.len || str_starts(name.s, "say_pipe") ||
	    (c->step < 0 && (str_eq(name.s, "status_pipe[0]") || str_eq(name.s, "pty_outer"))))
		return name.failed ? -ENOMEM : 0;
	c->text = str_format("close(%s);\n", name.s);
	return c->text ? 0 : -ENOMEM;
}

static int cannot(const struct emit *e, const struct emit_call *c, const char *what, const char *why)
{
	return tool_error(-EOPNOTSUPP, "--emit=c can't write %s yet (%s)%s%s", what,
			  c->step < 0 ? "after the plan" : e->steps[c->step].info.name, why ? ": " : "", why ?: "");
}

/* What a wrapper's words don't carry ("…"), and a mark that nothing stands behind. */
static bool lacks_words(const char *text)
{
	while (*text) {
		const char *end = *text == '"' ? skip(text) : text + 1;

		if (*text == '#' || str_starts(text, "…"))
			return true;
		text = end;
	}
	return false;
}

/* 0, or the exit code with the error printed. */
static int translate(struct emit *e, struct emit_call *c)
{
	bool child = c->step >= 0 && e->steps[c->step].info.in_child;
	const char *step = step_of(e, c);
	const struct emit_row *row;
	int r = cut_words(e, c->words);

	if (str_eq(c->name, "close"))
		return write_close(e, c) < 0 ? tool_error(-ENOMEM, "--emit=c") : 0;
	row = r < 0 ? NULL : emit_row(c->name, step, has_word, e);
	if (!row)
		return cannot(e, c, c->name, NULL);
	if (str_eq(c->name, "pipe2"))
		c->var = emit_name_pipe(&e->names, step, e->args[0], child);
	/* Before: a number is free for the call that gets it. */
	if (c->kind == SYS_FORK)
		name_what_it_makes(e, c, child);
	r = write_call(e, c, row);
	if (c->kind != SYS_FORK && !str_eq(row->form, "="))
		name_what_it_makes(e, c, child);
	if (r >= 0 && row->helper)
		r = need_helper(e, row->helper);
	if (r < 0 || e->names.failed)
		return tool_error(r < 0 ? r : -ENOMEM, "--emit=c");
	/* What the words leave out is missing. */
	if (c->text && lacks_words(c->text))
		return cannot(e, c, c->name, NULL);
	emit_need_headers(e, row->headers);
	e->forked |= str_eq(step, "fork");
	e->has_init |= str_eq(step, "init");
	e->init_is_closed |= str_eq(step, "init") && str_eq(c->name, "prctl");
	e->reborn |= str_eq(step, "be-born");
	e->has_pty |= str_eq(step, "pty-open");
	return 0;
}

/* Words shall stay whole, also of calls that translating makes. */
static void no_call(const struct sys_whole *c, void *data)
{
	(void)c;
	(void)data;
}

static int translate_all(struct emit *e)
{
	int r = 0;

	sys_whole_set(no_call, NULL);
	for (size_t i = 0; i < e->n_steps && !r; i++) {
		const struct emit_call at = {.step = (int)i};
		const char *why = emit_refusal(e->steps[i].info.id);

		if (why)
			r = cannot(e, &at, e->steps[i].info.id, why);
	}
	for (size_t i = 0; i < e->n_calls && !r; i++)
		r = translate(e, &e->calls[i]);
	sys_whole_set(NULL, NULL);
	return r;
}

static void done(struct emit *e)
{
	for (size_t i = 0; i < e->n_calls; i++) {
		free(e->calls[i].name);
		free(e->calls[i].words);
		free(e->calls[i].text);
	}
	free(e->calls);
	free(e->steps);
	forget_args(e);
	emit_names_done(&e->names);
}


int emit_c(struct rf_plan *plan)
{
	struct emit e = {.names = {.last_pipe = -1}};
	const struct rf_plan_options options = {
		.size = sizeof(options), .report = on_step, .report_data = &e, .dry_run = true,
	};
	struct str program __free(str) = {0};
	struct rf_failure failure;
	int r;

	sys_whole_set(on_call, &e);
	r = rf_plan_run(plan, &options, &failure);
	sys_whole_set(NULL, NULL);
	if (r < 0)
		r = tool_plan_error(&failure);
	else if (e.failed)
		r = tool_error(-ENOMEM, "--emit=c");
	else
		r = translate_all(&e);
	if (!r && emit_print(&e, &program) < 0)
		r = tool_error(-ENOMEM, "--emit=c");
	if (!r)
		fputs(program.s, stdout);
	done(&e);
	return r;
}
