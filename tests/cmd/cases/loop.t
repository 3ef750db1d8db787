# needs: module
## lines again and again
$ printf '%s\n' 'e = []' 'for i in range(3): append e [i, "x;y"]; len e' 'show e' | refheap shell
1
2
3
[[0, 'x;y'], [1, 'x;y'], [2, 'x;y']]
$ printf '%s\n' 'for i in range(1, 3): for j in range(2): print i j' 'print i j' | refheap shell
1 0
1 1
2 0
2 1
2 1
$ printf '%s\n' 'd = {}' 'for i in range(2): d["$i"] = [$i]' 'for k in d: print k' 'show d' 'for k in [1]: print k' | refheap shell -k
0
1
{'0': [0], '1': [1]}
! <stdin>:5: '[1]': there is no such key or member
= 1
$ echo 'for i in range(3): get nothing; echo never' | refheap shell
! <stdin>:1: there is no name 'nothing' here or in heap 'user.0'
= 1
$ echo 'for i in range(3)' | refheap shell
! <stdin>:1: a loop is 'for NAME in range(N): LINE; LINE...' or 'for NAME in PATH: LINE; LINE...'
= 2
$ printf '%s\n' 'sleep 0.01' 'sleep long' | refheap shell
! <stdin>:2: 'sleep' needs a number of seconds, not 'long'
= 2
$ printf '%s\n' 'for i in range(100000): x = [i]; frame push; y = [x]; frame pop; exit' 'echo never' | refheap shell

## what a loop leaves behind
$ printf '%s\n' 'x = []' 'for i in range(3): append x i' 'refcount i' 'for k in x: refcount k' 'refcount x' | refheap shell
\d+ (re)
\d+ (re)
\d+ (re)
\d+ (re)
1
$ refheap verify
ok

## values that are repeated, and ranges
$ refheap set a '"ab" * 3'; refheap get a; refheap set b 'b"x" * 0'; refheap show b; refheap set c '(b"\0" * 2, list(range(3)), tuple(range(2)), set(range(2)), list(), tuple())'; refheap show c
ababab
b''
(b'\x00\x00', [0, 1, 2], (0, 1), {0, 1}, [], ())
$ refheap set a '"x" * -1'
! refheap: '"x" * -1' is not a value: a number that is not too large expected at ' -1'
= 2
$ refheap set a '"xx" * 40000000'
! refheap: '"xx" * 40000000' is not a value: a number that is not too large expected at ' 40000000'
= 2
$ refheap set a 'list(range(a))'
! refheap: 'list(range(a))' is not a value: a number up to 1000000 expected at 'a))'
= 2

## lengths, ids and views
$ refheap set a '[1, "four"]'; refheap len a; refheap -j len 'a[1]'; refheap len 'a[0]'
2
{"length":4}
! refheap: 'a[0]': this kind of object cannot do that
= 1
$ test "$(refheap id a)" = "$(refheap -j show a | sed 's/.*"id":"\(@[0-9a-f]*\)","kind":"list".*/\1/')" && refheap -j id '5' | grep -c '"id":"@'
1
$ refheap set v 'bytearray(b"0123456789")'; refheap view v 3 6; refheap view v -2; refheap view v 8 2; refheap -j view v 0 2
345
89

{"length":2,"value":"3031"}
$ refheap view v one
! refheap: 'one' is not an offset
= 2
$ refheap view a
! refheap: 'a': this kind of object cannot do that
= 1
