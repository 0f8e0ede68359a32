/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * What a process is and may use, beside its namespaces and control groups: capability sets,
 * securebits, ids, limits, scheduling. As words to parse, as something for rf_plan_confine() to
 * set, and as lines that tell it of a running process. Sources: capabilities(7), credentials(7),
 * getrlimit(2), sched(7), ioprio_set(2), set_mempolicy(2), PR_SCHED_CORE(2const).
 *
 * Parsers return 0, or -EINVAL or -ERANGE with a note in the last failure that tells what is
 * allowed; the result is then untouched.
 */
#ifndef RINGFENCE_ATTRIBUTES_H
#define RINGFENCE_ATTRIBUTES_H

#include <ringfence/priv.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A set is changed to (set & ~lower) | raise. */
struct rf_caps_change {
	uint64_t raise, lower;
	bool given;
};

struct rf_caps_changes {
	struct rf_caps_change effective, permitted, inheritable, bounding, ambient;
};

/* Of one set, as setpriv(1) takes it: "+chown,-kill,-all"; the last word on a capability counts. */
RF_API int rf_caps_change_parse(const char *text, struct rf_caps_change *change);
/* cap_from_text(3): says all of the effective, permitted and inheritable set. */
RF_API int rf_caps_text_parse(const char *text, struct rf_caps_changes *changes);
/* cap_iab_from_text(3): all of the inheritable and ambient set, and what leaves the bounding set. */
RF_API int rf_iab_parse(const char *text, struct rf_caps_changes *changes);

/* "+noroot,-keep_caps": names of capabilities(7) without SECBIT_, in any case. */
struct rf_securebits {
	uint32_t set, clear;
};
RF_API int rf_securebits_parse(const char *text, struct rf_securebits *bits);

/* The 16 limits, by prlimit(1)'s names. */
enum { RF_RLIMITS = 16 };
enum rf_rlimit_unit { RF_RLIMIT_COUNT, RF_RLIMIT_BYTES, RF_RLIMIT_SECONDS, RF_RLIMIT_MICROSECONDS };
struct rf_rlimit_kind {
	const char *name;   /* "nofile" */
	int resource;	    /* RLIMIT_NOFILE */
	enum rf_rlimit_unit unit;
	const char *limits; /* "open descriptors" */
};
RF_API const struct rf_rlimit_kind *rf_rlimit_kind(size_t index); /* NULL beyond the last */

struct rf_rlimit {
	const struct rf_rlimit_kind *kind;
	bool has_soft, has_hard; /* else that value stays */
	uint64_t soft, hard;	 /* RF_MAX of units.h: unlimited */
};
/*
 * NAME=BOTH, NAME=SOFT:HARD, NAME=SOFT: or NAME=:HARD. Values are numbers, sizes ("64M") for limits
 * in bytes, times ("10ms"; bare numbers are in the limit's own unit) for cpu and rttime, or
 * "unlimited".
 */
RF_API int rf_rlimit_parse(const char *text, struct rf_rlimit *ret);

struct rf_sched {
	int policy;	   /* SCHED_… */
	uint32_t priority; /* of fifo and rr: 1 to 99 */
	uint64_t runtime_ns, deadline_ns, period_ns; /* of deadline */
};
/* other, batch, idle, fifo[:PRIORITY], rr[:PRIORITY] (1 unless given), deadline:RUNTIME/DEADLINE/PERIOD. */
RF_API int rf_sched_parse(const char *text, struct rf_sched *ret);

/* "MIN:MAX", each 0 to 1024. */
RF_API int rf_uclamp_parse(const char *text, uint32_t *ret_min, uint32_t *ret_max);

enum { RF_LIST_BITS = 8192 };
struct rf_bits {
	unsigned long words[RF_LIST_BITS / (8 * sizeof(unsigned long))];
};
/* "0-3,8,16-31:2"; each below `limit`, which is at most RF_LIST_BITS. */
RF_API int rf_bits_parse(const char *text, unsigned limit, struct rf_bits *ret);
/* 0 or -ENOMEM; free(3) it. */
RF_API int rf_bits_format(const struct rf_bits *bits, char **ret_text);

/* rt[:0-7], be[:0-7], idle, none (or realtime, best-effort): the value of ioprio_set(2). */
RF_API int rf_ioprio_parse(const char *text, int *ret);

enum { RF_NODES = 1024 };
struct rf_mempolicy {
	int mode; /* MPOL_… */
	struct rf_bits nodes;
};
/* default, local, bind:NODES, preferred:NODES, interleave:NODES. */
RF_API int rf_mempolicy_parse(const char *text, struct rf_mempolicy *ret);

/* Names of setarch(8) with commas: linux32, linux64, addr-no-randomize, …: flags of personality(2). */
RF_API int rf_personality_parse(const char *text, unsigned long *flags);

/* "TERM", "SIGTERM" or a number. */
RF_API int rf_signal_parse(const char *text, int *ret);

/* Names or numbers; names are looked up in /etc/passwd and /etc/group, nowhere else. */
RF_API int rf_user_parse(const char *text, uint32_t *ret_uid);
RF_API int rf_group_parse(const char *text, uint32_t *ret_gid);
/* With commas; *ret_list is free(3)d by the caller. */
RF_API int rf_groups_parse(const char *text, uint32_t **ret_list, size_t *ret_n);
/* Those that the files give to the user, his own first. -ENOENT where he is not in /etc/passwd. */
RF_API int rf_groups_of_user(uint32_t uid, uint32_t **ret_list, size_t *ret_n);

enum rf_attribute {
	RF_ATTR_RUID = 1 << 0,
	RF_ATTR_EUID = 1 << 1,
	RF_ATTR_RGID = 1 << 2,
	RF_ATTR_EGID = 1 << 3,
	RF_ATTR_GROUPS = 1 << 4,
	RF_ATTR_PDEATHSIG = 1 << 5,
	RF_ATTR_RESET_ENV = 1 << 6,
	RF_ATTR_SECUREBITS = 1 << 7,
	RF_ATTR_NICE = 1 << 8,
	RF_ATTR_SCHED = 1 << 9,
	RF_ATTR_UCLAMP = 1 << 10,
	RF_ATTR_AFFINITY = 1 << 11,
	RF_ATTR_IOPRIO = 1 << 12,
	RF_ATTR_OOM_SCORE_ADJ = 1 << 13,
	RF_ATTR_CORE_SCHED = 1 << 14,
	RF_ATTR_MEMPOLICY = 1 << 15,
	RF_ATTR_TIMERSLACK = 1 << 16,
	RF_ATTR_PERSONALITY = 1 << 17,
	RF_ATTR_UMASK = 1 << 18,
	RF_ATTR_NO_THP = 1 << 19,
	RF_ATTR_RESET_ON_FORK = 1 << 20,
};

/* Set `size`, and what is wanted: `given` says which of the plain values count. */
struct rf_attributes {
	size_t size; /* sizeof(struct rf_attributes) */
	uint32_t given;
	struct rf_caps_changes caps; /* inheritable and ambient begin empty */
	struct rf_securebits securebits;
	uint32_t ruid, euid, rgid, egid; /* the saved ids follow the effective ones */
	const uint32_t *groups;
	size_t n_groups;
	int pdeathsig;	     /* 0: none */
	bool keep_pdeathsig; /* the one that is set now, which a change of ids would clear */
	const struct rf_rlimit *rlimits;
	size_t n_rlimits;
	int nice; /* -20 to 19 */
	struct rf_sched sched;
	uint32_t uclamp_min, uclamp_max;
	struct rf_bits affinity;
	int ioprio;
	int oom_score_adj;	  /* -1000 to 1000 */
	int core_sched_pid;	  /* whose cookie to share; 0: a new one */
	struct rf_mempolicy mempolicy;
	uint64_t timerslack_ns;	  /* 0: the default */
	unsigned long personality;
	unsigned umask;
};

/* What one line of show tells. Strings belong to the list. */
struct rf_attribute_line {
	const char *group;   /* "ids", "capabilities", … */
	const char *key;     /* "real_uid": for programs */
	const char *title;   /* "real user" */
	const char *value;   /* in words; NULL where it can't be known */
	const char *json;    /* the value as JSON; "null" where it can't be known */
	const char *why_not; /* why it can't be known */
	const char *meaning; /* what it means that two processes differ in it, a sentence */
};

struct rf_attribute_list;

/*
 * All that can be read of a process; pid 0 is the caller itself, of whom more can be known. Any two
 * lists have the same lines in the same order. 0; -ESRCH; -ENOMEM; -errno of /proc.
 */
RF_API int rf_attributes_read(int pid, struct rf_attribute_list **ret_list);
RF_API size_t rf_attributes_lines(const struct rf_attribute_list *list,
				  const struct rf_attribute_line **ret_lines);
RF_API void rf_attributes_free(struct rf_attribute_list *list); /* NULL is fine */

#ifdef __cplusplus
}
#endif
#endif
