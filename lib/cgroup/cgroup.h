/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Inside of lib/cgroup: hierarchies, groups, keys, and what differs between v1 and v2. */
#ifndef LIB_CGROUP_CGROUP_H
#define LIB_CGROUP_CGROUP_H

#include <ringfence/cgroup-act.h>
#include <ringfence/cgroup.h>

#include "base/cleanup.h"
#include "base/str.h"

enum {
	CGROUP_MAX_HIERARCHIES = 16,
	CGROUP_MAX_WANTED = 16,
	CGROUP_FILE_LIMIT = 1 << 20, /* of one file of a group */
	CGROUP_CONFIG_LIMIT = 16 << 20, /* of a configuration file */
	CGROUP_KILL_WAIT_US = 10000000,
	CGROUP_LINE_MAX = 256,
	CGROUP_RULES_MAX = 128, /* on devices, of one group */
};

struct cgroup;
struct cgroup_key;
struct cgroup_setting;
struct cgroup_settings;
struct cgroup_writes;
struct cgroup_hierarchy;

/* What v1 and v2 do differently. Hybrid is some hierarchies of each. */
struct cgroup_ops {
	bool v2;
	const char *join_file; /* a process that writes "0" here has joined */
	/* The value in v2's words, as rf_cgroup_get(). */
	int (*read)(const struct cgroup *g, const struct cgroup_key *key, char **ret_text);
	/* Append the writes that make a setting true. */
	int (*compile)(const struct cgroup *g, const struct cgroup_setting *s,
		       const struct cgroup_settings *all, struct cgroup_writes *out);
	/* Before a level is made below parent_fd; and after. `made`: by us. */
	int (*prepare_parent)(struct cgroup *g, size_t h, size_t level, int parent_fd);
	int (*prepare_child)(const struct cgroup_hierarchy *h, int parent_fd, int child_fd);
	/* Send SIGKILL to all in the group; on v2 with all below, not on v1. */
	int (*kill)(int group_fd);
	/* Wait until the group holds no process or the time is up: 0, -EBUSY. */
	int (*wait_empty)(int group_fd, uint64_t until_us);
	/* Stop or continue all in the group and below. */
	int (*freeze)(int group_fd, bool on);
	/* Wait until it is so, or the time is up: 0, -EBUSY. */
	int (*wait_frozen)(int group_fd, bool on, uint64_t until_us);
	const char *frozen_file; /* says 1 where the group itself was told to freeze */
	/* Why did a write to this key of this group fail? Adds a phrase or nothing. */
	void (*explain)(const struct cgroup *g, const char *file, int error, struct str *out);
};

extern const struct cgroup_ops cgroup_v1_ops, cgroup_v2_ops;

struct cgroup_hierarchy {
	const struct cgroup_ops *ops;
	char controllers[192]; /* "cpu,cpuacct", in the kernel's words */
	char path[128];	       /* where it is mounted */
	int fd;
};

/* Who keeps the keys that no file of a group does (key->kept): BPF programs, of which nothing is known here. */
struct cgroup_keeper {
	/* In the words of the key; what a new group has where nothing is kept. */
	int (*read)(const struct cgroup *g, const struct cgroup_key *key, char **ret_text);
	/* In one step for whoever is limited by it; on failure all is as before. */
	int (*write)(const struct cgroup *g, const struct cgroup_key *key, const char *text);
};

struct rf_cgroup_fs {
	enum rf_cgroup_mode mode;
	size_t n;
	struct cgroup_hierarchy h[CGROUP_MAX_HIERARCHIES];
	const struct cgroup_keeper *keeper; /* NULL: these keys can't be had */
};

/* fs.c: as rf_cgroup_fs_open(), for a caller who wants nothing but these keys of this group ("KEY" or
 * "KEY=VALUE"): where they are v1's, and the group is in all of their hierarchies, no other one is opened. */
int cgroup_fs_open_for(const char *group, const char *const *words, size_t n, struct rf_cgroup_fs **ret_fs);
/* The index of the hierarchy that has a controller, or -ENOENT. */
int cgroup_hierarchy_of(const struct rf_cgroup_fs *fs, const char *controller);
/* The v2 hierarchy, or -ENOENT. */
int cgroup_v2_of(const struct rf_cgroup_fs *fs);
/* What /proc/PID/cgroup says, not yet opened; `text` is cut up. */
void cgroup_parse_hierarchies(char *text, struct rf_cgroup_fs *fs);
/* h->path from the next entry of a table in the form of /proc/mounts that may be it; -ENOENT. */
int cgroup_next_mount(FILE *table, struct cgroup_hierarchy *h);
/* An open directory of a control group file system of this magic; -ENODEV where it is another. */
int cgroup_open_mount(const char *path, long magic);
/* The file of hierarchy h by which one joins the group that /proc/PID/cgroup tells; `text` is that. */
int cgroup_open_door(const struct rf_cgroup_fs *fs, size_t h, const char *text);
/* The group that the text of /proc/PID/cgroup tells for h, "/a/b"; -ENOENT: in none. free(3). */
int cgroup_path_in(const char *text, const struct cgroup_hierarchy *h, char **ret_path);
/* Is `word` in a list separated by commas, blanks or newlines? */
bool cgroup_has_word(const char *list, const char *word);

/* key.c: the table, and values between text and number. */
enum cgroup_kind {
	CGROUP_BYTES,  /* rf_parse_bytes(), page rounding is accepted */
	CGROUP_CPU,    /* an amount of CPU, as quota and period */
	CGROUP_COUNT,  /* rf_parse_count() */
	CGROUP_NUMBER, /* a whole number within min..max */
	CGROUP_LIST,   /* "0-3,8" */
	CGROUP_STAT,   /* lines of "word number", never written */
	CGROUP_TIME,   /* microseconds; a unit may be given */
	CGROUP_NICE,   /* -20 to 19, kept as 0 to 39 */
	CGROUP_PERCENT, /* "12.50" or max, kept as hundredths of a percent */
	CGROUP_WORD,   /* one of key->words */
	CGROUP_TOGGLES, /* "+cpu -io" */
	CGROUP_NESTED, /* lines of "NAME part=number…" or "NAME number" */
	CGROUP_WEIGHTS, /* io.weight: "default 100", and a line for each device that differs */
	CGROUP_PRESSURE, /* "some avg10=…": read, and polled by who holds it open */
	CGROUP_TRIGGER, /* only written: an act, which no other write takes back */
	CGROUP_IDS,    /* processes or threads, a line each: `move` writes it */
	CGROUP_RULES,  /* on devices, a line each */
	CGROUP_RATES,  /* "egress=RATE ingress=RATE" */
	CGROUP_RATE,   /* one of them, which the other key says, too */
};

/* What the parts of a nested line may be, in their order. */
enum cgroup_part_kind { PART_BYTES, PART_COUNT, PART_TIME, PART_TEXT };

struct cgroup_part {
	const char *name; /* NULL: the number has no name, as in "NAME 5" */
	enum cgroup_part_kind kind;
	const char *json;  /* its name in JSON, with the unit; NULL: the same */
	const char *unset; /* what undoes it: "max", "0" */
};

/* How a v1 system keeps it. v1.c has a row of functions for each. */
enum cgroup_v1_how {
	V1_NONE, /* there is nothing like it */
	V1_SAME, /* the same text in v1[0] */
	V1_BYTES,
	V1_MEMORY_MAX,
	V1_SWAP_MAX,
	V1_SWAP_CURRENT,
	V1_MEMORY_EVENTS,
	V1_CPU_MAX,
	V1_CPU_WEIGHT,
	V1_CPU_STAT,
	V1_CPU_STAT_LOCAL,
	V1_IO_WEIGHT,
	V1_FREEZE,
	V1_LIMIT,   /* bytes, -1 for none */
	V1_IO_MAX,  /* a file for each part */
	V1_IO_STAT,
};

struct cgroup_v1_file {
	const char *controller, *file;
};

struct cgroup_key {
	struct rf_cgroup_key pub;
	enum cgroup_kind kind;
	uint64_t min, max;   /* for CGROUP_NUMBER */
	bool absent_at_root; /* on v2 */
	bool only_at_root;
	bool v1_only;	     /* v2 has nothing like it */
	bool kept;	     /* on v2 not by a file, but by fs->keeper */
	bool device;	     /* CGROUP_NESTED: a line's name is a device */
	const char *const *words; /* for CGROUP_WORD: ends with NULL */
	const struct cgroup_part *parts; /* for CGROUP_NESTED: ends with kind PART_TEXT, no name */
	const char *usual;   /* what a new group has, where cgroup_key_usual() can't tell by the kind */
	const char *after;   /* the key that is to be written before this one */
	const char *alias;   /* another name of the file on v2 */
	enum cgroup_v1_how how;
	struct cgroup_v1_file v1[4];
};

/* The tables, each ended by a row without a name. */
extern const struct cgroup_key cgroup_keys_core[], cgroup_keys_cpu[], cgroup_keys_memory[], cgroup_keys_io[];
extern const struct cgroup_key cgroup_keys_bpf[];

/* "SIZE" in the name of a row stands for each size of huge pages: "hugetlb.SIZE.max". */
const struct cgroup_key *cgroup_key_find(const char *name);
const struct cgroup_key *cgroup_key_at(size_t index);

/* A row as it is for one size of pages; the row itself where it is for none. */
struct cgroup_key_copy {
	struct cgroup_key key;
	char name[64], file[4][64];
};
const struct cgroup_key *cgroup_key_for(const struct cgroup_key *row, const char *name,
					struct cgroup_key_copy *copy);
/* Call fn for the name, or for that of each page size of this machine, until it returns not 0. */
int cgroup_key_names(const struct cgroup_key *row, int (*fn)(const char *name, void *data), void *data);
const char *cgroup_kind_word(const struct cgroup_key *key); /* "max-or-number" */
/* What a new group has, in v2's words; "" is nothing. */
const char *cgroup_key_usual(const struct cgroup_key *key);
bool cgroup_is_usual(const struct cgroup_key *key, const char *text);
/* May a group of a threaded subtree have it? */
bool cgroup_key_threaded(const struct cgroup_key *key);
/* The hierarchies whose files the key is kept in, as bits; 0 where it has no place here. */
uint32_t cgroup_key_hierarchies(const struct rf_cgroup_fs *fs, const struct cgroup_key *key);
/* Is the key's controller a v1 one on this system? */
bool cgroup_key_is_v1(const struct rf_cgroup_fs *fs, const struct cgroup_key *key);

struct cgroup_value {
	uint64_t number; /* RF_MAX: max; for CGROUP_CPU the quota in us */
	uint64_t period; /* us */
	const char *text; /* for lists and raw values; not owned */
	char line[CGROUP_LINE_MAX]; /* nested: as it is written, with the device's numbers */
};

/* From a user's text; -EINVAL (the failure's note says what is allowed). */
int cgroup_value_parse(const struct cgroup_key *key, const char *text, struct cgroup_value *ret);
/* From and to v2's words. */
int cgroup_value_read(const struct cgroup_key *key, const char *text, struct cgroup_value *ret);
void cgroup_value_write(const struct cgroup_key *key, const struct cgroup_value *v,
			struct str *out);
/* Did the kernel keep what was wanted: 0 exactly, 1 rounded, -EIO no. */
int cgroup_value_compare(const struct cgroup_key *key, const struct cgroup_value *want,
			 const struct cgroup_value *got);
/* Is all of list `a` in list `b`? */
bool cgroup_list_within(const char *a, const char *b);
uint64_t cgroup_page_floor(uint64_t bytes);
bool cgroup_kind_is_number(enum cgroup_kind kind);
/* What to write to get back what `old`, the whole file, said of the thing that `want` names. */
char *cgroup_value_before(const struct cgroup_key *key, const struct cgroup_value *want, const char *old);

/* nested.c: lines with a name in front */
int cgroup_nested_parse(const struct cgroup_key *key, const char *text, struct cgroup_value *ret);
int cgroup_nested_compare(const struct cgroup_key *key, const char *want, const char *got);
char *cgroup_nested_before(const struct cgroup_key *key, const char *want, const char *old);
/* The rest of the line of `text` that has this name in front (`len` bytes); NULL where none has. */
const char *cgroup_nested_line(const char *text, const char *name, size_t len);
/* "/dev/vda" or "254:0" to "254:0"; -EINVAL with the way out. */
int cgroup_device(const struct cgroup_key *key, const char *text, char *buf, size_t size);

/* rules.c: rules on devices */
#define CGROUP_RULES_KEY "devices.rules"
#define CGROUP_RULES_USUAL "allow a *:* rwm"
#define CGROUP_ACCESS "rwm" /* a bit each, in this order */

#define CGROUP_ANY_DEVICE UINT32_MAX

enum { CGROUP_ACCESS_ALL = 7 };

struct cgroup_rules {
	size_t n; /* 0: all is allowed */
	struct cgroup_device_rule {
		uint32_t major, minor; /* CGROUP_ANY_DEVICE: each */
		char type;	       /* 'a', 'b', 'c' */
		uint8_t access;
		bool allow;
	} list[CGROUP_RULES_MAX];
};

/* Lines, or rules with commas between; -EINVAL says what is allowed. */
int cgroup_rules_parse(const char *text, struct cgroup_rules *ret);
void cgroup_rules_write(const struct cgroup_rules *rules, const char *between, struct str *out);
/* The same rules in their plain form. */
int cgroup_rules_plain(const char *text, const char *between, char **ret);

/* keep.c: keys that the keeper keeps */
int cgroup_kept_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text);
int cgroup_kept_write(const struct cgroup *g, const struct cgroup_key *key, const char *text);
int cgroup_kept_compile(const struct cgroup *g, const struct cgroup_setting *s, size_t h, struct cgroup_writes *out);
/* Can it be had? -EOPNOTSUPP and -ENODEV say why not. */
int cgroup_kept_check(const struct rf_cgroup_fs *fs, const struct cgroup_key *key);
/* The controller that a group needs on v2 for a key; "cgroup" is none. */
const char *cgroup_key_needs(const struct cgroup_key *key);

/* cgconfig.c: a line of a configuration file is not of its form: -EINVAL, the object is NAME:LINE. */
int cgroup_bad_line(const char *what, const char *name, unsigned line, const char *why);

/* settings.c */
struct cgroup_setting {
	const struct cgroup_key *key; /* NULL: a raw file */
	char *name;
	char *text; /* as the user wrote it */
	struct cgroup_value value;
	struct cgroup_key_copy *copy; /* what `key` points to, where it is for one size of pages */
};

struct cgroup_settings {
	struct cgroup_setting *list; /* in the order to write them */
	size_t n;
	bool whole; /* chosen by what the group has now, half set or not: nothing is put back first, nor to be later */
};

int cgroup_settings_parse(const struct rf_cgroup_fs *fs, const char *const *words, size_t n,
			  struct cgroup_settings *ret);
/* -EINVAL, with the keys that there are. */
int cgroup_unknown_key(const char *name);
void cgroup_settings_done(struct cgroup_settings *s);
static inline void cleanup_cgroup_settings(struct cgroup_settings *s)
{
	cgroup_settings_done(s);
}
const struct cgroup_setting *cgroup_settings_find(const struct cgroup_settings *s,
						  const char *name);

/* group.c */
struct cgroup {
	struct rf_cgroup_fs *fs;
	char *name; /* without slash at either end; "" is the root */
	int fd[CGROUP_MAX_HIERARCHIES];
	/* Levels that we made, and how deep the last of them is; the name may go deeper. */
	size_t made[CGROUP_MAX_HIERARCHIES], depth[CGROUP_MAX_HIERARCHIES];
	/* v2: what we added to cgroup.subtree_control, and above which level. */
	struct {
		size_t level;
		const char *controller;
	} enabled[CGROUP_MAX_WANTED * 4];
	size_t n_enabled;
	const struct cgroup_want *want; /* while it is being made */
};

/* What a group is made for. */
struct cgroup_want {
	uint32_t hierarchies;			 /* bits */
	const char *needed[CGROUP_MAX_WANTED];	 /* controllers on v2 */
	const char *optional[CGROUP_MAX_WANTED]; /* enabled where that works */
	size_t n_needed, n_optional;
};

/* As strcmp(3), but parents before children and siblings by name. */
int cgroup_compare_names(const char *a, const char *b);
/* The name in its plain form; free(3). -EINVAL. */
int cgroup_name(const char *group, char **ret_name);
void cgroup_close(struct cgroup *g); /* NULL is fine */
DEFINE_FREE(cgroup, struct cgroup *, cgroup_close(v))
/* The group in every hierarchy that has it; -ENOENT where none has. */
int cgroup_open(struct rf_cgroup_fs *fs, const char *group, struct cgroup **ret_g);
/* The same, looked for in these hierarchies (bits) only. */
int cgroup_open_in(struct rf_cgroup_fs *fs, const char *group, uint32_t hierarchies, struct cgroup **ret_g);
/* The group that a dry run has "made" in these hierarchies. */
int cgroup_pretend(struct rf_cgroup_fs *fs, const char *group, uint32_t hierarchies, struct cgroup **ret_g);
/* Make what is missing of it, or undo what was made. */
int cgroup_make(struct rf_cgroup_fs *fs, const char *group, const struct cgroup_want *want,
		struct cgroup **ret_g);
/* Open it also where it is and was not wanted: a process that joins shall be in all of it. */
int cgroup_open_rest(struct cgroup *g);
void cgroup_unmake(struct cgroup *g);
bool cgroup_was_made(const struct cgroup *g);
/* Hold the lock that says the maker of a transient group lives. */
int cgroup_lock(const struct cgroup *g);
int cgroup_want_controller(const struct rf_cgroup_fs *fs, struct cgroup_want *want,
			   const char *controller, bool needed);
int cgroup_want_settings(const struct rf_cgroup_fs *fs, struct cgroup_want *want,
			 const struct cgroup_settings *s);
/* "/sys/fs/cgroup/memory/web": the group's directory, for messages. */
char *cgroup_path(const struct cgroup *g, size_t h);
/* The descriptor of the group in hierarchy h, named for the records; -ENOENT. */
int cgroup_fd(const struct cgroup *g, size_t h);
int cgroup_child(int dirfd, const char *name); /* openat2, beneath, no links, no mounts */
/* The device of a hierarchy; 0, which none has, where that can't be had. */
dev_t cgroup_dev(int fd);
/* Has the group no children, seen without opening it? `dev` is its hierarchy's: another mount is none of it. */
bool cgroup_is_leaf(int dirfd, const char *path, dev_t dev, struct stat *ret_st);
/* Call fn for each child directory's name until it returns other than 0. */
int cgroup_each_child(int dirfd, int (*fn)(int dirfd, const char *name, void *data), void *data);

/* read.c: as rf_cgroup_get() */
int cgroup_get(const struct cgroup *g, const char *name, char **ret_value);

/* io.c: files of a group */
int cgroup_read(int dirfd, const char *file, char **ret_text);
int cgroup_read_number(int dirfd, const char *file, uint64_t *ret_number);
int cgroup_write(int dirfd, const char *file, const char *text);
bool cgroup_has_file(int dirfd, const char *file);
/* The number after `field` in lines of "field number"; RF_CGROUP_UNKNOWN where it is not there. */
uint64_t cgroup_field(const char *text, const char *field);

/* apply.c */
struct cgroup_write_op {
	const struct cgroup_setting *setting;
	size_t h;
	char *file, *text, *old; /* old NULL: nothing to put back */
	const struct cgroup_key *kept; /* written by the keeper, as this key */
};

struct cgroup_writes {
	struct cgroup_write_op *list;
	size_t n;
};

/* Takes over `text` (NULL: -ENOMEM). */
int cgroup_writes_add(struct cgroup_writes *w, const struct cgroup_setting *s, size_t h,
		      const char *file, char *text);
void cgroup_writes_done(struct cgroup_writes *w);
static inline void cleanup_cgroup_writes(struct cgroup_writes *w)
{
	cgroup_writes_done(w);
}

/* journal.c: what undoes writes whose writer was killed */
enum { CGROUP_JOURNAL_NAME = 48 };
struct cgroup_journal {
	int dir_fd, fd;
	char name[CGROUP_JOURNAL_NAME];
};
#define CGROUP_NO_JOURNAL {.dir_fd = -EBADF, .fd = -EBADF}

/* Before the first write, which it must not hinder: there is no error. Then, however that went, the end. */
void cgroup_journal_begin(const struct cgroup *g, const struct cgroup_writes *w, struct cgroup_journal *j);
void cgroup_journal_end(struct cgroup_journal *j);
/* Put back what a killed writer had begun to set in this group, or (`forget`) leave it as it is. `note` is told of each
 * file, with no value wanted. */
void cgroup_journal_repair(const struct cgroup *g, bool forget, rf_cgroup_note_fn *note, void *data);

/* All or none. *ret_writes, where not NULL, gets what was written, for cgroup_revert(); it points
 * into the settings. */
int cgroup_apply(struct cgroup *g, const struct cgroup_settings *s, rf_cgroup_note_fn *note,
		 void *data, struct cgroup_writes *ret_writes);
void cgroup_revert(const struct cgroup *g, const struct cgroup_writes *w);
/* Only what the keeper has: of a group that goes, no other value must be taken back. */
void cgroup_revert_kept(const struct cgroup *g, const struct cgroup_writes *w);

/* move.c */
struct cgroup_moves {
	struct cgroup_move_op {
		pid_t id;
		size_t h;
		char *from; /* the group it came from, "/a/b" */
	} *list;
	size_t n;
};
void cgroup_moves_done(struct cgroup_moves *m);
static inline void cleanup_cgroup_moves(struct cgroup_moves *m)
{
	cgroup_moves_done(m);
}
/* All or none; *ret_moves (may be NULL) is for cgroup_move_back(). Result: how many were moved. */
int cgroup_move(const struct cgroup *g, const pid_t *ids, size_t n, unsigned flags,
		rf_cgroup_gone_fn *gone, void *data, struct cgroup_moves *ret_moves);
void cgroup_move_back(const struct rf_cgroup_fs *fs, const struct cgroup_moves *m, unsigned flags);
/* Everything of a group, and with `below` of those below it, goes to its parent. */
int cgroup_move_up(const struct cgroup *g, bool below);
/* The same in the hierarchies where we have made it: elsewhere it was there before, with what is in it. */
int cgroup_move_up_made(const struct cgroup *g);

/* freeze.c: the hierarchy by which a group is frozen; -ENOENT */
int cgroup_freezer_of(const struct cgroup *g);
int cgroup_freeze(const struct cgroup *g, bool on);
int cgroup_await_frozen(const struct cgroup *g, bool on, uint64_t wait_us);

/* delete.c */
int cgroup_want_new(const struct rf_cgroup_fs *fs, struct cgroup_want *want, const struct cgroup_settings *s,
		    const char *const *controllers);
/* May it be removed, apart from its processes? */
int cgroup_check_delete(const struct cgroup *g, unsigned flags);

/* delegate.c: what had other owners before, for undoing it */
struct cgroup_owners {
	struct cgroup_owner {
		size_t h;
		char file[64]; /* "": the directory */
		uid_t uid;
		gid_t gid;
	} *list;
	size_t n;
};
static inline void cleanup_cgroup_owners(struct cgroup_owners *o)
{
	free(o->list);
}
int cgroup_delegate(const struct cgroup *g, uid_t uid, gid_t gid, struct cgroup_owners *ret_before);
void cgroup_owners_restore(const struct cgroup *g, const struct cgroup_owners *before);
/* The files that may be given away, a line each: the kernel's list, or the one it began with. */
int cgroup_delegate_list(char **ret_text);
/* The owner of the group above, whose group it is without delegation. */
int cgroup_parent_owner(const struct cgroup *g, uid_t *ret_uid, gid_t *ret_gid);

/* procs.c */
struct cgroup_pids {
	pid_t *list;
	size_t n;
};
static inline void cleanup_cgroup_pids(struct cgroup_pids *p)
{
	free(p->list);
}
int cgroup_pids_read(int group_fd, struct cgroup_pids *p); /* appends */
int cgroup_pids_read_at(int dirfd, const char *file, struct cgroup_pids *p); /* GROUP/cgroup.procs; appends */
int cgroup_pids_parse(const char *text, struct cgroup_pids *p); /* appends; -EINVAL */
/* How many of those from `before` on are not among those before: one process is usually in all hierarchies. */
uint64_t cgroup_pids_new(const struct cgroup_pids *p, size_t before);
/* "1234 (sleep), 1235 (sh) and 3 more" */
void cgroup_pids_words(const struct cgroup_pids *p, struct str *out);
/* SIGKILL, by pidfd, to each process that is in the group; 0 or -errno. */
int cgroup_kill_each(int group_fd);
uint64_t cgroup_now_us(void);
/* The directory is empty: rmdir, waiting for processes on their way out until the time is up. */
int cgroup_rmdir(const struct cgroup_hierarchy *h, int parent_fd, const char *name,
		 uint64_t until_us);

#endif
