// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on what a process may use and how it is scheduled; their words are C, which --emit=c prints. */
#include <ctype.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sys.h"

enum { TEXT = 32, WORDS = 320, MASK = 128 * 21 };

static const char *limit(uint64_t value, char buf[TEXT])
{
	if (value == RLIM64_INFINITY)
		return "RLIM_INFINITY";
	snprintf(buf, TEXT, "%llu", (unsigned long long)value);
	return buf;
}

/* "nofile": RLIMIT_NOFILE */
static const char *limit_name(const char *name, char buf[TEXT])
{
	int n = snprintf(buf, TEXT, "RLIMIT_%s", name);

	for (int i = 0; i < n && i < TEXT; i++)
		buf[i] = (char)toupper((unsigned char)buf[i]);
	return buf;
}

int sys_prlimit_get(pid_t pid, const char *name, int resource, struct rlimit64 *ret)
{
	char buf[TEXT];

	return (int)SYS_CALL("prlimit64", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_prlimit64, pid, resource, NULL, ret), "%d, %s, NULL, …", pid,
			     limit_name(name, buf));
}

int sys_prlimit_set(const char *name, int resource, const struct rlimit64 *want)
{
	char soft[TEXT], hard[TEXT], buf[TEXT];

	return (int)SYS_CALL("prlimit64", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_prlimit64, 0, resource, want, NULL), "0, %s, {%s, %s}, NULL",
			     limit_name(name, buf), limit(want->rlim_cur, soft), limit(want->rlim_max, hard));
}

int sys_setpriority(int nice)
{
	return (int)SYS_CALL("setpriority", SYS_ACT, SYS_NOFD, NULL, setpriority(PRIO_PROCESS, 0, nice),
			     "PRIO_PROCESS, 0, %d", nice);
}

int sys_getpriority(void)
{
	/* The call itself, not libc: so many above the highest, and never negative. */
	int r = (int)SYS_CALL("getpriority", SYS_READ, SYS_NOFD, NULL, syscall(SYS_getpriority, PRIO_PROCESS, 0),
			      "PRIO_PROCESS, 0");

	return r <= 0 ? 0 : 20 - r;
}

static const char *policy_name(uint32_t policy, char buf[TEXT])
{
	static const struct {
		uint32_t policy;
		const char *name;
	} rows[] = {
		{SCHED_OTHER, "SCHED_OTHER"}, {SCHED_BATCH, "SCHED_BATCH"}, {SCHED_IDLE, "SCHED_IDLE"},
		{SCHED_FIFO, "SCHED_FIFO"},   {SCHED_RR, "SCHED_RR"},	    {6, "SCHED_DEADLINE"},
	};

	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		if (rows[i].policy == policy)
			return rows[i].name;
	snprintf(buf, TEXT, "%u", policy);
	return buf;
}

/* Where the flags say that it keeps its policy, what else is in it is not looked at. */
static const char *scheduling(const struct sys_sched_attr *a, char buf[WORDS])
{
	char name[TEXT];
	int n = snprintf(buf, WORDS, "{.policy=%s, .flags=%#llx, .nice=%d", policy_name(a->policy, name),
			 (unsigned long long)a->flags, a->nice);

	if (a->priority)
		n += snprintf(buf + n, WORDS - (size_t)n, ", .priority=%u", a->priority);
	/* Alone it is the time slice of policies that have no deadline (6.12). */
	if (a->runtime)
		n += snprintf(buf + n, WORDS - (size_t)n, ", .runtime=%llu", (unsigned long long)a->runtime);
	if (a->period)
		n += snprintf(buf + n, WORDS - (size_t)n, ", .deadline=%llu, .period=%llu",
			      (unsigned long long)a->deadline, (unsigned long long)a->period);
	if (a->flags & SCHED_FLAG_UTIL_CLAMP)
		n += snprintf(buf + n, WORDS - (size_t)n, ", .util_min=%u, .util_max=%u", a->util_min, a->util_max);
	snprintf(buf + n, WORDS - (size_t)n, "}");
	return buf;
}

int sys_sched_setattr(const struct sys_sched_attr *attr)
{
	char buf[WORDS];

	return (int)SYS_CALL("sched_setattr", SYS_ACT, SYS_NOFD, NULL, syscall(SYS_sched_setattr, 0, attr, 0),
			     "0, %s, 0", scheduling(attr, buf));
}

int sys_sched_getattr(pid_t pid, struct sys_sched_attr *ret)
{
	return (int)SYS_CALL("sched_getattr", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_sched_getattr, pid, ret, sizeof(*ret), 0), "%d, …", pid);
}

/* "{0x3, 0x1}": its words up to the last that is not zero. */
static const char *mask_words(const unsigned long *mask, size_t n, char buf[MASK])
{
	size_t at = 0;

	while (n > 1 && !mask[n - 1])
		n--;
	for (size_t i = 0; i < n && at < MASK; i++)
		at += (size_t)snprintf(buf + at, MASK - at, "%s%#lx", i ? ", " : "{", mask[i]);
	if (at < MASK)
		snprintf(buf + at, MASK - at, "}");
	return buf;
}

int sys_count_cpus(void)
{
	unsigned long mask[128] = {0};
	long n = SYS_CALL("sched_getaffinity", SYS_READ, SYS_NOFD, NULL, syscall(SYS_sched_getaffinity, 0, sizeof(mask), mask),
			  "0, %zu, …", sizeof(mask));
	int cpus = 0;

	for (size_t i = 0; n > 0 && i < sizeof(mask) / sizeof(mask[0]); i++)
		cpus += __builtin_popcountl(mask[i]);
	return cpus ?: 1;
}

int sys_sched_setaffinity(size_t size, const unsigned long *mask)
{
	char buf[MASK];

	return (int)SYS_CALL("sched_setaffinity", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_sched_setaffinity, 0, size, mask), "0, %zu, %s", size,
			     mask_words(mask, size / sizeof(*mask), buf));
}

static const char *ioprio_words(int ioprio, char buf[TEXT + TEXT])
{
	static const char *const classes[] = {"NONE", "RT", "BE", "IDLE"};
	unsigned class = (unsigned)ioprio >> IOPRIO_CLASS_SHIFT;

	if (class >= sizeof(classes) / sizeof(classes[0]))
		snprintf(buf, TEXT, "%d", ioprio);
	else
		snprintf(buf, TEXT + TEXT, "IOPRIO_PRIO_VALUE(IOPRIO_CLASS_%s, %d)", classes[class],
			 ioprio & ((1 << IOPRIO_CLASS_SHIFT) - 1));
	return buf;
}

int sys_ioprio_set(int ioprio)
{
	char buf[TEXT + TEXT];

	return (int)SYS_CALL("ioprio_set", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, ioprio), "IOPRIO_WHO_PROCESS, 0, %s",
			     ioprio_words(ioprio, buf));
}

int sys_ioprio_get(pid_t pid)
{
	return (int)SYS_CALL("ioprio_get", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid), "IOPRIO_WHO_PROCESS, %d", pid);
}

static const char *mode_name(int mode, char buf[TEXT])
{
	static const char *const names[] = {"DEFAULT", "PREFERRED", "BIND", "INTERLEAVE", "LOCAL"};
	bool known = mode >= 0 && (size_t)mode < sizeof(names) / sizeof(names[0]);

	snprintf(buf, TEXT, known ? "MPOL_%s" : "%.0s%d", known ? names[mode] : "", mode);
	return buf;
}

int sys_set_mempolicy(int mode, const unsigned long *nodes, unsigned long bits)
{
	char name[TEXT], buf[MASK];

	return (int)SYS_CALL("set_mempolicy", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_set_mempolicy, mode, nodes, bits), "%s, %s, %lu", mode_name(mode, name),
			     nodes ? mask_words(nodes, bits / (8 * sizeof(*nodes)), buf) : "NULL", bits);
}

int sys_get_mempolicy(int *ret_mode, unsigned long *nodes, unsigned long bits)
{
	return (int)SYS_CALL("get_mempolicy", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_get_mempolicy, ret_mode, nodes, bits, NULL, 0), "…, %lu, NULL, 0",
			     bits);
}

int sys_personality(unsigned long persona)
{
	return (int)SYS_CALL("personality", SYS_ACT, SYS_NOFD, NULL, personality(persona), "%#lx", persona);
}

int sys_personality_get(void)
{
	return (int)SYS_CALL("personality", SYS_READ, SYS_NOFD, NULL, personality(0xffffffff), "0xffffffff");
}


int sys_prctl_get(const char *name, int option, unsigned long a, unsigned long b, unsigned long c,
		  unsigned long d)
{
	return (int)SYS_CALL("prctl", SYS_READ, SYS_NOFD, NULL, prctl(option, a, b, c, d), "%s", name);
}

int sys_core_sched(const char *word, int command, pid_t pid)
{
	return (int)SYS_CALL("prctl", SYS_ACT, SYS_NOFD, NULL,
			     prctl(PR_SCHED_CORE, command, pid, 0 /* one thread */, 0),
			     "PR_SCHED_CORE, %s, %d, PR_SCHED_CORE_SCOPE_THREAD", word, pid);
}
