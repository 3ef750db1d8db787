// SPDX-License-Identifier: GPL-2.0
/* What a heap tells of itself: sums, generations, types, arenas. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <refheap.h>

#include "cmd_report.h"
#include "heap.h"
#include "report.h"
#include "util.h"

#define MS_NS 1000000ULL

uint64_t report_now(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / MS_NS;
}

void report_add_number(struct json_object *object, const char *key, uint64_t number)
{
	json_object_object_add(object, key, json_object_new_uint64(number));
}

void report_add_text(struct json_object *object, const char *key, const char *text)
{
	json_object_object_add(object, key, json_object_new_string(text));
}

static void append_number(struct json_object *array, uint64_t number)
{
	json_object_array_add(array, json_object_new_uint64(number));
}

/* What only a heap in the kernel has is not there for a saved one. */
static struct json_object *heap_json(const struct context *context,
				     const struct refheap_heap_info *info)
{
	struct json_object *heap = json_object_new_object();

	report_add_number(heap, "objects", info->objects);
	report_add_number(heap, "bytes", info->bytes);
	report_add_number(heap, "names", info->names);
	if (context->image)
		return heap;
	report_add_number(heap, "max_objects", info->max_objects);
	report_add_number(heap, "max_bytes", info->max_bytes);
	report_add_number(heap, "reserved", info->reserved_bytes);
	report_add_number(heap, "births", info->births);
	report_add_number(heap, "deaths", info->deaths);
	report_add_number(heap, "sessions", info->sessions);
	return heap;
}

static struct json_object *generation_json(const struct refheap_generation *info)
{
	struct json_object *generation = json_object_new_object();

	report_add_number(generation, "threshold", info->threshold);
	report_add_number(generation, "count", info->count);
	report_add_number(generation, "objects", info->objects);
	report_add_number(generation, "collections", info->collections);
	report_add_number(generation, "collected", info->collected);
	report_add_number(generation, "uncollectable", info->uncollectable);
	report_add_number(generation, "entered", info->entered);
	report_add_number(generation, "left", info->left);
	report_add_number(generation, "untracked", info->untracked);
	report_add_number(generation, "died", info->died);
	return generation;
}

static struct json_object *gc_json(const struct refheap_gc_info *info)
{
	struct json_object *generations = json_object_new_array();
	struct json_object *gc = json_object_new_object();

	json_object_object_add(gc, "enabled", json_object_new_boolean(info->enabled));
	report_add_number(gc, "frozen", info->frozen);
	report_add_number(gc, "garbage", info->garbage);
	report_add_number(gc, "hold_ns", info->longest_hold_ns);
	report_add_number(gc, "duration_ns", info->duration_ns);
	for (int i = 0; i < REFHEAP_GENERATIONS; i++)
		json_object_array_add(generations, generation_json(&info->generation[i]));
	json_object_object_add(gc, "generations", generations);
	return gc;
}

struct type_row {
	char *name;
	uint64_t objects;
	uint64_t bytes;
};

static int by_bytes(const void *a, const void *b)
{
	const struct type_row *x = a, *y = b;

	return x->bytes == y->bytes ? 0 : x->bytes < y->bytes ? 1 : -1;
}

/* All types that have instances. Return: 0 or a negative errno. */
static int list_types(struct refheap_ctl *control, uint32_t heap, struct type_row **rows,
		      size_t *rows_count)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_type_info info;
	size_t count = 0;
	int error = refheap_iter_types(control, heap, &iterator);

	while (!error && (error = refheap_next_type(iterator, &info)) == 1) {
		error = 0;
		/* A type whose slots are many comes more than once. */
		if (!info.objects || (count && !strcmp((*rows)[count - 1].name, info.name)))
			continue;
		*rows = xrealloc(*rows, count + 1, sizeof(**rows));
		(*rows)[count++] = (struct type_row){ xstrdup(info.name), info.objects,
						      info.bytes };
	}
	*rows_count = count;
	return error;
}

static struct json_object *types_json(const struct type_row *rows, size_t count, size_t max)
{
	struct json_object *types = json_object_new_object();
	struct json_object *list = json_object_new_array();
	struct json_object *others = json_object_new_array();
	uint64_t objects = 0, bytes = 0;

	for (size_t i = 0; i < count && i < max; i++) {
		struct json_object *row = json_object_new_array();

		json_object_array_add(row, json_object_new_string(rows[i].name));
		append_number(row, rows[i].objects);
		append_number(row, rows[i].bytes);
		json_object_array_add(list, row);
	}
	for (size_t i = max; i < count; i++) {
		objects += rows[i].objects;
		bytes += rows[i].bytes;
	}
	append_number(others, count > max ? count - max : 0);
	append_number(others, objects);
	append_number(others, bytes);
	json_object_object_add(types, "rows", list);
	json_object_object_add(types, "others", others);
	return types;
}

static int add_types(struct context *context, struct refheap_ctl *control, uint32_t heap,
		     size_t max, struct json_object *snapshot)
{
	struct type_row *rows = NULL;
	size_t count;
	int error = list_types(control, heap, &rows, &count);

	if (count)
		qsort(rows, count, sizeof(*rows), by_bytes);
	if (!error)
		json_object_object_add(snapshot, "types", types_json(rows, count, max));
	while (count)
		free(rows[--count].name);
	free(rows);
	return error ? report_error(context, error, "cannot list the types") : STATUS_OK;
}

static const char *const spaces[__REFHEAP_SPACE_MAX] = {
	[REFHEAP_SPACE_REFS] = "refs",
	[REFHEAP_SPACE_CONST] = "const",
	[REFHEAP_SPACE_MUTABLE] = "mutable",
};

static const char *const uses[] = {
	[REFHEAP_ARENA_USE_POOLS] = "pools",
	[REFHEAP_ARENA_USE_RUNS] = "pages",
	[REFHEAP_ARENA_USE_ONE] = "one",
};

/* Arenas as they come; those above the limit are added up. */
struct arenas {
	struct json_object *list;
	struct json_object *classes;
	struct refheap_arena_info totals;
	uint32_t room;
	uint64_t left_out;
	uint64_t left_out_bytes;
};

static struct json_object *pools_json(const struct refheap_arena_info *info)
{
	struct json_object *pools = json_object_new_array();

	for (uint32_t i = 0; i < info->pool_count; i++) {
		append_number(pools, info->pool[i].block_bytes);
		append_number(pools, info->pool[i].used);
		append_number(pools, info->pool[i].capacity);
	}
	if (info->use == REFHEAP_ARENA_USE_ONE) {
		append_number(pools, info->bytes);
		append_number(pools, 1);
		append_number(pools, 1);
	}
	return pools;
}

static void add_arena(struct arenas *arenas, const struct refheap_arena_info *info)
{
	struct json_object *arena;

	if (!arenas->room) {
		arenas->left_out++;
		arenas->left_out_bytes += info->bytes;
		return;
	}
	arenas->room--;
	arena = json_object_new_object();
	report_add_text(arena, "space", spaces[info->space]);
	report_add_text(arena, "use", uses[info->use]);
	report_add_number(arena, "index", info->index);
	report_add_number(arena, "bytes", info->bytes);
	json_object_object_add(arena, "pools", pools_json(info));
	json_object_array_add(arenas->list, arena);
}

static void add_class(struct arenas *arenas, const struct refheap_arena_info *info)
{
	struct json_object *row;

	if (!info->pools)
		return;
	row = json_object_new_array();
	json_object_array_add(row, json_object_new_string(spaces[info->space]));
	append_number(row, info->block_bytes);
	append_number(row, info->pools);
	append_number(row, info->blocks_used);
	append_number(row, info->blocks_free);
	json_object_array_add(arenas->classes, row);
}

static void add_entry(struct arenas *arenas, const struct refheap_arena_info *info)
{
	if (info->entry == REFHEAP_ARENA_TOTALS)
		arenas->totals = *info;
	else if (info->space >= ARRAY_SIZE(spaces))
		return;
	else if (info->entry == REFHEAP_ARENA_CLASS)
		add_class(arenas, info);
	else if (info->use < ARRAY_SIZE(uses) && uses[info->use])
		add_arena(arenas, info);
}

static struct json_object *arenas_json(const struct arenas *arenas)
{
	struct json_object *object = json_object_new_object();

	json_object_object_add(object, "list", arenas->list);
	json_object_object_add(object, "classes", arenas->classes);
	report_add_number(object, "left_out", arenas->left_out);
	report_add_number(object, "left_out_bytes", arenas->left_out_bytes);
	report_add_number(object, "table_bytes", arenas->totals.table_bytes);
	report_add_number(object, "table_slots", arenas->totals.table_slots);
	report_add_number(object, "large_blocks", arenas->totals.large_blocks);
	report_add_number(object, "large_bytes", arenas->totals.large_bytes);
	return object;
}

/* An arena that comes or goes meanwhile is there or not. */
static int add_arenas(struct context *context, struct refheap_ctl *control, uint32_t heap,
		      uint32_t max, struct json_object *snapshot)
{
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct refheap_arena_info info;
	struct arenas arenas = { .room = max };
	int error = refheap_iter_arenas(control, heap, &iterator);

	arenas.list = json_object_new_array();
	arenas.classes = json_object_new_array();
	while (!error && (error = refheap_next_arena(iterator, &info)) == 1) {
		add_entry(&arenas, &info);
		error = 0;
	}
	json_object_object_add(snapshot, "arenas", arenas_json(&arenas));
	return error && error != -EINTR ? report_error(context, error, "cannot list the arenas") :
					  STATUS_OK;
}

int report_add_figures(struct context *context, const struct report_limits *limits,
		       struct json_object *snapshot)
{
	struct refheap_heap_info info;
	struct refheap_ctl *control;
	struct refheap_gc_info gc;
	uint32_t heap;
	int error, status = heap_inspect(context, &control, &heap);

	if (status)
		return status;
	error = refheap_heap_get(control, heap, &info);
	if (!error && !context->image)
		error = refheap_gc_get(control, heap, &gc);
	if (error)
		return report_error(context, error, "cannot look at the heap");
	json_object_object_add(snapshot, "heap", heap_json(context, &info));
	json_object_object_add(snapshot, "gc", context->image ? NULL : gc_json(&gc));
	status = add_types(context, control, heap, limits->types, snapshot);
	if (status || context->image) {
		json_object_object_add(snapshot, "arenas", NULL);
		return status;
	}
	return add_arenas(context, control, heap, limits->arenas, snapshot);
}
