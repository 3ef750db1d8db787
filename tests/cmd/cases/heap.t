# needs: module
## heaps are made, listed, shown, changed and removed
$ refheap heap del box 2>/dev/null; refheap heap new box --mode 0640 --max-objects 1K --max-bytes 2M
$ refheap heap list -o name,mode | grep box
box .* 0640 (re)
$ refheap -j heap show box
json doc["name"] == "box" and doc["owner"] == "root" and doc["mode"] == "0640" and doc["max_objects"] == 1024 and doc["max_bytes"] == 2097152 and doc["sessions"] == 0
$ refheap heap new box
! refheap: there is a heap 'box' already
= 1
$ refheap heap set box --mode 600 --max-bytes 0; refheap -j heap show box
json doc["mode"] == "0600" and doc["max_bytes"] == 0 and doc["max_objects"] == 1024
$ refheap -H box set a 5; refheap -H root/box get a; refheap -H 0/box get a
5
5
$ refheap -H box heap show -o name,names
name  box
names 1
$ refheap get a
! refheap: there is no name 'a' in heap 'user.0'
= 1
$ refheap heap del box; refheap -H box get a
! refheap: there is no heap 'box'; 'refheap heap new' makes one
= 1
$ refheap heap del box
! refheap: there is no heap 'box'
= 1

## a limit refuses, and nothing changes
$ refheap heap del tiny 2>/dev/null; refheap heap new tiny --max-objects 300; refheap -H tiny set a "$(python3 -c 'print([[] for _ in range(1000)])')"
! refheap: .*: a limit of the heap or of the user is reached (re)
= 1
$ refheap -H tiny list; refheap -H tiny verify; refheap heap del tiny
ok

## names of heaps are checked
$ refheap heap new -- -x
! refheap: '-x' is not the name of a heap
= 1
$ refheap heap new "$(printf 'x%.0s' {1..64})"
! refheap: .* (re)
= 1

## types
$ refheap type new Point x y; refheap type new Point3 z --base Point; refheap type new Bag --dict
$ refheap types -o name,base,slots,dict | grep -v '^[a-z]'
NAME   BASE  SLOTS   DICT
Point        x, y    no
Point3 Point x, y, z no
Bag                  yes
$ refheap set p 'Point3(x=1, z=3)'; refheap set b 'Bag(any=1, thing=2)'; refheap show p; refheap show b
Point3(x=1, z=3)
Bag(any=1, thing=2)
$ refheap -j type show Point3
json doc["name"] == "Point3" and doc["base"] == "Point" and doc["slots"] == ["x", "y", "z"] and doc["dict"] is False and doc["objects"] == 1
$ refheap type new Point x y; refheap type new Point x
! refheap: there is another type 'Point' already
= 1
$ refheap type new Q --base Nothing
! refheap: there is no type 'Nothing'
= 1
$ refheap type show Nothing
! refheap: there is no type 'Nothing'
= 1

## arenas print what Python's _debugmallocstats does
$ refheap set a '[[1, 2, 3], "text"]'; refheap arenas | grep -E '^(SPACE|#|Total|metadata)' | sed 's/ *=.*//'
SPACE.* (re)
# arenas allocated current
# bytes in arenas
# pages in arenas
# pages free
# blocks in use
# bytes in allocated blocks
# bytes in available blocks
# large blocks
# bytes in large blocks
# slots in the object table
# bytes in the object table
metadata bytes per object
Total
$ refheap -j arenas
json doc["arenas"] >= 1 and doc["used_blocks"] > 0 and 0 < doc["metadata_bytes_per_object"] <= 24
$ refheap -j arenas --each
json all(x["pages"] >= x["free_pages"] and x["space"] in ("refs", "const", "mutable") for x in doc) and len(doc) >= 1
$ refheap -j arenas --pools
json all(0 < x["used"] <= x["capacity"] and x["size"] % 16 == 0 and x["pool"] < 64 for x in doc) and len(doc) >= 2
$ refheap -j arenas --classes
json all(x["size"] % 16 == 0 for x in doc)

## sessions show who holds what
$ refheap -j sessions
json len(doc) == 1 and doc[0]["command"] == "refheap" and doc[0]["held"] == 0 and doc[0]["uid"] == 0
$ printf 'x = []\ny = x\nsessions -j\n' | refheap shell
json doc[0]["held"] == 2

## verify
$ refheap set a '[]'; refheap append a a; refheap verify; refheap -j verify
ok
{"broken":0}

## somebody else sees nothing and may not come in
$ refheap set a 5; refheap heap new private 2>/dev/null; chmod 666 /dev/refheap
$ setpriv --reuid=1000 --regid=1000 --clear-groups "$(command -v refheap)" -H root/private list
! refheap: there is no heap 'private'; 'refheap heap new' makes one
= 1
$ setpriv --reuid=1000 --regid=1000 --clear-groups "$(command -v refheap)" -j heap list
json not any(x["uid"] == 0 for x in doc)
$ setpriv --reuid=1000 --regid=1000 --clear-groups "$(command -v refheap)" heap del root/private
! refheap: there is no heap 'root/private'
= 1
$ chmod 660 /dev/refheap; setpriv --reuid=1000 --regid=1000 --clear-groups "$(command -v refheap)" list
! refheap: there is no permission to use /dev/refheap; its group is 'refheap'
= 3
