# needs: module
## what a frame took is dropped with it
$ refheap shell <<'END'
> a = [1]
> frame push
> b = [2]
> c = a
> refcount a
> weakref b --name w
> frame push
> d = [3]
> frame show
> sessions -o frames
> frame pop
> vars -o name,frame
> frame pop
> vars -o name,frame
> refcount a
> END
2
<weakref at @.*; to 'list' at @.*> (re)
FRAME VARIABLES
    0 a
    1 b, c, w
    2 d
FRAMES
     2
NAME FRAME
a        0
b        1
c        1
w        1
NAME FRAME
a        0
1
$ refheap verify
ok

## what is handed out outlives the frame
$ refheap shell <<'END'
> frame push
> frame push
> result = {"answer": 42}
> frame hand-out result
> frame pop
> show result
> frame hand-out result
> frame pop
> frame
> show result
> END
{'answer': 42}
FRAME VARIABLES
    0 result
{'answer': 42}
$ printf 'frame push\nx = []\nframe hand-out x\nframe pop\n' | refheap -j shell
json [d["frames"] for d in docs if "frames" in d] == [1, 1, 0]

## a reference of an outer frame may be given back in an inner one
$ refheap shell <<'END'
> a = []
> frame push
> b = a
> del a
> frame pop
> vars -o name
> refcount b
> del b
> heap show -o names
> END
NAME
b
1
names 0
$ refheap verify
ok

## of several variables of one object the one that was named is handed out
$ refheap shell <<'END'
> frame push
> x = []
> y = x
> frame hand-out y
> frame pop
> vars -o name
> refcount y
> frame push
> z = y
> frame hand-out y
> END
NAME
y
1
! <stdin>:10: 'y' is no variable's of the topmost frame
= 1

## values that a frame stored elsewhere live on
$ refheap shell <<'END'
> frame push
> x = [1]
> set kept x
> frame pop
> refcount kept
> show kept
> END
1
[1]

## callbacks of a frame end with it
$ refheap shell <<'END'
> a = []
> frame push
> weakref a --callback
> frame pop
> del a
> echo quiet
> END
<weakref at @.*; to 'list' at @.*> (re)
quiet

## frames that are not there are refused
$ echo 'frame pop' | refheap shell
! <stdin>:1: there is no frame
= 1
$ printf 'a = []\nframe push\nframe hand-out a\n' | refheap shell
! <stdin>:3: 'a' is no variable's of the topmost frame
= 1
$ refheap frame push
! refheap: 'refheap' has no command 'frame'.* (re)
= 2
$ printf 'frame pushh\n' | refheap shell
! <stdin>:1: 'frame' has no command 'pushh'; did you mean 'push'?
= 2
