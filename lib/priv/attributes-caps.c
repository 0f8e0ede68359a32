// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Changes of capability sets in the three notations in use: setpriv's +cap,-cap for one set,
 * libcap's text for effective, permitted and inheritable, and libcap's IAB for inheritable, ambient
 * and bounding ("!" there means: out of the bounding set). And securebits.
 */
#include <ctype.h>
#include <errno.h>
#include <linux/securebits.h>
#include <sys/capability.h>

#include "base/cleanup.h"
#include "priv/attributes.h"
#include "priv/caps.h"

enum { MAX_CAPS = 64, WORD = 64 };

DEFINE_FREE(caps, cap_t, if (v) cap_free(v))
DEFINE_FREE(iab, cap_iab_t, if (v) cap_free(v))

int rf_caps_change_parse(const char *text, struct rf_caps_change *change)
{
	struct rf_caps_change c = *change;

	for (const char *at = text;; at++) {
		size_t len = strcspn(at, ",");
		char word[WORD];
		uint64_t caps;
		int r;

		if ((*at != '+' && *at != '-') || len < 2 || len >= sizeof(word))
			return sys_fail(-EINVAL, "capabilities", text,
					"is not of the form +cap,-cap,-all: each word begins with + or -");
		memcpy(word, at + 1, len - 1);
		word[len - 1] = '\0';
		r = rf_caps_parse(word, &caps);
		if (r < 0)
			return r;
		c.raise = *at == '+' ? c.raise | caps : c.raise & ~caps;
		c.lower = *at == '+' ? c.lower & ~caps : c.lower | caps;
		at += len;
		if (!*at)
			break;
	}
	c.given = true;
	*change = c;
	return 0;
}

static struct rf_caps_change all_of(uint64_t caps)
{
	return (struct rf_caps_change){.raise = caps, .lower = ~caps, .given = true};
}

int rf_caps_text_parse(const char *text, struct rf_caps_changes *changes)
{
	cap_t c __free(caps) = cap_from_text(text);

	if (!c)
		return sys_fail(-EINVAL, "capabilities", text,
				"is no text of cap_from_text(3), such as \"cap_chown,cap_kill=ep\" or \"all=ep cap_sys_admin-ep\"");
	changes->effective = all_of(caps_flag_set(c, CAP_EFFECTIVE));
	changes->permitted = all_of(caps_flag_set(c, CAP_PERMITTED));
	changes->inheritable = all_of(caps_flag_set(c, CAP_INHERITABLE));
	return 0;
}

static uint64_t vector_set(cap_iab_t iab, cap_iab_vector_t vector)
{
	uint64_t caps = 0, all = rf_caps_all();

	for (unsigned i = 0; i < MAX_CAPS && all >> i & 1; i++)
		if (cap_iab_get_vector(iab, vector, (cap_value_t)i) == CAP_SET)
			caps |= 1ull << i;
	return caps;
}

int rf_iab_parse(const char *text, struct rf_caps_changes *changes)
{
	cap_iab_t iab __free(iab) = cap_iab_from_text(text);

	if (!iab)
		return sys_fail(-EINVAL, "capabilities", text,
				"is no text of cap_iab_from_text(3), such as \"^cap_chown,!cap_sys_admin\" (^ ambient, %% inheritable, ! not in the bounding set)");
	changes->inheritable = all_of(vector_set(iab, CAP_IAB_INH));
	changes->ambient = all_of(vector_set(iab, CAP_IAB_AMB));
	changes->bounding = (struct rf_caps_change){.lower = vector_set(iab, CAP_IAB_BOUND), .given = true};
	return 0;
}

const struct attr_name securebit_names[] = {
	{"noroot", SECBIT_NOROOT}, {"noroot_locked", SECBIT_NOROOT_LOCKED},
	{"no_setuid_fixup", SECBIT_NO_SETUID_FIXUP}, {"no_setuid_fixup_locked", SECBIT_NO_SETUID_FIXUP_LOCKED},
	{"keep_caps", SECBIT_KEEP_CAPS}, {"keep_caps_locked", SECBIT_KEEP_CAPS_LOCKED},
	{"no_cap_ambient_raise", SECBIT_NO_CAP_AMBIENT_RAISE},
	{"no_cap_ambient_raise_locked", SECBIT_NO_CAP_AMBIENT_RAISE_LOCKED}, {0},
};

static uint32_t securebit(const char *word)
{
	for (const struct attr_name *n = securebit_names; n->name; n++)
		if (str_eq(n->name, word))
			return (uint32_t)n->value;
	return 0;
}

static int unknown_securebit(const char *text, const char *word)
{
	struct str names __free(str) = {0};

	for (const struct attr_name *n = securebit_names; n->name; n++)
		str_addf(&names, "%s%s", names.len ? ", " : "", n->name);
	return sys_fail(-EINVAL, "securebits", text, "\"%s\" is not + or - and one of %s", word, names.s ?: "");
}

int rf_securebits_parse(const char *text, struct rf_securebits *bits)
{
	struct rf_securebits b = *bits;
	char copy[256], *at = copy, *word;

	if (str_copy(copy, sizeof(copy), text) < 0)
		return sys_fail(-EINVAL, "securebits", "", "is too long");
	for (char *p = copy; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	while ((word = strsep(&at, ","))) {
		uint32_t bit = word[0] == '+' || word[0] == '-' ? securebit(word + 1) : 0;

		if (!bit)
			return unknown_securebit(text, word);
		b.set = word[0] == '+' ? b.set | bit : b.set & ~bit;
		b.clear = word[0] == '+' ? b.clear & ~bit : b.clear | bit;
	}
	*bits = b;
	return 0;
}

void attr_securebits_words(uint32_t bits, struct str *out)
{
	bool any = false;

	for (const struct attr_name *n = securebit_names; n->name; n++) {
		if (!(bits & (uint32_t)n->value))
			continue;
		str_addf(out, "%s%s", any ? "," : "", n->name);
		any = true;
	}
	if (!any)
		str_add(out, "none");
}
