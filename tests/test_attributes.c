// SPDX-License-Identifier: GPL-2.0-or-later
/* The words for ids, sets, limits and scheduling; and confine's plan with them, as data. */
#include <errno.h>
#include <linux/capability.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <linux/securebits.h>
#include <ringfence/attributes.h>
#include <ringfence/units.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "harness.h"

#define CAP(name) (1ull << CAP_##name)
#define KEEP 4242ull

static char program_name[] = "true";
static char *const program[] = {program_name, NULL};

TEST(limits)
{
	static const struct {
		const char *text;
		int result;
		uint64_t soft, hard; /* KEEP: stays */
	} rows[] = {
		{"nofile=5", 0, 5, 5},
		{"nofile=5:6", 0, 5, 6},
		{"nofile=5:", 0, 5, KEEP},
		{"nofile=:6", 0, KEEP, 6},
		{"as=64M:unlimited", 0, 64 << 20, RF_MAX},
		{"core=infinity", 0, RF_MAX, RF_MAX},
		{"cpu=1min", 0, 60, 60},
		{"cpu=1.5s:9", 0, 2, 9},
		{"rttime=10ms:1s", 0, 10000, 1000000},
		{"rttime=7", 0, 7, 7},
		{"nofile=6:5", -EINVAL},
		{"nofile=1M", -EINVAL},
		{"nofile", -EINVAL},
		{"nofile=", -EINVAL},
		{"nofile=:", -EINVAL},
		{"=5", -EINVAL},
		{"nofil=5", -EINVAL},
		{"nofile=18446744073709551616", -ERANGE},
		{"as=1.x", -EINVAL},
		{"", -EINVAL},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct rf_rlimit l = {0};
		int r = rf_rlimit_parse(rows[i].text, &l);

		EXPECT_EQ(rows[i].result, r) { TH_LOG("\"%s\"", rows[i].text); }
		if (r < 0) {
			EXPECT_EQ(NULL, l.kind);
			continue;
		}
		EXPECT_EQ(rows[i].soft, l.has_soft ? l.soft : KEEP) { TH_LOG("\"%s\"", rows[i].text); }
		EXPECT_EQ(rows[i].hard, l.has_hard ? l.hard : KEEP) { TH_LOG("\"%s\"", rows[i].text); }
	}
}

TEST(every_limit_of_the_kernel_has_a_row)
{
	for (int resource = 0; resource < RF_RLIMITS; resource++) {
		int seen = 0;

		for (size_t i = 0; rf_rlimit_kind(i); i++)
			seen += rf_rlimit_kind(i)->resource == resource;
		EXPECT_EQ(1, seen) { TH_LOG("resource %d", resource); }
	}
}

TEST(schedulers)
{
	static const struct {
		const char *text;
		int result;
		struct rf_sched s;
	} rows[] = {
		{"other", 0, {SCHED_OTHER}},
		{"other:0", 0, {SCHED_OTHER}},
		{"idle", 0, {SCHED_IDLE}},
		{"fifo", 0, {SCHED_FIFO, 1}},
		{"rr:99", 0, {SCHED_RR, 99}},
		{"deadline:1ms/2ms/1s", 0, {6, 0, 1000000, 2000000, 1000000000}},
		{"rr:", -EINVAL},
		{"rr:0", -EINVAL},
		{"rr:100", -EINVAL},
		{"idle:1", -EINVAL},
		{"deadline:1us/2ms/1s", -EINVAL},
		{"deadline:1ms/2ms/1ms", -EINVAL},
		{"deadline:1ms/2ms/3ms/4ms", -EINVAL},
		{"deadline:1/2/3", -EINVAL},
		{"", -EINVAL},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		struct rf_sched s = {.policy = -7};
		int r = rf_sched_parse(rows[i].text, &s);

		EXPECT_EQ(rows[i].result, r) { TH_LOG("\"%s\"", rows[i].text); }
		if (r < 0) {
			EXPECT_EQ(-7, s.policy);
			continue;
		}
		EXPECT_EQ(rows[i].s.policy, s.policy);
		EXPECT_EQ(rows[i].s.priority, s.priority);
		EXPECT_EQ(rows[i].s.runtime_ns, s.runtime_ns);
		EXPECT_EQ(rows[i].s.deadline_ns, s.deadline_ns);
		EXPECT_EQ(rows[i].s.period_ns, s.period_ns);
	}
}

TEST(lists)
{
	static const struct {
		const char *text, *want; /* NULL: refused */
	} rows[] = {
		{"0", "0"}, {"0-3,8", "0-3,8"}, {"8,0-3,2", "0-3,8"}, {"0-8:2", "0,2,4,6,8"}, {"99", "99"},
		{"100"}, {"0-100"}, {"3-1"}, {"1-"}, {"-1"}, {"1,"}, {",1"}, {""}, {"0-8:0"}, {"a"}, {"1 2"},
		{"99999999999999999999"},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		char *text __free(ptr) = NULL;
		struct rf_bits bits;
		int r = rf_bits_parse(rows[i].text, 100, &bits);

		EXPECT_EQ(rows[i].want ? 0 : -EINVAL, r) { TH_LOG("\"%s\"", rows[i].text); }
		if (r < 0)
			continue;
		EXPECT_EQ(0, rf_bits_format(&bits, &text));
		EXPECT_STREQ(rows[i].want, text);
	}
}

TEST(small_words)
{
	uint32_t min = 0, max = 0, id = 7;
	struct rf_mempolicy m;
	struct rf_securebits b = {0};
	unsigned long persona = 0;
	int n = 0;

	EXPECT_EQ(0, rf_ioprio_parse("be:7", &n));
	EXPECT_EQ(IOPRIO_CLASS_BE << IOPRIO_CLASS_SHIFT | 7, n);
	EXPECT_EQ(0, rf_ioprio_parse("realtime", &n));
	EXPECT_EQ(IOPRIO_CLASS_RT << IOPRIO_CLASS_SHIFT | 4, n);
	EXPECT_EQ(-EINVAL, rf_ioprio_parse("be:8", &n));
	EXPECT_EQ(0, rf_uclamp_parse("0:1024", &min, &max));
	EXPECT_EQ(1024u, max);
	EXPECT_EQ(-EINVAL, rf_uclamp_parse("2:1", &min, &max));
	EXPECT_EQ(0, rf_mempolicy_parse("bind:0-1", &m));
	EXPECT_EQ(MPOL_BIND, m.mode);
	EXPECT_EQ(3ul, m.nodes.words[0]);
	EXPECT_EQ(-EINVAL, rf_mempolicy_parse("bind:1024", &m));
	EXPECT_EQ(-EINVAL, rf_mempolicy_parse("default:0", &m));
	EXPECT_EQ(0, rf_securebits_parse("+NOROOT,-keep_caps,+keep_caps", &b));
	EXPECT_EQ((uint32_t)(SECBIT_NOROOT | SECBIT_KEEP_CAPS), b.set);
	EXPECT_EQ(0u, b.clear);
	EXPECT_EQ(-EINVAL, rf_securebits_parse("+", &b));
	EXPECT_EQ(0, rf_personality_parse("linux32,addr-no-randomize", &persona));
	EXPECT_EQ((unsigned long)(PER_LINUX32 | ADDR_NO_RANDOMIZE), persona);
	EXPECT_EQ(-EINVAL, rf_personality_parse("", &persona));
	EXPECT_EQ(0, rf_signal_parse("SIGTERM", &n));
	EXPECT_EQ(SIGTERM, n);
	EXPECT_EQ(0, rf_signal_parse("34", &n));
	EXPECT_EQ(-EINVAL, rf_signal_parse("0", &n));
	EXPECT_EQ(0, rf_user_parse("root", &id));
	EXPECT_EQ(0u, id);
	EXPECT_EQ(-ERANGE, rf_user_parse("4294967295", &id));
	EXPECT_EQ(-EINVAL, rf_user_parse("", &id));
}

TEST(capability_changes)
{
	struct rf_caps_change c = {0};
	struct rf_caps_changes all = {0};

	EXPECT_EQ(0, rf_caps_change_parse("-all,+chown,+kill,-kill", &c));
	EXPECT_EQ(CAP(CHOWN), c.raise);
	EXPECT_EQ(rf_caps_all() & ~CAP(CHOWN), c.lower);
	EXPECT_TRUE(c.given);
	EXPECT_EQ(-EINVAL, rf_caps_change_parse("chown", &c));
	EXPECT_EQ(-EINVAL, rf_caps_change_parse("+chown,", &c));
	EXPECT_EQ(0, rf_caps_text_parse("cap_chown=eip cap_kill+p", &all));
	EXPECT_EQ(CAP(CHOWN), all.effective.raise);
	EXPECT_EQ(CAP(CHOWN) | CAP(KILL), all.permitted.raise);
	EXPECT_EQ(-EINVAL, rf_caps_text_parse("cap_chown", &all));
	EXPECT_EQ(0, rf_iab_parse("!cap_kill,^cap_chown,%cap_fowner", &all));
	EXPECT_EQ(CAP(CHOWN) | CAP(FOWNER), all.inheritable.raise);
	EXPECT_EQ(CAP(CHOWN), all.ambient.raise);
	EXPECT_EQ(CAP(KILL), all.bounding.lower);
	EXPECT_EQ(-EINVAL, rf_iab_parse("cap_frob", &all));
}

/* The ids of a plan's steps, with commas. */
static char *plan_ids(struct rf_plan *plan)
{
	struct str out __free(str) = {0};
	struct rf_step_info info;
	char *text;

	for (size_t i = 0; rf_plan_step(plan, i, &info) >= 0; i++)
		str_addf(&out, "%s%s", i ? "," : "", info.id);
	return str_take(&out, &text) < 0 ? NULL : text;
}

TEST(order_of_steps)
{
	struct rf_rlimit limit;
	struct rf_attributes a = {.size = sizeof(a), .ruid = 1, .euid = 1, .nice = 5, .oom_score_adj = 5, .pdeathsig = 9};
	struct rf_confine c = {.size = sizeof(c), .attributes = &a, .no_new_privs = true, .argv = program};
	char *ids __free(ptr) = NULL;
	/* Who leaves user 0 leaves with no capability; another keeps what he has, and passes none on. */
	const char *settled = geteuid() ? "settle-capabilities" : "set-capabilities";
	char want[256];
	struct rf_plan *plan;

	ASSERT_EQ(0, rf_rlimit_parse("nofile=5", &limit));
	a.rlimits = &limit;
	a.n_rlimits = 1;
	a.given = RF_ATTR_RUID | RF_ATTR_EUID | RF_ATTR_GROUPS | RF_ATTR_NICE | RF_ATTR_OOM_SCORE_ADJ |
		  RF_ATTR_SECUREBITS | RF_ATTR_PDEATHSIG;
	a.securebits.set = SECBIT_NOROOT;
	ASSERT_EQ(0, rf_plan_new(&plan));
	ASSERT_EQ(0, rf_plan_confine(plan, &c));
	ids = plan_ids(plan);
	snprintf(want, sizeof(want), "close-descriptors,oom-score-adj,resource-limit,nice,keepcaps,groups,ids,"
		 "effective-capabilities,securebits,%s,parent-death-signal,no-new-privs,exec", settled);
	EXPECT_STREQ(want, ids);
	rf_plan_free(plan);
}

TEST(an_older_struct_is_refused)
{
	struct rf_attributes a = {.size = 8};
	struct rf_confine c = {.size = sizeof(c), .attributes = &a, .argv = program};
	struct rf_plan *plan;

	ASSERT_EQ(0, rf_plan_new(&plan));
	EXPECT_EQ(-EINVAL, rf_plan_confine(plan, &c));
	rf_plan_free(plan);
}

TEST(two_readings_have_the_same_lines)
{
	struct rf_attribute_list *own, *other;
	const struct rf_attribute_line *a, *b;
	size_t n;

	ASSERT_EQ(0, rf_attributes_read(0, &own));
	ASSERT_EQ(0, rf_attributes_read(getppid(), &other));
	n = rf_attributes_lines(own, &a);
	ASSERT_EQ(n, rf_attributes_lines(other, &b));
	for (size_t i = 0; i < n; i++) {
		EXPECT_STREQ(a[i].key, b[i].key);
		EXPECT_NE(!a[i].value, !a[i].why_not) { TH_LOG("%s", a[i].key); }
	}
	rf_attributes_free(own);
	rf_attributes_free(other);
	EXPECT_EQ(-ESRCH, rf_attributes_read(1 << 22, &own));
}

TEST_HARNESS_MAIN
