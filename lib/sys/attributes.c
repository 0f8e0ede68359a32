// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on what a process may use and how it is scheduled. */
#include <ctype.h>
#include <linux/ioprio.h>
#include <stdio.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "sys/sys.h"

enum { TEXT = 32 };

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

int sys_sched_setattr(const char *policy, const struct sys_sched_attr *attr)
{
	return (int)SYS_CALL("sched_setattr", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_sched_setattr, 0, attr, 0),
			     "0, {%s, flags=%#llx, nice=%d, priority=%u, runtime=%llu, deadline=%llu, period=%llu, util=%u:%u}",
			     policy, (unsigned long long)attr->flags, attr->nice, attr->priority,
			     (unsigned long long)attr->runtime, (unsigned long long)attr->deadline,
			     (unsigned long long)attr->period, attr->util_min, attr->util_max);
}

int sys_sched_getattr(pid_t pid, struct sys_sched_attr *ret)
{
	return (int)SYS_CALL("sched_getattr", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_sched_getattr, pid, ret, sizeof(*ret), 0), "%d, …", pid);
}

int sys_sched_setaffinity(const char *list, size_t size, const void *mask)
{
	return (int)SYS_CALL("sched_setaffinity", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_sched_setaffinity, 0, size, mask), "0, %zu, [%s]", size, list);
}

int sys_ioprio_set(const char *words, int ioprio)
{
	return (int)SYS_CALL("ioprio_set", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, ioprio),
			     "IOPRIO_WHO_PROCESS, 0, %s", words);
}

int sys_ioprio_get(pid_t pid)
{
	return (int)SYS_CALL("ioprio_get", SYS_READ, SYS_NOFD, NULL,
			     syscall(SYS_ioprio_get, IOPRIO_WHO_PROCESS, pid), "IOPRIO_WHO_PROCESS, %d", pid);
}

int sys_set_mempolicy(const char *words, int mode, const unsigned long *nodes, unsigned long bits)
{
	return (int)SYS_CALL("set_mempolicy", SYS_ACT, SYS_NOFD, NULL,
			     syscall(SYS_set_mempolicy, mode, nodes, bits), "%s", words);
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
