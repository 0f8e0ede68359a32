// SPDX-License-Identifier: LGPL-2.1-or-later
/* The keys of the table that BPF programs keep: which file does which. */
#include <ringfence/net.h>

#include "probe/pins.h"

static bool is_net(const struct cgroup_key *key)
{
	return str_eq(key->pub.controller, "net");
}

static int keep_read(const struct cgroup *g, const struct cgroup_key *key, char **ret_text)
{
	return is_net(key) ? net_read(g, key, ret_text) : devices_read(g, key, ret_text);
}

static int keep_write(const struct cgroup *g, const struct cgroup_key *key, const char *text)
{
	return is_net(key) ? net_write(g, key, text) : devices_write(g, key, text);
}

static const struct cgroup_keeper keeper = {.read = keep_read, .write = keep_write};

void rf_cgroup_use_bpf(struct rf_cgroup_fs *fs)
{
	fs->keeper = &keeper;
}
