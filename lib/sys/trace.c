// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The record, the dry run and the faults behind SYS_CALL().
 *
 * A record names its object even for calls on a descriptor: the name a descriptor was opened by is
 * kept in a small table, because in a new mount namespace /proc may not be there to ask. The table
 * is per thread and small, since every program that starts pays for zeroing it; for descriptors
 * beyond it /proc is asked. Those of a dry run have a table of their own, made when the first is.
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

#include "sys/decode.h"

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
	char (*dry_name)[FD_NAME];
	int n_dry_names, n_dry_fds, n_dry_pids;
	long dry_answer; /* to the next call; 0: the usual one */
	sys_whole_fn *whole_fn;
	void *whole_data;
} seam;

__thread unsigned sys_mode;

static uint64_t now_ns(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Where this descriptor's name is kept, or NULL. */
static char *name_slot(int fd)
{
	if (fd >= 0 && fd < NAMED_FDS)
		return seam.fd_name[fd];
	if (sys_is_dry_fd(fd) && fd - SYS_DRY_FDS < seam.n_dry_names)
		return seam.dry_name[fd - SYS_DRY_FDS];
	return NULL;
}

const char *sys_fd_name(int fd)
{
	const char *name = name_slot(fd);

	if (name && name[0])
		return name;
	return sys_is_dry_fd(fd) ? "(dry run)" : NULL;
}

int sys_dry_fd(void)
{
	int n = seam.n_dry_fds;

	if (n >= seam.n_dry_names) {
		char (*more)[FD_NAME] = realloc(seam.dry_name, (size_t)(n + 16) * FD_NAME);

		/* Without a name it is still a descriptor. */
		if (more) {
			memset(more + seam.n_dry_names, 0, (size_t)(n + 16 - seam.n_dry_names) * FD_NAME);
			seam.dry_name = more;
			seam.n_dry_names = n + 16;
		}
	}
	if (n < SYS_DRY_MANY - 1)
		seam.n_dry_fds++;
	return SYS_DRY_FDS + n;
}

static int dry_pid(void)
{
	return SYS_DRY_PIDS + (seam.n_dry_pids < SYS_DRY_MANY - 1 ? seam.n_dry_pids++ : seam.n_dry_pids);
}

void sys_name_fd(int fd, int dirfd, const char *name)
{
	const char *base = sys_fd_name(dirfd);
	char full[FD_NAME];
	size_t n = 0;
	char *slot = name_slot(fd);

	if (!slot)
		return;
	/* Closed, and had no name: leave the page alone, as rf_trace_forget() does. */
	if (!base && name && !name[0] && !slot[0])
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
	memcpy(slot, full, n + 1);
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

/* /proc/PID of a process that a dry run has not made: there is nothing to look at. */
static bool in_dry_process(const char *path)
{
	return path && !strncmp(path, "/proc/", 6) && sys_is_dry_pid((int)strtol(path + 6, NULL, 10));
}

void sys_dry_answer(long result)
{
	seam.dry_answer = result;
}

static long dry_answer(enum sys_kind kind)
{
	long known = seam.dry_answer;

	if (known) {
		seam.dry_answer = 0;
		return known;
	}
	switch (kind) {
	case SYS_OPEN:
	case SYS_MAKE:
		return sys_dry_fd();
	case SYS_FORK:
		return dry_pid();
	default:
		return 0;
	}
}

bool sys_begin(struct sys_frame *f, long *ret_result)
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
	if ((f->kind == SYS_READ || f->kind == SYS_OPEN) && !sys_is_dry_fd(f->fd) &&
	    !in_dry_process(f->object))
		return true;
	*ret_result = dry_answer(f->kind);
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

static void deliver_whole(const char *name, enum sys_kind kind, long result, const char *words)
{
	const struct sys_whole call = {name, words, kind, result};
	unsigned mode = sys_mode;

	sys_mode = 0;
	seam.whole_fn(&call, seam.whole_data);
	sys_mode = mode;
}

void sys_whole_close(int fd)
{
	char words[24];

	snprintf(words, sizeof(words), "fd#%d", fd);
	deliver_whole("close", SYS_ACT, 0, words);
}

static printf_like(3, 0) void end_whole(const struct sys_frame *f, long result, const char *fmt, va_list ap)
{
	char *words;

	if (vasprintf(&words, fmt, ap) < 0)
		words = NULL;
	deliver_whole(f->name, f->kind, result, words ?: "");
	free(words);
}

/* "/proc/1073610752/uid_map" is of no process: say PID. */
static void show_dry_pids(char *text, size_t size)
{
	for (char *p = strstr(text, "/proc/"); p; p = strstr(p + 1, "/proc/")) {
		char *end;
		long n = strtol(p + 6, &end, 10);
		const char *words = sys_pid((int)n);
		size_t len = strlen(words);

		if (!sys_is_dry_pid((int)n) || p + 6 + len + strlen(end) >= text + size)
			continue;
		memmove(p + 6 + len, end, strlen(end) + 1);
		for (size_t i = 0; i < len; i++)
			p[6 + i] = words[i];
	}
}

void sys_end(const struct sys_frame *f, long result, const char *fmt, ...)
{
	struct rf_call call;
	va_list ap;

	if (sys_is_whole()) {
		va_start(ap, fmt);
		end_whole(f, result, fmt, ap);
		va_end(ap);
		if (result >= 0)
			return;
	}
	copy_text(call.name, sizeof(call.name), f->name);
	name_object(call.object, sizeof(call.object), f);
	call.note[0] = '\0';
	call.result = result;
	call.duration_ns = f->start_ns ? now_ns() - f->start_ns : 0;
	va_start(ap, fmt);
	vsnprintf(call.args, sizeof(call.args), fmt, ap);
	va_end(ap);
	if (sys_is_dry()) {
		show_dry_pids(call.args, sizeof(call.args));
		show_dry_pids(call.object, sizeof(call.object));
	}
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

void sys_whole_set(sys_whole_fn *fn, void *data)
{
	seam.whole_fn = fn;
	seam.whole_data = data;
	sys_mode = fn ? sys_mode | SYS_WHOLE : sys_mode & ~(unsigned)SYS_WHOLE;
}

void rf_trace_dry_run(bool on)
{
	free(seam.dry_name);
	seam.dry_name = NULL;
	seam.n_dry_names = seam.n_dry_fds = seam.n_dry_pids = 0;
	seam.dry_answer = 0;
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
