// SPDX-License-Identifier: GPL-2.0
/*
 * A notifier chain, so that those who hear of heaps can come and go.
 */
#include <linux/ktime.h>
#include "watch.h"

static BLOCKING_NOTIFIER_HEAD(watchers);

/**
 * refheap_watch - have a watcher called from now on
 * @watcher: called with enum refheap_ntf and struct refheap_news. For GC_START
 *	and GC_STOP the heap lock is held: it must not sleep then. It must
 *	never take that lock, since others wait for the chain holding it.
 *
 * Context: may sleep.
 * Return: 0 or a negative errno.
 */
int refheap_watch(struct notifier_block *watcher)
{
	return blocking_notifier_chain_register(&watchers, watcher);
}

/**
 * refheap_unwatch - when this returns, the watcher is not called any more
 * @watcher: as it was given to refheap_watch()
 *
 * Context: may sleep; no heap lock is held.
 */
void refheap_unwatch(struct notifier_block *watcher)
{
	blocking_notifier_chain_unregister(&watchers, watcher);
}

/**
 * refheap_tell - tell the watchers
 * @heap: the heap
 * @event: what happened
 * @notice: what the engine said, or NULL
 *
 * Context: may sleep; the heap lock is held when there is a @notice.
 */
void refheap_tell(struct refheap *heap, enum refheap_ntf event,
		  const struct rh_notice *notice)
{
	struct refheap_news news = {
		.heap = heap,
		.notice = notice,
		.time_ns = ktime_get_ns(),
	};

	blocking_notifier_call_chain(&watchers, event, &news);
}
