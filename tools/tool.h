/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The skeleton of every tool. A tool is rows: its options, and its subcommands where it has some.
 * Parsing, --help, the man page's option list and the completions all come from the rows. Every
 * tool has -h/--help and -V/--version; the rows OPT_COMMON_* add the others by name.
 */
#ifndef TOOLS_TOOL_H
#define TOOLS_TOOL_H

#include <ringfence/plan.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	EXIT_OK = 0,
	EXIT_FAILED = 1,	/* of a tool that runs nothing: failure, or the answer is no */
	EXIT_USAGE = 2,		/* of a tool that runs nothing: bad usage */
	EXIT_SETUP = 125,	/* of a tool that runs a program: usage or set-up */
	EXIT_NOT_EXECUTABLE = 126,
	EXIT_NOT_FOUND = 127,
};

enum opt_type {
	OPT_FLAG,	/* bool: set true */
	OPT_BITS,	/* uint64_t: or row->bits into it */
	OPT_STRING,	/* const char * */
	OPT_INT,	/* int64_t within row->min..max */
	OPT_BYTES,	/* uint64_t by rf_parse_bytes() */
	OPT_TIME,	/* uint64_t microseconds by rf_parse_time_us() */
	OPT_CPU,	/* uint64_t millionths of a CPU by rf_parse_cpu() */
	OPT_LIST,	/* struct opt_list: append the word */
	OPT_CHOICE,	/* int: index of the word in row->choices (NULL-terminated) */
	OPT_OPTIONAL,	/* const char *: --name or --name=WORD; without: row->choices[0], or "";
			   with row->bits an earlier word stays then */
	OPT_CALL,	/* row->call(word, to): 0, or -errno with row->arg's form being wrong */
};

struct opt_list {
	const char **words;
	size_t n;
};

struct opt_row {
	char letter;	  /* 0: none */
	const char *name; /* long name without dashes */
	enum opt_type type;
	void *to;
	const char *arg;  /* "SIZE", or NULL for options without a value */
	const char *help; /* one sentence without full stop */
	uint64_t bits;
	int64_t min, max;
	const char *const *choices;
	int (*call)(const char *word, void *to);
};

struct tool_command {
	const char *name;
	const char *args; /* "GROUP KEY=VALUE…" */
	const char *help;
	const struct opt_row *options; /* ends with a row of zeros; NULL: none */
	int (*run)(int argc, char **argv); /* argv[0] is the first word after the options */
	int min_args, max_args;		   /* max -1: any number */
	bool runs_program;		   /* as in struct tool */
};

struct tool {
	const char *name;
	const char *help;  /* what it does, in one line */
	const char *usage; /* "[OPTION…] [--] PROGRAM [ARGUMENT…]" */
	const struct opt_row *options;
	const struct tool_command *commands; /* ends with a row of zeros; NULL: none */
	int (*run)(int argc, char **argv);   /* without a command; beside commands it is the usual thing */
	int min_args, max_args;
	bool runs_program; /* usage and set-up errors exit 125, options end at the first word */
	const char *(*word)(size_t index); /* completions beside commands and options; NULL at the end */
};

/* Each tool's main() is `return tool_main(&tool, argc, argv);`. */
int tool_main(const struct tool *tool, int argc, char **argv);

/* What every tool understands; a tool offers the ones whose rows it lists. */
struct tool_state {
	const struct tool *tool;
	const struct tool_command *command;
	bool json;	       /* --json */
	const char *explain;   /* --explain[=json]: "text" or "json", else NULL */
	bool dry_run;	       /* --dry-run */
	bool no_headings;      /* of tables */
	bool raw;	       /* --raw: one blank between cells, which have none of their own */
	bool one_line;	       /* commas between what else would stand in lines below each other */
	int emit;	       /* --emit=c: 0, else -1 */
	char **argv;	       /* as the tool was called */
};

extern struct tool_state tool_state;
extern const char *const tool_explain_choices[], *const tool_emit_choices[];

#define OPT_COMMON_JSON                                                                            \
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print JSON instead of text"}
#define OPT_COMMON_EXPLAIN                                                                         \
	{0, "explain", OPT_OPTIONAL, &tool_state.explain, "FORM",                                  \
	 "say on standard error what is done and why, step by step, as text or json", 0, 0, 0,     \
	 tool_explain_choices}                                                                     \
	, {0, "dry-run", OPT_FLAG, &tool_state.dry_run, NULL,                                      \
	   "print the steps and calls on standard output and change nothing"}
/* For tools whose plans end in a program. */
#define OPT_COMMON_EMIT                                                                            \
	{0, "emit", OPT_CHOICE, &tool_state.emit, "c",                                             \
	 "change nothing; print a C program that makes the same calls, on standard output", 0, 0, 0, \
	 tool_emit_choices}

/* Errors: one line on standard error (a JSON object with --json). All return the exit code. */
int tool_usage_error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* "TOOL: what: object: call: strerror: note" and a hint, from the library's last failure. */
int tool_error(int error, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
int tool_plan_error(const struct rf_failure *failure);
/* A pid, or "self", which gives *ret_pid = self: 0, or the exit code with the error printed. */
int tool_pid(const char *word, int self, int *ret_pid);
void tool_warn(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Flush standard output; a full disk or closed pipe makes the exit code a failure. */
int tool_finish(int code);
/* Exit as the program did: its code, or the same signal. */
int tool_exit_as(int wait_status);

/*
 * A descriptor that an option names (none below 0), and the words of one as such. Is it open? Asked before
 * the tool opens any of its own, which would be taken for it. 0, or the exit code with the error printed.
 */
int tool_descriptor(const char *option, int64_t fd);
int tool_descriptors(const char *option, const struct opt_list *list, const int **ret_fds, size_t *ret_n);

/* Run a plan with --explain and --dry-run as given. Like rf_plan_run(); errors are printed, and
 * the result is then -(exit code). */
int tool_run_plan(struct rf_plan *plan);

/* emit.c: rows of one kind, as a table (columns aligned at the end) or as JSON. */
enum cell_type {
	CELL_TEXT, CELL_NUMBER, CELL_BYTES, CELL_TIME_US, CELL_BOOL,
	CELL_LINES, /* text with newlines between: below each other (--raw: with commas); in JSON an array */
};

struct column {
	const char *key;   /* JSON key, snake_case with the unit: "memory_peak_bytes" */
	const char *title; /* table heading: "PEAK" */
	enum cell_type type;
};

struct table;
/* `columns` ends with a row of zeros. */
struct table *table_new(const struct column *columns);
void table_text(struct table *t, const char *value); /* NULL: no value */
void table_number(struct table *t, uint64_t value);  /* bytes, times, numbers; UINT64_MAX: "max" */
void table_none(struct table *t);
/* Print and free. Table with headings, or a JSON array. */
void table_print(struct table *t);
void table_free(struct table *t); /* without printing */
/* As one record: "title: value" lines, or one JSON object. */
void record_print(struct table *t);
/* A JSON string with its quotes to standard output. */
void emit_json_string(const char *s);

/* progress.c: a line on the terminal that is redrawn; nothing when standard error is no terminal. */
struct progress {
	const char *what;
	uint64_t total, done, start_us, drawn_us;
	bool on;
};
void progress_start(struct progress *p, const char *what, uint64_t total_bytes);
void progress_add(struct progress *p, uint64_t bytes);
void progress_end(struct progress *p);

#endif
