#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# Installs what is missing from Debian's packages.
#
#   deps.sh [GROUP...]     groups below; all of them when none is named
#   deps.sh --update       only refreshes the package lists
#   deps.sh --list [GROUP...]
set -euo pipefail

# shellcheck disable=SC2034 # members_of() names them
{
	# Without recommended packages a compiler comes without its C library's
	# headers and make without patch, so those are named too.
	build=(bc binutils bison cpio flex gcc kmod libc6-dev libelf-dev make patch
		perl pkgconf python3 rsync xz-utils)
	lib=(gcc libc6-dev libdw-dev libedit-dev libjson-c-dev libmicrohttpd-dev libnl-3-dev libnl-genl-3-dev
		libncurses-dev libsmartcols-dev libunwind-dev make pkgconf scdoc)
	# The viewer of reports is built by npm, which comes with node where that
	# is not Debian's.
	command -v node >/dev/null || lib+=(nodejs npm)
	vm=(busybox-static iproute2 util-linux)
	qemu=(busybox-static cpio kmod qemu-system-x86)
	test=(clang codespell graphviz libclang-rt-14-dev libcmocka-dev perl prometheus python3
		python3-cachetools python3-memory-profiler python3-objgraph
		python3-prometheus-client python3-psutil python3-yaml shellcheck sparse tmux)
	bench=(g++ libgc-dev libhiredis-dev libkeyutils-dev libmimalloc-dev python3
		python3-objgraph redis-server)
	browser=(chromium fonts-dejavu-core)
	command -v node >/dev/null || browser+=(nodejs npm)
}

say() { printf 'deps: %s\n' "$*" >&2; }

die() {
	say "$*"
	exit 1
}

as_root() {
	if [ "$(id -u)" -eq 0 ]; then
		"$@"
	elif command -v sudo >/dev/null; then
		sudo "$@"
	else
		die "must be root, or have sudo, to run: $*"
	fi
}

update_lists() {
	say "refreshing Debian's package lists"
	# One foreign source that cannot be reached must not stop us: what
	# matters is whether the packages can be had, and that shows next.
	as_root apt-get -q update >&2 || say "some package lists could not be refreshed"
}

installed() {
	[ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

members_of() {
	local -n members=$1
	printf '%s\n' "${members[@]}"
}

wanted() {
	local group
	for group in "$@"; do
		case $group in
		build | lib | vm | qemu | test | bench | browser) members_of "$group" ;;
		*) die "no such group: $group (build lib vm qemu test bench browser)" ;;
		esac
	done | sort -u
}

missing_of() {
	local package
	for package in "$@"; do
		installed "$package" || printf '%s\n' "$package"
	done
}

# Debian starts a service as soon as it is installed unless this file says no.
# Tests and benchmarks start their own servers; the host should not gain one.
policy=/usr/sbin/policy-rc.d
forbid_services() {
	[ -e "$policy" ] && return
	printf '#!/bin/sh\nexit 101\n' | as_root tee "$policy" >/dev/null
	as_root chmod 755 "$policy"
	trap 'as_root rm -f "$policy"' EXIT
	trap 'exit 130' INT
	trap 'exit 143' TERM
}

# Nor when it is started the next time.
disable_services() {
	local package path
	for package in "$@"; do
		while read -r path; do
			as_root deb-systemd-helper disable "${path##*/}" >/dev/null 2>&1 || :
			as_root update-rc.d "${path##*/}" disable >/dev/null 2>&1 || :
		done < <(dpkg -L "$package" |
			sed -n 's,^\(/usr\)\?/lib/systemd/system/[^@/]*\.service$,&,p;
				s,^/etc/init\.d/[^/]*$,&,p')
	done
}

install_packages() {
	# Lock::Timeout: another package manager may be at work; wait for it.
	as_root env DEBIAN_FRONTEND=noninteractive apt-get -q -y \
		-o DPkg::Lock::Timeout=300 -o Dpkg::Use-Pty=0 \
		install --no-install-recommends "$@" >&2
}

command -v dpkg-query >/dev/null || die "this is not a Debian system"

list_only=
case ${1-} in
-h | --help)
	sed -n '4,8s/^# \{0,1\}//p' "$0"
	exit 0
	;;
--update)
	update_lists
	exit 0
	;;
--list)
	list_only=y
	shift
	;;
esac
[ $# -gt 0 ] || set -- build lib vm qemu test bench browser

names=$(wanted "$@")
mapfile -t packages <<<"$names"
if [ "$list_only" ]; then
	printf '%s\n' "${packages[@]}"
	exit 0
fi

mapfile -t missing < <(missing_of "${packages[@]}")
[ ${#missing[@]} -gt 0 ] || exit 0

say "installing from Debian's packages: ${missing[*]}"
for package in "${missing[@]}"; do
	if ! apt-cache show "$package" >/dev/null 2>&1; then
		update_lists
		break
	fi
done
forbid_services
# Lists that are older than the archive name versions that are gone.
install_packages "${missing[@]}" || {
	update_lists
	install_packages "${missing[@]}"
}
disable_services "${missing[@]}"
mapfile -t missing < <(missing_of "${packages[@]}")
[ ${#missing[@]} -eq 0 ] || die "still missing: ${missing[*]}"
