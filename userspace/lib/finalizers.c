// SPDX-License-Identifier: LGPL-2.1-or-later
/* Finalizers: of types, of orphans, and of single objects. */
#include <errno.h>
#include <stdlib.h>

#include "calls.h"

static int set_finalizer(struct rh_callbacks *callbacks,
			 const struct rh_finalizer *finalizer)
{
	struct rh_finalizer *grown;

	for (size_t i = 0; i < callbacks->finalizer_count; i++)
		if (callbacks->finalizers[i].type == finalizer->type) {
			callbacks->finalizers[i] = *finalizer;
			return 0;
		}
	grown = realloc(callbacks->finalizers,
			(callbacks->finalizer_count + 1) * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	grown[callbacks->finalizer_count++] = *finalizer;
	callbacks->finalizers = grown;
	return 0;
}

static int unset_finalizer(struct rh_callbacks *callbacks, uint32_t type)
{
	struct rh_finalizer *finalizers = callbacks->finalizers;
	size_t last = callbacks->finalizer_count - 1;

	for (size_t i = 0; i < callbacks->finalizer_count; i++)
		if (finalizers[i].type == type) {
			finalizers[i] = finalizers[last];
			callbacks->finalizer_count = last;
			break;
		}
	return 0;
}

int refheap_on_finalize(struct refheap *session, uint32_t type,
			refheap_finalizer_fn *fn, void *arg)
{
	struct rh_callbacks *callbacks = &session->callbacks;
	const struct rh_finalizer finalizer = {
		.type = type, .fn = fn, .arg = arg,
	};
	int err;

	pthread_mutex_lock(&callbacks->lock);
	err = fn ? set_finalizer(callbacks, &finalizer) :
		   unset_finalizer(callbacks, type);
	rh_reconsider_events(callbacks);
	pthread_mutex_unlock(&callbacks->lock);
	return err;
}

int refheap_adopt(struct refheap *session, bool adopt)
{
	return rh_do(session, rh_call_value(REFHEAP_OP_ADOPT, adopt));
}

int refheap_finalized(struct refheap *session, refheap_id object)
{
	return rh_do(session, rh_call_object(REFHEAP_OP_FINALIZED, object));
}

/*
 * The reference to the weak reference is the library's, and does not end with
 * the frame that happens to be the topmost.
 */
static int make_kept(struct refheap *session, refheap_id object,
		     uint64_t cookie, uint32_t flags, refheap_id *weakref)
{
	struct rh_call calls[] = {
		rh_call_weakref_cookie(object, cookie, flags),
		rh_call_keep(0),
	};
	struct refheap_result results[2];
	int err;

	calls[1].op.flags = REFHEAP_OPF_A_RESULT;
	err = rh_run_together(session, calls, 2, results);
	if (!err)
		err = results[0].error;
	if (!err)
		*weakref = results[0].value;
	return err;
}

int refheap_finalize(struct refheap *session, refheap_id object,
		     refheap_finalize_fn *fn, void *arg, uint32_t flags,
		     refheap_finalizer *finalizer)
{
	const struct rh_record record = {
		.finalize = fn,
		.arg = arg,
		.atexit = flags & REFHEAP_FINALIZE_ATEXIT,
	};
	refheap_id weakref;
	uint64_t cookie;
	int err;

	if (flags & ~REFHEAP_FINALIZE_ATEXIT)
		return -EINVAL;
	cookie = rh_add_record(session, &record);
	if (!cookie)
		return -ENOMEM;
	err = make_kept(session, object, cookie,
			record.atexit ? REFHEAP_WEAKREF_ATEXIT : 0, &weakref);
	if (err) {
		free(rh_take_record(session, cookie));
		return err;
	}
	rh_complete_record(session, cookie, weakref);
	if (finalizer)
		*finalizer = cookie;
	return 0;
}

/* Its event, should there be one already, finds no record. */
static void forget(struct refheap *session, refheap_id weakref)
{
	const struct rh_call calls[] = {
		rh_call_object(REFHEAP_OP_DISARM, weakref),
		rh_call_object(REFHEAP_OP_DROP, weakref),
	};
	struct refheap_result results[2];

	rh_run_together(session, calls, 2, results);
}

int refheap_finalize_call(struct refheap *session, refheap_finalizer finalizer)
{
	struct rh_record *record = rh_take_record(session, finalizer);

	if (!record)
		return 0;
	forget(session, record->weakref);
	record->finalize(session, record->arg);
	free(record);
	return 1;
}

int refheap_finalize_detach(struct refheap *session,
			    refheap_finalizer finalizer)
{
	struct rh_record *record = rh_take_record(session, finalizer);

	if (!record)
		return 0;
	forget(session, record->weakref);
	free(record);
	return 1;
}

bool refheap_finalize_alive(struct refheap *session,
			    refheap_finalizer finalizer)
{
	return rh_record_weakref(session, finalizer);
}

int refheap_finalize_peek(struct refheap *session, refheap_finalizer finalizer,
			  refheap_id *object)
{
	refheap_id weakref = rh_record_weakref(session, finalizer);
	int got = weakref ? refheap_deref(session, weakref, object) : 0;

	/* Another thread has called or detached it just now. */
	return got == -ESTALE ? 0 : got;
}
