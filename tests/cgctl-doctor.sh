#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# cgctl doctor, on copied systems. Each rule has two copied systems in data/doctor/RULE: one in
# which it fires and one that differs in what matters and is quiet. A line of such a file is
#	PATH: TEXT		a file, where @ stands for sys/fs/cgroup and \n for a new line
#	no PATH			a file that every system has otherwise, and this one has not
#	chown UID PATH
#	task PID NAME STATE THREADS POLICY GROUP	a process; GROUP on v2, or lines of /proc/PID/cgroup
. "$(dirname "$0")/lib.sh"
host_only

DATA=$TOP/tests/data

# A process in the words of /proc/PID/stat: the name may hold blanks, so the fields are counted from the end.
make_task() {
	local dir=$1 pid=$2 rest=$3 group policy threads state
	group=${rest##* }; rest=${rest% *}
	policy=${rest##* }; rest=${rest% *}
	threads=${rest##* }; rest=${rest% *}
	state=${rest##* }; rest=${rest% *}
	mkdir -p "$dir/proc/$pid/task/$pid"
	printf '%d (%s) %s 1 1 1 0 -1 4194560 0 0 0 0 0 0 0 0 20 0 %d 0 100 1000 250 18446744073709551615 1 1 0 0 0 0 0 0 0 0 0 0 17 0 0 %d 0 0 0\n' \
		"$pid" "$rest" "$state" "$threads" "$policy" > "$dir/proc/$pid/stat"
	cp "$dir/proc/$pid/stat" "$dir/proc/$pid/task/$pid/stat"
	case $group in /*) echo "0::$group" ;; *) printf '%b\n' "$group" ;; esac > "$dir/proc/$pid/cgroup"
}

# unpack FILE DIR
unpack() {
	local line path
	rm -rf "$2"; mkdir -p "$2/proc/pressure" "$2/sys/fs/cgroup"
	echo 'some avg10=0.00 avg60=0.00 avg300=0.00 total=0' > "$2/proc/pressure/memory"
	grep -q '^proc/self/cgroup' "$1" || echo 'cpuset cpu io memory pids' > "$2/sys/fs/cgroup/cgroup.controllers"
	while IFS= read -r line; do
		line=${line/@/sys\/fs\/cgroup}
		case $line in
		"task "*) line=${line#task }; make_task "$2" "${line%% *}" "${line#* }" ;;
		"chown "*) line=${line#chown }; chown "${line%% *}" "$2/${line#* }" ;;
		"no "*) rm "$2/${line#no }" ;;
		*) path=${line%%: *}; mkdir -p "$2/${path%/*}"; printf '%b\n' "${line#*: }" > "$2/$path" ;;
		esac
	done < "$1"
}
asks() { cgctl doctor --root "$1" --only "$2" --json; }
finds() { asks "$1" "$2" > out.json; [ $? -eq 1 ] && jq -e --arg r "$2" 'length > 0 and all(.rule == $r and (.evidence | length > 3) and (.remedy | length > 3))' out.json; }
is_quiet() { asks "$1" "$2" > out.json && jq -e 'length == 0' out.json; }
own() { root || ! grep -q ^chown "$1"; }

# --- the rules
cgctl doctor --rules --json > rules.json
check "there are more than 30 rules" jq -e 'length >= 30' rules.json
equal "each rule has one that fires and one that is quiet" "$(jq -r '.[].rule' rules.json | sort)" "$(cd "$DATA/doctor" && for d in *; do [ -f "$d/fires" ] && [ -f "$d/quiet" ] && echo "$d"; done | sort)"
check "ids are unique, and all have a title and a remedy" jq -e '(map(.rule) | unique | length) == length and all((.title | length > 10) and (.remedy | length > 10))' rules.json
for r in $(jq -r '.[].rule' rules.json); do
	given "only root gives files away" own "$DATA/doctor/$r/fires"
	own "$DATA/doctor/$r/fires" && { unpack "$DATA/doctor/$r/fires" fires; unpack "$DATA/doctor/$r/quiet" quiet; }
	check "$r fires" finds fires "$r"
	check "$r is quiet" is_quiet quiet "$r"
done
given

# --- the command
unpack "$DATA/doctor/memory-above-ancestor/fires" copy
refuse "an unknown rule" 2 'nosuch.*no rule' cgctl doctor --only nosuch
refuse "a group that is not there" 1 'nosuch.*no hierarchy' cgctl doctor --root copy nosuch
refuse "a bad name" 2 '\.\.' cgctl doctor --root copy a/../b
refuse "a copy that is none" 1 'sys/fs/cgroup' cgctl doctor --root "$DATA"
refuse "--rules with a group" 2 'looks at no group' cgctl doctor --rules a
refuse "an unknown severity" 2 'note.*warning.*error' cgctl doctor --severity grave
check "the text says what, what was seen, what to do and how" sh -c 'cgctl doctor --root copy --only memory-above-ancestor > out; [ $? -eq 1 ] && grep -q "^warning  /a/b  memory-above-ancestor" out && grep -q "seen .*2.0 MiB here, 1.0 MiB in /a" out && grep -q "try .*cgctl set /a memory.max=2097152" out'
check "a group is judged by what is above it" sh -c 'cgctl doctor --root copy --only memory-above-ancestor a/b; [ $? -eq 1 ]'
prints "and not what is above" 'nothing found' cgctl doctor --root copy --only memory-above-ancestor --severity error a
check "less grave ones are left out" sh -c 'cgctl doctor --root copy --severity error --json | jq -e "length == 0"'
refuse "a directory that can't be opened is told" 1 'denied' env RINGFENCE_FAULT='openat:*copy*=EACCES!' cgctl doctor --root copy
finish
