// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl run: a program in a group, and a report of what it used. */
#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/units.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgctl.h"

static struct opt_list settings, pass_fds;
static const char *group, *report;
static bool transient;

const struct opt_row run_options[] = {
	{'p', "property", OPT_LIST, &settings, "KEY=VALUE", "set this value of the group (repeat it)"},
	{'n', "name", OPT_STRING, &group, "GROUP",
	 "run in this group; kept if it is there, else made, and removed at the end; unless given, a new one at the root"},
	{0, "transient", OPT_FLAG, &transient, NULL, "run in a new group at the root, as without --name"},
	{'r', "report", OPT_OPTIONAL, &report, "FILE",
	 "say at the end what was used, on standard error or in FILE"},
	{0, "pass-fd", OPT_LIST, &pass_fds, "N",
	 "leave descriptor N open for the program; all others above 2 are closed"},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print the report, errors and steps as JSON"},
	OPT_COMMON_EXPLAIN,
	{0},
};

/* A run with what the report needs of it. */
struct run {
	struct rf_cgroup_fs *fs;
	char name[1088];
	bool kept; /* the group was there before */
	int report_fd;
	struct rf_cgroup_usage before, used;
	uint64_t wall_us;
	int status;
};

enum report_kind { COUNTER, LEVEL };

/* A counter of a kept group is told as its growth in the run, a level as it is. */
static const struct report_row {
	const char *key, *title;
	enum report_kind kind;
	enum cell_type type;
	size_t offset;
} report_rows[] = {
#define ROW(key, title, kind, type, member) {key, title, kind, type, offsetof(struct rf_cgroup_usage, member)}
	ROW("cpu_us", "CPU time", COUNTER, CELL_TIME_US, cpu_us),
	ROW("cpu_user_us", "  in user mode", COUNTER, CELL_TIME_US, cpu_user_us),
	ROW("cpu_system_us", "  in the kernel", COUNTER, CELL_TIME_US, cpu_system_us),
	ROW("throttled_us", "throttled", COUNTER, CELL_TIME_US, throttled_us),
	ROW("nr_throttled", "  in so many periods", COUNTER, CELL_NUMBER, nr_throttled),
	ROW("nr_periods", "  of", COUNTER, CELL_NUMBER, nr_periods),
	ROW("cpu_quota_us", "CPU quota", LEVEL, CELL_TIME_US, cpu_quota_us),
	ROW("cpu_period_us", "  in a period of", LEVEL, CELL_TIME_US, cpu_period_us),
	ROW("memory_peak_bytes", "memory peak", LEVEL, CELL_BYTES, memory_peak_bytes),
	ROW("memory_max_bytes", "memory limit", LEVEL, CELL_BYTES, memory_max_bytes),
	ROW("swap_peak_bytes", "swap peak", LEVEL, CELL_BYTES, swap_peak_bytes),
	ROW("memory_max_hits", "limit reached, times", COUNTER, CELL_NUMBER, memory_max_hits),
	ROW("reclaimed_pages", "pages reclaimed", COUNTER, CELL_NUMBER, reclaimed_pages),
	ROW("refault_file_pages", "  needed again: file", COUNTER, CELL_NUMBER, refault_file_pages),
	ROW("refault_anon_pages", "  needed again: anon", COUNTER, CELL_NUMBER, refault_anon_pages),
	ROW("oom_kills", "killed for memory", COUNTER, CELL_NUMBER, oom_kills),
	ROW("cpu_some_us", "waited for CPU", COUNTER, CELL_TIME_US, cpu_some_us),
	ROW("memory_some_us", "waited for memory", COUNTER, CELL_TIME_US, memory_some_us),
	ROW("memory_full_us", "  all at once", COUNTER, CELL_TIME_US, memory_full_us),
	ROW("io_some_us", "waited for disks", COUNTER, CELL_TIME_US, io_some_us),
	ROW("io_full_us", "  all at once", COUNTER, CELL_TIME_US, io_full_us),
	ROW("io_read_bytes", "read from disks", COUNTER, CELL_BYTES, io_read_bytes),
	ROW("io_write_bytes", "written to disks", COUNTER, CELL_BYTES, io_write_bytes),
	ROW("pids_peak", "processes, peak", LEVEL, CELL_NUMBER, pids_peak),
	ROW("pids_max", "processes, limit", LEVEL, CELL_NUMBER, pids_max),
	ROW("pids_max_hits", "  forks refused", COUNTER, CELL_NUMBER, pids_max_hits),
#undef ROW
};

static uint64_t number_at(const struct rf_cgroup_usage *u, size_t offset)
{
	return *(const uint64_t *)(const void *)((const char *)u + offset);
}

static uint64_t report_number(const struct run *run, const struct report_row *row)
{
	uint64_t now = number_at(&run->used, row->offset), was = number_at(&run->before, row->offset);

	if (row->kind == LEVEL || now == RF_CGROUP_UNKNOWN || !run->kept ||
	    was == RF_CGROUP_UNKNOWN)
		return now;
	return now > was ? now - was : 0;
}

static void text_report(const struct run *run, struct str *out)
{
	char buf[32];

	str_addf(out, "group                 /%s%s\n", run->name, run->kept ? " (kept)" : "");
	if (WIFSIGNALED(run->status))
		str_addf(out, "ended by              SIG%s\n", sigabbrev_np(WTERMSIG(run->status)));
	else
		str_addf(out, "exit code             %d\n", WEXITSTATUS(run->status));
	str_addf(out, "wall clock            %s\n", rf_format_time_us(run->wall_us, buf, sizeof(buf)));
	for (size_t i = 0; i < array_size(report_rows); i++) {
		const struct report_row *row = &report_rows[i];
		uint64_t n = report_number(run, row);
		const char *words = buf;

		if (n == RF_CGROUP_UNKNOWN)
			words = "not known";
		else if (n == RF_MAX)
			words = "max";
		else if (row->type == CELL_BYTES)
			rf_format_bytes(n, buf, sizeof(buf));
		else if (row->type == CELL_TIME_US)
			rf_format_time_us(n, buf, sizeof(buf));
		else
			snprintf(buf, sizeof(buf), "%llu", (unsigned long long)n);
		str_addf(out, "%-21s %s\n", row->title, words);
	}
}

static void json_report(const struct run *run, struct str *out)
{
	char *name __free(ptr) = cgctl_name(run->name);

	str_add(out, "{\"group\": ");
	str_add_json(out, name ?: "");
	str_addf(out, ", \"kept\": %s", run->kept ? "true" : "false");
	if (WIFSIGNALED(run->status))
		str_addf(out, ", \"exit_code\": null, \"signal\": \"SIG%s\"",
			 sigabbrev_np(WTERMSIG(run->status)));
	else
		str_addf(out, ", \"exit_code\": %d, \"signal\": null", WEXITSTATUS(run->status));
	str_addf(out, ", \"wall_us\": %llu", (unsigned long long)run->wall_us);
	for (size_t i = 0; i < array_size(report_rows); i++) {
		uint64_t n = report_number(run, &report_rows[i]);

		str_addf(out, ", \"%s\": ", report_rows[i].key);
		if (n == RF_CGROUP_UNKNOWN)
			str_add(out, "null");
		else if (n == RF_MAX)
			str_add(out, "\"max\"");
		else
			str_addf(out, "%llu", (unsigned long long)n);
	}
	str_add(out, "}\n");
}

static int write_report(const struct run *run)
{
	struct str out __free(str) = {0};
	int r;

	if (tool_state.json)
		json_report(run, &out);
	else
		text_report(run, &out);
	r = out.failed ? -ENOMEM : file_write_all(run->report_fd, out.s, out.len);
	return r < 0 ? tool_error(r, "report") : 0;
}

static int open_report(struct run *run)
{
	run->report_fd = STDERR_FILENO;
	if (!report || !report[0] || tool_state.dry_run)
		return 0;
	run->report_fd = sys_openat(AT_FDCWD, report, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	return run->report_fd < 0 ? tool_error(run->report_fd, "--report") : 0;
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

/* Which group it will be, and what a kept one has used already. */
static int look_before(struct run *run)
{
	int r = group ? str_copy(run->name, sizeof(run->name), group + strspn(group, "/"))
		      : rf_cgroup_transient_name(run->name, sizeof(run->name));

	if (r >= 0)
		r = rf_cgroup_exists(run->fs, run->name);
	run->kept = r > 0;
	if (r > 0 && report)
		r = rf_cgroup_usage(run->fs, run->name, &run->before);
	return r < 0 ? tool_error(r, "run in /%s", run->name) : 0;
}

/* What is still in a group that was made for the run goes with it. */
static void end_group(struct run *run, struct rf_plan *plan)
{
	size_t killed = 0;
	int r = run->kept ? 0 : rf_cgroup_kill(run->fs, run->name, &killed);

	if (r < 0)
		tool_error(r, "/%s", run->name);
	if (killed)
		tool_warn("killed %zu process%s that the program had left behind", killed,
			  killed == 1 ? "" : "es");
	rf_plan_undo(plan);
	if (!run->kept && rf_cgroup_exists(run->fs, run->name) > 0)
		tool_error(-EBUSY, "/%s could not be removed", run->name);
}

static int supervise(struct run *run, struct rf_plan *plan)
{
	uint64_t start = now_us();
	pid_t pid = tool_run_plan(plan);
	struct rf_call why;
	int r, reported = 0;

	if (pid <= 0)
		return -pid;
	r = rf_child_wait(pid, &run->status, NULL);
	run->wall_us = now_us() - start;
	if (r >= 0 && report) {
		r = rf_cgroup_usage(run->fs, run->name, &run->used);
		if (r >= 0)
			reported = write_report(run);
	}
	why = *rf_trace_last_failure();
	end_group(run, plan);
	sys_keep_failure(&why);
	if (r < 0)
		return tool_error(r, "run in /%s", run->name);
	return reported ?: tool_exit_as(run->status);
}

static int run_in(struct run *run, struct rf_cgroup_run *opts)
{
	struct rf_plan *plan = NULL;
	int r = look_before(run);

	if (!r)
		r = open_report(run);
	if (r)
		return r;
	opts->fs = run->fs;
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_cgroup_run(plan, opts);
	r = r < 0 ? tool_error(r, "run") : supervise(run, plan);
	rf_plan_free(plan);
	return r;
}

int run_run(int argc, char **argv)
{
	struct rf_cgroup_run opts = {
		.size = sizeof(opts),
		.group = group,
		.settings = settings.words,
		.n_settings = settings.n,
		.report = report,
		.argv = argv,
		.note = cgctl_note,
	};
	struct run run = {0};
	int r;

	if (group && transient)
		return tool_usage_error("--name and --transient exclude each other");
	/* Before there are any of our own. */
	r = tool_descriptors("pass-fd", &pass_fds, &opts.pass_fds, &opts.n_pass_fds) ?: cgctl_open(true, &run.fs);
	if (!r)
		r = run_in(&run, &opts);
	rf_cgroup_fs_free(run.fs);
	free((void *)opts.pass_fds);
	return r;
}
