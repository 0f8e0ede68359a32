// SPDX-License-Identifier: GPL-2.0-or-later
/* cgprobe: what the CPU and memory controllers do to the threads of a control group. */
#include "cgprobe.h"

static const struct tool_command commands[] = {
	{"cpu", "[-G GROUP]", "Who runs, who waits for a CPU, and who is stopped by quota",
	 cpu_options, cpu_command, 0, 0},
	{"memory", "[-G GROUP]", "Who runs into memory limits, whose they are, and who is killed",
	 memory_options, memory_command, 0, 0},
	{0},
};

static const struct tool tool = {
	.name = "cgprobe",
	.help = "Watch what the CPU and memory controllers do to the threads of a control group",
	.usage = "COMMAND [OPTION…]",
	.commands = commands,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
