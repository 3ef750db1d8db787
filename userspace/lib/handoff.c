// SPDX-License-Identifier: LGPL-2.1-or-later
/* References in descriptors, and over Unix sockets. */
#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "session.h"

/* Only for those who read the wrong message from a socket. */
#define GREETING 'r'

/* What the kernel lets a message have at most: none may be left open. */
#define MAX_DESCRIPTORS 253

int refheap_export(struct refheap *session, refheap_id id)
{
	struct refheap_export export = {
		.size = sizeof(export),
		.object = id,
	};

	while (ioctl(session->fd, REFHEAP_IOC_EXPORT, &export))
		if (errno != EINTR)
			return -errno;
	return export.fd;
}

int refheap_import(struct refheap *session, int fd, refheap_id *id)
{
	struct refheap_import import = {
		.size = sizeof(import),
		.fd = fd,
	};

	while (ioctl(session->fd, REFHEAP_IOC_IMPORT, &import))
		if (errno != EINTR)
			return -errno;
	*id = import.object;
	return 0;
}

/* Room for control messages, aligned as they must be. */
union control {
	struct cmsghdr header;
	char room[CMSG_SPACE(sizeof(int) * MAX_DESCRIPTORS)];
};

static int send_descriptor(int socket, int fd)
{
	char greeting = GREETING;
	union control control = { 0 };
	struct iovec data = { .iov_base = &greeting, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = CMSG_SPACE(sizeof(fd)),
	};
	struct cmsghdr *header = CMSG_FIRSTHDR(&message);

	header->cmsg_level = SOL_SOCKET;
	header->cmsg_type = SCM_RIGHTS;
	header->cmsg_len = CMSG_LEN(sizeof(fd));
	memcpy(CMSG_DATA(header), &fd, sizeof(fd));
	return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -errno : 0;
}

int refheap_send_object(struct refheap *session, int socket, refheap_id id)
{
	int fd = refheap_export(session, id);
	int err;

	if (fd < 0)
		return fd;
	err = send_descriptor(socket, fd);
	close(fd);
	return err;
}

/* The first descriptor of a message, or -1; what else is in it is closed. */
static int take_descriptor(struct msghdr *message)
{
	struct cmsghdr *header;
	int first = -1;

	for (header = CMSG_FIRSTHDR(message); header;
	     header = CMSG_NXTHDR(message, header)) {
		const unsigned char *at = CMSG_DATA(header);
		size_t left = header->cmsg_len - CMSG_LEN(0);
		int fd;

		if (header->cmsg_level != SOL_SOCKET ||
		    header->cmsg_type != SCM_RIGHTS)
			continue;
		for (; left >= sizeof(fd); left -= sizeof(fd)) {
			memcpy(&fd, at, sizeof(fd));
			at += sizeof(fd);
			if (first < 0)
				first = fd;
			else
				close(fd);
		}
	}
	return first;
}

/* 1 and a descriptor, 0 at the end, or an error. */
static int receive_descriptor(int socket, int *fd)
{
	char greeting = 0;
	union control control;
	struct iovec data = { .iov_base = &greeting, .iov_len = 1 };
	struct msghdr message = {
		.msg_iov = &data,
		.msg_iovlen = 1,
		.msg_control = control.room,
		.msg_controllen = sizeof(control.room),
	};
	ssize_t got = recvmsg(socket, &message, MSG_CMSG_CLOEXEC);
	int first;

	if (got < 0)
		return -errno;
	first = take_descriptor(&message);
	if (first >= 0 && got == 1 && greeting == GREETING &&
	    !(message.msg_flags & MSG_TRUNC)) {
		*fd = first;
		return 1;
	}
	if (first >= 0)
		close(first);
	return got ? -EBADMSG : 0;
}

int refheap_receive_object(struct refheap *session, int socket, refheap_id *id)
{
	int fd;
	int got;

	got = receive_descriptor(socket, &fd);
	if (got <= 0)
		return got;
	got = refheap_import(session, fd, id);
	close(fd);
	return got ? got : 1;
}
