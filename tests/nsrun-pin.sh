#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsrun: namespaces that stay (--pin, --net=FILE), who owns them, the control group that the program is
# born in, binfmt_misc; and nsjoin --pin.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
nsrun -r true 2> .err || skip_all "no user namespaces here: $(cat .err)"
KINDS="cgroup ipc mnt net pid time user uts"
set=rf-test-$$
name=/run/ringfence/ns/$set
own() { readlink "/proc/self/ns/$1"; }
of() { echo "$1:[$(stat -c %i "$2")]"; }
kept() { [ "$(stat -fc %T "$1" 2> /dev/null)" = nsfs ]; }
mounts() { grep -c " $T" /proc/self/mountinfo; }
code() { "$@" > "$T/.out" 2> "$T/.err"; echo $?; }

# --- usage
refuse "a name of dots" 125 'is not a name: a name, or a path with a slash' nsrun -n --pin .. true
refuse "an empty name" 125 'is not a name' nsrun -n --pin '' true
refuse "a name with a control character" 125 'holds a control character' nsrun -n --pin $'a\tb' true
refuse "a name that is too long" 125 'longer than 255 bytes' nsrun -n --pin "$(printf '%0256d' 0)" true
refuse "--pin of nothing" 125 'no new namespace is asked for' nsrun --pin "$set" true
refuse "--unpin and a program" 125 '--unpin runs no program' nsrun --unpin "$set" true
refuse "--unpin and a namespace" 125 '--unpin runs no program' nsrun --unpin "$set" -n
refuse "--unpin of what is not there" 125 'nothing is kept there .nsls --persistent' nsrun --unpin "$set"
mkdir others; touch others/net file
refuse "--unpin of someone's directory" 125 'is neither a set that nsrun --pin made nor' nsrun --unpin ./others
refuse "--unpin of someone's file" 125 'is neither a set' nsrun --unpin ./file
refuse "--unpin of /proc" 125 'was not made by nsrun --pin: nothing is removed' nsrun --unpin /proc
refuse "--unpin of /proc/self/ns" 125 'was not made by nsrun --pin|is neither' nsrun --unpin /proc/self/ns
refuse "a bad owner" 125 '--owner: "5" is not UID:GID' nsrun --owner 5 true
refuse "another" 125 '--owner: "1:x" is not UID:GID' nsrun --owner 1:x true
refuse "an owner who is none" 125 '--owner: "4294967295:1" is not UID:GID' nsrun --owner 4294967295:1 true
refuse "nsjoin --pin of what is not there" 125 'no namespaces are kept there' nsjoin --pin "$set" true
refuse "an ordinary user may not keep any" 125 'Operation not permitted|Permission denied' nobody nsrun -r -n --pin "$T/none" true
mkdir -m 777 open; chmod 777 open
refuse "nor where he may write" 125 'CAP_SYS_ADMIN outside' nobody nsrun -r -n --pin "$T/open/set" true
refuse "nor a single one" 125 'CAP_SYS_ADMIN outside' nobody nsrun -r --net="$T/open/net" true
equal "nothing of that stays" "" "$(ls open)"
# He may do it where he is root.
equal "but inside of his own user and mount namespace" "same" "$(nobody nsrun -r -m sh -c "nsrun -n --pin $T/open/set readlink /proc/self/ns/net > $T/open/was && nsjoin --pin $T/open/set readlink /proc/self/ns/net | cmp -s - $T/open/was && echo same; nsrun --unpin $T/open/set")"
rm -f open/was

# --- one file for one namespace
given "must be root: keeping a namespace is a mount" root
for row in u:uts:uts i:ipc:ipc n:net:net U:user:user C:cgroup:cgroup p:pid:pid T:time:time m:mount:mnt; do
	IFS=: read -r letter word kind <<< "$row"
	inside=$(nsrun -r "--$word=$T/f" readlink "/proc/self/ns/$kind" 2> .err)
	equal "--$word=FILE keeps the program's namespace" "$inside" "$(of "$kind" f)"
	equal "which is not the caller's ($word)" yes "$([ "$inside" != "$(own "$kind")" ] && echo yes)"
	check "--unpin FILE ($word)" nsrun --unpin ./f
	equal "and the file that was made is gone ($word)" no "$([ -e f ] && echo yes || echo no)"
done
touch mine; chmod 644 mine
check "a file that is there is taken" nsrun -r --net="$T/mine" true
check "and kept" kept mine
refuse "only once" 125 'keeps a namespace already: nsrun --unpin' nsrun -r --net="$T/mine" true
check "--unpin" nsrun --unpin ./mine
equal "leaves it" "regular empty file" "$(stat -c %F mine)"
check "letters still combine, and take nothing away" nsrun --net="$T/f" -rmuin true
check "the file stays" kept f
nsrun --unpin ./f
equal "with a letter" "yes" "$(nsrun -r "-n$T/f" true && kept f && echo yes)"
nsrun --unpin "$T/f"
check "two kinds, two files" nsrun -r --net="$T/f" --uts="$T/g" --hostname kept true
equal "joined by file" kept "$(nsjoin --uts=g hostname)"
prints "nsls lists them" "$T/g" nsls --persistent -o TYPE,PATH
nsrun --unpin ./f; nsrun --unpin ./g
refuse "a program that is not found keeps nothing" 127 'no-such' nsrun -r --net="$T/f" --uts="$T/g" no-such
equal "no file of it" "no no 0" "$([ -e f ] && echo yes || echo no) $([ -e g ] && echo yes || echo no) $(mounts)"
refuse "one of two that can't be" 125 'keep a new namespace.*/none/g' nsrun -r --net="$T/f" --uts=/none/g true
equal "takes the other along" "no 0" "$([ -e f ] && echo yes || echo no) $(mounts)"
# On one CPU: from 6.18 on namespaces made on different ones are not numbered in the order of making, by which
# the kernel sees whether a mount namespace would contain itself.
cpu=$(taskset -cp $$ | sed 's/.*: \([0-9]*\).*/\1/')
shared() { taskset -c "$cpu" nsrun -m --propagation shared "$@"; }
refuse "--mount=FILE on a shared mount" 125 'lies on a shared mount.*--pin.*make-private' shared nsrun --mount="$T/f" true
refuse "in a user namespace, too" 125 'lies on a shared mount' shared nsrun -r --mount="$T/f" true
equal "--pin on a shared mount" "set" "$(shared sh -c "nsrun -m --pin $T/s true && nsjoin --pin $T/s echo set; nsrun --unpin $T/s")"
equal "nothing stays of it" no "$([ -e s ] && echo yes || echo no)"

# --- a set
nsrun -a -r --hostname inner --pin "$set" sh -c 'for k in user mnt net ipc uts cgroup time; do readlink /proc/self/ns/$k; done' > was 2> said
equal "--pin NAME keeps all eight" "$KINDS" "$(ls "$name" | one_line)"
check "and says what becomes of a pid namespace" grep -q 'pid namespace is kept, but takes no process' said
equal "they are the program's" "$(sort was | one_line)" "$(for k in user mnt net ipc uts cgroup time; do of $k "$name/$k"; done | sort | one_line)"
refuse "a set that is there" 125 'is there already: nsjoin --pin joins what is kept there, nsrun --unpin removes it' nsrun -n --pin "$set" true
prints "nsls shows where" "$name/net" nsls --persistent -o TYPE,PATH
refuse "its pid namespace is over" 125 "first process has died" nsjoin --pin "$set" true
check "--unpin NAME" nsrun --unpin "$set"
equal "nothing stays" "no 0" "$([ -e "$name" ] && echo yes || echo no) $(grep -c "$set" /proc/self/mountinfo)"
nsrun -r -m -u -n --hostname inner --pin ./set true
equal "--pin DIR" "mnt net user uts" "$(ls set | one_line)"
equal "nsjoin --pin DIR joins all of them" "inner 0 new" "$(nsjoin --pin ./set sh -c "hostname; id -u; [ \"\$(readlink /proc/self/ns/net)\" = 'net:[$(stat -c %i set/net)]' ] && echo new" | one_line)"
equal "unless another is named" "$(own uts)" "$(nsjoin --pin ./set --uts=/proc/self/ns/uts readlink /proc/self/ns/uts 2>&1 | tail -1)"
equal "the directory's mount is private" private "$(findmnt -no PROPAGATION "$T/set")"
touch set/more 2> /dev/null
refuse "--unpin of a set with another's file in it" 125 'set/more: was not made by nsrun --pin: nothing is removed' nsrun --unpin ./set
equal "has removed nothing" "mnt more net user uts" "$(ls set | one_line)"
rm set/more
prints "--unpin --dry-run" 'let a namespace go: ./set/net' nsrun --unpin ./set/ --dry-run
equal "removes nothing" "mnt net user uts" "$(ls set | one_line)"
check "--unpin DIR/" nsrun --unpin ./set/
equal "it is gone" "no 0" "$([ -e set ] && echo yes || echo no) $(mounts)"
refuse "a program that is not found keeps no set" 127 'no-such' nsrun -n --pin ./set no-such
equal "no set of it" "no 0" "$([ -e set ] && echo yes || echo no) $(mounts)"
equal "with clocks set off" "77 0" "$(nsrun -r --monotonic 77 -n --pin ./set true 2> .err; nsjoin --pin ./set sh -c 'set -- $(cat /proc/self/timens_offsets); echo $2 $3')"
nsrun --unpin ./set
check "its pid namespace takes processes while the first one lives" sh -c 'nsrun -a -r --no-kill-child --pin ./set sh -c "echo up > up; exec sleep 1000" & nsrun=$!; until [ -s up ] || ! kill -0 $nsrun 2> /dev/null; do sleep 0.02; done; [ "$(nsjoin --pin ./set sh -c "echo \$\$")" -gt 1 ]; code=$?; kill $nsrun; wait $nsrun; exit $code'
nsrun --unpin ./set
equal "--info-fd tells the namespaces that are kept" "$(nsrun -r --boottime 5 -n --pin ./set --info-fd 7 true 7> info 2> .err; for k in time net; do stat -c %i set/$k; done | one_line)" \
	"$(sed 's/.*"net": \([0-9]*\).*"time": \([0-9]*\).*/\2 \1/' info)"
nsrun --unpin ./set
equal "--ready-fd" ready "$(nsrun -r -n --pin ./set --ready-fd 7 true 7>&1)"
nsrun --unpin ./set

# --- SIGKILL
rm -f up
nsrun -r -n -u --hostname inner --pin ./set sh -c 'echo up > up; exec sleep 1000' & runner=$!
await 20 test -s up
child=$(pgrep -P $runner)
kill -KILL $runner; wait $runner 2> /dev/null
gone() { ! kill -0 "$1" 2> /dev/null; }
await 20 gone "$child"
equal "they outlive a killed nsrun" inner "$(nsjoin --pin ./set hostname)"
check "and are removed" nsrun --unpin ./set
for call in mkdirat:*/set open_tree:*/set move_mount:*/set mount_setattr clone3 openat:*ns/net openat:*set/net open_tree:*ns/net move_mount:*set/net open_tree:*ns/uts; do
	{ RINGFENCE_FAULT="$call=KILL" nsrun -n -u --pin "$T/set" true; was=$?; } 2> /dev/null
	[ ! -e set ] || nsrun --unpin ./set > .out 2>&1
	equal "killed at ${call%:*} (${call#*:}): --unpin removes what is left" "no 0" "$([ -e set ] && echo yes || echo no) $(mounts)"
	case $call in move_mount*) given "this call is refused here" answers 429 ;; open_tree*) given "this call is refused here" answers 428 ;;
	mount_setattr*) given "this call is refused here" answers 442 ;; clone3*) given "this call is refused here" answers 435 ;; esac
	root || SKIP_WHY="must be root: keeping a namespace is a mount"
	equal "and it was met there" 137 "$was"
	given "must be root: keeping a namespace is a mount" root
done
RINGFENCE_FAULT=umount2=KILL nsrun --unpin ./set 2> /dev/null
# Before there is a set, when there is its directory, and when it is mounted.
for call in mkdirat:*/set openat:*/set mount_setattr; do
	[ $call != mount_setattr ] || [ -n "$SKIP_WHY" ] || given "this call is refused here" answers 442
	equal "SIGTERM at ${call%:*}, before the program begins, leaves no set" "143 no 0" "$(interrupted TERM "$call" nsrun -n -u --pin "$T/set" true) $([ -e set ] && echo yes || echo no) $(mounts)"
done
given "must be root: keeping a namespace is a mount" root

# --- without the newer calls
for fault in open_tree=ENOSYS! move_mount=ENOSYS! mount_setattr=ENOSYS! clone3=ENOSYS! "open_tree=ENOSYS!,move_mount=ENOSYS!,mount_setattr=ENOSYS!,clone3=ENOSYS!"; do
	equal "without ${fault//=ENOSYS!/}" "mnt net pid user inner" "$(RINGFENCE_FAULT=$fault nsrun -r -n -m -p --pin ./set true 2> .err; ls set | one_line) $(nsrun -r --uts="$T/f" --hostname inner true; nsjoin --uts=f hostname)"
	RINGFENCE_FAULT=$fault nsrun --unpin ./set; nsrun --unpin ./f
done
equal "without them, a shared mount" 125 "$(shared env RINGFENCE_FAULT=open_tree=ENOSYS! nsrun --mount="$T/f" true 2> .err; echo $?)"
given

# --- an owner
given "must be root: takes the ids of another" root
owner() { python3 -c 'import fcntl, struct, sys
print(struct.unpack("I", fcntl.ioctl(open(sys.argv[1]), 0xb704, b"\0\0\0\0"))[0])' "$1"; }
check "--owner" nsrun --owner 1234:1235 --user="$T/f" true
equal "the user namespace is his" 1234 "$(owner f)"
nsrun --unpin ./f
equal "his ids mapped by who has the privilege" "0:0 1234 allow" "$(nsrun --owner 1234:1235 --map-users 0:1234:1 --map-groups 0:1235:1 sh -c 'echo $(id -u):$(id -g) $(awk "{ print \$2 }" /proc/self/uid_map) $(cat /proc/self/setgroups)')"
equal "and no group of the caller's" 0 "$(setpriv --groups 4,24 nsrun --owner 1234:1235 --map-users 0:1234:1 --map-groups 0:1235:1 id -G)"
equal "in all namespaces, with clocks" "2
1234" "$(nsrun -a --owner 1234:1235 --map-users 0:1234:1 --map-groups 0:1235:1 --monotonic 5 --mount-proc --user="$T/f" sh -c 'echo $$' | one_line; owner f)" 2> .err
given
nsrun --unpin ./f > .out 2>&1
refuse "--owner needs privilege" 125 'set(groups|resgid).*Operation not permitted' nobody nsrun --owner 1:1 true

# --- options that unshare has
equal "--whitelist-env" "A=1 C=3" "$(A=1 B=2 C=3 nsrun -r --whitelist-env A,C /usr/bin/env | sort | one_line)"
equal "--forward-signals" 3 "$(nsrun -r --forward-signals sh -c 'trap "exit 3" TERM; kill -TERM $PPID; while :; do sleep 0.02; done' > .out 2>&1; echo $?)"
check "--kill-child implies --fork" sh -c '[ "$(nsrun -r --kill-child sh -c "ps -o comm= -p \$PPID")" = nsrun ]'
refuse "--map-subids and another" 125 'exclude each other' nsrun --map-subids --map-users 0:0:1 true
given "must be root, with newuidmap installed" sh -c '[ "$(id -u)" = 0 ] && command -v newuidmap'
subuid() { printf 'nobody:200000:1000\n65534:300000:5\n' > subids; chmod 644 subids
	unshare -m sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - "$T/subids" "$@"; }
equal "--map-subids" "200000 200000 1000" "$(subuid nsrun --map-subids -S 200000 -G 200000 sh -c 'echo $(cat /proc/self/uid_map)')"
given
refuse "an interpreter in another form" 125 'is not :NAME:TYPE:OFFSET' nsrun -r -l ':x:M:' true
binfmt() { nsrun -r --mount-binfmt true; }
given "no binfmt_misc for user namespaces here (Linux 6.7)" binfmt
printf 'RFTEST said\n' > x.rf; chmod 755 x.rf
equal "--load-interp" "RFTEST said" "$(nsrun -r -l ':rf-test:M::RFTEST::/bin/cat:' ./x.rf)"
equal "in a new pid namespace, on its own /proc" "RFTEST said" "$(nsrun -r -p -l ':rf-test:M::RFTEST::/bin/cat:' ./x.rf)"
equal "of an ordinary user" "RFTEST said" "$(cp x.rf open/; nobody nsrun -r --load-interp ':rf-test:M::RFTEST::/bin/cat:' open/x.rf; rm open/x.rf)"
equal "it is nobody else's" no "$([ -e /proc/sys/fs/binfmt_misc/rf-test ] && echo yes || echo no)"
refuse "an interpreter that the kernel refuses" 125 'binfmt_misc.*register|register.*Invalid' nsrun -r -l ':rf-test:Q::RFTEST::/bin/cat:' true
mkdir -p root/bin root/proc root/b
[ -n "$SKIP_WHY" ] || given "busybox-static is not installed" command -v busybox
[ -n "$SKIP_WHY" ] || { cp "$(command -v busybox)" root/bin/busybox; ln -s busybox root/bin/sh; cp x.rf root/; cp "$(command -v busybox)" cat; }
equal "with F, an interpreter of the caller's root" "RFTEST said" "$(nsrun -r -p --root root --mount-proc -l ":rf-test:M::RFTEST::$T/cat:F" /x.rf)"
equal "--mount-binfmt=DIR" "register status" "$(nsrun -r --root root --mount-binfmt=/b /bin/sh -c 'cd /b; echo *')"
equal "without the new mount API" "RFTEST said" "$(RINGFENCE_FAULT=fsopen=ENOSYS! nsrun -r -l ':rf-test:M::RFTEST::/bin/cat:' ./x.rf)"
given

# --- into a control group
group=rf-into-$$
groups() { nsrun "$@" --into-cgroup "$group" grep -c ":/$group\$" /proc/self/cgroup; }
refuse "a group that is not there" 125 'there is no group /rf-none' nsrun --into-cgroup rf-none true
refuse "a bad name" 125 'is not the name of a group' nsrun --into-cgroup a/../b true
given "no control group can be made here" sh -c "cgctl create $group 2> .err"
n=$(find /sys/fs/cgroup -type d -name "$group" | wc -l)
equal "--into-cgroup, in every hierarchy that has it" "$n" "$(groups)"
equal "with a slash" "$n" "$(nsrun --into-cgroup "/$group" grep -c ":/$group\$" /proc/self/cgroup)"
equal "in all namespaces" "$n" "$(nsrun -r -p -n -u -i -m -T --mount-proc --into-cgroup "$group" grep -c ":/$group\$" /proc/self/cgroup)"
equal "without clone3" "$n" "$(RINGFENCE_FAULT=clone3=ENOSYS! groups)"
equal "of another owner" "$n" "$(groups --owner 1234:1235 --map-users 0:1234:1 --map-groups 0:1235:1)"
equal "a cgroup namespace begins there" "$n" "$(nsrun -r -C --into-cgroup "$group" grep -c ':/$' /proc/self/cgroup | awk -v n="$n" '{ print ($1 >= n ? n : $1) }')"
equal "nowhere above it" 0 "$(nsrun -r -C --into-cgroup "$group" grep -c "$group" /proc/self/cgroup)"
equal "and is kept so" "0" "$(nsrun -r -C --pin ./set --into-cgroup "$group" true; nsjoin --cgroup=set/cgroup --user=set/user sh -c "nsrun --into-cgroup $group true 2> /dev/null; grep -c ':/$group' /proc/self/cgroup"; nsrun --unpin ./set)"
refuse "--explain: in one call on v2" 0 'clone3\(.*cgroup|cgroup.procs|tasks' nsrun --explain --into-cgroup "$group" true
refuse "an ordinary user may not" 125 'Permission denied' nobody nsrun -r --into-cgroup "$group" true
given "jq is not installed, or no control group can be made here" sh -c "[ -z '$SKIP_WHY' ] && command -v jq"
nsrun -r --into-cgroup "$group" --report report true
check "--report tells of the group" jq -e --arg g "/$group" '.cgroup.group == $g and (.cgroup | has("memory_peak_bytes") and has("throttled_us") and has("nr_throttled") and has("nr_periods") and has("pids_peak") and has("oom_kills") and has("cpu_us"))' report
check "numbers or null" jq -e '[.cgroup | del(.group) | .[]] | all(. == null or type == "number")' report
cgctl run --name "$group" -- nsrun -r --report report true
check "and of the one it runs in" jq -e --arg g "/$group" '.cgroup.group == $g' report
given
[ ! -e report ] || cgctl delete "$group"
check "--dry-run of it all" nsrun -a -r --pin "$set" --owner 1:1 --pty --into-cgroup / -l ':x:M::y::/z:' --dry-run no-such
finish
