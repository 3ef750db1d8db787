// SPDX-License-Identifier: GPL-2.0
/* Looking at a saved heap: sessions and control handles on an image. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>

#include "fixture.h"

/* What the tests look at, as it was when it was saved. */
struct saved {
	struct refheap_image *image;
	struct refheap *session;
	struct refheap_ctl *ctl;
	refheap_id list;	/* [7, "text", dict] */
	refheap_id dict;	/* {"node": node} */
	refheap_id node;	/* Node(x=list) */
	refheap_id alive;	/* weak reference to list */
	refheap_id dead;	/* weak reference to what is gone */
};

static void fill(struct refheap *s, struct saved *saved)
{
	static const char *const slots[] = { "x", "y" };
	struct refheap_type_def node = { .name = "Node", .slots = slots, .slot_count = 2 };
	refheap_id gone = new_list(s);
	uint32_t type;

	ok(refheap_type_define(s, &node, &type));
	ok(refheap_new_instance(s, type, &saved->node));
	saved->list = new_list(s);
	saved->dict = new_dict(s);
	ok(refheap_append(s, saved->list, new_int(s, 7)));
	ok(refheap_append(s, saved->list, new_str(s, "text")));
	ok(refheap_append(s, saved->list, saved->dict));
	ok(refheap_set_key_str(s, saved->dict, "node", saved->node));
	ok(refheap_set_attr(s, saved->node, "x", saved->list));
	ok(refheap_new_weakref(s, saved->list, &saved->alive));
	ok(refheap_new_weakref(s, gone, &saved->dead));
	ok(refheap_set_name(s, "list", saved->list));
	ok(refheap_set_name(s, "alive", saved->alive));
	ok(refheap_set_name(s, "dead", saved->dead));
	ok(refheap_drop(s, gone));
}

/* The heap itself goes on, and changes: who looks at the image is not to see it. */
static void save(struct fixture *f, struct saved *saved)
{
	struct refheap *filler = another_session(f, 0);

	fill(filler, saved);
	refheap_close(filler);
	saved->image = image_of(f->session);
	ok(refheap_open_image(saved->image, &saved->session));
	ok(refheap_ctl_open_image(saved->image, &saved->ctl));
	ok(refheap_del_name(f->session, "list"));
}

static void forget(struct saved *saved)
{
	refheap_close(saved->session);
	refheap_ctl_close(saved->ctl);
	refheap_image_close(saved->image);
}

static void test_values(void **state)
{
	struct fixture *f = *state;
	struct refheap_entry entry;
	struct saved s = { 0 };
	char text[8] = "";
	uint64_t cursor = 0;
	refheap_id id;

	save(f, &s);
	assert_string_equal(refheap_name(s.session), refheap_name(f->session));
	assert_int_equal(refheap_fd(s.session), -1);
	ok(refheap_get_name(s.session, "list", &id));
	assert_int_equal(id, s.list);
	fails(refheap_get_name(s.session, "nothing", &id), ENOKEY);
	assert_int_equal(refheap_len(s.session, s.list), 3);
	ok(refheap_get_index(s.session, s.list, -1, &id));
	assert_int_equal(id, s.dict);
	fails(refheap_get_index(s.session, s.list, 3, &id), ERANGE);
	ok(refheap_get_index(s.session, s.list, 1, &id));
	assert_int_equal(refheap_read(s.session, id, 0, text, sizeof(text)), 4);
	assert_string_equal(text, "text");
	ok(refheap_get_key_str(s.session, s.dict, "node", &id));
	assert_int_equal(id, s.node);
	ok(refheap_get_attr(s.session, s.node, "x", &id));
	assert_int_equal(id, s.list);
	fails(refheap_get_attr(s.session, s.node, "y", &id), ENODATA);
	ok(refheap_resolve(s.session, "list[2][\"node\"].x[2]", NULL, &id));
	assert_int_equal(id, s.dict);
	assert_int_equal(refheap_contains_str(s.session, s.dict, "node"), 1);
	assert_int_equal(refheap_next(s.session, s.dict, &cursor, &entry), 1);
	assert_int_equal(entry.value, s.node);
	ok(refheap_drop_entry(s.session, &entry));
	ok(refheap_next(s.session, s.dict, &cursor, &entry));
	fails(refheap_len(s.session, s.node), EOPNOTSUPP);
	fails(refheap_len(s.session, 0x7fffffff), ENOENT);
	forget(&s);
}

/* They are those of the session, beside those that were saved. */
static void test_references(void **state)
{
	struct fixture *f = *state;
	struct refheap_info info;
	struct refheap *other;
	struct saved s = { 0 };
	uint32_t before;

	save(f, &s);
	ok(refheap_open_image(s.image, &other));
	ok(refheap_inspect(s.session, s.list, &info));
	before = info.refcount;
	assert_int_equal(info.held, 0);
	fails(refheap_drop(s.session, s.list), ENOTUNIQ);
	ok(refheap_take(s.session, s.list));
	ok(refheap_take(s.session, s.list));
	ok(refheap_inspect(s.session, s.list, &info));
	assert_int_equal(info.held, 2);
	assert_int_equal(info.refcount, before + 2);
	ok(refheap_inspect(other, s.list, &info));
	assert_int_equal(info.held, 0);
	assert_int_equal(info.refcount, before);
	fails(refheap_drop(other, s.list), ENOTUNIQ);
	ok(refheap_drop(s.session, s.list));
	/* The one that is left goes with the session. */
	forget(&(struct saved){ .session = s.session, .ctl = s.ctl });
	ok(refheap_inspect(other, s.list, &info));
	assert_int_equal(info.refcount, before);
	refheap_close(other);
	refheap_image_close(s.image);
}

static void test_weak_references(void **state)
{
	struct fixture *f = *state;
	struct refheap_object_info info;
	refheap_id id = 0, found[4];
	struct saved s = { 0 };

	save(f, &s);
	assert_int_equal(refheap_deref(s.session, s.alive, &id), 1);
	assert_int_equal(id, s.list);
	assert_int_equal(refheap_deref(s.session, s.dead, &id), 0);
	fails(refheap_deref(s.session, s.list, &id), EOPNOTSUPP);
	assert_int_equal(refheap_weakref_count(s.session, s.list), 1);
	assert_int_equal(refheap_weakref_count(s.session, s.dict), 0);
	assert_int_equal(refheap_weakrefs(s.session, s.list, 0, found, 4), 1);
	assert_int_equal(found[0], s.alive);
	ok(refheap_weakrefs(s.session, s.list, found[0], found, 4));
	ok(refheap_object_get(s.ctl, 0, s.alive, &info));
	assert_int_equal(info.referent, s.list);
	ok(refheap_object_get(s.ctl, 0, s.dead, &info));
	assert_int_equal(info.referent, 0);
	/* The list that is gone from the heap lives on in the image. */
	assert_int_equal(refheap_alive(s.session, s.list), 1);
	fails(refheap_new_weakref(s.session, s.list, &id), EROFS);
	fails(refheap_new_weakref_cookie(s.session, s.list, 5, 0, &id), EROFS);
	fails(refheap_disarm(s.session, s.alive), EROFS);
	forget(&s);
}

static void test_changes_are_refused(void **state)
{
	struct refheap_type_def type = { .name = "Other" };
	struct fixture *f = *state;
	struct saved s = { 0 };
	uint32_t number;
	refheap_id id;

	save(f, &s);
	fails(refheap_new_int(s.session, 5000, &id), EROFS);
	fails(refheap_new_str(s.session, "new", &id), EROFS);
	fails(refheap_new_list(s.session, NULL, 0, &id), EROFS);
	fails(refheap_new_list(s.session, &s.list, 1, &id), EROFS);
	fails(refheap_append(s.session, s.list, s.list), EROFS);
	fails(refheap_set_index(s.session, s.list, 0, s.list), EROFS);
	fails(refheap_pop(s.session, s.list, 0, &id), EROFS);
	fails(refheap_clear(s.session, s.list), EROFS);
	fails(refheap_set_key_str(s.session, s.dict, "k", s.list), EROFS);
	fails(refheap_del_key_str(s.session, s.dict, "node"), EROFS);
	fails(refheap_set_attr(s.session, s.node, "y", s.list), EROFS);
	fails(refheap_del_attr(s.session, s.node, "x"), EROFS);
	fails(refheap_set_name(s.session, "other", s.list), EROFS);
	fails(refheap_del_name(s.session, "list"), EROFS);
	fails(refheap_set_path(s.session, "list[0]", s.list), EROFS);
	fails(refheap_del_path(s.session, "list"), EROFS);
	fails(refheap_type_define(s.session, &type, &number), EROFS);
	fails(refheap_new_instance(s.session, 1, &id), EROFS);
	fails(refheap_trace_start(s.session), EROFS);
	/* All is as it was. */
	assert_int_equal(refheap_len(s.session, s.list), 3);
	assert_int_equal(refheap_len(s.session, s.dict), 1);
	ok(refheap_get_attr(s.session, s.node, "x", &id));
	ok(refheap_get_name(s.session, "list", &id));
	fails(refheap_get_name(s.session, "other", &id), ENOKEY);
	forget(&s);
}

static void test_what_there_is_not(void **state)
{
	struct refheap_view view;
	struct fixture *f = *state;
	struct refheap_event event;
	struct saved s = { 0 };
	refheap_id text;

	save(f, &s);
	ok(refheap_get_index(s.session, s.list, 1, &text));
	fails(refheap_view_open(s.session, text, 0, &view), EOPNOTSUPP);
	fails(refheap_export(s.session, s.list), EBADF);
	fails(refheap_import(s.session, STDIN_FILENO, &text), EBADF);
	fails(refheap_subscribe_events(s.session, REFHEAP_EVENT_LIMIT), EBADF);
	fails(refheap_read_events(s.session, &event, 1, 0), EBADF);
	fails(refheap_read_events(s.session, &event, 1, -1), EBADF);
	fails(refheap_dispatch(s.session, -1, 1), EBADF);
	forget(&s);
}

/* How many objects there are of a filter, by its own count. */
static uint64_t count(struct saved *s, const struct refheap_filter *filter)
{
	struct refheap_object_info info;
	struct refheap_iter *iter;
	uint64_t objects = 0;
	int got;

	ok(refheap_iter_objects(s->ctl, 0, filter, &iter));
	while ((got = refheap_next_object(iter, &info)) == 1)
		objects++;
	ok(got);
	ok(refheap_next_object(iter, &info));
	refheap_iter_close(iter);
	return objects;
}

static void test_lists(void **state)
{
	struct refheap_filter lists = REFHEAP_FILTER_INIT, nodes = lists, bad = lists;
	struct refheap_image_info image;
	struct fixture *f = *state;
	struct refheap_object_info info;
	struct refheap_heap_info heap;
	struct saved s = { 0 };
	struct refheap_iter *iter;
	uint32_t number = 5;
	int type;

	save(f, &s);
	refheap_image_info(s.image, &image);
	ok(refheap_heap_find(s.ctl, refheap_name(f->session), REFHEAP_OWNER_SELF, &number));
	fails(refheap_heap_find(s.ctl, "another", REFHEAP_OWNER_SELF, &number), ENOENT);
	ok(refheap_heap_get(s.ctl, number, &heap));
	assert_int_equal(heap.objects, image.objects);
	assert_int_equal(count(&s, NULL), image.objects);
	lists.kind = REFHEAP_KIND_LIST;
	assert_int_equal(count(&s, &lists), 1);
	type = refheap_type_find(s.session, "Node", &number);
	ok(type);
	nodes.type = number;
	assert_int_equal(count(&s, &nodes), 1);
	bad.reserved[0] = 1;
	fails(refheap_iter_objects(s.ctl, 0, &bad, &iter), EINVAL);
	ok(refheap_iter_referrers(s.ctl, 0, s.node, &iter));
	assert_int_equal(refheap_next_object(iter, &info), 1);
	assert_int_equal(info.id, s.dict);
	ok(refheap_next_object(iter, &info));
	refheap_iter_close(iter);
	ok(refheap_object_get(s.ctl, 0, s.node, &info));
	assert_int_equal(info.type, number);
	fails(refheap_object_get(s.ctl, 0, 0x7fffffff, &info), ENOENT);
	forget(&s);
}

static void test_types(void **state)
{
	struct fixture *f = *state;
	struct refheap_type_info info;
	struct saved s = { 0 };
	struct refheap_iter *iter;
	bool found = false;
	int got;

	save(f, &s);
	ok(refheap_iter_types(s.ctl, 0, &iter));
	while ((got = refheap_next_type(iter, &info)) == 1) {
		if (!info.type)
			continue;
		found = true;
		assert_string_equal(info.name, "Node");
		assert_int_equal(info.objects, 1);
		assert_int_equal(info.slot_count, 2);
		assert_string_equal(info.slots[1], "y");
	}
	ok(got);
	assert_true(found);
	refheap_iter_close(iter);
	fails(refheap_image_type(s.image, 2, &info), ENOENT);
	forget(&s);
}

/* A saved heap has nobody who holds it, and no memory of the kernel. */
static void test_empty_lists(void **state)
{
	struct refheap_session_info session;
	struct refheap_holder_info holder;
	struct refheap_arena_info arena;
	struct refheap_heap_info heap;
	struct fixture *f = *state;
	struct saved s = { 0 };
	struct refheap_iter *iter;

	save(f, &s);
	ok(refheap_iter_heaps(s.ctl, &iter));
	ok(refheap_next_heap(iter, &heap));
	refheap_iter_close(iter);
	ok(refheap_iter_sessions(s.ctl, 0, &iter));
	ok(refheap_next_session(iter, &session));
	refheap_iter_close(iter);
	ok(refheap_iter_holders(s.ctl, 0, s.list, &iter));
	ok(refheap_next_holder(iter, &holder));
	refheap_iter_close(iter);
	ok(refheap_iter_arenas(s.ctl, 0, &iter));
	ok(refheap_next_arena(iter, &arena));
	refheap_iter_close(iter);
	forget(&s);
}

static void test_control_refuses(void **state)
{
	struct fixture *f = *state;
	struct refheap_gc_info gc;
	struct saved s = { 0 };

	save(f, &s);
	fails(refheap_gc_get(s.ctl, 0, &gc), EOPNOTSUPP);
	fails(refheap_gc_enable(s.ctl, 0), EROFS);
	fails(refheap_gc_disable(s.ctl, 0), EROFS);
	fails(refheap_gc_set_period(s.ctl, 0, 100, 1), EROFS);
	fails(refheap_heap_set_mode(s.ctl, 0, 0600), EROFS);
	fails(refheap_heap_set_limits(s.ctl, 0, 1000, REFHEAP_KEEP), EROFS);
	fails(refheap_heap_remove(s.ctl, f->heap), EROFS);
	forget(&s);
}

/* Only the image has to stay; iterators know nothing of each other. */
static void test_iterators_outlive_their_handle(void **state)
{
	struct refheap_iter *objects, *again, *types;
	struct fixture *f = *state;
	struct refheap_object_info info, other;
	struct refheap_image_info image;
	struct refheap_type_info type;
	struct saved s = { 0 };
	uint64_t seen = 1;

	save(f, &s);
	refheap_image_info(s.image, &image);
	ok(refheap_iter_objects(s.ctl, 0, NULL, &objects));
	ok(refheap_iter_objects(s.ctl, 0, NULL, &again));
	ok(refheap_iter_types(s.ctl, 0, &types));
	assert_int_equal(refheap_next_object(objects, &info), 1);
	refheap_ctl_close(s.ctl);
	refheap_close(s.session);
	while (refheap_next_object(objects, &info) == 1)
		seen++;
	assert_int_equal(seen, image.objects);
	assert_int_equal(refheap_next_object(again, &other), 1);
	assert_int_equal(other.id, REFHEAP_ID_ROOT);
	fails(refheap_next_object(types, &other), EINVAL);
	fails(refheap_next_type(again, &type), EINVAL);
	assert_int_equal(refheap_next_type(types, &type), 1);
	refheap_iter_close(types);
	refheap_iter_close(again);
	refheap_iter_close(objects);
	refheap_image_close(s.image);
}

static int read_bytes(const char *bytes, size_t length, char *why, size_t size)
{
	struct refheap_image *image = NULL;
	int fd = memfd_create("file", 0), error;

	assert_true(fd >= 0);
	assert_int_equal(write(fd, bytes, length), length);
	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	error = refheap_image_read(fd, &image, why, size);
	refheap_image_close(error ? NULL : image);
	close(fd);
	return error;
}

/* Every byte altered, and every length but its own. */
static void test_damaged(void **state)
{
	struct fixture *f = *state;
	struct saved s = { 0 };
	char *bytes, why[64];
	ssize_t length;
	int fd, error;

	save(f, &s);
	forget(&s);
	fd = dump(f->session);
	length = lseek(fd, 0, SEEK_END);
	bytes = malloc((size_t)length + 1);
	assert_int_equal(pread(fd, bytes, (size_t)length, 0), length);
	close(fd);
	for (ssize_t i = 0; i < length; i++) {
		bytes[i] ^= 0x10;
		*why = '\0';
		error = read_bytes(bytes, (size_t)length, why, sizeof(why));
		assert_true(error == -EBADMSG || error == -EPROTONOSUPPORT);
		assert_true(*why);
		bytes[i] ^= 0x10;
	}
	for (ssize_t i = 0; i < length; i++)
		fails(read_bytes(bytes, (size_t)i, NULL, 0), EBADMSG);
	bytes[length] = 'x';
	fails(read_bytes(bytes, (size_t)length + 1, why, 5), EBADMSG);
	assert_true(strlen(why) < 5);
	ok(read_bytes(bytes, (size_t)length, why, sizeof(why)));
	free(bytes);
}

static void test_no_saved_heap(void **state)
{
	struct refheap_image *image = NULL;
	char why[64] = "", text[4096];
	int ends[2];

	(void)state;
	memset(text, 'x', sizeof(text));
	fails(read_bytes(text, sizeof(text), why, sizeof(why)), EBADMSG);
	assert_true(*why);
	fails(read_bytes("", 0, why, sizeof(why)), EBADMSG);
	fails(refheap_image_read(-1, &image, NULL, 0), EBADF);
	ok(pipe(ends));
	fails(refheap_image_read(ends[1], &image, NULL, 0), EBADF);
	close(ends[1]);
	fails(refheap_image_read(ends[0], &image, why, sizeof(why)), EBADMSG);
	close(ends[0]);
	refheap_image_close(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(test_values),
		heap_test(test_references),
		heap_test(test_weak_references),
		heap_test(test_changes_are_refused),
		heap_test(test_what_there_is_not),
		heap_test(test_lists),
		heap_test(test_types),
		heap_test(test_empty_lists),
		heap_test(test_control_refuses),
		heap_test(test_iterators_outlive_their_handle),
		heap_test(test_damaged),
		heap_test(test_no_saved_heap),
	};

	return cmocka_run_group_tests_name("saved heaps", tests, NULL, NULL);
}
