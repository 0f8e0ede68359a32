/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User and group id maps of a user namespace: rows of "ids from `inside` are the ids from
 * `outside`, `count` of them". Source: user_namespaces(7), kernel/user_namespace.c (340 rows, one
 * write of less than a page, no overlaps).
 */
#ifndef RINGFENCE_IDMAP_H
#define RINGFENCE_IDMAP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <ringfence/trace.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { RF_IDMAP_MAX = 340 };

struct rf_idmap_row {
	uint32_t inside, outside, count;
};

/* All zeros is the empty map. */
struct rf_idmap {
	struct rf_idmap_row rows[RF_IDMAP_MAX];
	size_t n;
};

/*
 * Append a row. 0; -ERANGE where an end lies beyond 2^32 - 2 or count is 0; -EEXIST where it
 * overlaps a row on either side; -E2BIG beyond 340 rows. The last failure's note names the rows.
 */
RF_API int rf_idmap_add(struct rf_idmap *map, uint32_t inside, uint32_t outside, uint32_t count);

/* Append rows from "INSIDE:OUTSIDE:COUNT[,…]", or one from unshare(1)'s older form
 * "OUTSIDE,INSIDE,COUNT"; all or none. As rf_idmap_add(), and -EINVAL for another form. */
RF_API int rf_idmap_parse(struct rf_idmap *map, const char *text);

/*
 * Let `inside` stand for `outside`: rows that have either are cut in pieces around them, so that a
 * range goes on behind the hole (and loses its last id). Errors as rf_idmap_add(); the map is then
 * as it was.
 */
RF_API int rf_idmap_insert(struct rf_idmap *map, uint32_t inside, uint32_t outside);

/*
 * Append the first block of subordinate ids that `file` (/etc/subuid, /etc/subgid) has for a user,
 * by his number or his name in /etc/passwd: from 0 on inside, or as the same ids. -ENOENT where he
 * has none. Name services other than files are not asked. Source: subuid(5).
 */
RF_API int rf_idmap_subids(struct rf_idmap *map, const char *file, uint32_t uid, bool same_inside);

/* The number behind a name in a file like /etc/passwd or /etc/group: 0 or -ENOENT. */
RF_API int rf_idmap_user(const char *file, const char *name, uint32_t *ret_id);

/* The text for /proc/PID/uid_map: a line a row. 0, -ENOMEM, or -E2BIG where the kernel would
 * refuse it for being 4096 bytes or longer. Free with free(3). */
RF_API int rf_idmap_format(const struct rf_idmap *map, char **ret_text);

/* 0 with the id outside that `inside` stands for, or -ENOENT. */
RF_API int rf_idmap_outside(const struct rf_idmap *map, uint32_t inside, uint32_t *ret_outside);
/* 0 with the id inside that stands for `outside`, or -ENOENT. */
RF_API int rf_idmap_inside(const struct rf_idmap *map, uint32_t outside, uint32_t *ret_inside);

#ifdef __cplusplus
}
#endif
#endif
