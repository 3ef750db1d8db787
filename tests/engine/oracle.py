#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""The engine against real Python: the same operations on both.

  oracle.py LIBRARY OPERATIONS [SEED]

Random operations are executed on objects of this interpreter, which must be
CPython 3.11, and on the engine. After EACH one these must be the same:

  which objects are dead, and the count of each that lives
  whether it is tracked, and in which generation
  which weak references there are to it, in order; what each refers to
  which callbacks have run, in order for one referent
  which finalizers have run, and what became of the objects
  the entries of a weak-valued dict, a weak-keyed dict and a weak set
  what a collection returned
  count[0..2]; collections, collected, uncollectable of each generation
  long_lived_pending and long_lived_total, which decide on full collections
  how many are frozen, and what is in garbage

and, now and then, what each object leads to.

All comparisons are exact. How:

  * The interpreter's own objects are not in the way: at the start of a trace
    everything that is tracked is put into a list that the collector does not
    know, so that its generations hold objects of the trace and nothing else.
    Every window checks that this is so.
  * An operation runs in a window, at whose begin nothing else is tracked.
    Before it, count[] is set to what it was at the end of the last one, and it
    is read right after it. What the harness allocates lies between windows, and
    automatic collections are switched on in windows only. Code in windows
    allocates nothing with a header but the object that the operation makes.
  * Freelists hide births and deaths from count[0]. Lists and sets are
    subclasses, which have none. Tuples have over 20 items, which have none.
    Dicts are born by dict(), which does not take from the freelist, and the
    freelist is full before every window, so that no dead one goes there.
  * Counts are read from the objects' memory, so that reading adds none.
  * Death is seen by weak references, which are untracked, so that they count
    nowhere. They are not to the objects themselves, whose weak references are
    part of the trace: each holds a code object of its own, which dies with it.
    To the engine that is a leaf, or not there; leaves of traces are code
    objects here, too, which have no header. Weak references are tracked for
    life: those that the collector no longer knows are dead.
  * Objects are held as a session holds them: in a list of this harness.
  * Finalizers run within the operation here, and after it in the engine, where
    they come as events. What they do is noted here, in ints, and done there in
    the same order. Callbacks note their weak references, and both sides hold
    these until the operation is compared.
  * A legacy finalizer is a tp_del, written into the type from outside.
  * The weak containers are Python's own classes, and the engine's are roots as
    they are. What counts is what they keep their entries in, and the entries,
    which are weak references. Their methods make other objects as well, so
    entries are put in and taken out as these would do it.

Not compared: whether a callback runs when its weak reference dies of the same
death as the referent. Which of them goes first is the order in which CPython's
containers let go, which differs from kind to kind, and a finalizer that runs
later holds up what dies with its object. A weak reference whose callback has
run lives for that, and when a legacy finalizer has it in its reach, it counts as
uncollectable: by as many these figures may differ.

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
CONTENTS_EVERY = 250    # operations
HARBOR = 0              # where a list is held that finalizers put objects into
ROOTS = 4               # it and, behind it, the weak containers
HELD = 64
KEYS = ("a", "b", "c", "d")
CANARY = "canary"
PADDING = 21
LIST, DICT, SET, TUPLE, SLOTTED, OPEN, LEAF, FINAL, FINAL_OPEN, LEGACY, WEAKREF, WEAK_VALUES, \
    WEAK_KEYS, WEAK_SET = range(14)
KIND_NAMES = ("list", "dict", "set", "tuple", "slotted", "open", "leaf", "slotted-final",
              "open-final", "legacy", "weak reference", "weak-valued dict", "weak-keyed dict",
              "weak set")
WEAK_CONTAINERS = (WEAK_VALUES, WEAK_KEYS, WEAK_SET)
# Each kind that is made without another object, as often as it is to be.
MADE = (LIST, LIST, DICT, SET, TUPLE, SLOTTED, OPEN, LEAF, FINAL, FINAL, FINAL_OPEN, LEGACY)
MADE_TO_END = (LIST, DICT, SET, SLOTTED, FINAL, FINAL, FINAL_OPEN, LEGACY, LEGACY, LEGACY)
REFERENTS = (LIST, SET, SLOTTED, OPEN, FINAL, FINAL_OPEN, LEGACY)
WITH_SLOTS = (SLOTTED, FINAL, LEGACY)
INSTANCES = WITH_SLOTS + (OPEN, FINAL_OPEN)
FINALIZED = (FINAL, FINAL_OPEN)
MAX_WEAKREFS = 8


class List(list):
    __slots__ = (CANARY, "__weakref__")


class Set(set):
    __slots__ = (CANARY,)


class Entry(weakref.ref):
    """weakref.KeyedRef, but made without further objects."""
    __slots__ = ("key",)


class Entries(dict):
    """What a weak dict keeps its entries in, but tracked for life."""
    __slots__ = (CANARY,)


class Slotted:
    __slots__ = KEYS + (CANARY, "__weakref__")


class Open:
    pass


### What finalizers do. The plans are made when an object is made.

NOTHING, KEEP, KEEP_CHILD, DELETE, KNOT, NEST, LOOK = range(7)
# As often as each is to be.
PLANS = (NOTHING, NOTHING, NOTHING, KEEP, KEEP_CHILD, DELETE, KNOT, NEST, LOOK)
BUSY_PLANS = PLANS[2:] + (KEEP_CHILD,)
plans = {}
ran = []


def finalizer(self):
    what, other = plans.get(id(self), NOTHING), 0
    if what == KEEP_CHILD:
        child = getattr(self, "a", None)
        if child is not None:
            other = id(child)
    elif what == NEST:
        child = getattr(self, "a", None)
        if type(child) is List:
            other = id(child)
    elif what == LOOK:
        child = getattr(self, "c", None)
        if type(child) is weakref.ref:
            other = id(child)
    elif what == DELETE:
        child = None
        if hasattr(self, "a"):
            other = 1
    else:
        child = None
        other = 1
    if not other:
        what = NOTHING
    if what == LOOK and child() is not None:
        what = NOTHING
    ran.append(id(self))
    ran.append(what)
    ran.append(other)
    if what == KEEP:
        held[HARBOR].append(self)
    elif what == KEEP_CHILD:
        held[HARBOR].append(child)
    elif what == DELETE:
        child = None
        del self.a
    elif what == KNOT:
        self.b = self
    elif what == NEST:
        child.append(self)


class Final:
    __slots__ = KEYS + (CANARY, "__weakref__")
    __del__ = finalizer


class FinalOpen:
    __del__ = finalizer


class Legacy:
    __slots__ = KEYS + (CANARY, "__weakref__")


CLASSES = {SLOTTED: Slotted, OPEN: Open, FINAL: Final, FINAL_OPEN: FinalOpen, LEGACY: Legacy}

# Attributes live in the instance, without a dict, as long as all instances
# know the same few names.
primed = Open(), FinalOpen()
for key in KEYS + (CANARY,):
    for instance in primed:
        setattr(instance, key, None)
TYPE_DICT, TYPE_FINALIZER, TYPE_LEGACY = 1, 2, 4
LEGACY_MAX = 4096       # as oracle.c has it
STATE = 6               # words of struct oracle_object
MAX_IDS = 2048          # that are asked for at once
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


# Offsets in PyTypeObject.
TP_WEAKLISTOFFSET, TP_DICTOFFSET, TP_DEL = 208, 288, 376


def make_legacy(cls, function):
    """Gives a class a tp_del, which makes of it what needs a C type else."""
    for offset, value in ((TP_WEAKLISTOFFSET, cls.__weakrefoffset__),
                          (TP_DICTOFFSET, cls.__dictoffset__), (TP_DEL, 0)):
        assert word_at(id(cls) + offset).value == value, "PyTypeObject"
    word_at(id(cls) + TP_DEL).value = ctypes.cast(function, ctypes.c_void_p).value


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

    def frozen(self):
        """Addresses of the objects in the permanent generation."""
        found, node = [], word_at(self.permanent).value
        while node != self.permanent:
            found.append(node + 16)
            node = word_at(node).value
        return found

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
# When an object with weak references dies, they are put into a tuple of twice
# as many; it comes from the freelist when there is one.
pairs = [[None] * (2 * i) for i in range(1, 10)]
fired = []
note_death = fired.append
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
    i = 0
    while i < 9:
        tuple(pairs[i])
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


def window_list(at, items, canary):
    begin()
    x = List()
    x.canary = canary
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


def window_set(at, canary):
    begin()
    x = Set()
    x.canary = canary
    held[at] = x
    end()
    return id(x)


def window_tuple(at, items):
    begin()
    x = tuple(items)
    held[at] = x
    end()
    return id(x)


def window_instance(at, cls, canary, values):
    begin()
    x = cls()
    x.canary = canary
    i = 0
    while i < len(values):
        setattr(x, KEYS[i], values[i])
        i += 1
    held[at] = x
    end()
    return id(x)


def window_weakref(at, args):
    """The arguments come as a tuple that is there already."""
    begin()
    held[at] = weakref.ref(*args)
    end()
    return id(held[at])


def window_dereference(at, x):
    begin()
    held[at] = x()
    end()
    return 0 if held[at] is None else id(held[at])


def window_entries(at, owner, cls, canary):
    begin()
    x = cls()
    x.canary = canary
    owner.data = x
    held[at] = x
    end()
    return id(x)


def window_put_value(data, key, args):
    begin()
    entry = Entry(*args)
    entry.key = key
    data[key] = entry
    end()


def window_put_key(data, args, value):
    begin()
    data[weakref.ref(*args)] = value
    end()


def window_put_member(data, args):
    begin()
    data.add(weakref.ref(*args))
    end()


def window_del_entry(data, box):
    """The entry is to die of it, so that nothing here may have it still."""
    begin()
    del data[box.pop()]
    end()


def window_forget_fired():
    """The end of an operation's window: nothing is made in it."""
    count1.value = saved[1]
    count2.value = saved[2]
    count0.value = saved[0]
    fired.clear()
    end()


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


def window_extend(x, items):
    begin()
    x.extend(items)
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
        for name in ("new", "free", "op", "type", "objects", "gc", "set_gc", "verify", "fault",
                     "work", "event", "weakrefs", "entries"):
            getattr(self.lib, "oracle_" + name)
        self.legacy = (ctypes.c_size_t * LEGACY_MAX).in_dll(self.lib, "oracle_legacy_run")
        self.nlegacy = ctypes.c_uint32.in_dll(self.lib, "oracle_nlegacy")
        make_legacy(Legacy, self.lib.oracle_legacy)
        self.codes = codes
        self.value = ctypes.c_uint64()
        self.value_address = ctypes.addressof(self.value)
        self.gc_values = (ctypes.c_uint64 * 16)()
        self.ids = (ctypes.c_uint64 * MAX_IDS)()
        self.objects = (ctypes.c_uint32 * (MAX_IDS * STATE))()
        self.event_values = (ctypes.c_uint64 * 4)()

    def begin(self):
        self.rig = ctypes.c_void_p(self.lib.oracle_new())
        names = (ctypes.c_char_p * len(KEYS))(*(key.encode() for key in KEYS))
        self.types = {}
        for kind, cls in CLASSES.items():
            flags = TYPE_FINALIZER * (kind in FINALIZED) | TYPE_LEGACY * (kind == LEGACY) | \
                TYPE_DICT * (kind not in WITH_SLOTS)
            slots = kind in WITH_SLOTS
            number = self.lib.oracle_type(self.rig, cls.__name__.encode(), flags,
                                          names if slots else None, len(KEYS) * slots)
            if number < 0:
                raise Mismatch(f"the engine refused the type {cls.__name__}: "
                               f"{os.strerror(-number)}")
            self.types[kind] = number
        self.none = self.op("NONE")
        self.key_ids = {self.op("STR", data=key.encode()): key for key in KEYS}

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
        return self.objects[:STATE * n]

    def work(self):
        self.lib.oracle_work(self.rig)

    def event(self):
        """Return: type, value, object, referent, or None."""
        got = self.lib.oracle_event(self.rig, self.event_values)
        if got < 0:
            raise Mismatch(f"the engine refused an event: {os.strerror(-got)}")
        return self.event_values[:] if got else None

    def weakrefs(self, ident):
        n = self.lib.oracle_weakrefs(self.rig, ctypes.c_uint64(ident), self.ids, MAX_IDS)
        if n < 0:
            raise Mismatch(f"the engine refused WEAKREFS: {os.strerror(-n)}")
        return self.ids[:n]

    def verify(self):
        if self.lib.oracle_verify(self.rig):
            raise Mismatch("verify: " + self.lib.oracle_fault(self.rig).decode())

    def entries(self, ident):
        n = self.lib.oracle_entries(self.rig, ctypes.c_uint64(ident), self.ids, MAX_IDS // 2)
        if n < 0:
            raise Mismatch(f"the engine refused NEXT: {os.strerror(-n)}")
        return [(self.ids[2 * i], self.ids[2 * i + 1]) for i in range(n)]


def pack(ids):
    return b"".join(i.to_bytes(8, "little") for i in ids)


FLAG_TRACKED, FLAG_FROZEN, FLAG_GARBAGE, FLAG_FINALIZED, FLAG_CALLBACK = 1, 8, 16, 64, 256
OPF_KEY_STR = 1 << 5
WEAKREF_CALLBACK = 1
EVENT_WEAKREF, EVENT_FINALIZE = 1 << 3, 1 << 4


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
        self.referent = [-1] * self.MAX     # of a weak reference
        self.armed = [False] * self.MAX     # its callback has yet to run
        self.number = {}
        self.by_id = {}
        self.live = []
        self.held_number = [-1] * HELD
        self.n = 0
        self.serial = 0
        self.log = []
        self.thresholds = [700, 10, 10]
        self.newborn = [None] * 6
        self.box = []
        self.debug = 0
        self.pending = {}
        self.fired_here, self.fired_there, self.forgotten = [], [], []
        self.legacy_run = []
        self.owners = {}
        self.collected = None
        self.same_death = 0
        self.only = [0, 0]                  # callbacks that have run here, or there, only
        self.events = [0, 0]

    def begin(self, seed):
        global auto
        self.rng = random.Random(seed)
        self.made, self.plans = self.rng.choice(((MADE, PLANS), (MADE_TO_END, BUSY_PLANS)))
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
        plans.clear()
        ran.clear()
        self.engine.nlegacy.value = 0
        self.pending.clear()
        self.collected = None
        owners = {WEAK_VALUES: weakref.WeakValueDictionary(),
                  WEAK_KEYS: weakref.WeakKeyDictionary(), WEAK_SET: weakref.WeakSet()}
        for owner in owners.values():
            owner.data = None
        self.owners.clear()
        self.owners.update(owners)
        owners = owner = None
        collector.set_aside()
        collector.reset()
        self.make(LIST, HARBOR)
        self.compare()
        # What they have been made with is aside; this is of the trace.
        i = 0
        while i < len(WEAK_CONTAINERS):
            self.make_weak_container(WEAK_CONTAINERS[i], HARBOR + 1 + i)
            self.compare()
            i += 1

    def finish(self):
        global auto
        auto = 0
        self.debug = 0
        self.set_gc()
        gc.unfreeze()
        gc.garbage.clear()
        plans.clear()
        i = 0
        while i < HELD:
            held[i] = None
            i += 1
        for i in self.live:
            self.take_apart(i)
        gc.collect()
        assert not gc.garbage
        fired.clear()
        ran.clear()
        for i in self.live:
            self.witness[i] = None
        self.live.clear()
        self.number.clear()
        self.by_id.clear()
        self.held_number[:] = [-1] * HELD
        self.engine.verify()
        self.engine.finish()

    def take_apart(self, n):
        """What has a legacy finalizer would stay."""
        kind = self.kind[n]
        if kind == WEAKREF or self.witness[n]() is None:
            return
        x = object_at(self.address[n])
        if kind in (LIST, DICT, SET) + WEAK_CONTAINERS:
            x.clear()
        elif kind in INSTANCES:
            for key in KEYS:
                if hasattr(x, key):
                    delattr(x, key)

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
        places = [i for i in range(HELD)
                  if i >= ROOTS and (self.held_number[i] >= 0) == taken]
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

    def survivors(self, generation, frozen):
        """Those of self.live that are."""
        live = []
        for n in self.live:
            address = self.address[n]
            if address == self.newborn[1]:
                continue
            if self.kind[n] == WEAKREF:
                if address in generation or address in frozen:
                    live.append(n)
            elif self.witness[n]() is not None:
                live.append(n)
        return live

    def children(self, n):
        x, kind = object_at(self.address[n]), self.kind[n]
        if kind in (LIST, TUPLE, SET):
            items = list(x)
        elif kind == DICT:
            items = list(x.values())
        elif kind in INSTANCES:
            items = [getattr(x, key) for key in KEYS if hasattr(x, key)]
        else:
            items = []
        numbers = [self.number[id(item)] for item in items if id(item) in self.number]
        # Where things are in a set depends on their addresses.
        return sorted(numbers) if kind == SET else numbers

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

    def register(self, kind, address, ident, witness, referent):
        n = self.n
        self.n += 1
        self.kind[n], self.id[n], self.address[n] = kind, ident, address
        self.number[address] = n
        self.by_id[ident] = n
        if kind == WEAKREF:
            self.referent[n] = referent
            self.armed[n] = object_at(address).__callback__ is not None
            return n
        reference = weakref.ref(witness)
        untrack(reference)
        self.witness[n] = reference
        if kind in FINALIZED:
            plans[address] = self.rng.choice(self.plans)
        return n

    ### Steps: each does one operation on both sides. A newborn is booked when
    ### the dead are gone, since it may be where one of them was.

    def born(self, kind, address, ident, at, canary=None, referent=-1):
        self.newborn[:] = (kind, address, ident, at, canary, referent)

    def make(self, kind, at):
        engine, rng = self.engine, self.rng
        if kind == LEAF:
            leaf = self.new_leaf()
            self.serial += 1
            ident = engine.op("BYTES", data=b"leaf %d" % self.serial)
            window_take(at, leaf)
            self.born(kind, id(leaf), ident, at, leaf)
            return
        canary = self.new_leaf()
        if kind in (LIST, TUPLE):
            chosen = self.numbers(kind)
            items, ids = self.objects_of(chosen), self.ids_of(chosen)
            untrack(chosen)
            untrack(items)
            untrack(ids)
            if kind == LIST:
                address = window_list(at, items, canary)
                self.born(kind, address, engine.op("LIST", data=pack(ids)), at, canary)
                return
            items.append(canary)
            ids.append(engine.none)
            while len(items) < PADDING:
                items.append(None)
                ids.append(engine.none)
            address = window_tuple(at, items)
            self.born(kind, address, engine.op("TUPLE", data=pack(ids)), at, canary)
        elif kind == DICT:
            self.born(kind, window_dict(at, canary), engine.op("DICT"), at, canary)
        elif kind == SET:
            self.born(kind, window_set(at, canary), engine.op("SET"), at, canary)
        else:
            chosen = self.numbers(kind) if kind in WITH_SLOTS else []
            items, ids = self.objects_of(chosen), self.ids_of(chosen)
            untrack(chosen)
            untrack(items)
            untrack(ids)
            self.born(kind, window_instance(at, CLASSES[kind], canary, items),
                      engine.op("INSTANCE", arg=engine.types[kind], data=pack(ids)), at, canary)

    def make_weakref(self, n, at):
        engine, flags = self.engine, WEAKREF_CALLBACK * (self.rng.random() < 0.6)
        x = object_at(self.address[n])
        shared = [id(r) for r in weakref.getweakrefs(x) if r.__callback__ is None]
        if weakref.getweakrefcount(x) >= MAX_WEAKREFS:
            return
        args = (x, note_death) if flags else (x,)
        x = None
        untrack(args)
        untrack(shared)
        address = window_weakref(at, args)
        ident = engine.op("WEAKREF", self.id[n], arg=flags, b=flags and self.n + 1)
        if not flags and shared:
            there = self.number[address]
            if ident != self.id[there]:
                raise Mismatch(f"another weak reference than the shared one {there}")
            self.held_number[at] = there
        else:
            self.born(WEAKREF, address, ident, at, referent=n)

    def make_weak_container(self, kind, at):
        canary = self.new_leaf()
        cls = Set if kind == WEAK_SET else Entries
        code = {WEAK_VALUES: "WEAK_VALUE_DICT", WEAK_KEYS: "WEAK_KEY_DICT",
                WEAK_SET: "WEAK_SET"}[kind]
        address = window_entries(at, self.owners[kind], cls, canary)
        self.born(kind, address, self.engine.op(code), at, canary)

    def may_be_entry(self, n):
        return n >= 0 and \
            weakref.getweakrefcount(object_at(self.address[n])) < MAX_WEAKREFS

    def change_weak_values(self, n):
        engine, rng, owner = self.engine, self.rng, self.owners[WEAK_VALUES]
        ident, data, key = self.id[n], object_at(self.address[n]), rng.choice(KEYS)
        name = key.encode()
        if engine.op("CONTAINS", ident, flags=OPF_KEY_STR, data=name) != (key in owner):
            raise Mismatch(f"{key} is in the weak-valued dict, or not")
        if key not in owner or rng.random() < 0.4:
            y = self.pick(REFERENTS)
            if self.may_be_entry(y):
                args = (object_at(self.address[y]), owner._remove)
                untrack(args)
                window_put_value(data, key, args)
                engine.op("SET_KEY", ident, c=self.id[y], flags=OPF_KEY_STR, data=name)
        elif rng.random() < 0.3:
            self.box.append(key)
            window_del_entry(data, self.box)
            engine.op("DEL_KEY", ident, flags=OPF_KEY_STR, data=name)
        elif rng.random() < 0.1:
            window_clear(data)
            engine.op("CLEAR", ident)
        else:
            self.take_value(ident, owner, key, name)

    def take_value(self, ident, owner, key, name):
        at = self.free_place()
        if at < 0:
            return
        self.held_number[at] = self.number[id(owner[key])]
        if self.rng.random() < 0.5:
            window_take(at, owner[key])
            self.engine.op("GET_KEY", ident, flags=OPF_KEY_STR, data=name)
        else:
            window_pop(at, owner, key)
            self.engine.op("POP_KEY", ident, flags=OPF_KEY_STR, data=name)

    def choose_entry(self, data):
        """Puts one into self.box. Return: to what it refers."""
        entries = {self.number[id(entry())]: entry for entry in data}
        y = self.rng.choice(sorted(entries))
        self.box.append(entries[y])
        return y

    def change_weak_keys(self, n):
        """Keys in the dict, members in the set: these are weak references to them."""
        engine, rng, kind = self.engine, self.rng, self.kind[n]
        ident, data, owner = self.id[n], object_at(self.address[n]), self.owners[kind]
        if len(data) and rng.random() < 0.4:
            y = self.choose_entry(data)
            if kind == WEAK_KEYS:
                window_del_entry(data, self.box)
                engine.op("DEL_KEY", ident, self.id[y])
            else:
                window_discard(data, self.box)
                engine.op("DISCARD", ident, self.id[y])
        elif len(data) and rng.random() < 0.05:
            window_clear(data)
            engine.op("CLEAR", ident)
        else:
            y = self.pick(INSTANCES)
            if not self.may_be_entry(y):
                return
            x = object_at(self.address[y])
            if engine.op("CONTAINS", ident, self.id[y]) != (x in owner):
                raise Mismatch(f"{y} is in the {KIND_NAMES[kind]}, or not")
            args = (x, owner._remove)
            x = None
            untrack(args)
            if kind == WEAK_SET:
                window_put_member(data, args)
                engine.op("ADD", ident, self.id[y])
                return
            # A value that reaches its own key is kept for ever by Python.
            z = self.pick((LEAF,))
            if z >= 0:
                window_put_key(data, args, object_at(self.address[z]))
                engine.op("SET_KEY", ident, self.id[y], self.id[z])

    def dereference(self, n, at):
        address = window_dereference(at, object_at(self.address[n]))
        ident = self.engine.op("DEREF", self.id[n])
        if ident != (self.id[self.number[address]] if address else 0):
            raise Mismatch(f"weak reference {n} leads to {ident:#x}, Python's to "
                           f"{self.number[address] if address else None}")
        if address:
            self.held_number[at] = self.number[address]

    def change_list(self, n):
        engine, rng, ident = self.engine, self.rng, self.id[n]
        x = object_at(self.address[n])
        size = len(x)
        what = rng.randrange(7) if size else rng.randrange(2)
        i = rng.randrange(-size, size) if size else 0
        if what in (0, 1, 2):
            y = self.pick()
            target = object_at(self.address[y])
            if what == 0 and rng.random() < 0.3:
                target = None
                chosen = self.numbers(LIST)
                items, ids = self.objects_of(chosen), self.ids_of(chosen)
                untrack(chosen)
                untrack(items)
                untrack(ids)
                window_extend(x, items)
                engine.op("EXTEND", ident, data=pack(ids))
            elif what == 0:
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
            y = rng.choice(self.children(n))
            self.box.append(object_at(self.address[y]))
            window_discard(x, self.box)
            if engine.op("DISCARD", ident, self.id[y]) != 1:
                raise Mismatch("a member was not in the set")
        elif x and rng.random() < 0.1:
            window_clear(x)
            engine.op("CLEAR", ident)
        else:
            y = self.pick((LEAF,) + INSTANCES)
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
        self.collected = window_collect(generation)
        self.note(f"collect {generation}: {self.collected}")
        self.engine.op("COLLECT", arg=generation)

    ### What the operation has left to be done: finalizers and callbacks.

    def take_events(self):
        while True:
            event = self.engine.event()
            if event is None:
                return
            what, value, ident, referent = event
            n = self.by_id.get(ident, -1)
            if what == EVENT_FINALIZE and n >= 0:
                if value != self.engine.types[self.kind[n]]:
                    raise Mismatch(f"finalizer of {n} with type {value}")
                self.pending[ident] = n
            elif what == EVENT_WEAKREF and n >= 0:
                if value != n + 1 or referent != self.id[self.referent[n]]:
                    raise Mismatch(f"callback of {n}: value {value}, referent {referent:#x}")
                self.fired_there.append(n)
            else:
                raise Mismatch(f"event {event}")

    def end_finalizer(self, n):
        ident = self.id[n]
        del self.pending[ident]
        self.engine.op("FINALIZED" if self.rng.random() < 0.7 else "DROP", ident)
        self.engine.work()
        self.events[1] += 1

    def end_legacy(self):
        """Ends those that come, and those that come of that."""
        while True:
            self.take_events()
            ended = [n for n in self.pending.values() if self.kind[n] == LEGACY]
            for n in ended:
                if n not in self.legacy_run:
                    raise Mismatch(f"legacy finalizer of {n} has run in the engine only")
                self.legacy_run.remove(n)
                self.end_finalizer(n)
            if not ended:
                return

    def finalize(self, n, what, other):
        """Does what Python's finalizer has done."""
        engine, ident = self.engine, self.id[n]
        self.end_legacy()
        if ident not in self.pending:
            raise Mismatch(f"finalizer of {n} has run in Python only")
        self.note(f"finalizer of {n}: {what}")
        if what == KEEP:
            engine.op("APPEND", self.id[self.held_number[HARBOR]], c=ident)
        elif what == KEEP_CHILD:
            engine.op("APPEND", self.id[self.held_number[HARBOR]],
                      c=self.id[self.number[other]])
        elif what == DELETE:
            engine.op("DEL_ATTR", ident, data=b"a")
        elif what == KNOT:
            engine.op("SET_ATTR", ident, c=ident, data=b"b")
        elif what == NEST:
            engine.op("APPEND", self.id[self.number[other]], c=ident)
        elif what == LOOK and engine.op("DEREF", self.id[self.number[other]]):
            raise Mismatch(f"weak reference {self.number[other]} is dead in Python only "
                           f"when {n} is finalized")
        self.end_finalizer(n)

    def settle(self):
        engine = self.engine
        self.legacy_run[:] = [self.number[address]
                              for address in engine.legacy[:engine.nlegacy.value]]
        engine.nlegacy.value = 0
        for i in range(0, len(ran), 3):
            self.finalize(self.number[ran[i]], ran[i + 1], ran[i + 2])
        self.end_legacy()
        if self.pending or self.legacy_run:
            raise Mismatch(f"finalizers: engine {list(self.pending.values())}, legacy ones of "
                           f"Python {self.legacy_run}")
        ran.clear()
        self.fired_here.extend(self.number[id(x)] for x in fired)
        window_forget_fired()
        self.only[0] = len(set(self.fired_here) - set(self.fired_there))
        self.only[1] = len(set(self.fired_there) - set(self.fired_here))
        if self.collected is not None:
            ours = engine.op("COLLECT_FINISH")
            if not self.same_number(ours, self.collected):
                raise Mismatch(f"a collection gave {ours}, Python's {self.collected}")
            self.collected = None
        for n in self.fired_there:
            engine.op("DROP", self.id[n])
        engine.work()
        self.take_events()

    def same_number(self, ours, theirs):
        """Where what a callback keeps may count."""
        return -self.only[1] <= theirs - ours <= self.only[0]

    def compare_fired(self, dead):
        """Callbacks, in order for each referent."""
        for n in self.fired_here + self.fired_there:
            if not self.armed[n]:
                raise Mismatch(f"callback of {n} has run twice")
        lists = []
        for fired_numbers in self.fired_here, self.fired_there:
            of_referent = {}
            for n in fired_numbers:
                if n in dead:
                    continue
                of_referent.setdefault(self.referent[n], []).append(n)
            lists.append(of_referent)
        if lists[0] != lists[1]:
            raise Mismatch(f"callbacks of each referent: engine {lists[1]}, Python {lists[0]}")
        for n in set(self.fired_here + self.fired_there):
            self.armed[n] = False
            if n in dead and (n in self.fired_here) != (n in self.fired_there):
                self.same_death += 1
        self.events[0] += len(self.fired_there)
        self.fired_here.clear()
        self.fired_there.clear()

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
                kind = rng.choice(self.made)
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
        elif chance < 0.6:
            n, at = self.pick(REFERENTS), self.free_place()
            if n >= 0 and at >= 0:
                self.note(f"weak reference {self.n} to {n}")
                self.make_weakref(n, at)
        elif chance < 0.63:
            n, at = self.pick((WEAKREF,)), self.free_place()
            if n >= 0 and at >= 0:
                self.note(f"dereference {n}")
                self.dereference(n, at)
        elif chance < 0.66:
            kind = rng.choice(WEAK_CONTAINERS)
            n = self.held_number[HARBOR + 1 + WEAK_CONTAINERS.index(kind)]
            self.note(f"change {KIND_NAMES[kind]}")
            if kind == WEAK_VALUES:
                self.change_weak_values(n)
            else:
                self.change_weak_keys(n)
        elif chance < 0.69:
            self.collect(rng.choice((0, 0, 0, 1, 1, 2)))
        elif chance < 0.705:
            self.control()
        else:
            n = self.pick((LIST, DICT, SET) + INSTANCES)
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
        permanent = collector.frozen() if gc.get_freeze_count() else ()
        garbage = {id(x) for x in gc.garbage}
        live = self.survivors(generation, permanent)
        dead = list(set(self.live) - set(live))
        states = engine.states(self.ids_of(dead))
        for i, n in enumerate(dead):
            if states[STATE * i]:
                raise Mismatch(f"{KIND_NAMES[self.kind[n]]} {n} is dead in Python only")
            del self.number[self.address[n]]
            del self.by_id[self.id[n]]
            self.witness[n] = None
        self.compare_fired(dead)
        if self.newborn[1]:
            kind, address, ident, at, canary, referent = self.newborn
            n = self.register(kind, address, ident, canary, referent)
            canary = None
            self.newborn[:] = (None,) * 6
            self.held_number[at] = n
            live.append(n)
        self.live[:] = live
        entries = self.compare_entries()
        for address in generation:
            if address not in self.number and address not in entries:
                raise Mismatch(f"not of the trace: {object_at(address)!r:.200}")
        expected[0] = len(generation)
        states = engine.states(self.ids_of(live))
        frozen = len(entries.intersection(permanent))
        for i, n in enumerate(live):
            count, ours, flags, weakrefs, low, high = states[STATE * i:STATE * i + STATE]
            address, what = self.address[n], f"{KIND_NAMES[self.kind[n]]} {n}"
            if not count:
                raise Mismatch(f"{what} is dead in the engine only")
            theirs = at_address(address).value - (self.kind[n] in WEAK_CONTAINERS)
            if count != theirs:
                raise Mismatch(f"{what} has a count of {count}, Python's {theirs}")
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
            if self.kind[n] == WEAKREF:
                self.compare_weakref(n, flags, low | high << 32)
            elif self.kind[n] in REFERENTS:
                self.compare_referent(n, flags, weakrefs)
        self.compare_collectors(frozen, len(gc.garbage))

    def compare_entries(self):
        """Return: addresses of the weak references that entries are."""
        found = set()
        for place in range(HARBOR + 1, ROOTS):
            n = self.held_number[place]
            if n < 0:
                continue
            kind, owner = self.kind[n], self.owners[self.kind[n]]
            ours = self.engine.entries(self.id[n])
            if kind == WEAK_VALUES:
                ours = {self.engine.key_ids[key]: self.by_id[value] for key, value in ours}
                theirs = {key: self.number[id(value)] for key, value in owner.items()}
            elif kind == WEAK_KEYS:
                ours = {self.by_id[key]: self.by_id[value] for key, value in ours}
                theirs = {self.number[id(key)]: self.number[id(value)]
                          for key, value in owner.items()}
            else:
                ours = {self.by_id[key] for key, _ in ours}
                theirs = {self.number[id(key)] for key in owner}
            if ours != theirs:
                raise Mismatch(f"{KIND_NAMES[kind]}: {ours}, Python's {theirs}")
            if kind == WEAK_VALUES:
                found.update(id(entry) for entry in owner.data.values())
            else:
                found.update(id(entry) for entry in owner.data)
        return found

    def compare_contents(self):
        for n in self.live:
            kind, x = self.kind[n], object_at(self.address[n])
            if kind in (LEAF, WEAKREF) + WEAK_CONTAINERS:
                continue
            entries = self.engine.entries(self.id[n])
            if kind in (LIST, TUPLE):
                ours = [self.by_id[value] for _, value in entries if value in self.by_id]
                theirs = self.children(n)
            elif kind == SET:
                ours = sorted(self.by_id[key] for key, _ in entries)
                theirs = self.children(n)
            else:
                ours = {self.engine.key_ids[key]: self.by_id[value] for key, value in entries}
                get = x.get if kind == DICT else lambda key, _: getattr(x, key, None)
                theirs = {key: self.number.get(id(get(key, None))) for key in KEYS}
                theirs = {key: number for key, number in theirs.items() if number is not None}
            if ours != theirs:
                raise Mismatch(f"{KIND_NAMES[kind]} {n} has {ours}, Python's {theirs}")

    def compare_weakref(self, n, flags, value):
        x = object_at(self.address[n])()
        if value != (0 if x is None else self.id[self.number[id(x)]]):
            raise Mismatch(f"weak reference {n} leads to {value:#x}, Python's to {x!r:.100}")
        armed = self.armed[n] and x is not None
        if armed != bool(flags & FLAG_CALLBACK):
            raise Mismatch(f"callback of {n} to come: {flags & FLAG_CALLBACK}, Python's {armed}")

    def compare_referent(self, n, flags, weakrefs):
        x = object_at(self.address[n])
        if weakrefs != weakref.getweakrefcount(x):
            raise Mismatch(f"{weakrefs} weak references to {n}, Python's "
                           f"{weakref.getweakrefcount(x)}")
        if weakrefs:
            theirs = [self.number.get(id(r)) for r in weakref.getweakrefs(x)]
            ours = [self.by_id.get(ident) for ident in self.engine.weakrefs(self.id[n])]
            if ours != theirs:
                raise Mismatch(f"weak references to {n}: {ours}, Python's {theirs}")
        if self.kind[n] in FINALIZED and gc.is_finalized(x) != bool(flags & FLAG_FINALIZED):
            raise Mismatch(f"{n} finalized: {flags & FLAG_FINALIZED}, Python's "
                           f"{gc.is_finalized(x)}")

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
            uncollectable = 4 * i + 3
            if self.same_number(ours[uncollectable], theirs[uncollectable]):
                self.first_stats[uncollectable] += ours[uncollectable] - theirs[uncollectable]
                ours[uncollectable] = theirs[uncollectable]
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


def ephemerons(engine):
    """A value that reaches its own key is kept for ever by CPython, and not here."""
    theirs = weakref.WeakKeyDictionary()
    key = Open()
    theirs[key] = [key]
    key = None
    gc.collect()
    if len(theirs) != 1:
        raise Mismatch("Python's weak-keyed dict lets go of a value that reaches its key")
    theirs.clear()
    engine.begin()
    ours = engine.op("WEAK_KEY_DICT")
    key = engine.op("INSTANCE", arg=engine.types[OPEN])
    value = engine.op("LIST", data=pack([key]))
    engine.op("SET_KEY", ours, key, value)
    engine.op("DROP", key)
    engine.op("DROP", value)
    if engine.entries(ours) != [(key, value)]:
        raise Mismatch("an entry of a weak-keyed dict is not there")
    engine.op("COLLECT", arg=2)
    if engine.entries(ours) or engine.states([key, value])[::STATE] != [0, 0]:
        raise Mismatch("a value that reaches its own key is kept")
    engine.verify()
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
    ephemerons(engine)
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
                trace.settle()
                trace.compare()
                i += 1
                if not i % CONTENTS_EVERY:
                    trace.compare_contents()
                    engine.verify()
        except Mismatch as mismatch:
            print(f"FAULT: {mismatch} (oracle.py LIBRARY {per_trace} {seed + traces}, "
                  f"operation {i})\n  The last ones:\n    " + "\n    ".join(trace.log))
            status = 1
            break
        automatic += sum(engine.gc()[1:12:4])
        trace.finish()
        done += i
        traces += 1
    if not status:
        print(f"oracle: {done} operations, {automatic} collections, {trace.events[0]} callbacks, "
              f"{trace.events[1]} finalizers, all the same; {trace.same_death} times a weak "
              f"reference and its referent died of one death; "
              f"{time.monotonic() - started:.1f} s")
    sys.stdout.flush()
    # The interpreter's own list is no place to be taken apart from.
    os._exit(status)


main()
