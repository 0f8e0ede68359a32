#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --emit=c: the program that is printed compiles without a warning, ends as the tool ends, prints what it
# prints, and makes the same system calls (emit.py says what is compared).
. "$(dirname "$0")/lib.sh"
host_only

command -v busybox > /dev/null || skip_all "busybox-static is not installed"
command -v cc > /dev/null || skip_all "no C compiler"
[ -z "${RINGFENCE_FAULT:-}" ] && answers 435 && answers 437 && answers 428 && answers 442 && answers 436 ||
	skip_all "newer calls are refused here, and the program has no older means"
chmod 755 "$T"
mkdir -p root/bin root/proc
cp "$(command -v busybox)" root/bin/busybox
for a in sh hostname ls; do ln -s busybox root/bin/$a; done
nsrun -r true 2> .err || skip_all "no user namespaces here: $(cat .err)"
code() { "$@" > "$T/.out" 2> "$T/.err"; echo $?; }

# Compiling takes long, in an emulated machine above all. Warnings are of the text, which is the same everywhere.
WARNINGS="-std=gnu17 -Wall -Wextra -Werror" OPTIMIZE=-O2
[ -z "${RINGFENCE_VM:-}${SOURCES_TESTED:-}" ] && ! sanitized nsrun || OPTIMIZE=-O0
# program FILE TOOL ARGUMENT…: print, compile with each compiler, link.
program() {
	local to=$1; shift
	"$1" --emit=c "${@:2}" > "$to.c" || return 1
	cc $WARNINGS $OPTIMIZE -static -o "$to" "$to.c" || return 1
	[ $OPTIMIZE = -O0 ] || ! command -v clang > /dev/null || clang $WARNINGS -O2 -fsyntax-only "$to.c"
}
# As the tool: what is printed, how it ends.
ends_alike() {
	"${RUN_AS[@]}" "$@" > tool.out 2> tool.err; tool=$?
	"${RUN_AS[@]}" ./program > program.out 2> program.err; got=$?
	[ $tool -eq $got ] || { echo "the tool ends with $tool, the program with $got: $(cat program.err)" >&2; return 1; }
	cmp tool.out program.out >&2
}
# As the tool: the calls.
calls_alike() {
	"${RUN_AS[@]}" strace -f -s 4096 -o tool.calls "$@" > /dev/null 2>&1
	"${RUN_AS[@]}" strace -f -s 4096 -o program.calls ./program > /dev/null 2>&1
	"$TOP/tests/emit.py" "${FROM_PLAN[@]}" tool.calls program.calls
}
differs() { calls_alike "$@" > differs.out; [ $? -eq 1 ] && grep -q '^+++ process' differs.out; }
RUN_AS=() FROM_PLAN=()
no_calls=
if sanitized nsrun; then no_calls="the sanitizers make calls of their own"
elif ! command -v strace > /dev/null; then no_calls="strace is not installed"
elif ! strace -f -o /dev/null true 2> /dev/null; then no_calls="ptrace is refused here"; fi

# same NAME TOOL ARGUMENT…
same() {
	local name=$1; shift
	rm -f program program.c
	check "$name: compiles" program program "$@"
	[ -x program ] || [ -n "$SKIP_WHY" ] || return 0
	check "$name: ends alike" ends_alike "$@"
	if [ -n "$no_calls" ] && [ -z "$SKIP_WHY" ]; then skip "$name: the same calls" "$no_calls"
	else check "$name: the same calls" calls_alike "$@"; fi
}

# The same on every kernel.
anywhere() { if ! on_host; then skip "$1" "$ON_HOST"; else same "$@"; fi; }

# --- as whoever runs the tests
same "root in a user namespace" nsrun -r true
anywhere "and a mount namespace" nsrun -r -m true
anywhere "mount and pid namespace" nsrun -r -m -p sh -c 'echo $$'
same "its own proc" nsrun -r -p --mount-proc sh -c 'echo $$ $(cat /proc/1/comm > /dev/null; echo $?)'
same "all, with a root" nsrun --all -r --root "$T/root" --mount-proc --hostname x /bin/sh -c 'hostname; ls /; echo $$'
anywhere "an own root and a way in it" nsrun -r --root "$T/root" -w /bin /bin/sh -c 'pwd'
same "kept capabilities" nsrun -c --keep-caps sed -n 's/^Cap/&/p' /proc/self/status
anywhere "clocks" nsrun -r --monotonic 1000.5 cat /proc/self/timens_offsets
same "clocks and pids" nsrun -r -p --boottime 100 --monotonic -1 sh -c 'echo $$; cat /proc/self/timens_offsets'
anywhere "a working directory" nsrun -r -w /usr pwd
anywhere "a descriptor that is passed" nsrun -r --pass-fd 0 --pass-fd 1 cat /dev/null
anywhere "one that is told of it" nsrun -r -p --info-fd 7 true 7> told
check "is told by the program" sh -c './program 7> told && jq -e "(.namespaces | length) == 8 and .uid_map[0].count == 1 and .gid_map[0].inside == 0 and .pid > 1 and .pidfd_inode > 0" told'
anywhere "one that is waited for" nsrun -r --block-fd 3 true 3< /dev/null
anywhere "a program from outside" nsrun -r --root "$T/root" --outer-program busybox echo hi
anywhere "an environment" nsrun -r --clear-env --setenv 'A=x "y" ??=' --setenv 'PATH=/usr/bin:/bin' env
anywhere "a host name" nsrun -r --hostname 'a-b.c' sh -c 'uname -n'
anywhere "a network" nsrun -r -n sh -c 'cat /proc/net/dev | wc -l'
anywhere "without init" nsrun -r -p --no-init sh -c 'echo $$'
anywhere "one that outlives" nsrun -r -f --no-kill-child true
anywhere "propagation" nsrun -r -m --propagation slave true
anywhere "an exit code, in place" nsrun -r sh -c 'exit 7'
anywhere "an exit code, forked" nsrun -r -f sh -c 'exit 8'
anywhere "an exit code, with init" nsrun -r -p sh -c 'exit 9'
anywhere "a signal" nsrun -r -f sh -c 'kill -TERM $$'
same "a signal, with init" nsrun -r -p sh -c 'kill -USR1 $$'
anywhere "a program that is not there" nsrun -r no-such-program
anywhere "a terminal of its own" nsrun -r --pty sh -c 'for i in 0 1 2; do [ -t $i ] && echo yes; done; cat; ps -o tpgid= -p $$ | grep -c "^ *$$\$"'
anywhere "and an init" nsrun -r -p --mount-proc --pty sh -c 'ps -o sid=,tpgid= -p $$; exit 3'
# Mount points are made where they are missing, as what is mounted there; what follows depends on what was mounted before.
EMPTY=(-r --empty-root --bind /usr --symlink usr/lib:/lib --symlink usr/lib64:/lib64 --symlink usr/bin:/bin)
same "an empty root" nsrun "${EMPTY[@]}" --bind /etc/passwd --tmpfs /tmp --dir /tmp/x:700 --dev /dev --bind /usr/bin/true:/a/b/c sh -c 'umask; ls -ld /tmp/x /a/b/c /dev/null; ls /'
anywhere "and the kernel's own file systems" nsrun "${EMPTY[@]}" -p -n -i --proc /proc --mask proc --read-only proc --mask /usr/share --sysfs /sys --mqueue /mq --tmpfs /sys/kernel --root-ro sh -c 'ls /usr/share /sys/kernel; echo $$; echo > /f'
mkdir lower1 lower2 upper work && echo 1 > lower1/f
anywhere "layers" nsrun "${EMPTY[@]}" --overlay "/o:lower=$T/lower1,lower=$T/lower2" --bind /usr/bin/true:/o/f --read-only /o sh -c 'ls /o'
anywhere "what a descriptor stands for" nsrun "${EMPTY[@]}" --bind-fd 7:/a/f cat /a/f 7< lower1/f
printf '%2000s' x > long; : > nothing
opened() { "$@" 7< long 8< nothing 9< lower1/f; }
RUN_AS=(opened)
anywhere "files from descriptors" nsrun "${EMPTY[@]}" --file 7:/f --file 8:/g --file 9:/h:600 sh -c 'cat /f /g /h; stat -c %a /f /h' 7< nothing 8< nothing 9< nothing
RUN_AS=()
anywhere "all of the old root" nsrun -r --empty-root --bind / --tmpfs "$T" sh -c 'ls -A "$1"' sh "$T"
check "a mount point that stays: compiles" program program nsrun -r --root "$T/root" --bind /usr/bin:/made/here /bin/sh -c 'umask'
check "is made" ./program
check "and may be there" ./program
check "it is" test -d root/made/here
rm -r root/made
anywhere "words that C would take apart" nsrun -r printf '%s|' 'a"b\c' '??=' '*/' '/*' $'\t\n\001é'
check "a program that is not there, in a child: compiles" program program nsrun -r -f no-such-program
equal "and ends alike" "127" "$(code ./program)"
check "one that can't be run, in a child: compiles" program program nsrun -r -f /etc/passwd
equal "it ends alike" "126" "$(code ./program)"

# --- as root
given "must be root: maps ids that are not its own" root
same "wide maps" nsrun --map-users 0:100000:10,20:200000:5 --map-groups 0:100000:10 sh -c 'cat /proc/self/uid_map; id -u'
anywhere "another user" nsrun --map-users 0:0:100 --map-groups 0:0:100 -S 5 -G 6 id
anywhere "a user without a namespace" nsrun -S 65534 -G 65534 id
anywhere "another owner" nsrun --owner 1234:1235 -n --map-users 0:1234:1 --map-groups 0:1235:1 sh -c 'id -u; cat /proc/self/uid_map'
anywhere "another owner, an init and clocks" nsrun --owner 1234:1235 -p --monotonic 5 --map-users 0:1234:1 --map-groups 0:1235:1 sh -c 'echo $$; exit 3'
anywhere "mount and pid, without a user namespace" nsrun -m -p --mount-proc sh -c 'echo $$'
given

# --- as an ordinary user
chmod 777 "$T"
if root; then RUN_AS=(setpriv --reuid 65534 --regid 65534 --clear-groups); fi
# The maps name who prints.
same_as_nobody() {
	local name=$1; shift
	rm -f program program.c tool.* program.*
	nobody "$@" > /dev/null 2>&1 || { not_ok "$name" "the tool fails: $*"; return; }
	check "$name: compiles" program_of_nobody "$@"
	check "$name: ends alike" ends_alike "$@"
	if [ -n "$no_calls" ]; then skip "$name: the same calls" "$no_calls"; else check "$name: the same calls" calls_alike "$@"; fi
}
program_of_nobody() { nobody "$1" --emit=c "${@:2}" > program.c && cc $WARNINGS $OPTIMIZE -static -o program program.c; }
same_as_nobody "nobody as root" nsrun -r sh -c 'id -u'
same_as_nobody "nobody with everything" nsrun --all -r --root "$T/root" --mount-proc --hostname x /bin/sh -c 'hostname; ls /; echo $$'
same_as_nobody "nobody with capabilities" nsrun -c --keep-caps sed -n 's/^Cap/&/p' /proc/self/status
RUN_AS=()

# --- other tools, which look at what there is before they make their plan
FROM_PLAN=(--from-plan)
nsrun -r -m -n -u --hostname joined sh -c 'echo > up; exec sleep 100' & target=$!
await 5 test -s up
anywhere "nsjoin" nsjoin -t $target -U -m -n -u sh -c 'uname -n; id -u'
same "nsjoin, all" nsjoin -t $target -a sh -c 'readlink /proc/self/ns/net'
kill $target; wait $target 2> /dev/null
given "must be root: leaves what only root has" root
same "confine" confine --drop sys_admin,net_raw --no-new-privs sed -n 's/^Cap/&/p' /proc/self/status
anywhere "confine with limits" confine --nice 5 --rlimit nofile=64:128 --rlimit core=0: --umask 027 --oom-score-adj 100 sh -c 'ulimit -Sn; ulimit -Hn; ulimit -c; umask; nice; cat /proc/self/oom_score_adj'
anywhere "confine with a policy" confine --sched fifo:3 --reset-on-fork --ioprio be:3 --affinity 0 grep Cpus_allowed: /proc/self/status
anywhere "confine with what stays of a policy" confine --reset-on-fork true
anywhere "confine with memory's place" confine --mempolicy bind:0 true
anywhere "or its default, and the rest" confine --mempolicy default --timerslack 1ms --no-thp --personality addr-no-randomize cat /proc/self/personality
anywhere "confine as another" confine --reuid 65534 --regid 65534 --clear-groups sh -c 'id; grep ^Cap /proc/self/status'
anywhere "as another whose capabilities stay" confine --reuid 65534 --keep net_bind_service --ambient net_bind_service --securebits +noroot --pdeathsig TERM sed -n 's/^Cap/&/p' /proc/self/status
if [ "$(confine --explain --best-effort --fs rx:/ true 2>&1 | sed -n 's/.*ABI \([0-9]*\).*/\1/p')" -ge 4 ] 2> /dev/null; then
	anywhere "confine within paths and ports" confine --fs rx:/ --fs ro:/etc/passwd --tcp-bind 80 sh -c 'cat /etc/passwd; (echo > nothing) 2> /dev/null; echo $?'
else skip "confine within paths and ports" "this kernel's Landlock has no rules on ports"; fi
same "confine with a filter" confine --no-cache --seccomp "$TOP/examples/seccomp-default.json" true
FROM_PLAN=()
given

# --- what compares must see what differs
[ -z "$no_calls" ] || given "$no_calls" false
check "a program for another plan" program program nsrun -r -m true
check "makes other calls" differs nsrun -r true
check "or the same with other arguments" differs nsrun -r -m --propagation slave true
given

# --- while it runs
ask() { python3 - "$@"; }
check "a program to send signals to" program program nsrun -r -p sh -c 'echo up; exec sleep 100'
equal "a signal for it is the program's" TERM "$(ask << 'PY'
import signal, subprocess
p = subprocess.Popen(["./program"], stdout=subprocess.PIPE)
p.stdout.readline()
p.terminate()
r = p.wait()
print(signal.Signals(-r).name[3:] if r < 0 else "exit %d" % r)
PY
)"
equal "killed, it takes the program along" gone "$(ask << 'PY'
import subprocess
p = subprocess.Popen(["./program"], stdout=subprocess.PIPE)
p.stdout.readline()
p.kill()
p.wait()
# Whoever lives holds the other end.
print("gone" if p.stdout.read() == b"" else "there")
PY
)"
check "a program that stops" program stopper nsrun -r -p sh -c "echo up > '$T/stop.up'; kill -STOP \$\$; echo on > '$T/stop.on'"
./stopper & stopped=$!
check "with it, it stops" await 5 sh -c "ps -o stat= -p $stopped | grep -q ^T"
kill -CONT $stopped
check "and goes on with it" await 5 test -s stop.on
wait $stopped
check "a program with orphans" program orphans nsrun -r -p --mount-proc sh -c '(sleep 0.01 &); i=0; while grep -qs "State:.*Z" /proc/[0-9]*/status || [ $i -lt 20 ]; do i=$((i + 1)); sleep 0.01; [ $i -lt 300 ] || exit 1; done'
check "its orphans are reaped" ./orphans

# Someone at a terminal, before whom the printed program stands in the place of nsrun.
mkdir printed
cat > printed/nsrun << SHIM
#!/bin/sh
"$(command -v nsrun)" --emit=c "\$@" > "$T/printed/p.c" && cc -o "$T/printed/p" "$T/printed/p.c" && exec "$T/printed/p"
SHIM
chmod +x printed/nsrun
at() { PATH=$T/printed:$PATH timeout 60 python3 "$TOP/tests/terminal.py" "$@" 2>&1; }
given "$ON_HOST" on_host
for way in "-r" "-r -p --mount-proc"; do
	equal "its terminal has a size, and a new one ($way)" "33 77 44 88 0" "$(at size $way)"
	equal "^Z, fg, ^C inside; exit code; settings after ($way)" "Stopped 130 7 cooked" "$(at job-control $way)"
	equal "when it stops it gives the terminal back ($way)" "raw Stopped cooked cooked" "$(at stop $way)"
done
equal "settings after an end" "3 as before said" "$(at ends 'echo said; exit 3' '' -r)"
equal "what it can't pass on is an error" 125 "$(code sh -c "exec '$T/printed/nsrun' -r --pty echo much > /dev/full")"
given

# --- what it looks like, and what it refuses
prints "the command stands on top" "^ \* nsrun --emit=c -r sh -c 'exit 0'" nsrun --emit=c -r sh -c 'exit 0'
prints "each step has its reason" 'Until user ids inside stand for ids outside' nsrun --emit=c -r true
check "nothing is done" sh -c "nsrun --emit=c -r touch '$T/touched' > /dev/null; test ! -e '$T/touched'"
refuse "another language" 125 '--emit: "rust" is not one of c' nsrun --emit=rust -r true
refuse "two ways to tell" 125 'exclude each other' nsrun --emit=c --explain -r true
refuse "what is no part of the plan" 125 'no part of a plan' nsrun --emit=c -r --timeout 5s true
refuse "a report, too" 125 'no part of a plan' nsrun --emit=c -r --report fd:1 true
refuse "a plan that fails here" 125 'none.*No such file' nsrun --emit=c -r --root "$T/none" true
refuse "as JSON" 125 '"error": .*no part of a plan' nsrun --json --emit=c -r --timeout 5s true
refuse "a full disk" 125 'No space' sh -c 'nsrun --emit=c -r true > /dev/full'

# Every call that a step of nsrun or confine can make has a row, or stands here with a reason.
check "every call has a row" ask << PY
import re
from pathlib import Path
top = Path("$TOP")
WITHOUT = {
	"fdopendir": "reads directories only to undo",
	"pread64": "of undo and reading", "lseek": "of reading",
	"prlimit64": "the older means of close_range", "statx": "the older means of openat2",
	"open_by_handle_at": "of a namespace that is named by its id: refused, and said so",
	"uname": "of reading", "rt_sigtimedwait": "of the init, whose part is always the same",
	"signalfd4": "of the copying at a terminal, as well",
}
# Whose plans are refused, and said so: whose environment it is.
REFUSED = {"step-environment"}
wrappers, calls_of = {}, {}
for f in [*top.glob("lib/sys/*.c"), top / "lib/priv/caps.c"]:
	for m in re.finditer(r"^(?:static )?[\w* ]+?\b(\w+)\([^;{]*\)\n{(.*?)^}", f.read_text(), re.M | re.S):
		calls_of[m[1]] = set(re.findall(r'SYS_CALL\("(\w+)"', m[2]))
def source_of(name):
	return top / "lib" / (name + ".c")
seen, todo = set(), []
for builder in "sandbox", "confine":
	for kind in re.findall(r"\bstep_\w+", source_of("plan/" + builder).read_text()):
		todo += [f for f in top.glob("lib/plan/step-*.c") if f.stem not in REFUSED and re.search(r"struct step_kind %s = " % kind, f.read_text())]
while todo:
	f = todo.pop()
	if f in seen or not f.exists():
		continue
	seen.add(f)
	todo += [source_of(h) for h in re.findall(r'#include "((?:base|mount|proc|ns|idmap|priv)/\w+)\.h"', f.read_text())]
missing = set()
rows = set(re.findall(r'^\t\{"(\w+)",', (top / "tools/emit-c-rows.c").read_text(), re.M))
made = set()
for f in seen | {top / "lib/priv/caps.c"}:
	for w in set(re.findall(r"\b(\w+)\(", f.read_text())):
		made |= calls_of.get(w, set())
print(len(seen), "files,", len(made), "calls,", len(rows), "rows; without a row:", made - rows - WITHOUT.keys())
raise SystemExit(len(seen) < 5 or len(made) < 20 or bool(made - rows - WITHOUT.keys()))
PY
finish
