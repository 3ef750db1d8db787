// SPDX-License-Identifier: LGPL-2.1-or-later
/* Weak references, with and without callbacks, and weak containers. */
#include <errno.h>
#include <stdlib.h>

#include "calls.h"

int refheap_new_weakref(struct refheap *session, refheap_id object,
			refheap_id *weakref)
{
	return rh_object(session, rh_call_object(REFHEAP_OP_WEAKREF, object),
			 weakref);
}

int refheap_new_weakref_callback(struct refheap *session, refheap_id object,
				 refheap_weakref_fn *fn, void *arg,
				 refheap_id *weakref)
{
	const struct rh_record record = { .callback = fn, .arg = arg };
	uint64_t cookie;
	int err;

	cookie = rh_add_record(session, &record);
	if (!cookie)
		return -ENOMEM;
	err = rh_object(session,
			rh_call_weakref_cookie(object, cookie, 0), weakref);
	if (err)
		free(rh_take_record(session, cookie));
	else
		rh_complete_record(session, cookie, *weakref);
	return err;
}

int refheap_new_weakref_cookie(struct refheap *session, refheap_id object,
			       uint64_t cookie, uint32_t flags,
			       refheap_id *weakref)
{
	return rh_object(session, rh_call_weakref_cookie(object, cookie, flags),
			 weakref);
}

int refheap_disarm(struct refheap *session, refheap_id weakref)
{
	return (int)rh_number(session, rh_call_object(REFHEAP_OP_DISARM,
						      weakref));
}

int refheap_deref(struct refheap *session, refheap_id weakref,
		  refheap_id *object)
{
	refheap_id found;
	int err;

	err = rh_object(session, rh_call_object(REFHEAP_OP_DEREF, weakref),
			&found);
	if (err || !found)
		return err;
	*object = found;
	return 1;
}

int64_t refheap_weakref_count(struct refheap *session, refheap_id object)
{
	struct refheap_info info;
	int err = refheap_inspect(session, object, &info);

	return err ? err : (int64_t)info.weakrefs;
}

int refheap_weakrefs(struct refheap *session, refheap_id object,
		     refheap_id after, refheap_id *weakrefs, size_t count)
{
	struct refheap_result result;
	struct rh_call call;
	int err;

	if (!count || count > REFHEAP_MAX_IDS)
		return -EINVAL;
	call = rh_call_weakrefs(object, after, (uint32_t)count);
	err = rh_run(session, &call, weakrefs, &result);
	return err ? err : (int)result.info;
}

int refheap_new_weak_value_dict(struct refheap *session, refheap_id *id)
{
	return rh_object(session, rh_call_value(REFHEAP_OP_WEAK_VALUE_DICT, 0),
			 id);
}

int refheap_new_weak_key_dict(struct refheap *session, refheap_id *id)
{
	return rh_object(session, rh_call_value(REFHEAP_OP_WEAK_KEY_DICT, 0),
			 id);
}

int refheap_new_weak_set(struct refheap *session, refheap_id *id)
{
	return rh_object(session, rh_call_value(REFHEAP_OP_WEAK_SET, 0), id);
}
