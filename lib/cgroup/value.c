// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Values between what a user writes, what they mean, and what cgroup v2 prints. An amount of CPU
 * becomes a quota in a period of 100 ms, the kernel's default; a very small one gets a period of
 * 1 s, since no quota may be below 1 ms.
 */
#include <ringfence/units.h>

#include <unistd.h>

#include "cgroup/cgroup.h"

enum {
	CPU_PERIOD_US = 100000,
	CPU_PERIOD_MIN_US = 1000,
	CPU_PERIOD_MAX_US = 1000000,
	CPU_QUOTA_MIN_US = 1000,
	LIST_MAX = 8192, /* CPUs: the kernel's own largest CONFIG_NR_CPUS */
};

uint64_t cgroup_page_floor(uint64_t bytes)
{
	uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);

	return bytes == RF_MAX ? bytes : bytes / page * page;
}

/* "QUOTA PERIOD" or "max PERIOD" in microseconds, as the kernel prints it. */
static int read_quota(const char *text, struct cgroup_value *ret)
{
	const char *blank = strchr(text, ' ');
	char quota[32];
	struct cgroup_value v = {0};
	int r;

	if (!blank || (size_t)(blank - text) >= sizeof(quota))
		return -EINVAL;
	memcpy(quota, text, (size_t)(blank - text));
	quota[blank - text] = '\0';
	r = rf_parse_count(quota, &v.number);
	if (r >= 0)
		r = str_to_u64(blank + 1, &v.period);
	if (r >= 0)
		*ret = v;
	return r;
}

static int parse_cpu(const char *text, struct cgroup_value *ret)
{
	struct cgroup_value v = {.number = RF_MAX, .period = CPU_PERIOD_US};
	uint64_t amount;
	int r;

	if (strchr(text, ' ')) {
		r = read_quota(text, &v);
	} else if (!text[strspn(text, "0123456789.")]) {
		return -EINVAL; /* no unit: quota or CPUs? */
	} else {
		r = rf_parse_cpu(text, &amount);
		if (r >= 0 && amount != RF_MAX) {
			if (amount < (uint64_t)CPU_QUOTA_MIN_US * 1000000 / CPU_PERIOD_US)
				v.period = CPU_PERIOD_MAX_US;
			if (amount > UINT64_MAX / v.period)
				return -ERANGE;
			v.number = amount * v.period / 1000000;
		}
	}
	if (r < 0)
		return r;
	if (v.period < CPU_PERIOD_MIN_US || v.period > CPU_PERIOD_MAX_US ||
	    v.number < CPU_QUOTA_MIN_US)
		return -ERANGE;
	*ret = v;
	return 0;
}

/* The CPUs or nodes of a list, as a bitmap; 0 or -EINVAL. */
static int list_bits(const char *s, uint8_t bits[LIST_MAX / 8])
{
	memset(bits, 0, LIST_MAX / 8);
	while (*s) {
		char *end;
		unsigned long from, to;

		if (*s < '0' || *s > '9')
			return -EINVAL;
		from = to = strtoul(s, &end, 10);
		if (*end == '-') {
			if (end[1] < '0' || end[1] > '9')
				return -EINVAL;
			to = strtoul(end + 1, &end, 10);
		}
		if (to < from || to >= LIST_MAX || (*end && *end != ','))
			return -EINVAL;
		for (unsigned long i = from; i <= to; i++)
			bits[i / 8] |= (uint8_t)(1u << i % 8);
		if (*end == ',' && !end[1])
			return -EINVAL;
		s = end + (*end == ',');
	}
	return 0;
}

static int parse(const struct cgroup_key *key, const char *text, struct cgroup_value *ret)
{
	uint8_t bits[LIST_MAX / 8];
	struct cgroup_value v = {.text = text};
	int r = -EINVAL;

	switch (key->kind) {
	case CGROUP_BYTES:
		r = rf_parse_bytes(text, &v.number);
		break;
	case CGROUP_CPU:
		r = parse_cpu(text, &v);
		break;
	case CGROUP_COUNT:
		r = rf_parse_count(text, &v.number);
		break;
	case CGROUP_NUMBER:
		r = str_to_u64(text, &v.number);
		if (r >= 0 && (v.number < key->min || v.number > key->max))
			r = -ERANGE;
		break;
	case CGROUP_LIST:
		r = list_bits(text, bits);
		break;
	case CGROUP_STAT:
		break;
	}
	if (r >= 0)
		*ret = v;
	return r;
}

int cgroup_value_parse(const struct cgroup_key *key, const char *text, struct cgroup_value *ret)
{
	int r = parse(key, text, ret);

	return r < 0 ? sys_fail(-EINVAL, "check", key->pub.name, "\"%s\" is not %s", text,
				key->pub.form)
		     : 0;
}

int cgroup_value_read(const struct cgroup_key *key, const char *text, struct cgroup_value *ret)
{
	struct cgroup_value v = {.text = text};
	int r = 0;

	if (key->kind == CGROUP_CPU)
		r = read_quota(text, &v);
	else if (key->kind == CGROUP_NUMBER)
		/* io.weight is printed as "default 100". */
		r = str_to_u64(text + (str_starts(text, "default ") ? 8 : 0), &v.number);
	else if (key->kind != CGROUP_LIST && key->kind != CGROUP_STAT)
		r = rf_parse_count(text, &v.number);
	if (r < 0)
		return sys_fail(-EINVAL, "read", key->pub.name, "the kernel says \"%.80s\"", text);
	v.text = text;
	*ret = v;
	return 0;
}

static void add_number(struct str *out, uint64_t n)
{
	if (n == RF_MAX)
		str_add(out, "max");
	else
		str_addf(out, "%llu", (unsigned long long)n);
}

void cgroup_value_write(const struct cgroup_key *key, const struct cgroup_value *v, struct str *out)
{
	if (key->kind == CGROUP_LIST || key->kind == CGROUP_STAT) {
		str_add(out, v->text);
		return;
	}
	if (key->kind == CGROUP_NUMBER)
		str_addf(out, "%llu", (unsigned long long)v->number);
	else
		add_number(out, v->number);
	if (key->kind == CGROUP_CPU)
		str_addf(out, " %llu", (unsigned long long)v->period);
}

int cgroup_value_compare(const struct cgroup_key *key, const struct cgroup_value *want,
			 const struct cgroup_value *got)
{
	uint8_t a[LIST_MAX / 8], b[LIST_MAX / 8];

	if (key->kind == CGROUP_LIST) {
		if (list_bits(want->text, a) < 0 || list_bits(got->text, b) < 0)
			return -EIO;
		return memcmp(a, b, sizeof(a)) ? -EIO : 0;
	}
	if (key->kind == CGROUP_CPU)
		return want->number == got->number && want->period == got->period ? 0 : -EIO;
	if (want->number == got->number)
		return 0;
	if (key->kind == CGROUP_BYTES && cgroup_page_floor(want->number) == got->number)
		return 1;
	/* More than the kernel can count in pages is no limit. */
	if (key->kind == CGROUP_BYTES && got->number == RF_MAX && want->number >= INT64_MAX)
		return 1;
	return -EIO;
}
