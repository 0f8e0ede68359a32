/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Calls with no bound, no error or hidden state: refused by the compiler in every file. */
#ifndef LIB_BASE_POISON_H
#define LIB_BASE_POISON_H
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#pragma GCC poison strcpy strcat sprintf vsprintf atoi atol strtok system popen mktemp
#endif
