// SPDX-License-Identifier: GPL-2.0-or-later
/* Values as people write them. */
#include <errno.h>
#include <ringfence/units.h>

#include "harness.h"

static const struct {
	const char *text;
	int result;
	uint64_t value;
} byte_rows[] = {
	{"0", 0, 0},
	{"64M", 0, 64ull << 20},
	{"1.5G", 0, 1610612736},
	{"0.5K", 0, 512},
	{"max", 0, RF_MAX},
	{"16383P", 0, 16383ull << 50},
	{"16384P", -ERANGE, 0},
	{"18446744073709551615", -ERANGE, 0},
	{"99999999999999999999", -ERANGE, 0},
	{"", -EINVAL, 0},
	{"-1", -EINVAL, 0},
	{" 1", -EINVAL, 0},
	{"1.", -EINVAL, 0},
	{".5G", -EINVAL, 0},
	{"1.0000000001G", -EINVAL, 0},
	{"64 M", -EINVAL, 0},
	{"64Mx", -EINVAL, 0},
	{"0x10", -EINVAL, 0},
};

TEST(bytes)
{
	for (size_t i = 0; i < sizeof(byte_rows) / sizeof(byte_rows[0]); i++) {
		uint64_t v = 42;

		EXPECT_EQ(byte_rows[i].result, rf_parse_bytes(byte_rows[i].text, &v)) {
			TH_LOG("\"%s\"", byte_rows[i].text);
		}
		/* A failure leaves the result untouched. */
		EXPECT_EQ(byte_rows[i].result ? 42 : byte_rows[i].value, v) {
			TH_LOG("\"%s\"", byte_rows[i].text);
		}
	}
}

TEST(cpu)
{
	uint64_t v = 0;

	EXPECT_EQ(0, rf_parse_cpu("1.5cpu", &v));
	EXPECT_EQ(1500000, v);
	EXPECT_EQ(0, rf_parse_cpu("150%", &v));
	EXPECT_EQ(1500000, v);
	EXPECT_EQ(0, rf_parse_cpu("250m", &v));
	EXPECT_EQ(250000, v);
	EXPECT_EQ(-EINVAL, rf_parse_cpu("fast", &v));
}

TEST(time)
{
	uint64_t v = 0;

	EXPECT_EQ(0, rf_parse_time_us("10ms", &v));
	EXPECT_EQ(10000, v);
	EXPECT_EQ(0, rf_parse_time_us("1.5s", &v));
	EXPECT_EQ(1500000, v);
	EXPECT_EQ(-EINVAL, rf_parse_time_us("10", &v));
}

TEST(formats)
{
	char buf[32];

	EXPECT_STREQ("512 B", rf_format_bytes(512, buf, sizeof(buf)));
	EXPECT_STREQ("64.0 MiB", rf_format_bytes(64 << 20, buf, sizeof(buf)));
	EXPECT_STREQ("max", rf_format_bytes(RF_MAX, buf, sizeof(buf)));
	EXPECT_STREQ("1.234 s", rf_format_time_us(1234000, buf, sizeof(buf)));
}

TEST_HARNESS_MAIN
