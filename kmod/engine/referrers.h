/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Which objects are worth a look when somebody asks what refers to one.
 */
#ifndef REFHEAP_ENGINE_REFERRERS_H
#define REFHEAP_ENGINE_REFERRERS_H

#include "heap.h"

/*
 * The next object from scan->cursor on that refers to @subject: scan->cursor is
 * its slot, or the end of the table; scan->edges says how often.
 * Return: RH_MORE when the slice ended before.
 */
enum rh_progress rh_referrers_next(struct rh_heap *heap, struct rh_scan *scan, u32 subject);

#endif
