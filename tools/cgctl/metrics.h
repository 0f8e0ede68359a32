/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Between metrics.c (the text) and serve.c (the server). */
#ifndef TOOLS_CGCTL_METRICS_H
#define TOOLS_CGCTL_METRICS_H

#include <ringfence/sample.h>

#include "base/str.h"

/* Take a sample and append its text. 0 or -errno. */
int metrics_text(struct rf_sampler *sampler, struct str *out);

/* Answer requests at 127.0.0.1:PORT, [::1]:PORT or unix:PATH until SIGINT or SIGTERM. The exit code,
 * with errors printed. */
int metrics_serve(struct rf_sampler *sampler, const char *address);

#endif
