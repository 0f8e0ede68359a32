// SPDX-License-Identifier: LGPL-2.1-or-later
/* The answer in a few lines, the gravest first: killed, frozen, at a limit, slowed down, nothing. */
#include "cgroup/why.h"

void why_number(enum why_kind kind, uint64_t number, struct str *out)
{
	if (number == RF_MAX)
		str_add(out, "max");
	else if (kind == WHY_BYTES)
		str_add(out, facts_bytes(number));
	else if (kind == WHY_CPU)
		str_addf(out, "%lu.%02lu CPUs", number / 1000, number % 1000 / 10);
	else
		str_addf(out, "%lu", number);
}

static void say_killed(struct why *w)
{
	const struct oom_kill *last = w->n_kills ? &w->log.list[w->kills[0]] : NULL;

	if (w->oom_kills == RF_CGROUP_UNKNOWN || !w->oom_kills)
		return;
	str_addf(&w->answer, "Killed: %lu process%s for want of memory since the group was made", w->oom_kills,
		 w->oom_kills == 1 ? "" : "es");
	if (last && last->limit_group)
		str_addf(&w->answer, ", the last by the limit of %s", last->limit_group);
	else if (last)
		str_add(&w->answer, ", the last because the machine was full");
	str_add(&w->answer, ".\n");
}

static void say_frozen(struct why *w, const struct why_limit *l)
{
	if (l->group)
		str_addf(&w->answer, "Frozen: %s is told to stand still.\n", l->group);
}

static void say_cpu(struct why *w, const struct why_limit *l)
{
	uint64_t share = fact_set(l->periods) && l->periods && fact_set(l->hits) ? l->hits * 100 / l->periods : 0;

	if (!l->group || !fact_set(l->hits) || !l->hits)
		return;
	str_addf(&w->answer, "%s: %lu %% of the periods by cpu.max of %s (", share >= 10 ? "Throttled" : "Throttled a little", share,
		 l->group);
	why_number(WHY_CPU, l->limit, &w->answer);
	str_addf(&w->answer, "), %lu ms in all.\n", fact_set(l->throttled_us) ? l->throttled_us / 1000 : 0);
}

/* At the limit now, or hit before. */
static void say_count(struct why *w, const struct why_limit *l)
{
	bool full = l->used != RF_CGROUP_UNKNOWN && l->limit != RF_MAX && l->limit && l->used >= l->limit - l->limit / 20;

	if (!l->group || (!full && (!fact_set(l->hits) || !l->hits)))
		return;
	str_addf(&w->answer, "%s: %s of %s, ", full ? "Full" : "Was full", l->key, l->group);
	if (l->used != RF_CGROUP_UNKNOWN) {
		why_number(l->kind, l->used, &w->answer);
		str_add(&w->answer, " of ");
	}
	why_number(l->kind, l->limit, &w->answer);
	if (fact_set(l->hits) && l->hits)
		str_addf(&w->answer, "; %lu %s since the group was made", l->hits, l->hit);
	str_add(&w->answer, ".\n");
}

static void say_pressure(struct why *w)
{
	for (size_t i = 0; i < w->n_pressures; i++) {
		const struct why_pressure *p = &w->pressures[i];

		if (p->full || (p->avg10 < 10 && p->avg60 < 10))
			continue;
		str_addf(&w->answer, "Waits: %.0f %% of the last 10 s for %s%s.\n", p->avg10, p->resource,
			 *w->group && w->pressure_group && !w->pressure_group[1] ? ", on the whole system" : "");
	}
}

void why_answer(struct why *w)
{
	say_killed(w);
	for (size_t i = 0; i < w->n_limits; i++)
		if (w->limits[i].kind == WHY_FROZEN)
			say_frozen(w, &w->limits[i]);
	for (size_t i = 0; i < w->n_limits; i++)
		if (w->limits[i].kind == WHY_BYTES || w->limits[i].kind == WHY_COUNT)
			say_count(w, &w->limits[i]);
	for (size_t i = 0; i < w->n_limits; i++)
		if (w->limits[i].kind == WHY_CPU)
			say_cpu(w, &w->limits[i]);
	say_pressure(w);
	if (!w->answer.len)
		str_add(&w->answer, "Nothing that can be seen here holds it up: no limit was reached, nothing was killed.\n");
}
