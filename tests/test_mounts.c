// SPDX-License-Identifier: GPL-2.0-or-later
/* Mount operations as data: what a word becomes, what is refused, which mounts lie below one. */
#include <errno.h>
#include <ringfence/sandbox.h>
#include <stdlib.h>
#include <string.h>

#include "base/str.h"
#include "harness.h"
#include "mount/op.h"
#include "mount/subtree.h"

#define RO RF_MOUNT_RO

static const struct {
	enum rf_mount_kind kind;
	const char *word;
	struct rf_mount_op want;
} words[] = {
	{RF_MOUNT_BIND, "/a", {.source = "/a", .target = "/a"}},
	{RF_MOUNT_BIND, "a:/b", {.source = "a", .target = "/b"}},
	{RF_MOUNT_BIND, "/a\\:b\\,c\\\\:/d", {.source = "/a:b,c\\", .target = "/d"}},
	{RF_MOUNT_BIND, "/a,b:/d", {.source = "/a,b", .target = "/d"}},
	{RF_MOUNT_BIND, "/a:/b:rw,ro,norec", {.source = "/a", .target = "/b", .attrs = RO | RF_MOUNT_NOREC}},
	{RF_MOUNT_BIND_FD, "7:/b:noexec", {.fd = 7, .target = "/b", .attrs = RF_MOUNT_NOEXEC}},
	{RF_MOUNT_TMPFS, "/t:size=1M,mode=1777,nr_inodes=9",
	 {.target = "/t", .size = 1 << 20, .inodes = 9, .mode = 01777, .has_mode = true}},
	{RF_MOUNT_SYSFS, "/sys:rw", {.target = "/sys", .attrs = RF_MOUNT_RW}},
	{RF_MOUNT_OVERLAY, "/o:lower=/a,lower=/b\\,c,upper=/u,work=/w,userxattr",
	 {.target = "/o", .n_lowers = 2, .upper = "/u", .work = "/w", .attrs = RF_MOUNT_USERXATTR}},
	{RF_MOUNT_SYMLINK, "usr/bin:/bin", {.source = "usr/bin", .target = "/bin"}},
	{RF_MOUNT_DIR, "/d:0700", {.target = "/d", .mode = 0700, .has_mode = true}},
	{RF_MOUNT_FILE, "0:/f", {.target = "/f"}},
	{RF_MOUNT_MASK, "proc", {.target = "proc"}},
};

static bool same(const char *a, const char *b)
{
	return a && b ? str_eq(a, b) : a == b;
}

TEST(what_a_word_becomes)
{
	struct rf_mounts m = {0};

	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		const struct rf_mount_op *want = &words[i].want, *got;

		ASSERT_EQ(0, rf_mounts_parse(&m, words[i].kind, 0, words[i].word))
			TH_LOG("%s", words[i].word);
		ASSERT_EQ(i + 1, m.n);
		got = &m.ops[i];
		EXPECT_EQ(words[i].kind, got->kind);
		EXPECT_TRUE(same(want->source, got->source)) TH_LOG("%s", words[i].word);
		EXPECT_STREQ(want->target, got->target);
		EXPECT_EQ(want->attrs, got->attrs) TH_LOG("%s", words[i].word);
		EXPECT_EQ(want->fd, got->fd);
		EXPECT_TRUE(want->mode == got->mode && want->has_mode == got->has_mode);
		EXPECT_TRUE(want->size == got->size && want->inodes == got->inodes);
		EXPECT_EQ(want->n_lowers, got->n_lowers);
		EXPECT_TRUE(same(want->upper, got->upper) && same(want->work, got->work));
	}
	EXPECT_STREQ("/b,c", m.ops[8].lowers[1]);
	rf_mounts_free(&m);
	EXPECT_EQ(0, m.n);
}

TEST(a_refused_word_leaves_the_list)
{
	struct rf_mounts m = {0};

	ASSERT_EQ(0, rf_mounts_parse(&m, RF_MOUNT_TMPFS, 0, "/t"));
	EXPECT_EQ(-EINVAL, rf_mounts_parse(&m, RF_MOUNT_TMPFS, 0, "/t:frob"));
	EXPECT_STREQ("tmpfs", rf_trace_last_failure()->name);
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "is not one of ro"));
	EXPECT_EQ(1, m.n);
	rf_mounts_free(&m);
}

TEST(targets)
{
	static const struct { const char *from, *to; } rows[] = {
		{"/", ""}, {"//./", ""}, {"/a//b/./c/", "a/b/c"}, {"/..a/b..", "..a/b.."},
		{"a", NULL}, {"/a/../b", NULL}, {"/..", NULL}, {"", NULL},
	};
	char got[64];

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		EXPECT_EQ(rows[i].to ? 0 : -EINVAL, mount_target(rows[i].from, got)) TH_LOG("%s", rows[i].from);
		if (rows[i].to)
			EXPECT_STREQ(rows[i].to, got);
	}
}

/* What the struct's own fields may say, without a parser before them. */
TEST(refused_by_the_builder)
{
	static const struct {
		struct rf_mount_op op;
		const char *note;
	} rows[] = {
		{{.kind = RF_MOUNT_KINDS, .target = "/x"}, "no such kind"},
		{{.kind = RF_MOUNT_BIND, .source = "/a"}, "target is missing"},
		{{.kind = RF_MOUNT_BIND, .target = "/a"}, "source is missing"},
		{{.kind = RF_MOUNT_BIND, .source = "/a", .target = "b"}, "absolute"},
		{{.kind = RF_MOUNT_BIND, .source = "/a", .target = "/"}, "ask for a new root"},
		{{.kind = RF_MOUNT_BIND, .source = "/a", .target = "/b", .attrs = RF_MOUNT_IDMAP}, "idmap needs maps"},
		{{.kind = RF_MOUNT_BIND, .source = "/a", .target = "/b", .attrs = RO | RF_MOUNT_RW}, "exclude"},
		{{.kind = RF_MOUNT_PROC, .target = "/b", .attrs = RO}, "does not take"},
		{{.kind = RF_MOUNT_TMPFS, .target = "/b", .mode = 010000}, "at most 7777"},
		{{.kind = RF_MOUNT_FILE, .target = "/b", .fd = -1}, "descriptor is missing"},
	};
	static char *const program[] = {(char *)"true", NULL};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		struct rf_sandbox box = {.size = sizeof(box), .argv = program, .mounts = &rows[i].op, .n_mounts = 1};
		struct rf_plan *plan;

		ASSERT_EQ(0, rf_plan_new(&plan));
		EXPECT_EQ(-EINVAL, rf_plan_sandbox(plan, &box)) TH_LOG("%s", rows[i].note);
		EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, rows[i].note))
			TH_LOG("%s: %s", rows[i].note, rf_trace_last_failure()->note);
		rf_plan_free(plan);
	}
}

static int list(const char *path, uint64_t id, void *data)
{
	str_addf(data, "%llu %s\n", (unsigned long long)id, path);
	return 0;
}

TEST(mounts_below)
{
	/* A child may stand before its parent, and another's path may begin like ours. */
	char text[] = "24 22 0:4 / /a/sub/x rw - tmpfs x rw\n"
		      "20 1 0:1 / / rw - ext4 x rw\n"
		      "21 20 0:2 / /a rw - tmpfs x rw\n"
		      "22 21 0:3 / /a/sub rw - tmpfs x rw\n"
		      "23 21 0:3 / /a/b\\040c rw - tmpfs x rw\n"
		      "25 20 0:5 / /ab rw - tmpfs x rw\n";
	char bad[] = "21 20 0:2 / /a rw\n22\n", none[] = "21 20 0:2 / /a rw\n";
	struct str got = {0};

	EXPECT_EQ(0, mount_subtree_paths(text, 21, list, &got));
	EXPECT_STREQ("24 sub/x\n22 sub\n23 b c\n", got.s);
	str_done(&got);
	EXPECT_EQ(-EIO, mount_subtree_paths(bad, 21, list, &got));
	EXPECT_EQ(-ENOENT, mount_subtree_paths(none, 22, list, &got));
}

TEST_HARNESS_MAIN
