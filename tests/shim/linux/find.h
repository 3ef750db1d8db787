/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_FIND_H
#define SHIM_LINUX_FIND_H

#include <linux/bits.h>
#include <linux/types.h>

/* Where none is found, the functions return the size, as the kernel's do. */
static inline unsigned long shim_find_next(const unsigned long *addr, unsigned long size,
					   unsigned long offset, unsigned long invert)
{
	while (offset < size) {
		unsigned long word = addr[BIT_WORD(offset)] ^ invert;

		word &= ~0UL << (offset % BITS_PER_LONG);
		if (word) {
			offset = BIT_WORD(offset) * BITS_PER_LONG + __builtin_ctzl(word);
			break;
		}
		offset = (BIT_WORD(offset) + 1) * BITS_PER_LONG;
	}
	return offset < size ? offset : size;
}

static inline unsigned long find_next_bit(const unsigned long *addr, unsigned long size,
					  unsigned long offset)
{
	return shim_find_next(addr, size, offset, 0);
}

static inline unsigned long find_first_bit(const unsigned long *addr, unsigned long size)
{
	return shim_find_next(addr, size, 0, 0);
}

static inline unsigned long find_next_zero_bit(const unsigned long *addr, unsigned long size,
					       unsigned long offset)
{
	return shim_find_next(addr, size, offset, ~0UL);
}

static inline unsigned long find_first_zero_bit(const unsigned long *addr, unsigned long size)
{
	return shim_find_next(addr, size, 0, ~0UL);
}

#define for_each_set_bit(bit, addr, size) \
	for ((bit) = find_first_bit(addr, size); (bit) < (size); \
	     (bit) = find_next_bit(addr, size, (bit) + 1))

#endif
