// SPDX-License-Identifier: GPL-2.0-or-later
/* How long a probe watches. Files are looked at ten times a second; the programs miss nothing. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "cgprobe.h"
#include "sys/sys.h"

enum { LOOK_MS = 100 };

struct watch_options watch_options = {.ready_fd = -1};
const char *const watch_sources[] = {"auto", "tp_btf", "files", NULL};

static volatile sig_atomic_t stopped;

static void stop(int sig)
{
	stopped = 1;
}

int watch_prepare(void)
{
	int r = sys_signal_handler(SIGINT, stop);

	if (r >= 0)
		r = sys_signal_handler(SIGTERM, stop);
	return r < 0 ? tool_error(r, "signals") : tool_descriptor("ready-fd", watch_options.ready_fd);
}

struct rf_probe_options watch_probe_options(void)
{
	return (struct rf_probe_options){
		.size = sizeof(struct rf_probe_options),
		.group = watch_options.group,
		.source = (enum rf_probe_source)watch_options.source,
		.max_records = (uint32_t)watch_options.max_records,
	};
}

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

static int say_ready(const struct rf_probe_info *info)
{
	ssize_t n;

	if (info->why_files && watch_options.source != RF_PROBE_FILES)
		tool_warn("%s: no data by thread, the group's files answer", info->why_files);
	if (watch_options.ready_fd < 0)
		return 0;
	n = sys_write((int)watch_options.ready_fd, "\n", 1);
	return n < 0 ? tool_error((int)n, "--ready-fd %d", (int)watch_options.ready_fd) : 0;
}

/* Milliseconds to wait until the next look; 0: the time is over. */
static int next_wait(uint64_t end_us)
{
	uint64_t now = now_us();

	if (!end_us || now + LOOK_MS * 1000 <= end_us)
		return LOOK_MS;
	return now >= end_us ? 0 : (int)((end_us - now + 999) / 1000);
}

int watch(const struct rf_probe_info *info, int (*look)(void *probe), void *probe)
{
	uint64_t end_us = watch_options.duration_us ? now_us() + watch_options.duration_us : 0;
	int r = say_ready(info);

	if (r)
		return r;
	for (;;) {
		int wait_ms = stopped ? 0 : next_wait(end_us);

		if (wait_ms)
			sys_poll(NULL, 0, wait_ms);
		r = look(probe);
		if (r < 0)
			return tool_error(r, "%s", info->group);
		if (!wait_ms || stopped || ferror(stdout))
			return 0;
		if (watch_options.until_empty && r == RF_PROBE_EMPTIED)
			return 0;
	}
}

void watch_warn(const struct rf_probe_info *info)
{
	if (info->records_dropped)
		tool_warn("%llu times there was no room for a record: raise --max-records",
			  (unsigned long long)info->records_dropped);
}

void cell_number(struct table *t, uint64_t value)
{
	if (value == RF_PROBE_UNKNOWN)
		table_none(t);
	else
		table_number(t, value);
}

const char *source_name(const struct rf_probe_info *info)
{
	return watch_sources[info->source];
}
