# needs: module
## growth since it was asked last, as objgraph prints it
$ export XDG_STATE_HOME=$PWD; refheap type new Node left; refheap growth >/dev/null; for i in 1 2 3; do refheap set n$i 'Node()'; done; refheap set x '[[[]]]'; refheap growth
str         5        +4
Node        3        +3
list        3        +3
$ XDG_STATE_HOME=$PWD refheap growth
$ export XDG_STATE_HOME=$PWD; refheap del n1; refheap growth; refheap set n1 'Node()'; refheap growth; refheap set n4 'Node()'; refheap -j growth
[{"name":"Node","total":4,"growth":1},{"name":"str","total":6,"growth":1}]
$ ls refheap
growth\.\d+\.user\.0 (re)

## types may have any name
$ refheap type new Odd_1; refheap dump f >/dev/null; refheap set x 'Odd_1()'; refheap dump g >/dev/null; cat >name.py <<'END'
> import sys
> from saved import sealed
> name = eval(sys.argv[1])
> for file in "fg":
>     data = open(file, "rb").read().replace(b"Odd_1", name, 1)
>     open(file + "2", "wb").write(sealed(data))
> END
$ for name in 'b"a\n\x1b b"' 'b"  a b"' 'b"\x27a\\\x22b"'; do rm -f since; python3 name.py "$name"; refheap -D f2 growth --since since >/dev/null; refheap -D g2 growth --since since; refheap -D f2 growth --since since; done
a?? b        1        +1
str          1        +1
  a b        1        +1
str          1        +1
'a\"b        1        +1
str          1        +1
$ rm -f since; refheap -D f2 growth --since since >/dev/null; refheap -D g2 -j growth --since since
json doc[0]["name"] == "'a\\\"b"

## growth since a file
$ refheap set a '[1.5]'; refheap growth --since f --top 1; refheap set b '[2.5]'; refheap growth --since f --top 2
dict        1        +1
float        2        +1
list         2        +1
$ echo damaged >f; refheap growth --since f
! refheap: 'f' is not what 'refheap growth' has written
= 1
$ refheap growth --since no/f >/dev/null
! refheap: cannot write 'no/f': No such file or directory
= 1
$ refheap growth --watch never
! refheap: --watch needs a number of seconds, not 'never'
= 2

## growth again and again
$ refheap set a '[]'; refheap growth --since f --watch 0.1 >out & j=$!; await lines out 5; kill $j; wait $j 2>/dev/null; head -n 5 out
\d\d:\d\d:\d\d\.\d{3} (re)
dict        1        +1
list        1        +1
str         1        +1
\d\d:\d\d:\d\d\.\d{3} (re)

## a heap that was made again begins anew
$ refheap heap new other 2>/dev/null; refheap -H other set a '[]'; refheap -H other growth --since f >one; refheap heap del other; refheap heap new other; refheap -H other set a '[]'; refheap -H other growth --since f | diff one - && echo same; refheap heap del other
same

## the most common types
$ refheap type new Node left; refheap set a '[Node(), Node(), Node(), [], []]'; refheap types --top 2 -o name,objects; refheap -j types --top 1 -o name,objects
NAME OBJECTS
Node       3
list       3
[{"name":"Node","objects":3}]

## objects that have come since a mark
$ refheap type new Node left; refheap set a '[[], []]'; refheap growth --mark m; refheap set b '[Node()]'; refheap del a; refheap set c '[]'; refheap -j growth --new m
json sorted((o["type"], o["refcount"]) for o in doc) == [("Node", 1), ("list", 1), ("list", 1), ("str", 1), ("str", 1)]
$ refheap growth --new m --type Node -o type,refcount
TYPE REFCOUNT
Node        1
$ refheap growth --mark m; refheap -j growth --new m
[]
$ refheap growth --mark no/m
! refheap: cannot write 'no/m': No such file or directory
= 1
$ echo damaged >m; refheap growth --new m
! refheap: 'm' is not what 'refheap growth --mark' has written
= 1
$ refheap growth --mark m; refheap heap new other 2>/dev/null; refheap -H other growth --new m; refheap heap del other
! refheap: 'm' is of another heap
