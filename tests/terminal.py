#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
"""Someone at a terminal: terminal.py SCENARIO [WORD…]

A pair of pseudo terminals, a program that leads a session on it, keys and answers. Each scenario
prints what it has seen in one line. Nothing sleeps: an answer that does not come in 20 s is an error.
"""
import fcntl
import os
import re
import select
import signal
import struct
import sys
import termios
import time

OUTER, INNER = "outer> ", "inner> "


class Terminal:
    def __init__(self, *argv, rows=33, columns=77):
        self.master, self.slave = os.openpty()
        self.seen = ""
        self.resize(rows, columns)
        self.before = termios.tcgetattr(self.slave)
        self.pid = os.fork()
        if not self.pid:
            os.setsid()
            fcntl.ioctl(self.slave, termios.TIOCSCTTY, 0)
            for fd in range(3):
                os.dup2(self.slave, fd)
            os.closerange(3, 20)
            for sig in (signal.SIGPIPE, signal.SIGINT, signal.SIGHUP, signal.SIGTERM):
                signal.signal(sig, signal.SIG_DFL)
            os.environ.update(PS1=OUTER, TERM="dumb")
            os.execvp(argv[0], argv)

    def resize(self, rows, columns):
        fcntl.ioctl(self.master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def type(self, text):
        os.write(self.master, text.encode())

    def expect(self, pattern, end=False):
        """The match; what stands before it is forgotten."""
        until = time.monotonic() + 20
        while True:
            found = re.search(pattern, self.seen)
            if found:
                self.seen = self.seen[found.end():]
                return found
            left = until - time.monotonic()
            if left <= 0 or not select.select([self.master], [], [], left)[0]:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit("no %r in %r" % (pattern, self.seen))
            self.seen += os.read(self.master, 4096).decode(errors="replace").replace("\r", "")

    def line(self, command, pattern, prompt=OUTER):
        self.type(command + "\n")
        found = self.expect(pattern)
        self.expect(re.escape(prompt))
        return found

    def until(self, condition):
        until = time.monotonic() + 20
        while not condition():
            if time.monotonic() > until:
                os.kill(self.pid, signal.SIGKILL)
                sys.exit("it does not come to it: %r" % self.seen)
            select.select([self.master], [], [], 0.02)

    def raw(self):
        return not termios.tcgetattr(self.slave)[3] & termios.ICANON

    def settings(self):
        return "as before" if termios.tcgetattr(self.slave) == self.before else "changed"

    def end(self):
        """Its end, as a shell tells it; what it has said meanwhile is in `seen`."""
        while True:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                break
            if select.select([self.master], [], [], 0.02)[0]:
                self.seen += os.read(self.master, 4096).decode(errors="replace").replace("\r", "")
        while select.select([self.master], [], [], 0)[0]:
            self.seen += os.read(self.master, 4096).decode(errors="replace").replace("\r", "")
        return os.waitstatus_to_exitcode(status)


def shells(*words):
    """A shell at the terminal, and in it one in a sandbox."""
    t = Terminal("bash", "--norc", "--noediting", "-i")
    t.expect(re.escape(OUTER))
    t.type("PS1='%s' nsrun %s --pty bash --norc --noediting -i\n" % (INNER, " ".join(words)))
    t.expect(r"\n" + re.escape(INNER))
    return t


def size(*words):
    script = "stty size; trap 'stty size; exit 0' WINCH; echo ready; while :; do sleep 0.02; done"
    t = Terminal("nsrun", *words, "--pty", "bash", "-c", script)
    first = t.expect(r"(\d+ \d+)\n").group(1)
    t.expect("ready")
    t.until(t.raw)
    t.resize(44, 88)
    second = t.expect(r"(\d+ \d+)\n").group(1)
    print(first, second, t.end())


def job_control(*words):
    t = shells(*words)
    t.type("cat\n")
    t.expect("cat\n")
    t.type("one\n")
    t.expect("one\none\n")
    t.type("\x1a")
    stopped = t.expect(r"\[1\]\+ +(\w+)").group(1)
    t.expect(re.escape(INNER))
    t.type("fg\n")
    t.expect("cat\n")
    t.type("two\n")
    t.expect("two\ntwo\n")
    t.type("\x03")
    t.expect(re.escape(INNER))
    code = t.line("echo code $?", r"\ncode (\d+)", INNER).group(1)
    t.type("exit 7\n")
    t.expect(re.escape(OUTER))
    print(stopped, code, t.line("echo code $?", r"\ncode (\d+)").group(1), "raw" if t.raw() else "cooked")
    t.type("exit\n")
    t.end()


def stop(*words):
    """The inner shell is stopped from within: so is nsrun, and the outer shell has its terminal."""
    t = shells(*words)
    inside = "raw" if t.raw() else "cooked"
    t.type("kill -STOP $$; echo on\n")
    state = t.expect(r"\[1\]\+ +(\w+)").group(1)
    t.expect(re.escape(OUTER))
    outside = "raw" if t.raw() else "cooked"
    t.type("fg\n")
    t.expect(r"\non\n")
    t.expect(re.escape(INNER))
    t.until(t.raw)
    t.line("echo back", r"\nback\n", INNER)
    t.type("exit\n")
    t.expect(re.escape(OUTER))
    print(inside, state, outside, "raw" if t.raw() else "cooked")
    t.type("exit\n")
    t.end()


def background(*words):
    """In the background it leaves the terminal alone, until it is in the foreground."""
    t = Terminal("bash", "--norc", "--noediting", "-i")
    t.expect(re.escape(OUTER))
    t.line("nsrun %s --pty bash -c 'echo here; read x; echo got $x' &" % " ".join(words), r"here")
    t.line("echo mine", r"\nmine\n")
    state = "raw" if t.raw() else "cooked"
    t.type("fg\n")
    t.until(t.raw)
    t.type("word\r")
    got = t.expect(r"got (\w+)").group(1)
    t.expect(re.escape(OUTER))
    print(state, got)
    t.type("exit\n")
    t.end()


def ends(script, name, *words):
    """A signal to nsrun (or none), and what it leaves."""
    t = Terminal("nsrun", *words, "--pty", "bash", "-c", script)
    if name:
        t.expect("ready")
        t.until(t.raw)
        os.kill(t.pid, getattr(signal, name))
    code = t.end()
    print(" ".join([str(code), t.settings()] + t.seen.split()))


INJECT = r'''
import ctypes, os
libc = ctypes.CDLL(None)
done = 0
try:
    own = os.open("/dev/tty", os.O_RDWR)
except OSError:
    own = 0
for fd in [0, 1, 2, own]:
    for byte in b"X\n":
        for request in (0x5412, 0x5412 | 1 << 32):
            done += libc.syscall(16, fd, ctypes.c_ulong(request), ctypes.byref(ctypes.c_char(byte))) == 0
    # TIOCLINUX: paste the selection.
    for request in (0x541c, 0x541c | 1 << 32):
        libc.syscall(16, fd, ctypes.c_ulong(request), ctypes.byref(ctypes.c_char(3)))
print("injected", done > 0)
'''


def inject(*words):
    """How many bytes that nobody has typed wait in the terminal's input when it is over."""
    t = Terminal("nsrun", *words, "python3", "-c", INJECT)
    t.expect("injected (True|False)")
    t.end()
    waiting = struct.unpack("i", fcntl.ioctl(t.slave, termios.FIONREAD, b"\0\0\0\0"))[0]
    print("some" if waiting else "none")


globals()[sys.argv[1].replace("-", "_")](*sys.argv[2:])
