// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * compare ROUNDS TITLE NAME PROGRAM [ARGUMENT…] [-- NAME PROGRAM …]…
 *
 * Runs the programs in turns, ROUNDS times each, and prints of each the median and the least wall
 * time from before the fork to after the wait, and the ratios of both to the first one's. In turns,
 * because the machine's pace changes over a run; each round begins with another one, because
 * what runs just before leaves its traces in the caches. A NAME without a PROGRAM gets a "-": it
 * can't do what the row is about. A program that fails ends its own part, and the exit code is 1.
 * What they print is thrown away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { MAX_VARIANTS = 16, WARM_UP = 3, FEW_ROUNDS = 20 };

struct variant {
	char *name, **argv;
	double *us;
	bool failed;
};

static int null_fd;

static double now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* Negative where it failed. */
static double run_once(char **argv)
{
	double start = now_us();
	pid_t pid = vfork();
	int status;

	if (pid < 0)
		return -1;
	if (!pid) {
		dup2(null_fd, STDOUT_FILENO);
		execvp(argv[0], argv);
		_exit(127);
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return -1;
	return status ? -1 : now_us() - start;
}

static int less(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static size_t parse(char **words, struct variant *variants)
{
	size_t n = 0;

	while (*words && n < MAX_VARIANTS) {
		variants[n].name = *words++;
		variants[n].argv = *words && strcmp(*words, "--") ? words : NULL;
		n++;
		while (*words && strcmp(*words, "--"))
			words++;
		if (*words)
			*words++ = NULL;
	}
	return n;
}

static void measure(struct variant *variants, size_t n, size_t rounds)
{
	size_t warm_up = rounds < FEW_ROUNDS ? 1 : WARM_UP;

	for (size_t r = 0; r < rounds + warm_up; r++)
		for (size_t i = 0; i < n; i++) {
			struct variant *v = &variants[(i + r) % n];
			double us;

			if (!v->argv || v->failed)
				continue;
			us = run_once(v->argv);
			if (us < 0)
				v->failed = true;
			else if (r >= warm_up)
				v->us[r - warm_up] = us;
		}
}

static void print_ratio(double us, double floor)
{
	if (floor > 0)
		printf(" %8.2f", us / floor);
	else
		printf(" %8s", "-");
}

static int print(const char *title, struct variant *variants, size_t n, size_t rounds)
{
	double floor = 0, least = 0;
	int code = 0;

	for (size_t i = 0; i < n; i++) {
		struct variant *v = &variants[i];

		printf("%-34s %-12s", i ? "" : title, v->name);
		if (!v->argv || v->failed) {
			printf(" %10s %10s %8s %8s\n", v->failed ? "failed" : "-", "-", "-", "-");
			code |= v->failed;
			continue;
		}
		qsort(v->us, rounds, sizeof(*v->us), less);
		if (!i) {
			floor = v->us[rounds / 2];
			least = v->us[0];
		}
		printf(" %10.0f %10.0f", v->us[rounds / 2], v->us[0]);
		print_ratio(v->us[rounds / 2], floor);
		print_ratio(v->us[0], least);
		putchar('\n');
	}
	return code;
}

int main(int argc, char **argv)
{
	struct variant variants[MAX_VARIANTS] = {0};
	size_t rounds = argc > 3 ? strtoul(argv[1], NULL, 10) : 0, n;

	if (!rounds) {
		fprintf(stderr, "usage: compare ROUNDS TITLE NAME PROGRAM… [-- NAME PROGRAM…]…\n");
		return 2;
	}
	null_fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	n = parse(argv + 3, variants);
	for (size_t i = 0; i < n; i++)
		if (!(variants[i].us = calloc(rounds, sizeof(double))))
			return 1;
	measure(variants, n, rounds);
	return print(argv[2], variants, n, rounds);
}
