// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * From a failed call to what to do about it: rows of (call, part of its arguments, errno), each
 * with a sentence or with a function that looks at the system first. The first row that has
 * something to say wins.
 */
#include <ringfence/ns.h>
#include <ringfence/plan.h>

#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

struct hint_row {
	const char *call;
	const char *in_args; /* NULL: any */
	int error;
	const char *text; /* or */
	bool (*look)(const struct rf_call *call, char *buf, size_t size);
};

static long read_number(const char *path)
{
	char *text __free(ptr) = NULL;

	if (file_read_at(AT_FDCWD, path, 64, &text, NULL) < 0)
		return -1;
	return strtol(text, NULL, 10);
}

static bool userns_refused(const struct rf_call *call, char *buf, size_t size)
{
	static const struct {
		const char *path;
		long refuses;
		const char *text;
	} sysctls[] = {
		{"/proc/sys/kernel/unprivileged_userns_clone", 0,
		 "kernel.unprivileged_userns_clone is 0: only root may make user namespaces"},
		{"/proc/sys/user/max_user_namespaces", 0,
		 "user.max_user_namespaces is 0: no user namespace may be made"},
		{"/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 1,
		 "kernel.apparmor_restrict_unprivileged_userns is 1: the program needs an AppArmor profile that allows userns"},
	};

	if (!strstr(call->args, "CLONE_NEWUSER")) {
		if (!strstr(call->args, "CLONE_NEW"))
			return false;
		snprintf(buf, size, "this needs CAP_SYS_ADMIN: add a user namespace (-U or -r) or be root");
		return true;
	}
	for (size_t i = 0; i < array_size(sysctls); i++) {
		if (read_number(sysctls[i].path) != sysctls[i].refuses)
			continue;
		snprintf(buf, size, "%s", sysctls[i].text);
		return true;
	}
	snprintf(buf, size, "user namespaces are refused to processes in a chroot and by some seccomp filters (containers); try outside of them");
	return true;
}

static bool limit_reached(const struct rf_call *call, char *buf, size_t size)
{
	struct str out __free(str) = {0};

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		char path[64];

		if (!strstr(call->args, sys_clone_flags(kind->flag)))
			continue;
		snprintf(path, sizeof(path), "/proc/sys/user/%s", kind->sysctl);
		str_addf(&out, "%suser.%s=%ld", out.len ? ", " : "", kind->sysctl, read_number(path));
	}
	snprintf(buf, size, "a limit on namespaces is reached (%s, or more than 32 nested user namespaces)",
		 out.s ?: "user.max_*");
	return true;
}

static bool proc_masked(const struct rf_call *call, char *buf, size_t size)
{
	/* By mount(2) the object is the place, and the type stands in the arguments. */
	if (strcmp(call->object, "proc") && strncmp(call->args, "\"proc\",", 7))
		return false;
	snprintf(buf, size, "the /proc seen here is partly covered by other mounts (a container?), and the kernel gives a user namespace no more than it can see: uncover it, or do without --mount-proc");
	return true;
}

static bool is_cgroup(const struct rf_call *call)
{
	return strstr(call->object, "/cgroup/") || strstr(call->object, "cgroup.");
}

static bool cgroup_denied(const struct rf_call *call, char *buf, size_t size)
{
	if (!is_cgroup(call))
		return false;
	snprintf(buf, size, "groups belong to root, or to whom a subtree was delegated: be root, or work below a group whose directory and cgroup.procs are yours (systemd: Delegate=yes)");
	return true;
}

static bool cgroup_read_only(const struct rf_call *call, char *buf, size_t size)
{
	if (!is_cgroup(call))
		return false;
	snprintf(buf, size, "the control groups are mounted read-only (a container?)");
	return true;
}

static bool cgroup_busy(const struct rf_call *call, char *buf, size_t size)
{
	if (!strstr(call->object, "cgroup.procs"))
		return false;
	snprintf(buf, size, "the group has controllers for its children (cgroup.subtree_control), so it can't hold processes itself: use a group below it");
	return true;
}

static bool cgroup_threaded(const struct rf_call *call, char *buf, size_t size)
{
	if (!strstr(call->object, "cgroup.procs"))
		return false;
	snprintf(buf, size, "the group is in a threaded subtree (cgroup.type)");
	return true;
}

static bool cgroup_too_many(const struct rf_call *call, char *buf, size_t size)
{
	if (!is_cgroup(call))
		return false;
	snprintf(buf, size, "a group above allows no more below it: cgroup.max.descendants or cgroup.max.depth");
	return true;
}

static bool no_space(const struct rf_call *call, char *buf, size_t size)
{
	const char *base = strrchr(call->object, '/');

	if (strstr(call->object, "cgroup.procs") || (base && is_cgroup(call) && str_eq(base, "/tasks")))
		snprintf(buf, size, "the group's cpuset.cpus or cpuset.mems is empty: set both first");
	else if (is_cgroup(call) && str_eq(call->name, "mkdirat"))
		snprintf(buf, size, "the kernel has no id left for another group (65535 with the memory controller; removed ones count while memory is charged to them)");
	else
		snprintf(buf, size, "the file system that holds %s is full", call->object);
	return true;
}

static bool oom_denied(const struct rf_call *call, char *buf, size_t size)
{
	if (!strstr(call->object, "oom_score_adj"))
		return false;
	snprintf(buf, size, "going below the lowest value that root has set needs CAP_SYS_RESOURCE");
	return true;
}

/* CAP_SYS_NICE alone is not enough where groups have real-time budgets, and theirs is 0 at first. */
static bool real_time_refused(const struct rf_call *call, char *buf, size_t size)
{
	uint64_t effective = 0;
	char *status __free(ptr) = NULL, *at;

	if (file_read_at(AT_FDCWD, "/proc/self/status", 1 << 16, &status, NULL) >= 0 &&
	    (at = strstr(status, "CapEff:")))
		effective = strtoull(at + strlen("CapEff:"), NULL, 16);
	if (effective >> 23 & 1) /* CAP_SYS_NICE */
		snprintf(buf, size, "this control group has no real-time budget (cpu.rt_runtime_us is 0, with CONFIG_RT_GROUP_SCHED): run in a group that has one, or in the root group");
	else
		snprintf(buf, size, "real-time scheduling needs CAP_SYS_NICE, or RLIMIT_RTPRIO of at least the priority");
	return true;
}

static const struct hint_row rows[] = {
	{"unshare", NULL, -EPERM, NULL, userns_refused},
	{"clone3", NULL, -EPERM, NULL, userns_refused},
	{"unshare", NULL, -ENOSPC, NULL, limit_reached},
	{"clone3", NULL, -ENOSPC, NULL, limit_reached},
	{"unshare", NULL, -EINVAL, "this kernel lacks one of these namespaces; ls /proc/self/ns shows those it has", NULL},
	{"clone3", "cgroup", -EBUSY, "the group has controllers for its children, so it can't hold processes itself: use a group below it", NULL},
	{"clone3", "cgroup", -EOPNOTSUPP, "the group is in a threaded subtree (cgroup.type)", NULL},
	{"fork", NULL, -ENOMEM, "the pid namespace's first process has died: nothing can start in it any more", NULL},
	{"fork", NULL, -EAGAIN, "a limit on processes is reached: pids.max, ulimit -u or kernel.pid_max", NULL},
	{"clone3", NULL, -EAGAIN, "a limit on processes is reached: pids.max, ulimit -u or kernel.pid_max", NULL},
	{"fsmount", NULL, -EPERM, NULL, proc_masked},
	{"mount", NULL, -EPERM, NULL, proc_masked},
	{"fsconfig", NULL, -EPERM, NULL, proc_masked},
	{"fsopen", NULL, -ENODEV, "this kernel has no such file system; modprobe may bring it", NULL},
	{"fsopen", NULL, -EPERM, "mounting needs CAP_SYS_ADMIN: be root, or use a user and mount namespace (nsrun -rm)", NULL},
	{"setresuid", NULL, -EINVAL, "this id is not in the user id map", NULL},
	{"setresgid", NULL, -EINVAL, "this id is not in the group id map", NULL},
	{"setgroups", NULL, -EPERM, "setgroups is denied in this user namespace, or CAP_SETGID is missing", NULL},
	{"setresuid", NULL, -EPERM, "taking another user's id needs CAP_SETUID: be root, or use a user namespace (nsrun -r)", NULL},
	{"setresgid", NULL, -EPERM, "taking another group's id needs CAP_SETGID: be root, or use a user namespace (nsrun -r)", NULL},
	{"prlimit64", NULL, -EPERM, "raising a hard limit needs CAP_SYS_RESOURCE: stay at or below it (confine show self)", NULL},
	{"prlimit64", NULL, -EINVAL, "the soft limit would be above the hard one", NULL},
	{"setpriority", NULL, -EACCES, "a lower nice value needs CAP_SYS_NICE, or RLIMIT_NICE of at least 20 minus it", NULL},
	{"setpriority", NULL, -EPERM, "a lower nice value needs CAP_SYS_NICE, or RLIMIT_NICE of at least 20 minus it", NULL},
	{"sched_setattr", "{deadline,", -EPERM, "deadline scheduling needs CAP_SYS_NICE, and all CPUs of a root domain: no --affinity, no cpuset", NULL},
	{"sched_setattr", "{deadline,", -EBUSY, "the kernel has no bandwidth left for this RUNTIME in each PERIOD (kernel.sched_rt_runtime_us)", NULL},
	{"sched_setattr", "{fifo,", -EPERM, NULL, real_time_refused},
	{"sched_setattr", "{rr,", -EPERM, NULL, real_time_refused},
	{"sched_setattr", NULL, -EPERM, "leaving this policy, or more than one has, needs CAP_SYS_NICE", NULL},
	{"sched_setattr", NULL, -EOPNOTSUPP, "this kernel has no utilization clamping (CONFIG_UCLAMP_TASK)", NULL},
	{"sched_setaffinity", NULL, -EINVAL, "none of these CPUs is there and allowed by the cpuset (confine show self)", NULL},
	{"ioprio_set", NULL, -EPERM, "the class rt needs CAP_SYS_NICE (before Linux 5.14 also CAP_SYS_ADMIN, for idle, too)", NULL},
	{"set_mempolicy", NULL, -EINVAL, "a node is not there, or not allowed by the cpuset (confine show self)", NULL},
	{"set_mempolicy", NULL, -ENOSYS, "this kernel knows no NUMA nodes (CONFIG_NUMA)", NULL},
	{"prctl", "PR_SCHED_CORE", -EINVAL, "this kernel has no core scheduling (CONFIG_SCHED_CORE)", NULL},
	{"prctl", "PR_SCHED_CORE", -ENODEV, "the cores of this machine have one thread each: nothing is shared", NULL},
	{"prctl", "PR_SCHED_CORE", -EPERM, "sharing a cookie needs the rights of a tracer on that process (CAP_SYS_PTRACE)", NULL},
	{"prctl", "PR_SCHED_CORE", -ESRCH, "no process has this pid in this pid namespace", NULL},
	{"prctl", "PR_SET_SECUREBITS", -EPERM, "this needs CAP_SETPCAP, and the bit must not be locked (capabilities(7))", NULL},
	{"prctl", "PR_SET_KEEPCAPS", -EPERM, "the securebit keep_caps is locked (capabilities(7))", NULL},
	{"write", NULL, -EACCES, NULL, oom_denied},
	{"write", NULL, -ENOSPC, NULL, no_space},
	{"mkdirat", NULL, -ENOSPC, NULL, no_space},
	{"openat", "gid_map", -EACCES, "only the owner of the process may write its maps", NULL},
	{"prctl", "PR_CAPBSET_DROP", -EPERM, "this needs CAP_SETPCAP: be root, or use a user namespace (nsrun -r)", NULL},
	{"prctl", "PR_CAP_AMBIENT", -EPERM, "the capability must be permitted and inheritable, and the securebits must allow ambient ones (capabilities(7))", NULL},
	{"capset", NULL, -EPERM, "nobody can take what he is not permitted, and inherit only what is in his bounding set", NULL},
	{"seccomp", NULL, -EACCES, "loading a filter needs CAP_SYS_ADMIN or --no-new-privs", NULL},
	{"seccomp", NULL, -EINVAL, "this kernel lacks seccomp filters, or an action or flag that the profile uses", NULL},
	{"pivot_root", NULL, -EINVAL, "the root may be on a shared mount or on the initial ramfs: try --propagation private", NULL},
	{"setns", "CLONE_NEWPID", -EINVAL, "a pid namespace can be joined only from itself or from one above it", NULL},
	{"setns", "CLONE_NEWTIME", -EUSERS, "the offsets of a time namespace are fixed with its first process; a process with several threads can't join one", NULL},
	{"setns", NULL, -EPERM, "joining needs CAP_SYS_ADMIN in the user namespace that owns what is joined: be root, or join that user namespace, too (-U)", NULL},
	{"chroot", NULL, -EPERM, "this needs CAP_SYS_CHROOT: be root, or join the user namespace, too (-U)", NULL},
	{"pidfd_open", NULL, -ESRCH, "no process has this pid in this pid namespace", NULL},
	{"pidfd_open", NULL, -EINVAL, "a pid is a number from 1 on, and that of a process, not of a thread", NULL},
	{"openat", "\"ns/", -EACCES, "looking into a process needs the rights of a tracer: be its user, or root (CAP_SYS_PTRACE)", NULL},
	{"openat", "\"root\"", -EACCES, "looking into a process needs the rights of a tracer: be its user, or root (CAP_SYS_PTRACE)", NULL},
	{"openat", "\"environ\"", -EACCES, "looking into a process needs the rights of a tracer: be its user, or root (CAP_SYS_PTRACE)", NULL},
	{"ioctl", "NS_GET_USERNS", -EPERM, "the owner lies outside of the user namespaces that the caller may see", NULL},
	{"execve", NULL, -ENOENT, "no such program on the PATH inside, or its interpreter (#! line, ELF loader) is missing in this root", NULL},
	{"execveat", NULL, -ENOENT, "a program of the outer root must be linked statically: its ELF loader is not in this root", NULL},
	{"execve", NULL, -EACCES, "the file is not executable for this user, or its mount is noexec", NULL},
	{"execve", NULL, -ENOEXEC, "the file is no program for this machine", NULL},
	{"mkdirat", NULL, -EROFS, NULL, cgroup_read_only},
	{"openat2", NULL, -EROFS, NULL, cgroup_read_only},
	{"mkdirat", NULL, -EACCES, NULL, cgroup_denied},
	{"mkdirat", NULL, -EPERM, NULL, cgroup_denied},
	{"mkdirat", NULL, -EAGAIN, NULL, cgroup_too_many},
	{"unlinkat", NULL, -EACCES, NULL, cgroup_denied},
	{"openat", NULL, -EACCES, NULL, cgroup_denied},
	{"openat2", NULL, -EACCES, NULL, cgroup_denied},
	{"write", NULL, -EACCES, NULL, cgroup_denied},
	{"write", NULL, -EPERM, NULL, cgroup_denied},
	{"write", NULL, -EBUSY, NULL, cgroup_busy},
	{"write", NULL, -EOPNOTSUPP, NULL, cgroup_threaded},
};

void rf_hint(const struct rf_call *call, char *buf, size_t size)
{
	/* Looking around must not change what the last failure was. */
	struct rf_call kept = *call;

	buf[0] = '\0';
	for (size_t i = 0; i < array_size(rows); i++) {
		const struct hint_row *h = &rows[i];

		if (h->error != (int)kept.result || strcmp(h->call, kept.name))
			continue;
		if (h->in_args && !strstr(kept.args, h->in_args))
			continue;
		if (h->text)
			snprintf(buf, size, "%s", h->text);
		else if (!h->look(&kept, buf, size))
			continue;
		return;
	}
}
