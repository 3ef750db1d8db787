/* SPDX-License-Identifier: GPL-2.0 */
/*
 * A session: an open file of the device. The lock order is in heap.h.
 */
#ifndef REFHEAP_SESSION_H
#define REFHEAP_SESSION_H

#include <linux/fs.h>
#include <linux/poll.h>
#include "events.h"
#include "heap.h"

struct refheap_seat;

/**
 * struct refheap_session - an open file
 * @lock: makes those who attach it take turns
 * @heap: set once by attaching, after everything else here; read without
 *	a lock, through refheap_session_heap()
 * @seat: at that heap; set before @heap
 * @mapping: what mappings of payload keep; set before @heap
 * @rdonly: may not change objects; set before @heap
 * @events: what there is to read
 */
struct refheap_session {
	struct mutex lock;	/* attaching */
	struct refheap *heap;
	struct refheap_seat *seat;
	struct file *mapping;
	bool rdonly;
	struct refheap_events events;
};

/* The heap that the session is attached to, or NULL. */
static inline struct refheap *refheap_session_heap(struct refheap_session *session)
{
	/* Pairs with the release in refheap_session_attach(). */
	return smp_load_acquire(&session->heap);
}

struct refheap_session *refheap_session_new(void);
void refheap_session_close(struct refheap_session *session);
int refheap_session_attach(struct refheap_session *session, bool rdonly,
			   struct refheap_attach __user *user, u32 size);
int refheap_session_subscribe(struct refheap_session *session,
			      struct refheap_subscribe __user *user, u32 size);
int refheap_session_batch(struct refheap_session *session,
			  struct refheap_batch __user *user, u32 size);

#endif
