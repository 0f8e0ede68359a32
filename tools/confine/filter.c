// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The profile, and the trace: confine then forks, the child becomes the program by the same plan as
 * always, and the parent answers for the calls that the profile does not allow.
 */
#include "confine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { MAX_NR = 1024 };

struct filter_options filter_options;

int filter_open(const char *profile, struct rf_seccomp **ret_filter)
{
	const struct filter_options *o = &filter_options;
	/* What decides a call is known only where the profile itself has been read. */
	bool anew = o->no_cache || filter_traced();
	unsigned flags = anew ? RF_SECCOMP_NO_CACHE | RF_SECCOMP_NO_STORE : 0;
	struct rf_seccomp_info info;
	int r;

	if (filter_traced() && !profile)
		return tool_usage_error("--trace and --trace-only need a profile: give --seccomp");
	if (!profile)
		return 0;
	if (tool_state.dry_run)
		flags |= RF_SECCOMP_NO_STORE;
	r = rf_seccomp_open(profile, flags, ret_filter);
	if (r < 0)
		return tool_error(r, "--seccomp");
	rf_seccomp_info(*ret_filter, &info);
	if (o->verbose && info.unknown[0])
		tool_warn("%s: not known here and left out: %s", profile, info.unknown);
	return 0;
}

int filter_open_raw(struct rf_confine *confine, struct rf_seccomp **ret_filter)
{
	int r;

	if (!filter_options.raw)
		return 0;
	if (filter_options.profile || filter_traced())
		return tool_usage_error("--seccomp-filter goes with none of --seccomp, --trace and --trace-only");
	r = rf_seccomp_open(filter_options.raw, RF_SECCOMP_RAW, ret_filter);
	if (r < 0)
		return tool_error(r, "--seccomp-filter");
	confine->no_new_privs = true;
	return 0;
}

bool filter_traced(void)
{
	return filter_options.trace || filter_options.trace_only;
}

int filter_supervise_by(struct rf_confine *confine, struct supervision *s)
{
	int socket_fd = -EBADF, pid, r;
	char byte;

	if (tool_state.emit >= 0)
		return tool_usage_error("--emit: a program that is traced has a second process, which answers for it; leave out --trace, --trace-only or learn");
	confine->traced = true;
	confine->trace_only = s->let_go;
	/* A dry run shows the step; nobody is asked. */
	if (tool_state.dry_run)
		return 0;
	fflush(NULL);
	pid = rf_notify_fork(&socket_fd);
	if (pid < 0)
		return tool_error(pid, "fork");
	confine->trace_fd = socket_fd;
	if (!pid)
		return 0;
	s->done = true;
	r = rf_notify_serve(socket_fd, pid, confine->seccomp, s->let_go, s->report, s->data, &s->status);
	/* The other end is the child's alone, and gone with it or by its exec: this does not wait. */
	if (r >= 0)
		s->not_started = sys_read(socket_fd, &byte, 1) == 1;
	sys_close(socket_fd);
	return r < 0 ? tool_error(r, "supervise") : 0;
}

void filter_not_started(const struct rf_confine *confine)
{
	if (!confine->traced || tool_state.dry_run)
		return;
	/* Under a trace that does what it tells of, this could be one call too many. */
	if (confine->trace_only)
		sys_write(confine->trace_fd, "n", 1);
	sys_close(confine->trace_fd);
}

struct trace {
	int fd;
	bool ours; /* opened here */
	bool failed;
	size_t total, counts[MAX_NR];
};

static void add_action(struct str *out, uint32_t action)
{
	static const struct {
		uint32_t action;
		const char *word;
	} words[] = {
		{SECCOMP_RET_KILL_PROCESS, "kill"}, {SECCOMP_RET_KILL_THREAD, "kill-thread"},
		{SECCOMP_RET_TRAP, "trap"},	    {SECCOMP_RET_TRACE, "trace"},
		{SECCOMP_RET_LOG, "log"},
	};
	uint32_t data = action & SECCOMP_RET_DATA;

	for (size_t i = 0; i < array_size(words); i++)
		if (words[i].action == (action & SECCOMP_RET_ACTION_FULL))
			str_add(out, words[i].word);
	if ((action & SECCOMP_RET_ACTION_FULL) == SECCOMP_RET_ERRNO)
		str_addf(out, "deny %s", strerrorname_np((int)data) ?: "0");
}

static void add_time(struct str *out)
{
	struct timespec now;
	struct tm tm;
	char text[32];

	clock_gettime(CLOCK_REALTIME, &now);
	gmtime_r(&now.tv_sec, &tm);
	strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	str_addf(out, "%s.%06ldZ", text, now.tv_nsec / 1000);
}

static void add_json(struct str *out, const struct rf_notify_event *e, const char *name)
{
	str_add(out, "{\"time\": \"");
	add_time(out);
	str_addf(out, "\", \"pid\": %u, \"comm\": ", e->pid);
	str_add_json(out, e->comm);
	str_addf(out, ", \"syscall\": \"%s\", \"number\": %d, \"args\": [", name, e->call->nr);
	for (int i = 0; i < 6; i++)
		str_addf(out, "%s%llu", i ? ", " : "", (unsigned long long)e->call->args[i]);
	str_add(out, "]");
	if (e->path) {
		str_add(out, ", \"path_may_have_changed\": ");
		str_add_json(out, e->path);
	}
	str_add(out, ", \"action\": \"");
	add_action(out, e->action);
	str_addf(out, "\", \"done\": %s, \"decided_by\": ",
		 filter_options.trace_only ? "false" : "true");
	str_add_json(out, e->where);
	str_add(out, "}\n");
}

static void add_text(struct str *out, const struct rf_notify_event *e, const char *name)
{
	struct str words __free(str) = {0};

	add_time(out);
	str_addf(out, " %u ", e->pid);
	/* Quoted: a process names itself as it likes. */
	str_add_json(&words, e->comm);
	str_addf(out, "%s %s(", words.s ?: "", name);
	for (int i = 0; i < 6; i++)
		str_addf(out, "%s0x%llx", i ? ", " : "", (unsigned long long)e->call->args[i]);
	str_add(out, ")");
	if (e->path) {
		str_add(out, " pointing to (may have changed) ");
		str_add_json(out, e->path);
	}
	str_add(out, filter_options.trace_only ? ": would be " : ": ");
	add_action(out, e->action);
	str_addf(out, ", by %s\n", e->where);
}

static void put(struct trace *t, const struct str *line)
{
	if (line->s && !line->failed && file_write_all(t->fd, line->s, line->len) < 0)
		t->failed = true;
}

static void report(const struct rf_notify_event *event, void *data)
{
	struct trace *t = data;
	struct str line __free(str) = {0};
	char *name __free(ptr) = NULL;

	if (rf_seccomp_call_name(event->call->nr, &name) < 0)
		return;
	if (tool_state.json)
		add_json(&line, event, name);
	else
		add_text(&line, event, name);
	put(t, &line);
	t->total++;
	if (event->call->nr >= 0 && event->call->nr < MAX_NR)
		t->counts[event->call->nr]++;
}

static void summary(struct trace *t)
{
	struct str line __free(str) = {0};
	bool json = tool_state.json;
	const char *comma = "";

	str_addf(&line, json ? "{\"total\": %zu, \"calls\": {" : "total %zu:", t->total);
	for (int nr = 0; nr < MAX_NR; nr++) {
		char *name __free(ptr) = NULL;

		if (!t->counts[nr] || rf_seccomp_call_name(nr, &name) < 0)
			continue;
		str_addf(&line, json ? "%s\"%s\": %zu" : "%s %s %zu", comma, name, t->counts[nr]);
		comma = json ? ", " : ",";
	}
	str_add(&line, json ? "}}\n" : "\n");
	put(t, &line);
}

static int open_trace(const char *word, struct trace *t)
{
	uint64_t n;
	int fd;

	t->fd = 2;
	if (!word || !word[0])
		return 0;
	if (str_starts(word, "fd:")) {
		if (str_to_u64(word + 3, &n) < 0 || n > 1 << 20 || sys_set_cloexec((int)n, n > 2) < 0)
			return tool_usage_error("--trace: \"%s\" is not an open descriptor, as in fd:3", word);
		t->fd = (int)n;
		return 0;
	}
	fd = sys_openat(AT_FDCWD, word, O_WRONLY | O_CREAT | O_APPEND, 0644);
	if (fd < 0)
		return tool_error(fd, "--trace");
	t->fd = fd;
	t->ours = true;
	return 0;
}

int filter_supervise(struct rf_confine *confine, bool *ret_done)
{
	static struct trace trace;
	struct supervision s = {.let_go = filter_options.trace_only, .report = report, .data = &trace};
	int r;

	*ret_done = false;
	if (!filter_traced())
		return 0;
	r = tool_state.dry_run ? 0 : open_trace(filter_options.trace, &trace);
	if (!r)
		r = filter_supervise_by(confine, &s);
	*ret_done = s.done;
	if (!r && s.done)
		summary(&trace);
	/* The child has no use for it, and does not keep it. */
	if (trace.ours)
		sys_close(trace.fd);
	if (r || !s.done)
		return r;
	if (trace.failed)
		tool_warn("the trace could not be written in full");
	return tool_exit_as(s.status);
}
