// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Rules on devices: an ordered list as OCI's, of which the last that is of a device decides. Where none is the
 * device is allowed, so a list of what is allowed begins with "deny a". A rule of which all is said again by a
 * later one has no effect and is left out, so that lists don't grow by repetition; nothing left is the same as
 * "allow a".
 */
#include <sys/sysmacros.h>

#include "cgroup/cgroup.h"

static const char form[] = "\"%.80s\" is not allow or deny, then a, \"c MAJOR:MINOR\", \"b MAJOR:MINOR\" (* for any) or "
			   "/dev/NAME, then of rwm what is meant (else all): \"deny a, allow c 1:3 rw\"";

static int parse_number(const char *text, size_t len, uint32_t *ret)
{
	char copy[12];
	uint64_t n;

	if (len == 1 && *text == '*') {
		*ret = CGROUP_ANY_DEVICE;
		return 0;
	}
	if (!len || len >= sizeof(copy) || strspn(text, "0123456789") < len)
		return -EINVAL;
	memcpy(copy, text, len);
	copy[len] = '\0';
	if (str_to_u64(copy, &n) < 0 || n >= CGROUP_ANY_DEVICE)
		return -EINVAL;
	*ret = (uint32_t)n;
	return 0;
}

static int parse_numbers(const char *text, struct cgroup_device_rule *d)
{
	size_t len = strcspn(text, ":");
	int r = text[len] ? parse_number(text, len, &d->major) : -EINVAL;

	return r < 0 ? r : parse_number(text + len + 1, strlen(text + len + 1), &d->minor);
}

static int parse_path(const char *path, struct cgroup_device_rule *d)
{
	struct stat st;
	int r = sys_fstatat(AT_FDCWD, path, &st, 0);

	if (r < 0)
		return sys_fail(-EINVAL, "check", CGROUP_RULES_KEY, "%.80s: %s", path, strerror(-r));
	if (!S_ISCHR(st.st_mode) && !S_ISBLK(st.st_mode))
		return sys_fail(-EINVAL, "check", CGROUP_RULES_KEY, "%.80s is no device", path);
	d->type = S_ISCHR(st.st_mode) ? 'c' : 'b';
	d->major = major(st.st_rdev);
	d->minor = minor(st.st_rdev);
	return 0;
}

static int parse_access(const char *text, struct cgroup_device_rule *d)
{
	static const char letters[] = CGROUP_ACCESS;

	d->access = 0;
	for (; *text; text++) {
		const char *at = strchr(letters, *text);
		uint8_t bit = at ? (uint8_t)(1u << (at - letters)) : 0;

		if (!bit || (d->access & bit))
			return -EINVAL;
		d->access |= bit;
	}
	return d->access ? 0 : -EINVAL;
}

/* "allow c 1:3 rw" */
static int parse_rule(char *text, struct cgroup_device_rule *ret)
{
	struct cgroup_device_rule d = {.major = CGROUP_ANY_DEVICE, .minor = CGROUP_ANY_DEVICE, .access = CGROUP_ACCESS_ALL};
	char *words[5], *save = NULL;
	size_t n = 0, at = 2;
	int r = 0;

	for (char *w = strtok_r(text, " ", &save); w && n < array_size(words); w = strtok_r(NULL, " ", &save))
		words[n++] = w;
	if (n < 2 || (!str_eq(words[0], "allow") && !str_eq(words[0], "deny")))
		return -EINVAL;
	d.allow = str_eq(words[0], "allow");
	if (*words[1] == '/') {
		r = parse_path(words[1], &d);
	} else if (strlen(words[1]) == 1 && strchr("abc", *words[1])) {
		d.type = *words[1];
		if (n > at && strchr(words[at], ':'))
			r = parse_numbers(words[at++], &d);
		else if (d.type != 'a')
			r = -EINVAL;
		/* Numbers say nothing without a type. */
		if (d.type == 'a' && (d.major != CGROUP_ANY_DEVICE || d.minor != CGROUP_ANY_DEVICE))
			r = -EINVAL;
	} else {
		r = -EINVAL;
	}
	if (r >= 0 && n > at)
		r = parse_access(words[at++], &d);
	if (r < 0 || n > at)
		return r < 0 ? r : -EINVAL;
	*ret = d;
	return 0;
}

/* Is all that `old` says said by `d`, too, for as many devices or more? */
static bool covers(const struct cgroup_device_rule *d, const struct cgroup_device_rule *old)
{
	return (d->type == 'a' || d->type == old->type) && (d->major == CGROUP_ANY_DEVICE || d->major == old->major) &&
	       (d->minor == CGROUP_ANY_DEVICE || d->minor == old->minor) && !(old->access & ~d->access);
}

static int add(struct cgroup_rules *rules, const struct cgroup_device_rule *d)
{
	size_t n = 0;

	for (size_t i = 0; i < rules->n; i++)
		if (!covers(d, &rules->list[i]))
			rules->list[n++] = rules->list[i];
	rules->n = n;
	if (d->allow && d->type == 'a' && d->access == CGROUP_ACCESS_ALL)
		return 0;
	if (n == CGROUP_RULES_MAX)
		return sys_fail(-EINVAL, "check", CGROUP_RULES_KEY, "at most %d rules can be kept", CGROUP_RULES_MAX);
	rules->list[rules->n++] = *d;
	return 0;
}

int cgroup_rules_parse(const char *text, struct cgroup_rules *ret)
{
	struct cgroup_rules rules = {0};
	char *copy __free(ptr) = strdup(text), *save = NULL;
	size_t n = 0;

	if (!copy)
		return -ENOMEM;
	rf_trace_forget();
	for (char *one = strtok_r(copy, ",\n", &save); one; one = strtok_r(NULL, ",\n", &save)) {
		char *shown __free(ptr) = strdup(one + strspn(one, " "));
		struct cgroup_device_rule d;
		int r = shown ? parse_rule(one, &d) : -ENOMEM;

		/* Of a file it has been said what is wrong with it. */
		if (r == -EINVAL && !str_eq(rf_trace_last_failure()->name, "check"))
			return sys_fail(r, "check", CGROUP_RULES_KEY, form, shown);
		if (r < 0)
			return r;
		n++;
		r = add(&rules, &d);
		if (r < 0)
			return r;
	}
	if (!n)
		return sys_fail(-EINVAL, "check", CGROUP_RULES_KEY, form, text);
	*ret = rules;
	return 0;
}

static void write_number(uint32_t n, struct str *out)
{
	if (n == CGROUP_ANY_DEVICE)
		str_add(out, "*");
	else
		str_addf(out, "%u", n);
}

void cgroup_rules_write(const struct cgroup_rules *rules, const char *between, struct str *out)
{
	if (!rules->n)
		str_add(out, CGROUP_RULES_USUAL);
	for (size_t i = 0; i < rules->n; i++) {
		const struct cgroup_device_rule *d = &rules->list[i];

		str_addf(out, "%s%s %c ", i ? between : "", d->allow ? "allow" : "deny", d->type);
		write_number(d->major, out);
		str_add(out, ":");
		write_number(d->minor, out);
		str_add(out, " ");
		for (size_t bit = 0; CGROUP_ACCESS[bit]; bit++)
			if (d->access & 1u << bit)
				str_addf(out, "%c", CGROUP_ACCESS[bit]);
	}
}

int cgroup_rules_plain(const char *text, const char *between, char **ret)
{
	struct cgroup_rules rules = {.n = 0};
	struct str out __free(str) = {0};
	int r = cgroup_rules_parse(text, &rules);

	if (r < 0)
		return r;
	cgroup_rules_write(&rules, between, &out);
	return str_take(&out, ret);
}
