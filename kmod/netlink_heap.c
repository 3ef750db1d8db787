// SPDX-License-Identifier: GPL-2.0
/*
 * Heaps over netlink: get, list, change, remove.
 */
#include <linux/cred.h>
#include <linux/user_namespace.h>
#include "netlink_family.h"

/**
 * struct heap_state - what there is to tell
 * @stat: of the engine
 * @traced: likewise
 * @sessions: of the heap
 * @refusals: of the heap
 * @events_lost: of the heap
 */
struct heap_state {
	struct rh_heap_stat stat;
	struct refheap_traced traced;
	u32 sessions;
	u64 refusals;
	u64 events_lost;
};

/* Return: 0, -EIDRM or -EINTR. */
static int look(struct refheap *heap, struct heap_state *state)
{
	int ret;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	if (heap->removed) {
		ret = -EIDRM;
	} else {
		rh_heap_stat(heap->engine, &state->stat);
		rh_trace_stat(heap->engine, &state->traced);
		state->sessions = heap->seat_count;
		state->refusals = heap->refusals;
		state->events_lost = heap->events_lost;
	}
	refheap_unlock(heap);
	return ret;
}

static int put_counts(struct sk_buff *skb, const struct heap_state *state)
{
	const struct rh_heap_stat *stat = &state->stat;

	if (nla_put_u64_64bit(skb, REFHEAP_A_HEAP_MAX_BYTES, stat->max_bytes,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_MAX_OBJECTS, stat->max_objects,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_BYTES, stat->bytes,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_RESERVED, stat->reserved,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_OBJECTS, stat->objects,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_NAMES, stat->names,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_BIRTHS, stat->births,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_DEATHS, stat->deaths,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_REFUSALS, state->refusals,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HEAP_EVENTS_LOST,
			      state->events_lost, REFHEAP_A_PAD) ||
	    nla_put(skb, REFHEAP_A_HEAP_TRACED, sizeof(state->traced),
		    &state->traced))
		return -EMSGSIZE;
	return 0;
}

static int put_heap(struct sk_buff *skb, struct refheap *heap,
		    const struct heap_state *state)
{
	struct user_namespace *ns = current_user_ns();
	struct refheap_rights rights;

	refheap_rights(heap, &rights);
	if (nla_put_u32(skb, REFHEAP_A_HEAP_ID, heap->id) ||
	    nla_put_string(skb, REFHEAP_A_HEAP_NAME, heap->name) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_OWNER,
			from_kuid_munged(ns, heap->owner)) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_GROUP,
			from_kgid_munged(ns, rights.group)) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_MODE, rights.mode) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_SESSIONS, state->sessions))
		return -EMSGSIZE;
	return put_counts(skb, state);
}

/**
 * refheap_nl_heap_get - REFHEAP_CMD_HEAP_GET of one heap
 * @request: the request
 * @info: parsed
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_heap_get(struct sk_buff *request, struct genl_info *info)
{
	struct heap_state state;
	struct refheap *heap;
	struct sk_buff *skb;
	void *header;
	int ret;

	heap = refheap_nl_find(request, info->attrs, REFHEAP_READ, info->extack);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	ret = look(heap, &state);
	if (ret) {
		refheap_nl_refuse(ret, info->extack);
		goto put_heap;
	}
	ret = -ENOMEM;
	skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	if (!skb)
		goto put_heap;
	ret = -EMSGSIZE;
	header = genlmsg_put_reply(skb, info, &refheap_family, 0,
				   REFHEAP_CMD_HEAP_GET);
	if (!header || put_heap(skb, heap, &state)) {
		nlmsg_free(skb);
		goto put_heap;
	}
	genlmsg_end(skb, header);
	ret = genlmsg_reply(skb, info);
put_heap:
	refheap_put(heap);
	return ret;
}

static int read_change(struct nlattr **attrs, struct refheap_update *change,
		       struct netlink_ext_ack *extack)
{
	*change = (struct refheap_update) {
		.has_mode = attrs[REFHEAP_A_HEAP_MODE],
		.has_group = attrs[REFHEAP_A_HEAP_GROUP],
		.has_max_bytes = attrs[REFHEAP_A_HEAP_MAX_BYTES],
		.has_max_objects = attrs[REFHEAP_A_HEAP_MAX_OBJECTS],
	};
	if (change->has_mode)
		change->mode = nla_get_u32(attrs[REFHEAP_A_HEAP_MODE]);
	if (change->has_max_bytes)
		change->max_bytes = nla_get_u64(attrs[REFHEAP_A_HEAP_MAX_BYTES]);
	if (change->has_max_objects)
		change->max_objects = nla_get_u64(attrs[REFHEAP_A_HEAP_MAX_OBJECTS]);
	if (change->has_group) {
		change->group = make_kgid(current_user_ns(),
					  nla_get_u32(attrs[REFHEAP_A_HEAP_GROUP]));
		if (!gid_valid(change->group)) {
			NL_SET_ERR_MSG_ATTR(extack, attrs[REFHEAP_A_HEAP_GROUP],
					    "there is no such group");
			return -EINVAL;
		}
	}
	return 0;
}

/**
 * refheap_nl_heap_set - REFHEAP_CMD_HEAP_SET
 * @request: the request
 * @info: parsed
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_heap_set(struct sk_buff *request, struct genl_info *info)
{
	struct refheap_update change;
	struct refheap *heap;
	int ret;

	ret = read_change(info->attrs, &change, info->extack);
	if (ret)
		return ret;
	heap = refheap_nl_find(request, info->attrs, REFHEAP_CONTROL, info->extack);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	ret = refheap_change(heap, refheap_nl_opener(request), &change);
	if (ret == -EPERM)
		NL_SET_ERR_MSG_ATTR(info->extack, info->attrs[REFHEAP_A_HEAP_GROUP],
				    "the caller is not in that group");
	else if (ret)
		refheap_nl_refuse(ret, info->extack);
	refheap_put(heap);
	return ret;
}

/**
 * refheap_nl_heap_del - REFHEAP_CMD_HEAP_DEL
 * @request: the request
 * @info: parsed
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_heap_del(struct sk_buff *request, struct genl_info *info)
{
	struct refheap *heap;
	int ret;

	heap = refheap_nl_find(request, info->attrs, REFHEAP_CONTROL, info->extack);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	ret = refheap_remove(heap);
	if (ret)
		refheap_nl_refuse(ret, info->extack);
	refheap_put(heap);
	return ret;
}

/**
 * struct heap_dump - where a dump of heaps is, in netlink_callback.ctx
 * @next: number from which on heaps are yet to be told
 * @end: all have been told
 */
struct heap_dump {
	u32 next;
	bool end;
};

/**
 * refheap_nl_heap_dump_start - begin a dump of REFHEAP_CMD_HEAP_GET
 * @cb: of the dump
 *
 * Context: any.
 * Return: 0 or -EINVAL.
 */
int refheap_nl_heap_dump_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = refheap_dump_attrs(cb);

	BUILD_BUG_ON(sizeof(struct heap_dump) > sizeof(cb->ctx));
	if (attrs[REFHEAP_A_HEAP_ID] || attrs[REFHEAP_A_HEAP_NAME] ||
	    attrs[REFHEAP_A_HEAP_OWNER]) {
		NL_SET_ERR_MSG(cb->extack, "a list of heaps takes no heap");
		return -EINVAL;
	}
	return 0;
}

static int dump_one(struct sk_buff *skb, struct netlink_callback *cb,
		    struct refheap *heap)
{
	struct heap_state state;
	void *header;
	int ret;

	ret = look(heap, &state);
	if (ret)
		/* Removed since it was found: nothing to tell. */
		return ret == -EIDRM ? 0 : ret;
	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &refheap_family, NLM_F_MULTI, REFHEAP_CMD_HEAP_GET);
	if (!header)
		return -EMSGSIZE;
	genl_dump_check_consistent(cb, header);
	if (put_heap(skb, heap, &state)) {
		genlmsg_cancel(skb, header);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return 0;
}

/**
 * refheap_nl_heap_dump - go on with a dump of REFHEAP_CMD_HEAP_GET
 * @skb: to be filled
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: bytes filled, 0 at the end, or a negative errno.
 */
int refheap_nl_heap_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct heap_dump *dump = (void *)cb->ctx;
	struct refheap *heap;
	int ret = 0;

	while (!dump->end) {
		cb->seq = refheap_nl_seq(refheap_registry_changes());
		heap = refheap_next(&dump->next, refheap_nl_opener(cb->skb));
		if (!heap) {
			dump->end = true;
			break;
		}
		ret = dump_one(skb, cb, heap);
		refheap_put(heap);
		if (ret)
			break;
		dump->end = dump->next == U32_MAX;
		dump->next++;
		cond_resched();
	}
	return skb->len ? skb->len : ret;
}
