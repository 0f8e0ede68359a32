// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Steps that mount an image's layers. Order: directories for the changes; the record, so that the
 * layers are known to be in use before they are looked at; the overlay as a detached mount; its
 * attachment to the target, after which the record stands for a mount that is there.
 *
 * The way of mounting is tried, not chosen by version:
 *
 *	fsopen(2), one "lowerdir+" for each layer	6.8; a value has at most 255 bytes
 *	mount(2), all layers in one "lowerdir="		its options share one page, so the layers get
 *							short names: links l/0, l/1, … in mounts/ID,
 *							which is the working directory for that call
 *
 * Older kernels take "lowerdir+" without a word and refuse at the end (EINVAL). overlayfs wants two
 * lower directories where there is no upper one: an empty one is the second.
 */
#include "plan/step.h"

#include <linux/mount.h>
#include <ringfence/layer.h>
#include <sys/file.h>
#include <unistd.h>

#include "base/options.h"
#include "base/file.h"
#include "layer/store.h"
#include "mount/idmapped.h"
#include "mount/table.h"

enum { FSCONFIG_VALUE = 255 };

#define EMPTY_LAYER "empty"

/* One mount; its four steps share it. */
struct job {
	int refs;
	struct rf_store *store;
	struct mount_record record;
	bool is_volatile, need_empty, by_mount;
	bool made; /* mounts/ID is there, and ours */
	int dir_fd; /* mounts/ID, held by flock(2) until all is done */
	int mount_fd;
	/* The store seen through an id-mapped mount, where owners shall be shifted. */
	int view_fd;
	char *view; /* the path to it, or NULL: the store as it is */
};

static void free_job(void *data)
{
	struct job *job = data;

	if (--job->refs)
		return;
	if (job->mount_fd >= 0)
		sys_close(job->mount_fd);
	if (job->dir_fd >= 0)
		sys_close(job->dir_fd);
	if (job->view_fd >= 0)
		sys_close(job->view_fd);
	mount_record_done(&job->record);
	free(job->view);
	free(job);
}

static void args_target(const struct rf_step *s, struct str *out)
{
	const struct job *job = s->data;

	str_addf(out, "%s on %s%s", job->record.image, job->record.target,
		 job->record.read_only ? ", read-only" : "");
}

static void args_layers(const struct rf_step *s, struct str *out)
{
	const struct job *job = s->data;

	str_addf(out, "%zu layer%s%s", job->record.n_layers, job->record.n_layers == 1 ? "" : "s",
		 job->is_volatile ? ", volatile" : "");
}

/* mounts/ID: the first free one. The lock keeps others from taking the directory for a dead one. */
static int make_mount_dir(struct job *job)
{
	int r, lock __free(fd) = store_lock(job->store);

	if (lock < 0)
		return lock;
	for (int i = 1;; i++) {
		snprintf(job->record.id, sizeof(job->record.id), "m%d", i);
		r = exists_at(job->store->mounts_fd, job->record.id);
		if (!r)
			r = sys_mkdirat(job->store->mounts_fd, job->record.id, 0700);
		if (r <= 0 && r != -EEXIST)
			break;
	}
	if (r < 0)
		return r;
	job->made = true;
	job->dir_fd = sys_openat_made(job->store->mounts_fd, job->record.id,
				      O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	return job->dir_fd < 0 ? job->dir_fd : sys_flock(job->dir_fd, LOCK_EX);
}

/* The root that is seen has the owner, mode and time of the upper directory: those of the top layer. */
static int make_upper(struct job *job)
{
	char top[HEX_SIZE + 8];
	struct stat st = {.st_mode = 0755};
	int r = 0, fd __free(fd) = -EBADF;

	if (job->record.n_layers) {
		snprintf(top, sizeof(top), "%s/fs", job->record.layers[0]);
		r = sys_fstatat(job->store->layers_fd, top, &st, AT_SYMLINK_NOFOLLOW);
	}
	if (r >= 0)
		r = sys_mkdirat(job->dir_fd, "upper", 0700);
	if (r < 0)
		return r;
	fd = sys_openat(job->dir_fd, "upper", O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0);
	if (fd < 0)
		return fd;
	/* Only the lower directories are shifted: overlayfs makes files as the one who mounted it,
	 * whose own id has no place in the map. */
	rf_idmap_outside(&job->record.uid_map, st.st_uid, &st.st_uid);
	rf_idmap_outside(&job->record.gid_map, st.st_gid, &st.st_gid);
	r = sys_fchown(fd, st.st_uid, st.st_gid);
	if (r >= 0)
		r = sys_fchmod(fd, st.st_mode & 07777);
	return r < 0 || !job->record.n_layers
		       ? r
		       : sys_utimensat(fd, NULL, (struct timespec[]){st.st_mtim, st.st_mtim}, 0);
}

static int run_prepare(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;
	int r = make_mount_dir(job);

	s->half_done = job->made;
	if (r >= 0 && job->need_empty)
		r = sys_mkdirat(job->dir_fd, EMPTY_LAYER, 0755);
	if (r >= 0 && !job->record.read_only)
		r = make_upper(job);
	if (r >= 0 && !job->record.read_only)
		r = sys_mkdirat(job->dir_fd, "work", 0700);
	return r;
}

static void undo_prepare(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;

	mount_dir_remove(job->store, job->record.id);
	if (job->dir_fd >= 0)
		sys_close(take_fd(&job->dir_fd));
}

const struct step_kind step_layer_prepare = {
	.id = "layer-prepare", .name = "make the directories for changes",
	.why = "Layers are shared and never written to: what changes goes to a directory of this mount.",
	.page = "overlayfs (kernel documentation)", .args = args_target, .run = run_prepare,
	.undo = undo_prepare, .free_data = free_job,
};

static int run_record(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;
	int r = mount_ns_id(&job->record.mount_ns);

	return r < 0 ? r : mount_record_write(job->dir_fd, &job->record);
}

const struct step_kind step_layer_record = {
	.id = "layer-record", .name = "record the mount in the store",
	.why = "As long as the record stands, nobody removes the layers; and umount finds what to clean.",
	.page = "layerctl(1)", .args = args_target, .run = run_record, .free_data = free_job,
};

static int run_idmap(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;
	int r, tree __free(fd) = sys_open_tree(AT_FDCWD, job->store->path, OPEN_TREE_CLONE);

	if (tree < 0)
		return tree;
	r = mount_set_idmap(tree, &job->record.uid_map, &job->record.gid_map);
	if (r < 0)
		return r;
	job->view = str_format("/proc/self/fd/%d", tree);
	if (!job->view)
		return -ENOMEM;
	job->view_fd = take_fd(&tree);
	return 0;
}

static void args_idmap(const struct rf_step *s, struct str *out)
{
	const struct job *job = s->data;

	for (size_t i = 0; i < job->record.uid_map.n; i++)
		str_addf(out, "%s%u:%u:%u", i ? "," : "users ", job->record.uid_map.rows[i].inside,
			 job->record.uid_map.rows[i].outside, job->record.uid_map.rows[i].count);
	for (size_t i = 0; i < job->record.gid_map.n; i++)
		str_addf(out, "%s%u:%u:%u", i ? "," : ", groups ", job->record.gid_map.rows[i].inside,
			 job->record.gid_map.rows[i].outside, job->record.gid_map.rows[i].count);
}

const struct step_kind step_layer_idmap = {
	.id = "layer-idmap", .name = "shift the owners of the layers",
	.why = "What root owns in the image shall be owned by the id that root inside stands for.",
	.page = "mount_setattr(2)", .args = args_idmap, .run = run_idmap, .free_data = free_job,
};

/* Before 6.15 overlayfs takes layers only from mounts that are in the caller's namespace. */
static int attach_view(struct job *job)
{
	int r = sys_mkdirat(job->dir_fd, MOUNT_VIEW, 0700);
	char *path;

	if (r < 0)
		return r;
	path = str_format("%s/mounts/%s/" MOUNT_VIEW, job->store->path, job->record.id);
	if (!path)
		return -ENOMEM;
	r = sys_move_mount(job->view_fd, "", AT_FDCWD, path, MOVE_MOUNT_F_EMPTY_PATH);
	free(job->view);
	job->view = path;
	return r;
}

/* The overlay has its own references; the view has served. */
static void detach_view(struct job *job)
{
	if (job->view && !str_starts(job->view, "/proc/"))
		sys_umount2(job->view, MNT_DETACH | UMOUNT_NOFOLLOW);
	free(take_ptr(&job->view));
	if (job->view_fd >= 0)
		sys_close(take_fd(&job->view_fd));
}

/* The path BASE/DIR/NAME/LEAF as an option's value. */
static int set_path(int fs, const char *key, const char *base, const char *dir, const char *name,
		    const char *leaf)
{
	char *path __free(ptr) = str_format("%s/%s/%s/%s", base, dir, name, leaf);

	return path ? sys_fsconfig_string(fs, key, path) : -ENOMEM;
}

static int set_options(struct job *job, int fs)
{
	const char *store = job->store->path, *lowers = job->view ?: store;
	char source[MOUNT_SOURCE_SIZE];
	int r = mount_source(job->store, job->record.id, source);

	if (r >= 0)
		r = sys_fsconfig_string(fs, "source", source);
	for (size_t i = 0; r >= 0 && i < job->record.n_layers; i++)
		r = set_path(fs, "lowerdir+", lowers, "layers", job->record.layers[i], "fs");
	if (r >= 0 && job->need_empty)
		r = set_path(fs, "lowerdir+", store, "mounts", job->record.id, EMPTY_LAYER);
	if (r >= 0 && !job->record.read_only)
		r = set_path(fs, "upperdir", store, "mounts", job->record.id, "upper");
	if (r >= 0 && !job->record.read_only)
		r = set_path(fs, "workdir", store, "mounts", job->record.id, "work");
	if (r >= 0 && job->is_volatile)
		r = sys_fsconfig_flag(fs, "volatile");
	return r < 0 ? r : sys_fsconfig_create(fs);
}

static int mount_detached(struct job *job)
{
	int r, fs __free(fd) = -EBADF;

	/* The longest value: STORE/layers/HEX/fs. */
	if (strlen(job->view ?: job->store->path) + HEX_SIZE + 16 > FSCONFIG_VALUE)
		return -ENOSYS;
	fs = sys_fsopen("overlay");
	if (fs < 0)
		return fs;
	r = set_options(job, fs);
	if (r < 0)
		return r;
	job->mount_fd = sys_fsmount(fs, job->record.read_only ? MOUNT_ATTR_RDONLY : 0);
	return job->mount_fd < 0 ? job->mount_fd : 0;
}

/* For mount(2): short names for the layers. */
static int make_links(struct job *job)
{
	int r = sys_mkdirat(job->dir_fd, "l", 0700);

	for (size_t i = 0; r >= 0 && i < job->record.n_layers; i++) {
		char name[24], target[HEX_SIZE + 24];

		snprintf(name, sizeof(name), "l/%zu", i);
		snprintf(target, sizeof(target), "../%s/layers/%s/fs", job->view ? MOUNT_VIEW : "../..",
			 job->record.layers[i]);
		r = sys_symlinkat(target, job->dir_fd, name);
	}
	job->by_mount = r >= 0;
	return r;
}

static int check_layers(const struct job *job)
{
	for (size_t i = 0; i < job->record.n_layers; i++) {
		int r = exists_at(job->store->layers_fd, job->record.layers[i]);

		if (r < 0)
			return r;
		if (!r)
			return sys_fail(-ENOENT, "layer", job->record.image,
					"layer sha256:%.12s is not unpacked (any more): import the image",
					job->record.layers[i]);
	}
	return 0;
}

static int run_overlay(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;
	int r = check_layers(job);

	if (r < 0)
		return r;
	r = mount_detached(job);
	if (job->view && (r == -EINVAL || r == -ENOSYS)) {
		r = attach_view(job);
		s->half_done = true;
		if (r < 0)
			return r;
		r = mount_detached(job);
	}
	if (r == -ENOSYS || r == -EINVAL)
		return make_links(job);
	detach_view(job);
	return r;
}

static void undo_overlay(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;

	detach_view(job);
	if (job->mount_fd >= 0)
		sys_close(take_fd(&job->mount_fd));
}

const struct step_kind step_layer_overlay = {
	.id = "layer-overlay", .name = "stack the layers",
	.why = "An overlay shows the topmost of each name and keeps every change in the upper directory.",
	.page = "fsopen(2)", .args = args_layers, .run = run_overlay, .undo = undo_overlay,
	.free_data = free_job,
};

static int mount_options(const struct job *job, char **ret_text)
{
	struct str out __free(str) = {0};

	str_add(&out, "lowerdir=");
	for (size_t i = 0; i < job->record.n_layers; i++)
		str_addf(&out, "%sl/%zu", i ? ":" : "", i);
	if (job->need_empty)
		str_addf(&out, "%s" EMPTY_LAYER, job->record.n_layers ? ":" : "");
	if (!job->record.read_only)
		str_add(&out, ",upperdir=upper,workdir=work");
	if (job->is_volatile)
		str_add(&out, ",volatile");
	return str_take(&out, ret_text);
}

static int mount_by_name(struct job *job)
{
	char *options __free(ptr) = NULL, source[MOUNT_SOURCE_SIZE];
	int r = mount_options(job, &options);
	int back __free(fd) = sys_openat(AT_FDCWD, ".", O_PATH | O_DIRECTORY, 0);

	if (r < 0 || back < 0)
		return r < 0 ? r : back;
	r = mount_source(job->store, job->record.id, source);
	if (r >= 0)
		r = sys_fchdir(job->dir_fd);
	if (r < 0)
		return r;
	r = sys_mount(source, job->record.target, "overlay", job->record.read_only ? MS_RDONLY : 0,
		      options);
	if (r < 0) {
		struct rf_call why = *rf_trace_last_failure();

		sys_fchdir(back);
		sys_keep_failure(&why);
		return r;
	}
	return sys_fchdir(back);
}

static int run_attach(struct plan_run *run, struct rf_step *s)
{
	struct job *job = s->data;
	int r, target __free(fd) = -EBADF;

	if (job->by_mount) {
		r = mount_by_name(job);
		if (r >= 0)
			detach_view(job);
	} else {
		target = sys_openat(AT_FDCWD, job->record.target, O_PATH | O_DIRECTORY, 0);
		if (target < 0)
			return target;
		r = sys_move_mount(job->mount_fd, "", target, "",
				   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_EMPTY_PATH);
	}
	if (r < 0)
		return r;
	/* From here on it's the mount table that says the record is live. */
	if (job->mount_fd >= 0)
		sys_close(take_fd(&job->mount_fd));
	sys_close(take_fd(&job->dir_fd));
	return 0;
}

static void undo_attach(struct plan_run *run, struct rf_step *s)
{
	const struct job *job = s->data;

	sys_umount2(job->record.target, MNT_DETACH | UMOUNT_NOFOLLOW);
}

const struct step_kind step_layer_attach = {
	.id = "layer-attach", .name = "attach the mount to its directory",
	.why = "A mount made by descriptor is seen by nobody until it has a place in the tree.",
	.page = "move_mount(2)", .args = args_target, .run = run_attach, .undo = undo_attach,
	.free_data = free_job,
};

/* Diff ids, top first, down to the first layer whose root hides all below it. */
static int list_layers(struct job *job, const struct oci_image *image)
{
	struct mount_record *rec = &job->record;

	rec->layers = calloc(image->n_layers + 1, sizeof(*rec->layers));
	if (!rec->layers)
		return -ENOMEM;
	for (size_t i = image->n_layers; i-- > 0;) {
		const char *diff_id = image->layers[i].diff_id;
		struct layer_record layer;
		int r = layer_record_read(job->store, diff_id, &layer);

		if (r == -ENOENT)
			return sys_fail(r, "layer", rec->image,
					"layer sha256:%.12s is not unpacked (no layer.json): layerctl import makes it",
					diff_id);
		if (r < 0)
			return r;
		rec->layers[rec->n_layers] = strdup(diff_id);
		if (!rec->layers[rec->n_layers])
			return -ENOMEM;
		rec->n_layers++;
		if (layer.opaque_root)
			break;
	}
	if (rec->n_layers > MAX_LOWERS)
		return sys_fail(-E2BIG, "layer", rec->image, "%zu layers, overlayfs takes at most %d",
				rec->n_layers, MAX_LOWERS);
	job->need_empty = rec->n_layers < (rec->read_only ? 2 : 1);
	return 0;
}

static int refuse_second(const struct rf_mount_info *m, void *data)
{
	const char *target = data;

	if (strcmp(m->target, target) || strcmp(m->state, "mounted"))
		return 0;
	return sys_fail(-EBUSY, "mount", target, "%s is mounted there already (layerctl umount %s)",
			m->image, m->id);
}

static int set_target(struct job *job, const char *target)
{
	int r, fd __free(fd) = sys_openat(AT_FDCWD, target, O_PATH | O_DIRECTORY, 0);

	if (fd < 0)
		return fd;
	r = path_of_fd(fd, &job->record.target);
	return r < 0 ? r : rf_store_each_mount(job->store, refuse_second, job->record.target);
}

static int fill_job(struct job *job, const struct rf_layer_mount *mount)
{
	struct oci_image image __free(oci_image) = {0};
	int r = oci_load(job->store->dir_fd, mount->image, &image);

	if (r < 0)
		return r;
	job->is_volatile = mount->is_volatile;
	job->record.uid_map = mount->uid_map;
	job->record.gid_map = mount->gid_map;
	if (!job->record.uid_map.n != !job->record.gid_map.n)
		return sys_fail(-EINVAL, "mount", mount->target,
				"user ids and group ids must be mapped both or neither");
	job->record.read_only = mount->read_only;
	job->record.manifest = image.manifest;
	job->record.image = strdup(mount->image);
	if (!job->record.image)
		return -ENOMEM;
	r = list_layers(job, &image);
	return r < 0 ? r : set_target(job, mount->target);
}

int rf_plan_layer_mount(struct rf_plan *plan, struct rf_store *store,
			const struct rf_layer_mount *mount)
{
	static const struct step_kind *const kinds[] = {
		&step_layer_prepare, &step_layer_record, &step_layer_idmap, &step_layer_overlay,
		&step_layer_attach,
	};
	struct job *job = calloc(1, sizeof(*job));
	int r;

	if (!job)
		return -ENOMEM;
	*job = (struct job){
		.refs = 1, .store = store, .dir_fd = -EBADF, .mount_fd = -EBADF, .view_fd = -EBADF,
	};
	r = options_check(mount, "rf_layer_mount");
	if (r >= 0)
		r = fill_job(job, mount);
	for (size_t i = 0; r >= 0 && i < array_size(kinds); i++) {
		struct rf_step *s;

		if (kinds[i] == &step_layer_idmap && !job->record.uid_map.n)
			continue;
		s = plan_add(plan, kinds[i], false);

		if (!s) {
			r = -ENOMEM;
			break;
		}
		s->data = job;
		job->refs++;
	}
	free_job(job);
	return r;
}
