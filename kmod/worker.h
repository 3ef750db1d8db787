/* SPDX-License-Identifier: GPL-2.0 */
/*
 * Finishes what nobody waits for: deaths and collections of batches that were
 * interrupted, references of closed sessions, heaps that were removed. And
 * starts the collections that are made on a timer.
 */
#ifndef REFHEAP_WORKER_H
#define REFHEAP_WORKER_H

#include "heap.h"

void refheap_work(struct work_struct *work);
void refheap_kick(struct refheap *heap);

void refheap_tick(struct work_struct *work);
void refheap_set_period(struct refheap *heap, u32 period_ms);
void refheap_stop_period(struct refheap *heap);

int refheap_worker_init(void);
void refheap_worker_exit(void);

#endif
