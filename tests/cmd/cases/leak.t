# needs: module
## nothing grows
$ refheap set a '[1, [2]]'; refheap leak --samples 3 --interval 0.01 --check
Step 1: is there a leak?
TIME         OBJECTS MORE BYTES MORE
\d\d:\d\d:\d\d\.\d{3}  *\d+  *0  *\d+  *0 (re)
\d\d:\d\d:\d\d\.\d{3}  *\d+  *0  *\d+  *0 (re)
\d\d:\d\d:\d\d\.\d{3}  *\d+  *0  *\d+  *0 (re)
No type grows: there is no leak.
$ refheap -j leak --samples 3 --interval 0.01
json doc["leak"] is False and len(doc["samples"]) == 3 and doc["types"] == [] and doc["suspects"] == []

## something grows
$ echo 'for i in range(9999): sleep 0.02; set n$i [[i]]' | refheap shell --sites & until refheap leak --samples 4 --interval 0.2 --check >out; status=$?; grep -q '^3 types grow' out; do :; done; kill $!; sed -n '/^Step 3/,$p' out; exit $status
Step 3: why does it live?
1. names of the heap: \d+, \+\d+; \d+ new objects, \d+ bytes; most are list, most bytes are in list (re)
   name n\d+: list @.*, 1 item (re)
     \[0\]: list @.*, 1 item (re)
   born at <stdin>:1
Step 4: what to do about it
1. Names are made and never deleted: 'refheap list' shows them, 'refheap del NAME' deletes one. What one process needs may be a variable of its session.
There is a leak.
= 1
$ sed '/^Step 3/,$d' out
Step 1: is there a leak?
TIME  *OBJECTS MORE  *BYTES  *MORE (re)
\d\d:\d\d.* 0  *\d+  *0 (re)
\d\d:\d\d.* (re)
\d\d:\d\d.* (re)
\d\d:\d\d.* (re)
\d types grow: what there was least of later is more than there was most of before. (re)
Step 2: what grows, and which lines make it?
TYPE OBJECTS MORE  *BYTES  *MORE (re)
(str|list|int) .* (re)
(str|list|int) .* (re)
(str|list|int) .* (re)
<stdin>:1: size=.* \(\+.*\), count=.* \(\+.*\), average=\d+ B (re)

## weak references that nobody takes out
$ refheap set w '[]'; echo 'for i in range(9999): sleep 0.02; x = []; append w weakref(x)' | refheap shell & until refheap -j leak --samples 3 --interval 0.2 --no-trace >out; grep -q '"leak":true' out; do :; done; kill $!; cat out
json [(s["pattern"], s["path"], s["member"], s["objects"] > 2) for s in doc["suspects"]][0] == ("collection", "w", "weakref", True)

## without tracing
$ echo 'for i in range(9999): sleep 0.02; set n$i [[i]]' | refheap shell --sites & until refheap -j leak --samples 3 --interval 0.2 --no-trace >out; grep -q '"leak":true' out; do :; done; kill $!; cat out
json doc["leak"] and doc["sites"] is None and doc["suspects"][0]["pattern"] == "names" and doc["suspects"][0]["site"] is None

## wrong numbers
$ refheap leak --samples 2
! refheap: --samples is 3 to 1000
= 2
$ refheap leak --interval 0
! refheap: --interval needs a number of seconds, not '0'
= 2
$ refheap leak --columns type
! refheap: 'leak' has no columns to choose from
= 2
$ refheap -H nothing leak
! refheap: there is no heap 'nothing'; 'refheap heap new' makes one
= 1
