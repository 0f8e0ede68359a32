/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * A plan: everything ringfence is about to do to the kernel, as an array of steps that is built
 * first and run second. Builders (sandbox.h, cgroup.h, layer.h) fill it; it can be listed, run, or
 * run dry. Where a step fails, the steps done before it are undone in reverse order.
 *
 * A plan is used by one thread. The library prints nothing: what happened comes by callback.
 */
#ifndef RINGFENCE_PLAN_H
#define RINGFENCE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_plan;

RF_API int rf_plan_new(struct rf_plan **ret_plan); /* 0, or -ENOMEM */
RF_API void rf_plan_free(struct rf_plan *plan);	   /* NULL is fine */
RF_API size_t rf_plan_length(const struct rf_plan *plan);

/* One step as data. The strings belong to the plan. */
struct rf_step_info {
	const char *id;	  /* "write-id-map": stable, for programs */
	const char *name; /* "write id map" */
	const char *why;  /* one sentence */
	const char *page; /* "user_namespaces(7)" */
	const char *args; /* "user 0 100000 65536" */
	bool in_child;	  /* done by the new process, not by the caller */
};

/* 0, or -ERANGE for an index beyond the plan. */
RF_API int rf_plan_step(const struct rf_plan *plan, size_t index, struct rf_step_info *ret_info);

/* A finished step: `calls` are in the order they were made; the last may be the one that failed. */
struct rf_step_report {
	size_t number, of; /* from 1 */
	struct rf_step_info info;
	int result; /* >= 0, or -errno */
	size_t n_calls;
	const struct rf_call *calls;
};

typedef void rf_plan_report_fn(const struct rf_step_report *report, void *data);

/* Why a plan could not be run. */
struct rf_failure {
	size_t number, of; /* the step, from 1; 0: not in a step */
	struct rf_step_info info;
	int error;	   /* -errno */
	struct rf_call call;
	char hint[320]; /* what to do, or empty */
	int exit_code;	/* as a tool should exit: 125, 126 (can't execute) or 127 (not found) */
};

struct rf_plan_options {
	size_t size;		   /* sizeof(struct rf_plan_options) */
	rf_plan_report_fn *report; /* NULL: no records are made */
	void *report_data;
	bool dry_run; /* change nothing, report what would be called */
};

/*
 * Run the plan. A plan that executes a program in this very process does not come back.
 * Result: the pid of the program that was started (reap it: rf_child_wait()), or 0 where the plan
 * starts none or ran dry, or -errno with *ret_failure filled (may be NULL). When this returns an
 * error, no step's effect is left, save those that can't be undone: namespaces that the calling
 * process itself has entered. While something is being made that would outlast the caller (a control
 * group, a directory for namespaces), signals wait; where SIGINT, SIGTERM, SIGHUP or SIGQUIT has come
 * meanwhile and is not ignored, -EINTR, and it is delivered once all is undone.
 */
RF_API pid_t rf_plan_run(struct rf_plan *plan, const struct rf_plan_options *options,
			 struct rf_failure *ret_failure);

struct rf_child_options;
struct rf_child_end;

/* Wait for the program of a plan that has run, as rf_child_wait_with() does; where an init stands
 * between, the end is the program's. `options` may be NULL; its status_fd is not looked at. */
RF_API int rf_plan_wait(struct rf_plan *plan, pid_t pid, const struct rf_child_options *options,
			struct rf_child_end *ret_end);

/* Undo, in reverse order, the steps of a plan that has run and whose program has ended. */
RF_API void rf_plan_undo(struct rf_plan *plan);

/* What to do about a failed call, from the errno and what can be seen of the system: writes a
 * sentence, or an empty string. */
RF_API void rf_hint(const struct rf_call *call, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
