/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Samples of all groups in a file, to be looked at afterwards.
 *
 * The file begins with the keys of the figures, so that a newer library reads an older one's. Then
 * comes a block for each sample: its length, its time, and its content compressed by zstd with a
 * checksum. A key block has the names of the groups and all values; the blocks after it have what the
 * values differ from its own, as long as the groups are the same ones and at most 63 times. A block
 * is written by one write(2): a file whose writer was killed lacks at most its last sample, and can
 * be written on. Numbers are little-endian.
 *
 * Functions return 0 or -errno: -EBADMSG for a file that is no recording or whose content is
 * damaged (the last failure's note says where), those of open(2), read(2) and write(2), -ENOMEM.
 */
#ifndef RINGFENCE_RECORDING_H
#define RINGFENCE_RECORDING_H

#include <ringfence/sample.h>

#ifdef __cplusplus
extern "C" {
#endif

struct rf_recorder;

/* Make the file, or go on at the end of one: what a killed writer left half is cut off. -EAGAIN where
 * another process is writing it. Close with rf_recorder_close(). */
RF_API int rf_recorder_open(const char *path, struct rf_recorder **ret_recorder);
RF_API void rf_recorder_close(struct rf_recorder *recorder); /* NULL is fine */

/* Append a sample, as rf_sampler_groups() gives it; time in microseconds since 1970. */
RF_API int rf_recorder_add(struct rf_recorder *recorder, uint64_t time_us, const struct rf_sample *groups,
			   size_t n_groups);

struct rf_recording;

RF_API int rf_recording_open(const char *path, struct rf_recording **ret_recording);
RF_API void rf_recording_free(struct rf_recording *recording); /* NULL is fine */

/* The number of whole samples. */
RF_API size_t rf_recording_length(const struct rf_recording *recording);

/* Bytes after the last whole sample: 0, unless its writer was killed or is writing now. */
RF_API uint64_t rf_recording_rest(const struct rf_recording *recording);

/* One sample, from 0. The groups belong to the recording until the next read. -ERANGE beyond the end. */
RF_API int rf_recording_read(struct rf_recording *recording, size_t index, uint64_t *ret_time_us,
			     const struct rf_sample **ret_groups, size_t *ret_n);

#ifdef __cplusplus
}
#endif
#endif
