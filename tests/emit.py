#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0-or-later
# emit.py [--from-plan] TOOL-TRACE PROGRAM-TRACE: did a tool and the program that its --emit=c printed make the same
# system calls? Both are written by `strace -f -s 4096 -o`. For each process, in the order in which they
# were made: the same calls, arguments, objects and results up to the program's execve. Prints the
# difference and exits 1 where there is one.
#
# Descriptors and pids are compared by the call that made them. Left out, on either side:
#   memory and start-up of libc    no plan asks for it (LIBC, START)
#   what asks for own ids          looks only at the process itself (LIBC)
#   all before SIGPIPE is ignored  the tool reads its options; the program has none
#   with --from-plan, all before the program's first call: what the tool has read to decide on the plan
#   nsjoin's exec of itself        what it runs from is no part of what it does (lib/proc/seal.c)
#   what a pid is told by          who makes a child for another owner says more of it to the tool
#   the pipe of reports            the second that a fork makes: the program's child speaks for itself, and says
#                                  only, where it goes on as another process, which that is
#   standard error                 errors are worded otherwise, and perror() looks at where they go first
#   capget without data            libcap asks which version the kernel speaks
#   readlink of /proc/self/fd/N    a record of the tool names what a failing call stood on
#   fcntl with F_GETFD             is a descriptor open that an option names? Then the plan may have it
#   closes before its end          when a process ends, its descriptors do
#   how it is copied               between a terminal and its own, in as many pieces as the program writes
#   how often they wait            wait4, rt_sigtimedwait, and reads and writes of statuses come as often as
#                                  signals come together or apart: the loop is one entry
import difflib
import re
import sys

LIBC = set("""brk mmap munmap mprotect mremap arch_prctl set_tid_address set_robust_list rseq getrandom
getpid getuid geteuid getgid getegid gettid clock_gettime restart_syscall""".split())
START = re.compile(r'prlimit64\(0, RLIMIT_STACK, NULL|readlink(at)?\((AT_FDCWD, )?"/proc/self/exe"')
MAKES_FD = set("""openat openat2 open_tree open_tree_attr fsopen fsmount fspick pidfd_open socket memfd_create
landlock_create_ruleset""".split())
FD_ARGS = {"move_mount": (0, 2), "linkat": (0, 2), "renameat2": (0, 2), "symlinkat": (1,)}
FD_FIRST = set("""landlock_add_rule landlock_restrict_self close read write pread64 pwrite64 openat openat2 open_tree fsconfig fsmount fstat fstatfs
newfstatat fchdir ioctl fcntl mount_setattr setns pidfd_send_signal execveat mkdirat mknodat unlinkat
fchmod fchmodat fchown fchownat readlinkat faccessat ftruncate dup2""".split())
ANSWERS = {"fstatfs": 1, "fstat": 1, "newfstatat": 2, "capget": 1, "rt_sigaction": 2, "readlinkat": 2, "getcwd": 0}
WAITS = {"wait4", "rt_sigtimedwait"}
COPIES = {"poll", "read", "write", "ioctl"}


def read_calls(path):
    """(pid, call, arguments as text, result) as they began, halves put together."""
    halves, calls = {}, []
    for line in open(path, errors="replace"):
        m = re.match(r"(\d+) +(.*)", line)
        pid, text = m.group(1), m.group(2)
        if text.startswith(("---", "+++")):
            continue
        m = re.match(r"<\.\.\. \S+ resumed>(.*)", text)
        if m:
            i = halves.pop(pid)
            calls[i] = (pid, calls[i][1] + m.group(1))
        elif text.endswith("<unfinished ...>"):
            halves[pid] = len(calls)
            calls.append((pid, text.removesuffix("<unfinished ...>")))
        else:
            calls.append((pid, text))
    for pid, text in calls:
        m = re.match(r"(\w+)\((.*)\)\s+= (\S+)(.*)", text)
        if m:
            yield pid, m.group(1), m.group(2), m.group(3), text
        elif text.startswith(("exit", "execve", "kill")):
            # It did not come back.
            yield pid, text.split("(")[0], re.sub(r"\)\s*=.*|\)$", "", text.split("(", 1)[1]), "?", text


def split(args):
    out, depth, now, quoted, i = [], 0, "", False, 0
    while i < len(args):
        c = args[i]
        if quoted:
            if c == "\\":
                now += c
                i += 1
                c = args[i]
            elif c == '"':
                quoted = False
        elif c == '"':
            quoted = True
        depth += not quoted and c in "({["
        depth -= not quoted and c in ")}]"
        if c == "," and not depth and not quoted:
            out.append(now.strip())
            now = ""
        else:
            now += c
        i += 1
    return out + [now.strip()]


class Process:
    def __init__(self, parent=None):
        self.parent = parent
        self.fds = dict(parent.fds) if parent else {}
        self.pids = dict(parent.pids) if parent else {}
        self.made = parent.made if parent else 0
        self.entries, self.gone, self.begun = [], False, parent is not None
        self.blocked, self.pipes = False, 0
        self.status = None  # where an init says how the program ends
        self.copies = False

    def label(self, call):
        self.made += 1
        return f"<{call} {self.made}>"


def name_arguments(p, call, args):
    for i in FD_ARGS.get(call, (0,) if call in FD_FIRST else ()):
        if i < len(args):
            args[i] = p.fds.get(args[i], args[i])
    if call in ("wait4", "kill", "pidfd_open"):
        args[0] = p.pids.get(args[0], args[0])
    text = ", ".join(args)
    text = re.sub(r"\b(fd|parent_fd|userns_fd|cgroup)=(\d+)", lambda m: f"{m[1]}={p.fds.get(m[2], m[2])}", text)
    text = re.sub(r'"/proc/(\d+)', lambda m: '"/proc/' + p.pids.get(m[1], m[1]), text)
    text = re.sub(r"/proc/self/fd/(\d+)", lambda m: "/proc/self/fd/" + p.fds.get(m[1], m[1]), text)
    return re.sub(r"0x[0-9a-f]{6,}", "ADDRESS", text)


def one_call(p, call, args, result):
    """The entry of a call, or None where it is left out; what it makes gets its label."""
    if call == "pipe2":
        ends = re.findall(r"\d+", args)[:2]
        p.pipes += p.blocked
        label = "<report>" if p.pipes == 2 else "<pid>" if p.pipes == 4 else p.label("pipe")
        for i, end in enumerate(ends):
            p.fds[end] = f"{label}[{i}]"
        return None if p.pipes == 2 else "pipe2(O_CLOEXEC) = 0"
    words = split(args)
    p.blocked |= call == "rt_sigprocmask" and words[0] == "SIG_BLOCK"
    if call == "pidfd_open" and p.blocked:
        p.pipes = 3
        words[0] = "self"
    first = p.fds.get(words[0], "")
    if "<pid>" in first and call in ("read", "write"):
        return f"{call}({first})"
    if "<report>" in first and call in ("read", "write", "close"):
        return None
    if call == "dup" and words[0] == "2":
        p.fds[result] = "2"
        return None
    if call == "capget" and words[1] == "NULL" or call in FD_FIRST and "2" in (first, words[0]):
        return None
    if call == "fcntl" and words[1] == "F_GETFD":
        return None
    if call == "readlink" and words[0].startswith('"/proc/self/fd/'):
        return None
    p.copies |= call == "signalfd4"
    if p.copies and call in COPIES or call in WAITS or (call in ("read", "write") and first and first == p.status):
        return "waits"
    text = name_arguments(p, call, words[:ANSWERS.get(call, len(words))])
    if call == "write" and '{\\"pid\\": ' in text:
        text = re.sub(r'(\\"(?!inside|outside|count)\w+\\": )\d+', r"\1N", text)
    if call == "fcntl" and "F_SETOWN" in text:
        p.status = first
        text = f"{first}, F_SETOWN, self"
    if call == "kill" and not words[0].startswith("-") and words[0] not in p.pids:
        text = "self, " + words[1]
    if call == "setsid":
        result = "self"
    if call == "close":
        p.fds.pop(words[0], None)
    if call in MAKES_FD and result.isdigit() and "LANDLOCK_CREATE_RULESET_VERSION" not in args:
        made = p.label(call)
        p.fds[result] = made
        result = made
    if call in ("clone3", "clone", "fork", "vfork") and result.isdigit() and result != "0":
        maker = p.parent if "CLONE_PARENT" in text and p.parent else p
        maker.pids[result] = p.pids[result] = result = f"<process {len(maker.pids) + 1}>"
        text = re.sub(r", child_tidptr=\w+|child_tid=\w+", "", text)
    return f"{call}({text}) = {result}"


def processes(path, is_tool):
    order, forks = {}, []
    for pid, call, args, result, whole in read_calls(path):
        if pid not in order:
            # The next process is that of the next fork.
            order[pid] = forks.pop(0) if forks else Process()
        p = order[pid]
        if call == "execve" and not p.entries and not p.begun:
            p.begun = not is_tool
            continue
        if not p.begun:
            p.begun = call == "rt_sigaction" and args.startswith("SIGPIPE, {sa_handler=SIG_IGN")
            continue
        if call in ("clone3", "clone", "fork", "vfork"):
            # What the program starts is no more of the plan's than itself.
            forks.append(Process(p))
            forks[-1].gone = p.gone
        if p.gone or call in LIBC or START.match(whole):
            continue
        entry = one_call(p, call, args, result)
        if entry and not (entry == "waits" and p.entries[-1:] == ["waits"]):
            p.entries.append(entry)
        p.gone = call in ("execve", "execveat") and result == "0"
        if p.gone and is_tool and call == "execveat" and '["nsjoin", ' in args:
            # It has executed itself again, from a place that can't be written to (lib/proc/seal.c).
            order[pid] = Process()
    for p in order.values():
        while len(p.entries) > 1 and p.entries[-1].startswith("exit_group") and p.entries[-2].startswith("close("):
            del p.entries[-2]
    return [p for p in order.values() if p.entries or not p.gone]


from_plan = sys.argv[1] == "--from-plan"
tool, program = processes(sys.argv[1 + from_plan], True), processes(sys.argv[2 + from_plan], False)
if from_plan and program[0].entries[0] in tool[0].entries:
    tool[0].entries = tool[0].entries[tool[0].entries.index(program[0].entries[0]):]
bad = len(tool) != len(program)
if bad:
    print(f"the tool has {len(tool)} processes, the program {len(program)}")
for n, (a, b) in enumerate(zip(tool, program), 1):
    diff = list(difflib.unified_diff(a.entries, b.entries, f"process {n} of the tool", f"process {n} of the program", lineterm="", n=1))
    print("\n".join(diff[:30]), end="\n" if diff else "")
    bad = bad or bool(diff) or not a.entries
if "-v" in sys.argv:
    for n, p in enumerate(tool, 1):
        print(f"process {n}:", *p.entries, sep="\n  ")
sys.exit(bad)
