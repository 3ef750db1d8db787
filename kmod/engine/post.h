/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Where a holder's events wait to be read.
 */
#ifndef REFHEAP_ENGINE_POST_H
#define REFHEAP_ENGINE_POST_H

#include "object.h"

/* With one user, the holder. Return: the post or an ERR_PTR. */
struct rh_post *rh_post_new(struct rh_heap *heap, struct rh_holder *holder);

static inline struct rh_post *rh_post_get(struct rh_post *post)
{
	post->users++;
	return post;
}

void rh_post_put(struct rh_heap *heap, struct rh_post *post);

/* Appends an object, with a reference that the queue takes for itself. */
void rh_post_queue(struct rh_heap *heap, struct rh_post *post, u32 slot);

/*
 * Who gets what @post was to get: itself, or when its holder is gone, that of
 * an adopter, or NULL.
 */
struct rh_post *rh_post_or_adopter(struct rh_heap *heap, struct rh_post *post);

/*
 * Gives what is in the queue of a holder that leaves to an adopter, or up, for
 * one slice. Return: RH_DONE when nothing is left.
 */
enum rh_progress rh_post_close_step(struct rh_heap *heap, struct rh_post *post);

/* The object behind @slot in the queue that it is in. */
u32 rh_post_next(const struct rh_heap *heap, u32 slot);

void rh_adopt(struct rh_heap *heap, struct rh_holder *holder, bool adopt);

/* Tells watchers of something about an object. */
void rh_notify_object(struct rh_heap *heap, u32 event, u32 slot);

/* Likewise of a death: of the object that had the tag before this one. */
void rh_notify_death(struct rh_heap *heap, u32 slot);

#endif
