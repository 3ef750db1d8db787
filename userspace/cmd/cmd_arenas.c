// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <refheap.h>

#include "cmd.h"
#include "heap.h"
#include "interrupt.h"
#include "output.h"
#include "report.h"
#include "util.h"

static const char *const spaces[__REFHEAP_SPACE_MAX] = {
	[REFHEAP_SPACE_REFS] = "refs",
	[REFHEAP_SPACE_CONST] = "const",
	[REFHEAP_SPACE_MUTABLE] = "mutable",
};

static const struct column class_columns[] = {
	{ "space", "SPACE", "refs: edges; const, mutable: payload", 0 },
	{ "size", "SIZE", "bytes of a block", COLUMN_NUMBER },
	{ "pools", "POOLS", "pools of that class", COLUMN_NUMBER },
	{ "used", "USED", "blocks in use", COLUMN_NUMBER },
	{ "free", "FREE", "blocks available in its pools", COLUMN_NUMBER },
};

static const struct column arena_columns[] = {
	{ "space", "SPACE", "refs: edges; const, mutable: payload", 0 },
	{ "arena", "ARENA", "number in its space", COLUMN_NUMBER },
	{ "bytes", "BYTES", "of the arena", COLUMN_NUMBER },
	{ "pages", "PAGES", "pages in it", COLUMN_NUMBER },
	{ "free_pages", "FREE", "pages that nothing uses", COLUMN_NUMBER },
};

static const struct column pool_columns[] = {
	{ "space", "SPACE", "refs: edges; const, mutable: payload", 0 },
	{ "arena", "ARENA", "number in its space", COLUMN_NUMBER },
	{ "pool", "POOL", "number in its arena", COLUMN_NUMBER },
	{ "size", "SIZE", "bytes of a block, or of a page where whole pages are used", COLUMN_NUMBER },
	{ "used", "USED", "blocks, or pages, in use", COLUMN_NUMBER },
	{ "capacity", "CAPACITY", "how many it has room for", COLUMN_NUMBER },
};

/* What the list of arenas adds up to. */
struct sums {
	uint64_t arenas;
	uint64_t arena_bytes;
	uint64_t pages;
	uint64_t free_pages;
	uint64_t used_blocks;
	uint64_t used_bytes;
	uint64_t free_bytes;
	struct refheap_arena_info totals;
};

static const char *space_name(uint32_t space)
{
	return space < ARRAY_SIZE(spaces) ? spaces[space] : "?";
}

static void class_cells(const struct refheap_arena_info *info, struct cell *cells)
{
	cells[0] = cell_text(space_name(info->space));
	cells[1] = cell_number(info->block_bytes);
	cells[2] = cell_number(info->pools);
	cells[3] = cell_number(info->blocks_used);
	cells[4] = cell_number(info->blocks_free);
}

static void arena_cells(const struct refheap_arena_info *info, struct cell *cells)
{
	cells[0] = cell_text(space_name(info->space));
	cells[1] = cell_number(info->index);
	cells[2] = cell_number(info->bytes);
	cells[3] = cell_number(info->pages);
	cells[4] = cell_number(info->pages_free);
}

static void add_up(struct sums *sums, const struct refheap_arena_info *info)
{
	switch (info->entry) {
	case REFHEAP_ARENA_CLASS:
		sums->used_blocks += info->blocks_used;
		sums->used_bytes += info->blocks_used * info->block_bytes;
		sums->free_bytes += info->blocks_free * info->block_bytes;
		break;
	case REFHEAP_ARENA_ARENA:
		sums->arenas++;
		sums->arena_bytes += info->bytes;
		sums->pages += info->pages;
		sums->free_pages += info->pages_free;
		break;
	case REFHEAP_ARENA_TOTALS:
		sums->totals = *info;
		break;
	}
}

/* One line as sys._debugmallocstats() has them, with commas in the number. */
static void print_sum(const char *what, uint64_t value)
{
	char digits[32], grouped[48];
	size_t length = (size_t)snprintf(digits, sizeof(digits), "%" PRIu64, value);
	size_t at = 0;

	for (size_t i = 0; i < length; i++) {
		if (i && (length - i) % 3 == 0)
			grouped[at++] = ',';
		grouped[at++] = digits[i];
	}
	grouped[at] = '\0';
	printf("%-35s= %20s\n", what, grouped);
}

static void print_sums(const struct sums *sums)
{
	const struct refheap_arena_info *totals = &sums->totals;

	putchar('\n');
	print_sum("# arenas allocated current", sums->arenas);
	print_sum("# bytes in arenas", sums->arena_bytes);
	print_sum("# pages in arenas", sums->pages);
	print_sum("# pages free", sums->free_pages);
	putchar('\n');
	print_sum("# blocks in use", sums->used_blocks);
	print_sum("# bytes in allocated blocks", sums->used_bytes);
	print_sum("# bytes in available blocks", sums->free_bytes);
	print_sum("# large blocks", totals->large_blocks);
	print_sum("# bytes in large blocks", totals->large_bytes);
	putchar('\n');
	print_sum("# slots in the object table", totals->table_slots);
	print_sum("# bytes in the object table", totals->table_bytes);
	printf("%-35s= %16" PRIu64 ".%03" PRIu64 "\n", "metadata bytes per object",
	       totals->metadata_millibytes / 1000, totals->metadata_millibytes % 1000);
	print_sum("Total", sums->arena_bytes + totals->table_bytes);
}

static struct json_object *sums_json(const struct sums *sums)
{
	const struct refheap_arena_info *totals = &sums->totals;
	const struct {
		const char *key;
		uint64_t value;
	} fields[] = {
		{ "arenas", sums->arenas },
		{ "arena_bytes", sums->arena_bytes },
		{ "pages", sums->pages },
		{ "free_pages", sums->free_pages },
		{ "used_blocks", sums->used_blocks },
		{ "used_bytes", sums->used_bytes },
		{ "free_bytes", sums->free_bytes },
		{ "large_blocks", totals->large_blocks },
		{ "large_bytes", totals->large_bytes },
		{ "table_slots", totals->table_slots },
		{ "table_bytes", totals->table_bytes },
		{ "total_bytes", sums->arena_bytes + totals->table_bytes },
	};
	struct json_object *object = json_object_new_object();

	for (size_t i = 0; i < ARRAY_SIZE(fields); i++)
		json_object_object_add(object, fields[i].key,
				       json_object_new_uint64(fields[i].value));
	json_object_object_add(object, "metadata_bytes_per_object",
			       json_object_new_double((double)totals->metadata_millibytes / 1000));
	return object;
}

/* One kind of entry as a listing; the sums of the rest on the way. */
static int list_entries(struct context *context, struct refheap_iter *iterator,
			enum refheap_arena_entry entry, struct sums *sums)
{
	bool classes = entry == REFHEAP_ARENA_CLASS;
	struct cell cells[ARRAY_SIZE(class_columns)];
	struct refheap_arena_info info;
	struct listing *listing;
	int error, status;

	_Static_assert(ARRAY_SIZE(class_columns) == ARRAY_SIZE(arena_columns),
		       "both listings share their cells");
	listing = listing_begin(context, classes ? class_columns : arena_columns,
				ARRAY_SIZE(class_columns), &status);
	if (!listing)
		return status;
	while (!interrupted() && (error = refheap_next_arena(iterator, &info)) == 1) {
		add_up(sums, &info);
		if (info.entry != entry)
			continue;
		if (classes)
			class_cells(&info, cells);
		else
			arena_cells(&info, cells);
		/* A class that was never used says nothing. */
		if (!classes || info.pools)
			listing_row(listing, cells);
	}
	listing_end(listing);
	return listing_status(context, error, "arenas");
}

/* Those that have something in them; an arena that is one block has none. */
static void list_pools_of(struct listing *listing, const struct refheap_arena_info *info)
{
	for (uint32_t i = 0; i < info->pool_count; i++) {
		const struct refheap_pool *pool = &info->pool[i];

		if (!pool->used)
			continue;
		listing_row(listing, (struct cell[]){
			cell_text(space_name(info->space)),
			cell_number(info->index),
			cell_number(i),
			cell_number(pool->block_bytes),
			cell_number(pool->used),
			cell_number(pool->capacity),
		});
	}
}

static int list_pools(struct context *context, struct refheap_iter *iterator)
{
	struct refheap_arena_info info;
	struct listing *listing;
	int error = 0, status;

	listing = listing_begin(context, pool_columns, ARRAY_SIZE(pool_columns), &status);
	if (!listing)
		return status;
	while (!interrupted() && (error = refheap_next_arena(iterator, &info)) == 1)
		list_pools_of(listing, &info);
	listing_end(listing);
	return listing_status(context, error, "arenas");
}

static int run_arenas(struct context *context, struct arguments *arguments)
{
	bool each = argument_option(arguments, "each");
	bool classes = argument_option(arguments, "classes");
	refheap_auto_iter struct refheap_iter *iterator = NULL;
	struct sums sums = { 0 };
	struct refheap_ctl *control;
	struct refheap_arena_info info;
	uint32_t heap;
	int error, status;

	status = heap_inspect(context, &control, &heap);
	if (status)
		return status;
	error = refheap_iter_arenas(control, heap, &iterator);
	if (error)
		return report_error(context, error, "cannot list the arenas");
	if (argument_option(arguments, "pools"))
		return list_pools(context, iterator);
	if (each || classes || !context->format.json)
		status = list_entries(context, iterator,
				      each ? REFHEAP_ARENA_ARENA : REFHEAP_ARENA_CLASS, &sums);
	if (status || each || classes)
		return status;
	if (!context->format.json) {
		print_sums(&sums);
		return STATUS_OK;
	}
	while (!interrupted() && (error = refheap_next_arena(iterator, &info)) == 1)
		add_up(&sums, &info);
	status = listing_status(context, error, "arenas");
	if (!status)
		output_json(context, sums_json(&sums));
	return status;
}

static const struct option_spec arenas_options[] = {
	{ "classes", 'c', NULL, "only the size classes, a line each" },
	{ "each", 'e', NULL, "every arena instead, a line each" },
	{ "pools", 'p', NULL, "every pool instead that is in use, a line each" },
	{ 0 },
};

const struct command arenas_command = {
	.name = "arenas",
	.synopsis = "",
	.summary = "Print what the allocator holds, as sys._debugmallocstats() does",
	.details = "As JSON: the sums; with an option, an array.",
	.options = arenas_options,
	.run = run_arenas,
};
