#!/usr/bin/python3
# SPDX-License-Identifier: GPL-2.0
"""Graphs beside those of the real objgraph, and through the real dot.

  graph.py REFHEAP

sample.heap has the objects that build() makes in Python. Needs no module. Boxes,
edges, labels, counts, colours and what is left out must be the same where both
have them: Python has no names of a heap, so a dict stands for them, and the
references of that dict, of classes and of this script are left out. Prints TAP.
"""
import gc
import io
import os
import re
import struct
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as xml

import objgraph

HERE = os.path.dirname(os.path.realpath(__file__))
REFHEAP = [os.path.abspath(sys.argv[1]), "--dump", os.path.join(HERE, "sample.heap")]


class Node:
    __slots__ = ("left", "right")


def build():
    """As sample.rh."""
    names = {}
    names["leaf"] = [1, "one"]
    names["n"] = Node()
    names["n"].left = names["leaf"]
    names["n"].right = Node()
    names["n"].right.left, names["n"].right.right = names["leaf"], names["n"]
    names["d"] = {"first": names["n"], "second": names["leaf"]}
    names["d"]["odd key"] = names["n"].right
    names["pair"] = (names["leaf"], names["d"])
    names["many"] = []
    for _ in range(12):
        names["many"].append([names["many"]])
    return names


def refheap(*words):
    return subprocess.run([*REFHEAP, *words], capture_output=True, text=True, check=True,
                          timeout=60).stdout


def known(names):
    """What an object is called, by Python's id and by the heap's."""
    paths = {"leaf": names["leaf"], "n": names["n"], "n.right": names["n"].right,
             "d": names["d"], "pair": names["pair"], "many": names["many"]}
    paths |= {f"many[{i}]": item for i, item in enumerate(names["many"])}
    ours = {refheap("id", path).strip(): path for path in paths}
    theirs = {f"o{id(item)}": path for path, item in paths.items()}
    theirs[f"o{id(names)}"] = "names"
    return ours, theirs


LINE = re.compile(r'^  (\w+)(?:\s*->\s*(\w+))?\s*\[(.*)\];$|^  (\w+) -> (\w+);$')


class Picture:
    """Boxes by name: their attributes; edges: (from, to, label)."""

    def __init__(self, dot):
        self.boxes, self.edges = {}, []
        for line in dot.split("subgraph")[0].splitlines():
            match = LINE.match(line)
            if not match or match[1] == "node":
                continue
            if match[4]:
                self.edges.append((match[4], match[5], ""))
                continue
            pairs = re.findall(r'(\w+)=("(?:[^"\\]|\\.)*"|[^,\]]+)', match[3])
            attributes = {key: value.strip('"') for key, value in pairs}
            if match[2]:
                self.edges.append((match[1], match[2], attributes.get("label", "")))
            else:
                self.boxes.setdefault(match[1], {}).update(attributes)

    def without_keys(self):
        """Python does not tell keys that are text: neither edges nor what hangs on them."""
        self.edges = [edge for edge in self.edges if edge[2] != "key"]
        first = next(iter(self.boxes))
        ends = {end for edge in self.edges for end in edge[:2]} | {first}
        self.boxes = {box: attributes for box, attributes in self.boxes.items() if box in ends}
        return self

    def rename(self, name_of):
        """Each box by what it is, so that both pictures can be compared."""
        new, items = {}, 0
        for box, attributes in self.boxes.items():
            new[box] = name_of(box, attributes)
            # Python goes through lists from their end: which are left out differs.
            if new[box].startswith("many["):
                items += 1
                new[box] = f"item {items} of many"
        self.boxes = {new[box]: attributes for box, attributes in self.boxes.items()}
        self.edges = sorted({(new[one], new[other], label) for one, other, label in self.edges})
        return self


def leaf_name(attributes):
    """Numbers and text have no path: their value says what they are."""
    return re.sub(r" \[\d+\]", "", attributes["label"].replace("\\n", " "))


def our_picture(words, ours):
    def name_of(box, attributes):
        if box.startswith("too_many"):
            return attributes["label"]
        if box.startswith("names"):
            return "names"
        found = ours.get(attributes.get("tooltip"))
        return found or leaf_name(attributes)
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "x.dot")
        refheap("graph", *words, "-o", file)
        with open(file, encoding="utf-8") as stream:
            return Picture(stream.read()).without_keys().rename(name_of)


def their_picture(show, item, names, theirs, **options):
    """With nothing of this script in it."""
    def belongs(other):
        return other is names or f"o{id(other)}" in theirs or isinstance(other, (int, str))

    def name_of(box, attributes):
        if box.startswith("too_many"):
            return attributes["label"]
        return theirs.get(box) or leaf_name(attributes)
    out = io.StringIO()
    show([item], output=out, filter=belongs, refcounts=True, **options)
    return Picture(out.getvalue()).rename(name_of)


def plain(label):
    """objgraph labels only what dicts have: k, or the type and repr of odd keys."""
    label = label.replace("\\\\n", "\\n")
    odd = re.fullmatch(r"str\\n'(.*)'", label)
    return odd[1] if odd else re.sub(r'^\[\\?"(.*?)\\?"\]$', r"\1", label)


def differences(ours, theirs, counts):
    if set(ours.boxes) != set(theirs.boxes):
        yield f"boxes: {sorted(ours.boxes)}, not {sorted(theirs.boxes)}"
        return
    if {edge[:2] for edge in ours.edges} != {edge[:2] for edge in theirs.edges}:
        yield f"edges: {ours.edges}, not {theirs.edges}"
    labels = {edge[:2]: plain(edge[2]) for edge in ours.edges}
    for one, other, label in theirs.edges:
        if label and labels[one, other] != plain(label):
            yield f"{one} -> {other}: {labels[one, other]}, not {plain(label)}"
    for box, attributes in theirs.boxes.items():
        mine = ours.boxes[box]
        for key in ("fontcolor", "fillcolor", "height", "fontsize", "color"):
            # The names have a module's colour, of which they are the counterpart.
            if box == "names" or (key == "fillcolor" and "more" in box):
                continue
            if attributes.get(key) != mine.get(key):
                yield f"{box}: {key} {mine.get(key)}, not {attributes.get(key)}"
        if box in counts:
            count = int(re.search(r"\[(\d+)\]", mine["label"])[1])
            if count != counts[box]:
                yield f"{box}: {count} references, not {counts[box]}"


def counts_of(theirs):
    """References of the objects themselves: those of names and of each other."""
    found = {}
    for box, path in theirs.items():
        item = by_id(box)
        found[path] = sum(to is item for other in map(by_id, theirs)
                          for to in gc.get_referents(other))
        del item
    return found


def by_id(box):
    return next(one for one in gc.get_objects() if f"o{id(one)}" == box)


def check_svg(file, boxes, edges):
    tree = xml.parse(file).getroot()
    space = {"svg": "http://www.w3.org/2000/svg"}
    groups = [group.get("class") for group in tree.iterfind(".//svg:g", space)]
    # The legend has five boxes and four edges.
    if groups.count("node") != boxes + 5 or groups.count("edge") != edges + 4:
        return f"{groups.count('node')} boxes and {groups.count('edge')} edges in the SVG"
    text = " ".join(tree.itertext())
    return None if "legend" in text and "Node" in text else "the SVG has not the labels"


def check_png(file):
    with open(file, "rb") as stream:
        head = stream.read(24)
    width, height = struct.unpack(">II", head[16:24])
    if head[:8] != b"\x89PNG\r\n\x1a\n" or not 100 < width < 5000 or not 100 < height < 5000:
        return f"the PNG is {width} by {height}"
    return None


def render():
    """Real pictures by the real dot."""
    with tempfile.TemporaryDirectory() as folder:
        dot, svg, png = (os.path.join(folder, f"x.{end}") for end in ("dot", "svg", "png"))
        for file in (dot, svg, png):
            refheap("graph", "leaf", "-o", file)
        with open(dot, encoding="utf-8") as stream:
            picture = Picture(stream.read())
        yield check_svg(svg, len(picture.boxes), len(picture.edges))
        yield check_png(png)


def main():
    names = build()
    ours, theirs = known(names)
    counts = counts_of(theirs)
    del counts["names"]
    back, refs = objgraph.show_backrefs, objgraph.show_refs
    cases = [
        ("back references", back, "leaf", ["leaf"], {}),
        ("back references, one step", back, "n", ["n", "--depth", "1"], {"max_depth": 1}),
        ("back references, five steps", back, "d", ["d", "--depth", "5"], {"max_depth": 5}),
        ("references", refs, "pair", ["--refs", "pair"], {}),
        ("references, two steps", refs, "d", ["--refs", "d", "--depth", "2"], {"max_depth": 2}),
        ("too many references", refs, "many", ["--refs", "many", "--depth", "1"],
         {"max_depth": 1}),
        ("fewer references", refs, "many", ["--refs", "many", "--depth", "1", "--max", "3"],
         {"max_depth": 1, "too_many": 3}),
    ]
    failed = 0
    for number, (title, show, path, words, options) in enumerate(cases, 1):
        faults = list(differences(our_picture(words, ours),
                                  their_picture(show, names[path], names, theirs, **options),
                                  counts))
        print(f"{'not ok' if faults else 'ok'} {number} - {title} as objgraph draws them")
        for fault in faults:
            print(f"#   {fault}")
        failed += bool(faults)
    faults = [fault for fault in render() if fault]
    print(f"{'not ok' if faults else 'ok'} {len(cases) + 1} - dot makes pictures of them")
    for fault in faults:
        print(f"#   {fault}")
    print(f"1..{len(cases) + 1}")
    sys.exit(bool(failed or faults))


main()
