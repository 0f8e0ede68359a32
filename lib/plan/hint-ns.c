// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Why a namespace was refused. The kernel's answer is one errno for many causes:
 *
 *   EPERM   no privilege, kernel.unprivileged_userns_clone (Debian), a chroot, a seccomp filter
 *   ENOSPC  one of user.max_*_namespaces, here or in an outer user namespace; or the 34th user
 *           namespace in one another
 *   later   Ubuntu's AppArmor lets the user namespace be made and then takes its capabilities away
 *
 * A limit counts, in a user namespace, what one user has made in it and below. The count can't be
 * read; what is seen is counted instead, so it can be told where that reaches the limit, not where it
 * does not. A chroot shows by the table of mounts: what lies outside of the root is left out of it,
 * and a root that is no mount has no row.
 */
#include "plan/hint.h"

#include <mntent.h>
#include <ringfence/ns.h>
#include <string.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

DEFINE_FREE(ns_list, struct rf_ns_list *, rf_ns_list_free(v))

static long read_number(const char *path)
{
	char *text __free(ptr) = NULL;

	return file_read_at(AT_FDCWD, path, 64, &text, NULL) < 0 ? -1 : strtol(text, NULL, 10);
}

static uint64_t own_ns(const char *name)
{
	char path[40];
	struct stat st;

	snprintf(path, sizeof(path), "/proc/self/ns/%s", name);
	return sys_fstatat(AT_FDCWD, path, &st, 0) < 0 ? 0 : st.st_ino;
}

/* The mounts below a directory (or it alone) that the caller sees, those passed over that the kernel
 * makes no difference for; as words, and how many. */
static size_t mounts_at(const char *dir, bool below, struct str *out)
{
	FILE *table __free(file) = setmntent("/proc/self/mounts", "re");
	size_t n = 0, len = strlen(dir);
	struct mntent e;
	char buf[4096];

	while (table && getmntent_r(table, &e, buf, sizeof(buf))) {
		if (below ? strncmp(e.mnt_dir, dir, len) || e.mnt_dir[len] != '/' : strcmp(e.mnt_dir, dir))
			continue;
		/* Over directories that are always empty. */
		if (str_eq(e.mnt_type, "binfmt_misc") || str_eq(e.mnt_type, "autofs"))
			continue;
		if (++n <= 3)
			str_addf(out, "%s%s", n > 1 ? ", " : "", e.mnt_dir);
	}
	if (n > 3)
		str_addf(out, " and %zu more", n - 3);
	return table ? n : SIZE_MAX;
}

/* 0 where there is none to be seen. */
static long parent_of(long pid)
{
	char path[40], *text __free(ptr) = NULL, *at;

	snprintf(path, sizeof(path), "/proc/%ld/stat", pid);
	if (file_read_at(AT_FDCWD, path, 1 << 14, &text, NULL) < 0)
		return 0;
	/* Behind the name, which may have anything in it: ") S PPID". */
	at = strrchr(text, ')');
	return at && at[1] ? strtol(at + 3, NULL, 10) : 0;
}

static bool in_chroot(void)
{
	struct str at __free(str) = {0};
	uint64_t theirs[RF_NS_KINDS], mnt = own_ns("mnt");
	struct stat own, other;
	char path[40];

	if (!mounts_at("/", false, &at))
		return true;
	/* Or on a mount: then one that it comes from has another root in the same mount namespace. */
	if (sys_fstatat(AT_FDCWD, "/", &own, 0) < 0)
		return false;
	for (long pid = getppid(); pid > 0; pid = parent_of(pid)) {
		snprintf(path, sizeof(path), "/proc/%ld/root/", pid);
		if (rf_ns_of_process((int)pid, theirs) < 0 || theirs[1] != mnt)
			continue;
		if (sys_fstatat(AT_FDCWD, path, &other, 0) >= 0 &&
		    (own.st_dev != other.st_dev || own.st_ino != other.st_ino))
			return true;
	}
	return false;
}

static bool is_filtered(void)
{
	char *text __free(ptr) = NULL, *at;

	if (file_read_at(AT_FDCWD, "/proc/self/status", 1 << 16, &text, NULL) < 0)
		return false;
	at = strstr(text, "\nSeccomp:\t");
	return at && at[10] == '2';
}

bool hint_userns_refused(const struct rf_call *call, char *buf, size_t size)
{
	if (!strstr(call->args, "CLONE_NEWUSER")) {
		if (!strstr(call->args, "CLONE_NEW"))
			return false;
		snprintf(buf, size, "this needs CAP_SYS_ADMIN: add a user namespace (-U or -r) or be root");
		return true;
	}
	if (!own_ns("user"))
		snprintf(buf, size, "a sysctl, a chroot, a seccomp filter or a security module refuses user namespaces; which one can't be told here without /proc");
	else if (read_number("/proc/sys/kernel/unprivileged_userns_clone") == 0)
		snprintf(buf, size, "kernel.unprivileged_userns_clone is 0: only root may make user namespaces; he can allow it: sysctl kernel.unprivileged_userns_clone=1");
	else if (in_chroot())
		snprintf(buf, size, "this process is in a chroot, where the kernel makes no user namespaces: enter the directory by pivot_root (nsrun --root) in place of chroot");
	else if (is_filtered())
		snprintf(buf, size, "a seccomp filter is at work here (Seccomp: 2 in /proc/self/status), and containers' filters refuse user namespaces: allow clone, clone3 and unshare in its profile");
	else
		snprintf(buf, size, "neither a sysctl nor a seccomp filter is seen to refuse it: a chroot may, or a security module (AppArmor, SELinux; see the kernel's log)");
	return true;
}

bool hint_limit_reached(const struct rf_call *call, char *buf, size_t size)
{
	struct rf_ns_list *list __free(ns_list) = NULL;
	struct str all __free(str) = {0};

	/* What can't be listed is not counted. */
	rf_ns_list_read(RF_NS_DESCRIPTORS | RF_NS_RELATIONS, &list);
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		const struct rf_ns_kind *kind = rf_ns_kind(i);
		size_t used = list ? rf_ns_list_used(list, kind) : 0;
		char path[64];
		long limit;

		if (!strstr(call->args, sys_clone_flags(kind->flag)))
			continue;
		snprintf(path, sizeof(path), "/proc/sys/user/%s", kind->sysctl);
		limit = read_number(path);
		str_addf(&all, "%suser.%s=%ld with %zu in use", all.len ? ", " : "", kind->sysctl, limit, used);
		if (limit < 0 || used < (size_t)limit)
			continue;
		snprintf(buf, size, "a limit on namespaces is reached: user.%s is %ld, and %zu are in use here: end some (nsls -t %s lists them), or let root raise it by sysctl",
			 kind->sysctl, limit, used, kind->name);
		return true;
	}
	snprintf(buf, size, "a limit on namespaces is reached, but none of those here (%s; some may be about to be dissolved, and count): %sthat of an outer user namespace",
		 all.s ?: "user.max_*", strstr(call->args, "CLONE_NEWUSER") ? "it is the nesting, of which there are no more than 33 levels, or " : "it is ");
	return true;
}

bool hint_proc_masked(const struct rf_call *call, char *buf, size_t size)
{
	struct str at __free(str) = {0};
	size_t n;

	/* By mount(2) the object is the place, and the type stands in the arguments. */
	if (strcmp(call->object, "proc") && strncmp(call->args, "\"proc\",", 7))
		return false;
	n = mounts_at("/proc", true, &at);
	snprintf(buf, size, "the /proc seen here is partly covered by other mounts%s%s%s%s, and the kernel gives a user namespace no more than it can see: uncover it (docker: --security-opt systempaths=unconfined, podman: --security-opt unmask=ALL), or do without --mount-proc",
		 n && n != SIZE_MAX ? " (" : "", n && n != SIZE_MAX ? at.s : "", n && n != SIZE_MAX ? ")" : "",
		 n ? "" : " or read-only");
	return true;
}

/* Ubuntu since 23.10. */
bool hint_apparmor(const struct rf_call *call, char *buf, size_t size)
{
	char *profile __free(ptr) = NULL, program[128] = "PROGRAM";
	ssize_t n;

	if (read_number("/proc/sys/kernel/apparmor_restrict_unprivileged_userns") != 1)
		return false;
	n = sys_readlinkat(AT_FDCWD, "/proc/self/exe", program, sizeof(program) - 1);
	if (n > 0)
		program[n] = '\0';
	if (file_read_at(AT_FDCWD, "/proc/self/attr/current", 256, &profile, NULL) >= 0)
		profile[strcspn(profile, "\n")] = '\0';
	snprintf(buf, size, "kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor (here: %s) takes away what the user namespace gives. Root allows it by a file in /etc/apparmor.d, loaded with apparmor_parser -r: profile nsrun %s flags=(unconfined) { userns, }",
		 profile && profile[0] ? profile : "unknown", program);
	return true;
}

bool hint_not_a_mount(const struct rf_call *call, char *buf, size_t size)
{
	if (strcmp(call->object, "/"))
		return false;
	snprintf(buf, size, "this process is in a chroot whose root is no mount: bind that directory onto itself before chroot (mount --bind DIR DIR), enter it by nsrun --root DIR instead, or take --propagation unchanged");
	return true;
}
