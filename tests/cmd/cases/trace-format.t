## statistics of saved snapshots read as those of Python's tracemalloc
$ cat >golden.py <<'END'
> import random, subprocess, sys, tracemalloc
> random.seed(7)
> sizes = [0, 1, 99, 100, 1023, 1024, 10239, 10240, 102399, 102400, 2493440, 10 * 1024**2,
>          99 * 1024**2, 100 * 1024**2, 10 * 1024**3 - 1, 10 * 1024**3, 123 * 1024**4]
> counts = [1, 2, 3, 7, 40001]
> def snapshot():
>     sites = {}
>     for name in "a.rh", "dir/b.rh", "b:c.rh":
>         for line in random.sample(range(1, 40), 25):
>             sites[name, line] = random.choice(sizes), random.choice(counts)
>     return sites
> def save(path, sites):
>     with open(path, "w") as file:
>         print("refheap-trace 1\ntraced 1 2 3 4 5", file=file)
>         for (name, line), (size, count) in sites.items():
>             print(f"site {size} {count} {count} {line} {name}", file=file)
>         print(f"end {len(sites)}", file=file)
> def python(sites):
>     traces = []
>     for (name, line), (size, count) in sites.items():
>         traces += [(0, size if not i else 0, ((name, line),), 1) for i in range(count)]
>     return tracemalloc.Snapshot(traces, 1)
> def refheap(*words):
>     return subprocess.run(["refheap", "trace", *words], capture_output=True, text=True,
>                           check=True).stdout.splitlines()
> same = True
> old, new = snapshot(), snapshot()
> save("old", old), save("new", new)
> old, new = python(old), python(new)
> for key, by in ("lineno", "line"), ("filename", "file"):
>     same &= refheap("top", "new", "-n", "0", "--by", by) == list(map(str, new.statistics(key)))
>     same &= (refheap("compare", "old", "new", "-n", "0", "--by", by) ==
>              list(map(str, new.compare_to(old, key))))
> keep = [tracemalloc.Filter(True, "*b*"), tracemalloc.Filter(False, "b:c.rh")]
> same &= (refheap("top", "new", "-n", "0", "-i", "*b*", "-x", "b:c.rh") ==
>          list(map(str, new.filter_traces(keep).statistics("lineno"))))
> print(same)
> END
$ python3 -B golden.py
True

## the line of a comparison
$ printf 'refheap-trace 1\ntraced 0 0 0 0 0\nsite 1419264 20002 9 3 a.rh\nend 1\n' >old; printf 'refheap-trace 1\ntraced 0 0 0 0 0\nsite 2493440 40001 9 3 a.rh\nend 1\n' >new; refheap trace compare old new; refheap trace top new
a.rh:3: size=2435 KiB (+1049 KiB), count=40001 (+19999), average=62 B
a.rh:3: size=2435 KiB, count=40001, average=62 B
$ refheap -j trace compare old new
json doc == [{"file": "a.rh", "line": 3, "size": 2493440, "count": 40001, "births": 9, "size_diff": 1074176, "count_diff": 19999}]
$ refheap trace top new -o size,line
   SIZE LINE
2493440    3

## filters by line, and the number of lines
$ printf 'refheap-trace 1\ntraced 0 0 0 0 0\nsite 100 1 1 3 a.rh\nsite 200 2 2 4 a.rh\nsite 300 1 1 0 <unknown>\nend 3\n' >new; refheap trace top new -i 'a.*:4'; refheap trace top new -x 'a.rh:4,<unknown>'; refheap trace top new -n 1; refheap trace top new -b file -x '<*'
a.rh:4: size=200 B, count=2, average=100 B
a.rh:3: size=100 B, count=1, average=100 B
<unknown>:0: size=300 B, count=1, average=300 B
a.rh:0: size=300 B, count=3, average=100 B

## damaged files are refused
$ printf 'refheap-trace 2\ntraced 0 0 0 0 0\nend 0\n' >a; printf 'refheap-trace 1\ntraced 0 0 0 0 0\nsite 1 1 1 1 x\n' >b; printf 'refheap-trace 1\ntraced 0 0 0 0 0\nsite -1 1 1 1 x\nend 1\n' >c; printf 'refheap-trace 1\ntraced 0 0 0 0 0\nend 0\nmore\n' >d; head -c 4096 /dev/urandom >e; for f in a b c d e; do refheap trace top $f; done
! refheap: cannot read 'a': the file is damaged, or none of this kind
! refheap: cannot read 'b': the file is damaged, or none of this kind
! refheap: cannot read 'c': the file is damaged, or none of this kind
! refheap: cannot read 'd': the file is damaged, or none of this kind
! refheap: cannot read 'e': the file is damaged, or none of this kind
= 1
$ refheap trace top missing
! refheap: cannot read 'missing': No such file or directory
= 1
$ printf 'refheap-trace 1\ntraced 0 0 0 0 0\nend 0\n' >new; refheap trace top new --by x
! refheap: --by is line or file, not 'x'
= 2
