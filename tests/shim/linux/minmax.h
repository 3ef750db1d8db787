/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_MINMAX_H
#define SHIM_LINUX_MINMAX_H

#include <linux/types.h>

#define __shim_cmp(x, y, op) ({			\
	__auto_type __x = (x);			\
	__auto_type __y = (y);			\
	(void)(&__x == &__y);			\
	__x op __y ? __x : __y;			\
})
#define min(x, y)	__shim_cmp(x, y, <)
#define max(x, y)	__shim_cmp(x, y, >)
#define min_t(type, x, y) __shim_cmp((type)(x), (type)(y), <)
#define max_t(type, x, y) __shim_cmp((type)(x), (type)(y), >)
#define min3(x, y, z)	min(min(x, y), z)
#define max3(x, y, z)	max(max(x, y), z)
#define clamp(val, lo, hi) min(max(val, lo), hi)
#define clamp_t(type, val, lo, hi) min_t(type, max_t(type, val, lo), hi)
#define clamp_val(val, lo, hi) clamp_t(__typeof__(val), val, lo, hi)
#define swap(a, b) do { __typeof__(a) __tmp = (a); (a) = (b); (b) = __tmp; } while (0)

#endif
