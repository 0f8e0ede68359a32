// SPDX-License-Identifier: GPL-2.0-or-later
/* Questions about rows, as nsls --filter asks them. */
#include "base/expr.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "harness.h"

/* The row: EMPTY has nothing, NS is a number, PEER is text that is one, USER and LINE are text. */
static const char *const names[] = {"EMPTY", "NS", "PEER", "USER", "LINE"};
static const struct expr_value values[] = {
	{EXPR_NONE, 0, NULL}, {EXPR_NUMBER, 4026531836, NULL}, {EXPR_TEXT, 0, "12"}, {EXPR_TEXT, 0, "root"},
	{EXPR_TEXT, 0, "sleep 1"},
};
static int asked;

static int column(const char *name, size_t len)
{
	for (int i = 0; i < 5; i++)
		if (strlen(names[i]) == len && !strncmp(names[i], name, len))
			return i;
	return -1;
}

static void value(int index, struct expr_value *ret_value, void *row)
{
	asked++;
	*ret_value = values[index];
}

static const struct {
	const char *text;
	bool answer;
} rows[] = {
	{"NS == 4026531836", true},
	{"NS==4026531836&&USER==\"root\"", true},
	{"NS eq 4026531836 AND USER EQ 'root'", true},
	{"NS != 4026531836", false},
	{"NS == '4026531836'", true},
	{"NS > 4G", false},
	{"NS > 3GiB", true},
	{"NS >= 4026531836.0", true},
	{"NS < 4026531836.5", true},
	{"4026531835 lt NS", true},
	{"NS ge 4026531837", false},
	{"NS le 4026531836 and NS gt 1", true},
	{"PEER == '12'", true},
	{"PEER == 12", true},
	{"PEER < 100", true},
	{"PEER < '100'", false},
	{"USER == 0", false},
	{"USER != 0", true},
	{"USER < 1", false},
	{"EMPTY", false},
	{"!EMPTY", true},
	{"EMPTY == ''", false},
	{"EMPTY < ''", true},
	{"'' > EMPTY", true},
	{"EMPTY == EMPTY", true},
	{"EMPTY < USER", true},
	{"EMPTY == 0", false},
	{"EMPTY != 0", false},
	{"EMPTY < 1", false},
	{"USER", true},
	{"0", false},
	{"'x' and 1.5", true},
	{"true", true},
	{"FALSE or false", false},
	{"EMPTY == false", true},
	{"(NS == 1) == false", true},
	{"LINE =~ '^sleep [0-9]+$'", true},
	{"LINE !~ 'sleep|bash'", false},
	{"NS =~ '^4026'", true},
	{"NS =~ '^(4{1}0{1,}[2]{,9}(6|[]{+]){1,2}+)\\+*[0-9]+$'", true},
	{"EMPTY =~ '^$'", true},
	{"LINE !~ '^([0-9a-f]{64}){4}(0{64}){4}x$'", true},
	{"LINE !~ 'x{513}'", true},
	{"LINE == USER", false},
	{"USER <= USER", true},
	{"PEER == NS", false},
	{"true or true and false", true},
	{"(true or true) and false", false},
	{"false && false || true", true},
	{"not NS == 1", false},
	{"not EMPTY == true", true},
	{"not (NS == 1)", true},
	{" \t( ( USER ) ) ", true},
};

TEST(answers)
{
	struct expr_error error;

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct expr *e = NULL;

		ASSERT_EQ(0, expr_parse(rows[i].text, column, &e, &error)) {
			TH_LOG("%s: at %zu: %s", rows[i].text, error.at, error.text);
		}
		EXPECT_EQ(rows[i].answer, expr_true(e, value, NULL)) {
			TH_LOG("%s", rows[i].text);
		}
		expr_free(e);
	}
}

static const struct {
	const char *text;
	size_t at;
	const char *why;
} errors[] = {
	{"", 1, "is missing here"},
	{"NS ==", 6, "a column, a number or a string is missing here"},
	{"NS 5", 4, "and, or or a comparison is missing here"},
	{"SIZE == 5", 1, "no such column"},
	{"NS == \"4", 7, "the string has no end"},
	{"NS == 'a\nb'", 7, "the string has no end"},
	{"(NS == 4", 1, "the bracket has no end"},
	{"NS == 4)", 8, "missing here"},
	{"NS == 4x", 7, "no number"},
	{"NS == 1.2.3", 7, "no number"},
	{"NS = 5", 4, "missing here"},
	{"NS == -5", 7, "missing here"},
	{"NS And 1", 4, "missing here"},
	{"USER =~ USER", 9, "string in quotes on the right"},
	{"USER =~ 5", 9, "string in quotes on the right"},
	{"USER =~ '('", 9, "nmatched"},
	{"USER =~ 'x+++++++++++++++++++++++++++++++'", 9, "repeats too much"},
	{"USER =~ 'x*+++++++++++'", 9, "repeats too much"},
	{"USER =~ 'x*++++++++' or USER =~ 'x*++++++++' or USER =~ 'x*++++++++'", 57, "repeats too much"},
	{"USER =~ 'x{514}'", 9, "repeats too much"},
	{"USER =~ '((((a{99}){9,99}){99,})b'", 9, "repeats too much"},
	{"USER =~ '((((((((((((((((((((((((((((((((a))))))))))))))))))))))))))))))))'", 9, "32 deep"},
	{"NS == and", 7, "missing here"},
	{"NS + 1 == 2", 4, "missing here"},
};

TEST(errors_name_the_place)
{
	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		struct expr_error error = {0};
		struct expr *e = NULL;

		EXPECT_EQ(-EINVAL, expr_parse(errors[i].text, column, &e, &error));
		EXPECT_EQ(NULL, e);
		EXPECT_EQ(errors[i].at, error.at) {
			TH_LOG("%s: %s", errors[i].text, error.text);
		}
		EXPECT_NE(NULL, strstr(error.text, errors[i].why)) {
			TH_LOG("%s: %s", errors[i].text, error.text);
		}
	}
}

TEST(limits)
{
	struct expr_error error;
	struct expr *e = NULL;
	char text[5000];

	memset(text, '!', 40);
	memcpy(text + 40, "NS", 3);
	EXPECT_EQ(-E2BIG, expr_parse(text, column, &e, &error));
	memset(text, '(', 33);
	text[33] = '\0';
	EXPECT_EQ(-E2BIG, expr_parse(text, column, &e, &error));
	text[0] = '\0';
	for (int i = 0; i < 150; i++)
		memcpy(text + 3 * i, "1&&", 3);
	memcpy(text + 450, "1", 2);
	EXPECT_EQ(-E2BIG, expr_parse(text, column, &e, &error));
	memset(text, ' ', sizeof(text));
	text[4999] = '\0';
	EXPECT_EQ(-E2BIG, expr_parse(text, column, &e, &error));
	EXPECT_EQ(NULL, e);
}

/* What decides alone asks for no more, and what is not asked for need not be read. */
TEST(asks_for_no_more_than_it_needs)
{
	struct expr_error error;
	struct expr *e = NULL;

	ASSERT_EQ(0, expr_parse("EMPTY and USER == 'x'", column, &e, &error));
	asked = 0;
	EXPECT_FALSE(expr_true(e, value, NULL));
	EXPECT_EQ(1, asked);
	EXPECT_TRUE(expr_has(e, 0));
	EXPECT_TRUE(expr_has(e, 3));
	EXPECT_FALSE(expr_has(e, 1));
	expr_free(e);
}

TEST_HARNESS_MAIN
