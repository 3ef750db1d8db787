// SPDX-License-Identifier: GPL-2.0
/*
 * The device under those who use it in ways that the library does not: at the
 * same time, before it is attached, with timers, through pipes.
 */
#include <linux/aio_abi.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>

#include "raw.h"

static int open_device(void)
{
	int fd = open("/dev/refheap", O_RDWR | O_CLOEXEC);

	assert_true(fd >= 0);
	return fd;
}

static struct refheap_attach attach_to(const char *name, uint32_t flags)
{
	struct refheap_attach attach = {
		.size = sizeof(attach), .flags = flags,
		.owner = REFHEAP_OWNER_SELF,
	};

	strcpy(attach.name, name);
	return attach;
}

/* One operation. Return: what ioctl() returns. */
static int execute(int fd, struct refheap_op op, struct refheap_result *result)
{
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)&op,
		.results = (uintptr_t)result, .count = 1,
	};

	return ioctl(fd, REFHEAP_IOC_BATCH, &batch);
}

static void touch(void *data)
{
	_exit(*(volatile char *)data ? 96 : 97);
}

/* The payload moves within its page, and a neighbour comes to lie there. */
static void resize_moves_a_view(void **state)
{
	struct fixture *f = *state;
	struct refheap_view before, after;
	refheap_id id, neighbour;
	char data[390];
	int moved = 0;

	memset(data, 'N', sizeof(data));
	for (int i = 0; i < 16; i++) {
		ok(refheap_new_bytearray(f->session, NULL, 100, &id));
		ok(refheap_new_bytearray(f->session, data, sizeof(data), &neighbour));
		ok(refheap_view_open(f->session, id, REFHEAP_VIEW_WRITE, &before));
		memset(before.data, 'v', 100);
		ok(refheap_resize(f->session, id, 390));
		ok(refheap_view_open(f->session, id, 0, &after));
		assert_int_equal(*(char *)after.data, 'v');
		if ((char *)before.data - (char *)before.map !=
		    (char *)after.data - (char *)after.map) {
			assert_int_equal(in_child(touch, before.data), 128 + SIGBUS);
			moved++;
		}
		refheap_view_close(&before);
		refheap_view_close(&after);
	}
	assert_true(moved);
}

/* A page in a pipe would show what is put there next. */
static void payload_is_not_pinned(void **state)
{
	struct fixture *f = *state;
	refheap_auto_view struct refheap_view view = { 0 };
	struct iovec piece = { .iov_len = 8 };
	refheap_id id;
	int ends[2];

	ok(refheap_new_bytes(f->session, "payload", 7, &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_memory_equal(view.data, "payload", 7);
	piece.iov_base = view.data;
	ok(pipe(ends));
	assert_int_equal(vmsplice(ends[1], &piece, 1, 0), -1);
	assert_int_equal(errno, EFAULT);
	/* What is copied is not pinned. */
	assert_int_equal(write(ends[1], view.data, 7), 7);
	close(ends[0]);
	close(ends[1]);
}

/* A child's copy is taken away like the view itself. */
static void forked_view_goes_with_the_object(void **state)
{
	struct fixture *f = *state;
	refheap_auto_view struct refheap_view view = { 0 };
	int told[2], status;
	refheap_id id;
	pid_t child;
	char c = 0;

	ok(refheap_new_bytes(f->session, "payload", 7, &id));
	ok(refheap_view_open(f->session, id, 0, &view));
	assert_memory_equal(view.data, "payload", 7);
	ok(pipe(told));
	child = fork();
	if (!child) {
		signal(SIGBUS, SIG_DFL);
		if (*(volatile char *)view.data != 'p' || read(told[0], &c, 1) != 1)
			_exit(98);
		touch(view.data);
	}
	assert_true(child > 0);
	usleep(20000);
	ok(refheap_drop(f->session, id));
	assert_int_equal(write(told[1], "x", 1), 1);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGBUS);
	close(told[0]);
	close(told[1]);
}

struct race {
	int fd;
	volatile int go, stop;
};

static void *map_and_unmap(void *data)
{
	struct race *race = data;
	void *map;

	while (!race->stop) {
		while (race->go) {
			map = mmap(NULL, 4096, PROT_READ, MAP_SHARED, race->fd, 0);
			if (map != MAP_FAILED)
				munmap(map, 4096);
		}
		sched_yield();
	}
	return NULL;
}

/* Nobody takes writable mappings from others by being attached meanwhile. */
static void attached_during_mmap(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = attach_to(refheap_name(f->session),
						 REFHEAP_ATTACH_RDONLY);
	struct race race = { 0 };
	struct refheap_view view;
	pthread_t thread;
	refheap_id id;

	ok(refheap_new_bytearray(f->session, NULL, 5000, &id));
	ok(pthread_create(&thread, NULL, map_and_unmap, &race));
	for (int i = 0; i < 500; i++) {
		race.fd = open_device();
		race.go = 1;
		for (volatile int wait = 0; wait < i % 64 * 50; wait++)
			;
		ok(ioctl(race.fd, REFHEAP_IOC_ATTACH, &attach));
		for (volatile int wait = 0; wait < 2000; wait++)
			;
		race.go = 0;
		ok(refheap_view_open(f->session, id, REFHEAP_VIEW_WRITE, &view));
		refheap_view_close(&view);
		close(race.fd);
	}
	race.stop = 1;
	ok(pthread_join(thread, NULL));
}

/* A poller whose AIO is cancelled takes a reader's lock from a softirq. */
static void aio_polls_a_session(void **state)
{
	struct fixture *f = *state;
	struct iocb poll_in = {
		.aio_lio_opcode = IOCB_CMD_POLL, .aio_fildes = refheap_fd(f->session),
		.aio_buf = POLLIN,
	}, *request = &poll_in;
	struct pollfd file = { .fd = refheap_fd(f->session), .events = POLLIN };
	aio_context_t context = 0;
	pid_t child;

	if (syscall(SYS_io_setup, 1, &context))
		skip();
	syscall(SYS_io_destroy, context);
	child = fork();
	if (!child)
		for (;;)
			poll(&file, 1, 0);
	assert_true(child > 0);
	for (int i = 0; i < 200; i++) {
		context = 0;
		if (syscall(SYS_io_setup, 1, &context))
			continue;
		assert_int_equal(syscall(SYS_io_submit, context, 1, &request), 1);
		syscall(SYS_io_destroy, context);
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
}

static void polled_before_it_is_attached(void **state)
{
	struct fixture *f = *state;
	struct refheap_attach attach = attach_to(refheap_name(f->session), 0);
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe), .mask = REFHEAP_EVENT_GC_STOP,
	};
	struct epoll_event event = { .events = EPOLLIN | EPOLLET };
	int fd = open_device(), epoll = epoll_create1(EPOLL_CLOEXEC);

	assert_true(epoll >= 0);
	ok(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 1);
	assert_true(event.events & EPOLLERR);
	ok(ioctl(fd, REFHEAP_IOC_ATTACH, &attach));
	ok(ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe));
	assert_int_equal(epoll_wait(epoll, &event, 1, 0), 0);
	refheap_collect(f->session, 2, NULL);
	assert_int_equal(epoll_wait(epoll, &event, 1, 2000), 1);
	assert_int_equal(event.events, EPOLLIN);
	close(epoll);
	close(fd);
}

/* A session that is on its way keeps its references, and goes with its last fd. */
static void passed_session_keeps_its_references(void **state)
{
	struct fixture *f = *state;
	struct refheap *other = another_session(f, 0);
	refheap_id id = new_int(other, 123456);
	struct refheap_result result;
	int ends[2], fd;

	ok(socketpair(AF_UNIX, SOCK_STREAM, 0, ends));
	send_fd(ends[0], refheap_fd(other));
	refheap_close(other);
	assert_int_equal(refheap_refcount(f->session, id), 1);
	fd = receive_fd(ends[1]);
	ok(execute(fd, (struct refheap_op){ .code = REFHEAP_OP_TAKE, .a = id }, &result));
	ok(result.error);
	assert_int_equal(refheap_refcount(f->session, id), 2);
	close(fd);
	eventually(refheap_refcount(f->session, id) == -ESTALE);
	close(ends[0]);
	close(ends[1]);
}

static void nothing(int signal)
{
	(void)signal;
}

/* A timer that comes sooner than a collection ends is heard of. */
static void timers_do_not_restart_a_collection(void **state)
{
	struct fixture *f = *state;
	struct sigaction action = { .sa_handler = nothing, .sa_flags = SA_RESTART };
	struct itimerval often = { { 0, 100 }, { 0, 100 } }, never = { 0 };
	struct refheap_result result;
	refheap_id list = new_list(f->session);
	int got = 0;

	for (int i = 0; i < 50000; i++) {
		refheap_id inner = new_list(f->session);

		ok(refheap_append(f->session, list, inner));
		ok(refheap_drop(f->session, inner));
	}
	ok(sigaction(SIGALRM, &action, NULL));
	ok(setitimer(ITIMER_REAL, &often, NULL));
	for (int i = 0; i < 20 && !got; i++)
		got = execute(refheap_fd(f->session),
			      (struct refheap_op){ .code = REFHEAP_OP_COLLECT, .arg = 2 },
			      &result);
	if (got)
		got = errno;
	ok(setitimer(ITIMER_REAL, &never, NULL));
	assert_true(!got || got == EINTR);
	/* Left alone it comes to its end. */
	assert_int_equal(refheap_collect(f->session, 2, NULL), 0);
}

/* Nobody can be told of the heap, so there is none. */
static void failed_attach_leaves_no_heap(void **state)
{
	struct refheap_attach *attach = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
					     MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	int fd = open_device();

	(void)state;
	assert_true(attach != MAP_FAILED);
	*attach = attach_to("test.nobody", REFHEAP_ATTACH_CREATE);
	ok(mprotect(attach, 4096, PROT_READ));
	assert_int_equal(ioctl(fd, REFHEAP_IOC_ATTACH, attach), -1);
	assert_int_equal(errno, EFAULT);
	ok(mprotect(attach, 4096, PROT_READ | PROT_WRITE));
	attach->flags = 0;
	assert_int_equal(ioctl(fd, REFHEAP_IOC_ATTACH, attach), -1);
	assert_int_equal(errno, ENOENT);
	munmap(attach, 4096);
	close(fd);
}

/* The listing says nothing for a while, and then that it has ended. */
static void nothing_is_found_among_many(void **state)
{
	struct fixture *f = *state;
	struct refheap_filter filter = REFHEAP_FILTER_INIT;
	struct refheap_object_info info;
	struct refheap_iter *iter;
	refheap_id list = new_list(f->session);

	for (int i = 0; i < 100000; i++) {
		refheap_id number = new_int(f->session, 100000 + i);

		ok(refheap_append(f->session, list, number));
		ok(refheap_drop(f->session, number));
	}
	filter.kind = REFHEAP_KIND_SET;
	ok(refheap_iter_objects(f->ctl, f->heap, &filter, &iter));
	assert_int_equal(refheap_next_object(iter, &info), 0);
	refheap_iter_close(iter);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		heap_test(resize_moves_a_view),
		heap_test(payload_is_not_pinned),
		heap_test(forked_view_goes_with_the_object),
		heap_test(attached_during_mmap),
		heap_test(aio_polls_a_session),
		heap_test(polled_before_it_is_attached),
		heap_test(passed_session_keeps_its_references),
		heap_test(timers_do_not_restart_a_collection),
		cmocka_unit_test(failed_attach_leaves_no_heap),
		heap_test(nothing_is_found_among_many),
	};

	return cmocka_run_group_tests_name("doors", tests, NULL, NULL);
}
