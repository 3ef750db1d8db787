# needs: module
## of itself, with what it reaches, and with what goes with it
$ refheap set a '["shared text of some length"]'; refheap set b '[a, 1, 2]'
$ refheap sizeof b; refheap sizeof b --deep; refheap sizeof b --retained
52
212
52
$ refheap sizeof b -dr
size      52
deep      212
retained  52
$ refheap -j sizeof b -d
json doc["size"] == 52 and doc["deep"] == 212 and "retained" not in doc
$ refheap del a; refheap sizeof b --retained
140

## each once, also in cycles and when shared
$ refheap set a '[]'; refheap append a a; refheap append a '["text of mine"]'; refheap append a 'a[1]'
$ refheap sizeof a -d; refheap sizeof a -r; refheap sizeof 'a[1]' -r
124
124
72

## whatever was made first, what is reached is counted once
$ cat >deep.py <<'END'
> import json, random, subprocess
> def run(*words):
>     return subprocess.run(["refheap", *words], capture_output=True, text=True, check=True).stdout
> random.seed(7)
> lines = [f"set n{i} [[{i}, \"text {i}\"]]" for i in range(40)]
> lines.append("set long [" + "[]," * 9000 + "n39]")
> for _ in range(60):
>     to = random.choice(["long"] + [f"n{i}" for i in range(40)])
>     lines.append(f"append n{random.randrange(40)} {to}")
> lines += ["append long n0", "append long n1"]
> subprocess.run(["refheap", "--batch", "-"], input="\n".join(lines), text=True, check=True)
> for name in ["long"] + [f"n{i}" for i in range(40)]:
>     alone, both = (json.loads(run("-j", "sizeof", name, way)) for way in ("-d", "-dr"))
>     if alone["deep"] != both["deep"] or alone["size"] != both["size"]:
>         print(name, alone, both)
> END
$ python3 deep.py

## weak references reach and retain nothing
$ refheap set a '["a text of this object"]'; refheap weakref a --name w
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
$ refheap sizeof w; refheap sizeof w -d; refheap sizeof w -r
84
84
84

## what is held by the shell is not retained by what refers to it
$ refheap shell <<'END'
> a = ["a text of this object"]
> b = [a]
> sizeof b --retained
> del a
> sizeof b --retained
> END
36
124

## slots cost less than dicts
$ refheap type new Slotted x y z; refheap type new Backed --dict
$ refheap set s 'Slotted(x=1, y=2, z=3)'; refheap set b 'Backed(x=1, y=2, z=3)'
$ refheap sizeof s; refheap sizeof b
52
100

## what retains most, and the way to it
$ refheap type new Node next
$ refheap set n 'Node(next={"k": [1, (2, "a text of this object")]})'
$ refheap retained --top 3 -o type,retained,objects,path
TYPE RETAINED OBJECTS PATH
Node .* n (re)
dict .* n.next (re)
list .* n.next\["k"\] (re)
$ refheap -j retained --top 1
json doc[0]["path"] == "n" and doc[0]["type"] == "Node" and doc[0]["objects"] == 5

## what no name leads to begins with an id
$ refheap shell <<'END'
> a = [["a text of this object"]]
> retained --top 2 -o path
> END
PATH
@[0-9a-f]+ (re)
@[0-9a-f]+\[0\] (re)

## wrong words
$ refheap retained --top x
! refheap: --top needs a number, not 'x'
= 2
$ refheap sizeof none --deep
! .* (re)
= 1
