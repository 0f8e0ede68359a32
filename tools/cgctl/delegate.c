// SPDX-License-Identifier: GPL-2.0-or-later
/* cgctl delegate: a subtree for a user, back again, and what a user may do. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "cgctl.h"
#include "priv/users.h"

enum { GROUPS_MAX = 1024 };

static bool undo, check;

const struct opt_row delegate_options[] = {
	{'u', "undo", OPT_FLAG, &undo, NULL, "take it back: GROUP is the only argument"},
	{'c', "check", OPT_FLAG, &check, NULL,
	 "change nothing; show which files decide whether USER may move his processes into GROUP, from FROM or from where cgctl runs"},
	OPT_CGCTL_ACT,
	{0},
};

static const struct column columns[] = {
	{"group", "GROUP", CELL_TEXT}, {"file", "FILE", CELL_TEXT},	  {"hierarchy", "HIERARCHY", CELL_TEXT},
	{"reason", "REASON", CELL_TEXT}, {"owner_uid", "UID", CELL_NUMBER}, {"owner_gid", "GID", CELL_NUMBER},
	{"mode", "MODE", CELL_TEXT},	 {"writable", "WRITABLE", CELL_BOOL}, {0},
};

struct user {
	uid_t uid;
	gid_t gids[GROUPS_MAX];
	int n_gids;
};

static int find_group(struct users *users, const char *word, uint32_t *ret_gid)
{
	const struct users_entry *group;
	uint64_t n;
	int r = users_find(users, USERS_GROUP, word, &group);

	if (r < 0)
		return tool_error(r, "group \"%s\"", word);
	if (!r && (str_to_u64(word, &n) < 0 || n >= UINT32_MAX))
		return tool_usage_error("there is no group \"%s\"", word);
	*ret_gid = r ? group->id : (uint32_t)n;
	return 0;
}

static int fill_user(struct users *users, const char *word, struct user *user)
{
	const struct users_entry *found;
	uint64_t n;
	int r = users_find(users, USERS_PASSWD, word, &found);

	if (!r && (str_to_u64(word, &n) < 0 || n >= UINT32_MAX))
		return tool_usage_error("there is no user \"%s\"", word);
	if (!r) {
		user->uid = user->gids[0] = (uint32_t)n;
		user->n_gids = 1;
		return 0;
	}
	if (r > 0)
		r = check ? users_groups(users, found, user->gids, GROUPS_MAX) : 1;
	if (r < 0)
		return tool_error(r, "user \"%s\"", word);
	user->uid = found->id;
	user->gids[0] = found->gid;
	user->n_gids = r;
	return 0;
}

/* USER[:GROUP], names or numbers. */
static int find_user(const char *word, struct user *user)
{
	struct users users = {0};
	char name[256], *colon;
	int r;

	if (str_copy(name, sizeof(name), word) < 0)
		return tool_usage_error("\"%s\" is not a user", word);
	colon = strchr(name, ':');
	if (colon)
		*colon++ = '\0';
	r = fill_user(&users, name, user);
	if (!r && colon)
		r = find_group(&users, colon, &user->gids[0]);
	users_done(&users);
	return r;
}

static void gate(const struct rf_cgroup_gate *g, void *data)
{
	char mode[16], *name __free(ptr) = cgctl_name(g->group);

	snprintf(mode, sizeof(mode), "%04o", g->mode);
	table_text(data, name);
	table_text(data, g->file);
	table_text(data, g->hierarchy);
	table_text(data, g->why);
	table_number(data, g->uid);
	table_number(data, g->gid);
	table_text(data, mode);
	table_number(data, g->open);
}

static int run_check(struct rf_cgroup_fs *fs, const struct user *user, const char *group, const char *from)
{
	struct table *t = table_new(columns);
	int r = rf_cgroup_may_move(fs, from, group, user->uid, user->gids, (size_t)user->n_gids, gate, t);

	if (r < 0) {
		table_free(t);
		return cgctl_error(r, "delegate --check", group);
	}
	table_print(t);
	if (!r && !tool_state.json)
		puts("no: each of these files must be writable");
	return r ? EXIT_OK : EXIT_FAILED;
}

int delegate_run(int argc, char **argv)
{
	struct user user = {.uid = (uid_t)-1, .gids = {(gid_t)-1}};
	struct rf_cgroup_act act = {.kind = RF_CGROUP_ACT_DELEGATE, .group = argv[argc > 1]};
	int r = 0;

	if (undo ? argc != 1 : argc < 2 || argc > (check ? 3 : 2))
		return tool_usage_error("delegate: the arguments are %s",
					undo	? "--undo GROUP"
					: check ? "--check USER GROUP [FROM]"
						: "USER GROUP");
	if (undo && check)
		return tool_usage_error("delegate: --undo and --check exclude each other");
	if (!undo)
		r = find_user(argv[0], &user);
	if (!r)
		r = cgctl_open(false, &act.fs);
	if (r)
		return r;
	act.uid = user.uid;
	act.gid = user.gids[0];
	r = check ? run_check(act.fs, &user, argv[1], argc > 2 ? argv[2] : NULL) : cgctl_act(&act, "delegate");
	rf_cgroup_fs_free(act.fs);
	return r;
}
