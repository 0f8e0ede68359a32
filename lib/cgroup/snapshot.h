/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of a snapshot: groups, and of each the rows that say what it has been set to. */
#ifndef LIB_CGROUP_SNAPSHOT_H
#define LIB_CGROUP_SNAPSHOT_H

#include <ringfence/snapshot.h>

#include "cgroup/cgroup.h"

/* Where a row stands in the document. */
enum snapshot_part {
	SNAPSHOT_VALUE, /* a key of the table, in v2's words */
	SNAPSHOT_FILE,	/* "CONTROLLER/FILE" of v1 */
	SNAPSHOT_OWNER, /* "HIERARCHY:FILE", the directory is "."; "UID:GID MODE" */
	SNAPSHOT_PARTS,
};

struct snapshot_row {
	enum snapshot_part part;
	char *key, *text; /* lines are separated by \n */
};

struct snapshot_group {
	char *name;	   /* without the first slash */
	char *hierarchies; /* the first controller of each, "v2" for that; by blanks */
	struct snapshot_row *rows; /* sorted */
	size_t n;
};

struct rf_snapshot {
	char *root; /* "/web" */
	enum rf_cgroup_mode mode;
	struct snapshot_group *groups; /* parents first, each once */
	size_t n;
};

/* A file of v1 that no key of the table tells of, or not as finely. */
struct snapshot_file {
	const char *controller; /* NULL: each */
	const char *file;
	const char *instead; /* the key that says it coarser */
	const char *field;   /* the number is that of this line; else all of the file is the value */
};
const struct snapshot_file *snapshot_file_at(size_t i); /* NULL beyond the end */

extern const char *const snapshot_part_names[SNAPSHOT_PARTS];

/* "" or the part of the name behind that of the root, without a slash in front. */
const char *snapshot_relative(const struct rf_snapshot *s, const struct snapshot_group *g);
const struct snapshot_group *snapshot_find(const struct rf_snapshot *s, const char *relative);
const struct snapshot_row *snapshot_row(const struct snapshot_group *g, enum snapshot_part part, const char *key);
/* What an owner's row would say where there is none. */
const char *snapshot_usual_owner(const char *key);
/* Is the value one of lines, each with a name in front? */
bool snapshot_has_lines(const char *key);
/* Take over the texts (NULL: -ENOMEM). */
int snapshot_add(struct snapshot_group *g, enum snapshot_part part, char *key, char *text);
struct snapshot_group *snapshot_add_group(struct rf_snapshot *s, char *name);
void snapshot_sort(struct rf_snapshot *s);
/* The controller, or "v2", by which a hierarchy is called. */
void snapshot_hierarchy_name(const struct cgroup_hierarchy *h, char *buf, size_t size);
int snapshot_hierarchy(const struct rf_cgroup_fs *fs, const char *name); /* or -ENOENT */
/* The value of a file of v1, as a row says it. */
int snapshot_read_file(int fd, const char *file, char **ret_text);

DEFINE_FREE(snapshot, struct rf_snapshot *, rf_snapshot_free(v))

#endif
