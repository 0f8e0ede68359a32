// SPDX-License-Identifier: GPL-2.0-or-later
/* A kill for want of memory in words: who, whose limit, what was there at the time, what to do. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "cgroup/facts.h"
#include "why.h"

enum { SHOWN = 10 };

static bool is_known(uint64_t n)
{
	return n != RF_CGROUP_UNKNOWN;
}

static const char *size_of(uint64_t bytes)
{
	return bytes == RF_MAX ? "max" : is_known(bytes) ? facts_bytes(bytes) : "?";
}

void why_json_number(struct str *out, const char *name, uint64_t number)
{
	bool first = out->len && out->s[out->len - 1] == '{';

	str_addf(out, "%s\"%s\": ", first ? "" : ", ", name);
	if (number == RF_MAX)
		str_add(out, "\"max\"");
	else if (is_known(number))
		str_addf(out, "%lu", number);
	else
		str_add(out, "null");
}

void why_json_text(struct str *out, const char *name, const char *text)
{
	bool first = out->len && out->s[out->len - 1] == '{';

	str_addf(out, "%s\"%s\": ", first ? "" : ", ", name);
	if (text)
		str_add_json(out, text);
	else
		str_add(out, "null");
}

static void when(const struct oom_kill *k, struct str *out)
{
	if (is_known(k->time_us))
		str_addf(out, "%lu.%01lu s after boot", k->time_us / 1000000, k->time_us / 100000 % 10);
	else
		str_add(out, "at an unknown time");
}

void oom_line(const struct oom_kill *k, struct str *out)
{
	str_addf(out, "%d (%s) in %s, ", (int)k->pid, k->victim, k->task_group ?: "?");
	if (k->limit_group)
		str_addf(out, "limit of %s (%s), ", k->limit_group, size_of(k->limit_bytes));
	else
		str_addf(out, "the machine was full, ");
	when(k, out);
}

static uint64_t rss(const struct oom_kill *k)
{
	uint64_t sum = 0;

	if (!is_known(k->anon_bytes))
		return RF_CGROUP_UNKNOWN;
	sum += k->anon_bytes;
	sum += is_known(k->file_bytes) ? k->file_bytes : 0;
	sum += is_known(k->shmem_bytes) ? k->shmem_bytes : 0;
	return sum;
}

static int by_rss(const void *a, const void *b)
{
	const struct oom_task *s = *(const struct oom_task *const *)a, *t = *(const struct oom_task *const *)b;

	return (s->rss_bytes < t->rss_bytes) - (s->rss_bytes > t->rss_bytes);
}

static void explain_tasks(const struct oom_kill *k, struct str *out)
{
	const struct oom_task **sorted __free(ptr) = calloc(k->n_tasks ?: 1, sizeof(const struct oom_task *));

	if (!sorted || !k->n_tasks)
		return;
	for (size_t i = 0; i < k->n_tasks; i++)
		sorted[i] = &k->tasks[i];
	qsort(sorted, k->n_tasks, sizeof(const struct oom_task *), by_rss);
	str_addf(out, "\nWho was there\n  %10s  %10s  %10s  %5s  %s\n", "PID", "RESIDENT", "SWAP", "ADJ", "NAME");
	for (size_t i = 0; i < k->n_tasks && i < SHOWN; i++)
		str_addf(out, "  %10d  %10s  %10s  %5ld  %s%s\n", (int)sorted[i]->pid, size_of(sorted[i]->rss_bytes),
			 size_of(sorted[i]->swap_bytes), (long)sorted[i]->score_adj, sorted[i]->name,
			 sorted[i]->pid == k->pid ? "  <- killed" : "");
	if (k->n_tasks > SHOWN)
		str_addf(out, "  and %zu more\n", k->n_tasks - SHOWN);
}

static void explain_remedy(const struct oom_kill *k, struct str *out)
{
	uint64_t page = 4096, more = k->limit_bytes + k->limit_bytes / 2;

	str_add(out, "\nWhat to do\n");
	if (!k->limit_group) {
		str_add(out, "  Limit what grows, so that it is killed and nothing else: cgctl set GROUP memory.max=SIZE\n"
			     "  Protect what shall live: cgctl set GROUP memory.min=SIZE\n");
		return;
	}
	if (is_known(k->limit_bytes) && k->limit_bytes != RF_MAX)
		str_addf(out, "  More memory: cgctl set %s memory.max=%lu\n", k->limit_group, more / page * page);
	if (k->task_group && strcmp(k->task_group, k->limit_group))
		str_addf(out, "  Or a limit of its own for who takes too much: cgctl set %s memory.max=SIZE\n", k->task_group);
	if (!k->whole_group && k->n_tasks > 1)
		str_addf(out, "  All of the group or none: cgctl set %s memory.oom.group=1 (cgroup v2)\n", k->limit_group);
	str_addf(out, "  What it has now: cgctl why %s\n", k->limit_group);
	str_add(out, "  Each hit as it happens: cgprobe memory -G GROUP\n");
}

void oom_explain(const struct oom_kill *k, struct str *out)
{
	str_addf(out, "Killed: %d (%s)", (int)k->pid, k->victim);
	if (k->n_killed > 1)
		str_addf(out, " and %zu more", k->n_killed - 1);
	if (k->limit_group)
		str_addf(out, ", by the memory limit of %s", k->limit_group);
	else
		str_add(out, ", because the machine was full");
	str_add(out, ", ");
	when(k, out);
	str_addf(out, ".\n\n  group      %s\n", k->task_group ?: "?");
	str_addf(out, "  resident   %s: anonymous %s, file %s, shared %s\n", size_of(rss(k)), size_of(k->anon_bytes),
		 size_of(k->file_bytes), size_of(k->shmem_bytes));
	if (is_known(k->limit_bytes))
		str_addf(out, "  limit      %s, used %s, hit %lu times\n", size_of(k->limit_bytes), size_of(k->usage_bytes),
			 is_known(k->hits) ? k->hits : 0);
	if (is_known(k->swap_limit_bytes))
		str_addf(out, "  %-10s limit %s, used %s\n", k->memsw ? "with swap" : "swap", size_of(k->swap_limit_bytes),
			 size_of(k->swap_usage_bytes));
	if (*k->invoker)
		str_addf(out, "  asked      %s wanted a page and there was none\n", k->invoker);
	str_addf(out, "  score adj  %ld\n", (long)k->score_adj);
	str_addf(out, "  constraint %s\n", k->constraint);
	if (k->whole_group)
		str_add(out, "  oom.group  set: all of the group was killed\n");
	explain_tasks(k, out);
	explain_remedy(k, out);
}

void oom_json(const struct oom_kill *k, struct str *out)
{
	str_add(out, "{");
	why_json_number(out, "time_us", k->time_us);
	why_json_number(out, "pid", (uint64_t)k->pid);
	why_json_text(out, "name", k->victim);
	why_json_text(out, "constraint", k->constraint);
	why_json_text(out, "limit_group", k->limit_group);
	why_json_text(out, "group", k->task_group);
	why_json_text(out, "asked_by", k->invoker);
	why_json_number(out, "uid", k->uid);
	why_json_number(out, "anon_bytes", k->anon_bytes);
	why_json_number(out, "file_bytes", k->file_bytes);
	why_json_number(out, "shmem_bytes", k->shmem_bytes);
	why_json_number(out, "usage_bytes", k->usage_bytes);
	why_json_number(out, "limit_bytes", k->limit_bytes);
	why_json_number(out, "limit_hits", k->hits);
	why_json_number(out, k->memsw ? "memsw_usage_bytes" : "swap_usage_bytes", k->swap_usage_bytes);
	why_json_number(out, k->memsw ? "memsw_limit_bytes" : "swap_limit_bytes", k->swap_limit_bytes);
	why_json_number(out, "killed", k->n_killed);
	str_addf(out, ", \"oom_group\": %s, \"score_adj\": %ld, \"tasks\": [", k->whole_group ? "true" : "false", (long)k->score_adj);
	for (size_t i = 0; i < k->n_tasks; i++) {
		str_add(out, i ? ", {" : "{");
		why_json_number(out, "pid", (uint64_t)k->tasks[i].pid);
		why_json_number(out, "uid", k->tasks[i].uid);
		why_json_number(out, "rss_bytes", k->tasks[i].rss_bytes);
		why_json_number(out, "swap_bytes", k->tasks[i].swap_bytes);
		str_addf(out, ", \"score_adj\": %ld", (long)k->tasks[i].score_adj);
		why_json_text(out, "name", k->tasks[i].name);
		str_add(out, "}");
	}
	str_add(out, "]}");
}
