/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Memory and time for the host of a test, in userspace and in the kernel.
 */
#ifndef SHIM_MEMORY_H
#define SHIM_MEMORY_H

#ifdef __KERNEL__

#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/vmalloc.h>

static inline void *shim_alloc(size_t bytes)
{
	return kvzalloc(bytes, GFP_KERNEL);
}

static inline void shim_free(void *mem)
{
	kvfree(mem);
}

static inline void *shim_alloc_pages(size_t bytes)
{
	return vzalloc(bytes);
}

static inline u64 shim_now(void)
{
	return ktime_get_ns();
}

#else

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <asm/page.h>
#include <linux/types.h>

static inline void *shim_alloc(size_t bytes)
{
	return calloc(1, bytes);
}

static inline void shim_free(void *mem)
{
	free(mem);
}

static inline void *shim_alloc_pages(size_t bytes)
{
	void *mem = aligned_alloc(PAGE_SIZE, bytes);

	return mem ? memset(mem, 0, bytes) : NULL;
}

static inline u64 shim_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1000000000ULL + now.tv_nsec;
}

#endif
#endif
