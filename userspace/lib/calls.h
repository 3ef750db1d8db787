/* SPDX-License-Identifier: LGPL-2.1-or-later */
/*
 * Operations by the shape of their parameters. Sessions and batches share
 * them, so that both send the same.
 */
#ifndef LIBREFHEAP_CALLS_H
#define LIBREFHEAP_CALLS_H

#include <string.h>

#include "session.h"

/* A value and no object. */
static inline struct rh_call rh_call_value(uint16_t code, uint64_t value)
{
	return (struct rh_call){ .op = { .code = code, .a = value } };
}

static inline struct rh_call rh_call_data(uint16_t code, const void *data,
					  size_t length)
{
	return (struct rh_call){
		.op = { .code = code }, .data = data, .data_len = length,
	};
}

static inline struct rh_call rh_call_intern(const char *text, size_t length)
{
	struct rh_call call = rh_call_data(REFHEAP_OP_STR, text, length);

	call.op.arg = 1;
	return call;
}

/* A length of zeroes takes the place of data that is not given. */
static inline struct rh_call rh_call_bytearray(const void *data, size_t length)
{
	if (!data)
		return rh_call_value(REFHEAP_OP_BYTEARRAY, length);
	return rh_call_data(REFHEAP_OP_BYTEARRAY, data, length);
}

static inline struct rh_call rh_call_float(double value)
{
	uint64_t bits;

	memcpy(&bits, &value, sizeof(bits));
	return rh_call_value(REFHEAP_OP_FLOAT, bits);
}

/* @count groups of @each ids. Too many become a length that is refused. */
static inline struct rh_call rh_call_ids(uint16_t code, const void *ids,
					 size_t count, size_t each)
{
	size_t bytes = each * sizeof(refheap_id);

	return (struct rh_call){
		.op = { .code = code },
		.objects = RH_OBJECT_IDS,
		.data = ids,
		.data_len = count > SIZE_MAX / bytes ? SIZE_MAX : count * bytes,
	};
}

static inline struct rh_call rh_call_extend(refheap_id list, const refheap_id *items,
					    size_t count)
{
	struct rh_call call = rh_call_ids(REFHEAP_OP_EXTEND, items, count, 1);

	call.op.a = list;
	call.objects |= RH_OBJECT_A;
	return call;
}

/* @type may be the result of an earlier operation of the batch. */
static inline struct rh_call rh_call_instance(uint64_t type, const refheap_id *values,
					      size_t count)
{
	struct rh_call call = rh_call_ids(REFHEAP_OP_INSTANCE, values, count, 1);

	call.op.arg = (uint32_t)type;
	if (REFHEAP_ID_TAG(type))
		call.op.flags = REFHEAP_OPF_ARG_RESULT;
	return call;
}

/* @count instances, each with the next @each values. Too many are refused by the kernel. */
static inline struct rh_call rh_call_instances(uint64_t type, const refheap_id *values,
					       size_t each, size_t count)
{
	struct rh_call call = rh_call_instance(type, NULL, 0);

	if (each)
		call.data_len = rh_call_ids(0, values, count, each).data_len;
	call.data = values;
	call.op.code = REFHEAP_OP_INSTANCES;
	call.op.a = count;
	if (count <= REFHEAP_MAX_INSTANCES)
		call.output = count * sizeof(refheap_id);
	return call;
}

/* An object alone. */
static inline struct rh_call rh_call_object(uint16_t code, refheap_id a)
{
	return (struct rh_call){
		.op = { .code = code, .a = a }, .objects = RH_OBJECT_A,
	};
}

/* An object, a number, and possibly another object. */
static inline struct rh_call rh_call_index(uint16_t code, refheap_id a,
					   int64_t index, refheap_id c)
{
	return (struct rh_call){
		.op = { .code = code, .a = a, .b = (uint64_t)index, .c = c },
		.objects = RH_OBJECT_A | (c ? RH_OBJECT_C : 0),
	};
}

/* A container, a key, and possibly a value. */
static inline struct rh_call rh_call_key(uint16_t code, refheap_id a,
					 refheap_id key, refheap_id c)
{
	return (struct rh_call){
		.op = { .code = code, .a = a, .b = key, .c = c },
		.objects = RH_OBJECT_A | RH_OBJECT_B | (c ? RH_OBJECT_C : 0),
	};
}

/* An instance, the name of an attribute, and possibly a value. */
static inline struct rh_call rh_call_attr(uint16_t code, refheap_id a,
					  const char *name, refheap_id c)
{
	return (struct rh_call){
		.op = { .code = code, .a = a, .c = c },
		.objects = RH_OBJECT_A | (c ? RH_OBJECT_C : 0),
		.data = name,
		.data_len = strlen(name),
	};
}

/* A container, a key given as text, and possibly a value. */
static inline struct rh_call rh_call_key_str(uint16_t code, refheap_id a,
					     const char *key, refheap_id c)
{
	struct rh_call call = rh_call_attr(code, a, key, c);

	call.op.flags = REFHEAP_OPF_KEY_STR;
	return call;
}

static inline struct rh_call rh_call_read(refheap_id a, uint64_t offset,
					  size_t length)
{
	struct rh_call call = rh_call_index(REFHEAP_OP_READ, a,
					    (int64_t)offset, 0);

	call.op.c = length;
	call.output = length;
	return call;
}

static inline struct rh_call rh_call_write(refheap_id a, uint64_t offset,
					   const void *data, size_t length)
{
	struct rh_call call = rh_call_index(REFHEAP_OP_WRITE, a,
					    (int64_t)offset, 0);

	call.data = data;
	call.data_len = length;
	return call;
}

static inline struct rh_call rh_call_next(refheap_id a, uint64_t cursor,
					  uint32_t count)
{
	struct rh_call call = rh_call_index(REFHEAP_OP_NEXT, a,
					    (int64_t)cursor, 0);

	call.op.arg = count;
	call.output = count * sizeof(struct refheap_entry);
	return call;
}

static inline struct rh_call
rh_call_weakref_cookie(refheap_id a, uint64_t cookie, uint32_t flags)
{
	struct rh_call call = rh_call_index(REFHEAP_OP_WEAKREF, a,
					    (int64_t)cookie, 0);

	call.op.arg = REFHEAP_WEAKREF_CALLBACK | flags;
	return call;
}

static inline struct rh_call rh_call_weakrefs(refheap_id a, refheap_id after,
					      uint32_t count)
{
	struct rh_call call = rh_call_key(REFHEAP_OP_WEAKREFS, a, after, 0);

	call.op.arg = count;
	call.output = count * sizeof(refheap_id);
	return call;
}

/* The object goes out of all frames. */
static inline struct rh_call rh_call_keep(refheap_id a)
{
	struct rh_call call = rh_call_object(REFHEAP_OP_HAND_OUT, a);

	call.op.arg = 1;
	return call;
}

static inline struct rh_call rh_call_history(refheap_id a)
{
	struct rh_call call = rh_call_object(REFHEAP_OP_HISTORY_READ, a);

	call.output = REFHEAP_HISTORY_MAX * sizeof(struct refheap_change);
	return call;
}

static inline struct rh_call rh_call_inspect(refheap_id a)
{
	struct rh_call call = rh_call_object(REFHEAP_OP_INFO, a);

	call.output = sizeof(struct refheap_info);
	return call;
}

static inline struct rh_call rh_call_collect(uint32_t generation)
{
	return (struct rh_call){
		.op = { .code = REFHEAP_OP_COLLECT, .arg = generation },
	};
}

/*
 * A definition in the form of REFHEAP_OP_TYPE_NEW. *@buffer is its data, to be
 * freed when the call has been used.
 */
int rh_call_type(const struct refheap_type_def *definition,
		 struct rh_call *call, void **buffer);

#endif
