// SPDX-License-Identifier: GPL-2.0-or-later
/* nsls: which namespaces there are, who lives in them, and what two processes share. */
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "nsls.h"

static const struct tool_command commands[] = {
	{"diff", "PID PID", "Say of each kind whether two processes share it, and what that means",
	 diff_options, diff_run, 2, 2, false},
	{"why", "PID", "Say how a process differs from pid 1", diff_options, why_run, 1, 1, false},
	{"limits", "", "List the limits on the numbers of namespaces", diff_options, limits_run, 0, 0, false},
	{0},
};

static const struct tool tool = {
	.name = "nsls",
	.help = "List namespaces, and compare those of processes",
	.usage = "[OPTION…] [NAMESPACE] | diff PID PID | why PID | limits",
	.options = list_options,
	.commands = commands,
	.run = list_run,
	.max_args = 1,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
