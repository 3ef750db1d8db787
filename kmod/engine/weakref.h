/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Weak references, and the entries of weak containers that are made of them.
 */
#ifndef REFHEAP_ENGINE_WEAKREF_H
#define REFHEAP_ENGINE_WEAKREF_H

#include "extra.h"

static inline struct rh_weak *rh_weak(const struct rh_heap *heap, u32 slot)
{
	return rh_block(heap, REFHEAP_SPACE_REFS, *rh_block_of(heap, slot));
}

/* Whether that can be weakly referenced. */
bool rh_may_be_weakly_referenced(const struct rh_heap *heap, u32 slot);

/* The weak reference to an object that everybody shares, or 0. */
u32 rh_weakref_shared(const struct rh_heap *heap, u32 referent);

/**
 * rh_weakref_new - make a weak reference
 * @heap: heap
 * @holder: who is told, with ARMED
 * @referent: a live object that may be weakly referenced
 * @flags: RH_WEAK_ARMED, RH_WEAK_ATEXIT, RH_WEAK_KEY, RH_WEAK_VALUE
 * @cookie: what the event carries; of an entry: the container
 * @slot: out: the weak reference, with one reference
 *
 * Return: 0 or an errno.
 */
int rh_weakref_new(struct rh_heap *heap, struct rh_holder *holder, u32 referent, u32 flags,
		   u64 cookie, u32 *slot);

/* What it refers to, or 0 when that is dead or condemned. */
u32 rh_weakref_referent(const struct rh_heap *heap, u32 slot);

/* The first weak reference to an object, or 0. */
static inline u32 rh_weakref_first(const struct rh_heap *heap, u32 referent)
{
	const struct rh_extra *extra = rh_extra(heap, referent);

	return extra ? extra->weakrefs : 0;
}

/* How many weak references to an object there are. */
u32 rh_weakref_count(const struct rh_heap *heap, u32 referent);

/* Gives its callback up. Return: whether that had yet to run. */
bool rh_weakref_disarm(struct rh_heap *heap, u32 slot);

/*
 * Clears weak references to an object that is dead or condemned, newest first.
 * Return: false when the slice ended, or when another object has died of it,
 * before all were cleared.
 */
bool rh_weakrefs_clear_step(struct rh_heap *heap, u32 referent);

/* A weak reference is dead or about to be freed: nobody is to find it any more. */
void rh_weakref_end(struct rh_heap *heap, u32 slot);

/* The session that made it, with ATEXIT, ends: tells @other, or nobody (NULL). */
void rh_weakref_atexit(struct rh_heap *heap, u32 slot, struct rh_post *other);

/* For post.c. */
bool rh_weakref_is_orphan(const struct rh_heap *heap, u32 slot);
bool rh_weakref_orphaned(struct rh_heap *heap, u32 slot, struct rh_post *other);
void rh_weakref_returned(struct rh_heap *heap, u32 slot, struct rh_post *post);
void rh_weakref_deliver(struct rh_heap *heap, u32 slot, struct refheap_event *event);

#endif
