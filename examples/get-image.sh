#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# get-image.sh DIR [IMAGE]: put an OCI image layout into DIR, under the tag "latest".
#
# IMAGE is an OCI layout, a docker-archive tar or a docker://… name; without it, umoci makes an
# image from busybox whose upper layers show the three things a layer can do to those below it.
set -euo pipefail
dir=$1 image=${2:-}
copy() { skopeo --insecure-policy copy --quiet "$1" "oci:$dir:latest"; }

case $image in
'') ;;
docker://*) copy "$image"; exit ;;
*) if [ -f "$image/oci-layout" ]; then copy "oci:$image"; exit; fi
   if [ -f "$image" ]; then copy "docker-archive:$image"; exit; fi
   echo "get-image.sh: $image: no OCI layout, docker-archive or docker:// name" >&2
   exit 1 ;;
esac

t=$(mktemp -d)
trap 'rm -rf "$t"' EXIT
chmod 755 "$t"
busybox=$(readlink -f "$(command -v busybox)")

# Layer 1: a small root file system.
mkdir -p "$t"/base/{bin,etc,proc,tmp,opt/old}
chmod 1777 "$t/base/tmp"
"$busybox" --install -s "$t/base/bin" # links to where it is itself
mkdir -p "$t/base${busybox%/*}"
cp --remove-destination "$busybox" "$t/base$busybox"
echo 'root:x:0:0:root:/:/bin/sh' > "$t/base/etc/passwd"
echo 'from layer 1' > "$t/base/etc/motd"
echo 'from layer 1' > "$t/base/etc/secret"
echo 'from layer 1' > "$t/base/opt/old/file"
# Layer 2 replaces a file, layer 3 deletes one, layer 4 makes a directory opaque.
echo 'from layer 2, which replaced the file of layer 1' > "$t/motd"
mkdir "$t/opt" && echo 'from layer 4, which hid what was in /opt' > "$t/opt/new"

umoci init --layout "$dir"
umoci new --image "$dir:latest"
umoci insert --image "$dir:latest" "$t/base" /
umoci insert --image "$dir:latest" "$t/motd" /etc/motd
umoci insert --image "$dir:latest" --whiteout /etc/secret
umoci insert --image "$dir:latest" --opaque "$t/opt" /opt
umoci config --image "$dir:latest" --config.cmd /bin/sh --config.env PATH=/bin
