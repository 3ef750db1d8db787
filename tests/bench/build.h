/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Builds a graph in a heap, by batches.
 */
#ifndef REFHEAP_BENCH_BUILD_H
#define REFHEAP_BENCH_BUILD_H

#include <linux/refheap.h>
#include "graph.h"

struct build_batch {
	struct refheap_op *ops;
	struct refheap_result *results;
	uint32_t count;
	const void *in;
	uint32_t in_len;
};

/* Executes a batch of operations. */
typedef void (*submit_fn)(void *arg, const struct build_batch *batch);

/*
 * Objects are instances of a type with two slots. The caller has one reference
 * to object 0 in the end, and no others.
 * Return: id of object 0.
 */
uint64_t build_graph(const struct graph *graph, submit_fn submit, void *arg);

/* Executes one operation without input. Return: its value. */
uint64_t build_one(struct refheap_op op, submit_fn submit, void *arg);

#endif
