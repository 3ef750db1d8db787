/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The words of memory that tell which objects are alive. */
#ifndef LIBREFHEAP_LIVENESS_H
#define LIBREFHEAP_LIVENESS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

struct refheap;

typedef const _Atomic uint32_t rh_word;

/*
 * Mapped when they are first needed, and then until the session ends. Readers
 * take no lock: a segment is written once, after all that goes with it.
 */
struct rh_liveness {
	pthread_mutex_t lock;	/* of mapping */
	size_t mapped;		/* the last segment that is, and one */
	rh_word *state;		/* mapped when @segments is not NULL */
	_Atomic(rh_word *) *_Atomic segments; /* NULL: none is mapped */
};

void rh_liveness_init(struct rh_liveness *liveness);
void rh_liveness_end(struct rh_liveness *liveness);

#endif
