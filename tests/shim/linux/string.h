/* SPDX-License-Identifier: GPL-2.0 */
#ifndef SHIM_LINUX_STRING_H
#define SHIM_LINUX_STRING_H

#include <string.h>
#include <linux/types.h>

void *memchr_inv(const void *start, int c, size_t bytes);
ssize_t strscpy(char *dest, const char *src, size_t count);

static inline void memzero_explicit(void *mem, size_t bytes)
{
	memset(mem, 0, bytes);
	__asm__ __volatile__("" : : "r" (mem) : "memory");
}

static inline void *memset32(u32 *mem, u32 value, size_t count)
{
	size_t i;

	for (i = 0; i < count; i++)
		mem[i] = value;
	return mem;
}

#endif
