// SPDX-License-Identifier: GPL-2.0
/*
 * Limits per user. A heap's memory is charged to the user who owns the heap;
 * what a session holds, its frames, and the buffers of a large batch to the user
 * who attached the session.
 */
#include <linux/atomic.h>
#include <linux/hashtable.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/refcount.h>
#include <linux/slab.h>
#include "limits.h"

static ulong max_user_bytes;
module_param(max_user_bytes, ulong, 0644);
MODULE_PARM_DESC(max_user_bytes,
		 "bytes that one user's heaps may use (0: half of the memory)");

static uint max_user_heaps = 256;
module_param(max_user_heaps, uint, 0644);
MODULE_PARM_DESC(max_user_heaps, "heaps that one user may own (256)");

/**
 * struct refheap_user - what one user has used up
 * @node: in the table; users_lock
 * @ref: the table itself holds none
 * @uid: whose
 * @bytes: charged
 * @heaps: owned
 */
struct refheap_user {
	struct hlist_node node;
	refcount_t ref;
	kuid_t uid;
	atomic64_t bytes;
	atomic_t heaps;
};

static DEFINE_MUTEX(users_lock);
static DEFINE_HASHTABLE(users, 6);

static struct refheap_user *user_find(kuid_t uid)
{
	struct refheap_user *user;

	lockdep_assert_held(&users_lock);
	hash_for_each_possible(users, user, node, __kuid_val(uid))
		if (uid_eq(user->uid, uid))
			return user;
	return NULL;
}

/**
 * refheap_user_get - the account of a user, made when there is none
 * @uid: the user
 *
 * Context: may sleep; takes users_lock.
 * Return: the account with a reference, or ERR_PTR(-ENOMEM).
 */
struct refheap_user *refheap_user_get(kuid_t uid)
{
	struct refheap_user *user;

	mutex_lock(&users_lock);
	user = user_find(uid);
	if (user) {
		refcount_inc(&user->ref);
		goto unlock;
	}
	user = kzalloc(sizeof(*user), GFP_KERNEL_ACCOUNT);
	if (!user) {
		user = ERR_PTR(-ENOMEM);
		goto unlock;
	}
	user->uid = uid;
	refcount_set(&user->ref, 1);
	hash_add(users, &user->node, __kuid_val(uid));
unlock:
	mutex_unlock(&users_lock);
	return user;
}

/**
 * refheap_user_put - give a reference back
 * @user: the account
 *
 * Context: may sleep; takes users_lock.
 */
void refheap_user_put(struct refheap_user *user)
{
	if (!refcount_dec_and_mutex_lock(&user->ref, &users_lock))
		return;
	hash_del(&user->node);
	mutex_unlock(&users_lock);
	WARN_ON_ONCE(atomic64_read(&user->bytes) || atomic_read(&user->heaps));
	kfree(user);
}

static s64 byte_limit(void)
{
	ulong limit = READ_ONCE(max_user_bytes);

	if (!limit)
		return (s64)(totalram_pages() / 2) << PAGE_SHIFT;
	return min_t(ulong, limit, S64_MAX);
}

/**
 * refheap_user_charge - book bytes on a user
 * @user: the account
 * @bytes: how many
 *
 * Context: any.
 * Return: 0 or -EDQUOT.
 */
int refheap_user_charge(struct refheap_user *user, size_t bytes)
{
	s64 used = atomic64_read(&user->bytes), limit = byte_limit();

	/* One who asks for too much must not have others refused meanwhile. */
	do {
		if (bytes > S64_MAX || used > limit || (s64)bytes > limit - used)
			return -EDQUOT;
	} while (!atomic64_try_cmpxchg(&user->bytes, &used, used + bytes));
	return 0;
}

/**
 * refheap_user_uncharge - take booked bytes off again
 * @user: the account
 * @bytes: how many
 *
 * Context: any.
 */
void refheap_user_uncharge(struct refheap_user *user, size_t bytes)
{
	atomic64_sub(bytes, &user->bytes);
}

/**
 * refheap_user_add_heap - count a heap that the user is going to own
 * @user: the account
 *
 * Context: any.
 * Return: 0 or -EDQUOT.
 */
int refheap_user_add_heap(struct refheap_user *user)
{
	int heaps = atomic_read(&user->heaps);

	do {
		if (heaps >= READ_ONCE(max_user_heaps))
			return -EDQUOT;
	} while (!atomic_try_cmpxchg(&user->heaps, &heaps, heaps + 1));
	return 0;
}

/**
 * refheap_user_remove_heap - a heap of the user is gone
 * @user: the account
 *
 * Context: any.
 */
void refheap_user_remove_heap(struct refheap_user *user)
{
	atomic_dec(&user->heaps);
}
