// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * The mirror of stream.c: a libarchive writer makes a plain tar, whose bytes are hashed (the DiffID)
 * and handed to a second one, which packs them; what that one writes is hashed, too (the digest).
 *
 *   - The form is pax, for times below a second, long names and ids above 2097151.
 *   - libarchive wants to turn names from the locale's character set into UTF-8. In the C locale it
 *     can't with those beyond ASCII, says so by a warning, and writes the bytes as they are, marked
 *     by hdrcharset=BINARY: that is wanted. (Demanded as an option, every entry gets the mark.)
 *   - gzip gets no time stamp: one content gives one blob.
 */
#include "layer/sink.h"

#include <errno.h>
#include <locale.h>

#include "base/cleanup.h"
#include "base/file.h"
#include "base/str.h"

enum { OUT_SIZE = 256 << 10 };

struct sink {
	int fd;
	struct archive *tar, *packed;
	EVP_MD_CTX *plain_hash, *packed_hash;
	uint64_t size; /* written to fd */
	int error;     /* of a callback, whose record is `why` */
	struct rf_call why;
	locale_t c_locale;
};

static int keep_error(struct sink *s, int error)
{
	s->error = error;
	s->why = *rf_trace_last_failure();
	return error;
}

static int archive_failed(struct sink *s, struct archive *a)
{
	const char *text = archive_error_string(a);

	if (s->error) {
		sys_keep_failure(&s->why);
		return s->error;
	}
	return sys_fail(-EIO, "pack", "", "%s", text ?: "the archive could not be written");
}

static la_ssize_t write_blob(struct archive *a, void *data, const void *buf, size_t len)
{
	struct sink *s = data;
	int r = hash_add(s->packed_hash, buf, len);

	if (r >= 0)
		r = file_write_all(s->fd, buf, len);
	if (r < 0) {
		archive_set_error(a, -keep_error(s, r), "write");
		return -1;
	}
	s->size += len;
	return (la_ssize_t)len;
}

static la_ssize_t write_plain(struct archive *a, void *data, const void *buf, size_t len)
{
	struct sink *s = data;
	int r = hash_add(s->plain_hash, buf, len);

	if (r >= 0 && archive_write_data(s->packed, buf, len) != (la_ssize_t)len)
		r = archive_failed(s, s->packed);
	if (r < 0) {
		archive_set_error(a, -keep_error(s, r), "pack");
		return -1;
	}
	return (la_ssize_t)len;
}

static int add_filter(struct archive *a, enum packing packing)
{
	switch (packing) {
	case PACKING_NONE:
		return ARCHIVE_OK;
	case PACKING_GZIP:
		if (archive_write_add_filter_gzip(a) != ARCHIVE_OK)
			return ARCHIVE_FATAL;
		return archive_write_set_filter_option(a, "gzip", "timestamp", NULL);
	case PACKING_ZSTD:
		return archive_write_add_filter_zstd(a);
	}
	return ARCHIVE_FATAL;
}

static int open_packed(struct sink *s, enum packing packing)
{
	struct archive_entry *e = archive_entry_new();
	int r;

	s->packed = archive_write_new();
	if (!e || !s->packed) {
		archive_entry_free(e);
		return -ENOMEM;
	}
	archive_entry_set_filetype(e, AE_IFREG);
	archive_entry_set_pathname(e, "layer");
	r = archive_write_set_format_raw(s->packed);
	if (r == ARCHIVE_OK)
		r = add_filter(s->packed, packing);
	archive_write_set_bytes_per_block(s->packed, OUT_SIZE);
	archive_write_set_bytes_in_last_block(s->packed, 1);
	if (r == ARCHIVE_OK)
		r = archive_write_open2(s->packed, s, NULL, write_blob, NULL, NULL);
	if (r == ARCHIVE_OK)
		r = archive_write_header(s->packed, e);
	archive_entry_free(e);
	return r == ARCHIVE_OK ? 0 : archive_failed(s, s->packed);
}

static int open_tar(struct sink *s)
{
	int r;

	s->tar = archive_write_new();
	if (!s->tar)
		return -ENOMEM;
	r = archive_write_set_format_pax(s->tar);
	if (r == ARCHIVE_OK)
		r = archive_write_set_options(s->tar, "xattrheader=SCHILY");
	archive_write_set_bytes_per_block(s->tar, 0);
	if (r == ARCHIVE_OK)
		r = archive_write_open2(s->tar, s, NULL, write_plain, NULL, NULL);
	return r == ARCHIVE_OK ? 0 : archive_failed(s, s->tar);
}

/* What isn't finished is given up: closing must not write an end to it. */
static void free_writer(struct archive *a)
{
	if (!a)
		return;
	archive_write_fail(a);
	archive_write_free(a);
}

void sink_close(struct sink *s)
{
	if (!s)
		return;
	free_writer(s->tar);
	free_writer(s->packed);
	EVP_MD_CTX_free(s->plain_hash);
	EVP_MD_CTX_free(s->packed_hash);
	if (s->c_locale)
		freelocale(s->c_locale);
	free(s);
}

int sink_open(int fd, enum packing packing, struct sink **ret_sink)
{
	struct sink *s __free(sink) = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->c_locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
	if (!s->c_locale)
		return -ENOMEM;
	r = hash_begin(&s->plain_hash);
	if (r >= 0)
		r = hash_begin(&s->packed_hash);
	if (r >= 0)
		r = open_packed(s, packing);
	if (r >= 0)
		r = open_tar(s);
	if (r < 0)
		return r;
	*ret_sink = take_ptr(&s);
	return 0;
}

int sink_entry(struct sink *s, struct archive_entry *entry)
{
	locale_t old = uselocale(s->c_locale);
	int r = archive_write_header(s->tar, entry);
	const char *text = r == ARCHIVE_WARN ? archive_error_string(s->tar) : NULL;

	uselocale(old);
	return r == ARCHIVE_OK || (text && strstr(text, "to UTF-8")) ? 0 : archive_failed(s, s->tar);
}

int sink_data(struct sink *s, const void *data, size_t len)
{
	return archive_write_data(s->tar, data, len) == (la_ssize_t)len ? 0
									 : archive_failed(s, s->tar);
}

int sink_finish(struct sink *s, char ret_diff_id[HEX_SIZE], char ret_hex[HEX_SIZE],
		uint64_t *ret_size)
{
	int r;

	if (archive_write_close(s->tar) != ARCHIVE_OK)
		return archive_failed(s, s->tar);
	if (archive_write_close(s->packed) != ARCHIVE_OK)
		return archive_failed(s, s->packed);
	r = hash_end(s->plain_hash, ret_diff_id);
	if (r >= 0)
		r = hash_end(s->packed_hash, ret_hex);
	if (r >= 0)
		*ret_size = s->size;
	return r;
}
