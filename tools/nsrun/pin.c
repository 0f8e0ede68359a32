// SPDX-License-Identifier: GPL-2.0-or-later
/* What stays when the program has ended, and what the program is born into. */
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "nsrun.h"

struct keep_words keep;

/* Both numbers, and nothing else. */
static int set_owner(struct rf_sandbox *box)
{
	const char *colon = keep.owner ? strchr(keep.owner, ':') : NULL;
	char first[24];
	uint64_t uid, gid;

	if (!keep.owner)
		return 0;
	snprintf(first, sizeof(first), "%.*s", colon ? (int)(colon - keep.owner) : 0, keep.owner);
	if (!colon || str_to_u64(first, &uid) < 0 || str_to_u64(colon + 1, &gid) < 0 || uid >= UINT32_MAX || gid >= UINT32_MAX)
		return tool_usage_error("--owner: \"%s\" is not UID:GID, two numbers from 0 to 4294967294", keep.owner);
	box->has_owner = true;
	box->owner_uid = (uint32_t)uid;
	box->owner_gid = (uint32_t)gid;
	return 0;
}

int keep_set(struct rf_sandbox *box)
{
	static struct rf_pin pins[RF_NS_KINDS];

	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		if (!keep.files[i])
			continue;
		box->namespaces |= rf_ns_kind(i)->flag;
		if (keep.files[i][0])
			pins[box->n_pins++] = (struct rf_pin){rf_ns_kind(i)->flag, keep.files[i]};
	}
	box->pins = pins;
	box->pin_set = keep.set;
	box->cgroup = keep.group;
	box->interpreters = keep.interpreters.words;
	box->n_interpreters = keep.interpreters.n;
	if (keep.binfmt)
		box->binfmt = keep.binfmt[0] ? keep.binfmt : "/proc/sys/fs/binfmt_misc";
	/* Where a new /proc can be had, it is the one that this is mounted on. */
	if ((keep.interpreters.n || (keep.binfmt && !keep.binfmt[0])) && !box->proc && (box->namespaces & CLONE_NEWPID))
		box->proc = "/proc";
	box->fork |= keep.forward;
	return set_owner(box);
}

void keep_warn(const struct rf_sandbox *box)
{
	bool kept = box->pin_set && (box->namespaces & CLONE_NEWPID);

	for (size_t i = 0; i < box->n_pins; i++)
		kept |= box->pins[i].kind == CLONE_NEWPID;
	if (kept)
		tool_warn("a pid namespace is kept, but takes no process any more once its first one has ended");
}

DEFINE_FREE(plan, struct rf_plan *, rf_plan_free(v))

int keep_unpin(const struct rf_sandbox *box, char **argv)
{
	struct rf_plan *plan __free(plan) = NULL;
	bool alone = !argv[0] && !box->namespaces && !keep.set && !keep.group && !keep.owner;
	int r;

	for (size_t i = 0; i < RF_NS_KINDS; i++)
		alone &= !keep.files[i];
	if (!alone)
		return tool_usage_error("--unpin runs no program and makes no namespace: nothing else can be asked for with it");
	r = rf_plan_new(&plan);
	if (r >= 0)
		r = rf_plan_unpin(plan, keep.unpin);
	if (r < 0)
		return tool_error(r, "--unpin");
	r = tool_run_plan(plan);
	return r < 0 ? -r : tool_finish(EXIT_OK);
}
