## statistics of saved snapshots read as those of Python's tracemalloc
$ cat >golden.py <<'END'
> import random, subprocess, sys, tracemalloc
> random.seed(7)
> sizes = [0, 1, 99, 100, 1023, 1024, 10239, 10240, 102399, 102400, 2493440, 10 * 1024**2,
>          99 * 1024**2, 100 * 1024**2, 10 * 1024**3 - 1, 10 * 1024**3, 123 * 1024**4]
> counts = [1, 2, 3, 7, 401]
> names = ["a.rh", "dir/b.rh", "b:c.rh", "d[x].rh", "e\\*.rh", "f.c"]
> for name in "a.rh", "b:c.rh":
>     with open(name, "w") as file:
>         file.writelines(f" \t line {n}  \n" if n % 3 else "\n" for n in range(1, 20))
> def snapshot(frames):
>     sites = {}
>     while len(sites) < 75:
>         depth = random.randint(1, frames)
>         site = tuple((random.choice(names), random.randint(0, 30)) for _ in range(depth))
>         sites[site] = random.choice(sizes), random.choice(counts)
>     return sites
> def save(path, sites):
>     with open(path, "w") as file:
>         print("refheap-trace 2\ntraced 1 2 3 4 5 6 0 0 0 0 0 0", file=file)
>         for frames, (size, count) in sites.items():
>             print(f"site {size} {count} {count} 0 0 0", file=file)
>             for name, line in frames:
>                 print(f"frame {line} {name}".replace("\\", "\\\\"), file=file)
>         print(f"end {len(sites)}", file=file)
> def python(sites):
>     traces = []
>     for frames, (size, count) in sites.items():
>         traces += [(0, size if not i else 0, frames, len(frames)) for i in range(count)]
>     return tracemalloc.Snapshot(traces, 4)
> def refheap(*words):
>     return subprocess.run(["refheap", "trace", *words, "-n", "0"], capture_output=True,
>                           text=True, check=True).stdout.splitlines()
> def check(what, ours, theirs):
>     theirs = list(map(str, theirs))
>     if ours != theirs or not ours:
>         print(what, len(ours), len(theirs),
>               *[pair for pair in zip(ours, theirs) if pair[0] != pair[1]][:3])
> def blocks(stats, **how):
>     for stat in stats:
>         yield "%s memory blocks: %.1f KiB" % (stat.count, stat.size / 1024)
>         yield from stat.traceback.format(**how)
> def differences(stats):
>     for stat in stats:
>         yield stat
>         yield from stat.traceback.format()
> filters = [(["*b*"], ["b:c.rh"]), (["a.rh:7", "?.c"], []), ([], ["d[[]*"]), (["[!a-c]*"], []),
>            (["e\\*"], ["*:3"]), ([], ["a.rh:1", "f.c", "dir/*"])]
> for frames in 1, 4:
>     old, new = snapshot(frames), snapshot(frames)
>     new |= dict(random.sample(list(old.items()), 20))
>     save("old", old), save("new", new)
>     old, new = python(old), python(new)
>     for key, by in ("lineno", "line"), ("filename", "file"):
>         check(by, refheap("top", "new", "-b", by), new.statistics(key))
>         check(by, refheap("top", "new", "-b", by, "-c"), new.statistics(key, True))
>         check(by, refheap("compare", "old", "new", "-b", by), new.compare_to(old, key))
>         check(by, refheap("compare", "old", "new", "-b", by, "-c"),
>               new.compare_to(old, key, True))
>     stats = new.statistics("traceback")
>     check("blocks", refheap("top", "new", "-b", "traceback"), blocks(stats))
>     check("limit", refheap("top", "new", "-b", "traceback", "-f", "2"), blocks(stats, limit=2))
>     check("differences", refheap("compare", "old", "new", "-b", "traceback"),
>           differences(new.compare_to(old, "traceback")))
>     for every in False, True:
>         for include, exclude in filters:
>             keep, words = [], ["-a"] if every else []
>             for option, inclusive, patterns in ("-i", True, include), ("-x", False, exclude):
>                 if patterns:
>                     words += [option, ",".join(patterns)]
>                 for pattern in patterns:
>                     name, _, line = pattern.rpartition(":")
>                     if not line.isdigit():
>                         name, line = pattern, None
>                     keep.append(tracemalloc.Filter(inclusive, name, line and int(line), every))
>             check(words, refheap("top", "new", *words), new.filter_traces(keep).statistics("lineno"))
> print("checked")
> END
$ python3 -B golden.py
checked

## the line of a comparison
$ printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nsite 1419264 20002 9 0 0 0\nframe 3 a.rh\nend 1\n' >old; printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nsite 2493440 40001 9 0 0 0\nframe 3 a.rh\nend 1\n' >new; refheap trace compare old new; refheap trace top new
a.rh:3: size=2435 KiB (+1049 KiB), count=40001 (+19999), average=62 B
a.rh:3: size=2435 KiB, count=40001, average=62 B
$ refheap -j trace compare old new
json doc == [{"file": "a.rh", "line": 3, "size": 2493440, "count": 40001, "births": 9, "size_error": 0, "count_error": 0, "size_diff": 1074176, "count_diff": 19999}]
$ refheap trace top new -o size,line
   SIZE LINE
2493440    3

## filters by line, and the number of lines
$ printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nsite 100 1 1 0 0 0\nframe 3 a.rh\nsite 200 2 2 0 0 0\nframe 4 a.rh\nsite 300 1 1 0 0 0\nframe 0 <unknown>\nend 3\n' >new; refheap trace top new -i 'a.*:4'; refheap trace top new -x 'a.rh:4,<unknown>'; refheap trace top new -n 1; refheap trace top new -b file -x '<*'
a.rh:4: size=200 B, count=2, average=100 B
a.rh:3: size=100 B, count=1, average=100 B
<unknown>:0: size=300 B, count=1, average=300 B
a.rh:0: size=300 B, count=3, average=100 B

## damaged files are refused
$ printf 'refheap-trace 3\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nend 0\n' >a; printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nsite 1 1 1 0 0 0\nframe 1 x\n' >b; printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nsite -1 1 1 0 0 0\nframe 1 x\nend 1\n' >c; printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nend 0\nmore\n' >d; head -c 4096 /dev/urandom >e; for f in a b c d e; do refheap trace top $f; done
! refheap: cannot read 'a': the file is damaged, or none of this kind
! refheap: cannot read 'b': the file is damaged, or none of this kind
! refheap: cannot read 'c': the file is damaged, or none of this kind
! refheap: cannot read 'd': the file is damaged, or none of this kind
! refheap: cannot read 'e': the file is damaged, or none of this kind
= 1
$ refheap trace top /dev/zero
! refheap: cannot read '/dev/zero': the file is damaged, or none of this kind
= 1
$ refheap trace top missing
! refheap: cannot read 'missing': No such file or directory
= 1
$ printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nend 0\n' >new; refheap trace top new --by x
! refheap: --by is line, file or traceback, not 'x'
= 2

## sites without frames, frames without sites, and what is too much
$ h='refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\n'; printf "${h}site 1 1 1 0 0 0\nend 1\n" >a; printf "${h}frame 1 x\nsite 1 1 1 0 0 0\nend 1\n" >b; printf "${h}site 1 1 1 0 0 0\012in main\nframe 1 x\nend 1\n" >c; printf "${h}site 1 1 1 0 0 0\nframe 1\nend 1\n" >d; printf "${h}site 9999999999999999 1 1 0 0 0\nframe 1 x\nend 1\n" >e; printf "${h}site 1 1 1 0 0 0\nframe 4294967296 x\nend 1\n" >f; printf "${h}site 1 1 1 0 0 0\nframe 1 x\\\\y\nend 1\n" >g; for f in a b c d e f g; do refheap trace top $f; done 2>&1 | uniq -c -f 4
      7 refheap: cannot read 'a': the file is damaged, or none of this kind
$ printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 0 0 0 0 0\nsite 1 1 1 0 0 0\nframe 1 x\\ny\012in f\nof /bin/z\nframe 2 q\nend 1\n' >a; refheap -j trace top a -b traceback
json doc == [{"size": 1, "count": 1, "births": 1, "size_error": 0, "count_error": 0, "traceback": [{"file": "x\ny", "line": 1, "function": "f", "module": "/bin/z"}, {"file": "q", "line": 2, "function": None, "module": None}]}]

## what was sampled has bounds of its error
$ printf 'refheap-trace 2\ntraced 49152 49152 12 12 0 1 0 4096 12 3072 256 6400\nsite 49152 12 12 12 3072 6400\nframe 3 a.rh\nend 1\n' >new; printf 'refheap-trace 2\ntraced 0 0 0 0 0 1 0 4096 0 0 256 0\nsite 4096 1 1 1 256 64\nframe 3 a.rh\nend 1\n' >old; refheap trace top new; refheap trace top new -b traceback; refheap trace compare old new; refheap trace top new -o size,size_error,count,count_error
a.rh:3: size=48.0 KiB ±27.2 KiB, count=12 ±20, average=4096 B
12 ±20 memory blocks: 48.0 ±27.2 KiB
  File "a.rh", line 3
a.rh:3: size=48.0 KiB (+44.0 KiB) ±28.3 KiB, count=12 (+11) ±20, average=4096 B
 SIZE SIZE_ERROR COUNT COUNT_ERROR
49152      27810    12          20
