/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's kselftest harness, found in the build folder; its own warnings are not ours. */
#ifndef TESTS_HARNESS_H
#define TESTS_HARNESS_H
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wsign-compare"
#include <kselftest_harness.h>
#pragma GCC diagnostic pop
#pragma GCC diagnostic ignored "-Wsign-compare"
#pragma GCC diagnostic ignored "-Wmissing-prototypes"
#pragma GCC diagnostic ignored "-Wstrict-prototypes"
#endif
