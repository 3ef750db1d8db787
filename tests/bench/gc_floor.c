// SPDX-License-Identifier: GPL-2.0
/*
 * The floor: what a full collection by trial deletion costs when there is
 * nothing else: gc_floor GRAPH live|dead
 *
 * Objects are numbers; counts and cells are dense arrays of 32 bits. No kinds,
 * no sizes, no generations, no bounded slices, no barrier, one graph.
 */
#include <string.h>
#include "graph.h"

#define REACHED UINT32_MAX

struct heap {
	uint32_t n;
	uint32_t *count;	/* of a free object: the next free one */
	uint32_t *cell;		/* 2n */
	uint32_t *outside;	/* of a collection: count less references from inside */
	uint32_t *stack;
	uint32_t free;
};

static uint32_t collect(struct heap *heap)
{
	uint32_t *cell = heap->cell, *outside = heap->outside, *stack = heap->stack;
	uint32_t n = heap->n, depth = 0, freed = 0, i, end, target;

	memcpy(outside, heap->count, n * sizeof(*outside));
	for (i = 0; i < 2 * n; i++)
		outside[cell[i]]--;
	for (i = 0; i < n; i++) {
		if (outside[i]) {
			outside[i] = REACHED;
			stack[depth++] = i;
		}
	}
	while (depth) {
		i = 2 * stack[--depth];
		for (end = i + 2; i < end; i++) {
			target = cell[i];
			if (outside[target] != REACHED) {
				outside[target] = REACHED;
				stack[depth++] = target;
			}
		}
	}
	for (i = 0; i < n; i++) {
		if (outside[i] != REACHED) {
			heap->count[i] = heap->free;
			heap->free = i;
			freed++;
		}
	}
	return freed;
}

struct run {
	struct graph graph;
	struct heap heap;
	uint32_t root;		/* references from outside to object 0 */
};

static void build(struct run *run)
{
	struct heap *heap = &run->heap;
	uint32_t i;

	memcpy(heap->cell, run->graph.cell, 2 * heap->n * sizeof(*heap->cell));
	memset(heap->count, 0, heap->n * sizeof(*heap->count));
	for (i = 0; i < 2 * heap->n; i++)
		heap->count[heap->cell[i]]++;
	heap->count[0] += run->root;
	heap->free = UINT32_MAX;
}

static void sample(void *arg)
{
	struct run *run = arg;
	uint32_t freed;
	uint64_t start;

	build(run);
	start = now_ns();
	freed = collect(&run->heap);
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	if (freed != (run->root ? 0 : run->heap.n))
		fail("%u objects were freed", freed);
}

int main(int argc, char **argv)
{
	struct run run;
	struct heap *heap = &run.heap;

	if (argc != 3)
		fail("usage: gc_floor GRAPH live|dead");
	run.graph = graph_open(argv[1]);
	run.root = !strcmp(argv[2], "live");
	heap->n = run.graph.n;
	heap->count = must_have(malloc(heap->n * sizeof(uint32_t)));
	heap->cell = must_have(malloc(2 * heap->n * sizeof(uint32_t)));
	heap->outside = must_have(malloc(heap->n * sizeof(uint32_t)));
	heap->stack = must_have(malloc(heap->n * sizeof(uint32_t)));
	build(&run);
	collect(heap);
	return contend(sample, &run);
}
