// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The readers of what runtimes leave behind:
 *
 *   runc, crun, youki  a JSON object with the pid, and mostly its start time
 *   docker             config.v2.json: "Name" ("/web"), "ID", "State" with "Running" and "Pid"
 *   podman             containers.json: an array of "id" and "names"; the pid in a file of its own
 *   containerd         init.pid: a number
 *   systemd-machined   lines NAME=VALUE, one of them LEADER=PID
 *   LXC                no file: its control group, in which the container's pid 1 is the one
 */
#include <json-c/json.h>
#include <limits.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "ns/container.h"

DEFINE_FREE(json, json_object *, json_object_put(v))
DEFINE_FREE(tokener, struct json_tokener *, if (v) json_tokener_free(v))

static int parse(const char *text, size_t len, json_object **ret)
{
	struct json_tokener *tok __free(tokener) = json_tokener_new();

	if (!tok)
		return -ENOMEM;
	if (len > INT_MAX)
		return -EFBIG;
	*ret = json_tokener_parse_ex(tok, text, (int)len);
	return *ret ? 0 : -EBADMSG;
}

static json_object *member(json_object *o, const char *key, enum json_type type)
{
	json_object *m = NULL;

	if (!json_object_is_type(o, json_type_object) || !json_object_object_get_ex(o, key, &m))
		return NULL;
	return json_object_is_type(m, type) ? m : NULL;
}

static int64_t number(json_object *o, const char *key)
{
	json_object *m = key ? member(o, key, json_type_int) : NULL;

	return m ? json_object_get_int64(m) : 0;
}

static const char *string(json_object *o, const char *key)
{
	json_object *m = member(o, key, json_type_string);

	return m ? json_object_get_string(m) : "";
}

/* The whole id, or its beginning as listings show it. */
static bool is_id(const char *name, const char *id)
{
	return str_eq(name, id) || (strlen(name) >= 12 && str_starts(id, name));
}

static int read_json(const char *path, json_object **ret, int64_t *ret_mtime)
{
	char *text __free(ptr) = NULL;
	size_t len;
	int r = container_file(path, &text, &len, ret_mtime);

	return r < 0 ? r : parse(text, len, ret);
}

int container_read_state(struct search *s, const char *path)
{
	json_object *o __free(json) = NULL;
	int64_t mtime;
	int r = read_json(path, &o, &mtime);

	if (r < 0)
		return r;
	return container_found(s, path, number(o, s->row->pid_key), (uint64_t)number(o, s->row->start_key), mtime);
}

int container_read_docker(struct search *s, const char *path)
{
	json_object *o __free(json) = NULL, *state;
	int64_t mtime;
	int r = read_json(path, &o, &mtime);
	const char *name = r < 0 ? "" : string(o, "Name");

	if (r < 0)
		return r;
	name += name[0] == '/';
	if (!str_eq(name, s->name) && !is_id(s->name, string(o, "ID")))
		return 0;
	state = member(o, "State", json_type_object);
	return container_found(s, path, number(state, "Pid"), 0, mtime);
}

int container_read_pidfile(struct search *s, const char *path)
{
	char *text __free(ptr) = NULL;
	int64_t mtime;
	int r = container_file(path, &text, NULL, &mtime);

	return r < 0 ? r : container_found(s, path, strtoll(text, NULL, 10), 0, mtime);
}

/* …/overlay-containers/containers.json: the pid of one stands below the directory of the same name
 * in the place for running ones. */
static int read_podman_pid(struct search *s, const char *path, const char *id)
{
	char *run __free(ptr) = container_place(s->row->run), *full __free(ptr) = NULL;
	const char *end = strrchr(path, '/'), *base = end;
	int r;

	while (base > path && base[-1] != '/')
		base--;
	full = run ? str_format("%s/%.*s/%s/userdata/pidfile", run, (int)(end - base), base, id) : NULL;
	if (!full)
		return run ? -ENOMEM : 0;
	r = container_read_pidfile(s, full);
	/* It is made when the container starts, and goes when it ends. */
	if (r == -ENOENT)
		return container_found(s, path, 0, 0, 0);
	return r;
}

static bool has_name(json_object *o, const char *name)
{
	json_object *names = member(o, "names", json_type_array);

	for (size_t i = 0; names && i < json_object_array_length(names); i++) {
		json_object *n = json_object_array_get_idx(names, i);

		if (json_object_is_type(n, json_type_string) && str_eq(json_object_get_string(n), name))
			return true;
	}
	return is_id(name, string(o, "id"));
}

int container_read_podman(struct search *s, const char *path)
{
	json_object *list __free(json) = NULL;
	int r = read_json(path, &list, NULL);

	if (r < 0 || !json_object_is_type(list, json_type_array))
		return r;
	for (size_t i = 0; r >= 0 && i < json_object_array_length(list); i++) {
		json_object *o = json_object_array_get_idx(list, i);
		const char *id = string(o, "id");

		if (has_name(o, s->name) && id[0] && !strchr(id, '/'))
			r = read_podman_pid(s, path, id);
	}
	return r;
}

int container_read_machine(struct search *s, const char *path)
{
	char *text __free(ptr) = NULL, *save = NULL;
	int64_t mtime;
	int r = container_file(path, &text, NULL, &mtime);

	if (r < 0)
		return r;
	for (char *line = strtok_r(text, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (str_starts(line, "LEADER="))
			return container_found(s, path, strtoll(line + 7, NULL, 10), 0, mtime);
	return 0;
}

/* The first process of a pid namespace below ours: the last of its pids is 1, and it has several. */
static bool is_first(const char *pid)
{
	char path[40], *text __free(ptr) = NULL, *at, *end;

	snprintf(path, sizeof(path), "/proc/%.16s/status", pid);
	if (file_read_at(AT_FDCWD, path, 1 << 16, &text, NULL) < 0)
		return false;
	at = strstr(text, "\nNSpid:\t");
	if (!at)
		return false;
	at += 8;
	end = at + strcspn(at, "\n");
	*end = '\0';
	return end - at > 2 && str_eq(end - 2, "\t1");
}

int container_read_lxc(struct search *s, const char *path)
{
	char *text __free(ptr) = NULL, *save = NULL;
	int r = file_read_at(AT_FDCWD, path, 16 << 20, &text, NULL);

	if (r < 0)
		return r;
	/* What the kernel lists runs now. */
	for (char *pid = strtok_r(text, "\n", &save); pid; pid = strtok_r(NULL, "\n", &save))
		if (is_first(pid))
			return container_found(s, path, strtoll(pid, NULL, 10), 0, INT64_MAX - 1);
	return 0;
}
