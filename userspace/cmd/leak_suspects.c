// SPDX-License-Identifier: GPL-2.0
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "graph_names.h"
#include "heap.h"
#include "interrupt.h"
#include "leak_suspects.h"
#include "report.h"
#include "util.h"

/* In place of a holder: those that no old object leads to. */
#define IN_CYCLES	0
#define IN_SESSIONS	UINT32_MAX

#define SUSPECTS_MAX	10
#define SHARE		20	/* less than one part in so many is not worth a word */

int leak_mark_set(struct context *context, struct leak_mark *mark)
{
	refheap_auto_scan struct refheap_scanner *scanner = NULL;
	const struct refheap_scan *record;
	struct refheap *session;
	int error, status;

	*mark = (struct leak_mark){ 0 };
	status = heap_session(context, &session);
	if (status)
		return status;
	error = refheap_scan_open(session, 0, &scanner);
	while (!error && (error = refheap_scan_next(scanner, &record)) == 1) {
		if (mark->count == mark->room) {
			mark->room = mark->room * 2 + 1024;
			mark->list = xrealloc(mark->list, mark->room, sizeof(*mark->list));
		}
		mark->list[mark->count++] = (struct leak_mark_entry){
			.id = record->id,
			.sizeof_ = record->sizeof_,
			.length = record->length,
			.type = record->type,
			.kind = record->kind,
			.flags = (uint16_t)record->flags,
		};
		error = interrupted() ? -EINTR : 0;
	}
	return error ? report_error(context, error, "cannot look at the heap") : STATUS_OK;
}

void leak_mark_free(struct leak_mark *mark)
{
	free(mark->list);
	*mark = (struct leak_mark){ 0 };
}

/* Objects of one type: of those that hang on a suspect, or of all but the interned. */
struct tally {
	uint32_t kind;
	uint32_t type;
	uint64_t objects;
	uint64_t members;	/* that the holder refers to itself */
	uint64_t bytes;
	uint64_t objects_before;
	uint64_t bytes_before;
	uint32_t example;	/* the largest */
	bool grows;
};

/* @last: found last; objects of a type are often beside each other. */
struct tallies {
	struct tally *list;
	size_t count;
	size_t last;
};

static bool is_tally_of(const struct tallies *tallies, size_t i, uint32_t kind, uint32_t type)
{
	return i < tallies->count && tallies->list[i].kind == kind &&
	       tallies->list[i].type == type;
}

static struct tally *find_tally(struct tallies *tallies, uint32_t kind, uint32_t type)
{
	if (is_tally_of(tallies, tallies->last, kind, type))
		return &tallies->list[tallies->last];
	for (size_t i = 0; i < tallies->count; i++) {
		if (!is_tally_of(tallies, i, kind, type))
			continue;
		tallies->last = i;
		return &tallies->list[i];
	}
	tallies->list = xrealloc(tallies->list, tallies->count + 1, sizeof(*tallies->list));
	tallies->list[tallies->count] = (struct tally){ .kind = kind, .type = type };
	return &tallies->list[tallies->count++];
}

/**
 * struct search - what is known of each object of the graph, by its number
 * @old: its entry in the mark, NULL when it has come since
 * @holder: of a new one: the nearest old one on the way to it, or IN_*
 * @known: whether that was found out
 * @life: whether something keeps it, once that was asked
 * @objects: of an old one: new ones that hang on it
 * @bytes: of them, and what it has grown by itself
 * @cycles: likewise, of those in IN_CYCLES
 * @sessions: likewise
 * @types: all types
 */
struct search {
	struct context *context;
	struct leak_suspects *suspects;
	const struct leak_mark_entry **old;
	uint32_t *holder;
	bool *known;
	uint8_t *life;
	uint64_t *objects;
	uint64_t *bytes;
	struct leak_suspect cycles;
	struct leak_suspect sessions;
	struct tallies types;
};

/* Both are in the order of slots. */
static void match_mark(struct search *search, const struct leak_mark *mark)
{
	const struct graph *graph = &search->suspects->graph;
	size_t at = 0;

	for (uint32_t i = 1; i < graph->nodes; i++) {
		refheap_id id = graph_id(graph, i);

		while (at < mark->count &&
		       REFHEAP_ID_SLOT(mark->list[at].id) < REFHEAP_ID_SLOT(id))
			at++;
		if (at < mark->count && mark->list[at].id == id)
			search->old[i] = &mark->list[at];
	}
}

static bool stays_by_itself(const struct search *search, uint32_t number)
{
	return number == GRAPH_ROOT || search->suspects->retained.is_root[number];
}

/* Up to an old object, to one that is known, or to where the way begins. */
static uint32_t find_holder(struct search *search, uint32_t number)
{
	const uint32_t *ways = search->suspects->ways;
	uint32_t at = number, holder;

	while (!search->old[at] && !search->known[at] && ways[at] != at)
		at = ways[at];
	if (search->old[at])
		holder = at;
	else if (search->known[at])
		holder = search->holder[at];
	else
		holder = stays_by_itself(search, at) ? IN_SESSIONS : IN_CYCLES;
	for (; !search->old[number] && !search->known[number]; number = ways[number]) {
		search->known[number] = true;
		search->holder[number] = holder;
	}
	return holder;
}

enum { NOT_ASKED, ALIVE, DEAD };

/* An old object that is in a dead cycle itself holds nothing. */
static bool is_dead(struct search *search, uint32_t number)
{
	const uint32_t *ways = search->suspects->ways;
	uint32_t at = number;
	uint8_t life;

	while (!search->life[at] && ways[at] != at)
		at = ways[at];
	life = search->life[at];
	if (!life)
		life = stays_by_itself(search, at) ? ALIVE : DEAD;
	search->life[at] = life;
	for (; !search->life[number]; number = ways[number])
		search->life[number] = life;
	return life == DEAD;
}

static bool is_interned(uint32_t flags)
{
	return flags & (REFHEAP_INFO_INTERNED | REFHEAP_INFO_IMMORTAL);
}

static bool has_grown(const struct leak_samples *samples, size_t growing,
		      const struct tally *tally)
{
	for (size_t i = 0; i < growing; i++) {
		if (samples->types[i].kind == tally->kind && samples->types[i].type == tally->type)
			return true;
	}
	return false;
}

/* Which types there is more of than at the mark, without what is interned. */
static void tally_types(struct search *search, const struct leak_mark *mark,
			const struct leak_samples *samples, size_t growing)
{
	const struct graph *graph = &search->suspects->graph;
	struct tally *tally;

	for (size_t i = 0; i < mark->count; i++) {
		const struct leak_mark_entry *entry = &mark->list[i];

		if (is_interned(entry->flags))
			continue;
		tally = find_tally(&search->types, entry->kind, entry->type);
		tally->objects_before++;
		tally->bytes_before += entry->sizeof_;
	}
	for (uint32_t i = 1; i < graph->nodes; i++) {
		const struct graph_node *node = &graph->node[i];

		if (is_interned(node->flags))
			continue;
		tally = find_tally(&search->types, node->kind, node->type);
		tally->objects++;
		tally->bytes += node->sizeof_;
	}
	for (size_t i = 0; i < search->types.count; i++) {
		tally = &search->types.list[i];
		tally->grows = (tally->objects > tally->objects_before ||
				tally->bytes > tally->bytes_before) &&
			       has_grown(samples, growing, tally);
	}
}

static void book(struct search *search, uint32_t holder, uint64_t objects, uint64_t bytes)
{
	struct leak_suspect *other = holder == IN_CYCLES ? &search->cycles : &search->sessions;

	if (holder != IN_CYCLES && holder != IN_SESSIONS) {
		search->objects[holder] += objects;
		search->bytes[holder] += bytes;
	} else {
		other->objects += objects;
		other->bytes += bytes;
	}
}

static void book_all(struct search *search)
{
	const struct graph *graph = &search->suspects->graph;

	for (uint32_t i = 1; i < graph->nodes; i++) {
		const struct graph_node *node = &graph->node[i];
		const struct leak_mark_entry *old = search->old[i];

		if (is_interned(node->flags) ||
		    !find_tally(&search->types, node->kind, node->type)->grows)
			continue;
		if (!old)
			book(search, find_holder(search, i), 1, node->sizeof_);
		else if (node->sizeof_ > old->sizeof_)
			book(search, i, 0, node->sizeof_ - old->sizeof_);
	}
}

static uint32_t holder_of(const struct leak_suspect *suspect)
{
	if (suspect->pattern == LEAK_CYCLES)
		return IN_CYCLES;
	return suspect->pattern == LEAK_SESSION ? IN_SESSIONS : suspect->holder;
}

static void tally_up(const struct search *search, const struct leak_suspect *suspect,
		     struct tallies *tallies)
{
	const struct leak_suspects *suspects = search->suspects;
	const struct graph *graph = &suspects->graph;
	uint32_t holder = holder_of(suspect);

	for (uint32_t i = 1; i < graph->nodes; i++) {
		const struct graph_node *node = &graph->node[i];
		struct tally *tally;

		if (!search->known[i] || search->holder[i] != holder ||
		    is_interned(node->flags))
			continue;
		tally = find_tally(tallies, node->kind, node->type);
		tally->objects++;
		tally->bytes += node->sizeof_;
		tally->members += suspects->ways[i] == holder || suspects->ways[i] == i;
		if (!tally->example || node->sizeof_ > graph->node[tally->example].sizeof_)
			tally->example = i;
	}
}

static const struct tally *most(const struct tallies *tallies, bool members)
{
	const struct tally *found = NULL;

	for (size_t i = 0; i < tallies->count; i++) {
		const struct tally *tally = &tallies->list[i];

		if (!found || (members ? tally->members > found->members :
					 tally->bytes > found->bytes))
			found = tally;
	}
	return found;
}

static bool is_dict(const struct graph_node *node)
{
	return node->kind == REFHEAP_KIND_DICT || node->kind == REFHEAP_KIND_WEAK_VALUE_DICT ||
	       node->kind == REFHEAP_KIND_WEAK_KEY_DICT;
}

/* A list of an object whose members mostly lead to something larger. */
static bool looks_like_callbacks(const struct search *search, const struct leak_suspect *suspect,
				 const struct tally *member)
{
	const struct leak_suspects *suspects = search->suspects;
	const struct graph_node *above =
		&suspects->graph.node[suspects->ways[suspect->holder]];

	return above->kind == REFHEAP_KIND_INSTANCE && member &&
	       member->kind == REFHEAP_KIND_INSTANCE && suspect->bytes > 2 * member->bytes;
}

static enum leak_pattern recognize(const struct search *search,
				   const struct leak_suspect *suspect,
				   const struct tally *member)
{
	const struct graph_node *holder = &search->suspects->graph.node[suspect->holder];

	if (suspect->holder == GRAPH_ROOT)
		return suspect->length > suspect->before ? LEAK_NAMES : LEAK_CHAIN;
	if (!suspect->objects && holder->kind <= REFHEAP_KIND_BYTEARRAY)
		return LEAK_OBJECT;
	if (suspect->objects && suspect->length <= suspect->before)
		return LEAK_CHAIN;
	if (is_dict(holder) || holder->kind == REFHEAP_KIND_INSTANCE)
		return LEAK_CACHE;
	return looks_like_callbacks(search, suspect, member) ? LEAK_CALLBACKS : LEAK_COLLECTION;
}

/* The most recent line of a program that a site is about. */
static char *site_text(const char *site)
{
	struct refheap_traceback *traceback = NULL;
	char *text = NULL;

	if (refheap_traceback_read(site, &traceback))
		return NULL;
	if (traceback->count)
		text = xasprintf("%s:%u", traceback->frame[0].filename,
				 traceback->frame[0].line);
	refheap_traceback_free(traceback);
	return text;
}

static char *find_site(struct context *context, refheap_id id)
{
	cleanup_free char *data = NULL;
	refheap_id site = 0;

	if (refheap_trace_of(context->session, id, &site) || !site)
		return NULL;
	if (refheap_get_data(context->session, site, &data, NULL))
		return NULL;
	return site_text(data);
}

static char *type_name(struct context *context, const struct tally *tally)
{
	return tally ? xstrdup(heap_kind_or_type(context, tally->kind, tally->type)) : NULL;
}

static void describe(struct search *search, struct leak_suspect *suspect)
{
	struct leak_suspects *suspects = search->suspects;
	struct context *context = search->context;
	const struct tally *member, *bulk;
	struct tallies tallies = { 0 };

	tally_up(search, suspect, &tallies);
	member = most(&tallies, true);
	bulk = most(&tallies, false);
	if (suspect->holder) {
		suspect->pattern = recognize(search, suspect, member);
		suspect->path = retained_path(context, &suspects->graph, suspects->ways,
					      suspect->holder);
	}
	suspect->member = type_name(context, member);
	suspect->bulk = type_name(context, bulk);
	suspect->example = bulk ? bulk->example : suspect->holder;
	suspect->site = find_site(context, graph_id(&suspects->graph, suspect->example));
	free(tallies.list);
}

static void add_suspect(struct leak_suspects *suspects, const struct leak_suspect *suspect)
{
	suspects->list = xrealloc(suspects->list, suspects->count + 1, sizeof(*suspects->list));
	suspects->list[suspects->count++] = *suspect;
}

static bool worth_a_word(const struct leak_suspect *suspect, uint64_t objects, uint64_t bytes)
{
	return (suspect->objects && suspect->objects >= objects / SHARE) ||
	       (suspect->bytes && suspect->bytes >= bytes / SHARE);
}

/* Entries of a holder now; it may be gone. */
static uint64_t length_of(struct context *context, refheap_id id)
{
	struct refheap_info info;

	return refheap_inspect(context->session, id, &info) ? 0 : info.length;
}

static void collect_suspects(struct search *search)
{
	struct leak_suspects *suspects = search->suspects;
	const struct graph *graph = &suspects->graph;
	uint64_t objects = search->cycles.objects + search->sessions.objects;
	uint64_t bytes = search->cycles.bytes + search->sessions.bytes;

	for (uint32_t i = 1; i < graph->nodes; i++) {
		if (search->bytes[i] && is_dead(search, i)) {
			book(search, IN_CYCLES, search->objects[i], search->bytes[i]);
			search->bytes[i] = 0;
		}
		objects += search->objects[i];
		bytes += search->bytes[i];
	}
	for (uint32_t i = 1; i < graph->nodes; i++) {
		struct leak_suspect suspect = {
			.holder = i,
			.objects = search->objects[i],
			.bytes = search->bytes[i],
		};

		if (!suspect.bytes || !worth_a_word(&suspect, objects, bytes))
			continue;
		suspect.length = length_of(search->context, graph_id(graph, i));
		suspect.before = search->old[i]->length;
		add_suspect(suspects, &suspect);
	}
	search->cycles.pattern = LEAK_CYCLES;
	if (worth_a_word(&search->cycles, objects, bytes))
		add_suspect(suspects, &search->cycles);
	search->sessions.pattern = LEAK_SESSION;
	if (worth_a_word(&search->sessions, objects, bytes))
		add_suspect(suspects, &search->sessions);
}

static int most_bytes_first(const void *a, const void *b)
{
	const struct leak_suspect *one = a, *other = b;

	if (one->bytes != other->bytes)
		return one->bytes < other->bytes ? 1 : -1;
	return one->holder < other->holder ? -1 : one->holder > other->holder;
}

/*
 * What lets as much go as comes is no suspect, when something that grows has
 * most of what has come.
 */
static void drop_the_steady(struct leak_suspects *suspects)
{
	uint64_t growing = 0, steady = 0;
	size_t kept = 0;

	for (size_t i = 0; i < suspects->count; i++) {
		const struct leak_suspect *suspect = &suspects->list[i];
		bool grows = !suspect->holder || suspect->length > suspect->before ||
			     !suspect->objects;

		*(grows ? &growing : &steady) += suspect->bytes;
	}
	for (size_t i = 0; i < suspects->count; i++) {
		const struct leak_suspect *suspect = &suspects->list[i];

		if (growing < steady || !suspect->holder || !suspect->objects ||
		    suspect->length > suspect->before)
			suspects->list[kept++] = *suspect;
	}
	suspects->count = kept;
}

static void find_suspects(struct context *context, const struct leak_mark *mark,
			  const struct leak_samples *samples, size_t growing,
			  struct leak_suspects *suspects)
{
	uint32_t nodes = suspects->graph.nodes;
	struct search search = {
		.context = context,
		.suspects = suspects,
		.old = xcalloc(nodes, sizeof(*search.old)),
		.holder = xcalloc(nodes, sizeof(*search.holder)),
		.known = xcalloc(nodes, sizeof(*search.known)),
		.life = xcalloc(nodes, sizeof(*search.life)),
		.objects = xcalloc(nodes, sizeof(*search.objects)),
		.bytes = xcalloc(nodes, sizeof(*search.bytes)),
	};

	match_mark(&search, mark);
	tally_types(&search, mark, samples, growing);
	book_all(&search);
	collect_suspects(&search);
	if (suspects->count)
		qsort(suspects->list, suspects->count, sizeof(*suspects->list),
		      most_bytes_first);
	drop_the_steady(suspects);
	if (suspects->count > SUSPECTS_MAX)
		suspects->count = SUSPECTS_MAX;
	for (size_t i = 0; i < suspects->count; i++)
		describe(&search, &suspects->list[i]);
	free(search.old);
	free(search.holder);
	free(search.known);
	free(search.life);
	free(search.objects);
	free(search.bytes);
	free(search.types.list);
}

int leak_suspects_find(struct context *context, const struct leak_mark *mark,
		       const struct leak_samples *samples, size_t growing,
		       struct leak_suspects *suspects)
{
	int error, status;

	*suspects = (struct leak_suspects){ 0 };
	status = graph_load_forward(context, &suspects->graph);
	if (status)
		return status;
	error = retained_find(&suspects->graph, &suspects->retained);
	if (error)
		return report_error(context, error, "cannot look at the heap");
	suspects->ways = retained_ways(&suspects->graph, &suspects->retained);
	find_suspects(context, mark, samples, growing, suspects);
	return STATUS_OK;
}

void leak_suspects_free(struct leak_suspects *suspects)
{
	for (size_t i = 0; i < suspects->count; i++) {
		free(suspects->list[i].path);
		free(suspects->list[i].member);
		free(suspects->list[i].bulk);
		free(suspects->list[i].site);
	}
	free(suspects->list);
	free(suspects->ways);
	retained_free(&suspects->retained);
	graph_free(&suspects->graph);
	*suspects = (struct leak_suspects){ 0 };
}

const char *leak_pattern_word(enum leak_pattern pattern)
{
	static const char *const words[] = {
		[LEAK_COLLECTION] = "collection",
		[LEAK_CALLBACKS] = "callbacks",
		[LEAK_CACHE] = "cache",
		[LEAK_CYCLES] = "cycles",
		[LEAK_NAMES] = "names",
		[LEAK_CHAIN] = "chain",
		[LEAK_OBJECT] = "object",
		[LEAK_SESSION] = "session",
	};

	return words[pattern];
}
