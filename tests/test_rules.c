// SPDX-License-Identifier: GPL-2.0-or-later
/* Rules on devices: what is taken, its plain form, what is refused and how that is said. */
#include "cgroup/cgroup.h"
#include "harness.h"

static const struct {
	const char *text, *plain; /* NULL: refused */
} rows[] = {
	{"allow a", "allow a *:* rwm"},
	{"deny a", "deny a *:* rwm"},
	{"deny a *:*", "deny a *:* rwm"},
	{"deny a *:* m", "deny a *:* m"},
	{"deny a m", "deny a *:* m"},
	{"deny a, allow c 1:3 rw", "deny a *:* rwm, allow c 1:3 rw"},
	{"deny a\nallow c 1:3", "deny a *:* rwm, allow c 1:3 rwm"},
	{"allow c 1:3 mwr", "allow c 1:3 rwm"},
	{"deny b *:* w", "deny b *:* w"},
	{"deny b 8:* w", "deny b 8:* w"},
	{"deny c 136:4294967294 r", "deny c 136:4294967294 r"},
	{"allow /dev/null r", "allow c 1:3 r"},
	/* What a later rule says again has no effect. */
	{"allow c 1:3, deny a, allow c 1:5", "deny a *:* rwm, allow c 1:5 rwm"},
	{"deny a, allow c 1:3, allow a", "allow a *:* rwm"},
	{"deny a, allow a, deny b 8:0 r", "deny b 8:0 r"},
	/* Its order is kept. */
	{"deny c 1:* w, allow c 1:3 w", "deny c 1:* w, allow c 1:3 w"},
	{"allow c 1:3 rw, deny c 1:* w", "allow c 1:3 rw, deny c 1:* w"},
	{"allow c 1:3 w, deny c 1:* w", "deny c 1:* w"},
	{"deny a, allow c 1:3 r, allow c 1:3 rw", "deny a *:* rwm, allow c 1:3 rw"},
	{"deny a, allow c 1:3 rw, allow b 8:0 r, allow c 1:3 rw", "deny a *:* rwm, allow b 8:0 r, allow c 1:3 rw"},
	{"deny c 1:3 m, allow a rw", "deny c 1:3 m, allow a *:* rw"},
	{"", NULL},
	{",", NULL},
	{"a", NULL},
	{"c 1:3 rwm", NULL},
	{"permit a", NULL},
	{"allow", NULL},
	{"allow x 1:3", NULL},
	{"allow cc 1:3", NULL},
	{"allow c", NULL},
	{"allow c 1", NULL},
	{"allow c rw", NULL},
	{"allow c 1:", NULL},
	{"allow c :3", NULL},
	{"allow c -1:3", NULL},
	{"allow c 1:4294967295", NULL},
	{"allow c 1:99999999999999999999", NULL},
	{"allow c 1:3:5", NULL},
	{"allow c 1:3 rwx", NULL},
	{"allow c 1:3 rr", NULL},
	{"allow c 1:3 r w", NULL},
	{"allow a 1:3 r", NULL},
	{"allow c 1:3 r; deny a", NULL},
	{"allow /dev/null rwx", NULL},
	{"allow /dev/null 1:3 r", NULL},
	{"allow /etc/passwd r", NULL},
	{"allow /nowhere/at/all r", NULL},
};

TEST(rules)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		char *plain = NULL;
		int r = cgroup_rules_plain(rows[i].text, ", ", &plain);

		EXPECT_EQ(rows[i].plain ? 0 : -EINVAL, r) { TH_LOG("\"%s\"", rows[i].text); }
		if (r < 0) {
			EXPECT_EQ(NULL, plain);
			EXPECT_STREQ("check", rf_trace_last_failure()->name);
			EXPECT_STREQ("devices.rules", rf_trace_last_failure()->object);
			EXPECT_NE('\0', rf_trace_last_failure()->note[0]);
		} else if (rows[i].plain) {
			EXPECT_STREQ(rows[i].plain, plain);
		}
		free(plain);
	}
}

/* What is printed is taken again, and is the same. */
TEST(there_and_back)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		char *lines = NULL, *again = NULL;

		if (!rows[i].plain)
			continue;
		EXPECT_EQ(0, cgroup_rules_plain(rows[i].text, "\n", &lines));
		EXPECT_EQ(0, cgroup_rules_plain(lines, ", ", &again));
		EXPECT_STREQ(rows[i].plain, again);
		free(lines);
		free(again);
	}
}

TEST(no_more_than_fit)
{
	struct cgroup_rules rules = {.n = 42};
	struct str text = {0};

	for (int i = 0; i < CGROUP_RULES_MAX; i++)
		str_addf(&text, "%sallow c %d:1 r", i ? "," : "", i);
	EXPECT_EQ(0, cgroup_rules_parse(text.s, &rules));
	EXPECT_EQ(CGROUP_RULES_MAX, rules.n);
	str_add(&text, ", deny c 1:2 r");
	rules.n = 42;
	EXPECT_EQ(-EINVAL, cgroup_rules_parse(text.s, &rules));
	EXPECT_EQ(42, rules.n);
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "at most 128 rules"));
	str_done(&text);
}

/* A key of the table without who keeps it says what to do. */
TEST(nobody_keeps_it)
{
	struct rf_cgroup_fs fs = {.mode = RF_CGROUP_V2, .n = 1, .h = {{.ops = &cgroup_v2_ops, .controllers = "memory", .fd = -EBADF}}};
	const char *words[] = {"devices.rules=deny a"};
	struct cgroup_settings s;

	EXPECT_EQ(-EOPNOTSUPP, cgroup_settings_parse(&fs, words, 1, &s));
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "rf_cgroup_use_bpf"));
}

TEST_HARNESS_MAIN
