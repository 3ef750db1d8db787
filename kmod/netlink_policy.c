// SPDX-License-Identifier: GPL-2.0
/*
 * Which attributes the requests take, and which values.
 */
#include "netlink_family.h"

#define HEAP_POLICY								\
	[REFHEAP_A_HEAP_ID] = NLA_POLICY_MIN(NLA_U32, 1),			\
	[REFHEAP_A_HEAP_NAME] = { .type = NLA_NUL_STRING,			\
				  .len = REFHEAP_NAME_MAX - 1 },		\
	[REFHEAP_A_HEAP_OWNER] = { .type = NLA_U32 }

#define DEBUG_FLAGS								\
	(REFHEAP_DEBUG_STATS | REFHEAP_DEBUG_COLLECTABLE |			\
	 REFHEAP_DEBUG_UNCOLLECTABLE | REFHEAP_DEBUG_SAVEALL)

const struct nla_policy refheap_heap_policy[REFHEAP_A_HEAP_OWNER + 1] = {
	HEAP_POLICY,
};

const struct nla_policy refheap_heap_set_policy[REFHEAP_HEAP_SET_ATTR_MAX + 1] = {
	HEAP_POLICY,
	[REFHEAP_A_HEAP_GROUP] = { .type = NLA_U32 },
	[REFHEAP_A_HEAP_MODE] = NLA_POLICY_MASK(NLA_U32, 0777),
	[REFHEAP_A_HEAP_MAX_BYTES] = { .type = NLA_U64 },
	[REFHEAP_A_HEAP_MAX_OBJECTS] = { .type = NLA_U64 },
};

const struct nla_policy refheap_generation_policy[REFHEAP_A_GEN_THRESHOLD + 1] = {
	[REFHEAP_A_GEN_INDEX] = NLA_POLICY_MAX(NLA_U32, RH_GENERATIONS - 1),
	[REFHEAP_A_GEN_THRESHOLD] = { .type = NLA_U32 },
};

const struct nla_policy refheap_gc_set_policy[REFHEAP_GC_SET_ATTR_MAX + 1] = {
	HEAP_POLICY,
	[REFHEAP_A_GC_ENABLED] = NLA_POLICY_MAX(NLA_U8, 1),
	[REFHEAP_A_GC_DEBUG] = NLA_POLICY_MASK(NLA_U32, DEBUG_FLAGS),
	[REFHEAP_A_GC_GENERATION] = NLA_POLICY_NESTED(refheap_generation_policy),
	[REFHEAP_A_GC_PERIOD] = { .type = NLA_U64 },
	[REFHEAP_A_GC_PERIOD_GENERATION] = NLA_POLICY_MAX(NLA_U32, RH_GENERATIONS - 1),
};

const struct nla_policy refheap_object_get_policy[REFHEAP_OBJECT_GET_ATTR_MAX + 1] = {
	HEAP_POLICY,
	[REFHEAP_A_OBJECT_ID] = { .type = NLA_U64 },
	[REFHEAP_A_FILTER_GENERATION] = NLA_POLICY_MAX(NLA_U32, RH_PERMANENT),
	[REFHEAP_A_FILTER_REFERRERS] = { .type = NLA_U64 },
	[REFHEAP_A_FILTER_REFERENTS] = { .type = NLA_U64 },
	[REFHEAP_A_FILTER_TYPE] = NLA_POLICY_MIN(NLA_U32, 1),
	[REFHEAP_A_FILTER_KIND] = NLA_POLICY_RANGE(NLA_U32, 1, __REFHEAP_KIND_MAX - 1),
	[REFHEAP_A_FILTER_GARBAGE] = { .type = NLA_FLAG },
	[REFHEAP_A_FILTER_TRACKED] = { .type = NLA_FLAG },
};

const struct nla_policy refheap_holder_get_policy[REFHEAP_A_OBJECT_ID + 1] = {
	HEAP_POLICY,
	[REFHEAP_A_OBJECT_ID] = { .type = NLA_U64 },
};
