/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* What limits a process or group, and what has been happening to it. */
#ifndef LIB_CGROUP_WHY_H
#define LIB_CGROUP_WHY_H

#include <ringfence/units.h>

#include "cgroup/facts.h"
#include "cgroup/oom.h"

enum { WHY_MAX_LIMITS = 10, WHY_MAX_TASKS = 5, WHY_MAX_KILLS = 3, WHY_PRESSURES = 6 };

enum why_kind { WHY_BYTES, WHY_COUNT, WHY_CPU, WHY_LIST, WHY_DISK, WHY_FROZEN };

/* One limit, as it holds for the target. */
struct why_limit {
	const char *resource, *key;
	enum why_kind kind;
	bool known;	  /* the target has such a file here */
	uint64_t limit;	  /* bytes, a count, thousandths of a CPU; RF_MAX: none */
	char *text;	  /* as the file says it; lists and disks have only this */
	char *group;	  /* that sets it, with slash in front; NULL: none does */
	uint64_t used;	  /* in the group that sets it, of the same unit; RF_CGROUP_UNKNOWN */
	uint64_t hits;	  /* since that group was made; RF_CGROUP_UNKNOWN */
	const char *hit;  /* what a hit is: "times at the limit" */
	uint64_t periods, throttled_us; /* WHY_CPU */
	char *full_first; /* a group on the way up with less room left than the one that sets it; NULL */
	uint64_t full_first_left;
	char *command;	  /* that would change it; NULL */
};

struct why_pressure {
	const char *resource;
	bool full;
	double avg10, avg60, avg300;
	uint64_t total_us;
};

struct why_task {
	pid_t pid;
	char name[FACTS_COMM], state;
	uint64_t rss_bytes, threads;
};

struct why {
	pid_t pid; /* 0: a group was asked for */
	char name[FACTS_COMM]; /* of the process */
	char *group; /* without slash in front; of a process: that of v2, or of memory on v1 */
	char *groups; /* of a process: /proc/PID/cgroup */
	struct why_limit limits[WHY_MAX_LIMITS];
	size_t n_limits;
	struct why_pressure pressures[WHY_PRESSURES];
	size_t n_pressures;
	char *pressure_group; /* whose that is, with slash in front: on v1 another may be all there is; NULL */
	uint64_t oom_kills, oom_group_kills; /* in it and below, since it was made */
	struct why_task tasks[WHY_MAX_TASKS]; /* in it and below, the largest first */
	size_t n_tasks; /* all of them, of which the first ones are in tasks[] */
	struct oom_log log;
	size_t kills[WHY_MAX_KILLS], n_kills; /* indexes into log.list of those that concern it, the latest first */
	int log_error; /* why the kernel's log can't be read; 0 */
	struct str answer; /* lines, the most important first */
};

/* `target` is a pid where it has only digits, else a group. `log` NULL: the kernel's, else its
 * text. -ESRCH, -ENOENT, -EINVAL. The text of the answer is never empty. */
int why_look(struct rf_cgroup_fs *fs, const char *target, const char *log, struct why *ret);
void why_done(struct why *w);
static inline void cleanup_why(struct why *w)
{
	why_done(w);
}

/* Pure: the answer from what has been gathered. */
void why_answer(struct why *w);
/* "24.0 MiB", "50", "0.10 CPUs", "max". */
void why_number(enum why_kind kind, uint64_t number, struct str *out);

#endif
