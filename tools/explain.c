// SPDX-License-Identifier: GPL-2.0-or-later
/* --explain and --dry-run: each step of a plan as one block of text or one line of JSON. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "emit-c.h"
#include "sys/sys.h"
#include "tool.h"

/* What a call of a dry run would have made, for those that use it further down. */
static const char *made(const struct rf_call *c)
{
	if (sys_is_dry_fd((int)c->result))
		return sys_at((int)c->result);
	return sys_is_dry_pid((int)c->result) ? sys_pid((int)c->result) : "";
}

static void text_call(FILE *to, const struct rf_call *c)
{
	char result[64];

	if (c->result < 0)
		snprintf(result, sizeof(result), "-1 %s (%s)", strerrorname_np((int)-c->result),
			 strerror((int)-c->result));
	else
		snprintf(result, sizeof(result), "%lld", (long long)c->result);
	fprintf(to, "      %s(%s)", c->name, c->args);
	if (c->object[0] && !strstr(c->args, c->object))
		fprintf(to, "  [%s]", c->object);
	if (tool_state.dry_run)
		fprintf(to, "%s%s\n", *made(c) ? " = " : "", made(c));
	else
		fprintf(to, " = %s  %.1f us\n", result, (double)c->duration_ns / 1000);
	if (c->note[0])
		fprintf(to, "      %s\n", c->note);
}

static void text_step(FILE *to, const struct rf_step_report *r)
{
	fprintf(to, "%2zu/%zu %s%s%s%s\n      %s  See %s.\n", r->number, r->of, r->info.name,
		r->info.args[0] ? ": " : "", r->info.args,
		r->info.in_child ? "  (in the new process)" : "", r->info.why, r->info.page);
	for (size_t i = 0; i < r->n_calls; i++)
		text_call(to, &r->calls[i]);
	if (r->result < 0)
		fprintf(to, "      failed: %s\n", strerror(-r->result));
}

static void json_pair(struct str *out, const char *key, const char *value)
{
	str_addf(out, ", \"%s\": ", key);
	str_add_json(out, value);
}

static void json_step(FILE *to, const struct rf_step_report *r)
{
	struct str out __free(str) = {0};

	str_addf(&out, "{\"tool\": \"%s\", \"step\": %zu, \"steps\": %zu", tool_state.tool->name,
		 r->number, r->of);
	json_pair(&out, "id", r->info.id);
	json_pair(&out, "name", r->info.name);
	json_pair(&out, "args", r->info.args);
	json_pair(&out, "why", r->info.why);
	json_pair(&out, "page", r->info.page);
	str_addf(&out, ", \"in_child\": %s, \"result\": %d, \"calls\": [",
		 r->info.in_child ? "true" : "false", r->result);
	for (size_t i = 0; i < r->n_calls; i++) {
		const struct rf_call *c = &r->calls[i];

		str_addf(&out, "%s{\"call\": \"%s\"", i ? ", " : "", c->name);
		json_pair(&out, "args", c->args);
		json_pair(&out, "object", c->object);
		if (c->note[0])
			json_pair(&out, "note", c->note);
		str_addf(&out, ", \"result\": %lld, \"duration_us\": %.1f}", (long long)c->result,
			 (double)c->duration_ns / 1000);
	}
	str_add(&out, "]}\n");
	if (!out.failed)
		fputs(out.s, to);
}

static void explain(const struct rf_step_report *r, void *data)
{
	FILE *to = data;

	if (tool_state.json || (tool_state.explain && !strcmp(tool_state.explain, "json")))
		json_step(to, r);
	else
		text_step(to, r);
	/* The program may print next; its lines and ours shall not mix. */
	fflush(to);
}

int tool_run_plan(struct rf_plan *plan)
{
	bool listen = tool_state.explain || tool_state.dry_run;
	struct rf_plan_options options = {
		.size = sizeof(options),
		.report = listen ? explain : NULL,
		.report_data = tool_state.dry_run ? stdout : stderr,
		.dry_run = tool_state.dry_run,
	};
	struct rf_failure failure;
	pid_t pid;

	if (tool_state.emit >= 0)
		return -emit_c(plan);
	pid = rf_plan_run(plan, &options, &failure);

	return pid < 0 ? -tool_plan_error(&failure) : pid;
}
