// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Records of mounts. A mount is recognised in the mount table by its source, "ringfence:", the store and its
 * id; where it isn't there, the record is stale, unless it belongs to another mount namespace in
 * which someone still lives. While a mount is being made, its directory is held by flock(2).
 */
#include <errno.h>
#include <ringfence/layer.h>
#include <sys/mount.h>

#include "base/file.h"
#include "base/str.h"
#include "layer/store.h"
#include "mount/table.h"

static void add_map(struct str *out, const char *key, const struct rf_idmap *map)
{
	for (size_t i = 0; i < map->n; i++) {
		const struct rf_idmap_row *r = &map->rows[i];

		if (i)
			str_add(out, ",");
		else
			str_addf(out, ", \"%s\": \"", key);
		str_addf(out, "%u:%u:%u", r->inside, r->outside, r->count);
	}
	if (map->n)
		str_add(out, "\"");
}

int mount_record_write(int mount_fd, const struct mount_record *rec)
{
	struct str out __free(str) = {0};

	str_addf(&out, "{\"id\": \"%s\", \"target\": ", rec->id);
	str_add_json(&out, rec->target);
	str_add(&out, ", \"image\": ");
	str_add_json(&out, rec->image);
	if (rec->manifest.hex[0]) {
		str_add(&out, ", \"manifest\": {\"mediaType\": ");
		str_add_json(&out, rec->manifest.media_type);
		str_addf(&out, ", \"digest\": \"sha256:%s\", \"size\": %llu}", rec->manifest.hex,
			 (unsigned long long)rec->manifest.size);
	}
	add_map(&out, "uid_map", &rec->uid_map);
	add_map(&out, "gid_map", &rec->gid_map);
	str_addf(&out, ", \"read_only\": %s, \"kept\": %s, \"mount_namespace\": %llu, \"layers\": [",
		 rec->read_only ? "true" : "false", rec->kept ? "true" : "false",
		 (unsigned long long)rec->mount_ns);
	for (size_t i = 0; i < rec->n_layers; i++)
		str_addf(&out, "%s\"sha256:%s\"", i ? ", " : "", rec->layers[i]);
	str_add(&out, "]}\n");
	if (out.failed)
		return -ENOMEM;
	return file_replace_at(mount_fd, "record.json", out.s, out.len, 0600);
}

void mount_record_done(struct mount_record *rec)
{
	for (size_t i = 0; i < rec->n_layers; i++)
		free(rec->layers[i]);
	free(rec->layers);
	free(rec->target);
	free(rec->image);
	*rec = (struct mount_record){0};
}

static bool json_is_true(json_object *o, const char *key)
{
	json_object *m = NULL;

	return json_object_object_get_ex(o, key, &m) && json_object_get_boolean(m);
}

static int read_layers(json_object *list, struct mount_record *rec)
{
	size_t n = list ? json_object_array_length(list) : 0;
	char hex[HEX_SIZE];

	rec->layers = calloc(n + 1, sizeof(*rec->layers));
	if (!rec->layers)
		return -ENOMEM;
	for (; rec->n_layers < n; rec->n_layers++) {
		json_object *o = json_object_array_get_idx(list, rec->n_layers);
		int r = digest_parse(json_object_get_string(o), "record.json", hex);

		if (r < 0)
			return r;
		rec->layers[rec->n_layers] = strdup(hex);
		if (!rec->layers[rec->n_layers])
			return -ENOMEM;
	}
	return 0;
}

static int read_map(const char *text, struct rf_idmap *map)
{
	return text ? rf_idmap_parse(map, text) : 0;
}

int mount_record_read(struct rf_store *store, const char *id, struct mount_record *ret_record)
{
	struct mount_record rec __free(mount_record) = {0};
	json_object *json __free(json) = NULL;
	char *text __free(ptr) = NULL;
	char path[280];
	size_t len;
	int r;

	snprintf(path, sizeof(path), "%s/record.json", id);
	r = file_read_at(store->mounts_fd, path, 256 << 10, &text, &len);
	if (r >= 0)
		r = json_parse(text, len, path, &json);
	if (r < 0)
		return r;
	rec.target = strdup(json_string(json, "target") ?: "");
	rec.image = strdup(json_string(json, "image") ?: "");
	rec.read_only = json_is_true(json, "read_only");
	rec.kept = json_is_true(json, "kept");
	rec.mount_ns = json_number(json, "mount_namespace");
	if (!rec.target || !rec.image || str_copy(rec.id, sizeof(rec.id), id) < 0)
		return -ENOMEM;
	if (json_child(json, "manifest"))
		r = oci_parse_desc(json_child(json, "manifest"), path, &rec.manifest);
	if (r >= 0)
		r = read_map(json_string(json, "uid_map"), &rec.uid_map);
	if (r >= 0)
		r = read_map(json_string(json, "gid_map"), &rec.gid_map);
	if (r >= 0)
		r = read_layers(json_array(json, "layers"), &rec);
	if (r < 0)
		return r;
	*ret_record = rec;
	rec = (struct mount_record){0};
	return 0;
}

int mount_source(const struct rf_store *store, const char *id, char ret_source[MOUNT_SOURCE_SIZE])
{
	struct stat st;
	int r = sys_fstat(store->dir_fd, &st);

	if (r >= 0)
		snprintf(ret_source, MOUNT_SOURCE_SIZE, "ringfence:%.32s@%llx.%llx", id,
			 (unsigned long long)st.st_dev, (unsigned long long)st.st_ino);
	return r;
}

static int is_mounted(const struct rf_store *store, const struct mount_table *table,
		      const char *id)
{
	char source[MOUNT_SOURCE_SIZE];
	int r = mount_source(store, id, source);

	return r < 0 ? r : mount_table_has(table, source, NULL);
}

static int is_elsewhere(const struct mount_record *rec)
{
	uint64_t ns;
	int r = mount_ns_id(&ns);

	return r < 0 ? r : ns != rec->mount_ns && mount_ns_is_alive(rec->mount_ns);
}

/* What is stale gets removed, changes and all: never a guess after a call that failed. */
static int state_of(struct rf_store *store, const struct mount_table *table,
		    const struct mount_record *rec, const char *id, const char **ret_state)
{
	int fd __free(fd) = -EBADF;
	int r = work_is_live(store->mounts_fd, id, &fd);
	bool busy = r > 0, mounted = false, elsewhere = false;

	if (!r) {
		r = is_mounted(store, table, id);
		mounted = r > 0;
	}
	if (!r && rec->id[0] && !rec->kept) {
		r = is_elsewhere(rec);
		elsewhere = r > 0;
	}
	if (r < 0)
		return r;
	*ret_state = busy	? "busy"
		     : mounted	? "mounted"
		     : elsewhere ? "elsewhere"
		     : rec->kept ? "kept"
				 : "stale";
	return 0;
}

struct walk {
	struct rf_store *store;
	struct mount_table *table;
	int (*fn)(const struct rf_mount_info *, void *);
	void *data;
};

static int show_mount(const char *id, void *data)
{
	struct mount_record rec __free(mount_record) = {0};
	char *upper __free(ptr) = NULL;
	struct walk *w = data;
	struct rf_mount_info info = {.id = id};
	int r = mount_record_read(w->store, id, &rec);

	if (r < 0 && r != -ENOENT && r != -EBADMSG)
		return r;
	upper = str_format("%s/mounts/%s/upper", w->store->path, id);
	if (!upper)
		return -ENOMEM;
	info.target = rec.target ?: "";
	info.image = rec.image ?: "";
	info.read_only = rec.read_only;
	info.upper = rec.read_only ? NULL : upper;
	r = state_of(w->store, w->table, &rec, id, &info.state);
	return r < 0 ? r : w->fn(&info, w->data);
}

int rf_store_each_mount(struct rf_store *store,
			int (*fn)(const struct rf_mount_info *mount, void *data), void *data)
{
	struct mount_table *table __free(mount_table) = NULL;
	struct walk w = {.store = store, .fn = fn, .data = data};
	int r = mount_table_read(&table);

	w.table = table;
	return r < 0 ? r : each_name(store->mounts_fd, ".", show_mount, &w);
}

int mount_dir_remove(struct rf_store *store, const char *id)
{
	char *view = str_format("%s/mounts/%s/" MOUNT_VIEW, store->path, id);
	int r = view ? 0 : -ENOMEM;

	/* Killed while layers were shifted, a mount leaves a view of the store itself in there. It is
	 * EINVAL where it is no mount. */
	if (view)
		r = exists_at(store->mounts_fd, view + strlen(store->path) + strlen("/mounts/"));
	if (r > 0)
		r = sys_umount2(view, MNT_DETACH | UMOUNT_NOFOLLOW);
	free(view);
	return r < 0 && r != -EINVAL ? r : file_remove_tree(store->mounts_fd, id);
}

struct stale {
	struct rf_store *store;
	int count;
};

static int clean_mount(const struct rf_mount_info *m, void *data)
{
	struct stale *s = data;
	int r;

	if (!str_eq(m->state, "stale"))
		return 0;
	r = mount_dir_remove(s->store, m->id);
	s->count += r >= 0;
	return r;
}

int mounts_clean(struct rf_store *store)
{
	struct stale s = {.store = store};
	int r = rf_store_each_mount(store, clean_mount, &s);

	return r < 0 ? r : s.count;
}

/* What an argument of umount means: the id of a record. */
struct pick {
	const char *word, *target;
	char id[MOUNT_ID_SIZE], state[MOUNT_STATE_SIZE];
	bool found;
};

static int pick_mount(const struct rf_mount_info *m, void *data)
{
	struct pick *p = data;
	bool by_id = str_eq(m->id, p->word);

	if (!by_id && (!p->target || !str_eq(m->target, p->target)))
		return 0;
	/* A target may have a stale record beside the live one. */
	if (!by_id && p->found && (str_eq(p->state, "mounted") || str_eq(m->state, "kept")))
		return 0;
	/* Kept changes are only taken away by their id. */
	if (!by_id && str_eq(m->state, "kept"))
		return 0;
	p->found = str_copy(p->id, sizeof(p->id), m->id) >= 0;
	str_copy(p->state, sizeof(p->state), m->state);
	return by_id;
}

static int target_path(const char *word, char **ret_path)
{
	int fd __free(fd) = sys_openat(AT_FDCWD, word, O_PATH, 0);

	if (fd >= 0)
		return path_of_fd(fd, ret_path);
	*ret_path = strdup(word);
	return *ret_path ? fd : -ENOMEM;
}

static int unmount(struct rf_store *store, const char *id, unsigned flags)
{
	struct mount_record rec __free(mount_record) = {0};
	struct mount_table *table __free(mount_table) = NULL;
	char source[MOUNT_SOURCE_SIZE], *target __free(ptr) = NULL;
	int r = mount_table_read(&table);

	if (r >= 0)
		r = mount_source(store, id, source);
	if (r >= 0)
		r = mount_record_read(store, id, &rec);
	/* The table knows better than the record: a mount can be moved. */
	while (r >= 0 && mount_table_find(table, source, &target) > 0) {
		if (!mount_table_is_top(table, source, target))
			return sys_fail(-EBUSY, "umount2", target,
					"something else is mounted over it: unmount that first");
		r = sys_umount2(target, UMOUNT_NOFOLLOW | (flags & RF_UMOUNT_LAZY ? MNT_DETACH : 0));
		free(take_ptr(&target));
		mount_table_free(take_ptr(&table));
		if (r >= 0)
			r = mount_table_read(&table);
	}
	return r;
}

static int keep(struct rf_store *store, const char *id)
{
	struct mount_record rec __free(mount_record) = {0};
	int r, fd __free(fd) = sys_openat(store->mounts_fd, id, O_RDONLY | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	r = mount_record_read(store, id, &rec);
	if (r < 0)
		return r;
	rec.kept = true;
	r = file_remove_tree(fd, "work");
	return r < 0 ? r : mount_record_write(fd, &rec);
}

int mount_find(struct rf_store *store, const char *what, const char *word,
	       char ret_id[MOUNT_ID_SIZE], char ret_state[MOUNT_STATE_SIZE])
{
	char *target __free(ptr) = NULL;
	struct pick p = {.word = word};
	int there = target_path(word, &target), r;

	if (there < 0 && there != -ENOENT && there != -ENOTDIR)
		return there;
	p.target = target;
	r = rf_store_each_mount(store, pick_mount, &p);
	if (r < 0)
		return r;
	if (!p.found)
		return there < 0 ? sys_fail(-ENOENT, what, word, "is neither a mount's id nor a directory") : 0;
	memcpy(ret_id, p.id, MOUNT_ID_SIZE);
	memcpy(ret_state, p.state, MOUNT_STATE_SIZE);
	return 1;
}

int rf_store_umount(struct rf_store *store, const char *word, unsigned flags)
{
	char id[MOUNT_ID_SIZE], state[MOUNT_STATE_SIZE];
	int r, lock __free(fd) = store_lock(store);

	if (lock < 0)
		return lock;
	r = mount_find(store, "umount", word, id, state);
	if (r <= 0)
		return r;
	if (str_eq(state, "busy"))
		return sys_fail(-EBUSY, "umount", word, "is being mounted or committed right now");
	if (str_eq(state, "elsewhere"))
		return sys_fail(-EXDEV, "umount", word,
				"is mounted in another mount namespace: unmount it there, or end its processes");
	r = str_eq(state, "mounted") ? unmount(store, id, flags) : 0;
	if (r < 0)
		return r;
	r = flags & RF_UMOUNT_KEEP ? keep(store, id) : mount_dir_remove(store, id);
	return r < 0 ? r : 1;
}
