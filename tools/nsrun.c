// SPDX-License-Identifier: GPL-2.0-or-later
/* nsrun: run a program in new namespaces. Takes unshare(1)'s options with their meaning. */
#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/ns.h>
#include <ringfence/sandbox.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "sys/uapi.h"
#include "tool.h"

static const char *const propagation_words[] = {"private", "slave", "shared", "unchanged", NULL};
static const unsigned long propagation_flags[] = {MS_PRIVATE, MS_SLAVE, MS_SHARED, RF_UNCHANGED};
static const char *const setgroups_words[] = {"allow", "deny", NULL};
static const char *const proc_default[] = {"/proc", NULL};
static const char *const kill_default[] = {"KILL", NULL};

static struct rf_sandbox box = {.size = sizeof(box)};
static bool map_root, map_current, no_kill_child;
static int propagation = -1, setgroups_word = -1;
static const char *kill_child;
static int64_t as_uid = -1, as_gid = -1;
static struct opt_list pass_fds;

static int parse_map(const char *word, void *to)
{
	struct rf_idmap map = *(struct rf_idmap *)to;
	int r = rf_idmap_parse(&map, word);

	if (r >= 0)
		*(struct rf_idmap *)to = map;
	return r;
}

#define NS_ROW(letter, word, flag, what)                                                           \
	{letter, word, OPT_BITS, &box.namespaces, NULL, "new " what, flag}

static const struct opt_row options[] = {
	NS_ROW('m', "mount", CLONE_NEWNS, "mount namespace: the mount table"),
	NS_ROW('u', "uts", CLONE_NEWUTS, "UTS namespace: host and domain name"),
	NS_ROW('i', "ipc", CLONE_NEWIPC, "IPC namespace: System V IPC and message queues"),
	NS_ROW('n', "net", CLONE_NEWNET, "network namespace, its loopback interface up"),
	NS_ROW('p', "pid", CLONE_NEWPID, "pid namespace; implies --fork"),
	NS_ROW('U', "user", CLONE_NEWUSER, "user namespace: ids and capabilities"),
	NS_ROW('C', "cgroup", CLONE_NEWCGROUP, "cgroup namespace: the root of the groups seen"),
	NS_ROW('T', "time", CLONE_NEWTIME, "time namespace: boot and monotonic clocks; implies --fork"),
	NS_ROW('a', "all", CLONE_NEWNS | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET | CLONE_NEWPID |
	       CLONE_NEWUSER | CLONE_NEWCGROUP | CLONE_NEWTIME, "namespace of each of the eight kinds"),
	{'f', "fork", OPT_FLAG, &box.fork, NULL, "run the program in a child and stay as its supervisor"},
	{'r', "map-root-user", OPT_FLAG, &map_root, NULL,
	 "be root inside, as the caller outside; implies --user"},
	{'c', "map-current-user", OPT_FLAG, &map_current, NULL,
	 "keep the caller's ids inside; implies --user"},
	{0, "map-users", OPT_CALL, &box.uid_map, "INSIDE:OUTSIDE:COUNT[,…]",
	 "user ids inside and what they are outside; implies --user", 0, 0, 0, NULL, parse_map},
	{0, "map-groups", OPT_CALL, &box.gid_map, "INSIDE:OUTSIDE:COUNT[,…]",
	 "group ids inside and what they are outside; implies --user", 0, 0, 0, NULL, parse_map},
	{0, "setgroups", OPT_CHOICE, &setgroups_word, "allow|deny",
	 "whether setgroups(2) works inside", 0, 0, 0, setgroups_words},
	{'S', "setuid", OPT_INT, &as_uid, "UID", "run as this user id inside", 0, 0, 4294967294},
	{'G', "setgid", OPT_INT, &as_gid, "GID", "run as this group id inside", 0, 0, 4294967294},
	{'R', "root", OPT_STRING, &box.root, "DIR",
	 "make DIR the root by pivot_root; implies --mount"},
	{'w', "wd", OPT_STRING, &box.workdir, "DIR", "start in DIR, inside the new root"},
	{0, "mount-proc", OPT_OPTIONAL, &box.proc, "DIR",
	 "mount a new proc file system, on /proc unless DIR is given; implies --mount"},
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
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors and steps as JSON"},
	OPT_COMMON_EXPLAIN,
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

static int set_maps(void)
{
	uid_t uid = geteuid();
	gid_t gid = getegid();
	int r = 0;

	if (map_root && map_current)
		return tool_usage_error("--map-root-user and --map-current-user exclude each other");
	if (map_root || map_current)
		r = rf_idmap_add(&box.uid_map, map_root ? 0 : uid, uid, 1);
	if (r >= 0 && (map_root || map_current))
		r = rf_idmap_add(&box.gid_map, map_root ? 0 : gid, gid, 1);
	return r < 0 ? tool_error(r, "id map") : 0;
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
	return tool_descriptors("pass-fd", &pass_fds, &box.pass_fds, &box.n_pass_fds);
}

DEFINE_FREE(plan, struct rf_plan *, rf_plan_free(v))

static int run(int argc, char **argv)
{
	struct rf_plan *plan __free(plan) = NULL;
	int status, r = set_maps();
	pid_t pid;

	if (!r)
		r = set_box(argv);
	if (r)
		return r;
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_sandbox(plan, &box);
	if (r < 0)
		return tool_error(r, "plan");
	pid = tool_run_plan(plan);
	if (pid <= 0)
		return -pid;
	r = rf_child_wait(pid, &status, NULL);
	return r < 0 ? tool_error(r, "wait for the program") : tool_exit_as(status);
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
