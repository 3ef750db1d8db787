// SPDX-License-Identifier: GPL-2.0
/*
 * A file whose wait queue goes before those who wait: epoll, poll and AIO on a
 * session that is closed, and whose process exits, at the same time as somebody
 * wakes it.
 *
 * CVE-2019-2215: binder freed a thread, and the wait queue in it, while epoll was
 * in the queue. The POLLFREE of binder and signalfd, 2021: AIO did not notice
 * that the queue it waited in was gone.
 *
 *   poll_closed [ROUNDS]    60
 */
#include <errno.h>
#include <linux/aio_abi.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"replay.poll"
#define SESSIONS	8	/* of one victim */
#define LIFE_US		4000	/* at most */

static struct bed bed;
/* An object that the waker makes and lets die; what the victims look at. */
static volatile refheap_id *bait;

/* Wakes everybody: collections for subscribers, deaths for weak references. */
static void wake_for_ever(void)
{
	int fd = device_attach(HEAP);
	uint64_t list;

	must(fd, "attach");
	for (;;) {
		if (op(fd, OP(LIST), &list))
			continue;
		*bait = list;
		op(fd, OP(COLLECT, .arg = 0), NULL);
		op(fd, OP(DROP, .a = list), NULL);
	}
}

static int new_session(void)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe),
		.mask = REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP,
	};
	int fd = device_attach(HEAP);

	if (fd < 0)
		_exit(1);
	if (ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe))
		_exit(1);
	/* It may be dead by now. */
	op(fd, OP(WEAKREF, .a = *bait, .arg = REFHEAP_WEAKREF_CALLBACK), NULL);
	return fd;
}

struct victim {
	int fd[SESSIONS];
	int epoll;
};

static void watch(int epoll, int fd)
{
	struct epoll_event event = { .events = EPOLLIN | (rand() % 2 ? EPOLLET : 0) };

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

static void *wait_in_epoll(void *argument)
{
	struct victim *victim = argument;
	struct epoll_event events[SESSIONS];

	for (;;)
		epoll_wait(victim->epoll, events, SESSIONS, 1);
	return NULL;
}

static void *wait_in_poll(void *argument)
{
	struct victim *victim = argument;
	struct pollfd pollers[SESSIONS];
	int i;

	for (;;) {
		for (i = 0; i < SESSIONS; i++)
			pollers[i] = (struct pollfd){ .fd = victim->fd[i], .events = POLLIN };
		poll(pollers, SESSIONS, 1);
	}
	return NULL;
}

static void *read_all(void *argument)
{
	struct victim *victim = argument;
	struct refheap_event event;
	int i = 0;

	for (;;)
		next_event(victim->fd[i++ % SESSIONS], &event);
	return NULL;
}

/* Requests that wait in the queue of the session until it goes. */
static void poll_by_aio(struct victim *victim)
{
	struct iocb control[SESSIONS] = { { 0 } }, *list[SESSIONS];
	aio_context_t context = 0;
	int i;

	if (syscall(SYS_io_setup, SESSIONS, &context))
		return;
	for (i = 0; i < SESSIONS; i++) {
		control[i].aio_lio_opcode = IOCB_CMD_POLL;
		control[i].aio_fildes = victim->fd[i];
		control[i].aio_buf = POLLIN;
		list[i] = &control[i];
	}
	syscall(SYS_io_submit, context, SESSIONS, list);
	if (rand() % 2)
		syscall(SYS_io_destroy, context);
}

static void live_and_be_polled(unsigned int seed, int shared_epoll)
{
	static void *(*const ways[])(void *) = { wait_in_epoll, wait_in_poll, read_all };
	struct victim victim;
	pthread_t thread;
	size_t i;

	srand(seed);
	victim.epoll = rand() % 2 ? shared_epoll : epoll_create1(EPOLL_CLOEXEC);
	for (i = 0; i < SESSIONS; i++) {
		victim.fd[i] = new_session();
		watch(victim.epoll, victim.fd[i]);
	}
	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++)
		pthread_create(&thread, NULL, ways[i], &victim);
	/* Others close what these wait for, and put another one in its place. */
	for (;;) {
		int *fd = &victim.fd[rand() % SESSIONS];

		if (rand() % 4 == 0)
			poll_by_aio(&victim);
		close(*fd);
		if (rand() % 64 == 0)
			_exit(0);
		*fd = new_session();
		watch(victim.epoll, *fd);
	}
}

/* Return: whether all lived until they were killed, or ended as they should. */
static bool storm(unsigned int rounds, int shared_epoll)
{
	struct epoll_event events[SESSIONS];
	unsigned int i;
	bool good = true;

	for (i = 0; i < rounds; i++) {
		unsigned int seed = rand();
		pid_t child = give_birth();
		uint64_t until = now_us() + rand() % LIFE_US + 1000;
		int status;

		if (!child)
			live_and_be_polled(seed, shared_epoll);
		/* What it watches by the shared one may go while we look. */
		while (now_us() < until)
			epoll_wait(shared_epoll, events, SESSIONS, 1);
		status = end(child);
		if (status && status != 128 + SIGKILL) {
			printf("# round %u: status %d\n", i, status);
			good = false;
		}
	}
	return good;
}

/* The process that attached a session is gone; whoever has a copy is told on. */
static void poll_what_another_left(void)
{
	struct epoll_event event = { .events = EPOLLIN };
	int epoll = epoll_create1(EPOLL_CLOEXEC), fd = new_session(), copy = dup(fd);
	int n;

	epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
	close(fd);
	value_of(copy, OP(COLLECT));
	result(epoll_wait(epoll, &event, 1, 1000) == 1, "a copy of what was closed is told");
	close(copy);
	n = epoll_wait(epoll, &event, 1, 100);
	result(n == 0, "nothing is told of what nobody has any more");
	close(epoll);
}

static void *wait_for_the_end(void *argument)
{
	struct pollfd poller = { .fd = *(int *)argument, .events = POLLIN };

	return (void *)(intptr_t)(poll(&poller, 1, 10000) == 1 ? poller.revents : -1);
}

/* The heap goes while somebody waits in poll(). */
static void remove_while_polled(void)
{
	struct bed other;
	pthread_t thread;
	void *events;
	int fd;

	bed_make(&other, HEAP ".removed");
	fd = device_attach(other.name);
	must(fd, "attach");
	must(-pthread_create(&thread, NULL, wait_for_the_end, &fd), "thread");
	usleep(20000);
	bed_remove(&other);
	pthread_join(thread, &events);
	result((intptr_t)events > 0 && (intptr_t)events & (POLLHUP | POLLERR),
	       "who waits is told that the heap went");
	close(fd);
}

int main(int argc, char **argv)
{
	unsigned int rounds = argc > 1 ? strtoul(argv[1], NULL, 0) : 60;
	unsigned int seed = argc > 2 ? strtoul(argv[2], NULL, 0) : (unsigned int)getpid();
	int shared_epoll = epoll_create1(EPOLL_CLOEXEC);
	pid_t waker;

	printf("# %u rounds, seed %u\n", rounds, seed);
	srand(seed);
	bait = shared_memory(sizeof(*bait));
	bed_make(&bed, HEAP);
	waker = give_birth();
	if (!waker)
		wake_for_ever();
	result(within(10, *bait), "somebody wakes");
	result(storm(rounds, shared_epoll), "who was polled lived until the end");
	poll_what_another_left();
	end(waker);
	close(shared_epoll);
	remove_while_polled();
	bed_check(&bed, "after the storm");
	bed_remove(&bed);
	return results();
}
