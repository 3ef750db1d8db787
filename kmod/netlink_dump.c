// SPDX-License-Identifier: GPL-2.0
/*
 * Types, arenas, sessions and holders of a heap over netlink. A dump remembers
 * the heap and a place in it; each message is made of what was looked at under
 * the heap lock in one go.
 */
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/pid.h>
#include <linux/user_namespace.h>
#include "netlink_family.h"
#include "seat.h"

/* Where in the dump of arenas we are. */
enum phase {
	PHASE_CLASSES,
	PHASE_ARENAS,
	PHASE_TOTALS,
	PHASE_END,
};

/* Seats that are looked at for a holder before the heap lock is given away. */
#define LOOK_SEATS	64

/**
 * struct dump - state of a dump, in netlink_callback.ctx
 * @heap: with a reference
 * @object: holders: id of what they hold
 * @index: of the next type, class, arena or session
 * @slot: of the type: slots already told
 * @phase: arenas: what comes next
 * @space: arenas: enum refheap_space
 * @end: everything has been told
 */
struct dump {
	struct refheap *heap;
	u64 object;
	u32 index;
	u32 slot;
	enum phase phase;
	u32 space;
	bool end;
};

static struct dump *dump_of(struct netlink_callback *cb)
{
	BUILD_BUG_ON(sizeof(struct dump) > sizeof(cb->ctx));
	return (struct dump *)cb->ctx;
}

/**
 * refheap_nl_dump_start - begin a dump of types, arenas or sessions
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_dump_start(struct netlink_callback *cb)
{
	struct refheap *heap;

	heap = refheap_nl_find(cb->skb, refheap_dump_attrs(cb), REFHEAP_READ,
			       cb->extack);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	dump_of(cb)->heap = heap;
	return 0;
}

/**
 * refheap_nl_dump_done - end a dump of types, arenas or sessions
 * @cb: of the dump
 *
 * Context: may sleep.
 * Return: 0.
 */
int refheap_nl_dump_done(struct netlink_callback *cb)
{
	refheap_put(dump_of(cb)->heap);
	return 0;
}

typedef int (*put_next_fn)(struct sk_buff *skb, struct netlink_callback *cb,
			   struct dump *dump);

/*
 * Puts a message. @put_next puts the contents of the next one and moves on, with
 * the heap locked; it leaves the place alone when it returns -EMSGSIZE, returns
 * -EAGAIN when it has moved on and put nothing, and sets @end when there was
 * nothing left to put.
 */
static int put_message(struct sk_buff *skb, struct netlink_callback *cb,
		       u8 command, put_next_fn put_next)
{
	struct dump *dump = dump_of(cb);
	struct refheap *heap = dump->heap;
	void *header;
	int ret;

	header = genlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			     &refheap_family, NLM_F_MULTI, command);
	if (!header)
		return -EMSGSIZE;
	ret = refheap_lock_killable(heap);
	if (!ret) {
		ret = heap->removed ? -EIDRM : put_next(skb, cb, dump);
		refheap_unlock(heap);
	}
	if (ret || dump->end) {
		genlmsg_cancel(skb, header);
		return ret;
	}
	genl_dump_check_consistent(cb, header);
	genlmsg_end(skb, header);
	return 0;
}

/* Fills @skb with messages; see refheap_nl_put_nothing() for how long. */
static int fill(struct sk_buff *skb, struct netlink_callback *cb, u8 command,
		put_next_fn put_next)
{
	u64 deadline = ktime_get_ns() + REFHEAP_DUMP_NS;
	struct dump *dump = dump_of(cb);
	int ret;

	ret = refheap_permission(dump->heap, refheap_nl_opener(cb->skb),
				 REFHEAP_READ);
	while (!ret && !dump->end) {
		ret = put_message(skb, cb, command, put_next);
		cond_resched();
		if (ret != -EAGAIN)
			continue;
		ret = 0;
		if (ktime_get_ns() >= deadline) {
			if (!skb->len)
				ret = refheap_nl_put_nothing(skb, cb);
			break;
		}
	}
	return skb->len ? skb->len : ret;
}

static int put_type(struct sk_buff *skb, const struct rh_type_stat *stat)
{
	if (nla_put_u32(skb, REFHEAP_A_TYPE_ID, stat->id) ||
	    nla_put_u32(skb, REFHEAP_A_TYPE_KIND, stat->kind) ||
	    nla_put_string(skb, REFHEAP_A_TYPE_NAME, stat->name) ||
	    nla_put_u32(skb, REFHEAP_A_TYPE_BASE, stat->base) ||
	    nla_put_u32(skb, REFHEAP_A_TYPE_FLAGS, stat->flags) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_TYPE_OBJECTS, stat->objects,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_TYPE_BYTES, stat->bytes,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_slot(struct sk_buff *skb, struct rh_heap *engine, u32 type,
		    u32 slot)
{
	struct nlattr *attr;
	const char *name;
	int len;

	len = rh_type_slot_name(engine, type, slot, &name);
	if (len < 0)
		return len;
	attr = nla_reserve(skb, REFHEAP_A_TYPE_SLOT, len + 1);
	if (!attr)
		return -EMSGSIZE;
	memcpy(nla_data(attr), name, len);
	((char *)nla_data(attr))[len] = '\0';
	return 0;
}

/*
 * A type may have more slots than a message has room for. Then the same type
 * comes again with the slots that follow.
 */
static int put_next_type(struct sk_buff *skb, struct netlink_callback *cb,
			 struct dump *dump)
{
	struct rh_heap *engine = dump->heap->engine;
	struct rh_type_stat stat;
	u32 slot;
	int ret;

	/* Types are never removed: what is told stays true. */
	cb->seq = 1;
	if (rh_type_stat(engine, dump->index, &stat)) {
		dump->end = true;
		return 0;
	}
	ret = put_type(skb, &stat);
	if (ret)
		return ret;
	for (slot = dump->slot; slot < stat.nslots; slot++) {
		ret = put_slot(skb, engine, stat.id, slot);
		if (ret == -EMSGSIZE && slot > dump->slot) {
			dump->slot = slot;
			return 0;
		}
		if (ret)
			return ret;
	}
	dump->slot = 0;
	dump->index++;
	return 0;
}

/**
 * refheap_nl_type_dump - go on with a dump of REFHEAP_CMD_TYPE_GET
 * @skb: to be filled
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: bytes filled, 0 at the end, or a negative errno.
 */
int refheap_nl_type_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fill(skb, cb, REFHEAP_CMD_TYPE_GET, put_next_type);
}

static int put_class(struct sk_buff *skb, const struct dump *dump,
		     const struct rh_class_stat *stat)
{
	if (nla_put_u32(skb, REFHEAP_A_ARENA_SPACE, dump->space) ||
	    nla_put_u32(skb, REFHEAP_A_CLASS_BYTES, stat->bytes) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_CLASS_POOLS, stat->pools,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_CLASS_USED, stat->used,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_CLASS_FREE, stat->free,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_pools(struct sk_buff *skb, const struct dump *dump, u32 index)
{
	struct refheap_pool pool[REFHEAP_ARENA_POOLS_MAX];
	u32 n = rh_arena_pools(dump->heap->engine, dump->space, index, pool);

	return n ? nla_put(skb, REFHEAP_A_ARENA_POOLS, n * sizeof(*pool), pool) : 0;
}

static int put_arena(struct sk_buff *skb, const struct dump *dump,
		     const struct rh_arena_stat *stat)
{
	if (nla_put_u32(skb, REFHEAP_A_ARENA_SPACE, dump->space) ||
	    nla_put_u32(skb, REFHEAP_A_ARENA_INDEX, stat->index) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_ARENA_BYTES, stat->bytes,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_ARENA_PAGES, stat->pages) ||
	    nla_put_u32(skb, REFHEAP_A_ARENA_PAGES_FREE, stat->pages_free) ||
	    nla_put_u32(skb, REFHEAP_A_ARENA_USE, stat->use))
		return -EMSGSIZE;
	return put_pools(skb, dump, stat->index);
}

static int put_totals(struct sk_buff *skb, struct rh_heap *engine)
{
	u64 arena_bytes = 0, large_blocks = 0, large_bytes = 0;
	struct rh_space_stat space;
	struct rh_table_stat table;
	u32 i;

	for (i = 0; i < __REFHEAP_SPACE_MAX; i++) {
		rh_space_stat(engine, i, &space);
		arena_bytes += space.bytes;
		large_blocks += space.large_blocks;
		large_bytes += space.large_bytes;
	}
	rh_table_stat(engine, &table);
	if (nla_put_u64_64bit(skb, REFHEAP_A_ARENA_BYTES, arena_bytes,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_LARGE_BLOCKS, large_blocks,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_LARGE_BYTES, large_bytes,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_TABLE_BYTES, table.bytes,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_TABLE_SLOTS, table.slots,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_METADATA_MILLIBYTES,
			      table.millibytes, REFHEAP_A_PAD))
		return -EMSGSIZE;
	return 0;
}

/* On to the next space, and after the last to the next phase. */
static void next_space(struct dump *dump)
{
	dump->index = 0;
	if (++dump->space == __REFHEAP_SPACE_MAX) {
		dump->space = 0;
		dump->phase++;
	}
}

/* Return: 0 when a class was put, -ENOENT when the space has no more. */
static int put_next_class(struct sk_buff *skb, struct dump *dump)
{
	struct rh_class_stat stat;
	int ret;

	ret = rh_class_stat(dump->heap->engine, dump->space, dump->index, &stat);
	if (!ret)
		ret = put_class(skb, dump, &stat);
	if (!ret)
		dump->index++;
	return ret;
}

/* Likewise an arena. */
static int put_next_arena(struct sk_buff *skb, struct dump *dump)
{
	struct rh_arena_stat stat;
	int ret;

	ret = rh_arena_stat(dump->heap->engine, dump->space, dump->index, &stat);
	if (!ret)
		ret = put_arena(skb, dump, &stat);
	if (!ret)
		dump->index = stat.index + 1;
	return ret;
}

static int put_next_of_arenas(struct sk_buff *skb, struct netlink_callback *cb,
			      struct dump *dump)
{
	struct rh_heap *engine = dump->heap->engine;
	struct rh_heap_stat stat;
	int ret;

	rh_heap_stat(engine, &stat);
	cb->seq = refheap_nl_seq(stat.changes);
	while (dump->phase < PHASE_TOTALS) {
		ret = dump->phase == PHASE_CLASSES ? put_next_class(skb, dump) :
						     put_next_arena(skb, dump);
		if (ret != -ENOENT)
			return ret;
		next_space(dump);
	}
	if (dump->phase == PHASE_END) {
		dump->end = true;
		return 0;
	}
	ret = put_totals(skb, engine);
	if (!ret)
		dump->phase = PHASE_END;
	return ret;
}

/**
 * refheap_nl_arena_dump - go on with a dump of REFHEAP_CMD_ARENA_GET
 * @skb: to be filled
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: bytes filled, 0 at the end, or a negative errno.
 */
int refheap_nl_arena_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fill(skb, cb, REFHEAP_CMD_ARENA_GET, put_next_of_arenas);
}

static int put_seat(struct sk_buff *skb, const struct refheap_seat *seat)
{
	if (nla_put_u32(skb, REFHEAP_A_SESSION_ID, seat->id) ||
	    nla_put_u32(skb, REFHEAP_A_SESSION_PID, pid_vnr(seat->pid)) ||
	    nla_put_string(skb, REFHEAP_A_SESSION_COMM, seat->comm) ||
	    nla_put_u32(skb, REFHEAP_A_SESSION_UID,
			from_kuid_munged(current_user_ns(), seat->uid)) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_SESSION_HELD,
			      rh_holder_held(seat->holder), REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_SESSION_SINCE, seat->since_ns,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_SESSION_FRAMES,
			rh_holder_depth(seat->holder)) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_SESSION_EVENTS,
			      refheap_seat_events(seat), REFHEAP_A_PAD))
		return -EMSGSIZE;
	if (seat->export && nla_put_flag(skb, REFHEAP_A_SESSION_EXPORT))
		return -EMSGSIZE;
	return 0;
}

static int put_next_session(struct sk_buff *skb, struct netlink_callback *cb,
			    struct dump *dump)
{
	struct refheap *heap = dump->heap;
	unsigned long index = dump->index;
	struct refheap_seat *seat;

	cb->seq = refheap_nl_seq(heap->seat_changes);
	seat = xa_find(&heap->seats, &index, ULONG_MAX, XA_PRESENT);
	if (!seat) {
		dump->end = true;
		return 0;
	}
	if (put_seat(skb, seat))
		return -EMSGSIZE;
	dump->index = index + 1;
	return 0;
}

/**
 * refheap_nl_session_dump - go on with a dump of REFHEAP_CMD_SESSION_GET
 * @skb: to be filled
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: bytes filled, 0 at the end, or a negative errno.
 */
int refheap_nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fill(skb, cb, REFHEAP_CMD_SESSION_GET, put_next_session);
}

static int check_object(struct refheap *heap, const struct nlattr *id,
			struct netlink_ext_ack *extack)
{
	struct rh_object object;
	int ret;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	ret = heap->removed ? -EIDRM :
			      rh_object_get(heap->engine, nla_get_u64(id), &object);
	refheap_unlock(heap);
	return ret ? refheap_nl_refuse_object(ret, id, extack) : 0;
}

/**
 * refheap_nl_holder_dump_start - begin a dump of REFHEAP_CMD_HOLDER_GET
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_holder_dump_start(struct netlink_callback *cb)
{
	const struct nlattr *id = refheap_dump_attrs(cb)[REFHEAP_A_OBJECT_ID];
	struct refheap *heap;
	int ret;

	if (!id) {
		NL_SET_ERR_MSG(cb->extack, "the id of an object is missing");
		return -EINVAL;
	}
	ret = refheap_nl_dump_start(cb);
	if (ret)
		return ret;
	heap = dump_of(cb)->heap;
	ret = check_object(heap, id, cb->extack);
	if (ret) {
		refheap_put(heap);
		return ret;
	}
	dump_of(cb)->object = nla_get_u64(id);
	return 0;
}

static int put_hold(struct sk_buff *skb, const struct rh_hold *hold)
{
	if (nla_put_u32(skb, REFHEAP_A_HOLD_COUNT, hold->count) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_HOLD_SINCE, hold->since_ns,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_HOLD_FRAME, hold->frame))
		return -EMSGSIZE;
	return 0;
}

static int put_next_holder(struct sk_buff *skb, struct netlink_callback *cb,
			   struct dump *dump)
{
	struct refheap *heap = dump->heap;
	unsigned long index = dump->index;
	struct refheap_seat *seat;
	struct rh_hold hold;
	unsigned int looks;

	cb->seq = refheap_nl_seq(heap->seat_changes);
	for (looks = 0; looks < LOOK_SEATS; looks++, index++) {
		seat = xa_find(&heap->seats, &index, ULONG_MAX, XA_PRESENT);
		if (!seat) {
			dump->end = true;
			return 0;
		}
		if (!rh_holder_hold(heap->engine, seat->holder, dump->object, &hold))
			continue;
		if (put_seat(skb, seat) || put_hold(skb, &hold))
			return -EMSGSIZE;
		dump->index = index + 1;
		return 0;
	}
	dump->index = index;
	return -EAGAIN;
}

/**
 * refheap_nl_holder_dump - go on with a dump of REFHEAP_CMD_HOLDER_GET
 * @skb: to be filled
 * @cb: of the dump
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: bytes filled, 0 at the end, or a negative errno.
 */
int refheap_nl_holder_dump(struct sk_buff *skb, struct netlink_callback *cb)
{
	return fill(skb, cb, REFHEAP_CMD_HOLDER_GET, put_next_holder);
}
