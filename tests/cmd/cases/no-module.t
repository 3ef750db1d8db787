# needs: no-module
## every way in says that the module is missing
$ refheap list
! refheap: the kernel module refheap is not loaded
= 3
$ refheap heap list
! refheap: the kernel module refheap is not loaded
= 3
$ refheap set a 5
! refheap: the kernel module refheap is not loaded
= 3
$ echo 'x = 1' | refheap shell
! refheap: the kernel module refheap is not loaded
= 3
$ refheap -j verify
json err == {"error": {"code": "ENXIO", "message": "the kernel module refheap is not loaded"}}
= 3
