// SPDX-License-Identifier: GPL-2.0-or-later
/* Id maps: what is taken, what is refused and in which words, and that text and map agree. */
#include <errno.h>
#include <ringfence/idmap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

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

/* A map, the pair to be put into it, and what becomes of it. */
static const struct {
	const char *map;
	uint32_t inside, outside;
	const char *want;
} pairs[] = {
	{"", 0, 1000, "0 1000 1\n"},
	{"0:100000:10", 0, 1000, "0 1000 1\n1 100000 9\n"},
	{"0:100000:10", 9, 1000, "9 1000 1\n0 100000 9\n"},
	{"0:100000:10", 5, 1000, "5 1000 1\n0 100000 5\n6 100005 4\n"},
	{"0:100000:10", 50, 100004, "50 100004 1\n0 100000 4\n4 100005 5\n"},
	{"0:100000:10", 2, 100006, "2 100006 1\n0 100000 2\n3 100002 4\n7 100007 3\n"},
	{"0:100000:10", 4, 100004, "4 100004 1\n0 100000 4\n5 100005 5\n"},
	{"0:100000:1", 0, 5, "0 5 1\n"},
	{"1:1:10,20:20:5", 22, 3, "22 3 1\n1 1 2\n3 4 7\n20 20 2\n23 22 2\n"},
};

TEST(insertions)
{
	for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
		struct rf_idmap map = {0};
		char *text = NULL;

		if (pairs[i].map[0])
			ASSERT_EQ(0, rf_idmap_parse(&map, pairs[i].map));
		EXPECT_EQ(0, rf_idmap_insert(&map, pairs[i].inside, pairs[i].outside));
		ASSERT_EQ(0, rf_idmap_format(&map, &text));
		EXPECT_STREQ(pairs[i].want, text) {
			TH_LOG("%s", pairs[i].map);
		}
		free(text);
	}
}

TEST(an_insertion_that_fails_changes_nothing)
{
	struct rf_idmap map = {0};

	ASSERT_EQ(0, rf_idmap_parse(&map, "0:100000:10"));
	EXPECT_EQ(-ERANGE, rf_idmap_insert(&map, UINT32_MAX, 5));
	EXPECT_EQ(1, map.n);
	EXPECT_EQ(10, map.rows[0].count);
}

static void write_file(const char *path, const char *text)
{
	FILE *f = fopen(path, "w");

	fputs(text, f);
	fclose(f);
}

TEST(subordinate_ids)
{
	char path[] = "/tmp/rf-subid.XXXXXX";
	struct rf_idmap map = {0};
	uint32_t id = 42;

	close(mkstemp(path));
	write_file(path, "other:1:5\n\nnonsense\n4000000:x:5\n4000000:300000:70\n4000000:1:1\nroot:200000:10\nlast:4294967295:2\n");
	EXPECT_EQ(0, rf_idmap_subids(&map, path, 4000000, false));
	EXPECT_EQ(0, map.rows[0].inside);
	EXPECT_EQ(300000, map.rows[0].outside);
	EXPECT_EQ(70, map.rows[0].count);
	map.n = 0;
	EXPECT_EQ(0, rf_idmap_subids(&map, path, 0, true));
	EXPECT_EQ(200000, map.rows[0].inside);
	EXPECT_EQ(-ENOENT, rf_idmap_subids(&map, path, 4000001, true));
	EXPECT_EQ(-ENOENT, rf_idmap_subids(&map, "/none", 0, true));
	EXPECT_EQ(1, map.n);
	write_file(path, "a:x:5:6\nb:x:7:8\nc::4294967295:\nd\n");
	EXPECT_EQ(0, rf_idmap_user(path, "b", &id));
	EXPECT_EQ(7, id);
	EXPECT_EQ(-ENOENT, rf_idmap_user(path, "c", &id));
	EXPECT_EQ(-ENOENT, rf_idmap_user(path, "d", &id));
	EXPECT_EQ(-ENOENT, rf_idmap_user(path, "e", &id));
	EXPECT_EQ(7, id);
	unlink(path);
}

TEST_HARNESS_MAIN
