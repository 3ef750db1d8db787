/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Frames of a holder: references taken since a push are dropped by the pop.
 */
#ifndef REFHEAP_ENGINE_FRAME_H
#define REFHEAP_ENGINE_FRAME_H

#include "object.h"

/* Puts a frame onto the stack. Return: 0 or an errno. */
int rh_frame_push(struct rh_heap *heap, struct rh_holder *holder);

/* Takes the topmost frame off, whose references rh_frames_close_step() drops then. */
void rh_frame_pop(struct rh_heap *heap, struct rh_holder *holder);

/* Drops references of frames that have been popped, for one slice. */
enum rh_progress rh_frames_close_step(struct rh_heap *heap);

/* Makes sure that rh_frame_add() cannot fail; the leaf of @slot is there. */
int rh_frame_prepare(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/* One reference that the holder owns is the topmost frame's. */
void rh_frame_add(struct rh_holder *holder, u32 slot);

/* The holder gives one up: the innermost frame that has one loses it. */
void rh_frame_del(struct rh_heap *heap, struct rh_holder *holder, u32 slot);

/*
 * Gives one reference of the topmost frame to the next, or with @all to none.
 * Return: 0, -ENOTUNIQ (it has none), -ENOMEM, -EDQUOT.
 */
int rh_frame_hand_out(struct rh_heap *heap, struct rh_holder *holder, u32 slot, bool all);

/* How deep the innermost frame is that has a reference to @slot, 0: none has. */
u32 rh_frame_of(const struct rh_holder *holder, u32 slot);

/* How many references to @slot no frame has. */
u32 rh_frameless_count(const struct rh_holder *holder, u32 slot);

/* Checks what frames have against what the holder has. */
bool rh_frames_verify(const struct rh_holder *holder, u32 slot);

#endif
