// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * confine learn: run a program with every system call told of and let go, and write down the ones
 * it used. What only another run would use is not in it. Also the commands on profiles themselves.
 */
#include "confine.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "priv/seccomp.h"

enum { MAX_NR = 1024 };

static const char *output, *merge;
static int format;
static const char *const formats[] = {"text", "oci", NULL};

const struct opt_row learn_options[] = {
	{'o', "output", OPT_STRING, &output, "FILE", "write the profile there, not to standard output"},
	{0, "format", OPT_CHOICE, &format, "FORM", "text or oci", 0, 0, 0, formats},
	{0, "merge", OPT_STRING, &merge, "FILE",
	 "start with this text profile, and add what it does not allow yet"},
	{0},
};

/* What the start of any program needs, whatever this one did. */
static const char *const always[] = {
	"execve", "exit", "exit_group", "brk", "mmap", "munmap", "mprotect", "arch_prctl",
	"set_tid_address", "set_robust_list", "rseq", "prlimit64", "getrandom", "read", "write",
	"close", "fstat", "newfstatat", "openat", "pread64", "access", "rt_sigreturn", "restart_syscall",
};

struct learnt {
	bool used[MAX_NR];
	bool foreign; /* a call by another architecture's numbers */
	struct rf_seccomp *base;
};

static void note(const struct rf_notify_event *event, void *data)
{
	struct learnt *l = data;
	if (event->call->arch == seccomp_native_arch() && event->call->nr >= 0 && event->call->nr < MAX_NR)
		l->used[event->call->nr] = true;
	else
		l->foreign = true;
}

static int compare(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* As far as that is known without its arguments. */
static bool allows(const struct rf_seccomp *base, int nr)
{
	struct seccomp_data call = {.nr = nr, .arch = seccomp_native_arch()};
	uint32_t action;

	return rf_seccomp_answer(base, &call, &action) >= 0 && action == SECCOMP_RET_ALLOW;
}

/* Names of the calls, sorted and ended by NULL; what the base allows already is not among them. */
static char **sorted_names(const struct learnt *l)
{
	char **names = calloc(MAX_NR + 1, sizeof(*names));
	size_t n = 0;

	for (int nr = 0; names && nr < MAX_NR; nr++) {
		char *name = NULL;
		bool wanted = l->used[nr];

		if (rf_seccomp_call_name(nr, &name) < 0 || name[0] == '#') {
			free(name);
			continue;
		}
		for (size_t i = 0; i < array_size(always); i++)
			wanted |= str_eq(always[i], name);
		if (wanted && !(l->base && allows(l->base, nr)))
			names[n++] = name;
		else
			free(name);
	}
	if (names)
		qsort(names, n, sizeof(*names), compare);
	return names;
}

/*
 * A libc that has clone3(2) tries it first, and goes back to clone(2) for ENOSYS, not for EPERM. Where it
 * was refused by a filter around this one, it was not told of here.
 */
static bool wants_no_clone3(const struct learnt *l)
{
	int clone3 = seccomp_call_number("clone3"), clone = seccomp_call_number("clone");
	struct seccomp_data call = {.nr = clone3, .arch = seccomp_native_arch()};
	uint32_t action;

	if (clone < 0 || clone3 < 0 || !l->used[clone] || l->used[clone3])
		return false;
	if (!l->base || rf_seccomp_answer(l->base, &call, &action) < 0)
		return true;
	return action != SECCOMP_RET_ALLOW && action != (SECCOMP_RET_ERRNO | ENOSYS);
}

static bool in_group(const struct rf_seccomp_group *g, const char *name)
{
	for (size_t i = 0; g->calls[i]; i++)
		if (str_eq(g->calls[i], name))
			return true;
	return false;
}

/* The first group that a call is in gives it its place. */
static void add_of_group(struct str *out, char **names, bool *done, const struct rf_seccomp_group *g)
{
	size_t column = 0;

	for (size_t i = 0; names[i]; i++) {
		if (done[i] || (g && !in_group(g, names[i])))
			continue;
		if (!column)
			str_addf(out, "\n# %s\n", g ? g->meaning : "Of no group.");
		if (!column || column > 80) {
			str_add(out, column ? "\nallow" : "allow");
			column = 5;
		}
		str_addf(out, " %s", names[i]);
		column += strlen(names[i]) + 1;
		done[i] = true;
	}
	if (column)
		str_add(out, "\n");
}

static void add_command(struct str *out, char **argv)
{
	struct str words __free(str) = {0};

	str_add(out, "# Learnt by confine learn from one run of:");
	for (; *argv; argv++)
		str_addf(&words, " %s", *argv);
	/* A line break in an argument must not end the comment. */
	for (size_t i = 0; i < words.len; i++)
		if ((unsigned char)words.s[i] < 0x20)
			words.s[i] = '?';
	str_addf(out, "%s\n", words.s ?: "");
}

static int as_text(struct str *out, const struct learnt *l, char **names, char **argv)
{
	bool done[MAX_NR] = {0};
	char *base __free(ptr) = NULL;
	size_t len;
	int r = merge ? file_read_at(AT_FDCWD, merge, 4 << 20, &base, &len) : 0;

	if (r < 0)
		return tool_error(r, "--merge");
	str_add(out, base ?: "");
	if (base && len && base[len - 1] != '\n')
		str_add(out, "\n");
	if (base && !names[0] && !wants_no_clone3(l))
		return 0;
	add_command(out, argv);
	if (!base)
		str_add(out, "default deny EPERM\n");
	if (wants_no_clone3(l))
		str_add(out, "\n# Without it, clone is called; EPERM would not be taken for that.\ndeny ENOSYS clone3\n");
	for (const struct rf_seccomp_group *g = rf_seccomp_groups(); g->name; g++)
		add_of_group(out, names, done, g);
	add_of_group(out, names, done, NULL);
	return 0;
}

static void as_oci(struct str *out, const struct learnt *l, char **names)
{
	str_add(out, "{\n\t\"defaultAction\": \"SCMP_ACT_ERRNO\",\n\t\"defaultErrnoRet\": 1,\n"
		     "\t\"syscalls\": [\n\t\t{\n\t\t\t\"names\": [");
	for (size_t i = 0; names[i]; i++)
		str_addf(out, "%s\n\t\t\t\t\"%s\"", i ? "," : "", names[i]);
	str_add(out, "\n\t\t\t],\n\t\t\t\"action\": \"SCMP_ACT_ALLOW\"\n\t\t}");
	if (wants_no_clone3(l))
		str_addf(out, ",\n\t\t{\n\t\t\t\"names\": [\n\t\t\t\t\"clone3\"\n\t\t\t],\n"
			 "\t\t\t\"action\": \"SCMP_ACT_ERRNO\",\n\t\t\t\"errnoRet\": %d\n\t\t}", ENOSYS);
	str_add(out, "\n\t]\n}\n");
}

static int write_profile(const struct learnt *l, char **argv)
{
	struct str out __free(str) = {0};
	char **names = sorted_names(l);
	int r = 0;

	if (!names)
		return tool_error(-ENOMEM, "learn");
	if (format)
		as_oci(&out, l, names);
	else
		r = as_text(&out, l, names, argv);
	for (size_t i = 0; names[i]; i++)
		free(names[i]);
	free(names);
	if (!r && out.failed)
		r = tool_error(-ENOMEM, "learn");
	if (r)
		return r;
	if (output) {
		r = file_replace_at(AT_FDCWD, output, out.s, out.len, 0644);
		return r < 0 ? tool_error(r, "--output") : 0;
	}
	fputs(out.s ?: "", stdout);
	return tool_finish(0);
}

static int open_base(struct learnt *l)
{
	struct rf_seccomp_info info;
	int r;

	if (!merge)
		return 0;
	if (format)
		return tool_usage_error("--merge: only text profiles can be merged, and --format oci is given");
	r = rf_seccomp_open(merge, RF_SECCOMP_NO_CACHE | RF_SECCOMP_NO_STORE, &l->base);
	if (r < 0)
		return tool_error(r, "--merge");
	rf_seccomp_info(l->base, &info);
	if (!info.is_text) {
		rf_seccomp_free(l->base);
		return tool_usage_error("--merge: %s is no text profile", merge);
	}
	return 0;
}

/* In the child: become the program. Comes back only where that failed, with the exit code. */
static int become(const struct rf_confine *confine)
{
	struct rf_plan *plan = NULL;
	int r = rf_plan_new(&plan);

	if (r >= 0)
		r = rf_plan_confine(plan, confine);
	r = r < 0 ? tool_error(r, "plan") : -tool_run_plan(plan);
	rf_plan_free(plan);
	if (r)
		filter_not_started(confine);
	return r;
}

int learn_run(int argc, char **argv)
{
	static struct learnt learnt;
	struct rf_confine confine = {.size = sizeof(confine), .argv = argv};
	struct rf_seccomp *all = NULL;
	struct supervision s = {.let_go = true, .report = note, .data = &learnt};
	int r = open_base(&learnt);

	if (r)
		return r;
	r = rf_seccomp_new_empty(&all);
	if (r < 0)
		return tool_error(r, "learn");
	confine.seccomp = all;
	r = filter_supervise_by(&confine, &s);
	if (!r && !s.done)
		r = become(&confine);
	else if (!r && !s.not_started)
		r = write_profile(&learnt, argv);
	if (learnt.foreign)
		tool_warn("it made calls by another architecture's numbers, which a text profile refuses");
	rf_seccomp_free(learnt.base);
	rf_seccomp_free(all);
	return r || !s.done ? r : tool_exit_as(s.status);
}

int compile_run(int argc, char **argv)
{
	struct rf_seccomp *filter = NULL;
	int r = filter_open(argv[0], &filter);

	if (r)
		return r;
	r = rf_seccomp_save(filter, argv[1]);
	rf_seccomp_free(filter);
	return r < 0 ? tool_error(r, "compile") : 0;
}

static void print_group(const struct rf_seccomp_group *g)
{
	printf("# %s\n", g->meaning);
	for (size_t i = 0; g->calls[i]; i++)
		printf("%s\n", g->calls[i]);
}

int groups_run(int argc, char **argv)
{
	const char *name = argc ? argv[0] + (argv[0][0] == '@') : NULL;

	for (const struct rf_seccomp_group *g = rf_seccomp_groups(); g->name; g++) {
		if (!name)
			printf("@%-12s %s\n", g->name, g->meaning);
		else if (str_eq(g->name, name)) {
			print_group(g);
			return tool_finish(0);
		}
	}
	return name ? tool_usage_error("@%s: is no group; confine groups lists them", name)
		    : tool_finish(0);
}
