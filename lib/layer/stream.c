// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Two libarchive readers in a row: the first unpacks gzip or zstd into a plain stream ("raw"
 * format), this file counts, bounds and hashes that stream, the second reads it as tar. The DiffID
 * is the hash of all of the stream, also of what lies behind the archive's end, so the rest is read
 * when the last entry has been.
 *
 * Surprises:
 *   - The media type decides how a blob is unpacked, not a guess at its first bytes, which are only
 *     compared with it: two readers must not see two file systems in one blob.
 *   - libarchive turns names into the locale's character set and composes accents on the way (NFC).
 *     In the C locale it can't, says so by a warning, and gives the bytes as they are. So the
 *     thread reads in the C locale, and that warning is the good case.
 *   - Archives whose last block is not filled up exist (umoci before 0.5 wrote them) and are legal
 *     to nobody but everyone's readers; zeros are put behind the stream, outside of its hash.
 */
#include "layer/stream.h"

#include <errno.h>
#include <locale.h>

#include "base/cleanup.h"
#include "base/str.h"

enum { IN_SIZE = 256 << 10, TAR_BLOCK = 512, RATIO_FREE = 16 << 20 };

struct stream {
	int fd;
	const struct oci_layer *layer;
	struct stream_limits limits;
	void (*advance)(uint64_t bytes, void *data);
	void *advance_data;
	struct archive *packed, *tar;
	EVP_MD_CTX *hash;
	uint64_t bytes;		/* of the unpacked stream */
	uint64_t last_nonzero;	/* where in it the last byte other than 0 ends */
	uint64_t archive_end;	/* where in it the archive ends; 0: its entries were not read */
	uint64_t last_size;	/* of the last regular file, where it matters: see truncated() */
	bool at_end, padded;
	int error;		/* of a callback, whose record is `why` */
	struct rf_call why;
	locale_t c_locale;
	char in[IN_SIZE];
};

static int keep_error(struct stream *s, int error)
{
	s->error = error;
	s->why = *rf_trace_last_failure();
	return error;
}

static la_ssize_t read_blob(struct archive *a, void *data, const void **ret_buf)
{
	struct stream *s = data;
	ssize_t n;

	do
		n = sys_read(s->fd, s->in, sizeof(s->in));
	while (n == -EINTR);
	if (n < 0) {
		keep_error(s, (int)n);
		archive_set_error(a, (int)-n, "read");
		return -1;
	}
	if (s->advance)
		s->advance((uint64_t)n, s->advance_data);
	*ret_buf = s->in;
	return n;
}

/* libarchive's failure as ours, unless a callback of ours was its cause. */
static int archive_failed(struct stream *s, struct archive *a)
{
	const char *text = archive_error_string(a);

	if (s->error) {
		sys_keep_failure(&s->why);
		return s->error;
	}
	if (text && str_starts(text, "Unrecognized"))
		text = "is no tar archive";
	return sys_fail(-EBADMSG, "unpack", "", "%s", text ?: "the archive is damaged");
}

static int check_limits(struct stream *s)
{
	uint64_t packed = s->layer->blob.size ?: 1;

	if (s->bytes > s->limits.max_bytes)
		return sys_fail(-EFBIG, "unpack", "",
				"more than %llu bytes: above the limit (--max-bytes)",
				(unsigned long long)s->limits.max_bytes);
	if (s->bytes > RATIO_FREE && s->bytes / packed >= s->limits.max_ratio)
		return sys_fail(-EFBIG, "unpack", "",
				"unpacks to more than %llu times its size: above the limit (--max-ratio)",
				(unsigned long long)s->limits.max_ratio);
	return 0;
}

/* Archives end in blocks of zeros, and tar fills its last record with more of them. */
static void note_nonzero(struct stream *s, const void *data, size_t len)
{
	const char *p = data;

	while (len && !p[len - 1])
		len--;
	if (len)
		s->last_nonzero = s->bytes + len;
}

/* The next piece of the plain stream: its length, 0 at the end, -errno. */
static ssize_t pull(struct stream *s, const void **ret_buf)
{
	la_int64_t offset;
	size_t len = 0;
	int r;

	if (s->at_end)
		return 0;
	do
		r = archive_read_data_block(s->packed, ret_buf, &len, &offset);
	while (r == ARCHIVE_OK && !len);
	if (r == ARCHIVE_EOF) {
		s->at_end = true;
		return 0;
	}
	if (r != ARCHIVE_OK)
		return keep_error(s, archive_failed(s, s->packed));
	note_nonzero(s, *ret_buf, len);
	s->bytes += len;
	r = check_limits(s);
	if (r >= 0)
		r = hash_add(s->hash, *ret_buf, len);
	return r < 0 ? keep_error(s, r) : (ssize_t)len;
}

static la_ssize_t feed_tar(struct archive *a, void *data, const void **ret_buf)
{
	static const char zeros[TAR_BLOCK];
	struct stream *s = data;
	ssize_t n = pull(s, ret_buf);

	if (n < 0) {
		archive_set_error(a, (int)-n, "unpack");
		return -1;
	}
	if (n || s->padded || s->bytes % TAR_BLOCK == 0)
		return n;
	s->padded = true;
	*ret_buf = zeros;
	return TAR_BLOCK - (la_ssize_t)(s->bytes % TAR_BLOCK);
}

static int check_magic(struct stream *s)
{
	static const struct {
		const char *name;
		unsigned char bytes[4];
		size_t len;
	} magics[] = {
		[PACKING_GZIP] = {"gzip", {0x1f, 0x8b}, 2},
		[PACKING_ZSTD] = {"zstd", {0x28, 0xb5, 0x2f, 0xfd}, 4},
	};
	unsigned char head[4] = {0};
	ssize_t n = sys_pread(s->fd, head, sizeof(head), 0);
	enum packing is = PACKING_NONE;

	if (n < 0)
		return (int)n;
	for (size_t i = PACKING_GZIP; i < array_size(magics); i++)
		if ((size_t)n >= magics[i].len && !memcmp(head, magics[i].bytes, magics[i].len))
			is = (enum packing)i;
	/* A zstd stream may begin with a frame to be skipped: 0x184d2a50 to 5f. */
	if (n == 4 && (head[0] & 0xf0) == 0x50 && head[1] == 0x2a && head[2] == 0x4d && head[3] == 0x18)
		is = PACKING_ZSTD;
	if (is == s->layer->packing)
		return 0;
	return sys_fail(-EBADMSG, "unpack", "", "the media type is \"%s\", but the blob is %s",
			s->layer->blob.media_type,
			is ? magics[is].name : "not packed so");
}

static int open_packed(struct stream *s)
{
	struct archive_entry *e;
	int r;

	s->packed = archive_read_new();
	if (!s->packed)
		return -ENOMEM;
	if (s->layer->packing == PACKING_GZIP)
		archive_read_support_filter_gzip(s->packed);
	if (s->layer->packing == PACKING_ZSTD)
		archive_read_support_filter_zstd(s->packed);
	archive_read_support_format_raw(s->packed);
	archive_read_support_format_empty(s->packed);
	r = archive_read_open(s->packed, s, NULL, read_blob, NULL);
	if (r == ARCHIVE_OK)
		r = archive_read_next_header(s->packed, &e);
	if (r == ARCHIVE_EOF)
		s->at_end = true;
	return r == ARCHIVE_OK || r == ARCHIVE_EOF ? 0 : archive_failed(s, s->packed);
}

static int open_tar(struct stream *s)
{
	s->tar = archive_read_new();
	if (!s->tar)
		return -ENOMEM;
	archive_read_support_format_tar(s->tar);
	archive_read_support_format_empty(s->tar);
	if (archive_read_open(s->tar, s, NULL, feed_tar, NULL) != ARCHIVE_OK)
		return archive_failed(s, s->tar);
	return 0;
}

void stream_close(struct stream *s)
{
	if (!s)
		return;
	archive_read_free(s->tar);
	archive_read_free(s->packed);
	EVP_MD_CTX_free(s->hash);
	if (s->c_locale)
		freelocale(s->c_locale);
	free(s);
}

static int stream_start(struct stream *s)
{
	locale_t old;
	int r = check_magic(s);

	s->c_locale = newlocale(LC_CTYPE_MASK, "C", (locale_t)0);
	if (r < 0 || !s->c_locale)
		return r < 0 ? r : -ENOMEM;
	r = hash_begin(&s->hash);
	if (r < 0)
		return r;
	old = uselocale(s->c_locale);
	r = open_packed(s);
	if (r >= 0)
		r = open_tar(s);
	uselocale(old);
	return r;
}

int stream_open(int fd, const struct oci_layer *layer, const struct stream_limits *limits,
		void (*advance)(uint64_t bytes, void *data), void *data,
		struct stream **ret_stream)
{
	struct stream *s __free(stream) = calloc(1, sizeof(*s));
	int r;

	if (!s)
		return -ENOMEM;
	s->fd = fd;
	s->layer = layer;
	s->limits = *limits;
	s->advance = advance;
	s->advance_data = data;
	r = stream_start(s);
	if (r < 0)
		return r;
	*ret_stream = take_ptr(&s);
	return 0;
}

/* Was the last file cut off inside of its last block, so that zeros of ours stand in it? */
static bool truncated(const struct stream *s)
{
	return s->padded && s->last_size &&
	       (s->last_size - 1) % TAR_BLOCK + 1 > s->bytes % TAR_BLOCK;
}

static bool is_charset_warning(const char *text)
{
	return text && strstr(text, "can't be converted");
}

int stream_next(struct stream *s, struct archive_entry **ret_entry)
{
	locale_t old = uselocale(s->c_locale);
	int r = archive_read_next_header(s->tar, ret_entry);

	uselocale(old);
	if (r == ARCHIVE_EOF && truncated(s))
		return sys_fail(-EBADMSG, "unpack", "", "the archive ends inside of a file");
	if (r == ARCHIVE_EOF) {
		s->archive_end = (uint64_t)archive_filter_bytes(s->tar, 0);
		return 0;
	}
	if (r != ARCHIVE_OK && (r != ARCHIVE_WARN || !is_charset_warning(archive_error_string(s->tar))))
		return archive_failed(s, s->tar);
	s->last_size = archive_entry_filetype(*ret_entry) == AE_IFREG &&
				       !archive_entry_hardlink(*ret_entry)
			       ? (uint64_t)archive_entry_size(*ret_entry)
			       : 0;
	if (archive_entry_sparse_count(*ret_entry))
		s->last_size = 0;
	return 1;
}

int stream_data(struct stream *s, const void **ret_data, size_t *ret_len, int64_t *ret_offset)
{
	la_int64_t offset = 0;
	int r = archive_read_data_block(s->tar, ret_data, ret_len, &offset);

	if (r == ARCHIVE_EOF)
		return 0;
	if (r != ARCHIVE_OK)
		return archive_failed(s, s->tar);
	*ret_offset = offset;
	return 1;
}

int stream_finish(struct stream *s, char ret_hex[HEX_SIZE], bool *ret_garbage)
{
	const void *buf;
	ssize_t n;

	while ((n = pull(s, &buf)) > 0)
		;
	if (n < 0) {
		sys_keep_failure(&s->why);
		return (int)n;
	}
	/* gzip and zstd readers stop at the last frame; the blob's own bytes may go on. */
	*ret_garbage = (s->archive_end && s->last_nonzero > s->archive_end) ||
		       archive_filter_bytes(s->packed, -1) < (la_int64_t)s->layer->blob.size;
	return hash_end(s->hash, ret_hex);
}
