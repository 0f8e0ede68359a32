// SPDX-License-Identifier: GPL-2.0-or-later
/* The seam: records, refused calls, dry runs; and that all of it belongs to one thread. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "harness.h"
#include "sys/sys.h"

static struct rf_call seen[16];
static int n_seen;

static void keep(const struct rf_call *call, void *data)
{
	(void)data;
	if (n_seen < 16)
		seen[n_seen] = *call;
	n_seen++;
}

TEST(a_record_of_each_call)
{
	char buf[8];
	int fd;

	rf_trace_set(keep, NULL);
	fd = sys_openat(AT_FDCWD, "/proc/self/comm", O_RDONLY, 0);
	ASSERT_GE(fd, 0);
	EXPECT_GT(sys_read(fd, buf, sizeof(buf)), 0);
	EXPECT_EQ(-ENOENT, sys_openat(AT_FDCWD, "/proc/self/no-such", O_RDONLY, 0));
	rf_trace_set(NULL, NULL);
	sys_close(fd);
	ASSERT_EQ(3, n_seen);
	EXPECT_STREQ("openat", seen[0].name);
	EXPECT_STREQ("/proc/self/comm", seen[0].object);
	EXPECT_STREQ("AT_FDCWD, \"/proc/self/comm\", O_RDONLY", seen[0].args);
	EXPECT_EQ(fd, seen[0].result);
	EXPECT_GT(seen[0].duration_ns, 0);
	/* A call on a descriptor is a call on what it was opened by. */
	EXPECT_STREQ("read", seen[1].name);
	EXPECT_STREQ("/proc/self/comm", seen[1].object);
	EXPECT_EQ(-ENOENT, seen[2].result);
	/* Stopped is stopped. */
	EXPECT_EQ(-ENOENT, sys_openat(AT_FDCWD, "/proc/self/no-such", O_RDONLY, 0));
	EXPECT_EQ(3, n_seen);
}

TEST(a_path_below_a_descriptor_has_its_full_name)
{
	int dir = sys_openat(AT_FDCWD, "/proc", O_PATH | O_DIRECTORY, 0);
	int self = sys_openat(dir, "self", O_PATH | O_DIRECTORY, 0);

	ASSERT_GE(self, 0);
	EXPECT_EQ(-ENOENT, sys_openat(self, "no-such", O_RDONLY, 0));
	EXPECT_STREQ("/proc/self/no-such", rf_trace_last_failure()->object);
	EXPECT_EQ(-ENOENT, sys_openat(self, "/no-such", O_RDONLY, 0));
	EXPECT_STREQ("/no-such", rf_trace_last_failure()->object);
	/* A closed descriptor's name goes with it. */
	sys_close(self);
	EXPECT_EQ(NULL, sys_fd_name(self));
	sys_close(dir);
}

TEST(the_last_failure)
{
	rf_trace_forget();
	EXPECT_STREQ("", rf_trace_last_failure()->name);
	EXPECT_EQ(-ENOENT, sys_chdir("/no-such"));
	EXPECT_EQ(0, sys_chdir("/"));
	EXPECT_STREQ("chdir", rf_trace_last_failure()->name);
	EXPECT_EQ(-ENOENT, rf_trace_last_failure()->result);
	EXPECT_EQ(-EBADMSG, sys_fail(-EBADMSG, "digest", "layer 3", "wants %d", 7));
	EXPECT_STREQ("digest", rf_trace_last_failure()->name);
	EXPECT_STREQ("layer 3", rf_trace_last_failure()->object);
	EXPECT_STREQ("wants 7", rf_trace_last_failure()->note);
	rf_trace_forget();
	EXPECT_EQ(0, rf_trace_last_failure()->result);
}

/* Long names are cut, not written past their end. */
TEST(long_objects_are_cut)
{
	char path[4096];

	memset(path, 'x', sizeof(path));
	path[0] = '/';
	path[sizeof(path) - 1] = '\0';
	EXPECT_EQ(-ENAMETOOLONG, sys_chdir(path));
	EXPECT_EQ(sizeof(((struct rf_call *)0)->object) - 1, strlen(rf_trace_last_failure()->object));
}

static const struct {
	const char *spec;
	int result;
} spec_rows[] = {
	{"chdir=ENOSPC", 0},
	{"chdir=KILL", 0},
	{"chdir=STOP", 0},
	{"chdir:/a=b*=EIO!", 0},
	{"", 0},
	{"chdir", -EINVAL},
	{"=EIO", -EINVAL},
	{"chdir=", -EINVAL},
	{"chdir=ENOSUCH", -EINVAL},
	{"chdir=EIO,mount", -EINVAL},
	{"chdir=5", -EINVAL},
	{"chdir=EIO!!", -EINVAL},
	{"a-call-with-a-name-longer-than-any=EIO", -EINVAL},
	{"a=EIO,b=EIO,c=EIO,d=EIO,e=EIO,f=EIO,g=EIO,h=EIO,i=EIO,j=EIO,k=EIO,l=EIO,m=EIO,n=EIO,o=EIO,p=EIO",
	 0},
	{"a=EIO,b=EIO,c=EIO,d=EIO,e=EIO,f=EIO,g=EIO,h=EIO,i=EIO,j=EIO,k=EIO,l=EIO,m=EIO,n=EIO,o=EIO,p=EIO,q=EIO",
	 -E2BIG},
	{NULL, -EINVAL},
};

TEST(fault_specifications)
{
	for (size_t i = 0; i < sizeof(spec_rows) / sizeof(spec_rows[0]); i++) {
		EXPECT_EQ(spec_rows[i].result, rf_trace_fault(spec_rows[i].spec)) {
			TH_LOG("\"%s\"", spec_rows[i].spec ?: "NULL");
		}
	}
	rf_trace_fault("");
	EXPECT_EQ(0, sys_chdir("/"));
}

TEST(a_bad_specification_sets_nothing)
{
	ASSERT_EQ(0, rf_trace_fault("chdir=ENOSPC!"));
	EXPECT_EQ(-EINVAL, rf_trace_fault("chdir=EIO,mount"));
	EXPECT_EQ(-ENOSPC, sys_chdir("/"));
}

TEST(a_fault_by_name_and_object)
{
	ASSERT_EQ(0, rf_trace_fault("chdir:/pro*=EIO,openat:*/comm=EMFILE!"));
	EXPECT_EQ(0, sys_chdir("/"));
	EXPECT_EQ(-EIO, sys_chdir("/proc"));
	EXPECT_STREQ("/proc", rf_trace_last_failure()->object);
	/* One call is refused; with '!' every one. */
	EXPECT_EQ(0, sys_chdir("/proc"));
	EXPECT_EQ(-EMFILE, sys_openat(AT_FDCWD, "/proc/self/comm", O_RDONLY, 0));
	EXPECT_EQ(-EMFILE, sys_openat(AT_FDCWD, "/proc/self/comm", O_RDONLY, 0));
	/* The pattern sees the full name, whatever the call was given. */
	EXPECT_EQ(0, sys_chdir("/proc/self"));
	EXPECT_EQ(-ENOENT, sys_openat(AT_FDCWD, "no-such", O_RDONLY, 0));
}

TEST(a_fault_on_a_descriptor)
{
	int fd = sys_openat(AT_FDCWD, "/proc/self/comm", O_RDONLY, 0);
	char byte;

	ASSERT_GE(fd, 0);
	ASSERT_EQ(0, rf_trace_fault("read:/proc/self/comm=EIO"));
	EXPECT_EQ(-EIO, sys_read(fd, &byte, 1));
	EXPECT_EQ(1, sys_read(fd, &byte, 1));
	sys_close(fd);
}

TEST(a_fault_that_kills)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		rf_trace_fault("chdir:/proc=KILL");
		sys_chdir("/");
		sys_chdir("/proc");
		_exit(0);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

TEST(a_fault_that_stops)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		rf_trace_fault("chdir=STOP");
		_exit(sys_chdir("/proc") == 0 ? 7 : 1);
	}
	ASSERT_EQ(pid, waitpid(pid, &status, WUNTRACED));
	EXPECT_TRUE(WIFSTOPPED(status) && WSTOPSIG(status) == SIGSTOP);
	kill(pid, SIGCONT);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 7);
}

TEST(a_dry_run_changes_nothing)
{
	char dir[] = "/tmp/rf-dry.XXXXXX", path[64], buf[8] = "kept";
	struct stat st;
	int fd, below;

	ASSERT_NE(NULL, mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/new", dir);
	rf_trace_dry_run(true);
	EXPECT_TRUE(sys_is_dry());
	EXPECT_EQ(0, sys_mkdirat(AT_FDCWD, path, 0755));
	fd = sys_openat(AT_FDCWD, path, O_WRONLY | O_CREAT, 0644);
	EXPECT_TRUE(sys_is_dry_fd(fd));
	/* What stands on the descriptor of a dry run is answered, too. */
	EXPECT_EQ(5, sys_write(fd, "hello", 5));
	EXPECT_EQ(0, sys_read(fd, buf, sizeof(buf)));
	EXPECT_STREQ("kept", buf);
	EXPECT_EQ(0, sys_fstat(fd, &st));
	/* And gives descriptors of their own. */
	below = sys_openat(fd, "below", O_RDONLY, 0);
	EXPECT_TRUE(sys_is_dry_fd(below));
	EXPECT_NE(fd, below);
	/* No length that a caller would put a zero behind. */
	EXPECT_EQ(0, sys_readlinkat(fd, "link", buf, sizeof(buf)));
	EXPECT_EQ(0, sys_fstatat(fd, "below", &st, 0));
	EXPECT_EQ(0, sys_unlinkat(fd, "below", 0));
	EXPECT_EQ(0, sys_close(fd));
	/* What has been made before is not looked for. */
	EXPECT_TRUE(sys_is_dry_fd(sys_openat_made(AT_FDCWD, path, O_PATH)));
	/* Calls that only look are made. */
	EXPECT_EQ(-ENOENT, sys_fstatat(AT_FDCWD, path, &st, 0));
	rf_trace_dry_run(false);
	EXPECT_EQ(0, rmdir(dir));
}

TEST(a_dry_run_leaves_a_record)
{
	rf_trace_set(keep, NULL);
	rf_trace_dry_run(true);
	EXPECT_EQ(0, sys_unshare(CLONE_NEWNS));
	rf_trace_dry_run(false);
	rf_trace_set(NULL, NULL);
	ASSERT_EQ(1, n_seen);
	EXPECT_STREQ("unshare", seen[0].name);
	EXPECT_STREQ("CLONE_NEWNS", seen[0].args);
	EXPECT_EQ(0, seen[0].result);
}

/* Descriptors and processes of a dry run have names that no real ones have, and depend on each other. */
TEST(a_dry_run_names_what_it_would_have)
{
	int pipe[2], status = 42;
	pid_t pid;
	char path[64];

	rf_trace_set(keep, NULL);
	rf_trace_dry_run(true);
	EXPECT_EQ(0, sys_pipe(pipe));
	pid = sys_fork();
	EXPECT_TRUE(sys_is_dry_pid(pid));
	snprintf(path, sizeof(path), "/proc/%d", pid);
	EXPECT_TRUE(sys_is_dry_fd(sys_openat(AT_FDCWD, path, O_PATH, 0)));
	EXPECT_EQ(0, sys_take(pipe[0], &status, 1));
	EXPECT_EQ(0, sys_waitpid(pid, &status, 0));
	EXPECT_NE(pid, sys_fork());
	rf_trace_dry_run(false);
	rf_trace_set(NULL, NULL);
	EXPECT_STREQ("[fd1, fd2], O_CLOEXEC", seen[0].args);
	EXPECT_STREQ("AT_FDCWD, \"/proc/PID\", O_PATH", seen[2].args);
	EXPECT_STREQ("/proc/PID", seen[2].object);
	EXPECT_STREQ("fd1, …, 1", seen[3].args);
	EXPECT_STREQ("PID, …, 0", seen[4].args);
	EXPECT_EQ(42, status);
	/* The next dry run begins anew. */
	rf_trace_dry_run(true);
	EXPECT_EQ(SYS_DRY_FDS, sys_dry_fd());
	rf_trace_dry_run(false);
}

static char whole[4096];
static int n_closed;

static void keep_whole(const struct sys_whole *call, void *data)
{
	(void)data;
	n_closed += !strcmp(call->name, "close");
	if (strcmp(call->name, "close"))
		snprintf(whole, sizeof(whole), "%s(%s)", call->name, call->words);
}

/* Who writes a program gets all of it, as C has it. */
TEST(words_that_are_not_cut)
{
	char path[512], want[600];
	int fd;

	memset(path, 'x', sizeof(path));
	memcpy(path, "/a\"\\\n?", 6);
	path[sizeof(path) - 1] = '\0';
	snprintf(want, sizeof(want), "chdir(\"/a\\\"\\\\\\n?%s\")", path + 6);
	sys_whole_set(keep_whole, NULL);
	rf_trace_dry_run(true);
	EXPECT_EQ(0, sys_chdir(path));
	EXPECT_STREQ(want, whole);
	EXPECT_EQ(0, sys_chdir("?" "?="));
	EXPECT_STREQ("chdir(\"?\\?=\")", whole);
	fd = sys_fsopen("proc");
	EXPECT_EQ(0, sys_fsconfig_create(fd));
	snprintf(want, sizeof(want), "fsconfig(fd#%d, FSCONFIG_CMD_CREATE)", fd);
	EXPECT_STREQ(want, whole);
	sys_close(fd);
	EXPECT_EQ(1, n_closed);
	rf_trace_dry_run(false);
	sys_whole_set(NULL, NULL);
}

/* The listener may make calls itself: they are neither recorded nor refused. */
static void calling_listener(const struct rf_call *call, void *data)
{
	*(int *)data = sys_chdir("/proc");
	n_seen++;
}

TEST(a_listener_may_call)
{
	int inner = 42;

	ASSERT_EQ(0, rf_trace_fault("chdir:/proc=EIO!"));
	rf_trace_set(calling_listener, &inner);
	EXPECT_EQ(0, sys_chdir("/"));
	rf_trace_set(NULL, NULL);
	EXPECT_EQ(0, inner);
	EXPECT_EQ(1, n_seen);
}

static void *other_thread(void *data)
{
	int *results = data;

	results[0] = sys_chdir("/");
	results[1] = rf_trace_last_failure()->name[0];
	results[2] = sys_is_dry();
	results[3] = sys_chdir("/no-such");
	return NULL;
}

TEST(the_state_is_the_threads_own)
{
	int results[4] = {42, 42, 42, 42};
	pthread_t thread;

	ASSERT_EQ(0, rf_trace_fault("chdir=EIO!"));
	rf_trace_set(keep, NULL);
	EXPECT_EQ(-EIO, sys_chdir("/"));
	rf_trace_dry_run(true);
	ASSERT_EQ(0, pthread_create(&thread, NULL, other_thread, results));
	ASSERT_EQ(0, pthread_join(thread, NULL));
	rf_trace_dry_run(false);
	rf_trace_set(NULL, NULL);
	EXPECT_EQ(0, results[0]);
	EXPECT_EQ(0, results[1]);
	EXPECT_EQ(0, results[2]);
	EXPECT_EQ(-ENOENT, results[3]);
	EXPECT_EQ(1, n_seen);
	EXPECT_EQ(-EIO, rf_trace_last_failure()->result);
}

TEST(a_forked_child_has_a_copy)
{
	int status;
	pid_t pid;

	ASSERT_EQ(0, rf_trace_fault("chdir=EIO"));
	pid = fork();
	if (!pid)
		_exit(sys_chdir("/") == -EIO && sys_chdir("/") == 0 ? 0 : 1);
	ASSERT_EQ(pid, waitpid(pid, &status, 0));
	EXPECT_EQ(0, status);
	/* The child's refused call was not ours. */
	EXPECT_EQ(-EIO, sys_chdir("/"));
}

TEST_HARNESS_MAIN
