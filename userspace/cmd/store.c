// SPDX-License-Identifier: GPL-2.0
#include "output.h"
#include "path.h"
#include "store.h"
#include "util.h"
#include "value.h"

/* The id behind a result of the batch. */
static refheap_id result_id(const struct value_batch *batch, refheap_id id)
{
	if (REFHEAP_ID_TAG(id) != REFHEAP_ID_TAG(REFHEAP_ID_RESULT(0)))
		return id;
	return refheap_batch_value(batch->builder, REFHEAP_ID_SLOT(id));
}

void store_done(const struct context *context, const char *path, uint64_t id)
{
	struct json_object *document;
	char text[REFHEAP_ID_TEXT];

	if (!context->format.json)
		return;
	document = json_object_new_object();
	json_object_object_add(document, "path", json_object_new_string(path));
	if (id)
		json_object_object_add(document, "id",
				       json_object_new_string(refheap_format_id(id, text)));
	output_json(context, document);
}

int store_at(struct context *context, const char *path, const struct literal *literal)
{
	struct refheap_place place;
	struct value_batch batch;
	refheap_id id;
	int status;

	status = path_resolve_parent(context, path, &place);
	if (status)
		return status;
	status = value_begin(context, &batch);
	if (!status)
		status = value_add(&batch, literal, &id);
	if (!status) {
		value_store(&batch, &place, id);
		status = value_submit(&batch, path);
	}
	if (!status)
		store_done(context, path, result_id(&batch, id));
	value_end(&batch);
	refheap_place_release(context->session, &place);
	return status;
}

int store_object(struct context *context, const char *path, uint64_t id)
{
	struct refheap_place place;
	uint64_t before;
	int error, status;

	if (context->in_shell && variables_valid_name(path)) {
		before = variables_set(&context->variables, path, id);
		if (before)
			refheap_drop(context->session, before);
		return STATUS_OK;
	}
	status = path_resolve_parent(context, path, &place);
	if (!status) {
		error = refheap_place_set(context->session, &place, id);
		refheap_place_release(context->session, &place);
		status = error ? path_error(context, error, path) : STATUS_OK;
	}
	refheap_drop(context->session, id);
	return status;
}

int store_into(struct context *context, const char *path, const struct literal *literal,
	       store_fn *store, int64_t index)
{
	struct value_batch batch;
	refheap_id container, id;
	int status;

	status = path_resolve(context, path, &container);
	if (status)
		return status;
	status = value_begin(context, &batch);
	if (!status)
		status = value_add(&batch, literal, &id);
	if (!status) {
		store(batch.builder, container, index, id);
		status = value_submit(&batch, path);
	}
	if (!status)
		store_done(context, path, result_id(&batch, id));
	value_end(&batch);
	refheap_drop(context->session, container);
	return status;
}

int store_items(struct context *context, const char *path, const struct literal *literal)
{
	cleanup_free refheap_id *items = xcalloc(literal->count + 1, sizeof(*items));
	struct value_batch batch;
	refheap_id list;
	int status;

	status = path_resolve(context, path, &list);
	if (status)
		return status;
	status = value_begin(context, &batch);
	for (size_t i = 0; !status && i < literal->count; i++)
		status = value_add(&batch, literal->items[i], &items[i]);
	if (!status) {
		refheap_batch_extend(batch.builder, list, items, literal->count);
		status = value_submit(&batch, path);
	}
	if (!status)
		store_done(context, path, 0);
	value_end(&batch);
	refheap_drop(context->session, list);
	return status;
}
