// SPDX-License-Identifier: GPL-2.0-or-later
/* Id maps: what is taken, what is refused and in which words, and that text and map agree. */
#include <errno.h>
#include <ringfence/idmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness.h"

static const struct {
	const char *text;
	int result;
	const char *note; /* part of the last failure's note */
} parse_rows[] = {
	{"0:100000:65536", 0, ""},
	{"0:1000:1,1:100000:65536", 0, ""},
	{"0:0:4294967295", 0, ""},
	{"4294967294:4294967294:1", 0, ""},
	{"0:0:0", -ERANGE, "count of 0"},
	{"4294967295:0:1", -ERANGE, "beyond the last id"},
	{"0:4294967295:1", -ERANGE, "beyond the last id"},
	{"1:0:4294967295", -ERANGE, "beyond the last id"},
	{"0:1000:10,9:2000:1", -EEXIST, "overlaps 0:1000:10"},
	{"0:1000:10,10:1009:1", -EEXIST, "overlaps 0:1000:10"},
	{"0:1000:10,10:1010:1", 0, ""},
	{"5:1000:1,0:2000:6", -EEXIST, "overlaps 5:1000:1"},
	{"", -EINVAL, "is not INSIDE:OUTSIDE:COUNT"},
	{"0", -EINVAL, "\"0\" is not"},
	{"0:1", -EINVAL, "\"0:1\" is not"},
	{"0:1:2:3", -EINVAL, "is not"},
	{":0:1:2", -EINVAL, "is not"},
	{"0::1:2", -EINVAL, "is not"},
	{"0:1:2:", -EINVAL, "is not"},
	{"0:1:1,", -EINVAL, "\"\" is not"},
	{",0:1:1", -EINVAL, "\"\" is not"},
	{"a:0:1", -EINVAL, "\"a:0:1\" is not"},
	{"-1:0:1", -EINVAL, "is not"},
	{" 0:0:1", -EINVAL, "is not"},
	{"0:0:4294967296", -EINVAL, "is not"},
	{"0:0:99999999999999999999", -EINVAL, "is not"},
	{"0:1000:1 1:2000:1", -EINVAL, "is not"},
	{"0000000000000000000000000000000000000000000000000000000000000000:0:1", -EINVAL, "is not"},
};

TEST(parse)
{
	for (size_t i = 0; i < sizeof(parse_rows) / sizeof(parse_rows[0]); i++) {
		struct rf_idmap map = {0};

		rf_trace_forget();
		EXPECT_EQ(parse_rows[i].result, rf_idmap_parse(&map, parse_rows[i].text)) {
			TH_LOG("\"%s\"", parse_rows[i].text);
		}
		EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, parse_rows[i].note)) {
			TH_LOG("\"%s\": note \"%s\", want \"%s\"", parse_rows[i].text,
			       rf_trace_last_failure()->note, parse_rows[i].note);
		}
		EXPECT_EQ(parse_rows[i].result, rf_trace_last_failure()->result);
	}
}

TEST(a_refused_row_leaves_the_map_as_it_was)
{
	struct rf_idmap map = {0}, before;

	ASSERT_EQ(0, rf_idmap_add(&map, 0, 1000, 10));
	before = map;
	EXPECT_EQ(-EEXIST, rf_idmap_add(&map, 0, 1000, 10));
	EXPECT_EQ(-ERANGE, rf_idmap_add(&map, 100, 100, 0));
	EXPECT_EQ(0, memcmp(&before, &map, sizeof(map)));
}

TEST(a_text_refused_half_way_leaves_the_map_as_it_was)
{
	struct rf_idmap map = {0};

	EXPECT_EQ(-EINVAL, rf_idmap_parse(&map, "0:1000:1,nonsense"));
	EXPECT_EQ(0, map.n);
	EXPECT_EQ(-EEXIST, rf_idmap_parse(&map, "0:1000:1,0:1000:1"));
	EXPECT_EQ(0, map.n);
}

TEST(rows_have_an_end)
{
	struct rf_idmap map = {0};
	char *text = NULL;

	for (uint32_t i = 0; i < RF_IDMAP_MAX; i++)
		ASSERT_EQ(0, rf_idmap_add(&map, i * 2, i * 2, 1));
	EXPECT_EQ(-E2BIG, rf_idmap_add(&map, 1, 1, 1));
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "340"));
	/* 340 rows of small numbers fit the one write the kernel takes. */
	ASSERT_EQ(0, rf_idmap_format(&map, &text));
	EXPECT_LT(strlen(text), 4096);
	free(text);
}

TEST(text_has_an_end)
{
	struct rf_idmap map = {0};
	char *text = (char *)"untouched";

	for (uint32_t i = 0; i < RF_IDMAP_MAX; i++)
		ASSERT_EQ(0, rf_idmap_add(&map, 4000000000u + i, 4000000000u + i, 1));
	EXPECT_EQ(-E2BIG, rf_idmap_format(&map, &text));
	EXPECT_STREQ("untouched", text);
}

TEST(outside)
{
	struct rf_idmap map = {0};
	uint32_t id = 42;

	EXPECT_EQ(-ENOENT, rf_idmap_outside(&map, 0, &id));
	ASSERT_EQ(0, rf_idmap_parse(&map, "0:1000:1,1:100000:65536"));
	EXPECT_EQ(0, rf_idmap_outside(&map, 0, &id));
	EXPECT_EQ(1000, id);
	EXPECT_EQ(0, rf_idmap_outside(&map, 65536, &id));
	EXPECT_EQ(165535, id);
	EXPECT_EQ(-ENOENT, rf_idmap_outside(&map, 65537, &id));
	EXPECT_EQ(165535, id);
}

TEST(inside)
{
	struct rf_idmap map = {0};
	uint32_t id = 42;

	EXPECT_EQ(-ENOENT, rf_idmap_inside(&map, 0, &id));
	ASSERT_EQ(0, rf_idmap_parse(&map, "0:1000:1,1:100000:65536"));
	EXPECT_EQ(-ENOENT, rf_idmap_inside(&map, 999, &id));
	EXPECT_EQ(-ENOENT, rf_idmap_inside(&map, 1001, &id));
	EXPECT_EQ(-ENOENT, rf_idmap_inside(&map, 165536, &id));
	EXPECT_EQ(42, id);
	EXPECT_EQ(0, rf_idmap_inside(&map, 1000, &id));
	EXPECT_EQ(0, id);
	EXPECT_EQ(0, rf_idmap_inside(&map, 165535, &id));
	EXPECT_EQ(65536, id);
}

/* Any map that could be made is the same after text and back. The seed is fixed. */
TEST(text_and_map_agree)
{
	unsigned seed = 1;

	for (int round = 0; round < 500; round++) {
		struct rf_idmap map = {0}, again = {0};
		char *text = NULL, *p;

		for (int i = 0; i < 12; i++)
			(void)rf_idmap_add(&map, (uint32_t)rand_r(&seed) * 2, (uint32_t)rand_r(&seed) * 2,
					   (uint32_t)rand_r(&seed) % 1000000);
		ASSERT_NE(0, map.n);
		ASSERT_EQ(0, rf_idmap_format(&map, &text));
		for (p = text; *p; p++)
			*p = *p == ' ' ? ':' : *p == '\n' && p[1] ? ',' : *p;
		p[-1] = '\0';
		EXPECT_EQ(0, rf_idmap_parse(&again, text)) {
			TH_LOG("\"%s\"", text);
		}
		EXPECT_EQ(0, memcmp(&map, &again, sizeof(map)));
		free(text);
	}
}

TEST_HARNESS_MAIN
