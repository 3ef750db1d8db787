// SPDX-License-Identifier: GPL-2.0
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <errno.h>
#include <unistd.h>

#include "../bed.h"
#include "world.h"

/* Asks about worlds; never under faults. */
static struct refheap_ctl *observer;

static struct refheap_ctl *ask(void)
{
	if (!observer)
		MUST(refheap_ctl_open(&observer));
	return observer;
}

int world_op(struct world *w, const struct refheap_op *op, const void *in, void *out,
	     uint32_t out_len, struct refheap_result *result, int *whole)
{
	*whole = op_call(w->fd, op, in, out, out_len, result);
	return *whole ? *whole : result->error;
}

static void fill_containers(struct world *w, unsigned int fill)
{
	struct refheap *s = w->session;
	char key[16];
	unsigned int i;

	for (i = 0; i < fill; i++) {
		snprintf(key, sizeof(key), "entry%u", i);
		MUST(refheap_append(s, w->thing[LIST], w->thing[ITEM]));
		MUST(refheap_set_key_str(s, w->thing[DICT], key, w->thing[ITEM]));
		MUST(refheap_add_str(s, w->thing[SET], key));
		MUST(refheap_set_attr(s, w->thing[OPEN], key, w->thing[ITEM]));
	}
	MUST(refheap_set_key(s, w->thing[DICT], w->thing[KEY], w->thing[ITEM]));
	MUST(refheap_add(s, w->thing[SET], w->thing[KEY]));
}

static uint64_t make(struct world *w, const struct refheap_op op)
{
	struct refheap_result result;
	int whole;

	must(world_op(w, &op, NULL, NULL, 0, &result, &whole), "making a world");
	return result.value;
}
#define MAKE(w, code_, ...) \
	make(w, (struct refheap_op){ .code = REFHEAP_OP_##code_, ##__VA_ARGS__ })

static void make_weak_containers(struct world *w)
{
	refheap_id *t = w->thing;

	t[WEAK_DICT] = MAKE(w, WEAK_VALUE_DICT);
	t[KEY_DICT] = MAKE(w, WEAK_KEY_DICT);
	t[WEAK_SET] = MAKE(w, WEAK_SET);
	MAKE(w, SET_KEY, .a = t[WEAK_DICT], .b = t[KEY], .c = t[OPEN]);
	MAKE(w, SET_KEY, .a = t[KEY_DICT], .b = t[SLOTTED], .c = t[ITEM]);
	MAKE(w, ADD, .a = t[WEAK_SET], .b = t[SLOTTED]);
}

/* One has been read. */
static void make_finalizers(struct world *w)
{
	const struct refheap_type_def finalized = {
		.name = "finalized", .flags = REFHEAP_TYPE_DICT | REFHEAP_TYPE_FINALIZER,
	};
	refheap_id *t = w->thing, unread;
	struct refheap_event event;

	MUST(refheap_type_define(w->session, &finalized, &w->final_type));
	t[FINAL] = MAKE(w, INSTANCE, .arg = w->final_type);
	t[ENDING] = MAKE(w, INSTANCE, .arg = w->final_type);
	MAKE(w, DROP, .a = t[ENDING]);
	must(read(w->fd, &event, sizeof(event)) == sizeof(event) ? 0 : -EIO, "an event");
	unread = MAKE(w, INSTANCE, .arg = w->final_type);
	MAKE(w, DROP, .a = unread);
}

static void make_observers(struct world *w)
{
	refheap_id *t = w->thing, loose = MAKE(w, LIST);

	t[REFERENCE] = MAKE(w, WEAKREF, .a = t[LIST]);
	t[ARMED] = MAKE(w, WEAKREF, .a = t[LIST], .arg = REFHEAP_WEAKREF_CALLBACK, .b = 1);
	t[WATCHED] = MAKE(w, LIST);
	MAKE(w, WEAKREF, .a = t[WATCHED], .arg = REFHEAP_WEAKREF_CALLBACK, .b = 2);
	/* Its event is to be read. */
	MAKE(w, WEAKREF, .a = loose, .arg = REFHEAP_WEAKREF_CALLBACK, .b = 3);
	MAKE(w, DROP, .a = loose);
}

static void make_cache(struct world *w)
{
	struct refheap_cache_options options = REFHEAP_CACHE_OPTIONS_INIT;

	options.kind = REFHEAP_CACHE_LRU;
	options.maximum = 2;
	MUST(refheap_cache_open(w->session, "cache", &options, &w->cache));
	MUST(refheap_cache_put_str(w->cache, "one", w->thing[ITEM]));
}

static void make_objects(struct world *w)
{
	static const char *const slots[] = { "left", "right" };
	const struct refheap_type_def slotted = {
		.name = "slotted", .slots = slots, .slot_count = 2
	};
	const struct refheap_type_def open = { .name = "open", .flags = REFHEAP_TYPE_DICT };
	struct refheap *s = w->session;
	refheap_id *t = w->thing;

	MUST(refheap_type_define(s, &slotted, &w->type));
	MUST(refheap_type_define(s, &open, &w->dict_type));
	t[ROOT] = REFHEAP_ID_ROOT;
	MUST(refheap_new_int(s, 1000000, &t[INT]));
	MUST(refheap_new_str(s, "some text", &t[STR]));
	MUST(refheap_new_str(s, "a key", &t[KEY]));
	MUST(refheap_new_bytes(s, NULL, 0, &t[BYTES]));
	MUST(refheap_new_bytearray(s, NULL, 5000, &t[BYTEARRAY]));
	MUST(refheap_new_list(s, NULL, 0, &t[ITEM]));
	MUST(refheap_new_tuple(s, &t[ITEM], 1, &t[TUPLE]));
	MUST(refheap_new_list(s, NULL, 0, &t[LIST]));
	MUST(refheap_new_dict(s, NULL, 0, &t[DICT]));
	MUST(refheap_new_set(s, NULL, 0, &t[SET]));
	MUST(refheap_new_instance(s, w->type, &t[SLOTTED]));
	MUST(refheap_new_instance(s, w->dict_type, &t[OPEN]));
	MUST(refheap_set_attr(s, t[SLOTTED], "left", t[ITEM]));
	MUST(refheap_set_attr(s, t[OPEN], "left", t[ITEM]));
	MUST(refheap_new_list(s, NULL, 0, &t[CYCLE]));
	MUST(refheap_append(s, t[CYCLE], t[CYCLE]));
	MUST(refheap_new_list(s, &t[STR], 1, &t[LOOSE]));
	MUST(refheap_set_name(s, "cycle", t[CYCLE]));
	MUST(refheap_new_list(s, NULL, 0, &t[DEAD]));
	MUST(refheap_drop(s, t[DEAD]));
	t[UNKNOWN] = REFHEAP_ID(REFHEAP_ID_SLOT(t[DEAD]), REFHEAP_ID_TAG(t[DEAD]) + 1000);
}

void world_make(struct world *w, unsigned int fill)
{
	const uint32_t flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL;

	memset(w, 0, sizeof(*w));
	w->extra_fd = -1;
	MUST(refheap_open(WORLD_HEAP, flags, &w->session));
	MUST(refheap_open(WORLD_SECOND, flags, &w->other));
	MUST(refheap_ctl_open(&w->ctl));
	w->fd = refheap_fd(w->session);
	w->heap = refheap_heap(w->session);
	w->second = refheap_heap(w->other);
	/* Only those that are asked for. */
	MUST(refheap_gc_disable(ask(), w->heap));
	make_objects(w);
	fill_containers(w, fill);
	make_weak_containers(w);
	make_finalizers(w);
	make_observers(w);
	make_cache(w);
	w->thing[RECORDED] = MAKE(w, LIST);
	MAKE(w, HISTORY, .a = w->thing[RECORDED], .b = 4);
	MAKE(w, TAKE, .a = w->thing[RECORDED]);
	w->exported = refheap_export(w->session, w->thing[LIST]);
	must(w->exported, "export");
	MAKE(w, FRAME_PUSH);
	w->thing[FRAMED] = MAKE(w, LIST);
}

/* What was tried may have removed it. */
static void remove_heap(uint32_t heap)
{
	int err = refheap_heap_remove(ask(), heap);

	if (err != -ENOENT)
		must(err, "removing a heap");
}

void world_destroy(struct world *w)
{
	uint32_t made;

	if (w->map)
		munmap(w->map, w->map_length);
	if (w->extra_fd >= 0)
		close(w->extra_fd);
	if (w->exported >= 0)
		close(w->exported);
	refheap_ctl_close(w->extra_ctl);
	if (w->monitor)
		refheap_monitor_close(w->monitor);
	refheap_ctl_close(w->ctl);
	refheap_cache_close(w->cache);
	refheap_close(w->session);
	refheap_close(w->other);
	remove_heap(w->heap);
	remove_heap(w->second);
	if (!refheap_heap_find(ask(), WORLD_MADE, REFHEAP_OWNER_SELF, &made))
		remove_heap(made);
}

uint64_t world_verify(struct world *w, char *text, size_t size)
{
	int64_t broken = refheap_verify(w->session, text, size);

	must(broken < 0 ? (int)broken : 0, "verify");
	return broken;
}

static void print_heap(const char *name, FILE *out)
{
	struct refheap_heap_info info;
	uint32_t heap;
	int err = refheap_heap_find(ask(), name, REFHEAP_OWNER_SELF, &heap);

	if (err == -ENOENT)
		return;
	must(err, name);
	MUST(refheap_heap_get(ask(), heap, &info));
	fprintf(out, "heap %s mode %o group %u limits %llu %llu objects %llu bytes %llu "
		"names %llu sessions %u\n", info.name, info.mode, info.group,
		(unsigned long long)info.max_bytes, (unsigned long long)info.max_objects,
		(unsigned long long)info.objects, (unsigned long long)info.bytes,
		(unsigned long long)info.names, info.sessions);
}

static void print_gc(struct world *w, FILE *out)
{
	struct refheap_gc_info gc;

	MUST(refheap_gc_get(ask(), w->heap, &gc));
	fprintf(out, "gc %d debug %u frozen %llu garbage %llu thresholds %u %u %u\n", gc.enabled,
		gc.debug, (unsigned long long)gc.frozen, (unsigned long long)gc.garbage,
		gc.generation[0].threshold, gc.generation[1].threshold,
		gc.generation[2].threshold);
	fprintf(out, "finalizers pending %llu skipped %llu every %llu ms %u\n",
		(unsigned long long)gc.pending, (unsigned long long)gc.skipped,
		(unsigned long long)gc.period_ms, gc.period_generation);
}

static void print_types(struct world *w, FILE *out)
{
	struct refheap_type_info info;
	struct refheap_iter *iter;

	MUST(refheap_iter_types(ask(), w->heap, &iter));
	while (refheap_next_type(iter, &info) > 0)
		fprintf(out, "type %u %s objects %llu\n", info.type, info.name,
			(unsigned long long)info.objects);
	refheap_iter_close(iter);
}

#define SHOWN_FLAGS \
	(REFHEAP_INFO_INTERNED | REFHEAP_INFO_IMMORTAL | REFHEAP_INFO_GARBAGE | \
	 REFHEAP_INFO_FINALIZED | REFHEAP_INFO_CALLBACK)

/* Generations are left out: a refusal comes after a collection. */
static void print_objects(struct world *w, FILE *out)
{
	struct refheap_object_info info;
	struct refheap_iter *iter;
	uint32_t i;

	MUST(refheap_iter_objects(ask(), w->heap, NULL, &iter));
	while (refheap_next_object(iter, &info) > 0) {
		fprintf(out, "%llx kind %u type %u count %u sizeof %llu length %llu flags %x weak %u %llx:",
			(unsigned long long)info.id, info.kind, info.type, info.refcount,
			(unsigned long long)info.sizeof_, (unsigned long long)info.length,
			info.flags & SHOWN_FLAGS, info.weakrefs,
			(unsigned long long)info.referent);
		for (i = 0; i < info.preview_length; i++)
			fprintf(out, " %02x", info.preview[i]);
		fputc('\n', out);
	}
	refheap_iter_close(iter);
}

static void print_sessions(struct world *w, FILE *out)
{
	struct refheap_session_info info;
	struct refheap_iter *iter;

	MUST(refheap_iter_sessions(ask(), w->heap, &iter));
	while (refheap_next_session(iter, &info) > 0)
		fprintf(out, "session held %llu frames %u events %llu%s\n",
			(unsigned long long)info.held, info.frames,
			(unsigned long long)info.events, info.exported ? " exported" : "");
	refheap_iter_close(iter);
}

char *world_snapshot(struct world *w)
{
	char *text = NULL;
	size_t length;
	FILE *out = open_memstream(&text, &length);

	if (!out)
		must(-ENOMEM, "snapshot");
	print_heap(WORLD_HEAP, out);
	print_heap(WORLD_SECOND, out);
	print_heap(WORLD_MADE, out);
	print_gc(w, out);
	print_types(w, out);
	print_objects(w, out);
	print_sessions(w, out);
	fclose(out);
	return text;
}

unsigned int world_heaps(void)
{
	struct refheap_heap_info info;
	struct refheap_iter *iter;
	unsigned int n = 0;

	MUST(refheap_iter_heaps(ask(), &iter));
	while (refheap_next_heap(iter, &info) > 0)
		n++;
	refheap_iter_close(iter);
	return n;
}
