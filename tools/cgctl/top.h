/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where samples come from, and how they are shown: between top.c, screen.c and record.c. */
#ifndef TOOLS_CGCTL_TOP_H
#define TOOLS_CGCTL_TOP_H

#include "cgctl.h"
#include "view.h"

/* Live groups, or a recording. */
struct source {
	struct rf_sampler *sampler;
	struct rf_recording *recording;
	size_t index, length; /* in the recording */
	/* Of the sample that was read last. */
	const struct rf_sample *samples;
	size_t n;
	uint64_t time_us;  /* since 1970 */
	uint64_t clock_us; /* of a clock that goes on */
	const char *source, *why_files; /* of live groups: rf_sampler_source() */
};

enum { FEW_SAMPLES = 10 };

/* 0, or -errno; for a recording the sample `index`. */
int source_read(struct source *s);

/* recorded.c: all of a recording in the form recorded_forms[form]. The exit code, with the error printed. */
extern const char *const recorded_forms[];
int recorded_print(struct source *s, int form);

struct top_wishes {
	struct view view;
	int columns[VIEW_MAX_COLUMNS]; /* ends with -1 */
	uint64_t delay_us;
	uint64_t count; /* of refreshes; 0: without end */
};

/* Full screen, until the user ends it. 0 or an exit code with the error printed. */
int screen_run(struct source *source, struct top_wishes *wishes);

#endif
