// SPDX-License-Identifier: GPL-2.0
/*
 * Objects over netlink: one by id, or a filtered walk over all of them.
 */
#include <linux/ktime.h>
#include <linux/slab.h>
#include "netlink_family.h"

/* Objects that are looked at before the heap lock is given away. */
#define SCAN_OBJECTS	16

static int put_object(struct sk_buff *skb, const struct rh_object *object,
		      bool edges)
{
	const struct refheap_info *info = &object->info;

	if (nla_put_u64_64bit(skb, REFHEAP_A_OBJECT_ID, info->id, REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_KIND, info->kind) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_TYPE, info->type) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_REFCOUNT, info->refcount) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_OBJECT_SIZEOF, info->sizeof_,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_OBJECT_LENGTH, info->length,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_GENERATION, info->generation) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_FLAGS, info->flags) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_WEAKREFS, info->weakrefs))
		return -EMSGSIZE;
	if (info->kind == REFHEAP_KIND_WEAKREF &&
	    nla_put_u64_64bit(skb, REFHEAP_A_OBJECT_REFERENT, info->value,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	if (object->value_len &&
	    nla_put(skb, REFHEAP_A_OBJECT_VALUE, object->value_len, object->value))
		return -EMSGSIZE;
	if (edges && nla_put_u32(skb, REFHEAP_A_OBJECT_EDGES, object->edges))
		return -EMSGSIZE;
	return 0;
}

static int look(struct refheap *heap, u64 id, struct rh_object *object)
{
	int ret;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	ret = heap->removed ? -EIDRM : rh_object_get(heap->engine, id, object);
	refheap_unlock(heap);
	return ret;
}

static int reply(struct genl_info *info, const struct rh_object *object)
{
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, GFP_KERNEL);
	void *header;

	if (!skb)
		return -ENOMEM;
	header = genlmsg_put_reply(skb, info, &refheap_family, 0,
				   REFHEAP_CMD_OBJECT_GET);
	if (!header || put_object(skb, object, false)) {
		nlmsg_free(skb);
		return -EMSGSIZE;
	}
	genlmsg_end(skb, header);
	return genlmsg_reply(skb, info);
}

static const struct nlattr *first_filter(struct nlattr **attrs)
{
	int type;

	for (type = REFHEAP_A_FILTER_GENERATION; type <= REFHEAP_A_FILTER_TRACKED; type++)
		if (attrs[type])
			return attrs[type];
	return NULL;
}

/**
 * refheap_nl_object_get - REFHEAP_CMD_OBJECT_GET of one object
 * @request: the request
 * @info: parsed
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_object_get(struct sk_buff *request, struct genl_info *info)
{
	const struct nlattr *id = info->attrs[REFHEAP_A_OBJECT_ID];
	struct rh_object object;
	struct refheap *heap;
	int ret;

	if (!id) {
		NL_SET_ERR_MSG(info->extack, "the id of an object is missing");
		return -EINVAL;
	}
	if (first_filter(info->attrs)) {
		NL_SET_ERR_MSG_ATTR(info->extack, first_filter(info->attrs),
				    "filters are for lists of objects");
		return -EINVAL;
	}
	heap = refheap_nl_find(request, info->attrs, REFHEAP_READ, info->extack);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	ret = look(heap, nla_get_u64(id), &object);
	if (ret)
		refheap_nl_refuse_object(ret, id, info->extack);
	else
		ret = reply(info, &object);
	refheap_put(heap);
	return ret;
}

/**
 * struct object_dump - a walk over the objects of a heap
 * @heap: with a reference
 * @scan: where the walk is
 * @end: it has come to its end
 * @seq: of the heap when @objects were looked at
 * @count: objects looked at
 * @told: how many of them are in a message
 * @objects: those
 */
struct object_dump {
	struct refheap *heap;
	struct rh_scan scan;
	bool end;
	u32 seq;
	u32 count;
	u32 told;
	struct rh_object objects[SCAN_OBJECTS];
};

static void read_filters(struct nlattr **attrs, struct rh_scan *scan)
{
	if (attrs[REFHEAP_A_FILTER_GENERATION]) {
		scan->filters |= RH_SCAN_GENERATION;
		scan->generation = nla_get_u32(attrs[REFHEAP_A_FILTER_GENERATION]);
	}
	if (attrs[REFHEAP_A_FILTER_REFERRERS]) {
		scan->filters |= RH_SCAN_REFERRERS;
		scan->subject = nla_get_u64(attrs[REFHEAP_A_FILTER_REFERRERS]);
	}
	if (attrs[REFHEAP_A_FILTER_REFERENTS]) {
		scan->filters |= RH_SCAN_REFERENTS;
		scan->subject = nla_get_u64(attrs[REFHEAP_A_FILTER_REFERENTS]);
	}
	if (attrs[REFHEAP_A_FILTER_TYPE]) {
		scan->filters |= RH_SCAN_TYPE;
		scan->type = nla_get_u32(attrs[REFHEAP_A_FILTER_TYPE]);
	}
	if (attrs[REFHEAP_A_FILTER_KIND]) {
		scan->filters |= RH_SCAN_KIND;
		scan->kind = nla_get_u32(attrs[REFHEAP_A_FILTER_KIND]);
	}
	if (attrs[REFHEAP_A_FILTER_GARBAGE])
		scan->filters |= RH_SCAN_GARBAGE;
	if (attrs[REFHEAP_A_FILTER_TRACKED])
		scan->filters |= RH_SCAN_TRACKED;
}

/**
 * refheap_nl_object_dump_start - begin a dump of REFHEAP_CMD_OBJECT_GET
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_object_dump_start(struct netlink_callback *cb)
{
	struct nlattr **attrs = refheap_dump_attrs(cb);
	struct object_dump *dump;

	if (attrs[REFHEAP_A_OBJECT_ID]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[REFHEAP_A_OBJECT_ID],
				    "a list of objects takes filters and no id");
		return -EINVAL;
	}
	if (attrs[REFHEAP_A_FILTER_REFERRERS] && attrs[REFHEAP_A_FILTER_REFERENTS]) {
		NL_SET_ERR_MSG_ATTR(cb->extack, attrs[REFHEAP_A_FILTER_REFERENTS],
				    "referrers and referents cannot be asked for together");
		return -EINVAL;
	}
	dump = kzalloc(sizeof(*dump), GFP_KERNEL_ACCOUNT);
	if (!dump)
		return -ENOMEM;
	read_filters(attrs, &dump->scan);
	dump->heap = refheap_nl_find(cb->skb, attrs, REFHEAP_READ, cb->extack);
	if (IS_ERR(dump->heap)) {
		int ret = PTR_ERR(dump->heap);

		kfree(dump);
		return ret;
	}
	*(struct object_dump **)cb->ctx = dump;
	return 0;
}

/**
 * refheap_nl_object_dump_done - end a dump of REFHEAP_CMD_OBJECT_GET
 * @cb: of the dump
 *
 * Context: may sleep.
 * Return: 0.
 */
int refheap_nl_object_dump_done(struct netlink_callback *cb)
{
	struct object_dump *dump = *(struct object_dump **)cb->ctx;

	refheap_put(dump->heap);
	kfree(dump);
	return 0;
}

/*
 * Return: 0, -EIDRM, -EINTR; -ESTALE or -ENOENT when the subject of a filter is
 * gone.
 */
static int scan_more(struct object_dump *dump)
{
	struct refheap *heap = dump->heap;
	struct rh_heap_stat stat;
	int ret;

	dump->count = 0;
	dump->told = 0;
	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	ret = -EIDRM;
	if (!heap->removed) {
		ret = rh_scan_step(heap->engine, &dump->scan, dump->objects,
				   SCAN_OBJECTS, &dump->count);
		rh_heap_stat(heap->engine, &stat);
		dump->seq = refheap_nl_seq(stat.changes);
	}
	refheap_unlock(heap);
	cond_resched();
	if (ret < 0)
		return ret;
	dump->end = ret == RH_DONE;
	return 0;
}

/* Return: 0, or -EMSGSIZE when not all have found room. */
static int tell(struct sk_buff *skb, struct netlink_callback *cb,
		struct object_dump *dump)
{
	bool edges = dump->scan.filters & RH_SCAN_REFERRERS;
	void *header;

	cb->seq = dump->seq;
	for (; dump->told < dump->count; dump->told++) {
		header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid,
				     cb->nlh->nlmsg_seq, &refheap_family,
				     NLM_F_MULTI, REFHEAP_CMD_OBJECT_GET);
		if (!header)
			return -EMSGSIZE;
		genl_dump_check_consistent(cb, header);
		if (put_object(skb, &dump->objects[dump->told], edges)) {
			genlmsg_cancel(skb, header);
			return -EMSGSIZE;
		}
		genlmsg_end(skb, header);
	}
	return 0;
}

/**
 * refheap_nl_object_dump - go on with a dump of REFHEAP_CMD_OBJECT_GET
 * @skb: to be filled
 * @cb: of the dump
 *
 * A filter may pass over millions of objects before it finds one, see
 * refheap_nl_put_nothing().
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: bytes filled, 0 at the end, or a negative errno.
 */
int refheap_nl_object_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	struct object_dump *dump = *(struct object_dump **)cb->ctx;
	u64 deadline = ktime_get_ns() + REFHEAP_DUMP_NS;
	int ret;

	ret = refheap_permission(dump->heap, refheap_nl_opener(cb->skb),
				 REFHEAP_READ);
	while (!ret) {
		ret = tell(skb, cb, dump);
		if (ret || dump->end)
			break;
		if (ktime_get_ns() >= deadline) {
			if (!skb->len)
				ret = refheap_nl_put_nothing(skb, cb);
			break;
		}
		ret = scan_more(dump);
		/* Long before the first message something may change. */
		if (!ret && !cb->prev_seq)
			cb->prev_seq = dump->seq;
	}
	return skb->len ? skb->len : ret;
}
