// SPDX-License-Identifier: GPL-2.0-or-later
/* The store and its mounts through the library, in a user namespace; tests/layerctl*.sh has the
 * crafted images. */
#include <ringfence/layer.h>
#include <sys/mount.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"
#include "harness.h"
#include "layer/oci.h"
#include "base/resolve.h"
#include "layout.h"
#include "userns.h"

static const struct {
	const char *text;
	int result;
} digest_rows[] = {
	{"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", 0},
	{"sha256:0123456789ABCDEF0123456789abcdef0123456789abcdef0123456789abcdef", -EBADMSG},
	{"sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcde", -EBADMSG},
	{"sha256:../../../../../../../../../../../../../../../../../../../../../x", -EBADMSG},
	{"sha512:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef", -EBADMSG},
	{"", -EBADMSG},
	{NULL, -EBADMSG},
};

TEST(digests)
{
	for (size_t i = 0; i < array_size(digest_rows); i++) {
		char hex[HEX_SIZE] = "untouched";

		EXPECT_EQ(digest_rows[i].result, digest_parse(digest_rows[i].text, "test", hex)) {
			TH_LOG("%s", digest_rows[i].text);
		}
		EXPECT_STREQ(digest_rows[i].result ? "untouched" : digest_rows[i].text + 7, hex);
	}
}

TEST(sha256)
{
	char hex[HEX_SIZE];

	/* FIPS 180-2, appendix B.1 */
	EXPECT_EQ(0, hash_bytes("abc", 3, hex));
	EXPECT_STREQ("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", hex);
}

TEST(json)
{
	static const char *const bad[] = {"", "{", "[]", "7", "{\"a\": }", "nonsense"};
	const char nul[] = "{\"s\": \"a\\u0000b\", \"n\": -1, \"t\": 5}";
	char *big = malloc(JSON_LIMIT + 2);
	json_object *o = NULL;

	for (size_t i = 0; i < array_size(bad); i++) {
		EXPECT_EQ(-EBADMSG, json_parse(bad[i], strlen(bad[i]), "test", &o)) {
			TH_LOG("%s", bad[i]);
		}
		EXPECT_EQ(NULL, o);
	}
	ASSERT_NE(NULL, big);
	memset(big, ' ', JSON_LIMIT + 1);
	EXPECT_EQ(-EFBIG, json_parse(big, JSON_LIMIT + 1, "test", &o));
	free(big);
	ASSERT_EQ(0, json_parse(nul, strlen(nul), "test", &o));
	/* What two readers would read differently is no string. */
	EXPECT_EQ(NULL, json_string(o, "s"));
	EXPECT_EQ(NULL, json_string(o, "t"));
	EXPECT_EQ(UINT64_MAX, json_number(o, "n"));
	EXPECT_EQ(5, json_number(o, "t"));
	json_object_put(o);
}

/* Directories, and links into, out of and around the root; what each path leads to inside. */
FIXTURE(tree)
{
	char path[64];
	int top, root;
};

FIXTURE_SETUP(tree)
{
	static const char *const links[][2] = {
		{"/etc", "abs"},	   {"../../../../etc", "up"}, {"a/b", "into"}, {"loop2", "loop1"},
		{"loop1", "loop2"},	   {"nowhere", "dangling"},   {"..", "a/b/parent"},
		{"/abs/../a/./b", "mixed"}, {"file", "to-file"},
	};

	snprintf(self->path, sizeof(self->path), "%s/rf-tree.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	ASSERT_NE(NULL, mkdtemp(self->path));
	self->top = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->top);
	ASSERT_EQ(0, file_mkdir_p(self->top, "root/a/b", 0755));
	ASSERT_EQ(0, file_mkdir_p(self->top, "root/etc", 0755));
	self->root = openat(self->top, "root", O_PATH | O_DIRECTORY | O_CLOEXEC);
	ASSERT_LE(0, self->root);
	close(openat(self->root, "file", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
	for (size_t i = 0; i < array_size(links); i++)
		ASSERT_EQ(0, symlinkat(links[i][0], self->root, links[i][1]));
}

FIXTURE_TEARDOWN(tree)
{
	rf_trace_fault("");
	EXPECT_EQ(0, layout_remove_tmp(self->path));
}

static const struct {
	const char *path, *leads_to; /* NULL: it fails */
	int error;
} ways[] = {
	{"", "", 0},
	{"a/b", "a/b", 0},
	{"/a//b/.", "a/b", 0},
	{"../../a", "a", 0},
	{"a/../../../etc", "etc", 0},
	{"abs", "etc", 0},
	{"up", "etc", 0},
	{"into", "a/b", 0},
	{"into/..", "a", 0},
	{"into/parent", "a", 0},
	{"mixed/parent/b", "a/b", 0},
	{"loop1", NULL, -ELOOP},
	{"dangling", NULL, -ENOENT},
	{"a/none/x", NULL, -ENOENT},
	{"file", NULL, -ENOTDIR},
	{"to-file", NULL, -ENOTDIR},
	{"file/x", NULL, -ENOTDIR},
};

static void try_ways(struct __test_metadata *_metadata, int root)
{
	for (size_t i = 0; i < array_size(ways); i++) {
		int fd = resolve_dir(root, ways[i].path);
		struct stat is = {0}, want = {0};

		EXPECT_EQ(ways[i].leads_to ? 0 : ways[i].error, fd < 0 ? fd : 0) {
			TH_LOG("\"%s\"", ways[i].path);
		}
		if (fd < 0 || !ways[i].leads_to)
			continue;
		fstat(fd, &is);
		fstatat(root, ways[i].leads_to, &want, AT_EMPTY_PATH);
		EXPECT_EQ(want.st_ino, is.st_ino) {
			TH_LOG("\"%s\" leads to another place than \"%s\"", ways[i].path, ways[i].leads_to);
		}
		sys_close(fd);
	}
}

TEST_F(tree, resolve)
{
	try_ways(_metadata, self->root);
}

TEST_F(tree, resolve_without_openat2)
{
	ASSERT_EQ(0, rf_trace_fault("openat2=ENOSYS!"));
	try_ways(_metadata, self->root);
}

static const struct {
	const char *path;
	int flags, error;
} below[] = {
	{"", O_RDONLY | O_DIRECTORY, 0},
	{"a/b", O_RDONLY | O_DIRECTORY, 0},
	{"a//b/.", O_RDONLY | O_DIRECTORY, 0},
	{"file", O_RDONLY, 0},
	{"a/none", O_RDONLY, -ENOENT},
	{"none/x", O_RDONLY, -ENOENT},
	{"file/x", O_RDONLY, -ENOTDIR},
	{"/", O_RDONLY | O_DIRECTORY, -EXDEV},
	{"..", O_RDONLY | O_DIRECTORY, -EXDEV},
	{"a/../../x", O_RDONLY | O_DIRECTORY, -EXDEV},
	{"to-file", O_RDONLY, -ELOOP},
};

static void try_below(struct __test_metadata *_metadata, int root)
{
	for (size_t i = 0; i < array_size(below); i++) {
		int fd = resolve_beneath(root, below[i].path, below[i].flags);

		EXPECT_EQ(below[i].error, fd < 0 ? fd : 0) {
			TH_LOG("\"%s\"", below[i].path);
		}
		if (fd >= 0)
			sys_close(fd);
	}
}

/* A link on the way is refused by both, with the errno of the call that met it. */
static void try_link_on_the_way(struct __test_metadata *_metadata, int root)
{
	int fd = resolve_beneath(root, "into/parent", O_RDONLY | O_DIRECTORY);

	EXPECT_TRUE(fd == -ELOOP || fd == -ENOTDIR) {
		TH_LOG("got %d", fd);
	}
}

static void try_other_device(struct __test_metadata *_metadata)
{
	int fd, root = sys_openat(AT_FDCWD, "/", O_RDONLY | O_DIRECTORY, 0);

	ASSERT_GE(root, 0);
	fd = resolve_beneath(root, "proc/self", O_RDONLY | O_DIRECTORY);
	EXPECT_TRUE(fd == -EXDEV || fd == -ELOOP) {
		TH_LOG("got %d", fd);
	}
	EXPECT_EQ(-EXDEV, resolve_beneath(root, "proc", O_RDONLY | O_DIRECTORY));
	sys_close(root);
}

TEST_F(tree, beneath)
{
	try_below(_metadata, self->root);
	try_link_on_the_way(_metadata, self->root);
	try_other_device(_metadata);
}

TEST_F(tree, beneath_without_openat2)
{
	ASSERT_EQ(0, rf_trace_fault("openat2=ENOSYS!"));
	try_below(_metadata, self->root);
	try_link_on_the_way(_metadata, self->root);
	try_other_device(_metadata);
}

/* An image of one layer with one file, and a store. */
FIXTURE(store)
{
	char path[64], layout[96], target[96], source[112];
	struct rf_store *store;
	int dir;
};

FIXTURE_SETUP(store)
{
	char path[96];

	snprintf(self->path, sizeof(self->path), "%s/rf-store.XXXXXX", getenv("TMPDIR") ?: "/tmp");
	ASSERT_NE(NULL, mkdtemp(self->path));
	if (userns_enter(CLONE_NEWNS, 0) < 0) {
		rmdir(self->path);
		SKIP(return, "no user namespace may be made here");
	}
	self->dir = open(self->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	ASSERT_EQ(0, layout_make(self->dir));
	ASSERT_EQ(0, file_mkdir_p(self->dir, "target", 0755));
	snprintf(self->layout, sizeof(self->layout), "%s/layout", self->path);
	snprintf(self->target, sizeof(self->target), "%s/target", self->path);
	snprintf(path, sizeof(path), "%s/store", self->path);
	EXPECT_EQ(-ENOENT, rf_store_open(path, 0, &self->store));
	ASSERT_EQ(0, rf_store_open(path, RF_STORE_CREATE, &self->store));
}

FIXTURE_TEARDOWN(store)
{
	rf_trace_fault("");
	rf_store_close(self->store);
	umount2(self->target, MNT_DETACH);
	EXPECT_EQ(0, layout_remove_tmp(self->path));
}

static int count_image(const struct rf_image_info *image, void *data)
{
	++*(int *)data;
	return 0;
}

static int count_layer(const struct rf_layer_info *layer, void *data)
{
	*(int *)data += (int)layer->images;
	return 0;
}

static int count_mount(const struct rf_mount_info *mount, void *data)
{
	++*(int *)data;
	return 0;
}

static int count_name(const char *name, void *data)
{
	++*(int *)data;
	return 0;
}

static int count_blob(const struct rf_verify_info *blob, void *data)
{
	++*(int *)data;
	return 0;
}

/* What there is: images, layers as often as they are used, mounts, leftovers. */
static void count(struct rf_store *store, int n[4])
{
	memset(n, 0, 4 * sizeof(*n));
	rf_store_each_image(store, count_image, &n[0]);
	rf_store_each_layer(store, count_layer, &n[1]);
	rf_store_each_mount(store, count_mount, &n[2]);
	rf_store_each_leftover(store, count_name, &n[3]);
}

static struct rf_import_progress last;

static void on_progress(const struct rf_import_progress *p, void *data)
{
	last = *p;
}

TEST_F(store, import_and_remove)
{
	struct rf_import_options options = {.size = sizeof(options), .name = "i", .progress = on_progress};
	struct rf_import_result result = {0};
	char *config = NULL;
	uint64_t bytes = 0;
	int n[4], blobs = 0;

	ASSERT_EQ(0, rf_store_import(self->store, self->layout, &options, &result));
	EXPECT_STREQ("i", result.name);
	EXPECT_EQ(1, result.layers);
	EXPECT_EQ(0, result.reused_layers);
	EXPECT_EQ(5, result.bytes);
	EXPECT_LT(0, last.total_bytes);
	EXPECT_EQ(last.total_bytes, last.done_bytes);
	options.name = "j";
	ASSERT_EQ(0, rf_store_import(self->store, self->layout, &options, &result));
	EXPECT_EQ(1, result.reused_layers);
	count(self->store, n);
	EXPECT_EQ(2, n[0]);
	EXPECT_EQ(2, n[1]);
	EXPECT_EQ(0, rf_store_verify(self->store, NULL, count_blob, &blobs));
	EXPECT_EQ(3, blobs);
	ASSERT_EQ(0, rf_store_config(self->store, "i", &config));
	EXPECT_NE(NULL, strstr(config, "/file"));
	free(config);
	ASSERT_EQ(0, rf_store_remove(self->store, "i", &bytes));
	EXPECT_EQ(0, bytes);
	ASSERT_EQ(0, rf_store_remove(self->store, "j", &bytes));
	EXPECT_LT(0, bytes);
	EXPECT_EQ(-ENOENT, rf_store_remove(self->store, "j", &bytes));
	EXPECT_EQ(-ENOENT, rf_store_config(self->store, "j", &config));
	count(self->store, n);
	EXPECT_EQ(0, n[0] + n[1] + n[2] + n[3]);
}

/* Each call of an import is refused once; the result stays untouched, the store as it was. */
TEST_F(store, import_fails_cleanly)
{
	static const struct {
		const char *fault;
		int result;
	} rows[] = {
		{"mkdirat:*import*=ENOSPC", -ENOSPC}, {"flock:*import*=ENOLCK", -ENOLCK},
		{"write:*blobs*=ENOSPC", -ENOSPC},    {"pwrite64=ENOSPC", -ENOSPC},
		{"fchown=EPERM", -EPERM},	      {"utimensat=EIO", -EIO},
		{"syncfs=EIO", -EIO},		      {"renameat2:*layers*=ENOSPC", -ENOSPC},
		{"renameat2:*blobs*=EIO", -EIO},      {"renameat2:*index*=ENOSPC", -ENOSPC},
		{"read:*layout/blobs*=EIO", -EIO},    {"fsync:*/store=EIO", -EIO},
	};
	int n[4];

	for (size_t i = 0; i < array_size(rows); i++) {
		struct rf_import_result result = {.name = "untouched"};

		ASSERT_EQ(0, rf_trace_fault(rows[i].fault));
		EXPECT_EQ(rows[i].result, rf_store_import(self->store, self->layout, NULL, &result)) {
			TH_LOG("%s", rows[i].fault);
		}
		EXPECT_EQ(rows[i].result, rf_trace_last_failure()->result);
		EXPECT_STREQ("untouched", result.name);
		ASSERT_EQ(0, rf_trace_fault(""));
		count(self->store, n);
		EXPECT_EQ(0, n[0] + n[1] + n[2] + n[3]) {
			TH_LOG("%s", rows[i].fault);
		}
	}
}

TEST_F(store, plan_as_data)
{
	static const char *const ids[] = {"layer-prepare", "layer-record", "layer-overlay", "layer-attach"};
	struct rf_layer_mount mount = {.size = sizeof(mount), .image = "i", .target = self->target};
	struct rf_import_options options = {.size = sizeof(options), .name = "i"};
	struct rf_import_result result;
	struct rf_step_info info;
	struct rf_plan *plan;

	ASSERT_EQ(0, rf_plan_new(&plan));
	EXPECT_EQ(-ENOENT, rf_plan_layer_mount(plan, self->store, &mount));
	ASSERT_EQ(0, rf_store_import(self->store, self->layout, &options, &result));
	mount.target = "/proc/self/status";
	EXPECT_EQ(-ENOTDIR, rf_plan_layer_mount(plan, self->store, &mount));
	mount.target = self->target;
	mount.uid_map.n = 1;
	EXPECT_EQ(-EINVAL, rf_plan_layer_mount(plan, self->store, &mount));
	mount.uid_map.n = 0;
	EXPECT_EQ(0, rf_plan_length(plan));
	ASSERT_EQ(0, rf_plan_layer_mount(plan, self->store, &mount));
	ASSERT_EQ(array_size(ids), rf_plan_length(plan));
	for (size_t i = 0; i < array_size(ids); i++) {
		ASSERT_EQ(0, rf_plan_step(plan, i, &info));
		EXPECT_STREQ(ids[i], info.id);
		EXPECT_EQ(false, info.in_child);
	}
	rf_plan_free(plan);
}

static bool file_is_seen(const char *target)
{
	char path[128];

	snprintf(path, sizeof(path), "%s/file", target);
	return access(path, R_OK) == 0;
}

TEST_F(store, mount_and_undo)
{
	struct rf_layer_mount mount = {.size = sizeof(mount), .image = "i", .target = self->target};
	struct rf_import_options options = {.size = sizeof(options), .name = "i"};
	struct rf_import_result result;
	struct rf_failure failure = {0};
	struct rf_plan *plan;
	int n[4];

	ASSERT_EQ(0, rf_store_import(self->store, self->layout, &options, &result));
	ASSERT_EQ(0, rf_plan_new(&plan));
	ASSERT_EQ(0, rf_plan_layer_mount(plan, self->store, &mount));
	if (rf_plan_run(plan, NULL, &failure) < 0) {
		rf_plan_free(plan);
		ASSERT_EQ(-EPERM, failure.error);
		SKIP(return, "overlayfs can't be mounted in a user namespace here");
	}
	EXPECT_TRUE(file_is_seen(self->target));
	count(self->store, n);
	EXPECT_EQ(1, n[2]);
	rf_plan_undo(plan);
	EXPECT_FALSE(file_is_seen(self->target));
	count(self->store, n);
	EXPECT_EQ(0, n[2]);
	/* And once more, ended by the store. */
	ASSERT_EQ(0, rf_plan_run(plan, NULL, &failure));
	rf_plan_free(plan);
	EXPECT_TRUE(file_is_seen(self->target));
	EXPECT_EQ(1, rf_store_umount(self->store, self->target, 0));
	EXPECT_EQ(0, rf_store_umount(self->store, self->target, 0));
	EXPECT_EQ(-ENOENT, rf_store_umount(self->store, "m1", 0));
	EXPECT_FALSE(file_is_seen(self->target));
}

TEST_F(store, failed_mount_is_undone)
{
	static const char *const faults[] = {
		"mkdirat:*upper=ENOSPC", "write:*record*=ENOSPC", "fsopen=EPERM", "move_mount=EIO,mount=EIO",
	};
	struct rf_layer_mount mount = {.size = sizeof(mount), .image = "i", .target = self->target};
	struct rf_import_options options = {.size = sizeof(options), .name = "i"};
	struct rf_import_result result;
	int n[4];

	ASSERT_EQ(0, rf_store_import(self->store, self->layout, &options, &result));
	for (size_t i = 0; i < array_size(faults); i++) {
		struct rf_plan *plan;
		struct rf_failure failure = {0};

		ASSERT_EQ(0, rf_plan_new(&plan));
		ASSERT_EQ(0, rf_plan_layer_mount(plan, self->store, &mount));
		ASSERT_EQ(0, rf_trace_fault(faults[i]));
		EXPECT_GT(0, rf_plan_run(plan, NULL, &failure)) {
			TH_LOG("%s", faults[i]);
		}
		EXPECT_NE(0, failure.number);
		rf_plan_free(plan);
		ASSERT_EQ(0, rf_trace_fault(""));
		EXPECT_FALSE(file_is_seen(self->target));
		count(self->store, n);
		EXPECT_EQ(0, n[2]) {
			TH_LOG("%s", faults[i]);
		}
	}
}

TEST_F(store, not_a_store)
{
	struct rf_store *store = NULL;

	/* The directory holds other things. */
	EXPECT_EQ(-EINVAL, rf_store_open(self->path, RF_STORE_CREATE, &store));
	EXPECT_EQ(-ENOTDIR, rf_store_open("/proc/self/status", 0, &store));
	EXPECT_EQ(NULL, store);
}

TEST_HARNESS_MAIN
