/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of the sampler: which groups there are (sample-tree.c), which files have which figures
 * (sample-file.c), the reading of files (sample-read.c), and the rest (sample.c). */
#ifndef LIB_CGROUP_SAMPLE_H
#define LIB_CGROUP_SAMPLE_H

#include <ringfence/sample.h>

#include "cgroup/cgroup.h"

enum { SAMPLE_MAX_FILES = 32, SAMPLE_MAX_FIELDS = 8 };

enum sample_form {
	SAMPLE_ONE,	 /* a number, or "max" */
	SAMPLE_QUOTA,	 /* two of them: cpu.max */
	SAMPLE_LINES,	 /* "field number" */
	SAMPLE_NESTED,	 /* "8:0 field=number …", summed up over the devices */
	SAMPLE_BLKIO,	 /* "8:0 field number", summed up over the devices */
	SAMPLE_PRESSURE, /* "some avg10=… total=number" */
};

struct sample_field {
	const char *name;
	enum rf_figure figure;
	uint32_t mul, div; /* to the figure's unit; 0: as it is */
};

/* A file that figures are read from. */
struct sample_file {
	const char *controller; /* "": every group of v2 has it */
	const char *name;
	bool v2;
	enum sample_form form;
	struct sample_field fields[SAMPLE_MAX_FIELDS];
	bool rests; /* says nothing new while the group is idle, and is left alone then */
};

/* The table, in the order in which keeping a file open pays; NULL beyond the last. */
const struct sample_file *sample_file_at(size_t index);
/* Which figures it has, as RF_FIGURE_BIT()s. */
uint64_t sample_file_figures(const struct sample_file *file);
/* Add what the text says of the wanted figures to values[], which are unknown before the first text.
 * What is not of the form is passed over. */
void sample_parse(const struct sample_file *file, const char *text, uint64_t wanted, uint64_t *values);

/* A group. */
struct sample_node {
	char *name;
	struct sample_node *next; /* of its hash chain */
	uint32_t hierarchies;	  /* bits: where it exists */
	uint64_t inode[CGROUP_MAX_HIERARCHIES]; /* of its directory there */
	int fd[SAMPLE_MAX_FILES]; /* kept open; SAMPLE_CLOSED, SAMPLE_ABSENT */
	uint64_t values[RF_FIGURES];
	uint64_t before[RF_FIGURES]; /* of the sample before, for what is costly */
	uint64_t born;
	uint64_t n_processes;
	uint32_t listed; /* bits: found while listing all */
	uint32_t filled; /* bits: a back end knows it there, in the sample under way */
};

enum { SAMPLE_CLOSED = -1, SAMPLE_ABSENT = -2 };

struct sample_tree {
	struct rf_cgroup_fs *fs;
	uint32_t hierarchies; /* bits: those that have a wanted figure */
	dev_t dev[CGROUP_MAX_HIERARCHIES];
	char *root;	      /* the name of the topmost group */
	size_t max_levels;    /* 0: all */
	struct sample_node **nodes;
	size_t n, cap;
	struct sample_node **hash;
	size_t n_hash;
	struct sample_watch *watches; /* by wd, open addressing */
	size_t n_watches, n_slots;
	uint64_t number; /* of the sample under way */
	uint64_t generation; /* other than before: nodes or their inodes are not those they were */
	int inotify_fd; /* -EBADF: list all each time */
	bool changed;	/* since it was sorted last */
	size_t kept;	/* descriptors that nodes keep */
};

/*
 * Another way to figures than by files. What it fills is not read from files, where it knows the group
 * (by hierarchy and inode): it sets the figures that the group has, and the hierarchy's bit in node->filled.
 */
struct sample_backend {
	const char *name;
	uint64_t figures[CGROUP_MAX_HIERARCHIES]; /* RF_FIGURE_BIT()s that it fills; may change with each read */
	const char *why_files; /* why it has none, or NULL */
	/* Of all groups of `t`. -errno: no sample at all. */
	int (*read)(struct sample_backend *b, struct rf_sampler *s, struct sample_tree *t);
	void (*free)(struct sample_backend *b);
};

/* A file that is read here. */
struct sample_source {
	const struct sample_file *file;
	uint64_t wanted; /* of its figures: those that no other file has here */
	int hierarchy;
};

/* The directory above the group that was looked into last in a hierarchy: most of the way to the next one. */
struct sample_above {
	const char *name; /* the group's: the first `len` bytes are the directory */
	size_t len;
	int fd; /* -EBADF until a second group of it is asked for */
};

/* What one thread has to read files with. */
struct sample_reader {
	struct sample_above above[CGROUP_MAX_HIERARCHIES];
	char *buffer;
};

/*
 * v1 tells nowhere that a group is empty, and its cgroup.procs costs as much as its figures. But when the
 * groups that were looked into have all threads of the machine, no other one has any. /proc/loadavg has
 * their number, zombies among them, and those outside of a container: then the sum is never reached.
 */
struct sample_seen {
	uint64_t threads; /* of groups that were looked into */
	bool all;	  /* they were all that there are */
};

struct rf_sampler {
	struct rf_cgroup_fs *fs;
	struct sample_seen seen[CGROUP_MAX_HIERARCHIES];
	uint64_t threads; /* on the machine, when counting began; 0: not known */
	struct sample_source sources[SAMPLE_MAX_FILES];
	size_t n_sources;
	uint64_t asked; /* figures; the others only tell whether a file rests */
	struct sample_tree tree;
	struct rf_sample *groups;
	size_t n_groups, cap_groups;
	uint64_t time_us, number;
	unsigned flags;
	size_t max_fds;
	struct sample_reader reader;
	struct sample_backend *backend; /* or NULL */
};

/* sample.c: before the first sample; the sampler frees it. */
void sample_set_backend(struct rf_sampler *s, struct sample_backend *b);
/* Which figures the sampler reads in a hierarchy. */
uint64_t sample_wanted(const struct rf_sampler *s, size_t hierarchy);

/* sample-read.c */
int sample_reader_open(struct sample_reader *reader);
void sample_reader_done(struct sample_reader *reader);
/* "GROUP/FILE" of a hierarchy from the directory that is returned; -ENAMETOOLONG. */
int sample_path(const struct rf_cgroup_fs *fs, struct sample_reader *reader, size_t h, const char *name, const char *file,
		char *buf, size_t size);
/* Close what sample_path() keeps. Names are those of nodes, which stay while a sample is read. */
void sample_forget_above(struct sample_reader *reader, size_t n_hierarchies);
/* All figures that no back end has filled. */
void sample_read_all(struct rf_sampler *s);
/* Those of one group, all from its files, into values[]; nothing is kept. */
void sample_read_files(struct rf_sampler *s, const struct sample_node *node, uint64_t *values);

/* sample.c: fill in parents and depths of groups that stand in their order. */
void sample_link(struct rf_sample *groups, size_t n);

int sample_tree_open(struct sample_tree *t, struct rf_cgroup_fs *fs, uint32_t hierarchies,
		     const struct rf_sampler_options *o);
void sample_tree_done(struct sample_tree *t);
/* Take in what has changed. `number` is that of the sample under way. */
int sample_tree_update(struct sample_tree *t, uint64_t number);

#endif
