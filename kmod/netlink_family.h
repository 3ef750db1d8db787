/* SPDX-License-Identifier: GPL-2.0 */
/*
 * What the files of the netlink door share.
 */
#ifndef REFHEAP_NETLINK_FAMILY_H
#define REFHEAP_NETLINK_FAMILY_H

#include <net/genetlink.h>
#include "compat.h"
#include "registry.h"

/* How long a dump may look for what it is to tell before it lets go. */
#define REFHEAP_DUMP_NS		(10 * NSEC_PER_MSEC)

/* netlink.c */
extern struct genl_family refheap_family;

struct file *refheap_nl_opener(struct sk_buff *request);
struct refheap *refheap_nl_find(struct sk_buff *request, struct nlattr **attrs,
				unsigned int access,
				struct netlink_ext_ack *extack);
int refheap_nl_refuse(int error, struct netlink_ext_ack *extack);
int refheap_nl_refuse_object(int error, const struct nlattr *id,
			     struct netlink_ext_ack *extack);
u32 refheap_nl_seq(u64 changes);
int refheap_nl_put_nothing(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_policy.c */
#define REFHEAP_HEAP_SET_ATTR_MAX	REFHEAP_A_HEAP_MAX_OBJECTS
#define REFHEAP_GC_SET_ATTR_MAX		REFHEAP_A_GC_PERIOD_GENERATION
#define REFHEAP_OBJECT_GET_ATTR_MAX	REFHEAP_A_FILTER_TRACKED

extern const struct nla_policy refheap_heap_policy[REFHEAP_A_HEAP_OWNER + 1];
extern const struct nla_policy refheap_heap_set_policy[REFHEAP_HEAP_SET_ATTR_MAX + 1];
extern const struct nla_policy refheap_gc_set_policy[REFHEAP_GC_SET_ATTR_MAX + 1];
extern const struct nla_policy refheap_generation_policy[REFHEAP_A_GEN_THRESHOLD + 1];
extern const struct nla_policy refheap_object_get_policy[REFHEAP_OBJECT_GET_ATTR_MAX + 1];
extern const struct nla_policy refheap_holder_get_policy[REFHEAP_A_OBJECT_ID + 1];

/* netlink_heap.c */
int refheap_nl_heap_get(struct sk_buff *request, struct genl_info *info);
int refheap_nl_heap_set(struct sk_buff *request, struct genl_info *info);
int refheap_nl_heap_del(struct sk_buff *request, struct genl_info *info);
int refheap_nl_heap_dump_start(struct netlink_callback *cb);
int refheap_nl_heap_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_gc.c */
int refheap_nl_gc_get(struct sk_buff *request, struct genl_info *info);
int refheap_nl_gc_set(struct sk_buff *request, struct genl_info *info);

/* netlink_object.c */
int refheap_nl_object_get(struct sk_buff *request, struct genl_info *info);
int refheap_nl_object_dump_start(struct netlink_callback *cb);
int refheap_nl_object_dump(struct sk_buff *skb, struct netlink_callback *cb);
int refheap_nl_object_dump_done(struct netlink_callback *cb);

/* netlink_dump.c */
int refheap_nl_dump_start(struct netlink_callback *cb);
int refheap_nl_dump_done(struct netlink_callback *cb);
int refheap_nl_type_dump(struct sk_buff *skb, struct netlink_callback *cb);
int refheap_nl_arena_dump(struct sk_buff *skb, struct netlink_callback *cb);
int refheap_nl_session_dump(struct sk_buff *skb, struct netlink_callback *cb);
int refheap_nl_holder_dump_start(struct netlink_callback *cb);
int refheap_nl_holder_dump(struct sk_buff *skb, struct netlink_callback *cb);

/* netlink_watch.c */
enum refheap_group {
	REFHEAP_GROUP_HEAP,
	REFHEAP_GROUP_GC,
	REFHEAP_GROUP_OBJECT,
	REFHEAP_GROUPS
};

extern struct refheap_watcher refheap_nl_watcher;

#endif
