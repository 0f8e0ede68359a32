// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * sampling ROUNDS TITLE GROUP short|stat|bulk: the time of one sample of GROUP and all below, by the
 * library's sampler and by a plain loop over the same five files of each group, in turns.
 *
 * The loop is the best that keeps nothing open: the names are known and the paths made before the
 * clock starts; then for each file openat(2) from the hierarchy's root, one read(2), close(2), and
 * the first number of the text. (All files kept open would be faster, but five for each of 10,000
 * groups are more than a process may have.) The sampler keeps as many open as it
 * is allowed to. Its first sample, which lists the groups and opens what it keeps, is not counted; that
 * is what `cgctl list` pays.
 *
 * "short" are five files of a few numbers; "stat" has memory.stat for one of them, which the sampler
 * leaves alone where nothing ran in a group; "bulk" are five that the cgroup iterator fills: a sampler that has it
 * is the third in turns there.
 */
#include <fcntl.h>
#include <ringfence/probe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

enum { N_FILES = 5, N_SETS = 3, BUFFER = 1 << 16, SPARE_FDS = 256 };

static const struct set {
	const char *name;
	uint64_t figures;
	const char *v1[N_FILES], *v2[N_FILES]; /* v1: below the folder of the hierarchies */
} sets[N_SETS] = {
	{"short",
	 RF_FIGURE_BIT(RF_MEMORY_BYTES) | RF_FIGURE_BIT(RF_PIDS) | RF_FIGURE_BIT(RF_CPU_US) | RF_FIGURE_BIT(RF_NR_THROTTLED) |
		 RF_FIGURE_BIT(RF_MEMORY_MAX_EVENTS),
	 {"memory/memory.usage_in_bytes", "pids/pids.current", "cpuacct/cpuacct.usage", "cpu/cpu.stat", "memory/memory.failcnt"},
	 {"memory.current", "pids.current", "cpu.stat", "memory.events", "pids.max"}},
	{"stat",
	 RF_FIGURE_BIT(RF_MEMORY_BYTES) | RF_FIGURE_BIT(RF_PIDS) | RF_FIGURE_BIT(RF_CPU_US) | RF_FIGURE_BIT(RF_NR_THROTTLED) |
		 RF_FIGURE_BIT(RF_ANON_BYTES),
	 {"memory/memory.usage_in_bytes", "pids/pids.current", "cpuacct/cpuacct.usage", "cpu/cpu.stat", "memory/memory.stat"},
	 {"memory.current", "pids.current", "cpu.stat", "memory.max", "memory.stat"}},
	{"bulk",
	 RF_FIGURE_BIT(RF_MEMORY_BYTES) | RF_FIGURE_BIT(RF_PIDS) | RF_FIGURE_BIT(RF_PIDS_MAX) | RF_FIGURE_BIT(RF_NR_THROTTLED) |
		 RF_FIGURE_BIT(RF_MEMORY_MAX_EVENTS),
	 {"memory/memory.usage_in_bytes", "pids/pids.current", "pids/pids.max", "cpu/cpu.stat", "memory/memory.failcnt"},
	 {"memory.current", "pids.current", "cpu.stat", "memory.events", "pids.max"}},
};

struct loop {
	int dirs[N_FILES];
	char **paths[N_FILES];
	size_t n;
	uint64_t sum;
};

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static int count(const char *group, void *data)
{
	(*(size_t *)data)++;
	return 0;
}

struct making {
	struct loop *loop;
	const char *const *files;
	bool v2;
};

static const char *file_of(const struct making *m, size_t i)
{
	const char *slash = strchr(m->files[i], '/');

	return slash ? slash + 1 : m->files[i];
}

static int make_paths(const char *group, void *data)
{
	const struct making *m = data;

	for (size_t i = 0; i < N_FILES; i++)
		if (asprintf(&m->loop->paths[i][m->loop->n], "%s/%s", group, file_of(m, i)) < 0)
			return -1;
	m->loop->n++;
	return 0;
}

static int open_dirs(struct loop *l, const struct making *m)
{
	for (size_t i = 0; i < N_FILES; i++) {
		char path[256];
		size_t len = m->v2 ? 0 : strcspn(m->files[i], "/");

		snprintf(path, sizeof(path), "/sys/fs/cgroup/%.*s", (int)len, m->files[i]);
		l->dirs[i] = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
		if (l->dirs[i] < 0) {
			perror(path);
			return -1;
		}
	}
	return 0;
}

static int prepare(struct loop *l, struct rf_cgroup_fs *fs, const char *group, const struct set *set)
{
	struct making m = {l, set->v1, false};
	size_t n = 0;

	if (rf_cgroup_fs_mode(fs) == RF_CGROUP_V2)
		m = (struct making){l, set->v2, true};
	if (rf_cgroup_walk(fs, group, count, &n) < 0 || !n)
		return -1;
	for (size_t i = 0; i < N_FILES; i++)
		if (!(l->paths[i] = calloc(n, sizeof(char *))))
			return -1;
	return rf_cgroup_walk(fs, group, make_paths, &m) < 0 ? -1 : open_dirs(l, &m);
}

static void sample_by_loop(struct loop *l)
{
	static char text[BUFFER];

	for (size_t i = 0; i < N_FILES; i++)
		for (size_t g = 0; g < l->n; g++) {
			int fd = openat(l->dirs[i], l->paths[i][g], O_RDONLY | O_CLOEXEC);
			ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);

			close(fd);
			if (n < 0) {
				perror(l->paths[i][g]);
				exit(1);
			}
			text[n] = '\0';
			l->sum += strtoull(text + strcspn(text, "0123456789"), NULL, 10);
		}
}

static void print(const char *title, const char *name, double *us, size_t rounds, double *floors)
{
	qsort(us, rounds, sizeof(*us), less);
	if (!floors[0]) {
		floors[0] = us[rounds / 2];
		floors[1] = us[0];
	}
	printf("%-34s %-12s %10.0f %10.0f %8.2f %8.2f\n", title, name, us[rounds / 2], us[0],
	       us[rounds / 2] / floors[0], us[0] / floors[1]);
}

/* -1: this sampler does not read. */
static double time_of(struct rf_sampler *sampler, struct loop *l)
{
	double start = now_us();

	if (!sampler)
		sample_by_loop(l);
	else if (rf_sampler_read(sampler) < 0)
		return -1;
	return now_us() - start;
}

static int measure(struct rf_sampler *samplers[2], struct loop *l, size_t rounds, const char *title)
{
	static const char *const names[] = {"plain loop", "rf_sampler", "by bpf"};
	struct rf_sampler *turns[] = {NULL, samplers[0], samplers[1]};
	double *us[3] = {0}, floors[2] = {0};
	size_t n = samplers[1] ? 3 : 2;

	for (size_t i = 0; i < n; i++)
		if (!(us[i] = calloc(rounds, sizeof(double))) || time_of(turns[i], l) < 0)
			return 1;
	for (size_t r = 0; r < rounds; r++)
		for (size_t i = 0; i < n; i++)
			if ((us[i][r] = time_of(turns[i], l)) < 0)
				return 1;
	for (size_t i = 0; i < n; i++)
		print(i ? "" : title, names[i], us[i], rounds, floors);
	return 0;
}

int main(int argc, char **argv)
{
	struct rf_sampler_options options = {.size = sizeof(options)};
	struct rf_sampler *samplers[2] = {0};
	struct rf_cgroup_fs *fs = NULL;
	const struct set *set = NULL;
	struct loop loop = {0};
	struct rlimit limit;
	size_t rounds = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
	int code = 1;

	for (size_t i = 0; rounds && i < sizeof(sets) / sizeof(sets[0]); i++)
		if (!strcmp(sets[i].name, argv[4]))
			set = &sets[i];
	if (!set) {
		fprintf(stderr, "usage: sampling ROUNDS TITLE GROUP short|stat|bulk\n");
		return 2;
	}
	if (getrlimit(RLIMIT_NOFILE, &limit) == 0 && limit.rlim_cur > 2 * SPARE_FDS)
		options.max_fds = (size_t)limit.rlim_cur - SPARE_FDS;
	options.group = argv[3];
	options.figures = set->figures;
	if (rf_cgroup_fs_open(&fs) >= 0 && prepare(&loop, fs, argv[3], set) >= 0 &&
	    rf_probe_sampler_open(fs, &options, RF_SAMPLE_FILES, &samplers[0]) >= 0) {
		/* The first one has all descriptors that there are. */
		options.max_fds = 1;
		if (set == &sets[N_SETS - 1] && rf_probe_sampler_open(fs, &options, RF_SAMPLE_BPF, &samplers[1]) < 0)
			printf("%s: by bpf: %s\n", argv[2], rf_trace_last_failure()->note);
		code = measure(samplers, &loop, rounds, argv[2]);
	}
	if (code)
		fprintf(stderr, "sampling: group %s can't be sampled\n", argv[3]);
	rf_sampler_free(samplers[0]);
	rf_sampler_free(samplers[1]);
	rf_cgroup_fs_free(fs);
	return code;
}
