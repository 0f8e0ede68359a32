/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rows to behaviour: parsing here, --help and its other forms in help.c. */
#ifndef TOOLS_OPTIONS_H
#define TOOLS_OPTIONS_H

#include "tool.h"

/*
 * Parse argv[1…] up to the first word that is no option, or "--". Returns the number of words
 * consumed, argv[0] included, which `optind_after` then holds too; or -(exit code) - 1 where the
 * tool shall exit at once (an error that has been printed, --help, --version).
 */
int options_parse(const struct opt_row *rows, int argc, char **argv);
extern int optind_after;

/* Print --help in the given form: NULL for text, "rst", "bash", "zsh", "fish". */
int help_print(const char *form);

#endif
