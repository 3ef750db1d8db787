// SPDX-License-Identifier: GPL-2.0
/*
 * Weak references, as CPython's Objects/weakrefobject.c has them: objects of
 * their own in a list that begins at the referent. The one without callback is
 * the first and is shared; those with a callback follow, newest first.
 *
 * The entries of weak containers are weak references that belong to the
 * container alone: when one is cleared, its entry goes.
 */
#include <linux/err.h>
#include <linux/errno.h>
#include <linux/kernel.h>
#include "collect.h"
#include "extra.h"
#include "finalize.h"
#include "holder.h"
#include "map.h"
#include "post.h"
#include "table.h"
#include "weakref.h"

bool rh_may_be_weakly_referenced(const struct rh_heap *heap, u32 slot)
{
	u32 kind = rh_kind(heap, slot);

	return kind == REFHEAP_KIND_BYTEARRAY ||
	       (!rh_kind_is_leaf(kind) && kind != REFHEAP_KIND_TUPLE);
}

static bool is_dead(const struct rh_heap *heap, u32 slot)
{
	return (rh_head(heap, slot)->meta & RH_META_DEAD) || rh_is_condemned(heap, slot) ||
	       rh_is_retiring(heap, slot);
}

u32 rh_weakref_shared(const struct rh_heap *heap, u32 referent)
{
	const struct rh_extra *extra = rh_extra(heap, referent);
	u32 first = extra ? extra->weakrefs : 0;

	if (!first || !(rh_weak(heap, first)->flags & RH_WEAK_SHARED) || is_dead(heap, first))
		return 0;
	return first;
}

static void link(struct rh_heap *heap, u32 referent, u32 slot)
{
	struct rh_extra *extra = rh_extra(heap, referent);
	struct rh_weak *weak = rh_weak(heap, slot);
	u32 first = extra->weakrefs;

	weak->referent = referent;
	weak->was = rh_id(heap, referent);
	/* Behind the shared one, before all others. */
	if (first && !(weak->flags & RH_WEAK_SHARED) &&
	    (rh_weak(heap, first)->flags & RH_WEAK_SHARED)) {
		weak->newer = first;
		weak->older = rh_weak(heap, first)->older;
		rh_weak(heap, first)->older = slot;
	} else {
		weak->older = first;
		extra->weakrefs = slot;
	}
	if (weak->older)
		rh_weak(heap, weak->older)->newer = slot;
	extra->nweakrefs++;
}

static void unlink(struct rh_heap *heap, u32 slot)
{
	struct rh_weak *weak = rh_weak(heap, slot);
	struct rh_extra *extra = rh_extra(heap, weak->referent);
	u32 referent = weak->referent;

	rh_weakref_unlinked(heap, slot, weak->older);
	if (weak->newer)
		rh_weak(heap, weak->newer)->older = weak->older;
	else
		extra->weakrefs = weak->older;
	if (weak->older)
		rh_weak(heap, weak->older)->newer = weak->newer;
	weak->referent = 0;
	weak->newer = 0;
	weak->older = 0;
	extra->nweakrefs--;
	rh_extra_tidy(heap, referent);
}

/* The post of a session that ends finds those that want to know. */
static void expect_exit(struct rh_heap *heap, u32 slot)
{
	struct rh_weak *weak = rh_weak(heap, slot);

	weak->next_event = weak->post->atexit;
	if (weak->next_event)
		rh_weak(heap, weak->next_event)->previous = slot;
	weak->post->atexit = slot;
}

/* It is armed no longer. */
static void forget_exit(struct rh_heap *heap, struct rh_weak *weak)
{
	weak->flags &= ~RH_WEAK_ARMED;
	if (!(weak->flags & RH_WEAK_ATEXIT))
		return;
	if (weak->previous)
		rh_weak(heap, weak->previous)->next_event = weak->next_event;
	else
		weak->post->atexit = weak->next_event;
	if (weak->next_event)
		rh_weak(heap, weak->next_event)->previous = weak->previous;
	weak->previous = 0;
	weak->next_event = 0;
}

int rh_weakref_new(struct rh_heap *heap, struct rh_holder *holder, u32 referent, u32 flags,
		   u64 cookie, u32 *slot)
{
	struct rh_weak *weak;
	u32 block, extra;
	int err;

	err = rh_object_may_grow(heap, RH_OBJECT_BYTES + rh_block_charge(sizeof(*weak)) +
				       rh_block_charge(sizeof(struct rh_extra)));
	if (!err)
		err = rh_object_prepare(heap, REFHEAP_KIND_WEAKREF, sizeof(*weak), &block);
	if (err)
		return err;
	err = rh_extra_prepare(heap, referent, &extra);
	if (err)
		goto err_free_block;
	if (flags & RH_WEAK_ARMED) {
		err = rh_holder_pin(heap, holder, rh_slot_next(heap));
		if (err)
			goto err_cancel_extra;
	}
	weak = rh_block(heap, REFHEAP_SPACE_REFS, block);
	*weak = (struct rh_weak){
		.flags = flags ?: RH_WEAK_SHARED,
		.cookie = cookie,
		.post = flags & RH_WEAK_ARMED ? rh_post_get(holder->post) : NULL,
	};
	*slot = rh_object_publish(heap, REFHEAP_KIND_WEAKREF, 0, block, 0);
	if (flags & RH_WEAK_ATEXIT)
		expect_exit(heap, *slot);
	rh_extra_attach(heap, referent, extra);
	link(heap, referent, *slot);
	return 0;

err_cancel_extra:
	rh_extra_cancel(heap, extra);
err_free_block:
	rh_block_free(heap, REFHEAP_SPACE_REFS, block, sizeof(*weak));
	return err;
}

u32 rh_weakref_referent(const struct rh_heap *heap, u32 slot)
{
	u32 referent = rh_weak(heap, slot)->referent;

	return referent && !is_dead(heap, referent) ? referent : 0;
}

u32 rh_weakref_count(const struct rh_heap *heap, u32 referent)
{
	const struct rh_extra *extra = rh_extra(heap, referent);

	return extra ? extra->nweakrefs : 0;
}

/* Ends the obligation to tell somebody. */
static void release_post(struct rh_heap *heap, u32 slot, struct rh_weak *weak)
{
	struct rh_post *post = weak->post;

	if (post->holder && !(weak->flags & RH_WEAK_ADOPTED))
		rh_holder_unpin(heap, post->holder, slot);
	weak->post = NULL;
	rh_post_put(heap, post);
}

bool rh_weakref_disarm(struct rh_heap *heap, u32 slot)
{
	struct rh_weak *weak = rh_weak(heap, slot);

	if (!(weak->flags & RH_WEAK_ARMED))
		return false;
	forget_exit(heap, weak);
	release_post(heap, slot, weak);
	return true;
}

/*
 * A weak reference whose callback a collection runs is a survivor of it, of
 * whatever generation it was, as in CPython's handle_weakrefs().
 */
static void grow_older(struct rh_heap *heap, u32 slot)
{
	*rh_gc(heap, slot) = RH_GC_IDLE;
	rh_object_set_generation(heap, slot, min_t(u32, heap->gc.generation + 1, 2));
}

/*
 * Has the callback of a weak reference run, provided that it lives itself. @found:
 * a collection has found the referent.
 */
static void fire(struct rh_heap *heap, u32 slot, bool found)
{
	struct rh_weak *weak = rh_weak(heap, slot);
	struct rh_post *post = weak->post;

	/* A session that leaves has yet to come to this one. */
	if (weak->flags & RH_WEAK_ATEXIT)
		post = rh_post_or_adopter(heap, post);
	if (!post || !post->holder || (rh_head(heap, slot)->meta & RH_META_DEAD) ||
	    (rh_gc_decided(heap) && rh_gc_is_candidate(*rh_gc(heap, slot)))) {
		rh_weakref_disarm(heap, slot);
		return;
	}
	forget_exit(heap, weak);
	weak->flags |= RH_WEAK_QUEUED;
	if (post != weak->post) {
		release_post(heap, slot, weak);
		weak->post = rh_post_get(post);
		weak->flags |= RH_WEAK_ADOPTED;
	}
	rh_notify_object(heap, RH_NOTICE_CALLBACK, slot);
	rh_post_queue(heap, weak->post, slot);
	if (found)
		grow_older(heap, slot);
}

/* Whether the running collection has found an object, and has yet to decide what becomes of it. */
static bool is_found(const struct rh_heap *heap, u32 slot)
{
	return rh_gc_decided(heap) && rh_gc_is_candidate(*rh_gc(heap, slot));
}

/*
 * A container that is garbage itself leads to garbage, whose references are not
 * released. A finalizer may bring it back, and then they have to be right.
 */
static void let_go(struct rh_heap *heap, u32 slot)
{
	if (rh_is_condemned(heap, slot) || is_found(heap, slot)) {
		if (!--rh_head(heap, slot)->count)
			heap->gc.orphaned = true;
	} else {
		rh_release(heap, slot);
	}
}

static void drop_entry(struct rh_heap *heap, u32 slot, bool found)
{
	const struct rh_weak *weak = rh_weak(heap, slot);
	u32 key, value;

	if (!rh_map_forget(heap, weak->cookie, weak->hash, slot, &key, &value))
		return;
	/* CPython counts what its callback frees as collected; garbage is counted anyway. */
	if (found && rh_head(heap, slot)->count == 1 && !is_found(heap, slot))
		heap->gc.collected++;
	if (value)
		let_go(heap, value);
	let_go(heap, key);
}

bool rh_weakrefs_clear_step(struct rh_heap *heap, u32 referent)
{
	const struct rh_extra *extra;
	u32 slot, flags, dying = heap->dying;
	/* What dies meanwhile is none of the collection's. */
	bool found = heap->gc.phase == RH_PHASE_WEAKREFS && is_found(heap, referent);

	while ((extra = rh_extra(heap, referent)) && extra->weakrefs) {
		slot = extra->weakrefs;
		flags = rh_weak(heap, slot)->flags;
		unlink(heap, slot);
		if (flags & RH_WEAK_ENTRY)
			drop_entry(heap, slot, found);
		else if (flags & RH_WEAK_ARMED)
			fire(heap, slot, found);
		if (heap->dying != dying || rh_slice_over(heap))
			return false;
	}
	return true;
}

void rh_weakref_end(struct rh_heap *heap, u32 slot)
{
	rh_weakref_disarm(heap, slot);
	if (rh_weak(heap, slot)->referent)
		unlink(heap, slot);
}

bool rh_weakref_is_orphan(const struct rh_heap *heap, u32 slot)
{
	return rh_weak(heap, slot)->flags & RH_WEAK_ADOPTED;
}

/* Makes @other the one who is told, or nobody when that is NULL. */
static bool hand_on(struct rh_heap *heap, u32 slot, struct rh_post *other)
{
	struct rh_weak *weak = rh_weak(heap, slot);

	release_post(heap, slot, weak);
	if (!other || !(weak->flags & RH_WEAK_ATEXIT)) {
		weak->flags &= ~(RH_WEAK_QUEUED | RH_WEAK_ADOPTED);
		return false;
	}
	weak->post = rh_post_get(other);
	weak->flags |= RH_WEAK_QUEUED | RH_WEAK_ADOPTED;
	return true;
}

bool rh_weakref_orphaned(struct rh_heap *heap, u32 slot, struct rh_post *other)
{
	return hand_on(heap, slot, other);
}

void rh_weakref_atexit(struct rh_heap *heap, u32 slot, struct rh_post *other)
{
	struct rh_weak *weak = rh_weak(heap, slot);

	forget_exit(heap, weak);
	if (!hand_on(heap, slot, is_dead(heap, slot) ? NULL : other))
		return;
	rh_notify_object(heap, RH_NOTICE_CALLBACK, slot);
	rh_post_queue(heap, other, slot);
}

/* There is no pin for it any more, as with what is adopted. */
void rh_weakref_returned(struct rh_heap *heap, u32 slot, struct rh_post *post)
{
	struct rh_weak *weak = rh_weak(heap, slot);

	weak->post = rh_post_get(post);
	weak->flags |= RH_WEAK_QUEUED | RH_WEAK_ADOPTED;
}

void rh_weakref_deliver(struct rh_heap *heap, u32 slot, struct refheap_event *event)
{
	struct rh_weak *weak = rh_weak(heap, slot);

	event->value = weak->cookie;
	event->referent = weak->referent ? 0 : weak->was;
	release_post(heap, slot, weak);
	weak->flags &= ~(RH_WEAK_QUEUED | RH_WEAK_ADOPTED);
}
