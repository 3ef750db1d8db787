#!/bin/sh
# SPDX-License-Identifier: GPL-2.0
#
# Builds the viewer of reports: build.sh OUTPUT. What it is made of comes from
# the npm registry, once, into the folder of the output. Where that cannot be
# had the output is empty: the command is complete but for its reports.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
output=$1
folder=$(cd "$(dirname "$output")" && pwd -P)
output=$folder/$(basename "$output")

without() {
	printf 'refheap: %s: built without the viewer of reports\n' "$1" >&2
	if [ -s "$output" ] || [ ! -e "$output" ]; then
		: >"$output"
	fi
	exit 0
}

if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	without "node and npm are not installed (Debian: nodejs, npm)"
fi
cd "$folder"
# A copy of the lock file says what node_modules has.
if ! cmp -s "$here/package-lock.json" node_modules/complete; then
	cp "$here/package.json" "$here/package-lock.json" "$here/.npmrc" .
	npm ci --ignore-scripts --no-progress --prefer-offline --loglevel=error \
		--fetch-retries=1 --fetch-timeout=60000 >npm.log 2>&1 || {
		head -n 3 npm.log >&2
		without "npm cannot get the libraries of the viewer (is there a network?)"
	}
	cp "$here/package-lock.json" node_modules/complete
fi
node "$here/build.mjs" "$output"
