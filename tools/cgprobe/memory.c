// SPDX-License-Identifier: GPL-2.0-or-later
/* cgprobe memory: limit hits and OOM kills, each with the group whose limit it was. */
#include <ringfence/units.h>
#include <stdio.h>

#include "cgprobe.h"

static bool stream;

const struct opt_row memory_options[] = {
	WATCH_OPTIONS,
	{0, "stream", OPT_FLAG, &stream, NULL,
	 "print each limit hit and each kill as it comes, before the report"},
	{0},
};

static const struct column summary_columns[] = {
	{"group", "group", CELL_TEXT},
	{"directory", "directory", CELL_TEXT},
	{"source", "source", CELL_TEXT},
	{"why_files", "why files", CELL_TEXT},
	{"elapsed_us", "watched", CELL_TIME_US},
	{"limit_bytes", "limit", CELL_BYTES},
	{"high_bytes", "high", CELL_BYTES},
	{"usage_bytes", "usage", CELL_BYTES},
	{"peak_bytes", "peak", CELL_BYTES},
	{"kernel_limit_hits", "limit hits (kernel)", CELL_NUMBER},
	{"kernel_high_hits", "high hits (kernel)", CELL_NUMBER},
	{"kernel_oom_kills", "OOM kills (kernel)", CELL_NUMBER},
	{"hit_count", "limit hits", CELL_NUMBER},
	{"reclaim_us", "reclaim", CELL_TIME_US},
	{"oom_kill_count", "OOM kills", CELL_NUMBER},
	{"records_dropped", "records dropped", CELL_NUMBER},
	{"events_dropped", "events dropped", CELL_NUMBER},
	{0},
};

static const struct column hit_columns[] = {
	{"tid", "TID", CELL_NUMBER},
	{"pid", "PID", CELL_NUMBER},
	{"comm", "COMM", CELL_TEXT},
	{"group", "GROUP", CELL_TEXT},
	{"hit_count", "HITS", CELL_NUMBER},
	{"reclaim_us", "RECLAIM", CELL_TIME_US},
	{"reclaim_max_us", "MAX", CELL_TIME_US},
	{"reclaimed_bytes", "RECLAIMED", CELL_BYTES},
	{"usage_bytes", "USAGE", CELL_BYTES},
	{"limit_bytes", "LIMIT", CELL_BYTES},
	{"limit", "FILE", CELL_TEXT},
	{"limit_group", "SET BY", CELL_TEXT},
	{0},
};

/* Of both kinds of event; what only the other kind has is null. */
static const struct column event_columns[] = {
	{"event", "EVENT", CELL_TEXT},
	{"time_us", "TIME", CELL_TIME_US},
	{"pid", "PID", CELL_NUMBER},
	{"tid", "TID", CELL_NUMBER},
	{"comm", "COMM", CELL_TEXT},
	{"group", "GROUP", CELL_TEXT},
	{"usage_bytes", "USAGE", CELL_BYTES},
	{"limit_bytes", "LIMIT", CELL_BYTES},
	{"limit", "FILE", CELL_TEXT},
	{"limit_group", "SET BY", CELL_TEXT},
	{"reclaim_us", "RECLAIM", CELL_TIME_US},
	{"reclaimed_bytes", "RECLAIMED", CELL_BYTES},
	{"anon_bytes", "ANON", CELL_BYTES},
	{"file_bytes", "FILE", CELL_BYTES},
	{"shmem_bytes", "SHMEM", CELL_BYTES},
	{"oom_score_adj", "ADJ", CELL_TEXT},
	{"by_pid", "BY", CELL_NUMBER},
	{"by_comm", "BY COMM", CELL_TEXT},
	{0},
};

static const char *event_name(const struct rf_probe_memory_event *e)
{
	return e->type == RF_PROBE_OOM_KILL ? "oom_kill" : "limit_hit";
}

static void event_row(struct table *t, const struct rf_probe_memory_event *e)
{
	bool kill = e->type == RF_PROBE_OOM_KILL;
	const uint64_t hit[] = {e->reclaim_us, e->reclaimed_bytes};
	const uint64_t sizes[] = {e->anon_bytes, e->file_bytes, e->shmem_bytes};
	char adj[16];

	table_text(t, event_name(e));
	table_number(t, e->time_us);
	table_number(t, e->pid);
	table_number(t, e->tid);
	table_text(t, e->comm);
	table_text(t, e->group);
	cell_number(t, e->usage_bytes);
	cell_number(t, e->limit_bytes);
	table_text(t, e->limit);
	table_text(t, e->limit_group);
	for (size_t i = 0; i < 2; i++)
		cell_number(t, kill ? RF_PROBE_UNKNOWN : hit[i]);
	for (size_t i = 0; i < 3; i++)
		cell_number(t, kill ? sizes[i] : RF_PROBE_UNKNOWN);
	snprintf(adj, sizeof(adj), "%d", e->oom_score_adj);
	table_text(t, kill ? adj : NULL);
	cell_number(t, kill ? e->by_pid : RF_PROBE_UNKNOWN);
	table_text(t, kill ? e->by_comm : NULL);
}

/* Names come from other programs: no control character reaches the terminal. */
static void put_clean(const char *s)
{
	for (; *s; s++)
		putchar((unsigned char)*s < 0x20 || *s == 0x7f ? '?' : *s);
}

static void put_limit(const struct rf_probe_memory_event *e)
{
	char usage[32], limit[32];

	if (!e->limit) {
		fputs(e->type == RF_PROBE_OOM_KILL ? "the whole machine was short of memory"
						   : "no limit was near", stdout);
		return;
	}
	printf("usage %s of %s %s set by ", rf_format_bytes(e->usage_bytes, usage, sizeof(usage)),
	       e->limit, rf_format_bytes(e->limit_bytes, limit, sizeof(limit)));
	put_clean(e->limit_group ?: "a group that is gone");
}

static void put_event(const struct rf_probe_memory_event *e)
{
	bool kill = e->type == RF_PROBE_OOM_KILL;
	char time[32], size[32];

	printf("%-9s  pid %u (", kill ? "oom kill" : "limit hit", e->pid);
	put_clean(e->comm);
	fputs(") in ", stdout);
	put_clean(e->group ?: "a group that is gone");
	fputs(": ", stdout);
	put_limit(e);
	if (kill) {
		printf("; %s of its own; asked by pid %u (",
		       rf_format_bytes(e->anon_bytes + e->shmem_bytes, size, sizeof(size)), e->by_pid);
		put_clean(e->by_comm);
		puts(")");
	} else {
		printf("; %s reclaimed in %s\n",
		       rf_format_bytes(e->reclaimed_bytes, size, sizeof(size)),
		       rf_format_time_us(e->reclaim_us, time, sizeof(time)));
	}
}

static void on_event(const struct rf_probe_memory_event *e, void *data)
{
	(void)data;
	if (tool_state.json) {
		struct table *t = table_new(event_columns);

		event_row(t, e);
		record_print(t);
	} else {
		put_event(e);
	}
	fflush(stdout);
}

static void print_summary(const struct rf_probe_memory_report *r)
{
	struct table *t = table_new(summary_columns);
	uint64_t hits = 0, reclaim_us = 0, kills = r->n_kills;

	for (size_t i = 0; i < r->n_hits; i++) {
		hits += r->hits[i].hit_count;
		reclaim_us += r->hits[i].reclaim_us;
	}
	if (r->info.source == RF_PROBE_FILES) {
		hits = r->kernel_limit_hits;
		reclaim_us = RF_PROBE_UNKNOWN;
		kills = r->kernel_oom_kills;
	}
	const uint64_t numbers[] = {
		r->limit_bytes,	      r->high_bytes,	   r->usage_bytes,	r->peak_bytes,
		r->kernel_limit_hits, r->kernel_high_hits, r->kernel_oom_kills, hits,
		reclaim_us,	      kills,		   r->info.records_dropped,
		r->events_dropped,
	};

	table_text(t, r->info.group);
	table_text(t, r->info.directory);
	table_text(t, source_name(&r->info));
	table_text(t, r->info.why_files);
	table_number(t, r->info.elapsed_us);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		cell_number(t, numbers[i]);
	record_print(t);
}

static void print_hits(const struct rf_probe_memory_report *r)
{
	struct table *t = table_new(hit_columns);

	for (size_t i = 0; i < r->n_hits; i++) {
		const struct rf_probe_memory_hits *h = &r->hits[i];

		table_number(t, h->tid);
		table_number(t, h->pid);
		table_text(t, h->comm);
		table_text(t, h->group);
		table_number(t, h->hit_count);
		table_number(t, h->reclaim_us);
		table_number(t, h->reclaim_max_us);
		table_number(t, h->reclaimed_bytes);
		cell_number(t, h->usage_bytes);
		cell_number(t, h->limit_bytes);
		table_text(t, h->limit);
		table_text(t, h->limit_group);
	}
	table_print(t);
}

static void print_json(const struct rf_probe_memory_report *r)
{
	struct table *t = table_new(event_columns);

	fputs("{\"summary\": ", stdout);
	print_summary(r);
	fputs(", \"hits\": ", stdout);
	print_hits(r);
	for (size_t i = 0; i < r->n_kills; i++)
		event_row(t, &r->kills[i]);
	fputs(", \"oom_kills\": ", stdout);
	table_print(t);
	puts("}");
}

static void print(const struct rf_probe_memory_report *r)
{
	if (tool_state.json) {
		print_json(r);
		return;
	}
	print_summary(r);
	putchar('\n');
	if (r->n_hits)
		print_hits(r);
	else
		puts(r->info.source == RF_PROBE_FILES ? "Files say nothing about threads."
						      : "No thread of the group hit a limit.");
	/* With --stream they have been printed already. */
	for (size_t i = 0; i < r->n_kills && !stream; i++)
		put_event(&r->kills[i]);
}

static int look(void *probe)
{
	return rf_probe_memory_phase(probe, stream ? on_event : NULL, NULL);
}

int memory_command(int argc, char **argv)
{
	struct rf_probe_options options = watch_probe_options();
	struct rf_probe_memory_report report;
	struct rf_probe_memory *probe;
	int r = watch_prepare(), code;

	if (r)
		return r;
	options.stream_hits = stream;
	r = rf_probe_memory_open(&options, &probe);
	if (r < 0)
		return tool_error(r, "memory probe");
	r = rf_probe_memory_read(probe, &report);
	code = r < 0 ? tool_error(r, "memory probe") : watch(&report.info, look, probe);
	r = rf_probe_memory_read(probe, &report);
	if (r < 0) {
		code = tool_error(r, "memory probe");
	} else if (!code) {
		print(&report);
		watch_warn(&report.info);
	}
	rf_probe_memory_free(probe);
	return code;
}
