// SPDX-License-Identifier: GPL-2.0
/*
 * mimalloc: alloc_mimalloc pair|churn (alloc.h)
 */
#include <mimalloc.h>
#include <stdint.h>

typedef void *block_t;

static inline block_t block_new(size_t bytes)
{
	return mi_malloc(bytes);
}

static inline uint32_t *block_word(block_t block)
{
	return block;
}

static inline void block_drop(block_t block, size_t bytes)
{
	(void)bytes;
	mi_free(block);
}

#include "alloc.h"

int main(int argc, char **argv)
{
	return argc == 2 ? alloc_main(argv[1]) : 2;
}
