#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""CPython lists its objects: list_cpython.py OBJECTS

By gc.get_objects(), as all that walk its heap; each line says what the
command's does. They are read by another process. Prints as list_device does,
but of memory only what listing takes beyond the objects.
"""
import gc
import os
import sys
import time

PIECE = 1 << 16


def memory(field):
    """Bytes of this process: VmRSS now, VmHWM at most."""
    with open("/proc/self/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(field):
                return int(line.split()[1]) * 1024
    sys.exit(f"list_cpython: no {field}")


def read_lists(source, result):
    """Reads lists, each of which a NUL ends; tells when each began, and its lines."""
    first = lines = 0
    while piece := os.read(source, PIECE):
        first = first or time.monotonic_ns()
        lines += piece.count(b"\n")
        if piece.endswith(b"\0"):
            os.write(result, f"{first} {lines}\n".encode())
            first = lines = 0
    os._exit(0)


def start_reader():
    source, sink = os.pipe()
    answer, result = os.pipe()
    if not os.fork():
        os.close(sink)
        read_lists(source, result)
    os.close(source)
    return sink, os.fdopen(answer)


def sample(objects, sink, answer):
    before = memory("VmRSS")
    begin = time.monotonic_ns()
    with os.fdopen(os.dup(sink), "w", encoding="utf-8") as file:
        for thing in gc.get_objects():
            if isinstance(thing, list):
                print(f"{id(thing):#x} {type(thing).__name__:6} {sys.getrefcount(thing) - 3:8} "
                      f"{gc.is_tracked(thing)} {sys.getsizeof(thing):8} {len(thing)} items",
                      file=file)
    os.write(sink, b"\0")
    first, lines = map(int, answer.readline().split())
    if lines < objects:
        sys.exit(f"list_cpython: {lines} lines")
    print(first - begin, memory("VmHWM") - before, (time.monotonic_ns() - begin) / objects,
          flush=True)


def main():
    objects = int(sys.argv[1])
    reader = start_reader()
    gc.disable()
    everything = [[] for _ in range(objects)]
    print("ready", flush=True)
    for _ in sys.stdin:
        sample(objects, *reader)
    os._exit(len(everything) != objects)


main()
