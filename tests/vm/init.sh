#!/bin/busybox sh
# shellcheck shell=dash
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 Gatehouse founders
# The first program of the virtual machine, in two stages. In the initramfs: mount the host's
# root, read-only below a layer in memory, and change over to it. There: run the command and
# switch off. The host's own part is vm.py; `run` is the folder they share:
#   run/command  a shell script, the command   run/booted  made when the command starts
#   run/code     its exit code                 run/state   kept over a reboot
set -eu
BUSYBOX=/bin/busybox
RUN=/run/vm
NEW=/root # where the new root is put together

initramfs() {
	$BUSYBOX mount -t devtmpfs dev /dev
	$BUSYBOX mount -t proc proc /proc
	$BUSYBOX mount -t sysfs sys /sys
	for module in /modules/*; do
		$BUSYBOX insmod "$module"
	done
	# loose: what lies on the host does not change while we run
	$BUSYBOX mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=loose,ro root /lower
	$BUSYBOX mount -t tmpfs -o mode=755 rw /rw
	$BUSYBOX mkdir /rw/upper /rw/work
	$BUSYBOX mount -t overlay -o lowerdir=/lower,upperdir=/rw/upper,workdir=/rw/work root $NEW
	$BUSYBOX mount -t tmpfs -o mode=755 run $NEW/run
	$BUSYBOX mkdir -p $NEW$RUN/bin $NEW$RUN/share $NEW/dev $NEW/proc $NEW/sys
	$BUSYBOX cp $BUSYBOX $NEW$RUN/bin/busybox
	$BUSYBOX cp /init $NEW$RUN/init
	for link in modprobe sh; do
		$BUSYBOX ln -s busybox "$NEW$RUN/bin/$link"
	done
	for folder in dev proc sys; do
		$BUSYBOX mount --move /$folder $NEW/$folder
	done
	exec $BUSYBOX switch_root $NEW $RUN/bin/sh $RUN/init changed
}

# What systemd would have mounted and set.
furnish() {
	$BUSYBOX mkdir -p /dev/pts /dev/shm "/lib/modules/$($BUSYBOX uname -r)"
	$BUSYBOX mount -t devpts -o gid=5,mode=620,ptmxmode=666 pts /dev/pts
	$BUSYBOX mount -t tmpfs shm /dev/shm
	$BUSYBOX mount -t cgroup2 cgroup2 /sys/fs/cgroup
	$BUSYBOX mount -t bpf bpf /sys/fs/bpf
	$BUSYBOX mount -t tracefs tracing /sys/kernel/tracing
	for link in fd=self/fd stdin=self/fd/0 stdout=self/fd/1 stderr=self/fd/2; do
		$BUSYBOX ln -sf "/proc/${link#*=}" "/dev/${link%%=*}"
	done
	$BUSYBOX mount -t 9p -o trans=virtio,version=9p2000.L,msize=512000,cache=none run $RUN/share
	$BUSYBOX mount --bind "$($BUSYBOX cat $RUN/share/modules)" \
		"/lib/modules/$($BUSYBOX uname -r)"
	echo $RUN/bin/modprobe >/proc/sys/kernel/modprobe
	$BUSYBOX hostname vm
	$BUSYBOX ip link set lo up
	$BUSYBOX stty -F /dev/ttyS1 raw -echo
}

run_command() {
	export PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root TERM=dumb LANG=C.UTF-8
	furnish
	: >$RUN/share/booted
	code=0
	/bin/sh $RUN/share/command </dev/null >/dev/ttyS1 2>&1 || code=$?
	echo $code >$RUN/share/code
	$BUSYBOX sync
	$BUSYBOX reboot -f
}

if [ "${1:-}" = changed ]; then
	BUSYBOX=$RUN/bin/busybox
	run_command
else
	initramfs
fi
