/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Who is told of what happens to any heap. This is how news gets from the
 * heaps up to the netlink door.
 */
#ifndef REFHEAP_WATCH_H
#define REFHEAP_WATCH_H

#include <linux/notifier.h>
#include "heap.h"

/**
 * struct refheap_news - what happened to a heap
 * @heap: which
 * @notice: of the engine, for GC_START and GC_STOP; else NULL
 * @time_ns: CLOCK_MONOTONIC
 */
struct refheap_news {
	struct refheap *heap;
	const struct rh_notice *notice;
	u64 time_ns;
};

int refheap_watch(struct notifier_block *watcher);
void refheap_unwatch(struct notifier_block *watcher);
void refheap_tell(struct refheap *heap, enum refheap_ntf event,
		  const struct rh_notice *notice);

#endif
