#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Process 1 of a machine. Starts on the host's root folder, read-only; moves to
# a root of its own that shows the host's folders and has memory where
# something must be written; runs the job; says how it ended; switches off.
#
# The kernel passes refheap_run on from its command line: the folder on the
# host in which run.sh left the job.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# Busybox is one static program: each start of it costs a fraction of what a
# start of the host's tools does, and under emulation that is what boots wait
# for.
for tool in cat chmod cp ln mkdir mkfifo mount pivot_root stty tar umount; do
	eval "$tool() { busybox $tool \"\$@\"; }"
done

# What the job file sets.
kind=uml
directory=/
command=()
environment=()
modules=()
shown=()
interactive=
collect=
rows=24
columns=80

off() { exec busybox poweroff -f; }

log() { printf 'init: %s\n' "$*" >/dev/kmsg; }

mount -t proc proc /proc || off
# shellcheck source=/dev/null
# shellcheck disable=SC2154
. "$refheap_run/job" || off

### The root folder

# /tmp is there on every host; memory mounted on it becomes the root. The
# host's own /tmp is then reached through a second view of the host.
new=/tmp
view=$new/run/host

table=
folders=()
bind() {
	table+="$view$1 $new$1 none bind 0 0"$'\n'
	folders+=("$new$1")
}

# One mount(8) for everything.
plan() {
	local path
	for path in /*; do
		case $path in
		/proc | /sys | /dev | /run | /tmp | /root | /out | /lost+found) ;;
		*) [ -L "$path" ] || [ ! -d "$path" ] || bind "$path" ;;
		esac
	done
	table+="proc $new/proc proc defaults 0 0
sysfs $new/sys sysfs defaults 0 0
debugfs $new/sys/kernel/debug debugfs defaults 0 0
cgroup2 $new/sys/fs/cgroup cgroup2 defaults 0 0
devtmpfs $new/dev devtmpfs defaults 0 0
tmpfs $new/var/tmp tmpfs mode=1777 0 0
"
	# The repository or the modules may be in a folder that is covered.
	for path in "${shown[@]}"; do
		case $path in
		/tmp/* | /root/* | /run/* | /out/* | /var/tmp/*) bind "$path" ;;
		esac
	done
}

plan
mount -t tmpfs -o size=75%,mode=755 tmpfs "$new" || off
mkdir -p "$view" "$new"/{run/old,root,out,tmp,proc,sys,dev} "${folders[@]}"
chmod 1777 "$new/tmp"
chmod 700 "$new/root"
mount --bind / "$view" || off
links=()
for link in /*; do
	[ ! -L "$link" ] || links+=("$link")
done
[ ${#links[@]} -eq 0 ] || cp -P "${links[@]}" "$new/"
printf '%s' "$table" >"$new/run/fstab"
mount -a -T "$new/run/fstab" 2>"$new/run/mount.log" ||
	log "mounting: $(<"$new/run/mount.log")"
cd "$new" || off
pivot_root . run/old || off
cd / || off
umount -l /run/old
mkdir -p /dev/shm /dev/pts
printf '%s\n' 'tmpfs /dev/shm tmpfs mode=1777 0 0' \
	'devpts /dev/pts devpts mode=620,ptmxmode=666 0 0' >/run/fstab
mount -a -T /run/fstab

### The machine

for link in fd: stdin:/0 stdout:/1 stderr:/2; do
	ln -s "/proc/self/fd${link#*:}" "/dev/${link%:*}"
done
# What goes wrong here belongs with what the kernel says.
exec </dev/null >/dev/kmsg 2>&1
# After an oops the rest of a run says nothing, and may hang.
echo 1 >/proc/sys/kernel/panic_on_oops
echo '+memory +pids' >/sys/fs/cgroup/cgroup.subtree_control
# The one of busybox asks for IPv4, which not all our kernels have.
ip link set lo up

# Channels to run.sh: terminal lines of user-mode Linux, ports of QEMU.
channel() {
	local wanted=$2 port name tries
	if [ "$kind" = uml ]; then
		found=/dev/tty$1
		stty -F "$found" raw -echo
		return
	fi
	for ((tries = 0; tries < 100; tries++)); do
		for port in /sys/class/virtio-ports/*; do
			{ read -r name <"$port/name"; } 2>/dev/null || continue
			found=/dev/${port##*/}
			[ "$name" != "$wanted" ] || [ ! -c "$found" ] || return
		done
		busybox sleep 0.05
	done
	log "no channel $wanted"
	off
}

# Anything still running would keep the channels open.
end_everyone_else() {
	local path process others=()
	for path in /proc/[0-9]*; do
		process=${path#/proc/}
		case " 1 $$ $* " in
		*" $process "*) ;;
		*) others+=("$process") ;;
		esac
	done
	kill -KILL "${others[@]}" 2>/dev/null
}

load_modules() {
	local module
	for module in "${modules[@]}"; do
		# Unquoted: parameters follow the module's path.
		# shellcheck disable=SC2086
		busybox insmod $module || return
	done
}

as_asked() {
	cd "$directory" || return 71
	exec env -i "${environment[@]}" "$@"
}

on_terminal() {
	local terminal=/dev/tty0
	[ "$kind" = uml ] || terminal=/dev/hvc0
	[ ${#command[@]} -gt 0 ] || command=(bash -i)
	# shellcheck disable=SC2094 # a terminal is both
	(
		# Its size is forgotten when nobody has it open.
		stty sane rows "$rows" cols "$columns"
		as_asked setsid --ctty --wait "${command[@]}"
	) <"$terminal" >"$terminal" 2>&1
}

# Programs should see pipes, as they do under make or in a test.
on_channels() {
	(as_asked "${command[@]}") </dev/null >/run/stdout 2>/run/stderr
}

channel 3 status
status_line=$found
channel 1 stdout
stdout_line=$found
channel 2 stderr
stderr_line=$found
mkfifo /run/stdout /run/stderr
busybox cat /run/stdout >"$stdout_line" &
relays=($!)
busybox cat /run/stderr >"$stderr_line" &
relays+=($!)
# Held open, or the relays end before the job begins.
exec 8>/run/stdout 9>/run/stderr

log "the job begins"
if ! load_modules 2>&9; then
	status=71
elif [ "$interactive" ]; then
	on_terminal 8>&- 9>&-
	status=$?
else
	on_channels 8>&- 9>&-
	status=$?
fi
log "the job ended with status $status"

exec 8>&- 9>&-
end_everyone_else "${relays[@]}"
wait "${relays[@]}" 2>/dev/null
if [ "$collect" ]; then
	channel 4 files
	tar -C /out -cf "$found" .
fi
# Last, so that it stands for everything before it.
printf '%s\n' "$status" >"$status_line"
# A terminal line of user-mode Linux drops what it still holds at the end.
# Changing its settings waits for that.
if [ "$kind" = uml ]; then
	for line in 0 1 2 3 4; do
		stty -F "/dev/tty$line" raw
	done
fi
off
