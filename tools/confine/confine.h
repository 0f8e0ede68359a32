/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What confine's parts share. Each part brings its option rows as a macro for main.c's table. */
#ifndef TOOLS_CONFINE_CONFINE_H
#define TOOLS_CONFINE_CONFINE_H

#include <ringfence/attributes.h>
#include <ringfence/priv.h>

#include "../tool.h"

/* attributes.c: the words of each option, which attributes_set() reads in this order. */
enum attribute_word {
	WORD_CAPS, WORD_IAB, WORD_INH_CAPS, WORD_AMBIENT_CAPS, WORD_BOUNDING_SET, WORD_SECUREBITS,
	WORD_REUID, WORD_RUID, WORD_EUID, WORD_REGID, WORD_RGID, WORD_EGID, WORD_GROUPS,
	WORD_PDEATHSIG, WORD_RLIMIT, WORD_NICE, WORD_SCHED, WORD_UCLAMP, WORD_AFFINITY, WORD_IOPRIO,
	WORD_OOM_SCORE_ADJ, WORD_CORE_SCHED, WORD_MEMPOLICY, WORD_TIMERSLACK, WORD_PERSONALITY,
	WORD_UMASK, ATTRIBUTE_WORDS,
};

extern struct opt_list attribute_words[ATTRIBUTE_WORDS];
extern bool clear_groups, keep_groups, init_groups, reset_env, reset_on_fork, no_thp, dump;

#define CONFINE_WORD(name_, word_, arg_, help_) {0, name_, OPT_LIST, &attribute_words[word_], arg_, help_}
#define CONFINE_ATTRIBUTE_OPTIONS                                                                  \
	CONFINE_WORD("caps", WORD_CAPS, "TEXT",                                                    \
		     "have these effective, permitted and inheritable sets, as cap_from_text(3) reads them"),  \
	CONFINE_WORD("iab", WORD_IAB, "TEXT",                                                      \
		     "have these inheritable, ambient and bounding sets, as cap_iab_from_text(3) reads them"), \
	CONFINE_WORD("inh-caps", WORD_INH_CAPS, "+CAP,-CAP", "make capabilities inheritable; the set begins empty"), \
	CONFINE_WORD("ambient-caps", WORD_AMBIENT_CAPS, "+CAP,-CAP", "make capabilities ambient; the set begins empty"), \
	CONFINE_WORD("bounding-set", WORD_BOUNDING_SET, "+CAP,-CAP", "take capabilities from the bounding set"), \
	CONFINE_WORD("securebits", WORD_SECUREBITS, "+BIT,-BIT", "set and clear securebits, such as +noroot,+noroot_locked"), \
	CONFINE_WORD("reuid", WORD_REUID, "USER", "be this user: real, effective and saved"),      \
	CONFINE_WORD("ruid", WORD_RUID, "USER", "have this real user"),                            \
	CONFINE_WORD("euid", WORD_EUID, "USER", "have this effective and saved user"),             \
	CONFINE_WORD("regid", WORD_REGID, "GROUP", "be in this group: real, effective and saved"), \
	CONFINE_WORD("rgid", WORD_RGID, "GROUP", "have this real group"),                          \
	CONFINE_WORD("egid", WORD_EGID, "GROUP", "have this effective and saved group"),           \
	CONFINE_WORD("groups", WORD_GROUPS, "LIST", "have these supplementary groups, with commas between them"),         \
	{0, "clear-groups", OPT_FLAG, &clear_groups, NULL, "have no supplementary groups"},        \
	{0, "keep-groups", OPT_FLAG, &keep_groups, NULL, "keep the supplementary groups"},         \
	{0, "init-groups", OPT_FLAG, &init_groups, NULL, "have the groups that /etc/group gives to the user"}, \
	{0, "reset-env", OPT_FLAG, &reset_env, NULL, "begin with an environment as after a login"}, \
	CONFINE_WORD("pdeathsig", WORD_PDEATHSIG, "keep|clear|SIGNAL", "get this signal when the parent dies"), \
	CONFINE_WORD("rlimit", WORD_RLIMIT, "NAME=SOFT[:HARD]", "set a resource limit, by prlimit(1)'s names"), \
	CONFINE_WORD("nice", WORD_NICE, "N", "have this nice value, from -20 to 19"),              \
	CONFINE_WORD("sched", WORD_SCHED, "POLICY[:VALUE]",                                        \
		     "other, batch, idle, fifo:PRIO, rr:PRIO or deadline:RUNTIME/DEADLINE/PERIOD"), \
	{0, "reset-on-fork", OPT_FLAG, &reset_on_fork, NULL, "don't pass the policy on to children"}, \
	CONFINE_WORD("uclamp", WORD_UCLAMP, "MIN:MAX", "have the scheduler see a utilization within these, 0 to 1024"), \
	CONFINE_WORD("affinity", WORD_AFFINITY, "CPUS", "run on these CPUs only, such as 0-3,8"),  \
	CONFINE_WORD("ioprio", WORD_IOPRIO, "CLASS[:LEVEL]", "rt:0 to rt:7, be:0 to be:7, idle or none"), \
	CONFINE_WORD("oom-score-adj", WORD_OOM_SCORE_ADJ, "N", "be killed earlier or later for want of memory, -1000 to 1000"), \
	CONFINE_WORD("core-sched", WORD_CORE_SCHED, "new|PID", "share CPU cores with nobody else, or with PID's cookie"), \
	CONFINE_WORD("mempolicy", WORD_MEMPOLICY, "POLICY[:NODES]", "default, local, bind:NODES, preferred:NODES, interleave:NODES"), \
	CONFINE_WORD("timerslack", WORD_TIMERSLACK, "TIME", "let timers be late by this much"),    \
	CONFINE_WORD("personality", WORD_PERSONALITY, "NAMES", "have these flags of setarch(8), such as addr-no-randomize"), \
	CONFINE_WORD("umask", WORD_UMASK, "MODE", "have this file mode creation mask, octal"),     \
	{0, "no-thp", OPT_FLAG, &no_thp, NULL, "use no transparent huge pages"},                   \
	{0, "dump", OPT_FLAG, &dump, NULL, "print what show self prints, and run nothing"}

/* The options to `confine`: 0, or the exit code with the error printed. */
int attributes_set(struct rf_confine *confine);

/* show.c */
extern const struct opt_row show_options[];
int show_run(int argc, char **argv);
int diff_run(int argc, char **argv);
int show_self(void);

/* filter.c: the profile, and the trace of what it does not allow. */
struct filter_options {
	const char *profile, *raw, *trace;
	bool no_cache, trace_only, verbose;
};
extern struct filter_options filter_options;
/* All return 0, or the exit code with the error printed. */
int filter_open(const char *profile, struct rf_seccomp **ret_filter);
int filter_open_raw(struct rf_confine *confine, struct rf_seccomp **ret_filter);
bool filter_traced(void);
/* Fork; in the child 0 with *confine set, in the caller the program's end as an exit code. */
int filter_supervise(struct rf_confine *confine, bool *ret_done);

struct supervision {
	bool let_go;
	void (*report)(const struct rf_notify_event *event, void *data);
	void *data;
	/* Results: */
	bool done;	  /* in the caller, where all is over by now */
	bool not_started; /* the child said so by filter_not_started() */
	int status;
};

int filter_supervise_by(struct rf_confine *confine, struct supervision *s);
void filter_not_started(const struct rf_confine *confine);

#define CONFINE_FILTER_OPTIONS                                                                     \
	{'s', "seccomp", OPT_STRING, &filter_options.profile, "FILE",                              \
	 "filter system calls by a profile: text, OCI JSON, the one of a config.json, or compiled"}, \
	{0, "seccomp-filter", OPT_STRING, &filter_options.raw, "FILE",                             \
	 "filter system calls by the instructions in FILE, an array of the kernel's struct sock_filter; implies -n"}, \
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
	 "refuse these rights only, fs:write-file,…, net:bind-tcp,… or scope:signal,…, or a whole kind"},          \
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
