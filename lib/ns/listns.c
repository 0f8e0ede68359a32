// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * listns(2), Linux 6.19: the 64-bit ids of all namespaces that a process, descriptor or mount holds, in
 * ascending order and in pages: a page begins behind the id given. It leaves out those whose owner the
 * caller has no CAP_SYS_ADMIN over, save his own, and networks that only a socket holds.
 *
 * An id is opened as a file handle of nsfs (sys_ns_open()), which needs to be in the namespace, or
 * CAP_SYS_ADMIN in the first user namespace and to be in the first pid namespace.
 */
#include "ns/listns.h"

#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"

enum { PAGE = 1024 };

void ns_ids_done(struct ns_ids *ids)
{
	free(ids->ids);
	free(ids->met);
	*ids = (struct ns_ids){0};
}

int ns_ids_read(struct ns_ids *ids)
{
	ssize_t got = PAGE;

	*ids = (struct ns_ids){0};
	while (got == PAGE) {
		uint64_t *more = realloc(ids->ids, (ids->n + PAGE) * sizeof(*more));

		if (more)
			ids->ids = more;
		got = more ? sys_listns(ids->n ? more[ids->n - 1] : 0, more + ids->n, PAGE) : -ENOMEM;
		/* The one that the page begins behind may have gone: it begins behind its place. */
		ids->n += got > 0 ? (size_t)got : 0;
	}
	ids->met = got < 0 ? NULL : calloc(ids->n + 1, sizeof(*ids->met));
	if (!ids->met) {
		ns_ids_done(ids);
		return got < 0 ? (int)got : -ENOMEM;
	}
	return 0;
}

static int by_number(const void *a, const void *b)
{
	uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void ns_ids_meet(struct ns_ids *ids, uint64_t id)
{
	const uint64_t *at = ids->n ? bsearch(&id, ids->ids, ids->n, sizeof(id), by_number) : NULL;

	if (at)
		ids->met[at - ids->ids] = true;
}

int ns_kind_of(int fd, const struct rf_ns_kind **ret_kind, uint64_t *ret_inode)
{
	int flag = sys_ns_get_type(fd);
	struct stat st;
	int r = flag < 0 ? flag : sys_fstat(fd, &st);

	if (r < 0)
		return r;
	for (size_t i = 0; i < RF_NS_KINDS; i++) {
		if (rf_ns_kind(i)->flag != (uint64_t)flag)
			continue;
		*ret_kind = rf_ns_kind(i);
		*ret_inode = st.st_ino;
		return 0;
	}
	return -ENOENT;
}
