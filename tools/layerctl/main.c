// SPDX-License-Identifier: GPL-2.0-or-later
/* layerctl: OCI image layers: import, verify, mount as a root file system. */
#include <stdlib.h>

#include "layerctl.h"

static const char *store_path;

int layerctl_open(unsigned flags, struct rf_store **ret_store)
{
	const char *path = store_path ?: getenv("RINGFENCE_STORE");
	int r = rf_store_open(path && path[0] ? path : NULL, flags, ret_store);

	return r < 0 ? tool_error(r, "store") : 0;
}

static const struct opt_row options[] = {
	{0, "store", OPT_STRING, &store_path, "DIR",
	 "use this store; else $RINGFENCE_STORE, else " RF_STORE_DEFAULT},
	{0},
};

static const struct tool_command commands[] = {
	{"import", "[oci:]DIR[:TAG]", "Verify an image of an OCI layout and unpack its layers",
	 import_options, import_run, 1, 1, false},
	{"mount", "IMAGE TARGET", "Mount an image's layers on a directory, changes kept apart",
	 mount_options, mount_run, 2, 2, false},
	{"umount", "TARGET|ID", "End a mount and remove its changes", umount_options, umount_run, 1, 1,
	 false},
	{"commit", "TARGET|ID IMAGE", "Make the changes of a mount a layer, and an image with it",
	 commit_options, commit_run, 2, 2, false},
	{"ls", "", "List images, layers, mounts and what was left behind", json_options, ls_run, 0, 0,
	 false},
	{"verify", "[IMAGE]", "Hash the blobs of an image, or all there are", json_options, verify_run,
	 0, 1, false},
	{"config", "IMAGE", "Print as JSON how an image wants to be run", json_only_options, config_run,
	 1, 1, false},
	{"rm", "IMAGE", "Forget an image and remove what nothing else needs", json_options, rm_run, 1, 1,
	 false},
	{0},
};

static const struct tool tool = {
	.name = "layerctl",
	.help = "Keep OCI image layers and mount them as a root file system",
	.usage = "[--store DIR] COMMAND [OPTION…] [ARGUMENT…]",
	.options = options,
	.commands = commands,
};

int main(int argc, char **argv)
{
	return tool_main(&tool, argc, argv);
}
