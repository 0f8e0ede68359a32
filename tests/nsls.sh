#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsls as a user runs it: what it sees, by whom it is held, what two processes share.
. "$(dirname "$0")/lib.sh"

chmod 755 "$T"
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi
ns() { readlink "/proc/$1/ns/$2" | tr -dc 0-9; }
mkdir -m 777 pub; chmod 777 pub
nsrun -a -r --no-init sh -c 'echo > '"$T"'/pub/up; exec sleep 1000' < /dev/null > .start 2>&1 & HOLDER=$!
trap 'kill -9 $HOLDER 2> /dev/null; cd /; rm -rf "$T"' EXIT
await 20 test -s pub/up || { echo "# no target: $(cat .start)"; exit 1; }
TARGET=$(pgrep -P $HOLDER)

# --- usage
refuse "an unknown kind" 2 '--type: "xyz" is not user, mnt' nsls -t xyz
refuse "an unknown column" 2 '--output: "SIZE" is no column' nsls -o NS,SIZE
refuse "a relation that is none" 2 'tree: "aunt" is not' nsls --tree=aunt
refuse "no pid" 2 '"x" is neither a pid nor self' nsls diff x 1
refuse "one process alone" 2 'missing argument' nsls diff 1
refuse "no such process" 1 'no process has this pid here' nsls diff 4194000 self
refuse "no such process for --task" 1 'no process has this pid' nsls -p 4194000
refuse "no number" 2 'is not the number of a namespace' nsls net
refuse "a full disk" 1 'No space left' sh -c 'nsls > /dev/full'
prints "help" 'diff PID PID' nsls --help

# --- the list
for kind in user mnt pid net ipc uts cgroup time; do
	prints "the target's $kind namespace is listed" "^ *$(ns "$TARGET" $kind) +$kind +1 +$TARGET +.* sleep 1000\$" nsls -t $kind
	prints "and by -p" "^ *$(ns "$TARGET" $kind) +$kind" nsls -p "$TARGET"
done
equal "-p lists eight" 8 "$(nsls -n -p "$TARGET" | wc -l)"
equal "two kinds" "net uts" "$(nsls -n -o TYPE -t net,uts | sort -u | one_line)"
equal "by the options' names, too" mnt "$(nsls -n -o TYPE -t mount | sort -u)"
equal "columns as chosen" "NPROCS TYPE" "$(nsls -o NPROCS,TYPE | head -1 | one_line)"
equal "columns added" "NS TYPE NPROCS PID USER COMMAND PATH HELD" "$(nsls -o +PATH,held | head -1 | one_line)"
equal "all columns" "$(nsls -o all | head -1 | one_line)" "$(nsls --output-all | head -1 | one_line)"
for other in --tree=owner:--list --json:--raw --output=NS:--output-all; do
	refuse "${other//:/ and }" 2 'exclude each other' nsls "${other%:*}" "${other#*:}"
done

# --- for programs: one blank, nothing for no value, blanks as \x20
equal "raw" "NS TYPE PNS COMMAND|$(ns "$TARGET" uts) uts  sleep\\x201000" "$(nsls --raw -p "$TARGET" -t uts -o NS,TYPE,PNS,COMMAND | paste -sd'|')"
equal "raw, without headings" "$(ns "$TARGET" net)" "$(nsls -rn -p "$TARGET" -t net -o NS)"
equal "raw says nothing beside" "" "$(nsls -r 2>&1 > /dev/null)"

# --- which rows
filtered() { equal "filter: $1" "$2" "$(nsls -rn -o "$3" -p "$TARGET" -Q "$1" 2>&1 | sort | one_line)"; }
filtered "NS == $(ns "$TARGET" ipc)" "$(ns "$TARGET" ipc)" NS
filtered "NS == '$(ns "$TARGET" ipc)' && NPROCS == 1" ipc type
filtered "TYPE =~ '^[mn]' or TYPE == 'uts'" "mnt net uts" TYPE
filtered 'not (TYPE =~ "^[a-p]")' "time user uts" TYPE
filtered "command !~ 'sleep'" "" TYPE
filtered "PNS" "pid user" TYPE
filtered "PPID == $HOLDER and PID eq $TARGET and UID ge 0 and TYPE == 'user'" user TYPE
filtered "HELD == 'process' and TYPE == 'net' and PATH == '/proc/$TARGET/ns/net'" "/proc/$TARGET/ns/net" PATH
equal "--filter is -Q" net "$(nsls -rn -o TYPE -p "$TARGET" --filter 'TYPE == "net"')"
check "a filter that no row passes is no failure" nsls -Q 'NPROCS < 0'
refuse "a filter with an error says where" 2 '--filter: at character 8 of "NPROCS = 1": and, or or a comparison is missing' nsls -Q 'NPROCS = 1'
refuse "by a column that is none" 2 'at character 12 of "NS == 1 \|\| SIZE > 2": there is no such column' nsls -Q 'NS == 1 || SIZE > 2'
refuse "by a bad regular expression" 2 'at character 9 of "TYPE =~ .\(.": Unmatched' nsls -Q "TYPE =~ '('"
refuse "of the processes of one" 2 '--filter is for the list of namespaces' nsls -Q PID 1
given "jq is not installed" command -v jq
check "JSON" sh -c "nsls -J -o all | jq -e 'length >= 16 and all(.ns > 0 and (.type | length) > 2) and any(.ns == $(ns "$TARGET" net) and .nprocs == 1 and .pid == $TARGET and .held_by == \"process\" and .command == \"sleep 1000\")'"
given "util-linux's lsns is not installed" sh -c 'command -v lsns && command -v jq'
equal "the same namespaces as lsns" "$([ -n "$SKIP_WHY" ] || lsns -n -o NS -p "$TARGET" | sort -n | one_line)" "$([ -n "$SKIP_WHY" ] || nsls -n -o NS -p "$TARGET" | sort -n | one_line)"
given
prints "the processes of one" "^ *$TARGET +[0-9]+ +[^ ]+ +sleep 1000\$" nsls "$(ns "$TARGET" net)"
check "of a number that nobody has: nothing, and exit 1" sh -c '! nsls 77'

# --- the schema that is published
cat > fits.py << 'PY'
import json, sys
schema, data = json.load(open(sys.argv[1])), json.load(sys.stdin)
types = {"object": dict, "array": list, "string": str, "integer": int, "boolean": bool, "null": type(None)}
def fits(v, s):
    if "$ref" in s:
        return fits(v, schema["$defs"][s["$ref"].rsplit("/", 1)[1]])
    if "enum" in s and v not in s["enum"]:
        return False
    if "type" in s:
        names = s["type"] if isinstance(s["type"], list) else [s["type"]]
        if not any(type(v) is types[n] for n in names):
            return False
    if type(v) is int and v < s.get("minimum", v):
        return False
    if type(v) is dict:
        known = s.get("properties", {})
        return all(k in known and fits(v[k], known[k]) for k in v) and all(k in v for k in s.get("required", []))
    if type(v) is list and "items" in s:
        return all(fits(x, s["items"]) for x in v)
    return True
want = sys.argv[2]
sys.exit(not (data and all(fits(x, schema["$defs"][want]) for x in data)))
PY
fits() { [ -n "$SKIP_WHY" ] || "${@:2}" 2> /dev/null | python3 fits.py "$TOP/Documentation/nsls.schema.json" "$1"; }
check "it is JSON" python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$TOP/Documentation/nsls.schema.json"
check "the list" fits namespace nsls -J -o all
check "the processes of one" fits process nsls -J "$(ns "$TARGET" net)"
check "diff" fits comparison nsls diff -J self "$TARGET"
check "why" fits comparison nsls why -J "$TARGET"
check "limits" fits limit nsls limits -J
check "and it is not just anything" sh -c "! echo '[{\"ns\": \"x\"}]' | python3 fits.py '$TOP/Documentation/nsls.schema.json' namespace"

# --- relations
own=$(ns self user)
prints "its user namespace belongs to ours" "^ *$(ns "$TARGET" user) +user +$own +$own\$" nsls -o NS,TYPE,ONS,PNS -p "$TARGET"
prints "its network to its user namespace" "^ *$(ns "$TARGET" net) +net +$(ns "$TARGET" user) +-\$" nsls -o NS,TYPE,ONS,PNS -p "$TARGET"
prints "its pid namespace is below ours" "^ *$(ns "$TARGET" pid) +pid +$(ns "$TARGET" user) +$(ns self pid)\$" nsls -o NS,TYPE,ONS,PNS -p "$TARGET"
nsls -T -o NS,TYPE > tree
check "in the tree of owners it stands below" awk -v user="$(ns "$TARGET" user)" -v net="$(ns "$TARGET" net)" '$1 == user { u = NR; d = index($0, "user") } $1 == net { exit !(u && NR > u && index($0, "net") > d) } ' tree
same_tree() { [ "$(nsls -n -o NS | sort)" = "$(nsls -n -T -o NS --no-descriptors | sort)" ]; }
check "a tree has them all, where nothing comes or goes" await 5 same_tree

# --- by the kernel's own list, and without it
# answers: as in lib.sh, and not refused by the seam.
has_listns() { case ${RINGFENCE_FAULT:-} in *listns=ENOSYS!*) return 1 ;; *) answers 470 ;; esac; }
every() { nsls -n -o NS,NSID,TYPE,NPROCS,PATH,HELD,ONS,PNS "$@" | sort; }
# With the two lists made one after the other, what comes and goes between may differ once.
same() { [ "$(every)" = "$(RINGFENCE_FAULT=listns=ENOSYS! every)" ]; }
both() { given "this kernel has no listns(2)" has_listns; check "listns(2) and /proc tell the same: $1" await 5 same; given; }
both "processes"
equal "the tree, too" "$(nsls -n -o NS -p "$TARGET" -T | sort | one_line)" "$(RINGFENCE_FAULT=listns=ENOSYS! nsls -n -o NS -p "$TARGET" -T | sort | one_line)"
given "this kernel has no listns(2)" has_listns
check "who may not see all still sees all of its own" sh -c "nobody_ns=\$(setpriv --reuid 65534 --regid 65534 --clear-groups $O/tools/nsls -n -o NS 2> /dev/null | wc -l); [ \$nobody_ns -ge 8 ] || [ $(id -u) != 0 ]"
# A thread in a network of its own: its process is elsewhere, and no descriptor is open.
cat > thread.py << 'PY'
import ctypes, os, sys, threading, time
libc = ctypes.CDLL(None, use_errno=True)
def apart():
    if libc.unshare(0x40000000):
        sys.exit(os.strerror(ctypes.get_errno()))
    with open(sys.argv[1], "w") as f:
        f.write(os.readlink("/proc/thread-self/ns/net").strip("net:[]"))
    time.sleep(1000)
threading.Thread(target=apart).start()
PY
given "needs root: a thread in a network of its own" root
threaded=none number=none
[ -n "$SKIP_WHY" ] || { python3 thread.py "$T/number" & threaded=$!; await 20 test -s number; number=$(cat number); }
equal "what only a thread is in is not seen without listns(2)" 0 "$(RINGFENCE_FAULT=listns=ENOSYS! nsls -n -o NS | grep -c "$number")"
given "this kernel has no listns(2), or needs root" sh -c "[ -s $T/number ] && $(declare -f has_listns answers); has_listns"
prints "with it, it is, held by nothing that is seen" "^ *$number +[0-9]+ +net +0 +- +unseen +$(ns self user)\$" nsls -o NS,NSID,TYPE,NPROCS,PID,HELD,ONS
equal "and is joined by its id" "net:[$number]" "$([ -n "$SKIP_WHY" ] && echo "net:[$number]" || nsjoin --net=:"$(nsls -n -o NS,NSID | awk -v n="$number" '$1 == n { print $2 }')" readlink /proc/self/ns/net)"
given
[ "$threaded" = none ] || { kill -9 "$threaded"; wait "$threaded" 2> /dev/null; }
given "this kernel gives no ids (6.18)" sh -c "nsls -n -o NSID -t user | grep -q '[0-9]'"
id=$(nsls -n -o NS,NSID -t uts -p "$TARGET" | awk '{ print $2 }')
check "an id is that of the kernel" python3 -c 'import fcntl, os, struct, sys
buf = bytearray(8)
fcntl.ioctl(os.open("/proc/%s/ns/uts" % sys.argv[1], os.O_RDONLY), 0x8008b70d, buf)
sys.exit(struct.unpack("Q", buf)[0] != int(sys.argv[2]))' "$TARGET" "$id"
equal "joined by its id" "$(readlink "/proc/$TARGET/ns/uts")" "$([ -n "$SKIP_WHY" ] && readlink "/proc/$TARGET/ns/uts" || nsjoin -t "$TARGET" -U --uts=:"$id" readlink /proc/self/ns/uts)"
refuse "an id of another kind" 125 'is of the kind CLONE_NEWUTS, not CLONE_NEWNET|no process and no mounted file' nsjoin -t "$TARGET" -U --net=:"$id" true
for f in open_by_handle_at=ENOSYS! open_by_handle_at=EPERM!; do
	equal "found at a process where the kernel does not open it: $f" "$(readlink "/proc/$TARGET/ns/uts")" "$([ -n "$SKIP_WHY" ] && readlink "/proc/$TARGET/ns/uts" || RINGFENCE_FAULT=$f nsjoin -t "$TARGET" -U --uts=:"$id" readlink /proc/self/ns/uts)"
done
given

# --- without a process
given "needs root: bind mounts" root
held=none keeper=none number=none
if [ -z "$SKIP_WHY" ]; then
	touch pin; number=$(ns "$TARGET" uts)
	mount --bind "/proc/$TARGET/ns/uts" "$T/pin"
	netns=$(python3 - << 'PY'
import ctypes, os, sys
libc = ctypes.CDLL(None)
own = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.unshare(0x40000000)
held = os.open("/proc/self/ns/net", os.O_RDONLY)
libc.setns(own, 0)
pid = os.fork()
if pid == 0:
    os.close(1)
    os.execvp("sleep", ["sleep", "300"]) if os.set_inheritable(held, True) is None else None
print(pid, os.fstat(held).st_ino)
PY
)
	keeper=${netns% *} held=${netns#* }
fi
prints "one that a descriptor holds" "^ *$held +net +0 +$keeper .*/proc/$keeper/fd/[0-9]+ +descriptor\$" nsls -o NS,TYPE,NPROCS,PID,PATH,HELD
equal "is not seen without looking at descriptors" 0 "$(RINGFENCE_FAULT=listns=ENOSYS! nsls -n --no-descriptors -o NS | grep -c "$held")"
both "with such a one, too"
given "needs root: bind mounts" root
prints "it has no process" "^ *$held" nsls -P
[ -n "$SKIP_WHY" ] || kill "$keeper"
[ -n "$SKIP_WHY" ] || { kill -9 $HOLDER; wait $HOLDER 2> /dev/null; await 10 sh -c "! [ -e /proc/$TARGET ]"; }
prints "one that is mounted and outlives its process" "^ *$number +uts +0 +- +$(id -un) +- +$T/pin +mount\$" nsls -o +PATH,HELD -t uts
prints "can be joined there" "^$number\$" sh -c "nsjoin --uts=$T/pin readlink /proc/self/ns/uts | tr -dc 0-9"
prints "the user namespace it belongs to lives on by it" "user +0 .* child\$" nsls -T -o +HELD
[ -n "$SKIP_WHY" ] || umount pin
given
root || { kill -9 $HOLDER; wait $HOLDER 2> /dev/null; }

# --- networks: their numbers, where they are mounted, and one that only a socket has
given "needs root, and ip(8)" sh -c '[ "$(id -u)" = 0 ] && command -v ip'
cat > nets.sh << 'SH'
mount -t tmpfs none /run
ip netns add one && ip netns set one 77 && touch /run/other && mount --bind /run/netns/one /run/other
net=$(stat -c %i /run/other)
nsls -n -t net -o NETNSID -Q "NS == $net" | xargs
nsls -n -t net -o NETNSID -p $$ | xargs
nsls -n -t uts -o NETNSID -p $$ | xargs
nsls -n -t net -o NSFS -Q "NETNSID == 77" | sort | xargs
nsls -n -t net -o NSFS,HELD --nowrap -Q "NETNSID == '77'" | xargs
nsls -J -t net -o NETNSID,NSFS -Q "NETNSID == '77'" | xargs
nsls -rn -t net -o PID,USER,COMMAND,NSFS -Q "NETNSID == '77'"
python3 - "$net" << 'PY'
import ctypes, os, socket, subprocess, sys
own = os.open("/proc/self/ns/net", os.O_RDONLY)
held = os.open("/run/other", os.O_RDONLY)
libc = ctypes.CDLL(None)
libc.setns(held, 0)
s = socket.socket()
libc.setns(own, 0)
subprocess.run("umount -l /run/other; ip netns delete one", shell=True)
ask = ["-Q", "NS == " + sys.argv[1], "-o"]
say = lambda columns: subprocess.run(["nsls", "-rn"] + ask + [columns], capture_output=True, text=True).stdout.strip("\n")
print(say("TYPE,NPROCS,PID,USER,HELD,PATH").replace(str(os.getpid()), "PID").replace("fd/%d" % held, "fd/N"))
os.close(held)
print(say("TYPE,NPROCS,PID,USER,COMMAND,HELD,PATH").replace(str(os.getpid()), "PID").replace("fd/%d" % s.fileno(), "fd/N"))
PY
SH
[ -n "$SKIP_WHY" ] || unshare -m -n bash nets.sh > nets 2> nets.err || :
net() { equal "$2" "$3" "$([ -n "$SKIP_WHY" ] && printf %s "$3" || sed -n "$1p" nets)"; }
net 1 "the number of a network" 77
net 2 "our own has none" unassigned
net 3 "what is no network has none" -
net 4 "all that it is mounted at, below each other" "/run/netns/one /run/other"
net 5 "on one line" "/run/netns/one,/run/other mount"
net 6 "as JSON" "[{netnsid: 77, nsfs: [/run/netns/one, /run/other]}]"
net 7 "raw, of one without processes" " $(id -un)  /run/netns/one,/run/other"
net 8 "a descriptor of one that was unmounted" "net 0 PID root descriptor /proc/PID/fd/N"
net 9 "one that only a socket has" "net 0  root  socket /proc/PID/fd/N"
given
RINGFENCE_FAULT=socket=EACCES refuse "without netlink" 1 'socket\(AF_NETLINK, SOCK_RAW.*Permission denied' nsls -o NETNSID
RINGFENCE_FAULT=socket=EACCES! check "which is not needed without the column" nsls -o NS,NSFS

# --- two processes
nsrun -r -u -n --no-init sh -c 'echo > '"$T"'/pub/up2; exec sleep 1000' < /dev/null > .start 2>&1 & HOLDER=$!
await 20 test -s pub/up2
TARGET=$HOLDER
prints "diff: shared, and what it means" '^mnt +[0-9]+ +[0-9]+ +yes +A mount by one is seen by the other' sh -c "nsls diff self $TARGET; true"
prints "diff: not shared" '^net +[0-9]+ +[0-9]+ +no +Each has interfaces' sh -c "nsls diff self $TARGET; true"
check "exit 1 where they differ" sh -c "nsls diff self $TARGET; [ \$? = 1 ]"
check "exit 0 where they don't" nsls diff self $$
check "as JSON" sh -c "nsls diff -J self $TARGET | jq -e 'length == 8 and (map(select(.shared | not) | .type) | sort) == [\"net\", \"user\", \"uts\"]'"
prints "why: what differs" '^uts .*Each may have a host name of its own' sh -c "nsls why $TARGET; true"
prints "why: how to get there" "nsjoin -t $TARGET --all" sh -c "nsls why $TARGET; true"
equal "why: nothing that is shared" 0 "$(nsls why "$TARGET" | grep -c '^mnt ')"
prints "limits" '^net +[0-9]+ +[0-9]+ +[0-9]+ +user.max_net_namespaces' nsls limits
equal "what is in use counts in the user namespace that it belongs to" "1 9 10" "$(nsrun -r sh -c 'echo 10 > /proc/sys/user/max_net_namespaces; nsrun -n --no-init nsls limits' 2> /dev/null | awk '$1 == "net" { print $3, $4, $2 }')"
equal "and in those above" "2" "$(nsrun -r sh -c 'nsrun -r -n nsls -n -o NS > /dev/null; nsrun -n sh -c "nsrun -r -n sh -c \"echo > $0/up3; exec sleep 1000\" & n=200; until [ -s $0/up3 ] || [ \$n = 0 ]; do sleep 0.05; n=\$((n - 1)); done; nsls limits; kill -9 \$!"' "$T" 2> /dev/null | awk '$1 == "net" { print $3 }')"
equal "of the user namespaces, those below" "1" "$(nsrun -r sh -c 'nsrun -r sh -c "echo > $0/up4; exec sleep 1000" & n=200; until [ -s $0/up4 ] || [ $n = 0 ]; do sleep 0.05; n=$((n - 1)); done; nsls limits; kill -9 $!' "$T" 2> /dev/null | awk '$1 == "user" { print $3 }')"
kill -9 $HOLDER; wait $HOLDER 2> /dev/null

finish
