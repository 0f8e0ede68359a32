// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Plans: what a sandbox becomes, as data; what a dry run would call; what is undone, and in which
 * order; what the caller learns of a failure in the child. All of it as user 1000 or root of a user
 * namespace of its own, so that it needs no privilege.
 */
#include <dirent.h>
#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/sandbox.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "harness.h"
#include "plan-rows.h"
#include "plan/step.h"
#include "sys/sys.h"
#include "userns.h"

FIXTURE(plan)
{
	struct rf_plan *plan;
};

FIXTURE_VARIANT(plan)
{
	unsigned id;
};

FIXTURE_VARIANT_ADD(plan, user) { .id = 1000 };
FIXTURE_VARIANT_ADD(plan, root) { .id = 0 };

FIXTURE_SETUP(plan)
{
	int r = userns_enter(0, variant->id);

	if (r < 0)
		SKIP(return, "no user namespace here: %s", strerror(-r));
	ASSERT_EQ(0, rf_plan_new(&self->plan));
}

FIXTURE_TEARDOWN(plan)
{
	rf_trace_fault("");
	rf_plan_free(self->plan);
}

static char *words(const struct rf_plan *plan)
{
	struct str out = {0};
	struct rf_step_info i;
	char *text = NULL;

	for (size_t n = 0; rf_plan_step(plan, n, &i) == 0; n++)
		str_addf(&out, "%s%s%s%s\n", i.in_child ? "child: " : "", i.id,
			 i.args[0] ? " " : "", i.args);
	str_take(&out, &text);
	return text;
}

TEST_F(plan, a_sandbox_as_steps)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		const char *want = variant->id || !rows[i].as_root ? rows[i].as_user : rows[i].as_root;
		struct rf_sandbox box = rows[i].box;
		struct rf_plan *plan;
		char *got;

		box.size = sizeof(box);
		box.argv = program;
		if (rows[i].uids[0])
			ASSERT_EQ(0, rf_idmap_parse(&box.uid_map, rows[i].uids));
		if (rows[i].gids[0])
			ASSERT_EQ(0, rf_idmap_parse(&box.gid_map, rows[i].gids));
		ASSERT_EQ(0, rf_plan_new(&plan));
		ASSERT_EQ(0, rf_plan_sandbox(plan, &box));
		got = words(plan);
		EXPECT_STREQ(want, got) {
			TH_LOG("%s", rows[i].name);
		}
		free(got);
		rf_plan_free(plan);
	}
}

/* Every kind of step that a sandbox can have says what, why and where to read on. */
TEST_F(plan, steps_explain_themselves)
{
	struct rf_sandbox box = {
		.size = sizeof(box), .namespaces = NEWALL, .root = "/", .proc = "/proc",
		.hostname = "x", .workdir = "/", .has_uid = true, .pass_fds = two_fds,
		.n_pass_fds = 1, .outer_program = true, .argv = program,
	};
	struct rf_step_info info;
	size_t n = 0;

	ASSERT_EQ(0, rf_idmap_add(&box.uid_map, 0, variant->id, 1));
	ASSERT_EQ(0, rf_idmap_add(&box.gid_map, 0, variant->id, 1));
	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	for (; rf_plan_step(self->plan, n, &info) == 0; n++) {
		EXPECT_NE(NULL, strchr(info.page, '('));
		EXPECT_EQ('.', info.why[strlen(info.why) - 1]) {
			TH_LOG("%s: \"%s\"", info.id, info.why);
		}
		EXPECT_EQ(NULL, strpbrk(info.id, " _"));
	}
	EXPECT_EQ(rf_plan_length(self->plan), n);
	EXPECT_EQ(-ERANGE, rf_plan_step(self->plan, n, &info));
}

TEST_F(plan, contradictions_are_refused)
{
	char *const none[] = {NULL};
	struct rf_sandbox box = {.size = sizeof(box), .argv = none};

	EXPECT_EQ(-EINVAL, rf_plan_sandbox(self->plan, &box));
	box.argv = NULL;
	EXPECT_EQ(-EINVAL, rf_plan_sandbox(self->plan, &box));
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "no program"));
	box.argv = program;
	box.setgroups = RF_SETGROUPS_ALLOW;
	ASSERT_EQ(0, rf_idmap_add(&box.gid_map, 0, variant->id, 1));
	if (variant->id) {
		EXPECT_EQ(-EINVAL, rf_plan_sandbox(self->plan, &box));
		EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "setgroups"));
	}
	EXPECT_EQ(0, rf_plan_length(self->plan));
}

/* Reports as "step: call(args)" lines, or "step!" for one that failed. */
static void collect(const struct rf_step_report *r, void *data)
{
	struct str *out = data;

	for (size_t i = 0; i < r->n_calls; i++)
		str_addf(out, "%s: %s(%s)\n", r->info.id, r->calls[i].name, r->calls[i].args);
	if (!r->n_calls || r->result < 0)
		str_addf(out, "%s%s\n", r->info.id, r->result < 0 ? "!" : "");
}

TEST_F(plan, a_dry_run_of_one_process)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program, .hostname = "inside",
				 .workdir = "/srv", .namespaces = CLONE_NEWNS};
	struct str out = {0};
	struct rf_plan_options options = {
		.size = sizeof(options), .report = collect, .report_data = &out, .dry_run = true};

	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	EXPECT_EQ(0, rf_plan_run(self->plan, &options, NULL));
	EXPECT_STREQ(
		"unshare: unshare(CLONE_NEWNS|CLONE_NEWUTS)\n"
		"propagation: mount_setattr(AT_FDCWD, \"/\", AT_RECURSIVE, {.propagation = MS_PRIVATE})\n"
		"hostname: sethostname(\"inside\", 6)\n"
		"chdir: chdir(\"/srv\")\n"
		"close-descriptors: close_range(3, ~0U, CLOSE_RANGE_CLOEXEC)\n"
		"exec: rt_sigaction(SIGPIPE, SIG_DFL)\n"
		"exec: execve(\"/bin/true\", [\"/bin/true\", …])\n", out.s);
	str_done(&out);
}

/* Both sides of a fork in one process; none is made. */
TEST_F(plan, a_dry_run_of_two_processes)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program,
				 .namespaces = CLONE_NEWPID | CLONE_NEWUSER};
	struct str out = {0};
	struct rf_plan_options options = {
		.size = sizeof(options), .report = collect, .report_data = &out, .dry_run = true};

	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	EXPECT_EQ(0, rf_plan_run(self->plan, &options, NULL));
	EXPECT_NE(NULL, strstr(out.s, "fork: clone3({.flags = CLONE_NEWUSER|CLONE_NEWPID, .exit_signal = SIGCHLD})\n"));
	EXPECT_NE(NULL, strstr(out.s, "release: write(fd4, "));
	EXPECT_NE(NULL, strstr(out.s, "await-release: read(fd3, "));
	EXPECT_NE(NULL, strstr(out.s, "die-with-caller: prctl(PR_SET_PDEATHSIG, SIGKILL, 0)\n"));
	EXPECT_NE(NULL, strstr(out.s, "exec: execve("));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(ECHILD, errno);
	EXPECT_FALSE(sys_is_dry());
	str_done(&out);
}

/* Steps that write down that they were run and undone. */
static char diary[128];

static int run_note(struct plan_run *run, struct rf_step *s)
{
	strncat(diary, s->text[0], sizeof(diary) - strlen(diary) - 1);
	return 0;
}

static int run_fail(struct plan_run *run, struct rf_step *s)
{
	run_note(run, s);
	s->half_done = s->num[0];
	return sys_fail(-EDQUOT, "note", "the diary", "is full");
}

static void undo_note(struct plan_run *run, struct rf_step *s)
{
	strncat(diary, "-", sizeof(diary) - strlen(diary) - 1);
	run_note(run, s);
}

static const struct step_kind note = {.id = "note", .name = "write a note", .why = "A test.",
				      .page = "diary(1)", .run = run_note, .undo = undo_note};
static const struct step_kind fail = {.id = "fail", .name = "fail", .why = "A test.",
				      .page = "diary(1)", .run = run_fail, .undo = undo_note};

TEST_F(plan, undone_in_reverse_order)
{
	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "a"));
	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "b"));
	EXPECT_EQ(0, rf_plan_run(self->plan, NULL, NULL));
	EXPECT_STREQ("ab", diary);
	rf_plan_undo(self->plan);
	EXPECT_STREQ("ab-b-a", diary);
	/* Once. */
	rf_plan_undo(self->plan);
	EXPECT_STREQ("ab-b-a", diary);
}

TEST_F(plan, a_failing_step_undoes_those_before_it)
{
	struct rf_failure f = {0};

	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "a"));
	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "b"));
	ASSERT_EQ(0, plan_add_text(self->plan, &fail, false, "c"));
	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "d"));
	EXPECT_EQ(-EDQUOT, rf_plan_run(self->plan, NULL, &f));
	EXPECT_STREQ("abc-b-a", diary);
	EXPECT_EQ(3, f.number);
	EXPECT_EQ(4, f.of);
	EXPECT_EQ(-EDQUOT, f.error);
	EXPECT_EQ(125, f.exit_code);
	EXPECT_STREQ("fail", f.info.id);
	EXPECT_STREQ("c", f.info.args);
	EXPECT_STREQ("the diary", f.call.object);
	EXPECT_STREQ("is full", f.call.note);
}

TEST_F(plan, a_step_that_got_half_way_is_undone_too)
{
	struct rf_step *s;

	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "a"));
	s = plan_add(self->plan, &fail, false);
	ASSERT_EQ(0, step_text(s, 0, "b"));
	s->num[0] = true;
	EXPECT_EQ(-EDQUOT, rf_plan_run(self->plan, NULL, NULL));
	EXPECT_STREQ("ab-b-a", diary);
}

/* A dry run did nothing: undoing it would take away what others made. */
TEST_F(plan, a_dry_run_is_not_undone)
{
	struct rf_plan_options options = {.size = sizeof(options), .dry_run = true};
	struct rf_step *s;

	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "a"));
	EXPECT_EQ(0, rf_plan_run(self->plan, &options, NULL));
	rf_plan_undo(self->plan);
	EXPECT_STREQ("a", diary);
	s = plan_add(self->plan, &fail, false);
	ASSERT_EQ(0, step_text(s, 0, "b"));
	s->num[0] = true;
	EXPECT_EQ(-EDQUOT, rf_plan_run(self->plan, &options, NULL));
	EXPECT_STREQ("aab", diary);
}

/* A step that makes what would last, and a signal that comes meanwhile. */
static int run_lasting(struct plan_run *run, struct rf_step *s)
{
	int r = plan_hold_signals(run);

	return r < 0 ? r : raise((int)s->num[0]) ?: run_note(run, s);
}

static const struct step_kind lasting = {.id = "lasting", .name = "make what lasts", .why = "A test.",
					 .page = "diary(1)", .run = run_lasting, .undo = undo_note};

static void note_signal(int sig)
{
	strncat(diary, "!", sizeof(diary) - strlen(diary) - 1);
}

static const struct {
	int sig;
	void (*handler)(int sig);
	int result;
	const char *diary, *note;
} signal_rows[] = {
	{SIGINT, note_signal, -EINTR, "ab-b-a!", "SIGINT came"},
	{SIGTERM, note_signal, -EINTR, "ab-b-a!", "SIGTERM came"},
	{SIGHUP, note_signal, -EINTR, "ab-b-a!", "SIGHUP came"},
	{SIGQUIT, note_signal, -EINTR, "ab-b-a!", "SIGQUIT came"},
	/* One that nobody wants, and one that ends nobody's work. */
	{SIGTERM, SIG_IGN, 0, "abc", ""},
	{SIGUSR1, note_signal, 0, "abc!", ""},
};

TEST_F(plan, a_signal_waits_until_all_is_undone)
{
	for (size_t i = 0; i < array_size(signal_rows); i++) {
		struct rf_failure f = {0};
		struct rf_plan *plan;
		struct rf_step *s;

		diary[0] = '\0';
		ASSERT_NE(SIG_ERR, signal(signal_rows[i].sig, signal_rows[i].handler));
		ASSERT_EQ(0, rf_plan_new(&plan));
		ASSERT_EQ(0, plan_add_text(plan, &note, false, "a"));
		s = plan_add(plan, &lasting, false);
		ASSERT_EQ(0, step_text(s, 0, "b"));
		s->num[0] = signal_rows[i].sig;
		ASSERT_EQ(0, plan_add_text(plan, &note, false, "c"));
		EXPECT_EQ(signal_rows[i].result, rf_plan_run(plan, NULL, &f));
		EXPECT_STREQ(signal_rows[i].diary, diary);
		EXPECT_STREQ(signal_rows[i].note, f.call.note);
		rf_plan_free(plan);
		signal(signal_rows[i].sig, SIG_DFL);
	}
}

static int count_fds(void)
{
	DIR *d = opendir("/proc/self/fd");
	int n = 0;

	while (readdir(d))
		n++;
	closedir(d);
	return n;
}

/* What fails in the child, and what the caller must learn of it. */
static const struct {
	const char *fault, *id, *call, *object;
	int error, exit_code;
	const char *hint; /* part of it */
} child_rows[] = {
	{"sethostname=EPERM", "hostname", "sethostname", "", -EPERM, 125, ""},
	{"setresgid=EINVAL", "become", "setresgid", "", -EINVAL, 125, "not in the group id map"},
	{"chdir:/=EACCES", "chdir", "chdir", "/", -EACCES, 125, ""},
	{"close_range=EPERM", "close-descriptors", "close_range", "", -EPERM, 125, ""},
	{"prctl=EINVAL", "die-with-caller", "prctl", "", -EINVAL, 125, ""},
	{"execve=ENOENT", "exec", "execve", "/bin/true", -ENOENT, 127, "no such program"},
	{"execve=EACCES", "exec", "execve", "/bin/true", -EACCES, 126, "not executable"},
	{"execve=E2BIG", "exec", "execve", "/bin/true", -E2BIG, 126, ""},
};

TEST_F(plan, a_failure_in_the_child_comes_back_whole)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program, .hostname = "x",
				 .workdir = "/", .namespaces = CLONE_NEWUSER, .has_gid = true,
				 .fork = true};
	sigset_t before, after;
	int fds;

	ASSERT_EQ(0, rf_idmap_add(&box.gid_map, 0, variant->id, 1));
	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, NULL, &before));
	fds = count_fds();
	for (size_t i = 0; i < array_size(child_rows); i++) {
		struct rf_failure f = {0};

		ASSERT_EQ(0, rf_trace_fault(child_rows[i].fault));
		EXPECT_EQ(child_rows[i].error, rf_plan_run(self->plan, NULL, &f)) {
			TH_LOG("%s", child_rows[i].fault);
		}
		EXPECT_STREQ(child_rows[i].id, f.info.id);
		EXPECT_TRUE(f.info.in_child);
		EXPECT_STREQ(child_rows[i].call, f.call.name);
		EXPECT_STREQ(child_rows[i].object, f.call.object);
		EXPECT_EQ(child_rows[i].error, f.call.result);
		EXPECT_EQ(child_rows[i].exit_code, f.exit_code);
		EXPECT_NE(NULL, strstr(f.hint, child_rows[i].hint)) {
			TH_LOG("hint \"%s\", want \"%s\"", f.hint, child_rows[i].hint);
		}
	}
	/* Nothing stays: no mask, no descriptor, no process. */
	ASSERT_EQ(0, sigprocmask(SIG_BLOCK, NULL, &after));
	for (int sig = 1; sig < NSIG; sig++)
		EXPECT_EQ(sigismember(&before, sig), sigismember(&after, sig));
	EXPECT_EQ(fds, count_fds());
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
}

/* The same for the caller's own steps, while a child is waiting for them. */
static const struct {
	const char *fault, *id, *call;
	int error;
} caller_rows[] = {
	{"pipe2=EMFILE", "fork", "pipe2", -EMFILE},
	{"pidfd_open=EMFILE", "fork", "pidfd_open", -EMFILE},
	{"clone3=EAGAIN", "fork", "clone3", -EAGAIN},
	{"write:*/uid_map=EPERM", "write-uid-map", "write", -EPERM},
	{"openat:/proc/*/gid_map=EACCES", "write-gid-map", "openat", -EACCES},
	{"write:*setgroups=EPERM", "deny-setgroups", "write", -EPERM},
	{"write=EPIPE,write:/none=EIO", "deny-setgroups", "write", -EPIPE},
};

TEST_F(plan, a_failure_in_the_caller_leaves_no_child)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program, .setgroups = RF_SETGROUPS_DENY,
				 .fork = true};
	int fds;

	ASSERT_EQ(0, rf_idmap_add(&box.uid_map, 0, variant->id, 1));
	ASSERT_EQ(0, rf_idmap_add(&box.gid_map, 0, variant->id, 1));
	ASSERT_EQ(0, plan_add_text(self->plan, &note, false, "a"));
	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	fds = count_fds();
	for (size_t i = 0; i < array_size(caller_rows); i++) {
		struct rf_failure f = {0};

		diary[0] = '\0';
		ASSERT_EQ(0, rf_trace_fault(caller_rows[i].fault));
		EXPECT_EQ(caller_rows[i].error, rf_plan_run(self->plan, NULL, &f)) {
			TH_LOG("%s", caller_rows[i].fault);
		}
		EXPECT_STREQ(caller_rows[i].id, f.info.id);
		EXPECT_FALSE(f.info.in_child);
		EXPECT_STREQ(caller_rows[i].call, f.call.name);
		EXPECT_STREQ("a-a", diary);
		EXPECT_EQ(fds, count_fds());
		EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	}
}

static int run_to_end(struct rf_plan *plan, const struct rf_plan_options *options)
{
	struct rf_child_end end;
	pid_t pid = rf_plan_run(plan, options, NULL);

	if (pid <= 0)
		return pid;
	return rf_plan_wait(plan, pid, NULL, &end) < 0 ? -1 : end.status;
}

/* With and without clone3(2), a child is made, waited for and gone. */
TEST_F(plan, a_program_is_run)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program,
				 .namespaces = CLONE_NEWUSER | CLONE_NEWPID, .fork = true};
	int fds = count_fds();

	ASSERT_EQ(0, rf_idmap_add(&box.uid_map, 0, variant->id, 1));
	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	EXPECT_EQ(0, run_to_end(self->plan, NULL));
	ASSERT_EQ(0, rf_trace_fault("clone3=ENOSYS!"));
	EXPECT_EQ(0, run_to_end(self->plan, NULL));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
	EXPECT_EQ(fds, count_fds());
}

TEST_F(plan, a_failure_without_clone3_comes_back_whole)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program,
				 .namespaces = CLONE_NEWUSER | CLONE_NEWPID, .fork = true};
	struct rf_failure f = {0};

	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	ASSERT_EQ(0, rf_trace_fault("clone3=ENOSYS!,unshare=ENOSPC"));
	EXPECT_EQ(-ENOSPC, rf_plan_run(self->plan, NULL, &f));
	EXPECT_STREQ("fork", f.info.id);
	EXPECT_STREQ("unshare", f.call.name);
	EXPECT_NE(NULL, strstr(f.hint, "max_user_namespaces"));
	ASSERT_EQ(0, rf_trace_fault("clone3=ENOSYS!,clone=EAGAIN"));
	EXPECT_EQ(-EAGAIN, rf_plan_run(self->plan, NULL, &f));
	EXPECT_EQ(-1, waitpid(-1, NULL, WNOHANG));
}

/* The caller's steps in the order of the plan, then the child's as they came. */
TEST_F(plan, reports_of_both_processes)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program, .fork = true, .workdir = "/"};
	struct str out = {0};
	struct rf_plan_options options = {
		.size = sizeof(options), .report = collect, .report_data = &out};

	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	EXPECT_EQ(0, run_to_end(self->plan, &options));
	EXPECT_NE(NULL, strstr(out.s, "release: write("));
	EXPECT_NE(NULL, strstr(out.s, "chdir: chdir(\"/\")\nclose-descriptors: "));
	EXPECT_LT(strstr(out.s, "release: "), strstr(out.s, "chdir: "));
	str_done(&out);
	/* One that fails is reported, too. */
	ASSERT_EQ(0, rf_trace_fault("chdir:/=EIO"));
	EXPECT_EQ(-EIO, run_to_end(self->plan, &options));
	EXPECT_NE(NULL, strstr(out.s, "chdir: chdir(\"/\")\nchdir!\n"));
	EXPECT_EQ(NULL, strstr(out.s, "close-descriptors"));
	str_done(&out);
}

/* A child that dies by a signal while it sets up shows as that, not as a program that ran well. */
TEST_F(plan, a_child_killed_in_its_setup)
{
	struct rf_sandbox box = {.size = sizeof(box), .argv = program, .fork = true, .workdir = "/"};
	int status;

	ASSERT_EQ(0, rf_plan_sandbox(self->plan, &box));
	ASSERT_EQ(0, rf_trace_fault("chdir=KILL"));
	status = run_to_end(self->plan, NULL);
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(options_of_another_size_are_refused)
{
	char name[] = "true", *const argv[] = {name, NULL};
	struct rf_sandbox box = {.argv = argv};
	struct rf_plan_options options = {.size = sizeof(options) - 1, .dry_run = true};
	struct rf_failure f = {0};
	struct rf_plan *plan;

	ASSERT_EQ(0, rf_plan_new(&plan));
	EXPECT_EQ(-EINVAL, rf_plan_sandbox(plan, &box));
	EXPECT_STREQ("rf_sandbox", rf_trace_last_failure()->object);
	EXPECT_EQ(0, rf_plan_length(plan));
	box.size = sizeof(box);
	ASSERT_EQ(0, rf_plan_sandbox(plan, &box));
	EXPECT_EQ(-EINVAL, rf_plan_run(plan, &options, &f));
	EXPECT_EQ(125, f.exit_code);
	EXPECT_STREQ("rf_plan_options", f.call.object);
	rf_plan_free(plan);
}

TEST_HARNESS_MAIN
