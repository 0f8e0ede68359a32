// SPDX-License-Identifier: LGPL-2.1-or-later
/* The form of a recording, and reading it. Nothing in the file is trusted: it may come from elsewhere. */
#include "cgroup/recording.h"

#include <endian.h>
#include <zstd.h>

#include "base/file.h"

static int bad(const char *path, uint64_t at, const char *why)
{
	return sys_fail(-EBADMSG, "recording", path, "%s (at byte %llu)", why, (unsigned long long)at);
}

void recording_spread(const uint64_t *values, size_t n, uint8_t *to)
{
	for (size_t byte = 0; byte < 8; byte++)
		for (size_t i = 0; i < n; i++)
			*to++ = (uint8_t)(values[i] >> byte * 8);
}

void recording_gather(const uint8_t *from, size_t n, uint64_t *ret_values)
{
	memset(ret_values, 0, n * sizeof(*ret_values));
	for (size_t byte = 0; byte < 8; byte++)
		for (size_t i = 0; i < n; i++)
			ret_values[i] |= (uint64_t)*from++ << byte * 8;
}

/* All of it; -EBADMSG where the file ends before. */
static int read_all(int fd, void *to, size_t len, uint64_t at)
{
	for (size_t done = 0; done < len;) {
		ssize_t n = sys_pread(fd, (char *)to + done, len - done, (off_t)(at + done));

		if (n == -EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? (int)n : -EBADMSG;
		done += (size_t)n;
	}
	return 0;
}

static int figure_by_key(const char *key, size_t len)
{
	for (int f = 0; f < RF_FIGURES; f++)
		if (strlen(rf_figure((size_t)f)->key) == len && !memcmp(rf_figure((size_t)f)->key, key, len))
			return f;
	return -1;
}

static int read_head(struct recording_file *f, const char *path)
{
	struct recording_head head;
	char *keys __free(ptr) = NULL;
	uint32_t len;
	int r = f->size < sizeof(head) ? -EBADMSG : read_all(f->fd, &head, sizeof(head), 0);

	if (r == -EBADMSG || (r >= 0 && memcmp(head.magic, RECORDING_MAGIC, sizeof(head.magic))))
		return bad(path, 0, "this is no recording of cgctl record");
	if (r < 0)
		return r;
	len = le32toh(head.keys_len);
	keys = len <= RECORDING_MAX_KEYS ? malloc(len + 1) : NULL;
	r = keys ? read_all(f->fd, keys, len, sizeof(head)) : -EBADMSG;
	if (r < 0)
		return r == -EBADMSG ? bad(path, sizeof(head), "its list of figures is damaged") : r;
	keys[len] = '\0';
	for (char *key = keys, *end; (end = strchr(key, '\n')); key = end + 1) {
		if (f->n_figures == array_size(f->figures))
			return bad(path, sizeof(head), "it has more figures than any version of ringfence");
		f->figures[f->n_figures++] = (int8_t)figure_by_key(key, (size_t)(end - key));
	}
	f->end = sizeof(head) + len;
	return 0;
}

int recording_append(struct recording_file *f, const struct recording_block *block)
{
	if (f->n == f->cap) {
		size_t cap = f->cap ? f->cap * 2 : 256;
		struct recording_index *more = realloc(f->index, cap * sizeof(*more));

		if (!more)
			return -ENOMEM;
		f->index = more;
		f->cap = cap;
	}
	f->index[f->n] = (struct recording_index){
		.at = f->end + sizeof(*block),
		.block = *block,
		.key = block->is_key || !f->n ? (uint32_t)f->n : f->index[f->n - 1].key,
	};
	f->n++;
	f->end += sizeof(*block) + block->len;
	return 0;
}

static struct recording_block to_host(struct recording_block b)
{
	return (struct recording_block){
		.magic = le32toh(b.magic), .len = le32toh(b.len), .raw_len = le32toh(b.raw_len),
		.n_groups = le32toh(b.n_groups), .is_key = le32toh(b.is_key), .time_us = le64toh(b.time_us),
	};
}

int recording_scan(struct recording_file *f, const char *path)
{
	struct stat st;
	int r = sys_fstat(f->fd, &st);

	f->size = r < 0 ? 0 : (uint64_t)st.st_size;
	if (r < 0 || !f->size)
		return r;
	r = read_head(f, path);
	while (r >= 0 && f->end + sizeof(struct recording_block) <= f->size) {
		struct recording_block b;

		r = read_all(f->fd, &b, sizeof(b), f->end);
		if (r < 0)
			return r;
		b = to_host(b);
		if (b.magic != RECORDING_BLOCK || b.len > RECORDING_MAX_BLOCK || b.raw_len > RECORDING_MAX_BLOCK ||
		    b.n_groups > RECORDING_MAX_GROUPS || (!f->n && !b.is_key))
			return bad(path, f->end, "the block that begins here is damaged");
		/* The last one was not written to its end. */
		if (f->end + sizeof(b) + b.len > f->size)
			break;
		r = recording_append(f, &b);
	}
	return r;
}

void recording_done(struct recording_file *f)
{
	if (f->fd >= 0)
		sys_close(f->fd);
	free(f->index);
}

struct rf_recording {
	struct recording_file file;
	char *path;
	/* The key block that was read last. */
	uint32_t key;
	bool has_key;
	char *names; /* of its groups, each ended by NUL */
	uint64_t *key_values;
	/* The sample that was read last: values of group i stand from i * RF_FIGURES. */
	struct rf_sample *groups;
	uint64_t *values;
	size_t cap;
};

DEFINE_FREE(recording, struct rf_recording *, rf_recording_free(v))

int rf_recording_open(const char *path, struct rf_recording **ret_recording)
{
	struct rf_recording *rec __free(recording) = calloc(1, sizeof(*rec));
	int r;

	if (!rec)
		return -ENOMEM;
	rec->file.fd = -EBADF;
	rec->path = strdup(path);
	if (!rec->path)
		return -ENOMEM;
	rec->file.fd = sys_openat(AT_FDCWD, path, O_RDONLY, 0);
	if (rec->file.fd < 0)
		return rec->file.fd;
	r = recording_scan(&rec->file, path);
	if (r >= 0 && !rec->file.size)
		r = bad(path, 0, "the file is empty");
	if (r < 0)
		return r;
	*ret_recording = take_ptr(&rec);
	return 0;
}

void rf_recording_free(struct rf_recording *rec)
{
	if (!rec)
		return;
	recording_done(&rec->file);
	free(rec->path);
	free(rec->names);
	free(rec->key_values);
	free(rec->groups);
	free(rec->values);
	free(rec);
}

size_t rf_recording_length(const struct rf_recording *rec)
{
	return rec->file.n;
}

uint64_t rf_recording_rest(const struct rf_recording *rec)
{
	return rec->file.size - rec->file.end;
}

/* The content of a block. */
static int read_block(const struct rf_recording *rec, size_t index, uint8_t **ret_raw)
{
	const struct recording_index *at = &rec->file.index[index];
	uint8_t *packed __free(ptr) = malloc(at->block.len ?: 1), *raw __free(ptr) = malloc(at->block.raw_len ?: 1);
	int r;

	if (!packed || !raw)
		return -ENOMEM;
	r = read_all(rec->file.fd, packed, at->block.len, at->at);
	if (r < 0)
		return r == -EBADMSG ? bad(rec->path, at->at, "the file ends here, and did not before") : r;
	if (ZSTD_decompress(raw, at->block.raw_len, packed, at->block.len) != at->block.raw_len)
		return bad(rec->path, at->at, "the content of this block is damaged");
	*ret_raw = take_ptr(&raw);
	return 0;
}

static int reserve(struct rf_recording *rec, size_t n)
{
	struct rf_sample *groups;
	uint64_t *values, *key_values;

	if (n <= rec->cap)
		return 0;
	groups = realloc(rec->groups, n * sizeof(*groups));
	if (!groups)
		return -ENOMEM;
	rec->groups = groups;
	values = realloc(rec->values, n * RF_FIGURES * sizeof(*values));
	if (!values)
		return -ENOMEM;
	rec->values = values;
	key_values = realloc(rec->key_values, n * rec->file.n_figures * sizeof(*key_values));
	if (!key_values && rec->file.n_figures)
		return -ENOMEM;
	rec->key_values = key_values;
	rec->cap = n;
	return 0;
}

/* Names: n texts, each ended by NUL, in their order, so that parents come first. */
static int take_names(struct rf_recording *rec, const uint8_t *raw, size_t len, size_t n, uint64_t at)
{
	char *names = malloc(len ?: 1), *name = names;

	if (!names)
		return -ENOMEM;
	memcpy(names, raw, len);
	free(rec->names);
	rec->names = names;
	for (size_t i = 0; i < n; i++) {
		const char *end = memchr(name, '\0', len - (size_t)(name - names));

		if (!end || (i && cgroup_compare_names(rec->groups[i - 1].group, name) >= 0))
			return bad(rec->path, at, "the names of this block are damaged");
		rec->groups[i] = (struct rf_sample){.group = name, .values = rec->values + i * RF_FIGURES, .born = 1};
		name = names + (end - names) + 1;
	}
	if (name != names + len)
		return bad(rec->path, at, "the names of this block are damaged");
	sample_link(rec->groups, n);
	return 0;
}

static int load_key(struct rf_recording *rec, uint32_t key)
{
	const struct recording_block *b = &rec->file.index[key].block;
	size_t n = b->n_groups, values_len = n * rec->file.n_figures * 8;
	uint8_t *raw __free(ptr) = NULL;
	int r;

	if (rec->has_key && rec->key == key)
		return 0;
	rec->has_key = false;
	/* A name has one byte at least. */
	if (b->raw_len < values_len + n)
		return bad(rec->path, rec->file.index[key].at, "this block is too short for its groups");
	r = read_block(rec, key, &raw);
	if (r >= 0)
		r = reserve(rec, n);
	if (r >= 0)
		r = take_names(rec, raw + values_len, b->raw_len - values_len, n, rec->file.index[key].at);
	if (r < 0)
		return r;
	for (size_t f = 0; f < rec->file.n_figures; f++)
		recording_gather(raw + f * n * 8, n, rec->key_values + f * n);
	rec->key = key;
	rec->has_key = true;
	return 0;
}

/* Spread the file's figures into the places of ours. */
static void place(struct rf_recording *rec, size_t n, size_t f, const uint64_t *values)
{
	const signed char ours = rec->file.figures[f]; /* -1: none of ours */

	for (size_t i = 0; ours >= 0 && i < n; i++)
		rec->values[i * RF_FIGURES + (size_t)ours] = values[i];
}

static int place_all(struct rf_recording *rec, size_t index)
{
	const struct recording_block *b = &rec->file.index[index].block;
	size_t n = b->n_groups;
	uint8_t *raw __free(ptr) = NULL;
	uint64_t *row __free(ptr) = calloc(n ?: 1, sizeof(*row));
	int r = !row ? -ENOMEM : 0;

	if (!b->is_key && (n != rec->file.index[rec->key].block.n_groups || b->raw_len != n * rec->file.n_figures * 8))
		return bad(rec->path, rec->file.index[index].at, "this block does not fit its key block");
	if (r >= 0 && !b->is_key)
		r = read_block(rec, index, &raw);
	if (r < 0)
		return r;
	for (size_t f = 0; f < rec->file.n_figures; f++) {
		const uint64_t *key = rec->key_values + f * n;

		if (raw)
			recording_gather(raw + f * n * 8, n, row);
		for (size_t i = 0; i < n; i++)
			row[i] = raw ? row[i] + key[i] : key[i];
		place(rec, n, f, row);
	}
	return 0;
}

int rf_recording_read(struct rf_recording *rec, size_t index, uint64_t *ret_time_us,
		      const struct rf_sample **ret_groups, size_t *ret_n)
{
	int r;

	if (index >= rec->file.n)
		return -ERANGE;
	r = load_key(rec, rec->file.index[index].key);
	if (r < 0)
		return r;
	for (size_t i = 0; i < rec->file.index[index].block.n_groups * (size_t)RF_FIGURES; i++)
		if (i < rec->cap * RF_FIGURES)
			rec->values[i] = RF_CGROUP_UNKNOWN;
	r = place_all(rec, index);
	if (r < 0)
		return r;
	*ret_time_us = rec->file.index[index].block.time_us;
	*ret_groups = rec->groups;
	*ret_n = rec->file.index[index].block.n_groups;
	return 0;
}
