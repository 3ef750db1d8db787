/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What is tried with a fault at every point.
 *
 * A try prepares what it needs, calls inject_arm(w->nth), does one thing, and
 * sets w->injected from inject_disarm(). It returns 0 or a negative errno.
 */
#ifndef TESTS_FAILNTH_TRIES_H
#define TESTS_FAILNTH_TRIES_H

#include <stdbool.h>
#include <stddef.h>

#include "inject.h"
#include "world.h"

struct try {
	const char *name;
	int (*run)(struct world *w);
	/*
	 * Whether it may have been done although it failed, since it was only
	 * the answer that got lost.
	 */
	bool answer_lost;
};

extern const struct try tries[];
extern const size_t try_count;

/*
 * @executed: whether it may have been done although it failed.
 * @partial: whether it may have done less although it succeeded.
 */
int operation_try(struct world *w, size_t n, bool *executed, bool *partial);

#endif
