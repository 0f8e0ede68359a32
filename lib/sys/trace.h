/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * The seam under every kernel-facing call. A wrapper is one SYS_CALL():
 *
 *	int sys_unshare(int flags)
 *	{
 *		return SYS_CALL("unshare", SYS_ACT, SYS_NOFD, NULL, unshare(flags),
 *				"%s", sys_clone_flags(flags));
 *	}
 *
 * With nothing switched on it costs one predictable branch beside the call. Arguments are put into
 * words only when someone listens or the call has failed.
 */
#ifndef LIB_SYS_TRACE_H
#define LIB_SYS_TRACE_H

#include <errno.h>
#include <ringfence/trace.h>
#include <stddef.h>
#include <stdint.h>

#define likely(x) __builtin_expect(!!(x), 1)
#define unlikely(x) __builtin_expect(!!(x), 0)
#define printf_like(f, a) __attribute__((format(printf, f, a)))

/* What a call does to the world decides what a dry run makes of it. */
enum sys_kind {
	SYS_READ, /* only looks: made for real; on a dry descriptor answered with 0 */
	SYS_OPEN, /* only looks, returns a descriptor: as SYS_READ, but answered with a dry one */
	SYS_ACT,  /* changes something: answered with 0 */
	SYS_MAKE, /* changes something and returns a descriptor: answered with a dry one */
	SYS_FORK, /* makes a process: answered with a dry pid */
};

/*
 * What stands for the descriptors and processes that a dry run would have got: numbers that no kernel
 * gives out, each its own, so that it can be seen which call made one and which use it. In words they
 * are fd1, fd2 … and PID, PID2 …
 */
enum {
	SYS_NOFD = -1000,
	SYS_DRY_FDS = 0x3fff0000,
	SYS_DRY_PIDS = 0x3ffe0000,
	SYS_DRY_MANY = 0x10000,
};

enum sys_mode { SYS_TRACED = 1, SYS_DRY = 2, SYS_FAULTS = 4, SYS_WHOLE = 8 };

extern __thread unsigned sys_mode;

struct sys_frame {
	const char *name;
	const char *object; /* the path of the call, or NULL */
	int fd;		    /* the descriptor it stands on or is relative to, or SYS_NOFD */
	uint64_t start_ns;
	enum sys_kind kind;
};

/* True: make the call. False: *ret_result is its answer. */
bool sys_begin(struct sys_frame *f, long *ret_result);
void sys_end(const struct sys_frame *f, long result, const char *fmt, ...) printf_like(3, 4);

#define SYS_CALL(name_, kind_, fd_, object_, expr_, ...)                                           \
	({                                                                                         \
		struct sys_frame f_ = {name_, object_, fd_, 0, kind_};                             \
		long r_ = 0;                                                                       \
		if (likely(!sys_mode) || sys_begin(&f_, &r_)) {                             \
			r_ = (expr_);                                                              \
			if (unlikely(r_ < 0))                                                      \
				r_ = -errno;                                                       \
		}                                                                                  \
		if (unlikely(sys_mode || r_ < 0))                                                  \
			sys_end(&f_, r_, __VA_ARGS__);                                             \
		r_;                                                                                \
	})

/*
 * A failure that no system call reported: a digest that differs, a file with bad content. Leaves a
 * record with `what` as the call, the object, and the text as its note; returns `err` (-errno).
 */
int sys_fail(int err, const char *what, const char *object, const char *fmt, ...)
	printf_like(4, 5);

/* Make `call`, a copy, the last failure again, after cleaning up made calls of its own. */
void sys_keep_failure(const struct rf_call *call);

/* Descriptors have names here, so that records can say what a number stood for. */
void sys_name_fd(int fd, int dirfd, const char *name);
const char *sys_fd_name(int fd);

/*
 * The same calls for who writes a program of them (tools/emit-c.c): words are not cut, strings are C
 * literals, and every descriptor and process is marked, as in fd#7 and pid#1. Calls of close(2) come
 * here, too. NULL ends it.
 */
struct sys_whole {
	const char *name, *words;
	enum sys_kind kind;
	long result;
};

typedef void sys_whole_fn(const struct sys_whole *call, void *data);

void sys_whole_set(sys_whole_fn *fn, void *data);
void sys_whole_close(int fd);

static inline bool sys_is_whole(void)
{
	return unlikely(sys_mode & SYS_WHOLE);
}

/* The next number that stands for a descriptor of a dry run. No call of --emit=c makes it: where there
 * is one, it is the wrapper that gives the number (sys_openat_made()). */
int sys_dry_fd(void);

static inline bool sys_is_dry_fd(int fd)
{
	return unlikely(fd >= SYS_DRY_FDS && fd < SYS_DRY_FDS + SYS_DRY_MANY);
}

static inline bool sys_is_dry_pid(int pid)
{
	return unlikely(pid >= SYS_DRY_PIDS && pid < SYS_DRY_PIDS + SYS_DRY_MANY);
}

/* The next call that a dry run does not make is answered so: what it would meet is known. */
void sys_dry_answer(long result);

/* Is this a dry run? For steps that would otherwise wait for what never comes. */
static inline bool sys_is_dry(void)
{
	return unlikely(sys_mode & SYS_DRY);
}

#endif
