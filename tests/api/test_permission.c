// SPDX-License-Identifier: GPL-2.0
/*
 * Permissions: another user's heap cannot be opened, listed, changed, or
 * guessed. The other user is 12345, and may open the device: that alone must
 * give nothing away.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "fixture.h"

#define STRANGER 12345

struct other {
	const char *name;
	uint32_t heap;
	refheap_id object;
};

/* In the child: ends it with the line of what should not have been. */
#define must(condition) \
	do { \
		if (!(condition)) \
			_exit(__LINE__ % 90 + 1); \
	} while (0)

static struct other describe(struct fixture *f)
{
	return (struct other){
		.name = refheap_name(f->session),
		.heap = f->heap,
		.object = new_str(f->session, "a secret"),
	};
}

static int open_of(const struct other *other, uint32_t flags,
		   struct refheap **session)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;

	options.owner = 0;
	options.flags = flags;
	return refheap_open_with(other->name, &options, session);
}

static void try_to_open(void *data)
{
	const struct other *other = data;
	struct refheap *session;
	refheap_id id;

	must(open_of(other, 0, &session) == -ENOENT);
	must(open_of(other, REFHEAP_ATTACH_RDONLY, &session) == -ENOENT);
	must(open_of(other, REFHEAP_ATTACH_CREATE, &session) < 0);
	/* The same name is another heap, in which its ids mean nothing. */
	must(!refheap_open(other->name, REFHEAP_ATTACH_CREATE, &session));
	must(refheap_heap(session) != other->heap);
	must(refheap_take(session, other->object) < 0);
	must(refheap_resolve(session, "secret", NULL, &id) == -ENOKEY);
}

static void try_to_see(void *data)
{
	const struct other *other = data;
	struct refheap_heap_info heap;
	struct refheap_gc_info gc;
	struct refheap_object_info object;
	struct refheap_type_info type;
	struct refheap_arena_info arena;
	struct refheap_session_info session;
	struct refheap_ctl *ctl;
	struct refheap_iter *iter;
	uint32_t number;

	must(!refheap_ctl_open(&ctl));
	must(refheap_heap_find(ctl, other->name, 0, &number) == -ENOENT);
	must(refheap_heap_get(ctl, other->heap, &heap) == -ENOENT);
	must(refheap_gc_get(ctl, other->heap, &gc) == -ENOENT);
	must(refheap_object_get(ctl, other->heap, other->object, &object) ==
	     -ENOENT);
	must(!refheap_iter_heaps(ctl, &iter));
	while (refheap_next_heap(iter, &heap) == 1)
		must(heap.heap != other->heap);
	must(!refheap_iter_objects(ctl, other->heap, NULL, &iter));
	must(refheap_next_object(iter, &object) == -ENOENT);
	must(!refheap_iter_types(ctl, other->heap, &iter));
	must(refheap_next_type(iter, &type) == -ENOENT);
	must(!refheap_iter_arenas(ctl, other->heap, &iter));
	must(refheap_next_arena(iter, &arena) == -ENOENT);
	must(!refheap_iter_sessions(ctl, other->heap, &iter));
	must(refheap_next_session(iter, &session) == -ENOENT);
}

static void try_to_change(void *data)
{
	const struct other *other = data;
	const uint32_t threshold = 1;
	struct refheap_ctl *ctl;

	must(!refheap_ctl_open(&ctl));
	must(refheap_heap_set_mode(ctl, other->heap, 0777) == -ENOENT);
	must(refheap_heap_set_limits(ctl, other->heap, 1, 1) == -ENOENT);
	must(refheap_heap_remove(ctl, other->heap) == -ENOENT);
	must(refheap_gc_disable(ctl, other->heap) == -ENOENT);
	must(refheap_gc_set_thresholds(ctl, other->heap, &threshold, 1) ==
	     -ENOENT);
}

static void try_to_watch(void *data)
{
	struct refheap_monitor *monitor;
	struct refheap_notice notice;

	(void)data;
	if (refheap_monitor_open(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC,
				 &monitor) == -EPERM)
		return;
	must(refheap_monitor_next(monitor, 300, &notice) == 0);
}

static void nothing_without_rights(void **state)
{
	struct fixture *f = *state;
	struct other other = describe(f);

	ok(refheap_set_name(f->session, "secret", other.object));
	assert_int_equal(as_user(STRANGER, try_to_open, &other), 0);
	assert_int_equal(as_user(STRANGER, try_to_see, &other), 0);
	assert_int_equal(as_user(STRANGER, try_to_change, &other), 0);
	assert_int_equal(refheap_refcount(f->session, other.object), 2);
}

static void collect_for_a_while(void *data)
{
	struct fixture *f = data;

	for (int i = 0; i < 20; i++) {
		refheap_collect(f->session, 0, NULL);
		usleep(10000);
	}
}

static void nothing_by_multicast(void **state)
{
	struct fixture *f = *state;
	pid_t child = fork();

	if (!child) {
		collect_for_a_while(f);
		_exit(0);
	}
	assert_int_equal(as_user(STRANGER, try_to_watch, NULL), 0);
}

static void read_what_may_be_read(void *data)
{
	const struct other *other = data;
	struct refheap_object_info object;
	struct refheap *session;
	struct refheap_ctl *ctl;
	refheap_id id;

	must(open_of(other, 0, &session) == -EACCES);
	must(!open_of(other, REFHEAP_ATTACH_RDONLY, &session));
	must(refheap_len(session, other->object) == 8);
	must(refheap_new_int(session, 12345, &id) == -EROFS);
	must(!refheap_ctl_open(&ctl));
	must(!refheap_object_get(ctl, other->heap, other->object, &object));
	must(refheap_heap_set_mode(ctl, other->heap, 0777) == -EPERM);
	must(refheap_heap_remove(ctl, other->heap) == -EPERM);
	must(refheap_gc_disable(ctl, other->heap) == -EPERM ||
	     refheap_gc_disable(ctl, other->heap) == -EACCES);
}

static void readers_by_mode(void **state)
{
	struct fixture *f = *state;
	struct other other = describe(f);

	ok(refheap_heap_set_mode(f->ctl, f->heap, 0604));
	assert_int_equal(as_user(STRANGER, read_what_may_be_read, &other), 0);
	ok(refheap_heap_set_mode(f->ctl, f->heap, 0640));
	ok(refheap_heap_set_group(f->ctl, f->heap, STRANGER));
	assert_int_equal(as_user(STRANGER, read_what_may_be_read, &other), 0);
}

static void write_what_may_be_written(void *data)
{
	const struct other *other = data;
	struct refheap *session;
	refheap_id id;

	must(!open_of(other, 0, &session));
	must(!refheap_new_int(session, 12345, &id));
	must(!refheap_set_name(session, "theirs", id));
}

static void writers_by_mode(void **state)
{
	struct fixture *f = *state;
	struct other other = describe(f);
	refheap_id id;

	ok(refheap_heap_set_mode(f->ctl, f->heap, 0606));
	assert_int_equal(as_user(STRANGER, write_what_may_be_written, &other),
			 0);
	ok(refheap_get_name(f->session, "theirs", &id));
}

#define USER_BYTES (8U << 20)

struct reader {
	struct other other;
	int full[2], enough[2];	/* pipes: it holds all that it can; it may end */
};

static int limit_user_bytes(unsigned int bytes)
{
	int fd = open("/sys/module/refheap/parameters/max_user_bytes", O_WRONLY), written;

	if (fd < 0)
		return -errno;
	written = dprintf(fd, "%u", bytes);
	close(fd);
	return written > 0 ? 0 : -EIO;
}

static void hold_all_one_can(void *data)
{
	const struct reader *reader = data;
	struct refheap *session;
	int depth, frames = 0;
	char byte = 0;

	must(!open_of(&reader->other, REFHEAP_ATTACH_RDONLY, &session));
	while ((depth = refheap_frame_push(session)) > 0)
		frames++;
	must(depth == -EDQUOT);
	must(frames > 1000);
	must(write(reader->full[1], &byte, 1) == 1);
	must(read(reader->enough[0], &byte, 1) == 1);
}

/* What a session holds is its user's: nobody is kept from using their own heap. */
static void readers_pay_for_themselves(void **state)
{
	struct fixture *f = *state;
	struct reader reader = { .other = describe(f) };
	struct refheap_gc_info before, after;
	int status, err;
	pid_t child;
	ssize_t got;
	char byte = 0;
	refheap_id id;

	ok(refheap_heap_set_mode(f->ctl, f->heap, 0604));
	ok(refheap_gc_get(f->ctl, f->heap, &before));
	ok(pipe(reader.full));
	ok(pipe(reader.enough));
	ok(limit_user_bytes(USER_BYTES));
	child = fork();
	if (!child)
		_exit(as_user(STRANGER, hold_all_one_can, &reader));
	close(reader.full[1]);
	got = read(reader.full[0], &byte, 1);
	err = refheap_new_bytearray(f->session, NULL, USER_BYTES / 2, &id);
	if (write(reader.enough[1], &byte, 1) != 1)
		got = -1;
	waitpid(child, &status, 0);
	ok(limit_user_bytes(0));
	assert_int_equal(status, 0);
	assert_int_equal(got, 1);
	ok(err);
	/* Nor does who may only read make others collect. */
	ok(refheap_gc_get(f->ctl, f->heap, &after));
	assert_int_equal(after.generation[2].collections, before.generation[2].collections);
	close(reader.full[0]);
	close(reader.enough[0]);
	close(reader.enough[1]);
}

static int open_device_to_all(void **state)
{
	(void)state;
	return chmod("/dev/refheap", 0666);
}

static void find_no_device(void *data)
{
	struct refheap *session;

	(void)data;
	must(refheap_open(NULL, 0, &session) == -EACCES);
}

/* As udev has it: the device is for its group. */
static void device_for_its_group(void **state)
{
	(void)state;
	ok(chmod("/dev/refheap", 0660));
	assert_int_equal(as_user(STRANGER, find_no_device, NULL), 0);
	ok(chmod("/dev/refheap", 0666));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(nothing_without_rights),
		heap_test(nothing_by_multicast),
		heap_test(readers_by_mode),
		heap_test(writers_by_mode),
		heap_test(readers_pay_for_themselves),
		cmocka_unit_test(device_for_its_group),
	};

	return cmocka_run_group_tests_name("permissions", tests,
					   open_device_to_all, NULL);
}
