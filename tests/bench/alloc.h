/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What every allocator does, in nanoseconds:
 *
 *   pair    one block of 64 bytes is allocated and freed, again and again
 *   churn   of a million live blocks of 16 to 512 bytes a random one is freed
 *           and replaced by one of a random size
 *
 * The first word of each block is written. Sizes are kept beside the blocks,
 * since some allocators want to be told.
 *
 * The file that includes this defines block_t, block_new(), block_word() and
 * block_drop(). They are inlined; what they call is not, for anybody.
 */
#ifndef REFHEAP_BENCH_ALLOC_H
#define REFHEAP_BENCH_ALLOC_H

#include <string.h>
#include "contender.h"

#define PAIRS		5000000
#define PAIR_BYTES	64
#define CHURN_BLOCKS	1000000
#define CHURN_STEPS	2000000
#define CHURN_MIN	16
#define CHURN_MAX	512

struct churn_block {
	block_t block;
	uint32_t bytes;
};

struct churn {
	struct churn_block *blocks;
	uint64_t random;
};

static void pair_sample(void *arg)
{
	uint64_t start = now_ns();
	block_t block;
	uint32_t i;

	(void)arg;
	for (i = 0; i < PAIRS; i++) {
		block = block_new(PAIR_BYTES);
		*block_word(block) = i;
		opaque(block);
		block_drop(block, PAIR_BYTES);
	}
	printf("%.3f\n", (double)(now_ns() - start) / PAIRS);
}

static inline void churn_fill(struct churn *churn, struct churn_block *block)
{
	block->bytes = CHURN_MIN + random_below(&churn->random, CHURN_MAX - CHURN_MIN + 1);
	block->block = block_new(block->bytes);
	*block_word(block->block) = block->bytes;
}

static void churn_sample(void *arg)
{
	struct churn *churn = arg;
	uint64_t start = now_ns();
	struct churn_block *block;
	uint32_t i;

	for (i = 0; i < CHURN_STEPS; i++) {
		block = &churn->blocks[random_below(&churn->random, CHURN_BLOCKS)];
		block_drop(block->block, block->bytes);
		churn_fill(churn, block);
	}
	printf("%.3f\n", (double)(now_ns() - start) / CHURN_STEPS);
}

int alloc_main(const char *mode);

int alloc_main(const char *mode)
{
	struct churn churn = { .random = RANDOM_SEED };
	uint32_t i;

	if (!strcmp(mode, "pair"))
		return contend(pair_sample, NULL);
	churn.blocks = must_have(malloc(CHURN_BLOCKS * sizeof(*churn.blocks)));
	for (i = 0; i < CHURN_BLOCKS; i++)
		churn_fill(&churn, &churn.blocks[i]);
	return contend(churn_sample, &churn);
}

#endif
