/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Questions about rows of a table, in the language of scols-filter(5): NPROCS > 1 and USER =~ "^r". */
#ifndef LIB_BASE_EXPR_H
#define LIB_BASE_EXPR_H

#include <stdbool.h>
#include <stddef.h>

struct expr;

enum expr_type { EXPR_NONE, EXPR_NUMBER, EXPR_TEXT, EXPR_BOOL };

/* What a column has in a row. A long double holds every 64-bit number. */
struct expr_value {
	enum expr_type type;
	long double number; /* of a bool 0 or 1 */
	const char *text;   /* whoever gives it keeps it as long as the row */
};

/* Where a text is wrong, counted in bytes from 1, and how. */
struct expr_error {
	size_t at;
	char text[128];
};

/*
 * Read a question. `column` answers with the index of a column, or a negative number where there is
 * none of this name. 0, -ENOMEM, -EINVAL with *ret_error filled in, or -E2BIG as that, where the text
 * is longer than 4096 bytes, has more than 256 parts or is more than 32 brackets deep.
 */
int expr_parse(const char *text, int (*column)(const char *name, size_t len), struct expr **ret_expr,
	       struct expr_error *ret_error);
void expr_free(struct expr *e); /* NULL is fine */

/* Does it ask for this column? */
bool expr_has(const struct expr *e, int column);

/* Is it true of a row? `value` gives the row's columns; two may be asked for before they are compared. */
bool expr_true(const struct expr *e, void (*value)(int column, struct expr_value *ret_value, void *row),
	       void *row);

static inline void cleanup_expr(struct expr **e)
{
	expr_free(*e);
}

#endif
