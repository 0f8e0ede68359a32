// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl record: samples into a file. Ended by a signal, or killed, it leaves a file that can be read. */
#include <errno.h>
#include <ringfence/recording.h>
#include <ringfence/units.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "sys/sys.h"
#include "top.h"

static uint64_t delay_us = 1000000;
static int64_t count;
static int from = RF_SAMPLE_AUTO;

const struct opt_row record_options[] = {
	{'d', "delay", OPT_TIME, &delay_us, "TIME", "time between two samples; 1s unless given"},
	{'n', "iterations", OPT_INT, &count, "N", "end after this many samples; else at SIGINT or SIGTERM", 0, 1, INT32_MAX},
	OPT_SAMPLE_SOURCE(from),
	{0},
};

struct recording_run {
	struct source source;
	struct rf_recorder *recorder;
	const char *path;
	uint64_t written;
};

/* Wait until the time has come; true where a signal ends the recording. */
static bool wait_until(uint64_t end_us, const sigset_t *ends)
{
	for (;;) {
		struct timespec now, left;
		siginfo_t info;
		uint64_t now_us;
		int r;

		clock_gettime(CLOCK_MONOTONIC, &now);
		now_us = (uint64_t)now.tv_sec * 1000000u + (uint64_t)now.tv_nsec / 1000;
		if (now_us >= end_us)
			return false;
		left.tv_sec = (time_t)((end_us - now_us) / 1000000);
		left.tv_nsec = (long)((end_us - now_us) % 1000000) * 1000;
		r = sys_sigtimedwait(ends, &info, &left);
		if (r > 0)
			return true;
	}
}

static void show_progress(const struct recording_run *run)
{
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "\r%llu samples, %zu groups, source %s", (unsigned long long)run->written, run->source.n, run->source.source);
}

static int record_all(struct recording_run *run)
{
	uint64_t next = 0;
	sigset_t ends;
	int r;

	sigemptyset(&ends);
	sigaddset(&ends, SIGINT);
	sigaddset(&ends, SIGTERM);
	sys_sigprocmask(SIG_BLOCK, &ends, NULL);
	do {
		r = source_read(&run->source);
		if (r >= 0)
			r = rf_recorder_add(run->recorder, run->source.time_us, run->source.samples, run->source.n);
		if (r < 0)
			break;
		run->written++;
		show_progress(run);
		next = (next ?: run->source.clock_us) + delay_us;
	} while ((!count || run->written < (uint64_t)count) && !wait_until(next, &ends));
	if (isatty(STDERR_FILENO))
		fputc('\n', stderr);
	return r < 0 ? tool_error(r, "record: %s", run->path) : EXIT_OK;
}

int record_run(int argc, char **argv)
{
	const struct rf_sampler_options o = {.size = sizeof(o), .group = argc > 1 ? argv[1] : NULL,
					     .flags = count && count <= FEW_SAMPLES ? RF_SAMPLE_FEW : 0};
	struct recording_run run = {.path = argv[0]};
	struct rf_cgroup_fs *fs = NULL;
	int r;

	if (!delay_us)
		return tool_usage_error("--delay: there must be time between two samples");
	r = cgctl_open(false, &fs);
	if (r)
		return r;
	r = rf_probe_sampler_open(fs, &o, (enum rf_sample_source)from, &run.source.sampler);
	if (r < 0)
		r = cgctl_error(r, "record", o.group ?: "");
	else if ((r = rf_recorder_open(run.path, &run.recorder)) < 0)
		r = tool_error(r, "%s", run.path);
	else
		r = record_all(&run);
	rf_recorder_close(run.recorder);
	rf_sampler_free(run.source.sampler);
	rf_cgroup_fs_free(fs);
	return r;
}
