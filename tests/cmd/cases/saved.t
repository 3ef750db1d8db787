# needs: module
## what looks at objects says the same of a saved heap
$ refheap type new Node left right; refheap type new Open --dict; refheap type new Sub more --base Node
$ refheap set a '[1, "a text", (2.5, None, True), b"x", bytearray(b"yy"), -7, {}]'; refheap append a a
$ refheap set b '{"x": a, 1: {1, (2, 3)}, (1, "k"): "tuple", True: "one"}'; refheap set n 'Node(left=a)'
$ refheap set o 'Open(k=n, other="v")'; refheap set s 'Sub(left=n, more=o)'; refheap set w 'weakref(n)'
$ refheap set v 'weakvaluedict({"k": n})'; refheap set k 'weakkeydict({n: 1})'; refheap set m 'weakset({n, s})'
$ refheap set long '"ab" * 5000'; refheap set many 'list(range(9000))'; refheap gc collect >/dev/null
$ refheap set "cycle" '[[]]'; refheap append 'cycle[0]' cycle; refheap del cycle; refheap dump f >/dev/null
$ cat >commands <<'END'
> list -o +size
> show a
> show b
> get long
> show s
> show k
> show m --json
> get many[-1]
> show b[1]
> show b["x"][0]
> show o.k.left[2]
> show s.left
> len many
> view a[1] 2 4
> view a[3]
> view a[4] --json
> view a[0]
> view a
> id a
> refcount n
> refcount a
> is a b["x"]
> is-tracked a
> is-tracked long
> referents b
> referrers n -o +kind,length,weakrefs
> referrers a -o id,type,value,edges
> referrers n --type Open
> gc objects -o +kind,garbage,length,weakrefs,edges
> gc objects --generation 2 --kind list
> types
> types --all
> types --top 3
> type show Sub
> sizeof a
> sizeof s --deep --retained
> retained
> retained --top 3 --json
> why n
> why a --json
> graph n
> graph --refs s
> graph s -o s.dot
> graph --chain a
> graph a --json
> alive n
> deref w
> show nothing
> show a[99]
> show b["none"]
> show n.right
> show n.none
> show a.none
> show a["k"]
> show @fffffff00001
> show @100000002
> len a[0]
> END
$ refheap -b commands -k 2>&1 | tr -s ' ' >live; refheap -D f -b commands -k 2>&1 | tr -s ' ' >saved; cmp live saved && tail -n 3 live
commands:55: '@fffffff00001': there is no such object
'left'
commands:57: 'a[0]': this kind of object cannot do that
$ refheap weakrefs n | sort >live; refheap -D f weakrefs n | sort >saved; cmp live saved; wc -l <live
5

## growth, comparing, and saving it again
$ refheap set a '[1, 2]'; refheap dump f >/dev/null; refheap set b '["a text", []]'; refheap dump g >/dev/null
$ refheap -D f growth --since state >/dev/null; refheap -D g growth --since state
list        3        +2
str         3        +2
$ refheap diff f >one; refheap -D g diff f >two; cmp one two; refheap -D f dump h; cmp f h || refheap diff f h
[0-9]+ objects saved (re)
.* (re)
Total: .*\(\+0 B\).*\(\+0\).* (re)
$ refheap -D g growth --mark ids; refheap -D g growth --new ids | wc -l
0

## from the shell
$ refheap set a '[1, [2, 3]]'; refheap dump f >/dev/null; refheap del a; printf 'x = a[1]\nrefcount x\nrefcount a\nx[0] = 5\n' | refheap -D f shell
2
1
! <stdin>:4: .*a saved heap can be looked at, but not changed (re)
= 1
$ printf 'vars -o name,refcount,value\nprint a\nlen a\nset a 2\n' | refheap -D f shell -k
[1, [2, 3]]
2
! <stdin>:4: 'set' is for heaps in the kernel: a saved one is objects, names and types, to be looked at
= 1

## who held an object then is not saved, but that somebody did
$ printf 'x = [[5]]\ny = x[0]\ndump f\nid x\nid y\n' | refheap shell >out; refheap -D f why "$(tail -n 1 out)" | sed 's/@[0-9a-f]*/@ID/'
whoever held it when the heap was saved: list @ID, 1 item
whoever held it when the heap was saved: list @ID, 1 item
  [0]: list @ID, 1 item
$ refheap -D f -j why "$(tail -n 1 out)"
json [r["root"] for r in doc["roots"]] == ["saved", "saved"]
$ refheap -D f graph "$(tail -n 1 out)" --depth 1 | sed 's/@[0-9a-f]*/@ID/'
list [2] @ID, 1 item
  <- whoever held it when the heap was saved
  <- [0]: list [1] @ID, 1 item

## what is no saved heap, and a heap besides
$ echo text >f; refheap -D f list; refheap -D /nothing list; refheap -D f -H x list
! refheap: cannot read 'f': it is not a saved heap
! refheap: cannot open '/nothing': No such file or directory
! refheap: --heap and --dump exclude each other
= 2
