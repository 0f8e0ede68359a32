// SPDX-License-Identifier: GPL-2.0-or-later
/* cgconfig.conf and cgrules.conf as data. */
#include <errno.h>
#include <ringfence/cgconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "harness.h"

/* An item a line: its kind, then the members that it has. */
static char *parse(const char *text, int *ret)
{
	static const char *const kinds[] = {"mount", "namespace", "systemd", "group", "template",
					    "default", "controller", "value", "perm"};
	struct rf_cgconfig *config = NULL;
	const struct rf_cgconfig_item *items;
	struct str out = {0};
	size_t n = 0;

	str_add(&out, "");
	*ret = rf_cgconfig_parse("conf", text, strlen(text), &config);
	items = *ret < 0 ? NULL : rf_cgconfig_items(config, &n);
	for (size_t i = 0; i < n; i++) {
		const char *members[] = {items[i].group, items[i].controller, items[i].key, items[i].value};

		str_addf(&out, "%s%u %s", i ? "\n" : "", items[i].line, kinds[items[i].kind]);
		for (size_t m = 0; m < 4; m++)
			if (members[m])
				str_addf(&out, " %s", members[m]);
	}
	rf_cgconfig_free(config);
	return out.s;
}

static const struct {
	const char *text, *items;
} good[] = {
	{"", ""},
	{"# nothing\n\n  # more", ""},
	{"mount { cpu = /sys/fs/cgroup/cpu; }", "1 mount cpu /sys/fs/cgroup/cpu"},
	{"mount {\n \"name=t\" = /t;\n}\n", "2 mount name=t /t"},
	{"group a/b{cpu{cpu.shares=512;}}", "1 group a/b\n1 controller a/b cpu\n1 value a/b cpu cpu.shares 512"},
	{"group a { pids { } }", "1 group a\n1 controller a pids"},
	{"group \"two words\" {}", "1 group two words"},
	{"group default {}", "1 group default"},
	{"template u/%u { cpu {} }", "1 template u/%u\n1 controller u/%u cpu"},
	{"group a { perm { task { uid = 1; } admin { gid = g; dperm = 755; } } }",
	 "1 group a\n1 perm a task uid 1\n1 perm a admin gid g\n1 perm a admin dperm 755"},
	{"default { perm { task { gid = g; } } }", "1 default\n1 perm task gid g"},
	{"namespace { cpu = /; }", "1 namespace cpu /"},
	{"systemd { slice = s.slice; }", "1 systemd slice s.slice"},
	{"group a { devices { devices.allow = \"c 1:3 r\nc 1:5 r\"; } }\ngroup b {}",
	 "1 group a\n1 controller a devices\n1 value a devices devices.allow c 1:3 r\nc 1:5 r\n3 group b"},
	{"group a { memory { # why\n memory.limit_in_bytes = 64M; } }",
	 "1 group a\n1 controller a memory\n2 value a memory memory.limit_in_bytes 64M"},
	{"group a { cpu { cpu.shares = \"\"; } }", "1 group a\n1 controller a cpu\n1 value a cpu cpu.shares "},
};

TEST(sections)
{
	for (size_t i = 0; i < array_size(good); i++) {
		int r;
		char *items = parse(good[i].text, &r);

		EXPECT_EQ(0, r) { TH_LOG("%s: %s", good[i].text, rf_trace_last_failure()->note); }
		EXPECT_STREQ(good[i].items, items);
		free(items);
	}
}

static const struct {
	const char *text, *object, *note;
} bad[] = {
	{"groups a {}", "conf:1", "expected mount, namespace, systemd, group, template or default, found \"groups\""},
	{"\n{", "conf:2", "expected mount, namespace, systemd, group, template or default, found '{'"},
	{"group {}", "conf:1", "expected a group's name, found '{'"},
	{"group a", "conf:1", "expected '{', found the end of the file"},
	{"group a {", "conf:1", "expected a controller, perm or '}', found the end of the file"},
	{"group a { cpu", "conf:1", "expected '{', found the end of the file"},
	{"group a { cpu {\n cpu.shares 5;", "conf:2", "expected '=', found \"5\""},
	{"group a { cpu { cpu.shares = ; } }", "conf:1", "expected a value, found ';'"},
	{"group a { cpu { cpu.max = 5 10; } }", "conf:1", "expected ';' (a value with blanks is to be quoted), found \"10\""},
	{"group a { cpu { cpu.shares = 5 } }", "conf:1", "expected ';' (a value with blanks is to be quoted), found '}'"},
	{"group a { perm { other { } } }", "conf:1", "expected task, admin or '}', found \"other\""},
	{"default { cpu { } }", "conf:1", "the section default has nothing but perm"},
	{"group a { cpu { cpu.shares = \"5; } }", "conf:1", "a quoted word has no end"},
	{"mount { = b; }", "conf:1", "expected a name or '}', found '='"},
};

TEST(what_is_wrong_and_where)
{
	for (size_t i = 0; i < array_size(bad); i++) {
		struct rf_cgconfig *config = (void *)bad;

		EXPECT_EQ(-EINVAL, rf_cgconfig_parse("conf", bad[i].text, strlen(bad[i].text), &config)) {
			TH_LOG("%s", bad[i].text);
		}
		EXPECT_EQ((void *)bad, (void *)config);
		EXPECT_STREQ(bad[i].object, rf_trace_last_failure()->object);
		EXPECT_STREQ(bad[i].note, rf_trace_last_failure()->note);
	}
}

TEST(foreign_bytes)
{
	struct rf_cgconfig *config = NULL;
	struct rf_cgrules *rules = NULL;

	EXPECT_EQ(-EINVAL, rf_cgconfig_parse("conf", "a\0b", 3, &config));
	EXPECT_EQ(-EINVAL, rf_cgconfig_parse("conf", "group \"a\0b\" {}", 14, &config));
	EXPECT_EQ(-EINVAL, rf_cgrules_parse("rules", "a b\0c", 5, &rules));
	EXPECT_EQ(-EFBIG, rf_cgconfig_parse("conf", "", (16u << 20) + 1, &config));
	EXPECT_EQ(-EFBIG, rf_cgrules_parse("rules", "", (16u << 20) + 1, &rules));
	EXPECT_EQ(NULL, config);
	EXPECT_EQ(NULL, rules);
}

/* As long as the longest sample that libcgroup tests itself with. */
TEST(twenty_eight_thousand_lines)
{
	enum { GROUPS = 3500 };
	struct rf_cgconfig *config = NULL;
	const struct rf_cgconfig_item *items;
	struct str text = {0};
	size_t n = 0;

	for (int i = 0; i < GROUPS; i++)
		str_addf(&text, "group g%d/below {\n\tcpu {\n\t\tcpu.shares = %d;\n\t}\n\tmemory {\n"
			 "\t\tmemory.limit_in_bytes = %dM;\n\t}\n}\n", i, i + 2, i + 1);
	ASSERT_FALSE(text.failed);
	ASSERT_EQ(0, rf_cgconfig_parse("large", text.s, text.len, &config));
	items = rf_cgconfig_items(config, &n);
	ASSERT_EQ(GROUPS * 5, n);
	for (size_t i = 0; i < GROUPS; i++) {
		char want[32];

		snprintf(want, sizeof(want), "%zuM", i + 1);
		EXPECT_EQ(i * 8 + 6, items[i * 5 + 4].line);
		EXPECT_STREQ(want, items[i * 5 + 4].value);
	}
	rf_cgconfig_free(config);
	str_done(&text);
}

TEST(rules)
{
	static const char text[] = "# who what where\nalice:/bin/make cpu,memory builds/%u\n"
				   "%\tpids\tbuilds ignore\n\n  @staff * staff/%g\n* cpu others";
	struct rf_cgrules *rules = NULL;
	const struct rf_cgrule *r;
	size_t n = 0;

	ASSERT_EQ(0, rf_cgrules_parse("rules", text, sizeof(text) - 1, &rules));
	r = rf_cgrules_items(rules, &n);
	ASSERT_EQ(4, n);
	EXPECT_STREQ("alice", r[0].user);
	EXPECT_STREQ("/bin/make", r[0].process);
	EXPECT_STREQ("cpu,memory", r[0].controllers);
	EXPECT_STREQ("builds/%u", r[0].destination);
	EXPECT_EQ(NULL, r[0].options);
	EXPECT_STREQ("alice", r[1].user);
	EXPECT_STREQ("/bin/make", r[1].process);
	EXPECT_STREQ("ignore", r[1].options);
	EXPECT_STREQ("@staff", r[2].user);
	EXPECT_EQ(NULL, r[2].process);
	EXPECT_EQ(5, r[2].line);
	EXPECT_STREQ("others", r[3].destination);
	rf_cgrules_free(rules);
}

static const struct {
	const char *text, *object, *note;
} bad_rules[] = {
	{"alice cpu", "rules:1", "a rule is USER[:PROCESS] CONTROLLERS DESTINATION [OPTIONS]"},
	{"\na b c d e", "rules:2", "a rule is USER[:PROCESS] CONTROLLERS DESTINATION [OPTIONS]"},
	{"% cpu a", "rules:1", "\"%\" is the user of the rule before, and there is none"},
	{"alice: cpu a", "rules:1", "there is no process after ':'"},
	{"@ cpu a", "rules:1", "there is no user: a name, @GROUP or * is expected"},
	{":make cpu a", "rules:1", "there is no user: a name, @GROUP or * is expected"},
};

TEST(rules_that_are_none)
{
	for (size_t i = 0; i < array_size(bad_rules); i++) {
		struct rf_cgrules *rules = (void *)bad_rules;

		EXPECT_EQ(-EINVAL, rf_cgrules_parse("rules", bad_rules[i].text, strlen(bad_rules[i].text), &rules));
		EXPECT_EQ((void *)bad_rules, (void *)rules);
		EXPECT_STREQ(bad_rules[i].object, rf_trace_last_failure()->object);
		EXPECT_STREQ(bad_rules[i].note, rf_trace_last_failure()->note);
	}
}

TEST_HARNESS_MAIN
