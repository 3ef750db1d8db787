/* SPDX-License-Identifier: GPL-2.0 */
/* A heap of its own for each test, and checks that all tests share. */
#ifndef TESTS_API_FIXTURE_H
#define TESTS_API_FIXTURE_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/types.h>
#include <unistd.h>

#include <cmocka.h>
#include <refheap.h>

struct fixture {
	struct refheap *session;
	struct refheap_ctl *ctl;
	uint32_t heap;
	uint64_t births;	/* objects alive when the test began */
};

/* Make a heap, and remove it after every invariant of it was checked. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

#define heap_test(f) \
	cmocka_unit_test_setup_teardown(f, fixture_setup, fixture_teardown)

#define ok(expr)		assert_int_equal((expr), 0)
#define fails(expr, error)	assert_int_equal((expr), -(error))

/* Objects alive in the heap of the test. */
uint64_t alive(struct fixture *f);

/* One more session on the heap of the test. */
struct refheap *another_session(struct fixture *f, uint32_t flags);

/* New objects; their making must succeed. */
refheap_id new_int(struct refheap *session, int64_t value);
refheap_id new_str(struct refheap *session, const char *text);
refheap_id new_list(struct refheap *session);
refheap_id new_dict(struct refheap *session);

/* A list that contains itself and that nobody holds. */
void drop_cycle(struct refheap *session);

/* The heap of a session, saved: a file to be read from its beginning. */
int dump(struct refheap *session);
/* Likewise, to be looked at. */
struct refheap_image *image_of(struct refheap *session);

/* Run a function in a child; its exit status, or 128 + the signal. */
int in_child(void (*run)(void *data), void *data);

/* Run a function in a child of another user. */
int as_user(uid_t uid, void (*run)(void *data), void *data);

/* Wait until a condition holds: the kernel gives back after a close. */
#define eventually(condition) \
	do { \
		for (int tries_ = 0; tries_ < 6000 && !(condition); tries_++) \
			usleep(10000); \
		assert_true(condition); \
	} while (0)

#endif
