/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Image layers: a store that is an OCI image layout (so skopeo reads and writes it) with each layer
 * unpacked once beside the blobs, and overlay mounts of them.
 *
 *	STORE/oci-layout, index.json, blobs/sha256/HEX	as the OCI image layout has them
 *	STORE/layers/DIFFID/fs, layer.json		one unpacked layer
 *	STORE/mounts/ID/upper, work, record.json	one mount
 *	STORE/tmp/NAME					what is in progress, held by flock(2)
 *	STORE/lock					taken for every change of the above
 *
 * Images are untrusted: size and digest of every blob and the DiffID of every layer are verified,
 * and nothing an image holds makes a file outside of its layer's directory. Unpacking needs root
 * (CAP_CHOWN, CAP_MKNOD, CAP_SYS_ADMIN for trusted.* attributes), mounting CAP_SYS_ADMIN.
 *
 * Functions return 0 or more, or -errno with the reason in rf_trace_last_failure(). A store is used
 * by one thread; several processes may use the same store. Kernel 5.6 or newer; each newer call has
 * a fallback. Sources: OCI image-spec (image-layout.md, layer.md), overlayfs.rst, openat2(2).
 */
#ifndef RINGFENCE_LAYER_H
#define RINGFENCE_LAYER_H

#include <ringfence/idmap.h>
#include <ringfence/plan.h>

#ifdef __cplusplus
extern "C" {
#endif

#define RF_STORE_DEFAULT "/var/lib/ringfence"

struct rf_store;

enum rf_store_flags { RF_STORE_CREATE = 1 };

/* Open the store at `path` (NULL: RF_STORE_DEFAULT). -ENOENT where there is none, unless
 * RF_STORE_CREATE makes it; -EINVAL where the directory holds something else. */
RF_API int rf_store_open(const char *path, unsigned flags, struct rf_store **ret_store);
RF_API void rf_store_close(struct rf_store *store); /* NULL is fine */

/* Remove what killed imports and ended mounts have left: the number of things removed. Mounts of
 * other, living mount namespaces and kept ones stay. */
RF_API int rf_store_clean(struct rf_store *store);

struct rf_import_progress {
	const char *what; /* "copy" or "unpack" */
	uint64_t done_bytes, total_bytes;
};

/* What an import says on its way: "layer … is reused". Text may hold control characters. */
typedef void rf_import_note_fn(const char *text, void *data);
typedef void rf_import_progress_fn(const struct rf_import_progress *progress, void *data);

/* Set `size`; zeros mean the defaults. */
struct rf_import_options {
	size_t size;	  /* sizeof(struct rf_import_options) */
	const char *name; /* of the image in the store; NULL: the source's tag or directory */
	bool devices;	  /* allow device nodes */
	bool no_setuid;	  /* drop set-user-ID, set-group-ID bits and file capabilities */
	bool take_last;	  /* of two entries with one path take the later; else refuse */
	uint64_t max_bytes;	    /* of one layer, unpacked; 0: 128 GiB */
	uint64_t max_entries;	    /* of one layer; 0: 4 million */
	uint64_t max_ratio;	    /* unpacked to packed, above 16 MiB; 0: 400 */
	uint64_t max_depth;	    /* components of a path; 0: 200 */
	uint64_t max_name_bytes;    /* of one component; 0: 255 */
	rf_import_note_fn *note;
	rf_import_progress_fn *progress;
	void *data;
};

struct rf_import_result {
	char name[256];
	char digest[72]; /* of the manifest, "sha256:…" */
	size_t layers, reused_layers;
	uint64_t entries, bytes; /* of the layers that were unpacked now */
	bool replaced;		 /* another image had this name before */
};

/*
 * Import an image from an OCI image layout: "DIR", "DIR:TAG" or "oci:DIR:TAG". All or nothing: on
 * failure the store is as before. Errors beside those of the file system: -EINVAL (no such layout,
 * tag or form), -EBADMSG (digest, size, DiffID, JSON or archive is not what it should be),
 * -EPERM (refused: a device node, a forged overlay whiteout), -EEXIST (a path comes twice),
 * -EOVERFLOW (ids or times out of range), -EFBIG (a limit), -EOPNOTSUPP (unknown media type).
 */
RF_API int rf_store_import(struct rf_store *store, const char *source,
			   const struct rf_import_options *options,
			   struct rf_import_result *ret_result);

/* How a layer's tar is packed. */
enum rf_layer_packing { RF_LAYER_PLAIN, RF_LAYER_GZIP, RF_LAYER_ZSTD };

/* Set `size`; NULL leaves a thing as it is in the image that was mounted. */
struct rf_commit_options {
	size_t size;	  /* sizeof(struct rf_commit_options) */
	enum rf_layer_packing packing;
	const char *config; /* JSON to merge (RFC 7396) into the configuration's "config": {"Cmd": […]} */
	const char *author, *comment;
	int64_t created; /* seconds since 1970, not negative */
	rf_import_note_fn *note;
	rf_import_progress_fn *progress; /* total_bytes is 0: not known before */
	void *data;
};

struct rf_commit_result {
	char digest[72];  /* of the manifest, "sha256:…" */
	char blob[72], diff_id[72]; /* of the new layer */
	size_t layers;
	uint64_t entries, whiteouts, bytes; /* in the new layer */
	uint64_t blob_bytes;		    /* of it, packed */
	bool replaced;			    /* another image had this name before */
};

/*
 * Make the changes of a mount, named by target or id, into a layer, and the image `name` of the
 * layers that were mounted and this one. It becomes an OCI image in any case, and stays in use as
 * the mount's own image does. Nobody should write to the mount meanwhile. All or nothing, as an
 * import. Errors: -ENOENT (no such mount), -EROFS (mounted without an upper directory), -EBUSY (it
 * is being mounted or committed, or a file changed while it was read), -EXDEV (mounted in another
 * mount namespace), -EINVAL (name, a member of the configuration, a file whose name begins with ".wh."), -EBADMSG
 * (the configuration is no JSON, a blob of the image is damaged),
 * -EOVERFLOW (an owner that the mount's maps don't have), -EOPNOTSUPP (changes that are references
 * into a layer: overlay's redirect_dir, metacopy), -ENODATA (a mount of an older version).
 * Needs CAP_SYS_ADMIN, as unpacking does. Source: OCI image-spec, layer.md and config.md.
 */
RF_API int rf_store_commit(struct rf_store *store, const char *target_or_id, const char *name,
			   const struct rf_commit_options *options,
			   struct rf_commit_result *ret_result);

/* Listings: `fn` is called for each row; a row's strings are good during the call. A result
 * other than 0 of `fn` ends the listing and is returned. */
struct rf_image_info {
	const char *name, *digest;
	size_t layers, unpacked_layers;
	uint64_t blob_bytes;	 /* as transported */
	uint64_t unpacked_bytes; /* file contents of its unpacked layers */
};
struct rf_layer_info {
	const char *diff_id; /* "sha256:…" */
	const char *blob;    /* what it was unpacked from */
	uint64_t entries, bytes;
	size_t images; /* how many images share it */
};
struct rf_mount_info {
	const char *id, *target, *image;
	const char *state; /* mounted, stale, kept, elsewhere (another mount namespace), busy */
	const char *upper; /* directory with the changes, or NULL for a read-only mount */
	bool read_only;
};

RF_API int rf_store_each_image(struct rf_store *store,
			       int (*fn)(const struct rf_image_info *image, void *data), void *data);
RF_API int rf_store_each_layer(struct rf_store *store,
			       int (*fn)(const struct rf_layer_info *layer, void *data), void *data);
RF_API int rf_store_each_mount(struct rf_store *store,
			       int (*fn)(const struct rf_mount_info *mount, void *data), void *data);
/* What imports that are no more have left in tmp/: names. */
RF_API int rf_store_each_leftover(struct rf_store *store, int (*fn)(const char *name, void *data),
				  void *data);

struct rf_verify_info {
	const char *digest; /* "sha256:…" */
	const char *kind;   /* manifest, config, layer, unreferenced */
	const char *image;  /* the first that needs it, or NULL */
	const char *state;  /* ok, missing, size, digest, json */
	uint64_t bytes;
};

/* Hash the blobs of an image, or of all images and those that none needs (`image` NULL). The
 * number of bad blobs, or -errno. */
RF_API int rf_store_verify(struct rf_store *store, const char *image,
			   int (*fn)(const struct rf_verify_info *blob, void *data), void *data);

/* The image's configuration blob, as JSON text; free(3) it. Images are named by name or by the
 * manifest's digest. -ENOENT for an unknown one. */
RF_API int rf_store_config(struct rf_store *store, const char *image, char **ret_json);

/* Forget an image and remove what no other image or mount needs; the bytes of the blobs and layers
 * removed go to *ret_bytes. */
RF_API int rf_store_remove(struct rf_store *store, const char *image, uint64_t *ret_bytes);

struct rf_layer_mount {
	size_t size; /* sizeof(struct rf_layer_mount) */
	const char *image, *target;
	bool read_only;
	bool is_volatile; /* no fsync: the upper layer is worth nothing after a crash (5.10) */
	/* Show the owners in the image shifted, as nsrun's maps of the same name need it; both or
	 * neither. Linux 5.19, on a file system that can be mounted with an id map. */
	struct rf_idmap uid_map, gid_map;
};

/*
 * Append the steps that mount an image on a directory. `store` must live as long as the plan.
 * 0; -ENOENT for an unknown image or one whose layers are not unpacked; -E2BIG above 500 layers;
 * -ENOTDIR; -ENOMEM. The mount stays when the plan is freed; rf_plan_undo() or rf_store_umount()
 * ends it. To run it needs CAP_SYS_ADMIN. One lowerdir per layer (6.8), else mount(2).
 */
RF_API int rf_plan_layer_mount(struct rf_plan *plan, struct rf_store *store,
			       const struct rf_layer_mount *mount);

enum rf_umount_flags {
	RF_UMOUNT_KEEP = 1, /* leave the upper directory; a later call with the id removes it */
	RF_UMOUNT_LAZY = 2, /* detach also what is in use (MNT_DETACH) */
};

/*
 * End a mount of this store, named by target or id, and remove its upper directory. 1: done, 0:
 * nothing of this store is mounted there (any more), -ENOENT: no such id or directory, -EBUSY: in
 * use, or something else is mounted over it, -EXDEV: it belongs to another mount namespace.
 */
RF_API int rf_store_umount(struct rf_store *store, const char *target_or_id, unsigned flags);

#ifdef __cplusplus
}
#endif
#endif
