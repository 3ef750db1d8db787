// SPDX-License-Identifier: GPL-2.0
/*
 * The Boehm collector on a graph: gc_boehm GRAPH live|dead
 *
 * Objects are of two pointers. The library is used as Debian builds it: it
 * marks with one thread for each processor, and sweeps pages with survivors
 * only as memory is asked for, which is not measured here; both are in its
 * favour.
 */
#include <string.h>
#include <gc/gc.h>
#include "graph.h"

struct node {
	struct node *cell[2];
};

struct run {
	struct graph graph;
	int live;
};

static struct node *volatile root; /* nobody reads it but the collector */
static void *watch;	/* the collector clears it when object 0 is garbage */

static __attribute__((noinline)) void build(const struct graph *graph)
{
	struct node **nodes = must_have(malloc(graph->n * sizeof(*nodes)));
	uint32_t i;

	GC_disable();
	for (i = 0; i < graph->n; i++)
		nodes[i] = must_have(GC_MALLOC(sizeof(**nodes)));
	for (i = 0; i < graph->n; i++) {
		nodes[i]->cell[0] = nodes[graph->cell[2 * (size_t)i]];
		nodes[i]->cell[1] = nodes[graph->cell[2 * (size_t)i + 1]];
	}
	root = nodes[0];
	watch = (void *)GC_HIDE_POINTER(root);
	GC_general_register_disappearing_link(&watch, root);
	memset(nodes, 0, graph->n * sizeof(*nodes));
	opaque(nodes);
	free(nodes);
	GC_enable();
}

/* What the builder left on the stack may still look like a pointer. */
static __attribute__((noinline)) void wipe_stack(void)
{
	char stack[16384];

	memset(stack, 0, sizeof(stack));
	__asm__ volatile("" : : "r"(stack) : "memory");
}

static void sample(void *arg)
{
	struct run *run = arg;
	uint64_t start;

	if (!run->live) {
		build(&run->graph);
		root = NULL;
		wipe_stack();
	}
	start = now_ns();
	GC_gcollect();
	printf("%llu\n", (unsigned long long)(now_ns() - start));
	if (!!watch != run->live)
		fail("the graph should be %s", run->live ? "live" : "dead");
}

int main(int argc, char **argv)
{
	struct run run;

	if (argc != 3)
		fail("usage: gc_boehm GRAPH live|dead");
	GC_INIT();
	run.graph = graph_open(argv[1]);
	run.live = !strcmp(argv[2], "live");
	if (run.live) {
		build(&run.graph);
		GC_gcollect();
	}
	return contend(sample, &run);
}
