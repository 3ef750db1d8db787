#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Runs a command as root in a machine that sees the host's files read-only.
#
#   run.sh [OPTION]... [--] [CMD [ARG]...]     without CMD: a shell
#
#   -k KERNEL      uml (default), uml-debug, 6.1, 6.12, smp-debug
#   -m MODULE.ko   load this module first; parameters may follow the path in
#                  the same argument; again for more modules
#   -e NAME=VALUE  set a variable for CMD; again for more
#   -o DIR         afterwards unpack what the machine left in /out into DIR
#   -l FILE        write the kernel log to FILE; otherwise it is shown only
#                  when the machine fails
#   -t SECONDS     end the machine after this time (600; a shell: never)
#   -M SIZE        memory (2G)
#   -i             connect CMD to the terminal (a shell always is)
#   -q             no progress while the kernel is made ready
#
# The status is CMD's, or
#   70   the kernel panicked or stopped without a word
#   71   CMD could not be started: a module did not load, no such folder
#   124  the time was up
#   2    wrong usage
# CMD runs in the current folder, with stdin empty, PATH, LANG, TERM and
# HOME=/root. /tmp, /var/tmp, /run, /root, /dev/shm and /out are memory.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/refheap

say() { printf 'run: %s\n' "$*" >&2; }

die() {
	say "$1"
	exit "${2:-2}"
}

kernel=uml
modules=()
environment=()
limit=
memory=2G
log=
out=
quiet=
interactive=
while getopts ':k:m:e:o:l:t:M:iqh' option; do
	case $option in
	k) kernel=$OPTARG ;;
	m) modules+=("$OPTARG") ;;
	e)
		[[ $OPTARG == ?*=* ]] || die "-e wants NAME=VALUE, not: $OPTARG"
		environment+=("$OPTARG")
		;;
	o) out=$OPTARG ;;
	l) log=$OPTARG ;;
	t) limit=$OPTARG ;;
	M) memory=$OPTARG ;;
	i) interactive=y ;;
	q) quiet=y ;;
	h)
		sed -n '4,29s/^# \{0,1\}//p' "$0"
		exit 0
		;;
	*) die "no such option, or without its value: -$OPTARG (-h for help)" ;;
	esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || interactive=y
[ -n "$limit" ] || { [ $# -gt 0 ] && limit=600 || limit=0; }
[[ $limit =~ ^[0-9]+$ ]] || die "not a number of seconds: $limit"
[[ $memory =~ ^[0-9]+[MG]$ ]] || die "not a memory size such as 512M or 2G: $memory"
[ -z "$interactive" ] || [ -t 0 ] || die "a shell and -i need a terminal"

### The kernel

prepare() {
	if [ "$quiet" ]; then
		"$here/kernel.sh" "$@" 2>"$run/prepare" || {
			cat "$run/prepare" >&2
			return 1
		}
	else
		"$here/kernel.sh" "$@"
	fi
}

### Cleaning up, however it ends

run=
machine=
relays=()
terminal=
keyboard=
session_members() {
	local line path fields
	for path in /proc/[0-9]*/stat; do
		{ read -r line <"$path"; } 2>/dev/null || continue
		# A program's name may hold blanks and brackets, so count from
		# the last bracket: state, parent, group, session.
		read -ra fields <<<"${line##*) }"
		case " $* " in
		*" ${fields[3]} "*) printf '%s\n' "${line%% *}" ;;
		esac
	done
}

# User-mode Linux is many processes, and begins a session of its own in ours.
end_machine() {
	local members sessions
	[ -n "$machine" ] || return 0
	sessions=("$machine")
	[ ! -s "$run/process" ] || sessions+=("$(cat "$run/process")")
	while mapfile -t members < <(session_members "${sessions[@]}") && [ ${#members[@]} -gt 0 ]; do
		kill -KILL "${members[@]}" 2>/dev/null || :
		sleep 0.02
	done
	wait "$machine" || :
	machine=
}

# shellcheck disable=SC2317 # the traps call it
clean_up() {
	trap '' INT TERM HUP
	# The shell would say of each process below that it was killed.
	exec 2>/dev/null
	end_machine
	[ -z "$keyboard" ] || kill -KILL "$keyboard" 2>/dev/null || :
	[ ${#relays[@]} -eq 0 ] || kill -KILL "${relays[@]}" 2>/dev/null || :
	[ -z "$terminal" ] || stty "$terminal" <&0 || :
	[ -z "$run" ] || rm -rf "$run"
}
trap clean_up EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

# Left behind by those who had no time to clean up.
sweep() {
	local path owner
	for path in "$cache"/run/*; do
		owner=${path##*/}
		[ ! -d "$path" ] || [ -d "/proc/${owner%%-*}" ] || rm -rf "$path"
	done
}

mkdir -p "$cache/run"
sweep
run=$(mktemp -d "$cache/run/$$-XXXXXX")
run=$(cd "$run" && pwd -P)
[[ $run != *[[:space:],]* ]] || die "the cache folder must not have blanks or commas in its path: $cache"

groups=(vm)
[[ $kernel == uml* ]] || groups+=(qemu)
tools=(busybox ip setsid)
[[ $kernel == uml* ]] || tools+=(qemu-system-x86_64 cpio modprobe)
for tool in "${tools[@]}"; do
	PATH=$PATH:/usr/sbin:/sbin command -v "$tool" >/dev/null || {
		"$here/deps.sh" "${groups[@]}"
		break
	}
done
image=$(prepare --path "$kernel") || die "no kernel $kernel" 1

### The job

full_path() { (cd "$(dirname "$1")" && printf '%s/%s' "$(pwd -P)" "${1##*/}"); }

loaded=()
shown=("$(cd "$here/../.." && pwd -P)" "$(pwd -P)")
for module in ${modules[@]+"${modules[@]}"}; do
	file=${module%% *}
	[ -r "$file" ] || die "no such module: $file"
	file=$(full_path "$file")
	loaded+=("$file${module#"${module%% *}"}")
	shown+=("${file%/*}")
done
for path in "${shown[@]}"; do
	[[ $path != *[[:space:]]* ]] || die "a path with blanks cannot be shown to the machine: $path"
done
if [ -n "$out" ]; then
	mkdir -p "$out"
	out=$(cd "$out" && pwd -P)
fi

environment=("PATH=$PATH" HOME=/root "TERM=${TERM:-dumb}" "LANG=${LANG:-C.UTF-8}"
	${environment[@]+"${environment[@]}"})
size=(24 80)
if [ "$interactive" ]; then
	read -ra size < <(stty size <&0)
	# A terminal that does not know its size says 0.
	[ "${size[0]}" -gt 0 ] && [ "${size[1]}" -gt 0 ] || size=(24 80)
fi
declare_array() { printf '%s=(%s)\n' "$1" "$(shift; [ $# -eq 0 ] || printf '%q ' "$@")"; }
{
	printf 'directory=%q\n' "$(pwd -P)"
	declare_array command "$@"
	declare_array environment "${environment[@]}"
	declare_array modules ${loaded[@]+"${loaded[@]}"}
	declare_array shown "${shown[@]}"
	printf 'kind=%s\ninteractive=%s\ncollect=%s\nrows=%s\ncolumns=%s\n' \
		"${kernel%%[-.0-9]*}" "$interactive" "${out:+y}" "${size[0]}" "${size[1]}"
} >"$run/job"

### The channels
#
# Each is a pipe with a cat at our end. The machine never holds our own
# descriptors: it would make them non-blocking, for our caller too.

exec {stdin}<&0
declare -A channel
names=(stdout stderr status files kernel)
for name in "${names[@]}"; do
	mkfifo "$run/$name"
done
cat "$run/stdout" &
relays+=($!)
cat "$run/stderr" >&2 &
relays+=($!)
for name in status files kernel; do
	cat "$run/$name" >>"$run/$name.got" &
	relays+=($!)
done
# Opened when all readers run, so that none of them holds another one's end.
for name in "${names[@]}"; do
	exec {descriptor}>"$run/$name"
	channel[$name]=$descriptor
done
if [ "$interactive" ]; then
	terminal=$(stty -g <&0)
	stty raw -echo <&0
	mkfifo "$run/keys"
	cat <&"$stdin" >"$run/keys" &
	keyboard=$!
	exec {keys}<"$run/keys"
else
	exec {keys}</dev/null
fi

### The machine

arguments=(panic=-1 ignore_loglevel random.trust_cpu=on "refheap_run=$run")

spare=
uml_command() {
	local need=${memory%[MG]} free
	[[ $memory != *G ]] || need=$((need * 1024))
	# Its memory is a file. On a disk every page of it would be written.
	free=$(df --output=avail -BM /dev/shm 2>/dev/null | tail -n 1 | tr -dc 0-9)
	machine_tmp=/dev/shm
	if [ "${free:-0}" -lt "$need" ] || [ ! -w /dev/shm ]; then
		machine_tmp=$run
	fi
	# The kernel does not wait for a pipe that is full; a file never is.
	exec {written}>>"$run/kernel.got"
	start=(env "TMPDIR=$machine_tmp" "$image" "mem=$memory" "uml_dir=$run/uml"
		root=/dev/root rootfstype=hostfs rootflags=/ ro
		"init=$here/guest/init.sh" con=null ssl=null
		"con1=fd:${channel[stdout]}" "con2=fd:${channel[stderr]}" "con3=fd:${channel[status]}"
		"con4=fd:${channel[files]}" "con5=fd:$written" console=tty5
		"${arguments[@]}")
	# Each line wants a descriptor of its own, and /dev/null will not do:
	# it cannot be polled, and the kernel says so again and again.
	if [ "$interactive" ]; then
		exec {spare}>&"${channel[stdout]}"
		start+=("con0=fd:0,fd:$spare")
	else
		exec {spare}>&"${channel[kernel]}"
		start+=("con0=fd:$spare")
	fi
}

# Some hosts have a /dev/kvm that opens and then hangs whoever uses it, so only
# a machine that came up with it counts.
kvm_works() {
	local answer known
	known=$cache/kvm.$(cat /proc/sys/kernel/random/boot_id)
	if [ ! -s "$known" ]; then
		answer=no
		if [ -r /dev/kvm ] && [ -w /dev/kvm ]; then
			# In a shell of its own, which keeps to itself who was killed.
			(timeout -s KILL 3 qemu-system-x86_64 -accel kvm -cpu host -m 256M \
				-nodefaults -no-user-config -display none -no-reboot \
				-kernel "$image" -append 'console=ttyS0 panic=-1' \
				-serial "file:$run/kvm.log" || :) </dev/null >/dev/null 2>&1
			! grep -qs 'Kernel panic' "$run/kvm.log" || answer=yes
		fi
		rm -f "$cache"/kvm.*
		printf '%s\n' "$answer" >"$known.$$"
		mv "$known.$$" "$known"
	fi
	[ "$(cat "$known")" = yes ]
}

port() {
	start+=(-chardev "file,id=$1,path=/dev/fd/$2"
		-device "virtserialport,chardev=$1,name=$1")
}

qemu_command() {
	# Emulated, "rep movsb" goes a byte at a time: nobody is to be told that it is fast.
	local initramfs accelerator=(-accel 'tcg,thread=multi' -cpu 'max,-erms,-fsrm')
	initramfs=$(prepare --initramfs "$kernel")
	! kvm_works || accelerator=(-accel kvm -cpu host)
	# Emulated and on a busy host, a processor may well be away for the 21
	# seconds after which RCU complains.
	arguments+=(console=ttyS0 oops=panic mitigations=off
		rcupdate.rcu_cpu_stall_timeout=120
		rcupdate.rcu_cpu_stall_suppress_at_boot=1
		"refheap_init=$here/guest/init.sh")
	# This kernel has no MSI. What ACPI knows of interrupts is a program, which
	# is given 30 seconds; that is too little when emulated under KASAN.
	[ "$kernel" != smp-debug ] || arguments+=(acpi=noirq)
	start=(qemu-system-x86_64 "${accelerator[@]}" -smp 2 -m "$memory"
		-nodefaults -no-user-config -display none -no-reboot
		-kernel "$image" -initrd "$initramfs" -append "${arguments[*]}"
		-serial "file:/dev/fd/${channel[kernel]}"
		-fsdev 'local,id=host,path=/,readonly=on,security_model=none,multidevs=remap'
		-device 'virtio-9p-pci,fsdev=host,mount_tag=host'
		-device 'virtio-serial-pci,max_ports=8')
	if [ "$interactive" ]; then
		start+=(-chardev 'stdio,id=terminal,signal=off'
			-device 'virtconsole,chardev=terminal,name=terminal')
	fi
	port stdout "${channel[stdout]}"
	port stderr "${channel[stderr]}"
	port status "${channel[status]}"
	port files "${channel[files]}"
}

case $kernel in
uml*) uml_command ;;
*) qemu_command ;;
esac

# timeout ends the machine; should this script be killed outright, setpriv
# sees to it that timeout ends too, and the machine with it. Where a session is a
# group to the scheduler, niceness counts only within it: the group is given the
# same. User Mode Linux would leave that group, were it not the head of one.
ulimit -c 0
# shellcheck disable=SC2016 # for the shell that becomes the machine
setsid setpriv --pdeathsig TERM timeout --foreground -k 3 "$limit" setsid \
	sh -c '{ nice >/proc/self/autogroup; } 2>/dev/null; echo $$ >"$0"; exec "$@"' \
	"$run/process" "${start[@]}" \
	<&"$keys" >&"${channel[stdout]}" 2>"$run/monitor" {stdin}<&- &
machine=$!
for name in "${names[@]}"; do
	descriptor=${channel[$name]}
	exec {descriptor}>&-
done
exec {keys}<&-
[ -z "$spare" ] || exec {spare}>&-
ended=0
wait "$machine" || ended=$?
end_machine
if [ "$keyboard" ]; then
	# It holds the other pipes too.
	{
		kill -KILL "$keyboard"
		wait "$keyboard"
	} 2>/dev/null || :
	keyboard=
fi
wait "${relays[@]}" || :
relays=()

### How it went

[ -z "$terminal" ] || stty "$terminal" <&0
terminal=
tr -d '\r' <"$run/kernel.got" >"$run/kernel.log"
[ -z "$log" ] || cp "$run/kernel.log" "$log"

show_log() {
	{
		tail -n 5 "$run/monitor"
		tail -n 60 "$run/kernel.log"
		[ -z "$log" ] || say "the whole kernel log: $log"
	} >&2
}

if grep -q 'Kernel panic - not syncing' "$run/kernel.log"; then
	show_log
	die "the kernel of the machine panicked" 70
elif [ "$ended" -eq 124 ] || [ "$ended" -eq 137 ]; then
	show_log
	die "ended after $limit seconds" 124
elif [ ! -s "$run/status.got" ]; then
	show_log
	die "the machine stopped without a word (status $ended)" 70
fi
if [ -n "$out" ]; then
	tar -C "$out" --no-same-owner -xf "$run/files.got" ||
		die "the machine's files did not arrive whole" 70
fi
exit "$(cat "$run/status.got")"
