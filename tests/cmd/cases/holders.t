# needs: module
## holders are named with process, count, frame and time
$ refheap set a '[]'; mkfifo f; refheap shell <f >/dev/null & j1=$!; exec 3>f; printf 'x = a\ny = a\nframe push\nz = a\nset ready 1\n' >&3; await refheap get ready; refheap holders a -o command,uid,count,frame; refheap -j holders a; test "$(refheap -j holders a | python3 -c 'import json,sys; print(json.load(sys.stdin)[0]["pid"])')" = $! && echo its pid; exec 3>&-; wait $j1; refheap -j holders a
COMMAND UID COUNT FRAME
refheap   0     3     1
\[\{"session":\d+,"pid":\d+,"command":"refheap","uid":0,"count":3,"frame":1,"since":"\d\d:\d\d:\d\d\.\d{3}","age":[0-9.e-]+,"since_ns":\d+,"exported":false\}\] (re)
its pid
[]

## looking is not holding
$ refheap set a '[]'; refheap holders a; refheap -j holders a
[]
$ refheap holders @7fffffff
! refheap: '@7fffffff': there is no such object
= 1
$ refheap set a '[]'; refheap -j show a | python3 -c 'import json,sys; print(json.load(sys.stdin)["id"])' >id; refheap del a; refheap holders "$(cat id)" 2>&1 | grep -c 'the object is dead'
1
$ refheap holders nothing
! refheap: there is no name 'nothing' in heap 'user.0'
= 1

## an object goes to another program in a descriptor
$ refheap set job '{"n": 1}'; refheap set w 'weakref(job)'; refheap export job -- sh -c 'refheap del job; refheap deref w; refheap sessions -o held,exported | grep yes; refheap import again; refheap refcount again; echo $REFHEAP_FD'; refheap show again; refheap refcount again
{'n': 1}
   1 yes
2
\d+ (re)
{'n': 1}
1
$ refheap export again -- nonexistent
! refheap: cannot execute 'nonexistent': No such file or directory
= 1
$ refheap import x
! refheap: REFHEAP_FD is not set, and --fd not given
= 2
$ refheap import x --fd 0
! refheap: descriptor 0 holds no object
= 1
$ refheap heap new other 2>/dev/null; refheap -H other set a '[]'; refheap -H other export a -- refheap import x; refheap heap del other
! refheap: descriptor \d+ holds an object of another heap; choose it with --heap (re)
= 0

## sessions show frames and events
$ printf 'frame push\nframe push\nsessions -o command,frames,events\n' | refheap shell
COMMAND FRAMES EVENTS
refheap      2      0

## history names takes and drops, and the lines of a script
$ cat >work.rh <<'END'
> x = a
> y = [a]
> del y
> del x
> END
$ refheap set a '[]'; refheap history --on 16 a; refheap shell --sites work.rh; refheap history a -o change,refcount,site | grep work.rh
take          2 work.rh:1
take          3 work.rh:2
take          4 work.rh:2
drop          3 work.rh:2
drop          2 work.rh:3
drop          1 work.rh:4
$ refheap -j history a
json all(set(x) == {"number", "time", "time_ns", "change", "refcount", "session", "site"} for x in doc)
json [x["number"] for x in doc] == list(range(doc[0]["number"], doc[0]["number"] + len(doc)))

## history is bounded, and can be turned off
$ refheap set a '[]'; refheap history --on 4 a; for i in 1 2 3 4 5; do refheap refcount a >/dev/null; done; refheap -j history a | python3 -c 'import json,sys; d=json.load(sys.stdin); print(len(d) <= 4, d[-1]["number"] >= 10)'
True True
$ refheap history --off a; refheap history a
! refheap: no history of 'a' is kept; 'refheap history --on N a' does
= 1

## a look by id or by a variable leaves no trace
$ refheap shell <<'END'
> x = [1]
> history --on 8 x
> y = x
> history x -o change,refcount
> history x -o change,refcount
> END
CHANGE REFCOUNT
take          2
CHANGE REFCOUNT
take          2

## history of a type is kept from birth
$ refheap type new Node x; refheap history --on 8 --type Node; refheap set n 'Node()'; refheap -j history n
json doc[0]["number"] == 1 and {x["change"] for x in doc} == {"take", "drop"}
$ refheap history --off --type Node; refheap set m 'Node()'; refheap history m
! refheap: no history of 'm' is kept; 'refheap history --on N m' does
= 1
$ refheap history --on 8 --type Nothing
! refheap: there is no type 'Nothing'
= 1
