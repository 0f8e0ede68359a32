// SPDX-License-Identifier: GPL-2.0-or-later
#include <ringfence/units.h>
#include <stdio.h>
#include <string.h>

#include "layerctl.h"

static struct rf_import_options options = {.size = sizeof(options)};

static int parse_count(const char *word, void *to)
{
	uint64_t v;
	int r = rf_parse_count(word, &v);

	if (r < 0 || !v)
		return -EINVAL;
	*(uint64_t *)to = v;
	return 0;
}

static int parse_bytes(const char *word, void *to)
{
	uint64_t v;
	int r = rf_parse_bytes(word, &v);

	if (r < 0 || !v)
		return -EINVAL;
	*(uint64_t *)to = v;
	return 0;
}

const struct opt_row import_options[] = {
	{0, "name", OPT_STRING, &options.name, "NAME",
	 "call the image NAME in the store; else it has the source's tag"},
	{0, "devices", OPT_FLAG, &options.devices, NULL, "allow device nodes in layers"},
	{0, "no-setuid", OPT_FLAG, &options.no_setuid, NULL,
	 "drop set-user-ID and set-group-ID bits and file capabilities"},
	{0, "take-last", OPT_FLAG, &options.take_last, NULL,
	 "where a path comes twice in a layer, take the later entry; else it is refused"},
	{0, "max-bytes", OPT_CALL, &options.max_bytes, "SIZE",
	 "refuse layers that unpack to more; 128G unless given", 0, 0, 0, NULL, parse_bytes},
	{0, "max-entries", OPT_CALL, &options.max_entries, "N",
	 "refuse layers with more entries; 4194304 unless given", 0, 0, 0, NULL, parse_count},
	{0, "max-ratio", OPT_CALL, &options.max_ratio, "N",
	 "refuse layers that unpack to N times their size, above 16M; 400 unless given", 0, 0, 0, NULL,
	 parse_count},
	{0, "max-depth", OPT_CALL, &options.max_depth, "N",
	 "refuse paths of more components; 200 unless given", 0, 0, 0, NULL, parse_count},
	{0, "max-name", OPT_CALL, &options.max_name_bytes, "BYTES",
	 "refuse names that are longer; 255 unless given", 0, 0, 0, NULL, parse_count},
	OPT_COMMON_JSON,
	{0},
};

static struct progress line;
static uint64_t shown;

static void on_progress(const struct rf_import_progress *p, void *data)
{
	if (!line.what)
		progress_start(&line, "import", p->total_bytes);
	line.what = p->what;
	progress_add(&line, p->done_bytes - shown);
	shown = p->done_bytes;
}

static void on_note(const char *text, void *data)
{
	bool on = line.on;

	progress_end(&line);
	tool_warn("%s", text);
	line.on = on;
}

static void print_result(const struct rf_import_result *r)
{
	static const struct column columns[] = {
		{"name", "image", CELL_TEXT},
		{"digest", "digest", CELL_TEXT},
		{"layers", "layers", CELL_NUMBER},
		{"reused_layers", "reused layers", CELL_NUMBER},
		{"entries", "entries unpacked", CELL_NUMBER},
		{"unpacked_bytes", "bytes unpacked", CELL_BYTES},
		{"replaced", "name was taken", CELL_BOOL},
		{0},
	};
	struct table *t = table_new(columns);

	table_text(t, r->name);
	table_text(t, r->digest);
	table_number(t, r->layers);
	table_number(t, r->reused_layers);
	table_number(t, r->entries);
	table_number(t, r->bytes);
	table_number(t, r->replaced);
	record_print(t);
}

int import_run(int argc, char **argv)
{
	struct rf_import_result result;
	struct rf_store *store;
	int r = layerctl_open(RF_STORE_CREATE, &store);

	if (r)
		return r;
	options.progress = on_progress;
	options.note = on_note;
	r = rf_store_import(store, argv[0], &options, &result);
	progress_end(&line);
	rf_store_close(store);
	if (r < 0)
		return tool_error(r, "%s", "");
	print_result(&result);
	return EXIT_OK;
}
