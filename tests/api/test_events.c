// SPDX-License-Identifier: GPL-2.0
/*
 * Events that cannot be lost, as they are read from the device: whatever
 * becomes of readers, each comes once.
 */
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "raw.h"

/* Nothing can be copied there, which the compiler need not know. */
static void *volatile nowhere = (void *)16;

/* Weak references to one new object, which then dies. */
static void die_watched(int fd, unsigned int callbacks)
{
	uint64_t list = raw_list(fd);

	for (unsigned int i = 0; i < callbacks; i++)
		raw_watch(fd, list, i);
	raw_drop(fd, list);
}

static struct refheap_session_info info_of(struct fixture *f, uint32_t number)
{
	struct refheap_session_info info, found = { 0 };
	struct refheap_iter *iter;

	ok(refheap_iter_sessions(f->ctl, f->heap, &iter));
	while (refheap_next_session(iter, &info) == 1)
		if (info.session == number || (!number && info.events))
			found = info;
	refheap_iter_close(iter);
	return found;
}

static void weakref_event_is_complete(void **state)
{
	int fd = raw_session(*state, O_RDWR);
	struct refheap_event event;
	uint64_t list, weakref;

	list = raw_list(fd);
	weakref = raw_watch(fd, list, 77);
	raw_nonblock(fd);
	assert_int_equal(raw_poll(fd, 0), 0);
	assert_int_equal(read(fd, &event, sizeof(event)), -1);
	assert_int_equal(errno, EAGAIN);
	raw_drop(fd, list);
	assert_int_equal(raw_poll(fd, 0), POLLIN);
	assert_int_equal(read(fd, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.type, REFHEAP_EVENT_WEAKREF);
	assert_int_equal(event.generation, 0);
	assert_int_equal(event.object, weakref);
	assert_int_equal(event.referent, list);
	assert_int_equal(event.value, 77);
	assert_int_equal(event.seq, 0);
	assert_true(event.time_ns);
	assert_int_equal(raw_poll(fd, 0), 0);
	/* That of the event, and that of its maker. */
	raw_drop(fd, weakref);
	raw_drop(fd, weakref);
	assert_int_equal(raw_take(fd, weakref), -ESTALE);
	close(fd);
}

/* Whatever the size of the buffer. */
static void newest_comes_first(void **state)
{
	int fd = raw_session(*state, O_RDWR);
	struct refheap_event events[64];

	for (unsigned int room = 1; room <= 64; room += 9) {
		unsigned int next = 40;

		die_watched(fd, 40);
		while (next) {
			ssize_t n = read(fd, events, room * sizeof(*events) + 7);

			assert_true(n > 0 && n % sizeof(*events) == 0);
			n /= sizeof(*events);
			assert_int_equal(n, next < room ? next : room);
			for (ssize_t i = 0; i < n; i++)
				assert_int_equal(events[i].value, --next);
		}
		assert_int_equal(raw_poll(fd, 0), 0);
	}
	assert_int_equal(read(fd, events, sizeof(*events) - 1), -1);
	assert_int_equal(errno, EINVAL);
	close(fd);
}

/* What cannot be lost goes before what can. */
static void both_kinds_of_events(void **state)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe), .mask = REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP,
	};
	int fd = raw_session(*state, O_RDWR);
	struct refheap_event events[16];

	ok(ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe));
	ok(raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_COLLECT, .arg = 2 }, NULL));
	die_watched(fd, 3);
	assert_int_equal(read(fd, events, sizeof(events)), 5 * sizeof(*events));
	for (int i = 0; i < 3; i++) {
		assert_int_equal(events[i].type, REFHEAP_EVENT_WEAKREF);
		assert_int_equal(events[i].seq, 0);
	}
	assert_int_equal(events[3].type, REFHEAP_EVENT_GC_START);
	assert_int_equal(events[3].seq, 1);
	assert_int_equal(events[4].type, REFHEAP_EVENT_GC_STOP);
	assert_int_equal(events[4].seq, 2);
	close(fd);
}

/* A session that ends leaves to an adopter also what it could not be given. */
static void what_was_on_its_way_is_adopted(void **state)
{
	static const struct {
		struct refheap_type_new head;
		char name[5];
	} type = { { .flags = REFHEAP_TYPE_FINALIZER, .name_len = 5 }, "final" };
	int fd = raw_session(*state, O_RDWR), adopter = raw_session(*state, O_RDWR);
	struct refheap_result result;
	struct refheap_op op = {
		.code = REFHEAP_OP_TYPE_NEW, .data_len = sizeof(type.head) + sizeof(type.name),
	};
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)&op, .results = (uintptr_t)&result,
		.in = (uintptr_t)&type, .in_len = op.data_len, .count = 1,
	};
	void *nowhere = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	struct refheap_event event;
	uint64_t id;

	assert_true(nowhere != MAP_FAILED);
	ok(ioctl(fd, REFHEAP_IOC_BATCH, &batch));
	assert_int_equal(result.error, 0);
	ok(raw_execute(adopter, (struct refheap_op){ .code = REFHEAP_OP_ADOPT, .a = 1 }, NULL));
	ok(raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_INSTANCE,
						.arg = result.value }, &id));
	raw_drop(fd, id);
	assert_int_equal(read(fd, nowhere, 4096), -1);
	assert_int_equal(errno, EFAULT);
	munmap(nowhere, 4096);
	assert_int_equal(raw_poll(adopter, 0), 0);
	close(fd);
	assert_int_equal(read(adopter, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.type, REFHEAP_EVENT_FINALIZE);
	assert_int_equal(event.object, id);
	assert_int_equal(event.generation, REFHEAP_EVENT_ADOPTED);
	ok(raw_execute(adopter, (struct refheap_op){ .code = REFHEAP_OP_FINALIZED, .a = id },
		       NULL));
	assert_int_equal(raw_take(adopter, id), -ESTALE);
	close(adopter);
}

/* What could not be copied is there for the next reader, and listed. */
static void a_bad_buffer_loses_nothing(void **state)
{
	struct fixture *f = *state;
	int fd = raw_session(f, O_RDWR);
	struct refheap_event *events, event;
	char *pages = mmap(NULL, 8192, PROT_READ | PROT_WRITE,
			   MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	assert_true(pages != MAP_FAILED);
	ok(mprotect(pages + 4096, 4096, PROT_NONE));
	die_watched(fd, 20);
	assert_int_equal(info_of(f, 0).events, 20);
	assert_int_equal(read(fd, pages + 4096, 4096), -1);
	assert_int_equal(errno, EFAULT);
	assert_int_equal(info_of(f, 0).events, 20);
	assert_int_equal(raw_poll(fd, 0), POLLIN);
	/* There is room for the first go of several. */
	events = (void *)(pages + 4096 - 9 * sizeof(*events));
	assert_int_equal(read(fd, events, 20 * sizeof(*events)), 8 * sizeof(*events));
	for (int i = 0; i < 8; i++)
		assert_int_equal(events[i].value, 19 - i);
	for (int i = 11; i >= 0; i--) {
		assert_int_equal(read(fd, &event, sizeof(event)), sizeof(event));
		assert_int_equal(event.value, i);
		assert_int_equal(info_of(f, 0).events, i);
	}
	assert_int_equal(raw_poll(fd, 0), 0);
	munmap(pages, 8192);
	close(fd);
}

#define RACERS	4
#define RACED	2000

struct race {
	int fd;
	unsigned char seen[RACED];
	int left;
};

static void *race_for_events(void *data)
{
	struct refheap_event events[3];
	struct race *race = data;
	ssize_t n;

	while (__atomic_load_n(&race->left, __ATOMIC_RELAXED) > 0) {
		n = read(race->fd, events, sizeof(events));
		if (n < 0)
			sched_yield();
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(*events); i++) {
			__atomic_fetch_add(&race->seen[events[i].value], 1, __ATOMIC_RELAXED);
			__atomic_fetch_sub(&race->left, 1, __ATOMIC_RELAXED);
		}
	}
	return NULL;
}

static void racing_readers_get_each_once(void **state)
{
	struct race *race = calloc(1, sizeof(*race));
	pthread_t threads[RACERS];

	race->fd = raw_session(*state, O_RDWR);
	race->left = RACED;
	raw_nonblock(race->fd);
	for (int i = 0; i < RACERS; i++)
		ok(pthread_create(&threads[i], NULL, race_for_events, race));
	for (unsigned int i = 0; i < RACED; i++) {
		uint64_t list = raw_list(race->fd);

		raw_watch(race->fd, list, i);
		raw_drop(race->fd, list);
	}
	for (int i = 0; i < RACERS; i++)
		ok(pthread_join(threads[i], NULL));
	for (unsigned int i = 0; i < RACED; i++)
		assert_int_equal(race->seen[i], 1);
	assert_int_equal(raw_poll(race->fd, 0), 0);
	close(race->fd);
	free(race);
}

static void *read_nowhere(void *data)
{
	struct race *race = data;

	while (__atomic_load_n(&race->left, __ATOMIC_RELAXED) > 0)
		assert_int_equal(read(race->fd, nowhere, 4096), -1);
	return NULL;
}

/* Somebody takes events off and cannot copy them; who sleeps must hear of them. */
static void a_bad_reader_keeps_nobody_asleep(void **state)
{
	struct race race = { .fd = raw_session(*state, O_RDWR), .left = 1 };
	struct refheap_event event;
	pthread_t thread;

	ok(pthread_create(&thread, NULL, read_nowhere, &race));
	for (unsigned int i = 0; i < 2000; i++) {
		pid_t child = -1;

		/* Now and then by a child, so that this one sleeps. */
		if (i % 100 == 0) {
			child = fork();
			assert_true(child >= 0);
			if (!child)
				usleep(1000);
		}
		if (child <= 0)
			die_watched(race.fd, 1);
		if (!child)
			_exit(0);
		assert_int_equal(read(race.fd, &event, sizeof(event)), sizeof(event));
		if (child > 0)
			assert_int_equal(waitpid(child, NULL, 0), child);
	}
	__atomic_store_n(&race.left, 0, __ATOMIC_RELAXED);
	/* It sleeps as well. */
	die_watched(race.fd, 1);
	ok(pthread_join(thread, NULL));
	assert_int_equal(read(race.fd, &event, sizeof(event)), sizeof(event));
	close(race.fd);
}

/* A blocked reader that is killed takes nothing with it. */
static void killed_readers_take_nothing(void **state)
{
	int fd = raw_session(*state, O_RDWR);
	struct refheap_event event;
	pid_t child;

	for (unsigned int i = 0; i < 20; i++) {
		child = fork();
		if (!child) {
			/* It cannot be copied there. */
			for (;;)
				if (read(fd, nowhere, sizeof(event)) >= 0)
					_exit(1);
		}
		assert_true(child > 0);
		usleep(i * 300);
		die_watched(fd, 1);
		usleep(i * 100);
		kill(child, SIGKILL);
		assert_int_equal(waitpid(child, NULL, 0), child);
		assert_int_equal(read(fd, &event, sizeof(event)), sizeof(event));
		assert_int_equal(event.type, REFHEAP_EVENT_WEAKREF);
		assert_int_equal(raw_poll(fd, 0), 0);
	}
	close(fd);
}

/* The holder is killed; who only looked on is told, by epoll's edge as well. */
static void death_of_a_process_is_told(void **state)
{
	struct fixture *f = *state;
	struct epoll_event wake = { .events = EPOLLIN | EPOLLET };
	int fd = raw_session(f, O_RDWR), epoll = epoll_create1(EPOLL_CLOEXEC);
	struct refheap_event event;
	uint64_t list, weakref;
	int told[2];
	pid_t child;

	ok(pipe(told));
	ok(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &wake));
	child = fork();
	if (!child) {
		int own = raw_session(f, O_RDWR);

		list = raw_list(own);
		if (write(told[1], &list, sizeof(list)) == sizeof(list))
			pause();
		_exit(1);
	}
	assert_int_equal(read(told[0], &list, sizeof(list)), sizeof(list));
	weakref = raw_watch(fd, list, 1);
	assert_int_equal(epoll_wait(epoll, &wake, 1, 0), 0);
	kill(child, SIGKILL);
	assert_int_equal(epoll_wait(epoll, &wake, 1, 5000), 1);
	assert_int_equal(wake.events, EPOLLIN);
	assert_int_equal(read(fd, &event, sizeof(event)), sizeof(event));
	assert_int_equal(event.object, weakref);
	assert_int_equal(event.referent, list);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(told[0]);
	close(told[1]);
	close(epoll);
	close(fd);
}

/* What has been taken off but not copied goes with the session. */
static void unread_events_go_with_the_session(void **state)
{
	struct fixture *f = *state;
	uint64_t before = alive(f);

	for (int i = 0; i < 10; i++) {
		int fd = raw_session(f, O_RDWR);

		die_watched(fd, 30);
		if (i % 2)
			assert_int_equal(read(fd, nowhere, 4096), -1);
		close(fd);
	}
	eventually(alive(f) == before);
}

static int other_heap(const char *name)
{
	struct refheap_attach attach = {
		.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
		.flags = REFHEAP_ATTACH_CREATE | REFHEAP_ATTACH_EXCL,
	};
	int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	strcpy(attach.name, name);
	ok(ioctl(fd, REFHEAP_IOC_ATTACH, &attach));
	return fd;
}

static void remove_heap(struct fixture *f, const char *name)
{
	uint32_t heap;

	ok(refheap_heap_find(f->ctl, name, REFHEAP_OWNER_SELF, &heap));
	ok(refheap_heap_remove(f->ctl, heap));
}

static void *read_until_it_ends(void *data)
{
	struct refheap_event event;

	while (read(*(int *)data, &event, sizeof(event)) > 0)
		;
	return (void *)(intptr_t)errno;
}

/* Blocked or not: a removed heap has nothing more to tell. */
static void removed_heap_ends_reading(void **state)
{
	struct fixture *f = *state;
	struct refheap_event event;
	pthread_t thread;
	void *error;
	int fd;

	fd = other_heap("test.removed");
	ok(pthread_create(&thread, NULL, read_until_it_ends, &fd));
	usleep(10000);
	remove_heap(f, "test.removed");
	ok(pthread_join(thread, &error));
	assert_int_equal((intptr_t)error, EIDRM);
	assert_true(raw_poll(fd, 0) & POLLHUP);
	close(fd);

	fd = other_heap("test.removed");
	die_watched(fd, 3);
	remove_heap(f, "test.removed");
	assert_int_equal(read(fd, &event, sizeof(event)), -1);
	assert_int_equal(errno, EIDRM);
	close(fd);
}

/* Not to be asked for. */
static void they_cannot_be_subscribed_to(void **state)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe), .mask = REFHEAP_EVENT_WEAKREF,
	};
	int fd = raw_session(*state, O_RDWR);

	assert_int_equal(ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe), -1);
	assert_int_equal(errno, EINVAL);
	close(fd);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(weakref_event_is_complete),
		heap_test(newest_comes_first),
		heap_test(both_kinds_of_events),
		heap_test(a_bad_buffer_loses_nothing),
		heap_test(what_was_on_its_way_is_adopted),
		heap_test(racing_readers_get_each_once),
		heap_test(a_bad_reader_keeps_nobody_asleep),
		heap_test(killed_readers_take_nothing),
		heap_test(death_of_a_process_is_told),
		heap_test(unread_events_go_with_the_session),
		heap_test(removed_heap_ends_reading),
		heap_test(they_cannot_be_subscribed_to),
	};

	return cmocka_run_group_tests_name("events", tests, NULL, NULL);
}
