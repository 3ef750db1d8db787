# needs: module
## every kind of literal comes back as Python's repr
$ refheap set a None; refheap show a
None
$ refheap set a True; refheap show a
True
$ refheap set a -9223372036854775808; refheap show a
-9223372036854775808
$ refheap set a 0x10; refheap show a
16
$ for x in 1.5 1e6 1e16 1e-5 0.0001 3.0 -0.0 0.1; do refheap set a $x; refheap show a; done
1.5
1000000.0
1e+16
1e-05
0.0001
3.0
-0.0
0.1
$ refheap set a '"text"'; refheap show a
'text'
$ refheap set a '"it'"'"'s\n\x41\u00e9"'; refheap show a
"it's\nAé"
$ refheap set a 'b"a\x00\xff"'; refheap show a
b'a\x00\xff'
$ refheap set a 'bytearray(3)'; refheap show a
bytearray(b'\x00\x00\x00')
$ refheap set a 'bytearray(b"ab")'; refheap show a
bytearray(b'ab')
$ refheap set a '()'; refheap show a
()
$ refheap set a '(1,)'; refheap show a
(1,)
$ refheap set a '(1)'; refheap show a
1
$ refheap set a '[1, [2, (3, 4)], {"k": {5}}]'; refheap show a
[1, [2, (3, 4)], {'k': {5}}]
$ refheap set a '{}'; refheap show a
{}
$ refheap set a 'set()'; refheap show a
set()

## get prints text as it is
$ refheap set a '"two words"'; refheap get a
two words
$ refheap set a 'b"raw"'; refheap get a
raw
$ refheap set a '[1, "x", [2]]'; refheap get a
[1, 'x', [...]]

## new makes every kind
$ refheap new i int 5; refheap new f float 2; refheap new s str hello world
! refheap: 'new NAME str' takes one value
= 2
$ refheap new s str 'hello world'; refheap new b bytes 'b"\x01"'; refheap new ba bytearray 2
$ refheap new t tuple 1 2; refheap new l list i '"x"'; refheap new d dict k=1 m=l; refheap new e set 1 1
$ for x in i f s b ba t l d e; do refheap show $x; done
5
2.0
'hello world'
b'\x01'
bytearray(b'\x00\x00')
(1, 2)
[5, 'x']
{'k': 1, 'm': [5, 'x']}
{1}
$ refheap type new Point x y; refheap new p Point x=1 y=l; refheap show p
Point(x=1, y=[5, 'x'])

## paths reach names, attributes, items and keys
$ refheap type new Node name parent children
$ refheap set a 'Node(name="a", children=[10, 20, 30])'
$ refheap set b 'Node(name="b", parent=a)'
$ refheap get b.parent.name
a
$ refheap get b.parent.children[-1]
30
$ refheap set d '{"key": a, 5: "five"}'
$ refheap get 'd["key"].name'
a
$ refheap get 'd[5]'
five
$ refheap get "$(refheap -j show a | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])').name"
a
$ refheap set 'd["new"]' '(1,)'; refheap set 'b.parent.children[0]' 11; refheap set b.name '"B"'
$ refheap show d
{'key': Node(name='a', children=[11, 20, 30]), 5: 'five', 'new': (1,)}
$ refheap del 'd["key"]'; refheap del 'a.children[0]'; refheap del b.name
$ refheap show d; refheap show b
{5: 'five', 'new': (1,)}
Node(parent=Node(name='a', children=[20, 30]))

## what is missing is named, and nothing changes
$ refheap set d '{"k": [1]}'; refheap type new Point x
$ refheap set p 'Point(x=1)'
$ refheap get nothing
! refheap: there is no name 'nothing' in heap 'user.0'
= 1
$ refheap get 'd["m"]'
! refheap: 'd["m"]': there is no such key or member
= 1
$ refheap get 'd["k"][1]'
! refheap: 'd["k"][1]': the index is out of range
= 1
$ refheap get p.y
! refheap: 'p.y': there is no such attribute
= 1
$ refheap set p.y 5
! refheap: 'p.y': there is no such attribute
= 1
$ refheap set q 'Point(y=1)'
! refheap: that type has no attribute 'y'
= 1
$ refheap set q 'Nothing()'
! refheap: there is no type 'Nothing'
= 1
$ refheap set q '[1, nothing]'
! refheap: there is no name 'nothing' in heap 'user.0'
= 1
$ refheap set q '{[]: 1}'
! refheap: a key of the dict cannot be hashed
= 1
$ refheap set q '{[1]}'
! refheap: a member of the set cannot be hashed
= 1
$ refheap append d 5
! refheap: 'd': this kind of object cannot do that
= 1
$ refheap get @7fffffff
! refheap: '@7fffffff': there is no such object
= 1
$ refheap -j get nothing
json err["error"]["code"] == "ENOKEY"
= 1
$ refheap list -o name
NAME
d
p

## an id of a dead object is stale, never another object
$ refheap set a '[]'; refheap -j show a | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])' >id; refheap del a
$ refheap set b '[]'; refheap get "$(cat id)" 2>&1 | grep -c 'the object is dead'
1

## lists behave as Python's
$ refheap set l '[]'; refheap append l 1; refheap append l '"two"'; refheap insert l 0 0; refheap insert l 99 3; refheap show l
[0, 1, 'two', 3]
$ refheap pop l; refheap pop l 0; refheap pop l -1; refheap show l
3
0
'two'
[1]
$ refheap extend l [2, l, '"x"']; refheap extend l '()'; refheap show l; refheap len l
[1, 2, [...], 'x']
4
$ refheap -j extend l '(3, 4)'; refheap show l
{"path":"l"}
[1, 2, [...], 'x', 3, 4]
$ refheap extend l 5
! refheap: extend needs a list of values, such as [1, 2], not '5'
= 2
$ refheap set d '{}'; refheap extend d '[1]'
! refheap: 'd': this kind of object cannot do that
= 1
$ refheap extend l "[$(seq -s, 20000)]"
! refheap: 'l': there is more than fits into one call
= 1
$ refheap len l
6
$ refheap clear l; refheap show l
[]
$ refheap pop l
! refheap: 'l': the index is out of range
= 1

## dicts and sets behave as Python's
$ refheap set d '{"a": 1, "b": 2, "a": 3}'; refheap show d
{'a': 3, 'b': 2}
$ refheap pop d '"a"'; refheap pop d '"a"'
3
! refheap: 'd': there is no such key or member
= 1
$ refheap pop d
! refheap: 'd' is a dict: pop needs a key
= 2
$ refheap set s '{1}'; refheap append s 1; refheap append s 2; refheap -j show s
json sorted(x["value"] for x in doc["value"]) == [1, 2]
$ refheap clear d; refheap clear s; refheap show d; refheap show s
{}
set()

## show stops at circles, depth and items
$ refheap set a '[1]'; refheap append a a; refheap show a
[1, [...]]
$ refheap set d '{}'; refheap set 'd["d"]' d; refheap show d
{'d': {...}}
$ refheap set b '[[[[]]]]'; refheap show b --depth 2
[[[...]]]
$ refheap set c '[1, 2, 3]'; refheap show c -n 2
[1, 2, ...]
$ refheap -j show a
json doc["value"][1]["truncated"] and "value" not in doc["value"][1] and doc["value"][1]["id"] == doc["id"]
$ refheap -j show c -n 2
json doc["truncated"] and doc["length"] == 3 and len(doc["value"]) == 2

## show ends where there are more ways than anybody could wait for
$ refheap set a '[]'; for _ in $(seq 40); do refheap set b '[]'; refheap append b a; refheap append b a; refheap set a b; done
$ refheap show a --containers 4
[[[[[...], [...]], [...]], [...]], [...]]
$ refheap show a --depth 100 | tr -d '\n' | wc -c | awk '{ print ($1 < 200000) }'
1
$ refheap -j show a --depth 100 --containers 50
json doc["value"][1]["truncated"] and "value" not in doc["value"][1]
$ refheap -j show a --depth 100 | wc -c | awk '{ print ($1 < 4000000) }'
1
$ refheap show a --containers few
! refheap: --containers needs a number, not 'few'
= 2

## show as JSON
$ refheap type new Point x y; refheap set a '[None, True, 5, 1.5, "t", b"\xff", {"k": 1}, Point(x=1)]'
$ refheap -j show a
json [x["kind"] for x in doc["value"]] == ["none", "bool", "int", "float", "str", "bytes", "dict", "instance"] or [x["kind"] for x in doc["value"]][1:] == ["bool", "int", "float", "str", "bytes", "dict", "instance"]
json [x["value"] for x in doc["value"][:6]] == [None, True, 5, 1.5, "t", "ff"]
json doc["value"][6]["value"][0]["key"]["value"] == "k"
json doc["value"][7]["type"] == "Point" and doc["value"][7]["value"]["x"]["value"] == 1
$ refheap -jp show a | head -2
{
  "id": "@.*", (re)

## changes say in JSON what they changed
$ refheap -j set a '[1]'
json doc["path"] == "a" and re.fullmatch("@[0-9a-f]+", doc["id"])
$ refheap -j append a 2
json doc["path"] == "a"
$ refheap -j pop a
json doc["value"] == 2 and doc["kind"] == "int"
$ refheap -j clear a
json doc == {"path": "a"}
$ refheap -j del a
json doc == {"path": "a"}

## list shows the names, and counts without itself
$ refheap set a '[]'; refheap set b a; refheap set c '"text"'
$ refheap list -o name,type,refcount,value
NAME TYPE REFCOUNT VALUE
a    list        2 []
b    list        2 []
c    str         1 'text'
$ refheap -j list
json [x["name"] for x in doc] == ["a", "b", "c"] and doc[0]["id"] == doc[1]["id"] and doc[0]["size"] > 0
$ refheap list -o +size | head -1
NAME +ID +TYPE +REFCOUNT +VALUE +SIZE (re)
$ refheap list -o nothing
! refheap: there is no column 'nothing'; --columns help lists them
= 2
$ refheap list -o help | head -1
name                 the name

## refcount counts names, items and attributes
$ refheap set a '[]'; refheap refcount a
1
$ refheap set b a; refheap refcount a
2
$ refheap set c '[a, a]'; refheap refcount b
4
$ refheap del c; refheap del b; refheap refcount a
1
$ refheap -j refcount a
json doc["refcount"] == 1

## identity: small integers and identifiers are one object
$ refheap is 5 5; refheap is 300 300; refheap is '"name"' '"name"'; refheap is '()' '()'; refheap is '[]' '[]'
True
False
True
True
False
$ refheap set a '[]'; refheap set b a; refheap is a b; refheap -j is a b
True
{"is":true}

## what the collector looks at
$ refheap set l '[]'; refheap set d '{"k": 1}'; refheap set i 5; refheap set s '"x"'
$ for x in l d i s; do refheap is-tracked $x; done
True
False
False
False
$ refheap set 'd["l"]' l; refheap is-tracked d; refheap -j is-tracked d
True
{"tracked":true}

## referents and referrers
$ refheap set a '[1, "two"]'; refheap set b '[a, a]'
$ refheap referents a -o type,value
TYPE VALUE
int  1
str  'two'
$ refheap -j referrers a
json sorted((x["type"], x["edges"]) for x in doc) == [("dict", 1), ("list", 2)]
$ refheap referrers a --kind list -o type,edges
TYPE EDGES
list     2
$ refheap referents a --kind nothing
! refheap: there is no kind 'nothing'
= 2

## sizeof is what the object itself occupies
$ refheap set a '[]'; refheap set b '"'"$(printf 'x%.0s' {1..1000})"'"'
$ test "$(refheap sizeof b)" -gt 1000 && test "$(refheap sizeof a)" -lt 200 && echo fine
fine
$ refheap -j sizeof b
json doc["size"] > 1000

## what terminals obey is shown as Python shows it
$ refheap set a '"\x1b[2J\x9b2Jé\x7f"'; refheap show a; refheap list -o value; refheap get a | od -An -c | tr -s ' '
'\x1b[2J\x9b2Jé\x7f'
VALUE
'\x1b[2J\x9b2Jé\x7f'
 033 [ 2 J 302 233 2 J 303 251 177 \n

## a large value goes in and out whole
$ python3 -c 'print("set a", list(range(20000)))' | refheap -b -
$ refheap show a -n 100000 | python3 -c 'print(eval(input()) == list(range(20000)))'
True

## what is long is shortened in a listing, between two characters, and whole by itself
$ refheap set a 'bytearray(100000)'; refheap set b '"é" * 100'; refheap set c 'b"\x00" * 60'; refheap -j list
json [row["value"] for row in doc] == ["bytearray(b'" + "\\x00" * 60 + "'...)", "'" + "é" * 30 + "'...", "b'" + "\\x00" * 60 + "'"]
$ refheap list -o name,value | cut -c 1-40
NAME VALUE
a    bytearray(b'\x00\x00\x00\x00\x00\x0
b    'ééééééééééééééééé
c    b'\x00\x00\x00\x00\x00\x00\x00\x00\
$ refheap show b | wc -m; refheap len a
103
100000
