/* SPDX-License-Identifier: GPL-2.0 */
/* Attributes; the build includes this first everywhere, as kbuild does. */
#ifndef SHIM_LINUX_COMPILER_TYPES_H
#define SHIM_LINUX_COMPILER_TYPES_H

#include <sys/cdefs.h>

#undef __always_inline
#define __always_inline		inline __attribute__((__always_inline__))
#define __must_check		__attribute__((__warn_unused_result__))
#define __maybe_unused		__attribute__((__unused__))
#define __always_unused		__attribute__((__unused__))
#define __packed		__attribute__((__packed__))
#define __aligned(x)		__attribute__((__aligned__(x)))
#define __cold			__attribute__((__cold__))
#define __printf(a, b)		__attribute__((__format__(printf, a, b)))
#define __malloc		__attribute__((__malloc__))
#define __visible		__attribute__((__externally_visible__))
#define noinline		__attribute__((__noinline__))
#define noinline_for_stack	noinline
#define fallthrough		__attribute__((__fallthrough__))
#define __user
#define __kernel
#define __iomem
#define __rcu
#define __force
#define __bitwise
#define __acquires(x)
#define __releases(x)
#define __must_hold(x)
#define __counted_by(x)
#define __init
#define __exit
#define __initdata
#define __ro_after_init
#define __read_mostly
#define ____cacheline_aligned	__attribute__((__aligned__(64)))
#undef __attribute_const__
#define __attribute_const__	__attribute__((__const__))
#undef __pure
#define __pure			__attribute__((__pure__))

#endif
