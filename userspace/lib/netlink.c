// SPDX-License-Identifier: LGPL-2.1-or-later
/*
 * Netlink. libnl packs and unpacks; messages are taken from one datagram at a
 * time, so that an answer of any length needs the memory of one datagram.
 */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <stdlib.h>
#include <string.h>

#include "netlink.h"

#define U8	{ .type = NLA_U8 }
#define U32	{ .type = NLA_U32 }
#define U64	{ .type = NLA_U64 }
#define STRING	{ .type = NLA_STRING }

static struct nla_policy policy[REFHEAP_A_MAX + 1] = {
	[REFHEAP_A_HEAP_ID] = U32,
	[REFHEAP_A_HEAP_NAME] = STRING,
	[REFHEAP_A_HEAP_OWNER] = U32,
	[REFHEAP_A_HEAP_GROUP] = U32,
	[REFHEAP_A_HEAP_MODE] = U32,
	[REFHEAP_A_HEAP_MAX_BYTES] = U64,
	[REFHEAP_A_HEAP_MAX_OBJECTS] = U64,
	[REFHEAP_A_HEAP_BYTES] = U64,
	[REFHEAP_A_HEAP_RESERVED] = U64,
	[REFHEAP_A_HEAP_OBJECTS] = U64,
	[REFHEAP_A_HEAP_SESSIONS] = U32,
	[REFHEAP_A_HEAP_NAMES] = U64,
	[REFHEAP_A_HEAP_BIRTHS] = U64,
	[REFHEAP_A_HEAP_DEATHS] = U64,
	[REFHEAP_A_GC_ENABLED] = U8,
	[REFHEAP_A_GC_DEBUG] = U32,
	[REFHEAP_A_GC_COLLECTING] = U8,
	[REFHEAP_A_GC_FROZEN] = U64,
	[REFHEAP_A_GC_GARBAGE] = U64,
	[REFHEAP_A_GC_LONG_LIVED_PENDING] = U64,
	[REFHEAP_A_GC_LONG_LIVED_TOTAL] = U64,
	[REFHEAP_A_GC_LONGEST_HOLD] = U64,
	[REFHEAP_A_GC_DURATION] = U64,
	[REFHEAP_A_GC_GENERATION] = { .type = NLA_NESTED },
	[REFHEAP_A_GEN_INDEX] = U32,
	[REFHEAP_A_GEN_THRESHOLD] = U32,
	[REFHEAP_A_GEN_COUNT] = U32,
	[REFHEAP_A_GEN_OBJECTS] = U64,
	[REFHEAP_A_GEN_COLLECTIONS] = U64,
	[REFHEAP_A_GEN_COLLECTED] = U64,
	[REFHEAP_A_GEN_UNCOLLECTABLE] = U64,
	[REFHEAP_A_OBJECT_ID] = U64,
	[REFHEAP_A_OBJECT_KIND] = U32,
	[REFHEAP_A_OBJECT_TYPE] = U32,
	[REFHEAP_A_OBJECT_REFCOUNT] = U32,
	[REFHEAP_A_OBJECT_SIZEOF] = U64,
	[REFHEAP_A_OBJECT_LENGTH] = U64,
	[REFHEAP_A_OBJECT_GENERATION] = U32,
	[REFHEAP_A_OBJECT_FLAGS] = U32,
	[REFHEAP_A_OBJECT_EDGES] = U32,
	[REFHEAP_A_TYPE_ID] = U32,
	[REFHEAP_A_TYPE_KIND] = U32,
	[REFHEAP_A_TYPE_NAME] = STRING,
	[REFHEAP_A_TYPE_BASE] = U32,
	[REFHEAP_A_TYPE_FLAGS] = U32,
	[REFHEAP_A_TYPE_SLOT] = STRING,
	[REFHEAP_A_TYPE_OBJECTS] = U64,
	[REFHEAP_A_TYPE_BYTES] = U64,
	[REFHEAP_A_ARENA_SPACE] = U32,
	[REFHEAP_A_ARENA_INDEX] = U32,
	[REFHEAP_A_ARENA_BYTES] = U64,
	[REFHEAP_A_ARENA_PAGES_FREE] = U32,
	[REFHEAP_A_ARENA_PAGES] = U32,
	[REFHEAP_A_CLASS_BYTES] = U32,
	[REFHEAP_A_CLASS_POOLS] = U64,
	[REFHEAP_A_CLASS_USED] = U64,
	[REFHEAP_A_CLASS_FREE] = U64,
	[REFHEAP_A_TABLE_BYTES] = U64,
	[REFHEAP_A_TABLE_SLOTS] = U64,
	[REFHEAP_A_METADATA_MILLIBYTES] = U64,
	[REFHEAP_A_LARGE_BLOCKS] = U64,
	[REFHEAP_A_LARGE_BYTES] = U64,
	[REFHEAP_A_SESSION_ID] = U32,
	[REFHEAP_A_SESSION_PID] = U32,
	[REFHEAP_A_SESSION_COMM] = STRING,
	[REFHEAP_A_SESSION_UID] = U32,
	[REFHEAP_A_SESSION_HELD] = U64,
	[REFHEAP_A_SESSION_SINCE] = U64,
	[REFHEAP_A_NTF_SEQ] = U64,
	[REFHEAP_A_NTF_EVENT] = U32,
	[REFHEAP_A_NTF_TIME] = U64,
	[REFHEAP_A_GC_PERIOD] = U64,
	[REFHEAP_A_GC_PERIOD_GENERATION] = U32,
	[REFHEAP_A_GC_PENDING] = U64,
	[REFHEAP_A_GC_FINALIZED] = U64,
	[REFHEAP_A_GC_SKIPPED] = U64,
	[REFHEAP_A_OBJECT_WEAKREFS] = U32,
	[REFHEAP_A_OBJECT_REFERENT] = U64,
	[REFHEAP_A_SESSION_FRAMES] = U32,
	[REFHEAP_A_SESSION_EVENTS] = U64,
	[REFHEAP_A_SESSION_EXPORT] = { .type = NLA_FLAG },
	[REFHEAP_A_HOLD_COUNT] = U32,
	[REFHEAP_A_HOLD_SINCE] = U64,
	[REFHEAP_A_HOLD_FRAME] = U32,
	[REFHEAP_A_NTF_RECORD] = { .type = NLA_NESTED },
};

int rh_nl_error(int error)
{
	switch (error < 0 ? -error : error) {
	case NLE_SUCCESS:
		return 0;
	case NLE_NOMEM:
		return -ENOMEM;
	case NLE_PERM:
		return -EPERM;
	case NLE_NOACCESS:
		return -EACCES;
	case NLE_INTR:
		return -EINTR;
	case NLE_AGAIN:
		return -EAGAIN;
	case NLE_OBJ_NOTFOUND:
		return -ENOENT;
	case NLE_MSGSIZE:
	case NLE_RANGE:
	case NLE_INVAL:
		return -EINVAL;
	default:
		return -EIO;
	}
}

static int connect_socket(struct rh_socket *socket)
{
	*socket = (struct rh_socket){ .sock = nl_socket_alloc() };
	return socket->sock ? genl_connect(socket->sock) : -NLE_NOMEM;
}

/* Closes it again when it could not be opened. */
static int opened(struct rh_socket *socket, int err)
{
	if (!err)
		return 0;
	rh_socket_close(socket);
	/* What is not found is the family, which the module brings. */
	return err == -NLE_OBJ_NOTFOUND ? -ENXIO : rh_nl_error(err);
}

int rh_socket_open(struct rh_socket *socket)
{
	int err = connect_socket(socket);

	if (!err) {
		socket->family = genl_ctrl_resolve(socket->sock,
						   REFHEAP_GENL_NAME);
		err = socket->family < 0 ? socket->family : 0;
	}
	return opened(socket, err);
}

int rh_socket_open_beside(struct rh_socket *socket,
			  const struct rh_socket *other)
{
	int err = connect_socket(socket);

	socket->family = other->family;
	return opened(socket, err);
}

void rh_socket_close(struct rh_socket *socket)
{
	nl_socket_free(socket->sock);
	free(socket->buffer);
	*socket = (struct rh_socket){ 0 };
}

struct nl_msg *rh_request(const struct rh_socket *socket, uint8_t command,
			  int flags, uint32_t heap)
{
	struct nl_msg *request = nlmsg_alloc();

	if (!request)
		return NULL;
	if (!genlmsg_put(request, NL_AUTO_PORT, NL_AUTO_SEQ, socket->family, 0,
			 flags, command, REFHEAP_GENL_VERSION) ||
	    (heap && nla_put_u32(request, REFHEAP_A_HEAP_ID, heap))) {
		nlmsg_free(request);
		return NULL;
	}
	return request;
}

/* What an earlier answer left behind. */
static void forget_datagram(struct rh_socket *socket)
{
	free(socket->buffer);
	socket->buffer = NULL;
	socket->left = 0;
}

int rh_send(struct rh_socket *socket, struct nl_msg *request, int put)
{
	int sent;

	if (!request)
		return -ENOMEM;
	if (put) {
		nlmsg_free(request);
		return rh_nl_error(put);
	}
	forget_datagram(socket);
	socket->interrupted = false;
	sent = nl_send_auto(socket->sock, request);
	socket->sequence = nlmsg_hdr(request)->nlmsg_seq;
	nlmsg_free(request);
	return sent < 0 ? rh_nl_error(sent) : 0;
}

static int read_datagram(struct rh_socket *socket)
{
	struct sockaddr_nl from;
	int length;

	forget_datagram(socket);
	errno = 0;
	length = nl_recv(socket->sock, &from, &socket->buffer, NULL);
	if (length <= 0) {
		socket->buffer = NULL;
		/* libnl has fewer errors than the system. */
		if (errno)
			return -errno;
		return length ? rh_nl_error(length) : -EAGAIN;
	}
	socket->next = (struct nlmsghdr *)socket->buffer;
	socket->left = length;
	return 0;
}

/* The error that an ACK, a refusal, or the end of a dump carries. */
static int message_error(const struct nlmsghdr *message)
{
	int err = 0;

	if (nlmsg_datalen(message) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(message), sizeof(err));
	return err < 0 ? err : 0;
}

int rh_receive(struct rh_socket *socket, struct nlmsghdr **message)
{
	struct nlmsghdr *got;
	int err;

	for (;;) {
		if (!nlmsg_ok(socket->next, socket->left)) {
			err = read_datagram(socket);
			if (err)
				return err;
			continue;
		}
		got = socket->next;
		socket->next = nlmsg_next(got, &socket->left);
		if (socket->sequence && got->nlmsg_seq != socket->sequence)
			continue;
		if (got->nlmsg_flags & NLM_F_DUMP_INTR)
			socket->interrupted = true;
		if (got->nlmsg_type == NLMSG_ERROR ||
		    got->nlmsg_type == NLMSG_DONE)
			return message_error(got);
		if (got->nlmsg_type != socket->family)
			continue;
		*message = got;
		return 1;
	}
}

int rh_finish(struct rh_socket *socket)
{
	struct nlmsghdr *message;
	int got;

	do
		got = rh_receive(socket, &message);
	while (got > 0);
	return got;
}

int rh_parse(struct nlmsghdr *message, rh_attrs attrs)
{
	int err = genlmsg_parse(message, 0, attrs, REFHEAP_A_MAX, policy);

	return err ? -EPROTO : 0;
}

int rh_parse_nested(struct nlattr *nest, rh_attrs attrs)
{
	int err = nla_parse_nested(attrs, REFHEAP_A_MAX, nest, policy);

	return err ? -EPROTO : 0;
}

uint8_t rh_u8(rh_attrs attrs, enum refheap_attr attr)
{
	return attrs[attr] ? nla_get_u8(attrs[attr]) : 0;
}

uint32_t rh_u32(rh_attrs attrs, enum refheap_attr attr)
{
	return attrs[attr] ? nla_get_u32(attrs[attr]) : 0;
}

uint64_t rh_u64(rh_attrs attrs, enum refheap_attr attr)
{
	return attrs[attr] ? nla_get_u64(attrs[attr]) : 0;
}

void rh_string(rh_attrs attrs, enum refheap_attr attr, char *text, size_t size)
{
	text[0] = '\0';
	if (attrs[attr])
		nla_strlcpy(text, attrs[attr], size);
}
