// SPDX-License-Identifier: GPL-2.0-or-later
#include <stdlib.h>
#include <time.h>

#include "layerctl.h"

static const char *const packings[] = {"none", "gzip", "zstd", NULL}; /* enum rf_layer_packing */
static int packing = RF_LAYER_GZIP;
static struct rf_commit_options options = {.size = sizeof(options)};

const struct opt_row commit_options[] = {
	{0, "compression", OPT_CHOICE, &packing, "none|gzip|zstd",
	 "pack the new layer so; gzip unless given. zstd is several times faster", 0, 0, 0, packings},
	{0, "config", OPT_STRING, &options.config, "JSON",
	 "merge into how the image wants to be run: '{\"Cmd\": [\"/bin/sh\"], \"User\": null}'"},
	{'a', "author", OPT_STRING, &options.author, "NAME", "who made this image"},
	{'m', "message", OPT_STRING, &options.comment, "TEXT", "a comment for the image's history"},
	OPT_COMMON_JSON,
	{0},
};

static struct progress line;
static uint64_t shown;

static void on_progress(const struct rf_import_progress *p, void *data)
{
	if (!line.what)
		progress_start(&line, "commit", p->total_bytes);
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

static void print_result(const char *name, const struct rf_commit_result *r)
{
	static const struct column columns[] = {
		{"name", "image", CELL_TEXT},
		{"digest", "digest", CELL_TEXT},
		{"layers", "layers", CELL_NUMBER},
		{"blob", "new layer", CELL_TEXT},
		{"diff_id", "unpacked", CELL_TEXT},
		{"entries", "entries", CELL_NUMBER},
		{"whiteouts", "of them whiteouts", CELL_NUMBER},
		{"content_bytes", "contents of files", CELL_BYTES},
		{"blob_bytes", "packed", CELL_BYTES},
		{"replaced", "name was taken", CELL_BOOL},
		{0},
	};
	struct table *t = table_new(columns);

	table_text(t, name);
	table_text(t, r->digest);
	table_number(t, r->layers);
	table_text(t, r->blob);
	table_text(t, r->diff_id);
	table_number(t, r->entries);
	table_number(t, r->whiteouts);
	table_number(t, r->bytes);
	table_number(t, r->blob_bytes);
	table_number(t, r->replaced);
	record_print(t);
}

/* The convention of reproducible builds: this time instead of now. */
static int set_created(void)
{
	const char *text = getenv("SOURCE_DATE_EPOCH");
	char *end;

	options.created = time(NULL);
	if (!text || !text[0])
		return 0;
	errno = 0;
	options.created = strtoll(text, &end, 10);
	if (errno || *end || options.created < 0)
		return tool_usage_error("$SOURCE_DATE_EPOCH: \"%s\" is not a number of seconds since 1970", text);
	return 0;
}

int commit_run(int argc, char **argv)
{
	struct rf_commit_result result;
	struct rf_store *store;
	int r = set_created();

	if (!r)
		r = layerctl_open(0, &store);
	if (r)
		return r;
	options.packing = (enum rf_layer_packing)packing;
	options.progress = on_progress;
	options.note = on_note;
	r = rf_store_commit(store, argv[0], argv[1], &options, &result);
	progress_end(&line);
	rf_store_close(store);
	if (r < 0)
		return tool_error(r, "commit");
	print_result(argv[1], &result);
	return EXIT_OK;
}
