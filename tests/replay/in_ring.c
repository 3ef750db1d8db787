// SPDX-License-Identifier: GPL-2.0
/*
 * A session that io_uring has: as a registered file, with a poll and a read that
 * are pending, while its descriptor, its ring and its process go.
 *
 * CVE-2022-2602: the collector of Unix sockets freed a file registered with a
 * ring while a request for it was on its way.
 */
#include <errno.h>
#include <linux/io_uring.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "../bed.h"

#define HEAP	"replay.ring"
#define ENTRIES	8
#define HELD	20
#define ROUNDS	30

static struct bed bed;

/* A ring, by hand. */

struct ring {
	int fd;
	struct io_uring_params params;
	uint8_t *rings;		/* both of them */
	size_t bytes;
	struct io_uring_sqe *requests;
};

static int ring_make(struct ring *ring)
{
	struct io_uring_params *p = &ring->params;

	memset(ring, 0, sizeof(*ring));
	ring->fd = syscall(SYS_io_uring_setup, ENTRIES, p);
	if (ring->fd < 0)
		return -errno;
	if (!(p->features & IORING_FEAT_SINGLE_MMAP))
		return -ENOSYS;
	ring->bytes = p->sq_off.array + p->sq_entries * sizeof(uint32_t);
	if (ring->bytes < p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe))
		ring->bytes = p->cq_off.cqes + p->cq_entries * sizeof(struct io_uring_cqe);
	ring->rings = mmap(NULL, ring->bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE,
			   ring->fd, IORING_OFF_SQ_RING);
	ring->requests = mmap(NULL, p->sq_entries * sizeof(*ring->requests),
			      PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, ring->fd,
			      IORING_OFF_SQES);
	if (ring->rings == MAP_FAILED || ring->requests == MAP_FAILED)
		return -errno;
	return 0;
}

static void ring_unmake(struct ring *ring)
{
	munmap(ring->rings, ring->bytes);
	munmap(ring->requests, ring->params.sq_entries * sizeof(*ring->requests));
	close(ring->fd);
}

static _Atomic uint32_t *ring_word(struct ring *ring, uint32_t offset)
{
	return (_Atomic uint32_t *)(ring->rings + offset);
}

static int ring_submit(struct ring *ring, const struct io_uring_sqe *request)
{
	struct io_sqring_offsets *at = &ring->params.sq_off;
	uint32_t tail = atomic_load(ring_word(ring, at->tail));
	uint32_t index = tail & *ring_word(ring, at->ring_mask);

	ring->requests[index] = *request;
	*ring_word(ring, at->array + index * sizeof(uint32_t)) = index;
	atomic_store(ring_word(ring, at->tail), tail + 1);
	return syscall(SYS_io_uring_enter, ring->fd, 1, 0, 0, NULL, 0) == 1 ? 0 : -errno;
}

/* The result of a request, waited for. */
static int ring_wait(struct ring *ring, uint64_t user_data)
{
	struct io_cqring_offsets *at = &ring->params.cq_off;

	for (;;) {
		uint32_t head = atomic_load(ring_word(ring, at->head));
		struct io_uring_cqe *answer;

		if (head == atomic_load(ring_word(ring, at->tail))) {
			syscall(SYS_io_uring_enter, ring->fd, 0, 1, IORING_ENTER_GETEVENTS, NULL, 0);
			continue;
		}
		answer = (struct io_uring_cqe *)(ring->rings + at->cqes) +
			 (head & *ring_word(ring, at->ring_mask));
		atomic_store(ring_word(ring, at->head), head + 1);
		if (answer->user_data == user_data)
			return answer->res;
	}
}

static int ring_register_files(struct ring *ring, const int *fds, unsigned int count)
{
	return syscall(SYS_io_uring_register, ring->fd, IORING_REGISTER_FILES, fds, count) ?
		-errno : 0;
}

static int ring_poll(struct ring *ring, int fd, bool registered, bool again)
{
	const struct io_uring_sqe request = {
		.opcode = IORING_OP_POLL_ADD, .fd = fd, .poll32_events = POLLIN, .user_data = 'p',
		.flags = registered ? IOSQE_FIXED_FILE : 0, .len = again ? IORING_POLL_ADD_MULTI : 0,
	};

	return ring_submit(ring, &request);
}

static struct refheap_event event;

/* It waits in a worker of the kernel until there is an event. */
static int ring_read(struct ring *ring, int fd, bool registered)
{
	const struct io_uring_sqe request = {
		.opcode = IORING_OP_READ, .fd = fd, .addr = (uintptr_t)&event, .len = sizeof(event),
		.user_data = 'r', .flags = registered ? IOSQE_FIXED_FILE : 0,
	};

	return ring_submit(ring, &request);
}

/* The session. */

static int session_with_objects(void)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe), .mask = REFHEAP_EVENT_GC_STOP,
	};
	int i, fd = device_attach(HEAP);

	must(fd, "attach");
	MUST_SYS(ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe));
	for (i = 0; i < HELD; i++)
		value_of(fd, OP(LIST));
	return fd;
}

static bool all_gone(void)
{
	return bed_look(&bed).objects == bed.base.objects;
}

static void make_an_event(void)
{
	MUST(refheap_collect(bed.session, 0, NULL));
}

static void requests_are_answered(void)
{
	struct ring ring;
	int fd = session_with_objects();

	MUST(ring_make(&ring));
	MUST(ring_poll(&ring, fd, false, false));
	make_an_event();
	result(ring_wait(&ring, 'p') & POLLIN, "a pending poll is told");
	MUST_SYS(read(fd, &event, sizeof(event)));
	MUST(ring_read(&ring, fd, false));
	usleep(10000);
	make_an_event();
	result(ring_wait(&ring, 'r') == sizeof(event) && event.type == REFHEAP_EVENT_GC_STOP,
	       "a pending read gets the event");
	ring_unmake(&ring);
	close(fd);
	result(within(10, all_gone()), "what the session had is gone");
}

static void registered_file_is_a_session(void)
{
	struct ring ring;
	int fd = session_with_objects();

	MUST(ring_make(&ring));
	MUST(ring_register_files(&ring, &fd, 1));
	close(fd);
	make_an_event();
	MUST(ring_read(&ring, 0, true));
	result(ring_wait(&ring, 'r') == sizeof(event), "a session only registered is read");
	result(bed_look(&bed).objects == bed.base.objects + HELD, "it holds what it held");
	ring_unmake(&ring);
	result(within(10, all_gone()), "and ends with the ring");
}

/* Ways to go with requests pending. */

enum { POLL = 1, READ = 2, REGISTERED = 4, RING_FIRST = 8, KILL = 16, WAYS = 32 };

static void go(unsigned int way)
{
	int fd = session_with_objects(), index = fd;
	bool registered = way & REGISTERED;
	struct ring ring;

	MUST(ring_make(&ring));
	if (registered) {
		MUST(ring_register_files(&ring, &fd, 1));
		index = 0;
	}
	if (way & POLL)
		MUST(ring_poll(&ring, index, registered, true));
	if (way & READ)
		MUST(ring_read(&ring, index, registered));
	if (way & KILL)
		raise(SIGKILL);
	if (way & RING_FIRST) {
		ring_unmake(&ring);
		make_an_event();
		close(fd);
	} else {
		close(fd);
		make_an_event();
		ring_unmake(&ring);
	}
}

static void go_in_each_way(void)
{
	unsigned int way, bad = 0;

	for (way = 0; way < WAYS; way++) {
		pid_t child = give_birth();

		if (!child) {
			go(way);
			_exit(0);
		}
		if (wait_for(child) != (way & KILL ? 128 + SIGKILL : 0) || !within(10, all_gone())) {
			printf("# way %u: %llu objects more\n", way,
			       (unsigned long long)(bed_look(&bed).objects - bed.base.objects));
			bad++;
		}
	}
	result(!bad, "nothing is left, in %u ways to go with requests pending", WAYS);
}

/* The registered socket has the session, and itself, in its queue. */

static int send_two(int socket, int one, int other)
{
	char control[CMSG_SPACE(2 * sizeof(int))] = { 0 };
	char byte = 'b';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);
	int fds[] = { one, other };

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fds));
	memcpy(CMSG_DATA(header), fds, sizeof(fds));
	return sendmsg(socket, &message, 0) < 0 ? -errno : 0;
}

/* Return: how sending the ring itself ended. */
static int round_of_socket_and_ring(void)
{
	struct ring ring;
	int ends[2], files[2], err, fd = session_with_objects();

	MUST(ring_make(&ring));
	MUST_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	files[0] = ends[0];
	files[1] = fd;
	MUST(ring_register_files(&ring, files, 2));
	MUST(ring_read(&ring, 1, true));
	MUST(send_two(ends[1], ends[0], fd));
	/* Newer kernels do not let rings into sockets, because of that. */
	err = send_two(ends[1], ring.fd, fd);
	close(fd);
	close(ends[0]);
	close(ends[1]);
	ring_unmake(&ring);
	return err;
}

/* Rings go later than they are closed; closing a socket has circles looked for. */
static bool all_collected(void)
{
	int ends[2];

	MUST_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	close(ends[0]);
	close(ends[1]);
	return all_gone();
}

static void in_a_socket_of_a_ring(void)
{
	int i, err = 0;

	for (i = 0; i < ROUNDS; i++)
		err = round_of_socket_and_ring();
	printf("# the ring itself in a socket: %s\n", err ? strerror(-err) : "it can be");
	result(within(20, all_collected()), "nothing is left of circles of rings and sockets");
}

int main(void)
{
	struct ring ring;
	int err = ring_make(&ring);

	if (err) {
		skipped("io_uring: %s", strerror(-err));
		return results();
	}
	ring_unmake(&ring);
	bed_make(&bed, HEAP);
	requests_are_answered();
	registered_file_is_a_session();
	go_in_each_way();
	in_a_socket_of_a_ring();
	bed_check(&bed, "after all rings");
	bed_remove(&bed);
	return results();
}
