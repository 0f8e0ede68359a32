// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl why: what limits a process or group and what has been happening. The answer comes first. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "cgctl.h"
#include "cgroup/why.h"
#include "why.h"

static bool last_kill;
static const char *log_file;

const struct opt_row why_options[] = {
	{0, "oom", OPT_FLAG, &last_kill, NULL, "explain the last kill for want of memory, of the whole system unless a target is given"},
	{0, "log", OPT_STRING, &log_file, "FILE", "read this for the kernel's log: what dmesg or journalctl -k has printed"},
	OPT_COMMON_JSON,
	{0},
};

static void limit_words(const struct why_limit *l, struct str *out)
{
	if (!l->known)
		str_add(out, "-");
	else if (!l->group)
		str_add(out, l->kind == WHY_FROZEN ? "no" : l->kind == WHY_LIST ? "all" : "max");
	else if (l->kind == WHY_FROZEN)
		str_add(out, "frozen");
	else if (l->kind == WHY_LIST || l->kind == WHY_DISK)
		str_addf(out, "%.*s%s", (int)strcspn(l->text, "\n"), l->text, strchr(l->text, '\n') ? " …" : "");
	else
		why_number(l->kind, l->limit, out);
}

static void hits_words(const struct why_limit *l, struct str *out)
{
	if (l->hits != RF_CGROUP_UNKNOWN && l->group && l->kind == WHY_CPU && l->periods != RF_CGROUP_UNKNOWN)
		str_addf(out, "%lu of %lu %s (%lu %%), %lu ms", l->hits, l->periods, l->hit,
			 l->periods ? l->hits * 100 / l->periods : 0, l->throttled_us / 1000);
	else if (l->hits != RF_CGROUP_UNKNOWN && l->group)
		str_addf(out, "%lu %s", l->hits, l->hit);
	if (l->full_first)
		str_addf(out, "%sfull first: %s, %s left", out->len ? "; " : "", l->full_first,
			 l->kind == WHY_BYTES ? facts_bytes(l->full_first_left) : "");
	if (l->full_first && l->kind != WHY_BYTES)
		str_addf(out, "%lu", l->full_first_left);
}

static void text_limits(const struct why *w, struct str *out)
{
	str_addf(out, "\n%-16s  %-14s  %-20s  %-10s  %s\n", "KEY", "LIMIT", "SET BY", "USED", "HIT, SINCE THE GROUP WAS MADE");
	for (size_t i = 0; i < w->n_limits; i++) {
		const struct why_limit *l = &w->limits[i];
		struct str limit __free(str) = {0}, used __free(str) = {0}, hits __free(str) = {0};

		if (!l->known)
			continue;
		limit_words(l, &limit);
		if (l->used != RF_CGROUP_UNKNOWN)
			why_number(l->kind, l->used, &used);
		hits_words(l, &hits);
		str_addf(out, "%-16s  %-14s  %-20s  %-10s%s%s\n", l->key, limit.s ?: "", l->group ?: "-", used.s ?: "-",
			 hits.len ? "  " : "", hits.s ?: "");
	}
}

static void text_pressure(const struct why *w, struct str *out)
{
	if (w->n_pressures)
		str_addf(out, "\n%-16s  %7s  %7s  %7s  %s\n", "PRESSURE", "10 s", "60 s", "300 s", "IN ALL");
	if (w->n_pressures && w->pressure_group && strcmp(w->pressure_group + 1, w->group))
		str_addf(out, "(of %s, where v2 has it)\n", w->pressure_group);
	for (size_t i = 0; i < w->n_pressures; i++) {
		const struct why_pressure *p = &w->pressures[i];
		char name[32], total[32];

		snprintf(name, sizeof(name), "%s %s", p->resource, p->full ? "full" : "some");
		str_addf(out, "%-16s  %5.1f %%  %5.1f %%  %5.1f %%  %s\n", name, p->avg10, p->avg60, p->avg300,
			 rf_format_time_us(p->total_us, total, sizeof(total)));
	}
}

static void text_tasks(const struct why *w, struct str *out)
{
	size_t shown = w->n_tasks < WHY_MAX_TASKS ? w->n_tasks : WHY_MAX_TASKS;

	str_addf(out, "\n%zu process%s%s\n", w->n_tasks, w->n_tasks == 1 ? "" : "es", shown ? ", the largest:" : "");
	for (size_t i = 0; i < shown; i++)
		str_addf(out, "  %8d  %10s  %4lu thread%s  %c  %s\n", (int)w->tasks[i].pid, facts_bytes(w->tasks[i].rss_bytes),
			 w->tasks[i].threads, w->tasks[i].threads == 1 ? " " : "s", w->tasks[i].state, w->tasks[i].name);
}

static void text_kills(const struct why *w, struct str *out)
{
	if (w->oom_kills != RF_CGROUP_UNKNOWN) {
		str_addf(out, "\nKilled for want of memory, since the group was made: %lu", w->oom_kills);
		if (w->oom_group_kills != RF_CGROUP_UNKNOWN && w->oom_group_kills)
			str_addf(out, ", as a whole group %lu times", w->oom_group_kills);
		str_add(out, "\n");
	}
	if (w->log_error)
		str_addf(out, "The kernel's log can't be read: %s (root can, or who has CAP_SYSLOG)\n", strerror(w->log_error));
	for (size_t i = 0; i < w->n_kills; i++) {
		str_add(out, "  log: ");
		oom_line(&w->log.list[w->kills[i]], out);
		str_add(out, "\n");
	}
	if (w->n_kills)
		str_add(out, "  more: cgctl why --oom; each hit as it happens: cgprobe memory -G GROUP\n");
}

static void text_commands(const struct why *w, struct str *out)
{
	bool any = false;

	for (size_t i = 0; i < w->n_limits; i++) {
		if (!w->limits[i].command)
			continue;
		str_addf(out, "%s  %s\n", any ? "" : "\nTo change it\n", w->limits[i].command);
		any = true;
	}
}

static void text(const struct why *w, struct str *out)
{
	if (w->pid)
		str_addf(out, "%d (%s) in /%s\n", (int)w->pid, w->name, w->group);
	else
		str_addf(out, "/%s\n", w->group);
	str_addf(out, "%s", w->answer.s);
	text_limits(w, out);
	text_commands(w, out);
	text_kills(w, out);
	text_tasks(w, out);
	text_pressure(w, out);
}

static void json_limit(const struct why_limit *l, struct str *out)
{
	bool number = l->kind != WHY_LIST && l->kind != WHY_DISK;

	str_add(out, "{");
	why_json_text(out, "resource", l->resource);
	why_json_text(out, "key", l->key);
	if (number)
		why_json_number(out, l->kind == WHY_BYTES ? "limit_bytes" : l->kind == WHY_CPU ? "limit_millicpus" : "limit", l->limit);
	why_json_text(out, "value", l->text);
	why_json_text(out, "set_by", l->group);
	if (l->kind == WHY_BYTES || l->kind == WHY_COUNT)
		why_json_number(out, l->kind == WHY_BYTES ? "used_bytes" : "used", l->used);
	if (l->hit)
		why_json_number(out, "hits", l->hits);
	if (l->kind == WHY_CPU) {
		why_json_number(out, "periods", l->periods);
		why_json_number(out, "throttled_us", l->throttled_us);
	}
	if (l->full_first) {
		why_json_text(out, "full_first", l->full_first);
		why_json_number(out, "full_first_left", l->full_first_left);
	}
	why_json_text(out, "command", l->command);
	str_add(out, "}");
}

static void json_tasks(const struct why *w, struct str *out)
{
	str_add(out, ", \"processes\": [");
	for (size_t i = 0; i < w->n_tasks && i < WHY_MAX_TASKS; i++) {
		char state[2] = {w->tasks[i].state, '\0'};

		str_add(out, i ? ", {" : "{");
		why_json_number(out, "pid", (uint64_t)w->tasks[i].pid);
		why_json_text(out, "name", w->tasks[i].name);
		why_json_number(out, "rss_bytes", w->tasks[i].rss_bytes);
		why_json_number(out, "threads", w->tasks[i].threads);
		why_json_text(out, "state", state);
		str_add(out, "}");
	}
	str_add(out, "]");
}

static void json_lines(struct str *out, const char *name, const char *lines)
{
	str_addf(out, ", \"%s\": [", name);
	for (const char *at = lines; *at; at += strcspn(at, "\n"), at += *at == '\n') {
		char *line __free(ptr) = strndup(at, strcspn(at, "\n"));

		str_add(out, at == lines ? "" : ", ");
		str_add_json(out, line ?: "");
	}
	str_add(out, "]");
}

static void json(const struct why *w, struct str *out)
{
	char *group __free(ptr) = cgctl_name(w->group);

	str_add(out, "{");
	why_json_text(out, "group", group);
	if (w->pid) {
		why_json_number(out, "pid", (uint64_t)w->pid);
		why_json_text(out, "name", w->name);
	}
	json_lines(out, "answer", w->answer.s);
	str_add(out, ", \"limits\": [");
	for (size_t i = 0, n = 0; i < w->n_limits; i++)
		if (w->limits[i].known) {
			str_add(out, n++ ? ",\n " : "\n ");
			json_limit(&w->limits[i], out);
		}
	str_add(out, "], \"pressure\": [");
	for (size_t i = 0; i < w->n_pressures; i++)
		str_addf(out, "%s{\"resource\": \"%s\", \"kind\": \"%s\", \"avg10\": %.2f, \"avg60\": %.2f, \"avg300\": %.2f, \"total_us\": %lu}",
			 i ? ", " : "", w->pressures[i].resource, w->pressures[i].full ? "full" : "some", w->pressures[i].avg10,
			 w->pressures[i].avg60, w->pressures[i].avg300, w->pressures[i].total_us);
	str_add(out, "]");
	why_json_text(out, "pressure_group", w->n_pressures ? w->pressure_group : NULL);
	why_json_number(out, "n_processes", w->n_tasks);
	json_tasks(w, out);
	why_json_number(out, "oom_kills", w->oom_kills);
	why_json_number(out, "oom_group_kills", w->oom_group_kills);
	str_addf(out, ", \"log_readable\": %s, \"kills\": [", w->log_error ? "false" : "true");
	for (size_t i = 0; i < w->n_kills; i++) {
		str_add(out, i ? ",\n " : "\n ");
		oom_json(&w->log.list[w->kills[i]], out);
	}
	str_add(out, "]}\n");
}

/* The last kill in the log, or the last that concerns a target. */
static int explain_last(const char *target, const char *log)
{
	struct oom_log kills __free(oom_log) = {0};
	struct str out __free(str) = {0};
	char *own __free(ptr) = NULL;
	const struct oom_kill *last = NULL;
	int r = log ? 0 : oom_read_log(&own);

	if (r < 0)
		return tool_error(r, "why --oom: the kernel's log");
	r = oom_parse(log ?: own, &kills);
	for (size_t i = kills.n; r >= 0 && !last && i-- > 0;)
		if (!target || oom_concerns(&kills.list[i], target + strspn(target, "/")))
			last = &kills.list[i];
	if (r < 0)
		return tool_error(r, "why --oom");
	if (!last) {
		puts(tool_state.json ? "null" : "The kernel's log, as far back as it goes, tells of no kill for want of memory.");
		return EXIT_FAILED;
	}
	(tool_state.json ? oom_json : oom_explain)(last, &out);
	printf("%s%s", out.s ?: "", tool_state.json ? "\n" : "");
	return out.failed ? tool_error(-ENOMEM, "why --oom") : EXIT_OK;
}

static int explain(const char *target, const char *log)
{
	struct why w __free(why) = {0};
	struct str out __free(str) = {0};
	struct rf_cgroup_fs *fs;
	int r = cgctl_open(false, &fs);

	if (r)
		return r;
	r = why_look(fs, target, log, &w);
	rf_cgroup_fs_free(fs);
	if (r < 0)
		return cgctl_error(r, "why", target);
	(tool_state.json ? json : text)(&w, &out);
	printf("%s", out.s ?: "");
	return out.failed ? tool_error(-ENOMEM, "why") : EXIT_OK;
}

int why_run(int argc, char **argv)
{
	enum { LOG_LIMIT = 64 << 20 };
	char *log __free(ptr) = NULL;
	int r;

	if (!argc && !last_kill)
		return tool_usage_error("why needs a process id or a group; --oom explains the last kill of all");
	if (log_file) {
		r = file_read_at(AT_FDCWD, log_file, LOG_LIMIT, &log, NULL);
		if (r < 0)
			return tool_error(r, "why: --log");
	}
	return last_kill ? explain_last(argc ? argv[0] : NULL, log) : explain(argv[0], log);
}
