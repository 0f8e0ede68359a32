// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The executor: one pass over the array. Before the step that forks, every step is the caller's;
 * after it, two processes pass over the same array, each doing its own steps. They meet in three
 * places: the child waits for the caller's release byte; where it enters namespaces by itself that the
 * caller has to do with, the caller waits for its word; and the child's records and its failure
 * travel to the caller through a pipe that its exec closes. End of file without a failure means
 * that the program runs.
 *
 * Each message is smaller than PIPE_BUF, so none is ever torn. A dry run passes over the steps of
 * both sides in one process, with the seam (sys/trace.h) answering the calls.
 */
#include <limits.h>
#include <ringfence/child.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/options.h"
#include "plan/plan.h"

enum message_kind { MESSAGE_CALL, MESSAGE_STEP_DONE, MESSAGE_FAILED, MESSAGE_SUCCESSOR, MESSAGE_ARRIVED };

struct message {
	enum message_kind kind;
	int result;
	size_t index;
	struct rf_call call;
};
_Static_assert(sizeof(struct message) <= PIPE_BUF, "a message must be written in one piece");

/* The calls of the step under way, for the caller's reports. */
struct record {
	const struct rf_plan_options *options;
	struct plan_run *run;
	size_t index;
	struct rf_call *calls;
	size_t n, cap;
	int awaited; /* messages before the caller may go on */
	bool child_failed; /* before the caller was done, by this: */
	size_t failed_index;
	struct rf_call failed_call;
};

static void keep_call(struct record *rec, const struct rf_call *call)
{
	if (rec->n == rec->cap) {
		size_t cap = rec->cap ? rec->cap * 2 : 16;
		struct rf_call *more = realloc(rec->calls, cap * sizeof(*more));

		if (!more)
			return; /* the report is shorter, the plan goes on */
		rec->calls = more;
		rec->cap = cap;
	}
	rec->calls[rec->n++] = *call;
}

static void send_message(struct plan_run *run, const struct message *m)
{
	/* The caller may be gone; then nobody needs the message. */
	sys_quiet_send(run->report_fd[1], m, sizeof(*m));
}

static void on_call(const struct rf_call *call, void *data)
{
	struct record *rec = data;

	if (rec->run->in_child) {
		struct message m = {.kind = MESSAGE_CALL, .index = rec->index, .call = *call};

		send_message(rec->run, &m);
		return;
	}
	keep_call(rec, call);
}

static void report_step(struct record *rec, size_t index, int result)
{
	struct rf_step_report report = {
		.number = index + 1,
		.of = rec->run->plan->n,
		.result = result,
		.n_calls = rec->n,
		.calls = rec->calls,
	};

	if (!rec->options->report)
		return;
	rf_plan_step(rec->run->plan, index, &report.info);
	rec->options->report(&report, rec->options->report_data);
	rec->n = 0;
}

static void step_done(struct record *rec, size_t index, int result)
{
	if (!rec->options->report)
		return;
	if (rec->run->in_child) {
		struct message m = {.kind = MESSAGE_STEP_DONE, .index = index, .result = result};

		send_message(rec->run, &m);
	} else {
		report_step(rec, index, result);
	}
}

void plan_hand_over(struct plan_run *run, pid_t successor)
{
	struct message m = {.kind = MESSAGE_SUCCESSOR, .result = successor};

	send_message(run, &m);
	_exit(0);
}

static int exit_code_for(const char *step_id, int error)
{
	if (strcmp(step_id, "exec") && strcmp(step_id, "open-program"))
		return 125;
	return error == -ENOENT ? 127 : 126;
}

static void fill_failure(const struct rf_plan *plan, struct rf_failure *f, size_t index, int error,
			 const struct rf_call *call)
{
	if (!f)
		return;
	*f = (struct rf_failure){.number = index + 1, .of = plan->n, .error = error};
	rf_plan_step(plan, index, &f->info);
	if (call->result == error)
		f->call = *call;
	f->exit_code = exit_code_for(f->info.id, error);
	rf_hint(&f->call, f->hint, sizeof(f->hint));
}

static void undo_steps(struct plan_run *run)
{
	for (size_t i = run->plan->n; i-- > 0;) {
		struct rf_step *s = &run->plan->steps[i];

		/* The child has a copy of what the caller did, and no business with it. */
		if (s->in_child != run->in_child)
			continue;
		if ((s->done || s->half_done) && s->kind->undo)
			s->kind->undo(run, s);
		s->done = s->half_done = false;
	}
}

void rf_plan_undo(struct rf_plan *plan)
{
	if (plan->run)
		undo_steps(plan->run);
}

static void close_pair(int fds[2])
{
	for (int i = 0; i < 2; i++)
		if (fds[i] >= 0)
			sys_close(take_fd(&fds[i]));
}

/* All but what is for the time while the program runs. */
static void close_run(struct plan_run *run)
{
	int *const fds[] = {&run->status_fd[1], &run->pty_fd[1], &run->caller_pidfd, &run->root_fd,
			    &run->pin_fd, &run->program_fd};

	close_pair(run->release_fd);
	close_pair(run->report_fd);
	for (size_t i = 0; i < array_size(fds); i++)
		if (*fds[i] >= 0)
			sys_close(take_fd(fds[i]));
}

void plan_close_rest(struct plan_run *run)
{
	if (run->status_fd[0] >= 0)
		sys_close(take_fd(&run->status_fd[0]));
	if (run->pty_fd[0] >= 0)
		sys_close(take_fd(&run->pty_fd[0]));
}

/* The child stops here, with its own steps undone: the caller prints, undoes his and exits. */
static __attribute__((noreturn)) void child_fails(struct plan_run *run, size_t index, int error)
{
	struct message m = {.kind = MESSAGE_FAILED, .index = index, .result = error};

	m.call = *rf_trace_last_failure();
	undo_steps(run);
	send_message(run, &m);
	_exit(125);
}

/* A signal that would end us and is being held, before there is a process to pass it on to: -EINTR. */
static int held_signal(const struct plan_run *run)
{
	int sig;

	if (!run->signals_saved || run->child || run->in_child || sys_is_dry())
		return 0;
	sig = sys_quiet_ending();
	return sig ? sys_fail(-EINTR, "wait", "", "%s came", sys_signal(sig)) : 0;
}

static int pass(struct record *rec, size_t *ret_index)
{
	struct plan_run *run = rec->run;

	for (size_t i = 0; i < run->plan->n; i++) {
		struct rf_step *s = &run->plan->steps[i];
		int r;

		if (s->in_child != run->in_child && !sys_is_dry())
			continue;
		rec->index = i;
		rf_trace_forget();
		r = held_signal(run);
		if (r >= 0)
			r = s->kind->run(run, s);
		/* A dry run has done nothing that could be undone. */
		s->done = r >= 0 && !sys_is_dry();
		s->half_done = s->half_done && !sys_is_dry();
		if (r < 0 && run->in_child) {
			if (rec->options->report)
				step_done(rec, i, r);
			/* The record of the failed call is still the last one. */
			child_fails(run, i, r);
		}
		/* The fork is the caller's step; its copy in the child isn't told of. */
		if (s->in_child == run->in_child || sys_is_dry())
			step_done(rec, i, r);
		if (r < 0) {
			*ret_index = i;
			return r;
		}
	}
	*ret_index = run->plan->n - 1;
	return held_signal(run);
}

/* The child has gone on as another one, which it made our child, too. */
static void follow_successor(struct plan_run *run, pid_t pid)
{
	int status;

	while (run->child > 0 && sys_waitpid(run->child, &status, 0) == -EINTR)
		;
	run->child = pid;
}

static void hear(struct record *rec, const struct message *m, int *ret_error)
{
	if (m->kind == MESSAGE_CALL) {
		keep_call(rec, &m->call);
	} else if (m->kind == MESSAGE_STEP_DONE) {
		report_step(rec, m->index, m->result);
	} else if (m->kind == MESSAGE_SUCCESSOR) {
		follow_successor(rec->run, m->result);
		rec->awaited--;
	} else if (m->kind == MESSAGE_ARRIVED) {
		rec->awaited--;
	} else if (m->kind == MESSAGE_FAILED) {
		*ret_error = m->result;
		rec->child_failed = true;
		rec->failed_index = m->index;
		rec->failed_call = m->call;
	}
}

/* Hear what the child says: up to its arrival (1), or until it has become the program (0), or has
 * failed (-errno). */
static int listen_to_child(struct record *rec, bool until_arrived)
{
	struct plan_run *run = rec->run;
	struct message m;
	int error = 0;

	/* Our own end for writing would keep the end of file away. */
	if (run->report_fd[1] >= 0)
		sys_close(take_fd(&run->report_fd[1]));
	while (sys_quiet_receive(run->report_fd[0], &m, sizeof(m))) {
		hear(rec, &m, &error);
		if (until_arrived && !rec->awaited)
			return 1;
	}
	return error;
}

static int drain(struct record *rec, struct rf_failure *ret_failure)
{
	int r = listen_to_child(rec, false);

	if (rec->child_failed)
		fill_failure(rec->run->plan, ret_failure, rec->failed_index, r, &rec->failed_call);
	return r;
}

void plan_say_arrived(struct plan_run *run)
{
	struct message m = {.kind = MESSAGE_ARRIVED};

	send_message(run, &m);
}

int plan_await_arrival(struct plan_run *run, bool successor)
{
	int r;

	/* The one that has arrived may say so before the first one has said who that is. */
	run->record->awaited = 1 + successor;
	r = listen_to_child(run->record, true);
	return r ? (r > 0 ? 0 : r) : sys_fail(-ECHILD, "wait", "", "the new process was killed");
}

static void reap(struct plan_run *run, bool kill_first)
{
	int status;

	if (run->child <= 0)
		return;
	if (kill_first)
		sys_kill(run->child, SIGKILL);
	while (sys_waitpid(run->child, &status, 0) == -EINTR)
		;
	run->child = 0;
}

static void restore_signals(struct plan_run *run)
{
	if (run->signals_saved)
		sys_sigprocmask(SIG_SETMASK, &run->signals, NULL);
	run->signals_saved = false;
}

/*
 * A step of the caller has failed. Where it did because the child was no longer there, the child's own
 * failure is what is told: it lies in the pipe when the child is gone. Others may hold the pipe's end.
 */
static int why_it_failed(struct record *rec, size_t index, int error, struct rf_failure *ret_failure)
{
	struct rf_call why = *rf_trace_last_failure();
	struct plan_run *run = rec->run;
	struct pollfd said = {.fd = run->report_fd[0], .events = POLLIN};
	bool had_child = run->child > 0;
	struct message m;

	reap(run, true);
	while (had_child && !rec->child_failed && sys_poll(&said, 1, 0) > 0 && (said.revents & POLLIN) &&
	       sys_quiet_receive(said.fd, &m, sizeof(m)))
		hear(rec, &m, &error);
	/* One that has taken over from the first. */
	reap(run, true);
	if (rec->child_failed)
		fill_failure(run->plan, ret_failure, rec->failed_index, error, &rec->failed_call);
	else
		fill_failure(run->plan, ret_failure, index, error, &why);
	return error;
}

static int start(struct record *rec, struct rf_failure *ret_failure)
{
	struct plan_run *run = rec->run;
	size_t index = 0;
	int r = pass(rec, &index);

	if (r < 0) {
		r = why_it_failed(rec, index, r, ret_failure);
	} else if (run->child > 0 && !sys_is_dry()) {
		r = drain(rec, ret_failure);
		if (r < 0)
			reap(run, false);
	}
	return r;
}

pid_t rf_plan_run(struct rf_plan *plan, const struct rf_plan_options *options,
		  struct rf_failure *ret_failure)
{
	static const struct rf_plan_options none = {.size = sizeof(none)};
	struct record rec = {.options = options ?: &none};
	struct plan_run *run = plan->run ?: malloc(sizeof(*run));
	int r = run ? options_check(rec.options, "rf_plan_options") : -ENOMEM;

	if (r < 0) {
		if (!plan->run)
			free(run);
		if (ret_failure)
			*ret_failure = (struct rf_failure){
				.error = r, .call = *rf_trace_last_failure(), .exit_code = 125,
			};
		return r;
	}
	/* Of an earlier run whose end nobody has waited for. */
	if (plan->run)
		plan_close_rest(run);
	plan->run = run;
	*run = (struct plan_run){
		.plan = plan, .record = &rec, .caller_pidfd = -EBADF, .program_fd = -EBADF,
		.pty_fd = {-EBADF, -EBADF}, .pin_fd = -EBADF,
		.release_fd = {-EBADF, -EBADF}, .report_fd = {-EBADF, -EBADF},
		.cgroup_fd = -EBADF, .root_fd = -EBADF, .status_fd = {-EBADF, -EBADF},
	};
	rec.run = run;
	if (rec.options->report)
		rf_trace_set(on_call, &rec);
	rf_trace_dry_run(rec.options->dry_run);
	r = start(&rec, ret_failure);
	rf_trace_dry_run(false);
	if (rec.options->report)
		rf_trace_set(NULL, NULL);
	free(rec.calls);
	if (r < 0)
		undo_steps(run);
	/* Who has a program waits for it with all signals blocked; a held one ends us here. */
	if ((r < 0 || !run->child) && !rec.options->dry_run)
		restore_signals(run);
	close_run(run);
	run->record = NULL;
	if (r < 0 || rec.options->dry_run)
		plan_close_rest(run);
	if (r < 0)
		return r;
	return rec.options->dry_run ? 0 : run->child;
}

int rf_plan_wait(struct rf_plan *plan, pid_t pid, const struct rf_child_options *options,
		 struct rf_child_end *ret_end)
{
	struct rf_child_options with = {.size = sizeof(with)};
	int r;

	if (options)
		with = *options;
	with.status_fd = plan->run ? plan->run->status_fd[0] : -EBADF;
	with.pty_fd = plan->run ? take_fd(&plan->run->pty_fd[0]) : -EBADF;
	r = rf_child_wait_with(pid, &with, ret_end);
	if (with.status_fd >= 0)
		sys_close(take_fd(&plan->run->status_fd[0]));
	return r;
}
