/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Kept namespaces as they lie in the file system. */
#ifndef LIB_NS_PIN_H
#define LIB_NS_PIN_H

#include <ringfence/pin.h>

/* What a name of a set or a path stands for, without slashes at its end; free(3). -EINVAL. */
int ns_pin_path(const char *name, char **ret_path);

enum ns_pin_look {
	NS_PIN_EMPTY,	  /* a file that we made, with nothing on it */
	NS_PIN_NAMESPACE, /* the file of a namespace is mounted there */
	NS_PIN_SET,	  /* a directory that may be a set */
	NS_PIN_OTHER,
};

/* What lies there: one of these, or -errno. */
int ns_pin_look(int dirfd, const char *path);

#endif
