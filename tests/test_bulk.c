// SPDX-License-Identifier: GPL-2.0-or-later
/* The sampler's back end of BPF: it says what the files say, and where it can't, the files answer. */
#include <ringfence/probe.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup/sample.h"
#include "groups.h"
#include "harness.h"

FIXTURE(bulk)
{
	struct rf_cgroup_fs *fs;
	struct rf_sampler *files, *bpf;
	char name[40];
	const char *why_not;
	pid_t load;
};

static int open_bulk(FIXTURE_DATA(bulk) *self, enum rf_sample_source source, struct rf_sampler **ret)
{
	const struct rf_sampler_options o = {.size = sizeof(o), .group = self->name};

	return rf_probe_sampler_open(self->fs, &o, source, ret);
}

FIXTURE_SETUP(bulk)
{
	memset(self, 0, sizeof(*self));
	snprintf(self->name, sizeof(self->name), "rf-sampler-%d", getpid());
	self->why_not = rf_cgroup_fs_open(&self->fs) < 0 ? "no control groups here" :
			make(self->fs, self->name, "a/b") < 0 ? "may not make groups here" :
			open_bulk(self, RF_SAMPLE_FILES, &self->files) < 0 ? "no sampler" :
			open_bulk(self, RF_SAMPLE_BPF, &self->bpf) < 0 ? rf_trace_last_failure()->note : NULL;
}

FIXTURE_TEARDOWN(bulk)
{
	rf_trace_fault("");
	if (self->load > 0) {
		kill(self->load, SIGKILL);
		waitpid(self->load, NULL, 0);
	}
	rf_sampler_free(self->bpf);
	rf_sampler_free(self->files);
	if (self->fs)
		take_away(self->fs, self->name, "");
	rf_cgroup_fs_free(self->fs);
}

/* Memory, CPU time beyond a quota, forks up to a limit; then it stands still. */
static void be_a_load(void)
{
	size_t len = 8 << 20;
	char *memory = malloc(len);

	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < 20; i++)
		if (!fork()) {
			prctl(PR_SET_PDEATHSIG, SIGKILL);
			pause();
		}
	for (uint64_t end = cgroup_now_us() + 500000; cgroup_now_us() < end;)
		for (size_t i = 0; i < len; i += 4096)
			((volatile char *)memory)[i] = (char)i;
	raise(SIGSTOP);
	_exit(0);
}

/* The number of figures that differ between the two samplers. */
static size_t differ(struct __test_metadata *_metadata, struct rf_sampler *a, struct rf_sampler *b, bool tell)
{
	const struct rf_sample *x, *y;
	size_t n, bad = 0;

	EXPECT_EQ(0, rf_sampler_read(b));
	EXPECT_EQ(0, rf_sampler_read(a));
	n = rf_sampler_groups(a, &x);
	EXPECT_EQ(n, rf_sampler_groups(b, &y));
	for (size_t i = 0; i < n; i++)
		for (size_t f = 0; f < RF_FIGURES; f++) {
			if (x[i].values[f] == y[i].values[f])
				continue;
			bad++;
			if (tell)
				TH_LOG("%s %s: files %llu, bpf %llu", x[i].group, rf_figure(f)->key, (unsigned long long)x[i].values[f],
				       (unsigned long long)y[i].values[f]);
		}
	return bad;
}

/* As differ(), once the kernel is done: memory of groups that went is given back some time later, a quota's period ends. */
static size_t still_differ(struct __test_metadata *_metadata, struct rf_sampler *a, struct rf_sampler *b)
{
	size_t bad = 1;

	for (int i = 0; i < 100 && bad; i++) {
		bad = differ(_metadata, a, b, i == 99);
		usleep(bad ? 50000 : 0);
	}
	return bad;
}

static const char *source_of(struct rf_sampler *s)
{
	const char *why;

	return rf_sampler_source(s, &why);
}

/* What stands still is the same to the last digit. */
TEST_F(bulk, says_what_the_files_say)
{
	static const char *const settings[] = {"cpu.max=20000 100000", "pids.max=10", "memory.max=64M"};
	char *name = str_format("%s/a/b", self->name);
	const struct rf_sample *g;

	NEED_GROUPS();
	for (size_t i = 0; i < array_size(settings); i++)
		if (rf_cgroup_set(self->fs, name, &settings[i], 1, NULL, NULL) < 0)
			TH_LOG("no %s here: not compared under load", settings[i]);
	self->load = fork();
	if (!self->load) {
		raise(SIGSTOP);
		be_a_load();
	}
	waitpid(self->load, NULL, WUNTRACED);
	ASSERT_LE(1, rf_cgroup_move(self->fs, name, &self->load, 1, 0, NULL, NULL));
	kill(self->load, SIGCONT);
	waitpid(self->load, NULL, WUNTRACED);
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	EXPECT_STREQ("bpf", source_of(self->bpf));
	EXPECT_STREQ("files", source_of(self->files));
	ASSERT_EQ(3, rf_sampler_groups(self->bpf, &g));
	EXPECT_NE(0, g[2].values[RF_CPU_US]);
	free(name);
}

TEST_F(bulk, follows_groups_that_come_and_go_and_are_many)
{
	char below[32];

	NEED_GROUPS();
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	ASSERT_EQ(0, take_away(self->fs, self->name, "a"));
	ASSERT_EQ(0, make(self->fs, self->name, "a"));
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	ASSERT_EQ(0, take_away(self->fs, self->name, ""));
	ASSERT_EQ(0, make(self->fs, self->name, "z"));
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	/* More than there is room for at first. */
	for (int i = 0; i < 1100; i++) {
		snprintf(below, sizeof(below), "z/%d", i);
		ASSERT_EQ(0, make(self->fs, self->name, below));
	}
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	EXPECT_STREQ("bpf", source_of(self->bpf));
}

static void free_bpf(FIXTURE_DATA(bulk) *self)
{
	rf_sampler_free(self->bpf);
	self->bpf = NULL;
}

/* A hundred groups make "auto" try: for samplers that are still to be opened. */
static void make_many(struct __test_metadata *_metadata, FIXTURE_DATA(bulk) *self)
{
	char below[32];

	free_bpf(self);
	for (int i = 0; i < 110; i++) {
		snprintf(below, sizeof(below), "a/%d", i);
		ASSERT_EQ(0, make(self->fs, self->name, below));
	}
}

TEST_F(bulk, falls_to_files_where_it_is_refused)
{
	static const char *const refusals[] = {"bpf_load=EPERM!", "bpf_load=ENOSYS!", "mmap=EPERM!", "bpf_link_create=EPERM!", "bpf_iter_create=ENOSYS!"};
	int before;
	const char *why;

	NEED_GROUPS();
	make_many(_metadata, self);
	before = count_fds();
	for (size_t i = 0; i < array_size(refusals); i++) {
		ASSERT_EQ(0, rf_trace_fault(refusals[i]));
		EXPECT_GT(0, open_bulk(self, RF_SAMPLE_BPF, &self->bpf) ?: rf_sampler_read(self->bpf)) TH_LOG("%s", refusals[i]);
		free_bpf(self);
		EXPECT_EQ(before, count_fds()) TH_LOG("%s", refusals[i]);
		ASSERT_EQ(0, open_bulk(self, RF_SAMPLE_AUTO, &self->bpf));
		EXPECT_EQ(0, rf_sampler_read(self->bpf)) TH_LOG("%s", refusals[i]);
		EXPECT_STREQ("files", rf_sampler_source(self->bpf, &why)) TH_LOG("%s", refusals[i]);
		EXPECT_NE(NULL, why);
		EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
		free_bpf(self);
		before = count_fds();
	}
	ASSERT_EQ(0, rf_trace_fault(""));
	ASSERT_EQ(0, open_bulk(self, RF_SAMPLE_AUTO, &self->bpf));
	EXPECT_EQ(0, still_differ(_metadata, self->files, self->bpf));
	EXPECT_STREQ("bpf", rf_sampler_source(self->bpf, &why)) TH_LOG("%s", why);
}

/* In a mount namespace of its own something lies over a file of the topmost group, which is not read then. */
static int cover(const char *group)
{
	char file[] = "/tmp/rf-cover-XXXXXX", path[128];
	int fd = mkstemp(file), r;

	if (fd < 0)
		return -errno;
	snprintf(path, sizeof(path), "/sys/fs/cgroup/pids/%s/pids.current", group);
	if (access(path, F_OK))
		snprintf(path, sizeof(path), "/sys/fs/cgroup/%s/pids.current", group);
	r = unshare(CLONE_NEWNS) < 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 || mount(file, path, NULL, MS_BIND, NULL) < 0 ? -errno : 0;
	close(fd);
	unlink(file);
	return r;
}

TEST_F(bulk, falls_to_files_where_they_do_not_agree)
{
	struct rf_cgroup_fs *seen_before = self->fs;
	const struct rf_sample *g;
	const char *why;

	NEED_GROUPS();
	make_many(_metadata, self);
	ASSERT_EQ(0, cover(self->name));
	/* Opened earlier, it goes on in the mounts of that time. */
	ASSERT_EQ(0, rf_cgroup_fs_open(&self->fs));
	ASSERT_EQ(0, open_bulk(self, RF_SAMPLE_BPF, &self->bpf));
	EXPECT_EQ(-EUCLEAN, rf_sampler_read(self->bpf));
	EXPECT_NE(NULL, strstr(rf_trace_last_failure()->note, "pids: the kernel's structures say 0, the group's file nothing"))
		TH_LOG("%s", rf_trace_last_failure()->note);
	free_bpf(self);
	ASSERT_EQ(0, open_bulk(self, RF_SAMPLE_AUTO, &self->bpf));
	ASSERT_EQ(0, rf_sampler_read(self->bpf));
	EXPECT_STREQ("files", rf_sampler_source(self->bpf, &why));
	EXPECT_NE(NULL, strstr(why, "the group's file nothing")) TH_LOG("%s", why);
	ASSERT_LE(110, rf_sampler_groups(self->bpf, &g));
	EXPECT_EQ(RF_CGROUP_UNKNOWN, g[0].values[RF_PIDS]);
	EXPECT_EQ(0, g[1].values[RF_PIDS]);
	/* And it stays with them. */
	ASSERT_EQ(0, rf_sampler_read(self->bpf));
	EXPECT_STREQ("files", source_of(self->bpf));
	free_bpf(self);
	rf_cgroup_fs_free(self->fs);
	self->fs = seen_before;
}

TEST_HARNESS_MAIN
