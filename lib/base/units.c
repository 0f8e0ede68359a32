// SPDX-License-Identifier: LGPL-2.1-or-later
#include <ringfence/units.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"

struct unit {
	const char *name;
	uint64_t factor;
};

/*
 * NUMBER[.FRACTION]UNIT in fixed point: no floating point, so no rounding surprises. Fraction
 * digits beyond the ninth are refused rather than dropped.
 */
static int parse_scaled(const char *s, const struct unit *units, size_t n_units, uint64_t *ret)
{
	unsigned __int128 whole = 0, frac = 0, scale = 1;
	size_t digits = 0;

	for (; *s >= '0' && *s <= '9'; s++, digits++) {
		whole = whole * 10 + (unsigned)(*s - '0');
		if (whole > UINT64_MAX)
			return -ERANGE;
	}
	if (!digits)
		return -EINVAL;
	if (*s == '.') {
		for (s++, digits = 0; *s >= '0' && *s <= '9'; s++, digits++) {
			frac = frac * 10 + (unsigned)(*s - '0');
			scale *= 10;
		}
		if (!digits || digits > 9)
			return -EINVAL;
	}
	for (size_t i = 0; i < n_units; i++) {
		if (strcmp(s, units[i].name))
			continue;
		whole = whole * units[i].factor + frac * units[i].factor / scale;
		if (whole >= UINT64_MAX)
			return -ERANGE;
		*ret = (uint64_t)whole;
		return 0;
	}
	return -EINVAL;
}

static int parse_or_max(const char *s, const struct unit *units, size_t n, uint64_t *ret)
{
	if (!strcmp(s, "max")) {
		*ret = RF_MAX;
		return 0;
	}
	return parse_scaled(s, units, n, ret);
}

static const struct unit byte_units[] = {
	{"", 1},	       {"B", 1},	      {"K", 1ull << 10},   {"k", 1ull << 10},
	{"M", 1ull << 20},     {"m", 1ull << 20},     {"G", 1ull << 30},   {"g", 1ull << 30},
	{"T", 1ull << 40},     {"P", 1ull << 50},     {"KiB", 1ull << 10}, {"MiB", 1ull << 20},
	{"GiB", 1ull << 30},   {"TiB", 1ull << 40},
};

static const struct unit time_units[] = {
	{"us", 1}, {"ms", 1000}, {"s", 1000000}, {"min", 60000000}, {"h", 3600000000u},
};

static const struct unit cpu_units[] = {
	{"", 1000000}, {"cpu", 1000000}, {"cpus", 1000000}, {"%", 10000}, {"m", 1000},
};

int rf_parse_bytes(const char *s, uint64_t *ret_bytes)
{
	return parse_or_max(s, byte_units, array_size(byte_units), ret_bytes);
}

int rf_parse_time_us(const char *s, uint64_t *ret_us)
{
	return parse_scaled(s, time_units, array_size(time_units), ret_us);
}

int rf_parse_cpu(const char *s, uint64_t *ret_micro_cpus)
{
	return parse_or_max(s, cpu_units, array_size(cpu_units), ret_micro_cpus);
}

int rf_parse_count(const char *s, uint64_t *ret_count)
{
	static const struct unit one[] = {{"", 1}};

	if (strchr(s, '.'))
		return -EINVAL;
	return parse_or_max(s, one, 1, ret_count);
}

const char *rf_format_bytes(uint64_t bytes, char *buf, size_t size)
{
	static const char *const names[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
	double v = (double)bytes;
	size_t i = 0;

	if (bytes == RF_MAX) {
		snprintf(buf, size, "max");
		return buf;
	}
	for (; v >= 1024 && i + 1 < array_size(names); i++)
		v /= 1024;
	snprintf(buf, size, i ? "%.1f %s" : "%.0f %s", v, names[i]);
	return buf;
}

const char *rf_format_time_us(uint64_t us, char *buf, size_t size)
{
	if (us < 1000)
		snprintf(buf, size, "%llu us", (unsigned long long)us);
	else if (us < 1000000)
		snprintf(buf, size, "%.1f ms", (double)us / 1e3);
	else
		snprintf(buf, size, "%.3f s", (double)us / 1e6);
	return buf;
}
