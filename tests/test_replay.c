// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Every seed of every fuzz target, as an ordinary test; a crash that fuzzing found becomes a seed.
 * Each seed runs in a child of its own, so that one which crashes fails by its name and the rest
 * run. Not the kernel's harness: there a test is a function, and here it is a file.
 */
#include <dirent.h>
#include <stdbool.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/file.h"
#include "fuzz/fuzz.h"

enum { SEED_MAX = 1 << 20, SEED_SECONDS = 60 };

struct fuzz_target *fuzz_targets;

static int n_tests, n_failed;
static char seeds_path[512];

static void result(bool ok, const char *target, const char *seed, const char *why)
{
	n_tests++;
	n_failed += !ok;
	printf("%s %d %s/%s%s%s\n", ok ? "ok" : "not ok", n_tests, target, seed, *why ? ": " : "", why);
	fflush(stdout);
}

static void run_child(const struct fuzz_target *t, int fd)
{
	uint8_t *data = malloc(SEED_MAX);
	ssize_t size = data ? read(fd, data, SEED_MAX) : -1;

	/* What a target writes is no line of a test's. */
	if (size < 0 || size == SEED_MAX || !freopen("/dev/null", "w", stdout))
		_exit(2);
	alarm(SEED_SECONDS);
	t->run(data, (size_t)size);
	free(data);
	exit(0);
}

static void run_seed(const struct fuzz_target *t, int dir_fd, const char *seed)
{
	int fd = openat(dir_fd, seed, O_RDONLY | O_CLOEXEC), status = -1;
	char why[80] = "";
	pid_t pid = fork();

	if (!pid)
		run_child(t, fd);
	if (fd < 0 || pid < 0 || waitpid(pid, &status, 0) < 0)
		snprintf(why, sizeof(why), "could not be run");
	else if (status)
		snprintf(why, sizeof(why), "ended by %s %d, not exit code 0",
			 WIFSIGNALED(status) ? "signal" : "exit code",
			 WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status));
	result(!*why, t->name, seed, why);
	close(fd);
}

static int no_dots(const struct dirent *e)
{
	return e->d_name[0] != '.';
}

static void run_target(const struct fuzz_target *t)
{
	char path[1024];
	struct dirent **seeds;
	int n, dir_fd;

	snprintf(path, sizeof(path), "%s/%s", seeds_path, t->name);
	n = scandir(path, &seeds, no_dots, versionsort);
	if (n <= 0) {
		result(false, t->name, "", "has no seeds");
		return;
	}
	dir_fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	for (int i = 0; i < n; i++) {
		run_seed(t, dir_fd, seeds[i]->d_name);
		free(seeds[i]);
	}
	free(seeds);
	close(dir_fd);
}

/* Seeds that no target reads would be tests that can't fail. */
static void check_folders(void)
{
	struct dirent **folders;
	int n = scandir(seeds_path, &folders, no_dots, versionsort);

	for (int i = 0; i < n; i++) {
		const struct fuzz_target *t = fuzz_targets;

		while (t && strcmp(t->name, folders[i]->d_name))
			t = t->next;
		if (!t)
			result(false, folders[i]->d_name, "", "seeds of no target");
		free(folders[i]);
	}
	if (n > 0)
		free(folders);
}

int main(void)
{
	char scratch[] = "/tmp/rf-replay.XXXXXX";
	int tmp_fd = open("/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	snprintf(seeds_path, sizeof(seeds_path), "%s/tests/fuzz/seeds", getenv("TOP") ?: ".");
	if (!mkdtemp(scratch) || setenv("TMPDIR", scratch, 1) < 0)
		return 1;
	printf("TAP version 13\n");
	for (const struct fuzz_target *t = fuzz_targets; t; t = t->next)
		run_target(t);
	check_folders();
	printf("1..%d\n", n_tests);
	if (file_remove_tree(tmp_fd, strrchr(scratch, '/') + 1) < 0)
		return 1;
	return n_failed || !n_tests;
}
