// SPDX-License-Identifier: GPL-2.0
/*
 * Writes a graph file (graph.h): graph ring|random N FILE
 */
#include <string.h>
#include "graph.h"

/* A doubly linked ring. */
static void make_ring(uint32_t *cell, uint32_t n)
{
	uint32_t i;

	for (i = 0; i < n; i++) {
		cell[2 * (size_t)i] = (i + 1) % n;
		cell[2 * (size_t)i + 1] = (i + n - 1) % n;
	}
}

/* Object 0, then the others in random order. */
static uint32_t *random_order(uint32_t n, uint64_t *random)
{
	uint32_t *order = must_have(malloc(n * sizeof(*order)));
	uint32_t i, pick;

	order[0] = 0;
	for (i = 1; i < n; i++) {
		pick = 1 + random_below(random, i);
		order[i] = order[pick];
		order[pick] = i;
	}
	return order;
}

/*
 * One object after the other, in random order, is put into a random cell of
 * those before it that is still empty, so that all can be reached. That leaves
 * n + 1 cells empty, which get random objects; the last one gets object 0, so
 * that a cell refers to it too.
 */
static void make_random(uint32_t *cell, uint32_t n)
{
	uint64_t random = RANDOM_SEED;
	uint32_t *order = random_order(n, &random);
	uint32_t *empty = must_have(malloc(2 * (size_t)n * sizeof(*empty)));
	uint32_t nempty = 0, i, pick;

	empty[nempty++] = 0;
	empty[nempty++] = 1;
	for (i = 1; i < n; i++) {
		pick = random_below(&random, nempty);
		cell[empty[pick]] = order[i];
		empty[pick] = 2 * order[i];
		empty[nempty++] = 2 * order[i] + 1;
	}
	while (--nempty)
		cell[empty[nempty]] = random_below(&random, n);
	cell[empty[0]] = 0;
	free(empty);
	free(order);
}

int main(int argc, char **argv)
{
	uint32_t n = argc == 4 ? strtoul(argv[2], NULL, 10) : 0;
	uint32_t *cell;
	FILE *file;

	if (n < 2 || n > 1U << 30)
		fail("usage: graph ring|random N FILE");
	cell = must_have(malloc(2 * (size_t)n * sizeof(*cell)));
	if (!strcmp(argv[1], "ring"))
		make_ring(cell, n);
	else
		make_random(cell, n);
	file = fopen(argv[3], "w");
	if (!file || fwrite(cell, 2 * sizeof(*cell), n, file) != n || fclose(file))
		fail("cannot write %s: %m", argv[3]);
	free(cell);
	return 0;
}
