// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The bytes as a recording: whatever they are, each sample can be read or is refused, and what is read has
 * parents before their children. And as the text of each file that figures are read from.
 */
#include <ringfence/recording.h>
#include <sys/mman.h>
#include <unistd.h>

#include "cgroup/sample.h"
#include "fuzz.h"

static void look_at(const struct rf_sample *groups, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (i && (groups[i].parent >= i || groups[i].depth != groups[groups[i].parent].depth + 1))
			abort();
		if (strlen(groups[i].group) > (1u << 29))
			abort();
		/* Every value can be read. */
		for (size_t f = 0; f < RF_FIGURES; f++)
			if (groups[i].values[f] == 0x1234567812345678 && getpid() < 0)
				abort();
	}
}

static void as_recording(const uint8_t *data, size_t size)
{
	int fd = memfd_create("fuzz", MFD_CLOEXEC);
	char path[40];
	struct rf_recording *rec = NULL;

	if (fd < 0 || write(fd, data, size) != (ssize_t)size)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	if (rf_recording_open(path, &rec) >= 0) {
		/* Back and forth: the key block changes. */
		for (size_t k = 0, n = rf_recording_length(rec); k < 2 * n && k < 64; k++) {
			const struct rf_sample *groups;
			uint64_t time_us;
			size_t n_groups;

			if (rf_recording_read(rec, k < n ? k : 2 * n - k - 1, &time_us, &groups, &n_groups) >= 0)
				look_at(groups, n_groups);
		}
		rf_recording_free(rec);
	}
	close(fd);
}

FUZZ_TARGET(recording)
{
	char *text = fuzz_string(data, size);
	const struct sample_file *file;

	for (size_t i = 0; (file = sample_file_at(i)); i++) {
		uint64_t values[RF_FIGURES];

		for (size_t f = 0; f < RF_FIGURES; f++)
			values[f] = RF_CGROUP_UNKNOWN;
		sample_parse(file, text, RF_ALL_FIGURES, values);
	}
	free(text);
	as_recording(data, size);
	return 0;
}
