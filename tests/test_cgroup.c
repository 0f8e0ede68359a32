// SPDX-License-Identifier: GPL-2.0-or-later
/* Values of control-group keys: from what people write and from what the kernel prints. */
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <unistd.h>

#include "cgroup/cgroup.h"
#include "harness.h"

static char *written(const struct cgroup_key *key, const struct cgroup_value *v)
{
	struct str out = {0};

	cgroup_value_write(key, v, &out);
	return out.s;
}

static const struct {
	const char *key, *text, *written; /* NULL: refused */
} user_rows[] = {
	{"memory.max", "64M", "67108864"},
	{"memory.max", "max", "max"},
	{"memory.max", "64 M", NULL},
	{"memory.max", "-1", NULL},
	{"cpu.max", "50%", "50000 100000"},
	{"cpu.max", "1.5cpu", "150000 100000"},
	{"cpu.max", "0.5%", "5000 1000000"}, /* no quota is below 1 ms: a longer period */
	{"cpu.max", "max", "max 100000"},
	{"cpu.max", "20000 50000", "20000 50000"},
	{"cpu.max", "max 50000", "max 50000"},
	{"cpu.max", "50000", NULL}, /* quota or CPUs? */
	{"cpu.max", "1.5", NULL},
	{"cpu.max", "500 100000", NULL},
	{"cpu.max", "20000 999", NULL},
	{"cpu.max", "20000 1000001", NULL},
	{"cpu.max", "20000 ", NULL},
	{"cpu.max", "0.00001%", NULL},
	{"cpu.max", "18446744073709cpu", NULL},
	{"cpu.weight", "100", "100"},
	{"cpu.weight", "10000", "10000"},
	{"cpu.weight", "0", NULL},
	{"cpu.weight", "10001", NULL},
	{"cpu.weight", "max", NULL},
	{"pids.max", "50", "50"},
	{"pids.max", "max", "max"},
	{"pids.max", "50x", NULL},
	{"cpuset.cpus", "0-3,8", "0-3,8"},
	{"cpuset.cpus", "", ""},
	{"cpuset.cpus", "8191", "8191"},
	{"cpuset.cpus", "8192", NULL},
	{"cpuset.cpus", "3-1", NULL},
	{"cpuset.cpus", "0-", NULL},
	{"cpuset.cpus", "0,", NULL},
	{"cpuset.cpus", ",0", NULL},
	{"cpuset.cpus", "0 1", NULL},
	{"cpuset.cpus", "99999999999999999999", NULL},
	{"cpu.max.burst", "20ms", "20000"},
	{"cpu.max.burst", "20000", "20000"},
	{"cpu.max.burst", "20x", NULL},
	{"cpu.weight.nice", "-20", "-20"},
	{"cpu.weight.nice", "19", "19"},
	{"cpu.weight.nice", "20", NULL},
	{"cpu.weight.nice", "-21", NULL},
	{"cpu.uclamp.min", "12.5%", "12.50"},
	{"cpu.uclamp.min", "100", "100.00"},
	{"cpu.uclamp.max", "max", "max"},
	{"cpu.uclamp.max", "100.01", NULL},
	{"cpu.uclamp.max", "1.", NULL},
	{"cpuset.cpus.partition", "isolated", "isolated"},
	{"cpuset.cpus.partition", "invalid", NULL},
	{"cgroup.type", "domain", NULL},
	{"cgroup.subtree_control", "+cpu  -io", "+cpu -io"},
	{"cgroup.subtree_control", "cpu", NULL},
	{"cgroup.kill", "1", "1"},
	{"cgroup.kill", "0", NULL},
	{"memory.reclaim", "64M", "67108864"},
	{"memory.reclaim", "64M swappiness=0", "67108864 swappiness=0"},
	{"memory.reclaim", "max", NULL},
	{"io.max", "8:0 wbps=10M riops=max", "8:0 wbps=10485760 riops=max"},
	{"io.max", "8:0", NULL},
	{"io.max", "8:0 wbps=0", NULL},
	{"io.max", "8:0 wbps", NULL},
	{"io.latency", "8:0 target=10ms", "8:0 target=10000"},
	{"io.weight", "200", "200"},
	{"io.weight", "default 200", "200"},
	{"io.weight", "8:0 200", "8:0 200"},
	{"io.weight", "8:0 default", "8:0 default"},
	{"io.weight", "8:0 20000", NULL},
	{"io.bfq.weight", "1001", NULL},
	{"io.cost.qos", "8:0 enable=1 ctrl=user rpct=95.00", "8:0 enable=1 ctrl=user rpct=95.00"},
	{"rdma.max", "mlx4_0 hca_handle=2 hca_object=max", "mlx4_0 hca_handle=2 hca_object=max"},
	{"misc.max", "sev 5", "sev 5"},
	{"misc.max", "sev 5 6", NULL},
	{"dmem.max", "drm/0000:03:00.0/vram0 1G", "drm/0000:03:00.0/vram0 1073741824"},
	{"hugetlb.2MB.max", "4M", "4194304"},
	{"devices.allow", "c 1:3 rwm", "c 1:3 rwm"},
	{"devices.allow", "a", "a"},
	{"devices.deny", "b *:* rw", "b *:* rw"},
	{"devices.deny", "x 1:3 r", NULL},
	{"devices.deny", "c 1:3", NULL},
	{"net_cls.classid", "4294967296", NULL},
	{"cpu.stat", "1", NULL}, /* is only read */
};

TEST(what_users_write)
{
	for (size_t i = 0; i < array_size(user_rows); i++) {
		const struct cgroup_key *key = cgroup_key_find(user_rows[i].key);
		struct cgroup_value v = {.number = 42};
		int r;

		ASSERT_NE(NULL, key);
		r = cgroup_value_parse(key, user_rows[i].text, &v);
		EXPECT_EQ(user_rows[i].written ? 0 : -EINVAL, r) { TH_LOG("%s=%s", key->pub.name, user_rows[i].text); }
		if (r < 0) {
			EXPECT_EQ(42, v.number);
			EXPECT_STREQ(key->pub.name, rf_trace_last_failure()->object);
			EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, key->pub.form));
		} else {
			char *text = written(key, &v);

			EXPECT_STREQ(user_rows[i].written, text ?: "");
			free(text);
		}
	}
}

static const struct {
	const char *key, *text;
	int result;
	uint64_t number, period;
} kernel_rows[] = {
	{"cpu.max", "max 100000", 0, RF_MAX, 100000},
	{"cpu.max", "50000 100000", 0, 50000, 100000},
	{"cpu.max", "50000", -EINVAL, 0, 0},
	{"cpu.max", "50000 x", -EINVAL, 0, 0},
	{"cpu.max", "000000000000000000000000000000000000001 5", -EINVAL, 0, 0},
	{"io.weight", "default 100", 0, 100, 0},
	{"cpu.weight", "100", 0, 100, 0},
	{"cpu.weight", "", -EINVAL, 0, 0},
	{"memory.max", "max", 0, RF_MAX, 0},
	{"memory.max", "4096", 0, 4096, 0},
	{"memory.max", "4K", -EINVAL, 0, 0},
	{"cpuset.cpus", "0-1", 0, 0, 0},
	{"cpu.stat", "usage_usec 5", 0, 0, 0},
};

TEST(what_the_kernel_prints)
{
	for (size_t i = 0; i < array_size(kernel_rows); i++) {
		const struct cgroup_key *key = cgroup_key_find(kernel_rows[i].key);
		struct cgroup_value v = {.number = 42};

		ASSERT_NE(NULL, key);
		EXPECT_EQ(kernel_rows[i].result, cgroup_value_read(key, kernel_rows[i].text, &v)) {
			TH_LOG("%s: %s", key->pub.name, kernel_rows[i].text);
		}
		EXPECT_EQ(kernel_rows[i].result ? 42 : kernel_rows[i].number, v.number);
		if (!kernel_rows[i].result) {
			EXPECT_EQ(kernel_rows[i].period, v.period);
			EXPECT_STREQ(kernel_rows[i].text, v.text);
		}
	}
}

static const struct {
	const char *key, *want, *got;
	int result;
} compare_rows[] = {
	{"cpuset.cpus", "0-1", "0,1", 0},
	{"cpuset.cpus", "0-1", "0", -EIO},
	{"cpuset.cpus", "0", "none", -EIO},
	{"cpu.max", "50%", "50000 100000", 0},
	{"cpu.max", "50%", "50000 200000", -EIO},
	{"pids.max", "50", "50", 0},
	{"pids.max", "50", "51", -EIO},
	{"memory.max", "64M", "67108864", 0},
	{"memory.max", "64M", "67104768", -EIO},
	{"memory.max", "8191P", "max", -EIO},
	{"memory.max", "9223372036854775807", "max", 1},
	{"cpu.uclamp.max", "100", "max", 0},
	{"cpu.uclamp.max", "50", "max", -EIO},
	{"cpuset.cpus.partition", "root", "root invalid (Cpu list in cpuset.cpus not exclusive)", -EIO},
	{"cgroup.subtree_control", "+cpu -io", "cpuset cpu memory", 0},
	{"cgroup.subtree_control", "+cpu -io", "io", -EIO},
	{"io.max", "8:0 wbps=1M", "8:16 rbps=max wbps=5\n8:0 rbps=max wbps=1048576 riops=max wiops=max", 0},
	{"io.max", "8:0 wbps=1M", "8:0 rbps=1048576 wbps=max riops=max wiops=max", -EIO},
	{"io.max", "8:0 wbps=1M", "", -EIO},
	{"io.max", "8:0 wbps=max", "", 0},
	{"io.latency", "8:0 target=0", "", 0},
	{"io.weight", "200", "default 200\n8:0 100", 0},
	{"io.weight", "8:0 100", "default 200\n8:0 100", 0},
	{"io.weight", "8:0 default", "default 200\n8:0 100", -EIO},
	{"misc.max", "sev 5", "sev_es max\nsev 5", 0},
	{"dmem.max", "r 5000", "r 4096", 1},
	{"io.cost.qos", "8:0 rpct=95", "8:0 enable=0 rpct=95.00", 1},
};

static const struct {
	const char *key, *want, *old, *before;
} before_rows[] = {
	{"memory.max", "64M", "max", "max"},
	{"cgroup.subtree_control", "+cpu -io", "io memory", "-cpu +io"},
	{"io.max", "8:0 wbps=1M riops=5", "8:16 rbps=1\n8:0 rbps=7 wbps=max riops=9 wiops=max", "8:0 wbps=max riops=9"},
	{"io.max", "8:0 wbps=1M", "", "8:0 wbps=max"},
	{"io.latency", "8:0 target=5", "", "8:0 target=0"},
	{"io.weight", "200", "default 100\n8:0 50", "default 100"},
	{"io.weight", "8:0 200", "default 100\n8:0 50", "8:0 50"},
	{"io.weight", "8:16 200", "default 100\n8:0 50", "8:16 default"},
	{"misc.max", "sev 5", "sev max", "sev max"},
	{"cpuset.cpus.partition", "member", "root invalid (reason)", "root"},
};

/* What an undo writes. */
TEST(what_was_there_before)
{
	for (size_t i = 0; i < array_size(before_rows); i++) {
		const struct cgroup_key *key = cgroup_key_find(before_rows[i].key);
		struct cgroup_value want = {0};
		char *before;

		ASSERT_NE(NULL, key);
		ASSERT_EQ(0, cgroup_value_parse(key, before_rows[i].want, &want));
		before = cgroup_value_before(key, &want, before_rows[i].old);
		EXPECT_STREQ(before_rows[i].before, before);
		free(before);
	}
}

TEST(what_the_kernel_kept)
{
	for (size_t i = 0; i < array_size(compare_rows); i++) {
		const struct cgroup_key *key = cgroup_key_find(compare_rows[i].key);
		struct cgroup_value want = {0}, got = {0};

		ASSERT_NE(NULL, key);
		ASSERT_EQ(0, cgroup_value_parse(key, compare_rows[i].want, &want));
		ASSERT_EQ(0, cgroup_value_read(key, compare_rows[i].got, &got));
		EXPECT_EQ(compare_rows[i].result, cgroup_value_compare(key, &want, &got)) {
			TH_LOG("%s: %s, %s", key->pub.name, compare_rows[i].want, compare_rows[i].got);
		}
	}
}

TEST(bytes_are_kept_in_pages)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
	struct cgroup_value want = {.number = 10 * page + 1}, got = {.number = 10 * page};
	const struct cgroup_key *key = cgroup_key_find("memory.max");

	EXPECT_EQ(RF_MAX, cgroup_page_floor(RF_MAX));
	EXPECT_EQ(0, cgroup_page_floor(page - 1));
	EXPECT_EQ(page, cgroup_page_floor(page));
	EXPECT_EQ(1, cgroup_value_compare(key, &want, &got));
}

/* Each key says what it is and, where it can be set, to what. */
TEST(the_table)
{
	const struct cgroup_key *key;
	size_t n = 0;

	for (; (key = cgroup_key_at(n)); n++) {
		EXPECT_EQ(key, cgroup_key_find(key->pub.name));
		EXPECT_NE('\0', key->pub.help[0]) { TH_LOG("%s", key->pub.name); }
		EXPECT_EQ(key->pub.read_only, !key->pub.form[0]) { TH_LOG("%s", key->pub.name); }
		EXPECT_TRUE(!key->after || cgroup_key_find(key->after)) { TH_LOG("%s", key->pub.name); }
		EXPECT_TRUE(key->kind != CGROUP_NESTED || key->parts) { TH_LOG("%s", key->pub.name); }
		EXPECT_TRUE(key->kind != CGROUP_WORD || key->words) { TH_LOG("%s", key->pub.name); }
		EXPECT_NE(NULL, cgroup_kind_word(key));
	}
	/* Rows for the sizes of huge pages. */
	EXPECT_NE(NULL, cgroup_key_find("hugetlb.2MB.max"));
	EXPECT_NE(NULL, cgroup_key_find("hugetlb.1GB.rsvd.current"));
	EXPECT_EQ(NULL, cgroup_key_find("hugetlb.2XB.max"));
	EXPECT_EQ(NULL, cgroup_key_find("hugetlb.MB.max"));
	EXPECT_LT(90, n);
	EXPECT_EQ(NULL, cgroup_key_find("memory"));
	EXPECT_EQ(NULL, cgroup_key_find(""));
	EXPECT_EQ(-EINVAL, cgroup_unknown_key("memory.maximum"));
}

TEST(names_of_groups)
{
	static const struct {
		const char *name, *plain;
	} rows[] = {
		{"a", "a"}, {"/a/b/", "a/b"}, {"/", ""}, {"", ""}, {"a//b", "a/b"},
		{"..", NULL}, {"a/../b", NULL}, {"a/.", NULL}, {"a\nb", NULL},
	};

	for (size_t i = 0; i < array_size(rows); i++) {
		char *name = NULL;

		EXPECT_EQ(rows[i].plain ? 0 : -EINVAL, cgroup_name(rows[i].name, &name)) {
			TH_LOG("\"%s\"", rows[i].name);
		}
		if (rows[i].plain && name)
			EXPECT_STREQ(rows[i].plain, name);
		free(name);
	}
}

TEST_HARNESS_MAIN
