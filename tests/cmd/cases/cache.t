# needs: module
## the last used are kept
$ refheap cache new --max 2 pages; refheap cache put pages a 1; refheap cache put pages b '"two"'
$ refheap cache get pages a; refheap cache put pages c 3; refheap cache get pages b
1
! refheap: cache 'pages' does not have 'b'
= 1
$ refheap cache show pages
KEY ID +VALUE EXPIRES (re)
'a' @[0-9a-f]+ 1 + (re)
'c' @[0-9a-f]+ 3 + (re)
$ refheap -j cache show pages
json [(x["key"], x["value"], x["expires"]) for x in doc] == [("'a'", "1", None), ("'c'", "3", None)]
$ refheap -j cache info pages
json doc == {"name": "pages", "kind": "lru", "size": 2, "maximum": 2, "ttl": None, "hits": 1, "misses": 1, "hit_rate": 0.5, "evicted": 1, "expired": 0}
$ refheap cache clear pages; refheap -j cache info pages
json (doc["size"], doc["hits"], doc["misses"], doc["hit_rate"]) == (0, 0, 0, None)
$ refheap del pages; refheap cache info pages
! refheap: there is no cache 'pages' in heap 'user.0'
= 1

## a time to live
$ refheap cache new --ttl 1h long; refheap cache put long ada '[1815]'; refheap cache get long ada
[1815]
$ refheap -j cache show long
json [(x["key"], 3000 < x["expires"] <= 3600) for x in doc] == [("'ada'", True)]
$ refheap cache new --ttl 10ms logins; refheap cache put logins ada '[1815]'; sleep 0.1
$ refheap cache get --peek logins ada
! refheap: cache 'logins' does not have 'ada'
= 1
$ refheap -j cache info logins
json (doc["kind"], doc["ttl"], doc["size"], doc["misses"]) == ("ttl", 0.01, 1, 0)
$ refheap cache show logins; refheap cache expire logins; refheap -j cache expire logins
1
{"removed":0}

## a weak cache forgets what nobody else refers to
$ refheap set doc '["text"]'; refheap cache new --kind weak docs
$ refheap cache put docs letter doc; refheap cache put docs none '[]'; refheap cache get docs letter
['text']
$ refheap -j cache info docs
json (doc["kind"], doc["size"], doc["hits"]) == ("weak", 1, 1)
$ refheap del doc; refheap cache get docs letter
! refheap: cache 'docs' does not have 'letter'
= 1
$ refheap cache put docs number 5
! refheap: 'number' of cache 'docs': .* (re)
= 1

## what cannot be a key, or a value of a weak cache
$ refheap cache new --kind weak docs; refheap cache put docs a 5
! refheap: 'a' of cache 'docs': the key cannot be hashed, or the value cannot be weakly referenced
= 1
$ refheap cache new pages; refheap cache put -l pages '[1]' 5
! refheap: '[1]' of cache 'pages': the key cannot be hashed, or the value cannot be weakly referenced
= 1

## whoever kills an exercise ends all of it
$ refheap cache new pages; (refheap cache bench -P 3 -n 100M pages & echo $! >pid; wait $!) >out 2>&1 & sleep 1; kill -9 "$(cat pid)"; for i in $(seq 100); do [ "$(refheap -j sessions | grep -c '"session"')" -gt 1 ] || break; sleep 0.1; done; refheap -j sessions
json len(doc) == 1

## keys are text, strings in quotes, or values
$ refheap cache new c; refheap cache put c 5 1; refheap cache put -l c 5 2; refheap cache put -l c '(1, "x")' 3
$ refheap cache get c 5; refheap cache get c '"5"'; refheap cache get -l c 5; refheap cache get -l c "(1, 'x')"
1
1
2
3
$ refheap cache get -l c '[]'
! refheap: '\[\]' of cache 'c': .* (re)
= 1
$ refheap cache del c 5; refheap -j cache del -l c 5
{"cache":"c","key":"5"}
$ refheap cache del c 5
! refheap: cache 'c' does not have '5'
= 1

## the same cache can be made again, another cannot
$ refheap cache new --max 1K c; refheap cache new --max 1024 c; refheap -j cache new --max 1024 c
json (doc["kind"], doc["maximum"]) == ("lru", 1024)
$ refheap cache new c
! refheap: there is a cache 'c' already, and it is another
= 1
$ refheap cache new --max 1024 --exclusive c
! refheap: there is a cache 'c' already
= 1
$ refheap set list '[]'; refheap cache get list a
! refheap: 'list' is not a cache
= 1
$ refheap -j cache put nobody a 1
json err["error"]["code"] == "ENOKEY"
= 1

## caches are listed
$ refheap set list '[]'; refheap cache new -m 3 a; refheap cache new -t 1m b; refheap cache list
NAME KIND SIZE MAX    TTL HITS MISSES RATE EVICTED EXPIRED
a    lru     0   3           0      0            0       0
b    ttl     0   0 60.000    0      0            0       0
$ refheap -j cache
json [x["name"] for x in doc] == ["a", "b"]

## options that contradict each other
$ refheap cache new --kind weak --max 5 c
! refheap: a weak cache has no --max
= 2
$ refheap cache new --kind lru --ttl 5 c
! refheap: --ttl is for ttl caches
= 2
$ refheap cache new --kind ttl c
! refheap: a ttl cache needs --ttl, a time that is not 0
= 2
$ refheap cache new --ttl 5x c
! refheap: --ttl needs a time such as 30s or 5m, not '5x'
= 2
$ refheap cache new --kind other c
! refheap: --kind is weak, lru or ttl, not 'other'
= 2

## caches are exercised
$ refheap cache new --max 50 c; refheap -j cache bench -P 3 -n 3K -K 200 c
json doc["processes"] == 3 and doc["operations"] == 3072 and doc["hits"] + doc["misses"] == 3072
json doc["size"] == 50 and doc["broken"] == 0 and doc["wrong"] == 0 and doc["hit_rate"] > 0.2
$ refheap cache clear c; refheap -j cache bench -P 1 -n 400 -K 100 -d loop c
json doc["hits"] == 0 and doc["evicted"] == 350
$ refheap cache new -K weak w; refheap -j cache bench -P 2 -n 1000 -K 20 -d uniform --hold 10 w
json doc["hits"] > 0 and doc["broken"] == 0
$ refheap -j cache info w
json doc["size"] == 0
$ refheap cache new --ttl 1h t; refheap cache bench -P 2 -n 1000 -K 20 t | grep -E '^(wrong|broken) '
wrong +0 (re)
broken +0 (re)
$ refheap cache bench -d other c
! refheap: --distribution is uniform, zipf or loop, not 'other'
= 2
$ refheap cache bench -P 0 c
! refheap: --processes is 1 to 1024
= 2
