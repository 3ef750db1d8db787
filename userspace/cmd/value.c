// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "heap.h"
#include "path.h"
#include "report.h"
#include "util.h"
#include "value.h"

int value_begin(struct context *context, struct value_batch *batch)
{
	int error, status;

	*batch = (struct value_batch){ .context = context };
	status = heap_session(context, &batch->session);
	if (status)
		return status;
	error = refheap_batch_alloc(&batch->builder);
	return error ? report_error(context, error, "cannot make a batch") : STATUS_OK;
}

/* Remember whose operation that was; its object lasts as long as the batch. */
static refheap_id made(struct value_batch *batch, const struct literal *literal, int n)
{
	if (n < 0)
		return 0;
	while (batch->makers_count <= (size_t)n) {
		if (!(batch->makers_count & (batch->makers_count - 1)))
			batch->makers = xrealloc(batch->makers, 2 * batch->makers_count + 1,
						 sizeof(*batch->makers));
		batch->makers[batch->makers_count++] = literal;
	}
	return REFHEAP_ID_RESULT(n);
}

static refheap_id made_object(struct value_batch *batch, const struct literal *literal, int n)
{
	return made(batch, literal, refheap_batch_temp(batch->builder, n));
}

/* Keep a reference until the batch has ended. */
static void hold(struct value_batch *batch, refheap_id id)
{
	batch->held = xrealloc(batch->held, batch->held_count + 1, sizeof(*batch->held));
	batch->held[batch->held_count++] = id;
}

static int add_path(struct value_batch *batch, const struct literal *literal, refheap_id *id)
{
	int status = path_resolve(batch->context, literal->data, id);

	if (!status)
		hold(batch, *id);
	return status;
}

static int add_weakref(struct value_batch *batch, const struct literal *literal, refheap_id *id)
{
	refheap_id referent;
	int status = add_path(batch, literal->items[0], &referent);

	if (!status)
		*id = made_object(batch, literal,
				  refheap_batch_new_weakref(batch->builder, referent));
	return status;
}

/* What a weak reference refers to, or None. */
static int add_referent(struct value_batch *batch, const struct literal *literal, refheap_id *id)
{
	const char *path = literal->items[0]->data;
	refheap_id weakref;
	int error, status;

	status = add_path(batch, literal->items[0], &weakref);
	if (status)
		return status;
	error = refheap_deref(batch->session, weakref, id);
	if (error < 0)
		return path_error(batch->context, error, path);
	if (error)
		hold(batch, *id);
	else
		*id = made_object(batch, literal, refheap_batch_new_none(batch->builder));
	return STATUS_OK;
}

static int add_leaf(struct value_batch *batch, const struct literal *literal)
{
	struct refheap_batch_builder *builder = batch->builder;

	switch (literal->type) {
	case LITERAL_BOOL:
		return refheap_batch_new_bool(builder, literal->integer);
	case LITERAL_INT:
		return refheap_batch_new_int(builder, literal->integer);
	case LITERAL_FLOAT:
		return refheap_batch_new_float(builder, literal->real);
	case LITERAL_STR:
		return refheap_batch_new_str_len(builder, literal->data, literal->length);
	case LITERAL_BYTES:
		return refheap_batch_new_bytes(builder, literal->data, literal->length);
	case LITERAL_BYTEARRAY:
		return refheap_batch_new_bytearray(builder, literal->data,
						   literal->data ? literal->length :
								   (size_t)literal->integer);
	default:
		return refheap_batch_new_none(builder);
	}
}

static int add_instance(struct value_batch *batch, const struct literal *literal,
			const refheap_id *items, refheap_id *id)
{
	struct refheap_batch_builder *builder = batch->builder;
	refheap_id type = made(batch, literal, refheap_batch_type_find(builder, literal->data));

	*id = made_object(batch, literal, refheap_batch_new_instance(builder, type));
	for (size_t i = 0; i < literal->count; i += 2)
		made(batch, literal->items[i],
		     refheap_batch_set_attr(builder, *id, literal->items[i]->data, items[i + 1]));
	return STATUS_OK;
}

static bool is_dict(const struct literal *literal)
{
	return literal->type == LITERAL_DICT || literal->type == LITERAL_WEAK_VALUE_DICT ||
	       literal->type == LITERAL_WEAK_KEY_DICT;
}

static bool is_set(const struct literal *literal)
{
	return literal->type == LITERAL_SET || literal->type == LITERAL_WEAK_SET;
}

static bool is_weak(const struct literal *literal)
{
	return literal->type == LITERAL_WEAK_VALUE_DICT ||
	       literal->type == LITERAL_WEAK_KEY_DICT || literal->type == LITERAL_WEAK_SET;
}

/* One operation makes a container of so many items; the others are added to it. */
static size_t at_once(const struct literal *literal)
{
	if (is_weak(literal))
		return 0;
	return literal->count < REFHEAP_MAX_IDS ? literal->count : REFHEAP_MAX_IDS;
}

static void add_others(struct value_batch *batch, const struct literal *literal,
		       const refheap_id *items, refheap_id container)
{
	struct refheap_batch_builder *builder = batch->builder;
	size_t step = 1 + is_dict(literal);
	int n;

	for (size_t i = at_once(literal); i < literal->count; i += step) {
		if (is_dict(literal)) {
			n = refheap_batch_set_key(builder, container, items[i], items[i + 1]);
		} else if (is_set(literal)) {
			n = refheap_batch_add_member(builder, container, items[i]);
		} else {
			step = literal->count - i;
			if (step > REFHEAP_MAX_IDS)
				step = REFHEAP_MAX_IDS;
			n = refheap_batch_extend(builder, container, items + i, step);
		}
		made(batch, literal, n);
	}
}

static int new_container(struct refheap_batch_builder *builder, const struct literal *literal,
			 const refheap_id *items)
{
	size_t count = at_once(literal);

	switch (literal->type) {
	case LITERAL_TUPLE:
		return refheap_batch_new_tuple(builder, items, literal->count);
	case LITERAL_LIST:
		return refheap_batch_new_list(builder, items, count);
	case LITERAL_SET:
		return refheap_batch_new_set(builder, items, count);
	case LITERAL_WEAK_VALUE_DICT:
		return refheap_batch_new_weak_value_dict(builder);
	case LITERAL_WEAK_KEY_DICT:
		return refheap_batch_new_weak_key_dict(builder);
	case LITERAL_WEAK_SET:
		return refheap_batch_new_weak_set(builder);
	default:
		return refheap_batch_new_dict(builder, (const struct refheap_pair *)items,
					      count / 2);
	}
}

static int add_container(struct value_batch *batch, const struct literal *literal, refheap_id *id)
{
	cleanup_free refheap_id *items = xcalloc(literal->count + 1, sizeof(*items));
	bool instance = literal->type == LITERAL_INSTANCE;
	int status = STATUS_OK;

	/* The names of an instance's attributes are no objects of their own. */
	for (size_t i = instance; !status && i < literal->count; i += 1 + instance)
		status = value_add(batch, literal->items[i], &items[i]);
	if (status)
		return status;
	if (instance)
		return add_instance(batch, literal, items, id);
	*id = made_object(batch, literal, new_container(batch->builder, literal, items));
	if (literal->type != LITERAL_TUPLE)
		add_others(batch, literal, items, *id);
	return STATUS_OK;
}

int value_add(struct value_batch *batch, const struct literal *literal, refheap_id *id)
{
	switch (literal->type) {
	case LITERAL_PATH:
		return add_path(batch, literal, id);
	case LITERAL_WEAKREF:
		return add_weakref(batch, literal, id);
	case LITERAL_DEREF:
		return add_referent(batch, literal, id);
	case LITERAL_TUPLE:
	case LITERAL_LIST:
	case LITERAL_DICT:
	case LITERAL_SET:
	case LITERAL_WEAK_VALUE_DICT:
	case LITERAL_WEAK_KEY_DICT:
	case LITERAL_WEAK_SET:
	case LITERAL_INSTANCE:
		return add_container(batch, literal, id);
	default:
		*id = made_object(batch, literal, add_leaf(batch, literal));
		return STATUS_OK;
	}
}

static int maker_failed(struct value_batch *batch, const struct literal *literal, int error)
{
	struct context *context = batch->context;

	if (literal->type == LITERAL_INSTANCE && error == -ENOENT)
		return report_refused(context, error, "there is no type '%s'", literal->data);
	if (literal->type == LITERAL_STR && error == -ENODATA)
		return report_refused(context, error, "that type has no attribute '%s'",
				      literal->data);
	if (literal->type == LITERAL_DICT && error == -EOPNOTSUPP)
		return report_refused(context, error, "a key of the dict cannot be hashed");
	if (literal->type == LITERAL_SET && error == -EOPNOTSUPP)
		return report_refused(context, error, "a member of the set cannot be hashed");
	if (is_weak(literal) && error == -EOPNOTSUPP)
		return report_refused(context, error, "what it would hold cannot be hashed or weakly "
				      "referenced");
	if (literal->type == LITERAL_WEAKREF && error == -EOPNOTSUPP)
		return report_refused(context, error, "'%s' cannot be weakly referenced",
				      literal->items[0]->data);
	return report_error(context, error, "cannot make the value");
}

int value_submit(struct value_batch *batch, const char *what)
{
	int error = refheap_batch_submit(batch->builder, batch->session, 0);
	int failed;

	if (!error)
		return STATUS_OK;
	failed = refheap_batch_failed(batch->builder);
	refheap_batch_undo(batch->builder, batch->session);
	if (failed >= 0 && (size_t)failed < batch->makers_count)
		return maker_failed(batch, batch->makers[failed], error);
	if (failed < 0 || !what)
		return report_error(batch->context, error, "cannot make the value");
	return path_error(batch->context, error, what);
}

void value_end(struct value_batch *batch)
{
	if (batch->held_count)
		refheap_drop_many(batch->session, batch->held, batch->held_count);
	free(batch->held);
	free(batch->makers);
	refheap_batch_free(batch->builder);
}

void value_store(struct value_batch *batch, const struct refheap_place *place, refheap_id id)
{
	struct refheap_batch_builder *builder = batch->builder;

	switch (place->by) {
	case REFHEAP_BY_INDEX:
		refheap_batch_set_index(builder, place->container, place->index, id);
		break;
	case REFHEAP_BY_KEY:
		refheap_batch_set_key(builder, place->container, place->key, id);
		break;
	case REFHEAP_BY_TEXT:
		refheap_batch_set_key_str(builder, place->container, place->text, id);
		break;
	case REFHEAP_BY_ATTR:
		refheap_batch_set_attr(builder, place->container, place->text, id);
		break;
	}
}

int value_make(struct context *context, const char *text, refheap_id *id)
{
	cleanup_literal struct literal *literal = literal_parse(context, text);
	struct value_batch batch;
	int take = -1, status;

	if (!literal)
		return STATUS_USAGE;
	/* What is there already is taken once, and no more. */
	if (literal->type == LITERAL_PATH)
		return path_resolve(context, literal->data, id);
	status = value_begin(context, &batch);
	if (!status)
		status = value_add(&batch, literal, id);
	if (!status) {
		take = refheap_batch_take(batch.builder, *id);
		status = value_submit(&batch, NULL);
	}
	if (!status)
		*id = refheap_batch_value(batch.builder, (size_t)take);
	value_end(&batch);
	return status;
}
