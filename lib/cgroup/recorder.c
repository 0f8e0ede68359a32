// SPDX-License-Identifier: LGPL-2.1-or-later
/* Writing a recording: each sample is one block, written by one write(2) at the end of the file. */
#include "cgroup/recording.h"

#include <endian.h>
#include <sys/file.h>
#include <zstd.h>

struct rf_recorder {
	struct recording_file file;
	ZSTD_CCtx *zstd;
	/* The key block: names one after the other, values by figure. */
	char *names;
	size_t names_len, n;
	uint64_t *values;
	size_t since_key;
	uint8_t *raw, *block;
	size_t raw_cap, block_cap;
};

DEFINE_FREE(recorder, struct rf_recorder *, rf_recorder_close(v))

static int write_head(struct rf_recorder *rec)
{
	struct recording_head head = {.magic = RECORDING_MAGIC};
	struct str out __free(str) = {0};
	ssize_t n;

	str_addn(&out, (const char *)&head, sizeof(head));
	for (size_t f = 0; f < RF_FIGURES; f++)
		str_addf(&out, "%s\n", rf_figure(f)->key);
	if (out.failed)
		return -ENOMEM;
	head.keys_len = htole32((uint32_t)(out.len - sizeof(head)));
	memcpy(out.s, &head, sizeof(head));
	n = sys_pwrite(rec->file.fd, out.s, out.len, 0);
	if (n >= 0 && (size_t)n != out.len)
		n = -ENOSPC;
	if (n < 0) {
		sys_ftruncate(rec->file.fd, 0);
		return (int)n;
	}
	rec->file.end = out.len;
	rec->file.n_figures = RF_FIGURES;
	for (int f = 0; f < RF_FIGURES; f++)
		rec->file.figures[f] = (int8_t)f;
	return 0;
}

/* A file of another version may lack figures, or have them in another order: it is not written on. */
static int check_figures(const struct rf_recorder *rec, const char *path)
{
	bool same = rec->file.n_figures == RF_FIGURES;

	for (int f = 0; same && f < RF_FIGURES; f++)
		same = rec->file.figures[f] == f;
	return same ? 0 : sys_fail(-EBADMSG, "recording", path, "was begun by another version of ringfence, with other figures: begin a new file");
}

int rf_recorder_open(const char *path, struct rf_recorder **ret_recorder)
{
	struct rf_recorder *rec __free(recorder) = calloc(1, sizeof(*rec));
	int r;

	if (!rec)
		return -ENOMEM;
	rec->file.fd = -EBADF;
	rec->zstd = ZSTD_createCCtx();
	if (!rec->zstd)
		return -ENOMEM;
	ZSTD_CCtx_setParameter(rec->zstd, ZSTD_c_checksumFlag, 1);
	rec->file.fd = sys_openat(AT_FDCWD, path, O_RDWR | O_CREAT, 0666);
	if (rec->file.fd < 0)
		return rec->file.fd;
	r = sys_flock(rec->file.fd, LOCK_EX | LOCK_NB);
	if (r == -EAGAIN)
		return sys_fail(r, "recording", path, "another process is writing it");
	if (r >= 0)
		r = recording_scan(&rec->file, path);
	if (r >= 0)
		r = rec->file.size ? check_figures(rec, path) : write_head(rec);
	/* What a killed writer left half. */
	if (r >= 0 && rec->file.size > rec->file.end)
		r = sys_ftruncate(rec->file.fd, (off_t)rec->file.end);
	if (r < 0)
		return r;
	*ret_recorder = take_ptr(&rec);
	return 0;
}

void rf_recorder_close(struct rf_recorder *rec)
{
	if (!rec)
		return;
	ZSTD_freeCCtx(rec->zstd);
	recording_done(&rec->file);
	free(rec->names);
	free(rec->values);
	free(rec->raw);
	free(rec->block);
	free(rec);
}

static int reserve(uint8_t **buf, size_t *cap, size_t size)
{
	uint8_t *more;

	if (size <= *cap)
		return 0;
	more = realloc(*buf, size);
	if (!more)
		return -ENOMEM;
	*buf = more;
	*cap = size;
	return 0;
}

static bool same_groups(const struct rf_recorder *rec, const struct rf_sample *groups, size_t n)
{
	const char *name = rec->names;

	if (!rec->n || n != rec->n || rec->since_key + 1 >= RECORDING_KEY_EVERY)
		return false;
	for (size_t i = 0; i < n; i++, name += strlen(name) + 1)
		if (!str_eq(name, groups[i].group))
			return false;
	return true;
}

static int begin_key(struct rf_recorder *rec, const struct rf_sample *groups, size_t n)
{
	struct str names __free(str) = {0};
	uint64_t *values = realloc(rec->values, (n ?: 1) * RF_FIGURES * sizeof(*values));

	if (!values)
		return -ENOMEM;
	rec->values = values;
	rec->n = 0;
	for (size_t i = 0; i < n; i++) {
		str_addn(&names, groups[i].group, strlen(groups[i].group) + 1);
		for (size_t f = 0; f < RF_FIGURES; f++)
			values[f * n + i] = groups[i].values[f];
	}
	rec->names_len = names.len;
	free(rec->names);
	rec->names = NULL;
	if (str_take(&names, &rec->names) < 0)
		return -ENOMEM;
	rec->n = n;
	rec->since_key = 0;
	return 0;
}

static int fill_raw(struct rf_recorder *rec, const struct rf_sample *groups, size_t n, bool is_key)
{
	size_t len = n * RF_FIGURES * 8;
	uint64_t *row __free(ptr) = calloc(n ?: 1, sizeof(*row));
	int r = row ? reserve(&rec->raw, &rec->raw_cap, len + rec->names_len + 1) : -ENOMEM;

	if (r < 0)
		return r;
	for (size_t f = 0; f < RF_FIGURES; f++) {
		for (size_t i = 0; i < n; i++)
			row[i] = groups[i].values[f] - (is_key ? 0 : rec->values[f * n + i]);
		recording_spread(row, n, rec->raw + f * n * 8);
	}
	if (is_key)
		memcpy(rec->raw + len, rec->names, rec->names_len);
	return 0;
}

/* One write; where only a part fits, the file is as long as before. */
static int write_block(struct rf_recorder *rec, struct recording_block b)
{
	struct recording_block out = {
		.magic = htole32(b.magic), .len = htole32(b.len), .raw_len = htole32(b.raw_len),
		.n_groups = htole32(b.n_groups), .is_key = htole32(b.is_key), .time_us = htole64(b.time_us),
	};
	size_t len = sizeof(out) + b.len;
	ssize_t n;

	memcpy(rec->block, &out, sizeof(out));
	n = sys_pwrite(rec->file.fd, rec->block, len, (off_t)rec->file.end);
	if (n >= 0 && (size_t)n != len)
		n = -ENOSPC;
	if (n < 0) {
		struct rf_call why = *rf_trace_last_failure();

		sys_ftruncate(rec->file.fd, (off_t)rec->file.end);
		sys_keep_failure(&why);
		return (int)n;
	}
	rec->file.end += len;
	return 0;
}

int rf_recorder_add(struct rf_recorder *rec, uint64_t time_us, const struct rf_sample *groups, size_t n)
{
	bool is_key = !same_groups(rec, groups, n);
	size_t raw_len, len;
	int r = n > RECORDING_MAX_GROUPS ? -E2BIG : is_key ? begin_key(rec, groups, n) : 0;

	if (r >= 0)
		r = fill_raw(rec, groups, n, is_key);
	raw_len = n * RF_FIGURES * 8 + (is_key ? rec->names_len : 0);
	if (r >= 0)
		r = reserve(&rec->block, &rec->block_cap, sizeof(struct recording_block) + ZSTD_compressBound(raw_len));
	if (r < 0)
		return r;
	len = ZSTD_compress2(rec->zstd, rec->block + sizeof(struct recording_block), ZSTD_compressBound(raw_len), rec->raw, raw_len);
	if (ZSTD_isError(len))
		return sys_fail(-ENOMEM, "zstd", "", "%s", ZSTD_getErrorName(len));
	r = write_block(rec, (struct recording_block){
		.magic = RECORDING_BLOCK, .len = (uint32_t)len, .raw_len = (uint32_t)raw_len,
		.n_groups = (uint32_t)n, .is_key = is_key, .time_us = time_us,
	});
	/* A block that is not there is no key for the next. */
	if (r < 0)
		rec->n = 0;
	else
		rec->since_key++;
	return r;
}
