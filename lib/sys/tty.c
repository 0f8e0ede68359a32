// SPDX-License-Identifier: LGPL-2.1-or-later
/* Calls on terminals, sessions and pairs of pseudo terminals. */
#include <errno.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <termios.h>
#include <unistd.h>

#include "sys/sys.h"

#ifndef TIOCGPTPEER
#define TIOCGPTPEER _IO('T', 0x41) /* 4.13 */
#endif

int sys_setsid(void)
{
	return (int)SYS_CALL("setsid", SYS_ACT, SYS_NOFD, NULL, setsid(), "%s", "");
}

int sys_dup2(int fd, int to)
{
	return (int)SYS_CALL("dup2", SYS_ACT, fd, NULL, dup2(fd, to), "%s, %d", sys_at(fd), to);
}

int sys_signalfd(const sigset_t *set)
{
	int fd = (int)SYS_CALL("signalfd4", SYS_MAKE, SYS_NOFD, NULL, signalfd(-1, set, SFD_CLOEXEC | SFD_NONBLOCK),
			       "-1, …, SFD_CLOEXEC|SFD_NONBLOCK");

	if (fd >= 0)
		sys_name_fd(fd, AT_FDCWD, "signals");
	return fd;
}

int sys_pty_unlock(int master_fd)
{
	int locked = 0;

	return (int)SYS_CALL("ioctl", SYS_ACT, master_fd, NULL, ioctl(master_fd, TIOCSPTLCK, &locked),
			     "%s, TIOCSPTLCK, 0", sys_at(master_fd));
}

int sys_pty_number(int master_fd, unsigned *ret_number)
{
	return (int)SYS_CALL("ioctl", SYS_READ, master_fd, NULL, ioctl(master_fd, TIOCGPTN, ret_number),
			     "%d, TIOCGPTN", master_fd);
}

int sys_pty_peer(int master_fd)
{
	int fd = (int)SYS_CALL("ioctl", SYS_MAKE, master_fd, "peer",
			       ioctl(master_fd, TIOCGPTPEER, O_RDWR | O_NOCTTY | O_CLOEXEC),
			       "%s, TIOCGPTPEER, O_RDWR|O_NOCTTY|O_CLOEXEC", sys_at(master_fd));

	if (fd >= 0)
		sys_name_fd(fd, AT_FDCWD, "terminal");
	return fd;
}

int sys_tty_control(int fd)
{
	return (int)SYS_CALL("ioctl", SYS_ACT, fd, NULL, ioctl(fd, TIOCSCTTY, 0), "%s, TIOCSCTTY, 0", sys_at(fd));
}

int sys_tty_group(int fd)
{
	int group = 0;
	int r = (int)SYS_CALL("ioctl", SYS_READ, fd, NULL, ioctl(fd, TIOCGPGRP, &group), "%d, TIOCGPGRP", fd);

	return r < 0 ? r : group;
}

int sys_tty_get_size(int fd, struct winsize *ret_size)
{
	return (int)SYS_CALL("ioctl", SYS_READ, fd, NULL, ioctl(fd, TIOCGWINSZ, ret_size), "%d, TIOCGWINSZ", fd);
}

int sys_tty_set_size(int fd, const struct winsize *size)
{
	return (int)SYS_CALL("ioctl", SYS_ACT, fd, NULL, ioctl(fd, TIOCSWINSZ, size),
			     "%d, TIOCSWINSZ, {%u rows, %u columns}", fd, size->ws_row, size->ws_col);
}

int sys_tty_get(int fd, struct termios *ret_settings)
{
	return (int)SYS_CALL("ioctl", SYS_READ, fd, NULL, tcgetattr(fd, ret_settings), "%d, TCGETS", fd);
}

int sys_tty_set(int fd, const struct termios *settings)
{
	return (int)SYS_CALL("ioctl", SYS_ACT, fd, NULL, tcsetattr(fd, TCSADRAIN, settings), "%d, TCSETSW", fd);
}
