/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of confine share; each part has its rows of options and one call in main.c. */
#ifndef TOOLS_CONFINE_H
#define TOOLS_CONFINE_H

#include <ringfence/priv.h>

#include "../tool.h"

/* filter.c: the profile, and the trace of what it does not allow. */
struct filter_options {
	const char *profile, *trace;
	bool no_cache, trace_only, verbose;
};
extern struct filter_options filter_options;
/* All return 0, or the exit code with the error printed. */
int filter_open(const char *profile, struct rf_seccomp **ret_filter);
bool filter_traced(void);
/* Fork; in the child 0 with *confine set, in the caller the program's end as an exit code. */
int filter_supervise(struct rf_confine *confine, bool *ret_done);
int filter_supervise_by(struct rf_confine *confine, bool let_go,
			void (*report)(const struct rf_notify_event *event, void *data), void *data,
			int *ret_status, bool *ret_done);

#define CONFINE_FILTER_OPTIONS                                                                     \
	{'s', "seccomp", OPT_STRING, &filter_options.profile, "FILE",                              \
	 "filter system calls by a profile: text, OCI JSON, the one of a config.json, or compiled"}, \
	{0, "no-cache", OPT_FLAG, &filter_options.no_cache, NULL,                                  \
	 "compile the profile anew, and leave nothing behind for the next time"},                  \
	{0, "trace", OPT_OPTIONAL, &filter_options.trace, "FILE",                                  \
	 "report each system call that the profile does not allow, to FILE, to fd:N or to standard error"}, \
	{0, "trace-only", OPT_FLAG, &filter_options.trace_only, NULL,                              \
	 "report, and let the call go"},                                                           \
	{'v', "verbose", OPT_FLAG, &filter_options.verbose, NULL,                                  \
	 "say which system calls of the profile are not known here"}

/* landlock.c */
extern struct landlock_options {
	struct opt_list fs, access, rules, bind, connect, scope, log;
	bool best_effort, abi;
} landlock_options;
/* Fill confine->landlock where anything is asked for. */
int landlock_set(struct rf_confine *confine);
int landlock_print_abi(void);

#define CONFINE_LANDLOCK_OPTIONS                                                                   \
	{0, "fs", OPT_LIST, &landlock_options.fs, "RIGHTS:PATH",                                   \
	 "refuse all access to files but these rights below PATH: ro, rx, rw, or the kernel's names"}, \
	{0, "tcp-bind", OPT_LIST, &landlock_options.bind, "PORTS",                                 \
	 "refuse to bind and connect by TCP, but to bind these ports, with commas, or none"},      \
	{0, "tcp-connect", OPT_LIST, &landlock_options.connect, "PORTS",                           \
	 "refuse to bind and connect by TCP, but to connect to these ports, with commas, or none"}, \
	{0, "scope", OPT_LIST, &landlock_options.scope, "WORDS",                                   \
	 "keep within what it starts: abstract-unix-socket, signal"},                              \
	{0, "landlock-access", OPT_LIST, &landlock_options.access, "KIND[:RIGHTS]",                \
	 "refuse these rights only, fs:write-file,… or net:bind-tcp,…, or a whole kind"},          \
	{0, "landlock-rule", OPT_LIST, &landlock_options.rules, "TYPE:RIGHTS:WHAT",                \
	 "allow as path-beneath:RIGHTS:PATH or net-port:RIGHTS:PORT"},                             \
	{0, "landlock-log", OPT_LIST, &landlock_options.log, "WORDS",                              \
	 "what of refusals is logged: same-exec-off, new-exec-on, subdomains-off"},                \
	{0, "best-effort", OPT_FLAG, &landlock_options.best_effort, NULL,                          \
	 "leave out what this kernel's Landlock can't enforce, and say what"},                     \
	{0, "landlock-abi", OPT_FLAG, &landlock_options.abi, NULL,                                 \
	 "print the number of this kernel's Landlock ABI, and exit"}

/* learn.c */
extern const struct opt_row learn_options[];
int learn_run(int argc, char **argv);
int compile_run(int argc, char **argv);
int groups_run(int argc, char **argv);

#endif
