// SPDX-License-Identifier: LGPL-2.1-or-later
/* The collector, by control handle. */
#include <errno.h>

#include "control.h"

static void parse_holds(struct nlattr *attr, uint64_t *holds)
{
	if (attr)
		nla_memcpy(holds, attr, REFHEAP_HOLD_BUCKETS * sizeof(*holds));
}

/* One of the three nests of an answer. */
static int parse_generation(struct nlattr *nest, struct refheap_gc_info *info)
{
	rh_attrs attrs;
	uint32_t index;
	int err;

	err = rh_parse_nested(nest, attrs);
	if (err)
		return err;
	index = rh_u32(attrs, REFHEAP_A_GEN_INDEX);
	if (index >= REFHEAP_GENERATIONS)
		return -EPROTO;
	info->generation[index] = (struct refheap_generation){
		.threshold = rh_u32(attrs, REFHEAP_A_GEN_THRESHOLD),
		.count = rh_u32(attrs, REFHEAP_A_GEN_COUNT),
		.objects = rh_u64(attrs, REFHEAP_A_GEN_OBJECTS),
		.collections = rh_u64(attrs, REFHEAP_A_GEN_COLLECTIONS),
		.collected = rh_u64(attrs, REFHEAP_A_GEN_COLLECTED),
		.uncollectable = rh_u64(attrs, REFHEAP_A_GEN_UNCOLLECTABLE),
		.entered = rh_u64(attrs, REFHEAP_A_GEN_ENTERED),
		.left = rh_u64(attrs, REFHEAP_A_GEN_LEFT),
		.untracked = rh_u64(attrs, REFHEAP_A_GEN_UNTRACKED),
		.died = rh_u64(attrs, REFHEAP_A_GEN_DIED),
		.duration_ns = rh_u64(attrs, REFHEAP_A_GEN_DURATION),
		.longest_hold_ns = rh_u64(attrs, REFHEAP_A_GEN_HOLD_LONGEST),
		.total_hold_ns = rh_u64(attrs, REFHEAP_A_GEN_HOLD_TOTAL),
	};
	parse_holds(attrs[REFHEAP_A_GEN_HOLDS], info->generation[index].holds);
	return 0;
}

/*
 * libnl's table holds the last of several attributes of one type; the others
 * lie before it in the message, after the first attribute that is there.
 */
static int parse_generations(struct nlmsghdr *message,
			     struct refheap_gc_info *info)
{
	struct genlmsghdr *header = nlmsg_data(message);
	struct nlattr *attr;
	int left;
	int err = 0;

	nla_for_each_attr(attr, genlmsg_attrdata(header, 0),
			  genlmsg_attrlen(header, 0), left)
		if (!err && nla_type(attr) == REFHEAP_A_GC_GENERATION)
			err = parse_generation(attr, info);
	return err;
}

static int parse_gc(struct nlmsghdr *message, rh_attrs attrs, void *gc_info)
{
	struct refheap_gc_info *info = gc_info;

	*info = (struct refheap_gc_info){
		.enabled = rh_u8(attrs, REFHEAP_A_GC_ENABLED),
		.collecting = rh_u8(attrs, REFHEAP_A_GC_COLLECTING),
		.debug = rh_u32(attrs, REFHEAP_A_GC_DEBUG),
		.frozen = rh_u64(attrs, REFHEAP_A_GC_FROZEN),
		.garbage = rh_u64(attrs, REFHEAP_A_GC_GARBAGE),
		.long_lived_pending =
			rh_u64(attrs, REFHEAP_A_GC_LONG_LIVED_PENDING),
		.long_lived_total =
			rh_u64(attrs, REFHEAP_A_GC_LONG_LIVED_TOTAL),
		.longest_hold_ns = rh_u64(attrs, REFHEAP_A_GC_LONGEST_HOLD),
		.duration_ns = rh_u64(attrs, REFHEAP_A_GC_DURATION),
		.period_ms = rh_u64(attrs, REFHEAP_A_GC_PERIOD),
		.period_generation =
			rh_u32(attrs, REFHEAP_A_GC_PERIOD_GENERATION),
		.pending = rh_u64(attrs, REFHEAP_A_GC_PENDING),
		.finalized = rh_u64(attrs, REFHEAP_A_GC_FINALIZED),
		.skipped = rh_u64(attrs, REFHEAP_A_GC_SKIPPED),
	};
	return parse_generations(message, info);
}

int refheap_gc_get(struct refheap_ctl *ctl, uint32_t heap,
		   struct refheap_gc_info *info)
{
	struct refheap_gc_info found;
	int err;

	err = rh_ask(ctl, rh_request(&ctl->socket, REFHEAP_CMD_GC_GET, 0, heap),
		     0, parse_gc, &found);
	if (!err)
		*info = found;
	return err;
}

static int put_threshold(struct nl_msg *request, uint32_t index,
			 uint32_t threshold)
{
	struct nlattr *nest = nla_nest_start(request, REFHEAP_A_GC_GENERATION);
	int err;

	if (!nest)
		return -NLE_NOMEM;
	err = nla_put_u32(request, REFHEAP_A_GEN_INDEX, index);
	if (!err)
		err = nla_put_u32(request, REFHEAP_A_GEN_THRESHOLD, threshold);
	if (!err)
		nla_nest_end(request, nest);
	return err;
}

int refheap_gc_set_thresholds(struct refheap_ctl *ctl, uint32_t heap,
			      const uint32_t *thresholds, size_t count)
{
	struct nl_msg *request;
	int put = 0;

	if (!count || count > REFHEAP_GENERATIONS)
		return -EINVAL;
	request = rh_request(&ctl->socket, REFHEAP_CMD_GC_SET, 0, heap);
	for (uint32_t i = 0; request && !put && i < count; i++)
		put = put_threshold(request, i, thresholds[i]);
	return rh_tell(ctl, request, put);
}

static int set_enabled(struct refheap_ctl *ctl, uint32_t heap, uint8_t enabled)
{
	struct nl_msg *request = rh_request(&ctl->socket, REFHEAP_CMD_GC_SET, 0,
					    heap);

	return rh_tell(ctl, request,
		       request ? nla_put_u8(request, REFHEAP_A_GC_ENABLED,
					    enabled) : 0);
}

int refheap_gc_enable(struct refheap_ctl *ctl, uint32_t heap)
{
	return set_enabled(ctl, heap, 1);
}

int refheap_gc_disable(struct refheap_ctl *ctl, uint32_t heap)
{
	return set_enabled(ctl, heap, 0);
}

static int put_period(struct nl_msg *request, uint64_t period_ms,
		      uint32_t generation)
{
	int err = nla_put_u64(request, REFHEAP_A_GC_PERIOD, period_ms);

	return err ? err : nla_put_u32(request, REFHEAP_A_GC_PERIOD_GENERATION,
				       generation);
}

int refheap_gc_set_period(struct refheap_ctl *ctl, uint32_t heap,
			  uint64_t period_ms, uint32_t generation)
{
	struct nl_msg *request = rh_request(&ctl->socket, REFHEAP_CMD_GC_SET, 0,
					    heap);

	return rh_tell(ctl, request,
		       request ? put_period(request, period_ms, generation) :
				 0);
}

int refheap_gc_set_debug(struct refheap_ctl *ctl, uint32_t heap, uint32_t debug)
{
	struct nl_msg *request = rh_request(&ctl->socket, REFHEAP_CMD_GC_SET, 0,
					    heap);

	return rh_tell(ctl, request,
		       request ? nla_put_u32(request, REFHEAP_A_GC_DEBUG,
					     debug) : 0);
}
