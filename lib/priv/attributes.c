// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The words for limits, scheduling and what else a process is given, to the kernel's numbers.
 * Nothing here asks the kernel: what it makes of a number is seen when the step runs.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/ioprio.h>
#include <linux/mempolicy.h>
#include <ringfence/attributes.h>
#include <ringfence/units.h>
#include <sched.h>
#include <signal.h>
#include <sys/personality.h>
#include <sys/resource.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "priv/attributes.h"

#ifndef SCHED_DEADLINE
#define SCHED_DEADLINE 6
#endif

static const struct rf_rlimit_kind rlimits[RF_RLIMITS] = {
	{"as", RLIMIT_AS, RF_RLIMIT_BYTES, "address space"},
	{"core", RLIMIT_CORE, RF_RLIMIT_BYTES, "size of a core file"},
	{"cpu", RLIMIT_CPU, RF_RLIMIT_SECONDS, "CPU time"},
	{"data", RLIMIT_DATA, RF_RLIMIT_BYTES, "data segment"},
	{"fsize", RLIMIT_FSIZE, RF_RLIMIT_BYTES, "size of a file written"},
	{"locks", RLIMIT_LOCKS, RF_RLIMIT_COUNT, "file locks (no longer enforced)"},
	{"memlock", RLIMIT_MEMLOCK, RF_RLIMIT_BYTES, "locked memory"},
	{"msgqueue", RLIMIT_MSGQUEUE, RF_RLIMIT_BYTES, "POSIX message queues"},
	{"nice", RLIMIT_NICE, RF_RLIMIT_COUNT, "20 minus the lowest nice value"},
	{"nofile", RLIMIT_NOFILE, RF_RLIMIT_COUNT, "open descriptors"},
	{"nproc", RLIMIT_NPROC, RF_RLIMIT_COUNT, "processes of the user"},
	{"rss", RLIMIT_RSS, RF_RLIMIT_BYTES, "resident memory (no longer enforced)"},
	{"rtprio", RLIMIT_RTPRIO, RF_RLIMIT_COUNT, "highest real-time priority"},
	{"rttime", RLIMIT_RTTIME, RF_RLIMIT_MICROSECONDS, "real-time CPU time without a rest"},
	{"sigpending", RLIMIT_SIGPENDING, RF_RLIMIT_COUNT, "queued signals of the user"},
	{"stack", RLIMIT_STACK, RF_RLIMIT_BYTES, "stack"},
};

const struct rf_rlimit_kind *rf_rlimit_kind(size_t index)
{
	return index < RF_RLIMITS ? &rlimits[index] : NULL;
}

static int parse_limit_time(const char *word, uint64_t unit_us, uint64_t *ret)
{
	uint64_t us;
	int r = str_to_u64(word, ret);

	if (r >= 0 || r == -ERANGE)
		return r;
	r = rf_parse_time_us(word, &us);
	if (r < 0)
		return r;
	/* Less than asked for would end the program early. */
	*ret = us / unit_us + (us % unit_us != 0);
	return 0;
}

static int parse_limit(const struct rf_rlimit_kind *kind, const char *word, uint64_t *ret)
{
	if (str_eq(word, "unlimited") || str_eq(word, "infinity") || str_eq(word, "max")) {
		*ret = RF_MAX;
		return 0;
	}
	switch (kind->unit) {
	case RF_RLIMIT_BYTES:
		return rf_parse_bytes(word, ret);
	case RF_RLIMIT_SECONDS:
		return parse_limit_time(word, 1000000, ret);
	case RF_RLIMIT_MICROSECONDS:
		return parse_limit_time(word, 1, ret);
	case RF_RLIMIT_COUNT:
		break;
	}
	return str_to_u64(word, ret);
}

static const char *limit_form(const struct rf_rlimit_kind *kind)
{
	return kind->unit == RF_RLIMIT_BYTES ? "a size such as 64M, or unlimited"
	     : kind->unit == RF_RLIMIT_SECONDS ? "seconds, a time such as 10s, or unlimited"
	     : kind->unit == RF_RLIMIT_MICROSECONDS ? "microseconds, a time such as 10ms, or unlimited"
	     : "a whole number, or unlimited";
}

/* *ret_has is false for an empty word: that value stays. */
static int parse_half(const struct rf_rlimit_kind *kind, const char *text, const char *word, bool *ret_has,
		      uint64_t *ret)
{
	int r;

	*ret_has = word[0];
	r = word[0] ? parse_limit(kind, word, ret) : 0;
	return r < 0 ? sys_fail(r, "limit", text, "\"%s\" is not %s", word, limit_form(kind)) : 0;
}

static const struct rf_rlimit_kind *find_limit(const char *text, size_t len)
{
	for (size_t i = 0; i < RF_RLIMITS; i++)
		if (strlen(rlimits[i].name) == len && !memcmp(rlimits[i].name, text, len))
			return &rlimits[i];
	return NULL;
}

static int unknown_limit(const char *text)
{
	struct str names __free(str) = {0};

	for (size_t i = 0; i < RF_RLIMITS; i++)
		str_addf(&names, "%s%s", i ? ", " : "", rlimits[i].name);
	return sys_fail(-EINVAL, "limit", text, "is not NAME=SOFT[:HARD] with NAME one of %s", names.s ?: "");
}

int rf_rlimit_parse(const char *text, struct rf_rlimit *ret)
{
	size_t len = strcspn(text, "=");
	struct rf_rlimit l = {.kind = find_limit(text, len)};
	char word[64], *colon;
	int r;

	if (!l.kind || !text[len])
		return unknown_limit(text);
	if (str_copy(word, sizeof(word), text + len + 1) < 0)
		return sys_fail(-EINVAL, "limit", text, "is too long");
	colon = strchr(word, ':');
	if (colon)
		*colon = '\0';
	r = parse_half(l.kind, text, word, &l.has_soft, &l.soft);
	if (r >= 0)
		r = parse_half(l.kind, text, colon ? colon + 1 : word, &l.has_hard, &l.hard);
	if (r < 0)
		return r;
	if (!l.has_soft && !l.has_hard)
		return sys_fail(-EINVAL, "limit", text, "has no value: %s", limit_form(l.kind));
	if (l.has_soft && l.has_hard && l.soft > l.hard)
		return sys_fail(-EINVAL, "limit", text, "the soft limit is above the hard one");
	*ret = l;
	return 0;
}

const struct attr_name sched_names[] = {
	{"other", SCHED_OTHER}, {"batch", SCHED_BATCH}, {"idle", SCHED_IDLE}, {"fifo", SCHED_FIFO},
	{"rr", SCHED_RR}, {"deadline", SCHED_DEADLINE}, {0},
};

const char *attr_name(const struct attr_name *table, int value)
{
	for (; table->name; table++)
		if (table->value == value)
			return table->name;
	return NULL;
}

/* The word before a colon; *ret_rest is what follows it, or NULL. */
static const struct attr_name *find_name(const struct attr_name *table, const char *text, const char **ret_rest)
{
	size_t len = strcspn(text, ":");

	*ret_rest = text[len] ? text + len + 1 : NULL;
	for (; table->name; table++)
		if (strlen(table->name) == len && !memcmp(table->name, text, len))
			return table;
	return NULL;
}

/* RUNTIME/DEADLINE/PERIOD */
static int parse_deadline(const char *text, const char *words, struct rf_sched *s)
{
	uint64_t *to[] = {&s->runtime_ns, &s->deadline_ns, &s->period_ns};
	char copy[96], *at = copy;

	if (!words || str_copy(copy, sizeof(copy), words) < 0)
		return sys_fail(-EINVAL, "scheduler", text, "is not deadline:RUNTIME/DEADLINE/PERIOD");
	for (size_t i = 0; i < array_size(to); i++) {
		char *word = strsep(&at, "/");
		uint64_t us;

		if (!word || rf_parse_time_us(word, &us) < 0 || us > INT64_MAX / 1000)
			return sys_fail(-EINVAL, "scheduler", text,
					"\"%s\" is not a time such as 10ms: deadline:RUNTIME/DEADLINE/PERIOD", word ?: "");
		*to[i] = us * 1000;
	}
	if (at)
		return sys_fail(-EINVAL, "scheduler", text, "is not deadline:RUNTIME/DEADLINE/PERIOD");
	if (s->runtime_ns < 1024 || s->runtime_ns > s->deadline_ns || s->deadline_ns > s->period_ns)
		return sys_fail(-EINVAL, "scheduler", text,
				"the kernel wants 2us <= RUNTIME <= DEADLINE <= PERIOD");
	return 0;
}

int rf_sched_parse(const char *text, struct rf_sched *ret)
{
	const char *rest;
	const struct attr_name *name = find_name(sched_names, text, &rest);
	struct rf_sched s = {0};
	uint64_t priority = 1;
	int r = 0;

	if (!name)
		return sys_fail(-EINVAL, "scheduler", text, "is none of other, batch, idle, fifo, rr, deadline");
	s.policy = name->value;
	if (s.policy == SCHED_DEADLINE) {
		r = parse_deadline(text, rest, &s);
	} else if (s.policy == SCHED_FIFO || s.policy == SCHED_RR) {
		if (rest && (str_to_u64(rest, &priority) < 0 || priority < 1 || priority > 99))
			return sys_fail(-EINVAL, "scheduler", text, "a priority is a number from 1 to 99");
		s.priority = (uint32_t)priority;
	} else if (rest && !str_eq(rest, "0")) {
		return sys_fail(-EINVAL, "scheduler", text, "%s has no priority; nice is for that", name->name);
	}
	if (r >= 0)
		*ret = s;
	return r;
}

int rf_uclamp_parse(const char *text, uint32_t *ret_min, uint32_t *ret_max)
{
	char copy[32], *colon;
	uint64_t min, max;

	if (str_copy(copy, sizeof(copy), text) < 0 || !(colon = strchr(copy, ':')))
		return sys_fail(-EINVAL, "utilization clamp", text, "is not MIN:MAX");
	*colon = '\0';
	if (str_to_u64(copy, &min) < 0 || str_to_u64(colon + 1, &max) < 0 || min > max || max > 1024)
		return sys_fail(-EINVAL, "utilization clamp", text, "is not MIN:MAX with 0 <= MIN <= MAX <= 1024");
	*ret_min = (uint32_t)min;
	*ret_max = (uint32_t)max;
	return 0;
}

enum { WORD_BITS = 8 * sizeof(unsigned long) };

/* A number at *at, which moves behind it. */
static bool take_number(const char **at, uint64_t *ret)
{
	char *end;

	if (!isdigit((unsigned char)**at))
		return false;
	errno = 0;
	*ret = strtoull(*at, &end, 10);
	*at = end;
	return !errno;
}

static bool take_range(const char **at, unsigned limit, struct rf_bits *bits)
{
	uint64_t first, last, stride = 1;

	if (!take_number(at, &first))
		return false;
	last = first;
	if (**at == '-') {
		++*at;
		if (!take_number(at, &last))
			return false;
		if (**at == ':') {
			++*at;
			if (!take_number(at, &stride) || !stride)
				return false;
		}
	}
	if (last < first || last >= limit || stride > limit)
		return false;
	for (uint64_t i = first; i <= last; i += stride)
		bits->words[i / WORD_BITS] |= 1ul << i % WORD_BITS;
	return true;
}

int rf_bits_parse(const char *text, unsigned limit, struct rf_bits *ret)
{
	struct rf_bits bits = {0};
	const char *at = text;

	for (;; at++) {
		if (!take_range(&at, limit, &bits) || (*at && *at != ','))
			return sys_fail(-EINVAL, "list", text, "is not numbers and ranges below %u such as 0-3,8", limit);
		if (!*at)
			break;
	}
	*ret = bits;
	return 0;
}

static bool has_bit(const struct rf_bits *bits, unsigned i)
{
	return i < RF_LIST_BITS && bits->words[i / WORD_BITS] >> i % WORD_BITS & 1;
}

int rf_bits_format(const struct rf_bits *bits, char **ret_text)
{
	struct str out __free(str) = {0};

	for (unsigned i = 0; i < RF_LIST_BITS; i++) {
		unsigned first = i;

		if (!has_bit(bits, i))
			continue;
		while (has_bit(bits, i + 1))
			i++;
		str_addf(&out, i == first ? "%s%u" : "%s%u-%u", out.len ? "," : "", first, i);
	}
	return str_take(&out, ret_text);
}

const struct attr_name ioprio_names[] = {
	{"none", IOPRIO_CLASS_NONE}, {"rt", IOPRIO_CLASS_RT}, {"be", IOPRIO_CLASS_BE},
	{"idle", IOPRIO_CLASS_IDLE}, {"realtime", IOPRIO_CLASS_RT}, {"best-effort", IOPRIO_CLASS_BE}, {0},
};

int rf_ioprio_parse(const char *text, int *ret)
{
	const char *rest;
	const struct attr_name *name = find_name(ioprio_names, text, &rest);
	uint64_t level;

	if (!name)
		return sys_fail(-EINVAL, "I/O priority", text, "is none of rt[:LEVEL], be[:LEVEL], idle, none");
	if (name->value == IOPRIO_CLASS_IDLE || name->value == IOPRIO_CLASS_NONE) {
		if (rest)
			return sys_fail(-EINVAL, "I/O priority", text, "%s has no level", name->name);
		*ret = name->value << IOPRIO_CLASS_SHIFT;
		return 0;
	}
	level = 4;
	if (rest && (str_to_u64(rest, &level) < 0 || level > 7))
		return sys_fail(-EINVAL, "I/O priority", text, "a level is a number from 0 (first) to 7");
	*ret = name->value << IOPRIO_CLASS_SHIFT | (int)level;
	return 0;
}

const struct attr_name mempolicy_names[] = {
	{"default", MPOL_DEFAULT}, {"preferred", MPOL_PREFERRED}, {"bind", MPOL_BIND},
	{"interleave", MPOL_INTERLEAVE}, {"local", MPOL_LOCAL}, {0},
};

int rf_mempolicy_parse(const char *text, struct rf_mempolicy *ret)
{
	const char *rest;
	const struct attr_name *name = find_name(mempolicy_names, text, &rest);
	struct rf_mempolicy m = {0};
	bool has_nodes;
	int r = 0;

	if (!name)
		return sys_fail(-EINVAL, "memory policy", text,
				"is none of default, local, bind:NODES, preferred:NODES, interleave:NODES");
	m.mode = name->value;
	has_nodes = m.mode != MPOL_DEFAULT && m.mode != MPOL_LOCAL;
	if (has_nodes != (rest != NULL))
		return sys_fail(-EINVAL, "memory policy", text, has_nodes ? "%s:NODES" : "%s has no nodes", name->name);
	if (rest)
		r = rf_bits_parse(rest, RF_NODES, &m.nodes);
	if (r >= 0)
		*ret = m;
	return r;
}

static const struct attr_name personality_names[] = {
	{"linux64", PER_LINUX}, {"linux32", PER_LINUX32}, {"addr-no-randomize", ADDR_NO_RANDOMIZE},
	{"fdpic-funcptrs", FDPIC_FUNCPTRS}, {"mmap-page-zero", MMAP_PAGE_ZERO},
	{"addr-compat-layout", ADDR_COMPAT_LAYOUT}, {"read-implies-exec", READ_IMPLIES_EXEC},
	{"32bit", ADDR_LIMIT_32BIT}, {"short-inode", SHORT_INODE}, {"whole-seconds", WHOLE_SECONDS},
	{"sticky-timeouts", STICKY_TIMEOUTS}, {"3gb", ADDR_LIMIT_3GB}, {"uname-2.6", UNAME26}, {0},
};

int rf_personality_parse(const char *text, unsigned long *flags)
{
	struct str names __free(str) = {0};
	unsigned long found = 0;
	char copy[256], *at = copy, *word;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return sys_fail(-EINVAL, "personality", "", "is too long");
	while ((word = strsep(&at, ","))) {
		const struct attr_name *n = personality_names;

		while (n->name && !str_eq(n->name, word))
			n++;
		for (const struct attr_name *i = personality_names; !n->name && i->name; i++)
			str_addf(&names, "%s%s", names.len ? ", " : "", i->name);
		if (!n->name)
			return sys_fail(-EINVAL, "personality", text, "\"%s\" is none of %s", word, names.s ?: "");
		found |= (unsigned)n->value;
	}
	*flags |= found;
	return 0;
}

int attr_personality_words(unsigned long persona, char **ret_text)
{
	struct str out __free(str) = {0};

	str_add(&out, (persona & PER_MASK) == PER_LINUX32 ? "linux32" : "linux64");
	for (const struct attr_name *n = personality_names; n->name; n++)
		if ((unsigned)n->value & ~(unsigned)PER_MASK && (persona & (unsigned)n->value) == (unsigned)n->value)
			str_addf(&out, ",%s", n->name);
	return str_take(&out, ret_text);
}

int rf_signal_parse(const char *text, int *ret)
{
	const char *name = str_starts(text, "SIG") ? text + 3 : text;
	uint64_t n;

	if (str_to_u64(text, &n) >= 0 && n >= 1 && n <= 64) {
		*ret = (int)n;
		return 0;
	}
	for (int i = 1; i < 32; i++) {
		if (!sigabbrev_np(i) || !str_eq(name, sigabbrev_np(i)))
			continue;
		*ret = i;
		return 0;
	}
	return sys_fail(-EINVAL, "signal", text, "is neither a signal's name nor its number");
}
