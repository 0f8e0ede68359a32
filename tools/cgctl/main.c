// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl: control groups on v1, hybrid and v2, by one vocabulary. */
#include "cgctl.h"

#include <errno.h>
#include <ringfence/net.h>
#include <string.h>

#include "base/str.h"
#include "cgroup/cgroup.h"

static void swept(const char *group, size_t killed, int result, void *data)
{
	if (result < 0)
		tool_warn("/%s was left by a cgctl that is gone, and can't be removed: %s", group,
			  strerror(-result));
	else
		tool_warn("removed /%s, which a killed cgctl had left, and killed %zu process%s in it",
			  group, killed, killed == 1 ? "" : "es");
}

int cgctl_open(bool sweep, struct rf_cgroup_fs **ret_fs)
{
	int r = rf_cgroup_fs_open(ret_fs);

	if (r < 0)
		return tool_error(r, "control groups");
	rf_cgroup_use_bpf(*ret_fs);
	if (sweep && !tool_state.dry_run) {
		rf_cgroup_sweep(*ret_fs, swept, NULL);
		rf_cgroup_sweep_bpf();
	}
	return 0;
}

int cgctl_open_for(const char *group, char **words, int n, struct rf_cgroup_fs **ret_fs)
{
	int r = cgroup_fs_open_for(group, (const char *const *)words, (size_t)n, ret_fs);

	if (r < 0)
		return tool_error(r, "control groups");
	rf_cgroup_use_bpf(*ret_fs);
	return 0;
}

void cgctl_note(const char *key, const char *wanted, const char *got, void *data)
{
	if (!wanted)
		tool_warn("%s is put back to %s first: who set it among others was killed in between", key, got);
	else
		tool_warn("%s: the kernel made %s of %s", key, got, wanted);
}

int cgctl_error(int error, const char *what, const char *group)
{
	/* A value or name that was refused before anything was touched is the user's mistake. */
	bool usage = error == -EINVAL && !strcmp(rf_trace_last_failure()->name, "check");
	int code = tool_error(error, "%s /%s", what, group + strspn(group, "/"));

	return usage && code == EXIT_FAILED ? EXIT_USAGE : code;
}

char *cgctl_name(const char *group)
{
	return str_format("/%s", group + strspn(group, "/"));
}

bool cgctl_memory_is_v1(const struct rf_cgroup_fs *fs)
{
	return cgroup_key_is_v1(fs, cgroup_key_find("memory.max"));
}

static const struct tool_command commands[] = {
	{"list", "[GROUP]", "Show the tree of groups with what each holds and uses", list_options,
	 list_run, 0, 1, false},
	{"tree", "[GROUP]", "The same with columns by choice, down to a depth", tree_options, tree_run, 0, 1, false},
	{"show", "GROUP", "One page on a group: what it is, holds and has been set to", show_options, show_run, 1, 1,
	 false},
	{"create", "GROUP [KEY=VALUE…]", "Make a group and set values, all or none", create_options,
	 create_run, 1, -1, false},
	{"set", "GROUP KEY=VALUE…", "Set values of a group, all or none", set_options, set_run, 2, -1,
	 false},
	{"get", "GROUP [KEY…]", "Print values of a group, all known ones unless named", get_options,
	 get_run, 1, -1, false},
	{"keys", "[KEY|CONTROLLER]", "Tell what can be read and set, and what it means", keys_options,
	 keys_run, 0, 1, false},
	{"run", "[--] PROGRAM [ARGUMENT…]", "Run a program in a group", run_options, run_run, 1, -1,
	 true},
	{"move", "GROUP PID…", "Move processes into a group, all or none; - reads them from standard input",
	 move_options, move_run, 2, -1, false},
	{"freeze", "GROUP", "Stop all processes of a group, and wait until they stand still", freeze_options,
	 freeze_run, 1, 1, false},
	{"thaw", "GROUP", "Let them go on", freeze_options, thaw_run, 1, 1, false},
	{"kill", "GROUP", "Kill all processes of a group and of those below", kill_options, kill_run, 1, 1, false},
	{"reclaim", "GROUP SIZE", "Take memory from a group that it does not need now", kill_options, reclaim_run, 2, 2,
	 false},
	{"delegate", "USER GROUP", "Give a group to a user, who may divide it", delegate_options, delegate_run, 1, 3,
	 false},
	{"top", "[GROUP]", "Show what the groups use, again and again", top_options, top_run, 0, 1, false},
	{"record", "FILE [GROUP]", "Write what the groups use into a file, again and again", record_options, record_run, 1, 2, false},
	{"replay", "FILE", "Show a recording as top does, or print it", replay_options, replay_run, 1, 1, false},
	{"serve-metrics", "[GROUP]", "Print what the groups use for a scraper, or serve it", serve_options, serve_run, 0, 1, false},
	{"watch", "GROUP…", "Tell what happens to groups as it happens", watch_options, watch_run, 1, -1, false},
	{"why", "PID|GROUP", "Tell what limits a process or group, and what has been happening", why_options, why_run, 0, 1, false},
	{"doctor", "[GROUP]", "Look for what is wrong with groups, and tell what helps", doctor_options, doctor_run, 0, 1, false},
	{"delete", "GROUP", "Remove a group", delete_options, delete_run, 1, 1, false},
	{"convert", "KEY=VALUE…", "Translate values between cgroup v1 and v2", convert_options, convert_run, 1, -1,
	 false},
	{"import", "FILE…", "Read cgconfig.conf and cgrules.conf, and say or do what they want", import_options,
	 import_run, 1, -1, false},
	{"snapshot", "[GROUP]", "Write what a group and those below have been set to, as JSON", snapshot_options, snapshot_run, 0, 1, false},
	{"diff", "A B", "Tell what differs between two snapshots, groups, or one of them and now", diff_options, diff_run, 2, 2, false},
	{"restore", "FILE [GROUP]", "Make groups what a snapshot says, all or nothing", restore_options, restore_run, 1, 2, false},
	{"export", "[GROUP]", "Write a cgconfig.conf of a group and those below", export_options, export_run, 0, 1,
	 false},
	{0},
};

/* A key completes wherever a word does; shells know it by the table. */
static const char *key_word(size_t index)
{
	const struct rf_cgroup_key *key = rf_cgroup_key(index);

	return key ? key->name : NULL;
}

static const struct tool tool = {
	.name = "cgctl",
	.help = "Make, set, read, show, divide and remove control groups, and run programs in them",
	.usage = "COMMAND [OPTION…] [ARGUMENT…]",
	.commands = commands,
	.word = key_word,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
