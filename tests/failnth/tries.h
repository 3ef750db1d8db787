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

/* One call under faults; the expression is 0 or a negative errno. */
#define UNDER_FAULTS(w, expression) ({ \
	int err_; \
	inject_arm((w)->nth); \
	err_ = (expression); \
	(w)->injected = inject_disarm(); \
	err_; \
})

struct try {
	const char *name;
	int (*run)(struct world *w);
	/*
	 * Whether it may have been done although it failed, since it was only
	 * the answer that got lost.
	 */
	bool answer_lost;
	/*
	 * Whether it is several calls: with an answer lost it stops in between,
	 * or goes on and has not given back what it wanted to.
	 */
	bool several;
};

int try_cache_make(struct world *w);
int try_cache_make_weak(struct world *w);
int try_cache_open(struct world *w);
int try_cache_hit(struct world *w);
int try_cache_put(struct world *w);
int try_cache_replace(struct world *w);
int try_cache_call(struct world *w);
int try_cache_delete(struct world *w);
int try_cache_clear(struct world *w);
int try_cache_next(struct world *w);

extern const struct try tries[];
extern const size_t try_count;

/*
 * @executed: whether it may have been done although it failed.
 * @partial: whether it may have done less although it succeeded.
 */
int operation_try(struct world *w, size_t n, bool *executed, bool *partial);

#endif
