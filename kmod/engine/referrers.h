/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which objects are worth a look when somebody asks what refers to one.
 */
#ifndef REFHEAP_ENGINE_REFERRERS_H
#define REFHEAP_ENGINE_REFERRERS_H

#include "heap.h"

/*
 * Searches the memory of all edges for some to @subject. All zero is a search
 * that has yet to begin. Return: RH_MORE when the slice ended before.
 */
enum rh_progress rh_near_search(struct rh_heap *heap, struct rh_near *near, u32 subject);

/*
 * The first slot from @slot on whose object may refer to the subject, the end
 * of the table, or, when the slice has ended, where to go on.
 */
u32 rh_near_next(struct rh_heap *heap, const struct rh_near *near, u32 subject, u32 slot);

#endif
