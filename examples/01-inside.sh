# SPDX-License-Identifier: GPL-2.0-or-later
# What the container of lesson 1 runs: look around, then overstep both limits.
echo "host name: $(hostname)   pid: $$   ids: $(id)"
echo "processes: $(ls /proc | grep -c '^[0-9]')   interfaces: $(ip -o link | cut -d: -f2 | tr -d ' \n')"
echo "mounts:"; cut -c 1-100 /proc/mounts | sed 's/^/  /'
[ ! -e /etc/motd ] || { echo "/etc/motd: $(cat /etc/motd)"; echo "/etc: $(ls -x /etc)   /opt: $(ls -x /opt)"; }
mount -t tmpfs none /tmp 2>&- && echo "mount: allowed?!" || echo "mount: refused, the capability is dropped and the call filtered"
echo "now a loop for a second, on a quota of half a CPU …"
timeout 1 sh -c 'while :; do :; done'
echo "… and a string that doubles until the memory limit of 32 MiB ends it"
sh -c 's=0123456789abcdef; while :; do s=$s$s; done'; echo "exit status of that: $?"
