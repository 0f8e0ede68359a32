// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The kernel gives all namespaces inodes of one file system, so an inode is one namespace, whatever
 * its kind. With ten thousand processes the same few are asked for again and again.
 */
#include "ns/table.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"

/* The eight of the start have these, before Linux 6.18 some of them others of this range. */
enum { FIRST_INODES = 0xeffffff0, LAST_INODES = 0xf0000000 };

void rf_ns_list_free(struct rf_ns_list *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->n; i++) {
		free(l->paths[i]);
		free(l->mounts[i]);
	}
	if (l->netlink_fd >= 0)
		sys_close(l->netlink_fd);
	free(l->paths);
	free(l->mounts);
	free(l->entries);
	free(l->slots);
	free(l);
}

static size_t slot_of(const struct rf_ns_list *l, uint64_t inode)
{
	size_t i = (size_t)(inode * 0x9e3779b97f4a7c15ull >> 32) & (l->n_slots - 1);

	while (l->slots[i] && l->entries[l->slots[i] - 1].inode != inode)
		i = (i + 1) & (l->n_slots - 1);
	return i;
}

static int grow(struct rf_ns_list *l)
{
	size_t cap = l->cap ? l->cap * 2 : 64;
	struct rf_ns_entry *entries = realloc(l->entries, cap * sizeof(*entries));
	char **paths, **mounts;

	if (!entries)
		return -ENOMEM;
	l->entries = entries;
	paths = realloc(l->paths, cap * sizeof(*paths));
	if (!paths)
		return -ENOMEM;
	l->paths = paths;
	mounts = realloc(l->mounts, cap * sizeof(*mounts));
	if (!mounts)
		return -ENOMEM;
	l->mounts = mounts;
	l->cap = cap;
	free(l->slots);
	l->n_slots = cap * 4;
	l->slots = calloc(l->n_slots, sizeof(*l->slots));
	if (!l->slots)
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++)
		l->slots[slot_of(l, l->entries[i].inode)] = (uint32_t)i + 1;
	return 0;
}

int ns_table_add(struct rf_ns_list *l, const struct rf_ns_kind *kind, uint64_t inode,
		 struct rf_ns_entry **ret_entry, bool *ret_new)
{
	size_t slot;
	int r = l->n == l->cap ? grow(l) : 0;

	if (r < 0)
		return r;
	slot = slot_of(l, inode);
	*ret_new = !l->slots[slot];
	if (*ret_new) {
		l->paths[l->n] = l->mounts[l->n] = NULL;
		l->entries[l->n] = (struct rf_ns_entry){
			.kind = kind, .inode = inode, .owner_uid = UINT32_MAX, .peer_id = RF_NS_NO_PEER_ID,
		};
		l->slots[slot] = (uint32_t)++l->n;
	}
	*ret_entry = &l->entries[l->slots[slot] - 1];
	return 0;
}

struct rf_ns_entry *ns_table_find(const struct rf_ns_list *l, uint64_t inode)
{
	uint32_t at = l->n_slots ? l->slots[slot_of(l, inode)] : 0;

	return at ? &l->entries[at - 1] : NULL;
}

int ns_table_path(struct rf_ns_list *l, struct rf_ns_entry *e, char *path)
{
	free(l->paths[e - l->entries]);
	e->path = l->paths[e - l->entries] = path;
	return path ? 0 : -ENOMEM;
}

int ns_table_mounted(struct rf_ns_list *l, struct rf_ns_entry *e, const char *path)
{
	char **mounts = &l->mounts[e - l->entries];
	struct str text __free(str) = {0};
	size_t start;

	if (*mounts)
		str_addf(&text, "%s\n", *mounts);
	start = text.len;
	for (; *path; path++)
		if (*path == '\n')
			str_add(&text, "\\012");
		else
			str_addn(&text, path, 1);
	if (text.failed || !text.s)
		return -ENOMEM;
	/* What shared mounts have made again at the same place. */
	for (const char *line = *mounts; line && *line; line += strcspn(line, "\n"), line += *line == '\n')
		if (strcspn(line, "\n") == text.len - start && !strncmp(line, text.s + start, text.len - start))
			return 0;
	free(*mounts);
	*mounts = take_ptr(&text.s);
	e->mounts = *mounts;
	return 0;
}

size_t rf_ns_list_entries(const struct rf_ns_list *list, const struct rf_ns_entry **ret_entries)
{
	*ret_entries = list->entries;
	return list->n;
}

size_t rf_ns_list_hidden(const struct rf_ns_list *list)
{
	return list->hidden;
}

size_t rf_ns_list_unopened(const struct rf_ns_list *list)
{
	return list->unopened;
}

/* Is the user namespace `inode` the one, or below it? */
static bool is_below(const struct rf_ns_list *l, uint64_t inode, uint64_t top)
{
	/* There are no more than 33 levels. */
	for (int level = 0; inode && level < 40; level++) {
		uint64_t up = 0;

		if (inode == top)
			return true;
		for (size_t i = 0; i < l->n; i++)
			if (l->entries[i].inode == inode)
				up = l->entries[i].parent;
		inode = up;
	}
	return false;
}

size_t rf_ns_list_used(const struct rf_ns_list *list, const struct rf_ns_kind *kind)
{
	struct stat own;
	size_t used = 0;

	if (sys_fstatat(AT_FDCWD, "/proc/self/ns/user", &own, 0) < 0)
		return 0;
	for (size_t i = 0; i < list->n; i++) {
		const struct rf_ns_entry *e = &list->entries[i];

		/* Those that the kernel began with count for nobody. */
		if (e->kind != kind || (e->inode >= FIRST_INODES && e->inode <= LAST_INODES))
			continue;
		used += is_below(list, kind->flag == CLONE_NEWUSER ? e->parent : e->owner, own.st_ino);
	}
	return used;
}
