// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Capabilities, by libcap.
 *
 * A thread has five sets. What it may do is decided by the effective set; what it may take into
 * that one, by the permitted set; both are computed anew at each execve(2) (capabilities(7)):
 *
 *   for user 0		permitted = bounding | inheritable
 *   for others		permitted = ambient | (what the file has & bounding) | (file & inheritable)
 *
 * So taking something from root's permitted set alone is undone by his next exec. What counts is
 * the bounding set, which needs CAP_SETPCAP and therefore comes first; then the inheritable set
 * must be emptied too, because nothing bounds it (CVE-2022-24769). Securebits are not needed: with
 * both sets reduced there is nothing that user 0 could regain. Lowering the inheritable set lowers
 * the ambient set with it.
 */
#include "priv/caps.h"

#include <ctype.h>
#include <sys/capability.h>

#include "base/cleanup.h"
#include "base/str.h"

DEFINE_FREE(caps, cap_t, if (v) cap_free(v))

enum { MAX_CAPS = 64, NAME_MAX_LEN = 40 };

uint64_t rf_caps_all(void)
{
	unsigned n = (unsigned)cap_max_bits();

	return n >= MAX_CAPS ? ~0ull : (1ull << n) - 1;
}

char *caps_name(unsigned cap)
{
	char *known = cap_to_name((cap_value_t)cap), *copy;

	/* libcap's strings are freed in libcap's way. */
	copy = known ? strdup(known) : NULL;
	cap_free(known);
	return copy;
}

static int unknown_name(const char *word, const char *given)
{
	struct str near __free(str) = {0};

	for (unsigned c = 0; c < MAX_CAPS && rf_caps_all() >> c & 1; c++) {
		char *name __free(ptr) = caps_name(c);

		if (name && str_is_near(word, name + (str_starts(name, "cap_") ? 4 : 0)))
			str_addf(&near, "%s%s", near.len ? ", " : "", name);
	}
	return sys_fail(-EINVAL, "capability", given, "is not the name of a capability%s%s",
			near.len ? "; near it: " : " (capabilities(7) lists them)", near.s ?: "");
}

/* The form in which rf_caps_format() shows a capability that libcap does not know. */
static bool parse_number(const char *name, cap_value_t *ret)
{
	uint64_t n;

	if (str_to_u64(name, &n) < 0 || n >= MAX_CAPS || !(rf_caps_all() >> n & 1))
		return false;
	*ret = (cap_value_t)n;
	return true;
}

static int parse_name(const char *word, size_t len, uint64_t *caps)
{
	char given[NAME_MAX_LEN], full[NAME_MAX_LEN + 4] = "cap_", *name = full + 4;
	cap_value_t value;

	if (len > sizeof(given) - 1)
		len = sizeof(given) - 1; /* too long for any name; it is only shown */
	memcpy(given, word, len);
	given[len] = '\0';
	for (size_t i = 0; i <= len; i++)
		name[i] = (char)tolower((unsigned char)given[i]);
	if (str_eq(name, "all")) {
		*caps |= rf_caps_all();
		return 0;
	}
	if (str_eq(name, "none"))
		return 0;
	if (str_starts(name, "cap_"))
		memmove(name, name + 4, strlen(name + 4) + 1);
	if (!parse_number(name, &value) && (!name[0] || cap_from_name(full, &value) < 0))
		return unknown_name(name, given);
	*caps |= 1ull << value;
	return 0;
}

int rf_caps_parse(const char *text, uint64_t *ret_caps)
{
	uint64_t caps = 0;

	for (const char *p = text;; p++) {
		size_t len = strcspn(p, ",");
		int r = parse_name(p, len, &caps);

		if (r < 0)
			return r;
		p += len;
		if (!*p)
			break;
	}
	*ret_caps = caps;
	return 0;
}

static void add_names(struct str *out, uint64_t caps)
{
	bool first = true;

	for (unsigned c = 0; c < MAX_CAPS; c++) {
		char *name __free(ptr) = caps >> c & 1 ? caps_name(c) : NULL;

		if (!(caps >> c & 1))
			continue;
		str_addf(out, "%s%s", first ? "" : ",", name ?: "?");
		first = false;
	}
}

int rf_caps_format(uint64_t caps, char **ret_text)
{
	struct str out __free(str) = {0};
	uint64_t all = rf_caps_all(), missing = all & ~caps;

	if (!caps) {
		str_add(&out, "none");
	} else if (caps == all) {
		str_add(&out, "all");
	} else if (caps & ~all || __builtin_popcountll(missing) >= __builtin_popcountll(caps)) {
		add_names(&out, caps);
	} else {
		str_add(&out, "all but ");
		add_names(&out, missing);
	}
	return str_take(&out, ret_text);
}

uint64_t caps_flag_set(cap_t c, cap_flag_t set)
{
	uint64_t caps = 0, all = rf_caps_all();

	for (unsigned i = 0; i < MAX_CAPS && all >> i & 1; i++) {
		cap_flag_value_t on = CAP_CLEAR;

		if (cap_get_flag(c, (cap_value_t)i, set, &on) == 0 && on == CAP_SET)
			caps |= 1ull << i;
	}
	return caps;
}

static int read_set(int (*get)(cap_value_t), const char *word, uint64_t *ret_caps)
{
	uint64_t caps = 0, all = rf_caps_all();

	for (unsigned i = 0; i < MAX_CAPS && all >> i & 1; i++) {
		int r = (int)SYS_CALL("prctl", SYS_READ, SYS_NOFD, NULL, get((cap_value_t)i),
				      "%s, %u", word, i);

		if (r < 0)
			return r;
		if (r > 0)
			caps |= 1ull << i;
	}
	*ret_caps = caps;
	return 0;
}

int caps_get_held(struct rf_caps *caps)
{
	cap_t c __free(caps) = NULL;
	int r = (int)SYS_CALL("capget", SYS_READ, SYS_NOFD, NULL, (c = cap_get_proc()) ? 0 : -1,
			      "%s", "");

	if (r < 0)
		return r;
	caps->effective = caps_flag_set(c, CAP_EFFECTIVE);
	caps->permitted = caps_flag_set(c, CAP_PERMITTED);
	caps->inheritable = caps_flag_set(c, CAP_INHERITABLE);
	return 0;
}

int caps_get_bounding(struct rf_caps *caps)
{
	return read_set(cap_get_bound, "PR_CAPBSET_READ", &caps->bounding);
}

int rf_caps_get(struct rf_caps *ret_caps)
{
	struct rf_caps caps;
	int r = caps_get_held(&caps);

	if (r >= 0)
		r = caps_get_bounding(&caps);
	if (r >= 0)
		r = read_set(cap_get_ambient, "PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET",
			     &caps.ambient);
	if (r >= 0)
		*ret_caps = caps;
	return r;
}

/* CAP_SYS_ADMIN, as the kernel's header has it; the number where libcap is older than the kernel. */
static const char *kernel_name(unsigned c, char name[NAME_MAX_LEN])
{
	char *known __free(ptr) = caps_name(c);

	snprintf(name, NAME_MAX_LEN, "%u", c);
	if (known && known[0] >= 'a')
		snprintf(name, NAME_MAX_LEN, "%s", known);
	for (char *p = name; *p; p++)
		*p = (char)toupper((unsigned char)*p);
	return name;
}

int caps_drop_bounding(uint64_t caps)
{
	int r = 0;

	for (unsigned c = 0; r >= 0 && c < MAX_CAPS; c++) {
		char name[NAME_MAX_LEN];

		if (caps >> c & 1)
			r = (int)SYS_CALL("prctl", SYS_ACT, SYS_NOFD, NULL,
					  cap_drop_bound((cap_value_t)c), "PR_CAPBSET_DROP, %s",
					  kernel_name(c, name));
	}
	return r;
}

static int put_set(cap_t c, cap_flag_t set, uint64_t caps)
{
	for (unsigned i = 0; i < MAX_CAPS; i++) {
		cap_value_t v = (cap_value_t)i;

		if (caps >> i & 1 && cap_set_flag(c, set, 1, &v, CAP_SET) < 0)
			return -errno;
	}
	return 0;
}

int caps_set(uint64_t effective, uint64_t permitted, uint64_t inheritable)
{
	cap_t c __free(caps) = cap_init();
	int r;

	if (!c)
		return -ENOMEM;
	r = put_set(c, CAP_EFFECTIVE, effective);
	if (r >= 0)
		r = put_set(c, CAP_PERMITTED, permitted);
	if (r >= 0)
		r = put_set(c, CAP_INHERITABLE, inheritable);
	if (r < 0)
		return r;
	return (int)SYS_CALL("capset", SYS_ACT, SYS_NOFD, NULL, cap_set_proc(c),
			     "{.effective = %#llx, .permitted = %#llx, .inheritable = %#llx}",
			     (unsigned long long)effective, (unsigned long long)permitted,
			     (unsigned long long)inheritable);
}

int caps_raise_ambient(uint64_t caps)
{
	int r = 0;

	for (unsigned c = 0; r >= 0 && c < MAX_CAPS; c++) {
		char name[NAME_MAX_LEN];

		if (caps >> c & 1)
			r = (int)SYS_CALL("prctl", SYS_ACT, SYS_NOFD, NULL,
					  cap_set_ambient((cap_value_t)c, CAP_SET),
					  "PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, %s", kernel_name(c, name));
	}
	return r;
}
