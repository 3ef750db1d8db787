#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""CPython's way of dropping a million references at once: the last reference to
a list is dropped: session_close_cpython.py alone|shared

The list has the only references to its items, or another list has them, too.
Everything waits until it is done, so the second number, the longest time that
something had to wait, is all of it. Prints nanoseconds a reference, that, and how
many objects died meanwhile.
See contender.h for how this talks.
"""
import sys
import time

REFERENCES = 1_000_000


class Node:
    __slots__ = ("a", "b")


def sample(others):
    references = others[:] or [Node() for _ in range(REFERENCES)]
    start = time.perf_counter_ns()
    del references
    return time.perf_counter_ns() - start


def main():
    others = []
    if sys.argv[1] == "shared":
        others = [Node() for _ in range(REFERENCES)]
    print("ready", flush=True)
    for _ in sys.stdin:
        took = sample(others)
        print(took / REFERENCES, took, 0 if others else REFERENCES, flush=True)


main()
