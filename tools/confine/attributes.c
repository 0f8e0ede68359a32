// SPDX-License-Identifier: GPL-2.0-or-later
/* The words of the options about ids, sets, limits and scheduling to the library's struct. */
#include <errno.h>
#include <ringfence/units.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "confine.h"

struct opt_list attribute_words[ATTRIBUTE_WORDS];
bool clear_groups, keep_groups, init_groups, reset_env, reset_on_fork, no_thp, dump;

static struct rf_attributes attributes = {.size = sizeof(attributes)};
static struct rf_rlimit *rlimits;

/* -EINVAL, with the note that tool_error() prints. */
static int not_a(const char *what, const char *word, const char *allowed)
{
	return sys_fail(-EINVAL, what, word, "is not %s", allowed);
}

static int parse_number(const char *what, const char *word, long min, long max, int *ret)
{
	char *end, allowed[64];
	long n;

	errno = 0;
	n = strtol(word, &end, 10);
	snprintf(allowed, sizeof(allowed), "a whole number from %ld to %ld", min, max);
	if (errno || end == word || *end || n < min || n > max)
		return not_a(what, word, allowed);
	*ret = (int)n;
	return 0;
}

static int set_caps(const char *w) { return rf_caps_text_parse(w, &attributes.caps); }
static int set_iab(const char *w) { return rf_iab_parse(w, &attributes.caps); }
static int set_inh(const char *w) { return rf_caps_change_parse(w, &attributes.caps.inheritable); }
static int set_amb(const char *w) { return rf_caps_change_parse(w, &attributes.caps.ambient); }
static int set_bnd(const char *w) { return rf_caps_change_parse(w, &attributes.caps.bounding); }
static int set_securebits(const char *w) { return rf_securebits_parse(w, &attributes.securebits); }
static int set_ruid(const char *w) { return rf_user_parse(w, &attributes.ruid); }
static int set_euid(const char *w) { return rf_user_parse(w, &attributes.euid); }
static int set_rgid(const char *w) { return rf_group_parse(w, &attributes.rgid); }
static int set_egid(const char *w) { return rf_group_parse(w, &attributes.egid); }
static int set_sched(const char *w) { return rf_sched_parse(w, &attributes.sched); }
static int set_ioprio(const char *w) { return rf_ioprio_parse(w, &attributes.ioprio); }
static int set_mempolicy(const char *w) { return rf_mempolicy_parse(w, &attributes.mempolicy); }
static int set_personality(const char *w) { return rf_personality_parse(w, &attributes.personality); }
static int set_nice(const char *w) { return parse_number("nice value", w, -20, 19, &attributes.nice); }

static int set_uclamp(const char *w)
{
	return rf_uclamp_parse(w, &attributes.uclamp_min, &attributes.uclamp_max);
}

static int set_affinity(const char *w)
{
	return rf_bits_parse(w, RF_LIST_BITS, &attributes.affinity);
}

static int set_oom(const char *w)
{
	return parse_number("OOM score adjustment", w, -1000, 1000, &attributes.oom_score_adj);
}

static int set_reuid(const char *w)
{
	int r = set_ruid(w);

	attributes.euid = attributes.ruid;
	return r;
}

static int set_regid(const char *w)
{
	int r = set_rgid(w);

	attributes.egid = attributes.rgid;
	return r;
}

static int set_groups(const char *w)
{
	uint32_t *list;
	int r = rf_groups_parse(w, &list, &attributes.n_groups);

	if (r >= 0) {
		free((void *)(uintptr_t)attributes.groups);
		attributes.groups = list;
	}
	return r;
}

static int set_pdeathsig(const char *w)
{
	attributes.keep_pdeathsig = str_eq(w, "keep");
	attributes.pdeathsig = 0;
	if (attributes.keep_pdeathsig || str_eq(w, "clear"))
		return 0;
	return rf_signal_parse(w, &attributes.pdeathsig);
}

static int set_rlimit(const char *w)
{
	struct rf_rlimit *more = realloc(rlimits, (attributes.n_rlimits + 1) * sizeof(*more));
	int r;

	if (!more)
		return -ENOMEM;
	rlimits = more;
	attributes.rlimits = more;
	r = rf_rlimit_parse(w, &more[attributes.n_rlimits]);
	if (r >= 0)
		attributes.n_rlimits++;
	return r;
}

static int set_core_sched(const char *w)
{
	if (str_eq(w, "new")) {
		attributes.core_sched_pid = 0;
		return 0;
	}
	return parse_number("core scheduling", w, 1, 1 << 22, &attributes.core_sched_pid) < 0
		       ? not_a("core scheduling", w, "new or the pid of a process whose cookie to share")
		       : 0;
}

static int set_timerslack(const char *w)
{
	uint64_t us;

	if (str_to_u64(w, &attributes.timerslack_ns) >= 0)
		return 0;
	if (rf_parse_time_us(w, &us) < 0 || us > INT64_MAX / 1000)
		return not_a("timer slack", w, "nanoseconds, or a time such as 50us");
	attributes.timerslack_ns = us * 1000;
	return 0;
}

static int set_umask(const char *w)
{
	char *end;
	unsigned long mask = strtoul(w, &end, 8);

	if (!*w || *end || *w == '-' || mask > 0777)
		return not_a("umask", w, "an octal number from 0 to 0777");
	attributes.umask = (unsigned)mask;
	return 0;
}

/* A struct for each word of enum attribute_word. */
static const struct word_row {
	const char *option;
	int (*set)(const char *word);
	uint32_t given;
} rows[ATTRIBUTE_WORDS] = {
	[WORD_CAPS] = {"caps", set_caps, 0},
	[WORD_IAB] = {"iab", set_iab, 0},
	[WORD_INH_CAPS] = {"inh-caps", set_inh, 0},
	[WORD_AMBIENT_CAPS] = {"ambient-caps", set_amb, 0},
	[WORD_BOUNDING_SET] = {"bounding-set", set_bnd, 0},
	[WORD_SECUREBITS] = {"securebits", set_securebits, RF_ATTR_SECUREBITS},
	[WORD_REUID] = {"reuid", set_reuid, RF_ATTR_RUID | RF_ATTR_EUID},
	[WORD_RUID] = {"ruid", set_ruid, RF_ATTR_RUID},
	[WORD_EUID] = {"euid", set_euid, RF_ATTR_EUID},
	[WORD_REGID] = {"regid", set_regid, RF_ATTR_RGID | RF_ATTR_EGID},
	[WORD_RGID] = {"rgid", set_rgid, RF_ATTR_RGID},
	[WORD_EGID] = {"egid", set_egid, RF_ATTR_EGID},
	[WORD_GROUPS] = {"groups", set_groups, RF_ATTR_GROUPS},
	[WORD_PDEATHSIG] = {"pdeathsig", set_pdeathsig, RF_ATTR_PDEATHSIG},
	[WORD_RLIMIT] = {"rlimit", set_rlimit, 0},
	[WORD_NICE] = {"nice", set_nice, RF_ATTR_NICE},
	[WORD_SCHED] = {"sched", set_sched, RF_ATTR_SCHED},
	[WORD_UCLAMP] = {"uclamp", set_uclamp, RF_ATTR_UCLAMP},
	[WORD_AFFINITY] = {"affinity", set_affinity, RF_ATTR_AFFINITY},
	[WORD_IOPRIO] = {"ioprio", set_ioprio, RF_ATTR_IOPRIO},
	[WORD_OOM_SCORE_ADJ] = {"oom-score-adj", set_oom, RF_ATTR_OOM_SCORE_ADJ},
	[WORD_CORE_SCHED] = {"core-sched", set_core_sched, RF_ATTR_CORE_SCHED},
	[WORD_MEMPOLICY] = {"mempolicy", set_mempolicy, RF_ATTR_MEMPOLICY},
	[WORD_TIMERSLACK] = {"timerslack", set_timerslack, RF_ATTR_TIMERSLACK},
	[WORD_PERSONALITY] = {"personality", set_personality, RF_ATTR_PERSONALITY},
	[WORD_UMASK] = {"umask", set_umask, RF_ATTR_UMASK},
};

static int set_words(void)
{
	for (size_t i = 0; i < ATTRIBUTE_WORDS; i++) {
		for (size_t k = 0; k < attribute_words[i].n; k++) {
			int r = rows[i].set(attribute_words[i].words[k]);

			if (r < 0)
				return tool_error(r, "--%s", rows[i].option);
			attributes.given |= rows[i].given;
		}
	}
	return 0;
}

/* Options that say the same thing in two ways. */
static int refuse_pairs(void)
{
	static const struct {
		enum attribute_word one, other;
	} pairs[] = {
		{WORD_CAPS, WORD_INH_CAPS}, {WORD_CAPS, WORD_IAB}, {WORD_IAB, WORD_INH_CAPS},
		{WORD_IAB, WORD_AMBIENT_CAPS}, {WORD_IAB, WORD_BOUNDING_SET}, {WORD_REUID, WORD_RUID},
		{WORD_REUID, WORD_EUID}, {WORD_REGID, WORD_RGID}, {WORD_REGID, WORD_EGID},
	};

	for (size_t i = 0; i < array_size(pairs); i++)
		if (attribute_words[pairs[i].one].n && attribute_words[pairs[i].other].n)
			return tool_usage_error("--%s and --%s contradict each other: both say what one set or id is",
						rows[pairs[i].one].option, rows[pairs[i].other].option);
	return 0;
}

/* --drop, --keep and --ambient beside the other ways to name capabilities. */
static int refuse_overlaps(const struct rf_confine *c)
{
	const struct rf_caps_changes *set = &attributes.caps;
	uint64_t drop = c->drop | (c->has_keep ? ~c->keep : 0);
	const char *dropping = c->drop ? "drop" : "keep";
	bool by_iab = attribute_words[WORD_IAB].n;
	const struct {
		const char *one, *other;
		bool given;
		uint64_t both;
	} pairs[] = {
		{dropping, "caps", attribute_words[WORD_CAPS].n, drop & (set->permitted.raise | set->inheritable.raise)},
		{dropping, by_iab ? "iab" : "inh-caps", set->inheritable.given, drop & set->inheritable.raise},
		{dropping, by_iab ? "iab" : "ambient-caps", set->ambient.given, drop & set->ambient.raise},
		{dropping, "bounding-set", set->bounding.given, drop & set->bounding.raise},
		{"ambient", by_iab ? "iab" : "ambient-caps", set->ambient.given, c->ambient},
		{"ambient", attribute_words[WORD_CAPS].n ? "caps" : by_iab ? "iab" : "inh-caps", set->inheritable.given,
		 c->ambient & set->inheritable.lower},
		{"ambient-caps", attribute_words[WORD_CAPS].n ? "caps" : "inh-caps", set->inheritable.given && !by_iab,
		 set->ambient.raise & set->inheritable.lower},
	};

	for (size_t i = 0; i < array_size(pairs); i++) {
		char *names __free(ptr) = NULL;

		if (!pairs[i].given || !(pairs[i].both & rf_caps_all()) ||
		    rf_caps_format(pairs[i].both & rf_caps_all(), &names) < 0)
			continue;
		return tool_usage_error("--%s and --%s contradict each other: %s", pairs[i].one, pairs[i].other, names);
	}
	return 0;
}

static int init_users_groups(void)
{
	uint32_t *list;
	int r;

	if (!(attributes.given & RF_ATTR_RUID))
		return tool_usage_error("--init-groups needs --reuid or --ruid: whose groups?");
	r = rf_groups_of_user(attributes.ruid, &list, &attributes.n_groups);
	if (r < 0)
		return tool_error(r, "--init-groups");
	attributes.groups = list;
	return 0;
}

static int set_all_groups(void)
{
	bool listed = attributes.given & RF_ATTR_GROUPS;

	if (clear_groups + keep_groups + init_groups + listed > 1)
		return tool_usage_error("--groups, --clear-groups, --keep-groups and --init-groups contradict each other");
	/* Else a forgotten option would leave root's groups to the new user. */
	if (attributes.given & (RF_ATTR_RGID | RF_ATTR_EGID) && !clear_groups && !keep_groups && !init_groups && !listed)
		return tool_usage_error("a change of the group needs one of --clear-groups, --groups, --init-groups, --keep-groups");
	if (clear_groups || init_groups)
		attributes.given |= RF_ATTR_GROUPS;
	return init_groups ? init_users_groups() : 0;
}

int attributes_set(struct rf_confine *confine)
{
	int r = refuse_pairs();

	if (!r)
		r = set_words();
	if (!r)
		r = refuse_overlaps(confine);
	if (!r)
		r = set_all_groups();
	attributes.given |= (reset_env ? RF_ATTR_RESET_ENV : 0) | (no_thp ? RF_ATTR_NO_THP : 0) |
			    (reset_on_fork ? RF_ATTR_RESET_ON_FORK : 0);
	confine->attributes = &attributes;
	return r;
}
