# needs: module
## why: the shortest chain from each name, the nearest first
$ refheap type new Node left right; refheap set a '[[1, 2], "x"]'; refheap set d '{}'; refheap set 'd["k"]' 'a[0]'; refheap set n 'Node()'; refheap set n.left 'd'; refheap why 'a[0]' | sed 's/@[0-9a-f]*/@ID/'
name a: list @ID, 2 items
  [0]: list @ID, 2 items
name d: dict @ID, 1 item
  ["k"]: list @ID, 2 items
name n: Node @ID, 1 attribute
  .left: dict @ID, 1 item
    ["k"]: list @ID, 2 items
$ refheap why 'a[0]' --max 1 | sed 's/@[0-9a-f]*/@ID/'
name a: list @ID, 2 items
  [0]: list @ID, 2 items
... and further roots; --max shows more
$ refheap -j why 'a[0]'
json doc["refcount"] == 2 and not doc["disturbed"] and not doc["more"]
json [r["name"] for r in doc["roots"]] == ["a", "d", "n"]
json [s.get("edge") for s in doc["roots"][2]["chain"]] == [None, ".left", '["k"]']
json all(r["chain"][-1]["id"] == doc["id"] for r in doc["roots"])

## why: attributes of any name, keys of any kind, sets and tuples
$ refheap type new Any --dict; refheap set y 'Any()'; refheap set x '[]'; refheap set y.zap '({5: x}, {"a", "b"})'; refheap why x | sed 's/@[0-9a-f]*/@ID/'
name x: list @ID, 0 items
name y: Any @ID, 1 attribute
  .zap: tuple @ID, 2 items
    [0]: dict @ID, 1 item
      [5]: list @ID, 0 items

## why: sessions with their processes and frames
$ printf 'x = [[]]\nframe push\ny = x[0]\nwhy y\n' | refheap shell | sed 's/@[0-9a-f]*/@ID/'
session \d+, refheap, pid \d+, 1 reference, frame 1, since \d\d:\d\d:\d\d\.\d{3}: list @ID, 0 items (re)
session \d+, refheap, pid \d+, 1 reference, since \d\d:\d\d:\d\d\.\d{3}: list @ID, 1 item (re)
  [0]: list @ID, 0 items
$ printf 'x = [[]]\nframe push\ny = x[0]\nwhy y --json\n' | refheap shell --json >out; python3 -c 'import json; r = json.loads(open("out").read().splitlines()[-1])["roots"]; print([(x["root"], x["command"], x["count"], x["frame"], len(x["chain"])) for x in r])'
[('session', 'refheap', 1, 1, 1), ('session', 'refheap', 1, 0, 2)]

## why, graph: the text that a name is
$ refheap set some_name 1; refheap set other '["some_name"]'; refheap id '"some_name"' >id; refheap why "$(cat id)" | sed 's/@[0-9a-f]*/@ID/'
name some_name itself: str @ID, 'some_name'
name other: list @ID, 1 item
  [0]: str @ID, 'some_name'
$ refheap del other; refheap graph "$(cat id)" | sed 's/@[0-9a-f]*/@ID/'; refheap graph --chain "$(cat id)" | sed 's/@[0-9a-f]*/@ID/'
str [1] @ID, 'some_name'
  <- key: names
str [1] @ID, 'some_name'
  <- key: names
$ refheap -j why "$(cat id)"
json [(r["root"], r["name"], r["text"]) for r in doc["roots"]] == [("name", "some_name", True)]
$ root=$(refheap referrers "$(cat id)" -o id | tail -n 1); refheap graph --refs "$root" | sed 's/@[0-9a-f]*/@ID/'
names
  -> key: str [1] @ID, 'some_name'
  -> some_name: int [1] @ID, 1

## why: garbage, cycles, weak references
$ refheap set x '[]'; refheap append x x; refheap -j show x | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])' >id; refheap set w 'weakref(x)'; refheap del x; refheap why "$(cat id)"
nothing keeps it alive; a collection will find it
$ refheap gc collect >/dev/null; refheap why "$(cat id)" 2>&1 | grep -c 'the object is dead'
1
$ refheap why nothing
! refheap: there is no name 'nothing' in heap 'user.0'
= 1
$ refheap why
! refheap: 'why' needs more arguments: why PATH
= 2

## graph: what refers to an object
$ refheap type new Node left right; refheap set a '[[1, 2], "x"]'; refheap set n 'Node()'; refheap set n.left 'a[0]'; refheap set n.right 'a[0]'; refheap graph 'a[0]' | sed 's/@[0-9a-f]*/@ID/'
list [3] @ID, 2 items
  <- [0]: list [1] @ID, 2 items
    <- a: names
  <- .left and 1 more: Node [1] @ID, 2 attributes
    <- n: names
$ refheap graph --backrefs 'a[0]' --depth 1 --type Node,dict | sed 's/@[0-9a-f]*/@ID/'
list [3] @ID, 2 items
  <- .left and 1 more: Node [1] @ID, 2 attributes
$ refheap graph --max 1 'a[0]' | sed 's/@[0-9a-f]*/@ID/'
list [3] @ID, 2 items
  <- [0]: list [1] @ID, 2 items
    <- a: names
  <- 1 more backreferences
$ refheap graph --chain 'n.left' | sed 's/@[0-9a-f]*/@ID/'
list [3] @ID, 2 items
  <- [0]: list [1] @ID, 2 items
    <- a: names
$ refheap graph --refs n | sed 's/@[0-9a-f]*/@ID/'
Node [1] @ID, 2 attributes
  -> .left and 1 more: list [3] @ID, 2 items
    -> [0]: int [1] @ID, 1
    -> [1]: int [1] @ID, 2
$ refheap -j graph -c 'a[0]'
json [n["kind"] for n in doc["nodes"]] == ["object", "object", "names"]
json [(e["from"], e["to"], e["label"]) for e in doc["edges"]] == [(1, 0, "[0]"), (2, 1, "a")]
json doc["nodes"][0]["refcount"] == 3 and not doc["disturbed"]

## graph: a cycle is shown once
$ refheap set a '[]'; refheap append a a; refheap graph a | sed 's/@[0-9a-f]*/@ID/'
list [2] @ID, 1 item
  <- a: names
  <- [0]: list [2] @ID, 1 item (see above)

## graph: DOT as objgraph writes it, with processes as roots
$ refheap set a '[["q\"q"]]'; printf 'frame push\nq = a\ngraph a[0] -o x.dot\n' | refheap shell; sed 's/"@[0-9a-f]*"/"@ID"/; s/o[0-9]\+/oN/g; s/session [0-9]*/session N/; s/pid [0-9]*/pid N/; s/since [0-9:.]*/since T/; /cluster_legend/,$d' x.dot
Graph written to x.dot (4 nodes)
digraph ObjectGraph {
  node[shape=box, style=filled, fillcolor=white];
  oN[label="list [1]\n1 item", tooltip="@ID", fillcolor="0,0,1", fontcolor=red];
  oN[label="list [2]\n1 item", tooltip="@ID", fillcolor="0,0,0.766667"];
  root2[label="session N\nrefheap, pid N\n1 reference\nframe 1\nsince T", shape=ellipse, fillcolor="0.6,0.4,1"];
  names[label="names", fillcolor="0.3,1,0.533333"];
  oN -> oN [label="[0]",weight=2];
  root2 -> oN [style=bold];
  names -> oN [label="a",weight=2];
$ grep -c legend x.dot
11
$ printf 'frame push\nq = a\ngraph a --json\n' | refheap shell --json >out; python3 -c 'import json; d = json.loads(open("out").read().splitlines()[-1]); print(sorted((n["kind"], n.get("root"), n.get("command"), n.get("count"), n.get("frame"), n.get("pid", 0) > 0, n.get("since_ns", 0) > 0) for n in d["nodes"]))'
[('names', None, None, None, None, False, False), ('object', None, None, None, None, False, False), ('root', 'session', 'refheap', 1, 1, True, True)]
$ refheap graph --refs 'a[0]' -o x.dot; grep -c 'label="str \[1\]\\n.q\\"q.", ' x.dot
Graph written to x.dot (2 nodes)
1
$ refheap set b '[1, 2, 3]'; refheap graph -r b -m 1 -o x.dot; grep 'too_many' x.dot
Graph written to x.dot (3 nodes)
  too_many_2[label="2 more references", height=0.25, fontsize=6, color=red, fillcolor="0,1,0.766667", fontcolor=white];
  o\d+ -> too_many_2 \[color=red,style=dotted,len=0.25,weight=10\]; (re)

## graph: SVG and PNG through dot
$ refheap set a '[]'; mkdir bin empty; printf '#!/bin/sh\nprintf "%%s %%s %%s\\n" "$@"\nexec cat >"$3"\n' >bin/dot; chmod +x bin/dot; PATH=$PWD/bin:$PATH refheap graph -o x.svg a; head -n 1 x.svg; PATH=$PWD/bin:$PATH refheap graph -o x.png a
-Tsvg -o x.svg
Graph written to x.svg (2 nodes)
digraph ObjectGraph {
-Tpng -o x.png
Graph written to x.png (2 nodes)
$ program=$(command -v refheap); PATH=$PWD/empty "$program" graph -o x.svg a
! refheap: 'dot' is not installed; it is in the package graphviz, and FILE.dot needs none
= 1
$ printf '#!/bin/sh\nexit 1\n' >bin/dot; PATH=$PWD/bin:$PATH refheap graph -o x.svg a
! refheap: 'dot' could not make 'x.svg'
= 1
$ refheap graph -o x.gif a
! refheap: 'x.gif' does not end with .dot, .svg or .png
= 2
$ refheap graph -o no/x.dot a
! refheap: cannot write 'no/x.dot': No such file or directory
= 1
$ refheap graph --refs --chain a
! refheap: --backrefs, --refs and --chain exclude each other
= 2
$ refheap graph --depth x a
! refheap: --depth needs a number, not 'x'
= 2

## never wrong while four processes change the heap
$ cat >check.py <<'END'
> import json, subprocess, sys, time
> disturbed = runs = 0
> end = time.monotonic() + 60
> while runs < 4 or not disturbed and time.monotonic() < end:
>     if runs > 3:  # a fast machine is through before another process gets its turn
>         more = "".join(f"set more{runs}_{i} [{'[],' * 10000}0]\n" for i in range(8))
>         subprocess.run(["refheap", "--batch", "-"], input=more, text=True, check=True)
>     done = subprocess.run(["refheap", "-j", "why", "--max", "30", 'd["k"]'], capture_output=True, text=True)
>     doc = json.loads(done.stdout)
>     roots = [(r.get("name", r["root"]), *(s.get("edge") for s in r["chain"])) for r in doc["roots"]]
>     must = {("d", None, '["k"]'), ("n", None, "[0]", '["k"]')}
>     may = {(f"w{i}", None, "[2]", '["k"]') for i in range(1, 5)} | {("session", None, '["k"]'),
>           ("session", None, "[2]", '["k"]'), ("heap", None, '["k"]'), ("heap", None, "[2]", '["k"]')}
>     if must - set(roots) or set(roots) - must - may or doc["refcount"] != 1:
>         sys.exit(f"wrong: {done.stdout}")
>     if doc["disturbed"] != ("the heap changed meanwhile" in done.stderr):
>         sys.exit(f"not said: {done.stderr}")
>     disturbed += doc["disturbed"]
>     runs += 1
> print("disturbed" if disturbed else "never disturbed")
> END
$ refheap set d '{"k": []}'; refheap set n '[d]'; for i in 1 2 3 4; do printf 'set big%d [' $i; yes '[],' | head -n 10000 | tr -d '\n'; printf '0]\n'; done >big; refheap --batch big; pids=; for i in 1 2 3 4; do yes "set w$i [1,[2],d]" | refheap shell >/dev/null & pids="$pids $!"; done; python3 check.py; kill $pids; wait; refheap verify
disturbed
ok
