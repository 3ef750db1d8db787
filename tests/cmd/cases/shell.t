# needs: module
## variables are references of the session
$ refheap shell <<'END'
> x = [1, 2]
> refcount x
> y = x
> refcount x
> is x y
> del y
> refcount x
> x = 5
> show x
> END
1
2
True
1
5

## variables die with the session, names do not
$ printf 'x = [1]\nset kept x\nrefcount x\n' | refheap shell; refheap refcount kept
2
1
$ printf 'y = [[], []]\n' | refheap shell; refheap heap show -o names,sessions
names    1
sessions 0

## a killed shell leaves nothing behind
$ refheap gc collect >/dev/null; refheap -j heap show | python3 -c 'import json,sys; print(json.load(sys.stdin)["objects"])' >before
$ mkfifo f; refheap shell <f & exec 3>f; echo 'x = [[], [], []]' >&3; await held 1; kill -9 $!; wait $! 2>/dev/null; await closed; refheap -j heap show | python3 -c 'import json,sys; print(json.load(sys.stdin)["objects"])' | diff - before && echo gone; refheap verify
gone
ok

## variables come before names, PATH = VALUE sets
$ refheap set x 1; refheap shell -k <<'END'
> x = 2
> get x
> del x
> get x
> a.b = 1
> d = {}
> d["k"] = [1]
> show d
> d["k"][0]=7
> show d
> END
2
1
{'k': [1]}
{'k': [7]}
! <stdin>:5: there is no name 'a' here or in heap 'user.0'
= 1

## echo, print, comments, blank lines
$ refheap shell <<'END'
> # a comment
> 
>   echo   two  blanks # kept
> x = "text"   # a comment
> print x "and" [x] 5
> print "a # is text"
> END
  two  blanks # kept
text and ['text'] 5
a # is text

## values with blanks need no quotes in brackets
$ printf 'x = [1, "two words", {"a b": (1, 2)}]\nshow x\nset n [1, 2]\nappend n "a b"\nshow n\n' | refheap shell
[1, 'two words', {'a b': (1, 2)}]
[1, 2, 'a b']

## a script stops at the first error, with its line
$ printf 'echo one\n\nnonsense\necho two\n' >s.rh; refheap shell s.rh
one
! s.rh:3: 'refheap' has no command 'nonsense'; see 'refheap help'
= 2
$ refheap shell -k s.rh
one
two
! s.rh:3: 'refheap' has no command 'nonsense'; see 'refheap help'
= 2
$ printf 'x = [1\n' | refheap -j shell
json err["error"]["line"] == 1 and err["error"]["file"] == "<stdin>"
= 2
$ refheap shell /nonexistent
! refheap: cannot read '/nonexistent': No such file or directory
= 2

## verbose scripts show their commands
$ printf 'x = []\necho hello\nrefcount x\n' | refheap shell -v
refheap> x = []
hello
refheap> refcount x
1

## vars and exit
$ printf 'x = [1]\ny = x\nvars -o name,type,refcount,value\nexit\necho no\n' | refheap shell
NAME TYPE REFCOUNT VALUE
x    list        2 [1]
y    list        2 [1]

## a batch works in one session
$ printf 'set a []\nappend a 5\nshow a\nx = 5\n' | refheap -b -
[5]
! <stdin>:4: 'refheap' has no command 'x'; see 'refheap help'
= 2

## the terminal: editing, history, completion
$ export XDG_STATE_HOME=$PWD/state; refheap set somename '[1]'; mkfifo keys; script -qec 'refheap shell' /dev/null <keys >seen & exec 3>keys; await grep 'refheap>' seen; printf 'show somen\t\n' >&3; await grep '^\[1\]' seen; printf 'typ\t\t' >&3; await grep 'types  type' seen; printf '\n' >&3; await grep NAME seen; printf '\020\020\n' >&3; until [ "$(grep -c '^\[1\]' seen)" = 2 ]; do sleep 0.1; done; printf 'exit\n' >&3; wait; grep -c '^\[1\]' seen
2
$ grep -q somename state/refheap/history && echo remembered
remembered

## completion knows names, types and heaps
$ refheap set alpha 1; refheap set beta 2; refheap type new Point x
$ refheap complete -- show al
alpha
$ refheap complete -- new p Po
Point
$ refheap complete -- -H us | grep -x user.0
user.0
$ refheap complete -- gc objects --type P
Point
$ source "$REPO/userspace/completion/refheap"; COMP_WORDS=(refheap get be); COMP_CWORD=2; _refheap; echo "${COMPREPLY[@]}"
beta

## the walkthrough runs to its end
$ refheap shell "$REPO/userspace/demo/walkthrough.rh" | tail -1
ok
