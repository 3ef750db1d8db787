// SPDX-License-Identifier: GPL-2.0
/*
 * The table of heaps. A heap is found by its number, which is random and so
 * tells nothing of others, or by its owner and name. Finding one checks the
 * permission under the same lock; what the caller may not know of is -ENOENT.
 */
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/ctype.h>
#include <linux/hashtable.h>
#include <linux/random.h>
#include <linux/rwsem.h>
#include <linux/string.h>
#include <linux/stringhash.h>
#include "host.h"
#include "mapping.h"
#include "registry.h"
#include "trace.h"
#include "watch.h"
#include "worker.h"

/*
 * Protects both tables, the count of their changes, and the mode and group of
 * every heap.
 */
static DECLARE_RWSEM(registry_lock);
static DEFINE_XARRAY_FLAGS(heaps, XA_FLAGS_ACCOUNT);
static DEFINE_HASHTABLE(names, 8);
static u32 changes;

/**
 * refheap_name_valid - may a heap be called like that?
 * @name: a terminated string
 *
 * Context: any.
 * Return: true if it may.
 */
bool refheap_name_valid(const char *name)
{
	const char *c;

	if (!*name || *name == '-' || *name == '.')
		return false;
	for (c = name; *c; c++)
		if (!(isascii(*c) && isalnum(*c)) && !strchr("._-", *c))
			return false;
	return c - name < REFHEAP_NAME_MAX;
}

/* What the current credentials allow. */
static unsigned int allowed(const struct refheap *heap)
{
	bool owner = uid_eq(current_fsuid(), heap->owner);
	unsigned int bits = heap->mode & 7;
	unsigned int access = 0;

	lockdep_assert_held(&registry_lock);
	if (owner)
		bits = (heap->mode >> 6) & 7;
	else if (in_group_p(heap->group))
		bits = (heap->mode >> 3) & 7;
	if (bits & 4)
		access |= REFHEAP_READ;
	if (bits & 2)
		access |= REFHEAP_WRITE;
	if (owner)
		access |= REFHEAP_CONTROL;
	/* Heaps of others are met in passing: no word of it to the audit log. */
	if (access != (REFHEAP_READ | REFHEAP_WRITE | REFHEAP_CONTROL)) {
		if (ns_capable_noaudit(&init_user_ns, CAP_DAC_OVERRIDE))
			access |= REFHEAP_READ | REFHEAP_WRITE;
		if (ns_capable_noaudit(&init_user_ns, CAP_SYS_ADMIN))
			access |= REFHEAP_CONTROL;
	}
	return access;
}

/*
 * A request through a socket needs the rights of who sends it and of who
 * opened the socket: a privileged program must not be made to ask for somebody
 * by writing to a socket that it was given as its standard output.
 */
static int check(const struct refheap *heap, struct file *opener,
		 unsigned int wanted)
{
	unsigned int access = allowed(heap);
	const struct cred *saved;

	if (opener && opener->f_cred != current_cred()) {
		saved = override_creds(opener->f_cred);
		access &= allowed(heap);
		revert_creds(saved);
	}
	if (!(wanted & ~access))
		return 0;
	if (!access)
		return -ENOENT;
	/* Who may remove a heap may know of it, but that does not open it. */
	if ((wanted & REFHEAP_CONTROL) && !(access & REFHEAP_CONTROL))
		return access & REFHEAP_READ ? -EPERM : -ENOENT;
	return -EACCES;
}

/* Takes over the lookup's result. Return: with a reference, or an ERR_PTR. */
static struct refheap *open_found(struct refheap *heap, struct file *opener,
				  unsigned int access)
{
	int ret = heap ? check(heap, opener, access) : -ENOENT;

	return ret ? ERR_PTR(ret) : refheap_get(heap);
}

static u32 name_hash(kuid_t owner, const char *name)
{
	return full_name_hash((void *)(uintptr_t)__kuid_val(owner), name,
			      strlen(name));
}

static struct refheap *find_name(kuid_t owner, const char *name)
{
	struct refheap *heap;

	lockdep_assert_held(&registry_lock);
	hash_for_each_possible(names, heap, by_name, name_hash(owner, name))
		if (uid_eq(heap->owner, owner) && !strcmp(heap->name, name))
			return heap;
	return NULL;
}

/**
 * refheap_find - open a heap by number
 * @id: its number
 * @opener: file of the socket that asks, or NULL
 * @access: REFHEAP_READ and so on, together
 *
 * Context: may sleep; takes the registry lock.
 * Return: the heap with a reference, or ERR_PTR: -ENOENT when there is none
 * that the caller may know of, -EACCES, -EPERM (control).
 */
struct refheap *refheap_find(u32 id, struct file *opener, unsigned int access)
{
	struct refheap *heap;

	down_read(&registry_lock);
	heap = open_found(xa_load(&heaps, id), opener, access);
	up_read(&registry_lock);
	return heap;
}

/**
 * refheap_find_name - open a heap by owner and name
 * @owner: its owner
 * @name: its name, a valid one
 * @opener: file of the socket that asks, or NULL
 * @access: REFHEAP_READ and so on, together
 *
 * Context: may sleep; takes the registry lock.
 * Return: as refheap_find().
 */
struct refheap *refheap_find_name(kuid_t owner, const char *name,
				  struct file *opener, unsigned int access)
{
	struct refheap *heap;

	down_read(&registry_lock);
	heap = open_found(find_name(owner, name), opener, access);
	up_read(&registry_lock);
	return heap;
}

/**
 * refheap_next - the first heap from a number on that the caller may read
 * @id: from there on; set to the heap's number
 * @opener: file of the socket that asks, or NULL
 *
 * Context: may sleep; takes the registry lock.
 * Return: the heap with a reference, or NULL when there is none.
 */
struct refheap *refheap_next(u32 *id, struct file *opener)
{
	struct refheap *heap, *found = NULL;
	unsigned long index = *id;

	down_read(&registry_lock);
	xa_for_each_start(&heaps, index, heap, *id) {
		if (!check(heap, opener, REFHEAP_READ)) {
			found = refheap_get(heap);
			*id = index;
			break;
		}
		cond_resched();
	}
	up_read(&registry_lock);
	return found;
}

/**
 * refheap_permission - may the caller still do that?
 * @heap: a heap that it could once
 * @opener: file of the socket that asks, or NULL
 * @access: REFHEAP_READ and so on, together
 *
 * Context: may sleep; takes the registry lock.
 * Return: 0, -ENOENT, -EACCES or -EPERM.
 */
int refheap_permission(struct refheap *heap, struct file *opener,
		       unsigned int access)
{
	int ret;

	down_read(&registry_lock);
	ret = check(heap, opener, access);
	up_read(&registry_lock);
	return ret;
}

/**
 * refheap_rights - who may do what, consistently
 * @heap: the heap
 * @rights: filled in
 *
 * Context: may sleep; takes the registry lock.
 */
void refheap_rights(struct refheap *heap, struct refheap_rights *rights)
{
	down_read(&registry_lock);
	rights->mode = heap->mode;
	rights->group = heap->group;
	up_read(&registry_lock);
}

/**
 * refheap_registry_changes - how often heaps were made or removed
 *
 * Context: may sleep; takes the registry lock.
 * Return: a number that differs when the set of heaps may.
 */
u32 refheap_registry_changes(void)
{
	u32 ret;

	down_read(&registry_lock);
	ret = changes;
	up_read(&registry_lock);
	return ret;
}

/* Return: 0, -EEXIST, -ENOMEM. On success the registry holds a reference. */
static int make_known(struct refheap *heap)
{
	int ret;

	lockdep_assert_held_write(&registry_lock);
	if (find_name(heap->owner, heap->name))
		return -EEXIST;
	do {
		heap->id = get_random_u32();
		ret = heap->id ? xa_insert(&heaps, heap->id, heap, GFP_KERNEL) :
				 -EBUSY;
	} while (ret == -EBUSY);
	if (ret)
		return ret;
	hash_add(names, &heap->by_name, name_hash(heap->owner, heap->name));
	refheap_get(heap);
	changes++;
	return 0;
}

/**
 * refheap_create - make a heap and make it known
 * @options: how it shall be; the name is valid
 *
 * Context: may sleep; takes the registry lock.
 * Return: the heap with a reference, or ERR_PTR: -EEXIST, -EDQUOT, -ENOMEM.
 */
struct refheap *refheap_create(const struct refheap_options *options)
{
	struct refheap *heap;
	int ret;

	heap = refheap_new(options, &refheap_host, refheap_work, refheap_tick);
	if (IS_ERR(heap))
		return heap;
	down_write(&registry_lock);
	ret = make_known(heap);
	up_write(&registry_lock);
	if (ret) {
		refheap_discard(heap);
		return ERR_PTR(ret);
	}
	trace_refheap_heap_new(heap->id, heap->owner, heap->name);
	refheap_tell(heap, REFHEAP_NTF_HEAP_NEW, NULL);
	return heap;
}

static bool may_give_to(kgid_t group)
{
	return in_group_p(group) || capable(CAP_SYS_ADMIN);
}

/* As check() does: the sender and the opener. */
static bool both_may_give_to(kgid_t group, struct file *opener)
{
	const struct cred *saved;
	bool ret;

	if (!may_give_to(group))
		return false;
	if (!opener || opener->f_cred == current_cred())
		return true;
	saved = override_creds(opener->f_cred);
	ret = may_give_to(group);
	revert_creds(saved);
	return ret;
}

/**
 * refheap_change - change rights or limits of a heap
 * @heap: the heap; the caller has found it with REFHEAP_CONTROL
 * @opener: file of the socket that asks, or NULL
 * @change: what shall be different
 *
 * As with chgrp(), the group must be one that the caller is in.
 *
 * Context: may sleep; takes the heap lock, then the registry lock.
 * Return: 0, -EPERM (group), -EIDRM, -EINTR (killed).
 */
int refheap_change(struct refheap *heap, struct file *opener,
		   const struct refheap_update *change)
{
	struct rh_heap_stat stat;
	int ret;

	if (change->has_group && !both_may_give_to(change->group, opener))
		return -EPERM;

	ret = refheap_lock_killable(heap);
	if (ret)
		return ret;
	if (heap->removed) {
		ret = -EIDRM;
		goto unlock;
	}
	down_write(&registry_lock);
	if (change->has_mode)
		heap->mode = change->mode;
	if (change->has_group)
		heap->group = change->group;
	up_write(&registry_lock);
	rh_heap_stat(heap->engine, &stat);
	rh_heap_set_limits(heap->engine,
			   change->has_max_bytes ? change->max_bytes : stat.max_bytes,
			   change->has_max_objects ? change->max_objects :
						     stat.max_objects);
unlock:
	refheap_unlock(heap);
	if (!ret)
		refheap_tell(heap, REFHEAP_NTF_HEAP_CHANGED, NULL);
	return ret;
}

/* Return: true when it was known; then the registry's reference is the caller's. */
static bool make_unknown(struct refheap *heap)
{
	lockdep_assert_held_write(&registry_lock);
	if (xa_load(&heaps, heap->id) != heap)
		return false;
	xa_erase(&heaps, heap->id);
	hash_del(&heap->by_name);
	changes++;
	return true;
}

/* A heap that is not known any more; takes over the registry's reference. */
static void take_away(struct refheap *heap)
{
	refheap_lock(heap);
	heap->removed = true;
	refheap_unmap_all(heap);
	refheap_stop_period(heap);
	refheap_unlock(heap);
	trace_refheap_heap_removed(heap->id, heap->owner, heap->name);
	refheap_tell(heap, REFHEAP_NTF_HEAP_REMOVED, NULL);
	refheap_kick(heap);
	refheap_put(heap);
}

/**
 * refheap_remove - take a heap from everybody; the worker destroys it
 * @heap: the heap, to which the caller holds a reference
 *
 * Context: may sleep; takes the registry lock, then the heap lock.
 * Return: 0, or -ENOENT when somebody else was faster.
 */
int refheap_remove(struct refheap *heap)
{
	bool known;

	down_write(&registry_lock);
	known = make_unknown(heap);
	up_write(&registry_lock);
	if (!known)
		return -ENOENT;
	take_away(heap);
	return 0;
}

/**
 * refheap_remove_unused - remove a heap that only its maker has ever sat at
 * @heap: the heap, to which the caller holds a reference
 * @seat_changes: how often its maker has taken or left a seat
 *
 * Context: may sleep; takes the heap lock, then the registry lock.
 */
void refheap_remove_unused(struct refheap *heap, u32 seat_changes)
{
	bool known = false;

	refheap_lock(heap);
	if (heap->seat_changes == seat_changes) {
		down_write(&registry_lock);
		known = make_unknown(heap);
		up_write(&registry_lock);
		/* Who has found it already gets no seat any more. */
		heap->removed |= known;
	}
	refheap_unlock(heap);
	if (known)
		take_away(heap);
}

/**
 * refheap_try_each - visit heaps until enough is done, without waiting
 * @visit: called with each heap; returns how much it did
 * @wanted: how much is enough; @visit is told what is missing
 *
 * Context: any that may sleep, memory reclaim too; tries the registry lock.
 * Return: how much was done.
 */
unsigned long refheap_try_each(unsigned long (*visit)(struct refheap *heap,
						      unsigned long wanted),
			       unsigned long wanted)
{
	unsigned long index, done = 0;
	struct refheap *heap;

	if (!down_read_trylock(&registry_lock))
		return 0;
	xa_for_each(&heaps, index, heap) {
		done += visit(heap, wanted - done);
		if (done >= wanted)
			break;
		cond_resched();
	}
	up_read(&registry_lock);
	return done;
}

/**
 * refheap_registry_exit - remove all heaps; the worker destroys them
 *
 * Context: module exit; there is no session and no request any more.
 */
void refheap_registry_exit(void)
{
	struct refheap *heap;
	unsigned long index;

	xa_for_each(&heaps, index, heap) {
		refheap_get(heap);
		refheap_remove(heap);
		refheap_put(heap);
	}
	xa_destroy(&heaps);
}
