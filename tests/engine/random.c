// SPDX-License-Identifier: GPL-2.0
/*
 * Random operations on the engine and on the model.
 *
 *   random [SEQUENCES [SEED]]
 */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include "model.h"

#define STEPS	1500

static void sequence(u64 seed)
{
	struct twin *twin = twin_new();
	const char *what = twin ? NULL : "no heap";
	u64 state = seed * 0x9e3779b97f4a7c15ULL | 1;
	u8 code[MODEL_OP_BYTES];
	u32 step, i;

	for (step = 0; step < STEPS && !what; step++) {
		for (i = 0; i < sizeof(code); i++) {
			state ^= state << 13;
			state ^= state >> 7;
			state ^= state << 17;
			code[i] = state >> 24;
		}
		what = twin_step(twin, code);
		if (!what && step % 16 == 15)
			what = twin_compare(twin);
	}
	if (!what)
		what = twin_free(twin);
	if (!what)
		return;
	printf("FAULT: random 1 %llu: operation %u: %s\n", seed, step, what);
	fflush(stdout);
	/* Nothing was freed, which is not the leak to hear of. */
	quick_exit(1);
}

int main(int argc, char **argv)
{
	u64 count = argc > 1 ? strtoull(argv[1], NULL, 0) : 200;
	u64 seed = argc > 2 ? strtoull(argv[2], NULL, 0) : (u64)time(NULL), i;

	printf("random: %llu sequences of %u operations, seed %llu\n", count, STEPS, seed);
	for (i = 0; i < count; i++)
		sequence(seed + i);
	printf("random: all the same\n");
	return 0;
}
