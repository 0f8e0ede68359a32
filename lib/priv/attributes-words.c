// SPDX-License-Identifier: LGPL-2.1-or-later
/* Attributes in words for people, the same in a plan's listing and in show. */
#include <linux/ioprio.h>
#include <ringfence/units.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "priv/attributes.h"


void attr_limit_words(const struct rf_rlimit_kind *kind, uint64_t value, struct str *out)
{
	char buf[32];

	if (value == RF_MAX)
		str_add(out, "unlimited");
	else if (kind->unit == RF_RLIMIT_BYTES && value)
		str_add(out, rf_format_bytes(value, buf, sizeof(buf)));
	else if (kind->unit == RF_RLIMIT_SECONDS)
		str_addf(out, "%llu s", (unsigned long long)value);
	else if (kind->unit == RF_RLIMIT_MICROSECONDS)
		str_addf(out, "%llu us", (unsigned long long)value);
	else
		str_addf(out, "%llu", (unsigned long long)value);
}

void attr_ioprio_words(int ioprio, struct str *out)
{
	int class = ioprio >> IOPRIO_CLASS_SHIFT & 7;

	str_add(out, attr_name(ioprio_names, class) ?: "?");
	if (class == IOPRIO_CLASS_RT || class == IOPRIO_CLASS_BE)
		str_addf(out, ":%d", ioprio & 7);
}

static void add_time(struct str *out, uint64_t ns)
{
	char buf[32];

	str_add(out, rf_format_time_us(ns / 1000, buf, sizeof(buf)));
}

void attr_sched_words(const struct rf_sched *s, struct str *out)
{
	str_add(out, attr_name(sched_names, s->policy) ?: "?");
	if (s->priority)
		str_addf(out, ":%u", s->priority);
	if (!s->period_ns)
		return;
	str_add(out, ", ");
	add_time(out, s->runtime_ns);
	str_add(out, " within ");
	add_time(out, s->deadline_ns);
	str_add(out, " of each ");
	add_time(out, s->period_ns);
}

void attr_mempolicy_words(const struct rf_mempolicy *m, struct str *out)
{
	char *nodes __free(ptr) = NULL;

	str_add(out, attr_name(mempolicy_names, m->mode) ?: "?");
	if (rf_bits_format(&m->nodes, &nodes) >= 0 && nodes[0])
		str_addf(out, ":%s", nodes);
}
