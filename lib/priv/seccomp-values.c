// SPDX-License-Identifier: LGPL-2.1-or-later
/* Names of argument values that profiles tell calls apart by. Those of unistd-like numbers only. */
#include "priv/seccomp.h"

#include <errno.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>

#include "base/cleanup.h"
#include "base/str.h"

#define NAMED(name) {#name, name}

static const struct {
	const char *name;
	uint64_t value;
} values[] = {
	NAMED(AF_UNSPEC), NAMED(AF_UNIX), NAMED(AF_INET), NAMED(AF_INET6), NAMED(AF_NETLINK),
	NAMED(AF_PACKET), NAMED(AF_ALG), NAMED(AF_VSOCK), NAMED(AF_BLUETOOTH),
	NAMED(SOCK_STREAM), NAMED(SOCK_DGRAM), NAMED(SOCK_RAW), NAMED(SOCK_SEQPACKET),
	NAMED(SOCK_NONBLOCK), NAMED(SOCK_CLOEXEC),
	NAMED(CLONE_VM), NAMED(CLONE_FS), NAMED(CLONE_FILES), NAMED(CLONE_THREAD),
	NAMED(CLONE_VFORK), NAMED(CLONE_NEWNS), NAMED(CLONE_NEWUSER), NAMED(CLONE_NEWPID),
	NAMED(CLONE_NEWNET), NAMED(CLONE_NEWIPC), NAMED(CLONE_NEWUTS), NAMED(CLONE_NEWCGROUP),
	NAMED(CLONE_NEWTIME),
	NAMED(O_RDONLY), NAMED(O_WRONLY), NAMED(O_RDWR), NAMED(O_ACCMODE), NAMED(O_CREAT),
	NAMED(O_TRUNC), NAMED(O_APPEND), NAMED(O_PATH), NAMED(O_DIRECTORY),
	NAMED(PROT_READ), NAMED(PROT_WRITE), NAMED(PROT_EXEC),
	NAMED(MAP_SHARED), NAMED(MAP_PRIVATE), NAMED(MAP_ANONYMOUS), NAMED(MAP_FIXED),
	NAMED(S_ISUID), NAMED(S_ISGID), NAMED(S_IFMT), NAMED(S_IFCHR), NAMED(S_IFBLK),
	NAMED(TIOCSTI), NAMED(TIOCLINUX), NAMED(TIOCSCTTY),
	NAMED(PR_SET_NAME), NAMED(PR_SET_DUMPABLE), NAMED(PR_SET_SECCOMP), NAMED(PR_CAPBSET_DROP),
	NAMED(PR_SET_NO_NEW_PRIVS), NAMED(PR_SET_PDEATHSIG), NAMED(PR_SET_MM),
	NAMED(SIGKILL), NAMED(SIGTERM), NAMED(SIGSTOP), NAMED(SIGINT), NAMED(SIGHUP),
};

int seccomp_value(const char *name, uint64_t *ret_value)
{
	for (size_t i = 0; i < array_size(values); i++) {
		if (!str_eq(values[i].name, name))
			continue;
		*ret_value = values[i].value;
		return 0;
	}
	return -ENOENT;
}
