# needs: module
## a finalizer runs once, before the object goes
$ refheap shell <<'END'
> type new File name --finalizer
> finalizer print "closing" it.name
> f = File(name="log")
> set g File(name="other")
> f = 5
> echo then
> del g
> END
finalize: File\(name='log'\) \(@.*\) (re)
closing log
then
finalize: File\(name='other'\) \(@.*\) (re)
closing other
$ refheap -j gc | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["finalized"], d["skipped"], d["finalizers_pending"])'; refheap type show File -o finalizer,legacy; refheap verify
2 0 0
finalizer yes
legacy    no
ok

## the one who is finalized can be brought back, once
$ refheap shell <<'END'
> type new File name --finalizer
> finalizer set saved it
> f = File(name="log")
> del f
> show saved
> finalizer
> del saved
> echo gone
> list
> END
finalize: File\(name='log'\) \(@.*\) (re)
File(name='log')
gone
$ refheap types -o name,objects | grep File; refheap verify
File +0 (re)
ok

## all finalizers of a cycle run, and it is freed
$ refheap shell <<'END'
> type new Node name other --finalizer
> a = Node(name="a")
> b = Node(name="b", other=a)
> a.other = b
> weakref a --name w
> del a
> del b
> gc collect
> show w
> END
<weakref at @.*; to 'Node' at @.*> (re)
finalize: Node\(name='.', other=Node\(name='.', other=Node\(...\)\)\) \(@.*\) (re)
finalize: Node\(name='.', other=Node\(name='.', other=Node\(...\)\)\) \(@.*\) (re)
2
<weakref at @.*; dead> (re)

## what is brought back from a cycle is not counted as collected
$ refheap shell <<'END'
> type new Node name other --finalizer
> a = Node(name="a")
> a.other = a
> finalizer x = it
> del a
> gc collect
> show x
> END
finalize: Node\(name='a', other=Node\(...\)\) \(@.*\) (re)
0
Node(name='a', other=Node(...))

## a legacy finalizer keeps its cycle, in garbage
$ refheap shell <<'END'
> type new Old other --legacy
> a = Old()
> a.other = [a]
> del a
> gc collect
> gc garbage -o type
> gc garbage --clear
> END
2
TYPE
Old
1

## leaving the shell runs the finalizers of what its variables held
$ printf 'type new File name --finalizer\nfinalizer print "closing" it.name\nf = File(name="log")\ng = [f]\ndel f\necho leaving\n' | refheap shell; refheap gc show -o skipped
leaving
finalize: File\(name='log'\) \(@.*\) (re)
closing log
skipped 0

## finalizers as JSON
$ printf 'type new File name --finalizer\nf = File(name="log")\ndel f\n' | refheap -j shell
json docs[-1]["event"] == "finalize" and docs[-1]["object"]["type"] == "File" and docs[-1]["adopted"] is False

## when its session is gone it is skipped, and counted
$ refheap type new File name --finalizer; refheap set f 'File(name="log")'; refheap del f; refheap gc show -o skipped,finalizers_pending
skipped            1
finalizers_pending 0

## an adopter runs it
$ refheap type new File name --finalizer; refheap set f 'File(name="log")'; refheap set saved '[]'; refheap adopt --run 'append saved it.name' --count 1 >told & j1=$!; await watches $j1; refheap del f; wait $j1; cat told; refheap show saved; refheap gc show -o skipped
finalize: File\(name='log'\) \(@.*\) of a session that is gone (re)
['log']
skipped 0
$ printf 'adopt\nset f File(name="in the shell")\ndel f\nadopt --off\n' | refheap shell; refheap adopt --wait 0.1
finalize: File\(name='in the shell'\) \(@.*\) (re)

## the finalizer of a process that is killed meanwhile holds up nobody
$ refheap type new File name --finalizer; mkfifo f; refheap shell <f >/dev/null & j1=$!; exec 3>f; printf 'events --pause\nset f File(name="log")\nset w weakref(f)\ndel f\nset ready 1\n' >&3; await refheap get ready; refheap gc collect --wait 0.2; refheap -j gc collect --wait 0; kill -9 $j1; wait $j1 2>/dev/null; await closed; refheap gc collect; refheap gc show -o finalizers_pending; refheap verify
0
{"generation":2,"unreachable":0,"collected":0,"uncollectable":0,"pending":1}
0
finalizers_pending 0
ok
! refheap: 1 finalizer has not ended; what waits for that is not freed
