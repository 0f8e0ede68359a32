// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl watch: what happens to groups, a line as it happens; with --exec a command for each. */
#include <errno.h>
#include <ringfence/units.h>
#include <ringfence/watch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"

static struct opt_list psi;
static const char *command;
static bool events;
static int64_t count;
static uint64_t timeout_us;

const struct opt_row watch_options[] = {
	{0, "psi", OPT_LIST, &psi, "TRIGGER",
	 "tell when tasks have waited so long within a window: \"[cpu|memory|io|irq] some|full STALL WINDOW\", such as \"memory some 150ms 2s\""},
	{0, "events", OPT_FLAG, &events, NULL,
	 "tell of limits hit, kills, groups that become empty or frozen, are made or removed; on unless --psi is given"},
	{0, "exec", OPT_STRING, &command, "COMMAND",
	 "run this by sh for each event, with RF_GROUP, RF_EVENT, RF_BEFORE and RF_NOW in its environment; the next event waits for its end"},
	{'n', "count", OPT_INT, &count, "N", "end after this many events", 0, 1, INT32_MAX},
	{0, "timeout", OPT_TIME, &timeout_us, "TIME", "end with 1 when there has been no event for this long"},
	OPT_COMMON_JSON,
	{0},
};

static const char *event_name(const struct rf_watch_event *e)
{
	return e->kind == RF_WATCH_MADE ? "made" : e->kind == RF_WATCH_REMOVED ? "removed" : e->what;
}

static void print_text(const struct rf_watch_event *e)
{
	time_t seconds = (time_t)(e->time_us / 1000000);
	char text[32] = "";
	struct tm tm;

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%H:%M:%S", &tm);
	printf("%s.%06llu /%s %s", text, (unsigned long long)(e->time_us % 1000000), e->group, event_name(e));
	if (e->kind == RF_WATCH_PRESSURE)
		printf(": waited longer than the threshold");
	else if (e->kind == RF_WATCH_COUNTER)
		printf(": %llu -> %llu", (unsigned long long)e->before, (unsigned long long)e->now);
	putchar('\n');
}

static void print_json(const struct rf_watch_event *e)
{
	static const char *const kinds[] = {"pressure", "counter", "made", "removed"};
	char *group __free(ptr) = cgctl_name(e->group);

	printf("{\"time_us\": %llu, \"group\": ", (unsigned long long)e->time_us);
	emit_json_string(group ?: "");
	printf(", \"kind\": \"%s\", \"event\": ", kinds[e->kind]);
	emit_json_string(event_name(e));
	if (e->kind == RF_WATCH_COUNTER)
		printf(", \"before\": %llu, \"now\": %llu", (unsigned long long)e->before, (unsigned long long)e->now);
	printf("}\n");
}

static int set_number(const char *name, uint64_t n)
{
	char text[24];

	snprintf(text, sizeof(text), "%llu", (unsigned long long)n);
	return setenv(name, text, 1);
}

/* The command's own failure is told, and is no end of the watch. */
static int run_command(const struct rf_watch_event *e)
{
	char sh[] = "sh", c[] = "-c", *argv[] = {sh, c, (char *)(uintptr_t)command, NULL};
	char *group __free(ptr) = cgctl_name(e->group);
	pid_t pid;
	int status;

	setenv("RF_GROUP", group ?: "", 1);
	setenv("RF_EVENT", event_name(e), 1);
	set_number("RF_BEFORE", e->before);
	set_number("RF_NOW", e->now);
	pid = sys_fork();
	if (!pid) {
		sys_execvpe(sh, argv, environ);
		_exit(127);
	}
	if (pid < 0)
		return tool_error(pid, "--exec");
	while (sys_waitpid(pid, &status, 0) == -EINTR)
		;
	if (status)
		tool_warn("--exec: ended with %s %d", WIFSIGNALED(status) ? "signal" : "exit code",
			  WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	return 0;
}

static int watch_all(struct rf_watch *w)
{
	for (int64_t n = 0; !count || n < count; n++) {
		struct rf_watch_event e;
		int r;

		do
			r = rf_watch_next(w, timeout_us ?: UINT64_MAX, &e);
		while (r == -EINTR);
		if (r == -ENOENT)
			return EXIT_OK; /* all of them are gone: that has been told */
		if (r < 0)
			return tool_error(r, "watch");
		if (!r)
			return EXIT_FAILED;
		tool_state.json ? print_json(&e) : print_text(&e);
		if (fflush(stdout))
			return EXIT_OK; /* tool_finish() tells */
		r = command ? run_command(&e) : 0;
		if (r)
			return r;
	}
	return EXIT_OK;
}

int watch_run(int argc, char **argv)
{
	struct rf_psi_trigger *triggers __free(ptr) = calloc(psi.n + 1, sizeof(*triggers));
	struct rf_watch_options o = {.size = sizeof(o), .groups = (const char *const *)argv, .n_groups = (size_t)argc,
				     .triggers = triggers, .n_triggers = psi.n, .events = events || !psi.n};
	struct rf_cgroup_fs *fs = NULL;
	struct rf_watch *w = NULL;
	int r = 0;

	if (!triggers)
		return tool_error(-ENOMEM, "watch");
	for (size_t i = 0; i < psi.n; i++)
		if (rf_psi_trigger_parse(psi.words[i], &triggers[i]) < 0)
			return tool_usage_error("--psi: \"%s\": %s", psi.words[i], rf_trace_last_failure()->note);
	r = cgctl_open(false, &fs);
	if (r)
		return r;
	r = rf_watch_open(fs, &o, &w);
	r = r < 0 ? cgctl_error(r, "watch", argv[0]) : watch_all(w);
	rf_watch_close(w);
	rf_cgroup_fs_free(fs);
	return r;
}
