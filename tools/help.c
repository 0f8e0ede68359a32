// SPDX-License-Identifier: GPL-2.0-or-later
/* --help from the rows: text for people, rst for the man page, completions for the shells. */
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "options.h"

static const struct opt_row help_rows[] = {
	{'h', "help", OPT_OPTIONAL, NULL, "FORM",
	 "print this; FORM is rst, bash, zsh or fish for the man page's and the shells' sake"},
	{'V', "version", OPT_FLAG, NULL, NULL, "print the version"},
	{0},
};

typedef void row_fn(const struct opt_row *o, const char *command);

static void each_row(row_fn *fn, const struct opt_row *rows, const char *command)
{
	for (; rows && rows->name; rows++)
		fn(rows, command);
}

static void each_option(row_fn *fn)
{
	const struct tool *t = tool_state.tool;

	each_row(fn, t->options, NULL);
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		each_row(fn, c->options, c->name);
	each_row(fn, help_rows, NULL);
}

static void signature(const struct opt_row *o, char *buf, size_t size)
{
	char letter[8] = "    ";

	if (o->letter)
		snprintf(letter, sizeof(letter), "-%c, ", o->letter);
	if (!o->arg)
		snprintf(buf, size, "%s--%s", letter, o->name);
	else if (o->type == OPT_OPTIONAL)
		snprintf(buf, size, "%s--%s[=%s]", letter, o->name, o->arg);
	else
		snprintf(buf, size, "%s--%s %s", letter, o->name, o->arg);
}

/* Terminal columns of UTF-8 text, one for each character. */
static size_t columns_of(const char *s, size_t len)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++)
		n += (s[i] & 0xc0) != 0x80;
	return n;
}

/* Words of `text` folded at column 80, each line beginning in column 32. */
static void fold(const char *text)
{
	size_t col = 32;

	while (*text) {
		size_t len = strcspn(text, " "), n = columns_of(text, len);

		if (col > 32 && col + 1 + n > 80) {
			printf("\n%32s", "");
			col = 32;
		} else if (col > 32) {
			putchar(' ');
			col++;
		}
		printf("%.*s", (int)len, text);
		col += n;
		text += len;
		text += *text == ' ';
	}
	putchar('\n');
}

/* What stands on the left, and where it is too long, a line of its own. */
static void put_signature(const char *sig)
{
	size_t n = columns_of(sig, strlen(sig));

	if (n > 28)
		printf("  %s\n%32s", sig, "");
	else
		printf("  %s%*s", sig, (int)(30 - n), "");
}

static void text_row(const struct opt_row *o, const char *command)
{
	char sig[96];

	(void)command;
	signature(o, sig, sizeof(sig));
	put_signature(sig);
	fold(o->help);
}

static void print_text(void)
{
	const struct tool *t = tool_state.tool;
	const struct tool_command *c = tool_state.command;

	if (c) {
		printf("Usage: %s %s [OPTION…] %s\n\n%s.\n\n", t->name, c->name, c->args, c->help);
		each_row(text_row, c->options, NULL);
		each_row(text_row, help_rows, NULL);
		return;
	}
	printf("Usage: %s %s\n\n%s.\n\n", t->name, t->usage, t->help);
	for (c = t->commands; c && c->name; c++) {
		char sig[96];

		snprintf(sig, sizeof(sig), "%s %s", c->name, c->args);
		put_signature(sig);
		fold(c->help);
	}
	if (t->commands)
		putchar('\n');
	each_row(text_row, t->options, NULL);
	each_row(text_row, help_rows, NULL);
	if (t->commands)
		printf("\n%s COMMAND --help lists a command's options.\n", t->name);
	printf("The page %s(1) has examples.\n", t->name);
}

static void rst_row(const struct opt_row *o, const char *command)
{
	char sig[96];

	(void)command;
	signature(o, sig, sizeof(sig));
	/* reStructuredText wants the value behind both forms. */
	if (o->letter && o->arg && o->type != OPT_OPTIONAL)
		snprintf(sig, sizeof(sig), "-%c %s, --%s %s", o->letter, o->arg, o->name, o->arg);
	printf("%s\n    %c%s.\n\n", sig + strspn(sig, " "), o->help[0], o->help + 1);
}

static void print_rst(void)
{
	const struct tool *t = tool_state.tool;

	for (const struct tool_command *c = t->commands; c && c->name; c++) {
		printf("**%s** %s\n    %s.\n\n", c->name, c->args, c->help);
		for (const struct opt_row *o = c->options; o && o->name; o++) {
			char sig[96];

			signature(o, sig, sizeof(sig));
			printf("    %s\n        %s.\n\n", sig + strspn(sig, " "), o->help);
		}
	}
	each_row(rst_row, t->options, NULL);
	each_row(rst_row, help_rows, NULL);
}

static void bash_row(const struct opt_row *o, const char *command)
{
	(void)command;
	printf(" --%s", o->name);
	if (o->letter)
		printf(" -%c", o->letter);
}

static void print_bash(void)
{
	const struct tool *t = tool_state.tool;

	printf("complete -o default -W '");
	for (const struct tool_command *c = t->commands; c && c->name; c++)
		printf("%s ", c->name);
	each_option(bash_row);
	for (size_t i = 0; t->word && t->word(i); i++)
		printf(" %s", t->word(i));
	printf("' %s\n", t->name);
}

static void zsh_quote(const char *s)
{
	for (; *s; s++) {
		if (strchr("[]:'\\", *s))
			putchar(*s == '\'' ? ' ' : '\\');
		if (*s != '\'')
			putchar(*s);
	}
}

static void zsh_row(const struct opt_row *o, const char *command)
{
	(void)command;
	printf(" \\\n\t'*--%s%s[", o->name, o->arg && o->type != OPT_OPTIONAL ? "=" : "");
	zsh_quote(o->help);
	printf("]%s%s'", o->arg && o->type != OPT_OPTIONAL ? ":" : "",
	       o->arg && o->type != OPT_OPTIONAL ? "value:_files" : "");
}

static void print_zsh(void)
{
	const struct tool *t = tool_state.tool;

	printf("#compdef %s\n_arguments", t->name);
	each_option(zsh_row);
	if (t->commands) {
		printf(" \\\n\t'1:command:(");
		for (const struct tool_command *c = t->commands; c->name; c++)
			printf("%s ", c->name);
		printf(")'");
	}
	if (!t->word) {
		printf(" \\\n\t'*::argument:_normal'\n");
		return;
	}
	printf(" \\\n\t'*:argument:(");
	for (size_t i = 0; t->word(i); i++)
		printf("%s ", t->word(i));
	printf(")'\n");
}

static void fish_row(const struct opt_row *o, const char *command)
{
	printf("complete -c %s -l %s", tool_state.tool->name, o->name);
	if (o->letter)
		printf(" -s %c", o->letter);
	if (o->arg && o->type != OPT_OPTIONAL)
		printf(" -r");
	if (command)
		printf(" -n '__fish_seen_subcommand_from %s'", command);
	printf(" -d '");
	for (const char *p = o->help; *p; p++)
		if (*p != '\'')
			putchar(*p);
	printf("'\n");
}

static void print_fish(void)
{
	const struct tool *t = tool_state.tool;

	for (const struct tool_command *c = t->commands; c && c->name; c++)
		printf("complete -c %s -n __fish_use_subcommand -a %s -d '%s'\n", t->name, c->name,
		       c->help);
	for (size_t i = 0; t->word && t->word(i); i++)
		printf("complete -c %s -n 'not __fish_use_subcommand' -a %s\n", t->name, t->word(i));
	each_option(fish_row);
}

int help_print(const char *form)
{
	static const struct {
		const char *form;
		void (*print)(void);
	} forms[] = {
		{"text", print_text}, {"rst", print_rst}, {"bash", print_bash},
		{"zsh", print_zsh},   {"fish", print_fish},
	};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (form && strcmp(form, forms[i].form))
			continue;
		forms[i].print();
		return tool_finish(EXIT_OK);
	}
	return tool_usage_error("--help: \"%s\" is not one of text, rst, bash, zsh, fish", form);
}
