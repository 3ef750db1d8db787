// SPDX-License-Identifier: LGPL-2.1-or-later
/* The monitor: notices of the multicast groups. */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <poll.h>
#include <stdlib.h>

#include "netlink.h"

enum { GROUP_HEAPS, GROUP_GC, GROUPS };

struct refheap_monitor {
	struct rh_socket socket;
	uint64_t seq[GROUPS];	/* of the last notice; 0 before the first */
};

static int join(struct rh_socket *socket, const char *name)
{
	int group = genl_ctrl_resolve_grp(socket->sock, REFHEAP_GENL_NAME,
					  name);
	int err = group < 0 ? group :
		  nl_socket_add_membership(socket->sock, group);

	return rh_nl_error(err);
}

static int join_groups(struct rh_socket *socket, uint32_t groups)
{
	int err = 0;

	if (groups & REFHEAP_MONITOR_HEAPS)
		err = join(socket, REFHEAP_GENL_MCGRP_HEAP);
	if (!err && groups & REFHEAP_MONITOR_GC)
		err = join(socket, REFHEAP_GENL_MCGRP_GC);
	return err ? err : rh_nl_error(nl_socket_set_nonblocking(socket->sock));
}

int refheap_monitor_open(uint32_t groups, struct refheap_monitor **monitor)
{
	struct refheap_monitor *made;
	int err;

	if (!groups ||
	    groups & ~(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC))
		return -EINVAL;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	err = rh_socket_open(&made->socket);
	if (err) {
		free(made);
		return err;
	}
	err = join_groups(&made->socket, groups);
	if (err)
		refheap_monitor_close(made);
	else
		*monitor = made;
	return err;
}

void refheap_monitor_close(struct refheap_monitor *monitor)
{
	if (!monitor)
		return;
	rh_socket_close(&monitor->socket);
	free(monitor);
}

int refheap_monitor_fd(const struct refheap_monitor *monitor)
{
	return nl_socket_get_fd(monitor->socket.sock);
}

static int parse_notice(struct nlmsghdr *message, struct refheap_notice *notice)
{
	rh_attrs attrs;
	int err;

	err = rh_parse(message, attrs);
	if (err)
		return err;
	*notice = (struct refheap_notice){
		.event = rh_u32(attrs, REFHEAP_A_NTF_EVENT),
		.heap = rh_u32(attrs, REFHEAP_A_HEAP_ID),
		.seq = rh_u64(attrs, REFHEAP_A_NTF_SEQ),
		.time_ns = rh_u64(attrs, REFHEAP_A_NTF_TIME),
		.owner = rh_u32(attrs, REFHEAP_A_HEAP_OWNER),
		.generation = rh_u32(attrs, REFHEAP_A_GEN_INDEX),
		.collected = rh_u64(attrs, REFHEAP_A_GEN_COLLECTED),
		.uncollectable = rh_u64(attrs, REFHEAP_A_GEN_UNCOLLECTABLE),
		.longest_hold_ns = rh_u64(attrs, REFHEAP_A_GC_LONGEST_HOLD),
	};
	rh_string(attrs, REFHEAP_A_HEAP_NAME, notice->name,
		  sizeof(notice->name));
	return 0;
}

/* Numbers that were passed over are notices that nobody read in time. */
static void count_lost(struct refheap_monitor *monitor,
		       struct refheap_notice *notice)
{
	int group = notice->event >= REFHEAP_NTF_GC_START ? GROUP_GC :
							    GROUP_HEAPS;
	uint64_t *last = &monitor->seq[group];

	if (*last && notice->seq > *last)
		notice->lost = notice->seq - *last - 1;
	*last = notice->seq;
}

int refheap_monitor_next(struct refheap_monitor *monitor, int timeout_ms,
			 struct refheap_notice *notice)
{
	struct pollfd wait = {
		.fd = refheap_monitor_fd(monitor),
		.events = POLLIN,
	};
	struct nlmsghdr *message;
	int ready;
	int got;

	for (;;) {
		got = rh_receive(&monitor->socket, &message);
		if (got > 0)
			break;
		/* Overrun: the numbers of the next notices tell how many. */
		if (got == -ENOBUFS)
			continue;
		if (got != -EAGAIN)
			return got;
		ready = poll(&wait, 1, timeout_ms);
		if (ready <= 0)
			return ready ? -errno : 0;
	}
	got = parse_notice(message, notice);
	if (got)
		return got;
	count_lost(monitor, notice);
	return 1;
}
