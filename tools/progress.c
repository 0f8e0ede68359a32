// SPDX-License-Identifier: GPL-2.0-or-later
#include <ringfence/units.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "tool.h"

enum { REDRAW_US = 100000 };

static uint64_t now_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000;
}

void progress_start(struct progress *p, const char *what, uint64_t total_bytes)
{
	*p = (struct progress){.what = what, .total = total_bytes, .start_us = now_us()};
	p->on = isatty(STDERR_FILENO) && !tool_state.json;
}

void progress_add(struct progress *p, uint64_t bytes)
{
	char done[32], total[32], rate[32];
	uint64_t now, spent, left;

	p->done += bytes;
	if (!p->on)
		return;
	now = now_us();
	if (now - p->drawn_us < REDRAW_US)
		return;
	p->drawn_us = now;
	spent = now - p->start_us ?: 1;
	left = p->done && p->total > p->done
		       ? (uint64_t)((double)spent * (double)(p->total - p->done) / (double)p->done)
		       : 0;
	rf_format_bytes(p->done, done, sizeof(done));
	rf_format_bytes(p->total, total, sizeof(total));
	rf_format_bytes((uint64_t)((double)p->done * 1e6 / (double)spent), rate, sizeof(rate));
	/* How much there will be isn't always known. */
	if (!p->total)
		fprintf(stderr, "\r\033[K%s: %s, %s/s", p->what, done, rate);
	else
		fprintf(stderr, "\r\033[K%s: %s of %s, %s/s, %llu s left", p->what, done, total, rate,
			(unsigned long long)(left / 1000000));
}

void progress_end(struct progress *p)
{
	if (p->on)
		fputs("\r\033[K", stderr);
	p->on = false;
}
