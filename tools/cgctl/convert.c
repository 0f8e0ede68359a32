// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl convert: values from one version of control groups to the other. */
#include <errno.h>
#include <ringfence/cgconvert.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "cgctl.h"

static const char *const policies[] = {"oci-old", "linear", "oci-2025", NULL};
static int policy = RF_WEIGHT_LINEAR;

const struct opt_row convert_options[] = {
	{'p', "policy", OPT_CHOICE, &policy, "POLICY",
	 "how cpu.shares become cpu.weight: oci-old, linear (unless given) or oci-2025", 0, 0, 0, policies},
	OPT_COMMON_JSON,
	{0},
};

static const struct column columns[] = {
	{"from", "FROM", CELL_TEXT}, {"key", "KEY", CELL_TEXT},	  {"value", "VALUE", CELL_TEXT},
	{"version", "VERSION", CELL_NUMBER}, {"note", "NOTE", CELL_TEXT}, {0},
};

/* A line that `cgctl set` takes; what is to be said about it goes beside. */
static void print(const struct rf_converted *c, void *data)
{
	if (data) {
		table_text(data, c->from);
		table_text(data, c->value ? c->key : NULL);
		table_text(data, c->value);
		table_number(data, (uint64_t)c->to_version);
		table_text(data, c->note);
		return;
	}
	if (c->value)
		printf("%s=%s\n", c->key, c->value);
	if (c->note)
		tool_warn("%s: %s%s", c->from, c->value ? "" : "nothing like it there: ", c->note);
}

int convert_run(int argc, char **argv)
{
	struct table *t = tool_state.json ? table_new(columns) : NULL;
	int r = rf_cgroup_convert((enum rf_weight_policy)policy, (const char *const *)argv, (size_t)argc, print, t);

	if (r < 0) {
		int code = tool_error(r, "convert");

		return r == -EINVAL ? EXIT_USAGE : code;
	}
	if (t)
		table_print(t);
	return r ? EXIT_FAILED : EXIT_OK;
}
