/* SPDX-License-Identifier: LGPL-2.1-or-later */
/* The control handle, and what the kernel says of heaps. */
#ifndef LIBREFHEAP_CONTROL_H
#define LIBREFHEAP_CONTROL_H

#include <pthread.h>

#include "netlink.h"

struct refheap_ctl {
	pthread_mutex_t lock;	/* of the socket: one request at a time */
	struct rh_socket socket;
	const struct refheap_image *image; /* saved heap, in place of the socket; or NULL */
};

/* Reads a message, whose attributes are in @attrs, into a structure. */
typedef int rh_parse_fn(struct nlmsghdr *message, rh_attrs attrs, void *into);

/*
 * Send a request that has an answer of one message, and hand it to @parse.
 * Takes the request as rh_send() does. -EPROTO when there is no answer.
 */
int rh_ask(struct refheap_ctl *ctl, struct nl_msg *request, int put,
	   rh_parse_fn *parse, void *into);

/* Send a request that is only accepted or refused. */
int rh_tell(struct refheap_ctl *ctl, struct nl_msg *request, int put);

rh_parse_fn rh_parse_heap;
rh_parse_fn rh_parse_object;

#endif
