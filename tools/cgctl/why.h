/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the two halves of cgctl why share. */
#ifndef TOOLS_CGCTL_WHY_H
#define TOOLS_CGCTL_WHY_H

#include "base/str.h"
#include "cgroup/oom.h"

/* The explanation of a kill as text, and as JSON. */
void oom_explain(const struct oom_kill *kill, struct str *out);
void oom_json(const struct oom_kill *kill, struct str *out);
/* The line by which `why` names a kill. */
void oom_line(const struct oom_kill *kill, struct str *out);
/* "name": number, or "max", or null where it is not known. */
void why_json_number(struct str *out, const char *name, uint64_t number);
void why_json_text(struct str *out, const char *name, const char *text);

#endif
