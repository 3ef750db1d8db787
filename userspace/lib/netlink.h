/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* Sockets of the netlink family, and reading messages one at a time. */
#ifndef LIBREFHEAP_NETLINK_H
#define LIBREFHEAP_NETLINK_H

#include <netlink/genl/genl.h>
#include <netlink/netlink.h>

#include <refheap.h>

struct rh_socket {
	struct nl_sock *sock;
	int family;
	uint32_t sequence;	/* of the request whose answer is read; 0: any */
	unsigned char *buffer;	/* one datagram */
	struct nlmsghdr *next;	/* the message in it to be read next */
	int left;		/* bytes of the datagram from there on */
	bool interrupted;	/* the kernel said that a dump is not consistent */
};

typedef struct nlattr *rh_attrs[REFHEAP_A_MAX + 1];

int rh_socket_open(struct rh_socket *socket);
/* Likewise, but with the family's number from another that is open. */
int rh_socket_open_beside(struct rh_socket *socket,
			  const struct rh_socket *other);
void rh_socket_close(struct rh_socket *socket);

/* A request about a heap; 0 for none. To be sent, or freed with nlmsg_free(). */
struct nl_msg *rh_request(const struct rh_socket *socket, uint8_t command,
			  int flags, uint32_t heap);

/* Sends and frees the request, NULL included; @put is what filling it gave. */
int rh_send(struct rh_socket *socket, struct nl_msg *request, int put);

/*
 * The next message of the answer. Returns 1, 0 at its end, or a negative
 * errno. The message is valid until the next call.
 */
int rh_receive(struct rh_socket *socket, struct nlmsghdr **message);

/* Read and throw away what is left of the answer; returns its error. */
int rh_finish(struct rh_socket *socket);

/* The attributes of a message, lengths checked. */
int rh_parse(struct nlmsghdr *message, rh_attrs attrs);
int rh_parse_nested(struct nlattr *nest, rh_attrs attrs);

/* Values of attributes; 0 or empty for those that are not there. */
uint8_t rh_u8(rh_attrs attrs, enum refheap_attr attr);
uint32_t rh_u32(rh_attrs attrs, enum refheap_attr attr);
uint64_t rh_u64(rh_attrs attrs, enum refheap_attr attr);
void rh_string(rh_attrs attrs, enum refheap_attr attr, char *text, size_t size);

/* An error of libnl as a negative errno. */
int rh_nl_error(int error);

#endif
