#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# layerctl import: crafted layers, limits, kills, full disks.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root: files of any owner, overlay mounts"
I=$T/img S=$T/store
mkdir -p "$I" "$T/victim" "$T/st" "$T/t" "$T/small"
echo secret > "$T/victim/secret"
L="layerctl --store $S"
unset RINGFENCE_STORE
# What is mounted goes even where a test stops half-way.
cleanup() { cd /; umount -l "$T/t" "$T/t" "$T/small" 2> /dev/null; rm -rf "$T"; }
trap cleanup EXIT

VICTIM_WAS=$(victim)
check "the fixtures are made" /usr/bin/python3 "$TOP/tests/layers.py" "$I" "$T/victim"

# Each crafted image into a store of its own.
import() { local k=$1; shift; layerctl --store "$T/st/$k" import "$@" "$I/$k:t"; }
fs() { echo "$T/st/$1"/layers/*/fs; }
words() { tr ' ' '\n' | sort | one_line; }
# The files of all layers, "PATH:TYPE".
tree() { (cd "$T/st/$1/layers" && find . -path './*/fs/*' -printf '%P:%y\n' | sed 's,^[0-9a-f]*/fs/,,' | words); }

# The names of a file's extended attributes.
xattrs() { /usr/bin/python3 -c 'import os, sys; print(*sorted(os.listxattr(sys.argv[1], follow_symlinks=False)))' "$1"; }

# accept KIND TREE [OPTION…], reject KIND PATTERN [OPTION…]
accept() {
	local k=$1 want=$2; shift 2
	rm -rf "$T/st/$k"
	if import "$k" "$@" > "$T/.out" 2> "$T/.err"; then
		equal "$k lands inside${*:+ ($*)}" "$(words <<< "$want")" "$(tree "$k")"
	else
		not_ok "$k is taken${*:+ ($*)}" "exit $?" "$(cat "$T/.err")"
	fi
	equal "$k: nothing is in progress" "" "$(ls "$T/st/$k/tmp")"
}
reject() {
	local k=$1 want=$2; shift 2
	rm -rf "$T/st/$k"
	refuse "$k is refused${*:+ ($*)}" 1 "$want" import "$k" "$@"
	equal "$k leaves nothing" "" "$(left "$T/st/$k")"
}
# $T/victim as directories inside of a layer: a link that leads there is followed to this place.
inside_victim() { local p=${T#/}/victim; while :; do echo -n "$p:d "; case $p in */*) p=${p%/*} ;; *) break ;; esac; done; }

paths() {
	accept dotdot "a:d x:f y:f"
	accept absolute "etc:d etc/y:f x:f"
	accept link-then-child "ln:l $(inside_victim) ${T#/}/victim/x:f"
	accept link-next-layer "ln:d ln:l ln/x:f"
	accept link-up "ln:l $(inside_victim) ${T#/}/victim/x:f"
	accept link-inside "lib:l usr:d usr/lib:d usr/lib/x:f"
	accept wh-via-link-out "ln:l $(inside_victim) ${T#/}/victim/secret:c"
	accept hard-link-itself "h:l ln:l"
	accept hard-ok "d:d d/h:f f:f h:f"
	accept missing-parents "a:d a/b:d a/b/c:d a/b/c/f:f"
	reject link-loop 'entry "a/x"'
	reject link-overwrite 'entry "x": the path comes twice'
	reject hard-dotdot 'entry "h": a hard link whose target has "\.\."'
	reject hard-absolute 'entry "h": a hard link to ".*secret", which is not in this layer'
	reject hard-via-link 'entry "h": a hard link to "ln/secret", which is not in this layer'
	reject hard-before 'entry "h": a hard link to "f", which is not in this layer'
	reject hard-dir 'entry "h": a hard link to "d", a directory'
	reject root-link 'entry "\.": the root itself'
	reject root-file 'layer sha256:'
	reject ends-dotdot 'entry "a/\.\./": the path ends in'
}

echo "# paths"
paths

echo "# whiteouts"
for k in wh-dotdot wh-dotdot-deep wh-dot wh-bare; do reject $k 'entry ".*": a whiteout of no file name'; done
reject wh-unknown-mark 'entry ".wh..wh.new": an unknown mark'
reject wh-child 'entry ".wh.d/x": something inside of a whiteout'
reject c00 'entry "f": a character device 0:0' --devices
accept wh-aufs "real:f"
accept wh-via-link "in:d in:d in/f:c in/f:f in/g:f ln:l"
accept opaque-via-link "ln:l $(inside_victim)"
equal "opaque-via-link marks the directory inside" "$(fs opaque-via-link)$T/victim" \
	"$(find "$(fs opaque-via-link)" -type d | while read -r d; do case $(xattrs "$d") in *opaque*) echo "$d" ;; esac; done)"

# show KIND FILES: what the mounted image shows, "PATH=CONTENT …".
show() {
	local k=$1
	rm -rf "$T/st/$k"
	check "$k is imported" import "$k"
	check "$k is mounted" layerctl --store "$T/st/$k" mount t "$T/t"
	equal "$k: what is seen" "$2" "$(seen)"
	check "$k is unmounted" layerctl --store "$T/st/$k" umount "$T/t"
}
show wh-order "d/new=x f=new o/new=x"
show wh-via-link "in/g=x"
show opaque-root "new=x"
show dir-over-link "lib/x=x"
show link-next-layer "ln/x=x"

rest_on_host "paths without openat2, what layers may hold, limits, kills, full disks"

echo "# paths, without openat2"
export RINGFENCE_FAULT='openat2=ENOSYS!'
paths
unset RINGFENCE_FAULT

echo "# names twice, special files"
reject dup-file 'entry "x": the path comes twice in this layer; --take-last'
accept dup-file "x:f" --take-last
equal "the later one is taken" second "$(cat "$(fs dup-file)/x")"
reject dup-file-dir 'entry "x/": the path comes twice'
accept dup-file-dir "x:d x/y:f" --take-last
accept dup-dir "d:d d/f:f"
equal "of a directory's modes the later is taken" 755 "$(stat -c %a "$(fs dup-dir)/d")"
reject file-child 'entry "x/y": a parent is not a directory'
reject file-child 'entry "x/y": a parent is not a directory' --take-last
reject device 'entry "null": a device node; --devices'
accept device "null:c" --devices
equal "the device is the one asked for" "1 3" "$(stat -c '%t %T' "$(fs device)/null")"
reject device-block 'entry "sda": a device node'
accept fifo "etc:d etc/passwd:l pipe:p"

echo "# metadata"
accept metadata "d:d d/x:f f:f l:l"
equal "mode, owner, size and time of a file" "640 1234 4321 5 1234567890" "$(stat -c '%a %u %g %s %Y' "$(fs metadata)/f")"
equal "a directory's time is not its last child's" "1777 1234567891" "$(stat -c '%a %Y' "$(fs metadata)/d")"
equal "the root's mode" 750 "$(stat -c %a "$(fs metadata)")"
old_umask=$(umask); umask 077
accept missing-parents "a:d a/b:d a/b/c:d a/b/c/f:f"
accept fifo "etc:d etc/passwd:l pipe:p"
umask "$old_umask"
equal "parents that are missing get 0755, whatever the umask" "755 711 755" "$(cd "$(fs missing-parents)" && stat -c %a a a/b a/b/c | one_line)"
equal "a FIFO gets its mode, whatever the umask" 640 "$(stat -c %a "$(fs fifo)/pipe")"
set_ids() { (cd "$(fs setuid)" && echo "$(stat -c %a su sg | one_line) $(xattrs cap)"); }
accept setuid "cap:f sg:f su:f"
equal "set-ID bits and capabilities are kept" "4755 2755 security.capability" "$(set_ids)"
accept setuid "cap:f sg:f su:f" --no-setuid
equal "and dropped" "755 755 " "$(set_ids)"
accept overlay-xattrs "d:d"
equal "attributes that would forge an overlay are stripped, others kept" "trusted.kept" "$(xattrs "$(fs overlay-xattrs)/d")"
equal "and that is said" 1 "$(grep -c '4 attributes were left out' "$T/.err")"
reject negative-mtime 'entry "old": modification time -5'
reject uid-4g 'entry "rooted": user id 4294967296 is out of range'
reject uid-minus 'entry "rooted": user id 4294967295 is out of range'
reject name-300 'a name of 300 bytes'
reject name-control 'entry "a\\x0ab\\x1b\[31m"'
reject name-control '"object": "layer sha256:[0-9a-f]*: entry ..a\\u000ab\\u001b\[31m' --json
hexes() { (cd "$1" && for f in *; do printf %s "$f" | od -An -tx1 | tr -d ' \n'; echo; done | words; readlink -n l | od -An -tx1 | tr -d ' \n'); }
for l in C C.UTF-8; do
	LC_ALL=$l accept name-utf8 $'e\xcc\x81:f \xc3\xa9:f l:l'
	equal "names keep their bytes in locale $l" $'65cc81 6c c3a9\n65cc81' "$(hexes "$(fs name-utf8)")"
done
d120=$(printf 'd%.0s' {1..120}) f120=$(printf 'f%.0s' {1..120})
accept name-gnu "$d120:d $d120/$f120:f l:l"
reject deep 'deeper than 200'
accept deep "$(p=d; for i in {2..300}; do echo -n "$p:d "; p=$p/d; done; echo "$p:d $p/f:f")" --max-depth 400
rm -rf "$T/st/deep"

echo "# blobs"
accept good "good:f"
reject bad-digest 'blob sha256:[0-9a-f]*: its content has the digest'
reject bad-diff-id 'layer sha256:[0-9a-f]*: unpacked it has the digest'
reject bad-size 'blob sha256:[0-9a-f]*: its size is [0-9]+ bytes, but its descriptor says'
reject digest-path 'is not sha256: and 64 hex digits'
reject digest-sha512 'is not sha256: and 64 hex digits'
for k in gzip-garbage tar-garbage; do
	accept $k "good:f"
	equal "$k: a warning" 1 "$(grep -c 'warning: layer sha256:.*behind the end' "$T/.err")"
done
for k in gzip-members plain-tar; do accept $k "good:f"; equal "$k: no warning" "" "$(cat "$T/.err")"; done
reject gzip-truncated 'layer sha256:[0-9a-f]*: .*runcated'
reject tar-as-gzip 'the media type is ".*gzip", but the blob is not packed so'
reject gzip-as-tar 'the media type is ".*tar", but the blob is gzip'
reject media-unknown 'layer sha256:[0-9a-f]*: unknown media type ".*lzip"'
accept no-eof "f:f"
accept unpadded "a:f f:f"
equal "the last file is whole" 700 "$(tr -d -c y < "$(fs unpadded)/f" | wc -c)"
reject cut-inside 'ends inside of a file'
reject cut-header 'Truncated'
accept empty-tar ""
accept empty-stream ""
reject not-tar 'is no tar archive'
reject checksum 'is no tar archive'
reject few-diff-ids '1 diff_ids for 2 layers'
reject json-big 'longer than 4194304 bytes'
reject json-deep 'not valid JSON'
reject json-broken 'not valid JSON: it ends early'
reject false-pair 'unpacked it has the digest'

echo "# limits and holes"
reject bomb 'entry "zeros": unpacks to more than 400 times'
reject bomb 'more than 1048576 bytes' --max-ratio max --max-bytes 1M
accept bomb "zeros:f" --max-ratio max
equal "64 MiB of zeros take no room" "yes" "$([ "$(du -k "$(fs bomb)/zeros" | cut -f1)" -lt 64 ] && echo yes)"
reject entries 'more than 1000 entries' --max-entries 1000
reject name-gnu 'a name of 120 bytes, at most 100' --max-name 100
accept sparse "sparse:f zeros:f"
equal "a sparse file keeps its holes" "67108864 yes" "$(stat -c %s "$(fs sparse)/sparse") $([ "$(du -k "$(fs sparse)/sparse" | cut -f1)" -lt 64 ] && echo yes)"
equal "and its data" 4096 "$(tail -c 4096 "$(fs sparse)/sparse" | tr -d -c e | wc -c)"
equal "a file of zeros gets holes, and its end" "1048579 end" "$(stat -c %s "$(fs sparse)/zeros") $(tail -c 3 "$(fs sparse)/zeros")"
reject sparse-overlap 'the map of a sparse file is wrong'
refuse "--max-bytes 0 is refused" 2 'max-bytes: "0" is not' import good --max-bytes 0
refuse "--max-entries 1.5 is refused" 2 'max-entries: "1.5" is not' import good --max-entries 1.5

echo "# imports that are killed or fail"
$L import "$I/good:t" > "$T/.out"
before=$(cd "$S" && find . -type f | sort)
points='mkdirat:*layers/*/fs pwrite64 renameat2:*journal syncfs renameat2:*blobs/sha256/* renameat2:*layers/* fsync:*/layers renameat2:*index.json'
for p in $points; do
	RINGFENCE_FAULT="$p=KILL" $L import --name big "$I/big:t" > "$T/.out" 2>&1
	equal "killed at $p" 137 $?
	prints "ls reports what is left ($p)" '^import-[0-9.]+ +the next import' $L ls
	check "the next command removes it ($p)" $L umount "$T/t"
	equal "all of it ($p)" "$before" "$(cd "$S" && find . -type f | sort)"
done
for p in $points write:*blobs*; do for e in ENOSPC EIO; do
	RINGFENCE_FAULT="$p=$e" refuse "import fails: $p=$e" 1 'No space left|Input/output' $L import --name big "$I/big:t"
	equal "and leaves nothing ($p=$e)" "$before" "$(cd "$S" && find . -type f | sort)"
done; done
check "two imports at once" sh -c "$L import --name a '$I/big:t' & $L import --name b '$I/big:t' && wait \$!"
equal "share the layers" "2 2 2 2" "$($L ls --json | jq -r '.layers[].images' | sort -n | tail -4 | one_line)"
$L rm a > "$T/.out"; $L rm b > "$T/.out"

echo "# a full disk"
for kb in 40 400 4000 8000 13000 20000; do
	mount -t tmpfs -o size=${kb}k small "$T/small"
	layerctl --store "$T/small/s" import "$I/big:t" > "$T/.out" 2> "$T/.err"
	equal "$kb KiB are too few" 1 $?
	grep -q 'No space left' "$T/.err" && ok "and the message says so" || not_ok "$kb KiB: the message" "$(cat "$T/.err")"
	equal "nothing is left behind in $kb KiB" "" "$(left "$T/small/s")"
	if [ $kb -gt 400 ]; then
		check "a small image still fits" layerctl --store "$T/small/s" import "$I/good:t"
	fi
	umount "$T/small"
done
mount -t tmpfs -o size=28000k small "$T/small"
check "28000 KiB are enough" layerctl --store "$T/small/s" import "$I/big:t"
umount "$T/small"
refuse "standard output on a full disk" 1 'No space left' sh -c "$L ls > /dev/full"

equal "the directory outside was never touched" "$VICTIM_WAS" "$(victim)"
equal "nothing came to lie at the host's root" "" "$(ls -d /x /y /etc/y 2> /dev/null)"
equal "no mount is left" 0 "$(grep -c "$T" /proc/self/mountinfo)"
finish
