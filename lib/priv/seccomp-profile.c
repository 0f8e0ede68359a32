// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * An OCI linux.seccomp object to classic BPF: json-c reads, libseccomp compiles.
 *
 *   defaultAction, defaultErrnoRet, architectures, flags,
 *   syscalls [ { names, action, errnoRet, args [ { index, value, valueTwo, op } ] } ]
 *
 * What the specification leaves to be known: several conditions of one entry must all hold, but
 * two on the same argument are alternatives (libseccomp refuses the pair in one rule, and that is
 * what the engines mean by it). A rule whose action is the default's says nothing and libseccomp
 * refuses it. Names unknown here are left out, since profiles list the calls of newer kernels;
 * any other word unknown here is an error, since leaving it out would change what is allowed. The
 * engines' templates ("includes", "archMap") look alike but hold rules that are meant for some
 * containers only; read as plain profiles they would allow too much, so they are refused.
 */
#include "priv/seccomp.h"

#include <json-c/json.h>
#include <seccomp.h>
#include <stdarg.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/str.h"

DEFINE_FREE(json, struct json_object *, if (v) json_object_put(v))
DEFINE_FREE(tokener, struct json_tokener *, if (v) json_tokener_free(v))
DEFINE_FREE(filter, scmp_filter_ctx, if (v) seccomp_release(v))

enum { MAX_ARGS = 6, MAX_CONDITIONS = 64, MAX_ERRNO = 4095, MAX_TRACE = 65535 };

struct profile {
	const char *name;   /* the file */
	const char *prefix; /* "linux.seccomp." within a config.json */
	scmp_filter_ctx ctx;
	uint32_t default_action;
	struct rf_seccomp *out;
	struct str unknown;
};

/* Where in the document: "syscalls[3].args[0].op". */
struct place {
	char text[96];
};

static struct place at(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
static struct place at(const char *fmt, ...)
{
	struct place p;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(p.text, sizeof(p.text), fmt, ap);
	va_end(ap);
	return p;
}

static int bad(const struct profile *p, struct place where, const char *fmt, ...) printf_like(3, 4);
static int bad(const struct profile *p, struct place where, const char *fmt, ...)
{
	char text[160];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return sys_fail(-EINVAL, "seccomp profile", p->name, "%s%s: %s", p->prefix, where.text,
			text);
}

/* The member of that type; *ret is NULL where there is none. */
static int member(const struct profile *p, struct json_object *o, const char *key,
		  enum json_type type, struct place where, struct json_object **ret)
{
	struct json_object *v = NULL;

	if (json_object_object_get_ex(o, key, &v) && v && !json_object_is_type(v, type))
		return bad(p, where, "must be %s %s, not %s", type == json_type_array ? "an" : "a",
			   type == json_type_int ? "whole number" : json_type_to_name(type),
			   json_type_to_name(json_object_get_type(v)));
	*ret = v;
	return 0;
}

static int number(const struct profile *p, struct json_object *o, const char *key, uint64_t max,
		  struct place where, bool *ret_given, uint64_t *ret)
{
	struct json_object *v = NULL;
	int r = member(p, o, key, json_type_int, where, &v);

	if (r < 0)
		return r;
	*ret_given = v != NULL;
	if (!v)
		return 0;
	/* json-c turns a negative number into 0 and one beyond 2^64 into the greatest. */
	if (json_object_get_int64(v) < 0 || json_object_get_uint64(v) > max)
		return bad(p, where, "%s is not a number from 0 to %llu",
			   json_object_get_string(v), (unsigned long long)max);
	*ret = json_object_get_uint64(v);
	return 0;
}

struct word {
	const char *name;
	uint32_t value;
};

static const struct word actions[] = {
	{"SCMP_ACT_ALLOW", SCMP_ACT_ALLOW},
	{"SCMP_ACT_ERRNO", SCMP_ACT_ERRNO(0)},
	{"SCMP_ACT_KILL", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_KILL_PROCESS", SCMP_ACT_KILL_PROCESS},
	{"SCMP_ACT_KILL_THREAD", SCMP_ACT_KILL_THREAD},
	{"SCMP_ACT_LOG", SCMP_ACT_LOG},
	{"SCMP_ACT_NOTIFY", SCMP_ACT_NOTIFY},
	{"SCMP_ACT_TRACE", SCMP_ACT_TRACE(0)},
	{"SCMP_ACT_TRAP", SCMP_ACT_TRAP},
};

static const struct word ops[] = {
	{"SCMP_CMP_NE", SCMP_CMP_NE}, {"SCMP_CMP_LT", SCMP_CMP_LT},
	{"SCMP_CMP_LE", SCMP_CMP_LE}, {"SCMP_CMP_EQ", SCMP_CMP_EQ},
	{"SCMP_CMP_GE", SCMP_CMP_GE}, {"SCMP_CMP_GT", SCMP_CMP_GT},
	{"SCMP_CMP_MASKED_EQ", SCMP_CMP_MASKED_EQ},
};

static const struct word flag_words[] = {
	{"SECCOMP_FILTER_FLAG_TSYNC", SECCOMP_FILTER_FLAG_TSYNC},
	{"SECCOMP_FILTER_FLAG_LOG", SECCOMP_FILTER_FLAG_LOG},
	{"SECCOMP_FILTER_FLAG_SPEC_ALLOW", SECCOMP_FILTER_FLAG_SPEC_ALLOW},
};

static int look_up(const struct profile *p, const struct word *words, size_t n, const char *name,
		   struct place where, uint32_t *ret)
{
	struct str allowed __free(str) = {0};

	for (size_t i = 0; i < n; i++) {
		if (str_eq(words[i].name, name)) {
			*ret = words[i].value;
			return 0;
		}
		str_addf(&allowed, "%s%s", i ? ", " : "", words[i].name + strlen("SCMP_"));
	}
	if (words == flag_words)
		return bad(p, where, "\"%.60s\" is not a flag known here", name);
	return bad(p, where, "\"%.40s\" is not one of SCMP_… %s", name, allowed.s ?: "");
}

/* An action and its errno, whose keys differ between the default and the entries. */
static int get_action(struct profile *p, struct json_object *o, const char *key,
		      const char *errno_key, const char *prefix, uint32_t *ret)
{
	struct place where = at("%s%s", prefix, key), errno_at = at("%s%s", prefix, errno_key);
	struct json_object *v = NULL;
	bool given = false;
	uint64_t data = EPERM;
	uint32_t action = 0;
	int r = member(p, o, key, json_type_string, where, &v);

	if (r < 0)
		return r;
	if (!v)
		return bad(p, where, "is missing");
	r = look_up(p, actions, array_size(actions), json_object_get_string(v), where, &action);
	if (r < 0)
		return r;
	r = number(p, o, errno_key, action == SCMP_ACT_TRACE(0) ? MAX_TRACE : MAX_ERRNO, errno_at,
		   &given, &data);
	if (r < 0)
		return r;
	if (action == SCMP_ACT_NOTIFY)
		p->out->needs_listener = true;
	if (action == SCMP_ACT_ERRNO(0) || action == SCMP_ACT_TRACE(0))
		action |= (uint32_t)data;
	else if (given)
		return bad(p, errno_at, "the action %s has no errno", json_object_get_string(v));
	*ret = action;
	return 0;
}

static int get_condition(struct profile *p, struct json_object *o, size_t entry, size_t i,
			 struct scmp_arg_cmp *ret)
{
	const char *const keys[] = {"index", "value", "valueTwo"};
	uint64_t values[3] = {0};
	struct place op_at = at("syscalls[%zu].args[%zu].op", entry, i);
	struct json_object *v = NULL;
	uint32_t op = 0;
	int r;

	if (!json_object_is_type(o, json_type_object))
		return bad(p, at("syscalls[%zu].args[%zu]", entry, i), "must be an object");
	for (int k = 0; k < 3; k++) {
		struct place where = at("syscalls[%zu].args[%zu].%s", entry, i, keys[k]);
		bool given;

		r = number(p, o, keys[k], k ? UINT64_MAX : MAX_ARGS - 1, where, &given, &values[k]);
		if (r < 0)
			return r;
		if (!given && k < 2)
			return bad(p, where, "is missing");
	}
	r = member(p, o, "op", json_type_string, op_at, &v);
	if (r < 0)
		return r;
	if (!v)
		return bad(p, op_at, "is missing");
	r = look_up(p, ops, array_size(ops), json_object_get_string(v), op_at, &op);
	if (r < 0)
		return r;
	*ret = (struct scmp_arg_cmp){(unsigned)values[0], (enum scmp_compare)op, values[1],
				     values[2]};
	return 0;
}

/* One entry of "syscalls". */
struct entry {
	size_t index;
	uint32_t action;
	struct scmp_arg_cmp conditions[MAX_CONDITIONS];
	size_t n;
	bool alternatives; /* two conditions on one argument */
};

static int get_conditions(struct profile *p, struct json_object *o, struct entry *e)
{
	struct place where = at("syscalls[%zu].args", e->index);
	struct json_object *list = NULL;
	unsigned seen = 0;
	int r = member(p, o, "args", json_type_array, where, &list);

	if (r < 0)
		return r;
	e->n = list ? json_object_array_length(list) : 0;
	if (e->n > MAX_CONDITIONS)
		return bad(p, where, "more than %d conditions", MAX_CONDITIONS);
	for (size_t i = 0; i < e->n; i++) {
		r = get_condition(p, json_object_array_get_idx(list, i), e->index, i,
				  &e->conditions[i]);
		if (r < 0)
			return r;
		e->alternatives |= seen >> e->conditions[i].arg & 1;
		seen |= 1u << e->conditions[i].arg;
	}
	return 0;
}

static int add_rule(struct profile *p, const struct entry *e, int nr, const char *name,
		    const struct scmp_arg_cmp *conditions, size_t n)
{
	int r = seccomp_rule_add_array(p->ctx, e->action, nr, (unsigned)n, conditions);

	/* The same rule twice is the rule. */
	if (r >= 0 || r == -EEXIST)
		return seccomp_add_rule(p->out, nr, e->action, conditions, n,
					at("%ssyscalls[%zu]", p->prefix, e->index).text);
	return sys_fail(r, "seccomp_rule_add", p->name, "%ssyscalls[%zu]: %s: libseccomp: %s",
			p->prefix, e->index, name, strerror(-r));
}

static int add_name(struct profile *p, const struct entry *e, const char *name)
{
	int r = 0, nr = seccomp_syscall_resolve_name(name);

	if (nr == __NR_SCMP_ERROR) {
		str_addf(&p->unknown, "%s%s", p->unknown.len ? "," : "", name);
		return 0;
	}
	if (!e->alternatives)
		return add_rule(p, e, nr, name, e->conditions, e->n);
	for (size_t i = 0; r >= 0 && i < e->n; i++)
		r = add_rule(p, e, nr, name, &e->conditions[i], 1);
	return r;
}

static int refuse_template(const struct profile *p, struct json_object *o, const char *prefix)
{
	static const char *const keys[] = {"includes", "excludes", "archMap"};

	for (size_t i = 0; i < array_size(keys); i++) {
		struct json_object *v = NULL;

		if (!json_object_object_get_ex(o, keys[i], &v) || !v)
			continue;
		if (json_object_is_type(v, json_type_object) && !json_object_object_length(v))
			continue;
		return bad(p, at("%s%s", prefix, keys[i]),
			   "belongs to an engine's template, whose rules hold for some containers only; give the profile that the engine makes of it");
	}
	return 0;
}

static int add_entry(struct profile *p, struct json_object *o, size_t index)
{
	struct place where = at("syscalls[%zu].", index), names_at = at("syscalls[%zu].names", index);
	struct entry e = {.index = index};
	struct json_object *names = NULL;
	int r;

	if (!json_object_is_type(o, json_type_object))
		return bad(p, at("syscalls[%zu]", index), "must be an object");
	r = refuse_template(p, o, where.text);
	if (r >= 0)
		r = get_action(p, o, "action", "errnoRet", where.text, &e.action);
	if (r >= 0)
		r = get_conditions(p, o, &e);
	if (r >= 0)
		r = member(p, o, "names", json_type_array, names_at, &names);
	if (r < 0)
		return r;
	if (!names || !json_object_array_length(names))
		return bad(p, names_at, "is %s: it must name a system call",
			   names ? "empty" : "missing");
	for (size_t i = 0; r >= 0 && i < json_object_array_length(names); i++) {
		struct json_object *v = json_object_array_get_idx(names, i);

		if (!json_object_is_type(v, json_type_string))
			return bad(p, at("syscalls[%zu].names[%zu]", index, i), "must be a string");
		if (e.action != p->default_action)
			r = add_name(p, &e, json_object_get_string(v));
	}
	return r;
}

static int add_arch(struct profile *p, const char *word, size_t i)
{
	struct place where = at("architectures[%zu]", i);
	char name[32];
	uint32_t arch = 0;
	int r = -EINVAL;

	if (str_starts(word, "SCMP_ARCH_"))
		r = str_copy(name, sizeof(name), word + strlen("SCMP_ARCH_"));
	for (char *c = name; r >= 0 && *c; c++)
		if (*c >= 'A' && *c <= 'Z')
			*c = (char)(*c - 'A' + 'a');
	if (r >= 0)
		arch = seccomp_arch_resolve_name(name);
	if (!arch)
		return bad(p, where, "\"%.40s\" is not an architecture known to this libseccomp",
			   word);
	r = seccomp_arch_add(p->ctx, arch);
	if (r >= 0 || r == -EEXIST)
		return 0;
	return bad(p, where, "%.40s can't be filtered together with this machine's architecture",
		   word);
}

static int add_flag(struct profile *p, const char *word, size_t i)
{
	uint32_t flag = 0;
	int r = look_up(p, flag_words, array_size(flag_words), word, at("flags[%zu]", i), &flag);

	if (r >= 0)
		p->out->flags |= flag;
	return r;
}

static int each_string(struct profile *p, struct json_object *o, const char *key,
		       int (*fn)(struct profile *p, const char *word, size_t i))
{
	struct json_object *list = NULL;
	int r = member(p, o, key, json_type_array, at("%s", key), &list);

	for (size_t i = 0; r >= 0 && list && i < json_object_array_length(list); i++) {
		struct json_object *v = json_object_array_get_idx(list, i);

		if (!json_object_is_type(v, json_type_string))
			return bad(p, at("%s[%zu]", key, i), "must be a string");
		r = fn(p, json_object_get_string(v), i);
	}
	return r;
}

static int add_entries(struct profile *p, struct json_object *o)
{
	struct json_object *list = NULL;
	int r = member(p, o, "syscalls", json_type_array, at("syscalls"), &list);

	for (size_t i = 0; r >= 0 && list && i < json_object_array_length(list); i++)
		r = add_entry(p, json_object_array_get_idx(list, i), i);
	return r;
}

/* libseccomp 2.5 exports to descriptors only. */
static int export(struct profile *p)
{
	int r, fd __free(fd) = sys_memfd_create("seccomp");
	struct sock_filter *filter __free(ptr) = NULL;
	off_t size;
	ssize_t n;

	if (fd < 0)
		return fd;
	r = seccomp_export_bpf(p->ctx, fd);
	if (r < 0)
		return sys_fail(r, "seccomp_export_bpf", p->name, "libseccomp: %s", strerror(-r));
	size = sys_lseek(fd, 0, SEEK_END);
	if (size < 0)
		return (int)size;
	if ((size_t)size > BPF_MAXINSNS * sizeof(*filter))
		return sys_fail(-E2BIG, "seccomp profile", p->name,
				"it compiles to %zu instructions, and the kernel takes %d",
				(size_t)size / sizeof(*filter), BPF_MAXINSNS);
	filter = malloc((size_t)size);
	if (!filter)
		return -ENOMEM;
	n = sys_pread(fd, filter, (size_t)size, 0);
	if (n != size)
		return n < 0 ? (int)n : -EIO;
	p->out->n = (size_t)size / sizeof(*filter);
	p->out->filter = take_ptr(&filter);
	return 0;
}

static int compile(struct profile *p, struct json_object *o)
{
	scmp_filter_ctx ctx __free(filter) = NULL;
	int r = refuse_template(p, o, "");

	if (r >= 0)
		r = get_action(p, o, "defaultAction", "defaultErrnoRet", "", &p->default_action);
	if (r < 0)
		return r;
	p->ctx = ctx = seccomp_init(p->default_action);
	if (!ctx)
		return sys_fail(-EINVAL, "seccomp_init", p->name,
				"libseccomp refuses the default action on this kernel");
	/* A tree by number, not a chain: the kernel runs the filter for every call's number when
	 * it is loaded (5.11), which takes 0.2 ms less of a start. Where it is refused, a chain
	 * does the same. */
	seccomp_attr_set(ctx, SCMP_FLTATR_CTL_OPTIMIZE, 2);
	r = each_string(p, o, "architectures", add_arch);
	if (r >= 0)
		r = each_string(p, o, "flags", add_flag);
	if (r >= 0)
		r = add_entries(p, o);
	return r < 0 ? r : export(p);
}

static int line_of(const char *json, size_t offset)
{
	int line = 1;

	for (size_t i = 0; i < offset; i++)
		line += json[i] == '\n';
	return line;
}

static int parse(const struct profile *p, const char *json, size_t len, struct json_object **ret)
{
	struct json_tokener *tok __free(tokener) = json_tokener_new();
	struct json_object *o __free(json) = NULL;
	size_t end;

	if (!tok)
		return -ENOMEM;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, json, (int)len);
	end = json_tokener_get_parse_end(tok);
	if (json_tokener_get_error(tok) != json_tokener_success)
		return sys_fail(-EINVAL, "seccomp profile", p->name, "line %d: not JSON: %s",
				line_of(json, end),
				json_tokener_get_error(tok) == json_tokener_continue
					? "it ends too early"
					: json_tokener_error_desc(json_tokener_get_error(tok)));
	if (!json_object_is_type(o, json_type_object))
		return sys_fail(-EINVAL, "seccomp profile", p->name, "is not a JSON object");
	*ret = take_ptr(&o);
	return 0;
}

/* Within a config.json: go down to its linux.seccomp. */
static int find_object(struct profile *p, struct json_object *top, struct json_object **ret)
{
	struct json_object *o, *seccomp;

	*ret = top;
	if (json_object_object_get_ex(top, "defaultAction", &o))
		return 0;
	if (!json_object_object_get_ex(top, "linux", &o) &&
	    !json_object_object_get_ex(top, "ociVersion", NULL))
		return 0;
	p->prefix = "linux.seccomp.";
	if (!json_object_is_type(o, json_type_object) ||
	    !json_object_object_get_ex(o, "seccomp", &seccomp) ||
	    !json_object_is_type(seccomp, json_type_object))
		return sys_fail(-EINVAL, "seccomp profile", p->name,
				"it is a config.json without linux.seccomp");
	*ret = seccomp;
	return 0;
}

int seccomp_from_json(const char *json, size_t len, struct rf_seccomp *s)
{
	struct json_object *top __free(json) = NULL, *o;
	struct profile p = {.name = s->name, .prefix = "", .out = s};
	int r = parse(&p, json, len, &top);

	if (r >= 0)
		r = find_object(&p, top, &o);
	if (r >= 0)
		r = compile(&p, o);
	if (r >= 0)
		r = str_take(&p.unknown, &s->unknown);
	str_done(&p.unknown);
	return r;
}
