// SPDX-License-Identifier: GPL-2.0
/*
 * Events that cannot be lost. The memory of one is part of the object that it
 * is about, so that queueing it cannot fail; the leaf that its reference will
 * be booked in is kept at hand from the time that the obligation is made
 * (rh_holder_pin()), so that reading it cannot fail either.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include "extra.h"
#include "finalize.h"
#include "frame.h"
#include "holder.h"
#include "post.h"
#include "table.h"
#include "weakref.h"

struct rh_post *rh_post_new(struct rh_heap *heap, struct rh_holder *holder)
{
	struct rh_post *post = rh_alloc(heap, sizeof(*post));

	if (IS_ERR(post))
		return post;
	post->holder = holder;
	post->users = 1;
	return post;
}

void rh_post_put(struct rh_heap *heap, struct rh_post *post)
{
	if (!--post->users)
		rh_free(heap, post, sizeof(*post));
}

static u32 *next_of(const struct rh_heap *heap, u32 slot)
{
	if (rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF)
		return &rh_weak(heap, slot)->next_event;
	return &rh_extra(heap, slot)->next_event;
}

u32 rh_post_next(const struct rh_heap *heap, u32 slot)
{
	return *next_of(heap, slot);
}

static void append(struct rh_heap *heap, struct rh_post *post, u32 slot)
{
	*next_of(heap, slot) = 0;
	if (post->first)
		*next_of(heap, post->last) = slot;
	else
		post->first = slot;
	post->last = slot;
	if (!post->queued++)
		heap->host->wake(heap->ctx, post->holder->owner);
}

void rh_post_queue(struct rh_heap *heap, struct rh_post *post, u32 slot)
{
	rh_take(heap, slot);
	append(heap, post, slot);
}

static u32 take_first(struct rh_heap *heap, struct rh_post *post)
{
	u32 slot = post->first;

	post->first = *next_of(heap, slot);
	*next_of(heap, slot) = 0;
	post->queued--;
	return slot;
}

struct rh_post *rh_post_or_adopter(struct rh_heap *heap, struct rh_post *post)
{
	if (post->holder)
		return post;
	return heap->adopters ? heap->adopters->post : NULL;
}

u64 rh_holder_events(const struct rh_holder *holder)
{
	return holder->post->queued;
}

int rh_holder_next_event(struct rh_heap *heap, struct rh_holder *holder,
			 struct refheap_event *event)
{
	struct rh_post *post = holder->post;
	u32 slot = post->first;
	bool callback;
	int err;

	rh_assert_locked(heap);
	if (!slot)
		return 0;
	callback = rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF;
	*event = (struct refheap_event){
		.type = callback ? REFHEAP_EVENT_WEAKREF : REFHEAP_EVENT_FINALIZE,
		.object = rh_id(heap, slot),
	};
	if (callback ? rh_weakref_is_orphan(heap, slot) : rh_finalizer_is_orphan(heap, slot)) {
		err = rh_holder_prepare(heap, holder, slot);
		if (err)
			return err;
		event->generation = REFHEAP_EVENT_ADOPTED;
	}
	take_first(heap, post);
	rh_holder_book(holder, slot);
	if (callback)
		rh_weakref_deliver(heap, slot, event);
	else
		rh_finalizer_deliver(heap, slot, event);
	return 1;
}

void rh_holder_return_event(struct rh_heap *heap, struct rh_holder *holder,
			    const struct refheap_event *event)
{
	int err;
	u32 slot = rh_lookup(heap, event->object, &err);

	rh_assert_locked(heap);
	/* Whoever has dropped it meanwhile has dealt with it. */
	if (!slot || !rh_frameless_count(holder, slot))
		return;
	if (event->type == REFHEAP_EVENT_WEAKREF)
		rh_weakref_returned(heap, slot, holder->post);
	else if (!rh_finalizer_returned(heap, slot, holder))
		return;
	append(heap, holder->post, slot);
	rh_holder_less(heap, holder, slot);
}

enum rh_progress rh_post_close_step(struct rh_heap *heap, struct rh_post *post)
{
	post->holder = NULL;
	while (post->atexit) {
		rh_weakref_atexit(heap, post->atexit, rh_post_or_adopter(heap, post));
		if (rh_slice_over(heap))
			return RH_MORE;
	}
	while (post->first) {
		u32 slot = take_first(heap, post);
		struct rh_post *other = rh_post_or_adopter(heap, post);
		bool wanted = rh_kind(heap, slot) == REFHEAP_KIND_WEAKREF ?
			rh_weakref_orphaned(heap, slot, other) :
			rh_finalizer_orphaned(heap, slot, other);

		if (wanted)
			append(heap, other, slot);
		else
			rh_release(heap, slot);
		if (rh_reap_step(heap) != RH_DONE || rh_slice_over(heap))
			return RH_MORE;
	}
	return RH_DONE;
}

void rh_adopt(struct rh_heap *heap, struct rh_holder *holder, bool adopt)
{
	if (holder->adopts == adopt)
		return;
	holder->adopts = adopt;
	if (adopt) {
		holder->next_adopter = NULL;
		holder->prev_adopter = heap->last_adopter;
		if (heap->last_adopter)
			heap->last_adopter->next_adopter = holder;
		else
			heap->adopters = holder;
		heap->last_adopter = holder;
		return;
	}
	if (holder->prev_adopter)
		holder->prev_adopter->next_adopter = holder->next_adopter;
	else
		heap->adopters = holder->next_adopter;
	if (holder->next_adopter)
		holder->next_adopter->prev_adopter = holder->prev_adopter;
	else
		heap->last_adopter = holder->prev_adopter;
}

static void notify(struct rh_heap *heap, u32 event, u32 slot, u64 id)
{
	u32 meta = rh_head(heap, slot)->meta;
	const struct rh_notice notice = {
		.event = event,
		.object = id,
		.kind = rh_meta_kind(meta),
		.type = rh_meta_type(meta),
	};

	if (!(meta & RH_META_CARRIER))
		heap->host->notify(heap->ctx, &notice);
}

void rh_notify_object(struct rh_heap *heap, u32 event, u32 slot)
{
	if (heap->watch)
		notify(heap, event, slot, rh_id(heap, slot));
}

void rh_notify_death(struct rh_heap *heap, u32 slot)
{
	u32 tag;

	if (!heap->watch)
		return;
	tag = rh_tag(heap, slot);
	/* Those that a collection frees have theirs still. */
	if (rh_head(heap, slot)->meta & RH_META_DEAD)
		tag--;
	notify(heap, RH_NOTICE_DEATH, slot, REFHEAP_ID(slot, tag));
}
