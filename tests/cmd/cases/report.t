# needs: module
## a page of the heap as it is
$ refheap set a '[1, "text", {"k": 2.5}]'; refheap report -o page.html; grep -c '<script type="application/json" id="data">{"format":1,' page.html; ls
Report written to page.html (1 snapshot)
1
page.html
$ refheap -j report -o page.html
json doc == {"file": "page.html", "snapshots": 1}
$ refheap report -o - | grep -c '<title>refheap report</title>'
1

## what the page has is the heap
$ refheap set a '[1, "text", {"k": 2.5}]'; refheap report -o page.html >/dev/null; sed -n 's/.*id="data">\(.*\)<.script>$/\1/p' page.html
json doc["format"] == 1 and len(doc["snapshots"]) == 1 and doc["timeline"]["collections"] == []
json [a["space"] for a in doc["snapshots"][0]["arenas"]["list"]] == sorted([a["space"] for a in doc["snapshots"][0]["arenas"]["list"]], key=["refs", "const", "mutable"].index)
json all(len(a["pools"]) in (3, 192) for a in doc["snapshots"][0]["arenas"]["list"])
json all(g["entered"] - g["left"] - g["untracked"] - g["died"] == g["objects"] for g in doc["snapshots"][0]["gc"]["generations"])
json {"list", "dict", "str", "int", "float"} <= {row[0] for row in doc["snapshots"][0]["types"]["rows"]}
json {"a", "[0]", "[1]", "[2]", '["k"]'} <= set(doc["snapshots"][0]["objects"]["labels"])
json doc["snapshots"][0]["trace"] is None and doc["snapshots"][0]["source"] == "heap"

## text cannot end the script that it is in
$ refheap set a '"</script><!--<script>"'; refheap report -o page.html >/dev/null; grep -c '</script><!--' page.html; grep -c 'u003c/script>\\u003c!--' page.html
0
1

## several snapshots, and collections in between
$ refheap gc period 20 >/dev/null; until refheap report -o page.html --every 1 --count 2 >/dev/null; grep -q '"collections":\[\[' page.html; do :; done; sed -n 's/.*id="data">\(.*\)<.script>$/\1/p' page.html
json len(doc["snapshots"]) == 2 and len(doc["timeline"]["samples"]) > 2 and doc["timeline"]["watched"]

## where objects were made
$ printf 'trace start\na = [1000, 2000]\nset keep a\n' >one.rh; refheap shell one.rh; refheap report -o page.html >/dev/null; sed -n 's/.*id="data">\(.*\)<.script>$/\1/p' page.html
json "one.rh:2" in {call["name"] for call in doc["snapshots"][0]["trace"]["tree"]["children"]}

## saved heaps are snapshots
$ refheap set a '[1, 2]'; refheap dump one >/dev/null; refheap append a '"more"'; refheap dump two >/dev/null; refheap report -o page.html one two >/dev/null; sed -n 's/.*id="data">\(.*\)<.script>$/\1/p' page.html
json [s["title"] for s in doc["snapshots"]] == ["one", "two"] and all(s["arenas"] is None and s["gc"] is None for s in doc["snapshots"])
json doc["snapshots"][1]["objects"]["total"] == doc["snapshots"][0]["objects"]["total"] + 1
$ refheap --dump one report -o page.html
Report written to page.html (1 snapshot)

## Ctrl-C ends it, with what there is
$ for s in 0.5 2 8 32; do refheap report -o page.html --every 1000 --count 5 2>/dev/null & await watches $!; sleep $s; kill -INT $!; wait $! && break; done
Report written to page.html (1 snapshot)

## who may not see every heap is not told of collections
$ setpriv --reuid=1000 --regid="$(stat -c %g /dev/refheap)" --clear-groups "$(command -v refheap)" report -o - --every 0.2 --count 2 | sed -n 's/.*id="data">\(.*\)<.script>$/\1/p'
json not doc["timeline"]["watched"] and len(doc["snapshots"]) == 2 and doc["heap"]["name"] == "user.1000"

## only its owner can read a page at first
$ refheap report -o page.html >/dev/null; stat -c %a page.html
600

## a heap that goes leaves what was seen of it
$ for s in 0.5 2 8 32; do refheap heap new gone; refheap --heap gone report -o page.html --every 2 --count 50 2>/dev/null & await watches $!; sleep $s; refheap heap del gone; wait $!; status=$?; test -e page.html && break; done; echo status $status; grep -c 'id="data">' page.html
Report written to page.html \(\d+ snapshots?\) (re)
status 1
1

## what is wrong changes nothing
$ refheap report --every 1
! refheap: 'report' needs --output FILE.html
= 2
$ refheap report -o page.html --every 0
! refheap: --every needs a number of seconds, 0.1 to 86400, not '0'
= 2
$ refheap report -o page.html --count 3
! refheap: --count needs --every SECONDS
= 2
$ refheap report -o page.html --every 1 --count 51
! refheap: a report has 1 to 50 snapshots
= 2
$ refheap dump one >/dev/null; refheap report -o page.html --every 1 one
! refheap: a saved heap does not change: --every is for a live one
= 2
$ refheap --dump one report -o page.html one
! refheap: give all saved heaps behind 'report', without --dump
= 2
$ refheap -j report -o -
json err["error"]["code"] == "USAGE"
= 2
$ refheap report -o page.html nothing
! refheap: cannot open 'nothing': No such file or directory
= 1
$ echo old >page.html; echo damaged >bad; refheap report -o page.html bad 2>/dev/null || cat page.html; ls
old
bad
one
page.html
$ refheap report -o none/page.html
! refheap: cannot write 'none/page.html': No such file or directory
= 1
$ refheap report -o /dev/full
! refheap: cannot write '/dev/full': No space left on device
= 1
