// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Finalizers: of a type, which may bring an object back, and of one object,
 * which is called once, at the latest when the session is closed.
 */
#include "example.h"

struct pool {
	refheap_id free;	/* a list of connections to be used again */
	int closed;
};

/* The first time a connection goes into the pool; there is no second time. */
static void recycle(struct refheap *session, refheap_id connection, void *arg)
{
	struct pool *pool = arg;

	if (try(refheap_len(session, pool->free)) < 1) {
		printf("connection goes to the pool\n");
		try(refheap_append(session, pool->free, connection));
	} else {
		printf("connection is closed\n");
		pool->closed++;
	}
}

static uint32_t define_connection(struct refheap *session)
{
	const struct refheap_type_def definition = {
		.name = "Connection",
		.flags = REFHEAP_TYPE_DICT | REFHEAP_TYPE_FINALIZER,
	};
	uint32_t type;

	try(refheap_type_define(session, &definition, &type));
	return type;
}

/* Two of them in a cycle: finalized by the collection, before it frees. */
static void lose_a_cycle(struct refheap *session, uint32_t type)
{
	refheap_auto_drop struct refheap_ref here = REFHEAP_REF(session);
	refheap_auto_drop struct refheap_ref there = REFHEAP_REF(session);

	try(refheap_new_instance(session, type, &here.id));
	try(refheap_new_instance(session, type, &there.id));
	try(refheap_set_attr(session, here.id, "peer", there.id));
	try(refheap_set_attr(session, there.id, "peer", here.id));
}

static void of_a_type(struct refheap *session)
{
	uint32_t type = define_connection(session);
	struct pool pool = { .closed = 0 };
	struct refheap_collection result;
	refheap_id connection;

	try(refheap_new_list(session, NULL, 0, &pool.free));
	try(refheap_on_finalize(session, type, recycle, &pool));
	try(refheap_new_instance(session, type, &connection));
	try(refheap_drop(session, connection));
	try(refheap_dispatch(session, 1000, 0));

	lose_a_cycle(session, type);
	try(refheap_collect_result(session, 2, &result));
	printf("collected %" PRIu64 ", pending %" PRIu64 "\n", result.collected,
	       result.pending);
	try(refheap_drop(session, pool.free));
}

static void remove_file(struct refheap *session, void *arg)
{
	(void)session;
	printf("removing %s\n", (const char *)arg);
}

static void of_one_object(struct refheap *session)
{
	refheap_finalizer finalizer;
	refheap_id job, other;

	try(refheap_new_list(session, NULL, 0, &job));
	try(refheap_new_list(session, NULL, 0, &other));
	try(refheap_finalize(session, job, remove_file, "job.tmp", 0,
			     &finalizer));
	try(refheap_finalize(session, other, remove_file, "other.tmp",
			     REFHEAP_FINALIZE_ATEXIT, NULL));
	printf("called by hand: %" PRId64 "\n",
	       try(refheap_finalize_call(session, finalizer)));
	printf("and again: %" PRId64 "\n",
	       try(refheap_finalize_call(session, finalizer)));
	/* The other one comes when the session is closed. */
}

int main(void)
{
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	struct refheap *session;
	uint32_t heap;

	try(refheap_open("example.finalizers", REFHEAP_ATTACH_CREATE,
			 &session));
	try(refheap_ctl_open(&ctl));
	heap = refheap_heap(session);
	of_a_type(session);
	of_one_object(session);
	refheap_close(session);
	try(refheap_heap_remove(ctl, heap));
	return 0;
}
