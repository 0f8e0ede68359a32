/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What the doctor's rules judge: each file is read at most once, when a rule first asks for it. */
#ifndef LIB_CGROUP_FACTS_H
#define LIB_CGROUP_FACTS_H

#include <ringfence/doctor.h>
#include <ringfence/units.h>

#include "cgroup/cgroup.h"

enum { FACTS_MAX_VALUES = 80, FACTS_MAX_SYSTEM = 16, FACTS_COMM = 64 };

/* A process, from /proc/PID/stat and /proc/PID/cgroup. */
struct facts_task {
	pid_t pid;
	char comm[FACTS_COMM];
	char state;
	uint64_t threads, rss_bytes;
	size_t realtime; /* how many of its threads are SCHED_FIFO or SCHED_RR */
	char *groups;	 /* the text of /proc/PID/cgroup */
};

struct facts_tasks {
	struct facts_task *list;
	size_t n;
};

/* Append the processes below an open /proc; -ENOMEM. Those that end meanwhile are left out. */
int facts_read_tasks(int proc_fd, bool with_threads, struct facts_tasks *ret);
void facts_tasks_done(struct facts_tasks *t);
static inline void cleanup_facts_tasks(struct facts_tasks *t)
{
	facts_tasks_done(t);
}
/* Is the process in the group of this name (without slash in front) in some hierarchy? */
bool facts_task_in(const struct rf_cgroup_fs *fs, const struct facts_task *t, const char *group);
/* In it, or below it? */
bool facts_task_below(const struct rf_cgroup_fs *fs, const struct facts_task *t, const char *group);

struct facts_reader;

/* A group's files, each read when a rule first asks for it. */
struct facts_values {
	struct facts_reader *reader;
	uint32_t hierarchies; /* bits: the group may be there, for its parent is */
	uint64_t asked[(FACTS_MAX_VALUES + 63) / 64]; /* bits, by the index of the name */
	char *text[FACTS_MAX_VALUES];		      /* NULL: it has no such file */
};

struct facts_group {
	char *name; /* "" is the root */
	const struct facts_group *parent, *first_child, *next_sibling;
	size_t n_children;
	bool asked;  /* it is judged; the others are there to compare with */
	bool on_v2;
	struct facts_values *values;
	const struct facts_task **tasks;
	size_t n_tasks;
	uint64_t threads, threads_below, below; /* threads of its processes; those and processes with all below */
	bool owners_known;
	uid_t owner_procs, owner_control, owner_limit; /* of cgroup.procs, cgroup.subtree_control, and a limit */
	bool delegated; /* systemd's mark on the directory */
};

struct facts {
	struct rf_cgroup_fs *fs;
	struct facts_reader *reader;
	struct facts_group **groups; /* as cgroup_compare_names() has them: parents first */
	size_t n;
	struct facts_tasks tasks;
	char *host[FACTS_MAX_SYSTEM];
	uint64_t cpus; /* online; 0: not known */
};

/* `root` NULL: this system. Free with facts_free(). */
int facts_gather(const char *root, const char *group, struct facts **ret_facts);
void facts_free(struct facts *f); /* NULL is fine */
DEFINE_FREE(facts, struct facts *, facts_free(v))

/* A file of a group, in v2's words; NULL where it has none. */
const char *fact(const struct facts_group *g, const char *key);
/* The same as a number: RF_MAX for "max", RF_CGROUP_UNKNOWN. */
uint64_t fact_number(const struct facts_group *g, const char *key);
/* The number of a line "field number", or of "field=number". */
uint64_t fact_field(const struct facts_group *g, const char *key, const char *field);
/* Below max, and known. */
bool fact_set(uint64_t number);
/* A quota as thousandths of a CPU; RF_MAX, RF_CGROUP_UNKNOWN. */
uint64_t fact_quota(const struct facts_group *g);
/* A file of the system by its path without slash in front: "proc/swaps"; NULL. */
const char *fact_system(const struct facts *f, const char *path);
/* Has the machine swap space? */
bool fact_has_swap(const struct facts *f);
/* How many numbers a list such as "0-3,8" has; holds `n`? */
uint64_t fact_list_count(const char *list);
bool fact_list_has(const char *list, uint64_t n);

/* One rule. It adds evidence where it fires. */
struct findings {
	struct str evidence, command;
};

struct doctor_rule {
	struct rf_doctor_rule pub;
	bool once;  /* asked once, of the root */
	void (*check)(const struct facts *f, const struct facts_group *g, struct findings *out);
};
/* A row that is asked of each group, and one that is asked once. */
#define RULE(id, severity, check, title, remedy) {{id, severity, title, remedy}, false, check}
#define SYSTEM(id, severity, check, title, remedy) {{id, severity, title, remedy}, true, check}

void found(struct findings *out, const char *fmt, ...) printf_like(2, 3);
/* The command that would change it. */
void found_command(struct findings *out, const char *fmt, ...) printf_like(2, 3);
/* "1234 (sleep), 1235 (sh) and 3 more" */
void facts_tasks_words(const struct facts_group *g, struct str *out);
/* "64.0 MiB (67108864)" is too much for a line: the words alone, in one of four buffers. */
const char *facts_bytes(uint64_t bytes);

/* Each ends with a row without an id. */
extern const struct doctor_rule doctor_tree_rules[], doctor_cpu_rules[], doctor_memory_rules[], doctor_rest_rules[];

#endif
