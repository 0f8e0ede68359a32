/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * User and group id maps of a user namespace: rows of "ids from `inside` are the ids from
 * `outside`, `count` of them". Source: user_namespaces(7), kernel/user_namespace.c (340 rows, one
 * write of less than a page, no overlaps).
 */
#ifndef RINGFENCE_IDMAP_H
#define RINGFENCE_IDMAP_H

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

/* Append rows from "INSIDE:OUTSIDE:COUNT[,…]", all or none. As rf_idmap_add(), and -EINVAL for
 * another form. */
RF_API int rf_idmap_parse(struct rf_idmap *map, const char *text);

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
