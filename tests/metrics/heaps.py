# SPDX-License-Identifier: GPL-2.0
"""Heaps with a bit of everything in them."""
import ctypes
import pathlib
import subprocess

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent.parent
# No script can make such names, but any program can.
HOSTILE_TYPES = ('a"b', "back\\slash", "new\nline", "{}=,#", "ünï", "other", " ")

process = None


class TypeDefinition(ctypes.Structure):
    """struct refheap_type_def"""
    _fields_ = [("name", ctypes.c_char_p), ("base", ctypes.c_uint32), ("flags", ctypes.c_uint32),
                ("slots", ctypes.c_void_p), ("slot_count", ctypes.c_size_t)]


def define_hostile_types():
    """An instance of each, which a name keeps alive."""
    build = subprocess.run(["sh", "-c", "command -v refheap"], check=True, capture_output=True,
                           text=True).stdout.strip()
    library = ctypes.CDLL(str(pathlib.Path(build).parent / "librefheap.so.0"))
    session = ctypes.c_void_p()
    assert library.refheap_open(b"cache", 0, ctypes.byref(session)) == 0
    for number, name in enumerate(HOSTILE_TYPES):
        definition = TypeDefinition(name=name.encode())
        kind, instance = ctypes.c_uint32(), ctypes.c_uint64()
        assert library.refheap_type_define(session, ctypes.byref(definition),
                                           ctypes.byref(kind)) == 0, name
        assert library.refheap_new_instance(session, kind, ctypes.byref(instance)) == 0
        assert library.refheap_set_name(session, f"hostile{number}".encode(), instance) == 0
    library.refheap_close(session)


def run(*words, check=True):
    subprocess.run(["refheap", *words], check=check, capture_output=True, timeout=60)


def begin():
    """Heaps of all sorts, and a process that holds something in one of them."""
    global process
    run("heap", "new", "cache", "--max-bytes", "64M", "--max-objects", "100000")
    run("heap", "new", "public", "--mode", "0604")
    run("list")
    run("-H", "cache", "type", "new", "Node", "next", "--finalizer")
    run("-H", "cache", "set", "many", str([1.5] * 2000))
    run("-H", "cache", "set", "big", "bytearray(1000000)")
    run("-H", "cache", "gc", "period", "60000")
    run("-H", "public", "set", "text", '"hello"')
    run("-H", "public", "gc", "collect")
    run("trace", "start")
    run("set", "traced", "[[1.5], [2.5], b'bytes']")
    define_hostile_types()
    process = subprocess.Popen(["refheap", "-H", "cache", "shell"], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, text=True)
    process.stdin.write("a = [[], [], [[]]]\nframe push\nb = [a, a]\nn = Node()\ndel n\n"
                        "gc collect 0\ngc collect 1\ngc collect\nprint 1\n")
    process.stdin.flush()
    while process.stdout.readline().strip() != "1":
        pass


def change():
    """At least a hundred births and as many deaths."""
    run("-H", "cache", "set", "more", str([[2.5]] * 50))
    run("-H", "cache", "del", "more")
    run("-H", "cache", "gc", "collect")


def refuse():
    """A limit that lets nothing in."""
    run("-H", "public", "heap", "set", "public", "--max-objects", "1")
    run("-H", "public", "set", "one", "[[], []]", check=False)


def end():
    """Nobody holds anything any more."""
    process.stdin.close()
    process.wait(20)
    process.stdout.close()
