// SPDX-License-Identifier: LGPL-2.1-or-later
/* Control of heaps: finding, showing, changing, removing. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "image-door.h"

int refheap_ctl_open(struct refheap_ctl **ctl)
{
	struct refheap_ctl *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return -ENOMEM;
	err = rh_socket_open(&made->socket);
	if (err) {
		free(made);
		return err;
	}
	pthread_mutex_init(&made->lock, NULL);
	*ctl = made;
	return 0;
}

int refheap_ctl_open_image(const struct refheap_image *image, struct refheap_ctl **ctl)
{
	struct refheap_ctl *made = calloc(1, sizeof(*made));

	if (!made)
		return -ENOMEM;
	pthread_mutex_init(&made->lock, NULL);
	made->image = image;
	*ctl = made;
	return 0;
}

void refheap_ctl_close(struct refheap_ctl *ctl)
{
	if (!ctl)
		return;
	if (!ctl->image)
		rh_socket_close(&ctl->socket);
	pthread_mutex_destroy(&ctl->lock);
	free(ctl);
}

static int ask_locked(struct refheap_ctl *ctl, struct nl_msg *request, int put,
		      rh_parse_fn *parse, void *into)
{
	struct nlmsghdr *answer;
	rh_attrs attrs;
	int finished;
	int err;

	err = rh_send(&ctl->socket, request, put);
	if (err)
		return err;
	err = rh_receive(&ctl->socket, &answer);
	if (err <= 0)
		return err ? err : -EPROTO;
	err = rh_parse(answer, attrs);
	if (!err)
		err = parse(answer, attrs, into);
	finished = rh_finish(&ctl->socket);
	return err ? err : finished;
}

/* There is nobody to send it to. */
static int refuse(struct nl_msg *request, int error)
{
	nlmsg_free(request);
	return error;
}

int rh_ask(struct refheap_ctl *ctl, struct nl_msg *request, int put,
	   rh_parse_fn *parse, void *into)
{
	int err;

	if (ctl->image)
		return refuse(request, -EOPNOTSUPP);
	pthread_mutex_lock(&ctl->lock);
	err = ask_locked(ctl, request, put, parse, into);
	pthread_mutex_unlock(&ctl->lock);
	return err;
}

int rh_tell(struct refheap_ctl *ctl, struct nl_msg *request, int put)
{
	int err;

	if (ctl->image)
		return refuse(request, -EROFS);
	pthread_mutex_lock(&ctl->lock);
	err = rh_send(&ctl->socket, request, put);
	if (!err)
		err = rh_finish(&ctl->socket);
	pthread_mutex_unlock(&ctl->lock);
	return err;
}

int rh_parse_heap(struct nlmsghdr *message, rh_attrs attrs, void *heap_info)
{
	struct refheap_heap_info *info = heap_info;

	(void)message;
	*info = (struct refheap_heap_info){
		.heap = rh_u32(attrs, REFHEAP_A_HEAP_ID),
		.owner = rh_u32(attrs, REFHEAP_A_HEAP_OWNER),
		.group = rh_u32(attrs, REFHEAP_A_HEAP_GROUP),
		.mode = rh_u32(attrs, REFHEAP_A_HEAP_MODE),
		.max_bytes = rh_u64(attrs, REFHEAP_A_HEAP_MAX_BYTES),
		.max_objects = rh_u64(attrs, REFHEAP_A_HEAP_MAX_OBJECTS),
		.bytes = rh_u64(attrs, REFHEAP_A_HEAP_BYTES),
		.reserved_bytes = rh_u64(attrs, REFHEAP_A_HEAP_RESERVED),
		.objects = rh_u64(attrs, REFHEAP_A_HEAP_OBJECTS),
		.names = rh_u64(attrs, REFHEAP_A_HEAP_NAMES),
		.births = rh_u64(attrs, REFHEAP_A_HEAP_BIRTHS),
		.deaths = rh_u64(attrs, REFHEAP_A_HEAP_DEATHS),
		.sessions = rh_u32(attrs, REFHEAP_A_HEAP_SESSIONS),
		.refusals = rh_u64(attrs, REFHEAP_A_HEAP_REFUSALS),
		.events_lost = rh_u64(attrs, REFHEAP_A_HEAP_EVENTS_LOST),
	};
	rh_string(attrs, REFHEAP_A_HEAP_NAME, info->name, sizeof(info->name));
	return 0;
}

/* A name, and an owner unless it is the caller. */
static int put_name(struct nl_msg *request, const char *name, uint32_t owner)
{
	int err = nla_put_string(request, REFHEAP_A_HEAP_NAME, name);

	if (!err && owner != REFHEAP_OWNER_SELF)
		err = nla_put_u32(request, REFHEAP_A_HEAP_OWNER, owner);
	return err;
}

int refheap_heap_find(struct refheap_ctl *ctl, const char *name,
		      uint32_t owner, uint32_t *heap)
{
	struct refheap_heap_info info;
	char default_name[REFHEAP_NAME_MAX];
	struct nl_msg *request;
	int put = 0;
	int err;

	if (!name) {
		refheap_default_name(owner, default_name);
		name = default_name;
	}
	if (strlen(name) >= REFHEAP_NAME_MAX)
		return -EINVAL;
	if (ctl->image && strcmp(name, ctl->image->head->heap))
		return -ENOENT;
	if (ctl->image) {
		*heap = 0;
		return 0;
	}
	request = rh_request(&ctl->socket, REFHEAP_CMD_HEAP_GET, 0, 0);
	if (request)
		put = put_name(request, name, owner);
	err = rh_ask(ctl, request, put, rh_parse_heap, &info);
	if (!err)
		*heap = info.heap;
	return err;
}

int refheap_heap_get(struct refheap_ctl *ctl, uint32_t heap,
		     struct refheap_heap_info *info)
{
	struct refheap_heap_info found;
	int err;

	if (ctl->image) {
		rh_saved_heap(ctl->image, info);
		return 0;
	}
	err = rh_ask(ctl, rh_request(&ctl->socket, REFHEAP_CMD_HEAP_GET, 0,
				     heap), 0, rh_parse_heap, &found);
	if (!err)
		*info = found;
	return err;
}

static int parse_traced(struct nlmsghdr *message, rh_attrs attrs, void *into)
{
	(void)message;
	memset(into, 0, sizeof(struct refheap_traced));
	if (attrs[REFHEAP_A_HEAP_TRACED])
		nla_memcpy(into, attrs[REFHEAP_A_HEAP_TRACED],
			   sizeof(struct refheap_traced));
	return 0;
}

int refheap_heap_traced(struct refheap_ctl *ctl, uint32_t heap,
			struct refheap_traced *traced)
{
	struct refheap_traced found;
	int err;

	err = rh_ask(ctl, rh_request(&ctl->socket, REFHEAP_CMD_HEAP_GET, 0,
				     heap), 0, parse_traced, &found);
	if (!err)
		*traced = found;
	return err;
}

static int set_u32(struct refheap_ctl *ctl, uint32_t heap,
		   enum refheap_attr attr, uint32_t value)
{
	struct nl_msg *request = rh_request(&ctl->socket, REFHEAP_CMD_HEAP_SET,
					    0, heap);

	return rh_tell(ctl, request,
		       request ? nla_put_u32(request, attr, value) : 0);
}

int refheap_heap_set_mode(struct refheap_ctl *ctl, uint32_t heap, uint32_t mode)
{
	return set_u32(ctl, heap, REFHEAP_A_HEAP_MODE, mode);
}

int refheap_heap_set_group(struct refheap_ctl *ctl, uint32_t heap, uint32_t gid)
{
	return set_u32(ctl, heap, REFHEAP_A_HEAP_GROUP, gid);
}

static int put_limits(struct nl_msg *request, uint64_t max_bytes,
		      uint64_t max_objects)
{
	int err = 0;

	if (max_bytes != REFHEAP_KEEP)
		err = nla_put_u64(request, REFHEAP_A_HEAP_MAX_BYTES, max_bytes);
	if (!err && max_objects != REFHEAP_KEEP)
		err = nla_put_u64(request, REFHEAP_A_HEAP_MAX_OBJECTS,
				  max_objects);
	return err;
}

int refheap_heap_set_limits(struct refheap_ctl *ctl, uint32_t heap,
			    uint64_t max_bytes, uint64_t max_objects)
{
	struct nl_msg *request = rh_request(&ctl->socket, REFHEAP_CMD_HEAP_SET,
					    0, heap);

	return rh_tell(ctl, request,
		       request ? put_limits(request, max_bytes, max_objects) :
				 0);
}

int refheap_heap_remove(struct refheap_ctl *ctl, uint32_t heap)
{
	return rh_tell(ctl, rh_request(&ctl->socket, REFHEAP_CMD_HEAP_DEL, 0,
				       heap), 0);
}
