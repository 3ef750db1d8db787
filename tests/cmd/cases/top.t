# needs: module
## heaps as a table
$ refheap heap new first; refheap -H first set a '[1.5, 2.5]'; refheap top -b -n 1 -f first
\d\d:\d\d:\d\d\.\d{3} 1 heap (re)
HEAP  OBJECTS BYTES BIRTHS/S DEATHS/S %LIMIT SESSIONS RESERVED NAMES
first +\d+ +\d+ +0 +\d+ +1 (re)
$ refheap heap del first

## types, the most bytes first, with what has changed since
$ refheap type new Node x; refheap set n 'Node(x=1.5)'; refheap set l '[Node(), Node()]'; refheap -j top -v types -n 2 -d 0.2
json len(docs) == 2 and all(d["view"] == "types" and d["heap"] == "user.0" for d in docs)
json [r["objects"] for r in docs[0]["rows"] if r["name"] == "Node"] == [3]
json all(r["change"] is None for r in docs[0]["rows"]) and all(r["change"] == 0 for r in docs[1]["rows"])
json [r["bytes"] for r in docs[0]["rows"]] == sorted((r["bytes"] for r in docs[0]["rows"]), reverse=True)

## sorted by another column, and the other way round
$ refheap set l '[[], []]'; refheap -j top -v types -n 1 -s name; refheap -j top -v types -n 1 --sort -name
json [r["name"] for r in docs[0]["rows"]] == sorted(r["name"] for r in docs[0]["rows"])
json docs[1]["rows"] == docs[0]["rows"][::-1]

## growth is told as a rate
$ refheap set l '[]'; refheap -j top -v types -d 0.1 -f list >seen & j=$!; await lines seen 1; refheap set m '[[], [], []]'; await grep '"change":[0-9.]*[1-9]' seen; kill -INT $j; wait $j; cat seen
json docs[0]["rows"][0]["change"] is None and max(d["rows"][0]["change"] for d in docs[1:]) > 0

## what was not there counts from nothing
$ refheap set l '[]'; refheap -j top -v types -d 0.1 >seen & j=$!; await lines seen 1; refheap set n "[$(seq -s, 0.5 500)]"; await grep '"name":"float"' seen; kill -INT $j; wait $j; grep -m 1 '"name":"float"' seen
json [r["change"] > 0 and r["bytes_change"] > 0 for r in doc["rows"] if r["name"] == "float"] == [True]
$ refheap trace start; refheap -j top -v sites -d 0.1 >seen & j=$!; await lines seen 1; printf 'set s [1.5, 2.5]\n' >script; refheap run script; await grep '"name":"script:1"' seen; kill -INT $j; wait $j; grep -m 1 '"name":"script:1"' seen
json [r["change"] > 0 and r["births"] > 0 for r in doc["rows"] if r["name"] == "script:1"] == [True]
$ refheap -j top -v sessions -d 0.1 >seen & j=$!; await lines seen 1; mkfifo f; refheap shell <f >/dev/null & exec 3>f; await grep '"held"' seen; kill -INT $j; wait $j; exec 3>&-; wait; grep -m 1 '"held"' seen
json doc["rows"][0]["change"] >= 0

## a rate is not known of what did not fit, or was not to be seen
$ { for i in $(seq 1100); do echo "type new T$i x"; done; } | refheap -b -; refheap -j top -v types -d 0.1 >seen & j=$!; await lines seen 1; printf 'type new Last x\nset n [Last()]\n' | refheap -b -; await grep '"name":"Last"' seen; kill -INT $j; wait $j; grep -m 1 '"name":"Last"' seen
json [r["change"] for r in doc["rows"] if r["name"] == "Last"] == [None]

## generations
$ refheap set l '[[]]'; refheap gc collect >/dev/null; refheap -j top -v generations -n 1
json [r["name"] for r in doc["rows"]] == ["permanent", "2", "1", "0"] or [r["name"] for r in doc["rows"]] == ["0", "1", "2", "permanent"]
json [r["collections"] for r in doc["rows"] if r["name"] == "2"] == [1] and [r["threshold"] for r in doc["rows"] if r["name"] == "0"] == [700]

## sites when the heap is traced, and what to do when it is not
$ refheap list >/dev/null; refheap top -b -v sites -n 1
\d\d:\d\d:\d\d\.\d{3} 0 sites of user.0: \d+ objects?, \d+ bytes, \d+ sessions? (re)
the heap is not traced; 'refheap trace start' does
$ printf 'trace start\nset a [1.5]\nset b [2.5, 3.5]\n' >script; refheap -b script; refheap -j top -v sites -n 1
json [r["name"] for r in doc["rows"]] == ["script:3", "script:2"] and doc["rows"][0]["count"] == doc["rows"][1]["count"] + 1

## sessions
$ mkfifo f; refheap shell <f >/dev/null & exec 3>f; echo 'a = []' >&3; await held 1; refheap -j top -v sessions -n 1; exec 3>&-; wait
json [(r["name"].split()[1], r["held"]) for r in doc["rows"]] == [("refheap", 1)] and doc["rows"][0]["pid"] > 1

## nothing is changed: no session, no object, no collection
$ refheap set l '[[], []]'; refheap -j heap show >before; refheap gc count >>before; for v in heaps types generations sites sessions; do refheap top -b -n 2 -d 0.05 -v $v >/dev/null; done; refheap -j heap show >after; refheap gc count >>after; diff before after && echo same
same

## a heap that is not there is not made
$ refheap heap del user.0 2>/dev/null; refheap top -b -v types
! refheap: there is no heap 'user.0'
= 1
$ refheap -H nowhere top -b
! refheap: there is no heap 'nowhere'
= 1
$ refheap top -b -n 1 | tail -n +2 | grep -c user.0
0
= 1

## so many rows
$ refheap set l '[1.5, "a", b"b"]'; refheap -j top -v types -n 1 -r 2
json len(doc["rows"]) == 2 and doc["total"] > 2

## a heap that is removed ends it
$ refheap heap new gone; refheap -H gone top -b -d 0.2 >seen 2>err & await test -s seen; refheap heap del gone; wait $!; echo $?; cat err
1
refheap: the heap has been removed

## Ctrl-C ends it
$ refheap top -b -d 60 >seen & j=$!; await test -s seen; kill -INT $j; wait $j; echo $?
0

## wrong usage
$ refheap top
! refheap: top needs a terminal; --batch prints
= 2
$ refheap top -b -v objects
! refheap: there is no view 'objects': there are heaps, types, sites, generations, sessions
= 2
$ refheap top -b -v types -s size
! refheap: types have no column 'size'; --columns help lists them
= 2
$ refheap top -b -d 0
! refheap: --delay needs 0.05 to 86400 seconds, not '0'
= 2
$ refheap top -b -o nothing
! refheap: there is no column 'nothing'; --columns help lists them
= 2

## more rows than are kept: those that sort first
$ { for i in $(seq 1000 3100); do echo "type new T$i x"; done; echo "set a T2500()"; } | refheap -b -; refheap -j top -v types -n 1 -s name; refheap -j top -v types -n 1
json docs[0]["total"] == 2103 and [r["name"] for r in docs[0]["rows"]] == [f"T{i}" for i in range(1000, 2000)]
json len(docs[1]["rows"]) == 1000 and "T2500" in [r["name"] for r in docs[1]["rows"][:4]]
