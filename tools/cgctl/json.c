// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Values as JSON, by the kind of their key. Numbers are numbers, and names of members carry the unit:
 * the kernel's "usage_usec" is usage_us, the sizes of memory.stat end in _bytes, "avg10" of a pressure
 * is avg10_percent. A line for a device is an object under the device's number.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "cgroup/cgroup.h"

/* Lines of memory.stat that are sizes; the others count events or pages. */
static const char sizes[] =
	"anon file kernel kernel_stack pagetables sec_pagetables percpu sock vmalloc shmem zswap zswapped "
	"file_mapped file_dirty file_writeback swapcached anon_thp file_thp shmem_thp inactive_anon active_anon "
	"inactive_file active_file unevictable slab_reclaimable slab_unreclaimable slab hugetlb cache rss "
	"rss_huge mapped_file dirty writeback swap hierarchical_memory_limit hierarchical_memsw_limit total_cache "
	"total_rss total_rss_huge total_shmem total_mapped_file total_dirty total_writeback total_swap "
	"total_inactive_anon total_active_anon total_inactive_file total_active_file total_unevictable";

static bool is_number(const char *s)
{
	return *s && !s[strspn(s, "0123456789")] && strlen(s) < 21;
}

static void scalar(struct str *out, const char *s)
{
	if (is_number(s))
		str_add(out, s);
	else
		str_add_json(out, s);
}

static void number(struct str *out, uint64_t n)
{
	if (n == UINT64_MAX)
		str_add(out, "\"max\"");
	else
		str_addf(out, "%llu", (unsigned long long)n);
}

static void name(struct str *out, const char *s)
{
	str_add(out, out->len ? ", " : "");
	str_add_json(out, s);
	str_add(out, ": ");
}

/* The kernel's name of a line, with its unit in our words. */
static void stat_name(struct str *out, const struct cgroup_key *key, const char *word)
{
	size_t len = strlen(word);
	char buf[96];

	if (len > 5 && !strcmp(word + len - 5, "_usec"))
		snprintf(buf, sizeof(buf), "%.*s_us", (int)len - 5, word);
	else if (key && str_eq(key->pub.name, "memory.stat") && cgroup_has_word(sizes, word))
		snprintf(buf, sizeof(buf), "%s_bytes", word);
	else
		snprintf(buf, sizeof(buf), "%s", word);
	name(out, buf);
}

/* Lines of "word number" as an object; anything else as text. */
static void stat_lines(struct str *out, const struct cgroup_key *key, const char *text)
{
	char *copy __free(ptr) = strdup(text), *save = NULL;
	struct str object __free(str) = {0};

	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');

		if (!blank || !is_number(blank + 1)) {
			scalar(out, text);
			return;
		}
		*blank = '\0';
		stat_name(&object, key, line);
		str_add(&object, blank + 1);
	}
	if (object.len || key)
		str_addf(out, "{%s}", object.s ?: "");
	else
		str_add_json(out, text);
}

static const char *part_name(const struct cgroup_key *key, const char *part, char *buf, size_t size)
{
	size_t i = 0;

	for (const struct cgroup_part *p = key->parts; p && p->name; p++)
		if (str_eq(p->name, part))
			return p->json ?: part;
	for (; part[i] && i + 1 < size; i++)
		buf[i] = (char)tolower((unsigned char)part[i]);
	buf[i] = '\0';
	return buf;
}

/* A decimal fraction is a number in JSON, too. */
static bool is_decimal(const char *s)
{
	size_t whole = strspn(s, "0123456789");

	return whole && s[whole] == '.' && s[whole + 1] && !s[whole + 1 + strspn(s + whole + 1, "0123456789")];
}

/* "part=value part=value" */
static void parts(struct str *out, const struct cgroup_key *key, char *rest)
{
	struct str object __free(str) = {0};
	char *save = NULL;

	for (char *w = strtok_r(rest, " ", &save); w; w = strtok_r(NULL, " ", &save)) {
		char *eq = strchr(w, '='), buf[64];

		if (!eq)
			continue;
		*eq = '\0';
		if (key->kind == CGROUP_PRESSURE)
			snprintf(buf, sizeof(buf), "%s_%s", w, str_eq(w, "total") ? "us" : "percent");
		name(&object, key->kind == CGROUP_PRESSURE ? buf : part_name(key, w, buf, sizeof(buf)));
		if (is_decimal(eq + 1))
			str_add(&object, eq + 1);
		else
			scalar(&object, eq + 1);
	}
	str_addf(out, "{%s}", object.s ?: "");
}

static void lines(struct str *out, const struct cgroup_key *key, const char *text)
{
	char *copy __free(ptr) = strdup(text), *save = NULL;
	struct str object __free(str) = {0};

	/* One line of parts, without a name before them. */
	if (copy && !strchr(text, '\n') && strcspn(text, "=") < strcspn(text, " ")) {
		parts(out, key, copy);
		return;
	}
	for (char *line = copy ? strtok_r(copy, "\n", &save) : NULL; line; line = strtok_r(NULL, "\n", &save)) {
		char *blank = strchr(line, ' ');

		if (blank)
			*blank = '\0';
		/* v1 says a weight without the word "default". */
		name(&object, blank ? line : "default");
		if (!blank)
			scalar(&object, line);
		else if (strchr(blank + 1, '='))
			parts(&object, key, blank + 1);
		else
			scalar(&object, blank + 1);
	}
	str_addf(out, "{%s}", object.s ?: "");
}

/* Words or numbers, each an element. */
static void array(struct str *out, const char *text)
{
	char *copy __free(ptr) = strdup(text), *save = NULL;
	bool first = true;

	str_add(out, "[");
	for (char *w = copy ? strtok_r(copy, " \n", &save) : NULL; w; w = strtok_r(NULL, " \n", &save)) {
		str_add(out, first ? "" : ", ");
		scalar(out, w);
		first = false;
	}
	str_add(out, "]");
}

/* "1000B/s" as a number of bytes a second */
static void rate(struct str *out, const char *text, size_t len)
{
	size_t digits = strspn(text, "0123456789");

	if (digits)
		str_addf(out, "%.*s", (int)digits, text);
	else
		str_addf(out, "\"%.*s\"", (int)len, text);
}

static void rates(struct str *out, const char *text)
{
	str_add(out, "{");
	for (const char *at = text; *at; at += strcspn(at, " "), at += *at == ' ') {
		size_t len = strcspn(at, "=");

		str_addf(out, "%s\"%.*s_bytes_per_s\": ", at == text ? "" : ", ", (int)len, at);
		rate(out, at + len + 1, strcspn(at + len + 1, " "));
	}
	str_add(out, "}");
}

/* As OCI has them; a number that is null stands for all. */
static void rules(struct str *out, const char *text)
{
	struct cgroup_rules list;

	if (cgroup_rules_parse(text, &list) < 0)
		list.n = 0;
	str_add(out, "[");
	for (size_t i = 0; i < list.n; i++) {
		const struct cgroup_device_rule *d = &list.list[i];

		str_addf(out, "%s{\"allow\": %s, \"type\": \"%c\", \"major\": ", i ? ", " : "", d->allow ? "true" : "false", d->type);
		if (d->major == CGROUP_ANY_DEVICE)
			str_add(out, "null");
		else
			str_addf(out, "%u", d->major);
		str_add(out, ", \"minor\": ");
		if (d->minor == CGROUP_ANY_DEVICE)
			str_add(out, "null");
		else
			str_addf(out, "%u", d->minor);
		str_add(out, ", \"access\": \"");
		for (size_t bit = 0; CGROUP_ACCESS[bit]; bit++)
			if (d->access & 1u << bit)
				str_addf(out, "%c", CGROUP_ACCESS[bit]);
		str_add(out, "\"}");
	}
	str_add(out, "]");
}

static void typed(struct str *out, const struct cgroup_key *key, const struct cgroup_value *v, const char *text)
{
	switch (key->kind) {
	case CGROUP_CPU:
		str_add(out, "{\"quota_us\": ");
		number(out, v->number);
		str_addf(out, ", \"period_us\": %llu}", (unsigned long long)v->period);
		return;
	case CGROUP_NICE:
		str_addf(out, "%d", (int)v->number - 20);
		return;
	case CGROUP_PERCENT:
		if (v->number == UINT64_MAX)
			str_add(out, "\"max\"");
		else
			str_addf(out, "%g", (double)v->number / 100);
		return;
	case CGROUP_NESTED:
	case CGROUP_WEIGHTS:
	case CGROUP_PRESSURE:
		lines(out, key, text);
		return;
	case CGROUP_RATES:
		rates(out, text);
		return;
	case CGROUP_RATE:
		rate(out, text, strlen(text));
		return;
	case CGROUP_RULES:
		rules(out, text);
		return;
	case CGROUP_STAT:
		stat_lines(out, key, text);
		return;
	case CGROUP_IDS:
	case CGROUP_TOGGLES:
		array(out, text);
		return;
	case CGROUP_LIST:
		if (str_eq(key->pub.controller, "cgroup"))
			array(out, text);
		else
			str_add_json(out, text);
		return;
	case CGROUP_WORD:
	case CGROUP_TRIGGER:
		str_add_json(out, text);
		return;
	default:
		number(out, v->number);
	}
}

void cgctl_json_value(struct str *out, const char *key_name, const char *text)
{
	const struct cgroup_key *key = cgroup_key_find(key_name);
	struct cgroup_value v;

	name(out, key_name);
	if (key && cgroup_value_read(key, text, &v) >= 0)
		typed(out, key, &v, text);
	else
		stat_lines(out, NULL, text);
}
