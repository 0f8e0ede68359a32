// SPDX-License-Identifier: GPL-2.0-or-later
/* confine: run a program with less privilege, in this very process. */
#include <errno.h>
#include <ringfence/priv.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "confine.h"

static struct rf_confine confine = {.size = sizeof(confine)};
static struct opt_list pass_fds, keep, drop, ambient;

static const struct opt_row options[] = {
	{'d', "drop", OPT_LIST, &drop, "CAPS",
	 "take these capabilities away, names with commas between them or all"},
	{'k', "keep", OPT_LIST, &keep, "CAPS", "take all capabilities away but these"},
	{0, "ambient", OPT_LIST, &ambient, "CAPS",
	 "let the program have these even where it is not root's and its file has none"},
	{'n', "no-new-privs", OPT_FLAG, &confine.no_new_privs, NULL,
	 "forbid to gain privilege at exec; implied where the rest would not hold without it"},
	CONFINE_ATTRIBUTE_OPTIONS,
	CONFINE_FILTER_OPTIONS,
	CONFINE_LANDLOCK_OPTIONS,
	{0, "pass-fd", OPT_LIST, &pass_fds, "N",
	 "leave descriptor N open for the program; all others above 2 are closed"},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors and steps as JSON"},
	OPT_COMMON_EXPLAIN,
	OPT_COMMON_EMIT,
	{0},
};

/* 0, or the exit code with the error printed. */
static int add_caps(const char *option, const struct opt_list *list, uint64_t *caps)
{
	for (size_t i = 0; i < list->n; i++) {
		uint64_t more;
		int r = rf_caps_parse(list->words[i], &more);

		if (r < 0)
			return tool_error(r, "--%s", option);
		*caps |= more;
	}
	return 0;
}

static int set_caps(void)
{
	int r = add_caps("drop", &drop, &confine.drop);

	if (!r)
		r = add_caps("keep", &keep, &confine.keep);
	if (!r)
		r = add_caps("ambient", &ambient, &confine.ambient);
	confine.has_keep = keep.n > 0;
	return r;
}

static int run(int argc, char **argv)
{
	struct rf_seccomp *filter = NULL;
	struct rf_plan *plan = NULL;
	bool done = false;
	int r;

	if (dump)
		return show_self();
	if (landlock_options.abi)
		return landlock_print_abi();
	if (!argc)
		return tool_usage_error("missing argument: %s", tool_state.tool->usage);
	r = set_caps();
	if (!r)
		r = attributes_set(&confine);
	if (!r)
		r = tool_descriptors("pass-fd", &pass_fds, &confine.pass_fds, &confine.n_pass_fds);
	if (!r)
		r = landlock_set(&confine);
	if (!r)
		r = filter_open_raw(&confine, &filter);
	if (!r && !filter)
		r = filter_open(filter_options.profile, &filter);
	confine.seccomp = filter;
	confine.argv = argv;
	/* With --trace two processes come back: one to become the program, one that has waited. */
	if (!r)
		r = filter_supervise(&confine, &done);
	if (r || done) {
		rf_seccomp_free(filter);
		return r;
	}
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_confine(plan, &confine);
	/* Comes back only where it failed, or ran dry. */
	r = r < 0 ? tool_error(r, "plan") : -tool_run_plan(plan);
	rf_plan_free(plan);
	rf_seccomp_free(filter);
	if (r)
		filter_not_started(&confine);
	return r;
}

static const struct tool_command commands[] = {
	{"show", "PID", "Print what a process is and may use; self stands for this one", show_options, show_run, 1, 1, false},
	{"diff", "PID PID", "Print what two processes differ in, and what that means", show_options, diff_run, 2, 2, false},
	{"learn", "[--] PROGRAM [ARGUMENT…]",
	 "Run a program and write a profile of the system calls it used", learn_options, learn_run, 1,
	 -1, true},
	{"compile", "PROFILE OUT", "Write a profile's compiled filter to a file", NULL, compile_run, 2,
	 2, false},
	{"groups", "[GROUP]", "List the groups of system calls, or the calls of one", NULL, groups_run,
	 0, 1, false},
	{0},
};

static const struct tool tool = {
	.name = "confine",
	.help = "Run a program with less privilege",
	.usage = "[OPTION…] [--] PROGRAM [ARGUMENT…] | show PID | diff PID PID",
	.options = options,
	.commands = commands,
	.run = run,
	.min_args = 0, /* --landlock-abi runs nothing */
	.max_args = -1,
	.runs_program = true,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
