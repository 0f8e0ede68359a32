// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * close_range(2), or, where a filter knows no such call: poll(2) tells the open ones, POLLNVAL being
 * the others. Not from /proc, which by now may be missing, or be whatever an image holds at that
 * place.
 */
#include "proc/descriptors.h"

#include <limits.h>
#include <linux/close_range.h>

#include "sys/sys.h"

static int one(int fd, bool cloexec)
{
	return cloexec ? sys_set_cloexec(fd, true) : sys_close(fd);
}

static int each_polled(rlim_t first, rlim_t last, bool cloexec)
{
	enum { BATCH = 256 };
	struct pollfd fds[BATCH];
	struct rlimit limit;
	rlim_t top, batch;
	int r = sys_getrlimit(RLIMIT_NOFILE, &limit);

	if (r < 0)
		return r;
	/* The soft limit may have been lowered since; poll(2) takes no more entries than it allows. */
	top = limit.rlim_max < INT_MAX ? limit.rlim_max : INT_MAX;
	top = last < top ? last + 1 : top;
	batch = limit.rlim_cur < BATCH ? limit.rlim_cur : BATCH;
	for (; batch && first < top; first += batch) {
		if (batch > top - first)
			batch = top - first;
		for (rlim_t i = 0; i < batch; i++)
			fds[i] = (struct pollfd){.fd = (int)(first + i)};
		r = sys_poll(fds, (unsigned)batch, 0);
		for (rlim_t i = 0; r >= 0 && i < batch; i++)
			if (!(fds[i].revents & POLLNVAL))
				r = one(fds[i].fd, cloexec);
		if (r < 0)
			return r;
	}
	return 0;
}

int proc_descriptors_cloexec(unsigned first, unsigned last)
{
	int r = first > last ? 0 : sys_close_range(first, last, CLOSE_RANGE_CLOEXEC);

	return r == -ENOSYS ? each_polled(first, last, true) : r;
}

int proc_descriptors_close(unsigned first, unsigned last)
{
	int r = first > last ? 0 : sys_close_range(first, last, 0);

	return r == -ENOSYS ? each_polled(first, last, false) : r;
}
