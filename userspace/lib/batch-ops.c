// SPDX-License-Identifier: LGPL-2.1-or-later
/* The operations that a batch can have, one function each. */
#include <stdlib.h>

#include "batch.h"

int refheap_batch_new_none(struct refheap_batch_builder *builder)
{
	return rh_batch_call(builder, rh_call_value(REFHEAP_OP_NONE, 0));
}

int refheap_batch_new_bool(struct refheap_batch_builder *builder, bool value)
{
	return rh_batch_call(builder, rh_call_value(REFHEAP_OP_BOOL, value));
}

int refheap_batch_new_int(struct refheap_batch_builder *builder, int64_t value)
{
	return rh_batch_call(builder,
			     rh_call_value(REFHEAP_OP_INT, (uint64_t)value));
}

int refheap_batch_new_float(struct refheap_batch_builder *builder,
			    double value)
{
	return rh_batch_call(builder, rh_call_float(value));
}

int refheap_batch_new_str(struct refheap_batch_builder *builder,
			  const char *text)
{
	return refheap_batch_new_str_len(builder, text, strlen(text));
}

int refheap_batch_new_str_len(struct refheap_batch_builder *builder,
			      const char *text, size_t length)
{
	return rh_batch_call(builder,
			     rh_call_data(REFHEAP_OP_STR, text, length));
}

int refheap_batch_intern(struct refheap_batch_builder *builder,
			 const char *text, size_t length)
{
	return rh_batch_call(builder, rh_call_intern(text, length));
}

int refheap_batch_new_bytes(struct refheap_batch_builder *builder,
			    const void *data, size_t length)
{
	return rh_batch_call(builder,
			     rh_call_data(REFHEAP_OP_BYTES, data, length));
}

int refheap_batch_new_bytearray(struct refheap_batch_builder *builder,
				const void *data, size_t length)
{
	return rh_batch_call(builder, rh_call_bytearray(data, length));
}

int refheap_batch_new_tuple(struct refheap_batch_builder *builder,
			    const refheap_id *items, size_t count)
{
	return rh_batch_call(builder,
			     rh_call_ids(REFHEAP_OP_TUPLE, items, count, 1));
}

int refheap_batch_new_list(struct refheap_batch_builder *builder,
			   const refheap_id *items, size_t count)
{
	return rh_batch_call(builder,
			     rh_call_ids(REFHEAP_OP_LIST, items, count, 1));
}

int refheap_batch_new_set(struct refheap_batch_builder *builder,
			  const refheap_id *items, size_t count)
{
	return rh_batch_call(builder,
			     rh_call_ids(REFHEAP_OP_SET, items, count, 1));
}

int refheap_batch_new_dict(struct refheap_batch_builder *builder,
			   const struct refheap_pair *pairs, size_t count)
{
	return rh_batch_call(builder,
			     rh_call_ids(REFHEAP_OP_DICT, pairs, count, 2));
}

int refheap_batch_new_instance(struct refheap_batch_builder *builder,
			       uint64_t type)
{
	return rh_batch_call(builder, rh_call_instance(type, NULL, 0));
}

int refheap_batch_new_instance_with(struct refheap_batch_builder *builder, uint64_t type,
				    const refheap_id *values, size_t count)
{
	return rh_batch_call(builder, rh_call_instance(type, values, count));
}

int refheap_batch_new_instances(struct refheap_batch_builder *builder, uint64_t type,
				const refheap_id *values, size_t each, size_t count)
{
	return rh_batch_call(builder, rh_call_instances(type, values, each, count));
}

int refheap_batch_type_define(struct refheap_batch_builder *builder,
			      const struct refheap_type_def *definition)
{
	struct rh_call call;
	void *buffer;
	int n;

	n = rh_call_type(definition, &call, &buffer);
	if (n) {
		if (!builder->error)
			builder->error = n;
		return n;
	}
	n = rh_batch_call(builder, call);
	free(buffer);
	return n;
}

int refheap_batch_type_find(struct refheap_batch_builder *builder,
			    const char *name)
{
	return rh_batch_call(builder, rh_call_data(REFHEAP_OP_TYPE_FIND, name,
						   strlen(name)));
}

int refheap_batch_take(struct refheap_batch_builder *builder, refheap_id id)
{
	return rh_batch_call(builder, rh_call_object(REFHEAP_OP_TAKE, id));
}

int refheap_batch_drop(struct refheap_batch_builder *builder, refheap_id id)
{
	return rh_batch_call(builder, rh_call_object(REFHEAP_OP_DROP, id));
}

int refheap_batch_len(struct refheap_batch_builder *builder, refheap_id id)
{
	return rh_batch_call(builder, rh_call_object(REFHEAP_OP_LEN, id));
}

int refheap_batch_get_index(struct refheap_batch_builder *builder,
			    refheap_id list, int64_t index)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_GET_INDEX, list,
						    index, 0));
}

int refheap_batch_set_index(struct refheap_batch_builder *builder,
			    refheap_id list, int64_t index, refheap_id item)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_SET_INDEX, list,
						    index, item));
}

int refheap_batch_del_index(struct refheap_batch_builder *builder,
			    refheap_id list, int64_t index)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_DEL_INDEX, list,
						    index, 0));
}

int refheap_batch_append(struct refheap_batch_builder *builder,
			 refheap_id list, refheap_id item)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_APPEND, list, 0,
						    item));
}

int refheap_batch_extend(struct refheap_batch_builder *builder,
			 refheap_id list, const refheap_id *items, size_t count)
{
	return rh_batch_call(builder, rh_call_extend(list, items, count));
}

int refheap_batch_insert(struct refheap_batch_builder *builder,
			 refheap_id list, int64_t index, refheap_id item)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_INSERT, list,
						    index, item));
}

int refheap_batch_pop(struct refheap_batch_builder *builder, refheap_id list,
		      int64_t index)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_POP, list,
						    index, 0));
}

int refheap_batch_get_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_GET_KEY, dict,
						  key, 0));
}

int refheap_batch_get_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_GET_KEY, dict,
						      key, 0));
}

int refheap_batch_set_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key, refheap_id value)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_SET_KEY, dict,
						  key, value));
}

int refheap_batch_set_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key,
			      refheap_id value)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_SET_KEY, dict,
						      key, value));
}

int refheap_batch_del_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_DEL_KEY, dict,
						  key, 0));
}

int refheap_batch_del_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_DEL_KEY, dict,
						      key, 0));
}

int refheap_batch_pop_key(struct refheap_batch_builder *builder,
			  refheap_id dict, refheap_id key)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_POP_KEY, dict,
						  key, 0));
}

int refheap_batch_pop_key_str(struct refheap_batch_builder *builder,
			      refheap_id dict, const char *key)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_POP_KEY, dict,
						      key, 0));
}

int refheap_batch_contains(struct refheap_batch_builder *builder,
			   refheap_id container, refheap_id item)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_CONTAINS,
						  container, item, 0));
}

int refheap_batch_contains_str(struct refheap_batch_builder *builder,
			       refheap_id container, const char *item)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_CONTAINS,
						      container, item, 0));
}

int refheap_batch_add_member(struct refheap_batch_builder *builder,
			     refheap_id set, refheap_id member)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_ADD, set, member,
						  0));
}

int refheap_batch_add_member_str(struct refheap_batch_builder *builder,
				 refheap_id set, const char *member)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_ADD, set,
						      member, 0));
}

int refheap_batch_discard(struct refheap_batch_builder *builder,
			  refheap_id set, refheap_id member)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_DISCARD, set,
						  member, 0));
}

int refheap_batch_discard_str(struct refheap_batch_builder *builder,
			      refheap_id set, const char *member)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_DISCARD, set,
						      member, 0));
}

int refheap_batch_get_attr(struct refheap_batch_builder *builder,
			   refheap_id instance, const char *name)
{
	return rh_batch_call(builder, rh_call_attr(REFHEAP_OP_GET_ATTR,
						   instance, name, 0));
}

int refheap_batch_set_attr(struct refheap_batch_builder *builder,
			   refheap_id instance, const char *name,
			   refheap_id value)
{
	return rh_batch_call(builder, rh_call_attr(REFHEAP_OP_SET_ATTR,
						   instance, name, value));
}

int refheap_batch_del_attr(struct refheap_batch_builder *builder,
			   refheap_id instance, const char *name)
{
	return rh_batch_call(builder, rh_call_attr(REFHEAP_OP_DEL_ATTR,
						   instance, name, 0));
}

int refheap_batch_clear(struct refheap_batch_builder *builder,
			refheap_id container)
{
	return rh_batch_call(builder,
			     rh_call_object(REFHEAP_OP_CLEAR, container));
}

int refheap_batch_read(struct refheap_batch_builder *builder, refheap_id id,
		       uint64_t offset, size_t length)
{
	return rh_batch_call(builder, rh_call_read(id, offset, length));
}

int refheap_batch_write(struct refheap_batch_builder *builder, refheap_id id,
			uint64_t offset, const void *data, size_t length)
{
	return rh_batch_call(builder,
			     rh_call_write(id, offset, data, length));
}

int refheap_batch_resize(struct refheap_batch_builder *builder, refheap_id id,
			 uint64_t length)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_RESIZE, id,
						    (int64_t)length, 0));
}

int refheap_batch_next(struct refheap_batch_builder *builder,
		       refheap_id container, uint64_t cursor, uint32_t count)
{
	return rh_batch_call(builder, rh_call_next(container, cursor, count));
}

int refheap_batch_inspect(struct refheap_batch_builder *builder,
			  refheap_id id)
{
	return rh_batch_call(builder, rh_call_inspect(id));
}

int refheap_batch_collect(struct refheap_batch_builder *builder,
			  uint32_t generation)
{
	return rh_batch_call(builder, rh_call_collect(generation));
}

int refheap_batch_set_default(struct refheap_batch_builder *builder,
			      refheap_id dict, refheap_id key, refheap_id value)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_SET_DEFAULT, dict,
						  key, value));
}

int refheap_batch_set_default_str(struct refheap_batch_builder *builder,
				  refheap_id dict, const char *key,
				  refheap_id value)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_SET_DEFAULT,
						      dict, key, value));
}

int refheap_batch_move_to_end(struct refheap_batch_builder *builder,
			      refheap_id dict, refheap_id key)
{
	return rh_batch_call(builder, rh_call_key(REFHEAP_OP_MOVE_TO_END, dict,
						  key, 0));
}

int refheap_batch_move_to_end_str(struct refheap_batch_builder *builder,
				  refheap_id dict, const char *key)
{
	return rh_batch_call(builder, rh_call_key_str(REFHEAP_OP_MOVE_TO_END,
						      dict, key, 0));
}

int refheap_batch_pop_oldest(struct refheap_batch_builder *builder,
			     refheap_id dict, uint64_t keep)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_POP_OLDEST, dict,
						    (int64_t)keep, 0));
}

int refheap_batch_new_weakref(struct refheap_batch_builder *builder,
			      refheap_id object)
{
	return rh_batch_call(builder,
			     rh_call_object(REFHEAP_OP_WEAKREF, object));
}

int refheap_batch_new_weakref_cookie(struct refheap_batch_builder *builder,
				     refheap_id object, uint64_t cookie,
				     uint32_t flags)
{
	return rh_batch_call(builder, rh_call_weakref_cookie(object, cookie,
							     flags));
}

int refheap_batch_deref(struct refheap_batch_builder *builder,
			refheap_id weakref)
{
	return rh_batch_call(builder,
			     rh_call_object(REFHEAP_OP_DEREF, weakref));
}

int refheap_batch_weakrefs(struct refheap_batch_builder *builder,
			   refheap_id object, refheap_id after, uint32_t count)
{
	return rh_batch_call(builder, rh_call_weakrefs(object, after, count));
}

int refheap_batch_disarm(struct refheap_batch_builder *builder,
			 refheap_id weakref)
{
	return rh_batch_call(builder,
			     rh_call_object(REFHEAP_OP_DISARM, weakref));
}

int refheap_batch_new_weak_value_dict(struct refheap_batch_builder *builder)
{
	return rh_batch_call(builder,
			     rh_call_value(REFHEAP_OP_WEAK_VALUE_DICT, 0));
}

int refheap_batch_new_weak_key_dict(struct refheap_batch_builder *builder)
{
	return rh_batch_call(builder,
			     rh_call_value(REFHEAP_OP_WEAK_KEY_DICT, 0));
}

int refheap_batch_new_weak_set(struct refheap_batch_builder *builder)
{
	return rh_batch_call(builder, rh_call_value(REFHEAP_OP_WEAK_SET, 0));
}

int refheap_batch_frame_push(struct refheap_batch_builder *builder)
{
	return rh_batch_call(builder, rh_call_value(REFHEAP_OP_FRAME_PUSH, 0));
}

int refheap_batch_frame_pop(struct refheap_batch_builder *builder,
			    uint64_t frame)
{
	return rh_batch_call(builder,
			     rh_call_object(REFHEAP_OP_FRAME_POP, frame));
}

int refheap_batch_hand_out(struct refheap_batch_builder *builder, refheap_id id)
{
	return rh_batch_call(builder, rh_call_object(REFHEAP_OP_HAND_OUT, id));
}

int refheap_batch_keep(struct refheap_batch_builder *builder, refheap_id id)
{
	return rh_batch_call(builder, rh_call_keep(id));
}

int refheap_batch_set_history(struct refheap_batch_builder *builder,
			      refheap_id id, uint32_t keep)
{
	return rh_batch_call(builder, rh_call_index(REFHEAP_OP_HISTORY, id,
						    keep, 0));
}

int refheap_batch_history(struct refheap_batch_builder *builder, refheap_id id)
{
	return rh_batch_call(builder, rh_call_history(id));
}

void refheap_batch_set_site(struct refheap_batch_builder *builder,
			    uint32_t site)
{
	builder->site = site;
}
