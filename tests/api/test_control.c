// SPDX-License-Identifier: GPL-2.0
/* Heaps and what is in them, by netlink: control, iterators, the monitor. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#include "fixture.h"

static void heaps_are_found_and_shown(void **state)
{
	struct fixture *f = *state;
	const char *name = refheap_name(f->session);
	struct refheap_heap_info info;
	uint32_t heap = 77;

	ok(refheap_heap_find(f->ctl, name, REFHEAP_OWNER_SELF, &heap));
	assert_int_equal(heap, f->heap);
	ok(refheap_heap_find(f->ctl, name, 0, &heap));
	assert_int_equal(heap, f->heap);
	heap = 77;
	fails(refheap_heap_find(f->ctl, "test.none", REFHEAP_OWNER_SELF, &heap),
	      ENOENT);
	fails(refheap_heap_find(f->ctl, name, 4242, &heap), ENOENT);
	assert_int_equal(heap, 77);
	ok(refheap_set_name(f->session, "n", new_list(f->session)));
	ok(refheap_heap_get(f->ctl, f->heap, &info));
	assert_string_equal(info.name, name);
	assert_int_equal(info.heap, f->heap);
	assert_int_equal(info.mode, 0600);
	assert_int_equal(info.owner, 0);
	assert_int_equal(info.names, 1);
	assert_int_equal(info.sessions, 1);
	assert_true(info.bytes > 0 && info.reserved_bytes >= info.bytes);
	assert_int_equal(info.births - info.deaths, info.objects);
	fails(refheap_heap_get(f->ctl, 0xfffffff0, &info), ENOENT);
}

static void heaps_are_changed(void **state)
{
	struct fixture *f = *state;
	struct refheap_heap_info info;

	ok(refheap_heap_set_mode(f->ctl, f->heap, 0660));
	ok(refheap_heap_set_group(f->ctl, f->heap, 1234));
	ok(refheap_heap_set_limits(f->ctl, f->heap, 1 << 20, REFHEAP_KEEP));
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, 500));
	ok(refheap_heap_get(f->ctl, f->heap, &info));
	assert_int_equal(info.mode, 0660);
	assert_int_equal(info.group, 1234);
	assert_int_equal(info.max_bytes, 1 << 20);
	assert_int_equal(info.max_objects, 500);
	ok(refheap_heap_set_limits(f->ctl, f->heap, 0, 0));
	fails(refheap_heap_set_mode(f->ctl, f->heap, 010000), EINVAL);
	fails(refheap_heap_set_mode(f->ctl, 0xfffffff0, 0600), ENOENT);
	fails(refheap_heap_remove(f->ctl, 0xfffffff0), ENOENT);
	ok(refheap_heap_get(f->ctl, f->heap, &info));
	assert_int_equal(info.mode, 0660);
	assert_int_equal(info.max_bytes, 0);
}

static void collections_are_timed(void **state)
{
	struct fixture *f = *state;
	const struct refheap_generation *generation;
	struct refheap_gc_info info;
	uint64_t counted = 0;

	ok(refheap_gc_disable(f->ctl, f->heap));
	for (int i = 0; i < 7; i++)
		assert_true(refheap_collect(f->session, 1, NULL) >= 0);
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	generation = &info.generation[1];
	for (int i = 0; i < REFHEAP_HOLD_BUCKETS; i++)
		counted += generation->holds[i];
	assert_int_equal(counted, 7);
	assert_int_equal(generation->collections, 7);
	assert_true(generation->longest_hold_ns > 0);
	assert_true(generation->total_hold_ns >= generation->longest_hold_ns);
	assert_true(generation->total_hold_ns <= 7 * generation->longest_hold_ns);
	assert_true(generation->duration_ns > 0);
	assert_int_equal(info.generation[2].total_hold_ns, 0);
}

static void what_is_traced_needs_no_session(void **state)
{
	struct fixture *f = *state;
	struct refheap_traced traced;

	ok(refheap_heap_traced(f->ctl, f->heap, &traced));
	assert_int_equal(traced.on, 0);
	assert_int_equal(traced.births, 0);
	assert_true(refheap_trace_start(f->session) >= 0);
	new_list(f->session);
	ok(refheap_heap_traced(f->ctl, f->heap, &traced));
	assert_int_equal(traced.on, 1);
	assert_int_equal(traced.count, 1);
	assert_true(traced.bytes > 0 && traced.peak >= traced.bytes);
	fails(refheap_heap_traced(f->ctl, 0xfffffff0, &traced), ENOENT);
}

static void losses_and_refusals_are_counted(void **state)
{
	struct fixture *f = *state;
	struct refheap *slow = another_session(f, 0);
	struct refheap_heap_info info;
	refheap_id id;

	ok(refheap_heap_get(f->ctl, f->heap, &info));
	assert_int_equal(info.refusals, 0);
	assert_int_equal(info.events_lost, 0);
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, info.objects));
	fails(refheap_new_list(f->session, NULL, 0, &id), EDQUOT);
	ok(refheap_heap_set_limits(f->ctl, f->heap, REFHEAP_KEEP, 0));
	ok(refheap_heap_get(f->ctl, f->heap, &info));
	assert_int_equal(info.refusals, 1);
	ok(refheap_subscribe_events(slow, REFHEAP_EVENT_GC_STOP));
	for (int i = 0; i < 100; i++)
		assert_true(refheap_collect(f->session, 0, NULL) >= 0);
	ok(refheap_heap_get(f->ctl, f->heap, &info));
	assert_true(info.events_lost > 0 && info.events_lost < 100);
	refheap_close(slow);
}

static void heaps_are_listed(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_heap_info info;
	struct refheap_object_info object;
	int found = 0, got;

	ok(refheap_iter_heaps(f->ctl, &iter));
	fails(refheap_next_object(iter, &object), EINVAL);
	while ((got = refheap_next_heap(iter, &info)) == 1)
		found += info.heap == f->heap;
	assert_int_equal(got, 0);
	assert_int_equal(found, 1);
	assert_int_equal(refheap_next_heap(iter, &info), 0);
}

/* Objects that pass a filter; -1 when the list was not consistent. */
static int count_objects(struct fixture *f, const struct refheap_filter *filter)
{
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_object_info info;
	int count = 0, got;

	ok(refheap_iter_objects(f->ctl, f->heap, filter, &iter));
	while ((got = refheap_next_object(iter, &info)) == 1)
		count++;
	return got ? -1 : count;
}

static void all_objects_are_listed_once(void **state)
{
	enum { MANY = 5000 };
	struct fixture *f = *state;
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	static unsigned char seen[MANY];
	struct refheap_object_info info;
	refheap_id list = new_list(f->session);
	int64_t value;

	for (int i = 0; i < MANY; i++) {
		refheap_id id = new_int(f->session, 1000 + i);

		ok(refheap_append(f->session, list, id));
		ok(refheap_drop(f->session, id));
	}
	assert_int_equal(count_objects(f, NULL), alive(f));
	filter.kind = REFHEAP_KIND_INT;
	ok(refheap_iter_objects(f->ctl, f->heap, &filter, &iter));
	while (refheap_next_object(iter, &info) == 1) {
		assert_int_equal(info.kind, REFHEAP_KIND_INT);
		assert_int_equal(info.preview_length, 8);
		memcpy(&value, info.preview, sizeof(value));
		if (value >= 1000 && value < 1000 + MANY) {
			assert_int_equal(info.refcount, 1);
			seen[value - 1000]++;
		}
	}
	for (int i = 0; i < MANY; i++)
		assert_int_equal(seen[i], 1);
}

static void objects_are_filtered(void **state)
{
	struct fixture *f = *state;
	struct refheap_type_def def = {
		.name = "Any", .flags = REFHEAP_TYPE_DICT,
	};
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	uint32_t type;
	refheap_id any;
	int tracked;

	new_list(f->session);
	new_str(f->session, "not tracked");
	ok(refheap_type_define(f->session, &def, &type));
	ok(refheap_new_instance(f->session, type, &any));
	filter.type = type;
	assert_int_equal(count_objects(f, &filter), 1);
	filter.kind = REFHEAP_KIND_LIST;
	assert_int_equal(count_objects(f, &filter), 0);
	filter.type = 0;
	assert_int_equal(count_objects(f, &filter), 1);
	filter.kind = 0;
	filter.tracked = true;
	tracked = count_objects(f, &filter);
	filter.generation = 0;
	assert_int_equal(count_objects(f, &filter), tracked);
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(count_objects(f, &filter), 0);
	filter.generation = 1;
	assert_int_equal(count_objects(f, &filter), tracked);
	ok(refheap_freeze(f->session));
	filter.generation = 3;
	assert_int_equal(count_objects(f, &filter), tracked);
	ok(refheap_unfreeze(f->session));
	filter = (struct refheap_filter)REFHEAP_FILTER_INIT;
	filter.garbage = true;
	assert_int_equal(count_objects(f, &filter), 0);
	ok(refheap_gc_set_debug(f->ctl, f->heap, REFHEAP_DEBUG_SAVEALL));
	drop_cycle(f->session);
	refheap_collect(f->session, 2, NULL);
	assert_int_equal(count_objects(f, &filter), 1);
	ok(refheap_gc_set_debug(f->ctl, f->heap, 0));
	refheap_clear_garbage(f->session);
}

static void bad_filters(void **state)
{
	struct fixture *f = *state;
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	struct refheap_iter *iter = NULL;

	filter.generation = 4;
	fails(refheap_iter_objects(f->ctl, f->heap, &filter, &iter), EINVAL);
	filter.generation = -1;
	filter.reserved[0] = 1;
	fails(refheap_iter_objects(f->ctl, f->heap, &filter, &iter), EINVAL);
	fails(refheap_iter_referrers(f->ctl, f->heap, 0, &iter), ENOENT);
	assert_null(iter);
}

/* An error of the kernel comes with the first entry, and stays. */
static void missing_heaps_are_not_listed(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_object_info info;

	ok(refheap_iter_objects(f->ctl, 0xfffffff0, NULL, &iter));
	fails(refheap_next_object(iter, &info), ENOENT);
	fails(refheap_next_object(iter, &info), ENOENT);
}

static void one_object(void **state)
{
	struct fixture *f = *state;
	struct refheap_object_info info;
	refheap_id id = new_str(f->session, "looked at from outside");

	ok(refheap_object_get(f->ctl, f->heap, id, &info));
	assert_true(info.id == id);
	assert_int_equal(info.kind, REFHEAP_KIND_STR);
	assert_int_equal(info.refcount, 1);
	assert_int_equal(info.length, 22);
	assert_int_equal(info.preview_length, 22);
	assert_memory_equal(info.preview, "looked at from outside", 22);
	assert_int_equal(info.sizeof_, refheap_sizeof(f->session, id));
	ok(refheap_drop(f->session, id));
	fails(refheap_object_get(f->ctl, f->heap, id, &info), ESTALE);
	fails(refheap_object_get(f->ctl, f->heap, REFHEAP_ID(5000000, 1),
				 &info), ENOENT);
}

static void referrers_and_referents(void **state)
{
	struct fixture *f = *state;
	refheap_id item = new_int(f->session, 999999);
	refheap_id twice = new_list(f->session), dict = new_dict(f->session);
	struct refheap_object_info info;
	struct refheap_iter *iter;
	uint32_t lists = 0, dicts = 0;

	ok(refheap_append(f->session, twice, item));
	ok(refheap_append(f->session, twice, item));
	ok(refheap_set_key_str(f->session, dict, "k", item));
	ok(refheap_iter_referrers(f->ctl, f->heap, item, &iter));
	while (refheap_next_object(iter, &info) == 1) {
		if (info.id == twice)
			lists += info.edges;
		if (info.id == dict)
			dicts += info.edges;
	}
	refheap_iter_close(iter);
	assert_int_equal(lists, 2);
	assert_int_equal(dicts, 1);

	ok(refheap_iter_referents(f->ctl, f->heap, dict, &iter));
	lists = 0;
	while (refheap_next_object(iter, &info) == 1)
		lists += info.id == item || info.id == new_str(f->session, "k");
	refheap_iter_close(iter);
	assert_int_equal(lists, 2);
}

static void types_are_listed(void **state)
{
	static const char *const slots[] = { "left", "right" };
	static const char *const more[] = { "weight" };
	struct refheap_type_def def = {
		.name = "Pair", .slots = slots, .slot_count = 2,
	};
	struct refheap_type_def derived = {
		.name = "Heavy", .slots = more, .slot_count = 1,
	};
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_type_info info;
	int found = 0, got;
	uint32_t type;
	refheap_id id;

	ok(refheap_type_define(f->session, &def, &derived.base));
	ok(refheap_type_define(f->session, &derived, &type));
	ok(refheap_new_instance(f->session, type, &id));
	new_list(f->session);
	ok(refheap_iter_types(f->ctl, f->heap, &iter));
	while ((got = refheap_next_type(iter, &info)) == 1) {
		if (info.type == type) {
			assert_string_equal(info.name, "Heavy");
			assert_int_equal(info.base, derived.base);
			assert_int_equal(info.slot_count, 3);
			assert_string_equal(info.slots[0], "left");
			assert_string_equal(info.slots[1], "right");
			assert_string_equal(info.slots[2], "weight");
			assert_int_equal(info.objects, 1);
			assert_true(info.bytes > 0);
			found++;
		} else if (!info.type && info.kind == REFHEAP_KIND_LIST) {
			assert_string_equal(info.name, "list");
			assert_int_equal(info.slot_count, 0);
			assert_int_equal(info.objects, 1);
			found++;
		}
	}
	assert_int_equal(got, 0);
	assert_int_equal(found, 2);
}

/* The list has classes first: what their pools have must be what they have. */
static void pools_are_those_of_classes(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	uint64_t of_classes = 0, of_pools = 0, pages = 0;
	struct refheap_arena_info info;
	refheap_id large;
	int got;

	for (int i = 0; i < 1000; i++)
		new_str(f->session, "some payload to be stored in blocks");
	ok(refheap_new_bytearray(f->session, NULL, 10000, &large));
	ok(refheap_iter_arenas(f->ctl, f->heap, &iter));
	while ((got = refheap_next_arena(iter, &info)) == 1) {
		if (info.entry == REFHEAP_ARENA_CLASS)
			of_classes += info.blocks_used;
		for (uint32_t i = 0; i < info.pool_count; i++) {
			assert_true(info.pool[i].used <= info.pool[i].capacity);
			if (info.use == REFHEAP_ARENA_USE_POOLS)
				of_pools += info.pool[i].used;
			else
				pages += info.pool[i].used;
		}
	}
	assert_int_equal(got, 0);
	/* A block that is kept ready for each class counts as used in its pool. */
	assert_true(of_pools >= of_classes && of_pools < of_classes + 96);
	assert_true(pages >= 3);
}

static void generations_add_up(void **state)
{
	struct fixture *f = *state;
	struct refheap_gc_info info;

	for (int i = 0; i < 1000; i++)
		new_list(f->session);
	ok(refheap_gc_get(f->ctl, f->heap, &info));
	for (int i = 0; i < REFHEAP_GENERATIONS; i++) {
		const struct refheap_generation *generation = &info.generation[i];

		assert_int_equal(generation->entered - generation->left -
				 generation->untracked - generation->died,
				 generation->objects);
	}
	assert_true(info.generation[0].entered >= 1000);
	assert_true(info.generation[1].entered >= 700);
}

static void arenas_are_listed(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap_arena_info info;
	uint64_t arenas = 0, bytes = 0, totals = 0;
	int got;

	for (int i = 0; i < 1000; i++)
		new_str(f->session, "some payload to be stored in blocks");
	ok(refheap_iter_arenas(f->ctl, f->heap, &iter));
	while ((got = refheap_next_arena(iter, &info)) == 1) {
		switch (info.entry) {
		case REFHEAP_ARENA_CLASS:
			assert_true(info.block_bytes % 16 == 0);
			assert_true(info.space < __REFHEAP_SPACE_MAX);
			break;
		case REFHEAP_ARENA_ARENA:
			assert_true(info.pages_free <= info.pages);
			arenas++;
			bytes += info.bytes;
			break;
		case REFHEAP_ARENA_TOTALS:
			assert_true(info.metadata_millibytes <= 24000);
			assert_true(info.table_bytes > 0);
			totals++;
			break;
		}
	}
	assert_int_equal(got, 0);
	assert_true(arenas > 0 && bytes > 0);
	assert_int_equal(totals, 1);
}

static void sessions_are_listed(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	struct refheap *other = another_session(f, 0);
	struct refheap_session_info info;
	uint64_t held = 0;
	int sessions = 0;

	new_list(f->session);
	new_list(other);
	new_list(other);
	ok(refheap_iter_sessions(f->ctl, f->heap, &iter));
	while (refheap_next_session(iter, &info) == 1) {
		assert_int_equal(info.pid, getpid());
		assert_int_equal(info.uid, 0);
		assert_string_equal(info.comm, "test_control");
		assert_true(info.since_ns > 0);
		held += info.held;
		sessions++;
	}
	assert_int_equal(sessions, 2);
	assert_int_equal(held, 3);
	refheap_close(other);
}

/* A dump goes on although objects come and go; it says so when it matters. */
static void dumps_go_on_while_the_heap_changes(void **state)
{
	struct fixture *f = *state;
	refheap_auto_iter struct refheap_iter *iter = NULL;
	refheap_id first[3000], more[3000];
	struct refheap_object_info info;
	int got, count = 0;

	for (int i = 0; i < 3000; i++)
		first[i] = new_list(f->session);
	ok(refheap_iter_objects(f->ctl, f->heap, NULL, &iter));
	assert_int_equal(refheap_next_object(iter, &info), 1);
	ok(refheap_drop_many(f->session, first, 3000));
	for (int i = 0; i < 3000; i++)
		more[i] = new_list(f->session);
	while ((got = refheap_next_object(iter, &info)) == 1)
		count++;
	assert_true(got == 0 || got == -EINTR);
	print_message("%d entries, %s\n", count,
		      got ? "interrupted" : "consistent");
	ok(refheap_drop_many(f->session, more, 3000));
}

struct changer {
	struct refheap *session;
	atomic_bool enough;
};

static void *change_for_ever(void *arg)
{
	struct changer *changer = arg;
	refheap_id id;

	while (!changer->enough) {
		ok(refheap_new_list(changer->session, NULL, 0, &id));
		ok(refheap_drop(changer->session, id));
	}
	return NULL;
}

/* There is no message in which it could be told before the last one. */
static void lists_of_nothing_tell_of_changes(void **state)
{
	enum { MANY = 50000, TRIES = 1000 };
	struct fixture *f = *state;
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	struct changer changer = { .session = another_session(f, 0) };
	int count = 0;
	pthread_t thread;

	for (int i = 0; i < MANY; i++)
		new_list(f->session);
	filter.kind = REFHEAP_KIND_SET;
	assert_int_equal(count_objects(f, &filter), 0);
	assert_int_equal(pthread_create(&thread, NULL, change_for_ever, &changer), 0);
	for (int i = 0; i < TRIES && !count; i++)
		count = count_objects(f, &filter);
	changer.enough = true;
	pthread_join(thread, NULL);
	refheap_close(changer.session);
	assert_int_equal(count, -1);
}

/* Notices about one heap until one of an event comes. */
static int wait_for(struct refheap_monitor *monitor, uint32_t heap,
		    uint32_t event, struct refheap_notice *notice)
{
	while (refheap_monitor_next(monitor, 2000, notice) == 1)
		if (notice->heap == heap && notice->event == event)
			return 1;
	return 0;
}

static void monitor_tells_of_heaps_and_collections(void **state)
{
	struct fixture *f = *state;
	struct refheap_monitor *monitor = NULL;
	struct refheap_notice notice;
	struct refheap *session;
	uint32_t heap;

	fails(refheap_monitor_open(0, &monitor), EINVAL);
	fails(refheap_monitor_open(1U << 7, &monitor), EINVAL);
	ok(refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC,
				&monitor));
	assert_true(refheap_monitor_fd(monitor) >= 0);
	assert_int_equal(refheap_monitor_next(monitor, 0, &notice), 0);
	ok(refheap_open("test.watched", REFHEAP_ATTACH_CREATE, &session));
	heap = refheap_heap(session);
	assert_int_equal(wait_for(monitor, heap, REFHEAP_NTF_HEAP_NEW, &notice),
			 1);
	assert_string_equal(notice.name, "test.watched");
	drop_cycle(session);
	refheap_collect(session, 2, NULL);
	assert_int_equal(wait_for(monitor, heap, REFHEAP_NTF_GC_START, &notice),
			 1);
	assert_int_equal(notice.generation, 2);
	assert_int_equal(wait_for(monitor, heap, REFHEAP_NTF_GC_STOP, &notice),
			 1);
	assert_int_equal(notice.generation, 2);
	assert_int_equal(notice.collected, 1);
	assert_int_equal(notice.lost, 0);
	ok(refheap_heap_set_mode(f->ctl, heap, 0640));
	assert_int_equal(wait_for(monitor, heap, REFHEAP_NTF_HEAP_CHANGED,
				  &notice), 1);
	ok(refheap_heap_remove(f->ctl, heap));
	assert_int_equal(wait_for(monitor, heap, REFHEAP_NTF_HEAP_REMOVED,
				  &notice), 1);
	refheap_close(session);
	refheap_monitor_close(monitor);
}

static void slow_watchers_learn_what_they_lost(void **state)
{
	struct fixture *f = *state;
	struct refheap_monitor *monitor;
	struct refheap_notice notice;
	uint64_t seen = 0, lost = 0;

	ok(refheap_monitor_open(REFHEAP_MONITOR_GC, &monitor));
	refheap_collect(f->session, 0, NULL);
	assert_int_equal(refheap_monitor_next(monitor, 1000, &notice), 1);
	for (int i = 0; i < 5000; i++)
		refheap_collect(f->session, 0, NULL);
	while (refheap_monitor_next(monitor, 100, &notice) == 1) {
		seen++;
		lost += notice.lost;
	}
	refheap_collect(f->session, 0, NULL);
	while (refheap_monitor_next(monitor, 500, &notice) == 1) {
		seen++;
		lost += notice.lost;
	}
	assert_int_equal(seen + lost, 2 * 5002 - 1);
	refheap_monitor_close(monitor);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(heaps_are_found_and_shown),
		heap_test(heaps_are_changed),
		heap_test(collections_are_timed),
		heap_test(what_is_traced_needs_no_session),
		heap_test(losses_and_refusals_are_counted),
		heap_test(heaps_are_listed),
		heap_test(all_objects_are_listed_once),
		heap_test(objects_are_filtered),
		heap_test(bad_filters),
		heap_test(missing_heaps_are_not_listed),
		heap_test(one_object),
		heap_test(referrers_and_referents),
		heap_test(types_are_listed),
		heap_test(arenas_are_listed),
		heap_test(pools_are_those_of_classes),
		heap_test(generations_add_up),
		heap_test(sessions_are_listed),
		heap_test(dumps_go_on_while_the_heap_changes),
		heap_test(lists_of_nothing_tell_of_changes),
		heap_test(monitor_tells_of_heaps_and_collections),
		heap_test(slow_watchers_learn_what_they_lost),
	};

	return cmocka_run_group_tests_name("control", tests, NULL, NULL);
}
