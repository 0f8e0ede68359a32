// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * cgctl replay --export: a recording as other programs read it. As CSV and JSON it goes out sample by
 * sample. OpenMetrics wants all points of a figure of a group together: the recording is read once for
 * each figure then, which keeps no more than one of them in memory.
 */
#include <errno.h>
#include <ringfence/recording.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "metrics.h"
#include "top.h"

static void add_figure(struct str *out, uint64_t n, const char *none, const char *max)
{
	if (n == RF_CGROUP_UNKNOWN || n == RF_MAX)
		str_add(out, n == RF_MAX ? max : none);
	else
		str_addf(out, "%llu", (unsigned long long)n);
}

static void csv_head(void)
{
	printf("time_us,group");
	for (size_t f = 0; f < RF_FIGURES; f++)
		printf(",%s", rf_figure(f)->key);
	printf("\r\n");
}

/* RFC 4180: a line a group and sample. */
static void csv_lines(const struct source *s, struct str *out)
{
	for (size_t i = 0; i < s->n; i++) {
		const char *name = s->samples[i].group;

		str_addf(out, "%llu,\"/", (unsigned long long)s->time_us);
		for (; *name; name++)
			str_addf(out, *name == '"' ? "\"\"" : "%c", *name);
		str_add(out, "\"");
		for (size_t f = 0; f < RF_FIGURES; f++) {
			str_add(out, ",");
			add_figure(out, s->samples[i].values[f], "", "max");
		}
		str_add(out, "\r\n");
	}
}

static void json_line(const struct source *s, struct str *out)
{
	str_addf(out, "{\"time_us\": %llu, \"groups\": [", (unsigned long long)s->time_us);
	for (size_t i = 0; i < s->n; i++) {
		char *name __free(ptr) = cgctl_name(s->samples[i].group);

		str_addf(out, "%s{\"group\": ", i ? ", " : "");
		str_add_json(out, name ?: "");
		for (size_t f = 0; f < RF_FIGURES; f++) {
			str_addf(out, ", \"%s\": ", rf_figure(f)->key);
			add_figure(out, s->samples[i].values[f], "null", "\"max\"");
		}
		str_add(out, "}");
	}
	str_add(out, "]}\n");
}

static int print_samples(struct source *s, void (*add)(const struct source *s, struct str *out))
{
	for (s->index = 0; s->index < s->length; s->index++) {
		struct str out __free(str) = {0};
		int r = source_read(s);

		if (r < 0)
			return r;
		add(s, &out);
		if (out.failed)
			return -ENOMEM;
		fwrite(out.s ?: "", 1, out.len, stdout);
	}
	return 0;
}

/* The points of one figure, by group. */
struct line {
	struct line *next;
	char *group;
	struct point {
		uint64_t time_us, value;
	} *points;
	size_t n, cap;
};

static void cleanup_lines(struct line **lines)
{
	while (*lines) {
		struct line *l = *lines;

		*lines = l->next;
		free(l->points);
		free(l->group);
		free(l);
	}
}

/* From the line of the group before, since the groups of a sample have an order: by it the search is short. */
static struct line *line_of(struct line **lines, struct line *before, const char *group)
{
	struct line **at = before ? &before->next : lines;

	while (*at && strcmp((*at)->group, group) != 0)
		at = &(*at)->next;
	/* It may stand before, where groups have come and gone. */
	for (struct line *l = *at ? NULL : *lines; l; l = l->next)
		if (!strcmp(l->group, group))
			return l;
	if (!*at) {
		struct line *new = calloc(1, sizeof(*new));

		if (!new || !(new->group = strdup(group))) {
			free(new);
			return NULL;
		}
		*at = new;
	}
	return *at;
}

static int add_point(struct line *l, uint64_t time_us, uint64_t value)
{
	if (l->n == l->cap) {
		size_t cap = l->cap ? l->cap * 2 : 16;
		struct point *more = realloc(l->points, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		l->points = more;
		l->cap = cap;
	}
	l->points[l->n++] = (struct point){time_us, value};
	return 0;
}

static int read_lines(struct source *s, size_t figure, struct line **lines)
{
	for (s->index = 0; s->index < s->length; s->index++) {
		struct line *at = NULL;
		int r = source_read(s);

		for (size_t i = 0; r >= 0 && i < s->n; i++) {
			uint64_t value = s->samples[i].values[figure];

			if (value == RF_CGROUP_UNKNOWN)
				continue;
			at = line_of(lines, at, s->samples[i].group);
			r = at ? add_point(at, s->time_us, value) : -ENOMEM;
		}
		if (r < 0)
			return r;
	}
	return 0;
}

static int print_figure(struct source *s, size_t figure)
{
	struct line *lines __free(lines) = NULL;
	struct str out __free(str) = {0};
	int r = read_lines(s, figure, &lines);

	if (r < 0 || !lines)
		return r;
	metrics_family(&out, figure);
	for (const struct line *l = lines; l; l = l->next)
		for (size_t i = 0; i < l->n; i++) {
			metrics_point(&out, figure, l->group, l->points[i].value);
			str_addf(&out, " %llu.%06llu\n", (unsigned long long)(l->points[i].time_us / 1000000),
				 (unsigned long long)(l->points[i].time_us % 1000000));
		}
	fwrite(out.s ?: "", 1, out.len, stdout);
	return out.failed ? -ENOMEM : 0;
}

static int print_openmetrics(struct source *s)
{
	int r = 0;

	for (size_t f = 0; r >= 0 && f < RF_FIGURES; f++)
		r = print_figure(s, f);
	if (r >= 0)
		puts("# EOF");
	return r;
}

enum { CSV, JSON, OPENMETRICS };

const char *const recorded_forms[] = {[CSV] = "csv", [JSON] = "json", [OPENMETRICS] = "openmetrics", NULL};

int recorded_print(struct source *s, int form)
{
	int r;

	if (form == CSV)
		csv_head();
	r = form == OPENMETRICS ? print_openmetrics(s) : print_samples(s, form == CSV ? csv_lines : json_line);
	return r < 0 ? tool_error(r, "export") : EXIT_OK;
}
