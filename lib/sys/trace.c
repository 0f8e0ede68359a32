// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record, the dry run and the faults behind SYS_CALL().
 *
 * A record names its object even for calls on a descriptor: the name a descriptor was opened by is
 * kept in a small table, because in a new mount namespace /proc may not be there to ask. The table
 * is per thread and small, since every program that starts pays for zeroing it; for descriptors
 * beyond it /proc is asked.
 */
#include "sys/trace.h"

#include <fnmatch.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { NAMED_FDS = 32, FD_NAME = 128, MAX_FAULTS = 16 };

enum { FAULT_KILL = -1, FAULT_STOP = -2 };

struct fault {
	char name[32];
	char object[128];
	int err; /* errno; FAULT_KILL, FAULT_STOP */
	bool every, spent;
};

static __thread struct {
	rf_trace_fn *fn;
	void *data;
	struct rf_call last;
	struct fault faults[MAX_FAULTS];
	int n_faults;
	char fd_name[NAMED_FDS][FD_NAME];
} seam;

__thread unsigned sys_mode;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

const char *sys_fd_name(int fd)
{
	if (fd >= 0 && fd < NAMED_FDS && seam.fd_name[fd][0])
		return seam.fd_name[fd];
	if (fd == SYS_DRY_FD)
		return seam.fd_name[NAMED_FDS - 1][0] ? seam.fd_name[NAMED_FDS - 1] : "(dry run)";
	return NULL;
}

void sys_name_fd(int fd, int dirfd, const char *name)
{
	const char *base = sys_fd_name(dirfd);
	char full[FD_NAME];
	size_t n = 0;
	int slot = fd == SYS_DRY_FD ? NAMED_FDS - 1 : fd;

	if (slot < 0 || slot >= NAMED_FDS)
		return;
	/* Closed, and had no name: leave the page alone, as rf_trace_forget() does. */
	if (!base && name && !name[0] && !seam.fd_name[slot][0])
		return;
	if (base && name && name[0] != '/') {
		n = strnlen(base, sizeof(full) - 2);
		memcpy(full, base, n);
		if (n && name[0] && strcmp(name, "."))
			full[n++] = '/';
	}
	if (name && strcmp(name, ".")) {
		size_t len = strnlen(name, sizeof(full) - 1 - n);

		memcpy(full + n, name, len);
		n += len;
	}
	full[n] = '\0';
	memcpy(seam.fd_name[slot], full, n + 1);
}

static const char *ask_proc(int fd, char buf[FD_NAME])
{
	char path[40];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, buf, FD_NAME - 1);
	if (n <= 0 || buf[0] != '/')
		return NULL;
	buf[n] = '\0';
	return buf;
}

static void name_object(char *buf, size_t size, const struct sys_frame *f)
{
	char link[FD_NAME];
	const char *base = f->fd == SYS_NOFD ? NULL : sys_fd_name(f->fd);

	if (!base && f->fd >= 0)
		base = ask_proc(f->fd, link);

	if (f->object && (f->object[0] == '/' || !base))
		snprintf(buf, size, "%s", f->object);
	else if (f->object && f->object[0] && strcmp(f->object, "."))
		snprintf(buf, size, "%s/%s", base, f->object);
	else if (base)
		snprintf(buf, size, "%s", base);
	else if (f->fd >= 0)
		snprintf(buf, size, "descriptor %d", f->fd);
	else
		buf[0] = '\0';
}

static struct fault *fault_for(const struct sys_frame *f)
{
	char object[192];

	name_object(object, sizeof(object), f);
	for (int i = 0; i < seam.n_faults; i++) {
		struct fault *t = &seam.faults[i];

		if (t->spent || strcmp(t->name, f->name))
			continue;
		if (t->object[0] && fnmatch(t->object, object, 0))
			continue;
		t->spent = !t->every;
		return t;
	}
	return NULL;
}

bool sys_begin(struct sys_frame *f, enum sys_kind kind, long *ret_result)
{
	f->start_ns = now_ns();
	if (sys_mode & SYS_FAULTS) {
		const struct fault *t = fault_for(f);

		if (t && t->err == FAULT_KILL) {
			kill(getpid(), SIGKILL);
			/* The first process of a pid namespace can't kill itself. */
			_exit(128 + SIGKILL);
		}
		if (t && t->err == FAULT_STOP) {
			raise(SIGSTOP);
		} else if (t) {
			*ret_result = -t->err;
			return false;
		}
	}
	if (!(sys_mode & SYS_DRY))
		return true;
	if ((kind == SYS_READ || kind == SYS_OPEN) && f->fd != SYS_DRY_FD)
		return true;
	*ret_result = kind == SYS_MAKE || kind == SYS_OPEN ? SYS_DRY_FD : 0;
	return false;
}

static void copy_text(char *to, size_t size, const char *from)
{
	size_t n = strnlen(from, size - 1);

	memcpy(to, from, n);
	to[n] = '\0';
}

static void deliver(const struct rf_call *call)
{
	rf_trace_fn *fn = seam.fn;
	unsigned mode = sys_mode;

	if (!(mode & SYS_TRACED) || !fn)
		return;
	/* The listener may itself use the wrappers: not recorded, not refused. */
	sys_mode = 0;
	fn(call, seam.data);
	sys_mode = mode;
}

void sys_end(const struct sys_frame *f, long result, const char *fmt, ...)
{
	struct rf_call call;
	va_list ap;

	copy_text(call.name, sizeof(call.name), f->name);
	name_object(call.object, sizeof(call.object), f);
	call.note[0] = '\0';
	call.result = result;
	call.duration_ns = f->start_ns ? now_ns() - f->start_ns : 0;
	va_start(ap, fmt);
	vsnprintf(call.args, sizeof(call.args), fmt, ap);
	va_end(ap);
	if (result < 0)
		seam.last = call;
	deliver(&call);
}

int sys_fail(int err, const char *what, const char *object, const char *fmt, ...)
{
	struct rf_call call = {.result = err};
	va_list ap;

	copy_text(call.name, sizeof(call.name), what);
	copy_text(call.object, sizeof(call.object), object ?: "");
	va_start(ap, fmt);
	vsnprintf(call.note, sizeof(call.note), fmt, ap);
	va_end(ap);
	seam.last = call;
	deliver(&call);
	return err;
}

void sys_keep_failure(const struct rf_call *call)
{
	seam.last = *call;
}

void rf_trace_set(rf_trace_fn *fn, void *data)
{
	seam.fn = fn;
	seam.data = data;
	sys_mode = fn ? sys_mode | SYS_TRACED : sys_mode & ~(unsigned)SYS_TRACED;
}

void rf_trace_dry_run(bool on)
{
	sys_mode = on ? sys_mode | SYS_DRY : sys_mode & ~(unsigned)SYS_DRY;
}

const struct rf_call *rf_trace_last_failure(void)
{
	return &seam.last;
}

void rf_trace_forget(void)
{
	/* Written to only where there is something: after a fork each page that is costs a copy. */
	if (seam.last.name[0])
		seam.last = (struct rf_call){0};
}

static int errno_by_name(const char *name)
{
	for (int e = 1; e < 134; e++) {
		const char *known = strerrorname_np(e);

		if (known && !strcmp(known, name))
			return e;
	}
	return 0;
}

static int parse_fault(char *text, struct fault *ret)
{
	char *eq = strrchr(text, '='), *colon;
	size_t len;

	if (!eq || eq == text)
		return -EINVAL;
	*eq++ = '\0';
	len = strlen(eq);
	ret->every = len && eq[len - 1] == '!';
	if (ret->every)
		eq[len - 1] = '\0';
	ret->err = !strcmp(eq, "KILL") ? FAULT_KILL : !strcmp(eq, "STOP") ? FAULT_STOP : errno_by_name(eq);
	if (!ret->err)
		return -EINVAL;
	colon = strchr(text, ':');
	if (colon)
		*colon++ = '\0';
	if (strlen(text) >= sizeof(ret->name) || (colon && strlen(colon) >= sizeof(ret->object)))
		return -EINVAL;
	copy_text(ret->name, sizeof(ret->name), text);
	copy_text(ret->object, sizeof(ret->object), colon ?: "");
	return 0;
}

int rf_trace_fault(const char *spec)
{
	struct fault list[MAX_FAULTS] = {0};
	char copy[2048], *save = NULL;
	int n = 0;

	if (!spec || strlen(spec) >= sizeof(copy))
		return -EINVAL;
	copy_text(copy, sizeof(copy), spec);
	for (char *p = strtok_r(copy, ",", &save); p; p = strtok_r(NULL, ",", &save)) {
		if (n == MAX_FAULTS)
			return -E2BIG;
		if (parse_fault(p, &list[n++]) < 0)
			return -EINVAL;
	}
	memcpy(seam.faults, list, sizeof(list));
	seam.n_faults = n;
	sys_mode = n ? sys_mode | SYS_FAULTS : sys_mode & ~(unsigned)SYS_FAULTS;
	return 0;
}
