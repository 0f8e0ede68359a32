// SPDX-License-Identifier: GPL-2.0-or-later
/* What is done to the processes of a group: move, freeze, thaw, kill, reclaim. */
#include <errno.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "cgctl.h"

enum { FREEZE_WAIT_US = 10000000, INPUT_LIMIT = 16 << 20 };

static bool threads;
static uint64_t wait_us = FREEZE_WAIT_US;

const struct opt_row move_options[] = {
	{'t', "threads", OPT_FLAG, &threads, NULL, "the numbers are those of threads, each to be moved alone"},
	OPT_CGCTL_ACT,
	{0},
};

const struct opt_row freeze_options[] = {
	{'w', "wait", OPT_TIME, &wait_us, "TIME", "wait so long until all of it is so, 10s unless given"},
	OPT_CGCTL_ACT,
	{0},
};

const struct opt_row kill_options[] = {OPT_CGCTL_ACT, {0}};

struct ids {
	pid_t *list;
	size_t n;
};

static int add_id(struct ids *ids, const char *word)
{
	uint64_t n;
	pid_t *more = ids->list;

	if (str_to_u64(word, &n) < 0 || !n || n > INT32_MAX)
		return tool_usage_error("\"%s\" is not a number of a process", word);
	if (!(ids->n & (ids->n - 1)))
		more = realloc(ids->list, (ids->n ? ids->n * 2 : 1) * sizeof(*more));
	if (!more)
		return tool_error(-ENOMEM, "move");
	ids->list = more;
	more[ids->n++] = (pid_t)n;
	return 0;
}

/* Words of standard input, as pgrep prints them. */
static int read_ids(struct ids *ids)
{
	char *text __free(ptr) = NULL, *save = NULL;
	int r = file_read_fd(STDIN_FILENO, INPUT_LIMIT, &text, NULL);

	if (r < 0)
		return tool_error(r, "standard input");
	r = 0;
	for (char *w = strtok_r(text, " \t\r\n", &save); !r && w; w = strtok_r(NULL, " \t\r\n", &save))
		r = add_id(ids, w);
	return r;
}

static void gone(pid_t id, void *data)
{
	tool_warn("%d ended before it was moved", (int)id);
}

/* The result as JSON; people see nothing where all is as asked. */
static int done(const char *group, const char *what, uint64_t n)
{
	char *name __free(ptr) = cgctl_name(group);

	if (!tool_state.json || tool_state.dry_run || tool_state.explain || !name)
		return 0;
	fputs("{\"group\": ", stdout);
	emit_json_string(name);
	printf(", \"%s\": %llu}\n", what, (unsigned long long)n);
	return 0;
}

static int act_on(struct rf_cgroup_act *act, const char *what, const char *counted)
{
	struct rf_cgroup_act_result result = {0};
	int r = cgctl_open(false, &act->fs);

	if (r)
		return r;
	act->result = &result;
	r = cgctl_act(act, what);
	act->result = NULL;
	rf_cgroup_fs_free(act->fs);
	return r || !counted ? r : done(act->group, counted, result.n_processes);
}

int move_run(int argc, char **argv)
{
	struct ids ids = {0};
	struct rf_cgroup_act act = {.kind = RF_CGROUP_ACT_MOVE, .group = argv[0], .gone = gone,
				    .flags = threads ? RF_CGROUP_THREADS : 0};
	int r = 0;

	for (int i = 1; !r && i < argc; i++)
		r = strcmp(argv[i], "-") ? add_id(&ids, argv[i]) : read_ids(&ids);
	act.ids = ids.list;
	act.n_ids = ids.n;
	if (!r)
		r = act_on(&act, "move into", threads ? "moved_threads" : "moved_processes");
	free(ids.list);
	return r;
}

int freeze_run(int argc, char **argv)
{
	struct rf_cgroup_act act = {.kind = RF_CGROUP_ACT_FREEZE, .group = argv[0], .wait_us = wait_us};

	return act_on(&act, "freeze", NULL);
}

int thaw_run(int argc, char **argv)
{
	struct rf_cgroup_act act = {.kind = RF_CGROUP_ACT_THAW, .group = argv[0], .wait_us = wait_us};

	return act_on(&act, "thaw", NULL);
}

int kill_run(int argc, char **argv)
{
	struct rf_cgroup_act act = {.kind = RF_CGROUP_ACT_KILL, .group = argv[0]};

	return act_on(&act, "kill", "killed_processes");
}

int reclaim_run(int argc, char **argv)
{
	struct rf_cgroup_act_result result = {.reclaimed_bytes = RF_CGROUP_UNKNOWN};
	struct rf_cgroup_act act = {.kind = RF_CGROUP_ACT_RECLAIM, .group = argv[0], .result = &result};
	char buf[32];
	int r;

	if (rf_parse_bytes(argv[1], &act.bytes) < 0 || !act.bytes || act.bytes == RF_MAX)
		return tool_usage_error("reclaim: \"%s\" is not an amount of memory such as 64M", argv[1]);
	r = cgctl_open(false, &act.fs);
	if (r)
		return r;
	if (cgctl_memory_is_v1(act.fs))
		tool_warn("cgroup v1 knows no amount here: memory.force_empty takes all that can be had");
	r = cgctl_act(&act, "reclaim from");
	if (result.reclaimed_bytes != RF_CGROUP_UNKNOWN && tool_state.json)
		done(argv[0], "reclaimed_bytes", result.reclaimed_bytes);
	else if (result.reclaimed_bytes != RF_CGROUP_UNKNOWN && !tool_state.dry_run)
		printf("reclaimed %s\n", rf_format_bytes(result.reclaimed_bytes, buf, sizeof(buf)));
	rf_cgroup_fs_free(act.fs);
	return r;
}
