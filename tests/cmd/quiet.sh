# SPDX-License-Identifier: GPL-2.0
# shellcheck shell=bash
#
# For the steps of cases, which bash reads it before.

# Waits until a process waits for something and has had nothing to do for a while:
# on a busy machine that may be long after it was started.
quiet() {
	local fields times=0

	while [ "$times" -lt 5 ] && read -ra fields <"/proc/$1/stat"; do
		times=$((times + 1))
		[ "${fields[2]}" = S ] || times=0
		sleep 0.05
	done 2>/dev/null
}
