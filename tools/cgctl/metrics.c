// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgctl serve-metrics: every figure of every group in the OpenMetrics text format 1.0, once, or to
 * each scraper that asks. Metrics have base units, as that format wants: seconds, not microseconds.
 *
 * The server is for one scraper on this machine: it listens on a loopback address or a unix socket
 * only, answers one request at a time, and gives each a few seconds.
 */
#include "metrics.h"

#include <errno.h>
#include <ringfence/sample.h>
#include <ringfence/units.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgctl.h"

static const char *address;
static int from = RF_SAMPLE_AUTO;

const struct opt_row serve_options[] = {
	{0, "listen", OPT_STRING, &address, "ADDRESS",
	 "answer scrapers at 127.0.0.1:PORT, [::1]:PORT or unix:PATH until ended; else print once"},
	OPT_SAMPLE_SOURCE(from),
	{0},
};

/* "cpu_us" is cgroup_cpu_seconds; what has no unit keeps its name. */
static void add_name(struct str *out, const struct rf_figure_info *info)
{
	int len = (int)strlen(info->key) - (info->time_us ? 3 : 0);

	str_addf(out, "cgroup_%.*s%s", len, info->key, info->time_us ? "_seconds" : "");
}

/* Backslash, quote and newline are escaped. */
static void add_escaped(struct str *out, const char *text)
{
	for (; *text; text++) {
		if (*text == '\\' || *text == '"' || *text == '\n')
			str_add(out, "\\");
		str_addn(out, *text == '\n' ? "n" : text, 1);
	}
}

static void add_label(struct str *out, const char *group)
{
	str_add(out, "{group=\"/");
	add_escaped(out, group);
	str_add(out, "\"} ");
}

static void add_value(struct str *out, const struct rf_figure_info *info, uint64_t n)
{
	if (n == RF_MAX)
		str_add(out, "+Inf");
	else if (info->time_us)
		str_addf(out, "%llu.%06llu", (unsigned long long)(n / 1000000), (unsigned long long)(n % 1000000));
	else
		str_addf(out, "%llu", (unsigned long long)n);
}

void metrics_family(struct str *out, size_t figure)
{
	const struct rf_figure_info *info = rf_figure(figure);
	const char *unit = info->bytes ? "bytes" : info->time_us ? "seconds" : NULL;
	struct str name __free(str) = {0};

	add_name(&name, info);
	str_addf(out, "# TYPE %s %s\n", name.s, info->counter ? "counter" : "gauge");
	if (unit)
		str_addf(out, "# UNIT %s %s\n", name.s, unit);
	str_addf(out, "# HELP %s %s\n", name.s, info->help);
}

void metrics_point(struct str *out, size_t figure, const char *group, uint64_t value)
{
	const struct rf_figure_info *info = rf_figure(figure);

	add_name(out, info);
	str_add(out, info->counter ? "_total" : "");
	add_label(out, group);
	add_value(out, info, value);
}

static void add_figure(struct str *out, size_t figure, const struct rf_sample *samples, size_t n)
{
	bool any = false;

	for (size_t i = 0; i < n; i++) {
		uint64_t value = samples[i].values[figure];

		if (value == RF_CGROUP_UNKNOWN)
			continue;
		if (!any)
			metrics_family(out, figure);
		any = true;
		metrics_point(out, figure, samples[i].group, value);
		str_add(out, "\n");
	}
}

/* What answered, as that format tells what is no number; and why only files did, where that was not asked for. */
static void add_source(struct str *out, const struct rf_sampler *sampler)
{
	const char *why = NULL, *source = rf_sampler_source(sampler, &why);

	str_add(out, "# TYPE cgroup_sample info\n# HELP cgroup_sample What the kernel was asked through.\n"
		     "cgroup_sample_info{source=\"");
	add_escaped(out, source);
	if (why) {
		str_add(out, "\",why_files=\"");
		add_escaped(out, why);
	}
	str_add(out, "\"} 1\n");
}

int metrics_text(struct rf_sampler *sampler, struct str *out)
{
	const struct rf_sample *samples;
	int r = rf_sampler_read(sampler);
	size_t n;

	if (r < 0)
		return r;
	n = rf_sampler_groups(sampler, &samples);
	add_source(out, sampler);
	for (size_t f = 0; f < RF_FIGURES; f++)
		add_figure(out, f, samples, n);
	str_add(out, "# EOF\n");
	return out->failed ? -ENOMEM : 0;
}

static int print_once(struct rf_sampler *sampler)
{
	struct str out __free(str) = {0};
	int r = metrics_text(sampler, &out);

	if (r < 0)
		return tool_error(r, "serve-metrics");
	fwrite(out.s, 1, out.len, stdout);
	return EXIT_OK;
}

int serve_run(int argc, char **argv)
{
	struct rf_sampler_options o = {.size = sizeof(o), .group = argc ? argv[0] : NULL};
	struct rf_sampler *sampler = NULL;
	struct rf_cgroup_fs *fs = NULL;
	int r = cgctl_open(false, &fs);

	if (r)
		return r;
	o.flags = address ? 0 : RF_SAMPLE_ONCE;
	r = rf_probe_sampler_open(fs, &o, (enum rf_sample_source)from, &sampler);
	if (r < 0)
		r = cgctl_error(r, "serve-metrics", o.group ?: "");
	else
		r = address ? metrics_serve(sampler, address) : print_once(sampler);
	rf_sampler_free(sampler);
	rf_cgroup_fs_free(fs);
	return r;
}
