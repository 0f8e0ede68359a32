// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * A snapshot as JSON, and back. Whoever restores a file may not have written it: size and depth are
 * bounded before anything is kept, names are those of groups, keys hold nothing that a path could,
 * values no control characters; a member that is not known would be a setting that is silently lost,
 * and is refused.
 */
#include <json-c/json.h>
#include <limits.h>

#include "cgroup/snapshot.h"

enum { VERSION = 1, DEPTH = 8, GROUPS_MAX = 1 << 17, TEXT_MAX = 1 << 16, KEY_MAX = 192 };

static const char schema[] = "ringfence-cgroup-snapshot";
static const char *const modes[] = {[RF_CGROUP_V1] = "v1", [RF_CGROUP_HYBRID] = "hybrid", [RF_CGROUP_V2] = "v2"};

DEFINE_FREE(json, json_object *, json_object_put(v))
DEFINE_FREE(tokener, struct json_tokener *, if (v) json_tokener_free(v))

static void add_words(struct str *out, const char *text, const char *between, const char *indent)
{
	bool first = true;

	str_add(out, "[");
	for (const char *at = text; *at; at += strcspn(at, between), at += *at != '\0') {
		char *word __free(ptr) = strndup(at, strcspn(at, between));

		out->failed |= !word;
		str_addf(out, "%s%s%s", first ? "" : ",", first || indent ? "" : " ", indent ?: "");
		if (word)
			str_add_json(out, word);
		first = false;
	}
	if (!first && indent)
		str_addn(out, indent, strlen(indent) - 2);
	str_add(out, "]");
}

static void add_rows(struct str *out, const struct snapshot_group *g, enum snapshot_part part)
{
	bool first = true;

	for (size_t i = 0; i < g->n; i++) {
		if (g->rows[i].part != part)
			continue;
		if (first)
			str_addf(out, ",\n      \"%s\": {", snapshot_part_names[part]);
		str_addf(out, "%s\n        ", first ? "" : ",");
		str_add_json(out, g->rows[i].key);
		str_add(out, ": ");
		if ((part == SNAPSHOT_VALUE && snapshot_has_lines(g->rows[i].key)) || strchr(g->rows[i].text, '\n'))
			add_words(out, g->rows[i].text, "\n", "\n          ");
		else
			str_add_json(out, g->rows[i].text);
		first = false;
	}
	if (!first)
		str_add(out, "\n      }");
}

int rf_snapshot_text(const struct rf_snapshot *s, char **ret_text)
{
	struct str out __free(str) = {0};

	str_addf(&out, "{\n  \"schema\": \"%s\",\n  \"version\": %d,\n  \"cgroup\": \"%s\",\n  \"root\": ", schema, VERSION,
		 modes[s->mode]);
	str_add_json(&out, s->root);
	str_add(&out, ",\n  \"groups\": [");
	for (size_t i = 0; i < s->n; i++) {
		char *name __free(ptr) = str_format("/%s", s->groups[i].name);

		if (!name)
			return -ENOMEM;
		str_addf(&out, "%s\n    {\n      \"group\": ", i ? "," : "");
		str_add_json(&out, name);
		str_add(&out, ",\n      \"hierarchies\": ");
		add_words(&out, s->groups[i].hierarchies ?: "", " ", NULL);
		for (enum snapshot_part p = 0; p < SNAPSHOT_PARTS; p++)
			add_rows(&out, &s->groups[i], p);
		str_add(&out, "\n    }");
	}
	str_add(&out, s->n ? "\n  ]\n}\n" : "]\n}\n");
	return str_take(&out, ret_text);
}

struct reader {
	const char *file;
	struct rf_snapshot *s;
	const char *group; /* under way */
};

static int bad(const struct reader *r, const char *what, const char *why)
{
	return sys_fail(-EBADMSG, "snapshot", r->file, "%s%s\"%.80s\" %s", r->group ?: "", r->group ? ": " : "", what, why);
}

static const char *string(json_object *o)
{
	const char *s = json_object_is_type(o, json_type_string) ? json_object_get_string(o) : NULL;

	/* No control character, thus no NUL that would end it early. */
	if (!s || strlen(s) != (size_t)json_object_get_string_len(o) || strlen(s) >= TEXT_MAX)
		return NULL;
	for (const char *p = s; *p; p++)
		if ((unsigned char)*p < 0x20 || *p == 0x7f)
			return NULL;
	return s;
}

/* A string, or the strings of an array with a character between. */
static int read_text(json_object *o, char between, char **ret)
{
	struct str out __free(str) = {0};
	const char *s = string(o);

	if (s)
		return (*ret = strdup(s)) ? 0 : -ENOMEM;
	if (!json_object_is_type(o, json_type_array))
		return -EBADMSG;
	for (size_t i = 0; i < json_object_array_length(o); i++) {
		s = string(json_object_array_get_idx(o, i));
		if (!s || !*s || out.len + strlen(s) >= TEXT_MAX || (between == ' ' && strchr(s, ' ')))
			return -EBADMSG;
		if (i)
			str_addn(&out, &between, 1);
		str_add(&out, s);
	}
	return str_take(&out, ret);
}

/* What a key may look like in its part; the table and the hierarchies decide later. */
static bool is_key(enum snapshot_part part, const char *key)
{
	static const char dividers[SNAPSHOT_PARTS] = {0, '/', ':'};
	size_t divided = 0, len = strlen(key);

	if (!len || len >= KEY_MAX || *key == '.')
		return false;
	for (const char *p = key; *p; p++) {
		if (dividers[part] && *p == dividers[part]) {
			divided++;
			/* "." alone is the directory of an owner's row. */
			if (!p[1] || p == key || (p[1] == '.' && !(part == SNAPSHOT_OWNER && !p[2])))
				return false;
		} else if (!(*p >= 'a' && *p <= 'z') && !(*p >= 'A' && *p <= 'Z') && !(*p >= '0' && *p <= '9') &&
			   !strchr("._-", *p)) {
			return false;
		}
	}
	return divided == (dividers[part] != 0);
}

static int read_rows(const struct reader *r, struct snapshot_group *g, enum snapshot_part part, json_object *rows)
{
	if (!json_object_is_type(rows, json_type_object))
		return bad(r, snapshot_part_names[part], "is not an object");
	json_object_object_foreach(rows, key, value) {
		char *text = NULL;
		int n;

		if (!is_key(part, key))
			return bad(r, key, "is not the name of a key, file or owner");
		n = read_text(value, '\n', &text);
		if (n == -EBADMSG)
			return bad(r, key, "is neither a text without control characters nor an array of such");
		if (n >= 0)
			n = snapshot_add(g, part, strdup(key), text);
		if (n < 0)
			return n;
	}
	return 0;
}

static bool is_below(const char *root, const char *name)
{
	size_t len = strlen(root);

	return !len || (!strncmp(root, name, len) && (!name[len] || name[len] == '/'));
}

static int read_group(struct reader *r, json_object *o)
{
	json_object *name = NULL;
	char *plain = NULL;
	struct snapshot_group *g;
	int n;

	r->group = NULL;
	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, "group", &name) || !string(name))
		return bad(r, "groups", "holds what is not an object with the member \"group\"");
	n = cgroup_name(string(name), &plain);
	if (n < 0)
		return n == -EINVAL ? bad(r, string(name), "is not the name of a group") : n;
	r->group = string(name);
	g = snapshot_add_group(r->s, plain);
	if (!g)
		return -ENOMEM;
	if (!is_below(r->s->root + 1, g->name))
		return bad(r, "group", "is not below the root of the snapshot");
	json_object_object_foreach(o, key, value) {
		enum snapshot_part part = 0;

		if (str_eq(key, "group"))
			continue;
		while (part < SNAPSHOT_PARTS && !str_eq(key, snapshot_part_names[part]))
			part++;
		if (part < SNAPSHOT_PARTS)
			n = read_rows(r, g, part, value);
		else if (str_eq(key, "hierarchies") && json_object_is_type(value, json_type_array) && !g->hierarchies)
			n = read_text(value, ' ', &g->hierarchies);
		else
			return bad(r, key, "is no member of a group, or of another type");
		if (n < 0)
			return n == -EBADMSG && part == SNAPSHOT_PARTS ? bad(r, key, "holds what is not a text") : n;
	}
	return 0;
}

static int read_head(const struct reader *r, json_object *o, json_object **ret_groups)
{
	json_object *m = NULL, *root = NULL;
	const char *mode;
	char *plain __free(ptr) = NULL;
	size_t i = 0;

	if (!json_object_object_get_ex(o, "schema", &m) || !string(m) || !str_eq(string(m), schema))
		return bad(r, "schema", "is not that of a snapshot of control groups");
	if (!json_object_object_get_ex(o, "version", &m) || !json_object_is_type(m, json_type_int) ||
	    json_object_get_int64(m) != VERSION)
		return bad(r, "version", "is one that this program does not know; it knows 1");
	mode = json_object_object_get_ex(o, "cgroup", &m) ? string(m) : NULL;
	while (mode && i < array_size(modes) && !str_eq(mode, modes[i]))
		i++;
	if (!mode || i == array_size(modes))
		return bad(r, "cgroup", "is none of v1, hybrid, v2");
	r->s->mode = (enum rf_cgroup_mode)i;
	if (!json_object_object_get_ex(o, "root", &root) || !string(root) || cgroup_name(string(root), &plain) < 0)
		return bad(r, "root", "is not the name of a group");
	r->s->root = str_format("/%s", plain);
	if (!json_object_object_get_ex(o, "groups", ret_groups) || !json_object_is_type(*ret_groups, json_type_array) ||
	    json_object_array_length(*ret_groups) > GROUPS_MAX)
		return bad(r, "groups", "is not an array of groups");
	if (json_object_object_length(o) != 5)
		return bad(r, r->file, "has members that this program does not know");
	return r->s->root ? 0 : -ENOMEM;
}

static int read_document(const char *name, const char *text, size_t len, json_object **ret)
{
	struct json_tokener *tok __free(tokener) = json_tokener_new_ex(DEPTH);
	json_object *o __free(json) = NULL;
	size_t end;

	if (!tok)
		return -ENOMEM;
	json_tokener_set_flags(tok, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	o = json_tokener_parse_ex(tok, text, (int)len);
	end = json_tokener_get_parse_end(tok);
	if (json_tokener_get_error(tok) != json_tokener_success || !json_object_is_type(o, json_type_object))
		return sys_fail(-EBADMSG, "snapshot", name, "is not a JSON object: %s",
				json_tokener_get_error(tok) == json_tokener_continue
					? "it ends early"
					: json_tokener_error_desc(json_tokener_get_error(tok)));
	while (end < len && strchr(" \t\r\n", text[end]) && text[end])
		end++;
	if (end < len)
		return sys_fail(-EBADMSG, "snapshot", name, "has something behind its end, at byte %zu", end + 1);
	*ret = take_ptr(&o);
	return 0;
}

int rf_snapshot_parse(const char *name, const char *text, size_t len, struct rf_snapshot **ret_snapshot)
{
	struct rf_snapshot *s __free(snapshot) = calloc(1, sizeof(*s));
	json_object *o __free(json) = NULL, *groups = NULL;
	struct reader r = {name, s, NULL};
	int n;

	if (!s)
		return -ENOMEM;
	if (len > CGROUP_CONFIG_LIMIT)
		return sys_fail(-EFBIG, "snapshot", name, "is longer than 16 MiB");
	n = read_document(name, text, len, &o);
	if (n >= 0)
		n = read_head(&r, o, &groups);
	for (size_t i = 0; n >= 0 && i < json_object_array_length(groups); i++)
		n = read_group(&r, json_object_array_get_idx(groups, i));
	if (n < 0)
		return n;
	snapshot_sort(s);
	r.group = NULL;
	for (size_t i = 1; i < s->n; i++)
		if (str_eq(s->groups[i - 1].name, s->groups[i].name))
			return bad(&r, s->groups[i].name, "is there twice");
	*ret_snapshot = take_ptr(&s);
	return 0;
}
