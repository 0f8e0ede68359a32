// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The formulas between v1's and v2's numbers. The curve of 2025 is w = ceil(10^((l*l + 125*l)/612 - 7/34))
 * with l = log2(shares): through (2, 1), (1024, 100) and (262144, 10000).
 */
#include <math.h>
#include <ringfence/cgconvert.h>
#include <ringfence/units.h>

#include "cgroup/cgroup.h"

enum { SHARES_MIN = 2, SHARES_MAX = 262144, SHARES_USUAL = 1024, WEIGHT_MAX = 10000, WEIGHT_USUAL = 100 };
enum { BLKIO_MIN = 10, BLKIO_MAX = 1000 };

static uint64_t within(uint64_t n, uint64_t min, uint64_t max)
{
	return n < min ? min : n > max ? max : n;
}

static uint64_t curve(uint64_t shares)
{
	double l = log2((double)shares);

	return (uint64_t)ceil(pow(10, (l * l + 125 * l) / 612.0 - 7.0 / 34.0));
}

uint64_t rf_cpu_shares_to_weight(enum rf_weight_policy policy, uint64_t shares)
{
	if (!shares)
		return 0;
	shares = within(shares, SHARES_MIN, SHARES_MAX);
	if (policy == RF_WEIGHT_OCI_OLD)
		return 1 + (shares - SHARES_MIN) * (WEIGHT_MAX - 1) / (SHARES_MAX - SHARES_MIN);
	if (policy == RF_WEIGHT_LINEAR)
		return within(shares * WEIGHT_USUAL / SHARES_USUAL, 1, WEIGHT_MAX);
	if (shares == SHARES_MIN || shares == SHARES_MAX)
		return shares == SHARES_MIN ? 1 : WEIGHT_MAX;
	return curve(shares);
}

/* The least shares that become this weight; the formulas only rise. */
uint64_t rf_cpu_weight_to_shares(enum rf_weight_policy policy, uint64_t weight)
{
	uint64_t low = SHARES_MIN, high = SHARES_MAX;

	if (!weight)
		return 0;
	weight = within(weight, 1, WEIGHT_MAX);
	/* Of 1 and of the default there are several; these are what everybody has. */
	if (policy == RF_WEIGHT_OCI_2025 && weight == WEIGHT_USUAL)
		return SHARES_USUAL;
	/* What the least shares become already is more than nothing: the linear rule gives 1 up to 20. */
	if (policy == RF_WEIGHT_LINEAR)
		return within((weight * SHARES_USUAL + WEIGHT_USUAL - 1) / WEIGHT_USUAL, SHARES_MIN, SHARES_MAX);
	while (low < high) {
		uint64_t middle = (low + high) / 2;

		if (rf_cpu_shares_to_weight(policy, middle) < weight)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

uint64_t rf_blkio_weight_to_io(uint64_t weight)
{
	if (!weight)
		return 0;
	weight = within(weight, BLKIO_MIN, BLKIO_MAX);
	return 1 + (weight - BLKIO_MIN) * (WEIGHT_MAX - 1) / (BLKIO_MAX - BLKIO_MIN);
}

uint64_t rf_io_weight_to_blkio(uint64_t weight)
{
	if (!weight)
		return 0;
	weight = within(weight, 1, WEIGHT_MAX);
	/* Rounded up: the way back rounds down. */
	return BLKIO_MIN + ((weight - 1) * (BLKIO_MAX - BLKIO_MIN) + WEIGHT_MAX - 2) / (WEIGHT_MAX - 1);
}

int rf_memsw_to_swap_max(uint64_t limit, uint64_t memsw, uint64_t *ret_swap_max)
{
	/* No limit on memory makes none on swap, where nothing is said of it. */
	if (memsw == RF_MAX || (limit == RF_MAX && !memsw)) {
		*ret_swap_max = RF_MAX;
		return 0;
	}
	if (!memsw)
		return sys_fail(-ENODATA, "check", "memory.memsw.limit_in_bytes", "is not set");
	if (!limit || limit == RF_MAX)
		return sys_fail(-EINVAL, "check", "memory.memsw.limit_in_bytes",
				"limits memory and swap together: without a limit on memory, v2's limit on swap can't be told");
	if (memsw < limit)
		return sys_fail(-EINVAL, "check", "memory.memsw.limit_in_bytes",
				"memory and swap together can't be less than memory alone");
	*ret_swap_max = memsw - limit;
	return 0;
}
