// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Mount operations from words. A word is cut at ':' that no '\' stands before; the parts are
 * copied without these '\'. Each kind has a row that names its parts in their order, a '?' before
 * those that may be missing; each part has a function. Nothing here looks at the system.
 */
#include <ringfence/mounts.h>
#include <ringfence/units.h>

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "mount/op.h"

enum { MAX_FD = 1 << 20 };

/* All that the operations of a list point to, in one chain. */
struct rf_mounts_text {
	struct rf_mounts_text *next;
	_Alignas(void *) char bytes[];
};

struct parser {
	struct rf_mounts *mounts;
	struct rf_mount_op op;
	const char *word;
	const char **lowers;
};

static void *keep(struct rf_mounts *m, const void *data, size_t size)
{
	struct rf_mounts_text *t = malloc(sizeof(*t) + size);

	if (!t)
		return NULL;
	t->next = m->texts;
	m->texts = t;
	memcpy(t->bytes, data, size);
	return t->bytes;
}

static int bad(const struct parser *p, const char *why)
{
	return sys_fail(-EINVAL, mount_kind_name(p->op.kind), p->word, "%s", why);
}

/* The next part, up to `end` or the word's end, kept without its '\'; *at stands on what ended it. */
static int take_part(struct parser *p, const char **at, char end, const char **ret_part)
{
	struct str out __free(str) = {0};
	const char *s = *at;

	for (; *s && *s != end; s++) {
		if (*s == '\\') {
			s++;
			if (*s != ':' && *s != ',' && *s != '\\')
				return bad(p, "a '\\' stands only before ':', ',' or '\\'");
		}
		str_addn(&out, s, 1);
	}
	*at = s;
	*ret_part = out.failed ? NULL : keep(p->mounts, out.s ?: "", out.len + 1);
	return *ret_part ? 0 : -ENOMEM;
}

static int set_source(struct parser *p, const char *part)
{
	p->op.source = part;
	return part[0] ? 0 : bad(p, "the source is empty");
}

static int set_target(struct parser *p, const char *part)
{
	p->op.target = part;
	return 0;
}

static int set_fd(struct parser *p, const char *part)
{
	uint64_t n;

	if (str_to_u64(part, &n) < 0 || n > MAX_FD)
		return bad(p, "does not begin with the number of a descriptor");
	p->op.fd = (int)n;
	return 0;
}

static int set_mode(struct parser *p, const char *part)
{
	size_t digits = strspn(part, "01234567");

	if (!digits || digits > 5 || part[digits] || strtoul(part, NULL, 8) > 07777)
		return bad(p, "a mode is an octal number up to 7777");
	p->op.mode = (uint32_t)strtoul(part, NULL, 8);
	p->op.has_mode = true;
	return 0;
}

static int set_size(struct parser *p, const char *value)
{
	if (rf_parse_bytes(value, &p->op.size) < 0 || !p->op.size || p->op.size > INT64_MAX)
		return bad(p, "size= is a number of bytes such as 64M");
	return 0;
}

static int set_inodes(struct parser *p, const char *value)
{
	if (str_to_u64(value, &p->op.inodes) < 0 || !p->op.inodes || p->op.inodes > INT64_MAX)
		return bad(p, "nr_inodes= is a number from 1 on");
	return 0;
}

static int add_lower(struct parser *p, const char *value)
{
	const char **more = realloc(p->lowers, (p->op.n_lowers + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	p->lowers = more;
	p->lowers[p->op.n_lowers++] = value;
	return value[0] ? 0 : bad(p, "lower= is empty");
}

static int set_upper(struct parser *p, const char *value)
{
	p->op.upper = value;
	return value[0] ? 0 : bad(p, "upper= is empty");
}

static int set_work(struct parser *p, const char *value)
{
	p->op.work = value;
	return value[0] ? 0 : bad(p, "work= is empty");
}

/* Options: a bit, of which the last of "ro" and "rw" counts; or a function of what follows "=". */
static const struct option_row {
	const char *name;
	uint64_t bit, unset;
	int (*set)(struct parser *p, const char *value);
	uint32_t kinds;
} options[] = {
#define LIMITED (1u << RF_MOUNT_BIND | 1u << RF_MOUNT_BIND_FD | 1u << RF_MOUNT_TMPFS)
#define RO_RW (LIMITED | 1u << RF_MOUNT_SYSFS | 1u << RF_MOUNT_CGROUPFS)
	{"ro", RF_MOUNT_RO, RF_MOUNT_RW, NULL, RO_RW},
	{"rw", RF_MOUNT_RW, RF_MOUNT_RO, NULL, RO_RW},
	{"norec", RF_MOUNT_NOREC, 0, NULL, 1u << RF_MOUNT_BIND | 1u << RF_MOUNT_BIND_FD},
	{"nosuid", RF_MOUNT_NOSUID, 0, NULL, LIMITED},
	{"nodev", RF_MOUNT_NODEV, 0, NULL, LIMITED},
	{"noexec", RF_MOUNT_NOEXEC, 0, NULL, LIMITED},
	{"noatime", RF_MOUNT_NOATIME, 0, NULL, LIMITED},
	{"nosymfollow", RF_MOUNT_NOSYMFOLLOW, 0, NULL, LIMITED},
	{"idmap", RF_MOUNT_IDMAP, 0, NULL, 1u << RF_MOUNT_BIND},
	{"size=", 0, 0, set_size, 1u << RF_MOUNT_TMPFS},
	{"mode=", 0, 0, set_mode, 1u << RF_MOUNT_TMPFS},
	{"nr_inodes=", 0, 0, set_inodes, 1u << RF_MOUNT_TMPFS},
	{"lower=", 0, 0, add_lower, 1u << RF_MOUNT_OVERLAY},
	{"upper=", 0, 0, set_upper, 1u << RF_MOUNT_OVERLAY},
	{"work=", 0, 0, set_work, 1u << RF_MOUNT_OVERLAY},
	{"userxattr", RF_MOUNT_USERXATTR, 0, NULL, 1u << RF_MOUNT_OVERLAY},
};

static int unknown_option(const struct parser *p, const char *word)
{
	struct str out __free(str) = {0};

	str_addf(&out, "\"%.40s\" is not one of", word);
	for (size_t i = 0; i < array_size(options); i++)
		if (options[i].kinds & 1u << p->op.kind)
			str_addf(&out, " %s", options[i].name);
	return out.failed ? -ENOMEM : bad(p, out.s);
}

static int set_option(struct parser *p, const char *word)
{
	for (size_t i = 0; i < array_size(options); i++) {
		const struct option_row *o = &options[i];

		if (!(o->kinds & 1u << p->op.kind))
			continue;
		if (o->set && str_starts(word, o->name))
			return o->set(p, word + strlen(o->name));
		if (o->set || !str_eq(word, o->name))
			continue;
		p->op.attrs = (p->op.attrs & ~o->unset) | o->bit;
		return 0;
	}
	return unknown_option(p, word);
}

/* The rest of the word: options with commas between. */
static int take_options(struct parser *p, const char **at)
{
	const char *part = NULL;
	int r;

	for (const char *s = *at;; s++) {
		r = take_part(p, &s, ',', &part);
		if (r >= 0)
			r = set_option(p, part);
		if (r < 0 || !*s) {
			*at = s;
			return r;
		}
	}
}

/* set_option takes all that is left of the word. */
struct part_row {
	int (*set)(struct parser *p, const char *part);
	bool optional;
};

#define FORM(...) (const struct part_row[4]){__VA_ARGS__}
#define END {NULL, true}
static const struct part_row *const forms[RF_MOUNT_KINDS] = {
#define OPTIONS {set_option, true}
	[RF_MOUNT_BIND] = FORM({set_source, false}, {set_target, true}, OPTIONS, END),
	[RF_MOUNT_BIND_FD] = FORM({set_fd, false}, {set_target, false}, OPTIONS, END),
	[RF_MOUNT_TMPFS] = FORM({set_target, false}, OPTIONS, END),
	[RF_MOUNT_PROC] = FORM({set_target, false}, END),
	[RF_MOUNT_DEV] = FORM({set_target, false}, END),
	[RF_MOUNT_DEVPTS] = FORM({set_target, false}, END),
	[RF_MOUNT_MQUEUE] = FORM({set_target, false}, END),
	[RF_MOUNT_SYSFS] = FORM({set_target, false}, OPTIONS, END),
	[RF_MOUNT_CGROUPFS] = FORM({set_target, false}, OPTIONS, END),
	[RF_MOUNT_OVERLAY] = FORM({set_target, false}, {set_option, false}, END),
	[RF_MOUNT_SYMLINK] = FORM({set_source, false}, {set_target, false}, END),
	[RF_MOUNT_DIR] = FORM({set_target, false}, {set_mode, true}, END),
	[RF_MOUNT_FILE] = FORM({set_fd, false}, {set_target, false}, {set_mode, true}, END),
	[RF_MOUNT_MASK] = FORM({set_target, false}, END),
	[RF_MOUNT_READ_ONLY] = FORM({set_target, false}, END),
};

static int parse(struct parser *p)
{
	const char *at = p->word, *part = NULL;
	int r;

	for (const struct part_row *row = forms[p->op.kind]; row->set; row++) {
		if (row->set == set_option) {
			r = take_options(p, &at);
		} else {
			r = take_part(p, &at, ':', &part);
			if (r >= 0)
				r = row->set(p, part);
		}
		if (r < 0)
			return r;
		if (!*at)
			return row[1].optional ? 0 : bad(p, "a part is missing");
		at++;
	}
	return bad(p, "has too many parts: write '\\:' for a literal ':'");
}

static int append(struct parser *p)
{
	struct rf_mounts *m = p->mounts;
	struct rf_mount_op *more = realloc(m->ops, (m->n + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	m->ops = more;
	if (p->op.n_lowers) {
		p->op.lowers = keep(m, p->lowers, p->op.n_lowers * sizeof(*p->lowers));
		if (!p->op.lowers)
			return -ENOMEM;
	}
	m->ops[m->n++] = p->op;
	return 0;
}

int rf_mounts_parse(struct rf_mounts *mounts, enum rf_mount_kind kind, uint64_t attrs, const char *word)
{
	struct parser p = {.mounts = mounts, .word = word, .op = {.kind = kind, .attrs = attrs}};
	int r = parse(&p);

	/* A bind is seen where it was, unless told otherwise. */
	if (r >= 0 && kind == RF_MOUNT_BIND && !p.op.target)
		p.op.target = p.op.source;
	if (r >= 0)
		p.op.lowers = p.lowers;
	if (r >= 0)
		r = mount_op_check(&p.op);
	if (r >= 0)
		r = append(&p);
	free(p.lowers);
	return r;
}

void rf_mounts_free(struct rf_mounts *mounts)
{
	while (mounts->texts) {
		struct rf_mounts_text *next = mounts->texts->next;

		free(mounts->texts);
		mounts->texts = next;
	}
	free(mounts->ops);
	*mounts = (struct rf_mounts){0};
}
