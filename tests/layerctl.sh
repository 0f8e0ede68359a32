#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# layerctl as its users call it: stores, mounts, real images.
. "$(dirname "$0")/lib.sh"

root || skip_all "needs root: files of any owner, overlay mounts"
I=$T/img S=$T/store
mkdir -p "$I" "$T/victim" "$T/t"
echo secret > "$T/victim/secret"
unset RINGFENCE_STORE
# What is mounted goes even where a test stops half-way.
cleanup() { cd /; umount -l "$T/t" "$T/t" 2> /dev/null; rm -rf "$T"; }
trap cleanup EXIT

VICTIM_WAS=$(victim)
check "the fixtures are made" /usr/bin/python3 "$TOP/tests/layers.py" "$I" "$T/victim" config false-pair good layers-200 layers-501 other-blob platforms two-tags

echo "# sources"
L="layerctl --store $S"
refuse "a docker:// name is skopeo's work" 1 'skopeo copy docker://example oci:DIR:TAG' $L import docker://example
(cd "$I" && tar -cf "$T/good.tar" good)
refuse "a tar file, too" 1 "skopeo copy docker-archive:$T/good.tar" $L import "$T/good.tar"
refuse "a directory that is no layout" 1 "$T/victim: is no OCI image layout" $L import "$T/victim:t"
refuse "nothing of that name" 1 'no such OCI layout directory' $L import "$T/none:t"
refuse "an unknown tag names those there are" 1 'x: no such image here; there are: one, two' $L import "$I/two-tags:x"
refuse "no tag where there are two" 1 '2 images match; name one of: one, two' $L import "$I/two-tags"
refuse "an empty tag" 1 "the tag after ':' is empty" $L import "$I/two-tags:"
refuse "a bad name" 1 "control characters" $L import --name $'a\tb' "$I/good:t"
prints "oci:DIR:TAG" 'image +one' $L import "oci:$I/two-tags:one"
prints "the second shares a layer" 'reused layers +1' $L import "$I/two-tags:two"
grep -q 'is unpacked already and reused' "$T/.err" && ok "and that is said" || not_ok "reuse is said" "$(cat "$T/.err")"
prints "an image for this machine out of an index" 'image +plat' $L import --name plat "$I/platforms"
prints "another blob of the same layer is checked and reused" 'reused layers +1' $L import --name other "$I/other-blob:t"
equal "and nothing else is said of it" 1 "$(wc -l < "$T/.err")"
refuse "a blob that claims a layer's DiffID is refused" 1 'unpacked it has the digest' $L import --name false "$I/false-pair:t"
prints "a name is taken over" 'name was taken +yes' $L import --name plat "$I/two-tags:two"
check "the store is sound" $L verify
check "images, layers, sharing as JSON" jq -e '(.images | map(.name) | sort) == ["one", "other", "plat", "two"] and (.layers | length) == 2 and (.layers | map(.images) | max) == 4 and .mounts == [] and .leftovers == []' <($L ls --json)
prints "what the image wants to run" '"cmd": \[ "/bin/sh", "-c" \].*"env": \[ "PATH=/bin" \], "workdir": "/srv", "user": "7:8"' bash -c "$L import --name conf '$I/config:t' > '$T/.o' && $L config conf"
refuse "config of an unknown image" 1 'none: no such image' $L config none
prints "rm" 'freed' $L rm two
check "keeps what others need" $L verify plat
for i in one other plat conf; do $L rm $i > "$T/.out"; done
equal "the last one takes all" "" "$(left "$S")"
refuse "rm of an unknown image" 1 'one: no such image' $L rm one

echo "# a damaged store"
$L import "$I/good:t" > "$T/.out"
blob=$(jq -r '.manifests[0].digest' "$S/index.json"); blob=${blob#sha256:}
layer=$(jq -r '.layers[0].digest' "$S/blobs/sha256/$blob"); layer=${layer#sha256:}
cp "$S/blobs/sha256/$layer" "$T/kept"
printf X | dd of="$S/blobs/sha256/$layer" bs=1 seek=20 conv=notrunc 2> /dev/null
refuse "a changed blob fails verify" 1 '1 blob is missing or not' $L verify
equal "as digest" digest "$($L verify --json | jq -r ".[] | select(.digest == \"sha256:$layer\") | .state")"
truncate -s 10 "$S/blobs/sha256/$layer"
equal "a short one as size" size "$($L verify --json t | jq -r ".[] | select(.digest == \"sha256:$layer\") | .state")"
rm "$S/blobs/sha256/$layer"
equal "one that is gone as missing" missing "$($L verify --json | jq -r ".[] | select(.digest == \"sha256:$layer\") | .state")"
cp "$T/kept" "$S/blobs/sha256/$layer"
echo junk > "$S/blobs/sha256/$(printf 'a%.0s' {1..64})"
equal "a blob nobody needs is hashed, too" "unreferenced digest" "$($L verify --json | jq -r '.[] | select(.image == null) | .kind + " " + .state')"
rm "$S/blobs/sha256/"aaaa*
check "mended, it is sound" $L verify
refuse "verify of an unknown image" 1 'none: no such image' $L verify none
refuse "a directory of other things is no store" 1 'neither a store nor an empty' layerctl --store "$T/victim" import "$I/good:t"
refuse "no store at all" 1 'is no store yet' layerctl --store "$T/nowhere" ls

echo "# mounts"
prints "a dry run tells the steps" 'move_mount' $L mount --dry-run t "$T/t"
equal "and makes nothing" "" "$(ls "$S/mounts")"
check "mount --explain=json" sh -c "$L mount --explain=json t $T/t 2> $T/steps"
check "a JSON object per step" jq -se 'length == 4 and (map(.id) == ["layer-prepare", "layer-record", "layer-overlay", "layer-attach"])' "$T/steps"
check "changes are possible" sh -c "echo new > $T/t/new && rm $T/t/good"
equal "and go to the upper directory" "good new" "$(ls "$S/mounts/m1/upper" | one_line)"
prints "ls shows the mount" "^m1 +$T/t +t +mounted +no" $L ls
refuse "a second mount on it" 1 't is mounted there already' $L mount t "$T/t"
sleep 300 < "$T/t/new" & holder=$!
await 5 sh -c "readlink /proc/$holder/fd/0 | grep -q new"
refuse "in use" 1 'umount2|busy' $L umount "$T/t"
kill $holder; wait $holder 2> /dev/null
mount -t tmpfs over "$T/t"
refuse "something else over it" 1 'something else is mounted over it' $L umount "$T/t"
umount "$T/t"
prints "umount --keep prints where the changes are" "^$S/mounts/m1/upper$" $L umount --keep "$T/t"
equal "and keeps them" new "$(cat "$S/mounts/m1/upper/new")"
check "umount again" $L umount "$T/t"
equal "changes that are kept stay kept" kept "$($L ls --json | jq -r '.mounts[0].state')"
check "umount by id" $L umount m1
equal "takes them away" "" "$(ls "$S/mounts")"
refuse "umount of what is neither" 1 'm7: is neither' $L umount m7
check "read-only, of one layer" $L mount --read-only t "$T/t"
refuse "nothing can be written" 2 'Read-only' sh -c "echo > $T/t/x"
equal "and the layer is seen" good "$(ls "$T/t")"
check "it goes again" $L umount "$T/t"
check "volatile" $L mount --volatile t "$T/t"
grep -q "ringfence:m1.*volatile" /proc/self/mountinfo && ok "it is" || not_ok "volatile" "$(grep ringfence /proc/self/mountinfo)"
check "and goes" $L umount "$T/t"
refuse "--volatile --read-only" 2 'allows none' $L mount --volatile --read-only t "$T/t"
refuse "a target that is no directory" 1 "$T/kept" $L mount t "$T/kept"
refuse "an unknown image" 1 'x: no such image here; there are: t' $L mount x "$T/t"
check "200 layers" $L import --name many "$I/layers-200:t"
check "are mounted" $L mount many "$T/t"
equal "all are seen, the top one on top" "201 199" "$(ls "$T/t" | wc -l) $(cat "$T/t/top")"
check "and unmounted" $L umount "$T/t"
for f in 'fsopen=ENOSYS!' 'fsconfig=EINVAL!'; do
	RINGFENCE_FAULT=$f check "200 layers by mount(2) ($f)" $L mount many "$T/t"
	equal "all are seen ($f)" "201 199" "$(ls "$T/t" | wc -l) $(cat "$T/t/top")"
	check "and unmounted ($f)" $L umount "$T/t"
	RINGFENCE_FAULT=$f check "read-only, of one layer ($f)" $L mount -r t "$T/t"
	check "and unmounted ($f)" $L umount "$T/t"
done
(cd "$T" && RINGFENCE_FAULT='fsopen=ENOSYS!' $L mount t t && [ -e t/good ]) && ok "a relative target by mount(2)" || not_ok "a relative target by mount(2)"
check "and unmounted" $L umount "$T/t"
check "501 layers are imported" $L import --name toomany "$I/layers-501:t"
refuse "and refused, not cut off" 1 '501 layers, overlayfs takes at most 500' $L mount toomany "$T/t"
$L rm toomany > "$T/.out"; $L rm many > "$T/.out"
long=$T/$(printf 'long%.0s' {1..50})
check "a store with a long path" layerctl --store "$long" import "$I/good:t"
check "is mounted from" layerctl --store "$long" mount t "$T/t"
check "and unmounted" layerctl --store "$long" umount "$T/t"
check "rm of an image that is mounted" sh -c "$L import --name used '$I/two-tags:two' && $L mount used $T/t && $L rm used"
equal "leaves its layers" "good more" "$(ls "$T/t" | one_line)"
$L umount "$T/t"

echo "# shifted owners"
MAP="--map-users 0:100000:65536 --map-groups 0:100000:65536"
given "mount_setattr(2) is refused here: id-mapped mounts have no older means" answers 442
for f in none=EPERM 'fsconfig=EINVAL!' 'fsopen=ENOSYS!'; do
	RINGFENCE_FAULT=$f check "a mount with maps ($f)" $L mount $MAP t "$T/t"
	equal "shows shifted owners ($f)" "100000 100000" "$(stat -c '%u %g' "$T/t/good")"
	check "and goes ($f)" $L umount "$T/t"
done
given
refuse "one map without the other" 1 'both or neither' $L mount --map-users 0:100000:65536 t "$T/t"
# The view of the store that is attached meanwhile must not be taken for what a dead mount left.
for f in 'fsconfig=EINVAL,fsmount=KILL' 'fsconfig=EINVAL!,mount=KILL'; do
	RINGFENCE_FAULT=$f $L mount $MAP t "$T/t" > "$T/.out" 2>&1
	RINGFENCE_FAULT='openat2=ENOSYS!' check "what a kill leaves goes ($f)" $L umount "$T/t"
	equal "with its mount, without the store ($f)" "0  ok" "$(grep -c "$S" /proc/self/mountinfo) $(ls "$S/mounts") $($L verify > "$T/.out" && echo ok)"
done

echo "# failing calls while mounting"
# Before 6.8 it is mount(2) that makes and attaches an overlay of several layers.
last='fsmount=EPERM move_mount=EINVAL' last_call=move_mount
grep -q '"call": "move_mount"' "$T/steps" || last='mount=EINVAL mount=EBUSY' last_call=mount
given "fsopen(2) is refused here: there is nothing to fail" answers 430
for f in 'mkdirat:*mounts/m1=ENOSPC' 'mkdirat:*upper=ENOSPC' 'mkdirat:*work=EIO' 'write:*record*=ENOSPC' 'renameat2:*record.json=ENOSPC' \
	'fsopen=EPERM' 'fsconfig=EPERM' $last 'fsopen=ENOSYS,mount=EPERM' 'fsopen=ENOSYS,symlinkat=ENOSPC'; do
	RINGFENCE_FAULT=$f refuse "mount fails: $f" 1 'step [1-4] of 4' $L mount t "$T/t"
	equal "and leaves nothing ($f)" "0 " "$(grep -c ringfence: /proc/self/mountinfo) $(ls "$S/mounts")"
done
for f in 'mkdirat:*upper=KILL' 'fsopen=KILL' $last_call=KILL; do
	[ -n "$SKIP_WHY" ] || RINGFENCE_FAULT=$f $L mount t "$T/t" > "$T/.out" 2>&1
	equal "killed at $f: ls says how to clean" "stale layerctl umount m1" "$($L ls --json | jq -r '.mounts[0] | .state + " " + .remove_command')"
	check "the next mount cleans up" $L mount t "$T/t"
	equal "and takes the place" m1 "$(ls "$S/mounts")"
	[ -n "$SKIP_WHY" ] || $L umount "$T/t"
done
given
check "mounted, and unmounted behind our back" sh -c "$L mount t $T/t && umount $T/t"
check "the stale record goes by its command" $L umount m1
equal "and is gone" "" "$(ls "$S/mounts")"

echo "# another mount namespace"
unshare -m sh -c "$L mount t $T/t && touch $T/there && exec sleep 300" & holder=$!
await 20 test -e "$T/there"
equal "a mount elsewhere is seen as such" elsewhere "$($L ls --json | jq -r '.mounts[0].state')"
refuse "and not unmounted from here" 1 'is mounted in another mount namespace' $L umount m1
check "nor cleaned away" $L import --name again "$I/good:t"
equal "it stays" m1 "$(ls "$S/mounts")"
kill $holder; wait $holder 2> /dev/null
check "when its namespace has died" $L umount "$T/t"
equal "it goes" "" "$(ls "$S/mounts")"

# Ids are the same in every store: a store must see its own mounts only.
given "umoci is not installed" command -v umoci
if [ -z "$SKIP_WHY" ]; then
	"$TOP/examples/get-image.sh" "$T/two" > /dev/null 2>&1
	mkdir -p one-root two-root
	for s in one two; do
		layerctl --store "$T/$s-store" import --name i "$T/two" > /dev/null
		layerctl --store "$T/$s-store" mount i "$T/$s-root"
	done
	layerctl --store "$T/one-store" umount "$T/one-root"
fi
check "another store's mount of the same id stays" test -d "$T/two-root/proc"
check "and is ended by its own store" layerctl --store "$T/two-store" umount "$T/two-root"
given

rest_on_host "images of umoci and skopeo"
echo "# images that others made"
if command -v umoci > /dev/null && command -v skopeo > /dev/null; then
	mkdir -p "$T/r/etc" "$T/r/opt/d" "$T/n"
	echo one > "$T/r/etc/conf"; echo gone > "$T/r/etc/gone"; echo old > "$T/r/opt/d/old"; ln -s conf "$T/r/etc/link"
	echo two > "$T/conf"; echo new > "$T/n/new"
	check "umoci makes an image of four layers" sh -c "umoci init --layout $T/oci && umoci new --image $T/oci:base && umoci insert --image $T/oci:base $T/r / &&
		umoci insert --image $T/oci:base $T/conf /etc/conf && umoci insert --image $T/oci:base --whiteout /etc/gone && umoci insert --image $T/oci:base --opaque $T/n /opt/d"
	check "which is imported" $L import "$T/oci:base"
	check "and mounted" $L mount base "$T/t"
	equal "replaced, whited out, opaque" "etc/conf=two opt/d/new=new" "$(seen)"
	$L umount "$T/t"
	policy=--insecure-policy
	check "skopeo reads from the store" skopeo $policy copy "oci:$S:base" "docker-archive:$T/base.tar:x/base:1"
	check "skopeo writes into the store" skopeo $policy copy "docker-archive:$T/base.tar" "oci:$S:back"
	equal "ls shows it as not unpacked" "4 4" "$($L ls --json | jq -r '.images[] | select(.name == "back") | "\(.layers) \(.unpacked_layers)"')"
	check "import from the store itself" $L import "$S:back"
	check "zstd layers" skopeo $policy copy --dest-compress-format zstd "docker-archive:$T/base.tar" "oci:$T/zoci:z"
	grep -q 'tar+zstd' "$T"/zoci/blobs/sha256/* && ok "they are zstd" || not_ok "they are zstd"
	check "are imported" layerctl --store "$T/zst" import "$T/zoci:z"
	check "and mounted" layerctl --store "$T/zst" mount z "$T/t"
	equal "and show the same" "etc/conf=two opt/d/new=new" "$(seen)"
	check "and unmounted" layerctl --store "$T/zst" umount "$T/t"
	check "the store is sound" $L verify
else
	skip "images of umoci and skopeo" "umoci or skopeo is not installed"
fi

equal "the directory outside was never touched" "$VICTIM_WAS" "$(victim)"
equal "nothing came to lie at the host's root" "" "$(ls -d /x /y /etc/y 2> /dev/null)"
equal "no mount is left" 0 "$(grep -c "$T" /proc/self/mountinfo)"
finish
