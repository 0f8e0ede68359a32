// SPDX-License-Identifier: GPL-2.0-or-later
/* While the program runs: a limit in time, a word to say it runs, a report when it has ended. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "nsrun.h"

enum { EXIT_TIMED_OUT = 124 }; /* as timeout(1) */

static const struct watch_words *words;
static int report_fd = -1;

int watch_begin(const struct watch_words *w)
{
	uint64_t n;

	words = w;
	if (tool_state.emit >= 0 && (w->report || w->timeout_us || w->ready_fd >= 0))
		return tool_usage_error("--emit: --timeout, --report and --ready-fd are no part of a plan, but what nsrun does while the program runs");
	if (!w->report || tool_state.dry_run)
		return 0;
	if (str_starts(w->report, "fd:")) {
		if (str_to_u64(w->report + 3, &n) < 0 || n > 1 << 20)
			return tool_usage_error("--report: \"%s\" is not fd: and a number", w->report);
		report_fd = (int)n;
		return tool_descriptor("report", report_fd) ?: group_begin(w->group);
	}
	report_fd = sys_openat(AT_FDCWD, w->report, O_WRONLY | O_CREAT | O_TRUNC, 0666);
	return report_fd < 0 ? tool_error(report_fd, "--report") : group_begin(w->group);
}

static void close_report(void)
{
	if (report_fd >= 0 && !str_starts(words->report, "fd:"))
		sys_close(report_fd);
	report_fd = -1;
}

void watch_abandon(void)
{
	close_report();
	group_end();
}

static unsigned long long us(struct timeval t)
{
	return (unsigned long long)t.tv_sec * 1000000u + (unsigned long long)t.tv_usec;
}

static int report(const struct rf_child_end *end)
{
	const struct rusage *u = &end->usage;
	struct str out __free(str) = {0};
	int r;

	if (WIFSIGNALED(end->status))
		str_addf(&out, "{\"exit_code\": null, \"signal\": \"SIG%s\", \"core_dumped\": %s",
			 sigabbrev_np(WTERMSIG(end->status)) ?: "?", WCOREDUMP(end->status) ? "true" : "false");
	else
		str_addf(&out, "{\"exit_code\": %d, \"signal\": null, \"core_dumped\": false", WEXITSTATUS(end->status));
	str_addf(&out, ", \"timed_out\": %s, \"wall_us\": %llu, \"cpu_user_us\": %llu, \"cpu_system_us\": %llu",
		 end->timed_out ? "true" : "false", (unsigned long long)end->wall_us, us(u->ru_utime), us(u->ru_stime));
	str_addf(&out, ", \"memory_peak_bytes\": %llu, \"minor_faults\": %ld, \"major_faults\": %ld",
		 (unsigned long long)u->ru_maxrss * 1024, u->ru_minflt, u->ru_majflt);
	str_addf(&out, ", \"blocks_read\": %ld, \"blocks_written\": %ld, \"voluntary_switches\": %ld, \"involuntary_switches\": %ld, \"cgroup\": ",
		 u->ru_inblock, u->ru_oublock, u->ru_nvcsw, u->ru_nivcsw);
	r = group_report(&out);
	if (r < 0)
		return r;
	str_add(&out, "}\n");
	return out.failed ? -ENOMEM : file_write_all(report_fd, out.s, out.len);
}

static int say_ready(void)
{
	int r;

	if (words->ready_fd < 0)
		return 0;
	r = file_write_all((int)words->ready_fd, "ready\n", 6);
	sys_close((int)words->ready_fd);
	return r;
}

int watch_end(struct rf_plan *plan, pid_t pid)
{
	const struct rf_child_options options = {.size = sizeof(options), .timeout_us = words->timeout_us};
	struct rf_child_end end;
	/* Nobody there to read it is no reason to end the program. */
	int said = say_ready(), r = rf_plan_wait(plan, pid, &options, &end);

	if (r < 0) {
		int code = tool_error(r, "wait for the program");

		/* A failure leaves nothing that was to be kept. */
		rf_plan_undo(plan);
		watch_abandon();
		return code;
	}
	if (said < 0)
		tool_warn("--ready-fd: %s", strerror(-said));
	r = report_fd >= 0 ? report(&end) : 0;
	watch_abandon();
	if (r < 0)
		return tool_error(r, "--report");
	if (end.timed_out) {
		tool_warn("ended after its time was up (--timeout)");
		return EXIT_TIMED_OUT;
	}
	return tool_exit_as(end.status);
}
