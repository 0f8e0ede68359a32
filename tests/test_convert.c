// SPDX-License-Identifier: GPL-2.0-or-later
/* Values between cgroup v1 and v2: the published vectors, the way back, what is refused. */
#include <errno.h>
#include <ringfence/cgconvert.h>
#include <ringfence/units.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "harness.h"

static const struct {
	uint64_t shares, old, linear, curve;
} weights[] = {
	{2, 1, 1, 1},	       {10, 1, 1, 4},	       {102, 4, 9, 17},	      {256, 10, 25, 35},
	{512, 20, 50, 59},     {1024, 39, 100, 100},   {2048, 79, 200, 174},  {4096, 157, 400, 303},
	{10240, 391, 1000, 639}, {65536, 2500, 6400, 3023}, {262144, 10000, 10000, 10000},
};

TEST(shares_to_weights)
{
	for (size_t i = 0; i < array_size(weights); i++) {
		uint64_t s = weights[i].shares;

		EXPECT_EQ(weights[i].old, rf_cpu_shares_to_weight(RF_WEIGHT_OCI_OLD, s)) { TH_LOG("%lu", s); }
		EXPECT_EQ(weights[i].linear, rf_cpu_shares_to_weight(RF_WEIGHT_LINEAR, s)) { TH_LOG("%lu", s); }
		EXPECT_EQ(weights[i].curve, rf_cpu_shares_to_weight(RF_WEIGHT_OCI_2025, s)) { TH_LOG("%lu", s); }
	}
	for (int p = 0; p < RF_WEIGHT_POLICIES; p++) {
		EXPECT_EQ(0, rf_cpu_shares_to_weight(p, 0));
		EXPECT_EQ(1, rf_cpu_shares_to_weight(p, 1));
		EXPECT_EQ(10000, rf_cpu_shares_to_weight(p, 300000));
	}
}

/* Every weight comes back, where there are shares for it. */
TEST(weights_and_back)
{
	for (int p = 0; p < RF_WEIGHT_POLICIES; p++) {
		EXPECT_EQ(0, rf_cpu_weight_to_shares(p, 0));
		for (uint64_t w = 1; w <= 10000; w++) {
			uint64_t s = rf_cpu_weight_to_shares(p, w);

			ASSERT_TRUE(s >= 2 && s <= 262144);
			EXPECT_EQ(w, rf_cpu_shares_to_weight(p, s)) { TH_LOG("policy %d, weight %lu, shares %lu", p, w, s); }
		}
	}
	EXPECT_EQ(1024, rf_cpu_weight_to_shares(RF_WEIGHT_LINEAR, 100));
	EXPECT_EQ(1024, rf_cpu_weight_to_shares(RF_WEIGHT_OCI_2025, 100));
	for (uint64_t w = 10; w <= 1000; w++)
		EXPECT_EQ(w, rf_io_weight_to_blkio(rf_blkio_weight_to_io(w)));
	EXPECT_EQ(1, rf_blkio_weight_to_io(10));
	EXPECT_EQ(10000, rf_blkio_weight_to_io(1000));
	EXPECT_EQ(4950, rf_blkio_weight_to_io(500));
}

static const struct {
	uint64_t limit, memsw;
	int result;
	uint64_t swap;
} swaps[] = {
	{1000, 3000, 0, 2000}, {1000, 1000, 0, 0},	{RF_MAX, 0, 0, RF_MAX},	   {1000, RF_MAX, 0, RF_MAX},
	{RF_MAX, RF_MAX, 0, RF_MAX}, {0, 3000, -EINVAL, 0}, {RF_MAX, 3000, -EINVAL, 0}, {3000, 1000, -EINVAL, 0},
	{1000, 0, -ENODATA, 0},
};

TEST(memory_and_swap)
{
	for (size_t i = 0; i < array_size(swaps); i++) {
		uint64_t swap = 42;

		EXPECT_EQ(swaps[i].result, rf_memsw_to_swap_max(swaps[i].limit, swaps[i].memsw, &swap)) { TH_LOG("row %zu", i); }
		EXPECT_EQ(swaps[i].result ? 42 : swaps[i].swap, swap);
	}
}

static void collect(const struct rf_converted *c, void *data)
{
	struct str *out = data;

	str_addf(out, "%s%s=%s", out->len ? "; " : "", c->key, c->value ?: "?");
}

static const struct {
	const char *words[3], *want; /* NULL: refused */
} rows[] = {
	{{"cpu.shares=512"}, "cpu.weight=50"},
	{{"cpu.weight=50"}, "cpu.shares=512"},
	{{"cpu.shares=1"}, NULL},
	{{"cpu.cfs_quota_us=50000"}, "cpu.max=50000 100000"},
	{{"cpu.cfs_quota_us=-1"}, "cpu.max=max 100000"},
	{{"cpu.cfs_period_us=50000", "cpu.cfs_quota_us=20000"}, "cpu.max=20000 50000"},
	{{"cpu.cfs_quota_us=-2"}, NULL},
	{{"cpu.max=50%"}, "cpu.cfs_quota_us=50000; cpu.cfs_period_us=100000"},
	{{"cpu.max=max"}, "cpu.cfs_quota_us=-1; cpu.cfs_period_us=100000"},
	{{"memory.limit_in_bytes=9223372036854771712"}, "memory.max=max"},
	{{"memory.limit_in_bytes=9223372036854710272"}, "memory.max=max"},
	{{"memory.limit_in_bytes=64M"}, "memory.max=67108864"},
	{{"memory.limit_in_bytes=-1"}, "memory.max=max"},
	{{"memory.limit_in_bytes=64M", "memory.memsw.limit_in_bytes=96M"}, "memory.max=67108864; memory.swap.max=33554432"},
	{{"memory.memsw.limit_in_bytes=96M"}, NULL},
	{{"memory.limit_in_bytes=96M", "memory.memsw.limit_in_bytes=64M"}, NULL},
	{{"memory.max=64M", "memory.swap.max=32M"}, "memory.limit_in_bytes=67108864; memory.memsw.limit_in_bytes=100663296"},
	{{"memory.swap.max=32M"}, NULL},
	{{"memory.max=max"}, "memory.limit_in_bytes=-1"},
	{{"memory.soft_limit_in_bytes=64M"}, "memory.low=67108864"},
	{{"memory.low=64M"}, "memory.soft_limit_in_bytes=67108864"},
	{{"memory.high=64M"}, "memory.high=?"},
	{{"memory.swappiness=10"}, "memory.swappiness=?"},
	{{"blkio.weight=500"}, "io.weight=4950"},
	{{"io.weight=4950"}, "blkio.weight=500"},
	{{"blkio.throttle.read_bps_device=8:0 1048576"}, "io.max=8:0 rbps=1048576"},
	{{"blkio.throttle.write_iops_device=8:0 0"}, "io.max=8:0 wiops=max"},
	{{"io.max=8:0 wbps=1M riops=max"}, "blkio.throttle.write_bps_device=8:0 1048576; blkio.throttle.read_iops_device=8:0 0"},
	{{"freezer.state=FROZEN"}, "cgroup.freeze=1"},
	{{"cgroup.freeze=0"}, "freezer.state=THAWED"},
	{{"cpuset.cpu_exclusive=1"}, "cpuset.cpus.partition=root"},
	{{"cpuset.cpus.partition=member"}, "cpuset.cpu_exclusive=0"},
	{{"cpuset.cpus=0-3"}, "cpuset.cpus=0-3"},
	{{"pids.max=max"}, "pids.max=max"},
	{{"hugetlb.2MB.limit_in_bytes=4M"}, "hugetlb.2MB.max=4194304"},
	{{"hugetlb.2MB.max=4M"}, "hugetlb.2MB.limit_in_bytes=4194304"},
	{{"net_cls.classid=1"}, "net_cls.classid=?"},
	{{"no.such=1"}, NULL},
	{{"cpu.shares"}, NULL},
};

TEST(settings)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		struct str out __free(str) = {0};
		size_t n = 1 + (rows[i].words[1] != NULL);
		int r = rf_cgroup_convert(RF_WEIGHT_LINEAR, rows[i].words, n, collect, &out);

		EXPECT_EQ(!rows[i].want, r < 0) { TH_LOG("%s: %d", rows[i].words[0], r); }
		if (!rows[i].want) {
			EXPECT_TRUE(r == -EINVAL && !out.len) { TH_LOG("%s", rows[i].words[0]); }
			continue;
		}
		EXPECT_STREQ(rows[i].want, out.s ?: "");
		EXPECT_EQ(strchr(rows[i].want, '?') != NULL, r);
	}
}

TEST(policies)
{
	struct str out __free(str) = {0};
	const char *word = "cpu.shares=1024";

	EXPECT_EQ(0, rf_cgroup_convert(RF_WEIGHT_OCI_OLD, &word, 1, collect, &out));
	EXPECT_EQ(0, rf_cgroup_convert(RF_WEIGHT_OCI_2025, &word, 1, collect, &out));
	EXPECT_STREQ("cpu.weight=39; cpu.weight=100", out.s);
	EXPECT_EQ(-EINVAL, rf_cgroup_convert(RF_WEIGHT_POLICIES, &word, 1, collect, &out));
	/* Nothing is told of a list of which one word is bad. */
	EXPECT_EQ(-EINVAL, rf_cgroup_convert(RF_WEIGHT_LINEAR, (const char *[]){word, "x=1"}, 2, collect, &out));
	EXPECT_STREQ("cpu.weight=39; cpu.weight=100", out.s);
}

TEST_HARNESS_MAIN
