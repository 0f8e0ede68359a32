/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Samples as rows to look at: rates and shares between two of them, sorted, as a tree or not. */
#ifndef TOOLS_CGCTL_VIEW_H
#define TOOLS_CGCTL_VIEW_H

#include <ringfence/sample.h>

enum { VIEW_MAX_COLUMNS = 24 };

enum view_unit { VIEW_PERCENT, VIEW_BYTES, VIEW_BYTES_PER_S, VIEW_PER_S, VIEW_NUMBER };

struct view_column {
	const char *key, *title, *help;
	enum view_unit unit;
	int width;
	bool usual;	  /* shown unless columns are chosen */
	uint64_t figures; /* that it is made of */
};

/* NULL beyond the last. */
const struct view_column *view_column(size_t index);
/* By key; -1. */
int view_column_by_key(const char *key);

struct view_row {
	const struct rf_sample *sample;
	double cells[VIEW_MAX_COLUMNS]; /* NAN: not known */
	bool has_children, folded, hidden; /* hidden: below one that is folded */
};

struct view {
	/* What is wanted; set these at any time. */
	int sort;	    /* a column, or -1: by name */
	bool reverse, tree; /* in a tree siblings are sorted */
	size_t max_depth;   /* below the first group; 0: any */
	/* What came of it. */
	struct view_row *rows;
	size_t n_rows, cap_rows;
	const struct view_row **shown; /* in order; n_shown of them */
	size_t n_shown;
	uint64_t time_us, elapsed_us; /* 0: the first sample, there are no rates */
	/* The sample before. */
	char **names;
	uint64_t (*values)[RF_FIGURES];
	size_t n_before, cap_before;
	/* Names of the groups that are folded. */
	char **folds;
	size_t n_folds;
};

/* Take in a sample: `time_us` of any clock that goes on. 0 or -ENOMEM. */
int view_update(struct view *v, uint64_t time_us, const struct rf_sample *samples, size_t n);
/* Sort and fold anew, after a wish has changed. */
void view_arrange(struct view *v);
void view_toggle_fold(struct view *v, const char *group);
/* A cell as text: "12.3", "1.5M", "-". */
void view_cell(const struct view_column *column, double value, char *buf, size_t size);
void view_done(struct view *v);

#endif
