#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Landlock as a program meets it: each right seen from inside, granted and refused.
. "$(dirname "$0")/lib.sh"
chmod 755 "$T"
DEED=$O/tests/deed

# Each deed by name and path: "ok" or the errno's name. What the programs need, but nothing of $T. A lib that is a link is its target.
BASE=()
for dir in /usr /lib /lib64 /bin /etc /proc; do [ ! -e $dir ] || BASE+=(--landlock-rule "path-beneath:execute,read-file,read-dir:$dir"); done
BASE+=(--landlock-rule "path-beneath:execute,read-file:$DEED")
under() { confine "$@" 2>&1; }

# --- what the kernel says
abi=$(confine --landlock-abi 2> abi.err)
if [ -z "$abi" ]; then
	refuse "no Landlock is an error" 125 'Landlock: .*(older than 5.13|not switched on)' confine --fs ro:/ true
	refuse "with --best-effort a warning" 0 'not enforced here: .*execute, .*make_sym \(ABI 1\).*no Landlock' confine --best-effort --fs ro:/ true
fi
RINGFENCE_FAULT=landlock_create_ruleset=ENOSYS refuse "ENOSYS: not built in" 125 'Landlock: this kernel is built without it, or is older than 5.13' confine --fs ro:/ true
RINGFENCE_FAULT=landlock_create_ruleset=EOPNOTSUPP refuse "EOPNOTSUPP: not switched on" 125 'not switched on: add landlock to lsm=' confine --fs ro:/ true
for e in ENOSYS EOPNOTSUPP; do
	RINGFENCE_FAULT=landlock_create_ruleset=$e refuse "--landlock-abi with $e" 125 'Landlock: ' confine --landlock-abi
	RINGFENCE_FAULT=landlock_create_ruleset=$e refuse "--best-effort with $e" 0 'not enforced here: execute, .*make_sym \(ABI 1\), refer \(ABI 2\), .*; this kernel has no Landlock, ABI 0' confine --best-effort --fs ro:/ true
done
equal "and the program runs" ran "$(RINGFENCE_FAULT=landlock_create_ruleset=ENOSYS confine --best-effort --fs ro:/ echo ran 2> /dev/null)"
RINGFENCE_FAULT=landlock_create_ruleset=ENOSYS refuse "the error as JSON" 125 '"errno": "ENOSYS"' confine --json --fs ro:/ true

# --- usage
given "$ON_HOST" on_host
for row in 'fs|ro|is not RIGHTS:PATH' 'fs|frob:/|"?frob"?: is not a right on paths: ro, rx, rw, execute, write_file' 'fs|:/|is not a right on paths' \
	'fs|ro:|no path after the rights' 'tcp-bind|http|"http" is not a port from 0 to 65535' \
	'tcp-bind|65536|is not a port' 'tcp-connect|80,|is not a port' 'tcp-connect||is not a port' 'scope|frob|is not a scope: abstract_unix_socket, signal' \
	'landlock-access|frob|is not fs, net, scope' 'landlock-access|fs:frob|is not a right on paths' 'landlock-access|fsx|is not fs, net, scope' \
	'landlock-rule|frob:ro:/|is not path-beneath:RIGHTS:PATH or net-port:RIGHTS:PORT' 'landlock-rule|path-beneath:/|is not path-beneath' \
	'landlock-rule|path-beneath:ro:|no path' 'landlock-rule|net-port:bind-tcp:x|"x" is not a port' 'landlock-rule|net-port:frob:80|is not a right on ports' \
	'landlock-log|frob|is not a way to log' 'landlock-log|same-exec-off|nothing is restricted'; do
	option=${row%%|*} rest=${row#*|}
	refuse "refused: --$option ${rest%%|*}" 125 "--$option.*${rest#*|}|plan.*${rest#*|}|${rest#*|}" confine "--$option" "${rest%%|*}" true
done

given "no Landlock here: $(cat abi.err)" test -n "$abi"
refuse "a path that is not there" 125 '/no/such/path.*No such file' confine --best-effort --fs ro:/no/such/path true
prints "the ABI is printed" '^[0-9]+$' confine --landlock-abi
check "and nothing runs" sh -c '! confine --landlock-abi touch ran | grep -v "^[0-9]" && test ! -e ran'
prints "a dry run says what would be refused" "ABI $abi.*allow read_file,read_dir below /usr" confine --dry-run --best-effort --fs ro:/usr true

# --- rights one by one: refused where they are handled and not granted, had where granted
mkdir -p d/a d/b
fill() { rm -rf d; mkdir -p d/a/dir d/b; echo text > d/a/f; chmod 777 d d/a d/b d/a/dir; chmod 666 d/a/f; cp /bin/true d/a/prog; }
while IFS='|' read -r right need deed; do
	given "this kernel has ABI $abi, and $right is of ABI $need" test "$abi" -ge "$need"
	case $right in make-char | make-block) root || given "needs CAP_MKNOD" false ;; esac
	fill
	equal "$right refused" EACCES "$(under --landlock-access "fs:$right" "${BASE[@]}" "$DEED" "$deed")"
	fill
	equal "$right granted" ok "$(under --landlock-access "fs:$right" "${BASE[@]}" --landlock-rule "path-beneath:$right:$T/d" "$DEED" "$deed")"
done <<ROWS
execute|1|exec=$T/d/a/prog
write-file|1|write=$T/d/a/f
read-file|1|read=$T/d/a/f
read-dir|1|list=$T/d/a
remove-dir|1|rmdir=$T/d/a/dir
remove-file|1|unlink=$T/d/a/f
make-char|1|char=$T/d/a/n
make-dir|1|mkdir=$T/d/a/n
make-reg|1|create=$T/d/a/n
make-sock|1|sock=$T/d/a/n
make-fifo|1|fifo=$T/d/a/n
make-block|1|block=$T/d/a/n
make-sym|1|symlink=$T/d/a/n
truncate|3|truncate=$T/d/a/f
ROWS
given "no Landlock here: $(cat abi.err)" test -n "$abi"
fill
given "this kernel has ABI $abi, and refer is of ABI 2" test "${abi:-0}" -ge 2
equal "refer: moving between directories is refused even unasked" EXDEV "$(under --landlock-access fs:make-fifo "$DEED" "rename=$T/d/a/f")"
equal "and granted" ok "$(under --landlock-access fs:refer --landlock-rule "path-beneath:refer:$T/d" "$DEED" "rename=$T/d/a/f")"
given "this kernel has ABI $abi, and ioctl_dev is of ABI 5" test "${abi:-0}" -ge 5
equal "ioctl-dev refused" EACCES "$(under --landlock-access fs:ioctl-dev "$DEED" ioctl=/dev/ptmx)"
equal "ioctl-dev granted on another device" EACCES "$(under --landlock-access fs:ioctl-dev --landlock-rule path-beneath:ioctl-dev:/dev/null "$DEED" ioctl=/dev/ptmx)"
equal "ioctl-dev granted" ok "$(under --landlock-access fs:ioctl-dev --landlock-rule path-beneath:ioctl-dev:/dev/ptmx "$DEED" ioctl=/dev/ptmx)"
given "no Landlock here: $(cat abi.err)" test -n "$abi"

# --- the words
# rights that this kernel lacks are left out: the words are the same on each
fs() { under --best-effort "${BASE[@]}" "$@" 2>&1 | grep -v 'not enforced here'; }
all=(write="$T/d/a/f" read="$T/d/a/f" list="$T/d/a" exec="$T/d/a/prog" create="$T/d/a/n" mkdir="$T/d/a/m" symlink="$T/d/a/l" unlink="$T/d/a/prog" rmdir="$T/d/a/dir" rename="$T/d/a/f")
fill; equal "--fs ro" "EACCES ok ok EACCES EACCES EACCES EACCES EACCES EACCES EACCES" "$(fs --fs "ro:$T/d" "$DEED" "${all[@]}")"
fill; equal "--fs rx" "EACCES ok ok ok EACCES EACCES EACCES EACCES EACCES EACCES" "$(fs --fs "rx:$T/d" "$DEED" "${all[@]}")"
fill; equal "--fs rw" "ok ok ok EACCES ok ok ok ok ok ok" "$(fs --fs "rw:$T/d" "$DEED" "${all[@]}")"
fill; equal "--fs rw,execute" "ok ok ok ok ok ok ok ok ok ok" "$(fs --fs "rw,execute:$T/d" "$DEED" "${all[@]}")"
fill; equal "--fs all" "ok ok ok ok ok ok ok ok ok ok" "$(fs --fs "all:$T/d" "$DEED" "${all[@]}")"
fill; equal "what no rule names" "EACCES EACCES EACCES EACCES EACCES EACCES EACCES EACCES EACCES EACCES" "$(fs --fs "ro:/usr" "$DEED" "${all[@]}")"
if root; then fill; equal "rw makes no devices" "EACCES EACCES" "$(fs --fs "rw:$T/d" "$DEED" "char=$T/d/a/c" "block=$T/d/a/b")"; fi
fill; equal "ro on a plain file, and the rest of its directory" "ok EACCES EACCES EACCES" "$(fs --fs "ro:$T/d/a/f" "$DEED" "read=$T/d/a/f" "write=$T/d/a/f" "list=$T/d/a" "read=$T/d/a/prog")"
equal "rw on a plain file" "ok ok EACCES" "$(fs --fs "rw:$T/d/a/f" "$DEED" "write=$T/d/a/f" "read=$T/d/a/f" "create=$T/d/a/n")"
equal "rx on a plain file" "ok ok EACCES" "$(fs --fs "rx:$T/d/a/prog" "$DEED" "exec=$T/d/a/prog" "read=$T/d/a/prog" "read=$T/d/a/f")"
refuse "a right of directories on a plain file" 125 'is no directory, and the rights given hold in directories only' confine --best-effort --fs "make-dir:$T/d/a/f" true
fill; equal "two rules for one place add up" "ok ok" "$(fs --fs "read_file:$T/d" --fs "write-file:$T/d" "$DEED" "read=$T/d/a/f" "write=$T/d/a/f")"
mkdir -p "$T/with:colon"; echo x > "$T/with:colon/f"
equal "a path with a colon" ok "$(fs --fs "ro:$T/with:colon" "$DEED" "read=$T/with:colon/f")"
ln -s "$T/d" "$T/link"
equal "a link stands for what it leads to" "ok ok" "$(fs --fs "ro:$T/link" "$DEED" "read=$T/link/a/f" "read=$T/d/a/f")"
equal "what is open stays open" "text" "$(fs sh -c 'cat <&0' < d/a/f)"
equal "children are held, too" "EACCES" "$(fs --fs ro:/dev --fs "write_file:/dev/null" sh -c "$DEED write=$T/d/a/f")"
equal "no_new_privs is set without CAP_SYS_ADMIN" "1" "$(fs --drop all sed -n 's/^NoNewPrivs:.//p' /proc/self/status)"
refuse "the program itself must be within reach" 126 "Permission denied|not executable" uncounted confine --best-effort --fs "ro:$T/d" "$T/d/a/prog"

# --- as setpriv(1) has it
fill
refuse "nothing allowed" 126 "execute must be granted for it and for its loader" uncounted confine --landlock-access fs:execute true
check "path-beneath:execute,read-file:/" confine --landlock-access fs:execute,read-file --landlock-rule path-beneath:execute,read-file:/ true
check "a rule without rights grants all that is refused" confine --best-effort --landlock-access fs --landlock-rule path-beneath::/ true
check "fs: is fs" confine --best-effort --landlock-access fs: --landlock-rule path-beneath::/ true
refuse "fs:write, the beginning of a name that setpriv's users write" 1 'Permission denied' confine --landlock-access fs:write cp /dev/null "$T/d/a/f"
check "granted on one file" confine --landlock-access fs:write --landlock-rule "path-beneath:write:$T/d/a/f" cp /dev/null "$T/d/a/f"
equal "other rights are untouched" "ok EACCES" "$(under --landlock-access fs:write-file,make-dir "$DEED" "read=$T/d/a/f" "mkdir=$T/d/a/m")"
equal "several --landlock-access add up" "EACCES EACCES" "$(under --landlock-access fs:write-file --landlock-access fs:make-dir "$DEED" "write=$T/d/a/f" "mkdir=$T/d/a/m")"

# --- ports, on a listener of our own
given "this kernel has ABI $abi, and ports are of ABI 4" test "${abi:-0}" -ge 4
python3 -c 'import socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(9)
u = socket.socket(socket.AF_UNIX); u.bind("\0rf-landlock-%d" % s.getsockname()[1]); u.listen(9)
f = socket.socket(); f.bind(("127.0.0.1", 0)); free = f.getsockname()[1]; f.close()
open("port.tmp", "w").write("%d %d\n" % (s.getsockname()[1], free))
import os; os.rename("port.tmp", "port")
time.sleep(300)' &
listener=$!
await 10 test -e port
read -r port free < port
equal "without rules" "ok ok" "$("$DEED" "connect=$port" "bind=$free")"
equal "--tcp-connect, and binding is refused" "ok EACCES" "$(under --tcp-connect "$port" "$DEED" "connect=$port" "bind=$free")"
equal "another port" "EACCES" "$(under --tcp-connect 1,2 "$DEED" "connect=$port")"
equal "--tcp-bind, and connecting is refused" "ok EACCES EACCES" "$(under --tcp-bind "$free" "$DEED" "bind=$free" "connect=$port" "bind=$((free + 1))")"
equal "both" "ok ok" "$(under --tcp-bind "$free" --tcp-connect "9,$port" "$DEED" "bind=$free" "connect=$port")"
equal "--tcp-bind none" "EACCES EACCES" "$(under --tcp-bind none "$DEED" "bind=$free" "connect=$port")"
equal "files are untouched" "ok" "$(under --tcp-bind none "$DEED" "read=$T/port")"
equal "--landlock-access net:bind-tcp leaves connecting alone" "EACCES ok" "$(under --landlock-access net:bind-tcp "$DEED" "bind=$free" "connect=$port")"
equal "--landlock-rule net-port" "EACCES ok" "$(under --landlock-access net --landlock-rule "net-port:connect-tcp:$port" "$DEED" "bind=$free" "connect=$port")"
equal "without rights: all" "ok ok" "$(under --landlock-access net --landlock-rule "net-port::$port" --landlock-rule "net-port::$free" "$DEED" "bind=$free" "connect=$port")"

# --- scope
given "this kernel has ABI $abi, and scopes are of ABI 6" test "${abi:-0}" -ge 6
equal "without scope" "ok ok" "$("$DEED" "abstract=rf-landlock-$port" "kill=$$")"
equal "--scope abstract-unix-socket" "EPERM ok" "$(under --scope abstract-unix-socket "$DEED" "abstract=rf-landlock-$port" "kill=$$")"
equal "--scope signal" "ok EPERM" "$(under --scope signal "$DEED" "abstract=rf-landlock-$port" "kill=$$")"
equal "both, in one word" "EPERM EPERM" "$(under --scope abstract_unix_socket,signal "$DEED" "abstract=rf-landlock-$port" "kill=$$")"
equal "all" "EPERM EPERM" "$(under --scope all "$DEED" "abstract=rf-landlock-$port" "kill=$$")"
equal "--landlock-access scope, as setpriv 2.43 has it" "EPERM EPERM" "$(under --landlock-access scope "$DEED" "abstract=rf-landlock-$port" "kill=$$")"
equal "--landlock-access scope:signal" "ok EPERM" "$(under --landlock-access scope:signal "$DEED" "abstract=rf-landlock-$port" "kill=$$")"
check "one's own child can be signalled" confine --scope signal sh -c 'sleep 9 & kill $!'
given
if [ -n "${listener:-}" ]; then kill "$listener"; wait "$listener" 2> /dev/null; fi

# --- what this kernel lacks
given "no Landlock here: $(cat abi.err)" test -n "$abi"
while IFS='|' read -r need option value name; do
	if [ "$abi" -lt "$need" ]; then
		refuse "--$option $value: an error that names right and both ABIs" 125 "this kernel has ABI $abi and can.t enforce .*$name \(ABI $need\)" confine "--$option" "$value" true
		refuse "--$option $value with --best-effort: a warning" 0 "not enforced here: .*$name \(ABI $need\).*this kernel has ABI $abi" confine --best-effort "--$option" "$value" true
	else
		check "--$option $value is known here" confine --dry-run "--$option" "$value" true
	fi
done <<'ROWS'
2|landlock-access|fs:refer|refer
3|landlock-access|fs:truncate|truncate
5|landlock-access|fs:ioctl-dev|ioctl_dev
4|landlock-access|net|bind_tcp, connect_tcp
4|tcp-connect|80|connect_tcp
6|scope|signal|signal
6|scope|abstract-unix-socket|abstract_unix_socket
ROWS
if [ "$abi" -ge 7 ]; then
	check "--landlock-log" confine --scope signal --landlock-log same-exec-off,new-exec-on,subdomains-off true
else
	refuse "--landlock-log" 125 "same_exec_off \(ABI 7\)" confine --landlock-access fs:make-sock --landlock-log same-exec-off true
fi

# --- together with the rest, as nobody, and where it fails
if root; then
	fill
	equal "paths are opened with the caller's rights, as nobody" "ok EACCES" \
		"$(fs --reuid 65534 --regid 65534 --clear-groups --fs "ro:$T/d" "$DEED" "read=$T/d/a/f" "write=$T/d/a/f")"
	equal "nobody restricts himself" "ok EACCES" \
		"$(nobody "$O/tools/confine" --best-effort "${BASE[@]}" --fs "ro:$T/d" "$DEED" "read=$T/d/a/f" "write=$T/d/a/f" 2> /dev/null)"
	mkdir -m 700 closed
	refuse "nobody can't name what he can't reach" 125 'closed/x.*Permission denied' nobody "$O/tools/confine" --best-effort --fs "ro:$T/closed/x" true
fi
echo 'default deny EPERM' > p.txt
echo 'allow @basic' >> p.txt
check "with a filter that allows none of it" confine --no-cache -s p.txt --landlock-access fs:make-dir true
for fault in landlock_create_ruleset=EMFILE landlock_add_rule=ENOMEM landlock_restrict_self=E2BIG; do
	RINGFENCE_FAULT=$fault refuse "fault $fault" 125 "${fault%=*}" confine --landlock-access fs:make-dir --landlock-rule "path-beneath:make-dir:$T" touch ran
	check "fault $fault: the program did not run" test ! -e ran
done
refuse "--explain shows the calls" 0 'landlock_restrict_self\(' confine --explain --landlock-access fs:make-dir true
finish
