// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "escape.h"
#include "heap.h"
#include "output.h"
#include "repr.h"
#include "util.h"
#include "walk.h"

static int to_json(struct walk *walk, refheap_id id, struct json_object **document);

static void add_kind(struct context *context, struct json_object *node,
		     const struct refheap_info *info)
{
	json_object_object_add(node, "kind",
			       json_object_new_string(refheap_kind_name(info->kind)));
	if (info->kind == REFHEAP_KIND_INSTANCE)
		json_object_object_add(node, "type",
				       json_object_new_string(heap_type_name(context,
									     info->type)));
}

/* JSON has no infinities; they are written as Python's repr() has them. */
static struct json_object *float_json(uint64_t bits)
{
	char text[32];
	double value;

	memcpy(&value, &bits, sizeof(value));
	escape_float(value, text, sizeof(text));
	if (!isfinite(value))
		return json_object_new_string(text);
	return json_object_new_double_s(value, text);
}

static struct json_object *hex_json(const char *data, size_t length)
{
	struct text text = { 0 };
	struct json_object *string;
	char digits[3];

	text_add(&text, "", 0);
	for (size_t i = 0; i < length; i++) {
		snprintf(digits, sizeof(digits), "%02x", (unsigned char)data[i]);
		text_add_string(&text, digits);
	}
	string = json_object_new_string(text.data);
	text_free(&text);
	return string;
}

static int payload_json(struct context *context, const struct refheap_info *info,
			struct json_object **value)
{
	cleanup_free char *data = NULL;
	size_t length;
	int error = refheap_get_data(context->session, info->id, &data, &length);

	if (error)
		return error;
	*value = info->kind == REFHEAP_KIND_STR ?
			 json_object_new_string_len(data, (int)length) :
			 hex_json(data, length);
	return 0;
}

static int add_attribute(struct walk *walk, struct json_object *object, refheap_id name,
			 refheap_id value)
{
	cleanup_free char *key = NULL;
	struct json_object *node;
	/* A file need not have the name of a slot. */
	int error = name ? refheap_get_data(walk->context->session, name, &key, NULL) : 0;

	if (!error)
		error = to_json(walk, value, &node);
	if (!error)
		json_object_object_add(object, key ? key : "?", node);
	return error;
}

static int add_pair(struct walk *walk, struct json_object *array, const struct refheap_entry *entry)
{
	struct json_object *pair = json_object_new_object();
	struct json_object *node;
	int error = to_json(walk, entry->key, &node);

	if (!error) {
		json_object_object_add(pair, "key", node);
		error = to_json(walk, entry->value, &node);
	}
	if (!error) {
		json_object_object_add(pair, "value", node);
		json_object_array_add(array, pair);
		return 0;
	}
	json_object_put(pair);
	return error;
}

static int add_entry(struct walk *walk, const struct refheap_entry *entry, uint64_t index,
		     void *data)
{
	struct json_object *into = data;
	struct json_object *node;
	int error;

	(void)index;
	if (json_object_is_type(into, json_type_object))
		return add_attribute(walk, into, entry->key, entry->value);
	if (entry->key && entry->value)
		return add_pair(walk, into, entry);
	error = to_json(walk, entry->key ? entry->key : entry->value, &node);
	if (!error)
		json_object_array_add(into, node);
	return error;
}

/* A weak reference leads to what it refers to, but not into it. */
static int weakref_json(struct walk *walk, const struct refheap_info *info,
			struct json_object **value)
{
	struct refheap_info referent;
	char text[REFHEAP_ID_TEXT];
	int error = info->value ? refheap_inspect(walk->context->session, info->value, &referent) :
				  -ESTALE;

	if (error)
		return error == -ESTALE || error == -ENOENT ? 0 : error;
	*value = json_object_new_object();
	json_object_object_add(*value, "id",
			       json_object_new_string(refheap_format_id(referent.id, text)));
	add_kind(walk->context, *value, &referent);
	return 0;
}

static int container_json(struct walk *walk, const struct refheap_info *info,
			  struct json_object *node)
{
	bool instance = info->kind == REFHEAP_KIND_INSTANCE;
	struct json_object *value;
	bool cut = true;
	int error = 0;

	json_object_object_add(node, "length", json_object_new_uint64(info->length));
	if (walk_enter(walk, info->id)) {
		value = instance ? json_object_new_object() : json_object_new_array();
		json_object_object_add(node, "value", value);
		error = walk_each(walk, info->id, add_entry, value, &cut);
		walk_leave(walk);
	}
	if (cut)
		json_object_object_add(node, "truncated", json_object_new_boolean(true));
	return error;
}

static int value_json(struct walk *walk, const struct refheap_info *info,
		      struct json_object *node)
{
	struct json_object *value = NULL;
	int error = 0;

	switch (info->kind) {
	case REFHEAP_KIND_BOOL:
		value = json_object_new_boolean(info->value);
		break;
	case REFHEAP_KIND_INT:
		value = json_object_new_int64((int64_t)info->value);
		break;
	case REFHEAP_KIND_FLOAT:
		value = float_json(info->value);
		break;
	case REFHEAP_KIND_STR:
	case REFHEAP_KIND_BYTES:
	case REFHEAP_KIND_BYTEARRAY:
		error = payload_json(walk->context, info, &value);
		break;
	case REFHEAP_KIND_TUPLE:
	case REFHEAP_KIND_LIST:
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_SET:
	case REFHEAP_KIND_INSTANCE:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
	case REFHEAP_KIND_WEAK_SET:
		return container_json(walk, info, node);
	case REFHEAP_KIND_WEAKREF:
		error = weakref_json(walk, info, &value);
		break;
	default:
		break;
	}
	json_object_object_add(node, "value", value);
	return error;
}

static int to_json(struct walk *walk, refheap_id id, struct json_object **document)
{
	struct refheap_info info;
	struct json_object *node;
	char text[REFHEAP_ID_TEXT];
	int error = refheap_inspect(walk->context->session, id, &info);

	if (error)
		return error;
	node = json_object_new_object();
	json_object_object_add(node, "id", json_object_new_string(refheap_format_id(id, text)));
	add_kind(walk->context, node, &info);
	error = value_json(walk, &info, node);
	if (error)
		json_object_put(node);
	else
		*document = node;
	return error;
}

int repr_json(struct context *context, refheap_id id, const struct repr_limits *limits,
	      struct json_object **document)
{
	struct walk walk;

	walk_begin(&walk, context, limits);
	return to_json(&walk, id, document);
}

int repr_show(struct context *context, refheap_id id)
{
	const struct repr_limits limits = REPR_LIMITS_DEFAULT;
	struct json_object *document;
	int error;

	if (context->format.json) {
		error = repr_json(context, id, &limits, &document);
		if (!error)
			output_json(context, document);
		return error;
	}
	error = repr_print(context, stdout, id, &limits);
	putchar('\n');
	return error;
}
