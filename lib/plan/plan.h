/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Inside of a plan. A kind of step is one `const struct step_kind`; adding one is adding an object
 * to a step-*.c file. A tool links only the kinds that its builder names.
 */
#ifndef LIB_PLAN_PLAN_H
#define LIB_PLAN_PLAN_H

#include <ringfence/plan.h>
#include <signal.h>

#include "base/cleanup.h"
#include "base/str.h"

struct plan_run;
struct record;
struct rf_step;

struct step_kind {
	const char *id, *name, *why, *page;
	/* The arguments in words, for listings and plan tests; NULL: `text[0]`, if any. */
	void (*args)(const struct rf_step *step, struct str *out);
	int (*run)(struct plan_run *run, struct rf_step *step);
	/* Called only where run() succeeded, or failed with step->half_done set. */
	void (*undo)(struct plan_run *run, struct rf_step *step);
	void (*free_data)(void *data);
};

struct rf_step {
	const struct step_kind *kind;
	bool in_child;
	char *text[3];	 /* owned */
	int64_t num[3];
	void *data;	 /* owned through kind->free_data */
	char *args_text; /* made on demand */
	bool done, half_done;
};

struct rf_plan {
	struct rf_step *steps;
	size_t n, cap;
	struct plan_run *run;
};

/* What steps share while they run. Descriptors are -EBADF while there is none. */
struct plan_run {
	struct rf_plan *plan;
	struct record *record;	/* run.c's own */
	bool in_child;
	pid_t child;		/* in the caller, after the fork */
	int caller_pidfd;	/* in the child: to see whether the caller still lives */
	int release_fd[2];	/* the caller writes one byte when the child may go on */
	int report_fd[2];	/* the child's records and its failure */
	int cgroup_fd;		/* where clone3() shall put the child (v2) */
	bool in_cgroup;		/* and it has: the child need not join by itself */
	int status_fd[2];	/* an init says how the program ends */
	int root_fd;		/* the new root's mount, before the pivot */
	int pty_fd[2];		/* the program's own terminal: outer and inner side */
	int pin_fd;		/* the directory of a set of namespaces that is being kept */
	bool root_covers;	/* it stands on another one, which goes with the old root */
	bool root_unbindable;	/* and is made bindable again when the old root has gone */
	int program_fd;		/* the program, where it comes from the caller's root */
	char **environment;	/* of the program; NULL: the caller's. Owned by a step */
	sigset_t signals;	/* the mask the program shall have */
	bool signals_saved;
	bool signals_ready;	/* the mask and SIGPIPE are as the program shall have them */
};

/* For a step that makes what would outlast the caller: from here on all signals wait until the program begins or the
 * plan has ended. One that would end the caller is looked for between the steps, and ends it with all undone. */
int plan_hold_signals(struct plan_run *run);

/* In the child: another process goes on with the plan, a child of the caller's; this one ends. */
__attribute__((noreturn)) void plan_hand_over(struct plan_run *run, pid_t successor);

/* Of a program that nobody waits for (any more). */
void plan_close_rest(struct plan_run *run);

/* The child, or its successor, says that it is where the caller waits for it; and that: run->child is
 * then the one that goes on. Where it fails before, -errno, and the failure that is told is its own. */
void plan_say_arrived(struct plan_run *run);
int plan_await_arrival(struct plan_run *run, bool successor);

/* Append a step; NULL for want of memory (the plan then refuses to run: -ENOMEM). */
struct rf_step *plan_add(struct rf_plan *plan, const struct step_kind *kind, bool in_child);
/* Set step->text[i] to a copy: 0 or -ENOMEM. */
int step_text(struct rf_step *step, int i, const char *s);

#endif
