/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_LOG2_H
#define SHIM_LINUX_LOG2_H

#include <linux/bitops.h>

#define ilog2(n)	(fls64(n) - 1)

static inline bool is_power_of_2(unsigned long n)
{
	return n && !(n & (n - 1));
}

#define roundup_pow_of_two(n)	((n) <= 1 ? 1UL : 1UL << fls64((u64)(n) - 1))
#define rounddown_pow_of_two(n)	(1UL << (fls64(n) - 1))
#define order_base_2(n)		((n) > 1 ? fls64((u64)(n) - 1) : 0)

#endif
