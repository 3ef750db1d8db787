# needs: module
## a library that only some commands load is missing
$ mkdir without; touch without/{libmicrohttpd.so.12,libedit.so.2}; export LD_LIBRARY_PATH=$PWD/without; refheap metrics --listen 0
! refheap: this needs the library libmicrohttpd.so.12: .*without/libmicrohttpd.so.12: .+ (re)
= 1
$ export LD_LIBRARY_PATH=$PWD/without; refheap -j metrics --listen 0
json err["error"]["code"] == "ELIBACC" and "libmicrohttpd.so.12" in err["error"]["message"]
= 1
$ export LD_LIBRARY_PATH=$PWD/without; NO_COLOR=1 script -qec 'refheap shell' /dev/null | tr -d '\r'; echo ${PIPESTATUS[0]}
refheap: this needs the library libedit.so.2: .*without/libedit.so.2: .+ (re)
1
$ export LD_LIBRARY_PATH=$PWD/without; echo 'print 1' | refheap shell; refheap metrics | grep -cx '# EOF'
1
1

## it is another one than the command was made for
$ mkdir other; gcc -shared -o other/libmicrohttpd.so.12 -x c /dev/null; cp other/{libmicrohttpd.so.12,libedit.so.2}; export LD_LIBRARY_PATH=$PWD/other; refheap metrics --listen 0
! refheap: this needs the library libmicrohttpd.so.12, and what is there has no MHD_[a-z_]+ (re)
= 1
$ export LD_LIBRARY_PATH=$PWD/other; refheap -j metrics --listen 0
json err["error"]["code"] == "ELIBBAD"
= 1
$ export LD_LIBRARY_PATH=$PWD/other; NO_COLOR=1 script -qec 'refheap shell' /dev/null | tr -d '\r'; echo ${PIPESTATUS[0]}
refheap: this needs the library libedit.so.2, and what is there has no [a-z_]+ (re)
1

## without what finds lines, addresses are shown
$ refheap trace start --frames 3; refheap set a '[]'; refheap trace of a | grep -cv '^  File ".*\.c", line [1-9]'
0
= 1
$ mkdir without; touch without/libdw.so.1; LD_LIBRARY_PATH=$PWD/without refheap trace of a
  File ".*/refheap\+0x[0-9a-f]+", line 0 (re)
  File ".*/refheap\+0x[0-9a-f]+", line 0 (re)
  File ".*/refheap\+0x[0-9a-f]+", line 0 (re)
$ gcc -shared -o without/libdw.so.1 -x c /dev/null; LD_LIBRARY_PATH=$PWD/without refheap -j trace of a
json len(doc["traceback"]) == 3 and all("refheap+0x" in frame["file"] for frame in doc["traceback"])
