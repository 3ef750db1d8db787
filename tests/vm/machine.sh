#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# A machine with refheap in it.
#
#   machine.sh KERNEL [COMMAND]
#
# Makes everything ready that is missing, boots KERNEL with the module loaded
# and the built command on the PATH, and runs a shell, or COMMAND through sh.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)
kernel=${1:?usage: machine.sh KERNEL [COMMAND]}

"$top/tests/vm/deps.sh" build lib vm
"$top/tests/vm/kernel.sh" "$kernel"
make --no-print-directory -s -C "$top" userspace >&2
module=$("$top/tests/vm/module.sh" "$kernel" | grep '/refheap\.ko$')

run=("$top/tests/vm/run.sh" -k "$kernel" -m "$module"
	-e "PATH=$top/build/userspace:$PATH"
	-e "MANPATH=$top/build/userspace/man:")
if [ $# -gt 1 ]; then
	exec "${run[@]}" -- sh -c "$2"
fi
exec "${run[@]}"
