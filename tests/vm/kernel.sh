#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Makes a kernel ready in the cache; nothing is installed on the host.
#
#   kernel.sh [ACTION] KERNEL
#
# KERNEL  uml         user-mode Linux at native speed
#         uml-debug   user-mode Linux with KASAN, lockdep, kmemleak, fault injection
#         6.1, 6.12   Debian's stock kernels
#         smp-debug   x86-64 with the same checks as uml-debug and two CPUs
#
# ACTION  (none)      only make it ready
#         --path      print the image to boot
#         --kdir      print the folder to build modules against
#         --makeargs  print the arguments of make that select it: -C ... ARCH=... O=...
#         --initramfs print the first userland of a machine under QEMU
#         --source    print the unpacked kernel source (checkpatch.pl, kernel-doc, kunit.py)
#         --release   print what uname -r says there
#         --log       print the log of the last preparation
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd -P)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/refheap
jobs=$(nproc)
start=$SECONDS
kernel=
worker=

say() { printf 'kernel %s: %3d s: %s\n' "$kernel" $((SECONDS - start)) "$*" >&2; }

die() {
	printf 'kernel %s: %s\n' "$kernel" "$*" >&2
	exit 1
}

usage() {
	sed -n '4,21s/^# \{0,1\}//p' "$0"
	exit "${1:-2}"
}

# A worker is a session of its own, so that one signal reaches all of a make.
# shellcheck disable=SC2317 # the traps call it
end_worker() {
	[ -z "$worker" ] || kill -KILL -- "-$worker" 2>/dev/null || :
	worker=
}
trap end_worker EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Runs a command with its output in the log, telling now and then how far it
# is; $1 is a pattern of log lines worth counting.
watched() {
	local pattern=$1 told=$SECONDS every=15 status=0 from count
	shift
	[ ! -t 2 ] || every=3
	from=$(wc -l <"$log")
	setsid "$@" >>"$log" 2>&1 </dev/null {lock}>&- &
	worker=$!
	while kill -0 "$worker" 2>/dev/null; do
		sleep 0.2
		if ((SECONDS - told >= every)); then
			told=$SECONDS
			count=$(tail -n "+$((from + 1))" "$log" | grep -cE "$pattern" || :)
			say "... $count steps done"
		fi
	done
	wait "$worker" || status=$?
	worker=
	[ "$status" -eq 0 ] || log_tail "$1 failed with status $status"
}

log_tail() {
	tail -n 40 "$log" >&2
	die "$* (the whole log: $log)"
}

logged() { "$@" >>"$log" 2>&1 {lock}>&- || log_tail "$1 failed"; }

# One preparation at a time for each thing made; the others wait and find it.
take_lock() {
	exec {lock}>"$cache/lock.$1"
	if ! flock -n "$lock"; then
		say "waiting for another preparation of $1"
		flock "$lock"
	fi
}

drop_lock() { exec {lock}>&-; }

### Which versions

# From the file of known versions.
source_6_1=
image_6_1=
image_6_12=

version_of() { apt-cache show --no-all-versions "$1" 2>/dev/null | sed -n 's/^Version: //p' | head -n 1; }

depends_of() {
	apt-cache depends --important "$1" 2>/dev/null |
		sed -n 's/^[ |]*Depends: //p' | grep -E "$2" | sort -V | tail -n 1
}

# Through the metapackage, so that it is the kernel Debian gives its users.
stock_image() {
	local series=$1 meta package
	for meta in linux-image-amd64 "linux-image-$series-amd64"; do
		package=$(depends_of "$meta" "^linux-image-${series//./\\.}\.[0-9]+[^ ]*-amd64\$" || :)
		[ -z "$package" ] || break
	done
	printf '%s' "$package"
}

resolve() {
	local source image61 image612
	source=$(version_of linux-source-6.1)
	image61=$(stock_image 6.1)
	image612=$(stock_image 6.12)
	[ -n "$source" ] && [ -n "$image61" ] && [ -n "$image612" ] || return 1
	cat <<-END
		source_6_1=$source
		image_6_1=${image61}_$(version_of "$image61")
		image_6_12=${image612}_$(version_of "$image612")
	END
}

# Asking apt costs half a second, so its answer is kept until its lists change.
# A cache that was filled once goes on working without lists and network.
load_versions() {
	local known=$cache/versions lists=/var/lib/apt/lists
	if [ ! -s "$known" ] || [ "$lists" -nt "$known" ]; then
		if resolve >"$known.$$" || {
			[ ! -s "$known" ] && "$here/deps.sh" --update && resolve >"$known.$$"
		}; then
			mv "$known.$$" "$known"
		else
			rm -f "$known.$$"
			[ -s "$known" ] || die "apt knows no linux-source-6.1, linux-image-amd64 or linux-image-6.12-amd64"
			touch "$known"
		fi
	fi
	# shellcheck source=/dev/null
	. "$known"
}

# Downloads packages into the current directory.
fetch() {
	local options=()
	# apt's own user cannot write into root's cache, and says so at length.
	[ "$(id -u)" -ne 0 ] || options=(-o APT::Sandbox::User=root)
	if ! apt-get "${options[@]}" -q download "$@" >>"$log" 2>&1 {lock}>&-; then
		"$here/deps.sh" --update >>"$log" 2>&1
		logged apt-get "${options[@]}" -q download "$@"
	fi
}

# What preparing needs. Done only then, so that a full cache needs nothing.
need_tools() { "$here/deps.sh" build; }

### The source

source_dir() {
	local key
	key=$(cat "$here"/uml-*.patch | sha256sum | cut -c 1-8)
	printf '%s' "$cache/linux-source-6.1_${source_6_1}_$key"
}

prepare_source() {
	local dir
	dir=$(source_dir)
	[ ! -e "$dir/.ready" ] || return 0
	take_lock source
	if [ ! -e "$dir/.ready" ]; then
		local work=$cache/tmp.source deb change
		need_tools
		rm -rf "$work" "$dir"
		mkdir -p "$work/tree"
		say "downloading linux-source-6.1 $source_6_1 (140 MB)"
		(cd "$work" && fetch "linux-source-6.1=$source_6_1")
		say "unpacking the kernel source"
		deb=$(echo "$work"/*.deb)
		dpkg-deb --fsys-tarfile "$deb" |
			tar -xO --wildcards '*/linux-source-6.1.tar.xz' |
			xz -dc -T0 | tar -x -C "$work/tree" --strip-components=1
		for change in "$here"/uml-*.patch; do
			logged patch -d "$work/tree" -p1 -i "$change"
		done
		touch "$work/tree/.ready"
		mv "$work/tree" "$dir"
		rm -rf "$work"
		forget_older 'linux-source-6.1_*' "$dir"
	fi
	drop_lock
}

# Debian's lists move on; what was made from the package before is dead weight.
forget_older() {
	local pattern=$1 keep=$2
	find "$cache" -maxdepth 1 -name "$pattern" ! -path "$keep" -exec rm -rf {} +
}

### Kernels built from source

fragments() {
	case $1 in
	uml) cat "$here/uml.config" ;;
	uml-debug) cat "$here/uml.config" "$here/uml-debug.config" ;;
	smp-debug) cat "$here/x86-debug.config" ;;
	esac
}

built_dir() {
	local key
	command -v gcc >/dev/null || need_tools
	key=$({
		fragments "$kernel"
		source_dir
		gcc -dumpfullversion
	} | sha256sum | cut -c 1-12)
	printf '%s' "$cache/$kernel-build_$key"
}

built_args() {
	case $kernel in
	uml | uml-debug) printf -- '-C %s ARCH=um O=%s' "$(source_dir)" "$1" ;;
	*) printf -- '-C %s O=%s' "$(source_dir)" "$1" ;;
	esac
}

# With KASAN an unpacked x86 kernel dies at the entry that QEMU would use.
built_target() {
	case $kernel in
	smp-debug) printf bzImage ;;
	*) printf vmlinux ;;
	esac
}

built_image() {
	case $kernel in
	smp-debug) printf arch/x86/boot/bzImage ;;
	*) printf vmlinux ;;
	esac
}

# olddefconfig drops what it cannot have without a word, and a check that is
# silently off is worse than none.
check_config() {
	local config=$1 bad
	bad=$(fragments "$kernel" | awk -F= '
		/^CONFIG_/ { want[$1] = substr($0, index($0, "=") + 1) }
		END { for (name in want) print name "=" want[name] }' | sort |
		while IFS= read -r line; do
			case $line in
			*=n) ! grep -q "^${line%=n}=" "$config" || printf '%s is on\n' "${line%=n}" ;;
			*) grep -qxF "$line" "$config" || printf '%s was lost\n' "$line" ;;
			esac
		done)
	[ -z "$bad" ] || die "the kernel does not take its configuration:"$'\n'"$bad"
}

prepare_built() {
	local dir args
	prepare_source
	dir=$(built_dir)
	[ ! -e "$dir/.ready" ] || return 0
	take_lock "$kernel"
	if [ ! -e "$dir/.ready" ]; then
		need_tools
		rm -rf "$dir"
		mkdir -p "$dir"
		read -ra args <<<"$(built_args "$dir")"
		say "configuring"
		logged make "${args[@]}" tinyconfig
		fragments "$kernel" >>"$dir/.config"
		logged make "${args[@]}" olddefconfig
		check_config "$dir/.config"
		say "building with $jobs jobs (minutes)"
		watched '^  [A-Z]+ ' make "${args[@]}" -j"$jobs" "$(built_target)" modules
		make -s "${args[@]}" kernelrelease 2>/dev/null | tail -n 1 >"$dir/.release"
		touch "$dir/.ready"
		forget_older "$kernel-build_*" "$dir"
		say "ready"
	fi
	drop_lock
}

### Debian's kernels

stock_package() {
	case $kernel in
	6.1) printf '%s' "$image_6_1" ;;
	6.12) printf '%s' "$image_6_12" ;;
	esac
}

stock_dir() { printf '%s' "$cache/$kernel-stock_$(stock_package)"; }

# What the machines may need of Debian's modules; the rest is 300 MB of drivers.
stock_modules=(arch crypto fs lib mm net drivers/block drivers/char drivers/virtio)

# The packages expect to be unpacked in /.
relocate() {
	local root=$1 file link target
	while IFS= read -r file; do
		sed -i -E "s#([ =])/usr/(src|lib)/linux-#\1$2/usr/\2/linux-#g" "$file"
	done < <(grep -rlE '[ =]/usr/(src|lib)/linux-' "$root"/usr/src/*/Makefile \
		"$root"/usr/src/*/.config 2>/dev/null || :)
	while IFS= read -r link; do
		target=$(readlink "$link")
		ln -sfn "$2$target" "$link"
	done < <(find "$root/usr" "$root"/lib/modules/*/ -maxdepth 3 -type l -lname '/usr/*')
}

# A kernel under emulation unpacks itself for seconds; do it once, here.
# The place and length of the packed kernel are in the x86 boot header.
unpack_image() {
	local image=$1 sectors offset length
	sectors=$(od -An -tu1 -j $((0x1f1)) -N 1 "$image")
	offset=$(od -An -tu4 -j $((0x248)) -N 4 "$image")
	length=$(od -An -tu4 -j $((0x24c)) -N 4 "$image")
	# The last four bytes are the unpacked size.
	dd if="$image" of="$2.packed" status=none iflag=skip_bytes,count_bytes \
		bs=64K skip=$(((sectors + 1) * 512 + offset)) count=$((length - 4))
	case $(od -An -tx1 -N 4 "$2.packed") in
	' fd 37 7a 58') xz -dc "$2.packed" >"$2" ;;
	' 1f 8b '*) gzip -dc "$2.packed" >"$2" ;;
	' 28 b5 2f fd') ! command -v zstd >/dev/null || zstd -qdc "$2.packed" >"$2" ;;
	esac
	rm -f "$2.packed"
	[ -s "$2" ] || cp "$image" "$2"
}

prepare_stock() {
	local dir package version release headers common kbuild
	dir=$(stock_dir)
	[ ! -e "$dir/.ready" ] || return 0
	take_lock "$kernel"
	if [ ! -e "$dir/.ready" ]; then
		local work=$cache/tmp.$kernel deb
		need_tools
		rm -rf "$work" "$dir"
		mkdir -p "$work/deb" "$work/root"
		package=$(stock_package)
		version=${package#*_}
		package=${package%%_*}
		release=${package#linux-image-}
		headers=linux-headers-$release
		# Before asking for more, be sure apt still has this version.
		[ -n "$(depends_of "$headers" .)" ] || "$here/deps.sh" --update
		common=$(depends_of "$headers" '^linux-headers-.*-common$')
		kbuild=$(depends_of "$headers" '^linux-kbuild-')
		say "downloading $package and its headers $version (85 MB)"
		(cd "$work/deb" && fetch "$package=$version" "$headers=$version" \
			"$common=$version" "$kbuild=$version")
		say "unpacking"
		for deb in "$work/deb"/linux-{headers,kbuild}-*.deb; do
			logged dpkg-deb -x "$deb" "$work/root"
		done
		deb=$(echo "$work"/deb/linux-image-*.deb)
		dpkg-deb --fsys-tarfile "$deb" | tar -x -C "$work/root" --wildcards \
			'*/boot/*' '*/lib/modules/*/modules.*' \
			"${stock_modules[@]/#/*/lib/modules/*/kernel/}"
		relocate "$work/root" "$dir/root"
		unpack_image "$work/root/boot/vmlinuz-$release" "$work/vmlinux"
		logged /sbin/depmod -b "$work/root" "$release"
		printf '%s\n' "$release" >"$work/.release"
		rm -rf "$work/deb"
		touch "$work/.ready"
		mv "$work" "$dir"
		forget_older "$kernel-stock_*" "$dir"
		say "ready"
	fi
	drop_lock
}

### The first userland under QEMU

# Loaded in this order before the host's files can be mounted.
first_modules=(virtio_pci 9pnet_virtio 9p virtio_console)

module_files() {
	local root=$1 release=$2 module
	for module in "${first_modules[@]}"; do
		/sbin/modprobe -d "$root" -S "$release" --show-depends "$module" |
			sed -n 's/^insmod \([^ ]*\).*/\1/p'
	done | awk '!seen[$0]++'
}

prepare_initramfs() {
	local dir=$1 key file n=10 work
	key=$(cat "$here/guest/first.sh" /bin/busybox | sha256sum | cut -c 1-12)
	initramfs=$dir/initramfs_$key
	[ ! -e "$initramfs" ] || return 0
	take_lock "$kernel"
	work=$cache/tmp.initramfs.$kernel
	rm -rf "$work"
	mkdir -p "$work"/{bin,dev,proc,sys,host,modules}
	cp /bin/busybox "$work/bin/busybox"
	cp "$here/guest/first.sh" "$work/init"
	chmod 755 "$work/init"
	if [ -d "$dir/root" ]; then
		while IFS= read -r file; do
			cp "$file" "$work/modules/$((n++))-${file##*/}"
		done < <(module_files "$dir/root" "$(cat "$dir/.release")")
	fi
	(cd "$work" && find . | LC_ALL=C sort | cpio -o -H newc --quiet) >"$initramfs.$$"
	mv "$initramfs.$$" "$initramfs"
	rm -rf "$work"
	drop_lock
}

### Which kernel, and what about it

# A function, so that all is read before a preparation of minutes begins.
main() {
	action=prepare
	case ${1-} in
	-h | --help) usage 0 ;;
	--path | --kdir | --makeargs | --initramfs | --source | --release | --log)
		action=${1#--}
		shift
		;;
	esac
	[ $# -eq 1 ] || usage
	kernel=$1
	log=$cache/$kernel.log

	case $kernel in
	uml | uml-debug | 6.1 | 6.12 | smp-debug) ;;
	*) die "no such kernel (uml, uml-debug, 6.1, 6.12, smp-debug)" ;;
	esac
	[ "$(uname -m)" = x86_64 ] || die "only x86-64 hosts are supported"
	# make(1) cannot work in folders with blanks or colons.
	case $cache in
	*[[:space:]:]*) die "the cache folder must not have blanks or colons in its path: $cache" ;;
	esac

	mkdir -p "$cache"
	if [ "$action" = log ]; then
		printf '%s\n' "$log"
		exit 0
	fi
	load_versions
	if [ "$action" = source ]; then
		log=$cache/source.log
		prepare_source
		source_dir
		echo
		exit 0
	fi

	: >>"$log"
	case $kernel in
	6.1 | 6.12)
		prepare_stock
		dir=$(stock_dir)
		release=$(cat "$dir/.release")
		image=$dir/vmlinux
		kdir=$dir/root/usr/src/linux-headers-$release
		# Only BPF programs read what pahole would add, and pahole is not needed
		# for anything else.
		makeargs="-C $kdir CONFIG_DEBUG_INFO_BTF_MODULES="
		;;
	*)
		prepare_built
		dir=$(built_dir)
		release=$(cat "$dir/.release")
		image=$dir/$(built_image)
		kdir=$dir
		makeargs=$(built_args "$dir")
		;;
	esac

	case $action in
	path) printf '%s\n' "$image" ;;
	kdir) printf '%s\n' "$kdir" ;;
	makeargs) printf '%s\n' "$makeargs" ;;
	release) printf '%s\n' "$release" ;;
	initramfs)
		prepare_initramfs "$dir"
		printf '%s\n' "$initramfs"
		;;
	esac
}

main "$@"; exit
