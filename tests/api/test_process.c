// SPDX-License-Identifier: GPL-2.0
/* Processes: their references die with them, however they die. */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

#include "fixture.h"

/* A child with a session of its own that holds objects and says so. */
static void hold_objects(struct fixture *f, int ready)
{
	struct refheap *session = another_session(f, 0);

	for (int i = 0; i < 1000; i++)
		new_list(session);
	if (write(ready, "r", 1) != 1)
		_exit(98);
}

static pid_t start_holder(struct fixture *f, void (*then)(void))
{
	int ready[2];
	char byte;
	pid_t child;

	ok(pipe(ready));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		hold_objects(f, ready[1]);
		then();
		_exit(97);
	}
	assert_int_equal(read(ready[0], &byte, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return child;
}

static void wait_forever(void)
{
	for (;;)
		pause();
}

static void exit_now(void)
{
	_exit(0);
}

static void crash(void)
{
	signal(SIGSEGV, SIG_DFL);
	raise(SIGSEGV);
}

static void become_another_program(void)
{
	execl("/bin/sleep", "sleep", "60", (char *)NULL);
}

static void killed(void **state)
{
	struct fixture *f = *state;
	pid_t child = start_holder(f, wait_forever);

	assert_int_equal(alive(f), f->births + 1000);
	ok(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
	eventually(alive(f) == f->births);
}

static void exited(void **state)
{
	struct fixture *f = *state;
	pid_t child = start_holder(f, exit_now);

	assert_int_equal(waitpid(child, NULL, 0), child);
	eventually(alive(f) == f->births);
}

static void crashed(void **state)
{
	struct fixture *f = *state;
	pid_t child = start_holder(f, crash);

	assert_int_equal(waitpid(child, NULL, 0), child);
	eventually(alive(f) == f->births);
}

/* The process lives on; its sessions do not. */
static void executed(void **state)
{
	struct fixture *f = *state;
	pid_t child = start_holder(f, become_another_program);

	eventually(alive(f) == f->births);
	ok(kill(child, 0));
	ok(kill(child, SIGKILL));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void leave(void *data)
{
	(void)data;
	_exit(0);
}

/* A child shares its parent's sessions: the references stay. */
static void forked(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);

	assert_int_equal(in_child(leave, NULL), 0);
	usleep(20000);
	assert_int_equal(refheap_refcount(f->session, list), 1);
}

/* What is stored survives the process that stored it. */
static void stored_objects_stay(void **state)
{
	struct fixture *f = *state;
	refheap_id list = new_list(f->session);
	pid_t child = fork();

	if (!child) {
		struct refheap *session = another_session(f, 0);

		if (refheap_append(session, list, new_int(session, 31337)))
			_exit(1);
		kill(getpid(), SIGKILL);
	}
	assert_int_equal(waitpid(child, NULL, 0), child);
	eventually(alive(f) == f->births + 2);
	assert_int_equal(refheap_len(f->session, list), 1);
}

/* One batch after the other until the end. */
static void work(struct fixture *f, unsigned int seed)
{
	struct refheap *session = another_session(f, 0);
	struct refheap_batch_builder *b;
	refheap_id shared;

	ok(refheap_get_name(session, "shared", &shared));
	ok(refheap_batch_alloc(&b));
	for (;;) {
		refheap_batch_reset(b);
		for (int i = 0; i < 200; i++) {
			int list = refheap_batch_new_list(b, NULL, 0);

			refheap_batch_append(b, REFHEAP_ID_RESULT(list),
					     REFHEAP_ID_RESULT(list));
			if (rand_r(&seed) % 2)
				refheap_batch_append(b, shared,
						     REFHEAP_ID_RESULT(list));
			if (rand_r(&seed) % 50 == 0)
				refheap_batch_clear(b, shared);
		}
		if (rand_r(&seed) % 4 == 0)
			refheap_batch_collect(b, (uint32_t)rand_r(&seed) % 3);
		refheap_batch_submit(b, session, 0);
		refheap_batch_undo(b, session);
	}
}

static void killed_in_the_middle(void **state)
{
	struct fixture *f = *state;
	refheap_id shared = new_list(f->session);
	uint64_t births = alive(f);
	unsigned int seed = (unsigned int)getpid();

	print_message("seed %u\n", seed);
	ok(refheap_set_name(f->session, "shared", shared));
	births = alive(f);
	for (unsigned int round = 0; round < 20; round++) {
		pid_t child = fork();

		if (!child)
			work(f, seed + round);
		usleep(1000 + (unsigned int)rand_r(&seed) % 10000);
		ok(kill(child, SIGKILL));
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(refheap_verify(f->session, NULL, 0), 0);
	}
	ok(refheap_clear(f->session, shared));
	eventually(refheap_collect(f->session, 2, NULL) >= 0 &&
		   alive(f) == births);
}

struct thread_data {
	struct refheap *session;
	refheap_id list;
};

static void *append_and_pop(void *argument)
{
	struct thread_data *data = argument;
	refheap_id id;

	for (int i = 0; i < 2000; i++) {
		if (refheap_new_int(data->session, 1000 + i, &id) ||
		    refheap_append(data->session, data->list, id) ||
		    refheap_drop(data->session, id) ||
		    refheap_pop(data->session, data->list, 0, &id) ||
		    refheap_drop(data->session, id))
			return data;
	}
	return NULL;
}

static void threads_share_a_session(void **state)
{
	struct fixture *f = *state;
	struct thread_data data = { f->session, new_list(f->session) };
	pthread_t threads[4];
	void *failed;

	for (int i = 0; i < 4; i++)
		ok(pthread_create(&threads[i], NULL, append_and_pop, &data));
	for (int i = 0; i < 4; i++) {
		ok(pthread_join(threads[i], &failed));
		assert_null(failed);
	}
	assert_int_equal(refheap_len(f->session, data.list), 0);
	assert_int_equal(alive(f), f->births + 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(killed),
		heap_test(exited),
		heap_test(crashed),
		heap_test(executed),
		heap_test(forked),
		heap_test(stored_objects_stay),
		heap_test(killed_in_the_middle),
		heap_test(threads_share_a_session),
	};

	return cmocka_run_group_tests_name("processes", tests, NULL, NULL);
}
