// SPDX-License-Identifier: LGPL-2.1-or-later
/* The monitor: notices of the multicast groups. */
#include <errno.h>
#include <netlink/genl/ctrl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/socket.h>

#include "netlink.h"

enum { GROUP_HEAPS, GROUP_GC, GROUP_OBJECTS, GROUPS };

static const struct {
	uint32_t flag;
	uint8_t command;	/* of its messages */
	const char *name;
} known[GROUPS] = {
	[GROUP_HEAPS] = {
		REFHEAP_MONITOR_HEAPS, REFHEAP_CMD_NTF_HEAP,
		REFHEAP_GENL_MCGRP_HEAP,
	},
	[GROUP_GC] = {
		REFHEAP_MONITOR_GC, REFHEAP_CMD_NTF_GC, REFHEAP_GENL_MCGRP_GC,
	},
	[GROUP_OBJECTS] = {
		REFHEAP_MONITOR_OBJECTS, REFHEAP_CMD_NTF_OBJECT,
		REFHEAP_GENL_MCGRP_OBJECT,
	},
};

#define ALL_GROUPS \
	(REFHEAP_MONITOR_HEAPS | REFHEAP_MONITOR_GC | REFHEAP_MONITOR_OBJECTS)

/* Births and deaths come in thousands; while they are read, more do. */
#define RECEIVE_BYTES	(4 << 20)

/*
 * A message of the group of objects has many records. They stay where they are,
 * in the datagram, until all have been handed out.
 */
struct refheap_monitor {
	struct rh_socket socket;
	uint64_t next_seq[GROUPS]; /* that is due; 0 before the first */
	struct refheap_notice common; /* what the records of a message share */
	struct nlattr *record;	/* the next one */
	int record_bytes;	/* from there on; 0: none */
};

static int join(struct rh_socket *socket, const char *name)
{
	int group = genl_ctrl_resolve_grp(socket->sock, REFHEAP_GENL_NAME,
					  name);
	int err = group < 0 ? group :
		  nl_socket_add_membership(socket->sock, group);

	return rh_nl_error(err);
}

/* As much as the caller may have: the kernel cuts it to that. */
static void enlarge(struct rh_socket *socket, uint32_t groups)
{
	int bytes = RECEIVE_BYTES;
	int fd = nl_socket_get_fd(socket->sock);

	if (!(groups & REFHEAP_MONITOR_OBJECTS))
		return;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)))
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
}

static int join_groups(struct rh_socket *socket, uint32_t groups)
{
	int err = 0;

	enlarge(socket, groups);
	for (int i = 0; !err && i < GROUPS; i++)
		if (groups & known[i].flag)
			err = join(socket, known[i].name);
	return err ? err : rh_nl_error(nl_socket_set_nonblocking(socket->sock));
}

int refheap_monitor_open(uint32_t groups, struct refheap_monitor **monitor)
{
	struct refheap_monitor *made;
	int err;

	if (!groups || groups & ~ALL_GROUPS)
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

static void parse_common(rh_attrs attrs, struct refheap_notice *notice)
{
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
		.session = rh_u32(attrs, REFHEAP_A_SESSION_ID),
		.pid = rh_u32(attrs, REFHEAP_A_SESSION_PID),
		.uid = rh_u32(attrs, REFHEAP_A_SESSION_UID),
		.bytes = rh_u64(attrs, REFHEAP_A_HEAP_BYTES),
	};
	rh_string(attrs, REFHEAP_A_HEAP_NAME, notice->name,
		  sizeof(notice->name));
	rh_string(attrs, REFHEAP_A_SESSION_COMM, notice->comm,
		  sizeof(notice->comm));
}

/* Numbers that were passed over are notices that nobody read in time. */
static void count_lost(struct refheap_monitor *monitor, int group,
		       struct refheap_notice *notice)
{
	uint64_t *next = &monitor->next_seq[group];

	if (*next && notice->seq > *next)
		notice->lost = notice->seq - *next;
	*next = notice->seq + 1;
}

/* Attributes of other types, from later kernels, are passed over. */
static void find_record(struct refheap_monitor *monitor)
{
	while (nla_ok(monitor->record, monitor->record_bytes)) {
		if (nla_type(monitor->record) == REFHEAP_A_NTF_RECORD)
			return;
		monitor->record = nla_next(monitor->record,
					   &monitor->record_bytes);
	}
	monitor->record_bytes = 0;
}

static int next_record(struct refheap_monitor *monitor,
		       struct refheap_notice *notice)
{
	rh_attrs attrs;
	int err;

	err = rh_parse_nested(monitor->record, attrs);
	monitor->record = nla_next(monitor->record, &monitor->record_bytes);
	find_record(monitor);
	*notice = monitor->common;
	monitor->common.seq++;
	if (err)
		return err;
	notice->event = rh_u32(attrs, REFHEAP_A_NTF_EVENT);
	notice->time_ns = rh_u64(attrs, REFHEAP_A_NTF_TIME);
	notice->object = rh_u64(attrs, REFHEAP_A_OBJECT_ID);
	notice->kind = rh_u32(attrs, REFHEAP_A_OBJECT_KIND);
	notice->type = rh_u32(attrs, REFHEAP_A_OBJECT_TYPE);
	count_lost(monitor, GROUP_OBJECTS, notice);
	return 1;
}

static int message_group(struct nlmsghdr *message)
{
	struct genlmsghdr *header = nlmsg_data(message);

	for (int i = 0; i < GROUPS; i++)
		if (known[i].command == header->cmd)
			return i;
	return -1;
}

/* 1 and the message's notice; 0 when it only brings records, or nothing. */
static int take_message(struct refheap_monitor *monitor,
			struct nlmsghdr *message, struct refheap_notice *notice)
{
	struct genlmsghdr *header = nlmsg_data(message);
	rh_attrs attrs;
	int group;
	int err;

	err = rh_parse(message, attrs);
	if (err)
		return err;
	group = message_group(message);
	if (group < 0)
		return 0;
	parse_common(attrs, &monitor->common);
	monitor->common.group = known[group].flag;
	if (group == GROUP_OBJECTS) {
		monitor->record = genlmsg_attrdata(header, 0);
		monitor->record_bytes = genlmsg_attrlen(header, 0);
		find_record(monitor);
		return 0;
	}
	*notice = monitor->common;
	count_lost(monitor, group, notice);
	return 1;
}

/* 1 and a notice, 0 when there is none yet, or an error. */
static int next_notice(struct refheap_monitor *monitor,
		       struct refheap_notice *notice)
{
	struct nlmsghdr *message;
	int got;

	do {
		if (monitor->record_bytes)
			return next_record(monitor, notice);
		got = rh_receive(&monitor->socket, &message);
		if (got > 0)
			got = take_message(monitor, message, notice);
		else if (got == -EAGAIN)
			return 0;
		/* Overrun: the numbers of the next notices tell how many. */
		else if (got == -ENOBUFS)
			got = 0;
	} while (!got);
	return got;
}

int refheap_monitor_next(struct refheap_monitor *monitor, int timeout_ms,
			 struct refheap_notice *notice)
{
	struct pollfd wait = {
		.fd = refheap_monitor_fd(monitor),
		.events = POLLIN,
	};
	int ready;
	int got;

	while (!(got = next_notice(monitor, notice))) {
		ready = poll(&wait, 1, timeout_ms);
		if (ready <= 0)
			return ready ? -errno : 0;
	}
	return got;
}
