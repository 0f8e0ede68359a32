// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Subordinate ids: /etc/subuid and /etc/subgid have lines OWNER:FIRST:COUNT, with a user's name or
 * number (subuid(5)). And maps that are put together of a range and single ids.
 */
#include <errno.h>
#include <ringfence/idmap.h>
#include <stdio.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { FILE_LIMIT = 16 << 20 };

static uint32_t min3(uint32_t a, uint32_t b, uint32_t c)
{
	uint32_t ab = a < b ? a : b;

	return ab < c ? ab : c;
}

/* A row in pieces, without the id inside and the id outside that belong to another pair. */
static int add_around(struct rf_idmap *map, const struct rf_idmap_row *row, uint32_t inside,
		      uint32_t outside)
{
	uint32_t in = row->inside, out = row->outside, n_in = row->count, n_out = row->count;

	while (n_in && n_out) {
		uint32_t to_in = inside > in ? inside - in : UINT32_MAX;
		uint32_t to_out = outside > out ? outside - out : UINT32_MAX;
		uint32_t n = min3(n_in < n_out ? n_in : n_out, to_in, to_out);
		int r;

		if (in == inside) {
			in++;
			n_in--;
			continue;
		}
		if (out == outside) {
			out++;
			n_out--;
			continue;
		}
		r = rf_idmap_add(map, in, out, n);
		if (r < 0)
			return r;
		in += n;
		out += n;
		n_in -= n;
		n_out -= n;
	}
	return 0;
}

int rf_idmap_insert(struct rf_idmap *map, uint32_t inside, uint32_t outside)
{
	struct rf_idmap *made __free(ptr) = calloc(1, sizeof(*made));
	int r = made ? rf_idmap_add(made, inside, outside, 1) : -ENOMEM;

	for (size_t i = 0; r >= 0 && i < map->n; i++)
		r = add_around(made, &map->rows[i], inside, outside);
	if (r >= 0)
		*map = *made;
	return r;
}

/* The next field of a line, ended by a colon or the line's end; *at moves behind it. */
static char *field(char **at)
{
	char *start = *at, *end = start + strcspn(start, ":\n");

	*at = *end == ':' ? end + 1 : end;
	*end = '\0';
	return start;
}

struct passwd_line {
	const char *name;
	uint64_t uid, gid;
};

static bool parse_passwd(char *line, struct passwd_line *ret)
{
	ret->name = field(&line);
	field(&line);
	return str_to_u64(field(&line), &ret->uid) >= 0 && str_to_u64(field(&line), &ret->gid) >= 0;
}

int rf_idmap_user(const char *passwd, const char *name, uint32_t *ret_id)
{
	char *text __free(ptr) = NULL, *save = NULL;
	int r = file_read_at(AT_FDCWD, passwd, FILE_LIMIT, &text, NULL);
	uint64_t id;

	for (char *line = r < 0 ? NULL : strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *at = line, *first = field(&at);

		field(&at);
		if (!str_eq(first, name) || str_to_u64(field(&at), &id) < 0 || id >= UINT32_MAX)
			continue;
		*ret_id = (uint32_t)id;
		return 0;
	}
	return r < 0 ? r : sys_fail(-ENOENT, "name", name, "is not in %s", passwd);
}

static bool is_owner(const char *owner, uint32_t uid, const char *name)
{
	uint64_t number;

	return (name && str_eq(owner, name)) || (str_to_u64(owner, &number) >= 0 && number == uid);
}

/* The user's name, cut out of `text`; NULL where he has none. */
static const char *name_of(char *text, uint32_t uid)
{
	struct passwd_line p;
	char *save = NULL;

	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (parse_passwd(line, &p) && p.uid == uid)
			return p.name;
	return NULL;
}

int rf_idmap_subids(struct rf_idmap *map, const char *file, uint32_t uid, bool same_inside)
{
	char *text __free(ptr) = NULL, *passwd __free(ptr) = NULL, *save = NULL;
	const char *name = NULL;
	uint64_t first, count;
	int r = file_read_at(AT_FDCWD, file, FILE_LIMIT, &text, NULL);

	if (r < 0)
		return r == -ENOENT ? sys_fail(r, "subordinate ids", file, "is not there: nobody has any") : r;
	if (file_read_at(AT_FDCWD, "/etc/passwd", FILE_LIMIT, &passwd, NULL) >= 0)
		name = name_of(passwd, uid);
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save)) {
		char *owner = field(&line), *words[2] = {field(&line), field(&line)};

		if (!is_owner(owner, uid, name) || str_to_u64(words[0], &first) < 0 || str_to_u64(words[1], &count) < 0)
			continue;
		if (first > UINT32_MAX || count > UINT32_MAX)
			return sys_fail(-ERANGE, "subordinate ids", file, "%s:%s are no ids", words[0], words[1]);
		return rf_idmap_add(map, same_inside ? (uint32_t)first : 0, (uint32_t)first, (uint32_t)count);
	}
	return sys_fail(-ENOENT, "subordinate ids", file, "has none for user %u (%s)", uid, name ?: "who has no name");
}
