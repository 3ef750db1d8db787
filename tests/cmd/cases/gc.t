# needs: module
## a cycle that counting cannot free is collected
$ refheap gc collect >/dev/null; refheap set a '[]'; refheap set b '[a]'; refheap append a b; refheap refcount a
2
$ refheap del a; refheap del b; refheap gc collect; refheap gc collect
2
0
$ refheap -j gc collect
json doc == {"generation": 2, "unreachable": 0, "collected": 0, "uncollectable": 0, "pending": 0}

## thresholds as in Python
$ refheap gc threshold
(700, 10, 10)
$ refheap gc threshold 500; refheap gc threshold
(500, 10, 10)
$ refheap gc threshold 500 5 2; refheap -j gc threshold
json doc == {"threshold": [500, 5, 2]}

## enable and disable
$ refheap gc is-enabled; refheap gc disable; refheap gc is-enabled; refheap -j gc enable; refheap gc is-enabled
True
False
{"enabled":true}
True

## counts and statistics move as Python's
$ refheap gc collect 0; refheap set a '[[], []]'; refheap gc count
0
(3, 1, 0)
$ refheap gc collect 0; refheap gc count
0
(0, 2, 0)
$ refheap gc collect 1; refheap gc count
0
(0, 0, 1)
$ refheap gc stats
GENERATION COLLECTIONS COLLECTED UNCOLLECTABLE OBJECTS COUNT THRESHOLD
         0           2         0             0       0     0       700
         1           1         0             0       0     0        10
         2           0         0             0       .     1        10 (re)
$ refheap -j gc stats
json [x["collections"] for x in doc] == [2, 1, 0]

## debug flags by name and number, STATS as Python prints it
$ refheap gc debug; refheap gc debug LEAK; refheap gc debug; refheap gc debug STATS saveall; refheap gc debug
none
LEAK
STATS, SAVEALL
$ refheap -j gc debug 1
json doc == {"debug": 1, "flags": ["STATS"]}
$ refheap gc collect 1
0
! gc: collecting generation 1...
! gc: objects in each generation: \d+ \d+ \d+ (re)
! gc: objects in permanent generation: 0
! gc: done, 0 unreachable, 0 uncollectable, \d+\.\d{4}s elapsed (re)
$ refheap gc debug none; refheap gc debug
none

## SAVEALL keeps what would be freed, until it is cleared
$ refheap gc debug SAVEALL; refheap set a '[]'; refheap append a a; refheap del a; refheap gc collect
1
$ refheap gc garbage -o type,refcount,value
TYPE REFCOUNT VALUE
list        2 1 item
$ refheap gc debug none; refheap gc garbage --clear; refheap gc collect; refheap -j gc garbage
1
1
[]

## a timer collects
$ refheap gc period; refheap gc period 50 --generation 1; refheap gc period; refheap -j gc period
off
every 50 ms, generation 1
{"period_ms":50,"generation":1}
$ refheap gc disable; collections() { refheap gc stats -o collections | sed -n 3p; }; before=$(collections); until [ "$(collections)" -ge $((before + 3)) ]; do :; done
$ refheap gc period off; refheap gc period
off
$ refheap gc period 20000; refheap -j gc | python3 -c 'import json,sys; d=json.load(sys.stdin); print(d["period_ms"], d["period_generation"])'; refheap -j gc period off
20000 2
{"period_ms":0,"generation":2}
$ refheap gc period 9; refheap gc period 86400001
! refheap: a timer collects every 10 ms at most and once a day at least
! refheap: a timer collects every 10 ms at most and once a day at least
= 1

## freeze and unfreeze
$ refheap set a '[]'; refheap gc freeze; refheap gc objects -g permanent -o type,generation | tail -1
list   3
$ refheap -j gc
json doc["frozen"] >= 1 and doc["enabled"] is True
$ refheap gc unfreeze; refheap -j gc show
json doc["frozen"] == 0

## objects by generation, kind and type
$ refheap type new Point x; refheap gc collect 1; refheap set a '[]'; refheap set p 'Point(x=a)'
0
$ refheap gc objects --generation 0 -o type,refcount,tracked,value
TYPE  REFCOUNT TRACKED VALUE
dict         0 yes     the names, 2 items
list         2 yes     0 items
Point        1 yes     1 attribute
$ refheap -j gc objects --type Point
json len(doc) == 1 and doc[0]["type"] == "Point" and doc[0]["kind"] == "instance" and doc[0]["tracked"]
$ refheap gc objects --type Nothing
! refheap: there is no type 'Nothing'
= 1
$ refheap gc objects -g 7
! refheap: there is no generation '7': it is 0, 1, 2 or permanent
= 2

## a listing of many objects takes constant memory
$ python3 -c 'print("new a list"); [print("append a", [[] for _ in range(10000)]) for _ in range(4)]' | refheap -b -
$ python3 -c 'import resource, subprocess
> def peak(*words):
>     subprocess.run(["refheap", *words], stdout=subprocess.DEVNULL, check=True)
>     return resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
> small = peak("version")
> print(peak("gc", "objects") - small < 8192, peak("-j", "gc", "objects") - small < 8192)'
True True
$ refheap gc objects | wc -l | python3 -c 'print(int(input()) >= 40001)'
True
$ refheap -j gc objects
json len(doc) >= 40001 and len({x["id"] for x in doc}) == len(doc)
