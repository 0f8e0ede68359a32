// SPDX-License-Identifier: GPL-2.0-or-later
/* The sampler: what files say in figures, and which groups there are while they come and go. */
#include <ringfence/probe.h>
#include <ringfence/units.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cgroup/sample.h"
#include "groups.h"
#include "harness.h"

static const struct sample_file *file_of(const char *name, bool v2)
{
	const struct sample_file *file;

	for (size_t i = 0; (file = sample_file_at(i)); i++)
		if (!strcmp(file->name, name) && file->v2 == v2)
			return file;
	return NULL;
}

#define UNKNOWN RF_CGROUP_UNKNOWN

static const struct {
	const char *file;
	bool v2;
	const char *text;
	enum rf_figure figure;
	uint64_t value;
} rows[] = {
	{"memory.current", true, "4096\n", RF_MEMORY_BYTES, 4096},
	{"memory.current", true, "", RF_MEMORY_BYTES, UNKNOWN},
	{"memory.current", true, "none\n", RF_MEMORY_BYTES, UNKNOWN},
	{"memory.max", true, "max\n", RF_MEMORY_MAX_BYTES, RF_MAX},
	{"memory.limit_in_bytes", false, "9223372036854771712\n", RF_MEMORY_MAX_BYTES, RF_MAX},
	{"memory.limit_in_bytes", false, "67108864\n", RF_MEMORY_MAX_BYTES, 67108864},
	{"cpu.max", true, "max 100000\n", RF_CPU_QUOTA_US, RF_MAX},
	{"cpu.max", true, "50000 100000\n", RF_CPU_QUOTA_US, 50000},
	{"cpu.max", true, "50000 100000\n", RF_CPU_PERIOD_US, 100000},
	{"cpu.cfs_quota_us", false, "-1\n", RF_CPU_QUOTA_US, RF_MAX},
	{"cpuacct.usage", false, "1999999\n", RF_CPU_US, 1999},
	{"cpuacct.stat", false, "user 3\nsystem 5\n", RF_CPU_SYSTEM_US, 50000},
	{"cpu.stat", true, "usage_usec 7\nuser_usec 4\nsystem_usec 3\n", RF_CPU_SYSTEM_US, 3},
	{"cpu.stat", true, "usage_usec 7\nuser_usec 4\nsystem_usec 3\n", RF_NR_PERIODS, UNKNOWN},
	{"cpu.stat", true, "usage_usec x\n", RF_CPU_US, UNKNOWN},
	{"cpu.stat", true, "usage_usec", RF_CPU_US, UNKNOWN},
	{"cpu.stat", false, "nr_periods 1\nnr_throttled 2\nthrottled_time 3000\n", RF_THROTTLED_US, 3},
	{"memory.events", true, "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n", RF_OOM_EVENTS, 3},
	{"memory.events", true, "low 0\nhigh 1\nmax 2\noom 3\noom_kill 4\noom_group_kill 5\n", RF_OOM_KILLS, 4},
	{"memory.stat", true, "anon 1\nfile 2\nworkingset_refault_anon 3\nworkingset_refault_file 4\n", RF_REFAULTS, 7},
	{"memory.stat", true, "anon 1\nanon_thp 2\n", RF_ANON_BYTES, 1},
	{"memory.stat", false, "cache 9\nrss 8\ntotal_cache 2\ntotal_rss 1\n", RF_ANON_BYTES, 1},
	{"io.stat", true, "8:0 rbytes=1 wbytes=2 rios=3 wios=4 dbytes=0 dios=0\n8:16 rbytes=10 wbytes=20 rios=30 wios=40\n", RF_IO_WRITE_BYTES, 22},
	{"io.stat", true, "8:0 \n8:16 rbytes=10\n", RF_IO_READ_BYTES, 10},
	{"io.stat", true, "8:0\n", RF_IO_READ_BYTES, 0},
	{"io.stat", true, "", RF_IO_WRITES, 0},
	{"blkio.throttle.io_serviced_recursive", false, "Total 0\n", RF_IO_WRITES, 0},
	{"blkio.throttle.io_serviced_recursive", false, "8:0 Read 3\n8:0 Write 4\n8:0 Total 7\n9:0 Read 1\nTotal 8\n", RF_IO_READS, 4},
	{"memory.pressure", true, "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", RF_MEMORY_SOME_US, 12},
	{"memory.pressure", true, "some avg10=0.00 avg60=0.00 avg300=0.00 total=12\nfull avg10=0.00 avg60=0.00 avg300=0.00 total=5\n", RF_MEMORY_FULL_US, 5},
	{"memory.pressure", true, "some avg10=0.00\nfull avg10=0.00 total=5\n", RF_MEMORY_SOME_US, UNKNOWN},
	{"pids.events", true, "max 9\n", RF_PIDS_MAX_EVENTS, 9},
};

TEST(what_files_say)
{
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct sample_file *file = file_of(rows[i].file, rows[i].v2);
		uint64_t values[RF_FIGURES];

		ASSERT_NE(NULL, file) TH_LOG("%s", rows[i].file);
		for (size_t f = 0; f < RF_FIGURES; f++)
			values[f] = UNKNOWN;
		sample_parse(file, rows[i].text, RF_ALL_FIGURES, values);
		EXPECT_EQ(rows[i].value, values[rows[i].figure]) TH_LOG("%s: %s", rows[i].file, rows[i].text);
	}
}

TEST(what_is_not_wanted_stays_unknown)
{
	uint64_t values[RF_FIGURES] = {[RF_CPU_US] = UNKNOWN, [RF_CPU_USER_US] = UNKNOWN};

	sample_parse(file_of("cpu.stat", true), "usage_usec 7\nuser_usec 4\n", RF_FIGURE_BIT(RF_CPU_US), values);
	EXPECT_EQ(7, values[RF_CPU_US]);
	EXPECT_EQ(UNKNOWN, values[RF_CPU_USER_US]);
}

TEST(every_figure_has_its_words_and_a_file)
{
	uint64_t had = 0;
	const struct sample_file *file;

	for (size_t i = 0; (file = sample_file_at(i)); i++)
		had |= sample_file_figures(file);
	EXPECT_EQ(RF_ALL_FIGURES, had);
	for (size_t f = 0; f < RF_FIGURES; f++) {
		const struct rf_figure_info *info = rf_figure(f);

		ASSERT_NE(NULL, info->key);
		EXPECT_EQ(info->bytes, strstr(info->key, "_bytes") != NULL) TH_LOG("%s", info->key);
		EXPECT_EQ(info->time_us, strstr(info->key, "_us") != NULL) TH_LOG("%s", info->key);
	}
	EXPECT_EQ(NULL, rf_figure(RF_FIGURES));
}

TEST(growth)
{
	EXPECT_EQ(5, rf_sample_growth(5, 10));
	EXPECT_EQ(0, rf_sample_growth(10, 5));
	EXPECT_EQ(UNKNOWN, rf_sample_growth(UNKNOWN, 5));
	EXPECT_EQ(UNKNOWN, rf_sample_growth(5, UNKNOWN));
}

FIXTURE(groups)
{
	struct rf_cgroup_fs *fs;
	struct rf_sampler *sampler;
	char name[40];
	const char *why_not; /* no test can be run */
};

FIXTURE_SETUP(groups)
{
	snprintf(self->name, sizeof(self->name), "rf-sample-%d", getpid());
	self->sampler = NULL;
	self->fs = NULL;
	self->why_not = rf_cgroup_fs_open(&self->fs) < 0 ? "no control groups here" :
			make(self->fs, self->name, "") < 0 ? "may not make groups here" : NULL;
	if (self->why_not)
		return;
	ASSERT_EQ(0, make(self->fs, self->name, "a"));
	ASSERT_EQ(0, make(self->fs, self->name, "a/b"));
}

FIXTURE_TEARDOWN(groups)
{
	rf_sampler_free(self->sampler);
	if (!self->why_not)
		take_away(self->fs, self->name, "");
	rf_cgroup_fs_free(self->fs);
}

static int begin(FIXTURE_DATA(groups) *self, unsigned flags, size_t max_fds)
{
	const struct rf_sampler_options o = {.size = sizeof(o), .group = self->name, .flags = flags, .max_fds = max_fds};

	return rf_sampler_open(self->fs, &o, &self->sampler);
}

/* The names seen now, below the fixture's, as one text. */
static const char *seen(FIXTURE_DATA(groups) *self)
{
	static char text[4096];
	const struct rf_sample *g;
	size_t n, len = 0;

	if (rf_sampler_read(self->sampler) < 0)
		return "can't read";
	n = rf_sampler_groups(self->sampler, &g);
	text[0] = '\0';
	for (size_t i = 0; i < n && len < sizeof(text); i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%zu:%s^%zu", i ? " " : "", g[i].depth,
					g[i].group + strlen(self->name), g[i].parent);
	return text;
}

static void come_and_go(struct __test_metadata *_metadata, FIXTURE_DATA(groups) *self)
{
	EXPECT_STREQ("0:^0 1:/a^0 2:/a/b^1", seen(self));
	ASSERT_EQ(0, make(self->fs, self->name, "a-c"));
	ASSERT_EQ(0, make(self->fs, self->name, "z"));
	ASSERT_EQ(0, make(self->fs, self->name, "z/deep"));
	ASSERT_EQ(0, make(self->fs, self->name, "z/deep/er"));
	EXPECT_STREQ("0:^0 1:/a^0 2:/a/b^1 1:/a-c^0 1:/z^0 2:/z/deep^4 3:/z/deep/er^5", seen(self));
	ASSERT_EQ(0, take_away(self->fs, self->name, "a"));
	EXPECT_STREQ("0:^0 1:/a-c^0 1:/z^0 2:/z/deep^2 3:/z/deep/er^3", seen(self));
	/* Away and there again between two samples. */
	ASSERT_EQ(0, take_away(self->fs, self->name, "z"));
	ASSERT_EQ(0, make(self->fs, self->name, "z"));
	EXPECT_STREQ("0:^0 1:/a-c^0 1:/z^0", seen(self));
	ASSERT_EQ(0, take_away(self->fs, self->name, ""));
	EXPECT_STREQ("", seen(self));
	ASSERT_EQ(0, make(self->fs, self->name, ""));
	EXPECT_STREQ("0:^0", seen(self));
}

TEST_F(groups, are_watched)
{
	NEED_GROUPS();
	ASSERT_EQ(0, begin(self, 0, 0));
	come_and_go(_metadata, self);
}

TEST_F(groups, down_to_a_level)
{
	struct rf_sampler_options o = {.size = sizeof(o), .group = self->name, .max_levels = 2};

	NEED_GROUPS();
	ASSERT_EQ(0, rf_sampler_open(self->fs, &o, &self->sampler));
	EXPECT_STREQ("0:^0 1:/a^0", seen(self));
	ASSERT_EQ(0, make(self->fs, self->name, "z/deep"));
	EXPECT_STREQ("0:^0 1:/a^0 1:/z^0", seen(self));
	rf_sampler_free(self->sampler);
	o.max_levels = 1;
	o.flags = RF_SAMPLE_ONCE | RF_SAMPLE_EVERY_GROUP;
	ASSERT_EQ(0, rf_sampler_open(self->fs, &o, &self->sampler));
	EXPECT_STREQ("0:^0", seen(self));
}

/* Of a group of one hierarchy only a sampler of every group knows, if its figures are elsewhere. */
TEST_F(groups, of_every_hierarchy_with_their_processes)
{
	struct rf_sampler_options o = {
		.size = sizeof(o), .group = self->name, .figures = RF_FIGURE_BIT(RF_MEMORY_BYTES),
		.flags = RF_SAMPLE_ONCE | RF_SAMPLE_EVERY_GROUP | RF_SAMPLE_PROCESSES,
	};
	const char *const freezer[] = {"freezer", NULL};
	char name[64];
	const struct rf_sample *g;
	pid_t pid;

	NEED_GROUPS();
	pid = fork();
	if (!pid) {
		/* Also where a test before its end has failed. */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		pause();
		_exit(0);
	}
	snprintf(name, sizeof(name), "%s/f", self->name);
	EXPECT_EQ(0, rf_cgroup_create(self->fs, name, NULL, 0, cgroup_hierarchy_of(self->fs, "freezer") < 0 ? NULL : freezer, NULL, NULL));
	snprintf(name, sizeof(name), "%s/a/b", self->name);
	EXPECT_EQ(1, rf_cgroup_move(self->fs, name, &pid, 1, 0, NULL, NULL));
	EXPECT_EQ(0, rf_sampler_open(self->fs, &o, &self->sampler));
	EXPECT_STREQ("0:^0 1:/a^0 2:/a/b^1 1:/f^0", seen(self));
	rf_sampler_groups(self->sampler, &g);
	EXPECT_EQ(0, g[0].n_processes);
	EXPECT_EQ(0, g[1].n_processes);
	EXPECT_EQ(1, g[2].n_processes);
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	rf_sampler_free(self->sampler);
	self->sampler = NULL;
	ASSERT_EQ(0, begin(self, RF_SAMPLE_ONCE, 0));
	ASSERT_EQ(0, rf_sampler_read(self->sampler));
	rf_sampler_groups(self->sampler, &g);
	EXPECT_EQ(UNKNOWN, g[0].n_processes);
}

TEST_F(groups, are_listed_where_watching_is_refused)
{
	NEED_GROUPS();
	ASSERT_EQ(0, begin(self, 0, 0));
	ASSERT_EQ(0, rf_trace_fault("inotify_add_watch=ENOSPC!"));
	come_and_go(_metadata, self);
	ASSERT_EQ(0, rf_trace_fault(""));
}

TEST_F(groups, are_listed_without_inotify)
{
	NEED_GROUPS();
	ASSERT_EQ(0, rf_trace_fault("inotify_init1=EMFILE!"));
	ASSERT_EQ(0, begin(self, 0, 0));
	come_and_go(_metadata, self);
	ASSERT_EQ(0, rf_trace_fault(""));
}

TEST_F(groups, are_the_same_without_descriptors)
{
	NEED_GROUPS();
	ASSERT_EQ(0, begin(self, 0, 1));
	come_and_go(_metadata, self);
}

TEST_F(groups, keep_no_more_descriptors_than_given_and_leave_none)
{
	int before = count_fds();

	NEED_GROUPS();
	ASSERT_EQ(0, begin(self, 0, 5));
	for (int i = 0; i < 12; i++)
		ASSERT_EQ(0, rf_sampler_read(self->sampler));
	EXPECT_EQ(before + 1 + 5, count_fds()); /* one is inotify's */
	rf_sampler_free(self->sampler);
	EXPECT_EQ(before, count_fds());
	ASSERT_EQ(0, begin(self, RF_SAMPLE_ONCE, 5));
	ASSERT_EQ(0, rf_sampler_read(self->sampler));
	EXPECT_EQ(before, count_fds());
}

static uint64_t figure(FIXTURE_DATA(groups) *self, const char *below, enum rf_figure f)
{
	const struct rf_sample *g;
	size_t n = rf_sampler_groups(self->sampler, &g);

	for (size_t i = 0; i < n; i++)
		if (!strcmp(g[i].group + strlen(self->name), below))
			return g[i].values[f];
	return UNKNOWN;
}

TEST_F(groups, have_the_figures_of_their_files)
{
	static const struct {
		enum rf_figure figure;
		const char *key, *setting;
	} keys[] = {
		{RF_MEMORY_MAX_BYTES, "memory.max", "memory.max=64M"},
		{RF_PIDS_MAX, "pids.max", "pids.max=77"},
	};

	NEED_GROUPS();
	ASSERT_EQ(0, begin(self, 0, 0));
	for (size_t i = 0; i < array_size(keys); i++) {
		char *name = str_format("%s/a/b", self->name), *text = NULL;
		uint64_t n = 0;

		if (rf_cgroup_set(self->fs, name, &keys[i].setting, 1, NULL, NULL) < 0) {
			free(name);
			continue; /* its controller is not here: the sampler must not have it either */
		}
		ASSERT_EQ(0, rf_cgroup_get(self->fs, name, keys[i].key, &text));
		ASSERT_EQ(0, rf_parse_count(text, &n));
		ASSERT_EQ(0, rf_sampler_read(self->sampler));
		EXPECT_EQ(n, figure(self, "/a/b", keys[i].figure)) TH_LOG("%s", keys[i].key);
		EXPECT_EQ(RF_MAX, figure(self, "/a", keys[i].figure)) TH_LOG("%s", keys[i].key);
		free(name);
		free(text);
	}
}

/* One sample of many groups is read by several threads: each group has its own figures still. */
TEST_F(groups, are_many_and_have_their_own_figures)
{
	const struct rf_sampler_options once = {.size = sizeof(once), .group = self->name, .flags = RF_SAMPLE_ONCE};
	struct rf_sampler *together = NULL;
	const struct rf_sample *x, *y;
	char below[64], setting[32];
	const char *words[] = {setting};
	size_t n, limited = 0;

	NEED_GROUPS();
	for (int i = 0; i < 820; i++) {
		snprintf(below, sizeof(below), "a/%d", i);
		ASSERT_EQ(0, make(self->fs, self->name, below));
		snprintf(below, sizeof(below), "%s/a/%d", self->name, i);
		snprintf(setting, sizeof(setting), "pids.max=%d", i + 1);
		if (i % 50 == 0)
			limited += rf_cgroup_set(self->fs, below, words, 1, NULL, NULL) >= 0;
	}
	ASSERT_EQ(0, begin(self, 0, 1));
	ASSERT_EQ(0, rf_sampler_read(self->sampler));
	n = rf_sampler_groups(self->sampler, &x);
	ASSERT_EQ(823, n);
	ASSERT_EQ(0, rf_sampler_open(self->fs, &once, &together));
	ASSERT_EQ(0, rf_sampler_read(together));
	ASSERT_EQ(n, rf_sampler_groups(together, &y));
	for (size_t i = 0; i < n; i++) {
		EXPECT_STREQ(x[i].group, y[i].group);
		for (size_t f = 0; f < RF_FIGURES; f++) {
			EXPECT_EQ(x[i].values[f], y[i].values[f])
				TH_LOG("%s %s", x[i].group, rf_figure(f)->key);
		}
		limited -= y[i].values[RF_PIDS_MAX] < UNKNOWN && y[i].values[RF_PIDS_MAX] % 50 == 1;
	}
	EXPECT_EQ(0, limited);
	rf_sampler_free(together);
}

TEST_F(groups, that_are_not_there)
{
	const struct rf_sampler_options none = {.size = sizeof(none), .group = "rf-none"},
					bad = {.size = sizeof(bad), .group = "a/../b"}, unsized = {0};

	NEED_GROUPS();
	EXPECT_EQ(-ENOENT, rf_sampler_open(self->fs, &none, &self->sampler));
	EXPECT_EQ(-EINVAL, rf_sampler_open(self->fs, &bad, &self->sampler));
	EXPECT_EQ(-EINVAL, rf_sampler_open(self->fs, &unsized, &self->sampler));
	EXPECT_EQ(NULL, self->sampler);
}

TEST_HARNESS_MAIN
