// SPDX-License-Identifier: GPL-2.0-or-later
/* cgprobe cpu: run, wait and throttled time by thread, next to the quota that causes it. */
#include <stdio.h>

#include "cgprobe.h"

const struct opt_row cpu_options[] = {WATCH_OPTIONS, {0}};

static const struct column summary_columns[] = {
	{"group", "group", CELL_TEXT},
	{"directory", "directory", CELL_TEXT},
	{"source", "source", CELL_TEXT},
	{"why_files", "why files", CELL_TEXT},
	{"elapsed_us", "watched", CELL_TIME_US},
	{"quota_us", "quota", CELL_TIME_US},
	{"period_us", "in each", CELL_TIME_US},
	{"quota_group", "set by", CELL_TEXT},
	{"kernel_periods", "periods (kernel)", CELL_NUMBER},
	{"kernel_throttled_periods", "with throttling (kernel)", CELL_NUMBER},
	{"kernel_throttled_us", "throttled (kernel)", CELL_TIME_US},
	{"kernel_usage_us", "run (kernel)", CELL_TIME_US},
	{"run_us", "run", CELL_TIME_US},
	{"wait_us", "wait", CELL_TIME_US},
	{"throttled_us", "throttled", CELL_TIME_US},
	{"throttled_max_us", "longest throttle", CELL_TIME_US},
	{"throttle_count", "throttles", CELL_NUMBER},
	{"voluntary_switches", "voluntary switches", CELL_NUMBER},
	{"forced_switches", "forced switches", CELL_NUMBER},
	{"thread_count", "threads", CELL_NUMBER},
	{"records_dropped", "records dropped", CELL_NUMBER},
	{0},
};

static const struct column thread_columns[] = {
	{"tid", "TID", CELL_NUMBER},
	{"pid", "PID", CELL_NUMBER},
	{"comm", "COMM", CELL_TEXT},
	{"run_us", "RUN", CELL_TIME_US},
	{"wait_us", "WAIT", CELL_TIME_US},
	{"throttled_us", "THROTTLED", CELL_TIME_US},
	{"throttle_count", "COUNT", CELL_NUMBER},
	{"throttled_max_us", "MAX", CELL_TIME_US},
	{"voluntary_switches", "VOLUNTARY", CELL_NUMBER},
	{"forced_switches", "FORCED", CELL_NUMBER},
	{"group", "GROUP", CELL_TEXT},
	{0},
};

static void print_summary(const struct rf_probe_cpu_report *r)
{
	struct table *t = table_new(summary_columns);
	const struct rf_probe_cpu_thread *sum = &r->total;
	const uint64_t numbers[] = {
		r->periods,	   r->throttled_periods,     r->kernel_throttled_us,
		r->kernel_usage_us, sum->run_us,	     sum->wait_us,
		sum->throttled_us, sum->throttled_max_us,    sum->throttle_count,
		sum->voluntary_switches, sum->forced_switches,
	};

	table_text(t, r->info.group);
	table_text(t, r->info.directory);
	table_text(t, source_name(&r->info));
	table_text(t, r->info.why_files);
	table_number(t, r->info.elapsed_us);
	table_number(t, r->quota_us);
	if (r->quota_group)
		table_number(t, r->period_us);
	else
		table_none(t);
	table_text(t, r->quota_group);
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		cell_number(t, numbers[i]);
	if (r->info.source == RF_PROBE_FILES)
		table_none(t);
	else
		table_number(t, r->n_threads);
	table_number(t, r->info.records_dropped);
	record_print(t);
}

static void print_threads(const struct rf_probe_cpu_report *r)
{
	struct table *t = table_new(thread_columns);

	for (size_t i = 0; i < r->n_threads; i++) {
		const struct rf_probe_cpu_thread *p = &r->threads[i];

		table_number(t, p->tid);
		table_number(t, p->pid);
		table_text(t, p->comm);
		table_number(t, p->run_us);
		table_number(t, p->wait_us);
		table_number(t, p->throttled_us);
		table_number(t, p->throttle_count);
		table_number(t, p->throttled_max_us);
		table_number(t, p->voluntary_switches);
		table_number(t, p->forced_switches);
		table_text(t, p->group);
	}
	table_print(t);
}

static void print(const struct rf_probe_cpu_report *r)
{
	if (tool_state.json)
		fputs("{\"summary\": ", stdout);
	print_summary(r);
	if (tool_state.json)
		fputs(", \"threads\": ", stdout);
	else
		putchar('\n');
	if (tool_state.json || r->n_threads)
		print_threads(r);
	else
		puts(r->info.source == RF_PROBE_FILES ? "Files say nothing about threads."
						      : "No thread of the group did anything.");
	if (tool_state.json)
		puts("}");
}

static int look(void *probe)
{
	return rf_probe_cpu_phase(probe);
}

int cpu_command(int argc, char **argv)
{
	struct rf_probe_options options = watch_probe_options();
	struct rf_probe_cpu_report report;
	struct rf_probe_cpu *probe;
	int r = watch_prepare(), code;

	if (r)
		return r;
	r = rf_probe_cpu_open(&options, &probe);
	if (r < 0)
		return tool_error(r, "cpu probe");
	r = rf_probe_cpu_read(probe, &report);
	code = r < 0 ? tool_error(r, "cpu probe") : watch(&report.info, look, probe);
	r = rf_probe_cpu_read(probe, &report);
	if (r < 0) {
		code = tool_error(r, "cpu probe");
	} else if (!code) {
		print(&report);
		watch_warn(&report.info);
	}
	rf_probe_cpu_free(probe);
	return code;
}
