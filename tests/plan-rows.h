/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sandboxes, and the steps that each of them is; rows for test_plan.c. */
#ifndef TESTS_PLAN_ROWS_H
#define TESTS_PLAN_ROWS_H

#include <ringfence/sandbox.h>
#include <sched.h>
#include <sys/mount.h>

static char *const program[] = {(char *)"/bin/true", (char *)"x", NULL};
static const int two_fds[] = {5, 9};
static const struct rf_pin net_pin[] = {{CLONE_NEWNET, "/f"}};
static const char *const interpreter[] = {":x:M::y::/z:"};

static const struct rf_mount_op some_mounts[] = {
	{.kind = RF_MOUNT_BIND, .source = "/usr", .target = "/x", .attrs = RF_MOUNT_RO},
	{.kind = RF_MOUNT_TMPFS, .target = "/tmp", .has_mode = true, .mode = 01777},
	{.kind = RF_MOUNT_MASK, .target = "proc"},
};
static const struct rf_mount_op shifted[] = {
	{.kind = RF_MOUNT_BIND, .source = "/home", .target = "/home", .attrs = RF_MOUNT_IDMAP},
};

#define NEWALL                                                                                     \
	(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | \
	 CLONE_NEWCGROUP | CLONE_NEWTIME)
#define END "close-descriptors\nexec /bin/true x\n"
#define CHILD_END                                                                                  \
	"child: close-descriptors\nchild: die-with-caller SIGKILL\nchild: exec /bin/true x\n"
#define MEET "release\nchild: await-release\n"

/* What is wanted beside a program to run, the maps as text, and the plan it must become. */
static const struct {
	const char *name;
	struct rf_sandbox box;
	const char *uids, *gids;
	const char *as_user, *as_root; /* NULL: as the other */
} rows[] = {
	{"nothing", {0}, "", "", END, NULL},
	{"a mount namespace", {.namespaces = CLONE_NEWNS}, "", "",
	 "unshare CLONE_NEWNS\npropagation private\n" END, NULL},
	{"propagation unchanged", {.namespaces = CLONE_NEWNS, .propagation = RF_UNCHANGED}, "", "",
	 "unshare CLONE_NEWNS\n" END, NULL},
	{"propagation without a mount namespace", {.propagation = MS_SLAVE}, "", "", END, NULL},
	{"slave", {.namespaces = CLONE_NEWNS, .propagation = MS_SLAVE}, "", "",
	 "unshare CLONE_NEWNS\npropagation slave\n" END, NULL},
	{"mounts in the caller's tree", {.mounts = some_mounts, .n_mounts = 3}, "", "",
	 "unshare CLONE_NEWNS\npropagation private\nopen-sources\nbind /usr on /x, ro\ntmpfs /tmp, mode 1777\n"
	 "mask proc\nrenew-wd\n" END, NULL},
	{"a new /proc before what is masked in it", {.mounts = some_mounts, .n_mounts = 3, .proc = "/proc"}, "", "",
	 "unshare CLONE_NEWNS\npropagation private\nopen-sources\nbind /usr on /x, ro\ntmpfs /tmp, mode 1777\n"
	 "mount-proc /proc\nmask proc\nrenew-wd\n" END, NULL},
	{"an empty root", {.mounts = some_mounts, .n_mounts = 1, .empty_root = true, .root_ro = true, .proc = "/proc"}, "", "",
	 "unshare CLONE_NEWNS\npropagation private\nopen-sources\nempty-root\nbind /usr on /x, ro\n"
	 "mount-proc /proc\nread-only /\npivot-root\n" END, NULL},
	{"mounts in a root", {.mounts = some_mounts, .n_mounts = 2, .root = "/r"}, "", "",
	 "unshare CLONE_NEWNS\npropagation private\nattach-root /r\nopen-sources\nbind /usr on /x, ro\n"
	 "tmpfs /tmp, mode 1777\npivot-root\n" END, NULL},
	{"mounts with shifted owners", {.mounts = shifted, .n_mounts = 1}, "0:100000:10", "0:100000:10",
	 "idmap-sources /home\nfork CLONE_NEWUSER|CLONE_NEWNS\ndeny-setgroups\nwrite-uid-map 0 100000 10\n"
	 "write-gid-map 0 100000 10\n" MEET "child: propagation private\nchild: open-sources\n"
	 "child: file-ids uid 0, gid 0\nchild: bind /home on /home, idmap\nchild: renew-wd\nchild: become uid 0, gid 0\n" CHILD_END,
	 "idmap-sources /home\nfork CLONE_NEWUSER|CLONE_NEWNS\nwrite-uid-map 0 100000 10\n"
	 "write-gid-map 0 100000 10\n" MEET "child: propagation private\nchild: open-sources\n"
	 "child: file-ids uid 0, gid 0\nchild: bind /home on /home, idmap\nchild: renew-wd\nchild: become uid 0, gid 0\n" CHILD_END},
	{"own ids", {0}, "0:1000:1", "0:1000:1",
	 "unshare CLONE_NEWUSER\ndeny-setgroups\nwrite-uid-map 0 1000 1\nwrite-gid-map 0 1000 1\n" END,
	 "fork CLONE_NEWUSER\nwrite-uid-map 0 1000 1\nwrite-gid-map 0 1000 1\n" MEET
	 "child: become uid 0, gid 0\n" CHILD_END},
	{"a user id map alone", {0}, "7:1000:1", "",
	 "unshare CLONE_NEWUSER\nwrite-uid-map 7 1000 1\n" END,
	 "fork CLONE_NEWUSER\nwrite-uid-map 7 1000 1\n" MEET "child: become uid 7\n" CHILD_END},
	{"wide maps", {0}, "0:100000:10,20:200000:5", "0:100000:10",
	 "fork CLONE_NEWUSER\ndeny-setgroups\nwrite-uid-map 0 100000 10, 20 200000 5\n"
	 "write-gid-map 0 100000 10\n" MEET "child: become uid 0, gid 0\n" CHILD_END,
	 "fork CLONE_NEWUSER\nwrite-uid-map 0 100000 10, 20 200000 5\n"
	 "write-gid-map 0 100000 10\n" MEET "child: become uid 0, gid 0\n" CHILD_END},
	{"wide maps that hold the caller", {0}, "0:0:2000", "0:0:2000",
	 "fork CLONE_NEWUSER\ndeny-setgroups\nwrite-uid-map 0 0 2000\nwrite-gid-map 0 0 2000\n" MEET
	 CHILD_END,
	 "fork CLONE_NEWUSER\nwrite-uid-map 0 0 2000\nwrite-gid-map 0 0 2000\n" MEET CHILD_END},
	{"another user, own group kept", {.has_uid = true, .uid = 5}, "0:0:2000", "0:0:2000",
	 "fork CLONE_NEWUSER\ndeny-setgroups\nwrite-uid-map 0 0 2000\nwrite-gid-map 0 0 2000\n" MEET
	 "child: become uid 5\n" CHILD_END,
	 "fork CLONE_NEWUSER\nwrite-uid-map 0 0 2000\nwrite-gid-map 0 0 2000\n" MEET
	 "child: become uid 5\n" CHILD_END},
	{"another group, no map", {.has_gid = true, .gid = 6}, "", "", "become gid 6\n" END, NULL},
	{"setgroups denied though no map asks for it",
	 {.namespaces = CLONE_NEWUSER, .setgroups = RF_SETGROUPS_DENY}, "", "",
	 "unshare CLONE_NEWUSER\ndeny-setgroups\n" END, NULL},
	{"a pid namespace with its proc", {.namespaces = CLONE_NEWPID, .proc = "/proc"}, "", "",
	 "status-pipe\nfork CLONE_NEWNS|CLONE_NEWPID\n" MEET "child: propagation private\n"
	 "child: mount-proc /proc\nchild: die-with-caller SIGKILL\nchild: init\n"
	 "child: close-descriptors\nchild: exec /bin/true x\n", NULL},
	{"a pid namespace without init", {.namespaces = CLONE_NEWPID, .no_init = true}, "", "",
	 "fork CLONE_NEWPID\n" MEET CHILD_END, NULL},
	{"clocks of its own", {.boottime = {-5, 7, true}}, "", "",
	 "fork\n" MEET "child: unshare CLONE_NEWTIME\nchild: time-offsets boottime -5 7\n"
	 "child: be-born\n" CHILD_END, NULL},
	{"clocks and pids", {.namespaces = CLONE_NEWPID | CLONE_NEWUTS, .no_init = true, .monotonic = {1, 0, true}}, "", "",
	 "fork CLONE_NEWUTS\n" MEET "child: unshare CLONE_NEWPID|CLONE_NEWTIME\n"
	 "child: time-offsets monotonic 1 0\nchild: be-born\n" CHILD_END, NULL},
	{"those who wait", {.block_fd = 8, .info_fd = 9, .keep_caps = true}, "", "",
	 "fork\ntell descriptor 9\n" MEET "child: keep-capabilities\nchild: close-descriptors\n"
	 "child: die-with-caller SIGKILL\nchild: block descriptor 8\nchild: exec /bin/true x\n", NULL},
	{"a time namespace", {.namespaces = CLONE_NEWTIME}, "", "",
	 "fork CLONE_NEWTIME\n" MEET CHILD_END, NULL},
	{"fork alone", {.fork = true}, "", "", "fork\n" MEET CHILD_END, NULL},
	{"a program that outlives", {.fork = true, .kill_signal = -1}, "", "",
	 "fork\n" MEET "child: close-descriptors\nchild: exec /bin/true x\n", NULL},
	{"a gentle end", {.fork = true, .kill_signal = SIGTERM}, "", "",
	 "fork\n" MEET
	 "child: close-descriptors\nchild: die-with-caller SIGTERM\nchild: exec /bin/true x\n", NULL},
	{"a new root", {.root = "/srv", .proc = "/proc", .workdir = "/home"}, "", "",
	 "unshare CLONE_NEWNS\npropagation private\nattach-root /srv\nmount-proc /proc\npivot-root\n"
	 "chdir /home\n" END, NULL},
	{"a host name", {.hostname = "inside"}, "", "",
	 "unshare CLONE_NEWUTS\nhostname inside\n" END, NULL},
	{"a network", {.namespaces = CLONE_NEWNET}, "", "",
	 "unshare CLONE_NEWNET\nloopback-up\n" END, NULL},
	{"a network that is down", {.namespaces = CLONE_NEWNET, .loopback_down = true}, "", "",
	 "unshare CLONE_NEWNET\n" END, NULL},
	{"descriptors", {.pass_fds = two_fds, .n_pass_fds = 2}, "", "",
	 "close-descriptors\npass-descriptor 5\npass-descriptor 9\nexec /bin/true x\n", NULL},
	{"an outer program", {.root = "/srv", .outer_program = true}, "", "",
	 "open-program /bin/true\nunshare CLONE_NEWNS\npropagation private\nattach-root /srv\n"
	 "pivot-root\n" END, NULL},
	{"a network that is kept", {.pins = net_pin, .n_pins = 1, .loopback_down = true}, "", "",
	 "fork CLONE_NEWNET\npin-namespace net at /f\n" MEET CHILD_END, NULL},
	{"a set, beside a file", {.pins = net_pin, .n_pins = 1, .namespaces = CLONE_NEWUTS, .pin_set = "blue", .loopback_down = true}, "", "",
	 "pin-set /run/ringfence/ns/blue\nfork CLONE_NEWNET|CLONE_NEWUTS\npin-namespace net at /f\n"
	 "pin-namespace net at /run/ringfence/ns/blue/net\npin-namespace uts at /run/ringfence/ns/blue/uts\n" MEET CHILD_END, NULL},
	{"a time namespace that is kept: when there is one", {.pin_set = "./d", .monotonic = {.seconds = 5, .set = true}}, "", "",
	 "pin-set ./d\nfork\n" MEET "child: unshare CLONE_NEWTIME\nchild: time-offsets monotonic 5 0\nchild: be-born\n"
	 "child: arrive\nawait-arrival\npin-namespace time at ./d/time\n" MEET CHILD_END, NULL},
	{"in a group", {.cgroup = "/a//b/"}, "", "",
	 "cgroup-hold /a/b\ncgroup-open\nfork\n" MEET "child: cgroup-join\n" CHILD_END, NULL},
	{"in a group that is the root of what it sees", {.cgroup = "a", .namespaces = CLONE_NEWCGROUP}, "", "",
	 "cgroup-hold /a\ncgroup-open\nfork\n" MEET "child: cgroup-join\nchild: unshare CLONE_NEWCGROUP\n" CHILD_END, NULL},
	{"a terminal", {.pty = true}, "", "",
	 "pty-open\nfork\n" MEET "child: pty-stdio\nchild: pty-session\n" CHILD_END, NULL},
	{"a terminal, behind an init", {.pty = true, .namespaces = CLONE_NEWPID}, "", "",
	 "pty-open\nstatus-pipe\nfork CLONE_NEWPID\n" MEET "child: pty-stdio\nchild: die-with-caller SIGKILL\nchild: init\n"
	 "child: pty-session\nchild: close-descriptors\nchild: exec /bin/true x\n", NULL},
	{"an owner", {.has_owner = true, .owner_uid = 7, .owner_gid = 8}, "", "",
	 "fork CLONE_NEWUSER, owned by 7:8\n" MEET CHILD_END, NULL},
	{"an interpreter", {.interpreters = interpreter, .n_interpreters = 1}, "", "",
	 "unshare CLONE_NEWUSER|CLONE_NEWNS\npropagation private\n"
	 "mount-binfmt /proc/sys/fs/binfmt_misc, :x:M::y::/z:\n" END, NULL},
};

#endif
