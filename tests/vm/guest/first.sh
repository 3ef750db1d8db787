#!/bin/busybox sh
# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=dash
#
# The first program of a machine under QEMU: brings up the host's files and
# hands over to guest/init.sh there. User-mode Linux starts with that one.
bb=/bin/busybox
export PATH=/bin

fail() {
	echo "first: $*" >/dev/kmsg
	exec $bb poweroff -f
}

$bb mount -t devtmpfs dev /dev || fail "no devtmpfs"
for module in /modules/*.ko*; do
	[ ! -e "$module" ] || $bb insmod "$module" || fail "cannot load $module"
done
# The host's files do not change under a machine that matters, and asking the
# host about every one again doubles the time a command takes.
$bb mount -t 9p -o ro,trans=virtio,version=9p2000.L,cache=loose,msize=262144 \
	host /host || fail "cannot mount the host's files"
$bb umount -l /dev
# shellcheck disable=SC2154 # the kernel passes it on from its command line
exec $bb switch_root /host /bin/bash "$refheap_init"
