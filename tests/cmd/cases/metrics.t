# needs: module
## the figures are those of the other commands
$ refheap type new Node next; refheap set a '[Node(), Node(), 1.5]'; refheap gc collect >/dev/null; refheap -H user.0 metrics | grep -E '^refheap_(objects|names|types|generation_objects|gc_collections_total|gc_hold_seconds_count|sessions)[{]'
refheap_objects{heap="user.0",uid="0"} 7
refheap_names{heap="user.0",uid="0"} 1
refheap_sessions{heap="user.0",uid="0"} 0
refheap_types{heap="user.0",uid="0"} 1
refheap_generation_objects{heap="user.0",uid="0",generation="0"} 0
refheap_generation_objects{heap="user.0",uid="0",generation="1"} 0
refheap_generation_objects{heap="user.0",uid="0",generation="2"} 4
refheap_generation_objects{heap="user.0",uid="0",generation="permanent"} 0
refheap_gc_collections_total{heap="user.0",uid="0",generation="0"} 0
refheap_gc_collections_total{heap="user.0",uid="0",generation="1"} 0
refheap_gc_collections_total{heap="user.0",uid="0",generation="2"} 1
refheap_gc_hold_seconds_count{heap="user.0",uid="0",generation="0"} 0
refheap_gc_hold_seconds_count{heap="user.0",uid="0",generation="1"} 0
refheap_gc_hold_seconds_count{heap="user.0",uid="0",generation="2"} 1

## a metric says what it is, and the text ends
$ refheap list >/dev/null; refheap -H user.0 metrics >text; grep -A3 'TYPE refheap_gc_duration_seconds' text; tail -1 text
# TYPE refheap_gc_duration_seconds counter
# UNIT refheap_gc_duration_seconds seconds
# HELP refheap_gc_duration_seconds Time that collections took.
refheap_gc_duration_seconds_total{heap="user.0",uid="0",generation="0"} 0.000000000
# EOF

## the older text names counters as their figures and knows no units and no end
$ refheap list >/dev/null; refheap -H user.0 metrics --format prometheus >text; grep -c -e UNIT -e EOF text; grep -A1 -e 'TYPE refheap_births' -e 'TYPE refheap_build' text
0
# TYPE refheap_build_info gauge
# HELP refheap_build_info The version of the command.
--
# TYPE refheap_births_total counter
# HELP refheap_births_total Objects made.

## limits, a timer and tracing are there when they are
$ refheap list >/dev/null; refheap -H user.0 metrics | grep -c -E '^refheap_(limit_|gc_period|traced_)'
0
= 1
$ refheap heap set --max-bytes 10M --max-objects 1000; refheap gc period 2500 >/dev/null; refheap trace start; refheap -H user.0 metrics | grep -E '^refheap_(limit_bytes|limit_objects|gc_period_seconds|traced|traced_objects)[{]'
refheap_limit_objects{heap="user.0",uid="0"} 1000
refheap_limit_bytes{heap="user.0",uid="0"} 10485760
refheap_gc_period_seconds{heap="user.0",uid="0"} 2.500
refheap_traced{heap="user.0",uid="0"} 1
refheap_traced_objects{heap="user.0",uid="0"} 0

## the types with the most bytes, and the rest
$ refheap set a '[1.5, 2.5, b"0123456789012345678901234567890123456789012345678901234567890123456789"]'; refheap -H user.0 metrics --types 2 | grep '^refheap_type_objects'
refheap_type_objects{heap="user.0",uid="0",type="bytes",kind="bytes"} 1
refheap_type_objects{heap="user.0",uid="0",type="dict",kind="dict"} 1
refheap_type_objects{heap="user.0",uid="0",type="other",kind="other"} 4
$ refheap -H user.0 metrics --types 0 | grep -c refheap_type_
0
= 1

## one heap, or all
$ refheap list >/dev/null; refheap heap new other >/dev/null; refheap metrics | grep -E '^refheap_objects.*"(other|user.0)"'; refheap -H other metrics | grep -E '^refheap_(objects|heaps)'; refheap heap del other >/dev/null
refheap_objects{heap="other",uid="0"} 1
refheap_objects{heap="user.0",uid="0"} 1
refheap_heaps 1
refheap_objects{heap="other",uid="0"} 1
$ refheap -H nowhere metrics
! refheap: there is no heap 'nowhere'
= 1

## JSON
$ refheap list >/dev/null; refheap -j -H user.0 metrics
json {"name": "refheap_births", "type": "counter", "unit": None, "help": "Objects made", "samples": [{"name": "refheap_births_total", "labels": {"heap": "user.0", "uid": "0"}, "value": 1}]} in doc
json [m["unit"] for m in doc if m["name"].endswith("_seconds")] == ["seconds"] * len([m for m in doc if m["name"].endswith("_seconds")])

## refusals are counted
$ refheap list >/dev/null; refheap heap set --max-objects 3; refheap set a '[[], [], []]' 2>/dev/null; refheap -H user.0 metrics | grep ^refheap_refusals
refheap_refusals_total{heap="user.0",uid="0"} 1

## what is wrong is said
$ refheap metrics --format xml
! refheap: --format is openmetrics or prometheus, not 'xml'
= 2
$ refheap metrics --types 1001
! refheap: --types is 1000 at most
= 2
$ refheap metrics --types some
! refheap: --types needs a number, not 'some'
= 2
$ refheap metrics --public
! refheap: --public is for --listen
= 2
$ refheap metrics --listen 1 --format openmetrics
! refheap: with --listen each client chooses the format
= 2
$ refheap metrics --listen here
! refheap: --listen needs [ADDRESS:]PORT, not 'here'
= 2
$ refheap metrics --listen 127.0.0.1:65536
! refheap: --listen needs [ADDRESS:]PORT, not '127.0.0.1:65536'
= 2
$ refheap metrics --listen :80
! refheap: there is no address in ':80'
= 2
$ refheap metrics --listen 192.0.2.1:0
! refheap: '192.0.2.1:0' is not on loopback: whoever reaches it would see what you can see; --public allows that
= 1
$ refheap metrics more
! refheap: 'metrics' does not know what to do with 'more'
= 2

## completion
$ refheap complete -- metrics --format o
openmetrics
$ refheap complete -- metrics --l
--listen
