#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# nsrun's mount tree: every kind of operation, their order, what they leave, and ways out that must
# not be there.
. "$(dirname "$0")/lib.sh"

command -v busybox > /dev/null || skip_all "busybox-static is not installed"
if ! nsrun -r true 2> "$T/.err"; then skip_all "no user namespaces here: $(cat "$T/.err")"; fi
chmod 755 "$T"
# A root file system in one program, and something to bind.
mkdir -p root/bin root/proc root/dev root/etc
cp "$(command -v busybox)" root/bin/busybox
for a in sh ls cat touch mkdir rm stat echo grep readlink head wc mount umount id cut sort dd ln test; do ln -s busybox root/bin/$a; done
cp "$O/tests/escape" root/escape
mkdir -p src/sub src/deep/er dst; echo one > src/f; echo two > file
S=$T/src D=$T/dst
# The options of the mount at PATH inside, as the kernel has them; "none" where there is none.
opts() { printf '{ sed -n "s|^[^ ]* [^ ]* [^ ]* [^ ]* %s \\([^ ]*\\) .*|\\1|p" /proc/self/mountinfo | tail -n 1 | grep . || echo none; }' "$1"; }
has() { case ",$1," in *",$2,"*) ;; *) echo "no $2 in $1"; return 1 ;; esac; }
# with OPTION… -- PATH: the flags of the mount at PATH
with() { local a=(); while [ "$1" != -- ]; do a+=("$1"); shift; done; nsrun "${a[@]}" sh -c "$(opts "$2")"; }
# How a sandbox of ours is made by whom. In a user namespace, and as root without one.
ways=("-r"); root && ways+=("-m")

# Where nothing refuses the newer calls.
newer() { [ -z "${RINGFENCE_FAULT:-}" ] && answers 442; }

# --- usage: refused before anything is done
given "$ON_HOST" on_host
bad() { refuse "refused: --$1 $2" 125 "--$1: \"${2//[][\\.*^\$]/\\&}\": .*$3" nsrun "--$1" "$2" touch "$T/was-run"; }
bad bind "" 'the source is empty'
bad bind "x" 'a target is an absolute path without ".."'
bad bind "/etc:x" 'absolute path'
bad bind "/etc:/x/../y" 'absolute path'
bad bind "/etc:/x:frob" '"frob" is not one of ro rw norec nosuid nodev noexec noatime nosymfollow idmap'
bad bind "/etc:/x:" '"" is not one of'
bad bind "/etc:/x:ro:y" 'is not one of'
bad bind '/etc\x:/x' "stands only before"
bad bind '/etc\' "stands only before"
bad ro-bind "/etc:/x:mode=1" 'is not one of'
bad bind-fd "/etc:/x" 'number of a descriptor'
bad bind-fd "5" 'a part is missing'
bad bind-fd "99999999:/x" 'number of a descriptor'
bad bind-fd "5:/x:idmap" 'is not one of'
bad tmpfs "tmp" 'absolute path'
bad tmpfs "/x:size=lots" 'size= is a number of bytes'
bad tmpfs "/x:size=0" 'size= is a number of bytes'
bad tmpfs "/x:mode=999" 'octal'
bad tmpfs "/x:mode=77777" 'octal'
bad tmpfs "/x:nr_inodes=0" 'nr_inodes= is a number'
bad tmpfs "/x:norec" 'is not one of ro rw nosuid'
bad proc "/x:ro" 'too many parts'
bad dev "/" 'in place of the root'
bad sysfs "/x:nosuid" 'is not one of ro rw'
bad overlay "/x" 'a part is missing'
bad overlay "/x:upper=/a,work=/b" 'at least one lower='
bad overlay "/x:lower=/a" 'needs two lower='
bad overlay "/x:lower=/a,upper=/b" 'upper and work belong together'
bad overlay "/x:lower=,lower=/b" 'lower= is empty'
bad symlink "/x" 'a part is missing'
bad symlink "x:y" 'absolute path'
bad dir "/x:888" 'octal'
bad dir "/x:2755" 'at most 1777'
bad dir "/" 'in place of the root'
bad file "/x" 'number of a descriptor'
bad file "7:/x:9" 'octal'
bad mask "proc/kcore" 'absolute path'
bad read-only "etc" 'absolute path'
refuse "a mount over the root that stays" 125 'ask for a new root' nsrun -r --bind "$S:/" touch "$T/was-run"
refuse "idmap without a map" 125 'idmap needs maps' nsrun -m --bind "$S:$D:idmap" touch "$T/was-run"
check "and none of them has run anything" test ! -e "$T/was-run"
given
refuse "an empty root that others would see" 125 'needs mounts that are private or slave' nsrun -m --propagation shared --empty-root true
refuse "two roots" 125 'exclude each other' nsrun -r --root root --empty-root true
refuse "a source that is not there" 125 'open what will be mounted.*/no/such.*No such file' nsrun -r --bind "/no/such:$D" true
refuse "a descriptor that is not open" 125 'descriptor 77 is not open' nsrun -r --bind-fd "77:$D" true
refuse "nor one to read from" 125 'descriptor 77 is not open' nsrun -r --file "77:$D/x" true
refuse "a directory on a file" 125 'a directory is mounted on a directory' nsrun -r --bind "$S:$T/file" true
refuse "a mask of nothing" 125 'hide a path.*No such file' nsrun -r --mask /no/such true

# --- binds
for way in "${ways[@]}"; do
	equal "--bind ($way)" "one" "$(nsrun $way --bind "$S:$D" cat "$D/f")"
	equal "--bind of a file ($way)" two "$(nsrun $way --bind "$T/file:$S/f" cat "$S/f")"
	check "a bind is written to ($way)" nsrun $way --bind "$S:$D" sh -c "echo x > '$D/w' && rm '$S/w'"
	refuse "--ro-bind is not ($way)" 1 'Read-only' nsrun $way --ro-bind "$S:$D" touch "$D/w"
	check "but its source is ($way)" nsrun $way --ro-bind "$S:$D" touch "$S/f"
	equal "DST is SRC unless given ($way)" "ro 1" "$(nsrun $way --ro-bind "$S" sh -c "touch '$S/f' 2> /dev/null || echo ro; grep -c ' $S ' /proc/self/mountinfo" | one_line)"
	equal "a relative source ($way)" one "$(nsrun $way --bind "src:$D" cat "$D/f")"
	for o in ro nosuid nodev noexec nosymfollow; do
		check "bind option $o ($way)" has "$(with $way --bind "$S:$D:$o" -- "$D")" $o
	done
	given
	check "several options ($way)" has "$(with $way --bind "$S:$D:nosuid,ro,noexec" -- "$D")" noexec
	equal "the last of ro and rw counts ($way)" rw "$(with $way --ro-bind "$S:$D:rw" -- "$D" | cut -d, -f1)"
	refuse "noexec holds ($way)" 126 'Permission denied' nsrun $way --bind "$T/root:$D:noexec" "$D/bin/busybox" true
	check "no mount is seen outside ($way)" sh -c "! grep -q ' $D ' /proc/self/mountinfo"
	check "a ':' and a ',' in a name ($way)" sh -c "mkdir -p '$T/a:b,c'; echo x > '$T/a:b,c/y'; nsrun $way --bind '$T/a\\:b\\,c:$D' cat '$D/y'"
	equal "--bind-fd ($way)" one "$(nsrun $way --bind-fd "7:$D:ro" cat "$D/f" 7< "$S")"
	refuse "what a descriptor names has been exchanged ($way)" 125 'was covered or exchanged|No such file' sh -c "
		mkdir '$T/was' && exec 7< '$T/was' && mv '$T/was' '$T/is' && mkdir '$T/was' && rmdir '$T/is' && nsrun $way --bind-fd '7:$D' true"
	rm -rf "$T/was" "$T/is"
	refuse "a pipe has no path ($way)" 125 'is no file that has a path' sh -c "echo | nsrun $way --bind-fd '0:$D' true"
done
# Mounts below the source: read-only, too. (util-linux' rbind,ro leaves them writable.)
below="mount -t tmpfs x '$S/sub' && mount -t tmpfs y '$S/deep' && mkdir '$S/deep/er' && mount -t tmpfs z '$S/deep/er' &&"
export writable="for i in '$D' '$D/sub' '$D/deep' '$D/deep/er'; do [ -d \$i ] || echo none; touch \$i/w 2> /dev/null && echo \$i; done; echo end"
for way in "-m" "-rm" "--read-only"; do
	case $way in --read-only) set -- --bind "$S:$D" --read-only "$D"; way=-m ;; *) set -- --ro-bind "$S:$D" ;; esac
	equal "read-only with all that is mounted below ($way $1)" end "$(nsrun -rm sh -c "$below nsrun $way "'"$@" sh -c "$writable"' sh "$@")"
done
equal "norec takes one mount alone" "0 1" "$(nsrun -rm sh -c "mount -t tmpfs x '$S/sub' && touch '$S/sub/x' && nsrun -m --bind '$S:$D:norec' sh -c 'ls $D/sub | wc -l; ls $S/sub | wc -l'" | one_line)"
refuse "which a user namespace may not, as it would uncover something" 125 'hint: in a user namespace a bind must take along' \
	nsrun -rm sh -c "mount -t tmpfs x '$S/sub' && exec env RINGFENCE_FAULT= nsrun -rm --bind '$S:$D:norec' true"

# --- locked flags (CVE-2014-5206, CVE-2014-5207)
for o in ro nosuid nodev noexec; do
	lock="mount -t tmpfs -o $o x '$S/sub' && exec nsrun -rm"
	check "$o stays through a bind" has "$(nsrun -rm sh -c "$lock"' "$@"' sh --bind "$S/sub:$D" sh -c "$(opts "$D")")" $o
	check "and below one" has "$(nsrun -rm sh -c "$lock"' "$@"' sh --bind "$S:$D:nosymfollow" sh -c "$(opts "$D/sub")")" $o
done
refuse "ro can't be taken away in a user namespace" 125 'hint: the mount comes from a more privileged namespace' \
	nsrun -rm sh -c "mount -t tmpfs -o ro x '$S/sub' && exec nsrun -rm --bind '$S/sub:$D:rw' true"
equal "where it was made it can" rw "$(nsrun -rm sh -c "mount -t tmpfs -o ro x '$S/sub' && nsrun -m --bind '$S/sub:$D:rw' sh -c '$(opts "$D")'" | cut -d, -f1)"
refuse "nor the kind of access times" 125 'hint: the mount comes from a more privileged namespace' nsrun -rm sh -c "mount -t tmpfs x '$S/sub' && exec nsrun -rm --bind '$S/sub:$D:noatime' true"
check "noatime where it may" has "$(nsrun -rm sh -c "mount -t tmpfs x '$S/sub' && nsrun -m --bind '$S/sub:$D:noatime' sh -c '$(opts "$D")'")" noatime

# --- new file systems
for way in "${ways[@]}"; do
	equal "--tmpfs ($way)" "0 755 $(root && echo 0 || echo 0)" "$(nsrun $way --tmpfs "$S" sh -c "ls '$S' | wc -l; stat -c '%a %u' '$S'" | one_line)"
	check "nosuid, nodev ($way)" has "$(with $way --tmpfs "$D" -- "$D")" nosuid
	refuse "its size ($way)" 1 'No space' nsrun $way --tmpfs "$D:size=64K" dd if=/dev/zero of="$D/x" bs=1k count=100
	equal "its mode ($way)" 1777 "$(nsrun $way --tmpfs "$D:mode=1777" stat -c %a "$D")"
	refuse "its number of files ($way)" 1 'No space' nsrun $way --tmpfs "$D:nr_inodes=3" sh -c "touch '$D/1' '$D/2' '$D/3'"
	refuse "read-only ($way)" 1 'Read-only' nsrun $way --tmpfs "$D:ro" touch "$D/x"
	check "noexec ($way)" has "$(with $way --tmpfs "$D:noexec,noatime" -- "$D")" noexec
	equal "--proc ($way)" "2 2" "$(nsrun $way -p --proc "$D" sh -c "set -- '$D'/[0-9]*; echo \$\$ \$#")"
	equal "--devpts ($way)" "ptmx" "$(nsrun $way --devpts "$D" ls "$D")"
	check "--mqueue ($way)" nsrun $way -i --mqueue "$D" touch "$D/queue"
	equal "--sysfs ($way)" "lo ro" "$(nsrun $way -n --sysfs "$D" sh -c "ls '$D/class/net' | grep -v bonding_masters; $(opts "$D") | cut -d, -f1" | one_line)"
	equal "--sysfs, writable ($way)" rw "$(with $way -n --sysfs "$D:rw" -- "$D" | cut -d, -f1)"
	given "cgroup2 can't be mounted here" nsrun -r -C --cgroupfs "$D" true
	equal "--cgroupfs ($way)" "yes ro" "$(nsrun $way -C --cgroupfs "$D" sh -c "[ -e '$D/cgroup.procs' ] && echo yes; $(opts "$D") | cut -d, -f1" | one_line)"
	equal "--cgroupfs, writable ($way)" rw "$(with $way -C --cgroupfs "$D:rw" -- "$D" | cut -d, -f1)"
	given
	equal "--dev ($way)" "fd full null ptmx pts random shm stderr stdin stdout tty urandom zero" "$(nsrun $way --dev "$D" ls "$D" | one_line)"
	check "its devices work ($way)" nsrun $way --dev /dev sh -c 'echo x > /dev/null && [ $(head -c 5 /dev/zero | wc -c) = 5 ] && head -c 1 /dev/urandom > /dev/null && ! echo x 2> /dev/null > /dev/full && echo y > /dev/shm/z && echo ok > /dev/fd/1'
	equal "its terminals are new ($way)" "0" "$(nsrun $way --dev /dev python3 -c 'import os; m, s = os.openpty(); print(os.ttyname(s).split("/")[-1])')"
done
refuse "sysfs of a network that is not ours" 125 'hint: a user namespace may mount sysfs for its own network' nsrun -r --sysfs "$D" true
refuse "a proc that is partly covered" 125 'hint: the /proc seen here is partly covered' \
	nsrun -r -m sh -c "mount -t tmpfs x /proc/sys && exec nsrun -r -p --proc '$D' true"

# --- overlay
mkdir -p low1 low2 up work; echo 1 > low1/a; echo 2 > low2/a; echo 2 > low2/b
L=lower=$T/low1,lower=$T/low2
overlays() { nsrun "$@" --overlay "$D:$L,upper=$T/up,work=$T/work" true; }
for way in "${ways[@]}"; do
	given "no overlay with an upper directory here" overlays $way
	equal "--overlay: the first lower is on top ($way)" "1 2" "$(nsrun $way --overlay "$D:$L,upper=$T/up,work=$T/work" cat "$D/a" "$D/b" | one_line)"
	check "changes go to upper ($way)" sh -c "nsrun $way --overlay '$D:$L,upper=$T/up,work=$T/work' sh -c 'echo 3 > $D/a; rm $D/b; ! test -e $D/b' && grep -q 3 up/a && grep -q 1 low1/a && test -e low2/b"
	rm -rf up work; mkdir up work
	given "no overlay without one here" nsrun $way --overlay "$D:$L" true
	equal "without upper it is read-only ($way)" "1 ro" "$(nsrun $way --overlay "$D:$L" sh -c "cat '$D/a'; touch '$D/x' 2> /dev/null || echo ro" | one_line)"
	equal "over what is its own lower ($way)" "1 2" "$(nsrun $way --tmpfs "$T/low2" --overlay "$T/low1:$L" cat low1/a low1/b | one_line)"
	equal "as the root ($way)" "2 1" "$(nsrun $way --empty-root --overlay "/:lower=$T/low1,lower=$T/low2,lower=$T/root" sh -c 'cat /b /a' | one_line)"
done
given "no overlay with an upper directory here" overlays -r
refuse "an upper that is an overlay itself" 125 'hint: upper and work must be directories of one file system' \
	sh -c "mkdir -p o/up o/work; exec nsrun -rm --overlay '$D:$L,upper=$T/up,work=$T/work' sh -c 'mkdir $D/up $D/work && exec nsrun -m --overlay $S:$L,upper=$D/up,work=$D/work true'"
refuse "a lower that is not there" 125 'open what will be mounted.*No such file' nsrun -r --overlay "$D:$L,lower=/no/such" true
given
rm -rf up work o; mkdir up work

# --- what is made
for way in "${ways[@]}"; do
	equal "--dir and its mode ($way)" "755 1700" "$(umask 077; nsrun $way --tmpfs "$D" --dir "$D/a/b" --dir "$D/c:1700" stat -c %a "$D/a/b" "$D/c" | one_line)"
	equal "one that is there stays ($way)" 755 "$(chmod 755 src/sub; nsrun $way --dir "$S/sub:700" stat -c %a "$S/sub")"
	refuse "a file in its place ($way)" 125 'make a directory.*Not a directory' nsrun $way --dir "$S/f" true
	equal "--symlink ($way)" "../x:y" "$(nsrun $way --tmpfs "$D" --symlink "../x\\:y:$D/a/l" readlink "$D/a/l")"
	check "one that is there and right ($way)" nsrun $way --tmpfs "$D" --symlink "a:$D/l" --symlink "a:$D/l" true
	refuse "one that is another ($way)" 125 'File exists, and is not this link' nsrun $way --tmpfs "$D" --symlink "a:$D/l" --symlink "b:$D/l" true
	equal "--file ($way)" "hello 644" "$(umask 077; echo hello | nsrun $way --tmpfs "$D" --file "0:$D/etc/motd" sh -c "cat '$D/etc/motd'; stat -c %a '$D/etc/motd'" | one_line)"
	equal "--file and its mode ($way)" "4711" "$(nsrun $way --tmpfs "$D" --file "7:$D/x:4711" stat -c %a "$D/x" 7< file)"
	equal "over a file, which is not changed ($way)" "two one" "$(nsrun $way --file "7:$S/f" cat "$S/f" 7< file | one_line) $(cat "$S/f")"
	equal "a large one ($way)" "$(head -c 3000000 /dev/zero | md5sum)" "$(head -c 3000000 /dev/zero | nsrun $way --tmpfs "$D" --file "0:$D/x" sh -c "cat '$D/x' | md5sum")"
	equal "nothing of it is in the mount table but the file ($way)" 1 "$(nsrun $way --file "7:$S/f" grep -c '/data ' /proc/self/mountinfo 7< file)"
	# --- hiding
	equal "--mask of a directory ($way)" "0 ro" "$(nsrun $way --mask "$S" sh -c "ls '$S' | wc -l; touch '$S/x' 2> /dev/null || echo ro" | one_line)"
	equal "--mask of a file ($way)" "0 1:3" "$(nsrun $way --mask "$S/f" sh -c "wc -c < '$S/f'; stat -c '%t:%T' '$S/f'" | one_line)"
	check "--mask proc ($way)" nsrun $way -p --mount-proc --mask proc sh -c 'for f in kcore keys timer_list sched_debug; do [ ! -e /proc/$f ] || [ $(head -c 9 /proc/$f | wc -c) = 0 ] || exit 1; done; grep -q " /proc/keys " /proc/self/mountinfo'
	check "--mask proc elsewhere ($way)" nsrun $way -p --proc "$D" --mask proc grep -q " $D/keys " /proc/self/mountinfo
	check "--read-only proc ($way)" has "$(with $way -p --proc /proc --read-only proc -- /proc/sys)" ro
	refuse "--read-only ($way)" 1 'Read-only' nsrun $way --read-only "$S" touch "$S/w"
	check "and only there ($way)" nsrun $way --read-only "$S" touch "$T/w"
	equal "--read-only /, and what comes after ($way)" "ro rw" "$(nsrun $way --read-only / --tmpfs "$D" sh -c "touch '$T/w' 2> /dev/null || echo ro; touch '$D/w' && echo rw" | one_line)"
	equal "--root-ro: after all of it ($way)" "ro ro" "$(nsrun $way --root-ro --tmpfs "$D" sh -c "touch '$T/w' 2> /dev/null || echo ro; touch '$D/w' 2> /dev/null || echo ro" | one_line)"
	refuse "--root-ro of a new root ($way)" 1 'Read-only' nsrun $way --root root --root-ro touch /x
done

# --- order, and sources that are the caller's
for way in "${ways[@]}"; do
	equal "a later mount covers an earlier ($way)" "0" "$(nsrun $way --bind "$S:$D" --tmpfs "$D" ls "$D" | wc -l)"
	equal "and the other way round ($way)" one "$(nsrun $way --tmpfs "$D" --bind "$S:$D" cat "$D/f")"
	equal "into an earlier one ($way)" "one s" "$(nsrun $way --tmpfs "$D" --bind "$S:$D/s" sh -c "cat '$D/s/f'; ls '$D'" | one_line)"
	equal "a source that an earlier one covers ($way)" "one src" "$(nsrun $way --tmpfs "$T" --bind "$S" sh -c "cat '$S/f'; ls '$T'" | one_line)"
	equal "a source with an earlier one on it ($way)" "0 one" "$(nsrun $way --tmpfs "$S" --bind "$S:$D" sh -c "ls '$S' | wc -l; cat '$D/f'" | one_line)"
	equal "and below it ($way)" "er" "$(nsrun $way --tmpfs "$S/deep" --bind "$S:$D" ls "$D/deep")"
	equal "an exchange ($way)" "two one" "$(nsrun $way --bind "$T/file:$S/f" --bind "$S/f:$T/file" cat "$S/f" "$T/file" | one_line)"
done

# The working directory is no way below a mount.
equal "what covers it is seen from it" "0" "$(cd src && nsrun -r --tmpfs "$S" ls | wc -l)"
equal "a mask, too" "" "$(cd src && nsrun -r --mask "$S" cat f 2> /dev/null)"
equal "where its path leads nowhere any more it is /" / "$(cd src/deep && nsrun -r --tmpfs "$S" pwd)"
equal "else it stays" "$S" "$(cd src && nsrun -r --tmpfs "$D" pwd)"

# --- an empty root, and one to fill
fill=(--ro-bind "$T/root/bin:/bin")
for way in "-r" "-r -p" "-r -f"; do
	equal "--empty-root ($way)" "bin" "$(nsrun $way --empty-root "${fill[@]}" /bin/ls / | one_line)"
	equal "mode and owner ($way)" "755 0" "$(nsrun $way --empty-root "${fill[@]}" /bin/stat -c '%a %u' /)"
	equal "nothing of the old root is left ($way)" "2" "$(nsrun $way -p --empty-root "${fill[@]}" --proc /proc /bin/cat /proc/self/mountinfo | grep -cv ' - proc ')"
	equal "nor where a bind is the root ($way)" "$(wc -l < /proc/self/mountinfo)" "$(nsrun $way --empty-root --bind "/:/" cat /proc/self/mountinfo | wc -l)"
	given "covering a root directory needs move_mount" newer
	equal "nor on a root directory ($way)" "$(wc -l < /proc/self/mountinfo)" "$(nsrun $way --root / --bind "/:/" cat /proc/self/mountinfo | wc -l)"
	given
	equal "nor with two of them ($way)" "bin dev escape etc proc" "$(nsrun $way --empty-root --bind "/:/" --tmpfs / --bind "$T/root:/" /bin/ls / | one_line)"
	touch outer-file
	equal "there is no way out ($way)" in "$(nsrun $way --empty-root "${fill[@]}" --bind "$T/root/escape:/escape" /escape "$T/outer-file")"
	equal "nor here ($way)" in "$(nsrun $way --empty-root --bind "$T/root:/" /escape "$T/outer-file"; rmdir root/way-out)"
done
equal "--mount-proc fits in" "2 proc" "$(nsrun -r -p --empty-root "${fill[@]}" --mount-proc /bin/sh -c 'echo $$; ls / | grep proc' | one_line)"
given "must be root: maps ids that are not its own" root
wide="--map-users 0:100000:65536 --map-groups 0:100000:65536"
equal "made as a mapped id" "0:0 0:0 0:0" "$(nsrun $wide --empty-root "${fill[@]}" --dir /d --tmpfs /t /bin/stat -c %u:%g / /d /t | one_line)"
equal "also where the program is someone else" "5 0:0" "$(nsrun $wide -S 5 -G 5 --empty-root "${fill[@]}" --dir /d /bin/sh -c 'id -u; stat -c %u:%g /d' | one_line)"
equal "and where nobody is root" "7:7" "$(nsrun --map-users 7:100000:10 --map-groups 7:100000:10 --empty-root "${fill[@]}" --dir /d /bin/stat -c %u:%g /d)"

# --- id-mapped binds
idmaps() { maps_mounts && nsrun $wide --bind "$S:$D:idmap" true; }
given "no id-mapped mounts of this file system here" idmaps
touch src/mine && chown 0:0 src/mine && touch src/five && chown 5:6 src/five
equal "idmap: owners are as on the disk" "0:0 5:6" "$(nsrun $wide --bind "$S:$D:idmap" stat -c %u:%g "$D/mine" "$D/five" | one_line)"
equal "without it they are nobody's" "65534:65534" "$(nsrun $wide --bind "$S:$D" stat -c %u:%g "$D/mine")"
equal "what is made inside is root's outside" 0:0 "$(nsrun $wide --bind "$S:$D:idmap" touch "$D/new"; stat -c %u:%g src/new)"
refuse "read-only, too" 1 'Read-only' nsrun $wide --bind "$S:$D:idmap,ro" touch "$D/x"
equal "several" "5:6 5:6" "$(nsrun $wide --bind "$S:$D:idmap" --bind "$S:$T/low1:idmap,norec" stat -c %u:%g "$D/five" "$T/low1/five" | one_line)"
rm -f src/mine src/five src/new
refuse "never unshifted: without mount_setattr it fails" 125 'hint: there is no other way to shift owners' env RINGFENCE_FAULT=mount_setattr=ENOSYS! nsrun $wide --propagation unchanged --bind "$S:$D:idmap" true
refuse "nor without open_tree" 125 'open_tree.*Function not implemented' env RINGFENCE_FAULT=open_tree=ENOSYS! nsrun $wide --bind "$S:$D:idmap" true
refuse "nor without move_mount" 125 'an id-mapped mount needs move_mount' env RINGFENCE_FAULT=move_mount=ENOSYS! nsrun $wide --bind "$S:$D:idmap" true
given
given "id-mapped mounts are not there" maps_mounts
refuse "an ordinary user may not" 125 'hint: (a bind needs CAP_SYS_ADMIN|an id-mapped mount needs)' nobody nsrun -r --bind "$S:$D:idmap" true

given
# --- ways out: targets in a root that someone else has filled
mkdir -p evil/bin evil/real host; cp root/bin/busybox evil/bin; for a in sh ls cat touch stat; do ln -s busybox evil/bin/$a; done
ln -s / evil/proc; ln -s "$T/host" evil/dev; ln -s ../../../../../../../.. evil/sys; ln -s /../../.. evil/a
ln -s real evil/good; ln -s /nowhere evil/dangling; ln -s loop2 evil/loop1; ln -s loop1 evil/loop2; ln -s "$T/host/made" evil/file
seen() { find host src dst -printf '%p %i %m\n' | sort; cut -d' ' -f1-6 /proc/self/mountinfo; }
before=$(seen)
try() { nsrun -r -p --root evil "$@" /bin/ls / > /dev/null 2>&1; }
for t in "/a/made" "/a/$T/host/made" "/sys/made" "/sys/$T/host/made" "/dev/made" "/file" "/dangling" "/dangling/x" "/loop1/x" "/good/x" "/proc/made"; do
	try --tmpfs "$t"; try --bind "$S:$t"; try --bind "$T/file:$t"; try --dir "$t"; try --symlink "x:$t"; try --file "7:$t" 7< file
	try --proc "$t"; try --dev "$t"; try --mask "$t"; try --read-only "$t"; try --overlay "$t:$L"
done
equal "host's files and mounts are as before" "$before" "$(seen)"
check "what was made is inside" test -d "evil$T/host" -o -d evil/made
rm -rf "evil$T" evil/made evil/tmp
equal "a link leads to where it leads inside" "one" "$(nsrun -r --root evil --bind "$S:/good/x" /bin/cat /real/x/f)"
refuse "one that leads nowhere is not followed" 125 'leads nowhere inside the root' nsrun -r --root evil --tmpfs /dangling true
refuse "nor written through" 125 'leads nowhere inside the root' sh -c "nsrun -r --root evil --file 7:/file true 7< file"
refuse "a loop" 125 'symbolic links' nsrun -r --root evil --tmpfs /loop1/x true
check "no file was made on the host" test ! -e host/made
# CVE-2025-31133: what stands over a masked path is the device, or nothing does.
rm -f evil/dev; mkdir evil/dev; ln -s /proc/sys/kernel/core_pattern evil/dev/null; touch evil/secret
equal "/dev/null of the root is not looked at" "1:3" "$(nsrun -r --root evil --mask /secret /bin/stat -c %t:%T /secret)"
mkdir fakedev; ln -s /proc/sys/kernel/core_pattern fakedev/null; for i in zero full random urandom tty; do ln -s /dev/null fakedev/$i; done
refuse "nor is a link taken for the device" 125 '/dev/null: is not the device 1:3' nsrun -rm sh -c "mount --bind '$T/fakedev' /dev && exec nsrun -m --mask '$S/f' true"
rm fakedev/null; touch fakedev/null
refuse "nor a file" 125 '/dev/null: is not the device 1:3' nsrun -rm sh -c "mount --bind '$T/fakedev' /dev && exec nsrun -m --dev '$D' true"
rm -rf evil/real/x evil/dev evil/secret fakedev

# A name that is a directory now and a link out the next moment.
mkdir -p evil/race evil/race.dir host/trap; ln -s "$T/host/trap" evil/race.link
python3 - "$T/evil" << 'PY' &
import ctypes, os, sys
libc = ctypes.CDLL(None)
os.chdir(sys.argv[1])
parent = os.getppid()
while os.getppid() == parent and not os.path.exists("stop"):
    for _ in range(1000):
        libc.renameat2(-100, b"race", -100, b"race.link", 2)  # RENAME_EXCHANGE
PY
racer=$!
inside=0 outside=0
for fault in "" openat2=ENOSYS! "open_tree=ENOSYS!,fsopen=ENOSYS!,openat2=ENOSYS!"; do
	for i in 1 2 3 4 5 6 7 8; do
		RINGFENCE_FAULT=$fault nsrun -r --root evil --tmpfs /race/x --bind "$S:/race/y" --dir /race/z --symlink "a:/race/l" --read-only /race/y /bin/ls / > .out 2>&1 && inside=$((inside + 1))
	done
done
touch evil/stop; wait $racer
outside=$(find host/trap -mindepth 1 | wc -l)
equal "a name exchanged while it was used has led nowhere" 0 "$outside"
check "and it was used ($inside of 24 times)" test $inside -gt 0
rm -rf evil host; mkdir host
equal "and the mounts are as before" "$(cut -d' ' -f5 <<< "$before" | grep -c "^$T")" "$(grep -c " $T" /proc/self/mountinfo)"

# --- cost: the same number of calls for each bind
calls() {
	local a=()
	for i in $(seq "$1"); do mkdir -p "many/$i"; a+=(--ro-bind "$S:$T/many/$i"); done
	RINGFENCE_TRACE=$T/trace nsrun -r "${a[@]}" true; wc -l < trace; rm trace
}
few=$(calls 10) many=$(calls 100)
given "counts the newer calls" newer
equal "four calls a bind, for the 11th as for the 100th" 360 "$((many - few))"
given
refuse "more binds than descriptors" 125 'hint: each bind holds a descriptor' sh -c "ulimit -n 20; exec nsrun -r $(for i in $(seq 30); do printf -- '--bind %s ' "$S:$T/many/$i"; done) true"

# --- a failure leaves nothing
tree() { (cd "$1" && find . | sort); }
before=$(tree root)
fails=(--tmpfs /new/a/b --bind "$S:/new/c" --file 7:/new/file --symlink "x:/new/l" --dir /etc/d --bind "$T/file:/etc/x" --tmpfs /new/a/b/inner)
for way in "-r" "-r -f" "-r -p --mount-proc"; do
	refuse "a mount that can't be made ($way)" 125 'hide a path' nsrun $way --root root "${fails[@]}" --mask /none true 7< file
	equal "what was made for the others is gone ($way)" "$before" "$(tree root)"
	refuse "a program that is not there ($way)" 127 'No such file' uncounted nsrun $way --root root "${fails[@]}" /no-such 7< file
	equal "what was made is gone ($way)" "$before" "$(tree root)"
	check "no working directory that is there ($way)" sh -c "! nsrun $way --root root --tmpfs /new --wd /none true 2> /dev/null"
	equal "also then ($way)" "$before" "$(tree root)"
done
before=$(tree src)
refuse "in the caller's own tree" 127 'No such file' nsrun -r --tmpfs "$S/new/x" --bind "$T/file:$S/new2/y" /no-such
equal "is nothing left, either" "$before" "$(tree src)"
check "after success mount points stay, empty" sh -c "nsrun -r --root root --tmpfs /new/a /bin/ls / > /dev/null && test -d root/new/a -a ! -e root/new/a/x && rm -r root/new" || rm -rf root/new
mkdir -p root/kept; touch root/kept/file
refuse "what was there before is not removed" 125 'hide a path' nsrun -r --root root --tmpfs /kept --bind "$T/file:/kept/file" --mask /none true
check "it is there" test -d root/kept -a -e root/kept/file
rm -r root/kept

# --- without the newer calls, the same
everything=(-p --wd "$T" --empty-root --ro-bind / --tmpfs "$T/dst:mode=1777,size=1M" --proc /proc --dev /dev --file "7:$T/dst/deep/file" --mask proc
	--read-only proc --symlink "a:$T/dst/l" --dir "$T/dst/d" --bind "$S:$T/dst/src:noexec" --read-only "$T/dst/src")
look='cat dst/deep/file; readlink dst/l; ls dst | xargs; touch /usr/x 2> /dev/null || echo ro; touch dst/src/w 2> /dev/null || echo ro; dst/src/../src/sub/../f 2> /dev/null || echo no; head -c 3 /dev/zero | wc -c; touch dst/w && echo rw; echo $$; ls /proc | grep -c "^[0-9]"'
want="two a d deep l src ro ro no 3 rw 2 4"
plain() { (cd "$T" && "$@" nsrun -r "${everything[@]}" sh -c "$look" 7< file 2>&1 | one_line); }
equal "all of it" "$want" "$(plain env | sed 's/ [0-9]*$/ 4/')"
for who in "" nobody; do
	for fault in open_tree move_mount mount_setattr fsopen fsconfig fsmount openat2 "open_tree=ENOSYS!,move_mount=ENOSYS!,fsopen=ENOSYS!,mount_setattr=ENOSYS!,openat2"; do
		equal "${who:-as it is}, without ${fault//=ENOSYS!/}" "$want" "$(plain $who env RINGFENCE_FAULT="$fault=ENOSYS!" | sed 's/ [0-9]*$/ 4/')"
	done
done
for fault in open_tree move_mount mount_setattr "open_tree=ENOSYS!,mount_setattr"; do
	equal "read-only with all that is mounted below, without ${fault//=ENOSYS!/}" end \
		"$(nsrun -rm sh -c "$below RINGFENCE_FAULT=$fault=ENOSYS! nsrun -m --ro-bind '$S:$D' "'sh -c "$writable"')"
	check "flags that are not asked for stay, without ${fault//=ENOSYS!/}" has "$(nsrun -rm sh -c "mount -t tmpfs -o noexec x '$S/sub' && RINGFENCE_FAULT=$fault=ENOSYS! nsrun -rm --ro-bind '$S:$D' sh -c '$(opts "$D/sub")'")" noexec
	equal "a blank in a mount point, without ${fault//=ENOSYS!/}" "ro" \
		"$(mkdir -p "src/a b"; nsrun -rm sh -c "mount -t tmpfs x '$S/a b' && RINGFENCE_FAULT=$fault=ENOSYS! nsrun -m --ro-bind '$S:$D' sh -c \"touch '$D/a b/x' 2> /dev/null || echo ro\"")"
done
rmdir "src/a b"
given "is refused already" newer
refuse "the refused call was made" 0 'move_mount\(.*ENOSYS' env RINGFENCE_FAULT=move_mount=ENOSYS! nsrun -r --bind "$S:$D" --explain true

given
# --- as an ordinary user
chmod 755 root root/*
equal "nobody: a read-only system with a private /tmp and /dev" "ro rw dev" \
	"$(nobody nsrun -r --empty-root --ro-bind / --tmpfs /tmp:mode=1777 --dev /dev sh -c 'touch /usr/x 2> /dev/null || echo ro; touch /tmp/x && echo rw; echo x > /dev/null && echo dev' | one_line)"
refuse "nobody without a user namespace" 125 'hint: this needs CAP_SYS_ADMIN' nobody nsrun --tmpfs "$D" true
refuse "nobody, where a mount point can't be made" 125 'Permission denied' nobody nsrun -r --tmpfs /etc/none true

# --- explain and dry run
refuse "--explain names each operation" 0 'bind a directory or file: .*src on .*dst, ro, noexec' nsrun -r --ro-bind "$S:$D:noexec" --explain true
prints "--dry-run" 'mount an empty directory in memory: /no/such, 65536 bytes, mode 0700' nsrun -r --tmpfs /no/such:size=64K,mode=700 --dry-run true
check "of all of it" sh -c 'cd "$1" && shift && nsrun -r "$@" --dry-run true 7< file' sh "$T" "${everything[@]}"
check "changes nothing" test ! -e /no/such -a ! -e "$D/deep"
equal "and reads nothing from a descriptor" two "$(nsrun -r --file "0:$D/x" --dry-run true < file > /dev/null; cat file)"
idmaps_dry() { root && maps_mounts; }
given "must be root: maps ids that are not its own" idmaps_dry
prints "also with idmap" 'shift the owners of what will be mounted: .*src' nsrun $wide --bind "$S:$D:idmap" --dry-run true
finish
