// SPDX-License-Identifier: GPL-2.0
/*
 * A history is a ring of the last changes of one count. While no object has
 * one, the barrier asks for no more than that.
 *
 * A site says where in a program a change comes from: an interned string that
 * lives as long as the heap, known by its slot.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "barrier.h"
#include "extra.h"
#include "history.h"
#include "intern.h"
#include "table.h"
#include "trace.h"

#define SITE_BYTES_MAX	4096U

struct rh_history {
	u32 capacity;
	u64 total;		/* changes ever */
	struct change {
		u64 time_ns;
		u32 session;
		u32 site;	/* slot of a str, or 0 */
		u32 refcount;
		u32 what;
	} change[];
};

size_t rh_history_cost(u32 n)
{
	return n ? sizeof(struct rh_history) + n * sizeof(struct change) : 0;
}

struct rh_history *rh_history_new(struct rh_heap *heap, u32 n)
{
	struct rh_history *history = rh_alloc(heap, rh_history_cost(n));

	if (!IS_ERR(history))
		history->capacity = n;
	return history;
}

void rh_history_free(struct rh_heap *heap, struct rh_history *history)
{
	rh_free(heap, history, rh_history_cost(history->capacity));
}

void rh_history_attach(struct rh_heap *heap, u32 slot, struct rh_history *history)
{
	struct rh_extra *extra = rh_extra(heap, slot);

	heap->histories += !!history - !!extra->history;
	rh_object_account(heap, slot, rh_history_cost(history ? history->capacity : 0) -
				      (s64)rh_history_bytes(heap, slot));
	if (extra->history)
		rh_history_free(heap, extra->history);
	extra->history = history;
	if (!history)
		rh_extra_tidy(heap, slot);
}

size_t rh_history_bytes(const struct rh_heap *heap, u32 slot)
{
	return rh_history_cost(rh_history_kept(heap, slot));
}

u32 rh_history_kept(const struct rh_heap *heap, u32 slot)
{
	const struct rh_extra *extra = rh_extra(heap, slot);

	return extra && extra->history ? extra->history->capacity : 0;
}

int rh_history_keep(struct rh_heap *heap, u32 slot, u32 n)
{
	struct rh_history *history = NULL;
	u32 block;
	int err;

	if (n == rh_history_kept(heap, slot))
		return 0;
	err = rh_object_may_grow(heap, rh_history_cost(n));
	if (!err)
		err = rh_extra_prepare(heap, slot, &block);
	if (err)
		return err;
	if (n)
		history = rh_history_new(heap, n);
	if (IS_ERR(history)) {
		rh_extra_cancel(heap, block);
		return PTR_ERR(history);
	}
	rh_extra_attach(heap, slot, block);
	rh_history_attach(heap, slot, history);
	return 0;
}

void rh_history_add(struct rh_heap *heap, u32 slot, u32 what)
{
	struct rh_extra *extra = rh_extra(heap, slot);
	struct rh_history *history = extra ? extra->history : NULL;
	const struct rh_head *head;

	if (!history)
		return;
	head = rh_head(heap, slot);
	history->change[history->total++ % history->capacity] = (struct change){
		.time_ns = heap->host->coarse(heap->ctx),
		.session = heap->actor,
		.site = heap->site,
		.refcount = head->count - !!(head->meta & RH_META_IMMORTAL),
		.what = what,
	};
}

u32 rh_history_read(const struct rh_heap *heap, u32 slot, struct refheap_change *out,
		    u64 *total)
{
	const struct rh_extra *extra = rh_extra(heap, slot);
	const struct rh_history *history = extra ? extra->history : NULL;
	const struct change *change;
	u32 n, i;

	*total = history ? history->total : 0;
	n = history ? min_t(u64, history->total, history->capacity) : 0;
	for (i = 0; out && i < n; i++) {
		change = &history->change[(history->total - n + i) % history->capacity];
		out[i] = (struct refheap_change){
			.time_ns = change->time_ns,
			.site = rh_id(heap, change->site),
			.session = change->session,
			.what = change->what,
			.refcount = change->refcount,
		};
	}
	return n;
}

int rh_site_new(struct rh_heap *heap, const u8 *data, u32 len, u32 *site)
{
	struct rh_head *head;
	int err;

	if (!len)
		return -EINVAL;
	if (len > SITE_BYTES_MAX)
		return -EFBIG;
	err = rh_str(heap, data, len, true, site);
	if (err)
		return err;
	/* The heap keeps the reference, once. */
	head = rh_head(heap, *site);
	if (head->meta & RH_META_IMMORTAL)
		rh_release(heap, *site);
	head->meta |= RH_META_IMMORTAL;
	rh_trace_exempt(heap, *site);
	return 0;
}

bool rh_site_valid(const struct rh_heap *heap, u32 site)
{
	return rh_slot_exists(heap, &site) && rh_kind(heap, site) == REFHEAP_KIND_STR &&
	       (rh_head(heap, site)->meta & RH_META_IMMORTAL);
}
