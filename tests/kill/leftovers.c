// SPDX-License-Identifier: GPL-2.0
/* Killed within frames, with events unread, with exports on their way. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "kill.h"

#define DEPTH	64
#define OBJECTS	200
#define EXPORTS	20

static void stay_in_frames(const struct bed *bed, int fd, void *data)
{
	unsigned int i;

	(void)bed;
	(void)data;
	for (i = 0; i < DEPTH; i++) {
		refheap_id list = value_of(fd, OP(LIST)), other;

		value_of(fd, OP(FRAME_PUSH));
		value_of(fd, OP(TAKE, .a = list));
		other = value_of(fd, OP(LIST));
		value_of(fd, OP(APPEND, .a = other, .c = list));
		value_of(fd, OP(TAKE, .a = other));
		value_of(fd, OP(HAND_OUT, .a = other));
		if (i % 8 == 7)
			value_of(fd, OP(FRAME_POP));
	}
	stay();
}

/* Callbacks, and what was subscribed to. */
static void stay_without_reading(const struct bed *bed, int fd, void *data)
{
	struct refheap_subscribe subscribe = {
		.size = sizeof(subscribe), .mask = REFHEAP_EVENT_GC_START | REFHEAP_EVENT_GC_STOP,
	};
	unsigned int i;

	(void)bed;
	(void)data;
	MUST_SYS(ioctl(fd, REFHEAP_IOC_SUBSCRIBE, &subscribe));
	for (i = 0; i < OBJECTS; i++) {
		refheap_id list = value_of(fd, OP(LIST));
		refheap_id reference = value_of(fd, OP(WEAKREF, .a = list, .b = i,
						       .arg = REFHEAP_WEAKREF_CALLBACK |
							      REFHEAP_WEAKREF_ATEXIT));

		/* The event is all that keeps some of them. */
		if (i % 2)
			value_of(fd, OP(DROP, .a = list));
		if (i % 4 == 1)
			value_of(fd, OP(DROP, .a = reference));
	}
	value_of(fd, OP(COLLECT, .arg = 2));
	stay();
}

static void send_fd(int socket, int fd)
{
	char control[CMSG_SPACE(sizeof(int))] = { 0 };
	char byte = 'b';
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(int));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	MUST_SYS(sendmsg(socket, &message, 0));
}

static int receive_fd(int socket)
{
	char control[CMSG_SPACE(sizeof(int))];
	char byte;
	struct iovec part = { .iov_base = &byte, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &part, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};
	int fd;

	MUST_SYS(recvmsg(socket, &message, MSG_CMSG_CLOEXEC));
	memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(fd));
	return fd;
}

/* Sent to the socket in @data; some are still open here, some not yet read. */
static void stay_with_exports(const struct bed *bed, int fd, void *data)
{
	int *ends = data;
	unsigned int i;

	(void)bed;
	close(ends[0]);
	for (i = 0; i < EXPORTS; i++) {
		struct refheap_export export = {
			.size = sizeof(export), .object = value_of(fd, OP(LIST)),
		};

		MUST_SYS(ioctl(fd, REFHEAP_IOC_EXPORT, &export));
		value_of(fd, OP(DROP, .a = export.object));
		send_fd(ends[1], export.fd);
		if (i % 2)
			close(export.fd);
	}
	stay();
}

static void kill_one(struct bed *bed, const char *what,
		     void (*life)(const struct bed *bed, int fd, void *data))
{
	struct victim victim = start(life, bed, NULL);
	bool killed = finish(&victim);

	result(killed && all_gone(bed), "%s: nothing is left", what);
}

static void kill_with_exports(struct bed *bed)
{
	int session = device_attach(bed->name), ends[2];
	struct refheap_import import = { .size = sizeof(import) };
	struct victim victim;
	bool killed;

	must(session, "attach");
	MUST_SYS(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends));
	victim = start(stay_with_exports, bed, ends);
	killed = finish(&victim);
	close(ends[1]);
	result(killed && within(60, bed_look(bed).objects == bed->base.objects + EXPORTS),
	       "what flies outlives its sender");
	import.fd = receive_fd(ends[0]);
	MUST_SYS(ioctl(session, REFHEAP_IOC_IMPORT, &import));
	close(import.fd);
	close(ends[0]);
	result(within(60, bed_look(bed).objects == bed->base.objects + 1),
	       "and lasts as long as who has received it");
	value_of(session, OP(LEN, .a = import.object));
	close(session);
	result(all_gone(bed), "killed with exports in flight: nothing is left");
}

void kill_with_leftovers(struct bed *bed)
{
	kill_one(bed, "killed within frames", stay_in_frames);
	kill_one(bed, "killed with events unread", stay_without_reading);
	kill_with_exports(bed);
}
