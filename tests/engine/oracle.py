#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The engine against real Python: the same operations on both.

  oracle.py LIBRARY OPERATIONS [SEED]

Random operations are executed on objects of this interpreter, which must be
CPython 3.11, and on the engine. After EACH one these must be the same:

  which objects are dead, and the count of each that lives
  whether it is tracked, and in which generation
  what a collection returned
  count[0..2]; collections, collected, uncollectable of each generation
  long_lived_pending and long_lived_total, which decide on full collections
  how many are frozen, and what is in garbage

All comparisons are exact. How:

  * The interpreter's own objects are not in the way: at the start of a trace
    everything that is tracked is put into a list that the collector does not
    know, so that its generations hold objects of the trace and nothing else.
    Every window checks that this is so.
  * An operation runs in a window, at whose begin nothing else is tracked. Before it, count[] is set to what it was at
    the end of the last one, and it is read right after it. What the harness
    allocates lies between windows, and automatic collections are switched on
    in windows only. Code in windows allocates nothing with a header but the
    object that the operation makes.
  * Freelists hide births and deaths from count[0]. Lists and sets are
    subclasses, which have none. Tuples have over 20 items, which have none.
    Dicts are born by dict(), which does not take from the freelist, and the
    freelist is full before every window, so that no dead one goes there.
  * Counts are read from the objects' memory, so that reading adds none.
  * Death is seen by weak references, which are untracked, so that they count
    nowhere. Dicts and tuples cannot have one: each holds a code object of its
    own, which can, and dies with it. To the engine that is a leaf; leaves of
    traces are code objects here, too, which have no header.
  * Objects are held as a session holds them: in a list of this harness.

Left out: tuples in tuples. By which collection the outer one is untracked
depends in CPython on the order of its internal lists. nested_tuples() shows
what does hold.
"""
import ctypes
import gc
import os
import random
import re
import sys
import time
import weakref

if sys.implementation.name != "cpython" or sys.version_info[:2] != (3, 11):
    sys.exit("oracle: this must be run by CPython 3.11, not by " + sys.version)

POPULATION = 40
HELD = 64
KEYS = ("a", "b", "c", "d")
CANARY = "canary"
PADDING = 21
LIST, DICT, SET, TUPLE, SLOTTED, OPEN, LEAF = range(7)
KIND_NAMES = ("list", "dict", "set", "tuple", "slotted", "open", "leaf")


class List(list):
    __slots__ = ("__weakref__",)


class Set(set):
    __slots__ = ()


class Slotted:
    __slots__ = ("a", "b", "c", "d", "__weakref__")


class Open:
    pass


# Attributes live in the instance, without a dict, as long as all instances
# know the same few names.
primed = Open()
for key in KEYS:
    setattr(primed, key, None)
template = compile("None", "leaf", "eval")


def opcodes(header):
    """The numbers of the operations, from the header that defines them."""
    text = re.sub(r"/\*.*?\*/", "", open(header).read(), flags=re.S)
    body = re.search(r"enum refheap_opcode \{(.*?)\}", text, re.S).group(1)
    names = [name.split("=")[0].strip() for name in body.split(",")]
    return {name.removeprefix("REFHEAP_OP_"): i for i, name in enumerate(names) if name}


class Mismatch(Exception):
    pass


### What the interpreter keeps

word_at = ctypes.c_size_t.from_address


class Collector:
    """CPython's collector state: struct _gc_runtime_state."""

    def __init__(self):
        api = ctypes.pythonapi
        api.PyInterpreterState_Get.restype = ctypes.c_void_p
        interpreter = api.PyInterpreterState_Get()
        before = gc.get_threshold()
        gc.set_threshold(0x51a5a5a1, 0x51a5a5a2, 0x51a5a5a3)
        memory = ctypes.string_at(interpreter, 1 << 16)
        gc.set_threshold(*before)
        at = memory.find((0x51a5a5a1).to_bytes(4, "little"))
        # struct gc_generation: two links, threshold, count: 24 bytes.
        base = interpreter + at - 16
        assert memory[at + 24:at + 28] == (0x51a5a5a2).to_bytes(4, "little")
        assert ctypes.c_size_t.from_address(base + 72).value == base, "generation0"
        self.threshold = [ctypes.c_int.from_address(base + 24 * i + 16) for i in range(3)]
        self.count = [ctypes.c_int.from_address(base + 24 * i + 20) for i in range(3)]
        self.enabled = ctypes.c_int.from_address(base - 12)
        self.debug = ctypes.c_int.from_address(base - 8)
        self.permanent = base + 80
        self.stats = [ctypes.c_ssize_t.from_address(base + 104 + 8 * i) for i in range(9)]
        self.total = ctypes.c_ssize_t.from_address(base + 200)
        self.pending = ctypes.c_ssize_t.from_address(base + 208)
        gc.disable()
        assert self.enabled.value == 0
        gc.enable()
        assert self.enabled.value == 1
        gc.set_debug(gc.DEBUG_SAVEALL)
        assert self.debug.value == gc.DEBUG_SAVEALL
        gc.set_debug(0)
        gc.disable()
        gc.collect()
        assert gc.get_stats()[2]["collections"] == self.stats[6].value
        # The first call with a keyword makes a tuple for good.
        gc.get_objects(generation=0)
        template.replace(co_name="first")
        self.aside = (ctypes.c_size_t * 2)()
        head = ctypes.addressof(self.aside)
        self.aside[0] = self.aside[1] = head

    def set_aside(self):
        """Moves everything tracked onto a list of our own.

        The two low bits of a previous link are flags and stay.
        """
        gc.freeze()
        head = ctypes.addressof(self.aside)
        first, last = word_at(self.permanent).value, word_at(self.permanent + 8).value
        if first != self.permanent:
            end = self.aside[1]
            word_at(end).value = first
            word_at(first + 8).value = end | (word_at(first + 8).value & 3)
            word_at(last).value = head
            self.aside[1] = last
            word_at(self.permanent).value = self.permanent
            word_at(self.permanent + 8).value = self.permanent
        assert not gc.get_freeze_count() and not gc.get_objects()

    def reset(self):
        for cell in self.count + self.stats + [self.total, self.pending]:
            cell.value = 0


collector = Collector()
count0, count1, count2 = collector.count
enabled = collector.enabled
saved = [0, 0, 0]
expected = [0]
auto = 1
untrack = ctypes.pythonapi.PyObject_GC_UnTrack
untrack.argtypes = [ctypes.py_object]
untrack.restype = None
fill = [None] * 80
at_address = ctypes.c_ssize_t.from_address


def object_at(address):
    return ctypes.cast(address, ctypes.py_object).value


def begin():
    if len(gc.get_objects()) != expected[0]:
        raise Mismatch(f"a window with other tracked objects: {gc.get_objects()!r:.400}")
    i = 0
    while i < 80:
        fill[i] = {}
        i += 1
    i = 0
    while i < 80:
        fill[i] = None
        i += 1
    count1.value = saved[1]
    count2.value = saved[2]
    count0.value = saved[0]
    enabled.value = auto


def end():
    enabled.value = 0
    saved[0] = count0.value
    saved[1] = count1.value
    saved[2] = count2.value


### Operations, in their windows

held = [None] * HELD


def window_list(at, items):
    begin()
    x = List()
    x.extend(items)
    held[at] = x
    end()
    return id(x)


def window_dict(at, canary):
    begin()
    x = dict()
    x[CANARY] = canary
    held[at] = x
    end()
    return id(x)


def window_set(at):
    begin()
    x = Set()
    held[at] = x
    end()
    return id(x)


def window_tuple(at, items):
    begin()
    x = tuple(items)
    held[at] = x
    end()
    return id(x)


def window_instance(at, cls):
    begin()
    x = cls()
    held[at] = x
    end()
    return id(x)


def window_take(at, x):
    begin()
    held[at] = x
    end()


def window_drop(at):
    begin()
    held[at] = None
    end()


def window_append(x, y):
    begin()
    x.append(y)
    end()


def window_insert(x, i, y):
    begin()
    x.insert(i, y)
    end()


def window_set_item(x, i, y):
    begin()
    x[i] = y
    end()


def window_del_item(x, i):
    begin()
    del x[i]
    end()


def window_pop(at, x, i):
    begin()
    held[at] = x.pop(i)
    end()


def window_clear(x):
    begin()
    x.clear()
    end()


def window_clear_dict(x, canary):
    begin()
    x.clear()
    x[CANARY] = canary
    end()


def window_add(x, y):
    begin()
    x.add(y)
    end()


def window_discard(x, box):
    """The member may die of it, so that nothing here may have it still."""
    begin()
    x.discard(box.pop())
    end()


def window_set_attr(x, name, y):
    begin()
    setattr(x, name, y)
    end()


def window_del_attr(x, name):
    begin()
    delattr(x, name)
    end()


def window_collect(generation):
    begin()
    n = gc.collect(generation)
    end()
    return n


def window_freeze():
    begin()
    gc.freeze()
    end()


def window_unfreeze():
    begin()
    gc.unfreeze()
    end()


def window_clear_garbage():
    begin()
    gc.garbage.clear()
    end()


### The engine

class Engine:
    def __init__(self, library, codes):
        self.lib = ctypes.CDLL(library)
        self.lib.oracle_new.restype = ctypes.c_void_p
        self.lib.oracle_op.argtypes = [ctypes.c_void_p] + [ctypes.c_uint32] * 3 + \
            [ctypes.c_uint64] * 3 + [ctypes.c_char_p, ctypes.c_uint32, ctypes.c_void_p]
        self.lib.oracle_type.restype = ctypes.c_int64
        self.lib.oracle_fault.restype = ctypes.c_char_p
        # Functions are made at their first mention.
        for name in ("new", "free", "op", "type", "objects", "gc", "set_gc", "verify", "fault"):
            getattr(self.lib, "oracle_" + name)
        self.codes = codes
        self.value = ctypes.c_uint64()
        self.value_address = ctypes.addressof(self.value)
        self.gc_values = (ctypes.c_uint64 * 16)()
        self.ids = (ctypes.c_uint64 * 512)()
        self.objects = (ctypes.c_uint32 * 2048)()

    def begin(self):
        self.rig = ctypes.c_void_p(self.lib.oracle_new())
        names = (ctypes.c_char_p * len(KEYS))(*(key.encode() for key in KEYS))
        self.types = {
            SLOTTED: self.lib.oracle_type(self.rig, b"Slotted", 0, names, len(KEYS)),
            OPEN: self.lib.oracle_type(self.rig, b"Open", 1, None, 0),
        }
        none = self.op("NONE")
        self.none = none

    def finish(self):
        self.lib.oracle_free(self.rig)

    def op(self, name, a=0, b=0, c=0, arg=0, flags=0, data=b""):
        error = self.lib.oracle_op(self.rig, self.codes[name], flags, arg, a, b & (1 << 64) - 1,
                                   c, data, len(data), self.value_address)
        if error:
            raise Mismatch(f"the engine refused {name}: {os.strerror(-error)}")
        return self.value.value

    def gc(self):
        self.lib.oracle_gc(self.rig, self.gc_values)
        return self.gc_values[:]

    def set_gc(self, on, debug, thresholds):
        self.lib.oracle_set_gc(self.rig, on, debug, (ctypes.c_uint32 * 3)(*thresholds))

    def states(self, ids):
        n = len(ids)
        self.ids[:n] = ids
        self.lib.oracle_objects(self.rig, self.ids, n, self.objects)
        return self.objects[:4 * n]

    def verify(self):
        if self.lib.oracle_verify(self.rig):
            raise Mismatch("verify: " + self.lib.oracle_fault(self.rig).decode())


def pack(ids):
    return b"".join(i.to_bytes(8, "little") for i in ids)


FLAG_TRACKED, FLAG_FROZEN, FLAG_GARBAGE = 1, 8, 16
OPF_KEY_STR = 1 << 5


### A trace

class Trace:
    """Objects have numbers. All lists are as long as they will ever be."""

    MAX = 4096

    def __init__(self, engine):
        self.engine = engine
        self.kind = [0] * self.MAX
        self.id = [0] * self.MAX
        self.address = [0] * self.MAX
        self.witness = [None] * self.MAX
        self.number = {}
        self.live = []
        self.held_number = [-1] * HELD
        self.n = 0
        self.serial = 0
        self.log = []
        self.thresholds = [700, 10, 10]
        self.newborn = [None] * 5
        self.box = []
        self.debug = 0

    def begin(self, seed):
        global auto
        self.rng = random.Random(seed)
        self.n = 0
        self.log.clear()
        self.choose_thresholds()
        self.debug = 0
        auto = 1
        self.engine.begin()
        self.set_gc()
        self.engine.op("COLLECT", arg=2)
        self.first_stats = self.engine.gc()
        saved[:] = [0, 0, 0]
        expected[0] = 0
        collector.set_aside()
        collector.reset()

    def finish(self):
        global auto
        auto = 0
        self.debug = 0
        self.set_gc()
        gc.unfreeze()
        gc.garbage.clear()
        i = 0
        while i < HELD:
            held[i] = None
            i += 1
        gc.collect()
        for i in self.live:
            self.witness[i] = None
        self.live.clear()
        self.number.clear()
        self.held_number[:] = [-1] * HELD
        self.engine.verify()
        self.engine.finish()

    def choose_thresholds(self):
        """Low ones mostly, so that collections begin by themselves."""
        rng = self.rng
        low = (rng.randrange(1, 8), rng.randrange(4), rng.randrange(4))
        self.thresholds[:] = rng.choice((low, low, low, (700, 10, 10), (0, 1, 1)))

    def set_gc(self):
        for cell, value in zip(collector.threshold, self.thresholds):
            cell.value = value
        collector.debug.value = self.debug
        self.engine.set_gc(auto, self.debug, self.thresholds)

    ### Choosing

    def place(self, taken):
        places = [i for i in range(HELD) if (self.held_number[i] >= 0) == taken]
        return self.rng.choice(places) if places else -1

    def free_place(self):
        return self.place(False)

    def numbers(self, kind):
        """Objects for a new list or tuple."""
        chosen = [self.pick() for _ in range(self.rng.randrange(4))]
        return [n for n in chosen if n >= 0 and
                not (kind == TUPLE and self.kind[n] == TUPLE)]

    def ids_of(self, numbers):
        return [self.id[n] for n in numbers]

    def objects_of(self, numbers):
        return [object_at(self.address[n]) for n in numbers]

    def witnessed(self):
        return [n for n in self.live if self.witness[n]() is not None]

    def children(self, n):
        x, kind = object_at(self.address[n]), self.kind[n]
        if kind in (LIST, TUPLE, SET):
            items = list(x)
        elif kind == DICT:
            items = list(x.values())
        elif kind in (SLOTTED, OPEN):
            items = [getattr(x, key) for key in KEYS if hasattr(x, key)]
        else:
            items = []
        return [self.number[id(item)] for item in items if id(item) in self.number]

    def pick(self, kinds=None):
        """An object that can be reached, as a program would reach it."""
        starts = [n for n in self.held_number if n >= 0]
        for _ in range(12):
            if not starts:
                return -1
            n = self.rng.choice(starts)
            while self.rng.random() < 0.4:
                children = self.children(n)
                if not children:
                    break
                n = self.rng.choice(children)
            if kinds is None or self.kind[n] in kinds:
                return n
        return -1

    def new_leaf(self):
        self.serial += 1
        return template.replace(co_name=f"leaf{self.serial}")

    def register(self, kind, address, ident, witness):
        n = self.n
        self.n += 1
        self.kind[n], self.id[n], self.address[n] = kind, ident, address
        self.watch(n, witness)
        return n

    def watch(self, n, witness):
        reference = weakref.ref(witness)
        untrack(reference)
        self.witness[n] = reference

    ### Steps: each does one operation on both sides. A newborn is booked when
    ### the dead are gone, since it may be where one of them was.

    def born(self, kind, address, ident, at, canary=None):
        self.newborn[:] = (kind, address, ident, at, canary)

    def make(self, kind, at):
        engine, rng = self.engine, self.rng
        if kind == LEAF:
            leaf = self.new_leaf()
            self.serial += 1
            ident = engine.op("BYTES", data=b"leaf %d" % self.serial)
            window_take(at, leaf)
            self.born(kind, id(leaf), ident, at)
            return
        if kind in (LIST, TUPLE):
            chosen = self.numbers(kind)
            items, ids = self.objects_of(chosen), self.ids_of(chosen)
            untrack(chosen)
            untrack(items)
            untrack(ids)
            if kind == LIST:
                address = window_list(at, items)
                self.born(kind, address, engine.op("LIST", data=pack(ids)), at)
                return
            canary = self.new_leaf()
            items.append(canary)
            ids.append(engine.none)
            while len(items) < PADDING:
                items.append(None)
                ids.append(engine.none)
            address = window_tuple(at, items)
            self.born(kind, address, engine.op("TUPLE", data=pack(ids)), at, canary)
        elif kind == DICT:
            canary = self.new_leaf()
            self.born(kind, window_dict(at, canary), engine.op("DICT"), at, canary)
        elif kind == SET:
            self.born(kind, window_set(at), engine.op("SET"), at)
        else:
            cls = Slotted if kind == SLOTTED else Open
            self.born(kind, window_instance(at, cls),
                      engine.op("INSTANCE", arg=engine.types[kind]), at)

    def change_list(self, n):
        engine, rng, ident = self.engine, self.rng, self.id[n]
        x = object_at(self.address[n])
        size = len(x)
        what = rng.randrange(7) if size else rng.randrange(2)
        i = rng.randrange(-size, size) if size else 0
        if what in (0, 1, 2):
            y = self.pick()
            target = object_at(self.address[y])
            if what == 0:
                window_append(x, target)
                engine.op("APPEND", ident, c=self.id[y])
            elif what == 1:
                i = rng.randrange(-size - 2, size + 2)
                window_insert(x, i, target)
                engine.op("INSERT", ident, i, self.id[y])
            else:
                window_set_item(x, i, target)
                engine.op("SET_INDEX", ident, i, self.id[y])
        elif what in (3, 4):
            window_del_item(x, i)
            engine.op("DEL_INDEX", ident, i)
        elif what == 5:
            at = self.free_place()
            if at < 0:
                return
            self.held_number[at] = self.number[id(x[i])]
            window_pop(at, x, i)
            engine.op("POP", ident, i)
        elif rng.random() < 0.4:
            window_clear(x)
            engine.op("CLEAR", ident)

    def change_dict(self, n):
        engine, rng, ident = self.engine, self.rng, self.id[n]
        x = object_at(self.address[n])
        key = rng.choice(KEYS)
        name = key.encode()
        if key not in x or rng.random() < 0.4:
            y = self.pick()
            window_set_item(x, key, object_at(self.address[y]))
            engine.op("SET_KEY", ident, c=self.id[y], flags=OPF_KEY_STR, data=name)
        elif rng.random() < 0.1:
            window_clear_dict(x, x[CANARY])
            engine.op("CLEAR", ident)
        elif rng.random() < 0.5:
            window_del_item(x, key)
            engine.op("DEL_KEY", ident, flags=OPF_KEY_STR, data=name)
        else:
            at = self.free_place()
            if at < 0:
                return
            self.held_number[at] = self.number[id(x[key])]
            window_pop(at, x, key)
            engine.op("POP_KEY", ident, flags=OPF_KEY_STR, data=name)

    def change_set(self, n):
        engine, rng, ident = self.engine, self.rng, self.id[n]
        x = object_at(self.address[n])
        if x and rng.random() < 0.4:
            y = self.number[id(rng.choice(list(x)))]
            self.box.append(object_at(self.address[y]))
            window_discard(x, self.box)
            if engine.op("DISCARD", ident, self.id[y]) != 1:
                raise Mismatch("a member was not in the set")
        elif x and rng.random() < 0.1:
            window_clear(x)
            engine.op("CLEAR", ident)
        else:
            y = self.pick((LEAF, SLOTTED, OPEN))
            if y < 0:
                return
            target = object_at(self.address[y])
            new = target not in x
            window_add(x, target)
            if engine.op("ADD", ident, self.id[y]) != new:
                raise Mismatch("a member was in the set, or not")

    def change_instance(self, n):
        engine, rng, ident = self.engine, self.rng, self.id[n]
        x = object_at(self.address[n])
        key = rng.choice(KEYS)
        if not hasattr(x, key) or rng.random() < 0.5:
            y = self.pick()
            window_set_attr(x, key, object_at(self.address[y]))
            engine.op("SET_ATTR", ident, c=self.id[y], data=key.encode())
        else:
            window_del_attr(x, key)
            engine.op("DEL_ATTR", ident, data=key.encode())

    def collect(self, generation):
        ours = self.engine.op("COLLECT", arg=generation)
        theirs = window_collect(generation)
        self.note(f"collect {generation}: {theirs}")
        if ours != theirs:
            raise Mismatch(f"collect({generation}) gave {ours}, Python's {theirs}")

    def control(self):
        global auto
        rng = self.rng
        what = rng.randrange(8)
        if what == 0:
            self.note("freeze")
            self.engine.op("FREEZE")
            window_freeze()
        elif what in (1, 2):
            self.note("unfreeze")
            self.engine.op("UNFREEZE")
            window_unfreeze()
        elif what == 3:
            self.debug = 0 if self.debug else gc.DEBUG_SAVEALL
            self.note(f"debug {self.debug}")
            self.set_gc()
        elif what == 4:
            self.note("clear garbage")
            self.engine.op("GARBAGE_CLEAR")
            window_clear_garbage()
        elif what == 5:
            auto = 0 if auto and rng.random() < 0.3 else 1
            self.note(f"enabled {auto}")
            self.set_gc()
        else:
            self.choose_thresholds()
            self.note(f"thresholds {self.thresholds}")
            self.set_gc()

    def note(self, text):
        self.log.append(text)
        if len(self.log) > 40:
            del self.log[0]

    def step(self):
        rng = self.rng
        chance = rng.random()
        crowded = len(self.live) > POPULATION
        if chance < (0.08 if crowded else 0.3):
            at = self.free_place()
            if at >= 0:
                kind = rng.randrange(7)
                self.note(f"make {KIND_NAMES[kind]} as {self.n}")
                self.make(kind, at)
        elif chance < (0.5 if crowded else 0.42):
            at = self.place(True)
            if at >= 0:
                n = self.held_number[at]
                self.note(f"drop {n}")
                self.held_number[at] = -1
                window_drop(at)
                self.engine.op("DROP", self.id[n])
        elif chance < 0.55:
            n, at = self.pick(), self.free_place()
            if n >= 0 and at >= 0:
                self.note(f"take {n}")
                self.held_number[at] = n
                window_take(at, object_at(self.address[n]))
                self.engine.op("TAKE", self.id[n])
        elif chance < 0.58:
            self.collect(rng.choice((0, 0, 0, 1, 1, 2)))
        elif chance < 0.595:
            self.control()
        else:
            n = self.pick((LIST, DICT, SET, SLOTTED, OPEN))
            if n >= 0:
                self.note(f"change {KIND_NAMES[self.kind[n]]} {n}")
                kind = self.kind[n]
                if kind == LIST:
                    self.change_list(n)
                elif kind == DICT:
                    self.change_dict(n)
                elif kind == SET:
                    self.change_set(n)
                else:
                    self.change_instance(n)

    ### Comparing

    @staticmethod
    def generations():
        """Generation by address, while nothing of ours is tracked but a dict."""
        found = {}
        for i in range(3):
            objects = gc.get_objects(generation=i)
            untrack(objects)
            found.update(zip(map(id, objects), [i] * len(objects)))
        return found

    def compare(self):
        engine = self.engine
        generation = self.generations()
        garbage = {id(x) for x in gc.garbage}
        for n in self.live:
            if self.witness[n]() is None and self.address[n] in garbage:
                # With SAVEALL weak references go, and the object stays.
                self.watch(n, object_at(self.address[n]))
        live = self.witnessed()
        dead = list(set(self.live) - set(live))
        states = engine.states(self.ids_of(dead))
        for i, n in enumerate(dead):
            if states[4 * i]:
                raise Mismatch(f"{KIND_NAMES[self.kind[n]]} {n} is dead in Python only")
            del self.number[self.address[n]]
            self.witness[n] = None
        if self.newborn[1]:
            kind, address, ident, at, canary = self.newborn
            n = self.register(kind, address, ident, canary or object_at(address))
            canary = None
            self.newborn[:] = (None,) * 5
            self.number[address] = n
            self.held_number[at] = n
            live.append(n)
        self.live[:] = live
        for address in generation:
            if address not in self.number:
                raise Mismatch(f"not of the trace: {object_at(address)!r:.200}")
        expected[0] = len(generation)
        states = engine.states(self.ids_of(live))
        frozen = 0
        for i, n in enumerate(live):
            count, ours, flags, _ = states[4 * i:4 * i + 4]
            address, what = self.address[n], f"{KIND_NAMES[self.kind[n]]} {n}"
            if not count:
                raise Mismatch(f"{what} is dead in the engine only")
            if count != at_address(address).value:
                raise Mismatch(f"{what} has a count of {count}, Python's "
                               f"{at_address(address).value}")
            tracked = gc.is_tracked(object_at(address))
            if tracked != bool(flags & FLAG_TRACKED):
                raise Mismatch(f"{what} tracked: {flags & FLAG_TRACKED}, Python's {tracked}")
            if tracked and generation.get(address, 3) != ours:
                raise Mismatch(f"{what} in generation {ours}, Python's "
                               f"{generation.get(address, 3)}")
            frozen += tracked and address not in generation
            if (address in garbage) != bool(flags & FLAG_GARBAGE):
                raise Mismatch(f"{what} in garbage: {flags & FLAG_GARBAGE}, Python's "
                               f"{address in garbage}")
        self.compare_collectors(frozen, len(gc.garbage))

    def compare_collectors(self, frozen, garbage):
        ours = self.engine.gc()
        stats = [cell.value for cell in collector.stats]
        theirs = []
        for i in range(3):
            theirs += [saved[i]] + stats[3 * i:3 * i + 3]
        theirs += [collector.pending.value, collector.total.value, frozen, garbage]
        for i in range(3):
            for j in range(4 * i + 1, 4 * i + 4):
                ours[j] -= self.first_stats[j]
        if gc.get_freeze_count() != frozen:
            raise Mismatch("frozen objects that are not of the trace")
        if ours != theirs:
            raise Mismatch("counts and statistics:\n  engine " + str(ours) + "\n  Python " +
                           str(theirs))


def nested_tuples(engine):
    """An outer tuple is untracked at the latest one collection after the inner."""
    engine.begin()
    leaf = engine.op("INT", 100000)
    inner = engine.op("TUPLE", data=pack([leaf]))
    outer = engine.op("TUPLE", data=pack([inner]))
    for newer_first in (False, True):
        theirs_inner = tuple([object_at(id(template))])
        theirs_outer = tuple([theirs_inner])
        if newer_first:
            # A young collection sees what has become older after what is young.
            gc.collect(0)
        gc.collect(0)
        gc.collect(1)
        if gc.is_tracked(theirs_inner) or gc.is_tracked(theirs_outer):
            raise Mismatch("Python keeps nested tuples tracked")
    engine.op("COLLECT", arg=0)
    if engine.states([inner])[2] & FLAG_TRACKED:
        raise Mismatch("an inner tuple is still tracked")
    engine.op("COLLECT", arg=1)
    if engine.states([outer])[2] & FLAG_TRACKED:
        raise Mismatch("an outer tuple is still tracked")
    engine.finish()


def main():
    if len(sys.argv) < 3:
        sys.exit(__doc__)
    top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
    codes = opcodes(os.path.join(top, "include/uapi/linux/refheap.h"))
    engine = Engine(os.path.abspath(sys.argv[1]), codes)
    total = int(sys.argv[2])
    seed = int(sys.argv[3]) if len(sys.argv) > 3 else random.SystemRandom().randrange(1 << 32)
    per_trace = 2000
    print(f"oracle: {total} operations, seed {seed}, CPython {sys.version.split()[0]}", flush=True)
    started = time.monotonic()
    nested_tuples(engine)
    trace = Trace(engine)
    done, traces = 0, 0
    status = 0
    automatic = 0
    while done < total and not status:
        trace.begin(seed + traces)
        i = 0
        try:
            while i < per_trace:
                trace.step()
                trace.compare()
                i += 1
                if not i % 500:
                    engine.verify()
        except Mismatch as mismatch:
            print(f"FAULT: {mismatch}\n  trace: oracle.py LIBRARY {per_trace} {seed + traces}, "
                  f"operation {i}; the last ones:\n    " + "\n    ".join(trace.log))
            status = 1
            break
        automatic += sum(engine.gc()[1:12:4])
        trace.finish()
        done += i
        traces += 1
    if not status:
        print(f"oracle: {done} operations, {automatic} collections, all the same, "
              f"{time.monotonic() - started:.1f} s")
    sys.stdout.flush()
    # The interpreter's own list is no place to be taken apart from.
    os._exit(status)


main()
