# needs: module
## a heap comes back with what names keep
$ refheap set a '[1, "a text", (2.5, None, True), b"x", bytearray(b"yy")]'; refheap append a a
$ refheap set b '{"x": a, 1: {1, (2, 3)}}'
$ refheap dump f
[0-9]+ objects saved (re)
$ refheap restore f copy; refheap --heap copy verify; refheap --heap copy list -o name,refcount,value
heap copy: 2 names
ok
NAME REFCOUNT VALUE
a           3 [1, 'a text', (2.5, None, True), b'x', bytearray(b'yy'), ...]
b           1 {'x': [1, 'a text', (...), b'x', bytearray(b'yy'), ...], 1: {1, (...)}}
$ refheap --heap copy is a 'b["x"]'; refheap heap del copy
True

## types, attributes, weak references and weak containers
$ refheap type new Node x y; refheap type new Sub z --base Node; refheap type new Open --dict
$ refheap set n 'Node(x=1)'; refheap set s 'Sub(x=n, z=2)'; refheap set o 'Open(k=n)'
$ refheap weakref n --name w >/dev/null; refheap set d 'weakref(n)'; refheap set v 'weakvaluedict({"k": n})'
$ refheap set k 'weakkeydict({n: 1})'; refheap set m 'weakset({n, s})'
$ refheap dump f >/dev/null; refheap restore f copy2
heap copy2: 8 names
$ refheap --heap copy2 list -o name,type,value
NAME TYPE          VALUE
n    Node          Node(x=1)
s    Sub           Sub(x=Node(x=1), z=2)
o    Open          Open(k=Node(x=1))
w    weakref       <weakref at @[0-9a-f]+; to 'Node' at @[0-9a-f]+> (re)
d    weakref       <weakref at @[0-9a-f]+; to 'Node' at @[0-9a-f]+> (re)
v    weakvaluedict weakvaluedict({'k': Node(x=1)})
k    weakkeydict   weakkeydict({Node(x=1): 1})
m    weakset       weakset({Node(x=1), Sub(x=Node(...), z=2)})
$ refheap --heap copy2 is w d; refheap --heap copy2 set n.q 1; refheap heap del copy2
True
! .* (re)

## a heap that is there is left alone
$ refheap set a 1; refheap dump f >/dev/null; refheap heap new there; refheap restore f there
! refheap: there is a heap 'there' already; 'refheap restore FILE NAME' gives it another name
= 1
$ refheap --heap there list; refheap heap del there

## a damaged file is refused and nothing is made
$ refheap set a '[1, 2]'; refheap dump f >/dev/null; head -c 200 f >g; refheap restore g bad
! refheap: cannot read 'g': it ends too early
= 1
$ cp f h; printf x | dd of=h bs=1 seek=300 conv=notrunc status=none; refheap restore h bad
! refheap: cannot read 'h': it is damaged: the checksum is another
= 1
$ (cat f; printf x) >i; refheap restore i bad; echo text >j; refheap restore j bad; refheap diff f j
! refheap: cannot read 'i': something follows its end
! refheap: cannot read 'j': it is not a saved heap
! refheap: cannot read 'j': it is not a saved heap
= 1
$ refheap -j restore /nothing bad
json err["error"]["code"] == "ENOENT"
= 1
$ refheap heap show bad
! refheap: there is no heap 'bad'
= 1

## Ctrl-C leaves no part of a heap behind
$ for n in 4 16 48; do seq $n | sed 's/.*/set a& list(range(60000))/' | refheap -b -; refheap dump f >/dev/null; refheap restore f half >out 2>&1 & j=$!; await refheap heap show half; kill -INT $j 2>/dev/null; wait $j; test $? = 1 && break; refheap heap del half; done; cat out; refheap heap show half
refheap: cannot make heap 'half' of 'f': a signal or a change of the heap interrupted the call
! refheap: there is no heap 'half'
= 1

## nor does what ends a process
$ for s in TERM HUP; do for n in 16 48; do seq $n | sed 's/.*/set a& list(range(60000))/' | refheap -b -; refheap dump f >/dev/null; refheap restore f half >/dev/null 2>&1 & j=$!; await refheap heap show half; kill -$s $j 2>/dev/null; wait $j 2>/dev/null; e=$?; test $e -gt 128 && break; refheap heap del half; done; echo $((e - 128)); refheap heap show half; done
15
! refheap: there is no heap 'half'
1
! refheap: there is no heap 'half'
= 1

## names that no heap can have are none of a saved one
$ refheap set a '[1, 2]'; refheap dump f >/dev/null; python3 - <<'END'
> from saved import sealed
> data = bytearray(open("f", "rb").read())
> for i, name in enumerate((b"../up", b"\x1b[2J", b"", b"-x", b"fine-1")):
>     data[72:136] = name.ljust(64, b"\0")
>     open(f"g{i}", "wb").write(sealed(bytes(data)))
> END
$ for i in 0 1 2 3 4; do refheap -D g$i show a; done
! refheap: cannot read 'g0': the name of the heap is none
! refheap: cannot read 'g1': the name of the heap is none
! refheap: cannot read 'g2': the name of the heap is none
! refheap: cannot read 'g3': the name of the heap is none
[1, 2]

## through a pipe
$ refheap set a '[1, 2]'; refheap dump - | refheap restore - piped; refheap --heap piped show a; refheap heap del piped
heap piped: 1 name
[1, 2]

## a file that cannot be written is not begun
$ refheap dump /nowhere/f
! refheap: cannot write '/nowhere/f': No such file or directory
= 1

## two of them compared, and one with the heap as it is
$ refheap set a '["a first text"]'; refheap dump f >/dev/null; refheap set b '["a second text", []]'; refheap del a
$ refheap dump g >/dev/null; refheap diff f g
str: size=108 B (+36 B), count=3 (+1), average=36 B
list: size=56 B (+20 B), count=2 (+1), average=28 B
Total: size=264 B (+56 B), count=6 (+2), average=44 B
gone name 'a' (list)
new name 'b' (list)
$ refheap diff f >one; refheap diff f g >two; cmp one two && refheap diff f f
Total: size=.* B \(\+0 B\), count=[0-9]+ \(\+0\), average=[0-9]+ B (re)
$ refheap -j diff f g
json doc["new"][0]["name"] == "b" and doc["gone"][0]["type"] == "list" and [t for t in doc["types"] if t["type"] == "list"][0]["count_diff"] == 1

## a type with more slots than a message has room for, and one that refines it
$ refheap type new Wide $(seq -f 'a_name_for_a_slot_%g' 900); refheap type new More z --base Wide; refheap set w 'More(z=1)'; refheap set w.a_name_for_a_slot_900 2
$ refheap dump f >/dev/null; refheap restore f wide >/dev/null; refheap --heap wide show w; refheap -D f show w; refheap heap del wide
More(a_name_for_a_slot_900=2, z=1)
More(a_name_for_a_slot_900=2, z=1)

## a pipe is written to, and stays one
$ refheap set a '[]'; mkfifo p; cat p >f & refheap dump p >/dev/null; wait; test -p p && refheap -D f show a
[]
