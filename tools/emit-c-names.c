// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Variables of the program that --emit=c prints: each is named by what it holds, after the path it was
 * opened by or the step that made it. One that has been closed is used again for the next of its name.
 */
#include "emit-c.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

struct emit_bound {
	int fd, var;
	int end; /* of a pipe: 0 or 1; else -1 */
};

/* Names that say more than a path does. */
static const struct {
	const char *step, *call, *name;
} known[] = {
	{"attach-root", "open_tree", "root_fd"},
	{"pty-open", "openat", "pty_outer"},
	{"pty-open", "ioctl", "pty_inner"},
	{"fork", "pidfd_open", "caller_pidfd"},
	{"open-program", "openat", "program_fd"},
	{NULL, "landlock_create_ruleset", "ruleset_fd"},
	{NULL, "socket", "socket_fd"},
};

/* What a path's last word has behind it, by what the descriptor is. */
static const struct {
	const char *call, *word, *suffix;
} suffixes[] = {
	{"fsopen", NULL, "fs"},	      {"fsmount", NULL, "mount"},	  {"open_tree", NULL, "tree"},
	{"openat", "O_DIRECTORY", "dir"}, {"openat2", "O_DIRECTORY", "dir"}, {"memfd_create", NULL, "memfd"},
	{"pidfd_open", NULL, "pidfd"},
};

static const char *known_name(const char *step, const char *call)
{
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if ((!known[i].step || str_eq(known[i].step, step)) && str_eq(known[i].call, call))
			return known[i].name;
	return NULL;
}

static const char *suffix_of(const char *call, char *const args[], size_t n_args)
{
	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		bool has = !suffixes[i].word;

		for (size_t a = 0; a < n_args && !has; a++)
			has = strstr(args[a], suffixes[i].word);
		if (has && str_eq(suffixes[i].call, call))
			return suffixes[i].suffix;
	}
	return "fd";
}

/* The last word of the first path among the arguments, as far as it can be a name. */
static void stem_of(char *const args[], size_t n_args, char *to, size_t size)
{
	const char *path = NULL, *end, *start;
	size_t n = 0;

	for (size_t i = 0; i < n_args && !path; i++)
		if (args[i][0] == '"' && args[i][1] != '"')
			path = args[i] + 1;
	end = path ? path + strcspn(path, "\"") : NULL;
	while (end > path && end[-1] == '/')
		end--;
	for (start = end; start > path && start[-1] != '/'; start--)
		;
	/* /proc/self and /proc/PID are each a process's part of proc. */
	if (path && str_starts(path, "/proc/") && start == path + 6 &&
	    (isdigit((unsigned char)*start) || str_starts(start, "self\""))) {
		start = path + 1;
		end = path + 5;
	}
	if (start < end && isdigit((unsigned char)*start))
		to[n++] = 'n';
	for (; start < end && n < size - 1; start++)
		if (isalnum((unsigned char)*start))
			to[n++] = (char)tolower((unsigned char)*start);
		else if (n && to[n - 1] != '_')
			to[n++] = '_';
	to[n] = '\0';
}

static int add_var(struct emit_names *names, const char *wish, bool child)
{
	struct emit_var *more = realloc(names->vars, (names->n_vars + 1) * sizeof(*more)), *v;
	unsigned number = 1;

	if (!more) {
		names->failed = true;
		return -1;
	}
	names->vars = more;
	v = &more[names->n_vars];
	*v = (struct emit_var){0};
	v->on[child] = true;
	snprintf(v->name, sizeof(v->name), "%.40s", wish);
	for (size_t i = 0; i < names->n_vars; i++) {
		/* A name is free to one function when the other has no more to say of what it held there. */
		if (!str_eq(more[i].name, v->name) || (more[i].closed && !more[i].on[child]))
			continue;
		/* Closed, and of this process alone: free for another. */
		if (more[i].closed && more[i].on[child] && !more[i].on[!child] &&
		    !more[i].pair && !more[i].pid) {
			more[i].closed = false;
			return (int)i;
		}
		snprintf(v->name, sizeof(v->name), "%.40s%u", wish, ++number);
		i = (size_t)-1;
	}
	return (int)names->n_vars++;
}

static void bind_number(struct emit_names *names, int fd, int var, int end)
{
	struct emit_bound *more = realloc(names->bound, (names->n_bound + 1) * sizeof(*more));

	if (!more || var < 0) {
		names->failed = true;
		return;
	}
	names->bound = more;
	more[names->n_bound++] = (struct emit_bound){fd, var, end};
}

static struct emit_bound *find(struct emit_names *names, int fd)
{
	for (size_t i = names->n_bound; i-- > 0;)
		if (names->bound[i].fd == fd)
			return &names->bound[i];
	return NULL;
}

int emit_name_made(struct emit_names *names, const char *step, const char *call, char *const args[],
		   size_t n_args, long result, bool child)
{
	const char *name = known_name(step, call), *suffix = suffix_of(call, args, n_args);
	char stem[32], full[48];
	int var;

	if (!name) {
		stem_of(args, n_args, stem, sizeof(stem));
		/* A mount is of the file system that its context was opened for. */
		if (!stem[0] && n_args && str_starts(args[0], "fd#")) {
			const struct emit_bound *b = find(names, emit_number(args[0] + 3));

			const char *of = b ? names->vars[b->var].name : "";

			snprintf(stem, sizeof(stem), "%.*s", (int)strcspn(of, "_"), of);
		}
		snprintf(full, sizeof(full), "%s%s%s", stem[0] ? stem : "slash", "_", suffix);
		name = full;
	}
	var = add_var(names, name, child);
	bind_number(names, (int)result, var, -1);
	return var;
}

int emit_name_pid(struct emit_names *names, const char *step, const char *call, int pid, bool child)
{
	int var = add_var(names, str_eq(step, "fork") ? (str_eq(call, "fork") ? "middle_pid" : "child_pid") : str_eq(step, "init") ? "program_pid" :
			  str_eq(step, "be-born") ? "successor" : "helper_pid", child);

	if (var >= 0)
		names->vars[var].pid = true;
	bind_number(names, pid, var, -1);
	return var;
}

/* `ends`: "[fd#3, fd#4]". Of those that a fork makes, the second carries its child's messages, a third the pid of a
 * child that another makes. */
int emit_name_pipe(struct emit_names *names, const char *step, const char *ends, bool child)
{
	const char *second = strstr(ends, ", fd#");
	const char *wish = str_eq(step, "status-pipe") ? "status_pipe" : "hold";
	int var;

	if (str_eq(step, "fork"))
		wish = names->last_pipe < 0 ? "release_pipe"
		     : str_eq(names->vars[names->last_pipe].name, "release_pipe") ? "successor_pipe"
		     : str_eq(names->vars[names->last_pipe].name, "successor_pipe") ? "say_pipe" : "release_pipe";
	var = add_var(names, wish, child);
	if (var < 0 || !second)
		return -1;
	names->vars[var].pair = true;
	bind_number(names, emit_number(ends + 4), var, 0);
	bind_number(names, emit_number(second + 5), var, 1);
	names->last_pipe = var;
	return var;
}

static void add_bound(struct emit_names *names, struct str *out, const struct emit_bound *b, bool child)
{
	struct emit_var *v = &names->vars[b->var];

	v->on[child] = true;
	v->uses++;
	if (b->end < 0)
		str_add(out, v->name);
	else
		str_addf(out, "%s[%d]", v->name, b->end);
}

void emit_add_fd(struct emit_names *names, struct str *out, int fd, bool child)
{
	const struct emit_bound *b = find(names, fd);

	if (!b) {
		/* Made by no call: it can't be written, which the mark will show. */
		str_addf(out, sys_is_dry_fd(fd) ? "fd#%d" : "%d", fd);
		return;
	}
	add_bound(names, out, b, child);
}

void emit_add_pid(struct emit_names *names, struct str *out, int pid, bool child)
{
	if (sys_is_dry_pid(pid))
		emit_add_fd(names, out, pid, child);
	else
		str_addf(out, "%d", pid);
}

bool emit_is_known(struct emit_names *names, int fd, bool child)
{
	const struct emit_bound *b = find(names, fd);

	return b && names->vars[b->var].on[child];
}

void emit_close(struct emit_names *names, int fd, struct str *out, bool child)
{
	struct emit_bound *b = find(names, fd);

	if (!b)
		return;
	add_bound(names, out, b, child);
	names->vars[b->var].closed = true;
	*b = names->bound[--names->n_bound];
}

void emit_names_done(struct emit_names *names)
{
	free(names->vars);
	free(names->bound);
}
