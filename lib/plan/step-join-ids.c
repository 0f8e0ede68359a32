// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which user and group the program is, inside. The ids of a process stay what they are when it
 * enters a user namespace, and have a name in there only where its map has a row for them.
 */
#include "plan/step-join.h"

#include "plan/step.h"

/* -1: leave it. */
static int id_inside(const struct join_state *j, enum rf_join_id from, uint32_t given,
		     uint32_t followed, const struct rf_idmap *map, int64_t *ret_id)
{
	bool user = j->joined & CLONE_NEWUSER;
	uint32_t id = followed;

	*ret_id = -1;
	if (from == RF_ID_GIVEN)
		*ret_id = given;
	else if (from == RF_ID_DEFAULT && user)
		*ret_id = 0;
	if (from != RF_ID_FOLLOW)
		return 0;
	if (user && rf_idmap_inside(map, followed, &id) < 0)
		return sys_fail(-EINVAL, "follow ids", "", "the target's id %u has no name in its user namespace", followed);
	*ret_id = id;
	return 0;
}

/* 0 by default, where that has a name inside: a sandbox may map its user's own id alone. */
static int id_taken(int r, enum rf_join_id from, const char *map)
{
	return r == -EINVAL && from == RF_ID_DEFAULT ? 0 : step_say_map(r, map);
}

static int run_take_ids(struct plan_run *run, struct rf_step *s)
{
	const struct join_state *j = s->data;
	int64_t uid, gid;
	int r = id_inside(j, j->want.uid_from, j->want.uid, j->uid, &j->uid_map, &uid);

	if (r >= 0)
		r = id_inside(j, j->want.gid_from, j->want.gid, j->gid, &j->gid_map, &gid);
	if (r >= 0 && gid >= 0) {
		r = sys_setgroups(0, NULL);
		/* Denied in that user namespace, it is denied to all in it. */
		if (r == -EPERM && (j->joined & CLONE_NEWUSER))
			r = 0;
		if (r >= 0)
			r = id_taken(sys_setresgid((gid_t)gid, (gid_t)gid, (gid_t)gid), j->want.gid_from, "gid_map");
	}
	if (r >= 0 && uid >= 0)
		r = id_taken(sys_setresuid((uid_t)uid, (uid_t)uid, (uid_t)uid), j->want.uid_from, "uid_map");
	return r;
}

static void args_id(const char *label, enum rf_join_id from, uint32_t given, struct str *out)
{
	if (from == RF_ID_GIVEN)
		str_addf(out, "%s%s %u", out->len ? ", " : "", label, given);
	else if (from != RF_ID_KEEP)
		str_addf(out, "%s%s %s", out->len ? ", " : "", label,
			 from == RF_ID_FOLLOW ? "the target's" : "0 in a user namespace");
}

static void args_ids(const struct rf_step *s, struct str *out)
{
	const struct join_state *j = s->data;

	args_id("uid", j->want.uid_from, j->want.uid, out);
	args_id("gid", j->want.gid_from, j->want.gid, out);
}

const struct step_kind step_take_ids = {
	.id = "take-ids", .name = "take on ids",
	.why = "The caller's ids may have no name in the user namespace that was entered.",
	.page = "setresuid(2)", .args = args_ids, .run = run_take_ids,
};
