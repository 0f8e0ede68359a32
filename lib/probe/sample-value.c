// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * What the kernel's numbers are as figures: as its files print them. No kernel here.
 *
 * CPU time in user and kernel mode is counted at ticks, and cpu.stat shows it scaled to the exact sum, never less
 * than it showed before (cputime_adjust() in kernel/sched/cputime.c): that is done here again, with what the
 * kernel remembers and what this sampler told last.
 */
#include "probe/sample.h"

#include <ringfence/units.h>
#include <unistd.h>

#include "base/cleanup.h"

enum unit { AS_IT_IS, NS, PAGES, QUOTA, MAX_PAGES, MAX_PIDS };

static const struct {
	enum rf_figure figure;
	enum sampled_value value;
	uint32_t part;
	bool v1, v2;
	enum unit unit;
} rows[] = {
	{RF_CPU_US, SAMPLED_CPU_NS, SAMPLE_PART_BASE, false, true, NS},
	{RF_CPU_USER_US, SAMPLED_USER_NS, SAMPLE_PART_BASE, false, true, NS},
	{RF_CPU_SYSTEM_US, SAMPLED_SYSTEM_NS, SAMPLE_PART_BASE, false, true, NS},
	{RF_NR_PERIODS, SAMPLED_PERIODS, SAMPLE_PART_BANDWIDTH, true, true, AS_IT_IS},
	{RF_NR_THROTTLED, SAMPLED_THROTTLED, SAMPLE_PART_BANDWIDTH, true, true, AS_IT_IS},
	{RF_THROTTLED_US, SAMPLED_THROTTLED_NS, SAMPLE_PART_BANDWIDTH, true, true, NS},
	{RF_CPU_QUOTA_US, SAMPLED_QUOTA_NS, SAMPLE_PART_BANDWIDTH, true, true, QUOTA},
	{RF_CPU_PERIOD_US, SAMPLED_PERIOD_NS, SAMPLE_PART_BANDWIDTH, true, true, NS},
	{RF_MEMORY_BYTES, SAMPLED_MEMORY_PAGES, SAMPLE_PART_MEMORY, true, true, PAGES},
	{RF_MEMORY_MAX_BYTES, SAMPLED_MEMORY_MAX_PAGES, SAMPLE_PART_MEMORY, true, true, MAX_PAGES},
	{RF_SWAP_BYTES, SAMPLED_SWAP_PAGES, SAMPLE_PART_MEMORY, false, true, PAGES},
	{RF_MEMORY_HIGH_EVENTS, SAMPLED_MEMORY_HIGH, SAMPLE_PART_MEMORY, false, true, AS_IT_IS},
	{RF_MEMORY_MAX_EVENTS, SAMPLED_MEMORY_MAX, SAMPLE_PART_MEMORY, false, true, AS_IT_IS},
	{RF_MEMORY_MAX_EVENTS, SAMPLED_MEMORY_FAILS, SAMPLE_PART_MEMORY, true, false, AS_IT_IS},
	{RF_OOM_EVENTS, SAMPLED_OOM, SAMPLE_PART_MEMORY, false, true, AS_IT_IS},
	{RF_OOM_KILLS, SAMPLED_OOM_KILL, SAMPLE_PART_MEMORY, true, true, AS_IT_IS},
	{RF_PIDS, SAMPLED_PIDS, SAMPLE_PART_PIDS, true, true, AS_IT_IS},
	{RF_PIDS_MAX, SAMPLED_PIDS_MAX, SAMPLE_PART_PIDS, true, true, MAX_PIDS},
	{RF_PIDS_MAX_EVENTS, SAMPLED_PIDS_EVENTS, SAMPLE_PART_PIDS, true, true, AS_IT_IS},
};

uint64_t sample_figures_of(bool v2, uint32_t parts, uint64_t wanted, uint32_t *ret_needed)
{
	uint64_t figures = 0;

	*ret_needed = 0;
	for (size_t i = 0; i < array_size(rows); i++) {
		if (!(v2 ? rows[i].v2 : rows[i].v1) || !(parts & rows[i].part) || !(wanted & RF_FIGURE_BIT(rows[i].figure)))
			continue;
		figures |= RF_FIGURE_BIT(rows[i].figure);
		*ret_needed |= rows[i].part;
	}
	return figures;
}

static uint64_t convert(enum unit unit, uint64_t n)
{
	const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE), max_pids = (4u << 20) + 1; /* PIDS_MAX */

	switch (unit) {
	case QUOTA:
		return n == UINT64_MAX ? RF_MAX : n / 1000;
	case NS:
		return n / 1000;
	case MAX_PAGES:
		return n >= INT64_MAX / page ? RF_MAX : n * page;
	case PAGES:
		return n * page;
	case MAX_PIDS:
		return n >= max_pids ? RF_MAX : n;
	case AS_IT_IS:
		break;
	}
	return n;
}

/* a * b / c, where the product is more than 64 bits. */
static uint64_t scale(uint64_t a, uint64_t b, uint64_t c)
{
	return (uint64_t)((unsigned __int128)a * b / c);
}

static uint64_t known(uint64_t n)
{
	return n == RF_CGROUP_UNKNOWN ? 0 : n;
}

/* `user` and `kernel` so that they add up to `sum`, and neither is less than it was. */
static void hold(uint64_t sum, uint64_t user_was, uint64_t system_was, uint64_t *user, uint64_t *kernel)
{
	if (user_was + system_was >= sum) {
		*user = user_was;
		*kernel = system_was;
		return;
	}
	if (*kernel < system_was)
		*kernel = system_was;
	*user = sum - *kernel;
	if (*user < user_was) {
		*user = user_was;
		*kernel = sum - user_was;
	}
}

static void adjust(const struct sample_record *r, const uint64_t *before, uint64_t *ret_user, uint64_t *ret_system)
{
	uint64_t sum = r->values[SAMPLED_CPU_NS], user = r->values[SAMPLED_USER_NS], kernel = r->values[SAMPLED_SYSTEM_NS];

	kernel = !kernel ? 0 : !user ? sum : scale(kernel, sum, user + kernel);
	hold(sum, r->values[SAMPLED_SHOWN_USER_NS], r->values[SAMPLED_SHOWN_SYSTEM_NS], &user, &kernel);
	user /= 1000;
	kernel /= 1000;
	/* A counter that went backwards would read as one that was set back. */
	if (user < known(before[RF_CPU_USER_US]) || kernel < known(before[RF_CPU_SYSTEM_US]))
		hold(sum / 1000, known(before[RF_CPU_USER_US]), known(before[RF_CPU_SYSTEM_US]), &user, &kernel);
	*ret_user = user;
	*ret_system = kernel;
}

void sample_convert(const struct sample_record *r, bool v2, uint64_t wanted, const uint64_t *before, uint64_t *values)
{
	uint64_t user, kernel;

	for (size_t i = 0; i < array_size(rows); i++)
		if ((v2 ? rows[i].v2 : rows[i].v1) && wanted & RF_FIGURE_BIT(rows[i].figure) &&
		    r->valid & SAMPLED_BIT(rows[i].value))
			values[rows[i].figure] = convert(rows[i].unit, r->values[rows[i].value]);
	if (!v2 || !(r->valid & SAMPLED_BIT(SAMPLED_USER_NS)))
		return;
	adjust(r, before, &user, &kernel);
	if (wanted & RF_FIGURE_BIT(RF_CPU_USER_US))
		values[RF_CPU_USER_US] = user;
	if (wanted & RF_FIGURE_BIT(RF_CPU_SYSTEM_US))
		values[RF_CPU_SYSTEM_US] = kernel;
}

bool sample_agrees(size_t figure, uint64_t before, uint64_t value, uint64_t after)
{
	const struct rf_figure_info *info = rf_figure(figure);
	uint64_t low = before < after ? before : after, high = before < after ? after : before;
	/* What goes up and down may have been anywhere; a wrong structure is further off than that. */
	uint64_t error = info->time_us ? 20000 : info->counter ? 0 : info->bytes ? (4u << 20) + high / 8 : 16 + high / 8;

	if (before >= RF_CGROUP_UNKNOWN || after >= RF_CGROUP_UNKNOWN || value >= RF_CGROUP_UNKNOWN)
		return value == before || value == after || before != after;
	return value + error >= low && value <= high + error;
}
