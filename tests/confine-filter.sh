#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Profiles as text, compiled profiles, the trace and learn. A payload makes raw system calls and
# prints what came of each: getppid(2) takes no argument, so any can be tried on it.
. "$(dirname "$0")/lib.sh"
export XDG_CACHE_HOME=$T/cache
mkdir cache
chmod 755 "$T"

DEED=$O/tests/deed # prints what came of each call
# A wrapper of a version manager would count its own calls, and is not everyone's to run.
PY=/usr/bin/python3
[ -x $PY ] || PY=$(python3 -c 'import sys; print(sys.executable)')
call() { confine -s p.txt "$@"; }
deed() { call "$DEED" "$@" 2>&1; }
text() { printf '%s\n' "$@" > p.txt; }

# --- actions
text 'default allow' 'deny E2BIG getppid' 'errno 77 getuid' 'log gettid' 'trace getpid'
equal "deny by name, errno by number, log and trace" "E2BIG EBADFD ok ENOSYS" "$(deed getppid getuid gettid getpid)"
text 'default allow' 'kill getppid'
deed getppid > /dev/null
equal "kill: the process dies by SIGSYS" 159 $?
equal "kill: a thread's call ends the process, too" 159 "$(deed thread getppid > out; echo $?)"
text 'default allow' 'kill-thread getppid'
equal "kill-thread: the thread alone" "the thread is gone" "$(deed thread getppid)"
text 'default allow' 'trap getppid'
equal "trap: a signal that can be caught" "trapped" "$(deed caught getppid | cut -d' ' -f1)"
deed getppid > /dev/null
equal "trap, not caught" 159 $?
text 'default deny EPERM' 'allow @basic @file-read @memory @signals @process @descriptors @ids' 'deny ENOENT getppid'
equal "a group before the rule decides" ok "$(deed getppid)"
text 'default deny EPERM' 'deny ENOENT getppid' 'allow @basic @file-read @memory @signals @process @descriptors @ids'
equal "the rule before the group decides" "ENOENT ok" "$(deed getppid getuid)"
equal "what no line names gets the default's answer" EPERM "$(deed "$([ "$(uname -m)" = x86_64 ] && echo 165 || echo 40),0,0,0,0,0")"
text 'default log'
equal "default log" "ok ok" "$(deed getppid getuid)"

# --- conditions: what holds on the left of /, what does not on the right
while IFS='/' read -r condition yes no; do
	text 'default allow' "deny E2BIG getppid if $condition"
	equal "if $condition" "$(for v in $yes; do printf 'E2BIG '; done)$(for v in $no; do printf 'ok '; done)" \
		"$(deed $(for v in $yes $no; do echo "getppid,$v"; done)) "
done <<'ROWS'
arg0 == 5/5/4 6 0x100000005
arg0 == 0xffffffff/0xffffffff/-1 0x1ffffffff
arg0 == 0x100000005/0x100000005/5 0x100000004 0x200000005
arg0 != 5/4 6 0x100000005 0 -1/5
arg0 != 0x100000000/0 1 0x100000001/0x100000000
arg0 < 5/0 4/5 6 0x100000000 -1
arg0 < 0x100000000/0 0xffffffff/0x100000000 0x100000001 -1
arg0 <= 0x100000000/0 0xffffffff 0x100000000/0x100000001 0x200000000 -1
arg0 > 5/6 0x100000000 -1/5 4 0
arg0 > 0x1ffffffff/0x200000000 -1/0x1ffffffff 0x1fffffffe 5
arg0 >= 0x200000001/0x200000001 0x300000000 -1/0x200000000 0x1ffffffff 0xffffffff
arg0 > 0x7fffffffffffffff/0x8000000000000000 -1/0x7fffffffffffffff 0
arg0 >= 0xffffffffffffffff/-1/-2 0xffffffff
arg0 < 0//0 -1
arg0 >= 0/0 -1/
arg0 & 0x300000003 == 0x100000001/0x100000001 0x500000005/1 0x100000000 0x300000001 0
arg0 & 0xf == SOCK_STREAM/1 0x100000001 0x81/0 2 3
arg0 & CLONE_NEWNS|CLONE_NEWUSER == CLONE_NEWUSER/0x10000000 0x10000001/0x10020000 0x20000 0
arg0 == AF_INET/2/1 10
arg0 == 010/8/10
arg1 == 7/0,7 7,7/7,0 0,0,7
arg2 == 7/0,0,7/7,7,0
arg3 == 7/0,0,0,7/7,7,7,0
arg4 == 7/0,0,0,0,7/7,7,7,7,0
arg5 == 7/0,0,0,0,0,7/7,7,7,7,7,0
arg0 == 1 and arg1 != 2/1,1 1,0x100000002/1,2 2,1
arg0 > 5 and arg0 < 0x100000000/6 0xffffffff/5 0x100000000 -1
arg0 != 1 and arg0 != 2 and arg0 != 3/0 4/1 2 3
ROWS
text 'default allow' 'deny ENOENT getppid if arg0 == 1' 'allow getppid if arg0 < 5' 'deny EIO getppid if arg0 < 9' 'deny E2BIG getppid'
equal "several rules of one call: the first that holds" "ENOENT ok EIO E2BIG" "$(deed getppid,1 getppid,4 getppid,8 getppid,9)"

# --- the language
given "$ON_HOST" on_host
text '# a comment' '' '	default	deny EPERM   # and one behind' 'allow @basic'
check "comments, blanks and tabs" confine -s p.txt true
printf 'default allow\r\ndeny E2BIG getppid\r\n' > p.txt
equal "lines that end as in DOS" E2BIG "$(deed getppid)"
printf 'default allow\ndeny E2BIG getppid' > p.txt
equal "a last line without its end" E2BIG "$(deed getppid)"
while IFS='|' read -r line want; do
	text 'default allow' "$line"
	refuse "refused: $line" 125 "p.txt: line 2: .*$want" confine -s p.txt true
done <<'ROWS'
frob read|a line begins with default, include, allow, .*not "frob"
deny read|an errno is a name like EPERM or a number to 4095, not "read"
deny EFROB read|an errno is a name
deny 4096 read|an errno is a name
deny|deny needs an errno
deny EPERM|names system calls or groups
allow|names system calls or groups
allow opennat|"opennat" is no system call; near it: .*openat
allow zzzzzzzzzz|"zzzzzzzzzz" is no system call \(confine groups
allow @file-raed|"@file-raed" is no group; near it: @file-read
allow @zzzzzzzzzz|is no group \(confine groups lists them
allow read if|a condition begins with arg0 to arg5, not ""
allow if arg0 == 1|names system calls or groups
allow read if arg6 == 1|a condition begins with arg0 to arg5, not "arg6"
allow read if arg0 = 1|is compared by ==, !=, <, <=, >, >= or &, not "="
allow read if arg0|is compared by
allow read if arg0 == |is no number and no name known here: ""
allow read if arg0 == -1|is no number and no name known here: "-1"
allow read if arg0 == 0x10000000000000000|is no number
allow read if arg0 == 1x|is no number
allow read if arg0 == AF_FROB|no name known here: "AF_FROB"
allow read if arg0 == 1_|is no number
allow read if arg0 & 3|after & MASK comes == VALUE
allow read if arg0 & 3 != 1|after & MASK comes == VALUE, not "!="
allow read if arg0 == 1 or arg1 == 2|joined by "and", not "or"
allow read if arg0 == 1 and|a condition begins with
allow read if arg0 & 1 == 2|the mask leaves nothing that could be "2"
default deny EPERM|there is one default
include|include what
include @basic|a group is named in a rule
include no-such.txt extra|include takes one file, not "extra"
ROWS
text 'default allow extra'
refuse "a default with more" 125 'line 1: default takes an action only, not "extra"' confine -s p.txt true
text 'default'
refuse "a default without action" 125 'line 1: a line begins|line 1: default' confine -s p.txt true
text 'allow read'
refuse "no default" 125 'p.txt: has no default' confine -s p.txt true
: > p.txt
refuse "an empty file" 125 'p.txt: (is empty|line 1: not JSON)' confine -s p.txt true
printf 'default allow\nallow read\001\n' > p.txt
refuse "a byte that no text has" 125 'line 2: has a byte that no text has' confine -s p.txt true
printf 'default allow\nallow read\0frob\n' > p.txt
refuse "a byte of 0" 125 'line 2: has a byte that no text has' confine -s p.txt true
{ echo 'default allow'; for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17; do echo "arg0 != $i"; done | paste -sd' ' | sed 's/ arg/ and arg/g; s/^/allow read if /'; } > p.txt
refuse "17 conditions" 125 'line 2: a rule has at most 16 conditions' confine -s p.txt true
sed -i 's/ and arg0 != 17//' p.txt
check "16 conditions" confine -s p.txt true
{ echo 'default allow'; for ((i = 0; i < 1500; i++)); do echo "deny E2BIG getppid if arg0 == $i"; done; } > p.txt
refuse "more than the kernel takes" 125 'it compiles to [0-9]+ instructions, and the kernel takes 4096' confine -s p.txt true
text 'default deny EPERM' 'allow @file-read'
refuse "no execve" 125 'it refuses execve, so no program could be started' confine -s p.txt true
text 'default allow' 'deny EPERM _llseek riscv_flush_icache getppid'
refuse "names of other machines are left out" 0 'not known here and left out: .*(_llseek|riscv_flush_icache)' confine -v -s p.txt true
check "without a word, unless -v is given" sh -c '[ -z "$(confine -s p.txt true 2>&1)" ]'
refuse "the error as JSON" 125 '"note": "line 2: .*frob' sh -c 'printf "default allow\nfrob read\n" > bad.txt; confine --json -s bad.txt true'
given
if [ "$(uname -m)" = x86_64 ]; then
	text 'default allow'
	equal "another architecture's numbers are not let through" 159 "$(deed 1073741934 > /dev/null; echo $?)"
fi
cp "$TOP/examples/seccomp-service.txt" p.txt
check "the example lets python3 work" confine -s p.txt $PY -c 'import socket; socket.socket()'
refuse "and refuses a raw socket" 1 'Address family not supported' confine -s p.txt $PY -c 'import socket; socket.socket(socket.AF_PACKET, socket.SOCK_RAW)'

# --- groups
prints "groups are listed" '^@file-read +Opening' confine groups
equal "a group's calls" "unshare setns" "$(confine groups namespaces | grep -v '^#' | paste -sd' ')"
equal "with its @" "unshare setns" "$(confine groups @namespaces | grep -v '^#' | paste -sd' ')"
refuse "no such group" 2 'confine groups lists them' confine groups frob
bad=''
for group in $(confine groups | sed 's/ .*//'); do
	text 'default allow' "log $group"
	confine -s p.txt true || bad="$bad $group"
	confine groups $group | grep -v '^#' | sort | uniq -d | grep . && bad="$bad $group:twice"
done
equal "each group compiles, and names each call once" '' "$bad"

# --- includes
mkdir -p inc/sub
text 'default allow' 'include inc/a.txt' 'deny EIO getppid getuid getpid'
echo 'include sub/b.txt' > inc/a.txt
echo 'deny E2BIG getppid' > inc/sub/b.txt
equal "include, by the place of the file that includes" "E2BIG EIO" "$(deed getppid getuid)"
echo "include $T/inc/sub/b.txt # by its whole path" > inc/a.txt
equal "by a whole path" "E2BIG EIO" "$(deed getppid getuid)"
prints "the cache was used" 'from the cache' confine --dry-run -s p.txt true
echo 'deny ENOENT getppid' > inc/sub/b.txt
equal "a changed include counts" "ENOENT EIO" "$(deed getppid getuid)"
echo 'frob' >> inc/sub/b.txt
refuse "an error names the included file" 125 "inc/sub/b.txt: line 2: a line begins" confine -s p.txt true
echo 'frob' >> p.txt
echo 'deny ENOENT getppid' > inc/sub/b.txt
refuse "lines after an include are counted on" 125 "p.txt: line 4: a line begins" confine -s p.txt true
echo 'include ../p.txt' > inc/a.txt
refuse "a loop" 125 'inc/a.txt: line 1: a file that includes itself: "../p.txt"' confine -s p.txt true
echo 'include ./a.txt' > inc/a.txt
refuse "a file that includes itself" 125 'inc/a.txt: line 1: a file that includes itself: "./a.txt"' confine -s p.txt true
echo 'include nowhere.txt' > inc/a.txt
refuse "a missing file, and who wants it" 125 'inc/nowhere.txt: .*No such file' confine -s p.txt true
echo 'default allow' > inc/a.txt
refuse "a second default in an include" 125 'inc/a.txt: line 1: there is one default' confine -s p.txt true
for i in 1 2 3 4 5 6 7 8 9 10; do echo "include deep$((i + 1)).txt" > inc/deep$i.txt; done
text 'default allow' 'include inc/deep1.txt'
refuse "nine files deep" 125 'includes nest deeper than 8' confine -s p.txt true
text 'default allow' 'include inc/a.txt'
head -c 4000000 /dev/zero | tr '\0' '#' > inc/a.txt
text 'default allow' 'include inc/a.txt' 'include inc/a.txt'
refuse "too long with what it includes" 125 'with all it includes it is too long' confine -s p.txt true

# --- compiled
text 'default allow' 'deny E2BIG getppid' 'deny EPERM _llseek'
check "compile" confine compile p.txt p.bpf
cp p.txt kept.txt
rm p.txt
equal "a compiled profile needs no source" "E2BIG ok" "$(confine -s p.bpf "$DEED" getppid getuid)"
refuse "it knows what was left out" 0 'not known here and left out: _llseek' confine -v -s p.bpf true
confine compile "$TOP/examples/seccomp-default.json" j.bpf
refuse "of JSON, too" 1 'Operation not permitted' confine -s j.bpf unshare -U true
check "compiling what is compiled" sh -c 'confine compile p.bpf q.bpf && cmp p.bpf q.bpf'
head -c 60 p.bpf > bad.bpf
refuse "truncated" 125 'bad.bpf: is damaged: its checksum or its length' confine -s bad.bpf true
head -c 20 p.bpf > bad.bpf
refuse "truncated in its header" 125 'bad.bpf: is damaged: it ends too early' confine -s bad.bpf true
poke() { cp p.bpf bad.bpf; printf "$2" | dd of=bad.bpf bs=1 seek="$1" conv=notrunc 2> /dev/null; }
poke 60 '\377'
refuse "damaged" 125 'is damaged: its checksum' confine -s bad.bpf true
poke 8 '\11'
refuse "another version" 125 'has the format of another version: compile the profile again' confine -s bad.bpf true
poke 12 '\1'
refuse "another architecture" 125 'was compiled for another architecture' confine -s bad.bpf true
poke 16 '\1'
refuse "a flag that was not there" 125 'is damaged' confine -s bad.bpf true
cat p.bpf p.bpf > bad.bpf
refuse "too long" 125 'is damaged' confine -s bad.bpf true
refuse "nowhere to write to" 1 'nowhere/p.bpf|compile' confine compile kept.txt nowhere/p.bpf
refuse "compile what is no profile" 1 'line 1' sh -c 'echo frob > bad.txt; confine compile bad.txt x.bpf'
check "and nothing is written" test ! -e x.bpf
refuse "compile wants two words" 2 'missing argument|OUT' confine compile kept.txt

# --- trace
text 'default allow' '' 'deny E2BIG getppid if arg0 == 1' 'deny EIO getppid' 'kill getuid' 'log gettid' 'trap getpid'
trace() { confine --trace=t -s p.txt "$DEED" "$@"; }
equal "the trace changes nothing of what is refused" "E2BIG EIO ok" "$(trace getppid,1 getppid,2 gettid)"
check "each call has its line" sh -c 'grep -q "\"deed\" getppid(0x1, .*: deny E2BIG, by p.txt:3$" t && grep -q "getppid(0x2, .*: deny EIO, by p.txt:4$" t && grep -q "gettid(.*: log, by p.txt:6$" t'
check "and all are counted" grep -Eq '^total [0-9]+:.* getppid 2,.*gettid|^total [0-9]+:.* gettid [0-9]+.* getppid 2' t
rm t; trace getuid
equal "kill is done for it" 159 $?
check "and told of" grep -q 'getuid(.*: kill, by p.txt:5$' t
rm t; trace getpid > /dev/null 2>&1
equal "trap, not caught" 159 $?
equal "trap, caught" "trapped" "$(trace caught getpid | cut -d' ' -f1)"
equal "--trace-only lets all go" "ok ok ok ok" "$(confine --trace=t2 --trace-only -s p.txt "$DEED" getppid,1 getuid gettid getpid)"
check "and says what would have been" grep -q 'getuid(.*: would be kill, by p.txt:5$' t2
text 'default deny EPERM' 'allow @basic @file-read @memory @signals @process @descriptors @ids'
confine --trace=t3 -s p.txt mkdir d 2> err
equal "what no line names: the default" "deny EPERM, by default" "$(sed -n 's/.*mkdir(.*"d": //p; s/.*mkdirat(.*"d": //p' t3)"
check "the program's own message is its own" grep -q 'cannot create directory' err
refuse "without FILE: on standard error" 1 'pointing to \(may have changed\) "d": deny EPERM, by default' confine --trace -s p.txt mkdir d
equal "--trace=fd:N, and the program does not get it" "0 1 2" \
	"$(confine --trace=fd:7 -s p.txt ls /proc/self/fd 7> t4 | grep -v '^3$' | paste -sd' ')"
check "it is written" grep -q '^total 0:' t4
refuse "a descriptor that is not open" 125 '"fd:99" is not an open descriptor' confine --trace=fd:99 -s p.txt true
refuse "fd: without a number" 125 'is not an open descriptor' confine --trace=fd:x -s p.txt true
refuse "a file that can't be made" 125 'nowhere/t: .*No such file' confine --trace=nowhere/t -s p.txt true
refuse "no profile" 125 'need a profile: give --seccomp' confine --trace true
refuse "no profile either" 125 'need a profile: give --seccomp' confine --trace-only true
confine --trace=t5 --json -s p.txt mkdir d 2> err
check "as JSON, a line each" python3 -c '
import json
*lines, last = map(json.loads, open("t5"))
assert last["total"] == len(lines) == 1, last
e = lines[0]
assert e["syscall"] in ("mkdir", "mkdirat") and e["action"] == "deny EPERM" and e["done"] is True and e["decided_by"] == "default", e
assert e["path_may_have_changed"] == "d" and e["comm"] == "mkdir" and len(e["args"]) == 6 and e["pid"] > 1, e'
printf '%s' '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["sync"], "action": "SCMP_ACT_LOG"}, {"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}' > p.json
refuse "JSON's entries are named, too" 1 'deny ENOSPC, by syscalls\[1\]' confine --trace -s p.json mkdir d
check "the refused call was not done" test ! -e d
confine compile p.txt p.bpf
refuse "a compiled profile has no lines" 1 '"d": deny EPERM, by ' confine --trace -s p.bpf mkdir d
text 'default allow' 'log mkdir mkdirat'
equal "the exit code is the program's" 7 "$(confine --trace=t6 -s p.txt sh -c 'exit 7'; echo $?)"
confine --trace=t6 -s p.txt sh -c 'kill -USR1 $$' 2> /dev/null
equal "and its signal" $((128 + 10)) $?
equal "no such program" 127 "$(confine --trace=t6 -s p.txt /no/such/program 2> /dev/null; echo $?)"
confine --trace=t7 -s p.txt sh -c '(while [ ! -e go ]; do sleep 0.05; done; mkdir e) & exit 3' &
pid=$!
check "a child in the background" await 10 sh -c 'pgrep -P '$pid' || [ -d /proc/'$pid' ]'
touch go
wait $pid
equal "is served when the program has ended, and the code kept" "3 1" "$? $(grep -c 'mkdir.*"e": log' t7)"
confine --trace=t8 -s p.txt sh -c 'trap "exit 9" TERM; : > ready; while :; do sleep 0.05; done' &
pid=$!
await 10 test -e ready
kill -TERM $pid
wait $pid
equal "SIGTERM goes to the program" 9 $?
confine --trace=t9 -s p.txt sh -c ': > ready2; exec sleep 777' &
pid=$!
await 10 test -e ready2
kill -KILL $pid
wait $pid 2> /dev/null
check "SIGKILL of confine ends the program" await 10 sh -c '! pgrep -f "^sleep 777$"'
if root; then
	rm -f t10; : > t10; chmod 666 t10; chmod 644 p.txt
	nobody "$O/tools/confine" --trace="$T/t10" -s p.txt sh -c 'mkdir /tmp/rf-none/x 2> /dev/null; exit 5'
	equal "as nobody" "5 1" "$? $(grep -c '"/tmp/rf-none/x": log' t10)"
fi
prints "a dry run shows the step" 'have a supervisor asked' confine --dry-run --trace=t11 -s p.txt true
check "and makes no file" test ! -e t11
refuse "no program of a trace is written" 125 'a program that is traced has a second process' confine --emit=c --trace -s p.txt true
refuse "nor of learn" 125 'a program that is traced has a second process' confine --emit=c learn true
RINGFENCE_FAULT=seccomp=EBUSY refuse "a supervisor above us" 125 'has a supervisor already' confine --trace=t12 -s p.txt true
RINGFENCE_FAULT=socketpair=EMFILE refuse "no socket" 125 'socketpair' confine --trace=t12 -s p.txt true
RINGFENCE_FAULT=recvmsg=ENOMEM refuse "the listener does not come" 125 'recvmsg' confine --trace=t12 -s p.txt true
# A record is a write(2): under the filter it waits for the supervisor, who must have the listener by then.
text 'default log'
equal "a filter that asks about every call, with records" "went well" "$(RINGFENCE_TRACE=t14 confine --trace=t15 -s p.txt echo went well)"
check "with --explain" confine --explain --trace=t16 -s p.txt true
check "its records are calls like the program's" grep -Eq 'write\(.*: log, by default' t16

# io_uring does its calls in the kernel: no filter sees them, so no trace either.
cat > uring.py <<'PY'
import ctypes, mmap, os, struct, sys
libc = ctypes.CDLL(None, use_errno=True)
params = ctypes.create_string_buffer(120)
fd = libc.syscall(425, 4, params)
if fd < 0:
    sys.exit(9)
sq_off = struct.unpack_from("8I", params, 40)
entries, = struct.unpack_from("I", params, 0)
ring = mmap.mmap(fd, sq_off[6] + entries * 4, offset=0)
sqes = mmap.mmap(fd, entries * 64, offset=0x10000000)
path = ctypes.create_string_buffer(sys.argv[1].encode())
sqes[0:64] = struct.pack("<BBHiQQIIQ24x", 37, 0, 0, -100, 0, ctypes.addressof(path), 0o755, 0, 1)
struct.pack_into("I", ring, sq_off[6], 0)
struct.pack_into("I", ring, sq_off[1], 1)
libc.syscall(426, fd, 1, 1, 1, None, 0)
PY
given "io_uring is refused here" $PY uring.py "$T/by-ring0"
text 'default allow' 'deny EPERM mkdir mkdirat'
confine --trace=t13 -s p.txt $PY uring.py "$T/by-ring"
check "io_uring makes a directory that the profile refuses" test -d by-ring
check "and no trace sees it" grep -q '^total 0:' t13
given

# --- learn
while IFS='|' read -r name code command; do
	eval "confine learn -o l.txt -- $command" > /dev/null 2>&1
	equal "learn $name: the exit code is kept" "$code" $?
	eval "confine -s l.txt -- $command" > /dev/null 2> err; r=$?
	equal "$name runs under what was learnt of it" "$code:" "$r:$(cat err)"
	eval "confine learn --format oci -o l.json -- $command" > /dev/null 2>&1
	equal "learn $name as OCI: the exit code is kept" "$code" $?
	eval "confine -s l.json -- $command" > /dev/null 2>&1
	equal "$name runs under that, too" "$code" $?
done <<'ROWS'
true|0|true
a shell with children|4|sh -c 'ls / | wc -l; (sleep 0.01; mkdir -p lx) & wait; exit 4'
python3|3|$PY -c 'import threading, sys; t = threading.Thread(target=print); t.start(); t.join(); sys.exit(3)'
ROWS
confine learn -o l.txt "$PY" -I -c 'import os; os.waitpid(os.posix_spawn("/bin/true", ["true"], {}), 0)' 2> err
check "clone without clone3 is said to libc as ENOSYS" sh -c 'grep -q -w clone3 l.txt || ! grep -q -w clone l.txt'
confine learn -o l.txt sh -c :
refuse "what was not used is refused" 2 "can't cd" confine -s l.txt sh -c 'cd /'
confine learn -o l.txt true
check "only what was used is in it" sh -c '! grep -q -w mkdir l.txt && grep -q "^default deny EPERM" l.txt && grep -q "^# Learnt by confine learn from one run of: true" l.txt'
prints "to standard output" '^default deny EPERM' confine learn true
check "a line break in an argument ends no comment" sh -c 'confine learn -o l2.txt sh -c "true
frob" 2> /dev/null; confine -s l2.txt true'
confine learn -o more.txt --merge l.txt mkdir d2
check "--merge keeps what was there" sh -c 'head -n $(wc -l < l.txt) more.txt | cmp - l.txt'
check "and adds what is missing" sh -c 'confine -s more.txt mkdir d3 && confine -s more.txt true'
confine learn -o same.txt --merge more.txt mkdir d4
check "a second merge of the same adds nothing" cmp more.txt same.txt
refuse "--merge with JSON" 125 'only text profiles can be merged' confine learn --merge l.txt --format oci true
refuse "--merge of JSON" 125 'is no text profile' confine learn --merge p.json true
refuse "--merge of nothing" 125 'nowhere.txt: .*No such file' confine learn --merge nowhere.txt true
refuse "no such program" 127 'no such program' confine learn -o l3.txt /no/such/program
check "and no profile of it" test ! -e l3.txt
refuse "--output can't be written" 125 'nowhere' confine learn -o nowhere/l.txt true
confine learn -o l4.txt sh -c 'kill -TERM $$' 2> /dev/null
equal "a signal is kept" 143 $?
if root; then
	equal "as nobody" "0 1" "$(nobody "$O/tools/confine" learn sh -c 'id -u' 2>&1 > l5.txt; echo "$? $(grep -c '^default' l5.txt)")"
fi
given
finish
