// SPDX-License-Identifier: GPL-2.0-or-later
/* nsrun: run a program in new namespaces. Takes unshare(1)'s options with their meaning. */
#include <ringfence/ns.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "nsrun.h"
#include "proc/seal.h"
#include "sys/uapi.h"

static const char *const propagation_words[] = {"private", "slave", "shared", "unchanged", NULL};
static const unsigned long propagation_flags[] = {MS_PRIVATE, MS_SLAVE, MS_SHARED, RF_UNCHANGED};
static const char *const setgroups_words[] = {"allow", "deny", NULL};
static const char *const proc_default[] = {"/proc", NULL};
static const char *const kill_default[] = {"KILL", NULL};

static struct rf_sandbox box = {.size = sizeof(box)};
static struct id_words ids;
static struct watch_words watch = {.ready_fd = -1};
static bool no_kill_child, clear_env;
static int propagation = -1, setgroups_word = -1;
static const char *kill_child;
static int64_t as_uid = -1, as_gid = -1;
static int64_t block_fd = -1, info_fd = -1;
static struct opt_list pass_fds, kept_env, only_env, set_env, unset_env;

/* [+-]SECONDS[.FRACTION]: the fraction counts up from the whole seconds below. */
static int parse_offset(const char *word, void *to)
{
	struct rf_clock_offset o = {.set = true};
	bool minus = word[0] == '-';
	char *end;
	long long whole;
	uint32_t nano = 0, place = 100000000;

	errno = 0;
	whole = strtoll(word, &end, 10);
	if (errno || end == word)
		return -EINVAL;
	if (*end == '.')
		for (end++; *end >= '0' && *end <= '9' && place; place /= 10)
			nano += (uint32_t)(*end++ - '0') * place;
	if (*end)
		return -EINVAL;
	if (minus && nano) {
		whole--;
		nano = 1000000000 - nano;
	}
	o.seconds = whole;
	o.nanoseconds = nano;
	*(struct rf_clock_offset *)to = o;
	return 0;
}

enum { USER, MOUNT, PID, NET, IPC, UTS, CGROUP, TIME }; /* the order of rf_ns_kind() */

static const struct opt_row options[] = {
	NSRUN_NS_ROW('m', "mount", MOUNT, "mount namespace: the mount table, kept as FILE if one is given"),
	NSRUN_NS_ROW('u', "uts", UTS, "UTS namespace: host and domain name"),
	NSRUN_NS_ROW('i', "ipc", IPC, "IPC namespace: System V IPC and message queues"),
	NSRUN_NS_ROW('n', "net", NET, "network namespace, its loopback interface up"),
	NSRUN_NS_ROW('p', "pid", PID, "pid namespace; implies --fork"),
	NSRUN_NS_ROW('U', "user", USER, "user namespace: ids and capabilities"),
	NSRUN_NS_ROW('C', "cgroup", CGROUP, "cgroup namespace: the root of the groups seen"),
	NSRUN_NS_ROW('T', "time", TIME, "time namespace: boot and monotonic clocks; implies --fork"),
	{'a', "all", OPT_BITS, &box.namespaces, NULL, "new namespace of each of the eight kinds",
	 CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID | CLONE_NEWUSER |
	 CLONE_NEWCGROUP | CLONE_NEWTIME},
	NSRUN_PIN_OPTIONS,
	{'f', "fork", OPT_FLAG, &box.fork, NULL, "run the program in a child and stay as its supervisor"},
	{'r', "map-root-user", OPT_FLAG, &ids.root, NULL,
	 "be root inside, as the caller outside; implies --user"},
	{'c', "map-current-user", OPT_FLAG, &ids.current, NULL,
	 "keep the caller's ids inside; implies --user"},
	{0, "map-user", OPT_STRING, &ids.user, "UID|NAME", "be this user inside, as the caller outside; implies --user"},
	{0, "map-group", OPT_STRING, &ids.group, "GID|NAME", "be in this group inside, as the caller's outside; implies --user"},
	{0, "map-users", OPT_LIST, &ids.users, "INSIDE:OUTSIDE:COUNT[,…]|auto|subids|all",
	 "user ids inside and what they are outside; the caller's subordinate ids from 0 on, or as themselves; all ids as themselves; implies --user"},
	{0, "map-groups", OPT_LIST, &ids.groups, "INSIDE:OUTSIDE:COUNT[,…]|auto|subids|all",
	 "the same for groups; implies --user"},
	{0, "map-auto", OPT_FLAG, &ids.automatic, NULL, "as --map-users auto --map-groups auto"},
	{0, "map-subids", OPT_FLAG, &ids.subids, NULL, "as --map-users subids --map-groups subids"},
	{0, "setgroups", OPT_CHOICE, &setgroups_word, "allow|deny",
	 "whether setgroups(2) works inside", 0, 0, 0, setgroups_words},
	{'S', "setuid", OPT_INT, &as_uid, "UID", "run as this user id inside", 0, 0, 4294967294},
	{'G', "setgid", OPT_INT, &as_gid, "GID", "run as this group id inside", 0, 0, 4294967294},
	{'R', "root", OPT_STRING, &box.root, "DIR",
	 "make DIR the root by pivot_root; implies --mount"},
	{'w', "wd", OPT_STRING, &box.workdir, "DIR", "start in DIR, inside the new root"},
	{0, "mount-proc", OPT_OPTIONAL, &box.proc, "DIR",
	 "mount a new proc file system, on /proc unless DIR is given; implies --mount"},
	NSRUN_MOUNT_OPTIONS,
	{0, "empty-root", OPT_FLAG, &box.empty_root, NULL,
	 "make the root an empty directory in memory, which the mounts fill; not with --root; implies --mount"},
	{0, "root-ro", OPT_FLAG, &box.root_ro, NULL,
	 "after the mounts make the root read-only, with all that is mounted below it; implies --mount"},
	{0, "propagation", OPT_CHOICE, &propagation, "private|slave|shared|unchanged",
	 "propagation of all mounts in a new mount namespace; private unless given", 0, 0, 0,
	 propagation_words},
	{0, "hostname", OPT_STRING, &box.hostname, "NAME", "set the host name; implies --uts"},
	{0, "loopback-down", OPT_FLAG, &box.loopback_down, NULL,
	 "leave the loopback interface of a new network namespace down"},
	{0, "kill-child", OPT_OPTIONAL, &kill_child, "SIGNAL",
	 "signal for the program when nsrun dies; KILL unless given, and on unless --no-kill-child",
	 0, 0, 0, NULL},
	{0, "no-kill-child", OPT_FLAG, &no_kill_child, NULL, "let the program outlive nsrun"},
	{0, "outer-program", OPT_FLAG, &box.outer_program, NULL,
	 "PROGRAM is of the caller's root, not of the new one; it must be linked statically"},
	{0, "pass-fd", OPT_LIST, &pass_fds, "N",
	 "leave descriptor N open for the program; all others above 2 are closed"},
	{0, "keep-caps", OPT_FLAG, &box.keep_caps, NULL,
	 "let the program keep what the user namespace gave, also where it is not user 0"},
	{0, "no-init", OPT_FLAG, &box.no_init, NULL,
	 "be pid 1 of a new pid namespace; else an init is, which reaps orphans and passes signals on"},
	{0, "monotonic", OPT_CALL, &box.monotonic, "SECONDS", "set the monotonic clock off by this; implies --time", 0, 0, 0, NULL, parse_offset},
	{0, "boottime", OPT_CALL, &box.boottime, "SECONDS", "set the boot-time clock off by this; implies --time", 0, 0, 0, NULL, parse_offset},
	{0, "clear-env", OPT_FLAG, &clear_env, NULL, "begin with an empty environment"},
	{0, "keep-env", OPT_LIST, &kept_env, "NAME[,…]", "with --clear-env: but keep these variables"},
	{0, "whitelist-env", OPT_LIST, &only_env, "NAME[,…]", "as --clear-env with --keep-env"},
	{0, "setenv", OPT_LIST, &set_env, "NAME=VALUE", "set a variable"},
	{0, "unsetenv", OPT_LIST, &unset_env, "NAME", "remove a variable"},
	{0, "timeout", OPT_TIME, &watch.timeout_us, "TIME",
	 "end the program after this time: SIGTERM, after 2 s SIGKILL; the exit code is then 124"},
	{0, "report", OPT_STRING, &watch.report, "FILE|fd:N",
	 "when the program has ended, write as JSON how, and what it used"},
	{0, "ready-fd", OPT_INT, &watch.ready_fd, "N", "write a line there when the program runs; implies --fork", 0, 3, 1 << 20},
	{0, "block-fd", OPT_INT, &block_fd, "N", "wait for a byte or the end there before the program runs", 0, 3, 1 << 20},
	{0, "info-fd", OPT_INT, &info_fd, "N", "write there as JSON the pid, namespaces and maps, before the program runs; implies --fork", 0, 3, 1 << 20},
	{0, "pty", OPT_FLAG, &box.pty, NULL,
	 "give the program a terminal of its own, with job control and the size of the caller's; implies --fork"},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors and steps as JSON"},
	OPT_COMMON_EXPLAIN,
	OPT_COMMON_EMIT,
	{0},
};

static int signal_number(const char *name)
{
	if (!strncmp(name, "SIG", 3))
		name += 3;
	for (int sig = 1; sig < NSIG; sig++) {
		const char *known = sigabbrev_np(sig);

		if (known && !strcmp(known, name))
			return sig;
	}
	return -1;
}

static bool is_in(const struct opt_list *list, const char *variable)
{
	size_t len = strcspn(variable, "=");

	for (size_t i = 0; i < list->n; i++)
		for (const char *p = list->words[i]; *p; p += strcspn(p, ","), p += *p == ',')
			if (strcspn(p, ",") == len && !strncmp(p, variable, len))
				return true;
	return false;
}

static int change_environment(void)
{
	size_t n = 0;

	clear_env |= only_env.n > 0;
	if (kept_env.n && !clear_env)
		return tool_usage_error("--keep-env says what --clear-env shall leave");
	while (clear_env && environ[n])
		n++;
	if (clear_env) {
		size_t kept = 0;

		for (size_t i = 0; i < n; i++)
			if (is_in(&kept_env, environ[i]) || is_in(&only_env, environ[i]))
				environ[kept++] = environ[i];
		environ[kept] = NULL;
	}
	for (size_t i = 0; i < unset_env.n; i++)
		if (unsetenv(unset_env.words[i]) < 0)
			return tool_usage_error("--unsetenv: \"%s\" is not the name of a variable", unset_env.words[i]);
	for (size_t i = 0; i < set_env.n; i++)
		if (set_env.words[i][0] == '=' || !strchr(set_env.words[i], '=') || putenv((char *)(uintptr_t)set_env.words[i]))
			return tool_usage_error("--setenv: \"%s\" is not NAME=VALUE", set_env.words[i]);
	return 0;
}

static int set_box(char **argv)
{
	static char bin_sh[] = "/bin/sh", *shell[2];

	if (box.proc && !box.proc[0])
		box.proc = proc_default[0];
	if (kill_child && !kill_child[0])
		kill_child = kill_default[0];
	box.kill_signal = no_kill_child ? -1 : kill_child ? signal_number(kill_child) : SIGKILL;
	if (box.kill_signal < 0 && !no_kill_child)
		return tool_usage_error("--kill-child: \"%s\" is not the name of a signal", kill_child);
	if (propagation >= 0)
		box.propagation = propagation_flags[propagation];
	if (setgroups_word >= 0)
		box.setgroups = setgroups_word ? RF_SETGROUPS_DENY : RF_SETGROUPS_ALLOW;
	box.has_uid = as_uid >= 0;
	box.uid = (uint32_t)as_uid;
	box.has_gid = as_gid >= 0;
	box.gid = (uint32_t)as_gid;
	if (!argv[0]) {
		shell[0] = getenv("SHELL") ?: bin_sh;
		argv = shell;
	}
	box.argv = argv;
	box.block_fd = block_fd < 0 ? 0 : (int)block_fd;
	box.info_fd = info_fd < 0 ? 0 : (int)info_fd;
	box.fork |= watch.ready_fd >= 0 || watch.timeout_us || watch.report || kill_child;
	watch.group = keep.group;
	return tool_descriptor("ready-fd", watch.ready_fd) ?: tool_descriptor("block-fd", block_fd) ?:
	       tool_descriptor("info-fd", info_fd) ?: keep_set(&box) ?: tool_descriptors("pass-fd", &pass_fds, &box.pass_fds, &box.n_pass_fds);
}

/* What root executes inside, with root's rights outside, may be this very program (see proc/seal.c). */
static int be_sealed(void)
{
	bool foreign = box.root && !geteuid() && !(box.namespaces & CLONE_NEWUSER) && !box.uid_map.n && !box.gid_map.n;
	int r = foreign && !tool_state.dry_run && tool_state.emit < 0 ? proc_seal("nsrun", tool_state.argv) : 0;

	return r < 0 ? tool_error(r, "this program's own file could not be protected from what runs inside") : 0;
}

DEFINE_FREE(plan, struct rf_plan *, rf_plan_free(v))

static int run(int argc, char **argv)
{
	struct rf_plan *plan __free(plan) = NULL;
	int r = keep.unpin ? 0 : set_maps(&box, &ids);
	pid_t pid;

	if (keep.unpin)
		return keep_unpin(&box, argv);
	if (!r)
		r = set_mounts(&box);
	if (!r)
		r = set_box(argv);
	if (!r)
		r = be_sealed();
	if (!r)
		r = change_environment();
	if (!r)
		r = watch_begin(&watch);
	if (r) {
		watch_abandon();
		return r;
	}
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_sandbox(plan, &box);
	pid = r < 0 ? -tool_error(r, "plan") : tool_run_plan(plan);
	if (pid <= 0) {
		watch_abandon();
		return -pid;
	}
	keep_warn(&box);
	return watch_end(plan, pid);
}

static const struct tool tool = {
	.name = "nsrun",
	.help = "Run a program in new namespaces",
	.usage = "[OPTION…] [--] [PROGRAM [ARGUMENT…]]",
	.options = options,
	.run = run,
	.max_args = -1,
	.runs_program = true,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
