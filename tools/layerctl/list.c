// SPDX-License-Identifier: GPL-2.0-or-later
/* What only looks: ls, verify, config; and rm. */
#include <json-c/json.h>
#include <ringfence/units.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layerctl.h"

const struct opt_row json_options[] = {OPT_COMMON_JSON, {0}};

const struct opt_row json_only_options[] = {
	{0, "json", OPT_FLAG, &tool_state.json, NULL, "print errors as JSON; the answer always is"},
	{0},
};

static int image_row(const struct rf_image_info *i, void *data)
{
	table_text(data, i->name);
	table_number(data, i->layers);
	table_number(data, i->unpacked_layers);
	table_number(data, i->unpacked_bytes);
	table_number(data, i->blob_bytes);
	table_text(data, i->digest);
	return 0;
}

static const struct column image_columns[] = {
	{"name", "IMAGE", CELL_TEXT},
	{"layers", "LAYERS", CELL_NUMBER},
	{"unpacked_layers", "UNPACKED", CELL_NUMBER},
	{"unpacked_bytes", "SIZE", CELL_BYTES},
	{"blob_bytes", "PACKED", CELL_BYTES},
	{"digest", "DIGEST", CELL_TEXT},
	{0},
};

static int layer_row(const struct rf_layer_info *l, void *data)
{
	table_text(data, l->diff_id);
	table_number(data, l->entries);
	table_number(data, l->bytes);
	table_number(data, l->images);
	table_text(data, l->blob[0] ? l->blob : NULL);
	return 0;
}

static const struct column layer_columns[] = {
	{"diff_id", "LAYER", CELL_TEXT},
	{"entries", "ENTRIES", CELL_NUMBER},
	{"unpacked_bytes", "SIZE", CELL_BYTES},
	{"images", "IMAGES", CELL_NUMBER},
	{"blob", "UNPACKED FROM", CELL_TEXT},
	{0},
};

static int mount_row(const struct rf_mount_info *m, void *data)
{
	char command[64] = "";

	/* What is no more in use can go; the way to do it stands beside it. */
	if (!strcmp(m->state, "stale") || !strcmp(m->state, "kept"))
		snprintf(command, sizeof(command), "layerctl umount %s", m->id);
	table_text(data, m->id);
	table_text(data, m->target);
	table_text(data, m->image);
	table_text(data, m->state);
	table_number(data, m->read_only);
	table_text(data, m->upper);
	table_text(data, command[0] ? command : NULL);
	return 0;
}

static const struct column mount_columns[] = {
	{"id", "MOUNT", CELL_TEXT},
	{"target", "TARGET", CELL_TEXT},
	{"image", "IMAGE", CELL_TEXT},
	{"state", "STATE", CELL_TEXT},
	{"read_only", "READ-ONLY", CELL_BOOL},
	{"upper", "CHANGES", CELL_TEXT},
	{"remove_command", "REMOVED BY", CELL_TEXT},
	{0},
};

static int leftover_row(const char *name, void *data)
{
	table_text(data, name);
	table_text(data, "the next import, mount or umount");
	return 0;
}

static const struct column leftover_columns[] = {
	{"name", "LEFTOVER", CELL_TEXT},
	{"removed_by", "REMOVED BY", CELL_TEXT},
	{0},
};

/* One list of several: a table after a blank line, or a member of one object. */
static void section(const char *key, struct table *t, bool first)
{
	if (tool_state.json)
		printf("%s\"%s\": ", first ? "{" : ", ", key);
	else if (!first)
		putchar('\n');
	table_print(t);
}

static int list(struct rf_store *store)
{
	struct table *images = table_new(image_columns), *layers = table_new(layer_columns);
	struct table *mounts = table_new(mount_columns), *leftovers = table_new(leftover_columns);
	int r = rf_store_each_image(store, image_row, images);

	if (r >= 0)
		r = rf_store_each_layer(store, layer_row, layers);
	if (r >= 0)
		r = rf_store_each_mount(store, mount_row, mounts);
	if (r >= 0)
		r = rf_store_each_leftover(store, leftover_row, leftovers);
	if (r < 0)
		return tool_error(r, "list");
	section("images", images, true);
	section("layers", layers, false);
	section("mounts", mounts, false);
	section("leftovers", leftovers, false);
	if (tool_state.json)
		puts("}");
	return EXIT_OK;
}

int ls_run(int argc, char **argv)
{
	struct rf_store *store;
	int r = layerctl_open(0, &store);

	if (r)
		return r;
	r = list(store);
	rf_store_close(store);
	return r;
}

static int verify_row(const struct rf_verify_info *v, void *data)
{
	table_text(data, v->digest);
	table_text(data, v->kind);
	table_text(data, v->image);
	table_number(data, v->bytes);
	table_text(data, v->state);
	return 0;
}

static const struct column verify_columns[] = {
	{"digest", "BLOB", CELL_TEXT},
	{"kind", "KIND", CELL_TEXT},
	{"image", "IMAGE", CELL_TEXT},
	{"size_bytes", "SIZE", CELL_BYTES},
	{"state", "STATE", CELL_TEXT},
	{0},
};

int verify_run(int argc, char **argv)
{
	struct table *t = table_new(verify_columns);
	struct rf_store *store;
	int r = layerctl_open(0, &store);

	if (r)
		return r;
	r = rf_store_verify(store, argc ? argv[0] : NULL, verify_row, t);
	rf_store_close(store);
	if (r < 0)
		return tool_error(r, "verify");
	table_print(t);
	if (r)
		tool_warn("%d blob%s missing or not what the name says", r, r == 1 ? " is" : "s are");
	return r ? EXIT_FAILED : EXIT_OK;
}

/* The members of the configuration that say how to run it, under our names. */
static void print_config(json_object *config)
{
	static const struct {
		const char *theirs, *ours;
	} members[] = {
		{"Entrypoint", "entrypoint"}, {"Cmd", "cmd"},	     {"Env", "env"},
		{"WorkingDir", "workdir"},    {"User", "user"},	     {"StopSignal", "stop_signal"},
	};
	json_object *inner = NULL, *value, *out = json_object_new_object();

	json_object_object_get_ex(config, "config", &inner);
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++) {
		value = NULL;
		if (inner && json_object_is_type(inner, json_type_object))
			json_object_object_get_ex(inner, members[i].theirs, &value);
		json_object_object_add(out, members[i].ours, json_object_get(value));
	}
	puts(json_object_to_json_string_ext(out, JSON_C_TO_STRING_SPACED | JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(out);
}

int config_run(int argc, char **argv)
{
	struct rf_store *store;
	json_object *config;
	char *text;
	int r = layerctl_open(0, &store);

	if (r)
		return r;
	r = rf_store_config(store, argv[0], &text);
	rf_store_close(store);
	if (r < 0)
		return tool_error(r, "config");
	/* The library has parsed it before: it is JSON. */
	config = json_tokener_parse(text);
	print_config(config);
	json_object_put(config);
	free(text);
	return EXIT_OK;
}

int rm_run(int argc, char **argv)
{
	static const struct column columns[] = {
		{"image", "image", CELL_TEXT}, {"freed_bytes", "freed", CELL_BYTES}, {0},
	};
	struct rf_store *store;
	struct table *t;
	uint64_t bytes;
	int r = layerctl_open(0, &store);

	if (r)
		return r;
	r = rf_store_remove(store, argv[0], &bytes);
	rf_store_close(store);
	if (r < 0)
		return tool_error(r, "rm");
	t = table_new(columns);
	table_text(t, argv[0]);
	table_number(t, bytes);
	record_print(t);
	return EXIT_OK;
}
