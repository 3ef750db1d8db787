// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast to watchers. They learn of everybody's heaps. A group is open to
 * CAP_SYS_ADMIN, but in the user namespace that owns the network namespace, so
 * messages go to the initial network namespace only.
 *
 * Messages may be lost and are numbered, those included that could not be
 * sent. A message about a collection is sent with the heap lock held and must
 * not wait for memory.
 */
#include <linux/cred.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include "netlink_family.h"
#include "watch.h"

/* Numbers and order of a group's messages; a leaf in the lock order. */
static DEFINE_SPINLOCK(numbers_lock);
static u64 numbers[2];

static int put_notice(struct sk_buff *skb, const struct rh_notice *notice)
{
	if (nla_put_u32(skb, REFHEAP_A_GEN_INDEX, notice->generation))
		return -EMSGSIZE;
	if (notice->event == REFHEAP_EVENT_GC_START)
		return 0;
	if (nla_put_u64_64bit(skb, REFHEAP_A_GEN_COLLECTED, notice->collected,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GEN_UNCOLLECTABLE,
			      notice->uncollectable, REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_GC_LONGEST_HOLD, notice->value,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	return 0;
}

static int put_news(struct sk_buff *skb, enum refheap_ntf event,
		    const struct refheap_news *news)
{
	if (nla_put_u32(skb, REFHEAP_A_NTF_EVENT, event) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_NTF_TIME, news->time_ns,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_ID, news->heap->id) ||
	    nla_put_string(skb, REFHEAP_A_HEAP_NAME, news->heap->name) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_OWNER,
			from_kuid_munged(&init_user_ns, news->heap->owner)))
		return -EMSGSIZE;
	return news->notice ? put_notice(skb, news->notice) : 0;
}

static struct sk_buff *make_message(u8 command, enum refheap_ntf event,
				    const struct refheap_news *news,
				    struct nlattr **number)
{
	gfp_t gfp = news->notice ? GFP_NOWAIT | __GFP_NOWARN : GFP_KERNEL;
	struct sk_buff *skb = genlmsg_new(NLMSG_DEFAULT_SIZE, gfp);
	void *header;

	if (!skb)
		return NULL;
	header = genlmsg_put(skb, 0, 0, &refheap_family, 0, command);
	if (!header || put_news(skb, event, news))
		goto err_free_skb;
	*number = nla_reserve_64bit(skb, REFHEAP_A_NTF_SEQ, sizeof(u64),
				    REFHEAP_A_PAD);
	if (!*number)
		goto err_free_skb;
	genlmsg_end(skb, header);
	return skb;

err_free_skb:
	nlmsg_free(skb);
	return NULL;
}

/* Numbered and sent under one lock, so that numbers arrive in their order. */
static void send(struct sk_buff *skb, struct nlattr *number,
		 enum refheap_group group)
{
	u64 value;

	spin_lock(&numbers_lock);
	value = ++numbers[group];
	if (skb) {
		memcpy(nla_data(number), &value, sizeof(value));
		genlmsg_multicast_netns(&refheap_family, &init_net, skb, 0, group,
					GFP_NOWAIT | __GFP_NOWARN);
	}
	spin_unlock(&numbers_lock);
}

static int watcher(struct notifier_block *block, unsigned long event, void *data)
{
	bool gc = event == REFHEAP_NTF_GC_START || event == REFHEAP_NTF_GC_STOP;
	enum refheap_group group = gc ? REFHEAP_GROUP_GC : REFHEAP_GROUP_HEAP;
	struct nlattr *number = NULL;
	struct sk_buff *skb = NULL;

	if (genl_has_listeners(&refheap_family, &init_net, group))
		skb = make_message(gc ? REFHEAP_CMD_NTF_GC : REFHEAP_CMD_NTF_HEAP,
				   event, data, &number);
	send(skb, number, group);
	return NOTIFY_DONE;
}

struct notifier_block refheap_nl_watcher = {
	.notifier_call = watcher,
};
