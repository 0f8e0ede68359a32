/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * --emit=c: a plan as a C program of its own. emit-c.c runs the plan dry and turns each call into a
 * statement, by the rows of emit-c-rows.c; emit-c-names.c gives what they make its variables;
 * emit-c-print.c puts the program together, with the parts of emit-c-parts.c.
 */
#ifndef TOOLS_EMIT_C_H
#define TOOLS_EMIT_C_H

#include <ringfence/plan.h>
#include <stdlib.h>

#include "base/str.h"
#include "sys/sys.h"

/* rows and parts */

/*
 * How a call is written. In `form`, $1 … $9 are the arguments in the words of its wrapper in lib/sys,
 * $4- the fourth and those behind it with a comma before them if there are any, and $* all of them;
 * $v is the variable of the process it makes, $p the pipe made last, $e gives the program its
 * environment, where that is not the caller's. A form is an expression, which must() is put around;
 * or, with '=' in front, whole statements; with '1', statements for the first such call of a step.
 */
struct emit_row {
	const char *call;
	const char *step;    /* only in this step; NULL: in any */
	const char *word;    /* only with this argument; NULL: with any */
	const char *headers; /* what it needs, by blanks */
	const char *form;
	const char *helper;  /* a function or variables to print once before; or NULL */
	int object;	     /* the argument that an error shall name; 0: none */
};

/* The first that fits; NULL where there is none. `has_word` tells whether an argument is this. */
const struct emit_row *emit_row(const char *call, const char *step,
				bool (*has_word)(const char *word, void *data), void *data);

/* Why a step can't be written, or NULL. */
const char *emit_refusal(const char *step);

/*
 * Parts of the program. Lines that begin with '@' are for plans with an init, with '+' for those
 * without, with '?' for an init that nobody may look into; with '~' for those with a terminal of their
 * own, with '^' for those without.
 */
extern const char emit_must[], emit_end_as[], emit_supervise[], emit_be_init[], emit_path_of[], emit_pty[];

/* names */

/* The number behind a mark, as in fd#7. */
static inline int emit_number(const char *s)
{
	return (int)strtol(s, NULL, 10);
}

enum { EMIT_SIDES = 2 }; /* 0: the caller, 1: the child */

struct emit_var {
	char name[48];
	bool pair, pid, closed;
	bool on[EMIT_SIDES]; /* who speaks of it */
	unsigned uses;	     /* beside its making */
};

struct emit_names {
	struct emit_var *vars;
	size_t n_vars;
	struct emit_bound *bound; /* numbers that stand for a variable now */
	size_t n_bound;
	int last_pipe;
	bool failed;
};

/* A variable for what `call` of `step` makes: its index, or -1 for want of memory. */
int emit_name_made(struct emit_names *names, const char *step, const char *call, char *const args[],
		   size_t n_args, long result, bool child);
int emit_name_pid(struct emit_names *names, const char *step, const char *call, int pid, bool child);
int emit_name_pipe(struct emit_names *names, const char *step, const char *ends, bool child);
/* The variable that a descriptor or process is in, in C; the number itself where none is. */
void emit_add_fd(struct emit_names *names, struct str *out, int fd, bool child);
void emit_add_pid(struct emit_names *names, struct str *out, int pid, bool child);
/* Is it known to this side? */
bool emit_is_known(struct emit_names *names, int fd, bool child);
/* Its variable is closed and the number free again; nothing where there is none. */
void emit_close(struct emit_names *names, int fd, struct str *out, bool child);
void emit_names_done(struct emit_names *names);

/* print */

struct emit_call {
	char *name, *words;
	enum sys_kind kind;
	long result;
	int step;   /* -1: after the last */
	char *text; /* statements; NULL: not written */
	int var;    /* what `text` assigns a descriptor to, or -1 */
};

struct emit_step {
	struct rf_step_info info;
	int result;
};

struct emit {
	struct emit_call *calls;
	size_t n_calls, first_of_step;
	struct emit_step *steps;
	size_t n_steps;
	struct emit_names names;
	bool forked, has_init, init_is_closed, reborn, has_pty, uses_path_of, failed;
	char *args[9];
	size_t n_args;
	const char *helpers[24], *headers[64];
	size_t n_helpers, n_headers;
	unsigned deep; /* braces that calls have opened */
};

void emit_need_headers(struct emit *e, const char *headers);
/* The program as text: 0 or -ENOMEM. */
int emit_print(struct emit *e, struct str *out);

/* emit-c.c: print the program on standard output: 0, or the exit code with the error printed. */
int emit_c(struct rf_plan *plan);

#endif
