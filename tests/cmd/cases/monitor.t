# needs: module
## births and deaths of one type in one heap
$ refheap type new Node x; refheap type new Other x; refheap monitor --heap user.0 --type Node --count 2 >seen & j1=$!; await watches $j1; refheap set o 'Other()'; refheap set n 'Node()'; refheap del n; wait $j1; cat seen
\d\d:\d\d:\d\d\.\d{3} object \d+ user.0: birth of Node @[0-9a-f]+ (re)
\d\d:\d\d:\d\d\.\d{3} object \d+ user.0: death of Node @[0-9a-f]+ (re)

## collections, with their figures
$ refheap list >/dev/null; refheap monitor -e collections -n 2 >seen & j1=$!; await watches $j1; refheap gc collect >/dev/null; wait $j1; cat seen
\d\d:\d\d:\d\d\.\d{3} gc \d+ user.0: gc-start of generation 2 (re)
\d\d:\d\d:\d\d\.\d{3} gc \d+ user.0: gc-stop of generation 2: \d+ collected, 0 uncollectable, held others up for \d+\.\d{3} ms at most (re)

## JSON lines, numbered
$ refheap list >/dev/null; refheap -j monitor -H user.0 -e births,deaths -n 3 >seen & j1=$!; await watches $j1; refheap set a '[[]]'; refheap del a; wait $j1; cat seen
json all(d["group"] == "object" and d["event"] in ("birth", "death") and d["heap"] == "user.0" for d in docs) and len(docs) == 3
json [d["number"] for d in docs] == [docs[0]["number"] + i for i in range(3)]

## sessions and heaps
$ refheap list >/dev/null; refheap -j monitor -e sessions -n 2 >seen & j1=$!; await watches $j1; refheap list >/dev/null; wait $j1; cat seen
json [d["event"] for d in docs] == ["session-new", "session-end"] and docs[0]["command"] == "refheap" and docs[0]["uid"] == 0 and docs[0]["session"] == docs[1]["session"]
$ refheap monitor -e heaps --heap other -n 2 >seen & j1=$!; await watches $j1; refheap heap new other; refheap heap new another; refheap heap del another; refheap heap del other; wait $j1; cat seen
\d\d:\d\d:\d\d\.\d{3} heap \d+ other: heap-new (re)
\d\d:\d\d:\d\d\.\d{3} heap \d+ other: heap-removed (re)

## processes may have any name
$ ln -s "$(command -v refheap)" "$(printf 'x\033\302\233y')"; refheap list >/dev/null; refheap monitor -e sessions -n 2 >seen & j1=$!; await watches $j1; "./$(printf 'x\033\302\233y')" list; wait $j1; cat seen
.* session-new \d+ of x\?\?\?y, pid \d+, uid 0 (re)
.* session-end \d+ of x\?\?\?y, pid \d+, uid 0 (re)
$ mkfifo f; "./$(printf 'x\033\302\233y')" shell <f & exec 3>f; echo 'a = [1]' >&3; await held 1; refheap why "$(refheap gc objects --kind list -o id | tail -n 1 | tr -d ' ')"; exec 3>&-; wait
session \d+, x\?\?\?y, pid \d+, 1 reference, since .* (re)

## callbacks, finalizers and skipped ones
$ refheap type new File name --finalizer; refheap -j monitor -e callbacks,finalizers -n 3 >seen & j1=$!; await watches $j1; printf 'a = []\nweakref a -c\ndel a\nf = File()\ndel f\nset g File()\n' | refheap shell >/dev/null; refheap del g; wait $j1; cat seen
json [d["event"] for d in docs] == ["callback", "finalize", "skipped"] and docs[1]["type"] == "File" and docs[0]["kind"] == "weakref"

## limits
$ refheap heap new small --max-objects 5; refheap monitor -e limits -n 1 >seen & j1=$!; await watches $j1; refheap -H small set a '[[], [], [], [], [], [], []]' 2>/dev/null; wait $j1; cat seen; refheap heap del small
\d\d:\d\d:\d\d\.\d{3} heap \d+ small: limit at \d+ bytes (re)

## what is missed is said
$ refheap set l '[]'; refheap monitor -e deaths >seen & j1=$!; await watches $j1; kill -STOP $j1; await stopped $j1; python3 -c 'print("set a []"); [print("append a", [0.5] * 20000) for _ in range(4)]; print("del a")' | refheap -b -; kill -CONT $j1; until grep -q missed seen; do refheap set b '[]'; refheap del b; done; kill -INT $j1; wait $j1; grep missed seen | head -1
object: \d+ missed (re)

## Ctrl-C ends it
$ refheap monitor >seen & j1=$!; await watches $j1; kill -INT $j1; wait $j1; echo $?
0
