#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsrun, nsjoin, nsls and confine beside util-linux's unshare, nsenter, lsns and setpriv: the same words
# must do the same. Each case runs both and compares exit code and output. Where they differ on purpose, the
# case says which it is: a defect of theirs, or a choice of ours that the manual page tells.
#
# UTIL_LINUX=FOLDER takes the peers from there, such as the newest that `make check-suites` has built
# (build/suites/util-linux/bin). What a version of theirs has changed is told by `till` and `since`.
. "$(dirname "$0")/lib.sh"
host_only
[ -z "${UTIL_LINUX:-}" ] || [ -x "$UTIL_LINUX/unshare" ] || skip_all "no unshare in $UTIL_LINUX"
[ -z "${UTIL_LINUX:-}" ] || PATH=$UTIL_LINUX:$PATH

chmod 755 "$T"
for p in unshare nsenter lsns setpriv; do command -v $p > /dev/null || skip_all "$p is not installed"; done
unshare -r true 2> .err || skip_all "no user namespaces here: $(cat .err)"
KINDS="user mnt pid net ipc uts cgroup time"
for k in $KINDS; do export "OUT_$k=$(readlink /proc/self/ns/$k)"; done
# Printed inside: which kinds are new there.
export NEW='for k in user mnt pid net ipc uts cgroup time; do eval "was=\$OUT_$k"; [ "$(readlink /proc/self/ns/$k)" = "$was" ] || printf "%s " $k; done; echo'

# What a command prints and how it ends, in one text; a signal as a shell sees it.
STDIN=/dev/null
ending() { local out code; out=$(timeout 20 "$@" 2> "$T/.err2" < "$STDIN"); code=$?; echo "$out [$code]"; }
# same NAME OURS THEIRS ARGUMENT…: both end alike and print the same.
same() {
	[ -z "$SKIP_WHY" ] || { skip "$1" "$SKIP_WHY"; return; }
	local name=$1 us=$2 them=$3; shift 3
	local a b; a=$(ending $us "$@"); b=$(ending $them "$@")
	if [ "$a" = "$b" ]; then ok "$name"; else not_ok "$name" "$us: $a" "$them: $b" "$(cat "$T/.err2")"; fi
}
# differ NAME WHOSE REASON WANT OURS THEIRS ARGUMENT…: ours is WANT, theirs is not (any more: a failure, too).
differ() {
	[ -z "$SKIP_WHY" ] || { skip "$1" "$SKIP_WHY"; return; }
	local name=$1 whose=$2 reason=$3 want=$4 us=$5 them=$6; shift 6
	local a b; a=$(ending $us "$@"); b=$(ending $them "$@")
	if [ "$a" != "$want" ]; then not_ok "$name" "want: $want" "$us: $a"
	elif [ "$b" = "$want" ]; then not_ok "$name: no difference any more ($whose: $reason)"
	else ok "$name ($whose: $reason)"; echo "# $them: $(tr '\n' ' ' <<< "$b" | cut -c 1-100)"; fi
}
# till VERSION differ…, since VERSION differ…: only with a util-linux before it, or from it on; with the
# others both are the same. 2.38 and 2.41 were compared; what came between counts as 2.41's.
THEIRS=$(unshare --version | sed 's/.* //')
older() { [ "$THEIRS" != "$1" ] && [ "$(printf '%s\n' "$THEIRS" "$1" | sort -V | head -n 1)" = "$THEIRS" ]; }
till() { local v=$1; shift; if older "$v"; then "$@"; else same "$2 (theirs is mended by $v)" "$6" "$7" "${@:8}"; fi; }
since() { local v=$1; shift; if older "$v"; then same "$2" "$6" "$7" "${@:8}"; else "$@"; fi; }
echo "# util-linux $THEIRS"
run() { local n=$1; shift; same "unshare $n" "nsrun" "unshare" "$@"; }

echo "# new namespaces"
for row in m:mount:mnt u:uts:uts i:ipc:ipc n:net:net U:user:user C:cgroup:cgroup; do
	IFS=: read -r letter word kind <<< "$row"
	run "-r -$letter: which are new" -r "-$letter" sh -c "$NEW"
	run "-r --$word: which are new" -r "--$word" sh -c "$NEW"
	run "-r -$letter -f: which are new" -r "-$letter" -f sh -c "$NEW"
	given "needs root" root
	run "-$letter without a user namespace" "-$letter" sh -c "$NEW"
	run "-$letter, exit code" "-$letter" sh -c 'exit 23'
	given "refused to an ordinary user" sh -c '[ "$(id -u)" != 0 ]'
	[ "$kind" = user ] || { [ -n "$SKIP_WHY" ] && skip "-$letter is refused" "$SKIP_WHY" || differ "-$letter is refused" chosen "a failure before the program is 125, not 1" " [125]" nsrun unshare "-$letter" true; }
	given
done
for row in p:pid T:time; do
	IFS=: read -r letter kind <<< "$row"
	run "-r -$letter -f: which are new" -r "-$letter" -f sh -c "$NEW"
	run "-r --$kind --fork: which are new" -r "--$kind" --fork sh -c "$NEW"
done
run "-r -T without -f: children are in it" -r -T sh -c "$NEW"
differ "-r -p without -f: the program is in it" chosen "a pid namespace implies --fork" "user pid  [0]" nsrun unshare -r -p sh -c "$NEW"
differ "pid 1" chosen "an init is pid 1, which reaps and passes signals on" "2 [0]" nsrun unshare -r -p -f sh -c 'echo $$'
same "pid 1, without that init" "nsrun --no-init" unshare -r -p -f sh -c 'echo $$'
run "several at once" -r -m -u -i -n -C sh -c "$NEW"
run "letters in one word" -rmuinC sh -c "$NEW"
run "all eight" -r -m -u -i -n -C -p -T -f sh -c "$NEW"
run "none" sh -c "$NEW"
run "-f alone" -f sh -c 'echo here'

echo "# ids"
run "-r" -r sh -c 'id -u; id -g; cat /proc/self/uid_map /proc/self/gid_map /proc/self/setgroups'
run "--map-root-user" --map-root-user sh -c 'id -u; cat /proc/self/setgroups'
run "-c" -c sh -c 'id -u; id -g; cat /proc/self/uid_map'
run "--map-current-user" --map-current-user id -u
run "--map-user" --map-user=7 sh -c 'id -u; cat /proc/self/uid_map'
run "--map-group" --map-user=7 --map-group=8 sh -c 'id -u; id -g; cat /proc/self/gid_map'
run "--map-user by name" --map-user=nobody sh -c 'cat /proc/self/uid_map'
run "--map-group by name" --map-user=0 --map-group=daemon sh -c 'cat /proc/self/gid_map'
run "-U alone" -U sh -c 'id -u; cat /proc/self/uid_map /proc/self/setgroups'
run "-U --setgroups deny" -U --setgroups deny cat /proc/self/setgroups
run "-U --setgroups=allow" -U --setgroups=allow cat /proc/self/setgroups
differ "-r -S 0 -G 0" chosen "where setgroups is denied, the groups stay, and it goes on" "0 [0]" nsrun unshare -r -S 0 -G 0 id -u
run "--keep-caps" -c --keep-caps sed -n 's/^CapEff:\t//p' /proc/self/status
run "-r: capabilities" -r sed -n 's/^CapEff:\t//p' /proc/self/status
run "-c: capabilities" -c sed -n 's/^CapEff:\t//p' /proc/self/status
given "needs root: wide maps" root
wide="--map-users=100000,0,1000 --map-groups=100000,0,1000"
till 2.41 differ "a wide map by root" "their defect" "asks newuidmap, which knows nothing of root's right" "1000 1000 [0]" nsrun unshare $wide sh -c 'echo $(awk "{ print \$3 }" /proc/self/uid_map /proc/self/gid_map)'
till 2.41 differ "a wide map by root, -S, -G" "their defect" "the same" "5 6 [0]" nsrun unshare $wide -S 5 -G 6 sh -c 'echo $(id -u; id -g)'
run "-S without a map" -S 65534 id -u
run "-G without a map" -G 65534 id -g
differ "a single id beside a range" "their defect" "drops one id too many at the upper end" "        11          0          1
         1          1         10 [0]" nsrun unshare --map-users=1,1,10 --map-user=11 --map-groups=0,0,1000 cat /proc/self/uid_map
given
differ "a user id that is no number" chosen "125" " [125]" nsrun unshare -r -S x true
differ "no such map" chosen "125" " [125]" nsrun unshare --map-users=1,2 true
differ "no such option" chosen "125" " [125]" nsrun unshare --frobnicate true

echo "# mounts"
for p in private slave shared unchanged; do run "--propagation $p" -r -m --propagation $p sh -c 'mkdir -p m && mount -t tmpfs x m && findmnt -no FSTYPE m'; done
for p in private slave shared; do run "--propagation $p of /" -r -m --propagation $p findmnt -no PROPAGATION /; done
run "a mount inside is not seen outside" -r -m sh -c "mount -t tmpfs x '$T' && touch '$T/inside'"
equal "after both" no "$([ -e inside ] && echo yes || echo no)"
run "--mount-proc" -r -p -f --mount-proc sh -c 'readlink /proc/self/ns/pid > /dev/null; grep -c " /proc proc " /proc/self/mountinfo > /dev/null; [ -d /proc/1 ] && echo proc'
run "--mount-proc=DIR" -r -p -f --mount-proc=/mnt sh -c '[ -d /mnt/1 ] && echo proc'
mkdir -p root/bin root/tmp; cp "$(command -v busybox || echo /bin/true)" root/bin/busybox; ln -sf busybox root/bin/sh; ln -sf busybox root/bin/pwd; ln -sf busybox root/bin/ls; cp "$O/tests/escape" root/escape
given "busybox-static is not installed" command -v busybox
run "-R" -r -R "$T/root" /bin/ls /
run "--root" -r --root="$T/root" /bin/pwd
run "-R and -w" -r -R "$T/root" -w /tmp /bin/pwd
run "-w" -r -w /usr pwd
run "--wd" -r --wd=/usr pwd
touch outer
differ "-R can't be left" "their defect" "chroot(2), which root inside leaves" "in [1]" nsrun unshare -r -m -R "$T/root" /escape "$T/outer"
rm -rf root/way-out; given
differ "-R that is not there" chosen "125" " [125]" nsrun unshare -r -R /none true
differ "-w that is not there" chosen "125" " [125]" nsrun unshare -r -w /none true

echo "# how it ends"
for c in 0 1 2 42 125 126 127 128 255; do run "exit code $c" -r sh -c "exit $c"; run "exit code $c, forked" -r -f sh -c "exit $c"; done
for s in TERM KILL INT SEGV USR1; do run "SIG$s" -r sh -c "kill -$s \$\$"; done
for s in TERM INT SEGV USR1; do run "SIG$s, forked" -r -f sh -c "kill -$s \$\$"; done
till 2.41 differ "SIGKILL, forked" "their defect" "can't unblock SIGKILL and ends with 1" " [137]" nsrun unshare -r -f sh -c 'kill -KILL $$'
run "not found" -r no-such-program
run "not executable" -r /etc/passwd
run "a directory" -r /etc
run "arguments" -r printf '%s|' a 'b c' '' --user
run "options end at the program" -r echo -r
run "-- ends options" -r -- echo --user
STDIN=/etc/hostname
run "standard input" -r cat
STDIN=/dev/null
run "environment" -r sh -c 'echo $HOME $PATH'
run "working directory" -r pwd
run "umask" -r sh -c 'umask'
export SHELL=/bin/sh
echo 'echo shell' > script; STDIN=$T/script
run "without a program, the shell" -r
STDIN=/dev/null
run "--kill-child, exit code" -r --kill-child sh -c 'exit 3'
run "--kill-child=SIG, exit code" -r -f --kill-child=SIGTERM sh -c 'exit 3'
differ "descriptors above 2" chosen "they are closed unless --pass-fd names them" "0 1 2 [0]" "nsrun" "unshare" -r python3 -c 'import os
print(*[f for f in range(40) if f not in (3, 4) and os.path.exists("/proc/self/fd/%d" % f)])' 17< /etc/hostname

echo "# clocks"
run "--boottime" -r -T -f --boottime 1000 cat /proc/self/timens_offsets
run "--monotonic" -r -T -f --monotonic 77 cat /proc/self/timens_offsets
run "both, one below zero" -r -T -f --monotonic 5 --boottime=-5 cat /proc/self/timens_offsets
differ "a loopback interface that is up" chosen "lo is up unless --loopback-down" "up [0]" nsrun unshare -r -n sh -c 'ip -o link show lo | grep -q LOOPBACK,UP && echo up || echo down'

echo "# kept as a file"
given "needs root" root
cat > kept << 'SH'
: > f
"$@"
code=$?
stat -fc %T f
umount f
rm -f f
exit $code
SH
keeps() { local n=$1; shift; same "unshare $n" "sh kept nsrun" "sh kept unshare" "$@"; }
keeps "--net=FILE" --net="$T/f" sh -c "$NEW"
keeps "--uts=FILE" --uts="$T/f" sh -c "$NEW"
keeps "--ipc=FILE" --ipc="$T/f" sh -c "$NEW"
keeps "--cgroup=FILE" --cgroup="$T/f" sh -c "$NEW"
keeps "--pid=FILE -f" --pid="$T/f" -f sh -c "$NEW"
keeps "--time=FILE -f" --time="$T/f" -f sh -c "$NEW"
keeps "--net=FILE, exit code" --net="$T/f" sh -c 'exit 9'
keeps "--net=FILE -n: the file stays" --net="$T/f" -n true
keeps "--net=FILE -u" --net="$T/f" -u sh -c "$NEW"
keeps "--mount=FILE" --mount="$T/f" sh -c "$NEW"
till 2.42 differ "unshare --user=FILE" "their defect" "binds when it has no right any more" "user 
nsfs [0]" "sh kept nsrun" "sh kept unshare" --user="$T/f" sh -c "$NEW"
till 2.42 differ "unshare -r --net=FILE" "their defect" "the same" "nsfs [0]" "sh kept nsrun" "sh kept unshare" -r --net="$T/f" true
sed -e 1d -e 's/ f$/ new/' kept > made
differ "unshare --net=FILE that is not there" chosen "it is made" "nsfs [0]" "sh made nsrun" "sh made unshare" --net="$T/new" true
given

echo "# joining"
# --no-init: both families look at the same process.
mkdir -m 777 pub; chmod 777 pub
env -i PATH="$PATH" MARK=target nsrun -a -r --no-init --hostname there -w / sh -c 'echo > '"$T"'/pub/up; exec sleep 1000' < /dev/null > .start 2>&1 & HOLDER=$!
trap 'kill -9 $HOLDER 2> /dev/null; cd /; rm -rf "$T"' EXIT
await 20 test -s pub/up || echo "# no target: $(cat .start)"
P=$(pgrep -P $HOLDER)
# An ordinary user's nsenter fails at setgroups(2) in a sandbox of his own, unless it leaves ids alone.
KEEP=''; root || KEEP=--preserve-credentials
join() { local n=$1; shift; same "nsenter $n" "nsjoin $KEEP" "nsenter $KEEP" "$@"; }
given "root may call setgroups(2)" sh -c '[ "$(id -u)" != 0 ]'
differ "an ordinary user in his own sandbox" "their defect" "insists on setgroups(2), which is denied there" "0 [0]" nsjoin nsenter -t "$P" -U id -u
given
for row in m:mount u:uts i:ipc n:net C:cgroup; do
	IFS=: read -r letter word <<< "$row"
	join "-U -$letter" -t "$P" -U "-$letter" sh -c "$NEW"
	join "--user --$word" --target "$P" --user "--$word" sh -c "$NEW"
	join "--user=FILE --$word=FILE" --user="/proc/$P/ns/user" --$word="/proc/$P/ns/$( [ $word = mount ] && echo mnt || echo $word)" sh -c "$NEW"
	given "needs root" root
	join "-$letter alone" -t "$P" "-$letter" sh -c "$NEW"
	given
done
join "-U" -t "$P" -U sh -c "$NEW"
join "-U -p" -t "$P" -U -p sh -c 'readlink /proc/self/ns/user > /dev/null; [ $$ != 1 ] && echo other'
join "-U -T" -t "$P" -U -T sh -c "$NEW"
join "-a" -t "$P" -a sh -c "$NEW"
join "-a: host name, ids" -t "$P" -a sh -c 'hostname; id -u; id -g'
join "-a: exit code" -t "$P" -a sh -c 'exit 9'
for s in TERM KILL; do join "-a: SIG$s" -t "$P" -a sh -c "kill -$s \$\$"; done
join "-a: not found" -t "$P" -a no-such-program
join "-a -F" -t "$P" -a -F sh -c 'hostname'
since 2.41 differ "nsenter nothing" chosen "nothing to join is nothing to do" " [0]" "nsjoin $KEEP" "nsenter $KEEP" true
KEEP=''
join "-U --preserve-credentials" -t "$P" -U --preserve-credentials id -u
given "setgroups(2) is denied: see above" root
join "-U -S 0 -G 0" -t "$P" -U -S 0 -G 0 sh -c 'id -u; id -g'
given
root || KEEP=--preserve-credentials
join "-U -m -w" -t "$P" -U -m -w pwd
since 2.41 differ "nsenter -U -m -W" "their defect" "takes -W DIR, as its --help has it, for a -W without DIR and runs the directory" "/usr [0]" "nsjoin $KEEP" "nsenter $KEEP" -t "$P" -U -m -W /usr pwd
join "-U -w/DIR without a mount namespace" -t "$P" -U -w/usr pwd
join "-U -m -r" -t "$P" -U -m -r ls -d /etc
join "environment is the caller's" -t "$P" -U sh -c 'echo $MARK'
join "arguments" -t "$P" -U printf '%s|' a 'b c' ''
join "-- ends options" -t "$P" -U -- echo --net
differ "no such process" chosen "125" " [125]" nsjoin nsenter -t 4194000 -n true
differ "no such file" chosen "125" " [125]" nsjoin nsenter --net=/none true
differ "a file of another kind" chosen "125" " [125]" nsjoin nsenter --net=/proc/self/ns/uts true
differ "-n without a target" chosen "125" " [125]" nsjoin nsenter -n true
differ "its own user namespace again" chosen "is nothing to do" "fine [0]" nsjoin nsenter --user=/proc/self/ns/user echo fine
differ "a working directory beyond the root" "their defect" "lets the program climb out of the namespace's root" " [125]" nsjoin nsenter -t "$P" -U -m -w"$T" true
differ "descriptors above 2" chosen "they are closed unless --pass-fd names them" "0 1 2 [0]" nsjoin nsenter -t "$P" -U python3 -c 'import os
print(*[f for f in range(40) if f not in (3, 4) and os.path.exists("/proc/self/fd/%d" % f)])' 17< /etc/hostname

echo "# privileges"
less() { local n=$1; shift; same "setpriv $n" "confine" "setpriv" "$@"; }
less "--no-new-privs" --no-new-privs sed -n 's/^NoNewPrivs:\t//p' /proc/self/status
less "--no-new-privs: capabilities stay" --no-new-privs sed -n 's/^Cap[A-Z]*[a-z]*:\t//p' /proc/self/status
for c in 0 1 125 127; do less "exit code $c" --no-new-privs sh -c "exit $c"; done
for s in TERM KILL; do less "SIG$s" --no-new-privs sh -c "kill -$s \$\$"; done
less "not found" --no-new-privs no-such-program
less "not executable" --no-new-privs /etc/passwd
less "arguments" --no-new-privs printf '%s|' 'a b' '' --drop
less "-- ends options" --no-new-privs -- echo --no-new-privs
less "environment" --no-new-privs sh -c 'echo $HOME $PATH'
"$O/tools/confine" compile <(printf 'default allow\ndeny EDOM mkdir mkdirat\n') filter.compiled
tail -c +41 filter.compiled > filter.raw
given "this setpriv has no --seccomp-filter" sh -c 'setpriv --help | grep -q seccomp-filter'
less "--seccomp-filter" --seccomp-filter filter.raw sh -c 'mkdir d 2>&1; grep -E "^(NoNewPrivs|Seccomp):" /proc/self/status'
given
differ "setpriv: no such option" chosen "125" " [125]" confine setpriv --frobnicate true
differ "setpriv: descriptors above 2" chosen "they are closed unless --pass-fd names them" "0 1 2 [0]" "confine" "setpriv" --no-new-privs python3 -c 'import os
print(*[f for f in range(40) if f not in (3, 4) and os.path.exists("/proc/self/fd/%d" % f)])' 17< /etc/hostname

echo "# listing"
squeezed() { "$@" 2> /dev/null | sed 's/  */ /g; s/^ //; s/ $//' | sort; }
lists() { local n=$1; shift; equal "lsns $n" "$(squeezed lsns "$@")" "$(squeezed nsls "$@")"; }
for t in user mnt pid net ipc uts cgroup time; do
	lists "-n -p -t $t -o NS,TYPE,NPROCS" -n -p "$P" -t $t -o NS,TYPE,NPROCS
	lists "-n -p -t $t -o NS,PID,PPID,UID,USER" -n -p "$P" -t $t -o NS,PID,PPID,UID,USER
done
lists "-n -p -o NS,TYPE,COMMAND" -n -p "$P" -o NS,TYPE,COMMAND
lists "-p: headings" -p "$P" -o NS,TYPE,NPROCS,PID,PPID,COMMAND,UID,USER
lists "-p -o NS,TYPE,PNS" -n -p "$P" -t user -o NS,TYPE,ONS
lists "-p -t pid -o NS,PNS" -n -p "$P" -t pid -o NS,PNS
lists "--task --type" --noheadings --task "$P" --type uts --output NS
# Raw is compared as it is: each blank counts.
raw() { local n=$1; shift; same "lsns $n" nsls lsns "$@"; }
raw "-r -n -p -o NS,TYPE,NPROCS" -r -n -p "$P" -t net -o NS,TYPE,NPROCS
raw "--raw: blanks in a value, none for no value" --raw -p "$P" -t net -o NSFS,COMMAND,TYPE
raw "-r -o +PATH" -r -p "$P" -t uts -o NS,PATH
raw "--list" --list -r -p "$P" -t uts -o NS,TYPE
lists "-n -p -o PATH,NETNSID" -n -r -p "$P" -t net -o PATH,NETNSID
lists "--nowrap" -n -r -W -p "$P" -t net -o NS,NSFS
given "this lsns has no --filter (2.41)" sh -c 'lsns --help | grep -q -e --filter'
for e in "NPROCS > 0" "NPROCS gt 0 and TYPE eq 'net'" "TYPE == \"net\" || TYPE == 'uts'" "TYPE =~ '^[m-p]'" "TYPE !~ 'r'" \
	"not (TYPE == 'net')" "!(NPROCS == 1)" "not NPROCS == 1" "PID == $P && NPROCS <= 1K" "PID == '$P'" "NPROCS >= 0.5" \
	"NPROCS <= 1KiB AND UID >= 0" "NETNSID" "NETNSID == 'unassigned'" "NSFS == ''" "NSFS != ''" "not NSFS" "NSFS =~ '^\$'" "NSFS < 'a'" "PID == false" "COMMAND LT 'zzz'" "PID != PPID" "TYPE" "true" \
	"false OR TYPE == 'user' AND NPROCS" "((PID))" "0"; do
	lists "-Q $e" -r -n -p "$P" -o NS,TYPE -Q "$e"
done
differ "lsns -Q true or true and false" "their defect" "reads it from left to right, while scols-filter(5) has and before or" \
	"net [0]" nsls lsns -rn -p "$P" -t net -o TYPE -Q "true or true and false"
differ "lsns -Q NETNSID == 5" "their defect" "gives up where a value is no number" " [0]" nsls lsns -rn -p "$P" -t net -o TYPE -Q "NETNSID == 5"
given
differ "lsns -Q with an error" chosen "bad usage is 2" " [2]" nsls lsns -Q "NS ="
differ "lsns of an unknown kind" chosen "bad usage is 2" " [2]" nsls lsns -t nonsense
kill -9 $HOLDER; wait $HOLDER 2> /dev/null

finish
