// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl top: what the groups use, again and again; on the whole screen, as text, or as JSON lines. */
#include "top.h"

#include <errno.h>
#include <math.h>
#include <ringfence/recording.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

static bool batch, flat;
static const char *sort_by = "cpu_percent", *chosen;
static uint64_t delay_us = 1000000;
static int64_t count, depth;

#define TOP_ROWS                                                                           \
	{'b', "batch", OPT_FLAG, &batch, NULL, "print text for each refresh instead of filling the screen"},            \
	{'n', "iterations", OPT_INT, &count, "N", "end after this many refreshes", 0, 1, INT32_MAX},                    \
	{'d', "delay", OPT_TIME, &delay_us, "TIME", "time between two refreshes; 1s unless given"},                     \
	{0, "depth", OPT_INT, &depth, "N", "no groups deeper than this below the first", 0, 1, 1000},                   \
	{'s', "sort", OPT_STRING, &sort_by, "COLUMN", "sort by this column, or by name; cpu_percent unless given"},     \
	{0, "flat", OPT_FLAG, &flat, NULL, "no tree: all groups in one order"},                                         \
	{'o', "output", OPT_STRING, &chosen, "COLUMN[,…]",                                                              \
	 "these columns, by the names of --json; all, or +COLUMN to add to those that are usual"},                      \
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print an object a line for each refresh"}

const char *const sample_sources[] = {"auto", "bpf", "files", NULL};
static int from = RF_SAMPLE_AUTO;

const struct opt_row top_options[] = {TOP_ROWS, OPT_SAMPLE_SOURCE(from), {0}};

static int form = -1;

const struct opt_row replay_options[] = {
	TOP_ROWS,
	{0, "export", OPT_CHOICE, &form, "csv|json|openmetrics", "print every figure of every sample as it was recorded, instead of rates", 0, 0, 0, recorded_forms},
	{0},
};

static void choose(int *list, size_t *n, int column)
{
	for (size_t i = 0; i < *n; i++)
		if (list[i] == column)
			return;
	list[(*n)++] = column;
	list[*n] = -1;
}

static int unknown_column(const char *option, const char *word)
{
	struct str all __free(str) = {0};
	const struct view_column *c;

	for (size_t i = 0; (c = view_column(i)); i++)
		str_addf(&all, "%s%s", i ? ", " : "", c->key);
	return tool_usage_error("%s: \"%s\" is no column; there are %s", option, word, all.s ?: "");
}

static int choose_columns(int *list)
{
	char *copy __free(ptr) = strdup(chosen ?: "+"), *save = NULL;
	bool all = chosen && str_eq(chosen, "all"), usual = !chosen || chosen[0] == '+';
	const struct view_column *c;
	size_t n = 0;

	if (!copy)
		return tool_error(-ENOMEM, "--output");
	for (size_t i = 0; (all || usual) && (c = view_column(i)); i++)
		if (all || c->usual)
			choose(list, &n, (int)i);
	for (char *word = strtok_r(copy + usual, ",", &save); word && !all; word = strtok_r(NULL, ",", &save)) {
		int column = view_column_by_key(word + (*word == '+'));

		if (column < 0)
			return unknown_column("--output", word);
		choose(list, &n, column);
	}
	return n ? 0 : tool_usage_error("--output: no column is named");
}

int source_read(struct source *s)
{
	struct timespec t;
	int r;

	if (s->recording) {
		r = rf_recording_read(s->recording, s->index, &s->time_us, &s->samples, &s->n);
		s->clock_us = s->time_us;
		return r;
	}
	r = rf_sampler_read(s->sampler);
	if (r < 0)
		return r;
	clock_gettime(CLOCK_REALTIME, &t);
	s->time_us = (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
	s->clock_us = rf_sampler_time_us(s->sampler);
	s->n = rf_sampler_groups(s->sampler, &s->samples);
	s->source = rf_sampler_source(s->sampler, &s->why_files);
	return s->n ? 0 : -ENOENT;
}

static void print_time(uint64_t time_us)
{
	time_t seconds = (time_t)(time_us / 1000000);
	struct tm tm;
	char text[32] = "";

	if (localtime_r(&seconds, &tm))
		strftime(text, sizeof(text), "%Y-%m-%d %H:%M:%S", &tm);
	fputs(text, stdout);
}

static void print_name(const struct view *v, const struct view_row *row)
{
	const char *name = row->sample->group, *slash = strrchr(name, '/');

	if (v->tree && row->sample->depth)
		printf("%*s%s\n", (int)row->sample->depth * 2, "", slash ? slash + 1 : name);
	else
		printf("/%s\n", name);
}

static void print_text(const struct source *s, const struct top_wishes *w)
{
	char buf[32];

	print_time(s->time_us);
	printf(", %zu groups%s%s\n", s->n, s->source ? ", source " : "", s->source ?: "");
	for (const int *c = w->columns; *c >= 0; c++)
		printf("%*s ", view_column((size_t)*c)->width, view_column((size_t)*c)->title);
	printf("GROUP\n");
	for (size_t i = 0; i < w->view.n_shown; i++) {
		const struct view_row *row = w->view.shown[i];

		for (const int *c = w->columns; *c >= 0; c++) {
			view_cell(view_column((size_t)*c), row->cells[*c], buf, sizeof(buf));
			printf("%*s ", view_column((size_t)*c)->width, buf);
		}
		print_name(&w->view, row);
	}
	putchar('\n');
}

static void print_json(const struct source *s, const struct top_wishes *w)
{
	struct str out __free(str) = {0};

	str_addf(&out, "{\"time_us\": %llu, ", (unsigned long long)s->time_us);
	if (s->source)
		str_addf(&out, "\"source\": \"%s\", \"why_files\": ", s->source);
	if (s->source && s->why_files)
		str_add_json(&out, s->why_files);
	str_addf(&out, "%s\"groups\": [", !s->source ? "" : s->why_files ? ", " : "null, ");
	for (size_t i = 0; i < w->view.n_shown; i++) {
		const struct view_row *row = w->view.shown[i];
		char *name __free(ptr) = cgctl_name(row->sample->group);

		str_addf(&out, "%s{\"group\": ", i ? ", " : "");
		str_add_json(&out, name ?: "");
		for (const int *c = w->columns; *c >= 0; c++) {
			double x = row->cells[*c];
			bool whole = view_column((size_t)*c)->unit == VIEW_BYTES || view_column((size_t)*c)->unit == VIEW_NUMBER;

			str_addf(&out, ", \"%s\": ", view_column((size_t)*c)->key);
			if (isnan(x))
				str_add(&out, "null");
			else if (isinf(x))
				str_add(&out, "\"max\"");
			else
				str_addf(&out, "%.*f", whole ? 0 : 3, x);
		}
		str_add(&out, "}");
	}
	str_add(&out, "]}\n");
	fputs(out.s ?: "", stdout);
}

/* Until `end_us` of the clock that goes on. */
static void sleep_until(uint64_t end_us)
{
	struct timespec t = {.tv_sec = (time_t)(end_us / 1000000), .tv_nsec = (long)(end_us % 1000000) * 1000};

	while (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL) == EINTR)
		;
}

static int print_all(struct source *s, struct top_wishes *w)
{
	uint64_t shown = 0, next = 0;

	for (bool first = true; !w->count || shown < w->count; first = false) {
		int r = source_read(s);

		if (r >= 0)
			r = view_update(&w->view, s->clock_us, s->samples, s->n);
		if (r < 0)
			return tool_error(r, "top");
		/* The first sample has no rates: it is shown only where no other will come. */
		if (!first || (s->recording && s->length == 1)) {
			tool_state.json ? print_json(s, w) : print_text(s, w);
			shown++;
			if (fflush(stdout))
				return tool_finish(EXIT_OK);
		}
		if (s->recording && ++s->index == s->length)
			break;
		next = (next ?: s->clock_us) + w->delay_us;
		if (!s->recording && (!w->count || shown < w->count))
			sleep_until(next);
	}
	return EXIT_OK;
}

static int set_wishes(struct top_wishes *w)
{
	int r = choose_columns(w->columns);

	if (r)
		return r;
	w->view.sort = str_eq(sort_by, "name") ? -1 : view_column_by_key(sort_by);
	if (w->view.sort < 0 && !str_eq(sort_by, "name"))
		return unknown_column("--sort", sort_by);
	if (!delay_us)
		return tool_usage_error("--delay: there must be time between two samples");
	w->view.tree = !flat;
	w->view.max_depth = (size_t)depth;
	w->delay_us = delay_us;
	w->count = (uint64_t)count;
	return 0;
}

static uint64_t figures_of(const struct top_wishes *w)
{
	uint64_t figures = w->view.sort < 0 ? 0 : view_column((size_t)w->view.sort)->figures;

	for (const int *c = w->columns; *c >= 0; c++)
		figures |= view_column((size_t)*c)->figures;
	return figures;
}

static int show(struct source *s, struct top_wishes *w)
{
	int r = batch || tool_state.json || !isatty(STDOUT_FILENO) ? print_all(s, w) : screen_run(s, w);

	view_done(&w->view);
	return r;
}

int top_run(int argc, char **argv)
{
	struct top_wishes wishes = {0};
	struct source source = {0};
	struct rf_cgroup_fs *fs = NULL;
	struct rf_sampler_options o = {.size = sizeof(o), .group = argc ? argv[0] : NULL};
	int r = set_wishes(&wishes);

	if (!r)
		r = cgctl_open(false, &fs);
	if (r)
		return r;
	o.figures = figures_of(&wishes);
	o.flags = count && count <= FEW_SAMPLES ? RF_SAMPLE_FEW : 0;
	r = rf_probe_sampler_open(fs, &o, (enum rf_sample_source)from, &source.sampler);
	r = r < 0 ? cgctl_error(r, "top", o.group ?: "") : show(&source, &wishes);
	rf_sampler_free(source.sampler);
	rf_cgroup_fs_free(fs);
	return r;
}

int replay_run(int argc, char **argv)
{
	struct top_wishes wishes = {0};
	struct source source = {0};
	int r = set_wishes(&wishes);

	if (r)
		return r;
	r = rf_recording_open(argv[0], &source.recording);
	if (r < 0)
		return tool_error(r, "%s", argv[0]);
	source.length = rf_recording_length(source.recording);
	if (rf_recording_rest(source.recording))
		tool_warn("%s: its last sample is not whole: its writer was killed, or is writing now", argv[0]);
	if (!source.length)
		r = tool_error(-ENODATA, "%s: has no sample", argv[0]);
	else
		r = form >= 0 ? recorded_print(&source, form) : show(&source, &wishes);
	rf_recording_free(source.recording);
	return r;
}
