#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Values between the versions as a user converts them; cgconfig.conf and cgrules.conf in and out.
. "$(dirname "$0")/lib.sh"

# --- convert needs no control group
equal "shares by the three policies" "39 100 100" "$(for p in oci-old linear oci-2025; do cgctl convert --policy $p cpu.shares=1024; done | sed s/.*=// | one_line)"
equal "a pair becomes one value" "cpu.max=20000 50000" "$(cgctl convert cpu.cfs_quota_us=20000 cpu.cfs_period_us=50000)"
equal "and the way back" "cpu.cfs_quota_us=50000 cpu.cfs_period_us=100000" "$(cgctl convert cpu.max=50% | one_line)"
refuse "what v2 has not" 1 'nothing like it there: v2' cgctl convert memory.swappiness=10
refuse "swap without memory" 2 'without a limit on memory' cgctl convert memory.memsw.limit_in_bytes=64M
refuse "an unknown key" 2 'no such key' cgctl convert no.such=1
refuse "an unknown policy" 2 'oci-2025' cgctl convert --policy nice cpu.shares=5
check "as JSON" sh -c "cgctl convert --json cpu.shares=512 | jq -e '.[0] == {from: \"cpu.shares=512\", key: \"cpu.weight\", value: \"50\", version: 2, note: null}'"

given "needs root to make control groups" root
G=rf-c$$
value() { cgctl get --json "$1" "$2" 2> /dev/null | jq -r ".values[\"$2\"]"; }
cat > conf << END
mount { cpu = /cgroup/cpu; }
group $G {
	perm { task { uid = root; } admin { uid = nobody; gid = nogroup; } }
	memory { memory.limit_in_bytes = 64M; }
	pids { pids.max = 50; }
}
group $G/below { pids { pids.max = "20"; } }
END
check "import prints the steps" sh -c "cgctl import --json conf | jq -e 'length >= 5 and any(.args | contains(\"memory.max=67108864\"))'"
equal "and does nothing" no "$([ -d /sys/fs/cgroup/pids/$G ] || [ -d /sys/fs/cgroup/$G ] && echo yes || echo no)"
check "what is left out is told" sh -c "cgctl import conf 2>&1 > /dev/null | grep -q 'conf:1: cpu is left out'"
prints "a dry run makes the calls, dry" 'mkdirat' cgctl import --dry-run conf
check "apply" cgctl import --apply conf
equal "the values are set" "$((64 << 20)) 50 20" "$(value $G memory.max) $(value $G pids.max) $(value $G/below pids.max)"
check "the admin owns it" sh -c "stat -c %U /sys/fs/cgroup/pids/$G /sys/fs/cgroup/$G 2> /dev/null | grep -qx nobody"
check "again is fine" cgctl import --apply conf
sed 's/50/51/; s/= "20"/= "2x"/' conf > bad
refuse "a bad value of the second group" 2 'pids.max.*2x' cgctl import --apply bad
equal "the first is as it was" 50 "$(value $G pids.max)"
sed 's/50/51/; s/"20"/"21"/' conf > later
refuse "a write that fails late" 1 'Input/output' env RINGFENCE_FAULT="write:*/below/pids.max=EIO" cgctl import --apply later
equal "takes back the first" 50 "$(value $G pids.max)"
sed "s/$G/$G-new/" later > new
refuse "a new tree" 1 'Input/output' env RINGFENCE_FAULT="write:*/below/pids.max=EIO" cgctl import --apply new
equal "is not left half made" "" "$(find /sys/fs/cgroup -name "$G-new" 2> /dev/null)"
refuse "not of the form" 2 'broken:2' sh -c "printf 'group x {\n  pids {' > broken; cgctl import broken"
refuse "no such file" 1 'nofile' cgctl import nofile
python3 -c 'for i in range(7000): print("group rf-big/g%d {\n\tpids { pids.max = %d; }\n}\n" % (i, i + 1))' > big
equal "28,000 lines are two steps for each of 7,000 groups" 14000 "$(cgctl import --json big | jq length)"
cgctl export $G > out
check "export and import agree" sh -c "cgctl delete -r $G && cgctl import --apply out && cgctl export $G | diff - out"

# --- rules for the processes of now
sleep 1000 & P=$!
cat > rules << END
root:rf-nobody pids $G
%:sleep-of-no-name pids $G
nobody pids $G
END
printf 'group %s { pids { pids.max = 40; } }\n' "$G/u-nobody" > more
setpriv --reuid 65534 --regid 65534 --clear-groups sleep 1000 & N=$!
root && await 10 sh -c "[ \$(stat -c %u /proc/$N) = 65534 ]"
echo "nobody:sleep pids $G/u-%u" > rules
check "rules find processes" sh -c "cgctl import --json -R rules more | jq -e 'any(.args | test(\"/$G/u-nobody:.* $N\"))'"
check "and don't find others" sh -c "! cgctl import -R rules more | grep -w $P"
check "apply them" cgctl import --apply -R rules more
check "the process is there" grep -q "/$G/u-nobody\$" /proc/$N/cgroup
kill -9 $P $N; wait $P $N 2> /dev/null
cgctl delete -r $G
finish
