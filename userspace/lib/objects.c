// SPDX-License-Identifier: LGPL-2.1-or-later
/* Making objects. */
#include "calls.h"

int refheap_new_none(struct refheap *session, refheap_id *id)
{
	return rh_object(session, rh_call_value(REFHEAP_OP_NONE, 0), id);
}

int refheap_new_bool(struct refheap *session, bool value, refheap_id *id)
{
	return rh_object(session, rh_call_value(REFHEAP_OP_BOOL, value), id);
}

int refheap_new_int(struct refheap *session, int64_t value, refheap_id *id)
{
	return rh_object(session,
			 rh_call_value(REFHEAP_OP_INT, (uint64_t)value), id);
}

int refheap_new_float(struct refheap *session, double value, refheap_id *id)
{
	return rh_object(session, rh_call_float(value), id);
}

int refheap_new_str(struct refheap *session, const char *text, refheap_id *id)
{
	return refheap_new_str_len(session, text, strlen(text), id);
}

int refheap_new_str_len(struct refheap *session, const char *text,
			size_t length, refheap_id *id)
{
	return rh_object(session, rh_call_data(REFHEAP_OP_STR, text, length),
			 id);
}

int refheap_intern(struct refheap *session, const char *text, size_t length,
		   refheap_id *id)
{
	return rh_object(session, rh_call_intern(text, length), id);
}

int refheap_new_bytes(struct refheap *session, const void *data, size_t length,
		      refheap_id *id)
{
	return rh_object(session, rh_call_data(REFHEAP_OP_BYTES, data, length),
			 id);
}

int refheap_new_bytearray(struct refheap *session, const void *data,
			  size_t length, refheap_id *id)
{
	return rh_object(session, rh_call_bytearray(data, length), id);
}

int refheap_new_tuple(struct refheap *session, const refheap_id *items,
		      size_t count, refheap_id *id)
{
	return rh_object(session,
			 rh_call_ids(REFHEAP_OP_TUPLE, items, count, 1), id);
}

int refheap_new_list(struct refheap *session, const refheap_id *items,
		     size_t count, refheap_id *id)
{
	return rh_object(session,
			 rh_call_ids(REFHEAP_OP_LIST, items, count, 1), id);
}

int refheap_new_set(struct refheap *session, const refheap_id *items,
		    size_t count, refheap_id *id)
{
	return rh_object(session,
			 rh_call_ids(REFHEAP_OP_SET, items, count, 1), id);
}

int refheap_new_dict(struct refheap *session, const struct refheap_pair *pairs,
		     size_t count, refheap_id *id)
{
	return rh_object(session,
			 rh_call_ids(REFHEAP_OP_DICT, pairs, count, 2), id);
}

int refheap_new_instance(struct refheap *session, uint32_t type,
			 refheap_id *id)
{
	return rh_object(session, rh_call_instance(type, NULL, 0), id);
}

int refheap_new_instance_with(struct refheap *session, uint32_t type,
			      const refheap_id *values, size_t count, refheap_id *id)
{
	return rh_object(session, rh_call_instance(type, values, count), id);
}

int refheap_new_instances(struct refheap *session, uint32_t type, const refheap_id *values,
			  size_t each, size_t count, refheap_id *ids)
{
	struct rh_call call = rh_call_instances(type, values, each, count);
	struct refheap_result result;

	return rh_run(session, &call, ids, &result);
}
