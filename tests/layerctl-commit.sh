#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# layerctl commit: what was changed in a mount is what the committed image shows, to us and to others.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root: files of any owner, overlay mounts"
I=$T/img S=$T/store M=$T/m
L="layerctl --store $S"
mkdir -p "$I" "$M" "$T/m2" "$T/victim" "$T/small"
unset RINGFENCE_STORE SOURCE_DATE_EPOCH
cleanup() { cd /; umount -l "$M" "$T/m2" "$T/small" 2> /dev/null; rm -rf "$T"; }
trap cleanup EXIT
check "the fixtures are made" /usr/bin/python3 "$TOP/tests/layers.py" "$I" "$T/victim" layers-501

# All there is to see of a tree: a line a file, with owner, mode, time to the nanosecond, links,
# attributes and content. Hard links are told by the first name.
cat > "$T/tree.py" << 'PY'
import hashlib, os, stat, sys
first = {}
os.chdir(sys.argv[1])
fs = lambda s: os.fsencode(s).hex() if any(ord(c) > 126 for c in s) else s
for top, dirs, names in os.walk('.'):
    dirs.sort()
    for name in sorted(dirs + names) + (['.'] if top == '.' else []):
        p = os.path.join(top, name)
        st = os.lstat(p)
        what = ''
        if stat.S_ISREG(st.st_mode):
            what = hashlib.sha256(open(p, 'rb').read()).hexdigest()[:16]
            what += ' = ' + fs(first.setdefault(st.st_ino, p))
        elif stat.S_ISLNK(st.st_mode):
            what = '-> ' + fs(os.readlink(p))
        attrs = {a: os.getxattr(p, a, follow_symlinks=False).hex() for a in sorted(os.listxattr(p, follow_symlinks=False))}
        if '--times' in sys.argv:
            what += ' %d' % st.st_mtime_ns
        print(fs(p), oct(st.st_mode), st.st_uid, st.st_gid, st.st_rdev, what, attrs or '')
PY
tree() { /usr/bin/python3 "$T/tree.py" "$@"; }
xattr() { /usr/bin/python3 -c 'import os, sys; os.setxattr(sys.argv[1], sys.argv[2], bytes.fromhex(sys.argv[3]), follow_symlinks=False)' "$@"; }
digest_of() { $L ls --json | jq -r --arg n "$1" '.images[] | select(.name == $n).digest'; }
manifest() { cat "$S/blobs/sha256/$(digest_of "$1" | cut -d: -f2)"; }
config() { cat "$S/blobs/sha256/$(manifest "$1" | jq -r .config.digest | cut -d: -f2)"; }
# The names in the last layer of an image, as they stand in the archive.
names() { cat "$S/blobs/sha256/$(manifest "$1" | jq -r '.layers[-1].digest' | cut -d: -f2)" | gzip -dc | tar -t 2> /dev/null | sort | xargs -d '\n'; }

echo "# the base: an image of several directories"
mkdir -p "$T/base/opt/keep" "$T/base/opt/replaced/sub" "$T/base/opt/gone" "$T/base/etc"
echo base > "$T/base/etc/conf"; echo old > "$T/base/opt/replaced/sub/old"; echo x > "$T/base/opt/gone/x"; echo k > "$T/base/opt/keep/k"
chmod 644 "$T/base/etc/conf"; ln -s /etc "$T/base/link"
/usr/bin/python3 - "$I/base" "$T/base" << 'PY'
import gzip, hashlib, io, json, os, sys, tarfile
out, tree = sys.argv[1:]
os.makedirs(out + '/blobs/sha256')
def blob(data):
    digest = hashlib.sha256(data).hexdigest()
    open(out + '/blobs/sha256/' + digest, 'wb').write(data)
    return {'digest': 'sha256:' + digest, 'size': len(data)}
tar = io.BytesIO()
with tarfile.open(fileobj=tar, mode='w') as t:
    for name in sorted(os.listdir(tree)):
        t.add(tree + '/' + name, name)
docker = 'application/vnd.docker.'
layer = dict(blob(gzip.compress(tar.getvalue())), mediaType=docker + 'image.rootfs.diff.tar.gzip')
conf = dict(blob(json.dumps({'architecture': 'amd64', 'os': 'linux', 'config': {'Cmd': ['/old'], 'User': '7', 'Labels': {'a': '1', 'b': '2'}},
    'history': [{'created_by': 'somebody'}], 'rootfs': {'type': 'layers', 'diff_ids': ['sha256:' + hashlib.sha256(tar.getvalue()).hexdigest()]}}).encode()),
    mediaType=docker + 'container.image.v1+json')
man = dict(blob(json.dumps({'schemaVersion': 2, 'mediaType': docker + 'distribution.manifest.v2+json', 'config': conf, 'layers': [layer]}).encode()),
    mediaType=docker + 'distribution.manifest.v2+json', annotations={'org.opencontainers.image.ref.name': 't'})
open(out + '/index.json', 'w').write(json.dumps({'schemaVersion': 2, 'manifests': [man]}))
open(out + '/oci-layout', 'w').write('{"imageLayoutVersion": "1.0.0"}')
PY
check "is imported (Docker's media types)" $L import --name base "$I/base:t"
check "and mounted" $L mount base "$M"

echo "# a round trip"
cd "$M" || exit 1
echo more >> etc/conf; chown 12:34 etc/conf; chmod 4711 etc/conf
rm -r opt/gone opt/replaced; mkdir opt/replaced; echo new > opt/replaced/new
mkdir -p new/deep/er; echo hello > new/deep/file; ln new/deep/file new/hard; ln -s ../x new/link; mkfifo -m 640 new/fifo
touch -d '2020-01-01 00:00:00.123456789Z' new/deep/file; touch -h -d '2019-01-01 00:00:00.5Z' new/link
touch -d '2018-01-01 00:00:00.25Z' new/deep/er
chown 3000000:4000000000 new/hard; chmod 1777 new/deep
xattr new/deep/file user.note 00ff; xattr new/deep trusted.x 61; xattr new/hard security.capability 0000000200040000000000000000000000000000
printf 'b' > $'b\xff\xc3'; printf 'e' > $'e\xcc\x81'; ln -s $'b\xff\xc3' new/odd
echo long > "$(printf 'n%.0s' {1..251})"; mkdir -p "$(printf 'd%.0s' {1..120})/$(printf 'e%.0s' {1..120})"
truncate -s 3M sparse; printf end >> sparse
echo conf > "etc/a b"; mkdir empty; chmod 751 .; chown 5:6 .
cd "$T" || exit 1
tree "$M" --times > was
for c in gzip zstd none; do
	check "commit, compression $c" $L commit --compression $c "$M" "new-$c"
	equal "says nothing else ($c)" "" "$(cat "$T/.err")"
	check "the image is mounted ($c)" $L mount "new-$c" "$T/m2"
	tree "$T/m2" --times > "is-$c"
	check "and shows what the mount shows ($c)" diff was "is-$c"
	check "and goes ($c)" $L umount "$T/m2"
done
equal "a packed layer is reused by its content" 1 "$($L ls --json | jq '.layers | map(select(.images == 3)) | length')"
check "the store is sound" $L verify
equal "as packed" "tar+gzip tar+zstd tar" "$(for c in gzip zstd none; do manifest new-$c | jq -r '.layers[-1].mediaType' | sed 's/.*v1\.//'; done | one_line)"
equal "all three have one DiffID" 1 "$(for c in gzip zstd none; do config new-$c | jq -r '.rootfs.diff_ids[-1]'; done | sort -u | wc -l)"
equal "of Docker's image became the OCI's" "application/vnd.oci.image.layer.v1.tar+gzip" "$(manifest new-gzip | jq -r '.layers[0].mediaType')"
equal "whiteouts, and opaque only what hides something" ".wh.gone .wh..wh..opq" "$(names new-gzip | tr ' ' '\n' | sed -n 's,.*/\(\.wh\..*\),\1,p' | one_line)"
given "umoci or skopeo is not installed" sh -c "command -v umoci && command -v skopeo"
on_host || given "$ON_HOST" false
check "skopeo checks and copies it" skopeo --insecure-policy copy "oci:$S:new-gzip" "oci:$T/copy:c"
check "umoci unpacks it" umoci unpack --image "$T/copy:c" "$T/bundle"
tree "$M" | grep -v "'trusted.x'" | sed '/^\.\/\. /d' > was-other; [ -z "$SKIP_WHY" ] && tree "$T/bundle/rootfs" | grep -v "'trusted.x'" | sed '/^\.\/\. /d' > is-other
[ -n "$SKIP_WHY" ] || grep -v '^\./new/deep 0o41777' was-other > w && grep -v '^\./new/deep 0o41777' is-other > i
check "to the same tree" diff w i
given

echo "# the same gives the same"
given "$ON_HOST" on_host
export SOURCE_DATE_EPOCH=1000000000
[ -n "$SKIP_WHY" ] || { $L commit "$M" one > "$T/.out"; $L commit "$M" two > "$T/.out"; }
equal "one digest" "$(digest_of one)" "$(digest_of two)"
equal "of the time that was asked for" 2001-09-09T01:46:40Z "$(config one | jq -r .created)"
SOURCE_DATE_EPOCH=soon refuse "a time that is none" 2 'SOURCE_DATE_EPOCH: "soon"' $L commit "$M" three
unset SOURCE_DATE_EPOCH
check "the result as JSON" sh -c "$L commit --json $M two | jq -e '.name == \"two\" and .layers == 2 and .whiteouts == 2 and .replaced and .entries > 20 and .blob_bytes > 100 and (.digest | startswith(\"sha256:\")) and .content_bytes > 3000000'"

echo "# configuration and history"
check "members are merged" $L commit --config '{"Cmd": ["/bin/sh"], "User": null, "Labels": {"a": null, "c": "3"}}' -a me -m why "$M" conf
equal "new, removed, inside" '{"Cmd":["/bin/sh"],"Labels":{"b":"2","c":"3"}}' "$(config conf | jq -cS .config)"
equal "the history grows" '[{"created_by":"somebody"},{"author":"me","comment":"why","created_by":"layerctl commit"}]' "$(config conf | jq -cS '.history | map(del(.created))')"
equal "the author is the image's" me "$(config conf | jq -r .author)"
refuse "JSON that is none" 1 'configuration to merge: is not valid JSON' $L commit --config '{' "$M" bad
refuse "a member that nobody reads" 1 'cmd: is not in an image.s configuration; there are .*Cmd' $L commit --config '{"cmd": ["x"]}' "$M" bad
refuse "a member of another type" 1 'Cmd: must be of the JSON type array' $L commit --config '{"Cmd": "x"}' "$M" bad
refuse "a compression that is none" 2 'compression' $L commit --compression xz "$M" bad
refuse "a name with blanks" 1 "blanks and control characters can.t be" $L commit "$M" "a b"
refuse "a name that is a digest" 1 'is no name for an image' $L commit "$M" sha256:00
refuse "no name" 2 'IMAGE' $L commit "$M"
equal "none of these made an image" "" "$(digest_of bad)"

echo "# which mount"
given
refuse "what is neither" 1 "m9: is neither a mount's id nor a directory" $L commit m9 x
refuse "a directory without a mount" 1 "$T/m2: nothing of this store is mounted there" $L commit "$T/m2" x
check "one without changes" sh -c "$L mount --read-only base $T/m2"
refuse "read-only" 1 'mounted read-only: there are no changes' $L commit "$T/m2" x
$L umount "$T/m2"
flock "$S/mounts/m1" sleep 300 & holder=$!
await 5 sh -c "! flock -n $S/mounts/m1 true"
refuse "one that is being committed" 1 'is being mounted or committed right now' $L commit "$M" x
refuse "is not unmounted" 1 'is being mounted or committed right now' $L umount "$M"
pkill -P $holder; wait $holder 2> /dev/null
check "committed over its own name" $L commit "$M" base
check "and again, from the image that was mounted" $L commit m1 base
equal "which had one layer" 2 "$(manifest base | jq '.layers | length')"
for i in base new-gzip new-zstd new-none one two conf; do $L rm $i > "$T/.out"; done
check "committed though the image is gone" $L commit "$M" again
check "unmounted, with the changes kept" $L umount --keep "$M"
check "committed by its id" $L commit m1 kept
equal "to the same" "$(manifest again | jq -c .layers)" "$(manifest kept | jq -c .layers)"
$L umount m1; $L rm again > "$T/.out"
check "mounted, and unmounted behind our back" sh -c "$L mount kept $M && echo late > $M/late && umount $M"
check "what is stale can be saved" $L commit m1 saved
check "it is there" sh -c "$L mount saved $M && grep -q late $M/late"
$L umount "$M"

echo "# what a layer can't have"
check "an empty change" sh -c "$L mount kept $M && $L commit $M same && $L umount $M"
equal "is the root alone" ./ "$(names same)"
$L mount kept "$M"
echo x > "$M/.wh.x"
refuse "a name that means a whiteout" 1 '"/\.wh\.x": in a layer a name that begins with \.wh\.' $L commit "$M" x
rm "$M/.wh.x" "$M"/nnn*
check "a long name, committed" $L commit "$M" x
equal "is whited out" ".wh.$(printf 'n%.0s' {1..251})" "$(names x | tr ' ' '\n' | grep nnn)"
mv "$M/etc/conf" "$M/$(printf 'z%.0s' {1..255})"; $L commit "$M" long > "$T/.out"; $L umount "$M"; $L mount long "$M"; rm "$M"/zzz*
refuse "one that is too long for a mark" 1 'with \.wh\. before it the name is longer than 255' $L commit "$M" x
$L umount "$M"; $L mount kept "$M"
mknod "$M/null" c 1 3
/usr/bin/python3 -c 'import socket, os, sys; os.chdir(sys.argv[1]); socket.socket(socket.AF_UNIX).bind("sock")' "$M"
touch -d 1960-01-01 "$M/old"
check "devices, sockets, times before 1970" $L commit "$M" odd
equal "are taken, left out, and said" "warning: device nodes, which others import by --devices only: 1 warning: sockets left out, since a layer can't hold them: 1" "$(sed 's/^layerctl: //' "$T/.err" | sort | xargs -d '\n')"
check "mounted" $L mount odd "$T/m2"
equal "as they were, but for the socket" "1 3 0 gone" "$(stat -c '%t %T' "$T/m2/null") $(stat -c %Y "$T/m2/old") $([ -e "$T/m2/sock" ] || echo gone)"
$L umount "$T/m2"; $L umount "$M"
d=$M; for i in {1..210}; do d=$d/d; done
$L mount kept "$M"; mkdir -p "$d"
refuse "deeper than imports take" 1 'deeper than 200 directories' $L commit "$M" x
rm -r "$M/d"
xattr "$S/mounts/m1/upper" trusted.overlay.redirect 2f78
refuse "changes that are references" 1 'redirect_dir and metacopy must be off' $L commit "$M" x
$L umount "$M"
check "a store of 499 layers takes one more" sh -c "$L import --name many $I/layers-501:t && $L mount many $M 2>&1 | grep -q 501"
$L rm many > "$T/.out"

echo "# a file that changes"
$L mount kept "$M"
head -c 30000000 /dev/urandom > "$M/busy"
sh -c "while :; do echo x >> $M/busy; done" & writer=$!
refuse "while it is read" 1 '"/busy": changed while it was read: commit when nothing writes' $L commit "$M" x
kill $writer; wait $writer 2> /dev/null
rm "$M/busy"

echo "# shifted owners"
given "mount_setattr(2) is refused here: id-mapped mounts have no older means" maps_mounts
MAP="--map-users 0:100000:1000 --map-groups 0:200000:1000"
$L umount "$M"
check "a mount with maps" $L mount $MAP kept "$M"
[ -n "$SKIP_WHY" ] || { echo mine > "$M/mine"; chown 100005:200006 "$M/mine"
	xattr "$S/mounts/m1/upper/mine" security.capability 0000000300040000000000000000000000000000a0860100; }
check "is committed" $L commit "$M" mapped
check "and mounted without" $L mount mapped "$T/m2"
equal "has the owners inside" "5 6" "$([ -n "$SKIP_WHY" ] || stat -c '%u %g' "$T/m2/mine")"
equal "and the root's, which the maps had shifted" "5 6" "$([ -n "$SKIP_WHY" ] || stat -c '%u %g' "$T/m2")"
equal "capabilities are the image's own" 0000000200040000000000000000000000000000 "$([ -n "$SKIP_WHY" ] || /usr/bin/python3 -c 'import os, sys; print(os.getxattr(sys.argv[1], "security.capability").hex())' "$T/m2/mine")"
check "and goes" $L umount "$T/m2"
[ -n "$SKIP_WHY" ] || chown 5 "$M/mine"
refuse "an owner beyond the maps" 1 '"/mine": user 5 is not in the map of the mount' $L commit "$M" x
given

mountpoint -q "$M" && $L umount "$M"
rest_on_host "commits that are killed or fail"
echo "# commits that are killed or fail"
$L mount kept "$M"; echo new > "$M/fresh"; rm -r "$M/opt"
for i in odd x long saved mapped; do $L rm $i > "$T/.out" 2>&1; done
before=$(cd "$S" && find . -type f | sort)
points='openat:*blobs/layer renameat2:*/tmp/*/blobs/* mkdirat:*layers/*/fs renameat2:*journal syncfs renameat2:*blobs/sha256/* renameat2:*layers/* fsync:*/layers renameat2:*index.json'
for p in $points; do
	RINGFENCE_FAULT="$p=KILL" $L commit "$M" x > "$T/.out" 2>&1
	equal "killed at $p" 137 $?
	prints "ls reports what is left ($p)" '^commit-[0-9.]+ +the next import' $L ls
	check "the next command removes it ($p)" $L umount "$T/m2"
	equal "all of it ($p)" "$before" "$(cd "$S" && find . -type f | sort)"
done
for p in $points write:*blobs*; do for e in ENOSPC EIO; do
	RINGFENCE_FAULT="$p=$e" refuse "commit fails: $p=$e" 1 'No space left|Input/output' $L commit "$M" x
	equal "and leaves nothing ($p=$e)" "$before" "$(cd "$S" && find . -type f | sort)"
done; done
check "two at once, of two mounts" sh -c "$L mount kept $T/m2 && { $L commit $M a & $L commit $T/m2 b && wait \$!; }"
check "are both there" sh -c "$L verify a && $L verify b"
$L umount "$T/m2"; $L umount "$M"

finish
