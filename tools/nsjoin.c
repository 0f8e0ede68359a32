// SPDX-License-Identifier: GPL-2.0-or-later
/* nsjoin: run a program in existing namespaces. Takes nsenter(1)'s options with their meaning. */
#include <errno.h>
#include <ringfence/child.h>
#include <ringfence/container.h>
#include <ringfence/join.h>
#include <ringfence/pin.h>
#include <ringfence/priv.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "proc/seal.h"
#include "sys/uapi.h"
#include "tool.h"

static struct rf_join join = {.size = sizeof(join), .pidfd = -1, .net_socket = -1};
/* By the row of the table below: NULL where the option was not given, "" without a file. */
static const char *kinds[RF_NS_KINDS], *root, *wd, *target, *container, *as_uid, *as_gid, *pin;
static bool preserve, no_kill_child;
static int64_t pidfd = -1, net_socket = -1;
static struct opt_list pass_fds, drop;

enum { USER, MOUNT, PID, NET, IPC, UTS, CGROUP, TIME }; /* the order of rf_ns_kind() */

#define NS_ROW(letter, word, index, what)                                                          \
	{letter, word, OPT_OPTIONAL, &kinds[index], "FILE", "the target's " what ", or that of FILE"}

static const struct opt_row options[] = {
	{'t', "target", OPT_STRING, &target, "PID[:INODE]",
	 "take namespaces from this process; with INODE only where its pidfd has that inode number"},
	{0, "pin", OPT_STRING, &pin, "NAME|DIR", "take all that nsrun --pin has kept under this name or in DIR"},
	{0, "target-fd", OPT_INT, &pidfd, "N", "take them from the process of pidfd N", 0, 0, 1 << 20},
	{0, "container", OPT_STRING, &container, "NAME",
	 "take them from the first process of this container: of runc, crun, youki, containerd, docker, podman, systemd-machined or LXC"},
	{'a', "all", OPT_FLAG, &join.all, NULL, "all namespaces in which the target's differ from the caller's"},
	NS_ROW('m', "mount", MOUNT, "mount namespace"),
	NS_ROW('u', "uts", UTS, "UTS namespace"),
	NS_ROW('i', "ipc", IPC, "IPC namespace"),
	NS_ROW('n', "net", NET, "network namespace"),
	{'N', "net-socket", OPT_INT, &net_socket, "FD", "the network namespace of the target's socket FD, or without a target of the caller's own", 0, 0, 1 << 20},
	NS_ROW('p', "pid", PID, "pid namespace"),
	NS_ROW('U', "user", USER, "user namespace"),
	{0, "user-parent", OPT_FLAG, &join.user_parent, NULL,
	 "the user namespace that owns the one named, instead of it"},
	NS_ROW('C', "cgroup", CGROUP, "cgroup namespace"),
	NS_ROW('T', "time", TIME, "time namespace"),
	{'c', "join-cgroup", OPT_FLAG, &join.follow_cgroup, NULL,
	 "join the target's control group in every hierarchy"},
	{'S', "setuid", OPT_STRING, &as_uid, "UID|follow",
	 "run as this user id inside, or as the target's; 0 unless given where a user namespace is joined"},
	{'G', "setgid", OPT_STRING, &as_gid, "GID|follow",
	 "run as this group id inside, or as the target's, without other groups"},
	{0, "preserve-credentials", OPT_FLAG, &preserve, NULL, "leave user and group ids as they are"},
	{'r', "root", OPT_OPTIONAL, &root, "DIR", "the target's root directory, or DIR as the caller sees it"},
	{'w', "wd", OPT_OPTIONAL, &wd, "DIR",
	 "start in the target's working directory, or in DIR as the caller sees it"},
	{'W', "wdns", OPT_STRING, &join.wd_inside, "DIR", "start in DIR as seen inside"},
	{'e', "env", OPT_FLAG, &join.follow_environment, NULL,
	 "take the environment that the target was started with"},
	{'F', "no-fork", OPT_FLAG, &join.no_fork, NULL,
	 "become the program in this very process: only its children are in a pid namespace that is joined"},
	{0, "drop", OPT_LIST, &drop, "CAPS",
	 "take these capabilities away inside, names with commas between them or all"},
	{0, "no-new-privs", OPT_FLAG, &join.no_new_privs, NULL, "forbid to gain privilege at exec"},
	{0, "no-kill-child", OPT_FLAG, &no_kill_child, NULL, "let the program outlive nsjoin"},
	{0, "pass-fd", OPT_LIST, &pass_fds, "N",
	 "leave descriptor N open for the program; all others above 2 are closed"},
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors and steps as JSON"},
	OPT_COMMON_EXPLAIN,
	OPT_COMMON_EMIT,
	{0},
};

static int set_container(void)
{
	struct rf_container c;
	int r = rf_container_find(container, &c);

	if (r < 0)
		return tool_error(r, "--container");
	join.pid = c.pid;
	join.pid_start = c.start;
	return 0;
}

static int set_target(void)
{
	char number[24];
	const char *colon = target ? strchr(target, ':') : NULL;
	uint64_t pid = 0;
	int r = 0;

	join.pidfd = (int)pidfd;
	join.net_socket = (int)net_socket;
	if (!!target + !!container + (pidfd >= 0) > 1)
		return tool_usage_error("--target, --target-fd and --container exclude each other");
	if (container)
		return set_container();
	if (!target)
		return 0;
	snprintf(number, sizeof(number), "%.*s", colon ? (int)(colon - target) : 23, target);
	if (str_to_u64(number, &pid) < 0 || !pid || pid > 1 << 22)
		return tool_usage_error("--target: \"%s\" is not a pid", target);
	if (colon)
		r = str_to_u64(colon + 1, &join.pid_inode);
	if (r < 0 || (colon && !join.pid_inode))
		return tool_usage_error("--target: \"%s\" is not the inode number of a pidfd", colon + 1);
	join.pid = (pid_t)pid;
	return 0;
}

/* All of a set, unless the option of a kind names another. */
static int set_pin(void)
{
	char *files[RF_NS_KINDS];
	int r = pin ? rf_pin_files(pin, files) : 0;

	if (r < 0)
		return tool_error(r, "--pin");
	for (size_t i = 0; pin && i < RF_NS_KINDS; i++)
		if (!kinds[i])
			kinds[i] = files[i];
		else
			free(files[i]);
	return 0;
}

static int set_kinds(void)
{
	static struct rf_join_file files[RF_NS_KINDS];

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		uint64_t flag = rf_ns_kind(i)->flag;

		if (!kinds[i])
			continue;
		if (!kinds[i][0])
			join.namespaces |= flag;
		else
			files[join.n_files++] = (struct rf_join_file){flag, kinds[i]};
	}
	join.files = files;
	return 0;
}

static int set_id(const char *option, const char *word, enum rf_join_id *ret_from, uint32_t *ret_id)
{
	uint64_t id;

	*ret_from = preserve ? RF_ID_KEEP : RF_ID_DEFAULT;
	if (!word)
		return 0;
	if (preserve)
		return tool_usage_error("--%s and --preserve-credentials exclude each other", option);
	if (str_eq(word, "follow")) {
		*ret_from = RF_ID_FOLLOW;
		return 0;
	}
	if (str_to_u64(word, &id) < 0 || id >= UINT32_MAX)
		return tool_usage_error("--%s: \"%s\" is neither a number from 0 to 4294967294 nor follow", option, word);
	*ret_from = RF_ID_GIVEN;
	*ret_id = (uint32_t)id;
	return 0;
}

static int set_places(void)
{
	join.follow_root = root && !root[0];
	join.root = root && root[0] ? root : NULL;
	join.follow_wd = wd && !wd[0];
	join.wd = wd && wd[0] ? wd : NULL;
	join.kill_signal = no_kill_child ? -1 : SIGKILL;
	return 0;
}

static int set_caps(void)
{
	for (size_t i = 0; i < drop.n; i++) {
		uint64_t more;
		int r = rf_caps_parse(drop.words[i], &more);

		if (r < 0)
			return tool_error(r, "--drop");
		join.drop_caps |= more;
	}
	return 0;
}

static int set_join(char **argv)
{
	static char bin_sh[] = "/bin/sh", *shell[2];
	int r = set_target();

	if (!argv[0]) {
		shell[0] = getenv("SHELL") ?: bin_sh;
		argv = shell;
	}
	join.argv = argv;
	if (!r)
		r = set_pin();
	if (!r)
		r = set_kinds();
	if (!r)
		r = set_id("setuid", as_uid, &join.uid_from, &join.uid);
	if (!r)
		r = set_id("setgid", as_gid, &join.gid_from, &join.gid);
	if (!r)
		r = set_places();
	if (!r)
		r = set_caps();
	return r ? r : tool_descriptors("pass-fd", &pass_fds, &join.pass_fds, &join.n_pass_fds);
}

/* What is executed inside may be this very program (see proc/seal.c). */
static int be_sealed(void)
{
	bool foreign = !tool_state.dry_run && (join.all || kinds[MOUNT]);
	int r = foreign ? proc_seal("nsjoin", tool_state.argv) : 0;

	return r < 0 ? tool_error(r, "this program's own file could not be protected from what runs inside") : 0;
}

DEFINE_FREE(plan, struct rf_plan *, rf_plan_free(v))

static int run(int argc, char **argv)
{
	struct rf_plan *plan __free(plan) = NULL;
	int status, r = be_sealed();
	pid_t pid;

	if (!r)
		r = set_join(argv);
	if (r)
		return r;
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_join(plan, &join);
	if (r < 0)
		return tool_error(r, "plan");
	pid = tool_run_plan(plan);
	if (pid <= 0)
		return -pid;
	r = rf_child_wait(pid, &status, NULL);
	return r < 0 ? tool_error(r, "wait for the program") : tool_exit_as(status);
}

static const struct tool tool = {
	.name = "nsjoin",
	.help = "Run a program in namespaces that exist",
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
