// SPDX-License-Identifier: GPL-2.0-or-later
/* confine: run a program with less privilege, in this very process. */
#include <errno.h>
#include <ringfence/priv.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "confine.h"

static struct rf_confine confine = {.size = sizeof(confine)};
static const char *profile;
static bool verbose, no_cache;
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
	{'s', "seccomp", OPT_STRING, &profile, "FILE",
	 "filter system calls by an OCI seccomp profile, or by the one of a config.json"},
	{0, "no-cache", OPT_FLAG, &no_cache, NULL,
	 "compile the profile anew, and leave nothing behind for the next time"},
	{0, "pass-fd", OPT_LIST, &pass_fds, "N",
	 "leave descriptor N open for the program; all others above 2 are closed"},
	{'v', "verbose", OPT_FLAG, &verbose, NULL,
	 "say which system calls of the profile are not known here"},
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

static int open_profile(struct rf_seccomp **ret_filter)
{
	unsigned flags = no_cache ? RF_SECCOMP_NO_CACHE | RF_SECCOMP_NO_STORE : 0;
	struct rf_seccomp_info info;
	int r;

	if (!profile)
		return 0;
	if (tool_state.dry_run)
		flags |= RF_SECCOMP_NO_STORE;
	r = rf_seccomp_open(profile, flags, ret_filter);
	if (r < 0)
		return tool_error(r, "--seccomp");
	rf_seccomp_info(*ret_filter, &info);
	if (verbose && info.unknown[0])
		tool_warn("%s: not known here and left out: %s", profile, info.unknown);
	return 0;
}

static int run(int argc, char **argv)
{
	struct rf_seccomp *filter = NULL;
	struct rf_plan *plan = NULL;
	int r;

	if (dump)
		return show_self();
	if (!argc)
		return tool_usage_error("missing argument: %s", tool_state.tool->usage);
	r = set_caps();
	if (!r)
		r = attributes_set(&confine);
	if (!r)
		r = tool_descriptors("pass-fd", &pass_fds, &confine.pass_fds, &confine.n_pass_fds);
	if (!r)
		r = open_profile(&filter);
	if (r)
		return r;
	confine.seccomp = filter;
	confine.argv = argv;
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_confine(plan, &confine);
	/* Comes back only where it failed, or ran dry. */
	r = r < 0 ? tool_error(r, "plan") : -tool_run_plan(plan);
	rf_plan_free(plan);
	rf_seccomp_free(filter);
	return r;
}

static const struct tool_command commands[] = {
	{"show", "PID", "Print what a process is and may use; self stands for this one", show_options, show_run, 1, 1, false},
	{"diff", "PID PID", "Print what two processes differ in, and what that means", show_options, diff_run, 2, 2, false},
	{0},
};

static const struct tool tool = {
	.name = "confine",
	.help = "Run a program with less privilege",
	.usage = "[OPTION…] [--] PROGRAM [ARGUMENT…] | show PID | diff PID PID",
	.options = options,
	.commands = commands,
	.run = run,
	.max_args = -1,
	.runs_program = true,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
