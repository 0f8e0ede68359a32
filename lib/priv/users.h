/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Users and groups of this system by name or number, as its name service has them (users.c). */
#ifndef LIB_PRIV_USERS_H
#define LIB_PRIV_USERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum users_database { USERS_PASSWD, USERS_GROUP };

struct users_entry {
	struct users_entry *next;
	enum users_database database;
	char *key, *text; /* text NULL: nobody has that name or number */
	const char *name;
	uint32_t id;
	uint32_t gid;	     /* of a user */
	const char *members; /* of a group, separated by commas */
};

/* Answers that were given, found and not found. Starts as {0}. */
struct users {
	char *file[2];
	struct users_entry *entries;
};

/* 1 with *ret_entry, which lives as long as `u`; 0 there is none; -ENOMEM, or why /etc can't be read. */
int users_find(struct users *u, enum users_database database, const char *key, const struct users_entry **ret_entry);
int users_find_id(struct users *u, enum users_database database, uint32_t id, const struct users_entry **ret_entry);
bool users_is_member(const struct users_entry *group, const char *user);
/* The groups of a user, his first one in front: how many there are in gids[], or -errno. */
int users_groups(struct users *u, const struct users_entry *user, uint32_t *gids, size_t max);
void users_done(struct users *u);
/* Each group of the text of an /etc/group that has the user for a member; stops at the first < 0. */
int users_each_membership(const char *text, const char *user, int (*fn)(uint32_t gid, void *data), void *data);

#endif
