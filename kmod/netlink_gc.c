// SPDX-License-Identifier: GPL-2.0
/*
 * The collector's settings and counts over netlink.
 */
#include "netlink_family.h"
#include "worker.h"

#define PERIOD_MIN_MS	10
#define PERIOD_MAX_MS	(24 * 3600 * MSEC_PER_SEC)

/**
 * struct gc_state - what there is to tell
 * @stat: of the engine
 * @holds: of the heap
 * @period_ms: of the heap
 * @period_generation: of the heap
 */
struct gc_state {
	struct rh_gc_stat stat;
	struct refheap_holds holds[RH_GENERATIONS];
	u32 period_ms;
	u32 period_generation;
};

static int put_holds(struct sk_buff *skb, const struct refheap_holds *holds)
{
	if (nla_put_u64_64bit(skb, REFHEAP_A_GEN_DURATION, holds->duration_ns,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_HOLD_LONGEST, holds->longest_ns,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_HOLD_TOTAL, holds->total_ns,
			      REFHEAP_A_PAD) ||
	    nla_put(skb, REFHEAP_A_GEN_HOLDS, sizeof(holds->count), holds->count))
		return -EMSGSIZE;
	return 0;
}

static int put_generation(struct sk_buff *skb, const struct gc_state *state,
			  u32 index)
{
	const struct rh_gc_stat *stat = &state->stat;
	struct nlattr *nest = nla_nest_start(skb, REFHEAP_A_GC_GENERATION);

	if (!nest ||
	    nla_put_u32(skb, REFHEAP_A_GEN_INDEX, index) ||
	    nla_put_u32(skb, REFHEAP_A_GEN_THRESHOLD,
			stat->generation[index].threshold) ||
	    nla_put_u32(skb, REFHEAP_A_GEN_COUNT, stat->generation[index].count) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_OBJECTS,
			      stat->generation[index].objects, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_COLLECTIONS,
			      stat->generation[index].collections,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_COLLECTED,
			      stat->generation[index].collected, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_UNCOLLECTABLE,
			      stat->generation[index].uncollectable,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_ENTERED,
			      stat->generation[index].entered, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_LEFT,
			      stat->generation[index].left, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_UNTRACKED,
			      stat->generation[index].untracked, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_DIED,
			      stat->generation[index].died, REFHEAP_A_PAD) ||
	    put_holds(skb, &state->holds[index]))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_timer_and_finalizers(struct sk_buff *skb, const struct gc_state *state)
{
	if (nla_put_u64_64bit(skb, REFHEAP_A_GC_PERIOD, state->period_ms,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_GC_PERIOD_GENERATION,
			state->period_generation) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_PENDING, state->stat.pending,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_FINALIZED, state->stat.finalized,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_SKIPPED, state->stat.skipped,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_gc(struct sk_buff *skb, const struct gc_state *state)
{
	const struct rh_gc_stat *stat = &state->stat;
	u32 index;

	if (nla_put_u8(skb, REFHEAP_A_GC_ENABLED, stat->enabled) ||
	    nla_put_u32(skb, REFHEAP_A_GC_DEBUG, stat->debug) ||
	    nla_put_u8(skb, REFHEAP_A_GC_COLLECTING, stat->collecting) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_FROZEN, stat->frozen,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_GARBAGE, stat->garbage,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_LONG_LIVED_PENDING,
			      stat->long_lived_pending, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_LONG_LIVED_TOTAL,
			      stat->long_lived_total, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_LONGEST_HOLD,
			      stat->longest_hold_ns, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_DURATION, stat->duration_ns,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	for (index = 0; index < RH_GENERATIONS; index++)
		if (put_generation(skb, state, index))
			return -EMSGSIZE;
	return put_timer_and_finalizers(skb, state);
}

static int look(struct refheap *heap, struct gc_state *state)
{
	int ret;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	if (heap->removed)
		ret = -EIDRM;
	else
		rh_gc_stat(heap->engine, &state->stat);
	memcpy(state->holds, heap->holds, sizeof(state->holds));
	state->period_ms = heap->period_ms;
	state->period_generation = heap->period_generation;
	refheap_unlock(heap);
	return ret;
}

/**
 * refheap_nl_gc_get - REFHEAP_CMD_GC_GET
 * @request: the request
 * @info: parsed
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_gc_get(struct sk_buff *request, struct genl_info *info)
{
	struct gc_state state;
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
				   REFHEAP_CMD_GC_GET);
	if (!header || nla_put_u32(skb, REFHEAP_A_HEAP_ID, heap->id) ||
	    put_gc(skb, &state)) {
		nlmsg_free(skb);
		goto put_heap;
	}
	genlmsg_end(skb, header);
	ret = genlmsg_reply(skb, info);
put_heap:
	refheap_put(heap);
	return ret;
}

/**
 * struct settings - what a request wants changed
 * @has_threshold: by generation
 * @threshold: by generation
 */
struct settings {
	bool has_threshold[RH_GENERATIONS];
	u32 threshold[RH_GENERATIONS];
};

static int read_generation(const struct nlattr *attr, struct settings *settings,
			   struct netlink_ext_ack *extack)
{
	struct nlattr *attrs[ARRAY_SIZE(refheap_generation_policy)];
	u32 index;
	int ret;

	ret = nla_parse_nested(attrs, ARRAY_SIZE(attrs) - 1, attr,
			       refheap_generation_policy, extack);
	if (ret)
		return ret;
	if (!attrs[REFHEAP_A_GEN_INDEX] || !attrs[REFHEAP_A_GEN_THRESHOLD]) {
		NL_SET_ERR_MSG_ATTR(extack, attr,
				    "a generation needs its index and a threshold");
		return -EINVAL;
	}
	index = nla_get_u32(attrs[REFHEAP_A_GEN_INDEX]);
	settings->has_threshold[index] = true;
	settings->threshold[index] = nla_get_u32(attrs[REFHEAP_A_GEN_THRESHOLD]);
	return 0;
}

static int check_period(const struct nlattr *attr, struct netlink_ext_ack *extack)
{
	u64 period = attr ? nla_get_u64(attr) : 0;

	if (!period || (period >= PERIOD_MIN_MS && period <= PERIOD_MAX_MS))
		return 0;
	NL_SET_ERR_MSG_ATTR(extack, attr,
			    "a timer takes 10 milliseconds to a day, or 0 for none");
	return -ERANGE;
}

/* The attribute comes once for each generation, so look at all of them. */
static int read_settings(struct genl_info *info, struct settings *settings)
{
	const struct nlattr *attr;
	int rest, ret;

	*settings = (struct settings) {};
	nlmsg_for_each_attr(attr, info->nlhdr, GENL_HDRLEN, rest) {
		if (nla_type(attr) != REFHEAP_A_GC_GENERATION)
			continue;
		ret = read_generation(attr, settings, info->extack);
		if (ret)
			return ret;
	}
	return check_period(info->attrs[REFHEAP_A_GC_PERIOD], info->extack);
}

/* The debug flags can be refused, so they go first. */
static int apply(struct refheap *heap, struct nlattr **attrs,
		 const struct settings *settings)
{
	unsigned int i;
	int ret;

	refheap_assert_locked(heap);
	if (heap->removed)
		return -EIDRM;
	if (attrs[REFHEAP_A_GC_DEBUG]) {
		ret = rh_gc_set_debug(heap->engine,
				      nla_get_u32(attrs[REFHEAP_A_GC_DEBUG]));
		if (ret)
			return ret;
	}
	if (attrs[REFHEAP_A_GC_ENABLED])
		rh_gc_enable(heap->engine, nla_get_u8(attrs[REFHEAP_A_GC_ENABLED]));
	for (i = 0; i < RH_GENERATIONS; i++)
		if (settings->has_threshold[i])
			rh_gc_set_threshold(heap->engine, i, settings->threshold[i]);
	if (attrs[REFHEAP_A_GC_PERIOD_GENERATION])
		heap->period_generation =
			nla_get_u32(attrs[REFHEAP_A_GC_PERIOD_GENERATION]);
	if (attrs[REFHEAP_A_GC_PERIOD])
		refheap_set_period(heap, nla_get_u64(attrs[REFHEAP_A_GC_PERIOD]));
	return 0;
}

/**
 * refheap_nl_gc_set - REFHEAP_CMD_GC_SET
 * @request: the request
 * @info: parsed
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0 or a negative errno.
 */
int refheap_nl_gc_set(struct sk_buff *request, struct genl_info *info)
{
	struct settings settings;
	struct refheap *heap;
	int ret;

	ret = read_settings(info, &settings);
	if (ret)
		return ret;
	heap = refheap_nl_find(request, info->attrs, REFHEAP_READ | REFHEAP_WRITE,
			       info->extack);
	if (IS_ERR(heap))
		return PTR_ERR(heap);
	ret = refheap_lock_killable(heap);
	if (!ret) {
		ret = apply(heap, info->attrs, &settings);
		refheap_unlock(heap);
	}
	if (ret)
		refheap_nl_refuse(ret, info->extack);
	refheap_put(heap);
	return ret;
}
