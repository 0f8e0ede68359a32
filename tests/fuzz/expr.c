// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions about rows: never a crash, an error has its place, and what is asked is one of the columns. */
#include "base/expr.h"

#include "fuzz.h"

static int column(const char *name, size_t len)
{
	return len == 1 && *name >= 'A' && *name <= 'D' ? *name - 'A' : -1;
}

static void value(int index, struct expr_value *ret_value, void *row)
{
	static const struct expr_value values[] = {
		{EXPR_NONE, 0, NULL}, {EXPR_NUMBER, 4026531836.0L, NULL}, {EXPR_TEXT, 0, "12"}, {EXPR_TEXT, 0, ""},
	};

	if (index < 0 || index > 3 || row)
		abort();
	*ret_value = values[index];
}

FUZZ_TARGET(expr)
{
	char *s = fuzz_string(data, size);
	struct expr_error error = {0};
	struct expr *e = NULL;
	int r = expr_parse(s, column, &e, &error);

	if (r < 0 && (e || !error.at || error.at > strlen(s) + 1 || !error.text[0]))
		abort();
	if (r >= 0 && expr_true(e, value, NULL) != expr_true(e, value, NULL))
		abort();
	expr_free(e);
	free(s);
	return 0;
}
