#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsrun as a user runs it: every option, every way to end, what the program can and can't reach.
. "$(dirname "$0")/lib.sh"

command -v busybox > /dev/null || skip_all "busybox-static is not installed"
chmod 755 "$T"
code() { "$@" > "$T/.out" 2> "$T/.err"; echo $?; }
# A root file system in one program.
mkdir -p root/bin root/proc root/tmp root/home root/srv
cp "$(command -v busybox)" root/bin/busybox
for a in sh ls pwd cat mkdir readlink id echo hostname sleep; do ln -s busybox root/bin/$a; done
cp "$O/tests/escape" root/escape
mkdir empty
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi

# --- usage
given "$ON_HOST" on_host
refuse "an unknown option" 125 'no such option: --frob' nsrun --frob true
refuse "no abbreviations" 125 'no such option: --map-root' nsrun --map-root true
refuse "an option without its value" 125 '--root needs a value: DIR' nsrun --root
refuse "a value where none is taken" 125 '--fork takes no value' nsrun --fork=1 true
refuse "a map in another form" 125 '--map-users: "0-5" is not INSIDE:OUTSIDE:COUNT' nsrun --map-users 0-5 true
refuse "a map with an empty field" 125 'is not INSIDE:OUTSIDE:COUNT' nsrun --map-users 0::1 true
refuse "two ways to map" 125 'exclude each other' nsrun -r -c true
refuse "a map that overlaps itself" 125 'id map|0:0:5' nsrun --map-users 0:0:5,3:100:1 true
refuse "a bad propagation" 125 'is not one of private, slave, shared, unchanged' nsrun -m --propagation up true
refuse "a bad setgroups" 125 'is not one of allow, deny' nsrun --setgroups maybe true
refuse "a bad user id" 125 '--setuid: "4294967295" is not a whole number from 0 to 4294967294' nsrun -S 4294967295 true
refuse "a bad group id" 125 '--setgid: "x" is not a whole number' nsrun -G x true
refuse "a bad signal" 125 '--kill-child: "NOSUCH" is not the name of a signal' nsrun --kill-child=NOSUCH true
refuse "a bad descriptor" 125 '--pass-fd: "x" is not a descriptor number' nsrun --pass-fd x true
refuse "an empty descriptor" 125 '--pass-fd: "" is not a descriptor number' nsrun --pass-fd= true
# What nsrun opens for itself must not be taken for it.
for o in pass-fd=3 block-fd=3 info-fd=3 ready-fd=3 report=fd:3 bind-fd=3:/f file=3:/f; do
	refuse "a descriptor that is not open: $o" 125 "--${o%%=*}: descriptor 3 is not open; a shell opens it by 3< FILE" sh -c "exec nsrun -r -p --empty-root --$o true 3<&-"
done
refuse "a usage error as JSON" 125 '"error": .*"message": "--setgid' nsrun --json -G x true
prints "help" '--map-users INSIDE:OUTSIDE:COUNT' nsrun --help
prints "version" '^nsrun \(ringfence\) [0-9]' nsrun --version
refuse "help to a full disk" 125 'standard output: No space' sh -c 'nsrun --help > /dev/full'

# --- how it ends
given
equal "exit code, in place" 7 "$(code nsrun -m -r sh -c 'exit 7')"
equal "exit code, forked" 7 "$(code nsrun -r -f sh -c 'exit 7')"
equal "exit code of pid 1" 7 "$(code nsrun -r -p sh -c 'exit 7')"
for way in "-r" "-r -f"; do
	refuse "not found ($way)" 127 'no-such.*No such file.*' nsrun $way no-such
	refuse "not found by path ($way)" 127 'hint: no such program' nsrun $way /no/such
	refuse "not executable ($way)" 126 'Permission denied' nsrun $way /etc/passwd
	refuse "a directory ($way)" 126 'Permission denied' nsrun $way /etc
done
refuse "not found, as JSON" 127 '"call": "execve".*"object": "/no/such".*"errno": "ENOENT"' nsrun --json -r -f /no/such
for sig in TERM KILL SEGV USR1; do
	equal "SIG$sig of the program is its own end" "$sig" "$(python3 - "$sig" <<'PY'
import signal, subprocess, sys
r = subprocess.run(["nsrun", "-f", "sh", "-c", "kill -%s $$" % sys.argv[1]]).returncode
print(signal.Signals(-r).name[3:] if r < 0 else "exit %d" % r)
PY
)"
done
equal "arguments arrive as they are" "a b|--user|" "$(nsrun -r -- printf '%s|' 'a b' --user)"
equal "options end at the program" "-r" "$(nsrun -r echo -r)"
equal "without a program, the shell" "from the shell" "$(echo 'echo from the shell' | SHELL=/bin/sh nsrun -r)"

# --- each namespace
inside() { nsrun -r "$@" readlink "/proc/self/ns/$kind"; }
for row in m:mount:mnt u:uts:uts i:ipc:ipc n:net:net p:pid:pid U:user:user C:cgroup:cgroup T:time:time; do
	IFS=: read -r letter word kind <<< "$row"
	here=$(readlink "/proc/self/ns/$kind")
	for o in "-$letter" "--$word" --all; do
		there=$(inside "$o")
		if [ -n "$there" ] && [ "$there" != "$here" ]; then ok "$o makes a $kind namespace"
		else not_ok "$o makes a $kind namespace" "inside \"$there\", outside \"$here\""; fi
	done
	[ "$kind" = user ] || equal "without it the $kind namespace stays" "$here" "$(inside)"
done
equal "a cgroup namespace begins at its own root" / "$(nsrun -r -C sh -c 'sed -n "s/.*:.*://p" /proc/self/cgroup | sort -u')"

# --- ids
equal "--map-root-user" "0:0" "$(nsrun -r sh -c 'echo $(id -u):$(id -g)')"
equal "--map-current-user" "$(id -u):$(id -g)" "$(nsrun -c sh -c 'echo $(id -u):$(id -g)')"
equal "one row of a map" "7 $(id -u) 1" "$(nsrun --map-users "7:$(id -u):1" sh -c 'echo $(cat /proc/self/uid_map)')"
equal "setgroups is denied with an own map" deny "$(nobody nsrun -r cat /proc/self/setgroups)"
equal "--setgroups deny" deny "$(nsrun -U --setgroups deny cat /proc/self/setgroups)"
given "must be root: maps ids that are not its own" root
wide="--map-users 0:100000:1000,1000:200000:5 --map-groups 0:100000:1000"
equal "several rows" "0 100000 1000 1000 200000 5" "$(nsrun $wide sh -c 'echo $(cat /proc/self/uid_map)')"
equal "root of a wide map" "0:0 100000" "$(nsrun $wide sh -c 'echo $(id -u):$(id -g) $(cat /proc/self/uid_map | sed -n "1s/ *0 *\([0-9]*\).*/\1/p")')"
equal "setgroups stays allowed with a privileged map" allow "$(nsrun $wide cat /proc/self/setgroups)"
equal "--setgroups allow with an own map" allow "$(nsrun -r --setgroups allow cat /proc/self/setgroups)"
equal "--setuid and --setgid" 5:6 "$(nsrun $wide -S 5 -G 6 sh -c 'echo $(id -u):$(id -g)')"
equal "no group of the caller's stays" 6 "$(setpriv --groups 4,24 nsrun $wide -S 5 -G 6 id -G)"
equal "--setuid alone keeps the group" 5:0 "$(nsrun --map-users 0:0:10 --map-groups 0:0:10 -S 5 sh -c 'echo $(id -u):$(id -g)')"
refuse "a user id that is not in the map" 125 'step .*take on the mapped ids.*setresuid.*Invalid|hint: this id is not in the user id map' nsrun $wide -S 2000 true
given

# --- maps put together
map() { nsrun "$@" sh -c 'echo $(cat /proc/self/uid_map)'; }
equal "--map-user" "5 $(id -u) 1" "$(map --map-user 5)"
equal "--map-user by name" "$(awk -F: '$1 == "nobody" { print $3 }' /etc/passwd) $(id -u) 1" "$(map --map-user nobody)"
equal "--map-group by name" "$(awk -F: '$1 == "daemon" { print $3 }' /etc/group) $(id -g) 1" "$(nsrun --map-user 0 --map-group daemon sh -c 'echo $(cat /proc/self/gid_map)')"
all=$(awk '{ printf "%.0f %.0f %.0f\n", $1, $1, ($3 == 4294967295 ? $3 - 1 : $3) }' /proc/self/uid_map | one_line)
equal "--map-users all: each id as itself" "$all" "$(root && map --map-users all || echo "$all")"
refuse "no such user" 125 'nosuchuser: is not in /etc/passwd' nsrun --map-user nosuchuser true
refuse "two ways at once" 125 'exclude each other' nsrun --map-user 1 -r true
refuse "--map-auto and a range" 125 'exclude each other' nsrun --map-auto --map-users 0:1:1 true
given "must be root: maps ids that are not its own" root
equal "unshare's older form" "5 100000 10" "$(map --map-users 100000,5,10)"
equal "a range makes room for a single id (util-linux loses one more)" "11 0 1 1 1 10" "$(map --map-users 1:1:10 --map-user 11 --map-groups all -S 11)"
equal "and for one inside of it" "0 100000 3 3 0 1 4 100003 6" "$(map --map-users 0:100000:10 --map-user 3 | xargs -n3 | sort -n | one_line)"
given "must be root, with newuidmap installed" sh -c '[ "$(id -u)" = 0 ] && command -v newuidmap'
# /etc/subuid is not ours: in a mount namespace another stands before it.
subuid() { printf 'nobody:200000:1000\n65534:300000:5\n' > subids; chmod 644 subids
	unshare -m sh -c 'mount --bind "$1" /etc/subuid && mount --bind "$1" /etc/subgid && shift && exec setpriv --reuid 65534 --regid 65534 --clear-groups "$@"' - "$T/subids" "$@"; }
equal "--map-auto of an ordinary user, by newuidmap" "0 200000 1000" "$(subuid nsrun --map-auto sh -c 'echo $(cat /proc/self/uid_map)')"
equal "with root as himself" "0 65534 1 1 200000 999" "$(subuid nsrun -r --map-auto sh -c 'echo $(cat /proc/self/uid_map)')"
equal "--map-users subids" "200000 200000 1000" "$(subuid nsrun --map-users subids --map-groups auto -S 200000 sh -c 'echo $(cat /proc/self/uid_map)')"
refuse "more than one has" 125 'newuidmap: .*it refused' subuid nsrun --map-users 0:200000:1001 true
# A helper that is killed has mapped nothing: util-linux goes on unmapped.
cat > killed-helper << 'SH'
#!/bin/sh
kill -9 $$
SH
chmod 755 killed-helper
refuse "a helper that dies makes it fail" 125 'it was ended by signal 9' unshare -m sh -c "mount --bind $T/killed-helper /usr/bin/newuidmap && exec setpriv --reuid 65534 --regid 65534 --clear-groups nsrun --map-users 0:200000:10 true"
given

# --- clocks
offsets() { nsrun -r "$@" sh -c 'echo $(cat /proc/self/timens_offsets)'; }
equal "--monotonic and --boottime" "monotonic 1000 500000000 boottime -100 0" "$(offsets --monotonic 1000.5 --boottime -100)"
equal "a fraction below zero" "monotonic -3 750000000 boottime 0 0" "$(offsets --monotonic -2.25)"
equal "to the nanosecond" "monotonic 0 1 boottime 0 0" "$(offsets --monotonic 0.000000001)"
check "the clock is off" nsrun -r --boottime 1000000 sh -c '[ $(cut -d. -f1 /proc/uptime) -ge 1000000 ]'
equal "with a pid namespace: init and the program" 2 "$(nsrun -r -p --monotonic 5 sh -c 'echo $$')"
refuse "an offset that is none" 125 '--monotonic: "x" is not SECONDS' nsrun -r --monotonic x true
refuse "one before the machine was started" 125 'clocks. offsets.*(range|Numerical)' nsrun -r --boottime -1000000000 true

# --- init
equal "pid 1 is an init" "nsrun 2" "$(nsrun -r -p --mount-proc sh -c 'echo $(cat /proc/1/comm) $$')"
equal "--no-init: the program is" 1 "$(nsrun -r -p --no-init sh -c 'echo $$')"
equal "orphans are reaped" 0 "$(nsrun -r -p --mount-proc sh -c '(sleep 0.01 &) ; sleep 0.3; grep -l "State:.*Z" /proc/[0-9]*/status | wc -l')"
equal "a signal without a handler ends it" TERM "$(python3 - << 'PY'
import signal, subprocess
p = subprocess.Popen(["nsrun", "-r", "-p", "sh", "-c", "echo up; exec sleep 100"], stdout=subprocess.PIPE)
p.stdout.readline()
p.terminate()
r = p.wait()
print(signal.Signals(-r).name[3:] if r < 0 else "exit %d" % r)
PY
)"
equal "its end is the program's: a signal" SEGV "$(python3 -c 'import signal, subprocess
r = subprocess.run(["nsrun", "-r", "-p", "sh", "-c", "kill -SEGV $$"]).returncode
print(signal.Signals(-r).name[3:] if r < 0 else "exit %d" % r)')"
equal "or a code that looks like one" 139 "$(code nsrun -r -p sh -c 'exit 139')"
equal "init has no descriptors but three and its pipe" "0 1 2 +1" "$(root || echo "0 1 2 +1"; ! root || nsrun -p --mount-proc sh -c 'for i in $(seq 50); do set -- $(ls /proc/1/fd); [ $# -gt 4 ] || break; sleep 0.05; done; echo $1 $2 $3 +$(($# - 3))')"
equal "root's init is out of reach inside, a user's own is not to himself" "$(root && echo closed || echo open)" "$(nsrun -r -p --mount-proc sh -c 'readlink /proc/1/exe > /dev/null 2>&1 && echo open || echo closed')"
nsrun -r -p sh -c 'echo up > '"$T/stop.up"'; kill -STOP $$; echo on > '"$T/stop.on"'' & stopped=$!
check "with init, a program that stops stops nsrun" await 5 sh -c "ps -o stat= -p $stopped | grep -q ^T"
kill -CONT $stopped
check "and goes on with it" await 5 test -s stop.on
wait $stopped

# --- while it runs
equal "--timeout" 124 "$(code nsrun -r --timeout 100ms sleep 100)"
grep -q 'its time was up' .err && ok "and that is said" || not_ok "--timeout says so" "$(cat .err)"
equal "--timeout of one that ignores SIGTERM" 124 "$(code nsrun -r -p --timeout 100ms sh -c "trap '' TERM; while :; do sleep 0.1; done")"
equal "--timeout that is not reached" 3 "$(code nsrun -r --timeout 100s sh -c 'exit 3')"
given "jq is not installed" command -v jq
nsrun -r --report "$T/report" sh -c 'exit 5'
check "--report" jq -e '.exit_code == 5 and .signal == null and (.timed_out | not) and .wall_us > 0 and .memory_peak_bytes > 0' report
nsrun -r -p --report fd:7 sh -c 'kill -USR1 $$' 7> report 2> .err
check "--report of a signal, to a descriptor" jq -e '.exit_code == null and .signal == "SIGUSR1"' report
check "--info-fd" sh -c 'nsrun -r -p --info-fd 7 true 7> info && jq -e ".pid > 1 and .pidfd_inode > 0 and (.namespaces | length) == 8 and .uid_map[0].inside == 0 and .uid_map[0].count == 1" info'
given
refuse "--report where nothing can be written" 125 'report' nsrun -r --report /none/report true
refuse "--report on a full disk" 125 'No space' nsrun -r --report /dev/full true
equal "--ready-fd, when it runs" ready "$(nsrun -r --ready-fd 7 sleep 0.1 7>&1)"
mkfifo gate; (sleep 0.2; echo > gate.open; echo go > gate) &
check "--block-fd" sh -c 'nsrun -r --block-fd 7 test -e gate.open 7< gate'
refuse "--block-fd that is not open" 125 'descriptor 77 is not open' nsrun -r --block-fd 77 true
wait

# --- environment and capabilities
equal "--clear-env" "" "$(nsrun -r --clear-env /usr/bin/env)"
equal "--keep-env" "A=1 C=3" "$(A=1 B=2 C=3 nsrun -r --clear-env --keep-env A,C --keep-env D /usr/bin/env | sort | one_line)"
equal "--setenv and --unsetenv" "x " "$(B=2 nsrun -r --setenv A=x --unsetenv B sh -c 'echo "$A $B"')"
refuse "--setenv without a value" 125 '--setenv: "A" is not NAME=VALUE' nsrun -r --setenv A true
refuse "--keep-env alone" 125 'what --clear-env shall leave' nsrun -r --keep-env A true
equal "--keep-caps" "$(nsrun -r sed -n 's/^CapEff:\t//p' /proc/self/status)" "$(nsrun -c --keep-caps sed -n 's/^CapEff:\t//p' /proc/self/status)"
equal "without it an ordinary user has none" 0000000000000000 "$(nobody nsrun -c sed -n 's/^CapEff:\t//p' /proc/self/status)"

# --- as an unprivileged user
equal "nobody becomes root inside" 0:0 "$(nobody nsrun -r sh -c 'echo $(id -u):$(id -g)')"
equal "all namespaces" 2 "$(nobody nsrun -a -r --mount-proc sh -c 'echo $$')"
refuse "a mount namespace alone" 125 'hint: this needs CAP_SYS_ADMIN: add a user namespace' nobody nsrun -m true
refuse "a wide map" 125 'write the user id map.*(newuidmap: it refused|this map needs privilege)' nobody nsrun --map-users 0:100000:10 true
refuse "another's id" 125 'write the user id map.*(newuidmap: it refused|this map needs privilege)' nobody nsrun --map-users 0:0:1 true
refuse "setgroups allowed with a group map" 125 'without privilege' nobody nsrun -r --setgroups allow true

# --- mounts
mkdir m
equal "mounts inside" 1 "$(nsrun -r -m sh -c "mount -t tmpfs x '$T/m' && grep -c ' $T/m ' /proc/self/mountinfo")"
equal "are not seen outside" 0 "$(grep -c " $T/m " /proc/self/mountinfo)"
# The shell between keeps the outer namespace, whose mounts are the inner one's masters.
propagation() { nsrun -r -m --propagation shared sh -c 'nsrun -m "$@" findmnt -no PROPAGATION /; true' sh "$@"; }
equal "private unless given" private "$(propagation)"
equal "--propagation private" private "$(propagation --propagation private)"
equal "--propagation slave" private,slave "$(propagation --propagation slave)"
equal "--propagation shared" shared "$(propagation --propagation shared)"
equal "--propagation unchanged" shared "$(propagation --propagation unchanged)"
equal "--mount-proc shows its pid namespace, init and program" "2 2" "$(nsrun -r -p --mount-proc sh -c 'set -- /proc/[0-9]*; echo $$ $#')"
mkdir p
equal "--mount-proc=DIR" "2" "$(nsrun -r -p --mount-proc="$T/p" sh -c "set -- '$T'/p/[0-9]*; echo \$#")"
refuse "--mount-proc where no directory is" 125 'mount a new proc file system.*/none' nsrun -r -p --mount-proc=/none true
refuse "a proc that is partly covered" 125 'hint: the /proc seen here is partly covered' \
	nsrun -r -m sh -c 'mount -t tmpfs x /proc/sys && exec nsrun -r -p --mount-proc true'

# --- the root
equal "--root" "bin escape home proc srv tmp" "$(echo $(nsrun -r --root root ls /))"
equal "the working directory is inside" "/ escape" "$(nsrun -r --root root sh -c 'echo $(pwd) $(ls escape)')"
equal "and .. leads nowhere" "bin escape home proc srv tmp" "$(echo $(nsrun -r --root root ls ../../../..))"
equal "--wd is of the new root" /home "$(nsrun -r --root root --wd /home pwd)"
equal "--wd without a root" /usr "$(nsrun -r --wd /usr pwd)"
refuse "--wd that is not there" 125 'change the working directory.*/none.*No such file' uncounted nsrun -r --root root --wd /none pwd
refuse "--root that is not there" 125 'attach the new root.*none.*No such file' nsrun -r --root none pwd
refuse "--root that is a file" 125 'attach the new root.*Not a directory|attach the new root' nsrun -r --root root/escape pwd
equal "one mount is left" 1 "$(nsrun -r -p --root root --mount-proc cat /proc/self/mountinfo | grep -cv ' - proc ')"
equal "--root with --mount-proc" "2 2" "$(nsrun -r -p --root root --mount-proc sh -c 'set -- /proc/[0-9]*; echo $$ $#')"
equal "--root /" "$(ls / | wc -l)" "$(nsrun -r --root / ls / | wc -l)"
mkdir -p root/link-target && ln -sfn / root/link
refuse "a mount point is resolved inside" 125 'mount a new proc' nsrun -r -p --root root --mount-proc="/link$T/p" true
rm root/link && rmdir root/link-target
equal "an outer program" "hi" "$(nsrun -r --root empty --outer-program busybox echo hi)"
refuse "an outer program needs to be static" 127 'hint: a program of the outer root must be linked statically' uncounted nsrun -r --root empty --outer-program ls
refuse "an outer program that is not there" 127 'no-such' nsrun -r --root empty --outer-program no-such

# The escape from chroot(2): first that it works there, then that it does not here.
outer=$T/outer-file
touch "$outer"
equal "chroot can be left" out "$(nsrun -r chroot root /escape "$outer")"
rmdir root/way-out
for way in "-r" "-r -p" "-r -f"; do
	equal "--root can't be left ($way)" in "$(nsrun $way --root root /escape "$outer")"
	rmdir root/way-out
done
for fault in open_tree mount_setattr; do
	equal "nor without $fault" in "$(RINGFENCE_FAULT="$fault=ENOSYS!" nsrun -r --root root /escape "$outer")"
	rmdir root/way-out
done

# A program of root's with an image as its root must not be written to from there (CVE-2019-5736).
given "root alone has such rights outside" root
cp "$O/tools/nsrun" own-nsrun
overwrite() {
	[ -z "$SKIP_WHY" ] || return 0
	rm -f root/up
	env RINGFENCE_FAULT="$1" "$T/own-nsrun" -p --root root sh -c 'echo > /up; while :; do sleep 0.05; done' & sealed=$!
	await 20 test -e root/up
	python3 "$TOP/tests/overwrite.py" $sealed
	wait $sealed 2> /dev/null
	cmp "$O/tools/nsrun" "$T/own-nsrun"
}
equal "nsrun can't be written to by way of /proc" "$(answers 428 && echo "Read-only file system" || echo "Operation not permitted")" "$(overwrite "")"
equal "nor without open_tree, as a copy" "Operation not permitted" "$(overwrite open_tree=ENOSYS!)"
rm -f own-nsrun root/up; given

# --- names and network
equal "--hostname" "box" "$(nsrun -r --hostname box hostname)"
before=$(hostname)
nsrun -r --hostname box true
equal "the host's name stays" "$before" "$(hostname)"
refuse "a host name that is too long" 125 'set the host name' nsrun -r --hostname "$(printf '%070d' 0)" true
prints "lo is up" '<LOOPBACK,UP' nsrun -r -n busybox ip link show lo
prints "--loopback-down" '<LOOPBACK>' nsrun -r -n --loopback-down busybox ip link show lo

# --- life and death
ready() { [ -s "$T/ready" ]; }
gone() { ! kill -0 "$1" 2> /dev/null; }
# start NSRUN-OPTION… -- SCRIPT: in the background, until SCRIPT has written its pid, as seen here.
start() {
	rm -f ready
	env --default-signal nsrun "$@" &
	runner=$!
	await 20 ready
	child=$(pgrep -P $runner)
}
loop='echo $$ > ready; while :; do sleep 0.05; done'
for way in "-r -f" "-r -p" "-r -p -T"; do
	start $way sh -c "$loop"
	kill -KILL $runner
	wait $runner 2> /dev/null
	if await 20 gone "$child"; then ok "the program dies with nsrun ($way)"; else not_ok "the program dies with nsrun ($way)" "pid $child lives"; fi
done
RINGFENCE_FAULT='clone3=ENOSYS!' start -r -p sh -c "$loop"
kill -KILL $runner
wait $runner 2> /dev/null
if await 20 gone "$child"; then ok "also without clone3"; else not_ok "also without clone3" "pid $child lives"; fi

start -r -f --kill-child=TERM sh -c "trap 'echo gently > $T/end; exit' TERM; $loop"
kill -KILL $runner
wait $runner 2> /dev/null
await 20 [ -s end ]
equal "--kill-child=TERM" gently "$(cat end)"
await 20 gone "$child" || kill -KILL "$child"

start -r --forward-signals sh -c "trap 'exit 4' TERM; $loop"
kill -TERM $runner
wait $runner
equal "--forward-signals: and it forks" 4 $?

start -r -f --no-kill-child sh -c "$loop"
kill -KILL $runner
wait $runner 2> /dev/null
rm -f ready2
if kill -0 "$child"; then ok "--no-kill-child"; else not_ok "--no-kill-child" "the program is gone"; fi
kill -KILL "$child"
await 20 gone "$child"

for sig in TERM INT HUP USR1 WINCH; do
	start -r -f sh -c "trap 'exit 3' $sig; $loop"
	kill -$sig $runner
	wait $runner
	equal "SIG$sig is passed on" 3 $?
done
start -r -p sh -c "trap 'exit 3' TERM; $loop"
kill -TERM $runner
wait $runner
equal "also to the first process of a pid namespace" 3 $?
rm -f ready
nsrun -r -f sh -c 'echo $$ > ready; kill -STOP $$; exit 5' &
runner=$!
await 20 ready
if await 20 stopped $runner; then ok "nsrun stops with the program"; else not_ok "nsrun stops with the program" "$(grep State /proc/$runner/status)"; fi
kill -CONT $runner
wait $runner
equal "and goes on with it" 5 $?
equal "the program's signal mask is the caller's" "$(grep SigBlk /proc/self/status)" "$(nsrun -r -f grep SigBlk /proc/self/status)"
equal "and it ignores nothing that the caller did not" "$(grep SigIgn /proc/self/status)" "$(nsrun -r -f grep SigIgn /proc/self/status)"

# nsrun killed at any of its steps leaves no process. (Its child sees the end of the pipe.)
for call in clone3 openat:*uid_map write:*gid_map; do
	RINGFENCE_FAULT="$call=KILL" nsrun -r -f sleep 1000 2> /dev/null
	equal "killed at $call" 137 $?
done

# --- descriptors
open_fds='for i in $(seq 0 40); do [ ! -e /proc/$$/fd/$i ] || printf "%s " $i; done'
for way in "-r" "-r -f" "-r -p --mount-proc"; do
	got=$(
		for i in {3..9}; do eval "exec $i< /"; done
		for i in {10..20}; do eval "exec $i< /etc"; done
		nsrun $way sh -c "$open_fds"
	)
	equal "no descriptor of the caller's ($way)" "0 1 2 " "$got"
done
equal "none with a new root" "0 1 2 " "$(exec 5< / 11< /etc; nsrun -r -p --root root --mount-proc busybox sh -c "$open_fds")"
equal "--pass-fd" "0 1 2 5 11 /etc" "$(exec 5< / 7< / 11< /etc; nsrun -r --pass-fd 5 --pass-fd 11 sh -c "$open_fds"'; readlink /proc/$$/fd/11')"

# An image may hold a /proc/self/fd of its own making, and a soft limit may have been lowered since.
mkdir -p decoy && cp -r root/bin decoy/ && mkdir -p decoy/proc/self/fd
equal "none without close_range, whatever the image's /proc/self/fd says" "" \
	"$(exec 5< / 11< /etc; ulimit -Sn 400; exec 399< /; ulimit -Sn 64
	RINGFENCE_FAULT=close_range=ENOSYS! nsrun -r --root decoy sh -c 'for i in 5 11 399; do (: <&$i) 2> /dev/null && echo $i; done')"

# --- without the newer calls, the same
script='echo $(hostname) $$ $(id -u) $(cat /proc/1/comm) $(pwd)'
one() { nsrun -r -p -m -T --mount-proc --hostname box "$@" sh -c "$script"; }
two() { nsrun -r -p -u --root "$T/root" --mount-proc --hostname box "$@" /bin/sh -c "$script"; }
for who in "" nobody; do
	[ -n "$who" ] || root || continue
	as() { $who env RINGFENCE_FAULT="$1" nsrun -r -p -T "${@:3}" sh -c "$script"; }
	for fault in clone3 open_tree fsopen mount_setattr openat2 close_range "clone3=ENOSYS!,open_tree=ENOSYS!,fsopen=ENOSYS!,mount_setattr"; do
		for dir in / "$T/root"; do
			equal "${who:-root}, --root $(basename "$dir"), without ${fault//=ENOSYS!/}" "box 2 0 nsrun /" \
				"$(as "$fault=ENOSYS!" -- --root "$dir" --mount-proc --hostname box 2>&1)"
		done
	done
done
refuse "the refused call was made" 0 'clone3\(.*ENOSYS' env RINGFENCE_FAULT=clone3=ENOSYS nsrun -r -p --explain true
refuse "and so were the others" 0 'open_tree\(.*ENOSYS' env RINGFENCE_FAULT=open_tree=ENOSYS nsrun -r --root / --explain true

# --- explain and dry run
refuse "--explain says what and why" 0 'unshare\(CLONE_NEWNS\|CLONE_NEWUSER\) = 0|unshare\(CLONE_NEWUSER\|CLONE_NEWNS\) = 0' nsrun -r -m --explain true
refuse "--explain names the page" 0 'See user_namespaces\(7\)' nsrun -r --explain true
nsrun -r -p --explain=json true 2> steps.json
given "jq is not installed" command -v jq
equal "--explain=json" '["status-pipe","fork","deny-setgroups"]' "$(jq -sc '[.[].id][:3]' steps.json)"
equal "its numbers" true "$(jq -s 'all(.tool == "nsrun" and .step <= .steps and (.calls | type) == "array")' steps.json)"
given
prints "--dry-run prints the plan" 'change the root' nsrun -a -r --root "$T/root" --dry-run no-such-program
equal "and changes nothing" "$before" "$(nsrun --hostname box --dry-run true > /dev/null; hostname)"
prints "--dry-run needs no privilege" 'enter new namespaces' nobody nsrun -m --dry-run true

# --- set-user-ID
set_user_id() { root && cp "$O/tools/nsrun" "$T/nsrun-suid" && chmod 4755 "$T/nsrun-suid" && [ "$(nobody "$T/nsrun-suid" --version 2>&1 | head -c 5)" = nsrun ]; }
given "must be root, on a file system without nosuid" set_user_id
refuse "refuses to run set-user-ID" 125 'refuses to run set-user-ID' nobody "$T/nsrun-suid" true
finish
