// SPDX-License-Identifier: LGPL-2.1-or-later
/* Iterators over what the kernel lists. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "control.h"
#include "image-door.h"

struct refheap_iter {
	struct rh_socket socket;
	rh_parse_fn *parse;	/* tells what is iterated over */
	bool ended;
	int end;		/* what the end gives: 0 or an error */
	const char **slots;	/* of the type handed out last */
	size_t slots_room;
	struct rh_saved_list saved; /* of a saved heap, in place of the socket */
};

void refheap_iter_close(struct refheap_iter *iter)
{
	if (!iter)
		return;
	if (!iter->saved.image)
		rh_socket_close(&iter->socket);
	free(iter->slots);
	free(iter);
}

/*
 * Each has a socket of its own: a dump takes as long as its reader likes, and
 * nothing else can be asked for on that socket meanwhile.
 */
static int make_iter(const struct refheap_ctl *ctl, rh_parse_fn *parse,
		     struct refheap_iter **iter)
{
	struct refheap_iter *made = calloc(1, sizeof(*made));
	int err;

	if (!made)
		return -ENOMEM;
	err = ctl ? rh_socket_open_beside(&made->socket, &ctl->socket) :
		    rh_socket_open(&made->socket);
	if (err) {
		free(made);
		return err;
	}
	made->parse = parse;
	*iter = made;
	return 0;
}

static int put_filter(struct nl_msg *request,
		      const struct refheap_filter *filter)
{
	int err = 0;

	if (filter->generation >= 0)
		err = nla_put_u32(request, REFHEAP_A_FILTER_GENERATION,
				  (uint32_t)filter->generation);
	if (!err && filter->kind)
		err = nla_put_u32(request, REFHEAP_A_FILTER_KIND,
				  filter->kind);
	if (!err && filter->type)
		err = nla_put_u32(request, REFHEAP_A_FILTER_TYPE,
				  filter->type);
	if (!err && filter->garbage)
		err = nla_put_flag(request, REFHEAP_A_FILTER_GARBAGE);
	if (!err && filter->tracked)
		err = nla_put_flag(request, REFHEAP_A_FILTER_TRACKED);
	if (!err && filter->referrers_of)
		err = nla_put_u64(request, REFHEAP_A_FILTER_REFERRERS,
				  filter->referrers_of);
	if (!err && filter->referents_of)
		err = nla_put_u64(request, REFHEAP_A_FILTER_REFERENTS,
				  filter->referents_of);
	return err;
}

static int check_filter(const struct refheap_filter *filter)
{
	static const uint64_t zeroes[4];

	if (filter->generation < -1 ||
	    filter->generation > REFHEAP_GENERATIONS ||
	    memcmp(filter->reserved, zeroes, sizeof(zeroes)))
		return -EINVAL;
	return 0;
}

static int start_saved(const struct refheap_image *image,
		       const struct refheap_filter *filter, rh_parse_fn *parse,
		       struct refheap_iter **iter)
{
	static const struct refheap_filter none = REFHEAP_FILTER_INIT;
	struct refheap_iter *made;
	int err = filter ? check_filter(filter) : 0;

	if (err)
		return err;
	made = calloc(1, sizeof(*made));
	if (!made)
		return -ENOMEM;
	made->parse = parse;
	made->saved.image = image;
	made->saved.filter = filter ? *filter : none;
	*iter = made;
	return 0;
}

/*
 * Ask for a dump, of objects with a filter, or of one object if that is not 0.
 * Its first message, or refusal, comes with the first entry.
 */
static int start_about(struct refheap_ctl *ctl, uint8_t command, uint32_t heap,
		       refheap_id object, const struct refheap_filter *filter,
		       rh_parse_fn *parse, struct refheap_iter **iter)
{
	struct refheap_iter *made;
	struct nl_msg *request;
	int put = 0;
	int err;

	/* The library itself asks for a live heap without one. */
	if (ctl && ctl->image)
		return start_saved(ctl->image, filter, parse, iter);

	err = filter ? check_filter(filter) : 0;
	if (!err)
		err = make_iter(ctl, parse, &made);
	if (err)
		return err;
	request = rh_request(&made->socket, command, NLM_F_DUMP, heap);
	if (request && filter)
		put = put_filter(request, filter);
	if (request && object)
		put = nla_put_u64(request, REFHEAP_A_OBJECT_ID, object);
	err = rh_send(&made->socket, request, put);
	if (err)
		refheap_iter_close(made);
	else
		*iter = made;
	return err;
}

static int start(struct refheap_ctl *ctl, uint8_t command, uint32_t heap,
		 const struct refheap_filter *filter, rh_parse_fn *parse,
		 struct refheap_iter **iter)
{
	return start_about(ctl, command, heap, 0, filter, parse, iter);
}

/* 1 and the next message, or what the end gives, again and again. */
static int next_message(struct refheap_iter *iter, rh_parse_fn *parse,
			struct nlmsghdr **message)
{
	int got;

	if (iter->parse != parse)
		return -EINVAL;
	if (iter->ended || iter->saved.image)
		return iter->end;
	got = rh_receive(&iter->socket, message);
	if (got > 0)
		return 1;
	iter->ended = true;
	iter->end = got;
	if (!got && iter->socket.interrupted)
		iter->end = -EINTR;
	return iter->end;
}

static int next_entry(struct refheap_iter *iter, rh_parse_fn *parse, void *into,
		      struct nlmsghdr **message)
{
	rh_attrs attrs;
	int got;
	int err;

	got = next_message(iter, parse, message);
	if (got <= 0)
		return got;
	err = rh_parse(*message, attrs);
	if (!err)
		err = parse(*message, attrs, into);
	return err ? err : 1;
}

/* Heaps. */

int refheap_iter_heaps(struct refheap_ctl *ctl, struct refheap_iter **iter)
{
	return start(ctl, REFHEAP_CMD_HEAP_GET, 0, NULL, rh_parse_heap, iter);
}

int refheap_next_heap(struct refheap_iter *iter, struct refheap_heap_info *info)
{
	struct nlmsghdr *message;

	return next_entry(iter, rh_parse_heap, info, &message);
}

/* Objects. */

int rh_parse_object(struct nlmsghdr *message, rh_attrs attrs, void *object_info)
{
	struct refheap_object_info *info = object_info;
	struct nlattr *value = attrs[REFHEAP_A_OBJECT_VALUE];

	(void)message;
	*info = (struct refheap_object_info){
		.id = rh_u64(attrs, REFHEAP_A_OBJECT_ID),
		.kind = rh_u32(attrs, REFHEAP_A_OBJECT_KIND),
		.type = rh_u32(attrs, REFHEAP_A_OBJECT_TYPE),
		.refcount = rh_u32(attrs, REFHEAP_A_OBJECT_REFCOUNT),
		.generation = rh_u32(attrs, REFHEAP_A_OBJECT_GENERATION),
		.flags = rh_u32(attrs, REFHEAP_A_OBJECT_FLAGS),
		.edges = rh_u32(attrs, REFHEAP_A_OBJECT_EDGES),
		.sizeof_ = rh_u64(attrs, REFHEAP_A_OBJECT_SIZEOF),
		.length = rh_u64(attrs, REFHEAP_A_OBJECT_LENGTH),
		.weakrefs = rh_u32(attrs, REFHEAP_A_OBJECT_WEAKREFS),
		.referent = rh_u64(attrs, REFHEAP_A_OBJECT_REFERENT),
	};
	if (value)
		info->preview_length =
			(uint32_t)nla_memcpy(info->preview, value,
					     sizeof(info->preview));
	return 0;
}

int refheap_object_get(struct refheap_ctl *ctl, uint32_t heap, refheap_id id,
		       struct refheap_object_info *info)
{
	struct refheap_object_info found;
	struct nl_msg *request;
	int err;

	if (ctl->image)
		return rh_saved_object(ctl->image, id, info);
	request = rh_request(&ctl->socket, REFHEAP_CMD_OBJECT_GET, 0, heap);
	err = rh_ask(ctl, request,
		     request ? nla_put_u64(request, REFHEAP_A_OBJECT_ID, id) :
			       0, rh_parse_object, &found);
	if (!err)
		*info = found;
	return err;
}

int refheap_iter_objects(struct refheap_ctl *ctl, uint32_t heap,
			 const struct refheap_filter *filter,
			 struct refheap_iter **iter)
{
	return start(ctl, REFHEAP_CMD_OBJECT_GET, heap, filter, rh_parse_object,
		     iter);
}

int refheap_iter_referrers(struct refheap_ctl *ctl, uint32_t heap,
			   refheap_id id, struct refheap_iter **iter)
{
	struct refheap_filter filter = REFHEAP_FILTER_INIT;

	if (!id)
		return -ENOENT;
	filter.referrers_of = id;
	return refheap_iter_objects(ctl, heap, &filter, iter);
}

int refheap_iter_referents(struct refheap_ctl *ctl, uint32_t heap,
			   refheap_id id, struct refheap_iter **iter)
{
	struct refheap_filter filter = REFHEAP_FILTER_INIT;

	if (!id)
		return -ENOENT;
	filter.referents_of = id;
	return refheap_iter_objects(ctl, heap, &filter, iter);
}

int refheap_next_object(struct refheap_iter *iter,
			struct refheap_object_info *info)
{
	struct nlmsghdr *message;

	if (iter->saved.image && iter->parse == rh_parse_object)
		return rh_saved_next_object(&iter->saved, info);
	return next_entry(iter, rh_parse_object, info, &message);
}

/* Types. */

static int parse_type(struct nlmsghdr *message, rh_attrs attrs, void *type_info)
{
	struct refheap_type_info *info = type_info;

	(void)message;
	*info = (struct refheap_type_info){
		.type = rh_u32(attrs, REFHEAP_A_TYPE_ID),
		.kind = rh_u32(attrs, REFHEAP_A_TYPE_KIND),
		.base = rh_u32(attrs, REFHEAP_A_TYPE_BASE),
		.flags = rh_u32(attrs, REFHEAP_A_TYPE_FLAGS),
		.objects = rh_u64(attrs, REFHEAP_A_TYPE_OBJECTS),
		.bytes = rh_u64(attrs, REFHEAP_A_TYPE_BYTES),
	};
	rh_string(attrs, REFHEAP_A_TYPE_NAME, info->name, sizeof(info->name));
	return 0;
}

static int add_slot(struct refheap_iter *iter, size_t count, const char *slot)
{
	size_t room = iter->slots_room ? iter->slots_room * 2 : 8;
	const char **grown;

	if (count >= iter->slots_room) {
		grown = realloc(iter->slots, room * sizeof(*grown));
		if (!grown)
			return -ENOMEM;
		iter->slots = grown;
		iter->slots_room = room;
	}
	iter->slots[count] = slot;
	return 0;
}

/* The strings stay where they are, in the datagram. */
static int collect_slots(struct refheap_iter *iter, struct nlmsghdr *message,
			 struct refheap_type_info *info)
{
	struct genlmsghdr *header = nlmsg_data(message);
	struct nlattr *attr;
	int left;
	int err;

	nla_for_each_attr(attr, genlmsg_attrdata(header, 0),
			  genlmsg_attrlen(header, 0), left) {
		const char *text = nla_data(attr);

		if (nla_type(attr) != REFHEAP_A_TYPE_SLOT)
			continue;
		if (!memchr(text, '\0', (size_t)nla_len(attr)))
			return -EPROTO;
		err = add_slot(iter, info->slot_count, text);
		if (err)
			return err;
		info->slot_count++;
	}
	info->slots = iter->slots;
	return 0;
}

int refheap_iter_types(struct refheap_ctl *ctl, uint32_t heap,
		       struct refheap_iter **iter)
{
	return start(ctl, REFHEAP_CMD_TYPE_GET, heap, NULL, parse_type, iter);
}

int refheap_next_type(struct refheap_iter *iter, struct refheap_type_info *info)
{
	struct nlmsghdr *message;
	int got, err;

	if (iter->saved.image && iter->parse == parse_type)
		return rh_saved_next_type(&iter->saved, info);
	got = next_entry(iter, parse_type, info, &message);
	if (got <= 0)
		return got;
	err = collect_slots(iter, message, info);
	return err ? err : 1;
}

/* Arenas. */

/* What a message is about shows in what it has. */
static enum refheap_arena_entry arena_entry(rh_attrs attrs)
{
	if (attrs[REFHEAP_A_CLASS_BYTES])
		return REFHEAP_ARENA_CLASS;
	if (attrs[REFHEAP_A_ARENA_INDEX])
		return REFHEAP_ARENA_ARENA;
	return REFHEAP_ARENA_TOTALS;
}

static int parse_arena(struct nlmsghdr *message, rh_attrs attrs,
		       void *arena_info)
{
	struct refheap_arena_info *info = arena_info;

	(void)message;
	*info = (struct refheap_arena_info){
		.entry = arena_entry(attrs),
		.space = rh_u32(attrs, REFHEAP_A_ARENA_SPACE),
		.block_bytes = rh_u32(attrs, REFHEAP_A_CLASS_BYTES),
		.pools = rh_u64(attrs, REFHEAP_A_CLASS_POOLS),
		.blocks_used = rh_u64(attrs, REFHEAP_A_CLASS_USED),
		.blocks_free = rh_u64(attrs, REFHEAP_A_CLASS_FREE),
		.index = rh_u32(attrs, REFHEAP_A_ARENA_INDEX),
		.pages = rh_u32(attrs, REFHEAP_A_ARENA_PAGES),
		.pages_free = rh_u32(attrs, REFHEAP_A_ARENA_PAGES_FREE),
		.bytes = rh_u64(attrs, REFHEAP_A_ARENA_BYTES),
		.table_bytes = rh_u64(attrs, REFHEAP_A_TABLE_BYTES),
		.table_slots = rh_u64(attrs, REFHEAP_A_TABLE_SLOTS),
		.metadata_millibytes =
			rh_u64(attrs, REFHEAP_A_METADATA_MILLIBYTES),
		.large_blocks = rh_u64(attrs, REFHEAP_A_LARGE_BLOCKS),
		.large_bytes = rh_u64(attrs, REFHEAP_A_LARGE_BYTES),
		.use = rh_u32(attrs, REFHEAP_A_ARENA_USE),
	};
	/* The pools stay where they are, in the datagram. */
	if (attrs[REFHEAP_A_ARENA_POOLS]) {
		info->pool = nla_data(attrs[REFHEAP_A_ARENA_POOLS]);
		info->pool_count = (uint32_t)nla_len(attrs[REFHEAP_A_ARENA_POOLS]) /
				   (uint32_t)sizeof(*info->pool);
	}
	return 0;
}

int refheap_iter_arenas(struct refheap_ctl *ctl, uint32_t heap,
			struct refheap_iter **iter)
{
	return start(ctl, REFHEAP_CMD_ARENA_GET, heap, NULL, parse_arena, iter);
}

int refheap_next_arena(struct refheap_iter *iter,
		       struct refheap_arena_info *info)
{
	struct nlmsghdr *message;

	return next_entry(iter, parse_arena, info, &message);
}

/* Sessions. */

static int parse_session(struct nlmsghdr *message, rh_attrs attrs,
			 void *session_info)
{
	struct refheap_session_info *info = session_info;

	(void)message;
	*info = (struct refheap_session_info){
		.session = rh_u32(attrs, REFHEAP_A_SESSION_ID),
		.pid = rh_u32(attrs, REFHEAP_A_SESSION_PID),
		.uid = rh_u32(attrs, REFHEAP_A_SESSION_UID),
		.held = rh_u64(attrs, REFHEAP_A_SESSION_HELD),
		.since_ns = rh_u64(attrs, REFHEAP_A_SESSION_SINCE),
		.frames = rh_u32(attrs, REFHEAP_A_SESSION_FRAMES),
		.events = rh_u64(attrs, REFHEAP_A_SESSION_EVENTS),
		.exported = attrs[REFHEAP_A_SESSION_EXPORT],
	};
	rh_string(attrs, REFHEAP_A_SESSION_COMM, info->comm,
		  sizeof(info->comm));
	return 0;
}

int refheap_iter_sessions(struct refheap_ctl *ctl, uint32_t heap,
			  struct refheap_iter **iter)
{
	return start(ctl, REFHEAP_CMD_SESSION_GET, heap, NULL, parse_session, iter);
}

int refheap_next_session(struct refheap_iter *iter,
			 struct refheap_session_info *info)
{
	struct nlmsghdr *message;

	return next_entry(iter, parse_session, info, &message);
}

/* Holders. */

static int parse_holder(struct nlmsghdr *message, rh_attrs attrs,
			void *holder_info)
{
	struct refheap_holder_info *info = holder_info;

	(void)message;
	*info = (struct refheap_holder_info){
		.session = rh_u32(attrs, REFHEAP_A_SESSION_ID),
		.pid = rh_u32(attrs, REFHEAP_A_SESSION_PID),
		.uid = rh_u32(attrs, REFHEAP_A_SESSION_UID),
		.count = rh_u32(attrs, REFHEAP_A_HOLD_COUNT),
		.frame = rh_u32(attrs, REFHEAP_A_HOLD_FRAME),
		.exported = attrs[REFHEAP_A_SESSION_EXPORT],
		.since_ns = rh_u64(attrs, REFHEAP_A_HOLD_SINCE),
	};
	rh_string(attrs, REFHEAP_A_SESSION_COMM, info->comm,
		  sizeof(info->comm));
	return 0;
}

int refheap_iter_holders(struct refheap_ctl *ctl, uint32_t heap, refheap_id id,
			 struct refheap_iter **iter)
{
	if (!id)
		return -ENOENT;
	return start_about(ctl, REFHEAP_CMD_HOLDER_GET, heap, id, NULL,
			   parse_holder, iter);
}

int refheap_next_holder(struct refheap_iter *iter,
			struct refheap_holder_info *info)
{
	struct nlmsghdr *message;

	return next_entry(iter, parse_holder, info, &message);
}
