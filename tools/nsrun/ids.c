// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Id maps from options. Ranges come first (--map-users, --map-auto), single ids are put into them
 * last (-r, -c, --map-user), so that a range makes room for them.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "nsrun.h"

struct side {
	const char *option, *single_option, *subids, *names, *proc;
	const struct opt_list *ranges;
	const char *single;
	uint32_t own;
	struct rf_idmap *map;
};

/* All ids that have a name here, as themselves. */
static int add_all(const struct side *s)
{
	unsigned inside, outside, count;
	FILE *f = fopen(s->proc, "re");
	int r = f ? 0 : -errno;

	while (r >= 0 && fscanf(f, "%u %u %u", &inside, &outside, &count) == 3)
		r = rf_idmap_add(s->map, inside, inside, count == UINT32_MAX ? count - 1 : count);
	if (f)
		fclose(f);
	return r;
}

static int add_range(const struct side *s, const char *word)
{
	int r;

	if (!strcmp(word, "auto"))
		r = rf_idmap_subids(s->map, s->subids, s->own, false);
	else if (!strcmp(word, "subids"))
		r = rf_idmap_subids(s->map, s->subids, s->own, true);
	else if (!strcmp(word, "all"))
		r = add_all(s);
	else
		r = rf_idmap_parse(s->map, word);
	if (r == -EINVAL)
		return tool_usage_error("--%s: \"%s\" is not INSIDE:OUTSIDE:COUNT[,…], auto, subids or all", s->option, word);
	return r < 0 ? tool_error(r, "--%s", s->option) : 0;
}

static int add_single(const struct side *s, bool root, bool current)
{
	uint32_t id = root ? 0 : s->own;
	char *end;
	int r = 0;

	if (s->single) {
		unsigned long v = strtoul(s->single, &end, 10);

		id = (uint32_t)v;
		if (!s->single[0] || *end || v >= UINT32_MAX)
			r = rf_idmap_user(s->names, s->single, &id);
	}
	if (r >= 0 && (s->single || root || current))
		r = rf_idmap_insert(s->map, id, s->own);
	return r < 0 ? tool_error(r, "--%s", s->single_option) : 0;
}

static int set_side(const struct side *s, bool root, bool current)
{
	int r = 0;

	for (size_t i = 0; !r && i < s->ranges->n; i++)
		r = add_range(s, s->ranges->words[i]);
	return r ? r : add_single(s, root, current);
}

int set_maps(struct rf_sandbox *box, const struct id_words *w)
{
	static const char *const blocks[] = {"auto", "subids"};
	struct opt_list users = w->users, groups = w->groups;
	struct side side = {"map-users", "map-user", "/etc/subuid", "/etc/passwd", "/proc/self/uid_map",
			    &users, w->user, geteuid(), &box->uid_map};
	int r;

	if ((w->root + w->current + (w->user || w->group)) > 1)
		return tool_usage_error("--map-root-user, --map-current-user and --map-user exclude each other");
	if (w->automatic && (users.n || groups.n || w->subids))
		return tool_usage_error("--map-auto and --map-users or --map-subids exclude each other");
	if (w->subids && (users.n || groups.n))
		return tool_usage_error("--map-subids and --map-users exclude each other");
	if (w->automatic || w->subids)
		users = groups = (struct opt_list){(const char **)(uintptr_t)&blocks[w->subids], 1};
	r = set_side(&side, w->root, w->current);
	if (r)
		return r;
	side = (struct side){"map-groups", "map-group", "/etc/subgid", "/etc/group", "/proc/self/gid_map",
			     &groups, w->group, getegid(), &box->gid_map};
	return set_side(&side, w->root, w->current);
}
