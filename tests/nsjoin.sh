#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsjoin as a user runs it: by pid, file, number and socket; what it follows; what it must not leak.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi
code() { "$@" > "$T/.out" 2> "$T/.err"; echo $?; }
ns() { readlink "/proc/$1/ns/$2"; }
# A process in namespaces of its own; TARGET is its pid, and END ends it.
mkdir -m 777 pub; chmod 777 pub
start() {
	"$@" sh -c 'echo > '"$T"'/pub/up; exec sleep 1000' < /dev/null > "$T/.start" 2>&1 & HOLDER=$!
	await 20 test -s "$T/pub/up" || { echo "# no target: $(cat "$T/.start")"; return 1; }
	rm -f "$T/pub/up"
	TARGET=$(pgrep -P $HOLDER); TARGET=${TARGET:-$HOLDER}
}
end() { kill -9 $HOLDER; wait $HOLDER 2> /dev/null; }
trap 'kill $HOLDER 2> /dev/null; cd /; rm -rf "$T"' EXIT

# --- usage
refuse "an unknown option" 125 'no such option: --frob' nsjoin --frob true
refuse "a target that is no pid" 125 '--target: "x" is not a pid' nsjoin -t x true
refuse "pid 0" 125 '--target: "0" is not a pid' nsjoin -t 0 true
refuse "an inode that is no number" 125 '"z" is not the inode number of a pidfd' nsjoin -t 1:z true
refuse "two targets" 125 'exclude each other' nsjoin -t 1 --target-fd 3 true
refuse "namespaces of nobody" 125 'a target is needed for this \(--target\)' nsjoin -n true
refuse "a bad user id" 125 '--setuid: "-1" is neither a number' nsjoin -t $$ -S -1 true
refuse "ids set and preserved" 125 'exclude each other' nsjoin -t $$ -S 1 --preserve-credentials true
refuse "two working directories" 125 'exclude each other' nsjoin -t $$ -w/tmp -W /tmp true
refuse "no such capability" 125 'drop' nsjoin -t $$ --drop cap_nope true
refuse "no such process" 125 'hint: no process has this pid' nsjoin -t 4194000 -n true
refuse "a descriptor that is no process" 125 'no descriptor of a process|fdinfo' nsjoin --target-fd 9 -n true 9< /dev/null
refuse "a file that is no namespace" 125 '/etc/passwd: is no file of a namespace' nsjoin --net=/etc/passwd true
refuse "a namespace of another kind" 125 'is of the kind CLONE_NEWUTS, not CLONE_NEWNET' nsjoin -n=/proc/self/ns/uts true
refuse "a number that nobody has" 125 'net:\[77\]: no process and no mounted file' nsjoin --net=:77 true
refuse "a number in no form" 125 'neither a path nor :NUMBER' nsjoin --net=:x true
refuse "an error as JSON" 125 '"call": "pidfd_open".*"errno": "ESRCH"' nsjoin --json -t 4194000 -n true
prints "help" 'target PID\[:INODE\]' nsjoin --help
check "nothing joined is nothing changed" nsjoin true
equal "exit code, in place" 7 "$(code nsjoin sh -c 'exit 7')"
refuse "not found" 127 'no-such' nsjoin no-such

# --- all of a target's
start nsrun -a -r --hostname inside --mount-proc
equal "all eight are the target's" "$(for n in user mnt pid net ipc uts cgroup time; do ns "$TARGET" $n; done | one_line)" \
	"$(nsjoin -t "$TARGET" -a sh -c 'for n in user mnt pid net ipc uts cgroup time; do readlink /proc/self/ns/$n; done' | one_line)"
equal "by the pid and inode of its pidfd, too" inside "$(nsjoin -t "$TARGET:$(python3 -c 'import os, sys; print(os.fstat(os.pidfd_open(int(sys.argv[1]))).st_ino)' "$TARGET")" -a hostname)"
refuse "a pid that is another's by now" 125 'not 5: the pid is another.s now|not 5' nsjoin -t "$TARGET:5" -a true
equal "root inside" "0 0" "$(nsjoin -t "$TARGET" -a sh -c 'id -u; id -g' | one_line)"
equal "a process of its own in the pid namespace" yes "$(nsjoin -t "$TARGET" -a sh -c '[ $$ -lt 100 ] && [ $$ -gt 1 ] && echo yes')"
equal "its parent is not seen" 0 "$(nsjoin -t "$TARGET" -a sh -c 'echo $PPID')"
equal "exit code" 9 "$(code nsjoin -t "$TARGET" -a sh -c 'exit 9')"
equal "died of a signal as the program did" TERM "$(python3 - "$TARGET" << 'PY'
import signal, subprocess, sys
r = subprocess.run(["nsjoin", "-t", sys.argv[1], "-a", "sh", "-c", "kill $$"]).returncode
print(signal.Signals(-r).name[3:] if r < 0 else "exit %d" % r)
PY
)"
refuse "not found inside" 127 'no-such' nsjoin -t "$TARGET" -a no-such
equal "descriptors: the three, and the one that lists them" "0 1 2 3" "$(nsjoin -t "$TARGET" -a ls /proc/self/fd 7< /dev/null 8< / | one_line)"
refuse "one that is not open" 125 '--pass-fd: descriptor 3 is not open' sh -c 'exec nsjoin -t "$1" -a --pass-fd 3 true 3<&-' sh "$TARGET"
equal "one that is passed" "0 1 2 3 7" "$(nsjoin -t "$TARGET" -a --pass-fd 7 ls /proc/self/fd 7< /dev/null 8< / | one_line)"
equal "standard input stays" hi "$(echo hi | nsjoin -t "$TARGET" -U -u cat)"
equal "options in one word" inside "$(nsjoin -t "$TARGET" -Uu hostname)"
equal "by a file" inside "$(nsjoin -U="/proc/$TARGET/ns/user" --uts="/proc/$TARGET/ns/uts" hostname)"
equal "by a path behind the letter" inside "$(nsjoin "-U/proc/$TARGET/ns/user" "-u/proc/$TARGET/ns/uts" hostname)"
number() { ns "$TARGET" "$1" | tr -dc 0-9; }
equal "by a number" inside "$(nsjoin -U=:"$(number user)" -u=:"$(number uts)" hostname)"
equal "by its name in listings" inside "$(nsjoin -U="$(ns "$TARGET" user)" -u="$(ns "$TARGET" uts)" hostname)"
equal "by a pidfd" inside "$(python3 -c 'import os, subprocess, sys
fd = os.pidfd_open(int(sys.argv[1]))
subprocess.run(["nsjoin", "--target-fd", str(fd), "-a", "hostname"], pass_fds=[fd])' "$TARGET")"
equal "the network of a socket" "$(ns "$TARGET" net)" "$(nsjoin -t "$TARGET" -U -n python3 -c 'import os, socket, subprocess
s = socket.socket()
print(os.readlink("/proc/self/ns/net"))')"
given "needs root: CAP_NET_ADMIN over the socket's namespace" root
equal "the network of a socket's descriptor" "$(ns "$TARGET" net)" "$([ -n "$SKIP_WHY" ] || python3 - "$TARGET" << 'PY'
import ctypes, os, socket, subprocess, sys
libc = ctypes.CDLL(None)
own = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.setns(os.open("/proc/%s/ns/net" % sys.argv[1], os.O_RDONLY), 0)
s = socket.socket()
libc.setns(own, 0)
subprocess.run(["nsjoin", "--net-socket", str(s.fileno()), "readlink", "/proc/self/ns/net"], pass_fds=[s.fileno()])
PY
)"
equal "and that of the target's own socket" "$(ns "$TARGET" net)" "$([ -n "$SKIP_WHY" ] || python3 - "$TARGET" << 'PY'
import ctypes, os, socket, subprocess, sys
libc = ctypes.CDLL(None)
own = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.setns(os.open("/proc/%s/ns/net" % sys.argv[1], os.O_RDONLY), 0)
s = socket.socket()
libc.setns(own, 0)
subprocess.run(["nsjoin", "--target", str(os.getpid()), "-N", str(s.fileno()), "readlink", "/proc/self/ns/net"])
PY
)"
given
refuse "a descriptor that the target has not" 125 "descriptor 999 is not open there" nsjoin --target $$ -N 999 true
refuse "a descriptor that the caller has not" 125 "descriptor 999 is not open there" nsjoin -N 999 true
equal "the owner of its user namespace is the caller's" "$(ns self user)" "$(nsjoin -t "$TARGET" -U --user-parent readlink /proc/self/ns/user 2>&1)"
equal "no fork: children are in the namespace, the program is not" "$(ns self pid) $(ns "$TARGET" pid)" \
	"$(nsjoin -t "$TARGET" -U -p -F sh -c 'readlink /proc/$$/ns/pid /proc/$$/ns/pid_for_children' | one_line)"
check "the dry run changes nothing" nsjoin -t "$TARGET" -a --dry-run sh -c "echo > $T/touched"
equal "indeed" no "$([ -e touched ] && echo yes || echo no)"
check "explained, as JSON, in the order of the plan" sh -c "nsjoin -t $TARGET -a --explain=json true 2>&1 | jq -se 'map(.id) == [\"open-target\", \"open-namespaces\", \"fork\", \"undumpable\", \"join-namespaces\", \"be-born\", \"take-ids\", \"close-descriptors\", \"die-with-caller\"]'"
for f in 'setns=EINVAL' 'clone3=ENOSYS!' 'close_range=ENOSYS!'; do
	RINGFENCE_FAULT=$f equal "without the newer call: $f" "inside 0" "$(RINGFENCE_FAULT=$f nsjoin -t "$TARGET" -a sh -c 'hostname; id -u' | one_line)"
done

# --- which ids
equal "a user id of one's choice must be mapped" 125 "$(code nsjoin -t "$TARGET" -a -S 5 true)"
grep -q "hint: this id is not in the user id map" .err && ok "and that is said" || not_ok "the hint" "$(cat .err)"
equal "ids that are kept" "$(id -u) $(id -g)" "$(nsjoin -t "$TARGET" -U --preserve-credentials sh -c 'cat /proc/self/uid_map > /dev/null; awk "/^Uid|^Gid/ {print \$2}" /proc/self/status' | one_line | sed "s/^0 0$/$(id -u) $(id -g)/")"
equal "neither inheritable nor ambient capabilities, whatever the caller has" "0000000000000000 0000000000000000" "$(nsjoin -t "$TARGET" -a sed -nE 's/^Cap(Inh|Amb):\t//p' /proc/self/status | one_line)"
equal "all capabilities taken" 0000000000000000 "$(nsjoin -t "$TARGET" -a --drop all sed -n 's/^CapEff:\t//p' /proc/self/status)"
equal "also from what exec could give" 0000000000000000 "$(nsjoin -t "$TARGET" -a --drop all sed -n 's/^CapBnd:\t//p' /proc/self/status)"
equal "no_new_privs" 1 "$(nsjoin -t "$TARGET" -a --no-new-privs sed -n 's/^NoNewPrivs:\t//p' /proc/self/status)"


# --- held before its exec: nobody inside, not even root there, may trace it or see its descriptors
cat > look.py << 'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None, use_errno=True)
me = (1, os.getpid(), os.getppid())
for pid in [int(p) for p in os.listdir("/proc") if p.isdigit() and int(p) not in me]:
    name = open("/proc/%d/comm" % pid).read().strip()
    if name != "nsjoin":
        continue
    try:
        os.readlink("/proc/%d/fd/0" % pid)
        fds = "open"
    except PermissionError:
        fds = "closed"
    traced = libc.ptrace(0x4206, pid, 0, 0)  # PTRACE_SEIZE
    print("descriptors %s, tracing %s" % (fds, "allowed" if traced == 0 else os.strerror(ctypes.get_errno())))
PY
chmod 644 look.py
RINGFENCE_FAULT=close_range=STOP nsjoin -t "$TARGET" -a true & joiner=$!
await 10 sh -c "pgrep -P $joiner | grep -q . && ps -o stat= -p \$(pgrep -P $joiner) | grep -q ^T"
equal "before its exec the joiner is out of reach" "descriptors closed, tracing Operation not permitted" "$(nsjoin -t "$TARGET" -a python3 "$T/look.py")"
kill -9 $joiner; wait $joiner 2> /dev/null
end

# --- a sandbox of two user namespaces, the namespaces in the outer one, the program in the inner
given "bubblewrap is not installed, or can't run here" sh -c "$(declare -f nobody root); command -v bwrap && nobody bwrap --unshare-all --bind / / --dev /dev true"
inner=$(
	[ -z "$SKIP_WHY" ] || exit
	nobody bwrap --unshare-all --bind / / --dev /dev --proc /proc sh -c 'echo up; exec sleep 1000' > pub/bw 2>&1 & box=$!
	await 20 grep -q up pub/bw
	t=$(pgrep -P "$(pgrep -P $box)")
	nobody "$O/tools/nsjoin" -t "$t" -a sh -c 'id -u; for n in mnt pid net user; do readlink /proc/self/ns/$n; done' 2>&1 | one_line
	for n in mnt pid net user; do ns "$t" $n; done | one_line
	kill -9 "$t" $box; wait $box 2> /dev/null
)
equal "an ordinary user enters it, and keeps his id, as it has no other" "65534 $(tail -1 <<< "$inner")" "$([ -n "$SKIP_WHY" ] && echo "65534 " || head -1 <<< "$inner")"
given

# --- what runs inside may be nsjoin itself: "#!/proc/self/exe" (CVE-2019-5736)
# overwrite FAULT: hold a joiner, of a program file that its user may write to, and do so
overwrite() {
	[ -z "$SKIP_WHY" ] || return 0
	cp "$O/tools/nsjoin" "$T/own-nsjoin"
	RINGFENCE_FAULT="pidfd_open=STOP$1" "$T/own-nsjoin" -t "$TARGET" -m -U true & joiner=$!
	await 10 sh -c "ps -o stat= -p $joiner | grep -q ^T"
	python3 "$TOP/tests/overwrite.py" $joiner
	wait $joiner 2> /dev/null
	cmp "$O/tools/nsjoin" "$T/own-nsjoin"
}
start nsrun -r -m
equal "it can't be written to by way of /proc" "$(root && answers 428 && echo "Read-only file system" || echo "Operation not permitted")" "$(overwrite "")"
equal "nor without open_tree, as a copy" "Operation not permitted" "$(overwrite ,open_tree=ENOSYS!)"
equal "nor without mount_setattr" "Operation not permitted" "$(overwrite ,mount_setattr=ENOSYS!)"
refuse "and if there is no way, it does not enter" 125 "own file could not be protected" env RINGFENCE_FAULT='open_tree=ENOSYS!,memfd_create=ENOSYS!' "$T/own-nsjoin" -t "$TARGET" -m -U true
RINGFENCE_FAULT=pidfd_open=STOP "$T/own-nsjoin" -t "$TARGET" -m -U true & joiner=$!
await 10 sh -c "ps -o stat= -p $joiner | grep -q ^T"
equal "it is still called nsjoin" nsjoin "$(cat /proc/$joiner/comm)"
kill -9 $joiner; wait $joiner 2> /dev/null
check "a dry run does nothing of it" sh -c "RINGFENCE_FAULT='open_tree=ENOSYS!,memfd_create=ENOSYS!' $T/own-nsjoin -t $TARGET -m -U --dry-run true"
end

# --- followed: directories, environment
mkdir -p place/deep; mkdir -p rootdir; chmod 755 place place/deep rootdir
start env -i HELLO=there PATH="$PATH" nsrun -r -m -w "$T/place/deep"
equal "the environment it was started with" "there" "$(HELLO=here nsjoin -t "$TARGET" -U -m -e sh -c 'echo $HELLO')"
equal "without -e the caller's" "here" "$(HELLO=here nsjoin -t "$TARGET" -U -m sh -c 'echo $HELLO')"
equal "its working directory" "$T/place/deep" "$(nsjoin -t "$TARGET" -U -m -w pwd)"
equal "a directory of the caller's" "$T/place" "$(nsjoin -t "$TARGET" -U -w"$T/place" pwd)"
equal "a directory inside" "$T/place" "$(nsjoin -t "$TARGET" -U -m -W "$T/place" pwd)"
refuse "a directory beyond the root" 125 'lies outside of the root that the program gets' nsjoin -t "$TARGET" -U -m -w"$T/place" true
equal "only of namespaces that differ" "$(ns self net)" "$(nsjoin -t "$TARGET" -a readlink /proc/self/ns/net)"
end
given "busybox-static is not installed" command -v busybox
if [ -z "$SKIP_WHY" ]; then
	mkdir -p fs/bin fs/proc fs/srv; cp "$(command -v busybox)" fs/bin/; for a in sh ls pwd sleep echo readlink; do ln -s busybox fs/bin/$a; done; echo in > fs/srv/file
	start_root() { nsrun -r -p -R "$T/fs" --mount-proc /bin/sh -c 'echo up > /srv/up; exec sleep 1000' < /dev/null > "$T/.start" 2>&1 & HOLDER=$!; await 20 test -s fs/srv/up; TARGET=$(pgrep -P $HOLDER); }
	start_root
fi
equal "a root made by pivot_root is the namespace's" "file up" "$([ -n "$SKIP_WHY" ] || nsjoin -t "$TARGET" -a /bin/ls /srv | one_line)"
equal "no descriptor of the host is in there" "0 1 2 3" "$([ -n "$SKIP_WHY" ] || nsjoin -t "$TARGET" -a /bin/ls /proc/self/fd 7< / | one_line)"
equal "a working directory of the host is refused there" 125 "$([ -n "$SKIP_WHY" ] && echo 125 || code nsjoin -t "$TARGET" -a -w"$T" /bin/pwd)"
[ -n "$SKIP_WHY" ] || end
given

# --- control groups and privilege, as root
given "needs root: groups of its own" root
if [ -z "$SKIP_WHY" ]; then
	cgctl create rf-nsjoin pids.max=100 2> "$T/.err"
	cgctl run --name rf-nsjoin -- sleep 1000 & HOLDER=$!
	await 20 pgrep -P $HOLDER; TARGET=$(pgrep -P $HOLDER)
fi
equal "the target's control group" "$([ -n "$SKIP_WHY" ] || grep -c rf-nsjoin "/proc/$TARGET/cgroup")" "$([ -n "$SKIP_WHY" ] || nsjoin -t "$TARGET" -c grep -c rf-nsjoin /proc/self/cgroup)"
equal "standard input is still there" hi "$([ -n "$SKIP_WHY" ] && echo hi || echo hi | nsjoin -t "$TARGET" -c cat)"
equal "no door to the group is left open" "0 1 2 3" "$([ -n "$SKIP_WHY" ] && echo 0 1 2 3 || nsjoin -t "$TARGET" -c ls /proc/self/fd | one_line)"
if [ -z "$SKIP_WHY" ]; then end; cgctl delete -r --kill rf-nsjoin; fi
[ -n "$SKIP_WHY" ] || start nsrun --map-users 0:100000:65536 --map-groups 0:100000:65536 -m -p --mount-proc
equal "root enters what belongs to others: staged, the network is the host's" "$([ -n "$SKIP_WHY" ] || ns self net)" "$([ -n "$SKIP_WHY" ] || nsjoin -t "$TARGET" -U -m -p -n readlink /proc/self/ns/net)"
equal "a user of the map" "1000 1000" "$([ -n "$SKIP_WHY" ] && echo 1000 1000 || nsjoin -t "$TARGET" -a -S 1000 -G 1000 sh -c 'id -u; id -g' | one_line)"
equal "no group of the caller's is kept" "1000" "$([ -n "$SKIP_WHY" ] && echo 1000 || nsjoin -t "$TARGET" -a -S 1000 -G 1000 id -G)"
[ -n "$SKIP_WHY" ] || end
[ -n "$SKIP_WHY" ] || start nsrun --map-users 0:100000:65536 --map-groups 0:100000:65536 -S 7 -G 8 -m
equal "the target's ids" "7 8" "$([ -n "$SKIP_WHY" ] && echo 7 8 || nsjoin -t "$TARGET" -U -m -S follow -G follow sh -c 'id -u; id -g' | one_line)"
refuse "a stranger may not look" 125 'rights of a tracer|Permission denied|not permitted' nobody nsjoin -t "$TARGET" -n true
[ -n "$SKIP_WHY" ] || end
given

# --- ends with its caller
start nsrun -r -p --mount-proc
nsjoin -t "$TARGET" -a sh -c "echo \$\$ > $T/inner; exec sleep 1000" & joiner=$!
await 20 test -s inner
kill -9 $joiner; wait $joiner 2> /dev/null
check "killed, it takes the program with it" await 10 sh -c "! nsjoin -t $TARGET -a sh -c 'kill -0 $(cat inner)'"
end

finish
