/* SPDX-License-Identifier: GPL-2.0 */
/* The device without the library: what it says is what is tested. */
#ifndef TESTS_API_RAW_H
#define TESTS_API_RAW_H

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include "fixture.h"

/* A descriptor of a session at the heap of the test. */
static inline int raw_session(struct fixture *f, int access)
{
	struct refheap_attach attach = {
		.size = sizeof(attach), .owner = REFHEAP_OWNER_SELF,
		.flags = access == O_RDONLY ? REFHEAP_ATTACH_RDONLY : 0,
	};
	int fd = open("/dev/refheap", access | O_CLOEXEC);

	assert_true(fd >= 0);
	strcpy(attach.name, refheap_name(f->session));
	ok(ioctl(fd, REFHEAP_IOC_ATTACH, &attach));
	return fd;
}

static inline void raw_nonblock(int fd)
{
	assert_int_equal(fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK), 0);
}

/* One operation. Return: its error, 0 when it has none. */
static inline int raw_execute(int fd, struct refheap_op op, uint64_t *value)
{
	struct refheap_result result;
	struct refheap_batch batch = {
		.size = sizeof(batch), .ops = (uintptr_t)&op,
		.results = (uintptr_t)&result, .count = 1,
	};

	ok(ioctl(fd, REFHEAP_IOC_BATCH, &batch));
	if (value)
		*value = result.value;
	return result.error;
}

static inline uint64_t raw_list(int fd)
{
	uint64_t id;

	ok(raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_LIST }, &id));
	return id;
}

static inline void raw_drop(int fd, uint64_t id)
{
	ok(raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_DROP, .a = id },
		       NULL));
}

static inline int raw_take(int fd, uint64_t id)
{
	return raw_execute(fd, (struct refheap_op){ .code = REFHEAP_OP_TAKE, .a = id },
			   NULL);
}

/* A weak reference whose event carries @value. */
static inline uint64_t raw_watch(int fd, uint64_t id, uint64_t value)
{
	uint64_t weakref;

	ok(raw_execute(fd, (struct refheap_op){
		.code = REFHEAP_OP_WEAKREF, .arg = REFHEAP_WEAKREF_CALLBACK,
		.a = id, .b = value,
	}, &weakref));
	return weakref;
}

static inline short raw_poll(int fd, int timeout_ms)
{
	struct pollfd file = { .fd = fd, .events = POLLIN };

	return poll(&file, 1, timeout_ms) == 1 ? file.revents : 0;
}

static inline void send_fd(int socket, int fd)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(fd))];
	} control = { 0 };
	struct iovec data = { "x", 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};

	control.header = (struct cmsghdr){
		.cmsg_len = CMSG_LEN(sizeof(fd)), .cmsg_level = SOL_SOCKET,
		.cmsg_type = SCM_RIGHTS,
	};
	memcpy(CMSG_DATA(&control.header), &fd, sizeof(fd));
	assert_int_equal(sendmsg(socket, &message, 0), 1);
}

static inline int receive_fd(int socket)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(sizeof(int))];
	} control = { 0 };
	char byte;
	struct iovec data = { &byte, 1 };
	struct msghdr message = {
		.msg_iov = &data, .msg_iovlen = 1,
		.msg_control = &control, .msg_controllen = sizeof(control),
	};
	int fd;

	assert_int_equal(recvmsg(socket, &message, 0), 1);
	memcpy(&fd, CMSG_DATA(&control.header), sizeof(fd));
	return fd;
}

#endif
