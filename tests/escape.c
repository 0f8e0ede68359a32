// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The classic way out of chroot(2): a second chroot leaves the working directory outside of the
 * root, from where ".." leads up to the real one. escape FILE: 0 and "out" where FILE, a path of
 * the outer root, can then be seen; 1 and "in" where it can't.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
	int r = mkdir("way-out", 0755) | chroot("way-out");

	for (int i = 0; i < 100; i++)
		r |= chdir("..");
	r |= chroot(".");
	r = access(argv[argc - 1], F_OK) ? 1 : 0;
	puts(r ? "in" : "out");
	return r;
}
