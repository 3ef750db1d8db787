/* SPDX-License-Identifier: GPL-2.0 */
/* Every operation of a batch, as it succeeds in a world. */
#ifndef TESTS_FAILNTH_OPERATIONS_H
#define TESTS_FAILNTH_OPERATIONS_H

#include <stddef.h>

#include "world.h"

extern const size_t operation_count;
const char *operation_name(size_t n);

/**
 * struct prepared - an operation with the ids that its things have in a world
 * @op: it
 * @in: its input
 * @ids: where @in is when it is ids
 * @a: which thing that field is, NO_THING when it is a number
 * @b: likewise
 * @c: likewise
 * @partial: with little memory it may do less, and succeed
 */
struct prepared {
	struct refheap_op op;
	const void *in;
	refheap_id ids[4];
	enum thing a, b, c;
	bool partial;
};

void operation_prepare(const struct world *w, size_t n, struct prepared *p);

#endif
