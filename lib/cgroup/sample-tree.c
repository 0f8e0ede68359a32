// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Which groups there are. The directories of all hierarchies are merged by name. Each one is watched
 * by inotify(7), which tells of mkdir and rmdir in control group file systems as in others; a sample
 * then lists only what was made since. A directory is watched before it is listed, so that nothing
 * made in between is missed; what is told twice is there already.
 *
 * Where watching is refused (fs.inotify.max_user_watches), or the queue ran over, everything is
 * listed anew.
 */
#include "cgroup/sample.h"

#include <sys/inotify.h>

#include "base/resolve.h"

/* Open addressing by wd: a power of two, never half full. wd 0: empty. */
struct sample_watch {
	int wd;
	uint32_t hierarchy;
	struct sample_node *node;
};

static size_t hash_name(const struct sample_tree *t, const char *name)
{
	uint64_t h = str_hash(str_hash_start, name, strlen(name));

	return (size_t)(h ^ h >> 32) & (t->n_hash - 1);
}

static struct sample_node *find(const struct sample_tree *t, const char *name)
{
	struct sample_node *n = t->n_hash ? t->hash[hash_name(t, name)] : NULL;

	while (n && strcmp(n->name, name))
		n = n->next;
	return n;
}

static int grow(struct sample_tree *t)
{
	size_t cap = t->cap ? t->cap * 2 : 256;
	struct sample_node **nodes = realloc(t->nodes, cap * sizeof(*nodes)), **hash;

	if (!nodes)
		return -ENOMEM;
	t->nodes = nodes;
	hash = calloc(cap * 2, sizeof(*hash));
	if (!hash)
		return -ENOMEM;
	free(t->hash);
	t->hash = hash;
	t->n_hash = cap * 2;
	t->cap = cap;
	for (size_t i = 0; i < t->n; i++) {
		struct sample_node **slot = &t->hash[hash_name(t, t->nodes[i]->name)];

		t->nodes[i]->next = *slot;
		*slot = t->nodes[i];
	}
	return 0;
}

static int add(struct sample_tree *t, const char *name, struct sample_node **ret_node)
{
	struct sample_node *n, **slot;
	int r = t->n == t->cap ? grow(t) : 0;

	n = r < 0 ? NULL : calloc(1, sizeof(*n));
	if (!n || !(n->name = strdup(name))) {
		free(n);
		return -ENOMEM;
	}
	for (size_t i = 0; i < array_size(n->fd); i++)
		n->fd[i] = SAMPLE_CLOSED;
	n->born = t->number;
	slot = &t->hash[hash_name(t, name)];
	n->next = *slot;
	*slot = n;
	t->nodes[t->n++] = n;
	t->changed = true;
	*ret_node = n;
	return 0;
}

static void close_kept(struct sample_tree *t, struct sample_node *n)
{
	for (size_t i = 0; i < array_size(n->fd); i++) {
		if (n->fd[i] < 0)
			continue;
		sys_close(n->fd[i]);
		n->fd[i] = SAMPLE_CLOSED;
		t->kept--;
	}
}

static size_t slot_of(const struct sample_tree *t, int wd)
{
	size_t i = (size_t)wd * 2654435761u & (t->n_slots - 1);

	while (t->watches[i].wd && t->watches[i].wd != wd)
		i = (i + 1) & (t->n_slots - 1);
	return i;
}

static int grow_watches(struct sample_tree *t)
{
	struct sample_watch *old = t->watches;
	size_t n = t->n_slots;

	t->watches = calloc(n ? n * 2 : 1024, sizeof(*t->watches));
	if (!t->watches) {
		t->watches = old;
		return -ENOMEM;
	}
	t->n_slots = n ? n * 2 : 1024;
	t->n_watches = 0;
	for (size_t i = 0; i < n; i++)
		/* Those of groups that are gone are left behind here. */
		if (old[i].wd && old[i].node) {
			t->watches[slot_of(t, old[i].wd)] = old[i];
			t->n_watches++;
		}
	free(old);
	return 0;
}

static void forget_watches(struct sample_tree *t)
{
	for (size_t i = 0; i < t->n_slots; i++)
		if (t->watches[i].node && !t->watches[i].node->hierarchies)
			t->watches[i].node = NULL;
}

static void stop_watching(struct sample_tree *t)
{
	if (t->inotify_fd >= 0)
		sys_close(take_fd(&t->inotify_fd));
	free(t->watches);
	t->watches = NULL;
	t->n_slots = t->n_watches = 0;
}

static int watch(struct sample_tree *t, uint32_t h, struct sample_node *node, int dirfd)
{
	char path[40];
	size_t i;
	int wd, r = t->n_watches * 2 >= t->n_slots ? grow_watches(t) : 0;

	if (r < 0)
		return r;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", dirfd);
	wd = sys_inotify_add_watch(t->inotify_fd, path, IN_CREATE | IN_DELETE | IN_MOVE | IN_ONLYDIR);
	if (wd < 0)
		return wd;
	i = slot_of(t, wd);
	t->n_watches += !t->watches[i].wd;
	t->watches[i] = (struct sample_watch){wd, h, node};
	return 0;
}

struct listing {
	struct sample_tree *t;
	uint32_t h;
	struct str *at;
};

static int list(struct sample_tree *t, uint32_t h, struct str *at);

static bool is_too_deep(const struct sample_tree *t, const char *name)
{
	size_t level = 1;

	if (!t->max_levels)
		return false;
	name += strlen(t->root);
	/* Below the root's "" no slash is in front. */
	level += !*t->root && *name;
	for (; *name; name++)
		level += *name == '/';
	return level > t->max_levels;
}

static int take_in(struct sample_tree *t, uint32_t h, const char *name, ino_t inode, struct sample_node **ret_node)
{
	struct sample_node *node = find(t, name);
	int r = node ? 0 : add(t, name, &node);

	if (r < 0)
		return r;
	t->generation += node->inode[h] != inode;
	node->inode[h] = inode;
	node->hierarchies |= 1u << h;
	node->listed |= 1u << h;
	*ret_node = node;
	return 0;
}

/* A group that is not watched needs to be opened only where it has children. */
static int list_child(int dirfd, const char *name, void *data)
{
	struct listing *l = data;
	size_t len = l->at->len;
	struct sample_node *node;
	struct stat st;
	int r;

	str_add(l->at, len ? "/" : "");
	str_add(l->at, name);
	if (l->at->failed)
		r = -ENOMEM;
	else if (is_too_deep(l->t, l->at->s))
		r = 0;
	else if (l->t->inotify_fd < 0 && cgroup_is_leaf(dirfd, name, l->t->dev[l->h], &st))
		r = take_in(l->t, l->h, l->at->s, st.st_ino, &node);
	else
		r = list(l->t, l->h, l->at);
	if (!l->at->failed && l->at->s)
		l->at->s[l->at->len = len] = '\0';
	return r;
}

/* Take in the group `at` of hierarchy h and all below. What has gone meanwhile is no error. */
static int list(struct sample_tree *t, uint32_t h, struct str *at)
{
	const char *name = at->s ?: "";
	struct listing l = {t, h, at};
	struct sample_node *node;
	struct stat st;
	int r, fd __free(fd) = -EBADF;

	if (is_too_deep(t, name))
		return 0;
	fd = resolve_beneath(t->fs->h[h].fd, *name ? name : ".", O_RDONLY | O_DIRECTORY);
	if (fd < 0)
		return fd == -ENOENT || fd == -ENODEV || fd == -EXDEV || fd == -EACCES ? 0 : fd;
	r = sys_fstat(fd, &st);
	if (r >= 0)
		r = take_in(t, h, name, st.st_ino, &node);
	if (r < 0)
		return r;
	if (t->inotify_fd >= 0 && watch(t, h, node, fd) < 0)
		stop_watching(t);
	return cgroup_each_child(fd, list_child, &l);
}

static int list_hierarchy(struct sample_tree *t, uint32_t h, const char *name)
{
	struct str at __free(str) = {0};

	str_add(&at, name);
	return at.failed ? -ENOMEM : list(t, h, &at);
}

static int list_all(struct sample_tree *t)
{
	int r = 0;

	for (size_t i = 0; i < t->n; i++)
		t->nodes[i]->listed = 0;
	for (uint32_t h = 0; r >= 0 && h < t->fs->n; h++)
		if (t->hierarchies >> h & 1)
			r = list_hierarchy(t, h, t->root);
	for (size_t i = 0; r >= 0 && i < t->n; i++) {
		t->changed |= t->nodes[i]->listed != t->nodes[i]->hierarchies;
		t->nodes[i]->hierarchies = t->nodes[i]->listed;
	}
	return r;
}

static void gone(struct sample_tree *t, struct sample_node *node, uint32_t h)
{
	node->hierarchies &= ~(1u << h);
	/* The descriptors that are kept may be of the directory that is gone. */
	close_kept(t, node);
	t->changed = true;
}

static int on_event(struct sample_tree *t, const struct inotify_event *e)
{
	const struct sample_watch *w = t->n_slots ? &t->watches[slot_of(t, e->wd)] : NULL;
	char *name __free(ptr) = NULL;
	struct sample_node *node;

	if (!w || w->wd != e->wd || !w->node)
		return 0;
	if (!e->len || !(e->mask & IN_ISDIR))
		return 0;
	name = str_format("%s%s%s", w->node->name, *w->node->name ? "/" : "", e->name);
	if (!name)
		return -ENOMEM;
	if (e->mask & (IN_CREATE | IN_MOVED_TO))
		return list_hierarchy(t, w->hierarchy, name);
	node = find(t, name);
	if (node)
		gone(t, node, w->hierarchy);
	return 0;
}

static int read_events(struct sample_tree *t, bool *ret_overflow)
{
	char buf[16384] __attribute__((aligned(__alignof__(struct inotify_event))));
	int r = 0;

	while (r >= 0 && t->inotify_fd >= 0) {
		ssize_t n = sys_read(t->inotify_fd, buf, sizeof(buf));

		if (n == -EAGAIN || n == -EINTR || !n)
			return 0;
		if (n < 0)
			return (int)n;
		for (char *p = buf; r >= 0 && p < buf + n;) {
			const struct inotify_event *e = (const void *)p;

			*ret_overflow |= (e->mask & IN_Q_OVERFLOW) != 0;
			r = on_event(t, e);
			p += sizeof(*e) + e->len;
		}
	}
	return r;
}

/* Of the topmost group no watched directory tells that it has gone or come. */
static int look_at_root(struct sample_tree *t)
{
	const char *path = *t->root ? t->root : ".";
	int r = 0;

	for (uint32_t h = 0; r >= 0 && h < t->fs->n; h++) {
		struct sample_node *node = find(t, t->root);
		bool was = node && node->hierarchies >> h & 1;
		struct stat st;
		bool is = t->hierarchies >> h & 1 && sys_fstatat(t->fs->h[h].fd, path, &st, AT_SYMLINK_NOFOLLOW) >= 0;

		if (was && (!is || st.st_ino != node->inode[h]))
			gone(t, node, h);
		if (is && (!was || st.st_ino != node->inode[h]))
			r = list_hierarchy(t, h, t->root);
	}
	return r;
}

static int by_path(const void *a, const void *b)
{
	const struct sample_node *x = *(struct sample_node *const *)a, *y = *(struct sample_node *const *)b;

	return cgroup_compare_names(x->name, y->name);
}

static void drop(struct sample_tree *t, struct sample_node *node)
{
	struct sample_node **at = &t->hash[hash_name(t, node->name)];

	while (*at != node)
		at = &(*at)->next;
	*at = node->next;
	close_kept(t, node);
	free(node->name);
	free(node);
}

static void settle(struct sample_tree *t)
{
	size_t n = 0;

	t->generation++;
	forget_watches(t);
	for (size_t i = 0; i < t->n; i++)
		if (t->nodes[i]->hierarchies)
			t->nodes[n++] = t->nodes[i];
		else
			drop(t, t->nodes[i]);
	t->n = n;
	if (n)
		qsort(t->nodes, n, sizeof(*t->nodes), by_path);
}

int sample_tree_update(struct sample_tree *t, uint64_t number)
{
	bool anew = false;
	int r = 0;

	t->number = number;
	if (t->inotify_fd >= 0)
		r = read_events(t, &anew);
	if (r >= 0)
		r = anew || t->inotify_fd < 0 ? list_all(t) : look_at_root(t);
	if (r >= 0 && t->changed)
		settle(t);
	t->changed = t->changed && r < 0;
	return r;
}

int sample_tree_open(struct sample_tree *t, struct rf_cgroup_fs *fs, uint32_t hierarchies,
		     const struct rf_sampler_options *o)
{
	int r;

	*t = (struct sample_tree){.fs = fs, .hierarchies = hierarchies, .max_levels = o->max_levels, .inotify_fd = -EBADF};
	for (size_t h = 0; h < fs->n; h++)
		t->dev[h] = cgroup_dev(fs->h[h].fd);
	r = cgroup_name(o->group ?: "", &t->root);
	if (r >= 0 && !(o->flags & RF_SAMPLE_ONCE))
		t->inotify_fd = sys_inotify_init();
	return r;
}

void sample_tree_done(struct sample_tree *t)
{
	for (size_t i = 0; i < t->n; i++) {
		close_kept(t, t->nodes[i]);
		free(t->nodes[i]->name);
		free(t->nodes[i]);
	}
	stop_watching(t);
	free(t->nodes);
	free(t->hash);
	free(t->root);
}
