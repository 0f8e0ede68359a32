// SPDX-License-Identifier: GPL-2.0-or-later
/* nsls: which namespaces there are, who lives in them, and what two processes share. */
#include <string.h>
#include <unistd.h>

#include "base/str.h"
#include "nsls.h"

int nsls_pid(const char *word, int *ret_pid)
{
	uint64_t pid;

	if (str_eq(word, "self")) {
		*ret_pid = getpid();
		return 0;
	}
	if (str_to_u64(word, &pid) < 0 || !pid || pid > 1 << 22)
		return tool_usage_error("\"%s\" is neither a pid nor self", word);
	*ret_pid = (int)pid;
	return 0;
}

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
