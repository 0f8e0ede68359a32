/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What layerctl's commands share. */
#ifndef TOOLS_LAYER_LAYERCTL_H
#define TOOLS_LAYER_LAYERCTL_H

#include <errno.h>
#include <ringfence/layer.h>

#include "../tool.h"

/* Open the store of --store or $RINGFENCE_STORE: 0, or the exit code with the error printed. */
int layerctl_open(unsigned flags, struct rf_store **ret_store);

extern const struct opt_row import_options[], mount_options[], umount_options[], commit_options[],
	json_options[],
	json_only_options[];

int import_run(int argc, char **argv);
int mount_run(int argc, char **argv);
int umount_run(int argc, char **argv);
int commit_run(int argc, char **argv);
int ls_run(int argc, char **argv);
int verify_run(int argc, char **argv);
int config_run(int argc, char **argv);
int rm_run(int argc, char **argv);

#endif
