// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Profiles as text: what is refused and how it is said, and the filter that is made of a profile,
 * asked for each call and compared with the rules read one after the other. Compiled profiles with
 * each byte changed and cut at each length. Rights of Landlock by name and by ABI.
 */
#include <errno.h>
#include <ringfence/priv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "harness.h"
#include "priv/seccomp.h"

static const struct {
	const char *text, *note;
} bad_rows[] = {
	{"allow read\n", "has no default"},
	{"default\n", "line 1: a line begins with"},
	{"default allow x\n", "line 1: default takes an action only, not \"x\""},
	{"default allow\n\n# x\nfrob\n", "line 4: a line begins with"},
	{"default allow\ndefault allow\n", "line 2: there is one default"},
	{"default deny\n", "line 1: deny needs an errno"},
	{"default deny 0x1\n", "line 1: an errno is"},
	{"default deny eperm\n", "line 1: an errno is"},
	{"default deny EPERM1\n", "line 1: an errno is"},
	{"default deny 99999999999999999999\n", "line 1: an errno is"},
	{"default allow\nallow\n", "line 2: a rule names system calls"},
	{"default allow\nallow reed\n", "line 2: \"reed\" is no system call; near it: read"},
	{"default allow\nallow @basik\n", "line 2: \"@basik\" is no group; near it: @basic"},
	{"default allow\nallow @\n", "line 2: \"@\" is no group"},
	{"default allow\nallow read if arg\n", "line 2: a condition begins with"},
	{"default allow\nallow read if arg00 == 1\n", "line 2: a condition begins with"},
	{"default allow\nallow read if arg0 === 1\n", "line 2: an argument is compared by"},
	{"default allow\nallow read if arg0 == 1 2\n", "line 2: conditions are joined by \"and\""},
	{"default allow\nallow read if arg0 == |\n", "line 2: is no number"},
	{"default allow\nallow read if arg0 == 1|\n", "line 2: is no number"},
	{"default allow\nallow read if arg0 == +1\n", "line 2: is no number"},
	{"default allow\nallow read if arg0 & 4 == 6\n", "line 2: the mask leaves nothing"},
	{"default allow\ninclude x\n", "line 2: a profile in memory can't include \"x\""},
	{"default allow\ninclude\n", "line 2: include what?"},
	{"default allow\ninclude x y\n", "line 2: include takes one file, not \"y\""},
	{"default allow\nallow \x1b[31m\n", "line 2: has a byte that no text has"},
	{"\1" "7 x\ndefault allow\n", "line 1: has a byte"},
	{"\2\ndefault allow\n", "line 1: has a byte"},
};

TEST(bad_texts)
{
	for (size_t i = 0; i < array_size(bad_rows); i++) {
		struct rf_seccomp *s = NULL;
		int r = rf_seccomp_compile(bad_rows[i].text, strlen(bad_rows[i].text), "x", &s);
		const char *note = rf_trace_last_failure()->note;

		EXPECT_EQ(-EINVAL, r) { TH_LOG("%s", bad_rows[i].text); }
		EXPECT_EQ(NULL, s);
		EXPECT_NE(NULL, strstr(note, bad_rows[i].note)) {
			TH_LOG("%s: \"%s\" is not in \"%s\"", bad_rows[i].text, bad_rows[i].note, note);
		}
	}
}

/* Values that sit at the edges of the words that a comparison takes apart. */
static const uint64_t edges[] = {
	0, 1, 2, 0x7fffffff, 0x80000000, 0xfffffffe, 0xffffffff, 0x100000000, 0x100000001, 0x1ffffffff,
	0x200000000, 0x7fffffffffffffff, 0x8000000000000000, 0xfffffffffffffffe, 0xffffffffffffffff,
};

static uint32_t expected(const struct rf_seccomp *s, const struct seccomp_data *call)
{
	static const uint32_t actions[] = {SECCOMP_RET_ERRNO | 1, SECCOMP_RET_ERRNO | 2, SECCOMP_RET_LOG};
	const struct seccomp_rule *first = NULL;

	/* The first in the profile: each action's own first is known. */
	for (size_t i = 0; i < array_size(actions); i++) {
		const struct seccomp_rule *r = seccomp_deciding_rule(s, call, actions[i]);

		if (r && (!first || r < first))
			first = r;
	}
	return first ? first->action : SECCOMP_RET_ALLOW;
}

TEST(filter_says_what_the_rules_say)
{
	static const char *const ops[] = {"==", "!=", "<", "<=", ">", ">=", "& 0x180000001 =="};

	for (size_t op = 0; op < array_size(ops); op++) {
		for (size_t v = 0; v < array_size(edges); v++) {
			uint64_t value = op == 6 ? edges[v] & 0x180000001 : edges[v];
			struct str text __free(str) = {0};
			struct rf_seccomp *s __free(seccomp) = NULL;
			struct seccomp_data call = {.nr = SYS_getppid, .arch = seccomp_native_arch()};

			str_addf(&text, "default allow\ndeny 1 getppid if arg2 %s %#llx and arg0 != 9\n", ops[op],
				 (unsigned long long)value);
			str_addf(&text, "deny 2 getppid if arg0 == 7\nlog getpid\n");
			ASSERT_EQ(0, rf_seccomp_compile(text.s, text.len, "x", &s));
			for (size_t i = 0; i < array_size(edges) * 3; i++) {
				uint32_t action = 0;

				call.args[2] = edges[i / 3];
				call.args[0] = i % 3 ? 7 + i % 3 - 1 : 9;
				ASSERT_EQ(0, rf_seccomp_answer(s, &call, &action));
				EXPECT_EQ(expected(s, &call), action) {
					TH_LOG("%s for %llx", text.s, (unsigned long long)call.args[2]);
				}
			}
		}
	}
}

/* Every number, also those between, below and above the ones that are named. */
TEST(tree_finds_every_number)
{
	static const char text[] = "default deny 1\nallow @file-read @signals\nlog getppid\ndeny 2 @process\n";
	struct rf_seccomp *s __free(seccomp) = NULL;

	ASSERT_EQ(0, rf_seccomp_compile(text, strlen(text), "x", &s));
	for (int nr = 0; nr < 1000; nr++) {
		struct seccomp_data call = {.nr = nr, .arch = seccomp_native_arch()};
		uint32_t action = 0, want = SECCOMP_RET_ERRNO | 1;

		for (size_t i = 0; i < s->n_rules; i++) {
			if (s->rules[i].nr != nr)
				continue;
			want = s->rules[i].action;
			break;
		}
		ASSERT_EQ(0, rf_seccomp_answer(s, &call, &action));
		EXPECT_EQ(want, action) { TH_LOG("call %d", nr); }
		call.arch ^= 1;
		ASSERT_EQ(0, rf_seccomp_answer(s, &call, &action));
		EXPECT_EQ(SECCOMP_RET_KILL_PROCESS, action);
	}
}

TEST(where_is_told)
{
	static const char text[] = "default allow\n\ndeny 1 getppid if arg0 == 1\ndeny 1 getppid\n";
	struct rf_seccomp *s __free(seccomp) = NULL;
	struct seccomp_data call = {.nr = SYS_getppid, .arch = seccomp_native_arch()};

	ASSERT_EQ(0, rf_seccomp_compile(text, strlen(text), "memory", &s));
	EXPECT_STREQ("profile:4", seccomp_deciding_rule(s, &call, SECCOMP_RET_ERRNO | 1)->where);
	call.args[0] = 1;
	EXPECT_STREQ("profile:3", seccomp_deciding_rule(s, &call, SECCOMP_RET_ERRNO | 1)->where);
	EXPECT_EQ(NULL, seccomp_deciding_rule(s, &call, SECCOMP_RET_ALLOW));
}

TEST(compiled)
{
	static const char text[] = "default allow\ndeny EPERM _llseek getppid\n";
	char path[] = "/tmp/rf-filter.XXXXXX", *data __free(ptr) = NULL;
	struct rf_seccomp *s __free(seccomp) = NULL, *again __free(seccomp) = NULL;
	int fd __free(fd) = mkstemp(path);
	size_t len = 0;

	ASSERT_LE(0, fd);
	ASSERT_EQ(0, rf_seccomp_compile(text, strlen(text), "x", &s));
	ASSERT_EQ(0, rf_seccomp_save(s, path));
	ASSERT_EQ(0, file_read_at(AT_FDCWD, path, 1 << 20, &data, &len));
	unlink(path);
	ASSERT_EQ(0, rf_seccomp_compile(data, len, "y", &again));
	EXPECT_EQ(s->n, again->n);
	EXPECT_EQ(0, memcmp(s->filter, again->filter, s->n * sizeof(*s->filter)));
	EXPECT_STREQ(s->unknown, again->unknown);
	for (size_t i = 0; i <= 2 * len; i++) {
		struct rf_seccomp *bad = NULL;
		char *copy __free(ptr) = malloc(len + 1);
		size_t size = i < len ? i : len;

		ASSERT_NE(NULL, copy);
		memcpy(copy, data, len + 1);
		if (i < len)
			copy[size] = 0; /* cut */
		else if (i > len)
			copy[i - len - 1] ^= 0x10;
		EXPECT_EQ(i == len ? 0 : -EINVAL, rf_seccomp_compile(copy, size, "z", &bad)) { TH_LOG("%zu", i); }
		rf_seccomp_free(bad);
	}
}

TEST(groups)
{
	for (const struct rf_seccomp_group *g = rf_seccomp_groups(); g->name; g++) {
		struct str text __free(str) = {0};
		struct rf_seccomp *s __free(seccomp) = NULL;

		EXPECT_EQ(g->calls, seccomp_group(g->name));
		str_addf(&text, "default allow\nlog @%s\n", g->name);
		ASSERT_EQ(0, rf_seccomp_compile(text.s, text.len, "x", &s));
		for (size_t i = 0; g->calls[i]; i++) {
			/* A slip of the pen would leave the call out in silence. */
			EXPECT_TRUE(str_starts(g->calls[i], "riscv_") || seccomp_call_number(g->calls[i]) != -ENOENT) { TH_LOG("@%s: %s", g->name, g->calls[i]); }
			for (size_t j = 0; j < i; j++)
				EXPECT_FALSE(str_eq(g->calls[i], g->calls[j])) { TH_LOG("@%s: %s twice", g->name, g->calls[i]); }
		}
	}
	EXPECT_EQ(NULL, seccomp_group("frob"));
}

TEST(landlock_words)
{
	uint64_t rights = 42;
	static const struct {
		enum rf_landlock_kind kind;
		const char *text;
		int result;
		uint64_t rights;
	} rows[] = {
		{RF_LANDLOCK_FS, "ro", 0, 0xc},
		{RF_LANDLOCK_FS, "rx", 0, 0xd},
		{RF_LANDLOCK_FS, "rw", 0, 0x77be},
		{RF_LANDLOCK_FS, "all", 0, 0xffff},
		{RF_LANDLOCK_FS, "write_file,read-dir", 0, 0xa},
		{RF_LANDLOCK_FS, "write", 0, 0x2},
		{RF_LANDLOCK_FS, "", -EINVAL, 42},
		{RF_LANDLOCK_FS, "ro,", -EINVAL, 42},
		{RF_LANDLOCK_FS, "RO", -EINVAL, 42},
		{RF_LANDLOCK_FS, "read", -EINVAL, 42},
		{RF_LANDLOCK_FS, "bind_tcp", -EINVAL, 42},
		{RF_LANDLOCK_NET, "bind-tcp", 0, 1},
		{RF_LANDLOCK_NET, "all", 0, 3},
		{RF_LANDLOCK_NET, "ro", -EINVAL, 42},
		{RF_LANDLOCK_SCOPE, "signal", 0, 2},
		{RF_LANDLOCK_LOG, "all", 0, 7},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		rights = 42;
		EXPECT_EQ(rows[i].result, rf_landlock_parse(rows[i].kind, rows[i].text, &rights)) { TH_LOG("%s", rows[i].text); }
		EXPECT_EQ(rows[i].rights, rights) { TH_LOG("%s", rows[i].text); }
	}
}

TEST(landlock_abis)
{
	static const struct {
		int abi;
		uint64_t fs, net, scope, log;
	} rows[] = {
		{0, 0, 0, 0, 0}, {1, 0x1fff, 0, 0, 0}, {2, 0x3fff, 0, 0, 0}, {3, 0x7fff, 0, 0, 0},
		{4, 0x7fff, 3, 0, 0}, {5, 0xffff, 3, 0, 0}, {6, 0xffff, 3, 3, 0}, {7, 0xffff, 3, 3, 7}, {99, 0xffff, 3, 3, 7},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		const struct rf_landlock all = {.size = sizeof(all), .handled = {0xffff, 3}, .scope = 3, .log = 7};
		struct rf_landlock rules = all;
		char *left_out __free(ptr) = (char *)NULL;
		char abi[32];

		if (rows[i].abi < 7) {
			snprintf(abi, sizeof(abi), "has ABI %d and can't", rows[i].abi);
			EXPECT_EQ(-EOPNOTSUPP, rf_landlock_fit(&rules, rows[i].abi, NULL));
			EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, abi));
			/* Without any there is no use in a list, and a note is not that long. */
			EXPECT_TRUE(!rows[i].abi || strstr(rf_trace_last_failure()->note, "subdomains_off (ABI 7)"));
			EXPECT_EQ(0, memcmp(&all, &rules, sizeof(all)));
		} else
			EXPECT_EQ(0, rf_landlock_fit(&rules, rows[i].abi, NULL));
		ASSERT_EQ(0, rf_landlock_fit(&rules, rows[i].abi, &left_out));
		EXPECT_EQ(rows[i].abi < 7, left_out != NULL);
		EXPECT_EQ(rows[i].fs, rules.handled[RF_LANDLOCK_FS]) { TH_LOG("ABI %d", rows[i].abi); }
		EXPECT_EQ(rows[i].net, rules.handled[RF_LANDLOCK_NET]);
		EXPECT_EQ(rows[i].scope, rules.scope);
		EXPECT_EQ(rows[i].log, rules.log);
	}
}

TEST_HARNESS_MAIN
