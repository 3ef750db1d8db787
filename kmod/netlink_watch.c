// SPDX-License-Identifier: GPL-2.0
/*
 * Multicast to watchers. They learn of everybody's heaps. A group is open to
 * CAP_SYS_ADMIN, but in the user namespace that owns the network namespace, so
 * messages go to the initial network namespace only.
 *
 * Messages may be lost and are numbered, those included that could not be
 * sent; of the group of objects it is the records in them. What comes from the
 * engine is sent with the heap lock held and must not wait for memory.
 *
 * Who listens in another network namespace, which takes no privilege, looks
 * like a listener all the same, and every message is held against every such
 * socket. So when nobody got one, none is sent for ten times as long as that
 * took: a watcher that comes meanwhile hears of what is after.
 */
#include <linux/cred.h>
#include <linux/ktime.h>
#include <linux/spinlock.h>
#include <linux/user_namespace.h>
#include "netlink_family.h"
#include "seat.h"
#include "watch.h"

/* What one record takes in a message, and what comes before all of them. */
#define RECORD_BYTES							\
	(nla_total_size(0) + 3 * nla_total_size(sizeof(u32)) +		\
	 2 * nla_total_size_64bit(sizeof(u64)))
#define PREFIX_BYTES							\
	(2 * nla_total_size(sizeof(u32)) + nla_total_size(REFHEAP_NAME_MAX) + \
	 nla_total_size_64bit(sizeof(u64)))

/* How much longer than for a message in vain none is sent. */
#define QUIET_FACTOR	10

/* Numbers and order of a group's messages; a leaf in the lock order. */
static DEFINE_SPINLOCK(numbers_lock);
static u64 numbers[REFHEAP_GROUPS];
/* Until when a group has nobody to send to, CLOCK_MONOTONIC; numbers_lock. */
static u64 quiet_until[REFHEAP_GROUPS];

static int put_collection(struct sk_buff *skb, const struct rh_notice *notice)
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

static int put_notice(struct sk_buff *skb, const struct rh_notice *notice)
{
	if (notice->event != REFHEAP_EVENT_LIMIT)
		return put_collection(skb, notice);
	return nla_put_u64_64bit(skb, REFHEAP_A_HEAP_BYTES, notice->value,
				 REFHEAP_A_PAD);
}

static int put_seat(struct sk_buff *skb, const struct refheap_seat *seat)
{
	if (nla_put_u32(skb, REFHEAP_A_SESSION_ID, seat->id) ||
	    nla_put_u32(skb, REFHEAP_A_SESSION_PID, pid_nr(seat->pid)) ||
	    nla_put_string(skb, REFHEAP_A_SESSION_COMM, seat->comm) ||
	    nla_put_u32(skb, REFHEAP_A_SESSION_UID,
			from_kuid_munged(&init_user_ns, seat->uid)))
		return -EMSGSIZE;
	if (seat->export && nla_put_flag(skb, REFHEAP_A_SESSION_EXPORT))
		return -EMSGSIZE;
	return 0;
}

static int put_record(struct sk_buff *skb, const struct refheap_record *record)
{
	struct nlattr *nest = nla_nest_start(skb, REFHEAP_A_NTF_RECORD);

	if (!nest ||
	    nla_put_u32(skb, REFHEAP_A_NTF_EVENT, record->event) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_NTF_TIME, record->time_ns,
			      REFHEAP_A_PAD) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_OBJECT_ID, record->object,
			      REFHEAP_A_PAD) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_KIND, record->kind) ||
	    nla_put_u32(skb, REFHEAP_A_OBJECT_TYPE, record->type))
		return -EMSGSIZE;
	nla_nest_end(skb, nest);
	return 0;
}

static int put_records(struct sk_buff *skb, const struct refheap_news *news)
{
	u32 i;

	for (i = 0; i < news->count; i++)
		if (put_record(skb, &news->records[i]))
			return -EMSGSIZE;
	return 0;
}

static int put_heap(struct sk_buff *skb, const struct refheap *heap)
{
	if (nla_put_u32(skb, REFHEAP_A_HEAP_ID, heap->id) ||
	    nla_put_string(skb, REFHEAP_A_HEAP_NAME, heap->name) ||
	    nla_put_u32(skb, REFHEAP_A_HEAP_OWNER,
			from_kuid_munged(&init_user_ns, heap->owner)))
		return -EMSGSIZE;
	return 0;
}

static int put_news(struct sk_buff *skb, enum refheap_ntf event,
		    const struct refheap_news *news)
{
	if (event == REFHEAP_NTF_OBJECTS)
		return put_records(skb, news);
	if (nla_put_u32(skb, REFHEAP_A_NTF_EVENT, event) ||
	    nla_put_u64_64bit(skb, REFHEAP_A_NTF_TIME, news->time_ns,
			      REFHEAP_A_PAD))
		return -EMSGSIZE;
	if (news->seat)
		return put_seat(skb, news->seat);
	return news->notice ? put_notice(skb, news->notice) : 0;
}

static struct sk_buff *new_message(enum refheap_ntf event,
				   const struct refheap_news *news)
{
	gfp_t gfp = GFP_NOWAIT | __GFP_NOWARN;

	if (event == REFHEAP_NTF_OBJECTS)
		return genlmsg_new(PREFIX_BYTES + news->count * RECORD_BYTES, gfp);
	return genlmsg_new(NLMSG_DEFAULT_SIZE, news->notice ? gfp : GFP_KERNEL);
}

static struct sk_buff *make_message(u8 command, enum refheap_ntf event,
				    const struct refheap_news *news,
				    struct nlattr **number)
{
	struct sk_buff *skb = new_message(event, news);
	void *header;

	if (!skb)
		return NULL;
	header = genlmsg_put(skb, 0, 0, &refheap_family, 0, command);
	if (!header || put_heap(skb, news->heap))
		goto err_free_skb;
	*number = nla_reserve_64bit(skb, REFHEAP_A_NTF_SEQ, sizeof(u64),
				    REFHEAP_A_PAD);
	if (!*number || put_news(skb, event, news))
		goto err_free_skb;
	genlmsg_end(skb, header);
	return skb;

err_free_skb:
	nlmsg_free(skb);
	return NULL;
}

/* Return: true when somebody may be there to hear of the news. */
static bool is_heard(enum refheap_group group, const struct refheap_news *news)
{
	return genl_has_listeners(&refheap_family, &init_net, group) &&
	       news->time_ns >= READ_ONCE(quiet_until[group]);
}

static void multicast(struct sk_buff *skb, enum refheap_group group)
{
	u64 begin = ktime_get_ns(), end;

	lockdep_assert_held(&numbers_lock);
	if (genlmsg_multicast_netns(&refheap_family, &init_net, skb, 0, group,
				    GFP_NOWAIT | __GFP_NOWARN) != -ESRCH)
		return;
	end = ktime_get_ns();
	WRITE_ONCE(quiet_until[group], end + QUIET_FACTOR * (end - begin));
}

/*
 * Numbered and sent under one lock, so that numbers arrive in their order.
 * @count of them are for what is in the message, after those that were lost.
 */
static void send(struct sk_buff *skb, struct nlattr *number,
		 enum refheap_group group, const struct refheap_news *news,
		 u32 count)
{
	u64 value;

	spin_lock(&numbers_lock);
	value = numbers[group] + news->lost + 1;
	numbers[group] += news->lost + count;
	if (skb) {
		memcpy(nla_data(number), &value, sizeof(value));
		multicast(skb, group);
	}
	spin_unlock(&numbers_lock);
}

static enum refheap_group group_of(enum refheap_ntf event)
{
	switch ((int)event) {
	case REFHEAP_NTF_OBJECTS:
		return REFHEAP_GROUP_OBJECT;
	case REFHEAP_NTF_GC_START:
	case REFHEAP_NTF_GC_STOP:
		return REFHEAP_GROUP_GC;
	default:
		return REFHEAP_GROUP_HEAP;
	}
}

static int watcher(struct notifier_block *block, unsigned long event, void *data)
{
	static const u8 commands[] = {
		[REFHEAP_GROUP_HEAP] = REFHEAP_CMD_NTF_HEAP,
		[REFHEAP_GROUP_GC] = REFHEAP_CMD_NTF_GC,
		[REFHEAP_GROUP_OBJECT] = REFHEAP_CMD_NTF_OBJECT,
	};
	enum refheap_group group = group_of(event);
	const struct refheap_news *news = data;
	u32 count = group == REFHEAP_GROUP_OBJECT ? news->count : 1;
	struct nlattr *number = NULL;
	struct sk_buff *skb = NULL;

	if (count && is_heard(group, news))
		skb = make_message(commands[group], event, news, &number);
	send(skb, number, group, news, count);
	return NOTIFY_DONE;
}

static bool wants_objects(void)
{
	return genl_has_listeners(&refheap_family, &init_net, REFHEAP_GROUP_OBJECT);
}

struct refheap_watcher refheap_nl_watcher = {
	.block.notifier_call = watcher,
	.wants_objects = wants_objects,
};
