// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings that grow; JSON strings; numbers. */
#include <errno.h>
#include <stdlib.h>

#include "base/str.h"
#include "harness.h"

TEST(a_string_grows)
{
	struct str b = {0};
	char *s = NULL;

	for (int i = 0; i < 1000; i++)
		str_addf(&b, "%d,", i % 10);
	str_add(&b, "");
	str_addn(&b, "end and more", 3);
	EXPECT_EQ(2003, b.len);
	ASSERT_EQ(0, str_take(&b, &s));
	EXPECT_EQ(2003, strlen(s));
	EXPECT_STREQ("8,9,end", s + 1996);
	EXPECT_EQ(NULL, b.s);
	free(s);
}

TEST(an_empty_string_is_taken_as_one)
{
	struct str b = {0};
	char *s = NULL;

	ASSERT_EQ(0, str_take(&b, &s));
	EXPECT_STREQ("", s);
	free(s);
}

/* A failed allocation is remembered: what would be cut short is not handed out. */
TEST(a_failure_stays)
{
	struct str b = {.failed = true};
	char *s = (char *)"untouched";

	str_add(&b, "x");
	str_addf(&b, "%d", 1);
	EXPECT_EQ(-ENOMEM, str_take(&b, &s));
	EXPECT_STREQ("untouched", s);
	str_done(&b);
	EXPECT_FALSE(b.failed);
}

static const struct {
	const char *from, *to;
} json_rows[] = {
	{"", "\"\""},
	{"plain", "\"plain\""},
	{"a\"b\\c", "\"a\\\"b\\\\c\""},
	{"\n\t\x1b\x7f", "\"\\u000a\\u0009\\u001b\\u007f\""},
	{"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "\"\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80\""},
	{"\xff", "\"\\ufffd\""},
	{"\x80z", "\"\\ufffdz\""},
	{"cut \xe2\x82", "\"cut \\ufffd\\ufffd\""},
	{"\xc0\xaf", "\"\\ufffd\\ufffd\""},				 /* '/' in two bytes */
	{"\xe0\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\""},		 /* '/' in three */
	{"\xed\xa0\x80", "\"\\ufffd\\ufffd\\ufffd\""},		 /* half of a surrogate pair */
	{"\xf0\x80\x80\xaf", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* '/' in four */
	{"\xf4\x90\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""}, /* U+110000 */
	{"\xf5\x80\x80\x80", "\"\\ufffd\\ufffd\\ufffd\\ufffd\""},
	{"\xf4\x8f\xbf\xbf", "\"\xf4\x8f\xbf\xbf\""},		 /* U+10FFFF, the last */
};

TEST(json)
{
	for (size_t i = 0; i < sizeof(json_rows) / sizeof(json_rows[0]); i++) {
		struct str b = {0};

		str_add_json(&b, json_rows[i].from);
		EXPECT_STREQ(json_rows[i].to, b.s);
		str_done(&b);
	}
}

static const struct {
	const char *text;
	int result;
	uint64_t value;
} number_rows[] = {
	{"0", 0, 0},
	{"007", 0, 7},
	{"18446744073709551615", 0, UINT64_MAX},
	{"18446744073709551616", -ERANGE, 0},
	{"184467440737095516150", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"+1", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{"1 ", -EINVAL, 0},
	{"0x1", -EINVAL, 0},
};

TEST(numbers)
{
	for (size_t i = 0; i < sizeof(number_rows) / sizeof(number_rows[0]); i++) {
		uint64_t v = 42;

		EXPECT_EQ(number_rows[i].result, str_to_u64(number_rows[i].text, &v)) {
			TH_LOG("\"%s\"", number_rows[i].text);
		}
		EXPECT_EQ(number_rows[i].result ? 42 : number_rows[i].value, v) {
			TH_LOG("\"%s\"", number_rows[i].text);
		}
	}
}

TEST(copies_end_with_a_zero)
{
	char buf[4];

	EXPECT_EQ(0, str_copy(buf, sizeof(buf), "abc"));
	EXPECT_STREQ("abc", buf);
	EXPECT_EQ(-ENAMETOOLONG, str_copy(buf, sizeof(buf), "wxyz"));
	EXPECT_STREQ("wxy", buf);
	EXPECT_EQ(0, str_copy(buf, 1, ""));
	EXPECT_STREQ("", buf);
	EXPECT_EQ(-ENAMETOOLONG, str_copy(buf, 1, "q"));
	EXPECT_STREQ("", buf);
}

TEST(prefixes)
{
	EXPECT_TRUE(str_starts("cgroup.procs", "cgroup."));
	EXPECT_TRUE(str_starts("x", ""));
	EXPECT_FALSE(str_starts("cg", "cgroup"));
	EXPECT_TRUE(str_eq("", ""));
	EXPECT_FALSE(str_eq("a", "ab"));
}

TEST_HARNESS_MAIN
