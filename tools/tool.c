// SPDX-License-Identifier: GPL-2.0-or-later
/* Entry, errors and exit of every tool. */
#include "tool.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdio_ext.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "options.h"
#include "sys/sys.h"

struct tool_state tool_state = {.emit = -1};

static bool runs_program(void)
{
	return tool_state.command ? tool_state.command->runs_program
				  : tool_state.tool->runs_program;
}

static int usage_code(void)
{
	return runs_program() ? EXIT_SETUP : EXIT_USAGE;
}

static int failure_code(void)
{
	return runs_program() ? EXIT_SETUP : EXIT_FAILED;
}

/* One error as JSON: only the members that are there. */
struct error_words {
	const char *message, *step, *call, *args, *object, *note, *hint;
	size_t number, of;
	int error;
};

static void json_member(struct str *out, const char *key, const char *value)
{
	if (!value || !value[0])
		return;
	str_addf(out, ", \"%s\": ", key);
	str_add_json(out, value);
}

static void print_json_error(const struct error_words *e)
{
	struct str out __free(str) = {0};

	str_addf(&out, "{\"error\": {\"tool\": \"%s\"", tool_state.tool->name);
	json_member(&out, "message", e->message);
	if (e->number)
		str_addf(&out, ", \"step\": %zu, \"steps\": %zu", e->number, e->of);
	json_member(&out, "step_name", e->step);
	json_member(&out, "call", e->call);
	json_member(&out, "args", e->args);
	json_member(&out, "object", e->object);
	json_member(&out, "errno", e->error ? strerrorname_np(-e->error) : NULL);
	json_member(&out, "note", e->note);
	json_member(&out, "hint", e->hint);
	str_add(&out, "}}\n");
	if (!out.failed)
		fputs(out.s, stderr);
}

/* Layers and group names may hold anything: no control character reaches the terminal. */
static void add_clean(struct str *out, const char *s)
{
	for (; *s; s++) {
		if ((unsigned char)*s < 0x20 || *s == 0x7f)
			str_addf(out, "\\x%02x", (unsigned char)*s);
		else
			str_addn(out, s, 1);
	}
}

/* One write for the whole line: what others say must not come between. */
static void put_line(const char *before, const char *s)
{
	struct str out __free(str) = {0};

	str_addf(&out, "%s%s", tool_state.tool->name, before);
	add_clean(&out, s);
	str_add(&out, "\n");
	if (!out.failed)
		fputs(out.s, stderr);
}

static void add_part(struct str *line, const char *part)
{
	if (part && part[0])
		str_addf(line, ": %s", part);
}

static void print_error(const struct error_words *e)
{
	struct str line __free(str) = {0};
	bool has_note = e->note && e->note[0];

	if (tool_state.json) {
		print_json_error(e);
		return;
	}
	if (e->number)
		str_addf(&line, ": step %zu of %zu (%s)", e->number, e->of, e->step);
	add_part(&line, e->message);
	add_part(&line, e->object);
	if (e->call && e->call[0] && !has_note)
		str_addf(&line, ": %s(%s)", e->call, e->args ?: "");
	add_part(&line, e->note);
	if (e->error && !has_note)
		add_part(&line, strerror(-e->error));
	put_line("", line.s ?: "");
	if (e->hint && e->hint[0])
		put_line(": hint: ", e->hint);
}

int tool_usage_error(const char *fmt, ...)
{
	char text[512];
	struct error_words e = {.message = text};
	char hint[128];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(hint, sizeof(hint), "%s%s%s --help lists what is allowed", tool_state.tool->name,
		 tool_state.command ? " " : "", tool_state.command ? tool_state.command->name : "");
	e.hint = hint;
	print_error(&e);
	return usage_code();
}

int tool_pid(const char *word, int self, int *ret_pid)
{
	uint64_t pid;

	if (str_eq(word, "self")) {
		*ret_pid = self;
		return 0;
	}
	if (str_to_u64(word, &pid) < 0 || !pid || pid > 1 << 22)
		return tool_usage_error("\"%s\" is neither a pid nor self", word);
	*ret_pid = (int)pid;
	return 0;
}

int tool_error(int error, const char *fmt, ...)
{
	const struct rf_call *call = rf_trace_last_failure();
	struct error_words e = {.error = error};
	char text[512], hint[320] = "";
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	e.message = text;
	/* The record belongs to this error only if it says the same. */
	if (call->name[0] && call->result == error) {
		rf_hint(call, hint, sizeof(hint));
		e.call = call->name;
		e.args = call->args;
		e.object = call->object;
		e.note = call->note;
		e.hint = hint;
	}
	print_error(&e);
	return failure_code();
}

int tool_plan_error(const struct rf_failure *f)
{
	struct error_words e = {
		.number = f->number,
		.of = f->of,
		.step = f->info.name,
		.call = f->call.name,
		.args = f->call.args,
		.object = f->call.object,
		.note = f->call.note,
		.error = f->error,
		.hint = f->hint,
	};

	print_error(&e);
	if (runs_program())
		return f->exit_code;
	/* A value or name that was refused before anything was touched is the user's mistake. */
	return f->error == -EINVAL && !strcmp(f->call.name, "check") ? EXIT_USAGE : EXIT_FAILED;
}

void tool_warn(const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	put_line(": ", text);
}

int tool_finish(int code)
{
	if (!__fpending(stdout) && !ferror(stdout))
		return code;
	if (fflush(stdout) == 0 && !ferror(stdout))
		return code;
	fprintf(stderr, "%s: standard output: %s\n", tool_state.tool->name, strerror(errno));
	return code ? code : failure_code();
}

int tool_exit_as(int status)
{
	int sig;
	sigset_t set;

	if (WIFEXITED(status))
		return WEXITSTATUS(status);
	sig = WTERMSIG(status);
	/* No second core dump, and no handler or mask in the way. */
	setrlimit(RLIMIT_CORE, &(struct rlimit){0, 0});
	sys_signal_default(sig);
	sigemptyset(&set);
	sigaddset(&set, sig);
	sys_sigprocmask(SIG_UNBLOCK, &set, NULL);
	sys_kill(getpid(), sig);
	return 128 + sig;
}

int tool_descriptor(const char *option, int64_t fd)
{
	int r = fd < 0 ? 0 : sys_get_cloexec((int)fd);

	if (r == -EBADF)
		return tool_usage_error("--%s: descriptor %d is not open; a shell opens it by %d< FILE or %d> FILE", option, (int)fd, (int)fd, (int)fd);
	return r < 0 ? tool_error(r, "--%s", option) : 0;
}

int tool_descriptors(const char *option, const struct opt_list *list, const int **ret_fds, size_t *ret_n)
{
	int r, *fds __free(ptr) = calloc(list->n + 1, sizeof(*fds));

	if (!fds)
		return tool_error(-ENOMEM, "--%s", option);
	for (size_t i = 0; i < list->n; i++) {
		uint64_t n;

		if (str_to_u64(list->words[i], &n) < 0 || n > 1 << 20)
			return tool_usage_error("--%s: \"%s\" is not a descriptor number", option, list->words[i]);
		fds[i] = (int)n;
		r = tool_descriptor(option, fds[i]);
		if (r)
			return r;
	}
	*ret_n = list->n;
	*ret_fds = take_ptr(&fds);
	return 0;
}

/* RINGFENCE_FAULT refuses calls (tests), RINGFENCE_TRACE=FILE appends a line per call. */
static void trace_to_file(const struct rf_call *call, void *data)
{
	dprintf(*(int *)data, "%s\t%s\t%s\t%lld\n", call->name, call->object, call->args,
		(long long)call->result);
}

enum { LOOKED_AT_FDS = 256 };

static int trace_fd = -1;
static bool given_fd[LOOKED_AT_FDS];

static void note_given_fds(void)
{
	struct stat st;

	for (int fd = 0; fd < LOOKED_AT_FDS; fd++)
		given_fd[fd] = sys_fstat(fd, &st) >= 0;
	rf_trace_forget();
}

/* The last records: descriptors that we opened and nobody closed. */
static void record_open_fds(void)
{
	struct stat st;

	rf_trace_set(NULL, NULL);
	rf_trace_fault("");
	for (int fd = 0; fd < LOOKED_AT_FDS; fd++) {
		char link[40], target[256] = "";

		if (given_fd[fd] || fd == trace_fd || sys_fstat(fd, &st) < 0)
			continue;
		snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
		sys_readlinkat(AT_FDCWD, link, target, sizeof(target) - 1);
		dprintf(trace_fd, "left-open\t%s\t%d\t0\n", target, fd);
	}
}

static int set_up_seam(void)
{
	const char *fault = getenv("RINGFENCE_FAULT"), *trace = getenv("RINGFENCE_TRACE");

	if (trace) {
		note_given_fds();
		trace_fd = sys_openat(AT_FDCWD, trace, O_WRONLY | O_CREAT | O_APPEND, 0600);
		if (trace_fd < 0)
			return tool_error(trace_fd, "RINGFENCE_TRACE");
		rf_trace_set(trace_to_file, &trace_fd);
	}
	if (fault && rf_trace_fault(fault) < 0)
		return tool_usage_error("RINGFENCE_FAULT=%s: not NAME[:OBJECT]=ERRNO[!]", fault);
	return 0;
}

static int check_words(int argc, int min, int max, const char *args)
{
	if (argc < min)
		return tool_usage_error("missing argument: %s", args);
	if (max >= 0 && argc > max)
		return tool_usage_error("too many arguments: %s", max ? args : "none is taken");
	return 0;
}

static bool is_command(const struct tool *tool, const char *word)
{
	const struct tool_command *c = tool->commands;

	while (c->name && strcmp(c->name, word))
		c++;
	return c->name;
}

static int run_command(const struct tool *tool, int argc, char **argv)
{
	const struct tool_command *c = tool->commands;
	int r;

	if (argc < 1)
		return tool_usage_error("missing command");
	while (c->name && strcmp(c->name, argv[0]))
		c++;
	if (!c->name)
		return tool_usage_error("no such command: %s", argv[0]);
	tool_state.command = c;
	r = options_parse(c->options, argc, argv);
	if (r < 0)
		return -r - 1;
	r = check_words(argc - r, c->min_args, c->max_args, c->args);
	return r ? r : c->run(argc - optind_after, argv + optind_after);
}

static int tool_run(const struct tool *tool, int argc, char **argv)
{
	int r;

	if (geteuid() != getuid() || getegid() != getgid()) {
		fprintf(stderr, "%s: refuses to run set-user-ID or set-group-ID\n", tool->name);
		return failure_code();
	}
	sys_signal_ignore(SIGPIPE);
	r = options_parse(tool->options, argc, argv);
	if (r < 0)
		return -r - 1;
	argc -= optind_after;
	argv += optind_after;
	if (tool_state.emit >= 0 && (tool_state.explain || tool_state.dry_run))
		return tool_usage_error("--emit, --explain and --dry-run exclude each other");
	/* A program is made of a dry run. */
	tool_state.dry_run |= tool_state.emit >= 0;
	r = set_up_seam();
	if (r)
		return r;
	/* After "--" a word is a program, whatever it is called. */
	if (tool->commands && (!tool->run || (argc && strcmp(argv[-1], "--") && is_command(tool, argv[0]))))
		return tool_finish(run_command(tool, argc, argv));
	r = check_words(argc, tool->min_args, tool->max_args, tool->usage);
	return r ? r : tool_finish(tool->run(argc, argv));
}

int tool_main(const struct tool *tool, int argc, char **argv)
{
	int code;

	tool_state.tool = tool;
	tool_state.argv = argv;
	code = tool_run(tool, argc, argv);
	if (trace_fd >= 0)
		record_open_fds();
	return code;
}
