# SPDX-License-Identifier: GPL-2.0
"""For cases that change saved heaps: the checksums, so that it is not seen."""
import struct

HEAD = 144


def crc32c(data):
    rest = 0xffffffff
    for byte in data:
        rest ^= byte
        for _ in range(8):
            rest = rest >> 1 ^ (0x82f63b78 if rest & 1 else 0)
    return rest ^ 0xffffffff


def sealed(data):
    """A saved heap whose head says what is right for the rest, and for itself."""
    head = data[:HEAD - 8] + struct.pack("<I", crc32c(data[HEAD:]))
    return head + struct.pack("<I", crc32c(head)) + data[HEAD:]
