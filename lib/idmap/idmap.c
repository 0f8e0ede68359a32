// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Everything the kernel would refuse with a bare EINVAL is refused here first, where the row at
 * fault can be named.
 */
#include <ringfence/idmap.h>

#include "base/cleanup.h"
#include "base/str.h"

/* The id 2^32 - 1 means "no change" to the system calls and can't be mapped. */
#define ID_END 0xffffffffull

static bool overlap(uint32_t a, uint32_t na, uint32_t b, uint32_t nb)
{
	return (uint64_t)a < (uint64_t)b + nb && (uint64_t)b < (uint64_t)a + na;
}

int rf_idmap_add(struct rf_idmap *map, uint32_t inside, uint32_t outside, uint32_t count)
{
	char row[64];

	snprintf(row, sizeof(row), "%u:%u:%u", inside, outside, count);
	if (!count)
		return sys_fail(-ERANGE, "id map", row, "a count of 0 maps nothing");
	if ((uint64_t)inside + count > ID_END || (uint64_t)outside + count > ID_END)
		return sys_fail(-ERANGE, "id map", row, "ends beyond the last id, 4294967294");
	if (map->n == RF_IDMAP_MAX)
		return sys_fail(-E2BIG, "id map", row, "the kernel takes at most %d rows",
				RF_IDMAP_MAX);
	for (size_t i = 0; i < map->n; i++) {
		const struct rf_idmap_row *o = &map->rows[i];

		if (overlap(inside, count, o->inside, o->count) ||
		    overlap(outside, count, o->outside, o->count))
			return sys_fail(-EEXIST, "id map", row, "overlaps %u:%u:%u", o->inside,
					o->outside, o->count);
	}
	map->rows[map->n++] = (struct rf_idmap_row){inside, outside, count};
	return 0;
}

/* "INSIDE:OUTSIDE:COUNT" of `len` bytes. */
static int parse_row(const char *s, size_t len, uint32_t ret[3])
{
	char copy[64], *word = copy;

	if (len >= sizeof(copy))
		return -EINVAL;
	memcpy(copy, s, len);
	copy[len] = '\0';
	for (int n = 0; n < 3; n++) {
		char *end = word + strcspn(word, ":");
		bool last = !*end;
		uint64_t v;

		*end = '\0';
		if (last != (n == 2) || str_to_u64(word, &v) < 0 || v > UINT32_MAX)
			return -EINVAL;
		ret[n] = (uint32_t)v;
		word = end + 1;
	}
	return 0;
}

static int parse_rows(struct rf_idmap *map, const char *text)
{
	for (const char *s = text;;) {
		size_t len = strcspn(s, ",");
		uint32_t v[3];
		int r = parse_row(s, len, v);

		if (r < 0)
			return sys_fail(r, "id map", text, "\"%.*s\" is not INSIDE:OUTSIDE:COUNT",
					(int)len, s);
		r = rf_idmap_add(map, v[0], v[1], v[2]);
		if (r < 0)
			return r;
		if (!s[len])
			return 0;
		s += len + 1;
	}
}

/* unshare(1) before util-linux 2.39 had this order only. */
static int parse_old_form(struct rf_idmap *map, const char *text)
{
	uint32_t v[3];
	char copy[64];
	int r;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return -EINVAL;
	for (char *p = copy; *p; p++)
		if (*p == ',')
			*p = ':';
	r = parse_row(copy, strlen(copy), v);
	return r < 0 ? sys_fail(r, "id map", text, "is neither INSIDE:OUTSIDE:COUNT[,…] nor OUTSIDE,INSIDE,COUNT")
		     : rf_idmap_add(map, v[1], v[0], v[2]);
}

int rf_idmap_parse(struct rf_idmap *map, const char *text)
{
	size_t before = map->n;
	int r = strchr(text, ':') || !strchr(text, ',') ? parse_rows(map, text) : parse_old_form(map, text);

	if (r < 0)
		map->n = before;
	return r;
}

int rf_idmap_format(const struct rf_idmap *map, char **ret_text)
{
	struct str out __free(str) = {0};

	for (size_t i = 0; i < map->n; i++)
		str_addf(&out, "%u %u %u\n", map->rows[i].inside, map->rows[i].outside,
			 map->rows[i].count);
	if (out.len >= 4096)
		return sys_fail(-E2BIG, "id map", "", "%zu bytes; the kernel takes less than 4096",
				out.len);
	return str_take(&out, ret_text);
}

int rf_idmap_outside(const struct rf_idmap *map, uint32_t inside, uint32_t *ret_outside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct rf_idmap_row *r = &map->rows[i];

		if (inside < r->inside || inside - r->inside >= r->count)
			continue;
		*ret_outside = r->outside + (inside - r->inside);
		return 0;
	}
	return -ENOENT;
}

int rf_idmap_inside(const struct rf_idmap *map, uint32_t outside, uint32_t *ret_inside)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct rf_idmap_row *r = &map->rows[i];

		if (outside < r->outside || outside - r->outside >= r->count)
			continue;
		*ret_inside = r->inside + (outside - r->outside);
		return 0;
	}
	return -ENOENT;
}
