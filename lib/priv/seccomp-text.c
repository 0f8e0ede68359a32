// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The readable form of a profile: a rule a line, and the first one that holds decides.
 *
 *	default deny EPERM
 *	allow @basic openat2
 *	deny EACCES socket if arg0 != AF_UNIX
 *	include common.txt
 *
 * Reading is in two parts. Loading follows the includes and makes one text of all files; that text
 * is what the cache compares, so a change in an included file counts. A line that starts with \1
 * says where the following ones come from, and one with \2 which groups this library has: both are
 * bytes that a profile itself may not hold. Compiling then goes over that text only.
 */
#include "priv/seccomp.h"

#include <errno.h>
#include <stdlib.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { MAX_DEPTH = 8, LIMIT = 4 << 20, MAX_CONDITIONS = 16, MAX_ERRNO = 4095 };

static const char blanks[] = " \t\r";

struct file {
	const char *path;
	const struct file *from;
	dev_t dev; /* with ino: which file it is, under whatever name */
	ino_t ino;
	int depth;
};

static int bad_line(const char *name, int line, const char *text, const char *word)
{
	return sys_fail(-EINVAL, "seccomp profile", name, "line %d: %s%s%.60s%s", line, text,
			word ? " \"" : "", word ?: "", word ? "\"" : "");
}

static int load(const struct file *f, const char *text, size_t len, struct str *out);

/* The file that `fd` has open, or where there is none, that has this name now. */
static int identify(struct file *f, int fd)
{
	struct stat st;
	int r = fd < 0 ? sys_fstatat(AT_FDCWD, f->path, &st, 0) : sys_fstat(fd, &st);

	if (r < 0)
		return r;
	f->dev = st.st_dev;
	f->ino = st.st_ino;
	return 0;
}

static int load_include(const struct file *f, int line, const char *word, struct str *out)
{
	const char *slash = f->path ? strrchr(f->path, '/') : NULL;
	char *path __free(ptr) = NULL, *text __free(ptr) = NULL;
	struct file sub = {.from = f, .depth = f->depth + 1};
	int fd __free(fd) = -EBADF, r;
	size_t len;

	if (!f->path)
		return bad_line("profile", line, "a profile in memory can't include", word);
	if (word[0] == '@')
		return bad_line(f->path, line, "a group is named in a rule, as in: allow", word);
	path = word[0] == '/' || !slash
		       ? strdup(word)
		       : str_format("%.*s/%s", (int)(slash - f->path), f->path, word);
	if (!path)
		return -ENOMEM;
	if (sub.depth > MAX_DEPTH)
		return bad_line(f->path, line, "includes nest deeper than 8 at", word);
	sub.path = path;
	fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	r = fd < 0 ? fd : identify(&sub, fd);
	if (r < 0)
		return r;
	for (const struct file *up = f; up; up = up->from)
		if (up->dev == sub.dev && up->ino == sub.ino)
			return bad_line(f->path, line, "a file that includes itself:", word);
	r = file_read_fd(fd, LIMIT, &text, &len);
	return r < 0 ? r : load(&sub, text, len, out);
}

static char *next_word(char **rest)
{
	char *word;

	while ((word = strsep(rest, blanks)) && !word[0])
		;
	return word;
}

/* The file's name in an include line, cut out of `line`, or NULL. */
static char *included(char *line, const char **ret_extra)
{
	char *rest = line, *word;

	line[strcspn(line, "#")] = 0;
	word = next_word(&rest);
	if (!word || !str_eq(word, "include"))
		return NULL;
	word = next_word(&rest);
	*ret_extra = word ? next_word(&rest) : NULL;
	return word ?: line + strlen(line);
}

static int load(const struct file *f, const char *text, size_t len, struct str *out)
{
	const char *name = f->path ?: "profile", *end = text + len;
	int r = 0, number = 1;

	str_addf(out, "\1%d %s\n", 1, name);
	for (const char *at = text; r >= 0 && at < end; number++) {
		const char *stop = memchr(at, '\n', (size_t)(end - at)) ?: end;
		char *line __free(ptr) = strndup(at, (size_t)(stop - at)), *file;
		const char *extra;

		if (!line)
			return -ENOMEM;
		for (const char *c = at; c < stop; c++)
			if ((unsigned char)*c < 0x20 && *c != '\t' && *c != '\r')
				return bad_line(name, number, "has a byte that no text has", NULL);
		if (out->len + (size_t)(stop - at) > LIMIT)
			return sys_fail(-EFBIG, "seccomp profile", name, "with all it includes it is too long");
		file = included(line, &extra);
		if (file) {
			if (!file[0] || extra)
				return bad_line(name, number, extra ? "include takes one file, not" :
						"include what?", extra);
			r = load_include(f, number, file, out);
			str_addf(out, "\1%d %s\n", number + 1, name);
		} else {
			str_addn(out, at, (size_t)(stop - at));
			str_add(out, "\n");
		}
		at = stop + 1;
	}
	return r < 0 ? r : out->failed ? -ENOMEM : 0;
}

/* What the groups hold may change from one ringfence to the next. */
static uint64_t groups_sum(void)
{
	uint64_t h = str_hash_start;

	for (const struct rf_seccomp_group *g = rf_seccomp_groups(); g->name; g++)
		for (size_t i = 0; g->calls[i]; i++)
			h = str_hash(h, g->calls[i], strlen(g->calls[i]));
	return h;
}

int seccomp_text_load(const char *path, const char *text, size_t len, char **ret_whole,
		      size_t *ret_len)
{
	struct file f = {.path = path};
	struct str out __free(str) = {0};
	int r = path ? identify(&f, -EBADF) : 0;

	if (r < 0)
		return r;
	str_addf(&out, "\2text 1 %016llx\n", (unsigned long long)groups_sum());
	r = load(&f, text, len, &out);
	if (r < 0)
		return r;
	*ret_len = out.len;
	return str_take(&out, ret_whole);
}

struct parser {
	struct rf_seccomp *out;
	struct str unknown;
	const char *name; /* of the file that the line is from */
	int line;
	bool has_default;
	uint32_t default_action;
};

static int bad(const struct parser *p, const char *text, const char *word)
{
	return bad_line(p->name, p->line, text, word);
}

static const struct {
	const char *word;
	uint32_t action;
} actions[] = {
	{"allow", SECCOMP_RET_ALLOW},	      {"deny", SECCOMP_RET_ERRNO},
	{"errno", SECCOMP_RET_ERRNO},	      {"kill", SECCOMP_RET_KILL_PROCESS},
	{"kill-thread", SECCOMP_RET_KILL_THREAD}, {"trap", SECCOMP_RET_TRAP},
	{"log", SECCOMP_RET_LOG},	      {"trace", SECCOMP_RET_TRACE},
};

static int parse_errno(const struct parser *p, const char *word, uint32_t *action)
{
	uint64_t n;

	for (int e = 1; word && e < 134; e++) {
		const char *name = strerrorname_np(e);

		if (name && str_eq(name, word)) {
			*action |= (uint32_t)e;
			return 0;
		}
	}
	if (word && str_to_u64(word, &n) >= 0 && n <= MAX_ERRNO) {
		*action |= (uint32_t)n;
		return 0;
	}
	return word ? bad(p, "an errno is a name like EPERM or a number to 4095, not", word)
		    : bad(p, "deny needs an errno, as in: deny EPERM ptrace", NULL);
}

static int parse_action(const struct parser *p, const char *word, char **rest, uint32_t *ret)
{
	for (size_t i = 0; word && i < array_size(actions); i++) {
		if (!str_eq(actions[i].word, word))
			continue;
		*ret = actions[i].action;
		return *ret == SECCOMP_RET_ERRNO ? parse_errno(p, next_word(rest), ret) : 0;
	}
	return bad(p, "a line begins with default, include, allow, deny, errno, kill, kill-thread, trap, log or trace, not",
		   word ?: "");
}

static const struct {
	const char *word;
	enum scmp_compare op;
} ops[] = {
	{"==", SCMP_CMP_EQ}, {"!=", SCMP_CMP_NE}, {"<", SCMP_CMP_LT},	{"<=", SCMP_CMP_LE},
	{">", SCMP_CMP_GT},  {">=", SCMP_CMP_GE}, {"&", SCMP_CMP_MASKED_EQ},
};

/* Numbers in base 8, 10 or 16, and names, joined by '|'. */
static int parse_value(const struct parser *p, const char *word, uint64_t *ret)
{
	char *copy __free(ptr) = strdup(word ?: ""), *rest = copy, *part, *end;
	uint64_t value = 0, one;

	if (!copy)
		return -ENOMEM;
	while ((part = strsep(&rest, "|"))) {
		if (seccomp_value(part, &one) < 0) {
			errno = 0;
			one = strtoull(part, &end, 0);
			if (part[0] < '0' || part[0] > '9' || *end || errno)
				return bad(p, "is no number and no name known here:", word ?: "");
		}
		value |= one;
	}
	*ret = value;
	return 0;
}

static int parse_condition(const struct parser *p, char **rest, struct scmp_arg_cmp *c)
{
	const char *arg = next_word(rest), *op = next_word(rest), *equal;
	int r;

	if (!arg || !str_starts(arg, "arg") || arg[3] < '0' || arg[3] > '5' || arg[4])
		return bad(p, "a condition begins with arg0 to arg5, not", arg ?: "");
	for (size_t i = 0; op && i < array_size(ops); i++) {
		if (!str_eq(ops[i].word, op))
			continue;
		*c = (struct scmp_arg_cmp){.arg = (unsigned)(arg[3] - '0'), .op = ops[i].op};
		r = parse_value(p, next_word(rest), &c->datum_a);
		if (r < 0 || c->op != SCMP_CMP_MASKED_EQ)
			return r;
		equal = next_word(rest);
		if (!equal || !str_eq(equal, "=="))
			return bad(p, "after & MASK comes == VALUE, not", equal ?: "");
		equal = next_word(rest);
		r = parse_value(p, equal, &c->datum_b);
		if (r >= 0 && c->datum_b & ~c->datum_a)
			return bad(p, "the mask leaves nothing that could be", equal);
		return r;
	}
	return bad(p, "an argument is compared by ==, !=, <, <=, >, >= or &, not", op ?: "");
}

struct rule {
	uint32_t action;
	struct scmp_arg_cmp conditions[MAX_CONDITIONS];
	size_t n;
};

static int add_call(struct parser *p, const struct rule *r, const char *name, bool of_group)
{
	int nr = seccomp_call_number(name);
	struct str near __free(str) = {0};
	char where[300];

	if (nr == -ENOENT && !of_group) {
		seccomp_add_near(name, &near);
		return sys_fail(-EINVAL, "seccomp profile", p->name,
				"line %d: \"%.60s\" is no system call%s%s", p->line, name,
				near.len ? "; near it: " : " (confine groups lists many)",
				near.s ?: "");
	}
	if (nr < 0) {
		if (!of_group)
			str_addf(&p->unknown, "%s%s", p->unknown.len ? "," : "", name);
		return 0;
	}
	snprintf(where, sizeof(where), "%s:%d", p->name, p->line);
	return seccomp_add_rule(p->out, nr, r->action, r->conditions, r->n, where);
}

static int add_name(struct parser *p, const struct rule *rule, const char *word)
{
	const char *const *calls = word[0] == '@' ? seccomp_group(word + 1) : NULL;
	struct str near __free(str) = {0};
	int r = 0;

	if (word[0] != '@')
		return add_call(p, rule, word, false);
	if (!calls) {
		seccomp_add_near(word, &near);
		return sys_fail(-EINVAL, "seccomp profile", p->name,
				"line %d: \"%.60s\" is no group%s%s", p->line, word,
				near.len ? "; near it: " : " (confine groups lists them)",
				near.s ?: "");
	}
	for (size_t i = 0; r >= 0 && calls[i]; i++)
		r = add_call(p, rule, calls[i], true);
	return r;
}

static int parse_conditions(const struct parser *p, char **rest, struct rule *rule)
{
	const char *word;
	int r;

	do {
		if (rule->n == MAX_CONDITIONS)
			return bad(p, "a rule has at most 16 conditions", NULL);
		r = parse_condition(p, rest, &rule->conditions[rule->n++]);
		if (r < 0)
			return r;
		word = next_word(rest);
	} while (word && str_eq(word, "and"));
	return word ? bad(p, "conditions are joined by \"and\", not", word) : 0;
}

static int parse_rule(struct parser *p, const char *verb, char *rest)
{
	char *names = NULL, *word, *copy __free(ptr) = NULL;
	struct rule rule = {0};
	size_t n = 0;
	int r = parse_action(p, verb, &rest, &rule.action);

	if (r < 0)
		return r;
	copy = names = strdup(rest ?: "");
	if (!copy)
		return -ENOMEM;
	/* The conditions come last, and are wanted with the first name. */
	while ((word = next_word(&rest)) && !str_eq(word, "if"))
		n++;
	if (word)
		r = parse_conditions(p, &rest, &rule);
	if (r >= 0 && !n)
		return bad(p, "a rule names system calls or groups", NULL);
	for (; r >= 0 && n; n--)
		r = add_name(p, &rule, next_word(&names));
	return r;
}

static int parse_default(struct parser *p, char *rest)
{
	const char *word = next_word(&rest);
	int r;

	if (p->has_default)
		return bad(p, "there is one default, and it was given before", NULL);
	r = parse_action(p, word, &rest, &p->default_action);
	if (r < 0)
		return r;
	word = next_word(&rest);
	p->has_default = true;
	return word ? bad(p, "default takes an action only, not", word) : 0;
}

static int parse_line(struct parser *p, char *line)
{
	char *rest = line, *verb;

	if (line[0] == '\1') {
		/* A number of ours, one blank, the name: it lives as long as the text. */
		p->line = (int)strtol(line + 1, &rest, 10) - 1;
		p->name = rest + 1;
		return 0;
	}
	if (line[0] == '\2')
		return 0;
	line[strcspn(line, "#")] = 0;
	verb = next_word(&rest);
	if (!verb)
		return 0;
	return str_eq(verb, "default") ? parse_default(p, rest) : parse_rule(p, verb, rest);
}

int seccomp_from_text(const char *whole, struct rf_seccomp *s)
{
	char *text __free(ptr) = strdup(whole), *rest = text, *line;
	struct parser p = {.out = s, .name = s->name};
	int r = text ? 0 : -ENOMEM;

	for (; r >= 0 && (line = strsep(&rest, "\n")); p.line++)
		r = parse_line(&p, line);
	if (r >= 0 && !p.has_default)
		r = sys_fail(-EINVAL, "seccomp profile", s->name,
			     "has no default: say what becomes of all other calls, as in: default deny EPERM");
	if (r >= 0)
		r = seccomp_compile_rules(s, p.default_action);
	if (r >= 0)
		r = str_take(&p.unknown, &s->unknown);
	str_done(&p.unknown);
	s->is_text = r >= 0;
	return r;
}
