// SPDX-License-Identifier: GPL-2.0-or-later
/* Words of limits, scheduling and sets: what is taken is in range, and lists come back as written. */
#include <ringfence/attributes.h>

#include "fuzz.h"

static void try_bits(const char *s)
{
	struct rf_bits bits, again;
	char *text = NULL;

	if (rf_bits_parse(s, 1000, &bits) < 0)
		return;
	if (rf_bits_format(&bits, &text) < 0)
		return;
	if (rf_bits_parse(text, 1000, &again) < 0 || memcmp(&bits, &again, sizeof(bits)))
		abort();
	free(text);
}

static void try_plain(const char *s)
{
	struct rf_rlimit l;
	struct rf_sched sched;
	struct rf_mempolicy m;
	uint32_t min, max;
	int n;

	if (rf_rlimit_parse(s, &l) >= 0 && (!l.kind || (l.has_soft && l.has_hard && l.soft > l.hard)))
		abort();
	if (rf_sched_parse(s, &sched) >= 0 &&
	    (sched.priority > 99 || sched.runtime_ns > sched.deadline_ns || sched.deadline_ns > sched.period_ns))
		abort();
	if (rf_uclamp_parse(s, &min, &max) >= 0 && (min > max || max > 1024))
		abort();
	if (rf_signal_parse(s, &n) >= 0 && (n < 1 || n > 64))
		abort();
	rf_ioprio_parse(s, &n);
	rf_mempolicy_parse(s, &m);
}

FUZZ_TARGET(attributes)
{
	char *s = fuzz_string(data, size);
	struct rf_caps_changes changes = {0};
	struct rf_caps_change change = {0};
	struct rf_securebits bits = {0};
	unsigned long persona = 0;

	try_bits(s);
	try_plain(s);
	if (rf_caps_change_parse(s, &change) >= 0 && change.raise & change.lower)
		abort();
	if (rf_securebits_parse(s, &bits) >= 0 && bits.set & bits.clear)
		abort();
	rf_personality_parse(s, &persona);
	rf_caps_text_parse(s, &changes);
	rf_iab_parse(s, &changes);
	free(s);
	return 0;
}
