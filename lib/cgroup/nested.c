// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Files with a line for each device, region or resource: "254:0 rbps=1048576 wbps=max". A setting is
 * one line; the kernel changes what it names and leaves the other lines and parts. What is not
 * limited may have no line at all, so that undoing a setting is writing "max" where none was.
 *
 * Devices are given as /dev/NAME or MAJOR:MINOR. The kernel wants the whole disk: of a partition it
 * says ENODEV.
 */
#include <ringfence/units.h>

#include <ctype.h>
#include <sys/sysmacros.h>

#include "cgroup/cgroup.h"

static bool is_dev_number(const char *s)
{
	size_t major = strspn(s, "0123456789"), minor;

	if (!major || s[major] != ':')
		return false;
	minor = strspn(s + major + 1, "0123456789");
	return minor && !s[major + 1 + minor] && major < 10 && minor < 10;
}

int cgroup_device(const struct cgroup_key *key, const char *text, char *buf, size_t size)
{
	struct stat st;
	int r;

	if (is_dev_number(text))
		return str_copy(buf, size, text);
	if (!str_starts(text, "/dev/"))
		return sys_fail(-EINVAL, "check", key->pub.name,
				"\"%s\" is not a device: give /dev/NAME or MAJOR:MINOR", text);
	r = sys_fstatat(AT_FDCWD, text, &st, 0);
	if (r < 0)
		return sys_fail(-EINVAL, "check", key->pub.name, "%s: %s", text, strerror(-r));
	if (!S_ISBLK(st.st_mode))
		return sys_fail(-EINVAL, "check", key->pub.name, "%s is not a block device", text);
	snprintf(buf, size, "%u:%u", major(st.st_rdev), minor(st.st_rdev));
	return 0;
}

static const struct cgroup_part *find_part(const struct cgroup_key *key, const char *name, size_t len)
{
	for (const struct cgroup_part *p = key->parts; p->name; p++)
		if (strlen(p->name) == len && !strncmp(p->name, name, len))
			return p;
	return NULL;
}

/* Does the key have lines of one number, without a name? */
static const struct cgroup_part *single(const struct cgroup_key *key)
{
	return !key->parts[0].name && key->parts[0].kind != PART_TEXT ? &key->parts[0] : NULL;
}

static int add_number(const struct cgroup_part *part, const char *text, struct str *out)
{
	uint64_t n;
	int r = -EINVAL;

	if (part->kind == PART_BYTES)
		r = rf_parse_bytes(text, &n);
	else if (part->kind == PART_COUNT)
		r = rf_parse_count(text, &n);
	else if (part->kind == PART_TIME)
		r = str_to_u64(text, &n) >= 0 ? 0 : rf_parse_time_us(text, &n);
	if (r < 0)
		return r;
	/* io.max takes no 0: it would mean that nothing ever happens. */
	if (n == 0 && str_eq(part->unset, "max") && part->name)
		return -ERANGE;
	if (n == RF_MAX)
		str_add(out, "max");
	else
		str_addf(out, "%llu", (unsigned long long)n);
	return 0;
}

static bool is_plain(const char *s)
{
	for (; *s; s++)
		if (!isalnum((unsigned char)*s) && !strchr("._=-", *s))
			return false;
	return true;
}

static int add_part(const struct cgroup_key *key, const char *word, struct str *out)
{
	const char *eq = strchr(word, '=');
	const struct cgroup_part *part = single(key);

	str_add(out, " ");
	if (part)
		return add_number(part, word, out);
	if (!eq || eq == word)
		return -EINVAL;
	if (!key->parts[0].name) {
		str_add(out, word);
		return is_plain(word) && eq[1] ? 0 : -EINVAL;
	}
	part = find_part(key, word, (size_t)(eq - word));
	if (!part)
		return -EINVAL;
	str_addf(out, "%s=", part->name);
	return add_number(part, eq + 1, out);
}

static int bad(const struct cgroup_key *key, const char *text)
{
	return sys_fail(-EINVAL, "check", key->pub.name, "\"%s\" is not %s", text, key->pub.form);
}

int cgroup_nested_parse(const struct cgroup_key *key, const char *text, struct cgroup_value *ret)
{
	char copy[CGROUP_LINE_MAX], name[CGROUP_LINE_MAX], *save = NULL, *word;
	struct str line __free(str) = {0};
	size_t n = 0;
	int r = str_copy(copy, sizeof(copy), text);

	word = r < 0 ? NULL : strtok_r(copy, " ", &save);
	if (!word)
		return bad(key, text);
	r = key->device ? cgroup_device(key, word, name, sizeof(name)) : str_copy(name, sizeof(name), word);
	if (r < 0)
		return r;
	str_add(&line, name);
	while (r >= 0 && (word = strtok_r(NULL, " ", &save))) {
		r = add_part(key, word, &line);
		n++;
	}
	if (r < 0 || !n || (single(key) && n > 1))
		return bad(key, text);
	if (line.failed)
		return -ENOMEM;
	ret->text = text;
	return str_copy(ret->line, sizeof(ret->line), line.s);
}

const char *cgroup_nested_line(const char *text, const char *name, size_t len)
{
	for (const char *line = text; line; line = strchr(line, '\n')) {
		line += *line == '\n';
		if (!strncmp(line, name, len) && line[len] == ' ')
			return line + len + 1;
	}
	return NULL;
}

/* The value of a part in a line (up to its end), "" where it isn't there. */
static void part_in(const char *line, const char *part, size_t len, char *buf, size_t size)
{
	buf[0] = '\0';
	while (line && *line && *line != '\n') {
		size_t n = strcspn(line, " \n");
		bool named = part ? !strncmp(line, part, len) && line[len] == '=' : true;
		size_t skip = part ? len + 1 : 0;

		if (named && n >= skip && n - skip < size) {
			memcpy(buf, line + skip, n - skip);
			buf[n - skip] = '\0';
			return;
		}
		line += n + (line[n] == ' ');
	}
}

static const char *unset_of(const struct cgroup_key *key, const char *part, size_t len)
{
	const struct cgroup_part *p = single(key) ?: find_part(key, part, len);

	return p ? p->unset : "";
}

/* A part of the line that was written against what the kernel says of it: as in value_compare(). */
static int compare_part(const struct cgroup_key *key, const char *word, const char *got)
{
	const char *eq = strchr(word, '=');
	size_t len = eq ? (size_t)(eq - word) : 0, n = strcspn(word, " \n");
	const char *want = eq ? eq + 1 : word;
	char is[64];
	uint64_t a, b;

	n -= (size_t)(want - word);
	part_in(got, eq ? word : NULL, len, is, sizeof(is));
	if (strlen(is) == n && !strncmp(is, want, n))
		return 0;
	/* Without a line or part nothing is limited. */
	if (!is[0])
		return !strncmp(want, unset_of(key, word, len), n) ? 0 : -EIO;
	/* The cost controller prints "95.00" for 95, and its own choice of what isn't given. */
	if (!key->parts[0].name && !single(key))
		return 1;
	/* Bytes of a device's memory are kept in pages. */
	if (single(key) && single(key)->kind == PART_BYTES && str_to_u64(is, &a) >= 0) {
		char number[24] = "";

		snprintf(number, sizeof(number), "%.*s", (int)n, want);
		if (str_to_u64(number, &b) >= 0 && cgroup_page_floor(b) == a)
			return 1;
	}
	return -EIO;
}

int cgroup_nested_compare(const struct cgroup_key *key, const char *want, const char *got)
{
	size_t len = strcspn(want, " ");
	const char *line = cgroup_nested_line(got, want, len), *word = want + len;
	int result = 0;

	while (*word) {
		int r;

		word += *word == ' ';
		r = compare_part(key, word, line);
		if (r < 0)
			return r;
		result |= r;
		word += strcspn(word, " ");
	}
	return result;
}

char *cgroup_nested_before(const struct cgroup_key *key, const char *want, const char *old)
{
	size_t len = strcspn(want, " ");
	const char *line = cgroup_nested_line(old, want, len), *word = want + len;
	struct str out __free(str) = {0};
	char *taken;

	str_addn(&out, want, len);
	while (*word) {
		size_t n, name;
		char was[64];

		word += *word == ' ';
		n = strcspn(word, " ");
		name = strcspn(word, "= ");
		part_in(line, single(key) ? NULL : word, name, was, sizeof(was));
		str_add(&out, " ");
		if (!single(key))
			str_addn(&out, word, name + 1);
		str_add(&out, was[0] ? was : unset_of(key, word, name));
		word += n;
	}
	return str_take(&out, &taken) < 0 ? NULL : taken;
}
