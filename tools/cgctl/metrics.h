/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between metrics.c (the text), serve.c (the server) and recorded.c (the text of a recording). */
#ifndef TOOLS_CGCTL_METRICS_H
#define TOOLS_CGCTL_METRICS_H

#include <ringfence/sample.h>

#include "base/str.h"

/* Take a sample and append its text. 0 or -errno. */
int metrics_text(struct rf_sampler *sampler, struct str *out);

/* The head of a figure's family, and a point of it without the end of its line. */
void metrics_family(struct str *out, size_t figure);
void metrics_point(struct str *out, size_t figure, const char *group, uint64_t value);

/* Answer requests at 127.0.0.1:PORT, [::1]:PORT or unix:PATH until SIGINT or SIGTERM. The exit code,
 * with errors printed. */
int metrics_serve(struct rf_sampler *sampler, const char *address);

#endif
