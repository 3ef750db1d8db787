// SPDX-License-Identifier: GPL-2.0
/*
 * The C library's allocator: alloc_glibc pair|churn (alloc.h)
 */
#include <stdlib.h>
#include <stdint.h>

typedef void *block_t;

static inline block_t block_new(size_t bytes)
{
	return malloc(bytes);
}

static inline uint32_t *block_word(block_t block)
{
	return block;
}

static inline void block_drop(block_t block, size_t bytes)
{
	(void)bytes;
	free(block);
}

#include "alloc.h"

int main(int argc, char **argv)
{
	return argc == 2 ? alloc_main(argv[1]) : 2;
}
