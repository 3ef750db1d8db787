// SPDX-License-Identifier: GPL-2.0
/*
 * The generic netlink family: its operations, and how requests find a heap.
 */
#include <linux/cred.h>
#include <linux/file.h>
#include <linux/module.h>
#include <linux/user_namespace.h>
#include <net/sock.h>
#include "netlink.h"
#include "netlink_family.h"
#include "watch.h"

/**
 * refheap_nl_opener - the file of the socket that a request came through
 * @request: the request
 *
 * Context: handling the request, or a dump that it started.
 * Return: the file; NULL for a socket of the kernel.
 */
struct file *refheap_nl_opener(struct sk_buff *request)
{
	struct socket *socket = NETLINK_CB(request).sk->sk_socket;

	return socket ? socket->file : NULL;
}

/**
 * refheap_nl_refuse - say in words why a heap is refused
 * @error: of the registry or the heap
 * @extack: for the words
 *
 * Context: any.
 * Return: @error.
 */
int refheap_nl_refuse(int error, struct netlink_ext_ack *extack)
{
	switch (error) {
	case -ENOENT:
		NL_SET_ERR_MSG(extack, "there is no such heap");
		break;
	case -EIDRM:
		NL_SET_ERR_MSG(extack, "the heap has been removed");
		break;
	case -EPERM:
		NL_SET_ERR_MSG(extack, "only the owner of the heap may do that");
		break;
	case -EACCES:
		NL_SET_ERR_MSG(extack, "the mode of the heap does not allow that");
		break;
	}
	return error;
}

/**
 * refheap_nl_refuse_object - say in words why an object is refused
 * @error: of the engine, or of the heap
 * @id: the attribute that names the object
 * @extack: for the words
 *
 * Context: any.
 * Return: @error.
 */
int refheap_nl_refuse_object(int error, const struct nlattr *id,
			     struct netlink_ext_ack *extack)
{
	switch (error) {
	case -ESTALE:
		NL_SET_ERR_MSG_ATTR(extack, id, "the object is dead");
		break;
	case -ENOENT:
		NL_SET_ERR_MSG_ATTR(extack, id, "there never was such an object");
		break;
	default:
		refheap_nl_refuse(error, extack);
		break;
	}
	return error;
}

static struct refheap *find_by_name(struct nlattr **attrs, struct file *opener,
				    unsigned int access,
				    struct netlink_ext_ack *extack)
{
	const struct nlattr *owner_attr = attrs[REFHEAP_A_HEAP_OWNER];
	const char *name = nla_data(attrs[REFHEAP_A_HEAP_NAME]);
	kuid_t owner = current_fsuid();

	if (owner_attr) {
		owner = make_kuid(current_user_ns(), nla_get_u32(owner_attr));
		if (!uid_valid(owner)) {
			NL_SET_ERR_MSG_ATTR(extack, owner_attr, "there is no such user");
			return ERR_PTR(-EINVAL);
		}
	}
	if (!refheap_name_valid(name)) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[REFHEAP_A_HEAP_NAME],
				    "no heap can have that name");
		return ERR_PTR(-EINVAL);
	}
	return refheap_find_name(owner, name, opener, access);
}

/**
 * refheap_nl_find - the heap that a request names
 * @request: the request
 * @attrs: its attributes
 * @access: what it is for: REFHEAP_READ and so on, together
 * @extack: says why there is none
 *
 * Context: may sleep; takes the registry lock.
 * Return: the heap with a reference, or ERR_PTR: -EINVAL, -ENOENT, -EACCES,
 * -EPERM.
 */
struct refheap *refheap_nl_find(struct sk_buff *request, struct nlattr **attrs,
				unsigned int access,
				struct netlink_ext_ack *extack)
{
	struct file *opener = refheap_nl_opener(request);
	struct refheap *heap;

	if (!attrs[REFHEAP_A_HEAP_ID] == !attrs[REFHEAP_A_HEAP_NAME]) {
		NL_SET_ERR_MSG(extack, "the heap must be given by number or by name");
		return ERR_PTR(-EINVAL);
	}
	if (attrs[REFHEAP_A_HEAP_ID] && attrs[REFHEAP_A_HEAP_OWNER]) {
		NL_SET_ERR_MSG_ATTR(extack, attrs[REFHEAP_A_HEAP_OWNER],
				    "an owner goes with the name of a heap only");
		return ERR_PTR(-EINVAL);
	}
	if (attrs[REFHEAP_A_HEAP_ID])
		heap = refheap_find(nla_get_u32(attrs[REFHEAP_A_HEAP_ID]), opener,
				    access);
	else
		heap = find_by_name(attrs, opener, access, extack);
	if (IS_ERR(heap))
		refheap_nl_refuse(PTR_ERR(heap), extack);
	return heap;
}

/**
 * refheap_nl_seq - a sequence number for nl_dump_check_consistent()
 * @changes: a count that grows with every change
 *
 * Context: any.
 * Return: a number that differs when @changes does, in practice; never 0,
 * which would mean that there is no number.
 */
u32 refheap_nl_seq(u64 changes)
{
	u32 seq = changes ^ (changes >> 32);

	return seq ? seq : 1;
}

/**
 * refheap_nl_put_nothing - put a message that says nothing
 * @skb: empty so far
 * @cb: of the dump
 *
 * The first call of a dump is made with a lock held that all of generic netlink
 * needs, the others when the caller reads, who may have something else to do in
 * between. So each call is short, REFHEAP_DUMP_NS, and when nothing was found
 * there is this message, since an empty one would end the dump.
 *
 * Context: any.
 * Return: 0 or -EMSGSIZE.
 */
int refheap_nl_put_nothing(struct sk_buff *skb, struct netlink_callback *cb)
{
	return nlmsg_put(skb, NETLINK_CB(cb->skb).portid, cb->nlh->nlmsg_seq,
			 NLMSG_NOOP, 0, NLM_F_MULTI) ? 0 : -EMSGSIZE;
}

static const struct genl_ops operations[] = {
	{
		.cmd = REFHEAP_CMD_HEAP_GET,
		.doit = refheap_nl_heap_get,
		.start = refheap_nl_heap_dump_start,
		.dumpit = refheap_nl_heap_dump,
		.policy = refheap_heap_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_HEAP_SET,
		.doit = refheap_nl_heap_set,
		.policy = refheap_heap_set_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_set_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_HEAP_DEL,
		.doit = refheap_nl_heap_del,
		.policy = refheap_heap_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_GC_GET,
		.doit = refheap_nl_gc_get,
		.policy = refheap_heap_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_GC_SET,
		.doit = refheap_nl_gc_set,
		.policy = refheap_gc_set_policy,
		.maxattr = ARRAY_SIZE(refheap_gc_set_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_OBJECT_GET,
		.doit = refheap_nl_object_get,
		.start = refheap_nl_object_dump_start,
		.dumpit = refheap_nl_object_dump,
		.done = refheap_nl_object_dump_done,
		.policy = refheap_object_get_policy,
		.maxattr = ARRAY_SIZE(refheap_object_get_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_TYPE_GET,
		.start = refheap_nl_dump_start,
		.dumpit = refheap_nl_type_dump,
		.done = refheap_nl_dump_done,
		.policy = refheap_heap_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_ARENA_GET,
		.start = refheap_nl_dump_start,
		.dumpit = refheap_nl_arena_dump,
		.done = refheap_nl_dump_done,
		.policy = refheap_heap_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_SESSION_GET,
		.start = refheap_nl_dump_start,
		.dumpit = refheap_nl_session_dump,
		.done = refheap_nl_dump_done,
		.policy = refheap_heap_policy,
		.maxattr = ARRAY_SIZE(refheap_heap_policy) - 1,
	}, {
		.cmd = REFHEAP_CMD_HOLDER_GET,
		.start = refheap_nl_holder_dump_start,
		.dumpit = refheap_nl_holder_dump,
		.done = refheap_nl_dump_done,
		.policy = refheap_holder_get_policy,
		.maxattr = ARRAY_SIZE(refheap_holder_get_policy) - 1,
	},
};

/* Watchers see heaps of everybody; see also netlink_watch.c. */
static const struct genl_multicast_group groups[] = {
	[REFHEAP_GROUP_HEAP] = {
		.name = REFHEAP_GENL_MCGRP_HEAP,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
	[REFHEAP_GROUP_GC] = {
		.name = REFHEAP_GENL_MCGRP_GC,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
	[REFHEAP_GROUP_OBJECT] = {
		.name = REFHEAP_GENL_MCGRP_OBJECT,
		.flags = GENL_MCAST_CAP_SYS_ADMIN,
	},
};

struct genl_family refheap_family = {
	.name = REFHEAP_GENL_NAME,
	.version = REFHEAP_GENL_VERSION,
	.maxattr = REFHEAP_A_MAX,
	.netnsok = true,
	.parallel_ops = true,
	.ops = operations,
	.n_ops = ARRAY_SIZE(operations),
	.mcgrps = groups,
	.n_mcgrps = ARRAY_SIZE(groups),
	.module = THIS_MODULE,
};

/**
 * refheap_netlink_init - make the family, and begin to tell watchers
 *
 * Context: module init.
 * Return: 0 or a negative errno.
 */
int refheap_netlink_init(void)
{
	int ret;

	ret = genl_register_family(&refheap_family);
	if (ret)
		return ret;
	ret = refheap_watch(&refheap_nl_watcher);
	if (ret)
		genl_unregister_family(&refheap_family);
	return ret;
}

/**
 * refheap_netlink_exit - tell watchers no more, and remove the family
 *
 * Context: module exit.
 */
void refheap_netlink_exit(void)
{
	refheap_unwatch(&refheap_nl_watcher);
	genl_unregister_family(&refheap_family);
}
