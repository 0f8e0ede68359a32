#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What puzzles users of namespaces, each as they would meet it: the message names the cause and the
# way out, and the exit code is never one that the program could have given.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi
ns() { readlink "/proc/$1/ns/$2"; }
NSRUN=$O/tools/nsrun

# --- privilege
refuse "a pid namespace without privilege" 125 'hint: this needs CAP_SYS_ADMIN: add a user namespace \(-U or -r\) or be root' nobody nsrun -p true
refuse "a mount namespace without privilege" 125 'hint: this needs CAP_SYS_ADMIN' nobody nsrun -m true

# --- limits, in a user namespace whose limits are the test's
limits() { nsrun -r sh -c "$1"; }
refuse "no user namespace may be made" 125 'hint: a limit on namespaces is reached: user.max_user_namespaces is 0, and 0 are in use here: .*nsls -t user.*sysctl' \
	limits 'echo 0 > /proc/sys/user/max_user_namespaces; exec nsrun -r true'
for kind in net uts ipc mnt cgroup pid time; do
	refuse "no $kind namespace may be made: it is named among several" 125 "hint: a limit on namespaces is reached: user.max_${kind}_namespaces is 0, and 0 are in use here" \
		limits "echo 0 > /proc/sys/user/max_${kind}_namespaces; exec nsrun -m -u -i -n -p -C -T true"
done
cat > use.sh << 'SH'
echo 2 > /proc/sys/user/max_uts_namespaces
for i in 1 2; do nsrun -u --no-init sh -c "echo up > $1/in-use$i; exec sleep 1000" & held="$held $!"; done
n=200; until [ -s "$1/in-use1" ] && [ -s "$1/in-use2" ] || [ $n = 0 ]; do sleep 0.05; n=$((n - 1)); done
nsrun -u true; code=$?
kill -9 $held; exit $code
SH
refuse "all of those allowed are in use, and counted" 125 'user.max_uts_namespaces is 2, and 2 are in use here' nsrun -r sh "$T/use.sh" "$T"
nest=''; for _ in $(seq 33); do nest="$nest nsrun -r"; done
check "33 user namespaces in each other" sh -c "${nest#* } true"
refuse "the next one too many: the nesting" 125 'hint: .*user.max_user_namespaces=[0-9]+ with 0 in use.*it is the nesting, of which there are no more than 33 levels' sh -c "$nest nsrun -r true"
refuse "the limit is an outer one's" 125 'none of those here \(user.max_uts_namespaces=[0-9]+ with 0 in use.*outer user namespace' \
	limits 'echo 0 > /proc/sys/user/max_uts_namespaces; exec nsrun -r nsrun -u true'

# --- user namespaces refused
cat > filter.json << 'JSON'
{ "defaultAction": "SCMP_ACT_ALLOW", "architectures": [ "SCMP_ARCH_X86_64" ],
  "syscalls": [ { "names": [ "unshare", "clone3" ], "action": "SCMP_ACT_ERRNO", "errnoRet": 1 } ] }
JSON
refuse "by a seccomp filter" 125 'hint: a seccomp filter is at work here \(Seccomp: 2 in /proc/self/status\).*allow clone' nobody confine --no-new-privs --seccomp "$T/filter.json" "$NSRUN" -r true
given "needs root, and busybox-static: a chroot" sh -c '[ "$(id -u)" = 0 ] && command -v busybox'
given "a sanitized tool can't run in a bare root" sh -c '[ "$(id -u)" = 0 ] && command -v busybox && ! nm "$O/tools/nsrun" | grep -q __asan_init'
if [ -z "$SKIP_WHY" ]; then
	mkdir -p jail/bin jail/proc jail/tmp; cp "$NSRUN" "$(command -v busybox)" jail/bin/; ln -s busybox jail/bin/sh; chmod 755 jail jail/*
fi
in_chroot() { nsrun -m sh -c 'mount -t proc proc "$0/proc"; exec chroot "$@"' "$T/jail" "$@"; }
refuse "by a chroot" 125 'hint: this process is in a chroot, where the kernel makes no user namespaces: .*pivot_root \(nsrun --root\)' \
	in_chroot --userspec 65534:65534 "$T/jail" /bin/nsrun -r /bin/busybox true
refuse "a chroot without /proc" 125 "hint: .*a chroot.*can't be told here without /proc" chroot --userspec 65534:65534 "$T/jail" /bin/nsrun -r /bin/busybox true
[ -n "$SKIP_WHY" ] || { mount --bind jail jail; mount -t proc proc jail/proc; }
refuse "a chroot whose root is a mount, as a process that it comes from shows" 125 'hint: this process is in a chroot' chroot "$T/jail" /bin/nsrun -r /bin/busybox true
given "not in a chroot of the test's, or a filter is at work, which is what is named then" sh -c '[ -x jail/bin/nsrun ] && grep -q "^Seccomp:.0" /proc/self/status'
refuse "where those can't be looked at, it may be" 125 'hint: neither a sysctl nor a seccomp filter is seen to refuse it: a chroot may' chroot --userspec 65534:65534 "$T/jail" /bin/nsrun -r /bin/busybox true
! grep -q " $T/jail " /proc/self/mountinfo || { umount jail/proc; umount jail; }
given "needs root, and busybox-static, not sanitized: a chroot" test -x jail/bin/nsrun
refuse "a mount namespace in a chroot: its root is no mount" 125 'is not a mount point.*' in_chroot "$T/jail" /bin/nsrun -m /bin/busybox true
refuse "and the ways out" 125 'hint: .*mount --bind DIR DIR.*nsrun --root DIR.*--propagation unchanged' in_chroot "$T/jail" /bin/nsrun -m /bin/busybox true
check "one of them works: no propagation" in_chroot "$T/jail" /bin/nsrun -m --propagation unchanged /bin/busybox true
check "and another: bound onto itself" nsrun -m sh -c 'mount --bind "$0" "$0"; exec chroot "$0" /bin/nsrun -m /bin/busybox true' "$T/jail"
check "and the third: --root" nsrun -r -p --root "$T/jail" --mount-proc /bin/nsrun -r /bin/busybox true
# Sysctls of Debian and Ubuntu that this kernel lacks: their files are put there, and the refusal is a fault.
sysctls() { nsrun -m sh -c "mount -t tmpfs x /proc/sys/kernel; echo $2 > /proc/sys/kernel/$1; shift 2; exec \"\$@\"" sh "$@"; }
refuse "by Debian's sysctl" 125 'hint: kernel.unprivileged_userns_clone is 0: only root may .* sysctl kernel.unprivileged_userns_clone=1' \
	sysctls unprivileged_userns_clone 0 env RINGFENCE_FAULT=unshare=EPERM nsrun -r true
ubuntu='hint: kernel.apparmor_restrict_unprivileged_userns is 1: AppArmor \(here: .*\) takes away.*apparmor_parser -r: profile nsrun .*/nsrun flags=\(unconfined\) \{ userns, \}'
for fault in 'write:*uid_map=EPERM' 'openat:*uid_map=EACCES' 'mount_setattr=EACCES' 'ioctl=EPERM'; do
	refuse "by Ubuntu's AppArmor, later: $fault" 125 "$ubuntu" \
		sysctls apparmor_restrict_unprivileged_userns 1 setpriv --reuid 65534 --regid 65534 --clear-groups env RINGFENCE_FAULT="$fault" "$NSRUN" -r -m -n true
done
given

# --- pid namespaces
equal "a second process in a new pid namespace: the fork is implied" ok "$(nsrun -r -p sh -c '/bin/true; /bin/true; echo ok' 2>&1)"
equal "without our init, too" ok "$(nsrun -r -p --no-init sh -c '/bin/true; /bin/true; echo ok' 2>&1)"
given "needs root: a pid namespace whose first process has died" root
if [ -z "$SKIP_WHY" ]; then
	touch dead; nsrun -p --no-init sh -c 'echo > '"$T"'/born; exec sleep 1000' & holder=$!
	await 20 test -s born; first=$(pgrep -P $holder)
	mount --bind "/proc/$first/ns/pid" "$T/dead"; kill -9 $holder; wait $holder 2> /dev/null; await 10 sh -c "! [ -e /proc/$first ]"
fi
refuse "one that has lost its first process takes in nobody" 125 "hint: the pid namespace's first process has died" nsjoin --pid="$T/dead" true
[ -n "$SKIP_WHY" ] || umount dead
given

# --- maps
refuse "a map that overlaps: the rows" 125 '--map-users: 5:2000:10: overlaps 0:1000:10' nsrun --map-users 0:1000:10 --map-users 5:2000:10 true
many() { for i in $(seq "$2"); do printf -- '--map-users\n%d:%d:1\n' $((i * 2 + $1)) $((i * 2 + $1)); done; }
refuse "more rows than 340" 125 '340' nsrun $(many 0 341) true
refuse "more than the kernel takes at once" 125 'the kernel takes less than 4096' nsrun $(many 1000000000 200) true
refuse "a map of others' ids" 125 'newuidmap' nobody nsrun --map-users 0:0:1 true
refuse "setgroups stays allowed" 125 "setgroups can't stay allowed" nobody nsrun -r --setgroups allow true
check "the group map comes after setgroups is denied" nobody nsrun -r true
refuse "a user id without a row: the map is shown" 125 'setresuid\(5, 5, 5\): these are mapped \(INSIDE:OUTSIDE:COUNT\): 0:[0-9]+:1' nsrun -r -S 5 true
refuse "and said" 125 'hint: this id is not in the user id map' nsrun -r -S 5 true
refuse "a group id, in a process of its own" 125 'setresgid\(7, 7, 7\): these are mapped \(INSIDE:OUTSIDE:COUNT\): 0:[0-9]+:1' nsrun -r -f -G 7 true
nsrun -r --no-init sh -c "echo up > $T/mapped; exec sleep 1000" & holder=$!
await 20 test -s mapped
refuse "nsjoin shows it, too" 125 'setresuid\(5, 5, 5\): these are mapped' nsjoin -t $holder -U -S 5 true
kill -9 $holder; wait $holder 2> /dev/null

# --- /proc
refuse "a covered /proc: where" 125 'hint: the /proc seen here is partly covered by other mounts \(/proc/sys, /proc/bus\).*systempaths=unconfined.*unmask=ALL' \
	nsrun -r -m sh -c 'mount -t tmpfs x /proc/sys; mount -t tmpfs x /proc/bus; exec nsrun -r -p --mount-proc true'
refuse "by a single file" 125 '\(/proc/sys/kernel/hostname\)' \
	nsrun -r -m sh -c 'mount --bind /dev/null /proc/sys/kernel/hostname; exec nsrun -r -p --mount-proc true'
has_fsopen() { case ${RINGFENCE_FAULT:-} in *fsopen=ENOSYS!*) return 1 ;; *) answers 430 ;; esac; }
given "needs root, and fsopen(2): elsewhere the old one is locked, or the new one could not be made without it" sh -c "$(declare -f has_fsopen answers); [ $(id -u) = 0 ] && has_fsopen"
equal "umount /proc shows no process of the outside: there is no other proc below" no "$([ -n "$SKIP_WHY" ] && echo no || nsrun -p --mount-proc sh -c 'umount /proc; [ "$(stat -fc %T /proc)" = proc ] && echo yes || echo no')"
given "busybox-static is not installed, or the tool is sanitized" sh -c 'command -v busybox && ! nm "$O/tools/nsrun" | grep -q __asan_init'
if [ -z "$SKIP_WHY" ]; then mkdir -p fs/bin fs/proc; cp "$(command -v busybox)" fs/bin/; fi
equal "nor with a root of its own, for anybody" 0 "$([ -n "$SKIP_WHY" ] && echo 0 || nsrun -r -p --root "$T/fs" --mount-proc /bin/busybox sh -c '/bin/busybox umount /proc; /bin/busybox ls /proc | /bin/busybox wc -l')"
given

# --- life: the one who started nsrun was a thread, which ends
cat > threaded.py << 'PY'
import os, subprocess, sys, threading, time
def start():
    global p
    p = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    p.stdout.readline()
t = threading.Thread(target=start)
t.start()
t.join()
p.stdin.write(b"go\n")
p.stdin.close()
print(p.stdout.read().decode().strip(), p.wait())
PY
for way in "nsrun -r -f" "nsrun -r -p" "nsrun -r"; do
	equal "$way outlives the thread that started it" "still here 0" "$(python3 threaded.py $way sh -c 'echo up; read x; echo still here' 2>&1)"
done

# --- a busy host: the mount table changes while sandboxes start
churns=1000
on_host || churns=100 # each takes ten times as long there
churn='i=0; while [ $i -lt '$churns' ]; do mount -t tmpfs x "$0" && umount "$0"; i=$((i + 1)); done; echo > "$1"'
starts() {
	mkdir -p busy; rm -f churned
	nsrun -r -m --no-init sh -c 'sh -c "$0" "$1" "$2" & n=0
		until [ -e "$2" ]; do nsrun -m true && nsrun -r -p --root / --mount-proc true || exit 1; n=$((n + 1)); done; wait; [ $n -gt 0 ]' "$churn" "$T/busy" "$T/churned"
}
check "no start fails while mounts come and go" starts

# --- clocks
refuse "offsets set too late" 125 'hint: the offsets of a time namespace can be set only until its first process is in it' env RINGFENCE_FAULT='write:*timens_offsets=EACCES' nsrun -r --monotonic 1 true
check "the kernel's own word on it" sh -c '! nsrun -r -T sh -c "echo monotonic 1 0 > /proc/self/timens_offsets" 2> /dev/null'
finish
