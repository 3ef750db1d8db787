# needs: module
## a weak reference does not keep its referent alive
$ refheap set a '[1]'; refheap set w 'weakref(a)'; refheap refcount a
1
$ refheap show w; refheap deref w; refheap alive w
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
[1]
True
$ refheap -j show w
json doc["kind"] == "weakref" and doc["value"]["kind"] == "list"
$ refheap list -o name,type,value
NAME TYPE    VALUE
a    list    [1]
w    weakref <weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
$ refheap del a; refheap show w; refheap deref w; refheap alive w
<weakref at @[0-9a-f]+; dead> (re)
None
False
$ refheap -j deref w; refheap -j alive w; refheap -j show w
json docs[0] == {"kind": "none", "value": None} and docs[1] == {"alive": False} and docs[2]["value"] is None

## the type of an instance is named
$ refheap type new Node x; refheap set n 'Node()'; refheap weakref n --name w
<weakref at @[0-9a-f]+; to 'Node' at @[0-9a-f]+> (re)
$ refheap -j weakref n
json doc["value"]["type"] == "Node" and doc["value"]["kind"] == "instance"

## deref is a value, and gives a reference
$ refheap shell <<'END'
> a = [1, 2]
> w = weakref(a)
> b = deref(w)
> is a b
> del a
> show b
> del b
> c = deref(w)
> print c [deref(w)]
> END
True
[1, 2]
None [None]

## the one without callback is shared, listed and counted
$ refheap set a '[]'; refheap set v 'weakref(a)'; refheap new w weakref a; refheap is v w; refheap refcount v
True
2
$ refheap weakrefs a -o refcount,callback
REFCOUNT CALLBACK
       2 no
$ refheap -j weakrefs a
json len(doc) == 1 and doc[0]["refcount"] == 2 and doc[0]["callback"] is False
$ refheap gc objects -K list -o weakrefs,type
WEAKREFS TYPE
       1 list
$ refheap gc objects -K weakref -o value
VALUE
to @[0-9a-f]+ (re)

## what cannot be weakly referenced is refused
$ refheap set t '(1, 2)'; refheap weakref t
! refheap: 't' cannot be weakly referenced
= 1
$ refheap set s '"text"'; refheap set w 'weakref(s)'
! refheap: 's' cannot be weakly referenced
= 1
$ refheap set a '[]'; refheap deref a
! refheap: 'a' is not a weak reference
= 1
$ refheap set w 'weakset({5})'
! refheap: what it would hold cannot be hashed or weakly referenced
= 1
$ refheap list -o name
NAME
t
s
a

## an id is alive until the object dies
$ refheap set a '[]'; refheap -j show a | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])' >id; refheap alive "$(cat id)"; refheap alive a; refheap del a; refheap alive "$(cat id)"; refheap alive @123400001234
True
True
False
False
$ refheap alive a
! refheap: there is no name 'a' in heap 'user.0'
= 1

## a callback comes after the line during which the object died, the newest first
$ refheap shell <<'END'
> a = [1]
> weakref a --callback --name first
> weakref a --callback --name second
> b = a
> del a
> echo still
> del b
> echo after
> show first
> END
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
still
callback: a \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)
callback: a \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)
after
<weakref at @[0-9a-f]+; dead> (re)
$ printf 'a = []\nb = {}\nx = [a]\nweakref a -c\nweakref b -c\nweakref x -c\ndel a\nset keep x\ndel x\ndel keep\n' | refheap -j shell
json [d["path"] for d in docs if d.get("event") == "callback"] == ["x", "a", "b"]

## nobody keeps it: the session does, until it is told
$ refheap shell <<'END'
> a = []
> weakref a --callback
> weakrefs a -o refcount,callback
> del a
> gc objects -K weakref -o type
> END
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
REFCOUNT CALLBACK
       1 yes
callback: a \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)
$ refheap verify
ok

## a weak reference that dies first tells nobody
$ refheap shell <<'END'
> a = []
> weakref a --callback --name w
> del w
> del a
> echo quiet
> END
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
quiet

## a callback of an object in a dead cycle comes with the collection
$ refheap shell <<'END'
> a = []
> append a a
> weakref a --callback
> del a
> gc collect
> END
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
callback: a \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)
1

## events can be left for later
$ refheap shell <<'END'
> events --pause
> a = []
> weakref a --callback
> del a
> sessions -o events
> events
> events --resume
> b = []
> weakref b --callback
> del b
> events --wait 0.1
> END
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
EVENTS
     1
callback: a \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
callback: b \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)

## who watches is told when another process is killed
$ mkfifo f; refheap shell <f >/dev/null & j1=$!; exec 3>f; printf 'x = {"n": 1}\nset job weakref(x)\n' >&3; await refheap deref job; refheap weakref 'deref(job)' --callback >told & j2=$!; await watches $j2; kill -9 $j1; wait $j1 2>/dev/null; wait $j2 && cat told; refheap deref job; refheap verify
<weakref at @[0-9a-f]+; to 'dict' at @[0-9a-f]+> (re)
callback: deref\(job\) \(@[0-9a-f]+\) is dead, says the weak reference @[0-9a-f]+ (re)
None
ok
$ refheap set a '[]'; refheap weakref a --callback --wait 0.1
<weakref at @[0-9a-f]+; to 'list' at @[0-9a-f]+> (re)
! refheap: 'a' is still alive
= 1

## entries of a weak-valued dict go with their values
$ refheap set a '[1]'; refheap new d weakvaluedict k=a; refheap show d; refheap get 'd["k"]'; refheap refcount a
weakvaluedict({'k': [1]})
[1]
1
$ refheap -j show d
json doc["kind"] == "weakvaluedict" and doc["length"] == 1 and doc["value"][0]["key"]["value"] == "k"
$ refheap del a; refheap show d; refheap get 'd["k"]'
weakvaluedict()
! refheap: 'd["k"]': there is no such key or member
= 1
$ refheap set b '[]'; refheap set 'd["m"]' b; refheap pop d '"m"'; refheap show d; refheap set 'd["n"]' 5
[]
weakvaluedict()
! refheap: 'd["n"]': this kind of object cannot do that
= 1

## entries of a weak-keyed dict go with their keys, also when the value leads there
$ refheap type new Node x; refheap set n 'Node()'; refheap set d 'weakkeydict({n: [n]})'; refheap show d
weakkeydict({Node(): [Node()]})
$ refheap del n; refheap gc collect >/dev/null; refheap show d; refheap verify
weakkeydict()
ok

## an entry of a weak-keyed dict is reached by the id of its key
$ refheap type new Node x; refheap set n 'Node(x=1)'; refheap new k weakkeydict; refheap id n >id; refheap set "k[$(cat id)]" '"one"'; refheap show k; refheap get "k[$(cat id)]"
weakkeydict({Node(x=1): 'one'})
one
$ refheap set "k[$(cat id)]" 2; refheap show k; refheap del "k[$(cat id)]"; refheap show k; refheap set "k[$(cat id)]" 3; refheap pop k n; refheap refcount n
weakkeydict({Node(x=1): 2})
weakkeydict()
3
1
$ refheap set l '[]'; refheap set w 'weakkeydict({l: 1})'
! refheap: what it would hold cannot be hashed or weakly referenced
= 1
$ refheap set "k[$(cat id)]" 4; refheap del n; refheap show k; refheap get "k[$(cat id)]"
weakkeydict()
! refheap: 'k[@100000004]': the object is dead
= 1

## members of a weak set go with what keeps them
$ refheap type new Node x; refheap set n 'Node(x=1)'; refheap set m 'Node(x=2)'; refheap set s 'weakset({n, m})'; refheap append s n; refheap -j show s
json sorted(x["value"]["x"]["value"] for x in doc["value"]) == [1, 2] and doc["kind"] == "weakset"
$ refheap del n; refheap show s; refheap del m; refheap show s
weakset({Node(x=2)})
weakset()
$ refheap new e weakset; refheap new k weakkeydict; refheap show e; refheap show k
weakset()
weakkeydict()
