// SPDX-License-Identifier: GPL-2.0
/* Sessions: opening in every way, and what is refused. */
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <sys/ioctl.h>

#include "fixture.h"

static void default_heap_is_the_users(void **state)
{
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	struct refheap_heap_info info;
	char name[REFHEAP_NAME_MAX];
	uint32_t heap;

	(void)state;
	ok(refheap_default_name(REFHEAP_OWNER_SELF, name));
	assert_string_equal(name, "user.0");
	ok(refheap_default_name(1234, name));
	assert_string_equal(name, "user.1234");

	ok(refheap_open(NULL, 0, &session));
	assert_string_equal(refheap_name(session), "user.0");
	ok(refheap_ctl_open(&ctl));
	ok(refheap_heap_find(ctl, NULL, REFHEAP_OWNER_SELF, &heap));
	assert_int_equal(heap, refheap_heap(session));
	ok(refheap_heap_get(ctl, heap, &info));
	assert_int_equal(info.mode, 0600);
	assert_int_equal(info.owner, 0);
}

static void exclusive_and_missing(void **state)
{
	struct fixture *f = *state;
	struct refheap *session = NULL;
	const char *name = refheap_name(f->session);

	assert_true(refheap_was_created(f->session));
	fails(refheap_open(name, REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL,
			   &session), EEXIST);
	fails(refheap_open("test.no-such-heap", 0, &session), ENOENT);
	assert_null(session);
	ok(refheap_open(name, REFHEAP_ATTACH_CREATE, &session));
	assert_false(refheap_was_created(session));
	assert_int_equal(refheap_heap(session), f->heap);
	refheap_close(session);
}

static void bad_names_and_options(void **state)
{
	static const char too_long[] =
		"0123456789012345678901234567890123456789"
		"012345678901234567890123";
	static const char *const bad[] = {
		"", ".hidden", "-dash", "sla/sh", "spa ce", "\xc3\xa4", "new\n",
		too_long,
	};
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	struct refheap *session = NULL;

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		fails(refheap_open(bad[i], REFHEAP_ATTACH_CREATE, &session),
		      EINVAL);
	fails(refheap_open("test.flags", 1U << 30, &session), EINVAL);
	options.flags = REFHEAP_ATTACH_CREATE;
	options.mode = 01000;
	fails(refheap_open_with("test.mode", &options, &session), EINVAL);
	options.mode = 0;
	options.reserved[3] = 1;
	fails(refheap_open_with("test.reserved", &options, &session), EINVAL);
	assert_null(session);
}

static void longest_name(void **state)
{
	static const char name[] = "0123456789012345678901234567890123456789"
				   "01234567890123456789012";
	struct refheap *session;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;

	(void)state;
	assert_int_equal(strlen(name), REFHEAP_NAME_MAX - 1);
	ok(refheap_open(name, REFHEAP_ATTACH_CREATE, &session));
	assert_string_equal(refheap_name(session), name);
	ok(refheap_ctl_open(&ctl));
	ok(refheap_heap_remove(ctl, refheap_heap(session)));
	refheap_close(session);
}

static void options_make_the_heap(void **state)
{
	struct refheap_options options = REFHEAP_OPTIONS_INIT;
	refheap_auto_close struct refheap *session = NULL;
	refheap_auto_ctl struct refheap_ctl *ctl = NULL;
	struct refheap_heap_info info;

	(void)state;
	options.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL;
	options.mode = 0640;
	options.max_bytes = 1 << 20;
	options.max_objects = 1000;
	ok(refheap_open_with("test.options", &options, &session));
	ok(refheap_ctl_open(&ctl));
	ok(refheap_heap_get(ctl, refheap_heap(session), &info));
	assert_int_equal(info.mode, 0640);
	assert_int_equal(info.max_bytes, 1 << 20);
	assert_int_equal(info.max_objects, 1000);
	assert_string_equal(info.name, "test.options");
	assert_int_equal(info.sessions, 1);
	ok(refheap_heap_remove(ctl, refheap_heap(session)));
}

static void read_only_changes_nothing(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	refheap_id one = new_int(f->session, 1000);
	struct refheap *reader;
	refheap_id id;

	ok(refheap_append(f->session, list, one));
	ok(refheap_set_name(f->session, "list", list));
	reader = another_session(f, REFHEAP_ATTACH_RDONLY);

	assert_int_equal(refheap_len(reader, list), 1);
	ok(refheap_resolve(reader, "list[0]", NULL, &id));
	assert_true(id == one);
	fails(refheap_append(reader, list, one), EROFS);
	fails(refheap_clear(reader, list), EROFS);
	fails(refheap_set_name(reader, "other", one), EROFS);
	fails(refheap_del_name(reader, "list"), EROFS);
	fails(refheap_new_int(reader, 12345, &id), EROFS);
	assert_int_equal(refheap_len(f->session, list), 1);
	refheap_close(reader);
}

static void removed_heap_says_so(void **state)
{
	struct fixture *f = *state;
	refheap_auto_close struct refheap *session = NULL;
	refheap_id id;

	ok(refheap_open("test.removed", REFHEAP_ATTACH_CREATE, &session));
	ok(refheap_new_int(session, 5000, &id));
	ok(refheap_heap_remove(f->ctl, refheap_heap(session)));
	fails(refheap_new_int(session, 1, &id), EIDRM);
	fails(refheap_drop(session, id), EIDRM);
	fails(refheap_heap_remove(f->ctl, refheap_heap(session)), ENOENT);
}

static void closed_on_exec(void **state)
{
	struct fixture *f = *state;

	assert_true(fcntl(refheap_fd(f->session), F_GETFD) & FD_CLOEXEC);
}

/* The door itself: what the library never sends. */
static void raw_calls_are_checked(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = { .size = sizeof(attach) };
	struct { struct refheap_batch batch; uint64_t tail; } longer = { 0 };
	struct refheap_op op = { .code = REFHEAP_OP_NOP };
	struct refheap_result result;
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)&op,
		.results = (uintptr_t)&result, .count = 1,
	};
	int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC);
	int session = refheap_fd(f->session);

	assert_true(fd >= 0);
	assert_int_equal(ioctl(fd, REFHEAP_IOC_BATCH, &batch), -1);
	assert_int_equal(errno, ENXIO);
	assert_int_equal(ioctl(fd, 0x1234, &batch), -1);
	assert_int_equal(errno, ENOTTY);
	close(fd);

	assert_int_equal(ioctl(session, REFHEAP_IOC_BATCH, &batch), 0);
	strcpy(attach.name, "test.again");
	attach.owner = REFHEAP_OWNER_SELF;
	assert_int_equal(ioctl(session, REFHEAP_IOC_ATTACH, &attach), -1);
	assert_int_equal(errno, EBUSY);

	batch.done = 0;
	batch.count = REFHEAP_MAX_OPS + 1;
	assert_int_equal(ioctl(session, REFHEAP_IOC_BATCH, &batch), -1);
	assert_int_equal(errno, E2BIG);
	batch.count = 1;
	batch.ops = 8;
	assert_int_equal(ioctl(session, REFHEAP_IOC_BATCH, &batch), -1);
	assert_int_equal(errno, EFAULT);
	batch.ops = (uintptr_t)&op;

	longer.batch = batch;
	longer.batch.size = sizeof(longer);
	assert_int_equal(ioctl(session, REFHEAP_IOC_BATCH, &longer), 0);
	longer.batch.done = 0;
	longer.tail = 1;
	assert_int_equal(ioctl(session, REFHEAP_IOC_BATCH, &longer), -1);
	assert_int_equal(errno, E2BIG);

	op.code = __REFHEAP_OP_MAX;
	batch.done = 0;
	assert_int_equal(ioctl(session, REFHEAP_IOC_BATCH, &batch), 0);
	assert_true(result.error == -EOPNOTSUPP || result.error == -EINVAL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(default_heap_is_the_users),
		heap_test(exclusive_and_missing),
		cmocka_unit_test(bad_names_and_options),
		cmocka_unit_test(longest_name),
		cmocka_unit_test(options_make_the_heap),
		heap_test(read_only_changes_nothing),
		heap_test(removed_heap_says_so),
		heap_test(closed_on_exec),
		heap_test(raw_calls_are_checked),
	};

	return cmocka_run_group_tests_name("session", tests, NULL, NULL);
}
