# needs: module
## a heap that is not traced
$ refheap trace; refheap trace stop; refheap trace clear; refheap trace reset-peak; refheap trace top
traced   no
current  0
peak     0
objects  0
births   0
sites    0
overhead 0
frames   0
sample   all
! refheap: the heap is not traced; 'refheap trace start' does
= 1
$ refheap set a '[]'; refheap trace start; refheap trace of a
! refheap: the birth of 'a' was not traced
= 1

## lines of scripts, also of other processes
$ printf 'trace start\na = [1000, 2000, 3000]\nset keep a\n' >one.rh; printf '\nset other {}\nset third {}\n' >two.rh
$ refheap shell one.rh; refheap run two.rh; refheap trace top -x '<*'; refheap trace of keep; refheap trace of third
one.rh:2: size=[0-9]+ B, count=4, average=[0-9]+ B (re)
two.rh:3: size=[0-9]+ B, count=[0-9], average=[0-9]+ B (re)
two.rh:2: size=[0-9]+ B, count=[0-9], average=[0-9]+ B (re)
one.rh:3: size=[0-9]+ B, count=1, average=[0-9]+ B (re)
one.rh:2
two.rh:3
$ refheap -j trace top -i 'one*'
json doc[0]["file"] == "one.rh" and doc[0]["count"] == 4 and doc[0]["births"] == 4
$ refheap -j trace of keep
json doc["site"] == "one.rh:2" and len(doc["traceback"]) == 1
$ refheap -j trace
json doc["traced"] and doc["current"] > 0 and doc["peak"] >= doc["current"] and doc["births"] >= doc["objects"] > 5 and doc["overhead"] > 0
$ refheap del keep; refheap trace top -i 'one.rh:2'
$ refheap -j trace
json doc["sites"] == 5

## files may have any name
$ file=$(printf 'x\033[2J\302\233y'); printf 'set a [1000]\n' >"$file"; refheap trace start --frames 2; refheap run "$file"; refheap trace top --number 1; refheap trace of a; refheap trace top --by traceback --number 1
x\?\[2J\?\?y:1: size=.* (re)
x?[2J??y:1
.* memory blocks: .* (re)
  File "x\?\[2J\?\?y", line 1 (re)
    set a [1000]

## what a leak looks like
$ { echo 'leak = []'; for i in $(seq 30); do echo 'append leak "x'$i'"'; done; } >leak.rh
$ refheap trace start; refheap trace snapshot before; refheap shell --sites leak.rh >/dev/null; refheap shell --sites <<'END'
> set kept []
> append kept [1, 2, 3]
> END
$ refheap trace compare before -b file -x '<unknown>'
<stdin>:0: size=[0-9]+ B \(\+[0-9]+ B\), count=[0-9]+ \(\+[0-9]+\), average=[0-9]+ B (re)
$ refheap trace snapshot after; refheap del kept; refheap trace compare after -b file -x '<unknown>' | sed 's/[0-9]*//g'
<stdin>:: size= B (- B), count= (-), average= B

## clear and reset-peak, and stop
$ refheap trace start; refheap set a '"some text"'; refheap trace clear; refheap -j trace
json doc["current"] == 0 and doc["objects"] == 0
$ refheap set b '["long" , 12345]'; refheap del b; refheap trace reset-peak; refheap -j trace
json doc["peak"] == doc["current"]
$ refheap trace stop; refheap -j trace
json not doc["traced"] and doc["overhead"] == 0

## the heap is sound while it is traced
$ refheap trace start; refheap set a '{"k": [1, 2, {"x": 1000}]}'; refheap gc collect >/dev/null; refheap verify
ok

## scripts that call each other
$ printf 'trace start --frames 5\nset a []\nsource in.rh\nset c {}\n' >out.rh; printf '\nset b [1000]\n' >in.rh; refheap run out.rh; refheap trace top -b traceback -n 0 -x '<*'; refheap trace of b; refheap trace of c; refheap trace top -c -a -i out.rh:3 -n 1 | sed 's/=[0-9. ]*/=/g'; refheap trace top -a -i out.rh:3 -n 0 -x in.rh
3 memory blocks: 0.1 KiB
  File "out.rh", line 3
    source in.rh
  File "in.rh", line 2
    set b [1000]
2 memory blocks: 0.1 KiB
  File "out.rh", line 4
    set c {}
2 memory blocks: 0.1 KiB
  File "out.rh", line 2
    set a []
  File "out.rh", line 3
    source in.rh
  File "in.rh", line 2
    set b [1000]
out.rh:4
out.rh:3: size=B, count=, average=B
$ refheap -j trace of b
json doc["site"] == "in.rh:2" and [(frame["file"], frame["line"]) for frame in doc["traceback"]] == [("in.rh", 2), ("out.rh", 3)]
$ refheap trace snapshot before; refheap del b; refheap trace compare before -b traceback -n 1 | sed 's/[0-9]* B/B/g'
out.rh:3: size=B (-B), count=1 (-2), average=B
  File "out.rh", line 3
    source in.rh
  File "in.rh", line 2
    set b [1000]
$ echo 'source self.rh' >self.rh; refheap run self.rh
! self.rh:1: scripts call each other too deeply
= 1

## in another way
$ refheap trace start --frames 5; refheap trace start; refheap trace start --frames 5; refheap trace start --frames 6
! refheap: the heap is traced already, in another way; 'refheap trace stop' ends that
= 1
$ refheap -j trace -o frames,sample
json doc == {"frames": 5, "sample": "all"}
$ refheap trace start --frames 0; refheap trace start --frames 65; refheap trace start --sample 0; refheap trace start --sample 2G; refheap trace start --sample 1/0; refheap trace start --sample x; refheap trace top -c -b traceback
! refheap: --frames is 1 to 64
! refheap: --frames is 1 to 64
! refheap: --sample is a number of bytes up to 1G, or 1/N with N up to 1048576, not '0'
! refheap: --sample is a number of bytes up to 1G, or 1/N with N up to 1048576, not '2G'
! refheap: --sample is a number of bytes up to 1G, or 1/N with N up to 1048576, not '1/0'
! refheap: --sample is a number of bytes up to 1G, or 1/N with N up to 1048576, not 'x'
! refheap: --cumulative goes with --by line or file
= 2

## a sample of births, and of bytes
$ { echo 'set kept []'; for i in $(seq 400); do echo "append kept [$i]"; done; } >work.rh; refheap trace start --sample 1/8; refheap shell --sites work.rh >/dev/null
$ refheap -j trace
json doc["sample"] == "1/8" and 0 < doc["samples"] < 200 and abs(doc["objects"] - 802) < 3 * doc["objects_error"] and doc["objects_error"] > 0 and doc["current_error"] > 0
$ refheap trace top -b file -x '<*'; refheap verify; refheap trace stop
work.rh:0: size=[0-9.]+ (B|KiB) ±[0-9.]+ (B|KiB), count=[0-9]+ ±[0-9]+, average=[0-9]+ B (re)
ok
$ refheap del kept; refheap trace start --sample 512; refheap shell --sites work.rh >/dev/null; refheap -j trace
json doc["sample"] == "512" and 0 < doc["samples"] < 200 and abs(doc["objects"] - 802) < 3 * doc["objects_error"]
$ refheap del kept; refheap -j trace
json doc["current"] < 2000 and doc["peak"] > 8000

## lines of a script are named in a heap that is traced, and when that is asked for
$ printf 'set a [1000]\n' >work.rh; refheap run work.rh; refheap trace start; refheap trace of a; refheap run work.rh; refheap trace of a
! refheap: the birth of 'a' was not traced
work.rh:1
$ refheap shell work.rh; refheap trace of a; refheap run --profile work.rh >/dev/null; refheap trace of a
work.rh:1
work.rh:1
$ refheap trace stop; refheap history --on 4 a; echo 'x = a' >take.rh; refheap run take.rh; refheap history a -o site | grep -c take.rh; refheap run --sites take.rh; refheap history a -o site | grep -c take.rh
0
1

## what each line costs
$ printf '# a script\na = bytearray(3145728)\n\ndel a\nb = 5\n' >job.rh; refheap run --profile job.rh
Filename: job.rh

Line #    Mem usage    Increment  Occurrences   Line Contents
=============================================================
     1                                         # a script
     2      3.0 MiB      3.0 MiB           1   a = bytearray(3145728)
     3                                         
     4      0.0 MiB     -3.0 MiB           1   del a
     5      0.0 MiB      0.0 MiB           1   b = 5
$ refheap -j run --profile job.rh | tail -5
json [line["increment"] for line in doc if line["increment"]][1] < -3145000 and doc[0]["bytes"] is None and doc[1]["text"] == "a = bytearray(3145728)"
$ refheap run --profile -P 3 job.rh | sed -n 6p
     2    3.000 MiB    3.000 MiB           1   a = bytearray(3145728)
$ printf 'a = 1\nnonsense\nb = 2\n' >bad.rh; refheap run -p bad.rh | tail -3
     1      0.0 MiB      0.0 MiB           1   a = 1
     2      0.0 MiB      0.0 MiB           1   nonsense
     3                                         b = 2
! bad.rh:2: 'refheap' has no command 'nonsense'; see 'refheap help'
$ refheap run missing.rh
! refheap: cannot read 'missing.rh': No such file or directory
= 2
