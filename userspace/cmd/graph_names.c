// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "graph_names.h"
#include "heap.h"
#include "objects.h"
#include "util.h"

static int ask(struct context *context, const struct graph *graph, uint32_t number,
	       struct refheap_object_info *info)
{
	struct refheap_ctl *control;
	uint32_t heap;

	if (heap_inspect(context, &control, &heap))
		return -ENXIO;
	return refheap_object_get(control, heap, graph_id(graph, number), info);
}

char *graph_value(struct context *context, const struct graph *graph, uint32_t number)
{
	struct refheap_object_info info;
	char *text = NULL;
	size_t length;
	FILE *file;

	if (ask(context, graph, number, &info))
		return xstrdup("dead");
	file = open_memstream(&text, &length);
	if (!file)
		return xstrdup("");
	objects_preview(file, &info);
	fclose(file);
	return text;
}

const char *graph_type(struct context *context, const struct graph *graph, uint32_t number)
{
	return heap_kind_or_type(context, graph->node[number].kind, graph->node[number].type);
}

uint32_t graph_first_cell(const struct graph *graph, uint32_t from, uint32_t to)
{
	uint32_t cell = 0;

	while (graph->edge[graph->first[from] + cell] != to)
		cell++;
	return cell;
}

/* A str's text, NULL when it is none, is cut, or cannot be read. */
static char *whole_text(struct context *context, const struct graph *graph, uint32_t number)
{
	struct refheap_object_info info;

	if (!number || graph->node[number].kind != REFHEAP_KIND_STR ||
	    ask(context, graph, number, &info) || info.preview_length < info.length)
		return NULL;
	return xstrndup((const char *)info.preview, info.preview_length);
}

static char *key_name(struct context *context, const struct graph *graph, uint32_t number)
{
	cleanup_free char *text = whole_text(context, graph, number);
	cleanup_free char *value = NULL;

	if (text && !strpbrk(text, "\"\\\n"))
		return xasprintf("[\"%s\"]", text);
	if (!number)
		return xstrdup("[?]");
	value = graph_value(context, graph, number);
	return xasprintf("[%s]", value);
}

static char *pair_name(struct context *context, const struct graph *graph, uint32_t from,
		       uint32_t cell)
{
	uint32_t key = graph->edge[graph->first[from] + (cell & ~1U)];
	cleanup_free char *text = NULL;

	if (!(cell % 2))
		return xstrdup("key");
	if (from != GRAPH_ROOT && graph->node[from].kind != REFHEAP_KIND_INSTANCE)
		return key_name(context, graph, key);
	text = whole_text(context, graph, key);
	return xasprintf("%s%s", from == GRAPH_ROOT ? "" : ".", text ? text : "?");
}

/* The name of a slot of a type; NULL for a type that has none. */
static char *slot_name(struct context *context, uint32_t type, uint32_t cell, bool *pairs)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	struct refheap_ctl *control;
	uint32_t heap;

	if (heap_inspect(context, &control, &heap) ||
	    refheap_iter_types(control, heap, &iterator))
		return NULL;
	while (refheap_next_type(iterator, &info) == 1) {
		if (info.type != type)
			continue;
		*pairs = info.flags & REFHEAP_TYPE_DICT;
		return !*pairs && cell < info.slot_count ? xstrdup(info.slots[cell]) : NULL;
	}
	return NULL;
}

static char *attribute_name(struct context *context, const struct graph *graph, uint32_t from,
			    uint32_t cell)
{
	bool pairs = false;
	cleanup_free char *name = slot_name(context, graph->node[from].type, cell, &pairs);

	if (pairs)
		return pair_name(context, graph, from, cell);
	return xasprintf(".%s", name ? name : "?");
}

static char *edge_name(struct context *context, const struct graph *graph, uint32_t from,
		       uint32_t cell)
{
	switch (graph->node[from].kind) {
	case REFHEAP_KIND_INSTANCE:
		return attribute_name(context, graph, from, cell);
	case REFHEAP_KIND_DICT:
	case REFHEAP_KIND_WEAK_VALUE_DICT:
	case REFHEAP_KIND_WEAK_KEY_DICT:
		return pair_name(context, graph, from, cell);
	case REFHEAP_KIND_SET:
	case REFHEAP_KIND_WEAK_SET:
		return xstrdup("member");
	case REFHEAP_KIND_WEAKREF:
		return xstrdup("referent");
	default:
		return xasprintf("[%" PRIu32 "]", cell);
	}
}

char *graph_edge_name(struct context *context, const struct graph *graph, uint32_t from,
		      uint32_t cell)
{
	char *name = edge_name(context, graph, from, cell);

	make_printable(name);
	return name;
}

int graph_roots(struct context *context, const struct graph *graph, uint32_t number,
		graph_root_fn *fn, void *data)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	const struct graph_node *node = &graph->node[number];
	struct graph_root root = { .kind = GRAPH_GARBAGE };
	struct refheap_ctl *control;
	uint64_t known = 0;
	uint32_t heap;
	int error;

	if (node->flags & REFHEAP_INFO_GARBAGE) {
		fn(&root, data);
		known++;
	}
	if (heap_inspect(context, &control, &heap))
		return -ENXIO;
	error = refheap_iter_holders(control, heap, graph_id(graph, number), &iterator);
	if (error)
		return error;
	while ((error = refheap_next_holder(iterator, &root.holder)) == 1) {
		root.kind = root.holder.exported ? GRAPH_EXPORT : GRAPH_SESSION;
		known += root.holder.count;
		fn(&root, data);
	}
	if (error && error != -EINTR)
		return error;
	if (node->flags & (REFHEAP_INFO_INTERNED | REFHEAP_INFO_IMMORTAL))
		root.kind = GRAPH_INTERNED;
	else
		root.kind = context->image ? GRAPH_SAVED : GRAPH_OTHER;
	if (node->outside > known && !graph->disturbed)
		fn(&root, data);
	return 0;
}

static char *session_text(const struct refheap_holder_info *holder, const char *separator)
{
	cleanup_free char *frame = holder->frame ?
				   xasprintf("%sframe %" PRIu32, separator, holder->frame) :
				   xstrdup("");
	cleanup_free char *command = xstrdup(holder->comm);
	char since[CLOCK_TEXT];

	make_printable(command);
	return xasprintf("session %" PRIu32 "%s%s, pid %" PRIu32 "%s%" PRIu32
			 " reference%s%s%ssince %s", holder->session, separator, command,
			 holder->pid, separator, holder->count, holder->count == 1 ? "" : "s",
			 frame, separator, clock_format(holder->since_ns, since));
}

static char *export_text(const struct refheap_holder_info *holder, const char *separator)
{
	char since[CLOCK_TEXT];

	return xasprintf("descriptor of refheap export%spid %" PRIu32 "%ssince %s", separator,
			 holder->pid, separator, clock_format(holder->since_ns, since));
}

char *graph_root_text(const struct graph_root *root, const char *separator)
{
	switch (root->kind) {
	case GRAPH_SESSION:
		return session_text(&root->holder, separator);
	case GRAPH_EXPORT:
		return export_text(&root->holder, separator);
	case GRAPH_GARBAGE:
		return xstrdup("garbage, which a collection could not free");
	case GRAPH_INTERNED:
		return xstrdup("the heap, which keeps it interned");
	case GRAPH_SAVED:
		return xstrdup("whoever held it when the heap was saved");
	default:
		return xstrdup("the heap itself, or who let go meanwhile");
	}
}

void graph_root_json(const struct graph_root *root, struct json_object *json)
{
	static const char *const words[] = {
		"session", "export", "garbage", "interned", "saved", "heap",
	};
	const struct refheap_holder_info *holder = &root->holder;

	json_object_object_add(json, "root", json_object_new_string(words[root->kind]));
	if (root->kind != GRAPH_SESSION && root->kind != GRAPH_EXPORT)
		return;
	json_object_object_add(json, "session", json_object_new_int64(holder->session));
	json_object_object_add(json, "pid", json_object_new_int64(holder->pid));
	json_object_object_add(json, "command", json_object_new_string(holder->comm));
	json_object_object_add(json, "count", json_object_new_int64(holder->count));
	json_object_object_add(json, "frame", json_object_new_int64(holder->frame));
	json_object_object_add(json, "since_ns", json_object_new_uint64(holder->since_ns));
}
