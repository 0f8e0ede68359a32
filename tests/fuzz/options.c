// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Words of a command line, NUL between them, through the tools' skeleton: a tool with a row of
 * every kind and with subcommands, and nsrun's own table. Nothing is run. What is said of a word
 * must not carry its control characters to the terminal.
 */
#include <ringfence/units.h>

#include "fuzz.h"
#include "tools/options.h"

int nsrun_main(int argc, char **argv);
#define main nsrun_main
#include "tools/nsrun/main.c"
#undef main

enum { WORDS_MAX = 64 };

#define EXPECT(condition)                                                                          \
	do {                                                                                       \
		if (!(condition))                                                                  \
			abort();                                                                   \
	} while (0)

static const char *const colours[] = {"red", "green", "", NULL};

static struct {
	bool flag;
	uint64_t bits, bytes, time, cpu;
	const char *string, *optional, *free_form;
	int64_t number;
	struct opt_list list;
	int choice, called;
} got;

static int call(const char *word, void *to)
{
	++*(int *)to;
	return strlen(word) < 3 ? 0 : strchr(word, 'm') ? -ENOMEM : -EINVAL;
}

static const struct opt_row every_kind[] = {
	{'f', "flag", OPT_FLAG, &got.flag, NULL, "flag"},
	{'b', "bits", OPT_BITS, &got.bits, NULL, "bits", 5},
	{'s', "string", OPT_STRING, &got.string, "WORD", "string"},
	{'i', "int", OPT_INT, &got.number, "N", "int", 0, -3, 1000},
	{'B', "bytes", OPT_BYTES, &got.bytes, "SIZE", "bytes"},
	{'t', "time", OPT_TIME, &got.time, "TIME", "time"},
	{'c', "cpu", OPT_CPU, &got.cpu, "AMOUNT", "cpu"},
	{'l', "list", OPT_LIST, &got.list, "WORD", "list"},
	{'C', "colour", OPT_CHOICE, &got.choice, "COLOUR", "choice", 0, 0, 0, colours},
	{'o', "optional", OPT_OPTIONAL, &got.optional, "COLOUR", "optional", 0, 0, 0, colours},
	{0, "free", OPT_OPTIONAL, &got.free_form, "WORD", "optional of any form"},
	{'k', "call", OPT_CALL, &got.called, "XX", "call", 0, 0, 0, NULL, call},
	OPT_COMMON_JSON,
	OPT_COMMON_EXPLAIN,
	{0},
};

static int command(int argc, char **argv)
{
	EXPECT(argc >= 0 && (!argc || argv[argc - 1]));
	return 42;
}

static const struct tool_command commands[] = {
	{"one", "WORD", "needs one word", every_kind, command, 1, 1, false},
	{"many", "[WORD…]", "takes any number", NULL, command, 0, -1, true},
	{0},
};

static const struct tool with_commands = {
	.name = "fuzz", .help = "with commands", .usage = "COMMAND", .options = every_kind, .commands = commands,
};
static const struct tool without = {
	.name = "fuzz", .help = "without", .usage = "[WORD]", .options = every_kind, .run = command, .max_args = 1,
};

static void check_values(int argc)
{
	EXPECT(got.number >= -3 && got.number <= 1000);
	EXPECT(got.choice >= 0 && got.choice < 3);
	EXPECT(!(got.bits & ~(uint64_t)5));
	EXPECT(got.list.n < (size_t)argc);
	for (size_t i = 0; i < got.list.n; i++)
		EXPECT(strlen(got.list.words[i]) < UINT32_MAX);
	if (got.optional) {
		int i = 0;

		while (i < 3 && strcmp(got.optional, colours[i]))
			i++;
		EXPECT(i < 3);
	}
}

static void reset(const struct tool *t)
{
	free(got.list.words);
	memset(&got, 0, sizeof(got));
	tool_state = (struct tool_state){.tool = t};
}

/* nsrun runs once, and keeps the words where its rows say: they end with each run here. */
static void forget_words(void)
{
	static const char *initial[array_size(options)];
	static bool known;

	for (size_t i = 0; i < array_size(options); i++) {
		const struct opt_row *row = &options[i];

		if (row->type == OPT_LIST) {
			free(((struct opt_list *)row->to)->words);
			*(struct opt_list *)row->to = (struct opt_list){0};
		}
		if (row->type != OPT_STRING && row->type != OPT_OPTIONAL)
			continue;
		if (!known)
			initial[i] = *(const char **)row->to;
		*(const char **)row->to = initial[i];
	}
	known = true;
}

static void run_all(int argc, char **argv)
{
	const struct tool *both[] = {&with_commands, &without};
	int r;

	for (int i = 0; i < 2; i++) {
		reset(both[i]);
		r = tool_main(both[i], argc, argv);
		EXPECT(r == 42 || r == EXIT_OK || r == EXIT_USAGE || r == EXIT_FAILED || r == EXIT_SETUP);
		check_values(argc);
	}
	forget_words();
	reset(&tool);
	r = options_parse(options, argc, argv);
	EXPECT(r != 0 && r <= argc);
	EXPECT(r < 0 || r == optind_after);
	/* -S and -G take any id but the one that means none. */
	EXPECT(as_uid >= -1 && as_uid <= 4294967294 && as_gid >= -1 && as_gid <= 4294967294);
	EXPECT(box.uid_map.n <= RF_IDMAP_MAX && propagation < 4 && setgroups_word < 2);
	if (r > 0 && !set_box(argv + r))
		for (size_t i = 0; i < pass_fds.n; i++)
			EXPECT(*pass_fds.words[i] && box.pass_fds[i] >= 0);
	free((void *)box.pass_fds);
	forget_words();
	box = (struct rf_sandbox){.size = sizeof(box)};
	kill_child = NULL;
	no_kill_child = false;
	as_uid = as_gid = propagation = setgroups_word = -1;
}

/* Nothing that moves a cursor. */
static void check_said(const char *said, size_t size)
{
	for (size_t i = 0; i < size; i++)
		EXPECT(said[i] == '\n' || ((unsigned char)said[i] >= 0x20 && said[i] != 0x7f));
}

FUZZ_TARGET(options)
{
	FILE *real_out = stdout, *real_err = stderr;
	char *argv[WORDS_MAX + 2] = {strdup("fuzz")}, *said = NULL, *printed = NULL;
	size_t said_size = 0, printed_size = 0;
	int argc = 1;

	while (size && argc <= WORDS_MAX) {
		size_t n = strnlen((const char *)data, size);

		argv[argc++] = fuzz_string(data, n);
		n += n < size;
		data += n;
		size -= n;
	}
	stderr = open_memstream(&said, &said_size);
	stdout = open_memstream(&printed, &printed_size);
	if (!stderr || !stdout)
		abort();
	run_all(argc, argv);
	fclose(stderr);
	fclose(stdout);
	stderr = real_err;
	stdout = real_out;
	check_said(said, said_size);
	reset(NULL);
	free(said);
	free(printed);
	for (int i = 0; i < argc; i++)
		free(argv[i]);
	return 0;
}
