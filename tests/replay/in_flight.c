// SPDX-License-Identifier: GPL-2.0
/*
 * Descriptors that only a Unix socket has, and sockets that only they
 * themselves have.
 *
 * CVE-2021-0920: the kernel's collector of such sockets took one for dead that
 * somebody was just getting by MSG_PEEK. CVE-2025-40214: it took over a state
 * that nobody had set. CVE-2026-23394: a peek in between again. What they are to
 * find here are sessions and exported references: the collector closes them in
 * a place where no process is, and what they held has to go.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP		"replay.flight"
#define ROUNDS		40
#define HELD		50
#define MOST_FDS	4

static struct bed bed;

/* Sockets. */

static void send_fds(int socket, const int *fds, unsigned int count)
{
	char control[CMSG_SPACE(MOST_FDS * sizeof(int))] = { 0 };
	char byte = 'b';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(count * sizeof(int));
	memcpy(CMSG_DATA(header), fds, count * sizeof(int));
	MUST_SYS(sendmsg(socket, &message, 0));
}

/* Return: how many came. */
static unsigned int receive_fds(int socket, int *fds, int flags)
{
	char control[CMSG_SPACE(MOST_FDS * sizeof(int))];
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header;
	unsigned int bytes;

	if (recvmsg(socket, &message, flags | MSG_CMSG_CLOEXEC | MSG_DONTWAIT) <= 0)
		return 0;
	header = CMSG_FIRSTHDR(&message);
	if (!header || header->cmsg_type != SCM_RIGHTS)
		return 0;
	bytes = header->cmsg_len - CMSG_LEN(0);
	memcpy(fds, CMSG_DATA(header), bytes);
	return bytes / sizeof(int);
}

static void pair(int ends[2])
{
	MUST_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
}

/* The kernel looks for sockets that only they themselves have. */
static void have_sockets_collected(void)
{
	int ends[2];

	pair(ends);
	close(ends[0]);
	close(ends[1]);
}

/* What flies. */

static int session_with_objects(void)
{
	int i, fd = device_attach(HEAP);

	must(fd, "attach");
	for (i = 0; i < HELD; i++)
		value_of(fd, OP(LIST));
	return fd;
}

/* A descriptor with the only reference to an object. */
static int exported_object(void)
{
	int session = device_attach(HEAP);
	struct refheap_export export = { .size = sizeof(export) };

	must(session, "attach");
	export.object = value_of(session, OP(LIST));
	MUST_SYS(ioctl(session, REFHEAP_IOC_EXPORT, &export));
	close(session);
	return export.fd;
}

static bool all_gone(void)
{
	have_sockets_collected();
	return bed_look(&bed).objects == bed.base.objects;
}

/* Cycles of sockets, with @fd in the last of them. */

static void close_after_sending_to_itself(int fd)
{
	int ends[2], fds[2];

	pair(ends);
	fds[0] = ends[0];
	fds[1] = fd;
	send_fds(ends[1], fds, 2);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static void close_in_a_circle(int fd)
{
	enum { PAIRS = 5 };
	int ends[PAIRS][2], fds[2], i;

	for (i = 0; i < PAIRS; i++)
		pair(ends[i]);
	/* Each has the one before it in its queue. */
	for (i = 0; i < PAIRS; i++) {
		fds[0] = ends[(i + PAIRS - 1) % PAIRS][0];
		fds[1] = fd;
		send_fds(ends[i][1], fds, i ? 1 : 2);
	}
	close(fd);
	for (i = 0; i < PAIRS; i++) {
		close(ends[i][0]);
		close(ends[i][1]);
	}
}

/* It holds the socket by which it flies, and dies of a signal. */
static void be_killed_with_it(int fd)
{
	pid_t child = give_birth();

	if (!child) {
		int ends[2], fds[2];

		pair(ends);
		fds[0] = ends[0];
		fds[1] = fd;
		send_fds(ends[1], fds, 2);
		raise(SIGKILL);
	}
	wait_for(child);
	close(fd);
}

static void receive_none(int fd)
{
	int ends[2];

	pair(ends);
	send_fds(ends[0], &fd, 1);
	close(fd);
	close(ends[0]);
	close(ends[1]);
}

static const struct {
	const char *name;
	void (*lose)(int fd);
} ways[] = {
	{ "in a socket that is in its own queue", close_after_sending_to_itself },
	{ "in a circle of sockets", close_in_a_circle },
	{ "in a socket of a killed process", be_killed_with_it },
	{ "in a queue that nobody reads", receive_none },
};

static void lose(const char *what, int (*make)(void))
{
	size_t i;

	for (i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		int fd = make();

		ways[i].lose(fd);
		result(within(10, all_gone()), "%s %s: what it held is gone", what, ways[i].name);
	}
}

/* Somebody looks at what flies while its sockets are closed and collected. */

struct peeker {
	int socket;
	atomic_uint seen;
	atomic_bool stop;
};

static void *peek_and_use(void *argument)
{
	struct peeker *peeker = argument;
	unsigned int i, count;
	int fds[MOST_FDS];

	while (!atomic_load(&peeker->stop)) {
		count = receive_fds(peeker->socket, fds, MSG_PEEK);
		for (i = 0; i < count; i++) {
			uint64_t list;

			/* Only the session has operations. */
			if (!op(fds[i], OP(LIST), &list) && !op(fds[i], OP(DROP, .a = list), NULL))
				atomic_fetch_add(&peeker->seen, 1);
			close(fds[i]);
		}
	}
	close(peeker->socket);
	return NULL;
}

static void *collect_for_ever(void *argument)
{
	atomic_bool *stop = argument;

	while (!atomic_load(stop))
		have_sockets_collected();
	return NULL;
}

static void peek_while_collected(int (*make)(void), const char *what)
{
	unsigned int round, seen = 0;
	pthread_t peeking, collecting;
	atomic_bool stop = false;

	must(-pthread_create(&collecting, NULL, collect_for_ever, &stop), "thread");
	for (round = 0; round < ROUNDS; round++) {
		struct peeker peeker = { .stop = false };
		int ends[2], fds[3];

		pair(ends);
		fds[0] = ends[0];
		fds[1] = ends[1];
		fds[2] = make();
		send_fds(ends[1], fds, 3);
		peeker.socket = ends[0];
		must(-pthread_create(&peeking, NULL, peek_and_use, &peeker), "thread");
		close(fds[2]);
		close(ends[1]);
		usleep(1000);
		atomic_store(&peeker.stop, true);
		pthread_join(peeking, NULL);
		seen += atomic_load(&peeker.seen);
	}
	atomic_store(&stop, true);
	pthread_join(collecting, NULL);
	printf("# used %u times while in flight\n", seen);
	result(within(10, all_gone()), "%s peeked at while it is collected: all is gone", what);
}

/* Whoever receives it has what the sender had. */
static void send_to_another_process(void)
{
	int ends[2], fd = session_with_objects(), status;
	uint64_t list = value_of(fd, OP(LIST));
	pid_t child;

	pair(ends);
	send_fds(ends[0], &fd, 1);
	close(fd);
	child = give_birth();
	if (!child) {
		int received;

		if (receive_fds(ends[1], &received, 0) != 1)
			_exit(1);
		if (op(received, OP(APPEND, .a = list, .c = list), NULL))
			_exit(2);
		_exit(0);
	}
	status = wait_for(child);
	result(status == 0, "a session received is a session (status %d)", status);
	result(within(10, bed_look(&bed).objects == bed.base.objects + 1),
	       "and ends with its last process");
	close(ends[0]);
	close(ends[1]);
	MUST(refheap_collect(bed.session, 2, NULL));
	result(all_gone(), "but for its cycles");
}

/* Import by several who received the same. */
static void import_from_a_queue(void)
{
	int ends[2], fd = exported_object(), session = device_attach(HEAP), received[MOST_FDS], i;
	struct refheap_import import = { .size = sizeof(import) };

	must(session, "attach");
	pair(ends);
	for (i = 0; i < MOST_FDS; i++)
		send_fds(ends[0], &fd, 1);
	close(fd);
	for (i = 0; i < MOST_FDS; i++) {
		if (receive_fds(ends[1], &received[i], 0) != 1)
			must(-ENODATA, "receive");
		import.fd = received[i];
		MUST_SYS(ioctl(session, REFHEAP_IOC_IMPORT, &import));
	}
	for (i = 0; i < MOST_FDS; i++)
		close(received[i]);
	result(within(10, refheap_refcount(bed.session, import.object) == MOST_FDS),
	       "each import is a reference");
	close(session);
	close(ends[0]);
	close(ends[1]);
	result(within(10, all_gone()), "and goes with the session");
}

static bool can_export(void)
{
	int session = device_attach(HEAP);
	struct refheap_export export = { .size = sizeof(export) };
	bool can = ioctl(session, REFHEAP_IOC_EXPORT, &export) == 0 || errno != ENOTTY;

	close(session);
	return can;
}

int main(void)
{
	bed_make(&bed, HEAP);
	lose("a session", session_with_objects);
	peek_while_collected(session_with_objects, "a session");
	send_to_another_process();
	if (can_export()) {
		lose("an export", exported_object);
		peek_while_collected(exported_object, "an export");
		import_from_a_queue();
	}
	bed_check(&bed, "after all flights");
	bed_check_memory(&bed, "after all flights");
	bed_remove(&bed);
	return results();
}
