// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the doctor and `why` decide by: lists, numbers, and the kernel's log. The logs of v1 and of
 * 6.12 were printed by those kernels; that of 6.1 is by its format (mm/oom_kill.c), with a table
 * whose columns are fewer.
 */
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "cgroup/why.h"
#include "harness.h"

TEST(lists)
{
	static const struct { const char *list; uint64_t count, in, out; } rows[] = {
		{"0-3,8", 5, 8, 4}, {"0", 1, 0, 1}, {"0-1", 2, 1, 2}, {"2,4,6-7", 4, 7, 5}, {"", 0, RF_MAX, 0},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		EXPECT_EQ(rows[i].count, fact_list_count(rows[i].list)) { TH_LOG("%s", rows[i].list); }
		EXPECT_FALSE(fact_list_has(rows[i].list, rows[i].out));
		if (rows[i].in != RF_MAX)
			EXPECT_TRUE(fact_list_has(rows[i].list, rows[i].in));
	}
	EXPECT_EQ(0, fact_list_count(NULL));
	EXPECT_FALSE(fact_set(RF_MAX));
	EXPECT_FALSE(fact_set(RF_CGROUP_UNKNOWN));
	EXPECT_TRUE(fact_set(0));
}

TEST(rules)
{
	const struct rf_doctor_rule *rule;
	size_t n = 0;

	for (; (rule = rf_doctor_rule(n)); n++) {
		EXPECT_TRUE(rule->title && rule->remedy && rule->severity <= RF_ERROR);
		EXPECT_EQ(strlen(rule->id), strspn(rule->id, "abcdefghijklmnopqrstuvwxyz0123456789-"));
		/* A sentence without full stop; remedies have theirs. */
		EXPECT_NE('.', rule->title[strlen(rule->title) - 1]) { TH_LOG("%s", rule->id); }
		EXPECT_EQ('.', rule->remedy[strlen(rule->remedy) - 1]) { TH_LOG("%s", rule->id); }
	}
	EXPECT_GE(n, 30);
}

/* 6.1, v2, records of /dev/kmsg, with another driver's line in between and a field of a record. */
static const char kmsg_6_1[] =
	"4,900,1234567890,-;sh -c x y invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	"4,901,1234567891,-;CPU: 0 PID: 70 Comm: sh Not tainted 6.1.0-18-amd64 #1\n"
	"6,902,1234567895,-;memory: usage 16384kB, limit 16384kB, failcnt 77\n"
	"6,903,1234567896,-;swap: usage 0kB, limit 9007199254740988kB, failcnt 0\n"
	"6,904,1234567897,-;Memory cgroup stats for /a,b:\n"
	"6,905,1234567897,-;anon 16000000\nfile 0\n"
	"6,906,1234567898,-;eth0: link up\n"
	" SUBSYSTEM=net\n"
	" DEVICE=n2\n"
	"6,907,1234567899,-;Tasks state (memory values in pages):\n"
	"6,908,1234567899,-;[  pid  ]   uid  tgid total_vm      rss pgtables_bytes swapents oom_score_adj name\n"
	"6,909,1234567900,-;[     70]  1000    70     4655      100    77824        3          -500 sh -c x y\n"
	"6,910,1234567900,-;[     71]  1000    71     9655     3900    97824        0             0 python3\n"
	"6,911,1234567901,-;oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/a,b,task_memcg=/a,b/c,task=python3,pid=71,uid=1000\n"
	"3,912,1234567902,-;Memory cgroup out of memory: Killed process 71 (python3) total-vm:38620kB, anon-rss:15936kB, file-rss:576kB, shmem-rss:4kB, UID:1000 pgtables:96kB oom_score_adj:0\n";

TEST(records_of_6_1)
{
	struct oom_log log __free(oom_log) = {0};
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	ASSERT_EQ(0, oom_parse(kmsg_6_1, &log));
	ASSERT_EQ(1, log.n);
	EXPECT_EQ(1234567890, log.list[0].time_us);
	EXPECT_STREQ("sh -c x y", log.list[0].invoker);
	EXPECT_STREQ("CONSTRAINT_MEMCG", log.list[0].constraint);
	EXPECT_STREQ("/a,b", log.list[0].limit_group);
	EXPECT_STREQ("/a,b/c", log.list[0].task_group);
	EXPECT_STREQ("python3", log.list[0].victim);
	EXPECT_EQ(71, log.list[0].pid);
	EXPECT_EQ(1000, log.list[0].uid);
	EXPECT_EQ(16384 * 1024, log.list[0].limit_bytes);
	EXPECT_EQ(77, log.list[0].hits);
	EXPECT_EQ(RF_MAX, log.list[0].swap_limit_bytes);
	EXPECT_FALSE(log.list[0].memsw);
	EXPECT_EQ(15936 * 1024, log.list[0].anon_bytes);
	EXPECT_EQ(4 * 1024, log.list[0].shmem_bytes);
	EXPECT_EQ(1, log.list[0].n_killed);
	ASSERT_EQ(2, log.list[0].n_tasks);
	EXPECT_STREQ("sh -c x y", log.list[0].tasks[0].name);
	EXPECT_EQ(-500, log.list[0].tasks[0].score_adj);
	EXPECT_EQ(100 * page, log.list[0].tasks[0].rss_bytes);
	EXPECT_EQ(3 * page, log.list[0].tasks[0].swap_bytes);
	EXPECT_EQ(3900 * page, log.list[0].tasks[1].rss_bytes);
}

/* A full machine, by journalctl -k; then memory.oom.group, by dmesg; both cut short. */
static const char journal[] =
	"Nov 25 03:00:01 host kernel: Mem-Info:\n"
	"Nov 25 03:00:01 host kernel: oom-kill:constraint=CONSTRAINT_NONE,nodemask=(null),cpuset=/,mems_allowed=0,global_oom,task_memcg=/user.slice/x,task=stress (1),pid=4242,uid=1000\n"
	"Nov 25 03:00:01 host kernel: Out of memory: Killed process 4242 (stress (1)) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB, UID:1000 pgtables:96kB oom_score_adj:300\n"
	"Nov 25 03:00:01 host kernel: oom_reaper: reaped process 4242 (stress), now anon-rss:0kB, file-rss:0kB, shmem-rss:0kB\n"
	"[ 77.000012] web invoked oom-killer: gfp_mask=0xcc0(GFP_KERNEL), order=0, oom_score_adj=0\n"
	"[ 77.000013] oom-kill:constraint=CONSTRAINT_MEMCG,nodemask=(null),cpuset=/,mems_allowed=0,oom_memcg=/w,task_memcg=/w,task=web,pid=5,uid=0\n"
	"[ 77.000014] Memory cgroup out of memory: Killed process 5 (web) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:96kB oom_score_adj:0\n"
	"[ 77.000015] Tasks in /w are going to be killed due to memory.oom.group set\n"
	"[ 77.000016] Memory cgroup out of memory: Killed process 5 (web) total-vm:9kB, anon-rss:8kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:96kB oom_score_adj:0\n"
	"[ 77.000017] Memory cgroup out of memory: Killed process 6 (web) total-vm:9kB, anon-rss:7kB, file-rss:0kB, shmem-rss:0kB, UID:0 pgtables:96kB oom_score_adj:0";

TEST(a_full_machine_and_a_whole_group)
{
	struct oom_log log __free(oom_log) = {0};

	ASSERT_EQ(0, oom_parse(journal, &log));
	ASSERT_EQ(2, log.n);
	EXPECT_EQ(NULL, log.list[0].limit_group);
	EXPECT_STREQ("/user.slice/x", log.list[0].task_group);
	EXPECT_STREQ("stress (1)", log.list[0].victim);
	EXPECT_STREQ("CONSTRAINT_NONE", log.list[0].constraint);
	EXPECT_EQ(300, log.list[0].score_adj);
	EXPECT_EQ(RF_CGROUP_UNKNOWN, log.list[0].time_us);
	EXPECT_EQ(RF_CGROUP_UNKNOWN, log.list[0].limit_bytes);
	EXPECT_EQ(77000012, log.list[1].time_us);
	EXPECT_TRUE(log.list[1].whole_group);
	EXPECT_EQ(5, log.list[1].pid);
	EXPECT_EQ(2, log.list[1].n_killed);
	EXPECT_TRUE(oom_concerns(&log.list[0], "user.slice"));
	EXPECT_FALSE(oom_concerns(&log.list[0], "user.slic"));
	EXPECT_TRUE(oom_concerns(&log.list[1], "w"));
	EXPECT_TRUE(oom_concerns(&log.list[1], "w/below"));
	EXPECT_FALSE(oom_concerns(&log.list[1], "web"));
}

TEST(rubbish)
{
	static const char *const texts[] = {
		"", "\n\n", "[", "[  pid  ]", "oom-kill:constraint=", "Out of memory: Killed process ", "6,1,2,-;", "6,1,2,-",
		"x invoked oom-killer:\n[  pid  ] a b c\n[ 1] 2\n[ 3", "x invoked oom-killer:\n[  pid  ] uid rss name\n[ 1] 2 3\n[ 1] 2 3 n",
		"oom-kill:constraint=A,oom_memcg=,task_memcg=,task=,pid=,uid=\noom-kill:constraint=B\nmemory: usage\nmemory: usage x, limit y, failcnt ",
	};

	for (size_t i = 0; i < array_size(texts); i++) {
		struct oom_log log __free(oom_log) = {0};

		EXPECT_EQ(0, oom_parse(texts[i], &log)) { TH_LOG("%s", texts[i]); }
	}
}

static const char *answer(struct why *w)
{
	why_answer(w);
	return w->answer.s;
}

TEST(answers)
{
	static char a[] = "a", ab[] = "a/b", top[] = "/a";
	struct why quiet = {.group = a, .oom_kills = 0};
	struct why killed = {.group = a, .oom_kills = 2};
	struct why slow = {.group = ab, .oom_kills = RF_CGROUP_UNKNOWN, .n_limits = 2};

	EXPECT_NE(NULL, strstr(answer(&quiet), "Nothing"));
	EXPECT_STREQ("Killed: 2 processes for want of memory since the group was made.\n", answer(&killed));
	slow.limits[0] = (struct why_limit){.kind = WHY_CPU, .key = "cpu.max", .known = true, .group = top, .limit = 100, .hits = 90,
					    .periods = 100, .throttled_us = 5000000, .used = RF_CGROUP_UNKNOWN};
	slow.limits[1] = (struct why_limit){.kind = WHY_BYTES, .key = "memory.max", .known = true, .group = top, .limit = 1 << 20,
					    .used = 1 << 20, .hits = 3, .hit = "times at the limit"};
	EXPECT_STREQ("Full: memory.max of /a, 1.0 MiB of 1.0 MiB; 3 times at the limit since the group was made.\n"
		     "Throttled: 90 % of the periods by cpu.max of /a (0.10 CPUs), 5000 ms in all.\n", answer(&slow));
	str_done(&quiet.answer);
	str_done(&killed.answer);
	str_done(&slow.answer);
}

TEST_HARNESS_MAIN
