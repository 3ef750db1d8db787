/* SPDX-License-Identifier: GPL-2.0 */
/*
 * The engine, compiled for userspace.
 */
#ifndef REFHEAP_BENCH_NATIVE_H
#define REFHEAP_BENCH_NATIVE_H

#include <linux/err.h>
#include <linux/types.h>
#include "kmod/engine/engine.h"
#include "tests/shim/host.h"
#include "contender.h"

static inline struct rh_heap *native_heap(void)
{
	static struct shim_host host;
	struct rh_params params;
	struct rh_heap *heap;

	shim_host_init(&host);
	rh_params_init(&params);
	heap = rh_heap_new(&shim_host_ops, &host, &params);
	if (IS_ERR(heap))
		fail("cannot make a heap");
	return heap;
}

#endif
