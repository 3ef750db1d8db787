// SPDX-License-Identifier: GPL-2.0
/*
 * The engine's arena allocator: alloc_engine pair|churn (alloc.h)
 *
 * Blocks of the space of references, which like malloc()'s are not zeroed. A
 * block is a handle; the address that it stands for is computed to write to it.
 */
#include "native.h"
#include "kmod/engine/arena.h"

typedef u32 block_t;

static struct rh_heap *heap;

static inline block_t block_new(size_t bytes)
{
	block_t block;

	if (rh_block_alloc(heap, REFHEAP_SPACE_REFS, bytes, &block))
		fail("out of memory");
	return block;
}

static inline u32 *block_word(block_t block)
{
	return rh_block(heap, REFHEAP_SPACE_REFS, block);
}

static inline void block_drop(block_t block, size_t bytes)
{
	rh_block_free(heap, REFHEAP_SPACE_REFS, block, bytes);
}

#include "alloc.h"

int main(int argc, char **argv)
{
	if (argc != 2)
		return 2;
	heap = native_heap();
	return alloc_main(argv[1]);
}
