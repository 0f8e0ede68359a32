// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * JSON that someone else wrote: bounded in size and depth before it is parsed, and read by
 * members that are checked for their type.
 */
#include <errno.h>

#include "base/cleanup.h"
#include "base/str.h"
#include "layer/oci.h"

enum { JSON_DEPTH = 32 };

int json_parse(const char *text, size_t len, const char *object, json_object **ret_json)
{
	struct json_tokener *tok;
	json_object *o;
	enum json_tokener_error why;

	if (len > JSON_LIMIT)
		return sys_fail(-EFBIG, "json", object, "longer than %d bytes", JSON_LIMIT);
	tok = json_tokener_new_ex(JSON_DEPTH);
	if (!tok)
		return -ENOMEM;
	o = json_tokener_parse_ex(tok, text, (int)len);
	why = json_tokener_get_error(tok);
	json_tokener_free(tok);
	if (!o || why != json_tokener_success) {
		json_object_put(o);
		return sys_fail(-EBADMSG, "json", object, "is not valid JSON: %s",
				why == json_tokener_continue ? "it ends early"
							     : json_tokener_error_desc(why));
	}
	if (!json_object_is_type(o, json_type_object)) {
		json_object_put(o);
		return sys_fail(-EBADMSG, "json", object, "is not a JSON object");
	}
	*ret_json = o;
	return 0;
}

static json_object *member(json_object *o, const char *key, enum json_type type)
{
	json_object *m = NULL;

	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &m))
		return NULL;
	return json_object_is_type(m, type) ? m : NULL;
}

const char *json_string(json_object *o, const char *key)
{
	json_object *m = member(o, key, json_type_string);
	const char *s = m ? json_object_get_string(m) : NULL;

	/* A NUL inside would make two readers see two strings. */
	return s && strlen(s) == (size_t)json_object_get_string_len(m) ? s : NULL;
}

json_object *json_array(json_object *o, const char *key)
{
	return member(o, key, json_type_array);
}

json_object *json_child(json_object *o, const char *key)
{
	return member(o, key, json_type_object);
}

uint64_t json_number(json_object *o, const char *key)
{
	json_object *m = member(o, key, json_type_int);
	int64_t v = m ? json_object_get_int64(m) : 0;

	return v < 0 ? UINT64_MAX : (uint64_t)v;
}
