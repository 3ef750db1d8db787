#!/bin/bash
# SPDX-License-Identifier: GPL-2.0
#
# The demo: boots a machine with the module in it and walks through the main
# job. What is missing is installed or built first, which is said.
set -euo pipefail

top=$(cd "$(dirname "$0")/../.." && pwd)

cat <<'END'
refheap: objects that the kernel counts, collects and shares.
Booting a machine with the module in it. Nothing is loaded into this one's kernel.

END
exec "$top/tests/vm/machine.sh" uml "'$top/userspace/demo/inside.sh'"
