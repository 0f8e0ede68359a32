// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The upper directory of a mount becomes a layer on those that were mounted:
 *
 *	find the mount and hold mounts/ID by flock(2): nobody unmounts it meanwhile
 *	pack the upper directory into tmp/commit-PID.N/blobs
 *	unpack that blob, as an import would: what the store has is what every reader will get
 *	a new configuration and manifest; then as an import: journal, rename, index
 *
 * The manifest is written anew by the OCI's rules, also where the image came from Docker.
 */
#include <errno.h>
#include <sys/file.h>
#include <time.h>

#include "base/options.h"
#include "base/str.h"
#include "layer/import.h"
#include "layer/pack.h"

#define MANIFEST_TYPE "application/vnd.oci.image.manifest.v1+json"
#define CONFIG_TYPE "application/vnd.oci.image.config.v1+json"

struct commit {
	struct import im;
	const struct rf_commit_options *options;
	const char *word; /* as the mount was named */
	struct mount_record record;
	struct packed packed;
	int mount_fd, upper_fd;
};

static int check_state(const struct commit *c, const char *state)
{
	if (str_eq(state, "busy"))
		return sys_fail(-EBUSY, "commit", c->word, "is being mounted or committed right now");
	if (str_eq(state, "elsewhere"))
		return sys_fail(-EXDEV, "commit", c->word, "is mounted in another mount namespace: commit it there");
	if (c->record.read_only)
		return sys_fail(-EROFS, "commit", c->word, "is mounted read-only: there are no changes");
	if (!c->record.manifest.hex[0])
		return sys_fail(-ENODATA, "commit", c->word, "was mounted by a version that did not record the image's manifest: mount it again");
	return 0;
}

/* Held from here on: to others it is "busy". */
static int hold_mount(struct commit *c)
{
	char id[MOUNT_ID_SIZE], state[MOUNT_STATE_SIZE];
	int r, lock __free(fd) = store_lock(c->im.store);

	if (lock < 0)
		return lock;
	r = mount_find(c->im.store, "commit", c->word, id, state);
	if (!r)
		return sys_fail(-ENOENT, "commit", c->word, "nothing of this store is mounted there; changes that were kept are named by their id (layerctl ls)");
	if (r >= 0 && str_eq(state, "busy"))
		return check_state(c, state);
	if (r >= 0)
		r = mount_record_read(c->im.store, id, &c->record);
	if (r >= 0)
		r = check_state(c, state);
	if (r < 0)
		return r;
	c->mount_fd = sys_openat(c->im.store->mounts_fd, id, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (c->mount_fd < 0)
		return c->mount_fd;
	r = sys_flock(c->mount_fd, LOCK_EX | LOCK_NB);
	if (r < 0)
		return r;
	c->upper_fd = sys_openat(c->mount_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	return c->upper_fd < 0 ? c->upper_fd : 0;
}

/* One more layer in im.image. */
static int add_layer(struct commit *c, const struct oci_layer *layer)
{
	struct oci_image *image = &c->im.image;
	struct oci_layer *more = realloc(image->layers, (image->n_layers + 1) * sizeof(*more));

	if (!more)
		return -ENOMEM;
	image->layers = more;
	more[image->n_layers++] = *layer;
	return 0;
}

static void tell_left_out(struct commit *c)
{
	const struct {
		uint64_t n;
		const char *what;
	} rows[] = {
		{c->packed.left_out_sockets, "sockets left out, since a layer can't hold them"},
		{c->packed.left_out_acls, "access control lists left out, since the ids in them are not shifted"},
		{c->packed.left_out_caps, "file capabilities left out, since they belong to another user namespace"},
		{c->packed.devices, "device nodes, which others import by --devices only"},
	};

	for (size_t i = 0; i < array_size(rows); i++)
		if (rows[i].n)
			import_note(&c->im, "warning: %s: %llu", rows[i].what, (unsigned long long)rows[i].n);
}

static int pack_upper(struct commit *c, int blob_fd)
{
	const struct pack_job job = {
		.store = c->im.store, .record = &c->record, .upper_fd = c->upper_fd,
		.blob_fd = blob_fd, .packing = (enum packing)c->options->packing,
		.advance = import_advance, .data = &c->im,
	};

	c->im.progress.what = "pack";
	return layer_pack(&job, &c->packed);
}

static int make_layer(struct commit *c)
{
	struct oci_layer layer = {.packing = (enum packing)c->options->packing};
	int fd __free(fd) = sys_openat(c->im.blobs_fd, "layer", O_WRONLY | O_CREAT | O_EXCL, 0644);
	int r = fd < 0 ? fd : pack_upper(c, fd);

	if (r < 0)
		return r;
	layer.blob.size = c->packed.size;
	str_copy(layer.blob.hex, sizeof(layer.blob.hex), c->packed.hex);
	str_copy(layer.diff_id, sizeof(layer.diff_id), c->packed.diff_id);
	str_copy(layer.blob.media_type, sizeof(layer.blob.media_type), oci_layer_type(layer.packing));
	r = sys_renameat2(c->im.blobs_fd, "layer", c->im.blobs_fd, layer.blob.hex, 0);
	if (r >= 0)
		r = add_layer(c, &layer);
	return r < 0 ? r : fetch_layer(&c->im, &layer);
}

static json_object *digest_json(const char *hex)
{
	char digest[72];

	snprintf(digest, sizeof(digest), "sha256:%s", hex);
	return json_object_new_string(digest);
}

static json_object *desc_json(const char *type, const struct oci_desc *desc)
{
	json_object *o = json_object_new_object();

	json_object_object_add(o, "mediaType", json_object_new_string(type));
	json_object_object_add(o, "digest", digest_json(desc->hex));
	json_object_object_add(o, "size", json_object_new_int64((int64_t)desc->size));
	return o;
}

/* The text becomes a blob in tmp/; *text is given over. */
static int put_json(struct commit *c, json_object *o, const char *type, struct oci_desc *ret_desc,
		    char **ret_text)
{
	const char *made = json_object_to_json_string_ext(o, JSON_C_TO_STRING_PLAIN |
								     JSON_C_TO_STRING_NOSLASHESCAPE);
	struct oci_desc desc = {.size = made ? strlen(made) : 0};
	char *text __free(ptr) = made ? strdup(made) : NULL;
	int r;

	if (!text)
		return -ENOMEM;
	if (desc.size > JSON_LIMIT)
		return sys_fail(-EFBIG, "commit", type, "would be longer than %d bytes", JSON_LIMIT);
	str_copy(desc.media_type, sizeof(desc.media_type), type);
	r = hash_bytes(text, desc.size, desc.hex);
	if (r >= 0)
		r = import_text(&c->im, &desc, text);
	if (r < 0)
		return r;
	*ret_desc = desc;
	free(*ret_text);
	*ret_text = take_ptr(&text);
	return 0;
}

/* RFC 7396: a member of the patch replaces the one of that name, objects go on inside, null removes. */
static void merge(json_object *into, json_object *patch)
{
	json_object_object_foreach(patch, key, value) {
		json_object *old = json_child(into, key);

		if (!value)
			json_object_object_del(into, key);
		else if (old && json_object_is_type(value, json_type_object))
			merge(old, value);
		else
			json_object_object_add(into, key, json_object_get(value));
	}
}

/* What a typing error would make into a member that nobody reads. */
static int check_patch(json_object *patch)
{
	static const struct {
		const char *key;
		enum json_type type;
	} members[] = {
		{"User", json_type_string},	 {"ExposedPorts", json_type_object},
		{"Env", json_type_array},	 {"Entrypoint", json_type_array},
		{"Cmd", json_type_array},	 {"Volumes", json_type_object},
		{"WorkingDir", json_type_string}, {"Labels", json_type_object},
		{"StopSignal", json_type_string},
	};

	json_object_object_foreach(patch, key, value) {
		size_t i = 0;

		while (i < array_size(members) && !str_eq(members[i].key, key))
			i++;
		if (i == array_size(members))
			return sys_fail(-EINVAL, "commit", key, "is not in an image's configuration; there are User, ExposedPorts, Env, Entrypoint, Cmd, Volumes, WorkingDir, Labels, StopSignal");
		if (value && !json_object_is_type(value, members[i].type))
			return sys_fail(-EINVAL, "commit", key, "must be of the JSON type %s",
					json_type_to_name(members[i].type));
	}
	return 0;
}

static int merge_config(struct commit *c, json_object *config)
{
	json_object *patch __free(json) = NULL, *inner = json_child(config, "config");
	const char *text = c->options->config;
	int r;

	if (!text)
		return 0;
	r = json_parse(text, strlen(text), "configuration to merge", &patch);
	if (r >= 0)
		r = check_patch(patch);
	if (r < 0)
		return r;
	if (!inner) {
		inner = json_object_new_object();
		json_object_object_add(config, "config", inner);
	}
	merge(inner, patch);
	return 0;
}

/* The list has an entry for each layer: where the image had none, the older ones say nothing. */
static void add_history(struct commit *c, json_object *config, json_object *created)
{
	json_object *list = json_array(config, "history"), *entry = json_object_new_object();

	if (!list) {
		list = json_object_new_array();
		for (size_t i = 0; i + 1 < c->im.image.n_layers; i++)
			json_object_array_add(list, json_object_new_object());
		json_object_object_add(config, "history", list);
	}
	json_object_object_add(entry, "created", json_object_get(created));
	json_object_object_add(entry, "created_by", json_object_new_string("layerctl commit"));
	if (c->options->author)
		json_object_object_add(entry, "author", json_object_new_string(c->options->author));
	if (c->options->comment)
		json_object_object_add(entry, "comment", json_object_new_string(c->options->comment));
	json_object_array_add(list, entry);
}

static int make_config(struct commit *c)
{
	struct oci_image *image = &c->im.image;
	json_object *config __free(json) = NULL, *created;
	char when[40] = "";
	struct tm tm;
	int r = json_parse(image->config_text, image->config.size, "config", &config);

	if (r >= 0)
		r = merge_config(c, config);
	if (r < 0)
		return r;
	if (!gmtime_r(&c->options->created, &tm) || tm.tm_year > 9999 - 1900)
		return sys_fail(-EINVAL, "commit", "time of creation", "%lld seconds after 1970 is beyond the year 9999",
				(long long)c->options->created);
	strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &tm);
	created = json_object_new_string(when);
	add_history(c, config, created);
	json_object_object_add(config, "created", created);
	if (c->options->author)
		json_object_object_add(config, "author", json_object_new_string(c->options->author));
	json_object_array_add(json_array(json_child(config, "rootfs"), "diff_ids"),
			      digest_json(c->packed.diff_id));
	return put_json(c, config, CONFIG_TYPE, &image->config, &image->config_text);
}

/* Docker's media types have equals of the OCI's; descriptors else stay as they are. */
static void convert_layers(const struct oci_image *image, json_object *list)
{
	for (size_t i = 0; i < json_object_array_length(list); i++)
		if (str_starts(image->layers[i].blob.media_type, "application/vnd.docker."))
			json_object_object_add(json_object_array_get_idx(list, i), "mediaType",
					       json_object_new_string(oci_layer_type(image->layers[i].packing)));
}

static int make_manifest(struct commit *c)
{
	struct oci_image *image = &c->im.image;
	const struct oci_layer *added = &image->layers[image->n_layers - 1];
	json_object *manifest __free(json) = NULL, *list;
	int r = json_parse(image->manifest_text, image->manifest.size, "manifest", &manifest);

	if (r < 0)
		return r;
	list = json_array(manifest, "layers");
	convert_layers(image, list);
	json_object_array_add(list, desc_json(added->blob.media_type, &added->blob));
	json_object_object_add(manifest, "schemaVersion", json_object_new_int(2));
	json_object_object_add(manifest, "mediaType", json_object_new_string(MANIFEST_TYPE));
	json_object_object_add(manifest, "config", desc_json(CONFIG_TYPE, &image->config));
	return put_json(c, manifest, MANIFEST_TYPE, &image->manifest, &image->manifest_text);
}

static int check_layers(const struct commit *c)
{
	const struct oci_image *image = &c->im.image;

	if (image->n_layers + 1 > MAX_LOWERS)
		return sys_fail(-E2BIG, "commit", c->word, "the image has %zu layers already, overlayfs takes at most %d",
				image->n_layers, MAX_LOWERS);
	return 0;
}

static int run(struct commit *c, const char *name)
{
	int r = import_check_name(&c->im, name);

	if (r >= 0)
		r = hold_mount(c);
	if (r >= 0)
		r = oci_load_manifest(c->im.store->dir_fd, &c->record.manifest, &c->im.image);
	if (r >= 0)
		r = check_layers(c);
	if (r >= 0)
		r = import_begin(&c->im);
	if (r >= 0)
		r = make_layer(c);
	if (r >= 0)
		r = make_config(c);
	if (r >= 0)
		r = make_manifest(c);
	if (r < 0)
		return r;
	tell_left_out(c);
	str_copy(c->im.result.name, sizeof(c->im.result.name), name);
	return import_publish(&c->im);
}

static void fill_result(const struct commit *c, struct rf_commit_result *ret)
{
	*ret = (struct rf_commit_result){
		.layers = c->im.image.n_layers, .entries = c->packed.entries,
		.whiteouts = c->packed.whiteouts, .bytes = c->packed.bytes,
		.blob_bytes = c->packed.size, .replaced = c->im.result.replaced,
	};
	snprintf(ret->digest, sizeof(ret->digest), "sha256:%s", c->im.image.manifest.hex);
	snprintf(ret->blob, sizeof(ret->blob), "sha256:%s", c->packed.hex);
	snprintf(ret->diff_id, sizeof(ret->diff_id), "sha256:%s", c->packed.diff_id);
}

static void done(struct commit *c)
{
	if (c->upper_fd >= 0)
		sys_close(c->upper_fd);
	if (c->mount_fd >= 0)
		sys_close(c->mount_fd);
	mount_record_done(&c->record);
	oci_image_done(&c->im.image);
}

int rf_store_commit(struct rf_store *store, const char *target_or_id, const char *name,
		    const struct rf_commit_options *options, struct rf_commit_result *ret_result)
{
	/* What root of this machine has put there needs no bounds. */
	struct rf_import_options unpack = {
		.size = sizeof(unpack), .devices = true, .max_bytes = UINT64_MAX,
		.max_entries = UINT64_MAX, .max_ratio = UINT64_MAX, .max_depth = UINT64_MAX,
		.note = options->note, .progress = options->progress, .data = options->data,
	};
	struct commit c = {
		.im = {.what = "commit", .store = store, .options = &unpack, .source_fd = -EBADF,
		       .work_fd = -EBADF, .blobs_fd = -EBADF, .layers_fd = -EBADF},
		.options = options, .word = target_or_id, .mount_fd = -EBADF, .upper_fd = -EBADF,
	};
	int r = options_check(options, "rf_commit_options");
	struct rf_call why;

	if (r >= 0 && (options->packing > RF_LAYER_ZSTD || options->created < 0))
		r = sys_fail(-EINVAL, "commit", name, "an unknown packing or a negative time");
	if (r >= 0)
		r = run(&c, name);
	why = *rf_trace_last_failure();
	import_end(&c.im);
	if (r >= 0)
		fill_result(&c, ret_result);
	done(&c);
	if (r < 0)
		sys_keep_failure(&why);
	return r;
}
