// SPDX-License-Identifier: LGPL-2.1-or-later
/* Operations of containers and instances, and the names of the root dict. */
#include <errno.h>

#include "calls.h"

int64_t refheap_len(struct refheap *session, refheap_id id)
{
	return rh_number(session, rh_call_object(REFHEAP_OP_LEN, id));
}

/* Lists and tuples. */

int refheap_get_index(struct refheap *session, refheap_id list, int64_t index,
		      refheap_id *item)
{
	return rh_object(session, rh_call_index(REFHEAP_OP_GET_INDEX, list,
						index, 0), item);
}

int refheap_set_index(struct refheap *session, refheap_id list, int64_t index,
		      refheap_id item)
{
	return rh_do(session, rh_call_index(REFHEAP_OP_SET_INDEX, list, index,
					    item));
}

int refheap_del_index(struct refheap *session, refheap_id list, int64_t index)
{
	return rh_do(session, rh_call_index(REFHEAP_OP_DEL_INDEX, list, index,
					    0));
}

int refheap_append(struct refheap *session, refheap_id list, refheap_id item)
{
	return rh_do(session, rh_call_index(REFHEAP_OP_APPEND, list, 0, item));
}

int refheap_extend(struct refheap *session, refheap_id list, const refheap_id *items,
		   size_t count)
{
	return rh_do(session, rh_call_extend(list, items, count));
}

int refheap_insert(struct refheap *session, refheap_id list, int64_t index,
		   refheap_id item)
{
	return rh_do(session, rh_call_index(REFHEAP_OP_INSERT, list, index,
					    item));
}

int refheap_pop(struct refheap *session, refheap_id list, int64_t index,
		refheap_id *item)
{
	return rh_object(session, rh_call_index(REFHEAP_OP_POP, list, index, 0),
			 item);
}

/* Dicts. */

int refheap_get_key(struct refheap *session, refheap_id dict, refheap_id key,
		    refheap_id *value)
{
	return rh_object(session, rh_call_key(REFHEAP_OP_GET_KEY, dict, key, 0),
			 value);
}

int refheap_get_key_str(struct refheap *session, refheap_id dict,
			const char *key, refheap_id *value)
{
	return rh_object(session, rh_call_key_str(REFHEAP_OP_GET_KEY, dict, key,
						  0), value);
}

int refheap_set_key(struct refheap *session, refheap_id dict, refheap_id key,
		    refheap_id value)
{
	return rh_do(session, rh_call_key(REFHEAP_OP_SET_KEY, dict, key,
					  value));
}

int refheap_set_key_str(struct refheap *session, refheap_id dict,
			const char *key, refheap_id value)
{
	return rh_do(session, rh_call_key_str(REFHEAP_OP_SET_KEY, dict, key,
					      value));
}

int refheap_del_key(struct refheap *session, refheap_id dict, refheap_id key)
{
	return rh_do(session, rh_call_key(REFHEAP_OP_DEL_KEY, dict, key, 0));
}

int refheap_del_key_str(struct refheap *session, refheap_id dict,
			const char *key)
{
	return rh_do(session, rh_call_key_str(REFHEAP_OP_DEL_KEY, dict, key,
					      0));
}

int refheap_pop_key(struct refheap *session, refheap_id dict, refheap_id key,
		    refheap_id *value)
{
	return rh_object(session, rh_call_key(REFHEAP_OP_POP_KEY, dict, key, 0),
			 value);
}

int refheap_pop_key_str(struct refheap *session, refheap_id dict,
			const char *key, refheap_id *value)
{
	return rh_object(session, rh_call_key_str(REFHEAP_OP_POP_KEY, dict, key,
						  0), value);
}

/* Sets. */

static int set_default(struct refheap *session, struct rh_call call,
		       refheap_id *now)
{
	struct refheap_result result;
	int err = rh_run(session, &call, NULL, &result);

	if (err)
		return err;
	*now = result.value;
	return result.info != 0;
}

int refheap_set_default(struct refheap *session, refheap_id dict,
			refheap_id key, refheap_id value, refheap_id *now)
{
	return set_default(session, rh_call_key(REFHEAP_OP_SET_DEFAULT, dict,
						key, value), now);
}

int refheap_set_default_str(struct refheap *session, refheap_id dict,
			    const char *key, refheap_id value, refheap_id *now)
{
	return set_default(session, rh_call_key_str(REFHEAP_OP_SET_DEFAULT,
						    dict, key, value), now);
}

/* A value that nobody asked for is given back at once. */
static int move_to_end(struct refheap *session, struct rh_call call,
		       refheap_id *value)
{
	if (value)
		return rh_object(session, call, value);
	call.op.flags |= REFHEAP_OPF_TEMP;
	return rh_do(session, call);
}

int refheap_move_to_end(struct refheap *session, refheap_id dict,
			refheap_id key, refheap_id *value)
{
	return move_to_end(session, rh_call_key(REFHEAP_OP_MOVE_TO_END, dict,
						key, 0), value);
}

int refheap_move_to_end_str(struct refheap *session, refheap_id dict,
			    const char *key, refheap_id *value)
{
	return move_to_end(session, rh_call_key_str(REFHEAP_OP_MOVE_TO_END,
						    dict, key, 0), value);
}

int64_t refheap_pop_oldest(struct refheap *session, refheap_id dict,
			   uint64_t keep)
{
	return rh_number(session, rh_call_index(REFHEAP_OP_POP_OLDEST, dict,
						(int64_t)keep, 0));
}

int refheap_add(struct refheap *session, refheap_id set, refheap_id member)
{
	return (int)rh_number(session, rh_call_key(REFHEAP_OP_ADD, set, member,
						   0));
}

int refheap_add_str(struct refheap *session, refheap_id set,
		    const char *member)
{
	return (int)rh_number(session, rh_call_key_str(REFHEAP_OP_ADD, set,
						       member, 0));
}

int refheap_discard(struct refheap *session, refheap_id set, refheap_id member)
{
	return (int)rh_number(session, rh_call_key(REFHEAP_OP_DISCARD, set,
						   member, 0));
}

int refheap_discard_str(struct refheap *session, refheap_id set,
			const char *member)
{
	return (int)rh_number(session, rh_call_key_str(REFHEAP_OP_DISCARD, set,
						       member, 0));
}

int refheap_contains(struct refheap *session, refheap_id container,
		     refheap_id item)
{
	return (int)rh_number(session, rh_call_key(REFHEAP_OP_CONTAINS,
						   container, item, 0));
}

int refheap_contains_str(struct refheap *session, refheap_id container,
			 const char *item)
{
	return (int)rh_number(session, rh_call_key_str(REFHEAP_OP_CONTAINS,
						       container, item, 0));
}

/* Instances. */

int refheap_get_attr(struct refheap *session, refheap_id instance,
		     const char *name, refheap_id *value)
{
	return rh_object(session, rh_call_attr(REFHEAP_OP_GET_ATTR, instance,
					       name, 0), value);
}

int refheap_set_attr(struct refheap *session, refheap_id instance,
		     const char *name, refheap_id value)
{
	return rh_do(session, rh_call_attr(REFHEAP_OP_SET_ATTR, instance, name,
					   value));
}

int refheap_del_attr(struct refheap *session, refheap_id instance,
		     const char *name)
{
	return rh_do(session, rh_call_attr(REFHEAP_OP_DEL_ATTR, instance, name,
					   0));
}

/* All of them. */

int refheap_clear(struct refheap *session, refheap_id container)
{
	return rh_do(session, rh_call_object(REFHEAP_OP_CLEAR, container));
}

/*
 * The kernel says that it has given out the last entry by a cursor of 0, which
 * is also how to begin. The caller's cursor then becomes this one.
 */
#define CURSOR_END UINT64_MAX

int refheap_next_many(struct refheap *session, refheap_id container,
		      uint64_t *cursor, struct refheap_entry *entries,
		      size_t count)
{
	struct refheap_result result;
	struct rh_call call;
	int err;

	if (!count || count > REFHEAP_MAX_IDS)
		return -EINVAL;
	if (*cursor == CURSOR_END)
		return 0;
	call = rh_call_next(container, *cursor, (uint32_t)count);
	err = rh_run(session, &call, entries, &result);
	if (err)
		return err;
	*cursor = result.value ? result.value : CURSOR_END;
	return (int)result.info;
}

int refheap_next(struct refheap *session, refheap_id container,
		 uint64_t *cursor, struct refheap_entry *entry)
{
	return refheap_next_many(session, container, cursor, entry, 1);
}

/* Names. */

int refheap_get_name(struct refheap *session, const char *name, refheap_id *id)
{
	return refheap_get_key_str(session, REFHEAP_ID_ROOT, name, id);
}

int refheap_set_name(struct refheap *session, const char *name, refheap_id id)
{
	return refheap_set_key_str(session, REFHEAP_ID_ROOT, name, id);
}

int refheap_del_name(struct refheap *session, const char *name)
{
	return refheap_del_key_str(session, REFHEAP_ID_ROOT, name);
}
