# needs: module
## the chapters
$ refheap tour --list | head -4
NR CHAPTER    STEPS VALUES MEANT TITLE
 1 objects    *\d+ *\d+ *\d+ Objects and names (re)
 2 counting   *\d+ *\d+ *\d+ Reference counting (re)
 3 cycles     *\d+ *\d+ *\d+ The circular reference problem (re)
$ refheap -j tour --list
json len(doc) == 14 and all(chapter["steps"] and chapter["values"] >= chapter["meant"] for chapter in doc)

## one step
$ refheap tour counting 1

2. Reference counting (counting)
Every object .* (re)
.* (re)
shows what there are.

-- How references work
  Python                                            refheap
  import sys                                        a = [1, 2, 3]
  a = [1, 2, 3]                                     refcount a
  print(sys.getrefcount(a))
      2                                                 1
      (differs: getrefcount() counts the reference of its own argument)
  b = a                                             b = a
  print(sys.getrefcount(a) - 1)                     refcount a
      2                                                 2
  c = a                                             c = a
  print(sys.getrefcount(a) - 1)                     refcount a
      3                                                 3
  del b                                             del b
  print(sys.getrefcount(a) - 1)                     refcount a
      2                                                 2
  c = None                                          c = None
  print(sys.getrefcount(a) - 1)                     refcount a
      1                                                 1
  del a                                             del a

Steps: 1. Values: 5, of them 4 the same and 1 different as meant. Wrong: 0.
$ refheap -j tour 2 7
json len(doc) == 1 and doc[0]["step"] == "Deallocated at zero" and all(row["agrees"] for row in doc[0]["rows"]) and [row["python_value"] for row in doc[0]["rows"]] == ["True", "False"]

## nothing is left of it
$ refheap tour cycles >/dev/null; refheap -j heap list -o name | grep -c tour; ls /tmp | grep -c refheap-tour
0
0
= 1

## what a tour that was killed has left goes with the next one
$ refheap heap new tour.99999; refheap heap new tour.9x; refheap tour counting 1 >/dev/null; refheap heap list -o name | grep tour; refheap heap del tour.9x
tour.9x

## completion knows the chapters
$ refheap complete -- tour we
weakrefs

## what it does not know
$ refheap tour nothing
! refheap: there is no chapter 'nothing'; --list lists them
= 2
$ refheap tour 15
! refheap: there is no chapter '15'; --list lists them
= 2
$ refheap tour counting 99
! refheap: the chapter has steps 1 to 8, not '99'
= 2
$ TMPDIR=/nowhere refheap tour counting 1 | grep -c Python
0
! refheap: cannot make a folder such as '/nowhere/refheap-tour-\w+': No such file or directory (re)
= 1
$ echo tour | refheap shell
! <stdin>:1: 'refheap' has no command 'tour'.* (re)
= 2
