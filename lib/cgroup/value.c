// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Values between what a user writes, what they mean, and what cgroup v2 prints. An amount of CPU
 * becomes a quota in a period of 100 ms, the kernel's default; a very small one gets a period of
 * 1 s, since no quota may be below 1 ms.
 */
#include <ringfence/net.h>
#include <ringfence/units.h>

#include <unistd.h>

#include "cgroup/cgroup.h"

enum {
	CPU_PERIOD_US = 100000,
	CPU_PERIOD_MIN_US = 1000,
	CPU_PERIOD_MAX_US = 1000000,
	CPU_QUOTA_MIN_US = 1000,
	PERCENT_MAX = 10000,
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

bool cgroup_list_within(const char *a, const char *b)
{
	uint8_t x[LIST_MAX / 8], y[LIST_MAX / 8];

	if (list_bits(a, x) < 0 || list_bits(b, y) < 0)
		return false;
	for (size_t i = 0; i < sizeof(x); i++)
		if (x[i] & ~y[i])
			return false;
	return true;
}

static int parse_nice(const char *text, uint64_t *ret_number)
{
	bool minus = *text == '-';
	uint64_t n;
	int r = str_to_u64(text + minus, &n);

	if (r >= 0 && n > (minus ? 20u : 19u))
		r = -ERANGE;
	if (r >= 0)
		*ret_number = minus ? 20 - n : 20 + n;
	return r;
}

/* "12", "12.5", "12.50%" to hundredths. */
static int parse_percent(const char *text, uint64_t *ret_number)
{
	size_t whole = strspn(text, "0123456789"), part = 0;
	uint64_t n = 0;

	if (str_eq(text, "max")) {
		*ret_number = RF_MAX;
		return 0;
	}
	if (!whole || whole > 3)
		return -EINVAL;
	if (text[whole] == '.') {
		part = strspn(text + whole + 1, "0123456789");
		if (!part || part > 2)
			return -EINVAL;
	}
	if (text[whole + part + (part > 0)] && !str_eq(text + whole + part + (part > 0), "%"))
		return -EINVAL;
	for (size_t i = 0; i < whole; i++)
		n = n * 10 + (uint64_t)(text[i] - '0');
	for (size_t i = 0; i < 2; i++)
		n = n * 10 + (i < part ? (uint64_t)(text[whole + 1 + i] - '0') : 0);
	if (n > PERCENT_MAX)
		return -ERANGE;
	*ret_number = n;
	return 0;
}

static int parse_word(const struct cgroup_key *key, const char *text)
{
	for (const char *const *w = key->words; *w; w++)
		if (str_eq(*w, text))
			return 0;
	return -EINVAL;
}

/* "+cpu -io", with one blank between. */
static int parse_toggles(const char *text, struct cgroup_value *v)
{
	char copy[CGROUP_LINE_MAX], *save = NULL;
	size_t len = 0;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return -EINVAL;
	for (char *w = strtok_r(copy, " ,", &save); w; w = strtok_r(NULL, " ,", &save)) {
		if ((*w != '+' && *w != '-') || !w[1] || w[1 + strspn(w + 1, "abcdefghijklmnopqrstuvwxyz_")])
			return -EINVAL;
		len += (size_t)snprintf(v->line + len, sizeof(v->line) - len, "%s%s", len ? " " : "", w);
	}
	return len ? 0 : -EINVAL;
}

/* DEFAULT, "DEVICE WEIGHT" or "DEVICE default". */
static int parse_weights(const struct cgroup_key *key, const char *text, struct cgroup_value *v)
{
	const char *blank = strchr(text, ' ');
	char name[CGROUP_LINE_MAX];
	int r;

	if (str_starts(text, "default "))
		text += 8, blank = NULL;
	if (blank) {
		snprintf(name, sizeof(name), "%.*s", (int)(blank - text), text);
		r = cgroup_device(key, name, name, sizeof(name));
		if (r < 0)
			return r;
		text = blank + 1;
	}
	v->number = RF_MAX;
	r = blank && str_eq(text, "default") ? 0 : str_to_u64(text, &v->number);
	if (r >= 0 && v->number != RF_MAX && (v->number < key->min || v->number > key->max))
		r = -ERANGE;
	if (r >= 0 && blank)
		snprintf(v->line, sizeof(v->line), "%.20s %s", name, text);
	return r;
}

/* A rule of v1's devices: TYPE MAJOR:MINOR ACCESS, with * for all numbers; or a alone. */
static bool is_device_rule(const char *text)
{
	size_t n;

	if (str_eq(text, "a"))
		return true;
	if (!strchr("abc", *text) || !*text || text[1] != ' ')
		return false;
	text += 2;
	for (int i = 0; i < 2; i++) {
		n = *text == '*' ? 1 : strspn(text, "0123456789");
		if (!n || text[n] != (i ? ' ' : ':'))
			return false;
		text += n + 1;
	}
	n = strspn(text, "rwm");
	return n && n <= 3 && !text[n];
}

static int parse_trigger(const struct cgroup_key *key, const char *text, struct cgroup_value *v)
{
	const char *rest = text + strcspn(text, " ");
	char size[32];
	int r;

	if (str_starts(key->pub.name, "devices."))
		return is_device_rule(text) ? str_copy(v->line, sizeof(v->line), text) : -EINVAL;
	if (!key->pub.unit)
		return str_eq(text, "1") ? str_copy(v->line, sizeof(v->line), text) : -EINVAL;
	if ((size_t)(rest - text) >= sizeof(size))
		return -EINVAL;
	memcpy(size, text, (size_t)(rest - text));
	size[rest - text] = '\0';
	r = rf_parse_bytes(size, &v->number);
	if (r < 0 || v->number == RF_MAX || (*rest && !str_starts(rest, " swappiness=")))
		return -EINVAL;
	snprintf(v->line, sizeof(v->line), "%llu%.64s", (unsigned long long)v->number, rest);
	return 0;
}

/* Kept as text, which who keeps it parses again. */
static int parse_kept(const struct cgroup_key *key, const char *text)
{
	uint64_t rates[RF_NET_WAYS] = {RF_MAX, RF_MAX};
	struct cgroup_rules rules;

	return key->kind == CGROUP_RULES ? cgroup_rules_parse(text, &rules) : rf_net_parse(key->pub.name, text, rates);
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
	case CGROUP_TIME:
		r = str_to_u64(text, &v.number) >= 0 ? 0 : rf_parse_time_us(text, &v.number);
		break;
	case CGROUP_NICE:
		r = parse_nice(text, &v.number);
		break;
	case CGROUP_PERCENT:
		r = parse_percent(text, &v.number);
		break;
	case CGROUP_WORD:
		r = parse_word(key, text);
		break;
	case CGROUP_TOGGLES:
		r = parse_toggles(text, &v);
		break;
	case CGROUP_NESTED:
		r = cgroup_nested_parse(key, text, &v);
		break;
	case CGROUP_WEIGHTS:
		r = parse_weights(key, text, &v);
		break;
	case CGROUP_TRIGGER:
		r = parse_trigger(key, text, &v);
		break;
	case CGROUP_RULES:
	case CGROUP_RATES:
	case CGROUP_RATE:
		r = parse_kept(key, text);
		break;
	default:
		break;
	}
	if (r >= 0)
		*ret = v;
	return r;
}

int cgroup_value_parse(const struct cgroup_key *key, const char *text, struct cgroup_value *ret)
{
	int r;

	rf_trace_forget();
	r = parse(key, text, ret);
	/* Of a device it has been said what is wrong with it. */
	if (r == -EINVAL && str_eq(rf_trace_last_failure()->name, "check"))
		return r;
	return r < 0 ? sys_fail(-EINVAL, "check", key->pub.name, "\"%s\" is not %s", text,
				key->pub.read_only ? "to be set: it is only read" : key->pub.form)
		     : 0;
}

bool cgroup_kind_is_number(enum cgroup_kind kind)
{
	switch (kind) {
	case CGROUP_BYTES:
	case CGROUP_CPU:
	case CGROUP_COUNT:
	case CGROUP_NUMBER:
	case CGROUP_TIME:
	case CGROUP_NICE:
	case CGROUP_PERCENT:
	case CGROUP_WEIGHTS:
		return true;
	default:
		return false;
	}
}

int cgroup_value_read(const struct cgroup_key *key, const char *text, struct cgroup_value *ret)
{
	struct cgroup_value v = {.text = text};
	char first[32];
	int r = 0;

	str_cut(first, sizeof(first), text, "\n");
	if (key->kind == CGROUP_CPU)
		r = read_quota(text, &v);
	else if (key->kind == CGROUP_NICE)
		r = parse_nice(text, &v.number);
	else if (key->kind == CGROUP_PERCENT)
		r = parse_percent(text, &v.number);
	else if (key->kind == CGROUP_NUMBER || key->kind == CGROUP_TIME)
		r = str_to_u64(text, &v.number);
	else if (key->kind == CGROUP_WEIGHTS)
		/* "default 100", and a line for each device that has another. */
		r = str_to_u64(first + (str_starts(first, "default ") ? 8 : 0), &v.number);
	else if (cgroup_kind_is_number(key->kind))
		r = rf_parse_count(text, &v.number);
	if (r < 0)
		return sys_fail(-EINVAL, "read", key->pub.name, "the kernel says \"%.80s\"", text);
	v.text = text;
	*ret = v;
	return 0;
}

void cgroup_value_write(const struct cgroup_key *key, const struct cgroup_value *v, struct str *out)
{
	unsigned long long n = v->number;

	if (v->line[0])
		str_add(out, v->line);
	else if (!cgroup_kind_is_number(key->kind))
		str_add(out, v->text);
	else if (key->kind == CGROUP_NICE)
		str_addf(out, "%d", (int)n - 20);
	else if (v->number == RF_MAX && key->kind != CGROUP_NUMBER && key->kind != CGROUP_TIME &&
		 key->kind != CGROUP_WEIGHTS)
		str_add(out, "max");
	else if (key->kind == CGROUP_PERCENT)
		str_addf(out, "%llu.%02llu", n / 100, n % 100);
	else
		str_add_u64(out, n);
	if (key->kind == CGROUP_CPU)
		str_addf(out, " %llu", (unsigned long long)v->period);
}

/* Is each controller on or off as wanted? */
static int compare_toggles(const char *want, const char *got)
{
	char copy[CGROUP_LINE_MAX], *save = NULL;

	str_copy(copy, sizeof(copy), want);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		if (cgroup_has_word(got, w + 1) != (*w == '+'))
			return -EIO;
	return 0;
}

static int compare_weights(const struct cgroup_value *want, const struct cgroup_value *got)
{
	size_t len = strcspn(want->line, " ");
	const char *line = want->line[0] ? cgroup_nested_line(got->text, want->line, len) : NULL;

	if (!want->line[0])
		return want->number == got->number ? 0 : -EIO;
	if (want->number == RF_MAX)
		return line ? -EIO : 0;
	return line && strtoull(line, NULL, 10) == want->number ? 0 : -EIO;
}

static int compare_bytes(uint64_t want, uint64_t got)
{
	if (want == got)
		return 0;
	if (cgroup_page_floor(want) == got)
		return 1;
	/* More than the kernel can count in pages is no limit. */
	return got == RF_MAX && want >= INT64_MAX ? 1 : -EIO;
}

/* Each way that is named. */
static int compare_rates(const struct cgroup_key *key, const char *want, const char *got)
{
	uint64_t is[RF_NET_WAYS] = {RF_MAX, RF_MAX}, as_wanted[RF_NET_WAYS];
	int r = rf_net_parse(key->pub.name, got, is);

	memcpy(as_wanted, is, sizeof(is));
	if (r >= 0)
		r = rf_net_parse(key->pub.name, want, as_wanted);
	return r < 0 || memcmp(is, as_wanted, sizeof(is)) ? -EIO : 0;
}

static int compare_rules(const char *want, const char *got)
{
	char *a __free(ptr) = NULL, *b __free(ptr) = NULL;

	return cgroup_rules_plain(want, "\n", &a) < 0 || cgroup_rules_plain(got, "\n", &b) < 0 || !str_eq(a, b) ? -EIO : 0;
}

int cgroup_value_compare(const struct cgroup_key *key, const struct cgroup_value *want,
			 const struct cgroup_value *got)
{
	uint8_t a[LIST_MAX / 8], b[LIST_MAX / 8];

	switch (key->kind) {
	case CGROUP_LIST:
		if (list_bits(want->text, a) < 0 || list_bits(got->text, b) < 0)
			return -EIO;
		return memcmp(a, b, sizeof(a)) ? -EIO : 0;
	case CGROUP_CPU:
		return want->number == got->number && want->period == got->period ? 0 : -EIO;
	case CGROUP_BYTES:
		return compare_bytes(want->number, got->number);
	case CGROUP_PERCENT:
		/* All of it is printed as max. */
		return want->number == got->number || (want->number == PERCENT_MAX && got->number == RF_MAX) ||
				       (want->number == RF_MAX && got->number == PERCENT_MAX)
			       ? 0
			       : -EIO;
	case CGROUP_WORD:
		return str_eq(want->text, got->text) ? 0 : -EIO;
	case CGROUP_TOGGLES:
		return compare_toggles(want->line, got->text);
	case CGROUP_NESTED:
		return cgroup_nested_compare(key, want->line, got->text);
	case CGROUP_WEIGHTS:
		return compare_weights(want, got);
	case CGROUP_TRIGGER:
		return 0;
	case CGROUP_RULES:
		return compare_rules(want->text, got->text);
	case CGROUP_RATES:
	case CGROUP_RATE:
		return compare_rates(key, want->text, got->text);
	default:
		return want->number == got->number ? 0 : -EIO;
	}
}

/* The controllers that are to be switched back. */
static char *toggles_before(const char *want, const char *old)
{
	char copy[CGROUP_LINE_MAX], *save = NULL, *taken;
	struct str out __free(str) = {0};

	str_copy(copy, sizeof(copy), want);
	for (char *w = strtok_r(copy, " ", &save); w; w = strtok_r(NULL, " ", &save))
		str_addf(&out, "%s%c%s", out.len ? " " : "", cgroup_has_word(old, w + 1) ? '+' : '-', w + 1);
	return str_take(&out, &taken) < 0 ? NULL : taken;
}

static char *weight_before(const char *want, const char *old)
{
	size_t len = strcspn(want, " ");
	const char *line = *want ? cgroup_nested_line(old, want, len) : NULL;

	if (!*want)
		return str_format("%.*s", (int)strcspn(old, "\n"), old);
	return line ? str_format("%.*s %.*s", (int)len, want, (int)strcspn(line, "\n"), line)
		    : str_format("%.*s default", (int)len, want);
}

char *cgroup_value_before(const struct cgroup_key *key, const struct cgroup_value *want, const char *old)
{
	if (key->kind == CGROUP_TOGGLES)
		return toggles_before(want->line, old);
	if (key->kind == CGROUP_NESTED)
		return cgroup_nested_before(key, want->line, old);
	if (key->kind == CGROUP_WEIGHTS)
		return weight_before(want->line, old);
	/* "root invalid (reason)" was once set to root. */
	if (key->kind == CGROUP_WORD)
		return strndup(old, strcspn(old, " "));
	return strdup(old);
}
