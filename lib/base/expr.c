// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The language is that of scols-filter(5), whose words util-linux's listing tools take: columns,
 * numbers (12, 1.5, 4K, 4KiB), strings in either quotes, true, false; == != < <= > >= and their names
 * eq ne lt le gt ge; =~ and !~ against an extended regular expression; and, or, not, && || !, and
 * brackets. Names of operators are all small or all capital letters.
 *
 * From loose to tight: or; and; comparisons, from left to right; not. So `not A == B` is (not A) == B:
 * the brackets matter.
 *
 * Which way two values are compared is told by what stands there: as truths beside true or false, as
 * numbers beside a number, as text beside a string, and two columns by the kind of the left one. Text
 * that is no number differs from every number and is neither less nor more. Where a column has nothing,
 * no comparison with a number is true, and as text it is less than any, the empty one, too.
 *
 * The parts stand in one array in the order in which they are complete, so a part comes after those it
 * is made of, and the last is the whole.
 */
#include "base/expr.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { TEXT_MAX = 4096, PARTS_MAX = 256, DEPTH_MAX = 32, REGEX_COPIES_MAX = 512 };

enum op { LITERAL, COLUMN, OR, AND, NOT, EQ, NE, LE, LT, GE, GT, MATCH, NO_MATCH };

struct part {
	enum op op;
	int left, right; /* parts; of a column its index is on the left */
	struct expr_value value;
	char *text;
	regex_t regex;
	bool has_regex;
};

struct expr {
	struct part parts[PARTS_MAX];
	int n, root;
};

struct reader {
	const char *start, *at;
	int (*column)(const char *name, size_t len);
	struct expr *e;
	struct expr_error *error;
	int depth;
	uint64_t copies; /* of characters, in regular expressions */
};

static const struct {
	const char *sign, *small, *capital;
	enum op op;
} operators[] = {
	/* What another begins with stands after it. */
	{"==", "eq", "EQ", EQ}, {"!=", "ne", "NE", NE}, {"=~", NULL, NULL, MATCH}, {"!~", NULL, NULL, NO_MATCH},
	{"<=", "le", "LE", LE}, {">=", "ge", "GE", GE}, {"<", "lt", "LT", LT}, {">", "gt", "GT", GT},
	{"&&", "and", "AND", AND}, {"||", "or", "OR", OR}, {"!", "not", "NOT", NOT},
};

static int read_or(struct reader *r);

static int fail(struct reader *r, const char *at, int result, const char *text)
{
	r->error->at = (size_t)(at - r->start) + 1;
	snprintf(r->error->text, sizeof(r->error->text), "%s", text);
	return result;
}

static size_t name_length(const char *s)
{
	size_t n = 0;

	if (!isalpha((unsigned char)s[0]))
		return 0;
	while (isalnum((unsigned char)s[n]) || (s[n] && strchr("_.%:/-", s[n])))
		n++;
	return n;
}

static bool is_word(const char *s, size_t len, const char *word)
{
	return word && strlen(word) == len && !strncmp(s, word, len);
}

static void skip_blanks(struct reader *r)
{
	r->at += strspn(r->at, " \t\n");
}

/* The operator that comes next, and its length; -1 where none does. */
static int next_operator(struct reader *r, size_t *ret_len)
{
	size_t len;

	skip_blanks(r);
	len = name_length(r->at);
	for (size_t i = 0; i < array_size(operators); i++) {
		*ret_len = len ?: strlen(operators[i].sign);
		if (len ? is_word(r->at, len, operators[i].small) || is_word(r->at, len, operators[i].capital)
			: str_starts(r->at, operators[i].sign))
			return (int)operators[i].op;
	}
	return -1;
}

static int add(struct reader *r, enum op op, int left, int right)
{
	if (r->e->n == PARTS_MAX)
		return fail(r, r->at, -E2BIG, "too many parts, 256 are allowed");
	r->e->parts[r->e->n] = (struct part){.op = op, .left = left, .right = right};
	return r->e->n++;
}

static int add_value(struct reader *r, enum expr_type type, long double number)
{
	int i = add(r, LITERAL, 0, 0);

	if (i >= 0)
		r->e->parts[i].value = (struct expr_value){.type = type, .number = number};
	return i;
}

static int read_string(struct reader *r)
{
	char quote[] = {r->at[0], '\n', '\0'};
	size_t len = strcspn(r->at + 1, quote);
	struct part *p;
	int i;

	if (r->at[len + 1] != quote[0])
		return fail(r, r->at, -EINVAL, "the string has no end");
	i = add_value(r, EXPR_TEXT, 0);
	if (i < 0)
		return i;
	p = &r->e->parts[i];
	p->text = strndup(r->at + 1, len);
	p->value.text = p->text;
	r->at += len + 2;
	return p->text ? i : -ENOMEM;
}

/* "12", "1.5", "4K", "4KiB". */
static int read_number(struct reader *r)
{
	static const char units[] = "KMGTPEZY";
	const char *start = r->at, *unit;
	long double n = 0, place = 1;

	for (; isdigit((unsigned char)*r->at); r->at++)
		n = n * 10 + (*r->at - '0');
	if (r->at[0] == '.' && isdigit((unsigned char)r->at[1])) {
		for (r->at++; isdigit((unsigned char)*r->at); r->at++)
			n += (*r->at - '0') * (place /= 10);
	} else if (*r->at && (unit = strchr(units, *r->at))) {
		for (const char *u = units; u <= unit; u++)
			n *= 1024;
		r->at += str_starts(r->at + 1, "iB") ? 3 : 1;
	}
	if (isalnum((unsigned char)*r->at) || *r->at == '.' || *r->at == '_')
		return fail(r, start, -EINVAL, "no number: 12, 1.5, 4K and 4KiB are some");
	return add_value(r, EXPR_NUMBER, n);
}

static int read_name(struct reader *r)
{
	const char *name = r->at;
	size_t len = name_length(name), op_len;
	int index;

	if (is_word(name, len, "true") || is_word(name, len, "TRUE") || is_word(name, len, "false") ||
	    is_word(name, len, "FALSE")) {
		r->at += len;
		return add_value(r, EXPR_BOOL, tolower((unsigned char)*name) == 't');
	}
	if (next_operator(r, &op_len) >= 0)
		return fail(r, name, -EINVAL, "a column, a number or a string is missing here");
	index = r->column(name, len);
	if (index < 0)
		return fail(r, name, -EINVAL, "there is no such column");
	r->at += len;
	return add(r, COLUMN, index, 0);
}

static int read_brackets(struct reader *r)
{
	const char *open = r->at++;
	int i = read_or(r);

	if (i < 0)
		return i;
	skip_blanks(r);
	if (*r->at != ')')
		return fail(r, open, -EINVAL, "the bracket has no end");
	r->at++;
	return i;
}

static int read_operand(struct reader *r)
{
	size_t len;
	int i;

	if (next_operator(r, &len) == NOT) {
		if (++r->depth > DEPTH_MAX)
			return fail(r, r->at, -E2BIG, "too deep, 32 brackets and nots are allowed");
		r->at += len;
		i = read_operand(r);
		r->depth--;
		return i < 0 ? i : add(r, NOT, i, 0);
	}
	if (*r->at == '"' || *r->at == '\'')
		return read_string(r);
	if (isdigit((unsigned char)*r->at))
		return read_number(r);
	if (isalpha((unsigned char)*r->at))
		return read_name(r);
	if (*r->at != '(')
		return fail(r, r->at, -EINVAL, "a column, a number or a string is missing here");
	if (++r->depth > DEPTH_MAX)
		return fail(r, r->at, -E2BIG, "too deep, 32 brackets and nots are allowed");
	i = read_brackets(r);
	r->depth--;
	return i;
}

/* How often {2}, {2,5} or {2,} writes out what it repeats, and where it ends; 0 where it is no such thing. */
static uint64_t read_bounds(const char *brace, const char **ret_end)
{
	char *end;
	uint64_t least = strtoul(brace + 1, &end, 10), most = least;

	if (*end == ',')
		most = end[1] == '}' ? least + 1 : strtoul(end + 1, &end, 10);
	if (*end == ',')
		end++;
	*ret_end = end;
	return *end == '}' && end > brace + 1 ? (most ? most : 1) : 0;
}

static const char *end_of_set(const char *set)
{
	const char *c = set + 1 + (set[1] == '^');

	c += *c == ']';
	return *c ? strchrnul(c, ']') : c;
}

/*
 * regcomp(3) writes x+ as xx*, and x{9} as nine x: nested, that takes all memory that there is, and where x may be
 * empty the square of their number in time. So the copies that it would make are counted before: of all regular
 * expressions of one question, since a long one has room for a hundred.
 */
static bool is_too_large(const char *regex, uint64_t *copies)
{
	uint64_t before[DEPTH_MAX] = {0}, last = 0, times;
	size_t depth = 0;

	for (const char *c = regex, *end; *c; c++) {
		if (*c == '(') {
			before[depth++] += last;
			if (depth == DEPTH_MAX)
				return true;
			before[depth] = last = 0;
		} else if (*c == ')' && depth) {
			last += before[depth--];
		} else if (*c == '+') {
			*copies += last;
			last *= 2;
		} else if (*c == '{' && (times = read_bounds(c, &end))) {
			times = times <= REGEX_COPIES_MAX + 1 ? times : REGEX_COPIES_MAX + 2;
			*copies += last * (times - 1);
			last *= times;
			c = end;
		} else if (*c != '*' && *c != '?') {
			before[depth] += last;
			last = 1;
			c = *c == '[' ? end_of_set(c) : c + (*c == '\\');
			if (!*c)
				break;
		}
		if (*copies > REGEX_COPIES_MAX)
			return true;
	}
	return false;
}

static int compile(struct reader *r, const char *at, struct part *p)
{
	char why[96];
	int error;

	if (p->op != LITERAL || p->value.type != EXPR_TEXT)
		return fail(r, at, -EINVAL, "=~ and !~ need a string in quotes on the right");
	if (p->has_regex)
		return 0;
	if (is_too_large(p->text, &r->copies))
		return fail(r, at, -EINVAL, "the expression repeats too much, or has brackets 32 deep");
	error = regcomp(&p->regex, p->text, REG_EXTENDED | REG_NOSUB);
	if (error) {
		regerror(error, &p->regex, why, sizeof(why));
		return fail(r, at, error == REG_ESPACE ? -ENOMEM : -EINVAL, why);
	}
	p->has_regex = true;
	return 0;
}

static int read_comparison(struct reader *r)
{
	int left = read_operand(r), op, right, result;
	size_t len;

	while (left >= 0 && (op = next_operator(r, &len)) >= EQ) {
		const char *at;

		r->at += len;
		skip_blanks(r);
		at = r->at;
		right = read_operand(r);
		if (right < 0)
			return right;
		result = op == MATCH || op == NO_MATCH ? compile(r, at, &r->e->parts[right]) : 0;
		left = result < 0 ? result : add(r, (enum op)op, left, right);
	}
	return left;
}

static int read_and(struct reader *r)
{
	int left = read_comparison(r);
	size_t len;

	while (left >= 0 && next_operator(r, &len) == AND) {
		int right;

		r->at += len;
		right = read_comparison(r);
		left = right < 0 ? right : add(r, AND, left, right);
	}
	return left;
}

static int read_or(struct reader *r)
{
	int left = read_and(r);
	size_t len;

	while (left >= 0 && next_operator(r, &len) == OR) {
		int right;

		r->at += len;
		right = read_and(r);
		left = right < 0 ? right : add(r, OR, left, right);
	}
	return left;
}

int expr_parse(const char *text, int (*column)(const char *name, size_t len), struct expr **ret_expr,
	       struct expr_error *ret_error)
{
	struct reader r = {.start = text, .at = text, .column = column, .error = ret_error};
	struct expr *e __free(expr) = calloc(1, sizeof(*e));

	if (!e)
		return -ENOMEM;
	if (strlen(text) > TEXT_MAX)
		return fail(&r, text + TEXT_MAX, -E2BIG, "longer than 4096 bytes");
	r.e = e;
	e->root = read_or(&r);
	if (e->root < 0)
		return e->root;
	skip_blanks(&r);
	if (*r.at)
		return fail(&r, r.at, -EINVAL, "and, or or a comparison is missing here");
	*ret_expr = take_ptr(&e);
	return 0;
}

void expr_free(struct expr *e)
{
	for (int i = 0; e && i < e->n; i++) {
		free(e->parts[i].text);
		if (e->parts[i].has_regex)
			regfree(&e->parts[i].regex);
	}
	free(e);
}

bool expr_has(const struct expr *e, int column)
{
	for (int i = 0; i < e->n; i++)
		if (e->parts[i].op == COLUMN && e->parts[i].left == column)
			return true;
	return false;
}

struct asking {
	const struct expr *e;
	void (*value)(int column, struct expr_value *ret_value, void *row);
	void *row;
};

static bool is_true(const struct expr_value *v)
{
	return v->type == EXPR_TEXT ? v->text[0] : v->type != EXPR_NONE && v->number != 0;
}

static const char *as_text(const struct expr_value *v, char buf[static 48])
{
	if (v->type == EXPR_TEXT)
		return v->text;
	buf[0] = '\0';
	if (v->type != EXPR_NONE)
		snprintf(buf, 48, "%.18Lg", v->number);
	if (v->type == EXPR_NUMBER && v->number < 18446744073709551616.0L && v->number == (uint64_t)v->number)
		snprintf(buf, 48, "%llu", (unsigned long long)v->number);
	return buf;
}

/* False where it is none. */
static bool as_number(const struct expr_value *v, long double *ret_number)
{
	char *end;

	*ret_number = v->number;
	if (v->type != EXPR_TEXT)
		return v->type != EXPR_NONE;
	if (!isdigit((unsigned char)v->text[0]))
		return false;
	*ret_number = strtold(v->text, &end);
	return !*end;
}

static bool holds(enum op op, int order)
{
	switch (op) {
	case EQ:
		return order == 0;
	case NE:
		return order != 0;
	case LE:
		return order <= 0;
	case LT:
		return order < 0;
	case GE:
		return order >= 0;
	default:
		return order > 0; /* GT */
	}
}

static enum expr_type compare_as(const struct part *a, const struct expr_value *left, const struct part *b,
				 const struct expr_value *right)
{
	if (left->type == EXPR_BOOL || right->type == EXPR_BOOL)
		return EXPR_BOOL;
	if (a->op == LITERAL)
		return left->type;
	return b->op == LITERAL || left->type == EXPR_NONE ? right->type : left->type;
}

static bool compare(enum op op, enum expr_type type, const struct expr_value *left,
		    const struct expr_value *right)
{
	char buf_left[48], buf_right[48];
	long double a, b;

	if (type == EXPR_BOOL)
		return holds(op, (int)is_true(left) - (int)is_true(right));
	if (type == EXPR_NUMBER && (left->type == EXPR_NONE || right->type == EXPR_NONE))
		return false;
	if (left->type == EXPR_NONE || right->type == EXPR_NONE)
		return holds(op, (left->type != EXPR_NONE) - (right->type != EXPR_NONE));
	if (type != EXPR_NUMBER)
		return holds(op, strcmp(as_text(left, buf_left), as_text(right, buf_right)));
	if (!as_number(left, &a) || !as_number(right, &b))
		return op == NE;
	return holds(op, a < b ? -1 : a > b);
}

static void answer(const struct asking *q, int index, struct expr_value *ret)
{
	const struct part *p = &q->e->parts[index], *right;
	struct expr_value a = {0}, b = {0};
	char buf[48];
	bool yes;

	*ret = p->value;
	if (p->op == COLUMN)
		q->value(p->left, ret, q->row);
	if (p->op == LITERAL || p->op == COLUMN)
		return;
	right = &q->e->parts[p->right];
	answer(q, p->left, &a);
	yes = is_true(&a);
	if (p->op == NOT) {
		yes = !yes;
	} else if (p->op == MATCH || p->op == NO_MATCH) {
		yes = !regexec(&right->regex, as_text(&a, buf), 0, NULL, 0) == (p->op == MATCH);
	} else if (p->op >= EQ || yes == (p->op == AND)) {
		answer(q, p->right, &b);
		yes = p->op < EQ ? is_true(&b)
				 : compare(p->op, compare_as(&q->e->parts[p->left], &a, right, &b), &a, &b);
	}
	*ret = (struct expr_value){.type = EXPR_BOOL, .number = yes};
}

bool expr_true(const struct expr *e, void (*value)(int column, struct expr_value *ret_value, void *row),
	       void *row)
{
	struct asking q = {e, value, row};
	struct expr_value v;

	answer(&q, e->root, &v);
	return is_true(&v);
}
