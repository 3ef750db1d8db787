# needs: module
## told once when a limit is reached
$ refheap set l '[1.5, 2.5, 3.5]'; refheap alert --objects 4 --once
\d\d:\d\d:\d\d\.\d{3} user.0: \d+ objects, the limit is 4 (re)

## a command gets what has happened
$ refheap set l '[1.5, 2.5]'; REFHEAP_HEAP=wrong refheap alert --bytes 10 --once -x 'echo $REFHEAP_HEAP $REFHEAP_WHAT $REFHEAP_STATE $REFHEAP_LIMIT; test $REFHEAP_VALUE -ge 10' | tail -1
user.0 bytes above 10

## a command that fails is said to
$ refheap set l '[1.5, 2.5]'; refheap alert --bytes 10 --once -x 'exit 3' >/dev/null
! refheap: 'exit 3' ended with status 3

## crossing it as it happens, falling below, crossing it again
$ refheap list >/dev/null; refheap -j alert -O 100 -r -i 0.02 -n 2 >seen & j=$!; refheap set l "[$(seq -s, 1001 1120)]"; await lines seen 1; refheap del l; await lines seen 2; refheap set l "[$(seq -s, 1001 1120)]"; wait $j; cat seen
json [d["state"] for d in docs] == ["above", "below", "above"] and all(d["what"] == "objects" for d in docs)
json docs[0]["limit"] == 100 and docs[0]["value"] >= 100 and docs[1]["limit"] == 90 and docs[1]["value"] < 90

## a little below it is not below
$ refheap set l "[$(seq -s, 1001 1097)]"; refheap -j alert -O 98 -B 1M -r -i 0.02 >seen & j=$!; await lines seen 1; refheap pop l >/dev/null; head -c 2000000 /dev/zero | tr '\0' x | sed 's/.*/set l[0] "&"/' | refheap -b -; await lines seen 2; refheap append l 5000; refheap set 'l[0]' 5000; await lines seen 3; kill -INT $j; wait $j; cat seen
json [(d["what"], d["state"]) for d in docs] == [("objects", "above"), ("bytes", "above"), ("bytes", "below")]

## a percentage of the heap's own limit
$ refheap heap new small --max-objects 20; refheap -H small set l '[1.5, 2.5, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5]'; refheap -j -H small alert --objects 50% --once
json doc["limit"] == 10 and doc["value"] >= 10
$ refheap -H small alert --bytes 50%
! refheap: heap 'small' has no limit to take a percentage of
= 1
$ refheap heap del small

## a refusal
$ refheap heap new small --max-objects 5; refheap -H small alert -R --once >seen & j=$!; await watches $j; refheap -H small set a '[[], [], [], [], [], [], []]' 2>/dev/null; wait $j; cat seen; refheap heap del small
\d\d:\d\d:\d\d\.\d{3} small: an operation was refused at \d+ bytes (re)

## garbage and sessions
$ refheap gc debug SAVEALL; printf 'a = []\nappend a a\ndel a\ngc collect\n' | refheap shell >/dev/null; refheap -j alert --garbage 1 --once; refheap gc debug none
json doc["what"] == "garbage" and doc["value"] == 1
$ mkfifo f; refheap shell <f >/dev/null & exec 3>f; echo 'x = []' >&3; refheap -j alert --sessions 1 --once; exec 3>&-; wait
json doc["what"] == "sessions" and doc["value"] >= 1

## the time is up without one
$ refheap list >/dev/null; refheap alert --bytes 1G --once --wait 0.2
= 1
$ refheap alert --bytes 1G --wait 0.2

## a heap that is removed ends it
$ refheap heap new gone; refheap -H gone alert -B 1G -i 0.1 2>err & j=$!; await watches $j; refheap heap del gone; wait $j; echo $?; cat err
1
refheap: heap 'gone' has been removed

## Ctrl-C ends it, while it waits and while it watches
$ refheap list >/dev/null; refheap alert -B 1G & j=$!; await watches $j; kill -INT $j; wait $j; echo $?
0

## wrong usage
$ refheap alert
! refheap: alert needs what to watch: --bytes, --objects, --sessions, --garbage, --pending or --refused
= 2
$ refheap alert --bytes none
! refheap: --bytes needs a number above 0 or a percentage, not 'none'
= 2
$ refheap alert --bytes 101%
! refheap: --bytes needs 1% to 100%, not '101%'
= 2
$ refheap alert --sessions 5%
! refheap: --sessions needs a number above 0, not '5%'
= 2
$ refheap alert -O 1 --interval 0
! refheap: --interval needs 0.01 to 86400 seconds, not '0'
= 2
$ refheap heap del user.0 2>/dev/null; refheap alert -O 1
! refheap: there is no heap 'user.0'
= 1
