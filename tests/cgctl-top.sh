#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cgctl top, record and replay: what the groups use, live and from a file.
. "$(dirname "$0")/lib.sh"

top=rf-top-$$
made() { cgctl create $top/a/b 2> .err && cgctl create $top/c 2> .err; }
made || skip_all "no groups can be made here: $(cat .err)"
trap 'cgctl delete -r --kill $top > /dev/null 2>&1; cd /; rm -rf "$T"' EXIT
quick="-d 50ms"
names() { jq -c '[.groups[].group]' | tail -n 1; }

# --- usage
refuse "a column that is none" 2 'no column; there are cpu_percent, ' cgctl top -b -o frob
refuse "no column at all" 2 'no column is named' cgctl top -b -o ,
refuse "sorting by none" 2 '"frob" is no column' cgctl top -b -s frob
refuse "no time between samples" 2 'there must be time between' cgctl top -b -d 0s
refuse "a time without a unit" 2 '"1".*(unit|form|ms)' cgctl top -b -d 1
refuse "no refresh" 2 'iterations' cgctl top -b -n 0
refuse "a group that is not there" 1 'rf-none.*no such group' cgctl top -b -n 1 rf-none
refuse "a name that is none" 2 '\.\.' cgctl top -b -n 1 a/../b
refuse "a terminal that is not known" 2 'TERM=frob.*--batch' env TERM=frob script -qec "cgctl top -n 1" /dev/stderr

# --- text and JSON
prints "text has the time, headings and the tree" '^ +CPU% .* GROUP$' cgctl top -b -n 1 $quick $top
tree() { cgctl top -b -n 1 $quick -s name $top | sed '$d' | awk 'NR == 2 { at = index($0, "GROUP") } NR > 2 { print substr($0, at) }' | paste -sd'|'; }
equal "a tree" "/$top|  a|    b|  c" "$(tree)"
given "jq is not installed" command -v jq
equal "--json" "[\"/$top\",\"/$top/a\",\"/$top/a/b\",\"/$top/c\"]" "$(cgctl top --json -n 1 $quick -s name $top | names)"
equal "an object for each refresh" 3 "$(cgctl top --json -n 3 $quick $top | jq -c '.time_us' | wc -l)"
equal "--depth" "[\"/$top\",\"/$top/a\",\"/$top/c\"]" "$(cgctl top --json -n 1 $quick --depth 1 -s name $top | names)"
equal "all columns" true "$(cgctl top --json -n 1 $quick -o all $top | jq '.groups[0] | has("cpu_percent") and has("oom_kills") and has("major_faults_per_s")')"
equal "columns by choice" '["group","pids","swap_bytes"]' "$(cgctl top --json -n 1 $quick -o pids,swap_bytes $top | jq -c '.groups[0] | keys')"
equal "columns beside the usual" true "$(cgctl top --json -n 1 $quick -o +swap_bytes $top | jq '.groups[0] | has("swap_bytes") and has("cpu_percent")')"

# --- where the figures come from
equal "a few groups are read from files, and it says why" "files true" "$(cgctl top --json -n 1 $quick $top | jq -r '"\(.source) \(.why_files | contains("does not pay"))"')"
equal "files, as asked for" "files null" "$(cgctl top --json -n 1 $quick --source files $top | jq -r '"\(.source) \(.why_files)"')"
prints "the head line has it, too" ', 4 groups, source files$' cgctl top -b -n 1 $quick $top
refuse "no such source" 2 'source' cgctl top -b --source frob
for err in EPERM ENOSYS; do
	refuse "bpf is refused: $err" 1 'sample|BTF' env RINGFENCE_FAULT="bpf_load=$err!" cgctl top -b -n 1 $quick --source bpf $top
	refuse "also for a recording" 1 'sample|BTF' env RINGFENCE_FAULT="bpf_load=$err!" cgctl record --source bpf -n 1 refused $top
	refuse "and for metrics" 1 'sample|BTF' env RINGFENCE_FAULT="bpf_load=$err!" cgctl serve-metrics --source bpf $top
done
given "the kernel gives no cgroup iterator here" sh -c "cgctl top -b -n 1 $quick --source bpf $top > out"
prints "bpf, as asked for" ', 4 groups, source bpf$' cgctl top -b -n 1 $quick --source bpf $top
levels() { grep -E '^cgroup_(memory_max_bytes|pids|pids_max|pids_max_events_total|cpu_quota_seconds|cpu_period_seconds|nr_periods_total|oom_kills_total)\{'; }
equal "metrics are the same from both" "$(cgctl serve-metrics --source files $top | levels)" "$(cgctl serve-metrics --source bpf $top | levels)"
check "record" cgctl record --source bpf -n 2 $quick bulk $top
equal "has the groups" "[\"/$top\",\"/$top/a\",\"/$top/a/b\",\"/$top/c\"]" "$(cgctl replay --json -s name bulk | names)"
given "jq is not installed" command -v jq

# A group that burns CPU under half a CPU, in the one that is sorted first.
pidof_burner() { cgctl run -p cpu.max=30% --name $top/c -- sh -c 'echo up > '"$T"'/up; while :; do :; done' & burner=$!; await 10 test -s up; }
pidof_burner
equal "the busy group comes first" "/$top/c" "$(cgctl top --json -n 1 -d 400ms --flat $top | jq -r '[.groups[] | select(.group == "'/$top'/c" or .group == "'/$top'/a")][0].group')"
usage=$(cgctl top --json -n 1 -d 1s $top | jq '.groups[] | select(.group == "'/$top'/c") | .cpu_percent')
# How much of its quota it gets depends on what else runs here; that the quota is felt does not, for long.
check "it has been running, within its quota" python3 -c "import sys; sys.exit(not 0 < $usage <= 45)"
given "no CPU controller for it here" sh -c "cgctl get $top/c cpu.max | grep -q 30000"
throttled() { cgctl top --json -n 1 -d 1s $top | jq -e '.groups[] | select(.group == "'/$top'/c") | .throttled_percent >= 10' > /dev/null; }
check "and it is throttled" await 1 throttled # 20 times at most
given
kill $burner; wait $burner 2> /dev/null
cgctl create $top/c > /dev/null 2>&1

given "no memory controller here" sh -c "cgctl create -c memory $top/m/b && cgctl set $top/m memory.max=64M && cgctl set $top/m/b memory.max=max"
equal "the effective limit is an ancestor's" 67108864 "$(cgctl top --json -n 1 $quick $top | jq '.groups[] | select(.group == "'/$top'/m/b") | .memory_effective_max_bytes')"
cgctl delete -r $top/m > /dev/null 2>&1
given "jq is not installed" command -v jq

# --- groups come and go
cgctl top --json -n 40 $quick $top > stream & streamer=$!
await 10 test -s stream
cgctl create $top/new > /dev/null; await 10 grep -q "/$top/new" stream
check "a new group is seen" grep -q "/$top/new" stream
cgctl delete $top/new
gone() { tail -n 1 stream | jq -e '[.groups[].group] | index("'/$top'/new") == null' > /dev/null 2>&1; }
check "and is seen to go" await 10 gone
kill $streamer 2> /dev/null; wait $streamer 2> /dev/null

# --- recordings
check "record" cgctl record -n 5 $quick rec $top
equal "replay has each sample but the first" 4 "$(cgctl replay --json rec | wc -l)"
equal "and the same groups" "[\"/$top\",\"/$top/a\",\"/$top/a/b\",\"/$top/c\"]" "$(cgctl replay --json -s name rec | names)"
equal "--export json has all" 5 "$(cgctl replay --export json rec | wc -l)"
equal "--export csv has a line a group and sample" 21 "$(cgctl replay --export csv rec | wc -l)"
equal "csv and json agree" "$(cgctl replay --export json rec | jq -r '.time_us as $t | .groups[] | "\($t),\"\(.group)\",\(.cpu_us // "")"')" "$(cgctl replay --export csv rec | tail -n +2 | cut -d, -f1-3)"
cgctl replay --export openmetrics rec > rec.metrics
equal "openmetrics and csv agree: each counter with its time" "$(cgctl replay --export csv rec | tail -n +2 | tr -d '\r' | awk -F, '$3 != "" { printf "%s %.6f %.6f\n", $2, $3 / 1e6, $1 / 1e6 }' | sort)" "$(sed -n 's/^cgroup_cpu_seconds_total{group=\("[^"]*"\)} /\1 /p' rec.metrics | sort)"
equal "the points of a group stand together, in time" "" "$(grep '^cgroup_memory_bytes{' rec.metrics | awk '$1 != last { if (seen[$1]++) print "again " $1; last = $1; t = 0 } $3 + 0 <= t { print "back " $0 } { t = $3 + 0 }')"
equal "each family has its head once, and the text an end" "0 # EOF" "$(grep '^# TYPE' rec.metrics | sort | uniq -d | wc -l) $(tail -n 1 rec.metrics)"
check "a recording can be gone on with" cgctl record -n 2 $quick rec $top
equal "and is longer then" 7 "$(cgctl replay --export json rec | wc -l)"
check "one of many samples, over several key blocks" cgctl record -n 130 -d 1ms long $top
equal "has them all, with times that grow" "130 true" "$(cgctl replay --export json long | jq -s -r '"\(length) \([.[].time_us] | . == sort)"')"
cgctl record -n 1 $quick one $top
equal "a single sample is shown, without rates" null "$(cgctl replay --json one | jq '.groups[0].cpu_percent')"

cgctl record $quick killed $top & recorder=$!
await 10 test -s killed; await 10 sh -c '[ $(stat -c %s killed) -gt 1500 ]'
refuse "a second writer is refused" 1 'killed.*another process is writing it' cgctl record -n 1 killed $top
kill -9 $recorder; wait $recorder 2> /dev/null
check "a killed writer leaves a file that can be read" sh -c 'cgctl replay --export json killed > /dev/null'
whole=$(cgctl replay --export json killed 2> /dev/null | wc -l)
truncate -s -3 killed
refuse "half a block is told of" 0 'last sample is not whole' cgctl replay --export json killed
equal "and costs one sample" $((whole - 1)) "$(cgctl replay --export json killed 2> /dev/null | wc -l)"
check "writing on cuts it off" cgctl record -n 1 killed $top
equal "so that all is whole again" $whole "$(cgctl replay --export json killed | wc -l)"
cgctl record $quick ended $top & recorder=$!
await 10 test -s ended; kill -TERM $recorder; wait $recorder
equal "SIGTERM ends a recording well" 0 $?

cp rec bad; printf 'X' | dd of=bad bs=1 seek=$(($(stat -c %s bad) - 10)) conv=notrunc 2> /dev/null
refuse "a damaged block is found" 1 'bad.*content of this block is damaged' cgctl replay --export json bad
echo "no recording" > text
refuse "another file is refused" 1 'text.*no recording' cgctl replay --export json text
refuse "also for writing" 1 'text.*no recording' cgctl record -n 1 text $top
: > empty
refuse "an empty file is none" 1 'empty' cgctl replay --export json empty
refuse "a file that is not there" 1 'none.*No such file' cgctl replay none
given "no small file system can be mounted here" sh -c 'mkdir -p small && mount -t tmpfs -o size=4k x small && umount small'
full() { unshare -m sh -c 'mount -t tmpfs -o size=8k x small && cgctl record -n 200 -d 1ms small/rec '$top'; code=$?; cgctl replay --export json small/rec > /dev/null && exit $code'; }
refuse "a full disk ends it, and what was written is whole" 1 'No space left' full
given

# --- metrics
ask() { python3 - "$@" << 'PY'
import http.client, socket, sys
where, method, path = (sys.argv[1:] + ["GET", "/metrics"])[:3] if len(sys.argv) == 2 else sys.argv[1:4]
if where.startswith("unix:"):
    c = http.client.HTTPConnection("localhost")
    c.sock = socket.socket(socket.AF_UNIX)
    c.sock.connect(where[5:])
else:
    c = http.client.HTTPConnection(where, timeout=10)
c.request(method, path)
r = c.getresponse()
print(r.status, r.getheader("Content-Type").split(";")[0])
print(r.read().decode(), end="")
PY
}
cgctl serve-metrics $top > metrics
equal "the source is told" 'cgroup_sample_info{source="files"} 1' "$(cgctl serve-metrics --source files $top | grep '^cgroup_sample_info')"
equal "and why it is files" 1 "$(grep -c '^cgroup_sample_info{source="files",why_files="[^"]*does not pay[^"]*"} 1$' metrics)"
equal "the text ends as it must" "# EOF" "$(tail -n 1 metrics)"
check "every line is of the format" sh -c "! grep -Evq '^# (TYPE|UNIT|HELP) cgroup_[a-z_]+ .+|^cgroup_sample_info\{.*\} 1$|^cgroup_[a-z_]+\{group=\"/[^\"]*\"\} (\+Inf|[0-9]+(\.[0-9]+)?)$|^# EOF$' metrics"
check "counters are called so" sh -c "grep -A3 'TYPE .* counter' metrics | grep '^cgroup' | grep -q '_total{'"
check "each family stands in one place" sh -c "[ \"\$(grep -c '^# TYPE' metrics)\" = \"\$(grep '^# TYPE' metrics | sort -u | wc -l)\" ]"
sock=unix:$T/metrics.sock
cgctl serve-metrics --listen $sock $top & server=$!
await 10 test -S metrics.sock
equal "a scraper is answered" "200 application/openmetrics-text" "$(ask $sock | head -n 1)"
equal "with the same families" "$(grep '^# TYPE' metrics)" "$(ask $sock | grep '^# TYPE')"
equal "another path" 404 "$(ask $sock GET /x | cut -c1-3 | head -n 1)"
equal "another method" 405 "$(ask $sock POST /metrics | cut -c1-3 | head -n 1)"
equal "only the head" "200 application/openmetrics-text" "$(ask $sock HEAD /metrics)"
check "one who says nothing does not stop the next" python3 -c "
import socket
for i in range(20):
    s = socket.socket(socket.AF_UNIX); s.connect('$T/metrics.sock'); s.close()
s = socket.socket(socket.AF_UNIX); s.connect('$T/metrics.sock'); s.send(b'GET' + b'x' * 20000)"
equal "it goes on" "200 application/openmetrics-text" "$(ask $sock | head -n 1)"
refuse "an address that is taken" 1 'metrics.sock.*in use' cgctl serve-metrics --listen $sock $top
kill -9 $server; wait $server 2> /dev/null
cgctl serve-metrics --listen $sock $top & server=$!
again() { ask $sock > /dev/null 2>&1; }
check "what a killed server left is replaced" await 10 again
kill $server; wait $server
equal "SIGTERM ends it well" "0 no" "$? $([ -e metrics.sock ] && echo yes || echo no)"
touch file
refuse "a file that is no socket stays" 1 'file.*in use' cgctl serve-metrics --listen "unix:$T/file" $top
port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cgctl serve-metrics --listen 127.0.0.1:$port $top & server=$!
loopback() { ask 127.0.0.1:$port > /dev/null 2>&1; }
check "on the loopback interface" await 10 loopback
kill $server; wait $server
for bad in 0.0.0.0:9 10.0.0.1:9 127.0.0.1 127.0.0.1:0 127.0.0.1:65536 127.1:9 unix: '[::]:9' frob; do
	refuse "not $bad" 2 'is not 127.0.0.1:PORT' cgctl serve-metrics --listen "$bad"
done
refuse "a path that is too long" 2 'at most 107 bytes' cgctl serve-metrics --listen "unix:/$(printf '%0120d' 0)"

cgctl delete -r --kill $top
finish
